//! The spatial view: do the channels fit each other at one tick?

use nalgebra::{DefaultAllocator, Dim, OVector};

use super::channel::ChannelView;
use super::config::SpatialConfig;
use super::temporal::ENERGY_FLOOR;
use crate::error::ConfigError;
use crate::linalg;
use crate::score::{Excess, residual_contributions};
use crate::shape::{Alloc, zeros};
use crate::track::{FapiOf, SubspaceTracker, TrackerConfig};

/// Frames before the view starts: the channels' scales are too wild before.
const START: u32 = 100;

/// State: N·R + O(R²) + 5·N words.
#[derive(Clone, Debug)]
pub(super) struct SpatialView<N: Dim, R: Dim>
where
    DefaultAllocator: Alloc<N, R>,
{
    tracker: FapiOf<N, R>,
    excess: Excess,
    rank: usize,
    frame: OVector<f32, N>,
    residual: OVector<f32, N>,
    /// Each channel's part of a positive score, sum 1, or all 0.
    parts: OVector<f32, N>,
    frames: u32,
    /// Excess of the last frame in dB; NaN if it could not be judged.
    pub(super) score: f32,
}

impl<N: Dim, R: Dim> SpatialView<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    pub(super) fn new(n: N, r: R, config: &SpatialConfig) -> Result<Self, ConfigError> {
        let rank = config.rank.min(n.value()).min(r.value());
        let tracker = TrackerConfig { rank, memory_frames: config.memory_frames, ..Default::default() };
        Ok(Self {
            tracker: FapiOf::with_shape(n, r, &tracker)?,
            excess: Excess::new(config.memory_frames, ENERGY_FLOOR * n.value() as f32),
            rank,
            frame: zeros(n),
            residual: zeros(n),
            parts: zeros(n),
            frames: 0,
            score: f32::NAN,
        })
    }

    /// Judges and learns the frame in the middle of the temporal windows. Flags and constants take part as zeros: they have no variance to explain.
    pub(super) fn judge<L: Dim, K: Dim>(&mut self, channels: &[ChannelView<L, K>])
    where
        DefaultAllocator: Alloc<L, K>,
    {
        self.score = f32::NAN;
        self.frames = self.frames.saturating_add(1);
        let live = channels.iter().filter(|c| c.condition.is_live()).count();
        if live < 2 || self.frames < START {
            return;
        }
        // A subspace as large as the number of live channels would explain everything.
        let rank = self.rank.min(live - 1);
        if rank != self.tracker.rank() {
            self.tracker.restart(rank);
        }
        for (x, channel) in self.frame.iter_mut().zip(channels) {
            let c = &channel.condition;
            *x = if c.is_live() { c.standardise(channel.middle()) } else { 0.0 };
        }
        let judgement = self.tracker.judge(self.frame.as_slice(), self.residual.as_mut_slice());
        self.score = self.excess.process(judgement.q);
        if self.score > 0.0 {
            self.explain();
        }
        self.tracker.learn(self.frame.as_slice(), self.residual.as_slice());
    }

    /// Shares the score out, with the basis that judged the frame.
    fn explain(&mut self) {
        let parts = self.parts.as_mut_slice();
        residual_contributions(self.tracker.basis(), self.residual.as_slice(), parts);
        let total: f32 = parts.iter().sum();
        linalg::scale(if total > 0.0 && total.is_finite() { 1.0 / total } else { 0.0 }, parts);
    }

    /// A channel's part of a positive score, by how much of the residual energy freeing that channel alone would explain.
    pub(super) fn contribution(&self, channel: usize) -> f32 {
        if self.score > 0.0 { self.score * self.parts[channel] } else { 0.0 }
    }
}
