//! Shiryaev–Roberts statistics of many bets at once.
//!
//! A bet is a factor Λ_t ≥ 0 that is fixed before frame t is seen and has mean 1 if nothing changed. R ← (1 + R)·Λ_t then sums, over all possible
//! onsets, what one unit staked at that onset has become. A weighted mean M of such R has E[M_t] = t without a change, so the time T at
//! which M first reaches A has mean at least A (Shin, Ramdas & Rinaldo, "E-detectors", 2022; Shiryaev 1963, Roberts 1966): the wanted
//! mean time between false alarms *is* the threshold.

use crate::math::exp;

/// R stays below this. Clamping only lowers R, so the promise stands.
const LARGEST: f32 = 1e30;

/// log Λ stays below this: e⁸⁰ is still a number.
const LARGEST_LOG: f32 = 80.0;

/// One bet's statistic, and when the change it sees began.
///
/// Given the bet's own likelihoods and a uniform prior, the onset's posterior weights are the terms of R's sum; their mean age and mean squared
/// age follow the same recursion as R.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wager {
    pub(crate) r: f32,
    /// Mean age of the onset in frames; the present frame has age 1.
    pub(crate) age: f32,
    /// Mean squared age.
    pub(crate) age2: f32,
}

impl Wager {
    pub(crate) const NEW: Self = Self { r: 0.0, age: 0.0, age2: 0.0 };

    /// R ← (1 + R)·Λ for ln Λ = `log`; returns the new R. NaN counts as Λ = 0: money lost, never an alarm.
    pub(crate) fn play(&mut self, log: f32) -> f32 {
        self.multiply(exp(log.min(LARGEST_LOG)))
    }

    /// [`Self::play`] for Λ itself.
    pub(crate) fn multiply(&mut self, factor: f32) -> f32 {
        let keep = self.r / (1.0 + self.r);
        self.age2 = 1.0 + keep * (self.age2 + 2.0 * self.age);
        self.age = 1.0 + keep * self.age;
        let r = (1.0 + self.r) * factor;
        self.r = if r < LARGEST {
            r
        } else if r.is_nan() {
            0.0
        } else {
            LARGEST
        };
        self.r
    }

    /// Standard deviation of the onset's age, in frames.
    pub(crate) fn age_deviation(&self) -> f32 {
        crate::math::sqrt((self.age2 - self.age * self.age).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Wager;
    use crate::testing::Random;

    #[test]
    fn r_and_the_age_are_sums_over_onsets() {
        let mut random = Random::new(5);
        let logs: std::vec::Vec<f64> = (0..60).map(|_| 0.3 * random.normal()).collect();
        let mut wager = Wager::NEW;
        for &log in &logs {
            wager.play(log as f32);
        }
        // Directly: the unit staked at onset s is worth the product of all factors from s on.
        let (mut r, mut age, mut age2) = (0.0, 0.0, 0.0);
        for s in 0..60 {
            let worth = logs[s..].iter().sum::<f64>().exp();
            let a = (60 - s) as f64;
            (r, age, age2) = (r + worth, age + a * worth, age2 + a * a * worth);
        }
        let deviation = (age2 / r - (age / r).powi(2)).sqrt();
        assert!((f64::from(wager.r) / r - 1.0).abs() < 1e-4, "{} {r}", wager.r);
        // The last factor multiplies every term, so ages are known to the last digit before it.
        assert!((f64::from(wager.age) - age / r).abs() < 1e-3 * age / r, "{} {}", wager.age, age / r);
        assert!((f64::from(wager.age_deviation()) / deviation - 1.0).abs() < 1e-2);
    }

    #[test]
    fn hostile_factors_end_in_bounds() {
        let mut wager = Wager::NEW;
        for log in [f32::INFINITY, f32::MAX, f32::NAN, f32::NEG_INFINITY, 1e30, -1e30, 80.0, 80.0, 0.0] {
            let r = wager.play(log);
            assert!((0.0..=1e30).contains(&r), "{log}: {r}");
            assert!(wager.age.is_finite() && wager.age_deviation().is_finite());
        }
    }
}
