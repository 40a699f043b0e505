//! Frequent Directions: a sketch of the covariance with a guaranteed error, which can be merged with others.
//!
//! E. Liberty, "Simple and deterministic matrix sketching", KDD 2013; M. Ghashami, E. Liberty, J. Phillips, D. Woodruff, SIAM J. Computing
//! 45(5), 2016. Kept are ℓ principal axes with their energies, and room for ℓ frames. When that is full, the 2ℓ columns are
//! decomposed into axes and energies λ₁ ≥ λ₂ ≥ … again, λ_{ℓ+1} is taken off every energy, and ℓ columns are free. Forgetting is
//! exponential here: C = Σ γ·βᵗ⁻ˢ·x·xᵀ of centred frames, and everything kept decays with it. What was taken off, Δ, decays
//! too, and is a certificate. The sketch B satisfies in every direction
//!
//! ```text
//! 0 ≤ C − B ≤ Δ ≤ trace(C)/(ℓ + 1),   and for every k ≤ ℓ   Δ ≤ (energy of C outside its k best directions)/(ℓ + 1 − k).
//! ```
//!
//! # Why this one, beside FAPI and the exact update
//!
//! It says how wrong it can be ([`FrequentDirectionsOf::error_bound`]), which neither of the others can; and sketches of several nodes, or of one
//! recording in pieces, become the sketch of all of them ([`FrequentDirectionsOf::merge`]) with the bounds added, not compounded. Trackers made
//! for frames with most entries missing, PETRELS and GROUSE, were the other candidates; what fills gaps here is shared by all trackers. (What a
//! gap leaves open is one more column of the sketch; the certificate then is of the frames as they were filled and weighed.)
//!
//! Cost: 2·n·r multiply–adds a frame, and every ℓ frames about 10·n·ℓ² + an eigen-decomposition of 2ℓ×2ℓ, **all at once**. On a
//! node with little time a frame, take FAPI.

mod axes;
mod gaps;
mod persist;

use core::ops::Range;

use nalgebra::{Const, DefaultAllocator, Dim, OMatrix, OVector};

use self::axes::orthonormalise;
use super::influence::{Admission, Arrival, Influence};
use super::missing::{Gaps, Imputer, Seen};
use super::{Judgement, SubspaceTracker, TrackerConfig};
use crate::error::{ConfigError, in_range};
use crate::linalg;
use crate::math::sqrt;
use crate::shape::{Alloc, zero_matrix, zeros};

/// Variance that every coordinate is taken to have at least in T²: a thousandth of a unit, squared.
const LEAST_VARIANCE: f32 = 1e-6;

/// Orthonormality error that only corrupted memory has. The tracker starts again.
const BROKEN: f32 = 0.5;

/// Share of the largest energy below which a decomposition of products has no digits left.
const NO_DIGITS: f32 = 1e-6;

/// Frequent Directions over dimensions `N` (channels) and `L` (columns of the sketch, 2ℓ); see the page of this module's source and the aliases
/// [`FrequentDirections`] and `DynFrequentDirections`.
///
/// State: n·L + 2L² + 2n + 7L words and n bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct FrequentDirectionsOf<N: Dim, L: Dim>
where
    DefaultAllocator: Alloc<N, L>,
{
    /// n×2ℓ: ℓ orthonormal axes, then frames.
    columns: OMatrix<f32, N, L>,
    /// Energy of each axis, weight of each frame; both decay.
    energies: OVector<f32, L>,
    mean: OVector<f32, N>,
    /// Variances along the axes when they were made.
    variances: OVector<f32, L>,
    /// Scratch.
    gram: OMatrix<f32, L, L>,
    turn: OMatrix<f32, L, L>,
    row: OVector<f32, L>,
    /// Coordinates of the last judged frame.
    y: OVector<f32, L>,
    n: usize,
    rank: usize,
    /// ℓ.
    axes: usize,
    /// Frames in the sketch.
    pending: usize,
    memory: f32,
    /// Δ.
    taken: f32,
    noise: f32,
    frames: u32,
    judgement: Judgement,
    /// What gaps leave open, along the axes.
    open: OVector<f32, L>,
    /// T² + Q/σ² of the last judged frame, over what was seen of it; NaN if it can teach nothing.
    distance: f32,
    /// Something of it was not seen.
    holed: bool,
    filler: Imputer<N, L>,
    influence: Influence,
}

