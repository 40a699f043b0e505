//! The labels of the pool (0 reference, 1 file) and their permutations, side by side so that all are counted in one pass.

use super::random::SplitMix64;

/// Labelings in one block: one vector register.
pub(super) const LANES: usize = 32;

/// The observed labels and permutations of them. Labeling 0 is the observed one.
#[derive(Clone, Debug)]
pub(super) struct Labelings {
    /// Block, then point, then lane.
    blocks: Vec<Vec<[u8; LANES]>>,
    count: usize,
}

impl Labelings {
    /// `labels` and `permutations` shuffles of them.
    pub(super) fn new(labels: &[u8], permutations: usize, seed: u64) -> Self {
        let count = permutations + 1;
        let mut blocks = vec![vec![[0; LANES]; labels.len()]; count.div_ceil(LANES)];
        let mut random = SplitMix64::new(seed);
        let mut shuffled = labels.to_vec();
        for labeling in 0..blocks.len() * LANES {
            // Lanes that nobody asked for repeat the last one.
            if (1..count).contains(&labeling) {
                random.shuffle(&mut shuffled);
            }
            for (point, &label) in blocks[labeling / LANES].iter_mut().zip(&shuffled) {
                point[labeling % LANES] = label;
            }
        }
        Self { blocks, count }
    }

    /// How many there are, the observed one among them.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn blocks(&self) -> &[Vec<[u8; LANES]>] {
        &self.blocks
    }
}

/// The p-value of `observed` among permutations: (1 + how many are as large) / (1 + how many there are).
pub(super) fn p_value(observed: f64, permuted: &[f64]) -> f64 {
    let as_large = permuted.iter().filter(|&&t| t >= observed).count();
    (as_large + 1) as f64 / (permuted.len() + 1) as f64
}

/// One p-value for several statistics of the same labelings (labeling 0 observed): each is ranked among its own permutations, and the
/// smallest of a labeling's p-values is ranked in the same way (Westfall & Young 1993). Exact whatever the dependence of the statistics.
pub(super) fn smallest_p(statistics: &[&[f64]]) -> f64 {
    let count = statistics.first().map_or(0, |s| s.len());
    let mut smallest = vec![1.0_f64; count];
    for statistic in statistics {
        let mut descending = statistic.to_vec();
        descending.sort_unstable_by(|a, b| b.total_cmp(a));
        for (least, value) in smallest.iter_mut().zip(*statistic) {
            let as_large = descending.partition_point(|t| t >= value);
            *least = least.min(as_large as f64 / count as f64);
        }
    }
    let observed = smallest.first().copied().unwrap_or(1.0);
    smallest.iter().filter(|&&p| p <= observed).count().max(1) as f64 / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_keep_the_number_of_labels() {
        let labels: Vec<u8> = (0..50).map(|i| u8::from(i < 20)).collect();
        let labelings = Labelings::new(&labels, 40, 7);
        assert_eq!((labelings.count(), labelings.blocks().len()), (41, 2));
        for labeling in 0..64 {
            let lane: Vec<u8> =
                labelings.blocks()[labeling / LANES].iter().map(|p| p[labeling % LANES]).collect();
            assert_eq!(lane.iter().map(|&l| usize::from(l)).sum::<usize>(), 20);
            assert_eq!(lane == labels, labeling == 0);
        }
    }

    #[test]
    fn p_values_count_ties_against_the_alarm() {
        assert_eq!(p_value(3.0, &[1.0, 3.0, 2.0]), 0.5);
        assert_eq!(p_value(9.0, &[1.0, 3.0, 2.0]), 0.25);
        assert_eq!(smallest_p(&[&[1.0, 1.0, 1.0, 1.0]]), 1.0);
        // Ahead in one of two statistics only: the other labelings may be ahead in the other one.
        assert_eq!(smallest_p(&[&[9.0, 1.0, 2.0, 3.0], &[0.0, 5.0, 4.0, 3.0]]), 0.5);
        assert_eq!(smallest_p(&[&[9.0, 1.0, 2.0, 3.0]]), 0.25);
        assert_eq!(smallest_p(&[]), 1.0);
    }
}
