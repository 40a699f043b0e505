//! Detectors in common use, written plainly from their papers with the documented defaults of River (ADWIN, KSWIN) and of
//! scikit-multiflow (Page–Hinkley), and a windowed subspace chart; in files of their own BOCPD and PCA-CD.
//!
//! ADWIN, KSWIN, Page–Hinkley and BOCPD take one number a frame. They are given what a user would give them: Hotelling's T² of the frame, from the mean and covariance
//! of the first frames.

mod bocpd;
mod pca_cd;

use std::collections::VecDeque;

pub use bocpd::Bocpd;
pub use pca_cd::PcaCd;

use crate::stats::SplitMix64;

/// A detector of changes in a sequence of numbers.
pub trait Scalar {
    /// Takes in a number; whether it alarms. It starts again by itself then.
    fn alarms(&mut self, x: f64) -> bool;
}

/// Page, Biometrika 41, 1954; Hinkley 1971, two-sided. Minimum 30 numbers, δ = .005, λ = 50, α = .9999.
#[derive(Clone, Debug, Default)]
pub struct PageHinkley {
    n: f64,
    mean: f64,
    up: (f64, f64),
    down: (f64, f64),
}

impl Scalar for PageHinkley {
    fn alarms(&mut self, x: f64) -> bool {
        self.n += 1.0;
        self.mean += (x - self.mean) / self.n;
        let deviation = x - self.mean;
        self.up.0 = 0.9999 * self.up.0 + deviation - 0.005;
        self.down.0 = 0.9999 * self.down.0 + deviation + 0.005;
        self.up.1 = self.up.1.min(self.up.0);
        self.down.1 = self.down.1.max(self.down.0);
        let alarm = self.n >= 30.0 && (self.up.0 - self.up.1 > 50.0 || self.down.1 - self.down.0 > 50.0);
        if alarm {
            *self = Self::default();
        }
        alarm
    }
}

/// Raab, Heusinger & Schleif, Neurocomputing 416, 2020. Window 100, the newest 30 against 30 drawn from the rest, α = .005.
#[derive(Clone, Debug)]
pub struct Kswin {
    window: VecDeque<f64>,
    random: SplitMix64,
}

impl Kswin {
    /// An empty window.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { window: VecDeque::new(), random: SplitMix64::new(seed) }
    }
}

impl Scalar for Kswin {
    fn alarms(&mut self, x: f64) -> bool {
        const WINDOW: usize = 100;
        const NEWEST: usize = 30;
        self.window.push_back(x);
        if self.window.len() <= WINDOW {
            return false;
        }
        self.window.pop_front();
        let newest: Vec<f64> = self.window.iter().skip(WINDOW - NEWEST).copied().collect();
        let mut older: Vec<f64> = self.window.iter().take(WINDOW - NEWEST).copied().collect();
        for i in 0..NEWEST {
            let pick = i + self.random.below(older.len() - i);
            older.swap(i, pick);
        }
        older.truncate(NEWEST);
        let distance = kolmogorov_smirnov(&mut older, newest.clone());
        // The asymptotic law (Smirnov 1948) with Stephens' correction.
        let n = (NEWEST as f64 / 2.0).sqrt();
        let lambda = (n + 0.12 + 0.11 / n) * distance;
        let p: f64 = (1..100)
            .map(|k| {
                let k = f64::from(k);
                2.0 * (-1.0_f64).powf(k - 1.0) * (-2.0 * k * k * lambda * lambda).exp()
            })
            .sum();
        let alarm = p <= 0.005 && distance > 0.1;
        if alarm {
            self.window = newest.into();
        }
        alarm
    }
}

fn kolmogorov_smirnov(a: &mut [f64], mut b: Vec<f64>) -> f64 {
    a.sort_unstable_by(f64::total_cmp);
    b.sort_unstable_by(f64::total_cmp);
    let share = |s: &[f64], x: f64| s.partition_point(|&y| y <= x) as f64 / s.len() as f64;
    a.iter().chain(&b).map(|&x| (share(a, x) - share(&b, x)).abs()).fold(0.0, f64::max)
}

