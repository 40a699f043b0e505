//! What every tracker is told.

use crate::error::{ConfigError, in_range};

/// The largest rank any tracker supports: beyond it the r×r part no longer is small beside the n×r part.
pub const MAX_RANK: usize = 64;

/// Settings that all trackers share.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct TrackerConfig {
    /// Dimension r of the subspace, 1 … min(n, `R`, [`MAX_RANK`]).
    pub rank: usize,
    /// Effective memory 1/(1−β) in frames, 2 … 10⁷. Until so many frames were seen, all count alike.
    pub memory_frames: f32,
    /// Bounded influence: a frame far outside of what is usual counts for little, until so many of them came (0 … 65,535; an ordinary one takes
    /// back two); then the stream is taken to have changed. 0 = every frame counts in full.
    ///
    /// More than the longest burst of gross frames, and fewer than a change may go unlearned: a slow sensor whose regime changes within ten
    /// frames wants 4; what overlaps, like windows of the past, wants 0.
    pub patience_frames: u16,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self { rank: 3, memory_frames: 5_000.0, patience_frames: 4 }
    }
}

impl TrackerConfig {
    /// Checks the numbers for vectors of `n` entries in memory for rank `max_rank`.
    ///
    /// # Errors
    /// The first number that is out of range.
    pub fn validate(&self, n: usize, max_rank: usize) -> Result<(), ConfigError> {
        let most = n.min(max_rank).min(MAX_RANK);
        in_range("rank", self.rank as f64, 1.0, most as f64)?;
        in_range("memory_frames", f64::from(self.memory_frames), 2.0, 1e7)
    }
}
