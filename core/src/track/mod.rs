//! Subspace trackers: an orthonormal basis of the directions in which a stream varies most, followed frame by frame.
//!
//! A tracker first *judges* a frame with what it knew before, then *learns* from it; scores are therefore predictive, and a
//! caller may hold the model by not learning. Every tracker is centred (running mean), forgets exponentially, and
//! takes missing entries (NaN) as such.

mod config;
mod fapi;
mod missing;

pub use config::{MAX_RANK, TrackerConfig};
#[cfg(feature = "alloc")]
pub use fapi::{DynFapi, FapiBatch};
pub use fapi::{Fapi, FapiOf};

/// What one frame looked like to the subspace known before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Q = ‖e‖², the residual energy (SPE), in squared units of the input. With missing entries it is the residual of the
    /// observed ones, scaled by n/observed. NaN if the frame could not be judged.
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

    /// Frames learned so far (saturates at 2³²−1).
    fn frames(&self) -> u32;

    /// W, n×r. Its columns span the subspace but are not the principal axes: see [`Self::principal_axes`].
    fn basis(&self) -> &[f32];

    /// The running mean μ, n entries.
    fn mean(&self) -> &[f32];

    /// Coordinates y of the last judged frame, r entries: Wᵀ(x − μ), or their conditional expectation if entries were missing.
    fn coordinates(&self) -> &[f32];

    /// Judges `x` (n entries, NaN = missing) without learning from it; `residual` (n) receives e = x − μ − W·y, 0 where missing.
    ///
    /// # Panics
    /// In debug builds, if a length is not n.
    fn judge(&mut self, x: &[f32], residual: &mut [f32]) -> Judgement;

    /// Learns from the frame that was judged last; `x` and `residual` as then. A frame that could not be judged teaches nothing: it
    /// may hold a number near the end of `f32`, from which a mean would not return for a hundred memories.
    fn learn(&mut self, x: &[f32], residual: &[f32]);

    /// The principal axes U = W·V (`axes`, n×r) and the variances along them (`variances`, r, **descending**, squared units of the
    /// input), from the tracked covariance of the coordinates. `work` needs 3·r² entries. Returns `false` if the covariance was degenerate; the axes are
    /// then W itself.
    ///
    /// # Panics
    /// If a slice is too short.
    fn principal_axes(&self, axes: &mut [f32], variances: &mut [f32], work: &mut [f32]) -> bool;

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
