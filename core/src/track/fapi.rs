//! FAPI: fast approximated power iteration.
//!
//! R. Badeau, B. David, G. Richard, "Fast approximated power iteration subspace tracking", IEEE Trans. Signal Processing 53(8), 2005,
//! Table II (exponential window). Tracks an orthonormal W with 3·n·r + O(n + r²) multiply–adds a frame, and the inverse
//! Z of the exponentially weighted sum Σ βᵗ⁻ˢ y yᵀ, which gives T² without an eigen-decomposition.
//!
//! Written here in terms of the residual e = x − Wy, which the score needs anyway. With ε² = ‖e‖², γ = ‖g‖² and
//! s = √(1 + ε²γ), the paper's η = 1 − τγ and τ = ε²/(1 + ε²γ + s) become η = 1/s and τ = ε²/(s(s + 1)): the same numbers without the
//! cancellation, and `ηx − Wy' = ηe − τWg`. What is different here, for unattended years of `f32`:
//!
//! - **Z stays symmetric.** With Θ = (I + ε²ggᵀ)^(−1/2), Table II takes Z to Θ·P·Θ⁻¹, P = (Z − ghᵀ)/β. Its symmetric part is P up to the
//!   second order in Θ − I (the first-order term is a commutator of symmetric matrices, so antisymmetric), and Θ − I is itself of
//!   second order in the angle turned. Ours takes Z to P (as in OPAST: Abed-Meraim, Chkeif, Hua 2000): positive definite for any
//!   input, while Θ·P·Θ⁻¹ becomes indefinite, in any precision, when a frame turns W by a large angle.
//! - **Z is kept as a square root**, Z = S·Sᵀ, updated by Potter's formula (see Bierman 1977). P is a
//!   difference: in `f32` it loses its sign when a stream has six decades of variance. S·Sᵀ cannot, and S needs half of them.
//! - **No wind-up.** Without excitation Z would grow as β⁻ᵗ. Every fourth frame adds a little to one diagonal entry of Z⁻¹, the next
//!   one each time, as noise of variance 10⁻⁶ + 10⁻⁸·‖y‖²/r on the coordinates would (leaky recursive least squares): Z stays below
//!   10⁶/memory, and forgetting goes on in the directions that are excited.
//! - **The first frame** only sets the mean.
//! - **Polishing.** One pair of columns of W, every fourth frame, gets its entry of a Newton–Schulz step, so rounding cannot
//!   accumulate; and before a large step, or if entries were missing, e is made orthogonal to W once more.
//! - **Weights.** A frame may count w times ([`super::influence`]): √w·x, and β for as much time.
//! - **Gaps** are the business of a policy ([`super::missing`]).

#[cfg(feature = "alloc")]
mod batch;
mod persist;
mod resize;
mod update;

#[cfg(feature = "alloc")]
pub use batch::FapiBatch;
use nalgebra::{Const, DefaultAllocator, Dim, OMatrix, OVector};

use super::influence::{Admission, Arrival, Influence};
use super::missing::{Gaps, Imputer, Model, Ridge, Scratch, Seen};
use super::{Judgement, SubspaceTracker, TrackerConfig};
use crate::error::{ConfigError, in_range};
use crate::linalg;
use crate::math::sqrt;
use crate::shape::{Alloc, zero_matrix, zeros};

/// Variance that every coordinate is taken to have at least: a thousandth of a unit, squared.
const LEAK: f32 = 1e-6;

/// And relative to ‖y‖²: 80 dB below it, where y itself has few digits left. Bounds ‖x‖·‖g‖, by which a step magnifies errors.
const RELATIVE_LEAK: f32 = 1e-8;

/// Z leaks and a column pair is polished every so many frames.
const UPKEEP_EVERY: u32 = 4;

/// Orthonormality error from which no polishing leads back: memory was corrupted, or arithmetic. The tracker starts again.
const BROKEN: f32 = 0.5;

/// ‖x‖²·‖g‖² from which on the residual is made orthogonal to W once more: an update adds to WᵀW what e lacks in orthogonality, up to
/// rounding of ‖x‖, times g.
const LARGE_STEP: f32 = 1e-3;

/// Share of its energy that a residual must keep outside W when it is made orthogonal once more.
const NO_DIGITS: f32 = 1e-2;

/// What fills gaps needs to know, borrowed field by field.
macro_rules! model {
    ($tracker:ident) => {
        Model {
            basis: &$tracker.basis.as_slice()[..$tracker.n * $tracker.rank],
            root: &$tracker.root.as_slice()[..$tracker.rank * $tracker.rank],
            weight: $tracker.weight,
            noise: $tracker.noise,
        }
    };
}

