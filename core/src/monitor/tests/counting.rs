//! Every frame gets one verdict, every sample is counted once.

use std::vec::Vec;

use super::{Plant, lively, verdicts};
use crate::monitor::{Config, Monitor};
use crate::score::View;
use crate::testing::Random;

#[test]
fn every_frame_gets_exactly_one_verdict_in_order() {
    for (frames, temporal, coarse, length, delay) in [
        (0, true, true, 20, 30),
        (1, true, true, 20, 30),
        (29, true, true, 20, 30),
        (31, true, true, 21, 31),
        (11, true, true, 2, 3),
        (1000, true, true, 20, 30),
        (9, true, false, 20, 10),
        (10, true, false, 21, 10),
        (1000, true, false, 20, 10),
        (5, false, false, 20, 0),
        (300, false, true, 20, 0),
    ] {
        let mut config = lively();
        (config.temporal.enabled, config.temporal.coarse) = (temporal, coarse);
        config.temporal.length = length;
        config.temporal.rank = config.temporal.rank.min(length - 1);
        let mut monitor = Monitor::<3, 2>::new(&config).unwrap();
        assert_eq!((monitor.delay(), config.delay()), (delay, delay));
        let mut plant = Plant::new(3, 91);
        let mut waiting = 0;
        for t in 0..frames {
            match monitor.process(&plant.next()) {
                Some(v) => assert_eq!(v.frame + monitor.delay() as u64, t),
                None => waiting += 1,
            }
        }
        assert_eq!(waiting, (monitor.delay() as u64).min(frames));
        let mut rest = Vec::new();
        monitor.finish(|v| rest.push(v.frame));
        assert_eq!(rest, (frames - waiting..frames).collect::<Vec<_>>());
        assert_eq!(monitor.counters().frames, frames);
    }
}

#[test]
fn counters_add_up() {
    let mut config = lively();
    config.alarm.frames_per_false_alarm = 10.0;
    let mut monitor = Monitor::<5, 2>::new(&config).unwrap();
    (0..5).for_each(|i| monitor.set_rails(i, -3.0, 3.0).unwrap());
    let (mut plant, mut random, mut expected) = (Plant::new(5, 92), Random::new(92), [0u64; 3]);
    let frames: Vec<Vec<f32>> = (0..3000)
        .map(|_| {
            let mut x = plant.next();
            x.iter_mut().for_each(|x| *x = if random.uniform() < 0.05 { f32::NAN } else { *x });
            for x in &x {
                expected[if x.is_nan() {
                    1
                } else if x.abs() >= 3.0 {
                    2
                } else {
                    0
                }] += 1;
            }
            x
        })
        .collect();
    let all = verdicts(&mut monitor, frames);
    let c = *monitor.counters();
    assert_eq!([c.valid, c.missing, c.saturated], expected);
    assert_eq!(c.valid + c.missing + c.saturated, 5 * c.frames);
    assert_eq!(c.unjudged, all.iter().filter(|v| v.score.is_nan()).count() as u64);
    assert_eq!(c.alarms, all.iter().filter(|v| v.alarm).count() as u64);
    assert!(c.alarms > 10 && c.saturated > 100);
    // Every event that ended was handed out, the last one by `finish`.
    let events: Vec<_> = all.iter().filter_map(|v| v.event.clone()).collect();
    assert!(c.events == events.len() as u64 || c.events == events.len() as u64 + 1);
    assert!(events.iter().map(|e| e.alarms).sum::<u64>() <= c.alarms);
    for pair in events.windows(2) {
        assert!(pair[0].end + u64::from(lively().alarm.merge_frames) < pair[1].start);
    }
    for e in &events {
        assert!(e.start <= e.peak && e.peak <= e.end && e.alarms <= e.end - e.start + 1);
        let peak = &all[e.peak as usize];
        let score = match e.view {
            View::Level(_) => peak.level_score,
            View::Flag(_) => peak.flag_score,
            View::Spatial | View::Temporal(_) => peak.score,
        };
        assert_eq!(score, e.score);
        assert!(all[e.start as usize].alarm && all[e.end as usize].alarm && e.score > e.limit);
        assert!(
            all[e.start as usize..=e.end as usize]
                .iter()
                .all(|v| v.score.is_nan() || v.score - v.limit <= e.above()),
            "{e:?}"
        );
    }
}

