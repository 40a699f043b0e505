//! How often the limit is exceeded, what one score can do, and what a stream that changes does.

use std::vec::Vec;

use super::{BINS, Calibration, LOW, WIDTH};
use crate::testing::Random;

/// 4·N(0, 1), in dB.
fn normals(n: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..n).map(|_| 4.0 * random.normal() as f32).collect()
}

/// Exponential scores of mean 4 dB.
fn exponentials(n: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..n).map(|_| -4.0 * random.uniform().ln() as f32).collect()
}

fn learned(memory: u32, rate: f32, scores: &[f32]) -> Calibration {
    let mut c = Calibration::new(memory, rate).unwrap();
    scores.iter().for_each(|&s| c.update(s));
    c
}

#[test]
fn p_values_of_the_same_law_are_uniform() {
    let c = learned(100_000, 1e-3, &normals(50_000, 1));
    let fresh = normals(50_000, 2);
    for level in [0.5, 0.1, 0.01] {
        let hits = fresh.iter().filter(|&&s| c.p_value(s) < level).count() as f64 / 5e4;
        assert!((hits / f64::from(level) - 1.0).abs() < 0.15, "{level}: {hits}");
    }
}

#[test]
fn the_limit_is_exceeded_at_the_wanted_rate() {
    // The tail model is exact, the limit at rate q is −4·ln q.
    for rate in [0.2f32, 1e-2, 1e-3] {
        let c = learned(1_000_000, rate, &exponentials(200_000, 3));
        let exact = -4.0 * rate.ln();
        assert!((c.limit() - exact).abs() < 0.05 * exact + 0.2, "{rate}: {}", c.limit());
        let p = c.p_value(c.limit());
        assert!((p / rate - 1.0).abs() < 0.05, "{rate}: {p}");
    }
}

/// The mean rate over many short streams: of exponential scores the wanted one at any length, of normal ones, whose tail is lighter
/// than what 50 of so few can tell, less. Standard errors are below 4 %.
#[test]
fn a_short_stream_does_not_alarm_more_often() {
    for n in [300, 1_000, 5_000] {
        let (runs, rate) = (400, 1e-3);
        let (mut exponential, mut normal) = (0.0, 0.0);
        for run in 0..runs {
            let limit = learned(100_000, rate, &exponentials(n, 1000 + run)).limit();
            exponential += (-f64::from(limit) / 4.0).exp();
            let limit = learned(100_000, rate, &normals(n, 5000 + run)).limit();
            normal += 0.5 * libm::erfc(f64::from(limit) / 4.0 / 2f64.sqrt());
        }
        let scale = 1.0 / (runs as f64 * f64::from(rate));
        let (exponential, normal) = (exponential * scale, normal * scale);
        std::println!("{n} scores: {exponential:.2} of the wanted rate, {normal:.2} for normal scores");
        assert!((0.75..1.35).contains(&exponential), "{n}: {exponential}");
        assert!(normal < 1.25 && (n < 5_000 || normal > 0.5), "{n}: {normal}");
    }
}

#[test]
fn p_never_rises_with_the_score_and_stays_in_its_range() {
    let mut c = Calibration::new(1000, 1e-4).unwrap();
    for (i, s) in normals(5000, 4).into_iter().enumerate() {
        c.update(if i % 97 == 0 { s + 60.0 } else { s });
        if c.total() < 50 || i % 7 != 0 {
            continue;
        }
        let mut last = 1.0;
        for k in -800..4500 {
            let p = c.p_value(k as f32 * 0.02);
            assert!(p > 0.0 && p <= last, "p({}) = {p} after {last}", k as f32 * 0.02);
            last = p;
        }
        if i > 1500 {
            break;
        }
    }
    assert!(c.p_value(f32::INFINITY) > 0.0 && c.p_value(f32::NAN).is_nan());
}

#[test]
fn a_gross_score_moves_the_limit_by_a_bounded_step() {
    for seed in 0..20 {
        let mut c = learned(100_000, 1e-4, &normals(1_000 + 2_000 * seed as usize, 60 + seed));
        let before = c.limit();
        let mut same = c;
        c.update(1e6);
        same.update(before);
        for s in normals(200, 90) {
            c.update(s);
            same.update(s);
        }
        assert!(c.limit() - same.limit() < 1.0, "{} after {before}, else {}", c.limit(), same.limit());
        // It is as any alarm: its size does not matter.
        let mut other = learned(100_000, 1e-4, &normals(1_000 + 2_000 * seed as usize, 60 + seed));
        other.update(before + 10.0);
        normals(200, 90).into_iter().for_each(|s| other.update(s));
        assert_eq!(c.limit(), other.limit());
    }
}

/// A level that rises by 5 … 25 dB and stays, first as an excursion of 1,000 scores: how long it takes until fewer than one frame in 20 alarms, and how often the limit is
/// exceeded after 60,000 frames.
#[test]
fn a_lasting_change_of_level_is_learned() {
    for (rate, known) in [(1e-4, 20_000), (1e-3, 20_000), (1e-4, 150_000), (1e-3, 150_000)] {
        for rise in [5.0, 12.0, 25.0] {
            let mut c = learned(100_000, rate, &normals(known, 7));
            let mut alarms = Vec::new();
            for (t, s) in normals(60_000, 8).into_iter().enumerate() {
                if s + rise > c.limit() {
                    alarms.push(t);
                }
                c.update(s + rise);
            }
            // The last of 50 alarms within 1000 frames.
            let learned = alarms.windows(50).rev().find(|w| w[49] - w[0] < 1000).map_or(0, |w| w[49]);
            let later = normals(60_000, 9).into_iter().filter(|s| s + rise > c.limit()).count();
            std::println!("rate {rate}, {known} known, +{rise} dB: {learned} frames, then {later} of 60,000");
            assert!(
                learned as f32 <= 2500.0 + 40.0 * rate * known as f32,
                "{rate} {known} {rise}: {learned}"
            );
            // Of all that is held a share `rate` exceeds the limit, and nearly all of those are new: 60,000 scores, or 35,000 after the
            // first 50,000 were halved. Three standard errors, of this count and of the limit, which rests on no more.
            let new = if known + 60_000 < 200_000 { 60_000.0 } else { 35_000.0 };
            let wanted = 60_000.0 * rate * c.total() as f32 / new;
            assert!(later as f32 <= wanted + 3.0 * (2.0 * wanted).sqrt(), "{rate} {known} {rise}: {later}");
        }
    }
}

#[test]
fn old_scores_fade_and_counters_stay_bounded() {
    let mut c = Calibration::new(200, 1e-2).unwrap();
    (0..100_000).for_each(|_| c.update(8.0));
    assert!(c.total() <= 400);
    (0..5_000).for_each(|_| c.update(0.0));
    assert!(c.limit() < 4.0, "{}", c.limit());
    c.update(f32::INFINITY);
    c.update(f32::NEG_INFINITY);
    c.update(f32::NAN);
    (0..100).for_each(|_| c.update(1e30));
    assert!(c.limit().is_finite());
}

#[test]
fn the_bins_cover_what_the_documentation_says() {
    assert_eq!(LOW + WIDTH * BINS as f32, 40.0);
    assert_eq!(size_of::<Calibration>(), 4 * 113);
}
