//! Frames with gaps, and what is kept of the others for them.

use nalgebra::{DefaultAllocator, Dim};

use super::IncrementalSvdOf;
use crate::linalg;
use crate::math::sqrt;
use crate::shape::Alloc;
use crate::track::influence::OUTLIER;
use crate::track::missing::{Gaps, Mean, Model, Scratch, Seen};

impl<N: Dim, R: Dim> IncrementalSvdOf<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    /// A frame with gaps: coordinates along U in `p`, what they leave over in `residual`, and what remains open.
    pub(super) fn judge_gaps(&mut self, x: &[f32], residual: &mut [f32], observed: usize) -> Option<Seen> {
        let (n, k, floor) = (self.n, self.directions, self.floor());
        // A square root of the inverse covariance along U: V·diag(1/√s).
        let turn = &self.turn.as_slice()[..k * k];
        let root = &mut self.square.as_mut_slice()[..k * k];
        root.copy_from_slice(turn);
        for (column, s) in root.chunks_exact_mut(k).zip(self.variances.as_slice()) {
            linalg::scale(1.0 / sqrt(s.max(floor)), column);
        }
        let (p, g) = (&mut self.p.as_mut_slice()[..k], &mut self.g.as_mut_slice()[..k]);
        g.fill(0.0);
        let model = Model { basis: &self.basis.as_slice()[..n * k], root, weight: 1.0, noise: self.noise };
        let scratch = Scratch { square: self.gram.as_mut_slice(), open: &mut *g };
        let seen = self.filler.expect(&model, x, residual, p, observed, scratch);
        linalg::project(turn, g, &mut self.open.as_mut_slice()[..k]);
        seen
    }

    /// Fills the gaps of the judged frame, and moves the mean.
    pub(super) fn fill(&mut self, x: &[f32], weight: f32) {
        let (n, k) = (self.n, self.directions);
        let gain = (weight / self.frames as f32).max(weight / self.memory).min(1.0);
        let mean = Mean { at: &mut self.mean.as_mut_slice()[..n], gain, memory: self.memory };
        let (left, p) = (&mut self.left.as_mut_slice()[..n], &mut self.p.as_mut_slice()[..k]);
        self.filler.fill(&self.basis.as_slice()[..n * k], x, left, p, mean);
        left.copy_from_slice(&self.filler.residual.as_slice()[..n]);
        self.energy = linalg::energy(left);
        linalg::project(&self.turn.as_slice()[..k * k], p, &mut self.y.as_mut_slice()[..k]);
    }

    /// Moves the mean towards a frame without gaps; and keeps it for the next one, which may have some, unless it is the first of a run
    /// of outliers.
    pub(super) fn remember(&mut self, x: &[f32], weight: f32) {
        let (n, k) = (self.n, self.directions);
        let mean = &mut self.mean.as_mut_slice()[..n];
        let gain = (weight / self.frames as f32).max(weight / self.memory).min(1.0);
        if weight < OUTLIER && self.filler.follows() {
            linalg::drift_towards(mean, gain, x);
            self.filler.skip();
        } else {
            let (left, p) = (&self.left.as_slice()[..n], &self.p.as_slice()[..k]);
            self.filler.remember(x, left, p, mean, gain);
        }
    }
}
