//! Shapes, blocks, permutations, units.

use std::vec::Vec;

use super::{Plant, bits, lively};
use crate::error::ConfigError;
use crate::monitor::{Config, Monitor, Verdict};
use crate::testing::Random;

/// A stream with everything in it: signals, a flag, a constant, rails, missing samples, a burst.
fn rich(frames: usize, seed: u64) -> Vec<[f32; 6]> {
    let (mut plant, mut random) = (Plant::new(4, seed), Random::new(!seed));
    (0..frames)
        .map(|t| {
            let x = plant.next();
            let mut frame = [x[0], x[1], x[2], x[3], (t / 500 % 2) as f32, 7.25];
            frame[1] += if t / 40 == frames / 60 { 15.0 } else { 0.0 };
            for x in &mut frame {
                match random.bits() % 200 {
                    0 => *x = f32::NAN,
                    1 => *x = f32::INFINITY,
                    2 => *x = 30.0, // at the rail
                    _ => {}
                }
            }
            frame
        })
        .collect()
}

fn monitor() -> Monitor<6, 3> {
    let mut monitor = Monitor::new(&lively()).unwrap();
    (0..6).for_each(|i| monitor.set_rails(i, -30.0, 30.0).unwrap());
    monitor
}

#[cfg(feature = "alloc")]
#[test]
fn run_time_shapes_give_the_same_bits() {
    let (mut fixed, mut dynamic) = (monitor(), crate::DynMonitor::new(6, &lively()).unwrap());
    (0..6).for_each(|i| dynamic.set_rails(i, -30.0, 30.0).unwrap());
    let (mut shares, mut others, mut events) = ([0.0; 6], [0.0; 6], 0);
    for x in rich(4000, 81) {
        let (a, b) = (fixed.process(&x), dynamic.process(&x));
        assert_eq!(a.as_ref().map(bits), b.as_ref().map(bits));
        events += u32::from(a.is_some_and(|v| v.event.is_some()));
        fixed.contributions_into(&mut shares);
        dynamic.contributions_into(&mut others);
        assert_eq!(shares, others);
    }
    assert!(events > 3);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    assert_eq!(fixed.finish(|v| a.push(bits(&v))), dynamic.finish(|v| b.push(bits(&v))));
    assert_eq!((a, fixed.counters()), (b, dynamic.counters()));
}

#[test]
fn a_block_is_the_loop() {
    let frames = rich(3000, 82);
    let flat: Vec<f32> = frames.iter().flatten().copied().collect();
    let mut one = monitor();
    let loop_: Vec<_> = frames.iter().filter_map(|x| one.process(x)).map(|v| bits(&v)).collect();
    for size in [1, 17, 3000] {
        let (mut many, mut out) = (monitor(), Vec::new());
        for chunk in flat.chunks(6 * size) {
            assert_eq!(many.block(chunk, |v| out.push(bits(&v))), chunk.len() / 6);
        }
        assert_eq!(out, loop_);
        assert_eq!(many.counters(), one.counters());
    }
    // A torn frame at the end is left.
    assert_eq!(monitor().block(&flat[..6 * 5 + 2], |_| {}), 5);
}

/// Verdicts and contributions with the channels in another order.
fn permuted<const R: usize>(config: &Config, order: [usize; 4]) -> (Vec<Verdict>, Vec<[f32; 4]>) {
    let mut monitor = Monitor::<4, R>::new(config).unwrap();
    let (mut plant, mut shares, mut all) = (Plant::new(4, 83), [0.0; 4], Vec::new());
    let mut out = Vec::new();
    for t in 0..4000 {
        let mut x = plant.next();
        x[2] += if t / 20 == 150 { 8.0 } else { 0.0 };
        let frame = order.map(|i| x[i]);
        if let Some(v) = monitor.process(&frame) {
            out.push(v);
            monitor.contributions_into(&mut shares);
            let mut back = [0.0; 4];
            order.iter().zip(&shares).for_each(|(&i, &s)| back[i] = s);
            all.push(back);
        }
    }
    (out, all)
}

