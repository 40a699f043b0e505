//! Frames with gaps, and what is kept of the others for them.

use nalgebra::{DefaultAllocator, Dim};

use super::FrequentDirectionsOf;
use crate::linalg;
use crate::math::sqrt;
use crate::shape::Alloc;
use crate::track::influence::OUTLIER;
use crate::track::missing::{Gaps, Mean, Model, Scratch, Seen};

impl<N: Dim, L: Dim> FrequentDirectionsOf<N, L>
where
    DefaultAllocator: Alloc<N, L>,
{
    /// A frame with gaps: its expected coordinates, what they leave over in `residual`, and what remains open.
    pub(super) fn judge_gaps(&mut self, x: &[f32], residual: &mut [f32], observed: usize) -> Option<Seen> {
        let (n, r, floor) = (self.n, self.rank, self.floor());
        let root = &mut self.gram.as_mut_slice()[..r * r];
        root.fill(0.0);
        for (k, variance) in self.variances.iter().take(r).enumerate() {
            root[k * r + k] = 1.0 / sqrt(variance.max(floor));
        }
        let (y, open) = (&mut self.y.as_mut_slice()[..r], &mut self.open.as_mut_slice()[..r]);
        open.fill(0.0);
        let model = Model { basis: &self.columns.as_slice()[..n * r], root, weight: 1.0, noise: self.noise };
        let scratch = Scratch { square: self.turn.as_mut_slice(), open };
        self.filler.expect(&model, x, residual, y, observed, scratch)
    }

    /// Fills the gaps of the judged frame and moves the mean; what they leave open becomes a column, if there is room for two.
    pub(super) fn fill(&mut self, x: &[f32], residual: &[f32], weight: f32, gain: f32) {
        let (n, r) = (self.n, self.rank);
        if self.axes + self.pending + 1 < self.energies.len() {
            let at = self.reserve(gain);
            let (w, rest) = self.columns.as_mut_slice().split_at_mut(at.start);
            linalg::multiply(&w[..n * r], &self.open.as_slice()[..r], &mut rest[..n]);
        }
        let mean_gain = (weight / self.frames as f32).max(weight / self.memory).min(1.0);
        let mean = Mean { at: &mut self.mean.as_mut_slice()[..n], gain: mean_gain, memory: self.memory };
        let y = &mut self.y.as_mut_slice()[..r];
        self.filler.fill(&self.columns.as_slice()[..n * r], x, residual, y, mean);
    }

    /// Moves the mean towards a frame without gaps; and keeps it for the next one, which may have some, unless it is the first of a run
    /// of outliers.
    pub(super) fn remember(&mut self, x: &[f32], residual: &[f32], weight: f32) {
        let mean = &mut self.mean.as_mut_slice()[..self.n];
        let gain = (weight / self.frames as f32).max(weight / self.memory).min(1.0);
        if weight < OUTLIER && self.filler.follows() {
            linalg::drift_towards(mean, gain, x);
            self.filler.skip();
        } else {
            self.filler.remember(x, residual, &self.y.as_slice()[..self.rank], mean, gain);
        }
    }
}