/// FAPI over dimensions `N` (channels) and `R` (largest rank), with gaps filled by `G`: [`Imputer`], or [`Ridge`] for smaller chips. See
/// the page of this module's source and the aliases [`Fapi`] and `DynFapi`.
///
/// State: n·R + 2R² + n + 4R + 30 words, and the policy's.
#[derive(Clone, Debug, PartialEq)]
pub struct FapiOf<N: Dim, R: Dim, G = Imputer<N, R>>
where
    DefaultAllocator: Alloc<N, R>,
{
    basis: OMatrix<f32, N, R>,
    mean: OVector<f32, N>,
    /// S, a square root of the inverse Z = S·Sᵀ of the weighted sum of yyᵀ; r×r in the first r² words.
    root: OMatrix<f32, R, R>,
    /// r×r scratch.
    square: OMatrix<f32, R, R>,
    y: OVector<f32, R>,
    /// f = Sᵀ·y of the last judged frame: yᵀZy = ‖f‖².
    f: OVector<f32, R>,
    /// Scratch: the gain vector.
    g: OVector<f32, R>,
    /// What gaps leave open, until the frame is learned; then scratch: the part of W in the update.
    p: OVector<f32, R>,
    n: usize,
    rank: usize,
    max_rank: usize,
    forgetting: f32,
    /// 1/√β.
    growth: f32,
    memory: f32,
    /// Σ βᵗ⁻ˢ, the number of frames that Z holds.
    weight: f32,
    /// Running mean of Q/(n − r): the noise variance of one entry.
    noise: f32,
    frames: u32,
    judgement: Judgement,
    /// T² + Q/σ² of the last judged frame, over what was seen of it; NaN if it can teach nothing.
    distance: f32,
    /// Something of it was not seen.
    holed: bool,
    filler: G,
    influence: Influence,
    polish: (usize, usize),
    /// The coordinate that leaks next.
    leaked: usize,
}

/// FAPI of `N` channels and rank up to `R`, memory inside the value.
pub type Fapi<const N: usize, const R: usize> = FapiOf<Const<N>, Const<R>>;

/// [`Fapi`] with the plain policy for gaps: for the smallest chips.
pub type LeanFapi<const N: usize, const R: usize> = FapiOf<Const<N>, Const<R>, Ridge>;

/// FAPI with run-time shape, memory on the heap (allocated once, at construction).
#[cfg(feature = "alloc")]
pub type DynFapi = FapiOf<nalgebra::Dyn, nalgebra::Dyn>;

impl<const N: usize, const R: usize, G: Gaps<Const<N>, Const<R>>> FapiOf<Const<N>, Const<R>, G> {
    /// A tracker that has seen nothing.
    ///
    /// # Errors
    /// If `rank` is not in 1..=min(N, R) or the memory is out of range.
    pub fn new(config: &TrackerConfig) -> Result<Self, ConfigError> {
        Self::with_shape(Const, Const, config)
    }
}

#[cfg(feature = "alloc")]
impl DynFapi {
    /// A tracker of `n` channels and rank up to `config.rank` that has seen nothing.
    ///
    /// # Errors
    /// If `rank` is not in 1..=n or the memory is out of range.
    pub fn new(n: usize, config: &TrackerConfig) -> Result<Self, ConfigError> {
        Self::with_shape(nalgebra::Dyn(n), nalgebra::Dyn(config.rank), config)
    }
}

impl<N: Dim, R: Dim, G: Gaps<N, R>> FapiOf<N, R, G>
where
    DefaultAllocator: Alloc<N, R>,
{
    /// A tracker of the given shape that has seen nothing.
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
            mean: zeros(n),
            root: zero_matrix(r, r),
            square: zero_matrix(r, r),
            y: zeros(r),
            f: zeros(r),
            g: zeros(r),
            p: zeros(r),
            n: channels,
            rank: config.rank,
            max_rank: r.value(),
            forgetting: 0.0,
            growth: 0.0,
            memory: 0.0,
            weight: 0.0,
            noise: 0.0,
            frames: 0,
            judgement: Judgement::unjudged(0),
            distance: f32::NAN,
            holed: false,
            filler: G::with_shape(n, r),
            influence: Influence::new(channels, config.patience_frames),
            polish: (0, 0),
            leaked: 0,
        };
        tracker.remember_for(config.memory_frames);
        tracker.restart(config.rank);
        Ok(tracker)
    }

    fn remember_for(&mut self, frames: f32) {
        (self.memory, self.forgetting) = (frames, 1.0 - 1.0 / frames);
        self.growth = 1.0 / sqrt(self.forgetting);
    }

    /// Forgets everything and starts again with another rank, clamped to 1..=min(n, R).
    pub fn restart(&mut self, rank: usize) {
        let rank = rank.clamp(1, self.n.min(self.max_rank));
        self.rank = rank;
        linalg::cosine_basis(&mut self.basis.as_mut_slice()[..self.n * rank], self.n);
        // As if one frame of unit variance, that of a standardised entry, had been seen along each axis.
        let root = &mut self.root.as_mut_slice()[..rank * rank];
        root.fill(0.0);
        for k in 0..rank {
            root[k * rank + k] = 1.0;
        }
        self.mean.fill(0.0);
        self.y.fill(0.0);
        self.f.fill(0.0);
        (self.weight, self.noise, self.frames) = (0.0, 0.0, 0);
        self.judgement = Judgement::unjudged(0);
        (self.distance, self.holed) = (f32::NAN, false);
        self.filler.restart();
        self.influence.restart();
        (self.polish, self.leaked) = ((0, 0), 0);
    }

    /// A frame with gaps: y, and e where something was seen.
    #[inline(never)]
    fn judge_gaps(&mut self, x: &[f32], residual: &mut [f32], observed: usize) {
        let r = self.rank;
        self.judgement = Judgement::unjudged(observed);
        self.distance = f32::NAN;
        let y = &mut self.y.as_mut_slice()[..r];
        let open = &mut self.p.as_mut_slice()[..r];
        open.fill(0.0);
        let model = model!(self);
        let scratch = Scratch { square: self.square.as_mut_slice(), open };
        let Some(seen) = self.filler.expect(&model, x, residual, y, observed, scratch) else { return };
        let Seen { share, scale, judged } = seen;
        let f = &mut self.f.as_mut_slice()[..r];
        linalg::project_seldom(model.root, y, f);
        let (energy, t2) = (linalg::energy(residual), self.weight * linalg::energy(f));
        if (energy + t2).is_finite() {
            self.distance = ((t2 + energy / (self.noise + LEAK)) * share).min(f32::MAX);
        }
        let q = energy * scale;
        if judged && (q + t2).is_finite() {
            self.judgement = Judgement { q, t2, observed };
        }
    }
}