/// Bifet & Gavaldà, SIAM SDM 2007: an adaptive window of exponential buckets, cut where two parts differ. δ = .002, checked every 32 numbers, at
/// most 5 buckets a row, parts of at least 5.
#[derive(Clone, Debug, Default)]
pub struct Adwin {
    /// Row i holds buckets of 2^i numbers: total and sum of squared deviations, the oldest first.
    rows: Vec<VecDeque<(f64, f64)>>,
    ticks: u64,
}

impl Adwin {
    /// Buckets from the oldest: count, total, squared deviations.
    fn buckets(&self) -> Vec<(f64, f64, f64)> {
        let row = |(i, row): (usize, &VecDeque<(f64, f64)>)| {
            row.iter().map(|&(total, square)| (2f64.powi(i as i32), total, square)).collect::<Vec<_>>()
        };
        self.rows.iter().enumerate().rev().flat_map(row).collect()
    }

    fn insert(&mut self, x: f64) {
        let mut carry = Some((x, 0.0));
        let mut i = 0;
        while let Some(bucket) = carry.take() {
            if self.rows.len() <= i {
                self.rows.push(VecDeque::new());
            }
            self.rows[i].push_back(bucket);
            if self.rows[i].len() > 5 {
                let (a, b) = (self.rows[i].pop_front(), self.rows[i].pop_front());
                if let (Some(a), Some(b)) = (a, b) {
                    let n = 2f64.powi(i as i32);
                    carry = Some((a.0 + b.0, a.1 + b.1 + (a.0 - b.0).powi(2) / (2.0 * n)));
                }
            }
            i += 1;
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.pop_front();
            if row.is_empty() {
                self.rows.pop();
            }
        }
    }

    /// Whether some cut separates two different means.
    fn differs(&self) -> bool {
        let buckets = self.buckets();
        let (n, total) = buckets.iter().fold((0.0, 0.0), |s, b| (s.0 + b.0, s.1 + b.1));
        if n < 10.0 {
            return false;
        }
        let spread = |b: &(f64, f64, f64)| b.2 + b.0 * (b.1 / b.0 - total / n).powi(2);
        let variance = buckets.iter().map(spread).sum::<f64>() / n;
        let delta = (2.0 * n.ln() / 0.002).ln();
        let (mut n0, mut total0) = (0.0, 0.0);
        buckets.iter().any(|b| {
            (n0, total0) = (n0 + b.0, total0 + b.1);
            let n1 = n - n0;
            if n0 < 5.0 || n1 < 5.0 {
                return false;
            }
            let m = 1.0 / (n0 - 4.0) + 1.0 / (n1 - 4.0);
            let bound = (2.0 * m * variance * delta).sqrt() + 2.0 / 3.0 * delta * m;
            (total0 / n0 - (total - total0) / n1).abs() > bound
        })
    }
}

impl Scalar for Adwin {
    fn alarms(&mut self, x: f64) -> bool {
        self.insert(x);
        self.ticks += 1;
        if !self.ticks.is_multiple_of(32) {
            return false;
        }
        let alarm = self.differs();
        while self.differs() {
            self.drop_oldest();
        }
        alarm
    }
}

/// T² of frames from the mean and covariance of the first `learn` ones: one number for detectors that take one.
#[derive(Clone, Debug)]
pub struct Whitened {
    learn: usize,
    seen: usize,
    mean: Vec<f64>,
    /// Σ x·xᵀ, then the inverse Cholesky factor, row by row.
    matrix: Vec<f64>,
}

impl Whitened {
    /// Frames of `d` numbers.
    #[must_use]
    pub fn new(d: usize, learn: usize) -> Self {
        Self { learn, seen: 0, mean: vec![0.0; d], matrix: vec![0.0; d * d] }
    }

    /// The whitened frame, once the first frames have been seen.
    pub fn whiten(&mut self, x: &[f32]) -> Option<Vec<f64>> {
        let d = self.mean.len();
        if self.seen < self.learn {
            self.seen += 1;
            let n = self.seen as f64;
            let delta: Vec<f64> = x.iter().zip(&self.mean).map(|(&x, m)| f64::from(x) - m).collect();
            for i in 0..d {
                self.mean[i] += delta[i] / n;
                for j in 0..d {
                    self.matrix[i * d + j] += delta[i] * delta[j] * (n - 1.0) / n;
                }
            }
            if self.seen == self.learn {
                self.matrix.iter_mut().for_each(|s| *s /= n);
                cholesky(&mut self.matrix, d);
            }
            return None;
        }
        let mut y: Vec<f64> = x.iter().zip(&self.mean).map(|(&x, m)| f64::from(x) - m).collect();
        for i in 0..d {
            let sum: f64 = (0..i).map(|k| self.matrix[i * d + k] * y[k]).sum();
            y[i] = (y[i] - sum) / self.matrix[i * d + i];
        }
        Some(y)
    }
}

