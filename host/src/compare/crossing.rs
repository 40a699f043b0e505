//! Thresholds without simulation: the law of the largest surprise on a walk of labels, by pushing probabilities.
//!
//! Υ = max over k of −log P(Bin(k, q) ≥ s(k)) reaches u exactly if the walk s(k) crosses the boundary
//! s_crit(k) = min {s : −log P(Bin(k, q) ≥ s) ≥ u} for some k. Pushing the law of s(k) from k to k + 1 and taking out what has crossed costs
//! O(depth²) additions for each u.

use super::tail::Tails;

/// Fewest neighbours that are tested: below, no count is surprising at the usual limits.
pub(super) const FIRST: usize = 20;

/// How labels are drawn under the hypothesis that they say nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Draws {
    /// Each with probability q: coin flips. Only the published tables need it.
    #[cfg(test)]
    Binomial(f64),
    /// From `others` points of which `heads` have the label, without replacement: what holds exactly for the neighbours of one point.
    Hypergeometric {
        /// Points that carry the label.
        heads: usize,
        /// All points but the one whose neighbours they are.
        others: usize,
    },
}

impl Draws {
    /// Probability that the draw after `k` draws with `s` heads is heads.
    fn heads(self, k: usize, s: usize) -> f64 {
        match self {
            #[cfg(test)]
            Self::Binomial(q) => q,
            Self::Hypergeometric { heads, others } => {
                heads.saturating_sub(s) as f64 / others.saturating_sub(k).max(1) as f64
            }
        }
    }
}

/// P(Υ ≥ `level`) for Υ over k = [`FIRST`] … `tails.depth()`.
pub(super) fn probability(tails: &Tails, draws: Draws, level: f64) -> f64 {
    let depth = tails.depth();
    let mut law = vec![0.0; depth + 2];
    law[0] = 1.0;
    let mut crossed = 0.0;
    // Where the law ends: s(k) < s_crit(k) since the last cut.
    let mut top = 0;
    for k in 0..depth {
        for s in (0..=top).rev() {
            let moved = law[s] * draws.heads(k, s);
            law[s + 1] += moved;
            law[s] -= moved;
        }
        top += 1;
        if k + 1 >= FIRST {
            let critical = tails.row(k + 1).partition_point(|&surprise| f64::from(surprise) < level);
            while top > 0 && top >= critical {
                crossed += std::mem::take(&mut law[top]);
                top -= 1;
            }
        }
    }
    crossed
}

/// The smallest level that Υ reaches with probability at most `p`: Υ above or at it has a p-value of at most `p`.
///
/// Υ takes finitely many values, so the level is one of them, found by bisection to 10⁻⁶.
pub(super) fn threshold(tails: &Tails, draws: Draws, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 720.0);
    while high - low > 1e-6 {
        let middle = 0.5 * (low + high);
        if probability(tails, draws, middle) > p { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::random::SplitMix64;

    /// K neighbours with the point itself among them: K − 1 draws, as the tables of the papers count.
    fn tails(neighbours: usize, q: f64) -> Tails {
        Tails::new(neighbours - 1, q)
    }

    #[test]
    fn thresholds_of_fair_coins() {
        for (neighbours, wanted) in [(100, [6.196, 8.751, 13.572]), (500, [7.062, 9.627, 14.543])] {
            let tails = tails(neighbours, 0.5);
            for (p, wanted) in [1e-2, 1e-3, 1e-5].into_iter().zip(wanted) {
                let found = threshold(&tails, Draws::Binomial(0.5), p);
                // Υ has values here and there: all levels between two of them mean the same, the published one lies somewhere there.
                assert!((found - wanted).abs() < 2e-3, "K = {neighbours}, p = {p}: {found}, not {wanted}");
                let at = |level| probability(&tails, Draws::Binomial(0.5), level);
                assert!(at(found) <= p && at(found - 1e-4) > p, "K = {neighbours}, p = {p}");
                assert!(at(wanted) <= 1.0005 * p, "K = {neighbours}, p = {p}: {}", at(wanted));
            }
        }
    }

    #[test]
    fn drawing_without_replacement_crosses_less() {
        let without = |heads| Draws::Hypergeometric { heads, others: 999 };
        for (neighbours, wanted) in [(100, [1.93e-3, 1.47e-3, 1.40e-3]), (500, [4.29e-3, 2.00e-3, 1.88e-3])] {
            let tails = tails(neighbours, 0.5);
            for (draws, wanted) in [Draws::Binomial(0.5), without(500), without(499)].into_iter().zip(wanted)
            {
                let found = probability(&tails, draws, 8.0);
                assert!(
                    (found - wanted).abs() < 0.6e-5,
                    "K = {neighbours}, {draws:?}: {found}, not {wanted}"
                );
            }
        }
    }

    /// 20 000 shuffles of 300 labels, 90 of them heads: the realised rate lies within four standard errors of the promised one.
    #[test]
    fn shuffled_labels_keep_the_rate() {
        let (heads, others, depth, p) = (90, 300, 80, 0.05);
        let tails = Tails::new(depth, 0.3);
        let draws = Draws::Hypergeometric { heads, others };
        let level = threshold(&tails, draws, p);
        let exact = probability(&tails, draws, level);
        assert!(exact <= p && exact > 0.5 * p, "{exact}");
        let mut random = SplitMix64::new(5);
        let mut labels: Vec<usize> = (0..others).map(|i| usize::from(i < heads)).collect();
        let runs = 20_000;
        let crossed = (0..runs).filter(|_| {
            random.shuffle(&mut labels);
            let mut s = 0;
            (1..=depth).any(|k| {
                s += labels[k - 1];
                k >= FIRST && f64::from(tails.row(k)[s]) >= level
            })
        });
        let rate = crossed.count() as f64 / f64::from(runs);
        let error = (exact * (1.0 - exact) / f64::from(runs)).sqrt();
        assert!((rate - exact).abs() < 4.0 * error, "{rate}, promised {exact}");
    }

    #[test]
    fn degenerate_walks() {
        let tails = Tails::new(30, 0.5);
        // No heads at all: nothing can cross. Only heads: everything does.
        assert_eq!(probability(&tails, Draws::Hypergeometric { heads: 0, others: 40 }, 1.0), 0.0);
        let all = probability(&tails, Draws::Hypergeometric { heads: 40, others: 40 }, 10.0);
        assert!((all - 1.0).abs() < 1e-12);
        // More draws than points: the walk stops gaining heads instead of failing.
        assert!(probability(&tails, Draws::Hypergeometric { heads: 5, others: 10 }, 3.0) < 1e-12);
        // Fewer than FIRST flips are never tested.
        assert_eq!(probability(&Tails::new(FIRST - 1, 0.5), Draws::Binomial(0.5), 0.5), 0.0);
    }
}