/// Frequent Directions of `N` channels with a sketch of `L` = 2ℓ columns, memory inside the value. Twice or more the rank is a good ℓ.
pub type FrequentDirections<const N: usize, const L: usize> = FrequentDirectionsOf<Const<N>, Const<L>>;

/// Frequent Directions with run-time shape, memory on the heap (allocated once, at construction).
#[cfg(feature = "alloc")]
pub type DynFrequentDirections = FrequentDirectionsOf<nalgebra::Dyn, nalgebra::Dyn>;

impl<const N: usize, const L: usize> FrequentDirections<N, L> {
    /// A tracker that has seen nothing.
    ///
    /// # Errors
    /// If `rank` is not in 1..=min(N, L/2) or the memory is out of range.
    pub fn new(config: &TrackerConfig) -> Result<Self, ConfigError> {
        Self::with_shape(Const, Const, config)
    }
}

#[cfg(feature = "alloc")]
impl DynFrequentDirections {
    /// A tracker of `n` channels with ℓ = `axes` ≥ `config.rank` that has seen nothing.
    ///
    /// # Errors
    /// If `rank` is not in 1..=min(n, axes) or the memory is out of range.
    pub fn new(n: usize, axes: usize, config: &TrackerConfig) -> Result<Self, ConfigError> {
        Self::with_shape(nalgebra::Dyn(n), nalgebra::Dyn(2 * axes), config)
    }
}

