//! What the watch for shifts is told.

use crate::error::{ConfigError, in_range};
use crate::shift::ShiftConfig;

/// Settings of the watch for shifts. Nothing in it depends on the kind of data.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct WatchConfig {
    /// Whether a program that can watch for shifts does. The watch itself takes no notice.
    pub enabled: bool,
    /// The wanted mean number of *frames* between false alarms, at least (10 … 10¹²). It is the only threshold.
    pub frames_per_false_alarm: f32,
    /// Past blocks by which the present one is predicted, to begin with (0 … the order there is memory for). It is raised where it is too low.
    pub order: usize,
    /// Frames in a block (1 … 2²⁰); 0 for as few as can be predicted by the past ones, found on line by doubling.
    pub block_frames: u32,
    /// Blocks after a start or a shift before the next alarm is possible (0 … 10⁸); 0 for 20 for each number that is regressed.
    pub warm_up_blocks: u32,
    /// At most so many blocks after an alarm refine its report before the new state is learned (1 … 10⁶).
    pub refine_blocks: u32,
}

impl Default for WatchConfig {
    fn default() -> Self {
        let ShiftConfig { order, refine_frames, .. } = ShiftConfig::default();
        Self {
            enabled: true,
            frames_per_false_alarm: 1e7,
            order,
            block_frames: 0,
            warm_up_blocks: 0,
            refine_blocks: refine_frames,
        }
    }
}

/// The longest block that the automatic choice comes to, in frames.
pub const LONGEST_BLOCK: u32 = 512;

/// About what the monitor's coarse windows span by default: how a stream goes on within so many frames is their business.
pub(super) const LONG_BLOCK: u32 = 256;

/// A mean number of blocks between false alarms below this is not asked for: the evidence would be all noise.
const LEAST_BLOCKS: f32 = 100.0;

impl WatchConfig {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first number that is out of range, by its key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        in_range("shift.frames_per_false_alarm", f64::from(self.frames_per_false_alarm), 10.0, 1e12)?;
        in_range("shift.order", self.order as f64, 0.0, 3.0)?;
        in_range("shift.block_frames", f64::from(self.block_frames), 0.0, f64::from(1 << 20))?;
        in_range("shift.warm_up_blocks", f64::from(self.warm_up_blocks), 0.0, 1e8)?;
        in_range("shift.refine_blocks", f64::from(self.refine_blocks), 1.0, 1e6)
    }

    /// Frames in the first blocks.
    pub(super) fn first_block(&self) -> u32 {
        self.block_frames.max(1)
    }

    /// The detector's settings when a block has `frames` frames and `used` numbers. A promise in frames is one in blocks divided by their length.
    pub(super) fn detector(&self, frames: u32, used: usize) -> ShiftConfig {
        let blocks = (self.frames_per_false_alarm / frames as f32).clamp(LEAST_BLOCKS, 1e9);
        let regressed = 1 + (self.order as u32 + 1) * used as u32;
        ShiftConfig {
            frames_per_false_alarm: blocks,
            order: self.order,
            warm_up_frames: if self.warm_up_blocks == 0 { 20 * regressed } else { self.warm_up_blocks },
            refine_frames: self.refine_blocks,
            ..ShiftConfig::default()
        }
    }
}
