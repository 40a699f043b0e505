//! VUS-PR: the volume under the precision–recall surface, as the TSB-AD benchmark computes it.
//!
//! Paparrizos et al., "Volume Under the Surface", PVLDB 15 (2022); Liu & Paparrizos, "The Elephant in the Room", NeurIPS 2024.
//! The surface has one precision–recall curve (250 thresholds, taken at evenly spaced ranks of the scores) for each width
//! `w = 0..=W` of a soft buffer around every labelled run; the volume is the mean area over the widths.
//!
//! The definition costs O(W · 250 · n). The sets of predicted points are nested, so one number says everything about a point:
//! the index of the first threshold that predicts it, its *level*. Sums over predicted points are then cumulative sums of a
//! histogram over levels, and only the points of a buffer change with `w`: O(n log n + Σ_w (runs · w + 250)).

/// Thresholds of each precision–recall curve.
const LEVELS: usize = 250;

/// One value per threshold.
type PerLevel = [f64; LEVELS];

/// VUS-PR of `scores` (higher is more anomalous) against `labels`, with buffers of `0..=window` points; in `0..=1`.
///
/// Any strictly increasing map of the scores gives the same value. A NaN score counts as the lowest possible one, equal to −∞:
/// a detector that abstains is predicted last. The volume is undefined, and NaN is returned, if no point is labelled.
///
/// Time O(n log n + window² · runs + 250 · window), memory O(n).
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn vus_pr<T: Copy + Into<f64>>(labels: &[bool], scores: &[T], window: usize) -> f64 {
    assert_eq!(labels.len(), scores.len(), "one score for every label");
    let runs = runs(labels);
    if runs.is_empty() {
        return f64::NAN;
    }
    let levels = levels(scores);
    let mut surface = Surface::new(labels, &levels, runs, window);
    let volume: f64 = (0..=window).map(|w| surface.area(w)).sum();
    volume / (window + 1) as f64
}

/// First and last index of each maximal run of labelled points, in order.
fn runs(labels: &[bool]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (i, _) in labels.iter().enumerate().filter(|&(_, &labelled)| labelled) {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == i => *end = i,
            _ => runs.push((i, i)),
        }
    }
    runs
}

/// For each point, the index of the first (highest) threshold that it reaches. Every point reaches the last one.
fn levels<T: Copy + Into<f64>>(scores: &[T]) -> Vec<usize> {
    let scores: Vec<f64> = scores.iter().map(|&s| ordered(s.into())).collect();
    let mut descending = scores.clone();
    descending.sort_unstable_by(|a, b| b.total_cmp(a));
    let thresholds = ranks(scores.len()).map(|rank| descending[rank]);
    scores.iter().map(|&s| thresholds.partition_point(|&t| t > s)).collect()
}

/// NaN becomes the lowest score.
fn ordered(score: f64) -> f64 {
    if score.is_nan() { f64::NEG_INFINITY } else { score }
}

/// `floor(linspace(0, n − 1, 250))`, rounded like NumPy's `linspace`: index times a rounded step, the last value exact.
fn ranks(n: usize) -> [usize; LEVELS] {
    let last = n - 1;
    let step = last as f64 / (LEVELS - 1) as f64;
    std::array::from_fn(|j| if j == LEVELS - 1 { last } else { (j as f64 * step) as usize })
}

/// Replaces counts per level by counts up to and including each level.
fn accumulate(histogram: &mut PerLevel) {
    let mut sum = 0.0;
    for entry in histogram {
        sum += *entry;
        *entry = sum;
    }
}

/// A labelled run and the lowest level inside it and its buffer of `reach` points on both sides.
struct Run {
    start: usize,
    end: usize,
    reach: usize,
    lowest: usize,
}

impl Run {
    /// Widens the buffer by one point on each side, within the series.
    fn widen(&mut self, levels: &[usize]) {
        self.reach += 1;
        let before = self.start.checked_sub(self.reach).map(|i| levels[i]);
        let after = levels.get(self.end + self.reach).copied();
        self.lowest = before.into_iter().chain(after).fold(self.lowest, usize::min);
    }
}

