//! The contract of the whole detector: silent without a change, alarms with one, total on whatever comes.

use super::{Phase, ShiftDetector};
use crate::shift::{Kind, MAX_CHANNELS, ShiftConfig, ShiftReport};
use crate::testing::Random;
use proptest::prelude::*;
use std::vec::Vec;

fn config() -> ShiftConfig {
    ShiftConfig { frames_per_false_alarm: 1e5, ..ShiftConfig::default() }
}

/// Feeds 3,000 frames of noise around 20 in channels of units 1, 10, 100, then 1,500 after `change`; the frames from the change to the alarm and
/// the final report.
fn after(
    change: impl Fn(usize, &mut [f32]),
    before: impl Fn(usize, &mut [f32]),
) -> (Option<u64>, Option<ShiftReport>) {
    let mut random = Random::new(21);
    let mut detector = ShiftDetector::<3>::new(&config()).unwrap();
    let mut alarm = None;
    for t in 0..4500 {
        let mut x: Vec<f32> = (0..3).map(|j| 10f32.powi(j) * (20.0 + random.normal() as f32)).collect();
        if t < 3000 {
            before(t, &mut x)
        } else {
            change(t, &mut x)
        }
        let verdict = detector.process(&x);
        assert!(verdict.evidence >= 0.0);
        if verdict.alarm {
            assert!(t >= 3000, "false alarm at {t}");
            alarm = alarm.or(Some(t as u64 - 3000));
        }
        if verdict.refined {
            return (alarm, detector.report().copied());
        }
    }
    (alarm, detector.report().copied())
}

fn found(delay: u64, result: (Option<u64>, Option<ShiftReport>)) -> ShiftReport {
    let (alarm, report) = result;
    let alarm = alarm.expect("an alarm");
    assert!(alarm <= delay, "{alarm}");
    let report = report.expect("a report");
    assert!(report.is_final && report.alarm_frame == 3000 + alarm, "{report:?}");
    assert!(report.onset_earliest <= report.onset_frame && report.onset_frame <= report.onset_latest);
    report
}

#[test]
fn a_level_is_reported_in_its_unit() {
    let report = found(30, after(|_, x| x[1] += 20.0, |_, _| ()));
    assert_eq!((report.kind, report.channels()), (Kind::Mean, &[1][..]));
    assert!(
        (report.mean_before[1] - 200.0).abs() < 1.5 && (report.mean_after[1] - 220.0).abs() < 6.0,
        "{report:?}"
    );
    assert!(
        (report.deviation_before[1] - 10.0).abs() < 1.0 && (report.deviation_after[2] - 100.0).abs() < 40.0
    );
    assert!(report.onset_frame.abs_diff(3000) < 6, "{}", report.onset_frame);
}

#[test]
fn a_size_is_reported_with_its_channel() {
    let report = found(80, after(|_, x| x[2] = 2000.0 + 2.0 * (x[2] - 2000.0), |_, _| ()));
    assert_eq!((report.kind, report.channels()), (Kind::Scale, &[2][..]));
    assert!((report.deviation_after[2] / report.deviation_before[2] - 2.0).abs() < 0.5);
}

#[test]
fn a_gain_is_told_from_a_size() {
    // Channel 1 follows channel 0: its part of the correlation is multiplied too.
    let couple = |x: &mut [f32], gain: f32| x[1] = gain * (x[1] - 200.0 + 20.0 * (x[0] - 20.0)) + 200.0;
    let report = found(80, after(|_, x| couple(x, 2.0), |_, x| couple(x, 1.0)));
    assert_eq!((report.kind, report.channels()), (Kind::Gain, &[1][..]), "{report:?}");
}

