//! The exact update against the exact covariance, in f64.

use nalgebra::DMatrix;
use std::vec::Vec;

use super::IncrementalSvd;
use crate::testing::{Random, distance, wide, wide_vector};
use crate::track::fapi::tests::reference::Covariance;
use crate::track::fapi::tests::streams::Stream;
use crate::track::{Judgement, SubspaceTracker, TrackerConfig};

fn tracker<const N: usize, const R: usize>(rank: usize, memory_frames: f32) -> IncrementalSvd<N, R> {
    IncrementalSvd::new(&TrackerConfig { rank, memory_frames, patience_frames: 0 }).unwrap()
}

fn axes<const N: usize, const R: usize>(tracker: &IncrementalSvd<N, R>) -> (DMatrix<f64>, Vec<f32>) {
    let r = tracker.rank();
    let (mut axes, mut variances) = (vec![0.0; N * r], vec![0.0; r]);
    assert!(tracker.principal_axes(&mut axes, &mut variances, &mut []));
    (wide(&axes, N), variances)
}

/// The covariance of the frames as the tracker weighs and centres them.
struct Weighed(DMatrix<f64>);

impl Weighed {
    fn learn(&mut self, tracker: &impl SubspaceTracker, x: &[f32]) {
        if tracker.frames() > 0 {
            let gain = f64::from((1.0 / tracker.frames() as f32).max(1.0 / tracker.memory_frames()));
            let centred = wide_vector(x) - wide_vector(tracker.mean());
            self.0 = &self.0 * (1.0 - gain) + &centred * centred.transpose() * gain;
        }
    }
}

/// With as many directions as channels nothing is left out: U·V·diag(s)·VᵀUᵀ is the covariance.
#[test]
fn with_all_directions_it_is_the_covariance() {
    for (memory, turn) in [(20.0, 0.0), (300.0, 1e-3), (1e6, 0.0)] {
        let mut stream = Stream { turn, ..Stream::new(8, 3, 21) };
        let (mut svd, mut exact, mut e) =
            (tracker::<8, 8>(8, memory), Weighed(DMatrix::zeros(8, 8)), [0.0; 8]);
        for t in 0..3000 {
            let x = stream.next();
            exact.learn(&svd, &x);
            svd.process(&x, &mut e);
            if t > 8 && t % 50 == 9 {
                let (axes, variances) = axes(&svd);
                let s = DMatrix::from_diagonal(&wide_vector(&variances));
                let error = (&axes * s * axes.transpose() - &exact.0).amax() / exact.0.amax();
                // Three sweeps of 28 rotations and the polishing touch an entry a hundred times a frame, and each frame's rounding is
                // forgotten with the frame: ε·√(100·memory), four times for the largest of 36 entries.
                let bound = 40.0 * f64::from(f32::EPSILON) * f64::from(memory.min(t as f32 + 1.0)).sqrt();
                assert!(error <= bound, "memory {memory}, frame {t}: {error:e} > {bound:e}");
            }
        }
    }
}

/// Truncated, with a guard: far closer to the exact eigenvectors than these are to the truth.
#[test]
fn the_leading_axes_are_the_exact_ones() {
    let mut stream = Stream::new(16, 4, 22);
    let (mut svd, mut exact) = (tracker::<16, 6>(4, 500.0), Covariance::new(16, 500.0));
    let (mut e, mut apart, mut truth) = ([0.0; 16], 0.0f64, 0.0f64);
    for t in 0..10_000 {
        let x = stream.next();
        svd.process(&x, &mut e);
        exact.process(&wide_vector(&x));
        if t > 3000 && t % 100 == 0 {
            let exact = exact.principal(4);
            apart = apart.max(distance(&axes(&svd).0, &exact));
            truth = truth.max(distance(&exact, &stream.basis));
        }
    }
    std::println!("apart {apart:e}, from the truth {truth:e}");
    assert!(apart <= 0.05 * truth, "{apart:e} {truth:e}");
    // Sample variances with 2·memory − 1 = 999 degrees of freedom.
    for (s, truth) in axes(&svd).1.iter().zip(stream.variances()) {
        assert!((f64::from(*s) / truth - 1.0).abs() < 5.0 * (2.0f64 / 999.0).sqrt(), "{s} {truth}");
    }
}

