//! Frames with missing entries and gross errors, the same for every tracker.

use nalgebra::DVector;

use crate::recordings::Stream;
use crate::stats::SplitMix64;

/// Of everything that is drawn at random here: any fixed number.
const SEED: u64 = 20_261_121;

/// Share of frames or entries that are outliers.
pub const OUTLIERS: f64 = 0.05;

/// How many times as far from the mean an outlier lies.
pub const GROSS: f64 = 50.0;

/// What happens to the frames that a tracker learns from. It is judged on the frames as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Damage {
    /// Nothing.
    None,
    /// This share of the entries is missing.
    Missing(f64, Fill),
    /// One entry of every twentieth frame deviates fifty times as much from the mean.
    OutlierFrames,
    /// Every twentieth entry does.
    OutlierEntries,
}

/// What stands in the place of a missing entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fill {
    /// NaN: the tracker is told so.
    Not,
    /// The running mean: zero-fill after centring.
    Mean,
    /// The last value that was seen.
    Last,
}

/// The running mean that ours keeps, for the others.
#[derive(Clone, Debug)]
pub struct Centre {
    /// The mean of what was learned.
    pub mean: DVector<f64>,
    memory: f64,
    frames: f64,
}

impl Centre {
    /// Of a stream, before its first frame.
    #[must_use]
    pub fn new(stream: &Stream) -> Self {
        Self { mean: DVector::zeros(stream.n), memory: stream.memory, frames: 0.0 }
    }

    /// Takes in a frame, in which entries may be missing.
    pub fn learn(&mut self, x: &[f64]) {
        self.frames += 1.0;
        let gain = (1.0 / self.frames).max(1.0 / self.memory);
        for (mean, x) in self.mean.iter_mut().zip(x).filter(|(_, x)| x.is_finite()) {
            *mean += gain * (x - *mean);
        }
    }
}

/// Damages frames, the same entries for every tracker.
#[derive(Clone, Debug)]
pub struct Damager {
    kind: Damage,
    random: SplitMix64,
    last: Vec<f64>,
}

impl Damager {
    /// For frames of `n` entries.
    #[must_use]
    pub fn new(n: usize, kind: Damage) -> Self {
        Self { kind, random: SplitMix64::new(SEED), last: vec![0.0; n] }
    }

    /// The damaged frame. `mean` is that of whole frames, by which outliers deviate; `learned` that of what was learned, which fills gaps.
    pub fn apply(&mut self, x: &[f64], mean: &DVector<f64>, learned: &DVector<f64>) -> Vec<f64> {
        let mut seen = x.to_vec();
        let outlier = |seen: &mut [f64], i: usize| seen[i] = mean[i] + GROSS * (seen[i] - mean[i]);
        match self.kind {
            Damage::None => {}
            Damage::Missing(share, fill) => {
                for (i, x) in seen.iter_mut().enumerate() {
                    if self.random.uniform() >= share {
                        self.last[i] = *x;
                        continue;
                    }
                    *x = match fill {
                        Fill::Not => f64::NAN,
                        Fill::Mean => learned[i],
                        Fill::Last => self.last[i],
                    };
                }
            }
            Damage::OutlierFrames => {
                let (hit, i) = (self.random.uniform() < OUTLIERS, self.random.below(seen.len()));
                if hit {
                    outlier(&mut seen, i);
                }
            }
            Damage::OutlierEntries => {
                for i in 0..seen.len() {
                    if self.random.uniform() < OUTLIERS {
                        outlier(&mut seen, i);
                    }
                }
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_comes_at_its_rate() {
        let (x, mean) = ([2.0; 20], DVector::from_element(20, 1.0));
        let count = |kind, hit: fn(f64) -> bool| {
            let mut damager = Damager::new(20, kind);
            let entries = (0..1000).flat_map(|_| damager.apply(&x, &mean, &mean)).filter(|&x| hit(x)).count();
            entries as f64 / 20_000.0
        };
        assert!((count(Damage::Missing(0.5, Fill::Not), f64::is_nan) - 0.5).abs() < 0.02);
        assert!((count(Damage::Missing(0.9, Fill::Not), f64::is_nan) - 0.9).abs() < 0.02);
        assert!((count(Damage::OutlierEntries, |x| x > 50.0) - OUTLIERS).abs() < 0.01);
        assert!((count(Damage::OutlierFrames, |x| x > 50.0) * 20.0 - OUTLIERS).abs() < 0.03);
    }
}
