//! Incremental SVD: the exact eigen-update of the forgetting covariance, truncated. The accuracy reference.
//!
//! M. Brand, "Fast low-rank modifications of the thin singular value decomposition", Linear Algebra Appl. 415, 2006, for the covariance
//! C ← β·C + γ·x·xᵀ of centred frames, γ = 1 − β. Tracked are the k ≥ r largest eigenpairs, C ≈ A·diag(s)·Aᵀ; one frame with
//! coordinates y = Aᵀx and residual e of length ρ gives M = diag(β·s, 0) + γ·z·zᵀ, z = (y, ρ), in the basis [A, e/ρ] of k + 1
//! directions, and its smallest eigenpair is dropped. The eigenvalues come directly.
//!
//! Here A = U·V is kept in two factors, and a frame moves each by as little as it can:
//!
//! - **U turns by one rank-one step.** Let (d, δ), δ ≥ 0, be the dropped unit eigenvector. The columns of B = [I − d·dᵀ/(1 + δ); −dᵀ] are
//!   an orthonormal basis of all directions but that one, whatever d is, so A ← [A, e/ρ]·B = A − (e/ρ + A·d/(1 + δ))·dᵀ, the rotation
//!   by the smallest angle. That is 2·n·k multiply–adds for U, as in FAPI, and not the n·k² of the product [A, e/ρ]·E of the textbook.
//! - **V takes the rest**, a k×k eigen-decomposition of Bᵀ·M·B, which is nearly diagonal: two or three Jacobi sweeps.
//! - V gets a Newton–Schulz step each frame, U one entry of a step every fourth, so rounding cannot accumulate; nothing needs to be folded.
//!
//! # Guard directions
//!
//! A tracker that keeps just the r directions it reports forgets the others at once. If the stream lingers (slow sensors), a direction that
//! returns has to be learned anew: on eight gas sensors, r = 3, memory 1,000 frames, this tracker with k = r, FAPI and PAST all
//! leave 27 % more residual than the eigenvectors of the whole covariance; k = r + 1 leaves 11 %, k = r + 2 less than 1 % (and so does a FAPI of
//! rank r + 2 of which the r leading axes are taken). So `R`
//! directions are tracked, and the leading `rank` of them judge. The rank can be changed at any time, and nothing has to be learned for it.
//!
//! # Gaps and weights
//!
//! Gaps are filled by an [`Imputer`] along all k directions; what they leave open, a column c of the posterior covariance, is one more term γ·c·cᵀ of
//! M. A frame that counts w times has the gain w·γ.
//!
//! Cost: 4·n·k + n·(k − r) multiply–adds, and O(k³) for V.

mod drop;
mod gaps;
mod persist;
mod update;

use nalgebra::{Const, DefaultAllocator, Dim, OMatrix, OVector};

use super::influence::{Admission, Arrival, Influence};
use super::missing::{Gaps, Imputer, Seen};
use super::{Judgement, SubspaceTracker, TrackerConfig};
use crate::error::{ConfigError, in_range};
use crate::linalg;
use crate::shape::{Alloc, zero_matrix, zeros};

/// Variance that every coordinate is taken to have at least in T²: a thousandth of a unit, squared.
const LEAST_VARIANCE: f32 = 1e-6;

/// And relative to the largest variance: 80 dB below it, where a coordinate has few digits left.
const LEAST_SHARE: f32 = 1e-8;

/// Residual energy below which a residual has no direction, in squared units: squares below it lose digits.
const NO_DIRECTION: f32 = 1e-30;

/// ‖x‖²·‖d‖²/ρ² from which on the residual is made orthogonal to U once more; see `LARGE_STEP` of FAPI.
const LARGE_STEP: f32 = 1e-3;

/// Share of its energy that a residual keeps when it is made orthogonal once more; one that loses more was rounding.
const TWICE_IS_ENOUGH: f32 = 0.25;

/// Orthonormality error from which no polishing leads back: memory was corrupted, or arithmetic. The tracker starts again.
const BROKEN: f32 = 0.5;

/// A column pair of U is polished every so many frames.
const POLISH_EVERY: u32 = 4;