/// Seven decades of variance, most of them below the rounding of the largest: they keep their digits.
#[test]
fn small_variances_keep_their_digits_beside_large_ones() {
    let mut stream = Stream::new(8, 4, 23);
    stream.basis = DMatrix::identity(8, 4);
    stream.deviations = vec![1000.0, 10.0, 1.0, 0.1];
    stream.noise = 0.01;
    stream.offset.fill(0.0);
    let (mut svd, mut e) = (tracker::<8, 6>(4, 2000.0), [0.0; 8]);
    (0..20_000).for_each(|_| _ = svd.process(&stream.next(), &mut e));
    for (k, s) in axes(&svd).1.iter().enumerate() {
        let truth = stream.variances()[k];
        assert!((f64::from(*s) / truth - 1.0).abs() < 0.2, "axis {k}: {s}, not {truth}");
    }
}

#[test]
fn q_is_the_residual_of_the_leading_axes_and_t2_follows_its_law() {
    let mut stream = Stream::new(12, 3, 24);
    let (mut svd, mut e, mut t2, mut q) = (tracker::<12, 5>(3, 500.0), [0.0; 12], 0.0, 0.0);
    let frames = 100_000;
    for t in 0..frames + 5000 {
        let x = stream.next();
        let (before, mean) = (t % 500 == 499).then(|| (axes(&svd).0, wide_vector(svd.mean()))).unzip();
        let judgement = svd.process(&x, &mut e);
        if let (Some(axes), Some(mean)) = (before, mean) {
            let centred = wide_vector(&x) - mean;
            let residual = &centred - &axes * (axes.transpose() * &centred);
            let bound = 40.0 * f64::from(f32::EPSILON) * centred.norm();
            assert!((wide_vector(&e) - &residual).norm() <= bound);
            assert!((f64::from(judgement.q).sqrt() - residual.norm()).abs() <= bound);
            let y = axes.transpose() * &centred;
            assert!((wide_vector(svd.coordinates()) - y).norm() <= bound);
        }
        if t >= 5000 {
            t2 += f64::from(judgement.t2) / f64::from(frames);
            q += f64::from(judgement.q) / f64::from(frames);
        }
    }
    // As for FAPI: T² has mean r·N/(N − r − 1), N = 999; Q is (n − r)·σ² and what the error of the axes lets through.
    let mean = 3.0 * 999.0 / 995.0;
    assert!((t2 - mean).abs() < 0.05, "{t2} {mean}");
    assert!((q / (9.0 * 0.04 * (1.0 + 4.0 / 999.0)) - 1.0).abs() < 0.02, "{q}");
}

#[test]
fn missing_entries_are_endured() {
    let mut stream = Stream::new(16, 4, 25);
    let (mut full, mut holed) = (tracker::<16, 6>(4, 1000.0), tracker::<16, 6>(4, 1000.0));
    let (mut e, mut random) = ([0.0; 16], Random::new(25));
    let (mut ours, mut reference) = (0.0, 0.0);
    for t in 0..20_000 {
        let mut x = stream.next();
        full.process(&x, &mut e);
        x.iter_mut().for_each(|x| *x = if random.uniform() < 0.3 { f32::NAN } else { *x });
        holed.process(&x, &mut e);
        assert!(x.iter().zip(&e).all(|(x, e)| x.is_finite() || *e == 0.0));
        if t > 10_000 && t % 100 == 0 {
            ours += distance(&axes(&holed).0, &stream.basis).powi(2);
            reference += distance(&axes(&full).0, &stream.basis).powi(2);
        }
    }
    std::println!("missing: sin² is {} times that of full frames", ours / reference);
    // As for FAPI: an entry is seen in 0.7 of the frames, its frame's coordinates come from 0.7 of the entries.
    assert!(ours / reference <= 1.0 / (0.7 * 0.7), "{}", ours / reference);
}

