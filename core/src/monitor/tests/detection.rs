//! What it finds, and how often it cries wolf.

use std::vec::Vec;

use super::{Plant, lively};
use crate::monitor::{Config, Monitor};
use crate::score::Event;

/// Events that end after `from`, of five channels with a disturbance added to channel `k`.
fn events(k: usize, disturb: impl Fn(usize, f32) -> f32, from: u64) -> Vec<Event> {
    let mut monitor = Monitor::<5, 1>::new(&Config::default()).unwrap();
    let (mut plant, mut events) = (Plant::new(5, 101), Vec::new());
    for t in 0..20_000 {
        let mut x = plant.next();
        x[k] = disturb(t, x[k]);
        events.extend(monitor.process(&x).and_then(|v| v.event));
    }
    let open = monitor.finish(|v| events.extend(v.event));
    events.extend(open);
    events.retain(|e| e.end >= from);
    events
}

/// The event that overlaps the planted fault at 15,000, with the delay of half a window on either side.
fn found(events: &[Event], end: u64) -> &Event {
    events
        .iter()
        .find(|e| e.start < end + 60 && e.end + 60 > 15_000)
        .unwrap_or_else(|| panic!("no event at the fault: {events:?}"))
}

/// Faults of twenty to forty deviations, in a plant with one common factor and a spatial view of rank one: what the tracker holds for noise
/// then contains every channel.
#[test]
fn an_event_names_the_disturbed_channel_first() {
    for k in 0..5 {
        let spikes = events(k, |t, x| if t == 15_000 { x + 60.0 } else { x }, 14_000);
        let burst = events(
            k,
            |t, x| if (15_000..15_040).contains(&t) { x + 30.0 * (t % 2) as f32 } else { x },
            14_000,
        );
        let step = events(k, |t, x| if t >= 15_000 { x + 50.0 } else { x }, 14_000);
        for (name, events, end) in
            [("spike", spikes, 15_001), ("burst", burst, 15_040), ("step", step, 15_100)]
        {
            let event = found(&events, end);
            assert_eq!(usize::from(event.channels[0].channel), k, "{name} in channel {k}: {event:?}");
            assert!(event.channels.windows(2).all(|c| c[0].share >= c[1].share));
            let total: f32 = event.channels.iter().map(|c| c.share).sum();
            assert!(total <= 1.0 + 4.0 * f32::EPSILON && event.channels[0].share > 0.3, "{name}: {event:?}");
            assert!(event.peak.abs_diff(15_000) <= 150, "{name}: {event:?}");
        }
    }
}

#[test]
fn false_alarms_come_at_the_wanted_rate() {
    let mut config = Config::default();
    config.alarm.frames_per_false_alarm = 1000.0;
    let (mut alarms, mut frames) = (0u64, 0u64);
    for seed in 0..8 {
        let (mut monitor, mut plant) = (Monitor::<3, 2>::new(&config).unwrap(), Plant::new(3, 200 + seed));
        for t in 0..80_000 {
            let verdict = monitor.process(&plant.next());
            // The first memories are still being learned.
            if let Some(v) = verdict
                && t >= 20_000
            {
                alarms += u64::from(v.alarm);
                frames += 1;
            }
        }
    }
    let rate = alarms as f64 / frames as f64;
    std::println!("false alarms: {alarms} of {frames}, {rate:e}");
    // 480 are expected. They come in runs, as neighbouring windows share most samples: with runs of 20 the scatter is √(20/480), 20 %. A
    // factor of two is the promise.
    assert!(rate < 2e-3 && rate > 5e-4, "{rate:e}");
}

#[test]
fn p_values_of_a_stationary_stream_are_uniform() {
    // With the level view there are two p-values, and the verdict's is a bound (Bonferroni): not uniform, but valid.
    let mut config = Config::default();
    config.level.enabled = false;
    let (mut monitor, mut plant) = (Monitor::<3, 2>::new(&config).unwrap(), Plant::new(3, 300));
    let (mut below, mut frames) = ([0u32; 3], 0);
    for t in 0..200_000 {
        if let Some(v) = monitor.process(&plant.next())
            && t >= 20_000
        {
            frames += 1;
            for (below, level) in below.iter_mut().zip([0.5, 0.1, 0.01]) {
                *below += u32::from(v.p_value < level);
            }
        }
    }
    // Scores within a window are one: 180,000/100 independent ones. Five binomial deviations of that many.
    for (below, level) in below.iter().zip([0.5f64, 0.1, 0.01]) {
        let share = f64::from(*below) / f64::from(frames);
        let deviation = (level * (1.0 - level) / 1800.0).sqrt();
        std::println!("p < {level}: {share}");
        assert!((share - level).abs() <= 5.0 * deviation, "{share} below {level}");
    }
}

/// A stream that stays as it is can be trusted; one whose noise now and then doubles for as long as it takes to notice cannot.
#[test]
fn the_calibration_says_when_it_cannot_be_trusted() {
    for (bursts, trusted) in [(false, true), (true, false)] {
        let mut monitor = Monitor::<2, 1>::new(&lively()).unwrap();
        let mut random = crate::testing::Random::new(12);
        for t in 0..20_000u32 {
            // Louder and louder, so that the past never shows what comes.
            let loud = if bursts { 1.0 + (t / 400) as f32 * f32::from(u8::from(t % 400 < 60)) } else { 1.0 };
            let x = random.normals(2);
            monitor.process(&[x[0] * loud, x[1] * loud]);
        }
        let check = monitor.calibration_check();
        std::println!("{bursts}: {} {}", check.rare_ratio(), check.uniformity());
        assert_eq!(monitor.calibration_trusted(), trusted);
    }
}
