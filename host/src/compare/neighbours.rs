//! Nearest neighbours by brute force: exact in any number of features, where trees give no gain.
//!
//! The distances of one row are formed, ranked and forgotten, so memory is that of the lists; a row of 4,000 points in 8 features costs
//! less than ranking it, which is why the greedy search recomputes distances instead of keeping a matrix.

use rayon::prelude::*;

use super::random::mix;

/// Most points in one pool: indices are 16 bits.
pub(super) const MOST_POINTS: usize = 1 << 14;

/// For every point the indices of its nearest others, nearest first.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    index: Vec<u16>,
    depth: usize,
}

impl Lists {
    /// The `depth` nearest neighbours of every point, in the Euclidean metric of `columns` (one slice per feature, all of length n ≤
    /// [`MOST_POINTS`], finite).
    ///
    /// Equal distances are put in an order that depends on `seed` and the pair of points, never on the place of a point in the pool: ties must
    /// not favour one side. O(n² d) for the distances and O(n (n + depth log depth)) for the ranks.
    pub(super) fn new(columns: &[&[f32]], depth: usize, seed: u64) -> Self {
        let n = columns.first().map_or(0, |c| c.len());
        let depth = depth.min(n.saturating_sub(1));
        let mut index = vec![0; n * depth];
        if depth > 0 {
            index.par_chunks_mut(depth).enumerate().for_each_init(
                || (vec![0.0; n], Vec::with_capacity(n)),
                |(squared, keys), (i, list)| {
                    distances(columns, i, squared);
                    rank(squared, i, seed, keys, list);
                },
            );
        }
        Self { index, depth }
    }

    /// The neighbours of point `i`.
    pub(super) fn of(&self, i: usize) -> &[u16] {
        &self.index[i * self.depth..(i + 1) * self.depth]
    }
}

/// Squared distances of all points from point `i`, features added in their order.
fn distances(columns: &[&[f32]], i: usize, squared: &mut [f32]) {
    squared.fill(0.0);
    for column in columns {
        let x = column[i];
        for (sum, &y) in squared.iter_mut().zip(*column) {
            *sum += (y - x) * (y - x);
        }
    }
}

/// Indices in the order of distance. A key holds, from the top, the bits of the distance (which order like numbers because none is
/// negative), 16 bits of chance and the index.
fn rank(squared: &[f32], i: usize, seed: u64, keys: &mut Vec<u64>, list: &mut [u16]) {
    keys.clear();
    let salt = mix(seed ^ (i as u64) << 32);
    let key = |(j, d2): (usize, &f32)| {
        let chance = mix(salt ^ j as u64) >> 48;
        u64::from(d2.to_bits()) << 32 | chance << 16 | j as u64
    };
    keys.extend(squared.iter().enumerate().filter(|&(j, _)| j != i).map(key));
    if list.len() < keys.len() {
        keys.select_nth_unstable(list.len());
    }
    let nearest = &mut keys[..list.len()];
    nearest.sort_unstable();
    for (entry, key) in list.iter_mut().zip(nearest) {
        *entry = *key as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_those_of_a_plain_sort() {
        let column = |a: f32| (0..200).map(|i| (i as f32 * a).sin()).collect::<Vec<f32>>();
        let (a, b) = (column(1.7), column(0.3));
        let lists = Lists::new(&[&a, &b], 50, 1);
        for i in [0, 7, 199] {
            let far = |j: usize| f64::from(a[j] - a[i]).powi(2) + f64::from(b[j] - b[i]).powi(2);
            let mut order: Vec<usize> = (0..200).filter(|&j| j != i).collect();
            order.sort_by(|&j, &k| far(j).total_cmp(&far(k)));
            let found: Vec<usize> = lists.of(i).iter().map(|&j| usize::from(j)).collect();
            assert_eq!(found, order[..50]);
        }
        assert_eq!((lists.index.len(), lists.depth), (200 * 50, 50));
    }

    #[test]
    fn ties_are_drawn_by_lot() {
        // All points are one: every other point must come up about equally often among the first ten of a list.
        let column = vec![1.0; 400];
        let lists = Lists::new(&[&column], 10, 3);
        let mut seen = [0_i32; 4];
        for i in 0..400 {
            assert!(!lists.of(i).contains(&(i as u16)));
            lists.of(i).iter().for_each(|&j| seen[usize::from(j) / 100] += 1);
        }
        // 1000 expected in each quarter, standard deviation 27.
        assert!(seen.iter().all(|n| (n - 1000).abs() < 110), "{seen:?}");
    }

    #[test]
    fn depth_is_at_most_all_others() {
        assert_eq!(Lists::new(&[&[1.0, 2.0, 4.0]], 9, 0).of(2), [1, 0]);
        assert_eq!(Lists::new(&[&[1.0]], 9, 0).index.len(), 0);
        assert_eq!(Lists::new(&[], 9, 0).index.len(), 0);
    }
}