impl<N: Dim, L: Dim> FrequentDirectionsOf<N, L>
where
    DefaultAllocator: Alloc<N, L>,
{
    /// A tracker of the given shape that has seen nothing.
    ///
    /// # Errors
    /// If `config` does not fit the shape.
    pub fn with_shape(n: N, l: L, config: &TrackerConfig) -> Result<Self, ConfigError> {
        Self::with_channels(n, l, n.value(), config)
    }

    /// A tracker of `channels` entries in memory for `n` of them.
    ///
    /// # Errors
    /// If `channels` is not in 1..=n, or `config` does not fit the shape.
    pub fn with_channels(n: N, l: L, channels: usize, config: &TrackerConfig) -> Result<Self, ConfigError> {
        in_range("channels", channels as f64, 1.0, n.value() as f64)?;
        config.validate(channels, l.value() / 2)?;
        let mut tracker = Self {
            columns: zero_matrix(n, l),
            energies: zeros(l),
            mean: zeros(n),
            variances: zeros(l),
            gram: zero_matrix(l, l),
            turn: zero_matrix(l, l),
            row: zeros(l),
            y: zeros(l),
            n: channels,
            rank: config.rank,
            axes: channels.min(l.value() / 2),
            pending: 0,
            memory: config.memory_frames,
            taken: 0.0,
            noise: 0.0,
            frames: 0,
            judgement: Judgement::unjudged(0),
            open: zeros(l),
            distance: f32::NAN,
            holed: false,
            filler: Imputer::with_shape(n, l),
            influence: Influence::new(channels, config.patience_frames),
        };
        tracker.restart(config.rank);
        Ok(tracker)
    }

    /// Forgets everything and starts again with another rank, clamped to 1..=ℓ.
    pub fn restart(&mut self, rank: usize) {
        let (n, axes) = (self.n, self.axes);
        self.rank = rank.clamp(1, axes);
        self.columns.fill(0.0);
        linalg::cosine_basis(&mut self.columns.as_mut_slice()[..n * axes], n);
        self.energies.fill(0.0);
        self.variances.fill(0.0);
        self.mean.fill(0.0);
        self.y.fill(0.0);
        (self.taken, self.noise, self.pending, self.frames) = (0.0, 0.0, 0, 0);
        self.judgement = Judgement::unjudged(0);
        (self.distance, self.holed) = (f32::NAN, false);
        self.filler.restart();
        self.influence.restart();
    }

    /// Lets another number of axes judge, clamped to 1..=ℓ. Nothing is forgotten but the last judged frame.
    pub fn set_rank(&mut self, rank: usize) {
        let rank = rank.clamp(1, self.axes);
        if rank == self.rank {
            return;
        }
        self.filler.unfold(&self.columns.as_slice()[..self.n * self.rank], self.n);
        self.rank = rank;
        self.filler.fold(&self.columns.as_slice()[..self.n * self.rank], self.n);
        self.y.fill(0.0);
        self.judgement = Judgement::unjudged(0);
        (self.distance, self.holed) = (f32::NAN, false);
    }

    /// Δ, in squared units of the input: the covariance of the centred, exponentially weighted frames exceeds that of the sketch by at most this in any
    /// direction, and by no less than 0, up to rounding.
    #[must_use]
    pub fn error_bound(&self) -> f32 {
        self.taken
    }

    /// vᵀBv of the sketch, in squared units of the input, for a vector `v` of n entries. Cost 2·n·ℓ multiply–adds.
    ///
    /// # Panics
    /// In debug builds, if `v` has not n entries.
    #[must_use]
    pub fn energy_along(&self, v: &[f32]) -> f32 {
        let columns = self.columns.as_slice()[..self.n * (self.axes + self.pending)].chunks_exact(self.n);
        columns.zip(self.energies.as_slice()).fold(0.0, |sum, (column, energy)| {
            let along = linalg::dot(column, v);
            sum + energy * along * along
        })
    }

    /// Makes this the sketch of both streams, each weighted by the frames that it remembers: energies add, and so do the bounds. The difference
    /// of the means is one more direction, as in a pooled covariance. Returns `false` and changes nothing if the numbers of channels differ.
    ///
    /// Cost: up to 3 shrinkings.
    #[must_use]
    pub fn merge(&mut self, other: &Self) -> bool {
        if other.n != self.n {
            return false;
        }
        let (ours, theirs) = (self.remembered(), other.remembered());
        let total = ours + theirs;
        if !(theirs > 0.0 && total.is_finite()) {
            return true;
        }
        let (here, there) = (ours / total, theirs / total);
        self.decay(here);
        self.taken += there * other.taken;
        self.noise = here * self.noise + there * other.noise;
        let columns =
            other.columns.as_slice()[..other.n * (other.axes + other.pending)].chunks_exact(other.n);
        for (column, energy) in columns.zip(other.energies.as_slice()) {
            if *energy > 0.0 {
                let at = self.reserve(there * energy);
                self.columns.as_mut_slice()[at].copy_from_slice(column);
            }
        }
        let at = self.reserve(here * there);
        let shift = &mut self.columns.as_mut_slice()[at];
        for ((shift, mean), other) in shift.iter_mut().zip(self.mean.as_mut_slice()).zip(other.mean()) {
            *shift = other - *mean;
            *mean += there * *shift;
        }
        self.influence.merge(&other.influence, [self.frames, other.frames], self.filler.unjudged());
        self.frames = self.frames.saturating_add(other.frames);
        self.shrink();
        true
    }

    /// Frames that the sketch remembers.
    fn remembered(&self) -> f32 {
        (self.frames as f32).min(self.memory)
    }

    /// Everything known weighs `factor` times as much.
    fn decay(&mut self, factor: f32) {
        self.taken *= factor;
        linalg::scale(factor, &mut self.energies.as_mut_slice()[..self.axes + self.pending]);
    }

    /// Where one more column goes, after making room if there is none.
    fn reserve(&mut self, weight: f32) -> Range<usize> {
        if self.axes + self.pending >= self.energies.len() {
            self.shrink();
        }
        let at = self.axes + self.pending;
        self.energies[at] = weight;
        self.pending += 1;
        at * self.n..(at + 1) * self.n
    }

    /// Columns into axes, and λ_{ℓ+1} off every energy.
    fn shrink(&mut self) {
        let (n, axes, count) = (self.n, self.axes, self.axes + self.pending);
        self.filler.unfold(&self.columns.as_slice()[..n * self.rank], n);
        let columns = &mut self.columns.as_mut_slice()[..n * count];
        let energies = &mut self.energies.as_mut_slice()[..count];
        for (column, energy) in columns.chunks_exact_mut(n).zip(&*energies) {
            linalg::scale(sqrt(*energy), column);
        }
        let (gram, turn) =
            (&mut self.gram.as_mut_slice()[..count * count], &mut self.turn.as_mut_slice()[..count * count]);
        for (j, column) in columns.chunks_exact(n).enumerate() {
            for (i, other) in columns.chunks_exact(n).enumerate().take(j + 1) {
                let product = linalg::dot(column, other);
                gram[j * count + i] = product;
                gram[i * count + j] = product;
            }
        }
        if !linalg::symmetric_eigen(gram, turn, energies) && energies.iter().any(|e| e.is_nan()) {
            self.restart(self.rank);
            return;
        }
        linalg::turn_columns(columns, n, turn, &mut self.row.as_mut_slice()[..count]);
        orthonormalise(&mut columns[..n * axes], n, &mut energies[..axes]);
        let taken = if count > axes { energies[axes].max(0.0) } else { 0.0 };
        self.taken += taken;
        for ((energy, variance), _) in energies.iter_mut().zip(self.variances.as_mut_slice()).zip(0..axes) {
            *variance = energy.max(0.0);
            *energy = (*energy - taken).max(0.0);
        }
        energies[axes..].fill(0.0);
        self.pending = 0;
        self.filler.fold(&self.columns.as_slice()[..n * self.rank], n);
    }

    /// The least variance that a coordinate is divided by.
    fn floor(&self) -> f32 {
        LEAST_VARIANCE.max(NO_DIGITS * self.variances[0])
    }

    /// Learns the judged frame, which counts `weight` times.
    fn take_in(&mut self, x: &[f32], residual: &[f32], weight: f32) {
        let gain = (weight * (1.0 / (self.frames - 1) as f32).max(1.0 / self.memory)).min(1.0);
        if self.judgement.is_judged() && self.n > self.rank {
            let noise = self.judgement.q / (self.n - self.rank) as f32;
            // With gaps the first frame that can be judged may come late.
            let first = if weight < 1.0 { 0.0 } else { 1.0 };
            let gain = if self.noise > 0.0 { gain } else { first };
            self.noise += gain * (noise - self.noise);
        }
        self.decay(1.0 - gain);
        if self.holed {
            self.fill(x, residual, weight, gain);
        } else {
            self.remember(x, residual, weight);
        }
        self.learn_column(residual, gain);
    }

    /// W·y + e of the judged frame becomes a column.
    fn learn_column(&mut self, residual: &[f32], gain: f32) {
        let (n, r) = (self.n, self.rank);
        let at = self.reserve(gain);
        let (w, frames) = self.columns.as_mut_slice().split_at_mut(at.start);
        let frame = &mut frames[..n];
        frame.copy_from_slice(if self.holed { self.filler.filled(residual) } else { residual });
        for (w, y) in w[..n * r].chunks_exact(n).zip(self.y.as_slice()) {
            linalg::axpy(*y, w, frame);
        }
        if self.axes + self.pending >= self.energies.len() {
            self.shrink();
        }
    }
}

