//! The chart that knows everything: Page's CUSUM of the true likelihood ratio, its threshold found by simulation.

use super::streams::{Change, Normals};
use crate::stats;

/// CUSUM charts of a known change in d known standard normal channels.
#[derive(Clone, Copy, Debug)]
pub struct Oracle {
    change: Change,
    d: usize,
    /// Alarms at this.
    pub threshold: f64,
}

/// Charts that run side by side while a threshold is measured.
const CHARTS: usize = 200;

impl Oracle {
    /// The chart whose mean time between false alarms is `arl` frames, within about 1/√`alarms`.
    #[must_use]
    pub fn calibrated(change: Change, d: usize, arl: f64, alarms: f64, seed: u64) -> Self {
        // Only the coordinates that the likelihood looks at need to be drawn.
        let d = if matches!(change, Change::Rotation) { 2 } else { 1 }.min(d);
        let (mut low, mut high) = (1.0, arl.ln() + 1.0);
        for _ in 0..12 {
            let oracle = Self { change, d, threshold: 0.5 * (low + high) };
            if oracle.run_length(arl * alarms, seed) > arl {
                high = oracle.threshold;
            } else {
                low = oracle.threshold;
            }
        }
        Self { change, d, threshold: 0.5 * (low + high) }
    }

    /// Mean time between false alarms, from `frames` frames.
    fn run_length(&self, frames: f64, seed: u64) -> f64 {
        let mut random = Normals::new(seed);
        let drawn = self.change.draw(self.d, &mut random);
        let (mut z, mut alarms) = (vec![0.0; self.d], 0.0_f64);
        for _ in 0..CHARTS {
            let mut s = 0.0_f64;
            for _ in 0..(frames / CHARTS as f64) as u64 {
                z.iter_mut().for_each(|z| *z = random.normal());
                s = s.max(0.0) + drawn.log_likelihood(&z);
                if s >= self.threshold {
                    (s, alarms) = (0.0, alarms + 1.0);
                }
            }
        }
        frames / alarms.max(1.0)
    }

    /// Delays in frames from the change on, with the chart in its stationary state before.
    #[must_use]
    pub fn delays(&self, runs: usize, seed: u64) -> Vec<f64> {
        let mut random = Normals::new(seed);
        let mut z = vec![0.0; self.d];
        let mut delays = Vec::new();
        for _ in 0..runs {
            let drawn = self.change.draw(self.d, &mut random);
            let mut s = 0.0_f64;
            for _ in 0..300 {
                z.iter_mut().for_each(|z| *z = random.normal());
                s = s.max(0.0) + drawn.log_likelihood(&z);
                s = if s >= self.threshold { 0.0 } else { s };
            }
            let mut delay = 0.0;
            while s < self.threshold {
                z.iter_mut().for_each(|z| *z = random.normal());
                drawn.apply(&mut z);
                s = s.max(0.0) + drawn.log_likelihood(&z);
                delay += 1.0;
            }
            delays.push(delay);
        }
        delays
    }

    /// Kullback–Leibler divergence of changed from unchanged, nats a frame, by simulation.
    #[must_use]
    pub fn information(&self, frames: usize, seed: u64) -> f64 {
        let mut random = Normals::new(seed);
        let mut z = vec![0.0; self.d];
        let nats: Vec<f64> = (0..frames)
            .map(|_| {
                let drawn = self.change.draw(self.d, &mut random);
                z.iter_mut().for_each(|z| *z = random.normal());
                drawn.apply(&mut z);
                drawn.log_likelihood(&z)
            })
            .collect();
        stats::mean(&nats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Siegmund's approximation for a mean shift of 1 at ARL 5000 (Sequential Analysis, 1985, eq. 2.57, h + 1.166):
    /// (e^(h+1.166) − (h + 1.166) − 1)/½ = 5000 at h = 6.66, as a sum of z − ½.
    #[test]
    fn the_threshold_of_a_mean_shift() {
        let oracle = Oracle::calibrated(Change::Mean(1.0), 4, 5000.0, 1000.0, 1);
        assert!((oracle.threshold - 6.66).abs() < 0.15, "{}", oracle.threshold);
        // Mean delay from the stationary state, by the same author's approximation about 2(h + 1.166 − 1) from 0, less from there.
        let delay = stats::mean(&oracle.delays(2000, 2));
        assert!(delay > 10.0 && delay < 14.5, "{delay}");
        assert!((oracle.information(20_000, 3) - 0.5).abs() < 0.03);
    }
}
