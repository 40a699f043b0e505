//! One channel's condition: validity, kind and scale.

use super::{ChannelKind, KindDetector, RunningScale};
use crate::error::{ConfigError, in_range};

/// How raw samples become numbers a tracker can use.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ConditionConfig {
    /// Effective memory of a channel's mean and scale, in frames (1 … 10⁷).
    pub memory_frames: f32,
    /// A channel is a flag, not a signal, while it has taken at most this many values, all of them codes 0 … 7 (0 … 8).
    pub flag_values: u8,
}

impl Default for ConditionConfig {
    fn default() -> Self {
        Self { memory_frames: 20_000.0, flag_values: 4 }
    }
}

impl ConditionConfig {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first number that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        in_range("condition.memory_frames", f64::from(self.memory_frames), 1.0, 1e7)?;
        in_range("condition.flag_values", f64::from(self.flag_values), 0.0, super::MAX_FLAG_VALUES as f64)
    }
}

/// What one raw sample was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// A number inside the rails.
    Valid,
    /// NaN or infinite.
    Missing,
    /// At or beyond a rail of the converter: its true value is not known.
    Saturated,
}

/// What is known of one channel: rails, kind, mean and scale.
///
/// Samples are kept relative to the first one (the *origin*), so that a large offset does not eat the digits of a small signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelCondition {
    low: f32,
    high: f32,
    origin: Option<f32>,
    kind: KindDetector,
    scale: RunningScale,
    /// 1/scale, or 0 where there is none: asked for several times a frame, and a square root and a division each.
    inverse: f32,
    memory: f32,
}

/// Standardised samples are clamped to this many scales: their squares, summed over any view, stay finite in `f32`.
const BOUND: f32 = 1e6;

impl ChannelCondition {
    /// A channel nothing is known of yet, without rails.
    #[must_use]
    pub fn new(config: &ConditionConfig) -> Self {
        Self {
            low: f32::NEG_INFINITY,
            high: f32::INFINITY,
            origin: None,
            kind: KindDetector::new(config.flag_values),
            scale: RunningScale::new(),
            inverse: 0.0,
            memory: config.memory_frames,
        }
    }

    /// Sets the converter's rails, in units of the samples: a sample `≤ low` or `≥ high` is saturated.
    pub fn set_rails(&mut self, low: f32, high: f32) {
        (self.low, self.high) = (low, high);
    }

    /// Judges one raw sample, learns from it if it is valid, and gives its value relative to the origin (NaN if it is not
    /// valid) for the delay line.
    pub fn update(&mut self, x: f32) -> (f32, Validity) {
        if !x.is_finite() {
            return (f32::NAN, Validity::Missing);
        }
        if x <= self.low || x >= self.high {
            return (f32::NAN, Validity::Saturated);
        }
        self.kind.update(x);
        let origin = *self.origin.get_or_insert(x);
        // A difference of two finite numbers may overflow: ±1e38 is as good a "far away".
        let x = (x - origin).clamp(-1e38, 1e38);
        self.scale.update(x, self.memory);
        self.inverse = self.scale.inverse_scale();
        (x, Validity::Valid)
    }

    /// What the channel's values look like so far.
    #[must_use]
    pub fn kind(&self) -> ChannelKind {
        self.kind.kind()
    }

    /// The first valid sample, which the others are given relative to; NaN before.
    #[must_use]
    pub fn origin(&self) -> f32 {
        self.origin.unwrap_or(f32::NAN)
    }

    /// Whether the channel is analog and varies: only then can a tracker use it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.kind() == ChannelKind::Analog && self.inverse > 0.0
    }

    /// A value relative to the origin, standardised: (x − mean)/scale, within ±10⁶. NaN stays NaN; 0 for a constant.
    #[must_use]
    pub fn standardise(&self, x: f32) -> f32 {
        ((x - self.scale.mean()) * self.inverse).clamp(-BOUND, BOUND)
    }

    /// A whole window of values relative to the origin, standardised into `out`.
    ///
    /// # Panics
    /// In debug builds, if the lengths differ.
    pub fn standardise_into(&self, window: &[f32], out: &mut [f32]) {
        debug_assert_eq!(window.len(), out.len());
        let (mean, inverse) = (self.scale.mean(), self.inverse);
        for (out, x) in out.iter_mut().zip(window) {
            *out = ((x - mean) * inverse).clamp(-BOUND, BOUND);
        }
    }

    /// Mean of the channel in units of its samples.
    #[must_use]
    pub fn mean(&self) -> f32 {
        self.scale.mean() + self.origin.unwrap_or(0.0)
    }

    /// Standard deviation of the channel in units of its samples.
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.scale.scale()
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelCondition, ConditionConfig, Validity};
    use crate::condition::ChannelKind;

    #[test]
    fn a_small_signal_on_a_large_offset_keeps_its_digits() {
        let mut c = ChannelCondition::new(&ConditionConfig::default());
        // 2²³ + small steps: f32 resolves 1, the signal has a scale of 1.41.
        for i in 0..1000 {
            c.update(8_388_608.0 + (i % 5) as f32);
        }
        assert!(c.is_live());
        assert!((c.scale() - 2f32.sqrt()).abs() < 1e-3);
        assert!((c.mean() - 8_388_610.0).abs() <= 1.0);
    }

    #[test]
    fn rails_and_missing_samples_are_told_apart_and_not_learned() {
        let mut c = ChannelCondition::new(&ConditionConfig::default());
        c.set_rails(-5.0, 5.0);
        for i in 0..100 {
            assert_eq!(c.update((i % 7) as f32 - 3.0).1, Validity::Valid);
        }
        let before = c;
        assert_eq!(c.update(5.0).1, Validity::Saturated);
        assert_eq!(c.update(-1e30).1, Validity::Saturated);
        assert_eq!(c.update(f32::INFINITY).1, Validity::Missing);
        assert!(c.update(f32::NAN).0.is_nan());
        assert_eq!(c, before);
    }

    #[test]
    fn a_constant_channel_is_never_live() {
        let mut c = ChannelCondition::new(&ConditionConfig { flag_values: 0, ..Default::default() });
        (0..50).for_each(|_| _ = c.update(3.5));
        assert_eq!(c.kind(), ChannelKind::Analog);
        assert!(!c.is_live());
        assert_eq!(c.standardise(0.0), 0.0);
    }

    #[test]
    fn the_configuration_names_the_number_that_is_wrong() {
        let bad = ConditionConfig { flag_values: 9, ..Default::default() };
        assert!(std::format!("{}", bad.validate().unwrap_err()).contains("condition.flag_values = 9"));
        let nan = ConditionConfig { memory_frames: f32::NAN, ..Default::default() };
        assert!(nan.validate().is_err());
    }
    extern crate std;
}