#[test]
fn frames_of_another_length_are_read_as_far_as_they_go() {
    let mut monitor = Monitor::<3, 2>::new(&lively()).unwrap();
    monitor.process(&[1.0]);
    monitor.process(&[1.0, 2.0, 3.0, 4.0, 5.0]);
    monitor.process(&[]);
    let c = monitor.counters();
    assert_eq!((c.frames, c.valid, c.missing), (3, 4, 5));
}

/// Verdicts and counters of a stream that has nothing to judge.
fn nothing(frame: impl Fn(usize) -> [f32; 3]) -> u64 {
    let mut monitor = Monitor::<3, 2>::new(&lively()).unwrap();
    let all = verdicts(&mut monitor, (0..2000).map(|t| frame(t).to_vec()));
    assert_eq!(all.len(), 2000);
    let mut shares = [1.0; 3];
    monitor.contributions_into(&mut shares);
    assert_eq!(shares, [0.0; 3]);
    for v in &all {
        // Nothing was judged: no score, no p-value, no alarm, and the warm-up never ends.
        assert!(v.score.is_nan() && v.p_value.is_nan() && !v.alarm && v.warming_up && v.event.is_none());
        assert_eq!(v.limit, f32::INFINITY);
    }
    monitor.counters().unjudged
}

/// Flags alone are judged by what they do, and nothing else is.
#[test]
fn flags_alone_are_watched() {
    let mut monitor = Monitor::<3, 2>::new(&lively()).unwrap();
    let frame = |t: usize| {
        vec![(t / 7 % 2) as f32, (t % 3) as f32, if t == 1800 { 3.0 } else { (t / 20 % 3) as f32 }]
    };
    let all = verdicts(&mut monitor, (0..2000).map(frame));
    assert!(all.iter().all(|v| v.score.is_nan() && v.level_score.is_nan() && v.limit == f32::INFINITY));
    assert_eq!(monitor.counters().unjudged, 2000);
    // Some flag changes in every third frame; the one change that never came is found, alone.
    let alarms: Vec<_> = all.iter().filter(|v| v.alarm).map(|v| v.frame).collect();
    assert_eq!(alarms, [1800]);
    let events: Vec<_> = all.iter().filter_map(|v| v.event.clone()).collect();
    assert_eq!((events[0].view, events[0].channels[0].channel), (View::Flag(2), 2));
    assert!(all[1800].p_value <= 0.02 && !all[400].warming_up && all[200].warming_up);
}

#[test]
fn what_cannot_be_judged_is_counted_and_not_scored() {
    assert_eq!(nothing(|_| [f32::NAN; 3]), 2000);
    assert_eq!(nothing(|_| [3.5, -1e30, 0.25]), 2000);
}

#[test]
fn one_channel_is_watched_by_its_temporal_view_alone() {
    let mut monitor = Monitor::<1, 1>::new(&Config::default()).unwrap();
    let mut plant = Plant::new(1, 93);
    let all = verdicts(&mut monitor, (0..3000).map(|_| plant.next()));
    assert!(all[200..2900].iter().all(|v| v.score.is_finite()));
    assert!(monitor.spatial_score().is_nan());
}

#[test]
fn a_dead_channel_does_not_silence_the_others() {
    let mut monitor = Monitor::<3, 2>::new(&lively()).unwrap();
    let mut plant = Plant::new(3, 94);
    let frames = (0..3000).map(|_| {
        let x = plant.next();
        vec![x[0], f32::NAN, x[2]]
    });
    let all = verdicts(&mut monitor, frames);
    assert!(all[200..2900].iter().all(|v| v.score.is_finite()));
    let mut shares = [0.0; 3];
    monitor.contributions_into(&mut shares);
    assert_eq!(shares[1], 0.0);
}