/// The lower factor in place, row by row; pivots at least 10⁻¹².
fn cholesky(a: &mut [f64], d: usize) {
    for j in 0..d {
        for i in j..d {
            let sum: f64 = (0..j).map(|k| a[i * d + k] * a[j * d + k]).sum();
            a[i * d + j] -= sum;
            a[i * d + j] = if i == j { a[i * d + j].max(1e-12).sqrt() } else { a[i * d + j] / a[j * d + j] };
        }
    }
}

/// Subspace-CUSUM (Xie, Moustakides & Xie, 2018): Page's sum of (uᵀx)² − drift, u the leading direction of the past 20 whitened frames. Drift
/// for a spike of θ = 2; the threshold has to be simulated.
#[derive(Clone, Debug)]
pub struct SubspaceCusum {
    window: VecDeque<Vec<f64>>,
    direction: Vec<f64>,
    sum: f64,
    /// Alarms at this.
    pub threshold: f64,
}

impl SubspaceCusum {
    /// For `d` numbers.
    #[must_use]
    pub fn new(d: usize, threshold: f64) -> Self {
        let direction = (0..d).map(|j| 1.0 + 0.1 * j as f64).collect();
        Self { window: VecDeque::new(), direction, sum: 0.0, threshold }
    }

    /// Takes in a whitened frame; whether it alarms.
    pub fn alarms(&mut self, x: Vec<f64>) -> bool {
        const WINDOW: usize = 20;
        let drift = 1.5 * 3f64.ln();
        if self.window.len() >= WINDOW {
            let along: f64 = self.direction.iter().zip(&x).map(|(u, x)| u * x).sum();
            self.sum = (self.sum + along * along - drift).max(0.0);
            self.window.pop_front();
        }
        self.window.push_back(x);
        for _ in 0..2 {
            let mut next = vec![0.0; self.direction.len()];
            for x in &self.window {
                let along: f64 = self.direction.iter().zip(x).map(|(u, x)| u * x).sum();
                next.iter_mut().zip(x).for_each(|(n, x)| *n += along * x);
            }
            let length = next.iter().map(|n| n * n).sum::<f64>().sqrt().max(1e-300);
            self.direction = next.into_iter().map(|n| n / length).collect();
        }
        let alarm = self.sum >= self.threshold;
        if alarm {
            self.sum = 0.0;
        }
        alarm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(detector: &mut dyn Scalar, shift: f64) -> Option<usize> {
        let mut random = crate::shift::streams::Normals::new(3);
        (0..3000)
            .find(|&t| detector.alarms(random.normal() + if t >= 1000 { shift } else { 0.0 }) && t >= 1000)
    }

    #[test]
    fn each_finds_a_large_shift() {
        assert!(after(&mut Adwin::default(), 2.0).is_some_and(|t| t < 1100));
        assert!(after(&mut Kswin::new(1), 2.0).is_some_and(|t| t < 1100));
        assert!(after(&mut PageHinkley::default(), 2.0).is_some_and(|t| t < 1100));
    }

    #[test]
    fn whitened_frames_are_white() {
        let mut random = crate::shift::streams::Normals::new(5);
        let mut whitened = Whitened::new(2, 1000);
        let mut sums = [0.0; 3];
        for _ in 0..5000 {
            let (a, b) = (random.normal(), random.normal());
            if let Some(y) = whitened.whiten(&[a as f32 + 7.0, (3.0 * a + b) as f32]) {
                sums = [sums[0] + y[0] * y[0], sums[1] + y[1] * y[1], sums[2] + y[0] * y[1]];
            }
        }
        assert!((sums[0] / 4000.0 - 1.0).abs() < 0.15 && (sums[1] / 4000.0 - 1.0).abs() < 0.15);
        assert!(sums[2].abs() / 4000.0 < 0.1);
    }
}
