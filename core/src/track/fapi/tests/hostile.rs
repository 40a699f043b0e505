//! Streams that want to break it: numbers at the end of the format, silence, streams without noise.

use proptest::{prop_assert, proptest};
use std::vec::Vec;

use super::reference::{Inverse, Paper};
use super::streams::Stream;
use super::{Fapi, orthonormality_error, tracker};
use crate::testing::{Random, distance, wide, wide_vector};
use crate::track::{SubspaceTracker, TrackerConfig};

const NUMBERS: [f32; 16] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e30,
    -1e30,
    f32::MAX,
    f32::MIN,
    1e-45,
    f32::MIN_POSITIVE,
    1e3,
    -1e3,
    0.5,
];

/// Every number of the state is finite, Z is positive definite, W orthonormal.
fn sound(fapi: &Fapi<8, 3>) -> Result<(), std::string::String> {
    let finite = fapi.basis().iter().chain(fapi.mean()).chain(fapi.root.as_slice()).all(|x| x.is_finite());
    if !(finite && fapi.noise.is_finite() && fapi.weight.is_finite()) {
        return Err(std::format!("not finite: {fapi:?}"));
    }
    let values = wide(fapi.root.as_slice(), 3).singular_values();
    if values.min() <= 0.0 {
        return Err(std::format!("S is singular: {values}"));
    }
    let error = orthonormality_error(fapi);
    if error > 1e-5 { Err(std::format!("orthonormality {error:e}")) } else { Ok(()) }
}

/// A frame of one kind of hostility.
fn frame(kind: u64, t: usize, random: &mut Random) -> [f32; 8] {
    let pick = |random: &mut Random| NUMBERS[(random.bits() % 16) as usize];
    match kind {
        0 => core::array::from_fn(|_| pick(random)),
        1 => [pick(random); 8],
        2 => core::array::from_fn(|i| if (t + i).is_multiple_of(2) { 1e3 } else { -1e3 }),
        3 => [if t.is_multiple_of(2) { f32::MAX } else { f32::MIN }; 8],
        4 => core::array::from_fn(|i| if i == t % 8 { pick(random) } else { 0.0 }),
        5 => core::array::from_fn(|_| (random.normal() * 1e-20) as f32),
        6 => core::array::from_fn(|_| (random.normal() * 1e3) as f32),
        7 => core::array::from_fn(|_| if random.uniform() < 0.9 { f32::NAN } else { random.normal() as f32 }),
        8 => [f32::NAN; 8],
        _ => [0.0; 8],
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config {
        cases: 60,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        ..Default::default()
    })]

    #[test]
    fn nothing_breaks_the_state_and_the_signal_is_found_afterwards(
        kinds in proptest::collection::vec(0u64..10, 1..12),
        memory in 2f32..200.0,
        patience_frames in 0u16..20,
        seed: u64,
    ) {
        let mut fapi = Fapi::<8, 3>::new(&TrackerConfig { rank: 3, memory_frames: memory, patience_frames }).unwrap();
        let (mut e, mut random) = ([0.0; 8], Random::new(seed));
        for kind in kinds {
            for t in 0..300 {
                let judgement = fapi.process(&frame(kind, t, &mut random), &mut e);
                prop_assert!(e.iter().all(|e| e.is_finite()));
                prop_assert!(judgement.q.is_nan() == judgement.t2.is_nan() && judgement.q != f32::INFINITY);
                prop_assert!(!(judgement.q < 0.0 || judgement.t2 < 0.0));
                if let Err(why) = sound(&fapi) {
                    prop_assert!(false, "kind {kind}, frame {t}: {why}");
                }
            }
        }
        // A memory of fewer frames than that holds no eigengap to compare by.
        if memory > 20.0 {
            recovers(&mut fapi, memory, seed);
        }
    }
}

