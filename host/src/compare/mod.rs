//! Two recordings: is there a shift, where, how much, in which features, and which samples explain it.
//!
//! Both sides become points with features ([`Points`], read by [`read`]) in one pool. For each point the labels of its nearest neighbours are
//! compared with coin flips: Υ is the largest surprise −log P over the number of neighbours (Springer et al., arXiv 2503.23927; written from
//! its formulas). What follows from Υ:
//!
//! | question | answer |
//! |---|---|
//! | is there a shift? | label permutations of its mean, its top tenth, the largest single-feature mean and the energy distance; one p-value ([`Test`]) |
//! | in which features? | greedy forward selection on the mean of Υ; stops where permutations reach the best gain; one pass backward |
//! | where? | points whose Υ reaches a limit, exact by dynamic programming for labels drawn without replacement |
//! | how much? | points that must go so that no difference is left: iterative density equalisation |
//!
//! All of it is for points that are exchangeable if both sides are alike. Neighbouring samples of a stream are not: use features of windows
//! that do not overlap and are longer than the stream's memory.

mod config;
mod crossing;
mod describe;
mod energy;
mod equalise;
mod error;
mod labels;
mod mask;
mod neighbours;
mod outcome;
mod points;
mod pool;
mod random;
pub mod read;
pub mod recordings;
mod score;
mod select;
mod tail;
mod test;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use error::{CompareError, Dropped};
pub use mask::write_mask;
pub(crate) use outcome::SIDES;
pub use outcome::{Chosen, Compared, Comparison, Equalised, SCHEMA, Sample, Side, Stretch};
pub use points::{Feature, Place, Points};
pub use score::Scan;
pub use test::{Statistic, Test};

use labels::Labelings;
use neighbours::Lists;
use pool::Pool;
use select::Search;

/// Compares `file` with `reference`, which have the same features. `progress` is told what is being done and how much of it is done (0 to 1).
///
/// Cost, for n points of both sides, F features and B permutations: O(n² F) distances and O(n K B) counts for each feature and step; 2 × 1,000
/// points with 20 features take a few seconds. Memory O(n²) bytes × 2 for the equalisation.
///
/// # Errors
/// If a setting is out of range, the features differ, none can be compared, or there are too few points.
pub fn compare(
    reference: &Points,
    file: &Points,
    config: &Config,
    progress: &(dyn Fn(&str, f64) + Sync),
) -> Result<Comparison, CompareError> {
    config.validate()?;
    if reference.features() != file.features() {
        return Err(CompareError::Features);
    }
    let sides = [reference, file];
    let pool = Pool::new(sides, config.seed)?;
    let counts = pool.counts();
    let scan = Scan::new(counts, config.depth(counts, [&reference.name, &file.name])?);
    let labelings = Labelings::new(&pool.labels, config.permutations, config.seed);
    progress("features", 0.0);
    let search = Search { pool: &pool, scan: &scan, labelings: &labelings, config };
    let mut subset = search.run(&|chosen| progress("features", chosen as f64 / config.most_features as f64));
    progress("test", 0.0);
    let all: Vec<usize> = (0..pool.columns.len()).collect();
    let test = Test::new(&pool, &all, &scan, &labelings, Some(&subset.largest), config);
    let shift = test.p_value <= config.level;
    if !shift {
        subset.steps.clear();
    }
    let features =
        if subset.steps.is_empty() { all } else { subset.steps.iter().map(|s| s.feature).collect() };
    progress("points", 0.0);
    let local = Local::new(&pool, &features, &scan, config);
    let equalised = (shift && !local.disjoint)
        .then(|| {
            equalise::equalise(&pool, &features, &scan, &local.lists, config, &|part| {
                progress("equalisation", part)
            })
        })
        .flatten();
    Ok(describe::describe(sides, &pool, &subset, test, &local, equalised, config))
}

/// The neighbourhood of every point in the features that matter.
struct Local {
    lists: Lists,
    scores: Vec<f32>,
    limits: [f64; 2],
    disjoint: bool,
}

/// Sides are called disjoint where neighbours of the other side are rarer than this beside those of the own.
const OVERLAP: f64 = 0.1;

impl Local {
    fn new(pool: &Pool, features: &[usize], scan: &Scan, config: &Config) -> Self {
        // As deep as can be: pruning reads on where others stop.
        let lists = Lists::new(&pool.select(features), pool.labels.len(), config.seed);
        let scores = scan.surprises(&lists, &pool.labels);
        let near = |i: usize| lists.of(i)[..scan.depth()].iter().map(|&j| pool.labels[usize::from(j)]);
        let same: usize =
            pool.labels.iter().enumerate().map(|(i, &own)| near(i).filter(|&l| l == own).count()).sum();
        let other = pool.labels.len() * scan.depth() - same;
        let disjoint = other as f64 <= OVERLAP * same as f64;
        Self { lists, scores, limits: scan.limits(config.point_level), disjoint }
    }
}
