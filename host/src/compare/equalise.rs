//! Iterative density equalisation: which points to leave out so that the rest of both sides has one distribution.
//!
//! Pruning of EagleEye (arXiv 2503.23927): while a point of one side is more surprising than a limit, take the most surprising one and walk its
//! list from the nearest neighbour as long as labels are its own; of the points met, those that were over the limit at the beginning go.
//! Lists are read without the points that went, and read anew. Each side is pruned against all of the other, so what remains of both is the
//! smaller of the two densities everywhere.

use super::labels::Labelings;
use super::neighbours::Lists;
use super::outcome::Equalised;
use super::pool::Pool;
use super::score::Scan;
use super::select::Search;
use super::{Config, Test};

/// Pruning goes to the next of these point levels as long as a difference is left: broad shifts leave no single point surprising.
const LEVELS: [f64; 18] =
    [1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

/// The rest is taken as equal when no statistic is larger than in half of the label permutations: less pruning leaves a difference, more makes
/// the rest more alike than two halves of one set.
const EQUAL: f64 = 0.5;

/// Added to the seed for permutations that had no part in finding the shift.
const FRESH: u64 = 0x5eed;

/// Points of the own side, itself among them, over which a weight is a mean.
const WEIGHED: usize = 16;

/// What is kept, and what the tests say of it.
pub(super) struct Rest {
    pub(super) keep: Vec<bool>,
    pub(super) weights: Vec<f32>,
    pub(super) outcome: Equalised,
}

/// Prunes both sides in `features` until the test there finds nothing, then tests the rest in all features with fresh permutations. `lists` hold all
/// others of every point. `None` if too few points would be left.
pub(super) fn equalise(
    pool: &Pool,
    features: &[usize],
    scan: &Scan,
    lists: &Lists,
    config: &Config,
    progress: &dyn Fn(f64),
) -> Option<Rest> {
    let mut keep = vec![true; pool.labels.len()];
    for (step, point_level) in LEVELS.into_iter().enumerate() {
        progress(step as f64 / LEVELS.len() as f64);
        let limits = scan.limits(point_level);
        for side in [1, 0] {
            prune(scan, lists, &pool.labels, side, limits[usize::from(side)] as f32, &mut keep);
        }
        let rest = pool.retain(&keep);
        let counts = rest.counts();
        let scan = Scan::new(counts, config.depth(counts, ["", ""]).ok()?);
        let labelings = Labelings::new(&rest.labels, config.permutations, config.seed.wrapping_add(FRESH));
        let subset_test = Test::new(&rest, features, &scan, &labelings, None, config);
        if subset_test.least() < EQUAL && step + 1 < LEVELS.len() {
            continue;
        }
        let labelings =
            Labelings::new(&rest.labels, config.permutations, config.seed.wrapping_add(2 * FRESH));
        let search = Search { pool: &rest, scan: &scan, labelings: &labelings, config };
        let (_, single) = search.singles();
        let all: Vec<usize> = (0..rest.columns.len()).collect();
        let test = Test::new(&rest, &all, &scan, &labelings, Some(&single), config);
        let before = pool.counts();
        let kept = [0, 1].map(|side| counts[side] as f64 / before[side] as f64);
        let weights = weights(lists, &pool.labels, &keep);
        return Some(Rest { keep, weights, outcome: Equalised { kept, point_level, subset_test, test } });
    }
    None
}

/// The mask, smoothed over the nearest points of the own side.
fn weights(lists: &Lists, labels: &[u8], keep: &[bool]) -> Vec<f32> {
    let of = |i: usize| {
        let own = lists.of(i).iter().map(|&j| usize::from(j)).filter(|&j| labels[j] == labels[i]);
        let around = std::iter::once(i).chain(own).take(WEIGHED);
        let (kept, all) = around.fold((0, 0), |(kept, all), j| (kept + u8::from(keep[j]), all + 1));
        f32::from(kept) / all as f32
    };
    (0..labels.len()).map(of).collect()
}

/// Prunes the points of one side until none of them is over `limit`.
///
/// `lists` hold all other points of every point, so they never run out. `keep` is the side's mask on entry and exit: points of that label that are
/// false are not there; points of the other label are all there whatever it says. At most one round for each point of the side, O(points over
/// the limit · depth) each.
fn prune(scan: &Scan, lists: &Lists, labels: &[u8], side: u8, limit: f32, keep: &mut [bool]) {
    let there = |keep: &[bool], j: usize| labels[j] != side || keep[j];
    let score = |keep: &[bool], i: usize| {
        let neighbours = lists.of(i).iter().map(|&j| usize::from(j)).filter(|&j| there(keep, j));
        scan.surprise(side, neighbours.map(|j| labels[j])).0
    };
    let members = (0..labels.len()).filter(|&i| labels[i] == side && keep[i]);
    let mut over: Vec<(usize, f32)> =
        members.map(|i| (i, score(keep, i))).filter(|&(_, v)| v >= limit).collect();
    let mut suspicious = vec![false; labels.len()];
    over.iter().for_each(|&(i, _)| suspicious[i] = true);
    while let Some(&(worst, _)) = over.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) {
        let walk = lists.of(worst).iter().map(|&j| usize::from(j)).filter(|&j| there(keep, j));
        let gone: Vec<usize> = std::iter::once(worst)
            .chain(walk.take_while(|&j| labels[j] == side))
            .filter(|&j| suspicious[j])
            .collect();
        gone.into_iter().for_each(|j| keep[j] = false);
        over.retain(|&(i, _)| keep[i]);
        over.iter_mut().for_each(|(i, value)| *value = score(keep, *i));
        over.retain(|&(_, value)| value >= limit);
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::SplitMix64;
    use super::*;

    #[test]
    fn pruning_takes_the_excess_of_its_side_and_nothing_else() {
        // Both sides uniform on 0 … 1; 150 points more of side 1 between 0.4 and 0.5.
        let (both, excess) = (300, 150);
        let mut random = SplitMix64::new(4);
        let mut uniform = || (random.next_u64() >> 40) as f32 / (1 << 24) as f32;
        let x: Vec<f32> = (0..2 * both + excess)
            .map(|i| if i < 2 * both { uniform() } else { 0.4 + 0.1 * uniform() })
            .collect();
        let labels: Vec<u8> = (0..x.len()).map(|i| u8::from(i >= both)).collect();
        let scan = Scan::new([both, both + excess], 74);
        let lists = Lists::new(&[&x], x.len(), 1);
        let mut keep = vec![true; x.len()];
        let limit = scan.limits(1e-3)[1] as f32;
        prune(&scan, &lists, &labels, 1, limit, &mut keep);
        let gone: Vec<usize> = (0..x.len()).filter(|&i| !keep[i]).collect();
        assert!(gone.iter().all(|&i| labels[i] == 1));
        let inside = gone.iter().filter(|&&i| (0.39..0.51).contains(&x[i])).count();
        assert!(
            inside * 10 >= gone.len() * 9 && (90..=180).contains(&gone.len()),
            "{inside} of {}",
            gone.len()
        );
        // Nothing that is left is over the limit, so doing it again changes nothing.
        let once = keep.clone();
        prune(&scan, &lists, &labels, 1, limit, &mut keep);
        assert_eq!(keep, once);
        // Weights are low where points went, one where none did.
        let weights = weights(&lists, &labels, &keep);
        let mean = |low: f32, high: f32| {
            let there: Vec<f32> = (0..x.len())
                .filter(|&i| labels[i] == 1 && (low..high).contains(&x[i]))
                .map(|i| weights[i])
                .collect();
            there.iter().sum::<f32>() / there.len() as f32
        };
        assert!(mean(0.42, 0.48) < 0.6 && mean(0.7, 1.0) == 1.0, "{} {}", mean(0.42, 0.48), mean(0.7, 1.0));
    }
}
