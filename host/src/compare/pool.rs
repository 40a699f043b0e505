//! Both sides in one pool, standardised and shuffled.

use super::points::Points;
use super::random::SplitMix64;
use super::{CompareError, Dropped};

/// A feature with a larger part of its values missing on either side is left out.
const MOST_MISSING: f64 = 0.2;

/// Standardised values are held within ± this, so that squares stay finite.
const FAR: f64 = 1e6;

/// A quartile range of a normal law is this many standard deviations.
const IQR_PER_SD: f64 = 1.349;

/// Centre and width that a feature was divided by, in its own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// Median over both sides.
    pub(super) centre: f64,
    /// Quartile range / 1.349, or the standard deviation where that is 0.
    pub(super) width: f64,
}

/// All points of both sides that have every feature, in an order by lot: nothing that goes by position can favour a side.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    /// Standardised features.
    pub(super) columns: Vec<Vec<f32>>,
    /// Index of each in the features of the sides.
    pub(super) features: Vec<usize>,
    pub(super) scales: Vec<Scale>,
    /// 0 reference, 1 file.
    pub(super) labels: Vec<u8>,
    /// Index of each point on its side.
    pub(super) origin: Vec<usize>,
    /// Points of each side that lacked a feature.
    pub(super) incomplete: [usize; 2],
    /// Features that are not compared.
    pub(super) dropped: Vec<Dropped>,
}

impl Pool {
    /// Pools two sides with the same features.
    ///
    /// # Errors
    /// If no feature is left to compare.
    pub(super) fn new(sides: [&Points; 2], seed: u64) -> Result<Self, CompareError> {
        let (mut features, mut dropped) = (Vec::new(), Vec::new());
        for (f, feature) in sides[0].features().iter().enumerate() {
            match unusable(sides, f) {
                None => features.push(f),
                Some(reason) => dropped.push(Dropped { feature: feature.name.clone(), reason }),
            }
        }
        let mut points = Vec::new();
        let mut incomplete = [0; 2];
        for (label, side) in sides.iter().enumerate() {
            for i in 0..side.len() {
                if features.iter().all(|&f| side.row(i)[f].is_finite()) {
                    points.push((label as u8, i));
                } else {
                    incomplete[label] += 1;
                }
            }
        }
        SplitMix64::new(seed).shuffle(&mut points);
        let mut pool = Self {
            columns: Vec::new(),
            features: Vec::new(),
            scales: Vec::new(),
            labels: points.iter().map(|p| p.0).collect(),
            origin: points.iter().map(|p| p.1).collect(),
            incomplete,
            dropped,
        };
        for f in features {
            let raw: Vec<f32> =
                points.iter().map(|&(label, i)| sides[usize::from(label)].row(i)[f]).collect();
            pool.push(f, &sides[0].features()[f].name, &raw);
        }
        if pool.columns.is_empty() {
            Err(CompareError::NoFeature { dropped: pool.dropped })
        } else {
            Ok(pool)
        }
    }

    fn push(&mut self, feature: usize, name: &str, raw: &[f32]) {
        match scale(raw) {
            Some(scale) => {
                let standard =
                    |&x: &f32| ((f64::from(x) - scale.centre) / scale.width).clamp(-FAR, FAR) as f32;
                self.columns.push(raw.iter().map(standard).collect());
                self.features.push(feature);
                self.scales.push(scale);
            }
            None => self
                .dropped
                .push(Dropped { feature: name.to_owned(), reason: "the same in every point".into() }),
        }
    }

    /// The standardised columns of some features of the pool.
    pub(super) fn select(&self, features: &[usize]) -> Vec<&[f32]> {
        features.iter().map(|&f| self.columns[f].as_slice()).collect()
    }

    /// Number of points of each label.
    pub(super) fn counts(&self) -> [usize; 2] {
        let ones = self.labels.iter().filter(|&&l| l == 1).count();
        [self.labels.len() - ones, ones]
    }

    /// The pool of those points that `keep` names.
    pub(super) fn retain(&self, keep: &[bool]) -> Self {
        fn kept<T: Copy>(all: &[T], keep: &[bool]) -> Vec<T> {
            all.iter().zip(keep).filter(|(_, keep)| **keep).map(|(x, _)| *x).collect()
        }
        Self {
            columns: self.columns.iter().map(|c| kept(c, keep)).collect(),
            labels: kept(&self.labels, keep),
            origin: kept(&self.origin, keep),
            features: self.features.clone(),
            scales: self.scales.clone(),
            dropped: Vec::new(),
            incomplete: [0; 2],
        }
    }
}

/// Why a feature cannot be compared, judged before points are left out for other features.
fn unusable(sides: [&Points; 2], f: usize) -> Option<String> {
    let missing = sides.map(|side| {
        let n = side.column(f).filter(|x| !x.is_finite()).count();
        n as f64 / side.len().max(1) as f64
    });
    let (worst, side) =
        if missing[0] >= missing[1] { (missing[0], sides[0]) } else { (missing[1], sides[1]) };
    (worst > MOST_MISSING)
        .then(|| format!("missing in {:.0} % of the points of {}", worst * 100.0, side.name))
}

/// Robust centre and width; `None` if all values are the same.
fn scale(values: &[f32]) -> Option<Scale> {
    let mut sorted: Vec<f64> = values.iter().map(|&x| f64::from(x)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let [low, centre, high] = [0.25, 0.5, 0.75].map(|q| quantile(&sorted, q));
    let mut width = (high - low) / IQR_PER_SD;
    if width <= 0.0 {
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        width = (sorted.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / sorted.len() as f64).sqrt();
    }
    let varies = sorted.first() < sorted.last();
    (varies && width > 0.0).then_some(Scale { centre, width })
}

/// The `q`-quantile of ascending values, linear between neighbours (Hyndman & Fan's type 7); NaN of nothing.
pub(super) fn quantile(ascending: &[f64], q: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let position = q * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    ascending[below] + (ascending[above] - ascending[below]) * position.fract()
}
