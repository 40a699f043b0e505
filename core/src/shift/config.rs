//! What a shift detector is told.

use super::MAX_CHANNELS;
use crate::error::{ConfigError, in_range};

/// Settings of a shift detector. Nothing in it depends on the kind of data: scale, correlation and law are learned.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ShiftConfig {
    /// The wanted mean number of frames between false alarms, at least (10 … 10⁹). This *is* the alarm threshold; there is no other.
    pub frames_per_false_alarm: f32,
    /// Past frames by which the present one is predicted (0 … the order the detector has memory for).
    pub order: usize,
    /// Whether the order is raised, as far as there is memory, when the prediction errors turn out to be dependent in time.
    pub raise_order: bool,
    /// Frames after a start or restart before alarms are possible; 0 for 20·(1 + (order + 1)·d), and never less than 4 times that number's
    /// bracket (0 … 10⁸). A third of them sets the scale of each channel.
    pub warm_up_frames: u32,
    /// At most so many frames after an alarm refine its report before the new state is learned (1 … 10⁶).
    pub refine_frames: u32,
    /// Of the numbers that break ties: the same seed gives the same bits.
    pub seed: u64,
}

impl Default for ShiftConfig {
    fn default() -> Self {
        Self {
            frames_per_false_alarm: 100_000.0,
            order: 1,
            raise_order: true,
            warm_up_frames: 0,
            refine_frames: 200,
            seed: 1,
        }
    }
}

impl ShiftConfig {
    /// Checks the numbers for `d` channels and memory for order `max_order`.
    ///
    /// # Errors
    /// The first number that is out of range.
    pub fn validate(&self, d: usize, max_order: usize) -> Result<(), ConfigError> {
        in_range("channels", d as f64, 1.0, MAX_CHANNELS as f64)?;
        in_range("shift.frames_per_false_alarm", f64::from(self.frames_per_false_alarm), 10.0, 1e9)?;
        in_range("shift.order", self.order as f64, 0.0, max_order as f64)?;
        in_range("shift.warm_up_frames", f64::from(self.warm_up_frames), 0.0, 1e8)?;
        in_range("shift.refine_frames", f64::from(self.refine_frames), 1.0, 1e6)
    }

    /// Frames of the whole warm-up when m numbers are regressed.
    pub(crate) fn warm_up(&self, m: usize) -> u32 {
        let m = m as u32;
        if self.warm_up_frames == 0 { 20 * m } else { self.warm_up_frames.max(4 * m) }
    }
}