/// The exact truncated eigen-update over dimensions `N` (channels) and `R` (tracked directions); see the page of this module's source and the
/// aliases [`IncrementalSvd`] and `DynIncrementalSvd`.
///
/// State: n·R + 3R² + 3n + 8R words and n bytes, and some scalars.
#[derive(Clone, Debug, PartialEq)]
pub struct IncrementalSvdOf<N: Dim, R: Dim>
where
    DefaultAllocator: Alloc<N, R>,
{
    /// U, n×k.
    basis: OMatrix<f32, N, R>,
    /// V, k×k orthogonal: the principal axes are U·V.
    turn: OMatrix<f32, R, R>,
    mean: OVector<f32, N>,
    /// Eigenvalues of the covariance, descending.
    variances: OVector<f32, R>,
    /// k×k scratch.
    square: OMatrix<f32, R, R>,
    gram: OMatrix<f32, R, R>,
    /// What the last judged frame left over beside all k directions, 0 where missing.
    left: OVector<f32, N>,
    /// Principal coordinates of the last judged frame, all k.
    y: OVector<f32, R>,
    /// Scratch.
    d: OVector<f32, R>,
    g: OVector<f32, R>,
    p: OVector<f32, R>,
    n: usize,
    rank: usize,
    directions: usize,
    memory: f32,
    /// What gaps leave open, along the principal axes.
    open: OVector<f32, R>,
    /// ‖left‖², and that of a frame without gaps.
    energy: f32,
    outside: f32,
    /// Σ y²/s + ‖left‖²/σ² of the last judged frame, over what was seen of it; NaN if it can teach nothing.
    distance: f32,
    /// Something of it was not seen.
    holed: bool,
    filler: Imputer<N, R>,
    influence: Influence,
    /// Running mean of ‖left‖²/(n − k): the noise variance of one entry.
    noise: f32,
    frames: u32,
    judgement: Judgement,
    polish: (usize, usize),
}

/// The exact tracker of `N` channels and `R` directions, the leading `rank` of which judge; memory inside the value.
pub type IncrementalSvd<const N: usize, const R: usize> = IncrementalSvdOf<Const<N>, Const<R>>;

/// The exact tracker with run-time shape, memory on the heap (allocated once, at construction).
#[cfg(feature = "alloc")]
pub type DynIncrementalSvd = IncrementalSvdOf<nalgebra::Dyn, nalgebra::Dyn>;

impl<const N: usize, const R: usize> IncrementalSvd<N, R> {
    /// A tracker that has seen nothing.
    ///
    /// # Errors
    /// If `rank` is not in 1..=min(N, R) or the memory is out of range.
    pub fn new(config: &TrackerConfig) -> Result<Self, ConfigError> {
        Self::with_shape(Const, Const, config)
    }
}

#[cfg(feature = "alloc")]
impl DynIncrementalSvd {
    /// A tracker of `n` channels and `directions` ≥ `config.rank` directions (two more than the rank are enough) that has seen nothing.
    ///
    /// # Errors
    /// If `rank` is not in 1..=min(n, directions) or the memory is out of range.
    pub fn new(n: usize, directions: usize, config: &TrackerConfig) -> Result<Self, ConfigError> {
        Self::with_shape(nalgebra::Dyn(n), nalgebra::Dyn(directions), config)
    }
}

