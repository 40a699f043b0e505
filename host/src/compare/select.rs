//! In which features the difference is most pronounced: greedy forward selection, one pass backward.

use rayon::prelude::*;

use super::Config;
use super::labels::{Labelings, p_value};
use super::neighbours::Lists;
use super::pool::Pool;
use super::score::Scan;

/// One step of the search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// Index in the pool.
    pub(super) feature: usize,
    /// How much the statistic grew.
    pub(super) gain: f64,
    /// Of the best gain, among label permutations.
    pub(super) p: f64,
}

/// What the search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Subset {
    /// Features of the pool, the most telling first.
    pub(super) steps: Vec<Step>,
    /// The statistic of every single feature.
    pub(super) single: Vec<f64>,
    /// The largest of them for every labeling: the family-wise statistic of the first step.
    pub(super) largest: Vec<f64>,
}

/// The search for features; all lists are as deep as `scan`.
pub(super) struct Search<'a> {
    pub(super) pool: &'a Pool,
    pub(super) scan: &'a Scan,
    pub(super) labelings: &'a Labelings,
    pub(super) config: &'a Config,
}

impl Search<'_> {
    /// T of every labeling: the mean of Υ, distances in `features` only.
    fn statistic(&self, features: &[usize]) -> Vec<f64> {
        let lists = Lists::new(&self.pool.select(features), self.scan.depth(), self.config.seed);
        self.scan.strengths(&lists, self.labelings).into_iter().map(|s| s.mean).collect()
    }

    /// T of every labeling for every single feature, and the largest over the features for every labeling.
    pub(super) fn singles(&self) -> (Vec<Vec<f64>>, Vec<f64>) {
        let single: Vec<Vec<f64>> =
            (0..self.pool.columns.len()).into_par_iter().map(|f| self.statistic(&[f])).collect();
        let (_, largest) = best_of(&single, &vec![0.0; self.labelings.count()]);
        (single, largest)
    }

    /// Runs it. `progress` is told the number of features chosen so far.
    pub(super) fn run(&self, progress: &(dyn Fn(usize) + Sync)) -> Subset {
        let (single, largest) = self.singles();
        let none = vec![0.0; self.labelings.count()];
        let mut subset = Subset { steps: Vec::new(), single: single.iter().map(|t| t[0]).collect(), largest };
        let mut candidates: Vec<usize> = (0..single.len()).collect();
        // Ties in the order of the features.
        candidates.sort_by(|&a, &b| single[b][0].total_cmp(&single[a][0]));
        candidates.truncate(self.config.screened);
        let mut gains: Vec<Vec<f64>> = candidates.iter().map(|&f| single[f].clone()).collect();
        let mut present = none;
        while subset.steps.len() < self.config.most_features && !candidates.is_empty() {
            let (best, largest) = match subset.steps.len() {
                // All single features were looked at, not only the screened ones.
                0 => (0, subset.largest.clone()),
                _ => best_of(&gains, &present),
            };
            let gain = gains[best][0] - present[0];
            let p = p_value(gain, &largest[1..]);
            if p > self.config.level || gain <= 0.0 {
                break;
            }
            let feature = candidates.remove(best);
            present = gains.remove(best);
            subset.steps.push(Step { feature, gain, p });
            progress(subset.steps.len());
            let chosen: Vec<usize> = subset.steps.iter().map(|s| s.feature).collect();
            let with = |&f: &usize| self.statistic(&[&chosen[..], &[f]].concat());
            gains = candidates.par_iter().map(with).collect();
        }
        self.backward(&mut subset.steps, present);
        subset
    }

    /// Looks once at every feature, in the order they were chosen, and takes out those without which the statistic is no smaller than
    /// label permutations explain.
    fn backward(&self, steps: &mut Vec<Step>, mut present: Vec<f64>) {
        if steps.len() < 2 {
            return;
        }
        let mut at = 0;
        while at < steps.len() && steps.len() > 1 {
            let rest: Vec<usize> =
                steps.iter().enumerate().filter(|&(i, _)| i != at).map(|(_, s)| s.feature).collect();
            let without = self.statistic(&rest);
            let losses: Vec<f64> = present.iter().zip(&without).map(|(a, b)| a - b).collect();
            if p_value(losses[0], &losses[1..]) > self.config.level {
                steps.remove(at);
                present = without;
            } else {
                at += 1;
            }
        }
    }
}

/// The candidate with the largest observed statistic, and the largest gain of any candidate for every labeling.
fn best_of(statistics: &[Vec<f64>], present: &[f64]) -> (usize, Vec<f64>) {
    let mut best = 0;
    let mut largest = vec![f64::NEG_INFINITY; present.len()];
    for (candidate, statistic) in statistics.iter().enumerate() {
        if statistic[0] > statistics[best][0] {
            best = candidate;
        }
        for ((most, t), before) in largest.iter_mut().zip(statistic).zip(present) {
            *most = most.max(t - before);
        }
    }
    (best, largest)
}