/// What is shared by the curves of all widths, and the scratch of one.
struct Surface<'a> {
    levels: &'a [usize],
    runs: Vec<Run>,
    /// Labelled points.
    positives: f64,
    /// Points predicted at each level.
    predicted: PerLevel,
    /// Labelled points predicted at each level.
    hits: PerLevel,
    /// Unlabelled points within half a window of a run.
    halo: Vec<usize>,
    /// Soft label of each point, zero between two calls of `area`.
    soft: Vec<f64>,
}

impl<'a> Surface<'a> {
    fn new(labels: &[bool], levels: &'a [usize], runs: Vec<(usize, usize)>, window: usize) -> Self {
        let (mut predicted, mut hits) = ([0.0; LEVELS], [0.0; LEVELS]);
        for (&level, &labelled) in levels.iter().zip(labels) {
            predicted[level] += 1.0;
            hits[level] += f64::from(u8::from(labelled));
        }
        accumulate(&mut predicted);
        accumulate(&mut hits);
        let halo = halo(labels, &runs, window / 2);
        let runs = runs.into_iter().map(|(start, end)| {
            let lowest = levels[start..=end].iter().copied().min().unwrap_or(LEVELS - 1);
            Run { start, end, reach: 0, lowest }
        });
        let soft = vec![0.0; labels.len()];
        Self { levels, runs: runs.collect(), positives: hits[LEVELS - 1], predicted, hits, halo, soft }
    }

    /// Area under the precision–recall curve with buffers of `w` points. Widths must come in increasing order.
    fn area(&mut self, w: usize) -> f64 {
        for run in &mut self.runs {
            while run.reach < w / 2 {
                run.widen(self.levels);
            }
        }
        let buffer = self.buffer(w);
        let (existence, count) = self.existence();
        let (mut area, mut previous) = (0.0, 0.0);
        for j in 0..LEVELS {
            // The labels outside the runs are those of predicted points only, so the buffer adds the same weight to the true
            // positives and to the labels. The definition sums the latter over the widest runs; none lies outside these.
            let true_positives = self.hits[j] + buffer[j];
            let labelled = self.positives + buffer[j];
            let recall = (true_positives / ((self.positives + labelled) / 2.0)).min(1.0);
            let recall = recall * (existence[j] / count);
            area += (recall - previous) * (true_positives / self.predicted[j]);
            previous = recall;
        }
        area
    }

    /// For each level, the soft labels of the predicted points in the buffers: √(1 − d/w) at distance d, summed over the runs in
    /// reach and clipped at 1.
    fn buffer(&mut self, w: usize) -> PerLevel {
        for d in 1..=w / 2 {
            let weight = (1.0 - d as f64 / w as f64).sqrt();
            for run in &self.runs {
                if let Some(before) = run.start.checked_sub(d) {
                    self.soft[before] += weight;
                }
                if let Some(after) = self.soft.get_mut(run.end + d) {
                    *after += weight;
                }
            }
        }
        let mut histogram = [0.0; LEVELS];
        for &i in &self.halo {
            // Taken, so that the scratch is clean for the next width. Labelled points collect weights that nobody reads.
            histogram[self.levels[i]] += std::mem::take(&mut self.soft[i]).min(1.0);
        }
        accumulate(&mut histogram);
        histogram
    }

    /// For each level, how many widened and merged runs hold a predicted point; and how many there are.
    fn existence(&self) -> (PerLevel, f64) {
        let mut histogram = [0.0; LEVELS];
        // Buffers that touch or overlap are one run; those with a gap of a single point between them are two. Written with sums
        // because a start minus its reach may lie before the series.
        let merged = self.runs.chunk_by(|a, b| a.end + a.reach + b.reach >= b.start);
        let mut count = 0.0;
        for group in merged {
            let lowest = group.iter().map(|run| run.lowest).min().unwrap_or(LEVELS - 1);
            histogram[lowest] += 1.0;
            count += 1.0;
        }
        accumulate(&mut histogram);
        (histogram, count)
    }
}

/// The unlabelled points within `reach` of a run, in order.
fn halo(labels: &[bool], runs: &[(usize, usize)], reach: usize) -> Vec<usize> {
    let mut halo = Vec::new();
    let mut next = 0;
    for &(start, end) in runs {
        let from = start.saturating_sub(reach).max(next);
        next = (end + reach + 1).min(labels.len());
        halo.extend((from..next).filter(|&i| !labels[i]));
    }
    halo
}

#[cfg(test)]
mod tests;