impl<N: Dim, R: Dim> IncrementalSvdOf<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    /// A tracker of the given shape that has seen nothing. It follows min(n, R) directions.
    ///
    /// # Errors
    /// If `config` does not fit the shape.
    pub fn with_shape(n: N, r: R, config: &TrackerConfig) -> Result<Self, ConfigError> {
        Self::with_channels(n, r, n.value(), config)
    }

    /// A tracker of `channels` entries in memory for `n` of them.
    ///
    /// # Errors
    /// If `channels` is not in 1..=n, or `config` does not fit the shape.
    pub fn with_channels(n: N, r: R, channels: usize, config: &TrackerConfig) -> Result<Self, ConfigError> {
        in_range("channels", channels as f64, 1.0, n.value() as f64)?;
        config.validate(channels, r.value())?;
        let mut tracker = Self {
            basis: zero_matrix(n, r),
            turn: zero_matrix(r, r),
            mean: zeros(n),
            variances: zeros(r),
            square: zero_matrix(r, r),
            gram: zero_matrix(r, r),
            left: zeros(n),
            y: zeros(r),
            d: zeros(r),
            g: zeros(r),
            p: zeros(r),
            n: channels,
            rank: config.rank,
            directions: channels.min(r.value()),
            memory: config.memory_frames,
            open: zeros(r),
            energy: 0.0,
            outside: 0.0,
            distance: f32::NAN,
            holed: false,
            filler: Imputer::with_shape(n, r),
            influence: Influence::new(channels, config.patience_frames),
            noise: 0.0,
            frames: 0,
            judgement: Judgement::unjudged(0),
            polish: (0, 0),
        };
        tracker.restart(config.rank);
        Ok(tracker)
    }

    /// Forgets everything and starts again with another rank, clamped to 1..=min(n, R).
    pub fn restart(&mut self, rank: usize) {
        let (n, k) = (self.n, self.directions);
        self.rank = rank.clamp(1, k);
        linalg::cosine_basis(&mut self.basis.as_mut_slice()[..n * k], n);
        identity(&mut self.turn.as_mut_slice()[..k * k], k);
        self.mean.fill(0.0);
        self.variances.fill(0.0);
        self.left.fill(0.0);
        self.y.fill(0.0);
        (self.energy, self.outside, self.noise, self.frames) = (0.0, 0.0, 0.0, 0);
        self.judgement = Judgement::unjudged(0);
        (self.distance, self.holed) = (f32::NAN, false);
        self.filler.restart();
        self.influence.restart();
        self.polish = (0, 0);
    }

    /// Lets another number of the tracked directions judge, clamped to 1..=min(n, R). Nothing is forgotten.
    pub fn set_rank(&mut self, rank: usize) {
        self.rank = rank.clamp(1, self.directions);
    }

    /// Variances along the tracked principal axes, descending, in squared units of the input; those beyond the rank are of the guard.
    #[must_use]
    pub fn variances(&self) -> &[f32] {
        &self.variances.as_slice()[..self.directions]
    }

    /// The least variance that a coordinate is divided by.
    fn floor(&self) -> f32 {
        LEAST_VARIANCE.max(LEAST_SHARE * self.variances[0])
    }

    /// Σ y²/s over the leading `count` directions.
    fn t2(&self, count: usize) -> f32 {
        if self.frames < 2 {
            return 0.0; // no variance is known yet
        }
        let floor = self.floor();
        let terms = self.y.iter().zip(self.variances.iter()).take(count);
        terms.fold(0.0, |sum, (y, s)| sum + y * y / s.max(floor)).min(f32::MAX)
    }

    /// Learns the judged frame, which counts `weight` times.
    fn take_in(&mut self, x: &[f32], weight: f32) {
        let gain = (weight * (1.0 / (self.frames - 1) as f32).max(1.0 / self.memory)).min(1.0);
        if self.judgement.is_judged() && self.n > self.directions {
            let noise = self.outside / (self.n - self.directions) as f32;
            // With gaps the first frame that can be judged may come late.
            let first = if weight < 1.0 { 0.0 } else { 1.0 };
            let gain = if self.noise > 0.0 { gain } else { first };
            self.noise += gain * (noise - self.noise);
        }
        if self.holed {
            self.fill(x, weight);
        } else {
            self.remember(x, weight);
        }
        self.rotate(gain);
        self.polish();
    }

    /// A Newton–Schulz step for V, which Jacobi turns a hundred times a frame, and now and then one entry of a step for U.
    fn polish(&mut self) {
        let (n, k) = (self.n, self.directions);
        let turn = &mut self.turn.as_mut_slice()[..k * k];
        let mut error = 0.0f32;
        let mut pair = (0, 0);
        for _ in 0..k * (k + 1) / 2 {
            let of_turn = linalg::polish_pair(turn, k, pair.0, pair.1).abs();
            error = if of_turn > error || of_turn.is_nan() { of_turn } else { error };
            pair = linalg::next_pair(pair, k);
        }
        if self.frames.is_multiple_of(POLISH_EVERY) {
            let (j, i) = self.polish;
            let of_basis = linalg::polish_pair(&mut self.basis.as_mut_slice()[..n * k], n, j, i).abs();
            error = if of_basis > error || of_basis.is_nan() { of_basis } else { error };
            self.polish = linalg::next_pair(self.polish, k);
        }
        if error > BROKEN || error.is_nan() {
            self.restart(self.rank);
        }
    }
}

fn identity(a: &mut [f32], r: usize) {
    a.fill(0.0);
    for k in 0..r {
        a[k * r + k] = 1.0;
    }
}