#[test]
fn the_order_of_channels_does_not_matter_to_temporal_views() {
    let mut config = lively();
    config.spatial.enabled = false;
    same_in_another_order(&config, [3, 1, 2, 0]);
    // Coarse views take turns by their index in the frame; channels 0 and 3 have the same turn.
    config.temporal.coarse = false;
    same_in_another_order(&config, [2, 0, 3, 1]);
}

fn same_in_another_order(config: &Config, order: [usize; 4]) {
    let (plain, shares) = permuted::<1>(config, [0, 1, 2, 3]);
    let (other, others) = permuted::<1>(config, order);
    for t in 0..plain.len() {
        assert_eq!(plain[t].score.to_bits(), other[t].score.to_bits());
        assert_eq!((plain[t].limit, plain[t].alarm), (other[t].limit, other[t].alarm));
        // The total of four shares is summed in another order: a few roundings.
        for i in 0..4 {
            assert!((shares[t][i] - others[t][i]).abs() <= 4.0 * f32::EPSILON, "frame {t}");
        }
    }
}

#[test]
fn the_order_of_channels_hardly_matters_to_the_spatial_view() {
    let mut config = lively();
    config.temporal.enabled = false;
    let (plain, _) = permuted::<1>(&config, [0, 1, 2, 3]);
    let (other, _) = permuted::<1>(&config, [2, 0, 3, 1]);
    // One common factor, so one axis stands out from the rest. The start of the basis treats channels differently, so the first memories do; the
    // stream then decides. Ten memories leave e⁻¹⁰ of the start, in energies: 4.34·e⁻¹⁰ dB, and as much again by what the usual energy remembers
    // of it.
    let far = |t: usize| (plain[t].score - other[t].score).abs();
    let late = (3500..plain.len()).map(far).fold(0.0, f32::max);
    std::println!("spatial scores apart by {late} dB");
    assert!(late <= 0.01, "{late}");
}

#[test]
fn units_do_not_matter() {
    let scales: [(f32, f32); 4] = [(1.0, 0.0), (1000.0, -5e5), (1e-3, 1.0), (-40.0, 273.15)];
    let (mut plain, mut other) =
        (Monitor::<4, 1>::new(&lively()).unwrap(), Monitor::<4, 1>::new(&lively()).unwrap());
    let (mut plant, mut apart, mut count) = (Plant::new(4, 84), 0.0f64, 0);
    for t in 0..6000 {
        let x = plant.next();
        let y: Vec<f32> = x.iter().zip(&scales).map(|(x, (a, b))| a * x + b).collect();
        if let (Some(a), Some(b)) = (plain.process(&x), other.process(&y))
            && t > 2000
        {
            // View by view: which is farther above its limit may hang on the last bit.
            assert!(!a.score.is_nan() && !b.score.is_nan());
            let scores = |m: &Monitor<4, 1>| {
                let of_channels = (0..4).map(|i| m.temporal_score(i)).fold(f32::NEG_INFINITY, f32::max);
                [of_channels, m.spatial_score()]
            };
            for (a, b) in scores(&plain).into_iter().zip(scores(&other)) {
                apart = apart.max(f64::from((a - b).abs()));
            }
            count += 1;
        }
    }
    // The worst unit, 10⁻³ on an offset of 1, leaves x a resolution of ε/10⁻³ = 1.2·10⁻⁴ scales: noise of relative energy 1.2·10⁻⁹·L/12,
    // far below the residual of a stream with noise. Its amplitude, against a residual as low as a tenth of a scale: 10⁻³, or 0.01 dB.
    std::println!("units: {apart} dB apart over {count}");
    assert!(apart <= 0.02, "{apart}");
}

