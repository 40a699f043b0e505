//! What the trait promises, bit for bit.

use std::vec::Vec;

use super::Fapi;
use super::streams::Stream;
use super::tracker;
use crate::testing::Random;
use crate::track::{Judgement, SubspaceTracker, TrackerConfig};

/// Frames with a few missing entries, one after another.
fn frames(count: usize, seed: u64) -> Vec<f32> {
    let (mut stream, mut random) = (Stream::new(8, 3, seed), Random::new(seed));
    let mut all: Vec<f32> = (0..count).flat_map(|_| stream.next()).collect();
    for x in &mut all {
        if random.uniform() < 0.02 {
            *x = f32::NAN;
        }
    }
    all
}

fn same(a: &Judgement, b: &Judgement) -> bool {
    (a.q.to_bits(), a.t2.to_bits(), a.observed) == (b.q.to_bits(), b.t2.to_bits(), b.observed)
}

#[cfg(feature = "alloc")]
#[test]
fn run_time_shapes_give_the_same_bits() {
    // Memory for rank 5, of which 3 is used: the spare columns must not matter either.
    let config = TrackerConfig { rank: 3, memory_frames: 200.0, ..Default::default() };
    let (mut exact, mut roomy) = (Fapi::<8, 3>::new(&config).unwrap(), Fapi::<8, 5>::new(&config).unwrap());
    let mut dynamic = super::super::DynFapi::new(8, &config).unwrap();
    // And memory for 11 channels, of which 8 are used.
    let mut wide = Fapi::<11, 4>::with_channels(nalgebra::Const, nalgebra::Const, 8, &config).unwrap();
    let (mut e, mut f, mut g) = ([0.0; 8], [0.0; 8], [0.0; 8]);
    for x in frames(5000, 61).chunks_exact(8) {
        let (a, b, c) = (exact.process(x, &mut e), roomy.process(x, &mut f), dynamic.process(x, &mut g));
        assert!(same(&a, &b) && same(&a, &c) && same(&a, &wide.process(x, &mut [0.0; 8])));
        assert_eq!((e, f), (g, g));
    }
    assert_eq!((exact.basis(), exact.mean()), (dynamic.basis(), dynamic.mean()));
    assert_eq!((exact.basis(), exact.mean()), (wide.basis(), wide.mean()));
    assert_eq!((exact.basis(), exact.coordinates()), (roomy.basis(), roomy.coordinates()));
}

#[test]
fn a_block_is_the_loop() {
    let all = frames(1000, 62);
    for size in [1, 7, 1000] {
        let (mut one, mut many) = (tracker::<8, 3>(3, 200.0), tracker::<8, 3>(3, 200.0));
        let (mut e, mut f) = ([0.0; 8], [0.0; 8]);
        for chunk in all.chunks(8 * size) {
            let mut out = std::vec![Judgement::unjudged(0); chunk.len() / 8];
            many.block(chunk, &mut f, &mut out);
            for (x, out) in chunk.chunks_exact(8).zip(&out) {
                assert!(same(&one.process(x, &mut e), out));
            }
            assert_eq!(e, f);
        }
        assert_eq!(one, many);
    }
}

#[test]
fn judging_alone_leaves_the_model_as_it_is() {
    let all = frames(2000, 63);
    let (mut judged, mut plain) = (tracker::<8, 3>(3, 200.0), tracker::<8, 3>(3, 200.0));
    let mut e = [0.0; 8];
    for (t, x) in all.chunks_exact(8).enumerate() {
        // Any number of looks at other frames between, none of them learned.
        for other in 0..t % 3 {
            judged.judge(&all[8 * other..8 * other + 8], &mut e);
        }
        let (a, b) = (judged.process(x, &mut e), plain.process(x, &mut [0.0; 8]));
        assert!(same(&a, &b));
    }
    assert_eq!(judged, plain);
}

#[test]
fn restarting_forgets_everything() {
    let all = frames(500, 64);
    let mut e = [0.0; 8];
    let (mut used, mut fresh) = (
        Fapi::<8, 5>::new(&TrackerConfig { rank: 5, memory_frames: 50.0, patience_frames: 0 }).unwrap(),
        tracker::<8, 5>(2, 50.0),
    );
    all.chunks_exact(8).for_each(|x| _ = used.process(x, &mut e));
    used.restart(2);
    assert_eq!((used.rank(), used.frames()), (2, 0));
    for x in all.chunks_exact(8) {
        assert!(same(&used.process(x, &mut e), &fresh.process(x, &mut [0.0; 8])));
    }
    assert_eq!((used.basis(), used.mean()), (fresh.basis(), fresh.mean()));
    used.restart(0);
    assert_eq!(used.rank(), 1);
    used.restart(99);
    assert_eq!(used.rank(), 5);
}

#[test]
fn the_judgement_is_of_the_subspace_known_before() {
    let all = frames(300, 65);
    let mut fapi = tracker::<8, 3>(3, 100.0);
    let mut e = [0.0; 8];
    for x in all.chunks_exact(8).filter(|x| x.iter().all(|x| x.is_finite())) {
        let before = fapi.clone();
        let q = f64::from(fapi.process(x, &mut e).q);
        // x − μ − W·Wᵀ(x − μ) in f64, with W and μ as they were.
        let w = crate::testing::wide(before.basis(), 8);
        let centred = crate::testing::wide_vector(x) - crate::testing::wide_vector(before.mean());
        let residual = &centred - &w * (w.transpose() * &centred);
        // Each entry of e has r + 1 roundings after y's n/8 + 4, of numbers no larger than ‖x − μ‖.
        let bound = 16.0 * f64::from(f32::EPSILON) * centred.norm();
        assert!((crate::testing::wide_vector(&e) - &residual).norm() <= bound);
        assert!((q.sqrt() - residual.norm()).abs() <= bound);
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    for (rank, memory_frames) in [(0, 100.0), (4, 100.0), (3, 1.9), (3, f32::NAN), (3, 1.1e7)] {
        let config = TrackerConfig { rank, memory_frames, ..Default::default() };
        assert!(Fapi::<8, 3>::new(&config).is_err(), "{rank} {memory_frames}");
    }
    assert!(Fapi::<2, 3>::new(&TrackerConfig { rank: 3, ..Default::default() }).is_err());
}
