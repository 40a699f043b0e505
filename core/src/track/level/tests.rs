//! The level against its definition in `f64`, its null distribution, and what it promises about changes that last.

use super::{LAG, Level, LevelConfig};
use crate::testing::Random;
use std::vec::Vec;

/// The definition, over whole recordings in `f64`: nothing is kept but what the formulas name. No alarms.
fn reference(config: &LevelConfig, x: &[f32]) -> Vec<f64> {
    let (mut s, mut m) = (0.0f64, 0.0f64);
    let (mut levels, mut deviations, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    let (mut v, mut c, mut k) = (0.0f64, 0.0f64, 0.0f64);
    let memory = f64::from(config.memory_frames);
    for (t, &x) in x.iter().enumerate() {
        s += (1.0 / (t as f64 + 1.0)).max(1.0 / f64::from(config.smoothing_frames)) * (f64::from(x) - s);
        if t == 0 {
            m = s;
        }
        levels.push(s);
        deviations.push(s - m);
        scores.push(if k < 20.0 {
            f64::NAN
        } else {
            let rho = (c / v).clamp(0.0, 0.98);
            let tau = LAG as f64 * (1.0 + rho) / (1.0 - rho);
            let nu = (k.min(8.0 * memory) / tau).max(0.5);
            let t2: f64 = (s - m) * (s - m) / (v * (1.0 + 1.0 / nu));
            (nu * (t2 / nu).ln_1p()).sqrt() * (8.0 * nu + 1.0) / (8.0 * nu + 3.0)
        });
        if t < LAG {
            continue;
        }
        let u = t - LAG;
        if u > 10 {
            k += 1.0;
            let gain = (1.0 / k).max(1.0 / (4.0 * memory));
            let before = if u >= LAG { deviations[u - LAG] } else { 0.0 };
            let square = deviations[u] * deviations[u];
            let most = if k > 30.0 { 25.0 * v } else { f64::INFINITY };
            v += gain * (square.min(most) - v);
            c += gain * ((deviations[u] * before).clamp(-most, most) - c);
        }
        m += (1.0 / (u as f64 + 1.0)).max(1.0 / memory) * (levels[u] - m);
    }
    scores
}

#[test]
fn follows_its_definition() {
    let config = LevelConfig::default();
    let mut random = Random::new(7);
    let mut wander = 0.0f32;
    let x: Vec<f32> = (0..5_000)
        .map(|_| {
            wander += 0.02 * random.normal() as f32;
            3.0 + wander + random.normal() as f32
        })
        .collect();
    let expected = reference(&config, &x);
    let mut level = Level::new();
    for (t, (&x, expected)) in x.iter().zip(expected).enumerate() {
        let z = f64::from(level.process(&config, x, f32::INFINITY));
        assert_eq!(z.is_nan(), expected.is_nan(), "{t}");
        assert!(z.is_nan() || (z - expected).abs() < 1e-2 + 1e-3 * expected, "{t}: {z} {expected}");
    }
}

/// On noise, white or wandering, |z| > 3 must be as rare as for a normal number, from the start on: the degrees of freedom see to that.
#[test]
fn three_sigma_means_three_sigma_after_200_frames() {
    let config = LevelConfig::default();
    let mut random = Random::new(11);
    // 0.0027 for independent normal scores. Those of a short, wandering stream are only nearly so.
    for (correlation, most) in [(0.0f32, 0.006), (0.9, 0.008), (0.99, 0.012)] {
        let (mut above, mut all) = (0u32, 0u32);
        for _ in 0..400 {
            let mut level = Level::new();
            let mut x = 0.0f32;
            for t in 0..400 {
                x = correlation * x + random.normal() as f32;
                let z = level.process(&config, x, f32::INFINITY);
                if t >= 200 {
                    all += 1;
                    above += u32::from(z > 3.0);
                }
            }
        }
        let rate = f64::from(above) / f64::from(all);
        assert!(rate < most, "correlation {correlation}: {rate}");
    }
}

/// A step of two standard deviations of the raw samples: seen within 15 frames, kept in sight while it lasts, forgotten when it
/// has lasted longer than `hold_frames`.
#[test]
fn a_step_is_held_and_then_learned() {
    let config = LevelConfig::default();
    let mut random = Random::new(3);
    let mut level = Level::new();
    let (mut first, mut held, mut late) = (None, 0, 0);
    for t in 0..4_000u32 {
        let step = if t >= 1_000 { 2.0 } else { 0.0 };
        let z = level.process(&config, step + random.normal() as f32, 4.0);
        let alarm = z > 4.0;
        assert!(!(100..1_000).contains(&t) || !alarm, "false alarm at {t}: {z}");
        if alarm && first.is_none() {
            first = Some(t);
        }
        held += u32::from(alarm && (1_020..1_900).contains(&t));
        late += u32::from(alarm && t >= 1_000 + config.hold_frames + 200);
    }
    assert!(first.is_some_and(|t| t < 1_015), "{first:?}");
    assert!(held > 850, "{held} of 880 frames");
    assert!(late < 10, "{late} late alarms");
}

/// A gross sample in the warm-up, when only gross deviations are held, must not blind it for long to a step of two deviations.
#[test]
fn a_gross_sample_in_the_warm_up_is_overcome() {
    let config = LevelConfig::default();
    let mut random = Random::new(17);
    let mut level = Level::new();
    let mut seen = 0;
    for t in 0..3_000u32 {
        let gross = if t == 500 { 1e6 } else { 0.0 };
        let step = if t >= 2_500 { 2.0 } else { 0.0 };
        let limit = if t < 1_000 { 10.0 } else { 4.0 };
        let z = level.process(&config, gross + step + random.normal() as f32, limit);
        seen += u32::from((2_520..3_000).contains(&t) && z > 4.0);
    }
    assert!(seen > 300, "{seen} of 480 frames");
}

#[test]
fn anything_may_come() {
    let config = LevelConfig::default();
    for value in [0.0, -0.0, 1e-45, 1e38, f32::MAX, -f32::MAX, f32::INFINITY, f32::NEG_INFINITY] {
        let mut level = Level::new();
        let mut random = Random::new(5);
        for t in 0..3_000 {
            let x = if (500..600).contains(&t) { value } else { random.normal() as f32 };
            let z = level.process(&config, x, 5.0);
            assert!(z.is_nan() || (z >= 0.0 && z.is_finite()), "{value}, frame {t}: {z}");
        }
        // Two holds and a while to learn later it works again.
        assert!(level.process(&config, 0.0, 5.0) < 5.0, "{value}");
    }
    let mut level = Level::new();
    for _ in 0..1_000 {
        assert!(level.process(&config, f32::NAN, 5.0).is_nan());
        assert!(level.process(&config, 4.0, 5.0).is_nan(), "a constant has no deviation to judge by");
    }
}

/// A smoothed level comes back in 10·ln(height/limit) frames; bounded samples make that a matter of the limit alone.
#[test]
fn the_alarm_ends_soon_after_a_fault_of_any_size() {
    for size in [2.0, 10.0, 1e3, 1e6] {
        let (mut level, mut random, mut after) = (Level::new(), Random::new(41), 0);
        for t in 0..4_500 {
            let x = random.normal() as f32 + if (3_000..3_300).contains(&t) { size } else { 0.0 };
            let score = level.process(&LevelConfig::default(), x, 4.0);
            after += u32::from(t >= 3_300 && score > 4.0);
        }
        assert!(after < 30, "{after} frames after a step of {size} deviations");
    }
}

/// The new level is taken as the normal one wherever it is, and is judged by the noise that was known.
#[test]
fn a_gross_change_that_lasts_is_learned() {
    let (mut level, mut random, mut late) = (Level::new(), Random::new(42), 0);
    for t in 0..6_000 {
        let x = random.normal() as f32 + if t >= 3_000 { 1e4 } else { 0.0 };
        let score = level.process(&LevelConfig::default(), x, 4.5);
        late += u32::from(t >= 4_200 && score > 4.5);
    }
    assert!(late < 20, "{late}");
}

/// A channel that stands still at first is watched as soon as its noise is known.
#[test]
fn a_channel_that_comes_alive_late_is_watched() {
    for still in [30, 50, 100, 300, 1_000] {
        let (mut level, mut random, mut seen) = (Level::new(), Random::new(43), [0; 2]);
        for t in 0..still + 3_000 {
            let fault = if t >= still + 2_000 { 6.0 } else { 0.0 };
            let x = if t < still { 7.0 } else { 7.0 + random.normal() as f32 + fault };
            let score = level.process(&LevelConfig::default(), x, 4.5);
            if t >= still + 1_000 {
                seen[usize::from(fault > 0.0)] += u32::from(score > 4.5);
            }
        }
        assert!(seen[0] < 20 && seen[1] > 900, "still for {still} frames: {seen:?}");
    }
}