/// Five channels whose axes of deviation 3, `second` and three of 1 are turned by a fixed matrix; `change` acts on the coordinates along the axes
/// from frame 4,000 on. The final reports of eight streams.
fn kinds_of(second: f32, change: impl Fn(&mut [f32])) -> Vec<Kind> {
    let turn = |x: &mut [f32]| {
        for (i, j) in [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)] {
            (x[i], x[j]) = (0.8 * x[i] - 0.6 * x[j], 0.6 * x[i] + 0.8 * x[j]);
        }
    };
    let kind = |seed| {
        let mut random = Random::new(seed);
        // Eight streams of 4,000 frames without a change: a false alarm in 3 % of such tests at most.
        let rare = ShiftConfig { frames_per_false_alarm: 1e6, ..config() };
        let mut detector = ShiftDetector::<5>::new(&rare).unwrap();
        for t in 0..8000 {
            let mut x = random.normals(5);
            (x[0], x[1]) = (3.0 * x[0], second * x[1]);
            if t >= 4000 {
                change(&mut x);
            }
            turn(&mut x);
            let verdict = detector.process(&x);
            assert!(t >= 4000 || !verdict.alarm, "{seed}");
            if verdict.refined {
                return detector.report().unwrap().kind;
            }
        }
        panic!("not found");
    };
    (0..8).map(kind).collect()
}

#[test]
fn a_rotation_a_floor_and_a_rank_are_told_apart() {
    let right = |kinds: &[Kind], wanted| kinds.iter().filter(|&&kind| kind == wanted).count();
    // The axis of variance 9 turns by 60° towards one of 1.
    let (sin, cos) = 60f32.to_radians().sin_cos();
    let turned = kinds_of(2.0, |x| (x[0], x[4]) = (cos * x[0] - sin * x[4], sin * x[0] + cos * x[4]));
    assert!(right(&turned, Kind::Rotation) >= 6, "{turned:?}");
    let floor = kinds_of(2.0, |x| x[2..].iter_mut().for_each(|x| *x *= 1.8));
    assert!(right(&floor, Kind::NoiseFloor) >= 6, "{floor:?}");
    // A second direction rises out of the floor; half of the channels at most are counted as signal.
    let risen = kinds_of(1.0, |x| x[3] *= 4.0);
    assert!(right(&risen, Kind::Rank) >= 6, "{risen:?}");
}

#[test]
fn channels_die_and_return() {
    for dead in [f32::NAN, f32::INFINITY, 0.0, 203.0, 4095.0] {
        let report = found(20, after(|_, x| x[1] = dead, |_, _| ()));
        assert_eq!((report.kind, report.channels()), (Kind::DeadChannel, &[1][..]), "{dead}");
        let report = found(20, after(|_, _| (), |_, x| x[1] = dead));
        assert!(
            matches!(report.kind, Kind::ReturnedChannel | Kind::Mean | Kind::Scale),
            "{dead}: {:?}",
            report.kind
        );
        assert_eq!(report.ranking[0], 1, "{dead} {report:?}");
    }
}

#[test]
fn nothing_happens_where_nothing_changes() {
    // All constant, all missing, all zero, identical channels.
    let inputs: [&dyn Fn(f32) -> [f32; 3]; 5] =
        [&|_| [1.0, -2e6, 3e-7], &|_| [f32::NAN; 3], &|_| [0.0; 3], &|x| [x; 3], &|x| {
            [x, 2.0 * x + 1.0, 5.0]
        }];
    for (k, input) in inputs.iter().enumerate() {
        let mut random = Random::new(3);
        let mut detector = ShiftDetector::<3>::new(&config()).unwrap();
        for _ in 0..5000 {
            assert!(!detector.process(&input(random.normal() as f32)).alarm, "{k}");
        }
        assert_eq!(detector.status().live.count_ones(), if k < 3 { 0 } else { 1 }, "{k}");
    }
}

#[test]
fn single_holes_and_pauses_are_no_change() {
    let mut random = Random::new(8);
    let mut detector = ShiftDetector::<2>::new(&config()).unwrap();
    let mut level = 0.0;
    for t in 0..6000 {
        level = 0.7 * level + random.normal() as f32;
        let hole = if t % 37 == 0 { f32::NAN } else { level + random.normal() as f32 };
        let wrong = t % 101 == 0;
        let x = [level, hole];
        assert!(!detector.process(if wrong { &x[..1] } else { &x }).alarm, "{t}");
        if t % 500 == 0 {
            detector.pause();
            level = random.normal() as f32;
        }
    }
    let status = detector.status();
    assert_eq!(status.frames, 6000);
    assert!(status.skipped > 200 && status.skipped < 300, "{status:?}");
}

