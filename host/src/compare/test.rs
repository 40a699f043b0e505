//! The global test: is there any difference at all?

use super::Config;
use super::energy;
use super::labels::{Labelings, p_value, smallest_p};
use super::neighbours::Lists;
use super::pool::Pool;
use super::score::Scan;

/// A statistic beside what label permutations make of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Statistic {
    /// As observed.
    pub value: f64,
    /// Mean over the permutations.
    pub expected: f64,
    /// Share of the labelings, the observed one among them, in which it is as large.
    pub p_value: f64,
}

/// The outcome of a label-permutation test of several statistics at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Test {
    /// The one p-value for all of them (Westfall & Young's smallest p): exact whatever their dependence.
    pub p_value: f64,
    /// Mean of the point scores Υ, in all features: broad differences.
    pub mean: Statistic,
    /// Mean of the largest tenth of them: local differences.
    pub top: Statistic,
    /// The energy distance, in all features.
    pub energy: Statistic,
    /// The largest mean score in any single feature: differences that few features show.
    pub single: Option<Statistic>,
}

impl Statistic {
    fn new(labelings: &[f64]) -> Self {
        let (value, permuted) = labelings.split_first().map_or((f64::NAN, &[][..]), |(v, rest)| (*v, rest));
        let expected = permuted.iter().sum::<f64>() / permuted.len() as f64;
        Self { value, expected, p_value: p_value(value, permuted) }
    }
}

impl Test {
    /// Tests the pool in some of its features. `single` is the largest single-feature statistic of every labeling, if it was computed.
    pub(super) fn new(
        pool: &Pool,
        features: &[usize],
        scan: &Scan,
        labelings: &Labelings,
        single: Option<&[f64]>,
        config: &Config,
    ) -> Self {
        let columns = pool.select(features);
        let lists = Lists::new(&columns, scan.depth(), config.seed);
        let strengths = scan.strengths(&lists, labelings);
        let mean: Vec<f64> = strengths.iter().map(|s| s.mean).collect();
        let top: Vec<f64> = strengths.iter().map(|s| s.top).collect();
        let energy = energy::distances(&columns, labelings, pool.counts());
        let mut statistics = vec![mean.as_slice(), &top, &energy];
        statistics.extend(single);
        Self {
            p_value: smallest_p(&statistics),
            mean: Statistic::new(&mean),
            top: Statistic::new(&top),
            energy: Statistic::new(&energy),
            single: single.map(Statistic::new),
        }
    }

    /// The smallest of the separate p-values.
    pub(super) fn least(&self) -> f64 {
        let single = self.single.map_or(1.0, |s| s.p_value);
        self.mean.p_value.min(self.top.p_value).min(self.energy.p_value).min(single)
    }
}