#[test]
fn the_monitor_can_be_moved_and_shared_between_threads() {
    const fn check<T: Send + Sync>() {}
    const _: () = check::<Monitor<8, 3>>();
    #[cfg(feature = "alloc")]
    const _: () = check::<crate::DynMonitor>();
}

#[test]
fn the_state_has_a_stated_size() {
    assert_eq!(Monitor::<8, 3>::STATE_BYTES, size_of::<Monitor<8, 3>>());
    // Per channel and scale: ring 2·100, basis 2·100, mean 100 words, and about 60 of the rest; per channel: lead 100, condition 40; two vectors
    // of 100 shared; spatial view, histograms and event. A flag has 140 bytes, the rate 48, the usual score 20; what was fused has 12, and the
    // influence of frames with and without gaps, apart, 32.
    const {
        assert!(
            Monitor::<8, 3>::STATE_BYTES
                < 8 * ((2 * 560 + 140) * 4 + 140 + 24 + 20) + 3072 + 128 + 4 * 115 + 24 + 48 + 12 + 32
        )
    };
    // Without temporal views a window of one is enough.
    const {
        assert!(
            Monitor::<8, 3, 1, 1>::STATE_BYTES
                < 6_500 + 8 * (140 + 24 + 20) + 128 + 4 * 115 + 24 + 48 + 12 + 32
        )
    };
}

/// The key of a refused configuration.
fn refused(change: impl Fn(&mut Config)) -> &'static str {
    let mut config = Config::default();
    change(&mut config);
    match Monitor::<4, 3>::new(&config) {
        Err(ConfigError::OutOfRange { field, .. } | ConfigError::Conflict { field, .. }) => field,
        Ok(_) => "accepted",
    }
}

#[test]
fn a_wrong_configuration_is_named_by_its_key() {
    assert_eq!(refused(|_| ()), "accepted");
    assert_eq!(refused(|c| c.condition.memory_frames = 0.5), "condition.memory_frames");
    assert_eq!(refused(|c| c.condition.flag_values = 9), "condition.flag_values");
    assert_eq!(refused(|c| c.spatial.rank = 0), "spatial.rank");
    assert_eq!(refused(|c| c.spatial.memory_frames = f32::NAN), "spatial.memory_frames");
    assert_eq!(refused(|c| c.temporal.length = 1), "temporal.length");
    assert_eq!(refused(|c| c.temporal.length = 101), "temporal.length");
    assert_eq!(refused(|c| c.temporal.rank = 3), "temporal.rank");
    assert_eq!(refused(|c| c.temporal.memory_frames = 1.0), "temporal.memory_frames");
    assert_eq!(refused(|c| c.alarm.frames_per_false_alarm = 1.0), "alarm.frames_per_false_alarm");
    assert_eq!(refused(|c| c.alarm.warm_up_frames = 99), "alarm.warm_up_frames");
    assert_eq!(refused(|c| c.alarm.memory_frames = 0), "alarm.memory_frames");
    assert_eq!(refused(|c| c.alarm.merge_frames = u32::MAX), "alarm.merge_frames");
    assert_eq!(refused(|c| (c.spatial.enabled, c.temporal.enabled) = (false, false)), "temporal.enabled");
    let mut monitor = Monitor::<4, 3>::new(&Config::default()).unwrap();
    assert!(monitor.set_rails(0, 1.0, 1.0).is_err() && monitor.set_rails(0, f32::NAN, 1.0).is_err());
    assert!(monitor.set_rails(4, 0.0, 1.0).is_err() && monitor.set_rails(3, 0.0, 1.0).is_ok());
}

#[cfg(feature = "alloc")]
#[test]
fn run_time_shapes_are_checked_too() {
    for channels in [0, 65_537] {
        assert!(matches!(
            crate::DynMonitor::new(channels, &Config::default()),
            Err(ConfigError::OutOfRange { field: "channels", .. })
        ));
    }
    assert!(crate::DynMonitor::new(1, &Config::default()).is_ok());
}
