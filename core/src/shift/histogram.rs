//! Conformal normal scores from a histogram: how does a number rank among those before it?
//!
//! With the *bin* as score and ties broken at random, p = (#{past bins < b} + U·(#{past bins = b} + 1))/(n + 1) is exactly uniform and
//! independent of the past for exchangeable numbers of any law (Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World,
//! §2.7 and §8.2): coarse bins cost resolution, never validity, and no sample needs to be kept.

use super::normal::lower_probit;

/// Bins, equally wide over −4 … 4; the first and last are open.
pub(crate) const BINS: usize = 64;

/// Counts are halved when so many numbers are held: they stay in 16 bits and old ones fade.
const FULL: u32 = 60_000;

/// Counts of past numbers. 130 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Histogram {
    counts: [u16; BINS],
    total: u16,
}

impl Histogram {
    pub(crate) const EMPTY: Self = Self { counts: [0; BINS], total: 0 };

    /// The standard normal number of the same rank as `v` has among all before it; then `v` is one of them. `u` in (0, 1) breaks
    /// ties. Within ±6.1. NaN counts as the lowest.  Cost: 32 additions on average.
    pub(crate) fn score(&mut self, v: f32, u: f32) -> f32 {
        let place = (v + 4.0) * (BINS as f32 / 8.0);
        let bin = (place.max(0.0) as usize).min(BINS - 1);
        let below: u32 = self.counts[..bin].iter().map(|&c| u32::from(c)).sum();
        let own = u32::from(self.counts[bin]) + 1;
        let all = u32::from(self.total) + 1;
        self.counts[bin] += 1;
        self.total += 1;
        if all >= FULL {
            self.halve();
        }
        // Both tails by themselves, so that neither loses digits.
        let (own, scale) = (own as f32, 1.0 / all as f32);
        let lower = (below as f32 + u * own) * scale;
        let upper = ((all - below) as f32 - own + (1.0 - u) * own) * scale;
        if lower < upper { lower_probit(lower) } else { -lower_probit(upper) }
    }

    #[cold]
    fn halve(&mut self) {
        self.total = 0;
        for count in &mut self.counts {
            *count /= 2;
            self.total += *count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FULL, Histogram};
    use crate::shift::normal::Uniform;
    use crate::testing::Random;
    use std::vec::Vec;

    /// Scores of `values` after the first `skip`.
    fn scores(values: impl Iterator<Item = f32>, skip: usize) -> Vec<f64> {
        let (mut h, mut u) = (Histogram::EMPTY, Uniform::new(1));
        values.map(|v| f64::from(h.score(v, u.next()))).skip(skip).collect()
    }

    /// Mean, variance, fourth moment and lag-1 correlation of independent standard normal numbers, within five standard errors.
    fn assert_standard_normal(z: &[f64]) {
        let n = z.len() as f64;
        let moment = |k: i32| z.iter().map(|z| z.powi(k)).sum::<f64>() / n;
        assert!(moment(1).abs() < 5.0 / n.sqrt(), "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{}", moment(2));
        assert!((moment(4) - 3.0).abs() < 5.0 * (96.0 / n).sqrt(), "{}", moment(4));
        let lag = z.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n;
        assert!(lag.abs() < 5.0 / n.sqrt(), "{lag}");
    }

    #[test]
    fn scores_are_standard_normal_whatever_the_law() {
        let mut random = Random::new(3);
        assert_standard_normal(&scores((0..40_000).map(|_| random.normal() as f32), 0));
        // Exponential, wider than the bins reach.
        assert_standard_normal(&scores((0..40_000).map(|_| -6.0 * random.uniform().ln() as f32), 0));
        // Two values only, and one: all of it is ties.
        assert_standard_normal(&scores((0..40_000).map(|_| (random.bits() & 1) as f32), 0));
        assert_standard_normal(&scores((0..40_000).map(|_| 0.0), 0));
    }

    #[test]
    fn an_unheard_of_number_scores_by_the_count_of_the_others() {
        let mut h = Histogram::EMPTY;
        for _ in 0..999 {
            let _ = h.score(0.0, 0.5);
        }
        // Rank between 0 and 1 of 1000: p = u/1000.
        assert!((h.score(9.0, 0.5) - 3.290_5).abs() < 1e-3);
        assert!((h.score(f32::NEG_INFINITY, 0.5) + 3.290_5).abs() < 2e-3);
        assert!(h.score(f32::NAN, 0.5).is_finite());
    }

    #[test]
    fn counts_stay_bounded() {
        let z = scores((0..3 * FULL).map(|i| (i % 13) as f32 * 0.5 - 3.0), 2 * FULL as usize);
        assert!(z.iter().all(|z| z.abs() < 7.2));
        let variance = z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64;
        assert!((variance - 1.0).abs() < 0.03, "{variance}");
    }
}
