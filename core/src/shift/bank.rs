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
/// Page's W ← max(W, 1)·Λ is largest for the onset of greatest likelihood: the last frame before which it was at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wager {
    pub(crate) r: f32,
    w: f32,
    /// Age of the most likely onset in frames; if the present frame is the onset it is 1.
    pub(crate) age: f32,
}

impl Wager {
    pub(crate) const NEW: Self = Self { r: 0.0, w: 0.0, age: 0.0 };

    /// A wager as it was taken apart by [`Self::parts`].
    pub(crate) const fn from_parts([r, w, age]: [f32; 3]) -> Self {
        Self { r, w, age }
    }

    pub(crate) const fn parts(self) -> [f32; 3] {
        [self.r, self.w, self.age]
    }

    /// R ← (1 + R)·Λ for ln Λ = `log`; returns the new R. NaN counts as Λ = 0: money lost, never an alarm.
    pub(crate) fn play(&mut self, log: f32) -> f32 {
        // Not `min`, which would make the largest win of NaN.
        self.multiply(exp(if log > LARGEST_LOG { LARGEST_LOG } else { log }))
    }

    /// [`Self::play`] for Λ itself.
    pub(crate) fn multiply(&mut self, factor: f32) -> f32 {
        let bounded = |x: f32| if x.is_nan() { 0.0 } else { x.min(LARGEST) };
        self.age = if self.w <= 1.0 { 1.0 } else { self.age + 1.0 };
        self.w = bounded(self.w.max(1.0) * factor);
        self.r = bounded((1.0 + self.r) * factor);
        self.r
    }
}

#[cfg(test)]
mod tests {
    use super::Wager;
    use crate::testing::Random;

    #[test]
    fn r_sums_over_onsets_and_the_age_is_that_of_the_likeliest() {
        let mut random = Random::new(5);
        // It falls for 40 frames and rises from then on.
        let drift = |t| if t < 40 { -0.1 } else { 0.2 };
        let logs: std::vec::Vec<f64> = (0..60).map(|t| drift(t) + 0.3 * random.normal()).collect();
        let mut wager = Wager::NEW;
        for &log in &logs {
            wager.play(log as f32);
        }
        // Directly: the unit staked at onset s is worth the product of all factors from s on.
        let worth = |s: usize| logs[s..].iter().sum::<f64>().exp();
        let r: f64 = (0..60).map(worth).sum();
        let best = (0..60).max_by(|&s, &t| worth(s).total_cmp(&worth(t))).unwrap();
        assert!((f64::from(wager.r) / r - 1.0).abs() < 1e-4, "{} {r}", wager.r);
        assert!((wager.age - (60 - best) as f32).abs() < 0.5, "{} {best}", wager.age);
    }

    #[test]
    fn hostile_factors_end_in_bounds() {
        let mut wager = Wager::NEW;
        for log in [f32::INFINITY, f32::MAX, f32::NAN, f32::NEG_INFINITY, 1e30, -1e30, 80.0, 80.0, 0.0] {
            let r = wager.play(log);
            assert!((0.0..=1e30).contains(&r), "{log}: {r}");
            assert!(!log.is_nan() || r == 0.0, "{r}");
            assert!((1.0..=9.0).contains(&wager.age));
        }
    }
}
