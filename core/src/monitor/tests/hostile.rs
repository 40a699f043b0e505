//! Frames from a broken converter, a hostile sender, a fuzzer.

use proptest::{prop_assert, proptest};

use super::{Plant, lively};
use crate::monitor::Monitor;
use crate::testing::Random;

const NUMBERS: [f32; 16] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    3.0,
    1e30,
    -1e30,
    f32::MAX,
    f32::MIN,
    1e-45,
    f32::MIN_POSITIVE,
    1e6,
    -1e6,
    0.5,
];

fn frame(kind: u64, t: usize, random: &mut Random, plant: &mut Plant) -> [f32; 3] {
    let pick = |random: &mut Random| NUMBERS[(random.bits() % 16) as usize];
    let x = plant.next();
    match kind {
        0 => core::array::from_fn(|_| pick(random)),
        1 => [pick(random); 3],
        2 => [x[0], if t.is_multiple_of(2) { f32::MAX } else { f32::MIN }, x[2]],
        3 => [x[0], x[1], if t % 50 < 30 { f32::NAN } else { x[2] }],
        4 => core::array::from_fn(|i| x[i] * 1e-30),
        5 => core::array::from_fn(|i| x[i] * 1e30),
        6 => [0.0; 3],
        _ => core::array::from_fn(|i| x[i]),
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config {
        cases: 40,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(8),
        ..Default::default()
    })]

    #[test]
    fn verdicts_stay_within_their_promises(kinds in proptest::collection::vec(0u64..8, 1..10), seed: u64) {
        let mut monitor = Monitor::<3, 2>::new(&lively()).unwrap();
        let (mut random, mut plant, mut shares) = (Random::new(seed), Plant::new(3, seed), [0.0; 3]);
        for kind in kinds {
            for t in 0..400 {
                let Some(v) = monitor.process(&frame(kind, t, &mut random, &mut plant)) else { continue };
                prop_assert!(!v.score.is_infinite() && !v.limit.is_nan());
                // A p-value is a probability, or NaN where there is no score, or too few to compare with.
                prop_assert!(v.p_value.is_nan() || (v.p_value > 0.0 && v.p_value <= 1.0), "{v:?}");
                let scores = [(v.score, v.limit), (v.level_score, v.level_limit), (v.flag_score, v.flag_limit)];
                prop_assert!(scores.iter().any(|s| !s.0.is_nan()) || (v.p_value.is_nan() && !v.alarm));
                prop_assert!(!v.p_value.is_nan() || v.score.is_nan() || v.warming_up, "{v:?}");
                prop_assert!(v.alarm == (!v.warming_up && scores.iter().any(|s| s.0 > s.1)));
                monitor.contributions_into(&mut shares);
                let total: f32 = shares.iter().sum();
                prop_assert!(shares.iter().all(|s| (0.0..=1.0 + 1e-6).contains(s)), "{shares:?}");
                prop_assert!(total == 0.0 || (total - 1.0).abs() < 1e-6);
            }
        }
        let c = monitor.counters();
        prop_assert!(c.valid + c.missing + c.saturated == 3 * c.frames);
    }
}