impl<N: Dim, L: Dim> SubspaceTracker for FrequentDirectionsOf<N, L>
where
    DefaultAllocator: Alloc<N, L>,
{
    fn channels(&self) -> usize {
        self.n
    }

    fn rank(&self) -> usize {
        self.rank
    }

    fn frames(&self) -> u32 {
        self.frames
    }

    fn basis(&self) -> &[f32] {
        &self.columns.as_slice()[..self.n * self.rank]
    }

    fn mean(&self) -> &[f32] {
        &self.mean.as_slice()[..self.n]
    }

    fn coordinates(&self) -> &[f32] {
        &self.y.as_slice()[..self.rank]
    }

    fn judge(&mut self, x: &[f32], residual: &mut [f32]) -> Judgement {
        let (n, r) = (self.n, self.rank);
        let observed = linalg::centre(x, self.mean(), residual);
        self.holed = observed < n || !self.filler.all_known();
        let seen = if self.holed {
            // It may need two columns.
            if self.pending > 0 && self.axes + self.pending + 1 >= self.energies.len() {
                self.shrink();
            }
            self.judge_gaps(x, residual, observed)
        } else {
            let (w, y) = (&self.columns.as_slice()[..n * r], &mut self.y.as_mut_slice()[..r]);
            linalg::project(w, residual, y);
            linalg::subtract_span(w, y, residual);
            Some(Seen { share: 1.0, scale: 1.0, judged: true })
        };
        let (energy, y, floor) = (linalg::energy(residual), &self.y.as_slice()[..r], self.floor());
        let known = if self.frames < 2 { 0.0 } else { 1.0 };
        let terms = y.iter().zip(self.variances.as_slice());
        let t2 =
            terms.fold(0.0, |sum, (y, variance)| sum + known * y * y / variance.max(floor)).min(f32::MAX);
        (self.distance, self.judgement) = (f32::NAN, Judgement::unjudged(observed));
        match seen {
            Some(Seen { share, scale, judged }) if (energy + linalg::energy(y)).is_finite() => {
                self.distance = ((t2 + energy / (self.noise + LEAST_VARIANCE)) * share).min(f32::MAX);
                let q = energy * scale;
                if judged && q.is_finite() {
                    self.judgement = Judgement { q, t2, observed };
                }
            }
            _ => {
                self.y.fill(0.0);
                residual.fill(0.0);
            }
        }
        self.judgement
    }

    fn learn(&mut self, x: &[f32], residual: &[f32]) {
        let arrival = Arrival {
            distance: self.distance,
            judged: self.judgement.is_judged(),
            residual: self.judgement.q,
            mean_residual: self.noise * (self.n - self.rank) as f32,
            spared: self.holed && self.filler.follows(),
        };
        let y = &self.y.as_slice()[..self.rank];
        let energy = || linalg::energy(y) + linalg::energy(residual);
        match self.influence.admit(arrival, &mut self.frames, self.filler.unjudged(), energy) {
            Admission::Counts(weight) => self.take_in(x, residual, weight),
            Admission::First => {
                linalg::drift_towards(&mut self.mean.as_mut_slice()[..self.n], 1.0, x);
                self.filler.begin(x);
            }
            Admission::GrossStart => self.restart(self.rank),
            Admission::Outlier => self.filler.skip(),
            Admission::Empty => {
                self.filler.skip();
                // All entries were there: a number overflowed, or an axis itself is broken.
                let error = linalg::orthonormality_error(self.basis(), self.n);
                if self.judgement.observed == self.n && (error > BROKEN || error.is_nan()) {
                    self.restart(self.rank);
                }
            }
        }
    }

    fn spectrum(&self, variances: &mut [f32], _work: &mut [f32], _more: &mut [f32]) -> usize {
        variances[..self.axes].copy_from_slice(&self.variances.as_slice()[..self.axes]);
        self.axes
    }

    /// From the running mean of Q, less what the axes beyond the rank take of it.
    fn noise_variance(&self) -> f32 {
        let outside = self.noise * (self.n - self.rank) as f32;
        let beyond = self.variances.as_slice()[self.rank..self.axes].iter().fold(0.0, |sum, v| sum + v);
        let noise = (outside - beyond).clamp(0.0, f32::MAX);
        if self.axes < self.n { noise / (self.n - self.axes) as f32 } else { 0.0 }
    }

    fn grow(&mut self, _direction: &[f32], _variance: f32) -> bool {
        let before = self.rank;
        self.set_rank(before + 1);
        self.rank > before
    }

    fn shrink(&mut self) -> bool {
        let before = self.rank;
        self.set_rank(before - 1);
        self.rank < before
    }

    fn memory_frames(&self) -> f32 {
        self.memory
    }

    fn principal_axes(&self, axes: &mut [f32], variances: &mut [f32], _work: &mut [f32]) -> bool {
        let (n, r) = (self.n, self.rank);
        axes[..n * r].copy_from_slice(self.basis());
        variances[..r].copy_from_slice(&self.variances.as_slice()[..r]);
        variances[r - 1] > 0.0
    }
}

#[cfg(test)]
mod tests;
