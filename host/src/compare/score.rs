//! How surprising the labels around a point are: Υ of EagleEye (arXiv 2503.23927), from the formulas of the paper.
//!
//! For a point and its neighbours j = 1 … K − 1 (itself left out), s(k) counts those among the first k that carry the point's own label, and
//! Υ = max over k of −log P(Bin(k, q) ≥ s(k)), q the share of that label in the pool. A point of the file with a large Υ lies where the file has
//! more points than the reference; for a point of the reference it is the other way round.

use rayon::prelude::*;

use super::crossing::{Draws, FIRST, threshold};
use super::labels::{LANES, Labelings};
use super::neighbours::Lists;
use super::tail::Tails;

/// Scales per factor of two in [`Scan::strengths`].
const SCALES_PER_OCTAVE: f64 = 4.0;

/// The part of the points, those with the largest Υ, whose mean is [`Strength::top`].
const TOP: f64 = 0.1;

/// One labeling's overall surprise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Strength {
    /// Mean of Υ: sees broad shifts.
    pub(super) mean: f64,
    /// Mean of the tenth with the largest Υ: sees local ones.
    pub(super) top: f64,
}

/// The score Υ for given numbers of points, and its exact limits.
#[derive(Clone, Debug)]
pub struct Scan {
    /// By label.
    tails: [Tails; 2],
    counts: [usize; 2],
    scales: Vec<usize>,
}

impl Scan {
    /// For `counts` points (at least one each) of the labels 0 and 1 and lists of `depth` neighbours.
    #[must_use]
    pub fn new(counts: [usize; 2], depth: usize) -> Self {
        let n = counts[0] + counts[1];
        let share = |label: usize| counts[label] as f64 / n as f64;
        let tails = [Tails::new(depth, share(0)), Tails::new(depth, share(1))];
        let steps = (0..).map(|i| (FIRST as f64 * (f64::from(i) / SCALES_PER_OCTAVE).exp2()) as usize);
        let mut scales: Vec<usize> = steps.take_while(|&k| k < depth).collect();
        scales.push(depth);
        Self { tails, counts, scales }
    }

    /// The limits (of labels 0 and 1) that Υ reaches with probability at most `p`: exact, labels drawn without replacement.
    #[must_use]
    pub fn limits(&self, p: f64) -> [f64; 2] {
        [0, 1].map(|label| {
            let (heads, others) = (self.counts[label] - 1, self.counts[0] + self.counts[1] - 1);
            threshold(&self.tails[label], Draws::Hypergeometric { heads, others }, p)
        })
    }

    /// How many neighbours are looked at.
    pub(super) fn depth(&self) -> usize {
        self.tails[0].depth()
    }

    /// Υ of a point with label `own` whose neighbours carry `labels`, nearest first, and the number of neighbours where it is reached.
    pub fn surprise(&self, own: u8, labels: impl Iterator<Item = u8>) -> (f32, usize) {
        let tails = &self.tails[usize::from(own)];
        let (mut same, mut best) = (0, (0.0, 0));
        for (label, k) in labels.zip(1..=self.depth()) {
            same += usize::from(label == own);
            if k >= FIRST {
                let value = tails.row(k)[same];
                if value > best.0 {
                    best = (value, k);
                }
            }
        }
        best
    }

    /// Υ of every point.
    pub(super) fn surprises(&self, lists: &Lists, labels: &[u8]) -> Vec<f32> {
        let of = |i: usize| self.surprise(labels[i], lists.of(i).iter().map(|&j| labels[usize::from(j)])).0;
        (0..labels.len()).into_par_iter().map(of).collect()
    }

    /// The strength of every labeling, with k on a geometric grid ([`FIRST`] · 2^(i/4), and the last) instead of all: permutations calibrate any
    /// statistic, and this one costs a tenth.
    pub(super) fn strengths(&self, lists: &Lists, labelings: &Labelings) -> Vec<Strength> {
        let block = |labels: &Vec<[u8; LANES]>| self.block(lists, labels);
        let mut all: Vec<Strength> = labelings.blocks().par_iter().flat_map_iter(block).collect();
        all.truncate(labelings.count());
        all
    }

    fn block(&self, lists: &Lists, labels: &[[u8; LANES]]) -> [Strength; LANES] {
        // By lane, because each lane is ranked on its own.
        let n = labels.len();
        let mut values = vec![0.0_f32; n * LANES];
        for (i, own) in labels.iter().enumerate() {
            for (lane, value) in self.lanes(lists.of(i), labels, own).into_iter().enumerate() {
                values[lane * n + i] = value;
            }
        }
        std::array::from_fn(|lane| strength(&mut values[lane * n..(lane + 1) * n]))
    }