#[test]
fn changing_the_rank_forgets_nothing() {
    let (mut stream, mut e) = (Stream::new(8, 3, 26), [0.0; 8]);
    let (mut steady, mut moved) = (tracker::<8, 5>(3, 200.0), tracker::<8, 5>(3, 200.0));
    for t in 0..2000 {
        let x = stream.next();
        let a = steady.process(&x, &mut e);
        moved.set_rank(t % 7);
        let b = moved.process(&x, &mut e);
        assert_eq!(moved.rank(), (t % 7).clamp(1, 5));
        if moved.rank() == 3 {
            assert_eq!((a.q.to_bits(), a.t2.to_bits()), (b.q.to_bits(), b.t2.to_bits()));
        }
    }
    assert_eq!((steady.basis(), steady.variances()), (moved.basis(), moved.variances()));
}

#[test]
fn a_block_is_the_loop_and_judging_teaches_nothing() {
    let mut stream = Stream::new(8, 3, 27);
    let all: Vec<f32> = (0..500).flat_map(|_| stream.next()).collect();
    let (mut one, mut many, mut looked) = (tracker::<8, 5>(3, 100.0), tracker(3, 100.0), tracker(3, 100.0));
    let (mut e, mut f, mut out) = ([0.0; 8], [0.0; 8], vec![Judgement::unjudged(0); 500]);
    many.block(&all, &mut f, &mut out);
    for (t, (x, out)) in all.chunks_exact(8).zip(&out).enumerate() {
        assert_eq!(one.process(x, &mut e), *out);
        looked.judge(&all[8 * (t / 2)..8 * (t / 2) + 8], &mut f);
        looked.process(x, &mut f);
        assert_eq!(e, f);
    }
    assert_eq!(one, many);
    assert_eq!(one, looked);
}

#[cfg(feature = "alloc")]
#[test]
fn run_time_shapes_give_the_same_bits() {
    let config = TrackerConfig { rank: 3, memory_frames: 100.0, patience_frames: 0 };
    let mut fixed = tracker::<8, 5>(3, 100.0);
    let mut dynamic = crate::track::DynIncrementalSvd::new(8, 5, &config).unwrap();
    let mut wide =
        IncrementalSvd::<11, 5>::with_channels(nalgebra::Const, nalgebra::Const, 8, &config).unwrap();
    let (mut stream, mut e) = (Stream::new(8, 3, 28), [0.0; 8]);
    for _ in 0..2000 {
        let x = stream.next();
        let judgement = fixed.process(&x, &mut e);
        assert_eq!(judgement, dynamic.process(&x, &mut e));
        assert_eq!(judgement, wide.process(&x, &mut e));
    }
    assert_eq!((fixed.basis(), fixed.variances()), (dynamic.basis(), dynamic.variances()));
    assert_eq!((fixed.basis(), fixed.variances()), (wide.basis(), wide.variances()));
}

#[test]
fn a_broken_state_starts_again() {
    for broken in [3.0, f32::NAN, f32::INFINITY, 0.0] {
        let (mut svd, mut stream, mut e) = (tracker::<8, 5>(3, 100.0), Stream::new(8, 3, 29), [0.0; 8]);
        (0..500).for_each(|_| _ = svd.process(&stream.next(), &mut e));
        svd.basis[(2, 1)] = broken;
        (0..1000).for_each(|_| _ = svd.process(&stream.next(), &mut e));
        assert!(distance(&axes(&svd).0, &stream.basis) < 0.3);
        assert!(crate::linalg::orthonormality_error(svd.basis(), 8) <= 1e-5);
    }
}
