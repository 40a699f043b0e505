//! Running mean and scale of one channel.

use crate::math::sqrt;

/// Exponentially weighted mean and variance with a growing start: the gain of frame `t` is `max(1/t, 1/memory)`, so that the first
/// frames are a plain average (Finch 2009, "Incremental calculation of weighted mean and variance", eqs. 124 and 143).
///
/// State: 4 words. Cost: 5 multiply–adds a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RunningScale {
    mean: f32,
    variance: f32,
    count: u32,
    /// Clipping bound of one step, in units of the scale; 0 = none.
    clip: f32,
}

impl RunningScale {
    /// Samples before the clipping of [`Self::clipped`] takes hold: until then the scale itself is not known.
    const SETTLE: u32 = 32;

    /// An estimate that takes every sample at its word.
    #[must_use]
    pub const fn new() -> Self {
        Self { mean: 0.0, variance: 0.0, count: 0, clip: 0.0 }
    }

    /// An estimate in which one sample counts no more than `clip` scales from the mean (Huber's bounded influence), so
    /// that an anomaly does not widen the scale it is measured by.
    #[must_use]
    pub const fn clipped(clip: f32) -> Self {
        Self { mean: 0.0, variance: 0.0, count: 0, clip }
    }

    /// Takes in one sample. `memory` is in samples, ≥ 1. A sample that is not finite changes nothing.
    pub fn update(&mut self, x: f32, memory: f32) {
        let mut d = x - self.mean;
        if !d.is_finite() {
            return;
        }
        self.count = self.count.saturating_add(1);
        let gain = (1.0 / self.count as f32).max(1.0 / memory);
        if self.clip > 0.0 && self.count > Self::SETTLE {
            let bound = self.clip * self.scale();
            d = d.clamp(-bound, bound);
        }
        self.mean += gain * d;
        let variance = (1.0 - gain) * (self.variance + gain * d * d);
        // A step of 1e30 has a square beyond f32: saturate instead of becoming infinite.
        self.variance = variance.min(f32::MAX);
    }

    /// Weighted mean, in units of the samples; 0 before the first.
    #[must_use]
    pub fn mean(&self) -> f32 {
        self.mean
    }

    /// Weighted standard deviation, in units of the samples; 0 before the second sample and for a constant.
    #[must_use]
    pub fn scale(&self) -> f32 {
        sqrt(self.variance)
    }

    /// Samples taken in (saturates at 2³²−1).
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// (x − mean)/scale, or 0 if the scale is not a positive number the data can resolve (a constant, or rounding
    /// noise around one: below 4 ulp of the mean).
    #[must_use]
    pub fn standardise(&self, x: f32) -> f32 {
        (x - self.mean) * self.inverse_scale()
    }

    /// 1/scale, or 0 where [`Self::standardise`] gives 0.
    #[must_use]
    pub fn inverse_scale(&self) -> f32 {
        let scale = self.scale();
        if scale > 4.0 * f32::EPSILON * self.mean.abs() && scale > f32::MIN_POSITIVE {
            1.0 / scale
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::RunningScale;
    use std::vec::Vec;

    fn stream(n: usize) -> Vec<f32> {
        (0..n).map(|i| 3.0 + 2.0 * libm::sinf(i as f32 * 0.7) + (i % 5) as f32).collect()
    }

    #[test]
    fn the_first_memory_is_the_plain_mean_and_variance() {
        let xs = stream(400);
        let mut s = RunningScale::new();
        xs.iter().for_each(|&x| s.update(x, 1000.0));
        let n = xs.len() as f64;
        let mean = xs.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let var = xs.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
        assert!((f64::from(s.mean()) - mean).abs() < 1e-5);
        assert!((f64::from(s.scale()) - var.sqrt()).abs() < 1e-4);
    }

    #[test]
    fn later_it_is_the_exponentially_weighted_moments() {
        let xs = stream(5000);
        let mut s = RunningScale::new();
        let (mut mean, mut second) = (0.0f64, 0.0f64);
        for (t, &x) in xs.iter().enumerate() {
            s.update(x, 50.0);
            let gain = (1.0 / (t + 1) as f64).max(1.0 / 50.0);
            mean += gain * (f64::from(x) - mean);
            second += gain * (f64::from(x).powi(2) - second);
        }
        assert!((f64::from(s.mean()) - mean).abs() < 1e-4);
        assert!((f64::from(s.scale()) - (second - mean * mean).sqrt()).abs() < 1e-3);
    }

    #[test]
    fn a_constant_has_no_scale_and_does_not_divide() {
        for level in [0.0, 1.0, -7.3e8, 1e-30] {
            let mut s = RunningScale::new();
            (0..100).for_each(|_| s.update(level, 20.0));
            assert_eq!(s.standardise(level), 0.0);
            assert_eq!(s.inverse_scale(), 0.0);
        }
    }

    #[test]
    fn hostile_samples_leave_it_finite() {
        let mut s = RunningScale::clipped(4.0);
        for x in [1.0, f32::NAN, f32::INFINITY, 1e30, -1e30, f32::MAX, -f32::MAX, 1e-45, 0.0] {
            s.update(x, 10.0);
            assert!(s.mean().is_finite() && s.scale().is_finite() && s.inverse_scale().is_finite());
        }
    }

    #[test]
    fn clipping_bounds_the_influence_of_one_sample() {
        let mut s = RunningScale::clipped(3.0);
        stream(1000).iter().for_each(|&x| s.update(x, 500.0));
        let (mean, scale) = (s.mean(), s.scale());
        s.update(1e20, 500.0);
        assert!((s.mean() - mean).abs() <= 3.0 * scale / 500.0 * 1.001);
        assert!(s.scale() <= scale * 1.01);
    }
}