impl<N: Dim, R: Dim, G: Gaps<N, R>> SubspaceTracker for FapiOf<N, R, G>
where
    DefaultAllocator: Alloc<N, R>,
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
        &self.basis.as_slice()[..self.n * self.rank]
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
        if self.holed {
            self.judge_gaps(x, residual, observed);
        } else {
            let w = &self.basis.as_slice()[..n * r];
            let y = &mut self.y.as_mut_slice()[..r];
            linalg::project(w, residual, y);
            let q = linalg::subtract_span(w, y, residual);
            let f = &mut self.f.as_mut_slice()[..r];
            linalg::project(&self.root.as_slice()[..r * r], y, f);
            let t2 = self.weight * linalg::energy(f);
            (self.distance, self.judgement) = if (q + t2).is_finite() {
                ((t2 + q / (self.noise + LEAK)).min(f32::MAX), Judgement { q, t2, observed })
            } else {
                (f32::NAN, Judgement::unjudged(observed))
            };
        }
        if self.distance.is_nan() {
            self.y.fill(0.0);
            residual.fill(0.0);
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
            Admission::Counts(weight) => {
                let filled = G::FILLS && self.holed;
                self.learn_deviation(x, residual, weight);
                if !filled {
                    self.learn_mean(x, residual, weight);
                }
            }
            // Learned as a deviation from 0, its offset would rule for many memories.
            Admission::First => {
                linalg::drift_towards(&mut self.mean.as_mut_slice()[..self.n], 1.0, x);
                self.filler.begin(x);
            }
            Admission::GrossStart => self.restart(self.rank),
            Admission::Outlier => self.filler.skip(),
            Admission::Empty => {
                self.filler.skip();
                // All entries were there: a number overflowed, or W itself is broken. Polishing finds out.
                if self.judgement.observed == self.n {
                    self.polish();
                }
            }
        }
    }

    fn spectrum(&self, variances: &mut [f32], work: &mut [f32], more: &mut [f32]) -> usize {
        resize::spectrum(self, variances, work, more)
    }

    /// Running mean of Q/(n − r).
    fn noise_variance(&self) -> f32 {
        self.noise
    }

    fn grow(&mut self, direction: &[f32], variance: f32) -> bool {
        resize::grow(self, direction, variance)
    }

    fn shrink(&mut self) -> bool {
        resize::shrink(self)
    }

    fn memory_frames(&self) -> f32 {
        self.memory
    }

    fn principal_axes(&self, axes: &mut [f32], variances: &mut [f32], work: &mut [f32]) -> bool {
        let (n, r) = (self.n, self.rank);
        let root = &self.root.as_slice()[..r * r];
        let (a, rest) = work.split_at_mut(r * r);
        let (v, ordered) = rest.split_at_mut(r * r);
        a.fill(0.0);
        for column in root.chunks_exact(r) {
            linalg::rank_one(a, 1.0, column, column); // Z = Σ s·sᵀ, symmetric to the bit
        }
        let mut ok = linalg::symmetric_eigen(a, v, &mut variances[..r]);
        // Eigenvalues of Z descend, so the variances 1/(weight·z) ascend: reverse both.
        for k in 0..r {
            ordered[k * r..(k + 1) * r].copy_from_slice(&v[(r - 1 - k) * r..(r - k) * r]);
        }
        variances[..r].reverse();
        for variance in &mut variances[..r] {
            ok &= *variance > 0.0;
            *variance = if *variance > 0.0 { 1.0 / (*variance * self.weight.max(1.0)) } else { 0.0 };
        }
        let w = self.basis();
        for (axis, v) in axes[..n * r].chunks_exact_mut(n).zip(ordered.chunks_exact(r)) {
            linalg::multiply(w, v, axis);
        }
        if !ok {
            axes[..n * r].copy_from_slice(w);
        }
        ok
    }
}

#[cfg(test)]
pub(in crate::track) mod tests;
