//! Subspace trackers: an orthonormal basis of the directions in which a stream varies most, followed frame by frame.
//!
//! A tracker first *judges* a frame with what it knew before, then *learns* from it; scores are therefore predictive, and a
//! caller may hold the model by not learning. Every tracker is centred (running mean), forgets exponentially, and
//! takes missing entries (NaN) as such.

mod config;
mod fapi;
mod flag;
mod frequent;
#[cfg(test)]
mod hostile;
mod incremental;
mod influence;
#[cfg(test)]
mod lasting;
mod level;
mod missing;
mod rank;
mod snapshot;

pub use config::{MAX_RANK, TrackerConfig};
#[cfg(feature = "alloc")]
pub use fapi::{DynFapi, FapiBatch};
pub use fapi::{Fapi, FapiOf, LeanFapi};
pub use flag::{Flag, FlagConfig};
#[cfg(feature = "alloc")]
pub use frequent::DynFrequentDirections;
pub use frequent::{FrequentDirections, FrequentDirectionsOf};
#[cfg(feature = "alloc")]
pub use incremental::DynIncrementalSvd;
pub use incremental::{IncrementalSvd, IncrementalSvdOf};
pub use level::{Level, LevelConfig};
pub use missing::{Gaps, Imputer, Ridge};
pub use rank::{RankAdapter, RankConfig, RankReport, RankRule, Spectrum};
pub use snapshot::{Snapshot, SnapshotError};

/// What one frame looked like to the subspace known before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Q = ‖e‖², the residual energy (SPE), in squared units of the input. With missing entries it is that of the
    /// observed ones, scaled to the degrees of freedom of a whole frame. NaN if the frame could not be judged.
    pub q: f32,
    /// Hotelling's T² = Σ y_k²/λ_k of the coordinates within the tracked covariance. NaN if the frame could not be judged.
    pub t2: f32,
    /// Entries of the frame that were observed (finite).
    pub observed: usize,
}

impl Judgement {
    /// A frame that could not be judged: too few entries were observed.
    #[must_use]
    pub const fn unjudged(observed: usize) -> Self {
        Self { q: f32::NAN, t2: f32::NAN, observed }
    }

    /// Whether the frame could be judged.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        !self.q.is_nan()
    }
}

/// An orthonormal basis W (n×r) of a stream's principal subspace, updated frame by frame.
///
/// `n` channels, run-time rank `r`. Matrices are column-major. No call allocates.
pub trait SubspaceTracker {
    /// Number of channels n.
    fn channels(&self) -> usize;

    /// Present rank r.
    fn rank(&self) -> usize;

    /// Directions that are tracked, k ≥ r: the rank, and a guard beyond it for trackers that keep one.
    fn directions(&self) -> usize {
        self.rank()
    }

    /// Frames learned so far (saturates at 2³²−1).
    fn frames(&self) -> u32;

    /// W, n×k. Its columns span what is tracked but are not the principal axes: see [`Self::principal_axes`]. The subspace that judges is
    /// their span if k = r, and that of the leading principal axes otherwise.
    fn basis(&self) -> &[f32];

    /// The running mean μ, n entries.
    fn mean(&self) -> &[f32];

    /// Coordinates y of the last judged frame, r entries: Wᵀ(x − μ) in a tracker without a guard, along the principal axes in one that has
    /// one; or their conditional expectation if entries were missing.
    fn coordinates(&self) -> &[f32];

    /// Judges `x` (n entries, NaN = missing) without learning from it; `residual` (n) receives e = x − μ − W·y, 0 where missing.
    ///
    /// # Panics
    /// In debug builds, if a length is not n.
    fn judge(&mut self, x: &[f32], residual: &mut [f32]) -> Judgement;

    /// Learns from the frame that was judged last; `x` and `residual` as then. Frames with missing entries teach what they can, even those with too
    /// few to be judged. One without any teaches nothing, nor one with a number near the end of `f32`, from which a mean
    /// would not return for a hundred memories.
    fn learn(&mut self, x: &[f32], residual: &[f32]);

    /// The principal axes U = W·V (`axes`, n×r) and the variances along them (`variances`, r, **descending**, squared units of the
    /// input), from the tracked covariance of the coordinates. `work` needs 3·r² entries. Returns `false` if the covariance was degenerate; the axes are
    /// then W itself.
    ///
    /// # Panics
    /// If a slice is too short.
    fn principal_axes(&self, axes: &mut [f32], variances: &mut [f32], work: &mut [f32]) -> bool;

    /// Variances along the directions that are known one by one, from the tracked covariance, **descending**, squared units of the input; returns
    /// how many: the rank, or more if the tracker follows more. `work` and `more` need as many entries as the largest rank squared.
    ///
    /// # Panics
    /// If a slice is too short.
    fn spectrum(&self, variances: &mut [f32], work: &mut [f32], more: &mut [f32]) -> usize;

    /// Mean variance of the directions that [`Self::spectrum`] does not know, squared units of the input.
    fn noise_variance(&self) -> f32;

    /// Adds one direction to the subspace and keeps what was learned. A tracker that follows more directions than its rank takes the next of
    /// them; another one takes `direction` (n entries, of any length, not in the subspace), along which the stream has `variance`.
    /// Returns `false`, with nothing changed, if there is no room or no direction.
    fn grow(&mut self, direction: &[f32], variance: f32) -> bool;

    /// Takes the principal axis with the smallest variance out of the subspace and keeps the others. Returns `false`, with nothing
    /// changed, at rank 1.
    fn shrink(&mut self) -> bool;

    /// Frames still to be learned until coordinates, Q and T² mean something; 0 afterwards. A covariance of N frames inflates T² by
    /// N/(N − r − 1), a tenth at N = 10·(r + 1), and its axes stand by about n/N of the noise beside theirs, half at N = 2·n. A short
    /// memory never does better than itself, so no more than it is asked for.
    fn warming_up(&self) -> u32 {
        let most = (10 * (self.rank() + 1)).max(2 * self.channels()) as u32;
        most.min(self.memory_frames() as u32).saturating_sub(self.frames())
    }

    /// Effective memory 1/(1−β) in frames.
    fn memory_frames(&self) -> f32;

    /// Judges, then learns.
    fn process(&mut self, x: &[f32], residual: &mut [f32]) -> Judgement {
        let judgement = self.judge(x, residual);
        self.learn(x, residual);
        judgement
    }

    /// [`Self::process`] for `out.len()` frames that lie one after another in `frames`; the same bits as the loop. `residual` (n)
    /// holds the last frame's residual afterwards.
    ///
    /// # Panics
    /// If `frames` is shorter than `n·out.len()`.
    fn block(&mut self, frames: &[f32], residual: &mut [f32], out: &mut [Judgement]) {
        let n = self.channels();
        for (t, out) in out.iter_mut().enumerate() {
            *out = self.process(&frames[t * n..(t + 1) * n], residual);
        }
    }
}
