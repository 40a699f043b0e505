//! From numbers in the pool's order to what a reader wants to know.

use super::equalise::Rest;
use super::outcome::{Chosen, Compared, Comparison, SCHEMA, Sample, Side, Stretch};
use super::points::Points;
use super::pool::{Pool, quantile};
use super::select::Subset;
use super::{Config, Local, Test};

/// Most stretches that are told.
const MOST_STRETCHES: usize = 50;

pub(super) fn describe(
    sides: [&Points; 2],
    pool: &Pool,
    subset: &Subset,
    test: Test,
    local: &Local,
    equalised: Option<Rest>,
    config: &Config,
) -> Comparison {
    let samples = samples(sides, pool, local, equalised.as_ref());
    let name = |f: usize| sides[0].features()[pool.features[f]].name.clone();
    let chosen = |s: &super::select::Step| Chosen { feature: name(s.feature), gain: s.gain, p_value: s.p };
    let [reference, file] = [0, 1].map(|side| summary(sides[side], side, pool, local, &samples, config));
    let shift = test.p_value <= config.level;
    let mut features: Vec<Compared> =
        (0..pool.columns.len()).map(|f| compared(sides, pool, subset, f)).collect();
    features.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut comparison = Comparison {
        schema: SCHEMA,
        shift,
        p_value: test.p_value,
        level: config.level,
        reference,
        file,
        neighbours: config.depth(pool.counts(), ["", ""]).map_or(0, |depth| depth + 1),
        permutations: config.permutations,
        subset: subset.steps.iter().map(chosen).collect(),
        features,
        dropped: pool.dropped.clone(),
        stretches: stretches(sides, &samples),
        test,
        equalised: equalised.map(|rest| rest.outcome),
        disjoint: local.disjoint,
        remarks: Vec::new(),
        samples,
    };
    comparison.remarks = remarks(&comparison);
    comparison
}

fn samples(sides: [&Points; 2], pool: &Pool, local: &Local, rest: Option<&Rest>) -> Vec<Sample> {
    let sample = |i: usize| {
        let (side, index) = (usize::from(pool.labels[i]), pool.origin[i]);
        Sample {
            side,
            index,
            place: sides[side].places()[index],
            score: local.scores[i],
            over: f64::from(local.scores[i]) >= local.limits[side],
            keep: rest.is_none_or(|r| r.keep[i]),
            weight: rest.map_or(1.0, |r| r.weights[i]),
        }
    };
    let mut samples: Vec<Sample> = (0..pool.labels.len()).map(sample).collect();
    samples.sort_by_key(|s| (s.side, s.index));
    samples
}

fn summary(
    points: &Points,
    side: usize,
    pool: &Pool,
    local: &Local,
    samples: &[Sample],
    config: &Config,
) -> Side {
    let own = || samples.iter().filter(|s| s.side == side);
    Side {
        name: points.name.clone(),
        points: own().count(),
        incomplete: pool.incomplete[side],
        over: own().filter(|s| s.over).count(),
        over_expected: own().count() as f64 * config.point_level,
        limit: local.limits[side],
        kept: own().filter(|s| s.keep).count(),
    }
}

fn compared(sides: [&Points; 2], pool: &Pool, subset: &Subset, f: usize) -> Compared {
    let (index, scale) = (pool.features[f], pool.scales[f]);
    let feature = &sides[0].features()[index];
    let sorted = [0, 1].map(|side: u8| {
        let own = pool.labels.iter().zip(&pool.origin).filter(|(l, _)| **l == side);
        let mut values: Vec<f64> =
            own.map(|(_, &i)| f64::from(sides[usize::from(side)].row(i)[index])).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    });
    let quartiles = |values: &[f64]| [0.25, 0.5, 0.75].map(|q| quantile(values, q));
    let (reference, file) = (quartiles(&sorted[0]), quartiles(&sorted[1]));
    Compared {
        feature: feature.name.clone(),
        unit: feature.unit.clone(),
        reference,
        file,
        shift_sd: (file[1] - reference[1]) / scale.width,
        ks: kolmogorov_smirnov(&sorted[0], &sorted[1]),
        score: subset.single[f],
        index,
    }
}

/// sup |F(x) − G(x)| of two ascending samples.
fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut largest) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let x = a[i].min(b[j]);
        while i < a.len() && a[i] <= x {
            i += 1;
        }
        while j < b.len() && b[j] <= x {
            j += 1;
        }
        largest = largest.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    largest
}

/// Runs of points over the limit; a single point under it does not part them.
fn stretches(sides: [&Points; 2], samples: &[Sample]) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    let mut last = None;
    for (position, sample) in samples.iter().enumerate().filter(|(_, s)| s.over) {
        let goes_on = last.is_some_and(|last| position - last <= 2);
        last = Some(position);
        match all.last_mut() {
            Some(open) if goes_on && open.side == sample.side => {
                open.to_s = sample.place.to_s;
                open.points += 1;
                open.score = open.score.max(f64::from(sample.score));
            }
            _ => all.push(Stretch {
                recording: sides[sample.side].name.clone(),
                side: sample.side,
                frame: sample.place.frame,
                from_s: sample.place.from_s,
                to_s: sample.place.to_s,
                points: 1,
                score: f64::from(sample.score),
            }),
        }
    }
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.points.cmp(&a.points)));
    all.truncate(MOST_STRETCHES);
    all
}

fn remarks(c: &Comparison) -> Vec<String> {
    let mut remarks = Vec::new();
    for side in [&c.reference, &c.file] {
        if side.incomplete > 0 {
            remarks.push(format!(
                "{}: {} points lack a feature and were left out, {} are compared",
                side.name, side.incomplete, side.points
            ));
        }
    }
    remarks.extend(c.dropped.iter().map(|d| format!("`{}` is not compared: {}", d.feature, d.reason)));
    if c.disjoint {
        remarks.push("the two sides hardly overlap: no subsets of them are alike".into());
    } else if c.shift && c.equalised.is_none() {
        remarks.push("too few points would be left of subsets that are alike".into());
    }
    if let Some(e) = &c.equalised
        && e.test.p_value <= c.level
    {
        remarks.push(format!(
            "the equalised subsets still differ (p = {:.3}), in features outside those chosen or by chance",
            e.test.p_value
        ));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::kolmogorov_smirnov;

    #[test]
    fn distance_of_distribution_functions() {
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.0]), 0.0);
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(kolmogorov_smirnov(&[1.0, 1.0, 2.0, 2.0], &[1.0, 2.0, 2.0, 2.0]), 0.25);
    }
}
