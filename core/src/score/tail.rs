//! Beyond the scores that were often seen: a tail that knows how little it rests on.
//!
//! Above a high edge `e` the excess of a score is taken as exponential (Pickands 1975 with shape 0: in decibels that is a power law of
//! the energy). Its mean is estimated from k independent excesses, and X/m̂ of exponential X and m̂ is F(2, 2k) distributed, so that
//!
//! P(S > s) = share · (1 + (s − e)/(k·m))^(−k)
//!
//! is the *predictive* probability: averaged over what the k happened to be, it is exact for every k, where the plug-in exp(−(s − e)/m) is
//! exceeded too often. Scores of overlapping windows come in clusters and are not independent: k is their number times the
//! extremal index, by Ferro & Segers' intervals estimator (J. R. Statist. Soc. B 65, 2003), which needs no tuning.

use crate::math::{exp, exp_m1, ln, ln_1p};

/// The law of scores above an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tail {
    /// Score from which the law holds.
    pub(super) edge: f32,
    /// Share of scores above the edge.
    pub(super) share: f32,
    /// Mean excess m of those.
    pub(super) mean_excess: f32,
    /// Independent excesses k that `mean_excess` rests on.
    pub(super) support: f32,
}

impl Tail {
    /// P(S > s) for s ≥ edge: never rises with s, at least the smallest normal `f32`.
    pub(super) fn p_value(&self, score: f32) -> f32 {
        let z = (score - self.edge) / (self.support * self.mean_excess);
        (self.share * exp(-self.support * ln_1p(z))).max(f32::MIN_POSITIVE)
    }

    /// The score that a share `p` ≤ `share` exceeds: the inverse of [`Self::p_value`].
    pub(super) fn quantile(&self, p: f32) -> f32 {
        let steps = exp_m1(ln(self.share / p) / self.support);
        self.edge + self.support * self.mean_excess * steps
    }
}

/// How much exceedances of an edge cluster: the moments of the times between them. State: 4 words.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Clusters {
    since: u32,
    /// Number, sum and sum of squares of the times, each multiplied by the share of scores above the edge at that time.
    count: f32,
    sum: f32,
    squares: f32,
}

impl Clusters {
    /// Fewer times say nothing; scores are then taken as independent.
    const SETTLE: f32 = 10.0;

    /// Times that count alike at least; at most twice as many as the tail rests on: the index is to be that of the present edge.
    const KEPT: f32 = 100.0;

    /// Moves on by one score, which exceeds the edge or not; a share `share` of scores does, of which the tail rests on `above`.
    pub(super) fn update(&mut self, exceeds: bool, share: f32, above: f32) {
        self.since = self.since.saturating_add(1);
        if exceeds {
            let time = self.since as f32 * share;
            self.since = 0;
            self.count += 1.0;
            self.sum += time;
            self.squares += time * time;
            if self.count >= Self::KEPT.max(2.0 * above) {
                self.halve();
            }
        }
    }

    /// Gives what was seen half its weight.
    fn halve(&mut self) {
        self.count *= 0.5;
        self.sum *= 0.5;
        self.squares *= 0.5;
    }

    /// The extremal index θ, 0.001 … 1: the share of exceedances that are independent, 1/(mean size of a cluster).
    ///
    /// Normalised times T between exceedances are 0 within a cluster and exponential of mean 1/θ between clusters, so (E T)²/E T² = θ/2.
    pub(super) fn extremal_index(&self) -> f32 {
        if self.count < Self::SETTLE || self.squares <= 0.0 {
            return 1.0;
        }
        (2.0 * self.sum / self.count * (self.sum / self.squares)).clamp(1e-3, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Clusters, Tail};
    use crate::testing::Random;

    #[test]
    fn the_quantile_is_the_inverse_of_the_p_value() {
        for support in [2.0, 10.0, 1e3, 1e6] {
            let tail = Tail { edge: 5.0, share: 0.01, mean_excess: 0.7, support };
            for p in [0.01f32, 1e-3, 1e-5, 1e-9] {
                let back = tail.p_value(tail.quantile(p));
                assert!((back / p - 1.0).abs() < 1e-3, "{support} {p}: {back}");
            }
            assert!(tail.p_value(f32::INFINITY) > 0.0);
        }
        // With unlimited support it is the plain exponential.
        let tail = Tail { edge: 5.0, share: 0.01, mean_excess: 0.7, support: 1e7 };
        assert!((tail.quantile(1e-4) - (5.0 + 0.7 * 100f32.ln())).abs() < 1e-3);
    }

    /// The mean exceedance rate of limits that rest on k exponential excesses is the wanted one; the plug-in is exceeded more often.
    #[test]
    fn the_predictive_tail_holds_its_rate_for_any_support() {
        let mut random = Random::new(1);
        for k in [3, 10, 50] {
            let (mut predictive, mut plug_in) = (0.0, 0.0);
            let runs = 100_000;
            for _ in 0..runs {
                let mean = (0..k).map(|_| -random.uniform().ln()).sum::<f64>() / f64::from(k);
                let tail = Tail { edge: 0.0, share: 1.0, mean_excess: mean as f32, support: k as f32 };
                predictive += (-f64::from(tail.quantile(1e-2))).exp();
                plug_in += 0.01f64.powf(mean);
            }
            let (predictive, plug_in) = (predictive / f64::from(runs), plug_in / f64::from(runs));
            std::println!("k = {k}: predictive {predictive:.5}, plug-in {plug_in:.5}");
            assert!((predictive / 1e-2 - 1.0).abs() < 0.03, "{k}: {predictive}");
            // E exp(−m̂·c) = (1 + c/k)^(−k) with c = ln 100.
            let theory = (1.0 + 100f64.ln() / f64::from(k)).powi(-k);
            assert!((plug_in / theory - 1.0).abs() < 0.03 && plug_in > 1.05e-2, "{k}: {plug_in}");
        }
    }

    #[test]
    fn the_extremal_index_is_one_over_the_size_of_clusters() {
        let mut random = Random::new(2);
        for size in [1u32, 4, 20] {
            let mut clusters = Clusters::default();
            let (mut left, mut sum, mut looks) = (0, 0.0, 0);
            for t in 0..2_000_000 {
                if left == 0 && random.uniform() < 1e-3 {
                    left = size;
                }
                clusters.update(left > 0, 1e-3 * size as f32, 50.0);
                left = left.saturating_sub(1);
                if t % 10_000 == 9_999 {
                    (sum, looks) = (sum + clusters.extremal_index(), looks + 1);
                }
            }
            // 50 to 100 times hold as few as three clusters of 20, and E 1/k exceeds 1/E k.
            let index = sum / looks as f32 * size as f32;
            std::println!("clusters of {size}: index times size {index}");
            assert!((0.85..1.5).contains(&index), "{size}: {index}");
        }
        assert_eq!(Clusters::default().extremal_index(), 1.0);
    }
}
