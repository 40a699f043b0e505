//! FAPI against the paper's recursion in `f64`, against the statistics of what it estimates, and against hostile streams.

mod contract;
mod hostile;
mod influence;
mod missing;
mod orthonormal;
mod paper;
pub(in crate::track) mod reference;
mod statistics;
pub(in crate::track) mod streams;

use super::Fapi;
use crate::track::{SubspaceTracker, TrackerConfig};

/// Every frame counts in full, as in the references.
fn tracker<const N: usize, const R: usize>(rank: usize, memory_frames: f32) -> Fapi<N, R> {
    Fapi::new(&TrackerConfig { rank, memory_frames, patience_frames: 0 }).unwrap()
}

/// max |WᵀW − I|, in f64.
fn orthonormality_error(tracker: &impl SubspaceTracker) -> f64 {
    let w = crate::testing::wide(tracker.basis(), tracker.channels());
    let r = w.ncols();
    (w.transpose() * w - nalgebra::DMatrix::identity(r, r)).amax()
}

/// Z = S·Sᵀ, in f64.
fn inverse<const N: usize, const R: usize>(tracker: &Fapi<N, R>) -> nalgebra::DMatrix<f64> {
    let root = crate::testing::wide(tracker.root.as_slice(), R);
    &root * root.transpose()
}
