//! The sketch against the covariance that it sketches.

use nalgebra::{DMatrix, DVector};

use super::FrequentDirections;
use crate::testing::{distance, wide, wide_vector};
use crate::track::fapi::tests::reference::Covariance;
use crate::track::fapi::tests::streams::Stream;
use crate::track::{SubspaceTracker, TrackerConfig};

fn tracker<const N: usize, const L: usize>(rank: usize, memory_frames: f32) -> FrequentDirections<N, L> {
    FrequentDirections::new(&TrackerConfig { rank, memory_frames, patience_frames: 0 }).unwrap()
}

/// What the tracker weighs: C ← (1 − γ)·C + γ·x·xᵀ of the frames as it centres them, in f64.
struct Weighed(DMatrix<f64>);

impl Weighed {
    fn learn<const L: usize>(&mut self, tracker: &FrequentDirections<12, L>, x: &[f32], memory: f32) {
        if tracker.frames() == 0 {
            return;
        }
        let gain = f64::from((1.0 / tracker.frames() as f32).max(1.0 / memory));
        let centred = wide_vector(x) - wide_vector(tracker.mean());
        self.0 = &self.0 * (1.0 - gain) + &centred * centred.transpose() * gain;
    }
}

/// B in f64.
fn sketch<const L: usize>(tracker: &FrequentDirections<12, L>) -> DMatrix<f64> {
    let count = tracker.axes + tracker.pending;
    let columns = wide(&tracker.columns.as_slice()[..12 * count], 12);
    let energies = DVector::from_iterator(count, tracker.energies.iter().take(count).map(|&e| f64::from(e)));
    &columns * DMatrix::from_diagonal(&energies) * columns.transpose()
}

/// 0 ≤ C − B ≤ Δ, and Δ within its a-priori bounds for all k.
fn check<const L: usize>(tracker: &FrequentDirections<12, L>, exact: &DMatrix<f64>, parts: f64) {
    let rounding = 2e-5 * exact.trace();
    let error = (exact - sketch(tracker)).symmetric_eigenvalues();
    let taken = f64::from(tracker.error_bound());
    assert!(error.min() >= -rounding, "{} below 0", error.min());
    assert!(error.max() <= taken + rounding, "{} above Δ = {taken}", error.max());
    let mut values: std::vec::Vec<f64> = exact.symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    for k in 0..=tracker.axes {
        let outside: f64 = values[k..].iter().sum();
        let bound = parts * outside / (tracker.axes + 1 - k) as f64;
        assert!(taken <= bound + rounding, "Δ = {taken} > {bound} for k = {k}");
    }
}

#[test]
fn the_error_is_within_the_certificate_and_that_within_the_theorem() {
    for (seed, turn) in [(81, 0.0), (82, 2e-3)] {
        let mut stream = Stream { turn, noise: 0.5, ..Stream::new(12, 3, seed) };
        let mut fd = tracker::<12, 10>(3, 200.0);
        let (mut exact, mut e) = (Weighed(DMatrix::zeros(12, 12)), [0.0; 12]);
        for t in 0..4000 {
            let x = stream.next();
            exact.learn(&fd, &x, 200.0);
            fd.process(&x, &mut e);
            if t % 37 == 0 {
                check(&fd, &exact.0, 1.0);
            }
        }
        let v = stream.basis.column(0).map(|x| x as f32);
        let along = sketch(&fd).dot(&(stream.basis.column(0) * stream.basis.column(0).transpose()));
        assert!((f64::from(fd.energy_along(v.as_slice())) / along - 1.0).abs() < 1e-5);
    }
}

