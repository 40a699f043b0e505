//! One number for each block from one for each frame, and how much it moved within.

use crate::math::ln;

/// Sum of a signal's values in a block, and of the squared differences of neighbours.
///
/// Differences instead of deviations from the mean: a slow wave moves the mean of a block, and must not count as its size too. For white
/// noise half their mean square is the variance. State: 6 words. Cost: 2 multiply–adds a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gather {
    sum: f32,
    squares: f32,
    values: u32,
    steps: u32,
    /// NaN if the last value is missing.
    last: f32,
}

impl Gather {
    pub(super) const EMPTY: Self = Self { sum: 0.0, squares: 0.0, values: 0, steps: 0, last: f32::NAN };

    /// One more value; NaN is missing.
    pub(super) fn add(&mut self, x: f32) {
        let step = x - self.last;
        self.last = x;
        if x.is_nan() {
            return;
        }
        self.sum += x;
        self.values += 1;
        if !step.is_nan() {
            self.squares += step * step;
            self.steps += 1;
        }
    }

    /// Whether at least half of a block of `frames` frames is there.
    fn is_known(&self, frames: u32) -> bool {
        2 * self.values >= frames && self.values > 0
    }

    /// Mean of a block of `frames` frames; NaN if more than half of it is missing.
    pub(super) fn mean(&self, frames: u32) -> f32 {
        let mean = self.sum / self.values as f32;
        if self.is_known(frames) && mean.is_finite() { mean } else { f32::NAN }
    }

    /// ln of the variance that white noise with such differences would have, plus `floor`; NaN if more than half of the block, or of its
    /// differences, is missing.
    pub(super) fn log_energy(&self, frames: u32, floor: f32) -> f32 {
        if !self.is_known(frames) || 4 * self.steps < frames || self.steps == 0 {
            return f32::NAN;
        }
        ln((0.5 * self.squares / self.steps as f32 + floor).clamp(f32::MIN_POSITIVE, f32::MAX))
    }

    /// The next block begins.
    pub(super) fn clear(&mut self) {
        *self = Self { last: self.last, ..Self::EMPTY };
    }
}

#[cfg(test)]
mod tests {
    use super::Gather;
    use crate::testing::Random;

    #[test]
    fn white_noise_has_its_variance_on_any_slope() {
        let (mut random, mut gather) = (Random::new(2), Gather::EMPTY);
        for t in 0..20_000 {
            gather.add(3.0 * random.normal() as f32 + 1e-3 * t as f32);
        }
        assert!((gather.log_energy(20_000, 0.0) - 9f32.ln()).abs() < 0.05);
        assert!((gather.mean(20_000) - 10.0).abs() < 0.1);
    }

    #[test]
    fn half_a_block_must_be_there() {
        for missing in 0..=10 {
            let mut gather = Gather::EMPTY;
            (0..10).for_each(|t| gather.add(if t < missing { f32::NAN } else { 1.0 }));
            assert_eq!(gather.mean(10).is_nan(), missing > 5, "{missing}");
            assert_eq!(gather.log_energy(10, 1.0).is_nan(), missing > 5, "{missing}");
        }
    }

    #[test]
    fn huge_values_are_finite_or_missing() {
        let mut gather = Gather::EMPTY;
        for x in [1e38, -1e38, 1e38, 1e38, 1e38, 1e38, 1e38, 1e38] {
            gather.add(x);
        }
        assert!(!gather.mean(8).is_infinite() && gather.log_energy(8, 0.0).is_finite());
        gather.clear();
        assert!(gather.mean(8).is_nan());
    }
}
