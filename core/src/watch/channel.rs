//! One channel of the watch: is it a signal, does it stand still, where is it?

use super::levels::Levels;
use crate::condition::{ChannelCondition, ChannelKind, ConditionConfig};

/// Frames that a channel repeats its last value, or lacks any, before it counts as silent.
pub(super) const SILENT: u32 = 16;

/// State: 54 words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Channel {
    condition: ChannelCondition,
    /// The condition at the end of the look, by which coordinates are standardised from then on.
    frozen: ChannelCondition,
    pub(super) levels: Levels,
    /// The first valid sample: values are relative to it.
    origin: Option<f32>,
    /// The present value, NaN if it is missing, saturated or no measurement.
    value: f32,
    /// Frames without a new value.
    still: u32,
}

impl Channel {
    pub(super) fn new(config: &ConditionConfig) -> Self {
        // The mean and scale of the whole look count alike.
        let condition = ChannelCondition::new(&ConditionConfig { memory_frames: 1e7, ..*config });
        let levels = Levels::EMPTY;
        Self { condition, frozen: condition, levels, origin: None, value: f32::NAN, still: 0 }
    }

    pub(super) fn set_rails(&mut self, low: f32, high: f32) {
        self.condition.set_rails(low, high);
    }

    /// Takes in the newest sample.
    pub(super) fn push(&mut self, raw: f32, newest: usize, after: bool) {
        let (x, _) = self.condition.update(raw);
        if self.origin.is_none() && !x.is_nan() {
            self.origin = Some(raw);
        }
        // Differences between the codes of a flag mean nothing.
        let x = if self.is_signal() { x } else { f32::NAN };
        self.still = if x.is_nan() || x == self.value { self.still.saturating_add(1) } else { 0 };
        self.value = x;
        if !x.is_nan() {
            self.levels.add(x, newest, after);
        }
    }

    pub(super) fn value(&self) -> f32 {
        self.value
    }

    /// Whether it is a measurement, so far.
    pub(super) fn is_signal(&self) -> bool {
        self.condition.kind() == ChannelKind::Analog
    }

    /// Whether it was a signal during the look, and stands still now.
    pub(super) fn is_silent(&self) -> bool {
        self.frozen.is_live() && self.still >= SILENT
    }

    pub(super) fn freeze(&mut self) {
        self.frozen = self.condition;
    }

    /// The present value in units of the look; 0 for what was no signal then.
    pub(super) fn standardised(&self) -> f32 {
        if self.frozen.is_live() { self.frozen.standardise(self.value) } else { 0.0 }
    }

    /// The same, during the look.
    pub(super) fn standardised_so_far(&self) -> f32 {
        if self.condition.is_live() { self.condition.standardise(self.value) } else { 0.0 }
    }

    /// Variance in the present state, squared units of the samples.
    pub(super) fn variance(&self) -> f32 {
        self.levels.present().variance
    }

    /// A value relative to the origin in units of the samples.
    pub(super) fn absolute(&self, value: f32) -> f32 {
        self.origin.unwrap_or(0.0) + value
    }
}
