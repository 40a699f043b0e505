//! A temporal view: does a channel go on as it did before?

use nalgebra::{DefaultAllocator, Dim};

use super::config::TemporalConfig;
use crate::condition::{ChannelCondition, DelayLine};
use crate::error::ConfigError;
use crate::score::Excess;
use crate::shape::Alloc;
use crate::track::{FapiOf, Ridge, SubspaceTracker, TrackerConfig};

/// Residual energies below this (per entry, in squared scales of the channel) are rounding, not signal.
pub(super) const ENERGY_FLOOR: f32 = 1e-6;

/// A window of a channel's past, the subspace that follows it, and what its residual usually is.
///
/// State: 3·L + L·K + O(K²) words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TemporalView<L: Dim, K: Dim>
where
    DefaultAllocator: Alloc<L, K>,
{
    pub(super) line: DelayLine<L>,
    tracker: FapiOf<L, K, Ridge>,
    excess: Excess,
}

impl<L: Dim, K: Dim> TemporalView<L, K>
where
    DefaultAllocator: Alloc<L, K>,
{
    pub(super) fn new(l: L, k: K, config: &TemporalConfig) -> Result<Self, ConfigError> {
        // Without temporal views the line holds the present sample only, and the tracker is never asked.
        let (length, rank) = if config.enabled { (config.length, config.rank) } else { (1, 1) };
        // An anomaly lies in L windows, one after another: a tracker with patience would still learn the last of them, and the windows
        // after it would stand out.
        let tracker = TrackerConfig { rank, memory_frames: config.memory_frames, patience_frames: 0 };
        Ok(Self {
            line: DelayLine::new(l, length),
            tracker: FapiOf::with_channels(l, k, length, &tracker)?,
            excess: Excess::new(config.memory_frames, ENERGY_FLOOR * length as f32),
        })
    }

    /// Judges and learns the present window: its excess in dB, NaN if it could not be judged. `window` and `residual` are scratch of
    /// the window's length.
    pub(super) fn judge(
        &mut self,
        condition: &ChannelCondition,
        window: &mut [f32],
        residual: &mut [f32],
    ) -> f32 {
        condition.standardise_into(self.line.window(), window);
        let judgement = self.tracker.process(window, residual);
        self.excess.process(judgement.q)
    }
}
