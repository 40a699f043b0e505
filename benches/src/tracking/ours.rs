//! The trackers of the core.

use eigenstream_core::track::SubspaceTracker;
use nalgebra::{DMatrix, DVector};

use super::Tracker;

/// A tracker of the core, which centres by itself and takes missing entries.
#[derive(Clone, Debug)]
pub struct Ours<T> {
    tracker: T,
    /// Leading directions that count.
    rank: usize,
    frame: Vec<f32>,
    residual: Vec<f32>,
}

impl<T: SubspaceTracker> Ours<T> {
    /// Wraps a tracker.
    #[must_use]
    pub fn new(tracker: T) -> Self {
        let rank = tracker.rank();
        Self::leading(tracker, rank)
    }

    /// Only the leading `rank` of the tracker's directions count; the others are a guard.
    #[must_use]
    pub fn leading(tracker: T, rank: usize) -> Self {
        let n = tracker.channels();
        Self { tracker, rank, frame: vec![0.0; n], residual: vec![0.0; n] }
    }
}

impl<T: SubspaceTracker> Tracker for Ours<T> {
    fn learn(&mut self, x: &[f64]) {
        self.frame.iter_mut().zip(x).for_each(|(f, &x)| *f = x as f32);
        self.tracker.process(&self.frame, &mut self.residual);
    }

    fn basis(&mut self) -> DMatrix<f64> {
        let (n, r) = (self.tracker.channels(), self.tracker.rank());
        let wide = |w: &[f32]| {
            DMatrix::from_iterator(n, self.rank, w.iter().take(n * self.rank).map(|&w| f64::from(w)))
        };
        if self.tracker.directions() == self.rank {
            return wide(self.tracker.basis());
        }
        let (mut axes, mut variances, mut work) = (vec![0.0; n * r], vec![0.0; r], vec![0.0; 3 * r * r]);
        self.tracker.principal_axes(&mut axes, &mut variances, &mut work);
        wide(&axes)
    }

    fn mean(&self) -> Option<DVector<f64>> {
        let mean = self.tracker.mean().iter().map(|&m| f64::from(m));
        Some(DVector::from_iterator(self.tracker.channels(), mean))
    }
}