    /// Υ of one point under each labeling of a block.
    fn lanes(&self, list: &[u16], labels: &[[u8; LANES]], own: &[u8; LANES]) -> [f32; LANES] {
        let (mut ones, mut best, mut done) = ([0_u16; LANES], [0.0_f32; LANES], 0);
        for &k in &self.scales {
            for &j in &list[done..k] {
                for (sum, &label) in ones.iter_mut().zip(&labels[usize::from(j)]) {
                    *sum += u16::from(label);
                }
            }
            done = k;
            let rows = [self.tails[0].row(k), self.tails[1].row(k)];
            for lane in 0..LANES {
                let ones = usize::from(ones[lane]);
                let value = if own[lane] == 1 { rows[1][ones] } else { rows[0][k - ones] };
                best[lane] = best[lane].max(value);
            }
        }
        best
    }
}

/// Means over all points and over the top; reorders `values`.
fn strength(values: &mut [f32]) -> Strength {
    let n = values.len();
    let all: f64 = values.iter().map(|&v| f64::from(v)).sum();
    let top = ((n as f64 * TOP).ceil() as usize).clamp(1, n);
    values.select_nth_unstable_by(top - 1, |a, b| b.total_cmp(a));
    // Summed in ascending order, or the sum would depend on how the selection left them.
    values[..top].sort_unstable_by(f32::total_cmp);
    let sum: f64 = values[..top].iter().map(|&v| f64::from(v)).sum();
    Strength { mean: all / n as f64, top: sum / top as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::random::SplitMix64;

    fn uniform(n: usize, seed: u64) -> Vec<f32> {
        let mut random = SplitMix64::new(seed);
        (0..n).map(|_| (random.next_u64() >> 40) as f32 / (1 << 24) as f32).collect()
    }

    #[test]
    fn a_run_of_own_labels_is_as_surprising_as_coin_flips() {
        let scan = Scan::new([50, 50], 60);
        let (value, k) = scan.surprise(1, std::iter::repeat_n(1, 30).chain(std::iter::repeat_n(0, 30)));
        assert!((f64::from(value) - 30.0 * std::f64::consts::LN_2).abs() < 1e-5, "{value}");
        assert_eq!(k, 30);
        // A label that is never met is no surprise in this direction.
        assert_eq!(scan.surprise(0, std::iter::repeat_n(1, 60)).0, 0.0);
    }

    #[test]
    fn labelings_side_by_side_are_those_one_by_one() {
        let (n, depth) = (300, 90);
        let column = uniform(n, 1);
        let labels: Vec<u8> = (0..n).map(|i| u8::from(i % 3 == 0)).collect();
        let (lists, labelings) = (Lists::new(&[&column], depth, 1), Labelings::new(&labels, 40, 2));
        let scan = Scan::new([200, 100], depth);
        let strengths = scan.strengths(&lists, &labelings);
        assert_eq!(strengths.len(), 41);
        for (labeling, found) in strengths.iter().enumerate() {
            let labels: Vec<u8> =
                labelings.blocks()[labeling / LANES].iter().map(|p| p[labeling % LANES]).collect();
            let of = |i: usize| {
                let own = labels[i];
                let same =
                    |k: usize| lists.of(i)[..k].iter().filter(|&&j| labels[usize::from(j)] == own).count();
                let at = |&k: &usize| scan.tails[usize::from(own)].row(k)[same(k)];
                scan.scales.iter().map(at).fold(0.0, f32::max)
            };
            let mut values: Vec<f64> = (0..n).map(|i| f64::from(of(i))).collect();
            let mean = values.iter().sum::<f64>() / n as f64;
            values.sort_by(|a, b| b.total_cmp(a));
            let top = values[..30].iter().sum::<f64>() / 30.0;
            assert!(
                (found.mean - mean).abs() < 1e-9 && (found.top - top).abs() < 1e-9,
                "{found:?} {mean} {top}"
            );
        }
    }

    /// Of points without a difference about one in a hundred is above the 1 % limit: over 20 pools, points are dependent within one.
    #[test]
    fn points_exceed_their_limit_as_often_as_promised() {
        let (n, depth) = (600, 100);
        let scan = Scan::new([300, 300], depth);
        let limits = scan.limits(0.01);
        let rates = (0..20).map(|seed| {
            let columns = [uniform(n, 3 * seed), uniform(n, 3 * seed + 1), uniform(n, 3 * seed + 2)];
            let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
            let labels: Vec<u8> = (0..n).map(|i| u8::from(i < 300)).collect();
            let values = scan.surprises(&Lists::new(&columns, depth, seed), &labels);
            let above = values.iter().zip(&labels);
            above.filter(|(v, l)| f64::from(**v) >= limits[usize::from(**l)]).count() as f64 / n as f64
        });
        let rate = rates.sum::<f64>() / 20.0;
        assert!((0.004..0.016).contains(&rate), "{rate}");
    }
}
