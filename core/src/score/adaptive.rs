//! A wanted share of alarms, held in the long run whatever the stream does.

use crate::error::{ConfigError, in_range};

/// One, in the units of the level: 2⁻⁶⁰.
const ONE: i64 = 1 << 60;

/// Adaptive conformal inference (Gibbs & Candès, NeurIPS 2021): the level α_t at which a p-value alarms follows the alarms themselves,
/// α_{t+1} = α_t + η·(α − err_t), err_t = 1 on an alarm.
///
/// For **any** sequence of p-values, chosen by an adversary who knows the level, |mean err − α| ≤ (max(α₁, 1 − α₁) + η)/(η·T) after T
/// frames: α_t stays within −η … 1 + η, because below 0 nothing alarms and above 1 everything does. Integer arithmetic keeps that exact for
/// ever: in `f32` a level near 1 would not feel steps of 5·10⁻⁸.
///
/// The promise is about the long run only. It answers a lasting change by raising the bar until alarms are rare again; so hold it with `freeze`
/// while something says that the stream itself has changed. And each alarm takes η·(1 − α) from the level: with η far above α, one alarm
/// silences the next (1 − α)/α frames, whatever they hold. η = 1/2000 suits rates of 10⁻² and 10⁻³; at 10⁻⁴ choose η ≤ α/2 where bursts matter.
///
/// A monitor that sets its limits by the level and decides by them tells it what was decided, with [`Self::observe`].
///
/// State: 3 long words. Cost: a comparison and an addition a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveLevel {
    /// α_t, η·α and η·(1 − α) in units of 2⁻⁶⁰.
    level: i64,
    up: i64,
    down: i64,
}

impl AdaptiveLevel {
    /// A usual step η.
    pub const STEP: f32 = 1.0 / 2000.0;

    /// Starts at the wanted share `alpha` of alarms (10⁻¹⁰ … 0.5), with `step` η (10⁻⁷ … 0.1).
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn new(alpha: f32, step: f32) -> Result<Self, ConfigError> {
        in_range("adaptive alarm rate", f64::from(alpha), 1e-10, 0.5)?;
        in_range("adaptive step", f64::from(step), 1e-7, 0.1)?;
        // The smallest η·α is 10⁻¹⁷, ten units; η itself is the sum of the two steps.
        let fixed = |x: f32| (x * ONE as f32) as i64;
        let up = fixed(step * alpha);
        Ok(Self { level: fixed(alpha), up, down: fixed(step) - up })
    }

    /// The present level α_t: p-values below it alarm. ≤ 0: none does; ≥ 1: all do.
    #[must_use]
    pub fn level(&self) -> f32 {
        self.level as f32 * (1.0 / ONE as f32)
    }

    /// Whether a frame of this p-value (0 … 1) alarms; then adapts, unless `freeze`. NaN never alarms and changes nothing.
    pub fn update(&mut self, p_value: f32, freeze: bool) -> bool {
        if p_value.is_nan() {
            return false;
        }
        let alarm = self.level >= ONE || (self.level > 0 && p_value < self.level());
        if !freeze {
            self.level += if alarm { -self.down } else { self.up };
        }
        alarm
    }

    /// Adapts to a frame that was decided elsewhere: an `alarm` or not. Raise none while the level is 0 or less, and the share of alarms
    /// after T frames is at most α + (α₁ + η)/(η·T·(1 − α)). The level ends at 1, since nobody promises an alarm there.
    pub fn observe(&mut self, alarm: bool) {
        self.level = (self.level + if alarm { -self.down } else { self.up }).min(ONE);
    }
}

#[cfg(test)]
mod tests {
    use super::AdaptiveLevel;
    use crate::testing::Random;

    /// Share of alarms after `frames` frames of a sequence that may look at the level.
    fn share(alpha: f32, step: f32, frames: u32, mut p: impl FnMut(u32, f32) -> f32) -> f64 {
        let mut level = AdaptiveLevel::new(alpha, step).unwrap();
        let mut alarms = 0u32;
        for t in 0..frames {
            alarms += u32::from(level.update(p(t, level.level()), false));
            let now = level.level();
            assert!(now >= -step * 1.0001 && now <= 1.0 + step * 1.0001, "{now}");
        }
        f64::from(alarms) / f64::from(frames)
    }