#[test]
fn a_wandering_channel_is_differenced_and_a_return_is_recognised() {
    let mut random = Random::new(2);
    let mut detector = ShiftDetector::<2>::new(&config()).unwrap();
    let mut walk = 0.0f32;
    let mut reports = Vec::new();
    for t in 0..12_000 {
        walk += random.normal() as f32;
        let size = if (4000..8000).contains(&t) { 4.0 } else { 1.0 };
        let verdict = detector.process(&[walk, size * random.normal() as f32]);
        if t == 3000 {
            assert_eq!((detector.status().differenced, verdict.phase), (1, Phase::Watching));
        }
        if verdict.refined {
            reports.push(*detector.report().unwrap());
        }
    }
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!((reports[0].left_regime, reports[0].returned_to), (0, None));
    assert_eq!((reports[1].left_regime, reports[1].returned_to), (1, Some(0)));
}

#[test]
fn the_order_is_raised_if_the_errors_depend_on_the_past() {
    let mut random = Random::new(6);
    let mut detector = ShiftDetector::<4, 6>::new(&config()).unwrap();
    let mut past = [[0.0f32; 4]; 2];
    for _ in 0..2000 {
        let x: [f32; 4] = core::array::from_fn(|j| 0.7 * past[1][j] + random.normal() as f32);
        detector.process(&x);
        past = [x, past[0]];
    }
    let status = detector.status();
    assert_eq!((status.order, status.dependent, status.alarms), (2, false, 0));
}

#[test]
fn a_replay_gives_the_same_bits() {
    let run = || {
        let mut random = Random::new(1);
        let mut detector = ShiftDetector::<2>::new(&config()).unwrap();
        let mut last = 0;
        for t in 0..3000 {
            let scale = if t > 1500 { 3.0 } else { 1.0 };
            last ^= detector
                .process(&[scale * random.normal() as f32, random.uniform() as f32])
                .evidence
                .to_bits();
        }
        (last, detector)
    };
    let (first, second) = (run(), run());
    assert_eq!(first.0, second.0);
    assert_eq!(first.1, second.1);
}

#[cfg(feature = "alloc")]
#[test]
fn run_time_shapes_give_the_same_bits() {
    let mut random = Random::new(1);
    let mut fixed = ShiftDetector::<5>::new(&config()).unwrap();
    let mut free = crate::shift::DynShiftDetector::new(5, &config()).unwrap();
    for t in 0..3000 {
        let mut x = random.normals(5);
        x[t % 5] *= if t > 2000 { 3.0 } else { 1.0 };
        let verdict = fixed.process(&x);
        assert_eq!(verdict, free.process(&x), "{t}");
        assert_eq!(fixed.report(), free.report());
    }
    assert!(fixed.status().alarms > 0);
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |config: &ShiftConfig| ShiftDetector::<2>::new(config).is_err();
    let base = ShiftConfig::default();
    assert!(refused(&ShiftConfig { frames_per_false_alarm: f32::NAN, ..base }));
    assert!(refused(&ShiftConfig { order: 2, ..base }));
    assert!(refused(&ShiftConfig { refine_frames: 0, ..base }));
    assert!(ShiftDetector::<{ MAX_CHANNELS + 1 }>::new(&base).is_err());
    assert!(ShiftDetector::<2, 6>::new(&ShiftConfig { order: 2, ..base }).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever the numbers, every result is defined, and the detector comes back to life on noise.
    #[test]
    fn total_on_any_numbers(
        seed in any::<u64>(),
        hostile in prop::collection::vec((0usize..2000, 0usize..3, any::<f32>(), 1usize..50), 0..12),
    ) {
        let mut random = Random::new(seed);
        let short = ShiftConfig { warm_up_frames: 100, frames_per_false_alarm: 1000.0, ..ShiftConfig::default() };
        let mut detector = ShiftDetector::<3>::new(&short).unwrap();
        for t in 0..2500 {
            let mut x = random.normals(3);
            for &(start, channel, value, length) in &hostile {
                if (start..start + length).contains(&t) {
                    x[channel] = value;
                }
            }
            let verdict = detector.process(&x);
            prop_assert!(verdict.evidence >= 0.0 && verdict.evidence.is_finite());
            if verdict.alarm || verdict.refined {
                let report = *detector.describe().unwrap();
                prop_assert!(report.onset_earliest <= report.onset_frame);
                prop_assert!(report.onset_frame <= report.alarm_frame);
                prop_assert!(!report.nats.is_nan());
                prop_assert!(report.channels().iter().all(|&j| j < 3));
            }
        }
    }
}
