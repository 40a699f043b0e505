//! One channel inside the monitor: its condition, its recent past, and the temporal view of it.

use nalgebra::{DefaultAllocator, Dim};

use super::Config;
use crate::condition::{ChannelCondition, DelayLine, Validity};
use crate::error::ConfigError;
use crate::score::Excess;
use crate::shape::Alloc;
use crate::track::{FapiOf, SubspaceTracker, TrackerConfig};

/// Residual energies below this (per entry, in squared scales of the channel) are rounding, not signal.
pub(super) const ENERGY_FLOOR: f32 = 1e-6;

/// State of one channel: 4·L + L·K + O(K²) words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ChannelView<L: Dim, K: Dim>
where
    DefaultAllocator: Alloc<L, K>,
{
    pub(super) condition: ChannelCondition,
    pub(super) line: DelayLine<L>,
    tracker: FapiOf<L, K>,
    excess: Excess,
    /// Samples and paddings taken in, up to the window length.
    filled: usize,
    /// Excess of the last window in dB; NaN if it could not be judged.
    pub(super) score: f32,
}

impl<L: Dim, K: Dim> ChannelView<L, K>
where
    DefaultAllocator: Alloc<L, K>,
{
    pub(super) fn new(l: L, k: K, config: &Config) -> Result<Self, ConfigError> {
        let t = &config.temporal;
        // Without temporal views the line holds the present sample only, and the tracker is never asked.
        let (length, rank) = if t.enabled { (t.length, t.rank) } else { (1, 1) };
        let tracker = TrackerConfig { rank, memory_frames: t.memory_frames };
        Ok(Self {
            condition: ChannelCondition::new(&config.condition),
            line: DelayLine::new(l, length),
            tracker: FapiOf::with_channels(l, k, length, &tracker)?,
            excess: Excess::new(t.memory_frames, ENERGY_FLOOR * length as f32),
            filled: 0,
            score: f32::NAN,
        })
    }

    /// Takes in the newest sample.
    pub(super) fn push(&mut self, x: f32) -> Validity {
        let (x, validity) = self.condition.update(x);
        self.line.push(x);
        self.filled += 1;
        validity
    }

    /// Moves on by one frame that does not exist.
    pub(super) fn pad(&mut self) {
        self.line.push(f32::NAN);
    }

    /// Lets the temporal view judge and learn the present window. `window` and `residual` are scratch of the window's length.
    pub(super) fn judge(&mut self, window: &mut [f32], residual: &mut [f32]) {
        self.score = f32::NAN;
        if !self.condition.is_live() || self.filled < window.len() {
            return;
        }
        self.condition.standardise_into(self.line.window(), window);
        let judgement = self.tracker.process(window, residual);
        self.score = self.excess.process(judgement.q);
    }
}