    #[test]
    fn the_share_is_bounded_for_any_sequence() {
        let frames = 300_000;
        for alpha in [0.1f32, 1e-2, 1e-3, 1e-4] {
            for step in [0.05, AdaptiveLevel::STEP, 1e-4] {
                let a = f64::from(alpha);
                let bound = (a.max(1.0 - a) + f64::from(step)) / (f64::from(step) * f64::from(frames));
                let mut random = Random::new(3);
                let shares = [
                    ("always the smallest", share(alpha, step, frames, |_, _| f32::MIN_POSITIVE)),
                    ("never", share(alpha, step, frames, |_, _| 1.0)),
                    (
                        "just below the level",
                        share(alpha, step, frames, |_, level| (level * 0.99).clamp(0.0, 1.0)),
                    ),
                    (
                        "just above the level",
                        share(alpha, step, frames, |_, level| (level * 1.01).clamp(0.0, 1.0)),
                    ),
                    (
                        "long runs",
                        share(alpha, step, frames, |t, _| if t / 10_000 % 2 == 0 { 1e-9 } else { 0.9 }),
                    ),
                    (
                        "quiet, then loud",
                        share(alpha, step, frames, |t, _| if t < 200_000 { 1.0 } else { 1e-12 }),
                    ),
                    ("tenfold too small", share(alpha, step, frames, |_, _| 0.1 * random.uniform() as f32)),
                ];
                for (name, share) in shares {
                    assert!((share - a).abs() <= bound, "{name}, {alpha} {step}: {share}, bound {bound:e}");
                }
            }
        }
    }

    /// Alarms whenever they are allowed, and never.
    #[test]
    fn observed_decisions_are_bounded_from_above() {
        let (alpha, step, frames) = (1e-2f32, 1e-4f32, 200_000);
        let mut level = AdaptiveLevel::new(alpha, step).unwrap();
        let mut alarms = 0u32;
        for _ in 0..frames {
            let alarm = level.level() > 0.0;
            alarms += u32::from(alarm);
            level.observe(alarm);
        }
        let (a, s, t) = (f64::from(alpha), f64::from(step), f64::from(frames));
        let excess = f64::from(alarms) / t - a;
        assert!(excess > 0.0 && excess <= (a + s) / (s * t * (1.0 - a)), "{excess}");
        let mut level = AdaptiveLevel::new(0.5, 0.05).unwrap();
        (0..1_000).for_each(|_| level.observe(false));
        assert!(level.level() <= 1.0 && level.level() > 0.99);
    }

    #[test]
    fn it_is_the_published_recursion() {
        let (alpha, step) = (0.02f32, 0.005f32);
        let mut level = AdaptiveLevel::new(alpha, step).unwrap();
        let (mut random, mut plain) = (Random::new(4), f64::from(alpha));
        for _ in 0..50_000 {
            let p = random.uniform() as f32;
            let alarm = level.update(p, false);
            assert_eq!(alarm, f64::from(p) < plain);
            plain += f64::from(step) * (f64::from(alpha) - f64::from(u8::from(alarm)));
            assert!((f64::from(level.level()) - plain).abs() < 1e-7);
        }
    }

    #[test]
    fn frozen_it_decides_and_does_not_move() {
        let mut level = AdaptiveLevel::new(1e-2, AdaptiveLevel::STEP).unwrap();
        let before = level;
        assert!((0..1000).all(|_| level.update(1e-3, true)) && !level.update(0.5, true));
        assert!(!level.update(f32::NAN, false));
        assert_eq!(level, before);
        assert!(level.update(1e-3, false) && level.level() < before.level());
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert!(AdaptiveLevel::new(0.0, 1e-3).is_err() && AdaptiveLevel::new(f32::NAN, 1e-3).is_err());
        assert!(AdaptiveLevel::new(0.1, 0.0).is_err() && AdaptiveLevel::new(0.1, 1.0).is_err());
        // The smallest of both still moves.
        let mut level = AdaptiveLevel::new(1.1e-10, 1.1e-7).unwrap();
        let before = level;
        level.update(1.0, false);
        assert!(level != before);
    }
}