impl<N: Dim, R: Dim> SubspaceTracker for IncrementalSvdOf<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    fn channels(&self) -> usize {
        self.n
    }

    fn rank(&self) -> usize {
        self.rank
    }

    fn directions(&self) -> usize {
        self.directions
    }

    fn frames(&self) -> u32 {
        self.frames
    }

    fn basis(&self) -> &[f32] {
        &self.basis.as_slice()[..self.n * self.directions]
    }

    fn mean(&self) -> &[f32] {
        &self.mean.as_slice()[..self.n]
    }

    fn coordinates(&self) -> &[f32] {
        &self.y.as_slice()[..self.rank]
    }

    fn judge(&mut self, x: &[f32], residual: &mut [f32]) -> Judgement {
        let (n, k, r) = (self.n, self.directions, self.rank);
        let observed = linalg::centre(x, self.mean(), residual);
        self.holed = observed < n || !self.filler.all_known();
        let seen = if self.holed {
            self.judge_gaps(x, residual, observed)
        } else {
            let basis = &self.basis.as_slice()[..n * k];
            linalg::project(basis, residual, &mut self.p.as_mut_slice()[..k]);
            linalg::subtract_span(basis, &self.p.as_slice()[..k], residual);
            Some(Seen { share: 1.0, scale: 1.0, judged: true })
        };
        self.judgement = Judgement::unjudged(observed);
        self.distance = f32::NAN;
        let Seen { share, scale, judged } = seen.unwrap_or(Seen { share: 0.0, scale: 0.0, judged: false });
        let (basis, turn) = (&self.basis.as_slice()[..n * k], &self.turn.as_slice()[..k * k]);
        let (p, y) = (&mut self.p.as_mut_slice()[..k], &mut self.y.as_mut_slice()[..k]);
        linalg::project(turn, p, y);
        self.energy = linalg::energy(residual);
        self.outside = self.energy * scale;
        self.left.as_mut_slice()[..n].copy_from_slice(residual);
        let mut q = self.outside;
        if r < k {
            // What the guard explains is residual too.
            let g = &mut self.g.as_mut_slice()[..k];
            linalg::multiply(&turn[r * k..], &y[r..], g);
            linalg::scale(-1.0, g);
            q = linalg::subtract_span(basis, g, residual);
            if self.holed {
                q = blank(residual, x) / share;
            }
        }
        if seen.is_some() && (q + self.energy + linalg::energy(y)).is_finite() {
            let distance = self.t2(k) + self.energy / (self.noise + LEAST_VARIANCE);
            self.distance = (distance * share).min(f32::MAX);
            if judged && (q + self.outside).is_finite() {
                self.judgement = Judgement { q, t2: self.t2(r), observed };
            }
        } else {
            self.y.fill(0.0);
            residual.fill(0.0);
        }
        self.judgement
    }

    fn learn(&mut self, x: &[f32], _residual: &[f32]) {
        let arrival = Arrival {
            distance: self.distance,
            judged: self.judgement.is_judged(),
            residual: self.outside,
            mean_residual: self.noise * (self.n - self.directions) as f32,
            spared: self.holed && self.filler.follows(),
        };
        let (y, left) = (&self.y.as_slice()[..self.directions], self.energy);
        let energy = || linalg::energy(y) + left;
        match self.influence.admit(arrival, &mut self.frames, self.filler.unjudged(), energy) {
            Admission::Counts(weight) => self.take_in(x, weight),
            Admission::First => {
                linalg::drift_towards(&mut self.mean.as_mut_slice()[..self.n], 1.0, x);
                self.filler.begin(x);
            }
            Admission::GrossStart => self.restart(self.rank),
            Admission::Outlier => self.filler.skip(),
            Admission::Empty => {
                self.filler.skip();
                // All entries were there: a number overflowed, or U itself is broken. Polishing finds out.
                if self.judgement.observed == self.n {
                    self.polish();
                }
            }
        }
    }

    fn spectrum(&self, variances: &mut [f32], _work: &mut [f32], _more: &mut [f32]) -> usize {
        let known = self.variances();
        variances[..known.len()].copy_from_slice(known);
        known.len()
    }

    /// Running mean of ‖e‖²/(n − k), e being what lies outside all tracked directions.
    fn noise_variance(&self) -> f32 {
        self.noise
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
        let (n, k, r) = (self.n, self.directions, self.rank);
        let turn = &self.turn.as_slice()[..k * k];
        for (axis, v) in axes[..n * r].chunks_exact_mut(n).zip(turn.chunks_exact(k)) {
            linalg::multiply(self.basis(), v, axis);
        }
        variances[..r].copy_from_slice(&self.variances.as_slice()[..r]);
        variances[r - 1] > 0.0
    }
}

/// Sets the residual to 0 where `x` is missing, and returns its energy.
fn blank(residual: &mut [f32], x: &[f32]) -> f32 {
    for (e, x) in residual.iter_mut().zip(x) {
        *e = if x.is_finite() { *e } else { 0.0 };
    }
    linalg::energy(residual)
}

#[cfg(test)]
mod tests;