#[test]
fn merged_sketches_sketch_the_pooled_covariance() {
    let memory = 1e6;
    let (mut streams, mut e) = ([Stream::new(12, 3, 83), Stream::new(12, 2, 84)], [0.0; 12]);
    let mut parts = [tracker::<12, 12>(3, memory), tracker::<12, 12>(3, memory)];
    let mut exact = [Weighed(DMatrix::zeros(12, 12)), Weighed(DMatrix::zeros(12, 12))];
    for (k, count) in [(0, 700), (1, 300)] {
        for _ in 0..count {
            let x = streams[k].next();
            exact[k].learn(&parts[k], &x, memory);
            parts[k].process(&x, &mut e);
        }
    }
    let [mut merged, other] = parts;
    let shift = wide_vector(other.mean()) - wide_vector(merged.mean());
    let pooled = &exact[0].0 * 0.7 + &exact[1].0 * 0.3 + &shift * shift.transpose() * 0.21;
    let mean = wide_vector(merged.mean()) * 0.7 + wide_vector(other.mean()) * 0.3;
    assert!(merged.merge(&other));
    assert!((wide_vector(merged.mean()) - mean).amax() < 1e-5);
    assert_eq!(merged.frames(), 1000);
    // The difference of the means adds its own part to what is outside.
    check(&merged, &pooled, 1.0);
}

/// A sketch of ten frames weighs by energies, an old one by distances: what is usual is taken from the old one, so that gross frames count as
/// little as they do there.
#[test]
fn a_young_sketch_learns_from_an_old_one_what_is_usual() {
    let config = TrackerConfig { rank: 3, memory_frames: 1e4, patience_frames: 8 };
    let mut residuals = [0.0f64; 2];
    for (own, sum) in [0, 10].into_iter().zip(&mut residuals) {
        let (mut stream, mut e) = (Stream::new(12, 3, 87), [0.0; 12]);
        let mut next = || stream.next().into_iter().map(|x| 1000.0 * x).collect::<std::vec::Vec<f32>>();
        let mut parts = [0; 2].map(|_| FrequentDirections::<12, 12>::new(&config).unwrap());
        (0..own).for_each(|_| _ = parts[0].process(&next(), &mut e));
        (0..2_000).for_each(|_| _ = parts[1].process(&next(), &mut e));
        let [mut merged, other] = parts;
        assert!(merged.merge(&other));
        for t in 0..1_000 {
            let gross = t % 10 == 9;
            let mut x = next();
            if gross {
                x[t / 10 % 12] += 3e5;
            }
            let judgement = merged.process(&x, &mut e);
            *sum += if gross { 0.0 } else { f64::from(judgement.q) };
        }
    }
    let [alone, merged] = residuals;
    assert!(merged < 1.5 * alone, "{merged} after ten frames, {alone} without");
}

/// Sketches of other sizes, and the frame before a gap: what a sketch remembers in its own axes stays its own.
#[cfg(feature = "alloc")]
#[test]
fn sketches_of_different_sizes_merge_and_go_on_through_gaps() {
    use crate::track::DynFrequentDirections;
    for (rank, columns) in [(2, 6), (5, 20)] {
        let config = |rank| TrackerConfig { rank, memory_frames: 1e3, patience_frames: 4 };
        let (mut stream, mut e) = (Stream::new(12, 3, 88), [0.0; 12]);
        let mut ours = DynFrequentDirections::new(12, 10, &config(3)).unwrap();
        let mut theirs = DynFrequentDirections::new(12, columns, &config(rank)).unwrap();
        (0..20).for_each(|_| _ = ours.process(&stream.next(), &mut e));
        (0..500).for_each(|_| _ = theirs.process(&stream.next(), &mut e));
        assert!(ours.merge(&theirs));
        for t in 0..200 {
            let mut x = stream.next();
            (0..12).filter(|i| (i + t) % 3 == 0).for_each(|i| x[i] = f32::NAN);
            ours.process(&x, &mut e);
            assert!(ours.basis().iter().chain(ours.mean()).all(|w| w.is_finite()));
        }
    }
}

#[test]
fn it_finds_the_subspace() {
    let mut stream = Stream::new(16, 4, 85);
    let mut fd = tracker::<16, 16>(4, 500.0);
    let mut exact = Covariance::new(16, 500.0);
    let mut e = [0.0; 16];
    for _ in 0..10_000 {
        let x = stream.next();
        fd.process(&x, &mut e);
        exact.process(&wide_vector(&x));
    }
    let apart = distance(&wide(fd.basis(), 16), &exact.principal(4));
    assert!(apart < 0.02, "{apart}");
    assert!(crate::linalg::orthonormality_error(fd.basis(), 16) < 1e-6);
}