/// A plain stream is learned as by a fresh tracker. The largest entry that was learned is 2·10³; where it was one of few, the coordinates that
/// explain it are larger by as much as those entries have little part in them, two decades here: energy 2·10¹¹. After 34 memories
/// 2·10⁻¹⁵ of it is left, beside signals of variance 1 to 9.
fn recovers(fapi: &mut Fapi<8, 3>, memory: f32, seed: u64) {
    let (mut stream, mut e) = (Stream::new(8, 3, seed), [0.0; 8]);
    let mut fresh = tracker::<8, 3>(3, memory);
    for _ in 0..(34.0 * memory) as usize + 200 {
        let x = stream.next();
        fapi.process(&x, &mut e);
        fresh.process(&x, &mut e);
    }
    let (after, plain) = (wide(fapi.basis(), 8), wide(fresh.basis(), 8));
    let d = distance(&after, &plain);
    assert!(
        d <= 1e-2 * distance(&plain, &stream.basis).max(0.01),
        "{d:e} from a tracker that saw nothing hostile"
    );
}

#[test]
fn a_million_frames_of_silence_leave_it_ready() {
    for (before, memory) in [(0, 100.0), (1000, 100.0), (1000, 2.0), (1000, 1000.0)] {
        let mut fapi = tracker::<8, 3>(3, memory);
        let (mut stream, mut e) = (Stream::new(8, 3, 71), [0.0; 8]);
        (0..before).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
        (0..1_000_000).for_each(|_| _ = fapi.process(&[0.0; 8], &mut e));
        sound(&fapi).unwrap();
        for t in 0..200 {
            assert!(fapi.process(&stream.next(), &mut e).is_judged(), "memory {memory}, frame {t}");
            sound(&fapi).unwrap();
        }
        if memory > 20.0 {
            recovers(&mut fapi, memory, 72);
        }
    }
}

#[test]
fn a_stream_without_noise_in_fewer_dimensions_than_the_tracker_is_forgotten_like_any_other() {
    // One sinusoid of unit amplitude in 8 channels with phases: rank 2 of 3, to rounding. The third axis must not stop the other two from
    // forgetting: after a change the new plane is learned as fast as by Table II in f64, where Z may grow as it likes.
    let wave = |t: usize, phase: f32| -> Vec<f32> {
        (0..8).map(|i| libm::cosf(0.37 * (t % 1700) as f32 + phase * i as f32)).collect()
    };
    let mut fapi = tracker::<8, 3>(3, 300.0);
    let mut paper = Paper::new(8, 3, 300.0, 1.0, Inverse::Printed);
    let mut e = [0.0; 8];
    (0..100_000).for_each(|t| _ = fapi.process(&wave(t, 0.4), &mut e));
    (0..3000).for_each(|t| paper.process(&wide_vector(&wave(t, 0.4))));
    sound(&fapi).unwrap();
    for stretch in 0..5 {
        // Energy of the new wave outside either subspace, over one period.
        let (mut ours, mut theirs) = (0.0, 0.0);
        for t in 0..17 {
            let x = wave(t, 1.1);
            ours += f64::from(fapi.judge(&x, &mut e).q);
            let centred = wide_vector(&x) - wide_vector(fapi.mean());
            theirs += (&centred - &paper.w * (paper.w.transpose() * &centred)).norm_squared();
        }
        // Both fall by four decades; the start of Z is what they differ in.
        assert!(
            (ours / theirs - 1.0).abs() < 0.1,
            "after {stretch} stretches of 300: {ours:e}, not {theirs:e}"
        );
        for t in 0..300 {
            fapi.process(&wave(300 * stretch + t, 1.1), &mut e);
            paper.process(&wide_vector(&wave(300 * stretch + t, 1.1)));
        }
        sound(&fapi).unwrap();
    }
}

#[test]
fn a_broken_basis_starts_again() {
    // As after a flipped bit in a device's memory.
    for broken in [3.0, f32::NAN, f32::INFINITY, 0.0] {
        let mut fapi = tracker::<8, 3>(3, 100.0);
        let (mut stream, mut e) = (Stream::new(8, 3, 73), [0.0; 8]);
        (0..1000).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
        fapi.basis[(2, 1)] = broken;
        (0..1000).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
        sound(&fapi).unwrap();
        recovers(&mut fapi, 100.0, 74);
    }
}
