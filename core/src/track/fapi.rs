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

#[cfg(feature = "alloc")]
mod batch;
mod persist;
mod resize;

#[cfg(feature = "alloc")]
pub use batch::FapiBatch;
use nalgebra::{Const, DefaultAllocator, Dim, OMatrix, OVector};

use super::missing::expected_coordinates;
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

/// FAPI over dimensions `N` (channels) and `R` (largest rank); see the page of this module's source and the aliases [`Fapi`] and `DynFapi`.
///
/// State: n·R + 2R² + n + 4R words.
#[derive(Clone, Debug, PartialEq)]
pub struct FapiOf<N: Dim, R: Dim>
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
    /// Scratch: the gain vector, and the part of W in the update.
    g: OVector<f32, R>,
    p: OVector<f32, R>,
    n: usize,
    rank: usize,
    max_rank: usize,
    forgetting: f32,
    memory: f32,
    /// Σ βᵗ⁻ˢ, the number of frames that Z holds.
    weight: f32,
    /// Running mean of Q/(n − r): the noise variance of one entry.
    noise: f32,
    frames: u32,
    judgement: Judgement,
    polish: (usize, usize),
    /// The coordinate that leaks next.
    leaked: usize,
}

/// FAPI of `N` channels and rank up to `R`, memory inside the value.
pub type Fapi<const N: usize, const R: usize> = FapiOf<Const<N>, Const<R>>;

/// FAPI with run-time shape, memory on the heap (allocated once, at construction).
#[cfg(feature = "alloc")]
pub type DynFapi = FapiOf<nalgebra::Dyn, nalgebra::Dyn>;

impl<const N: usize, const R: usize> Fapi<N, R> {
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

impl<N: Dim, R: Dim> FapiOf<N, R>
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
            forgetting: 1.0 - 1.0 / config.memory_frames,
            memory: config.memory_frames,
            weight: 0.0,
            noise: 0.0,
            frames: 0,
            judgement: Judgement::unjudged(0),
            polish: (0, 0),
            leaked: 0,
        };
        tracker.restart(config.rank);
        Ok(tracker)
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
        (self.polish, self.leaked) = ((0, 0), 0);
    }

    /// The update of Table II with the judged y, f and e. Leaves the state alone if a number overflowed.
    fn rotate(&mut self, residual: &[f32]) {
        let r = self.rank;
        let (y, f) = (&self.y.as_slice()[..r], &self.f.as_slice()[..r]);
        let (g, p) = (&mut self.g.as_mut_slice()[..r], &mut self.p.as_mut_slice()[..r]);
        let w = &mut self.basis.as_mut_slice()[..self.n * r];
        let root = &mut self.root.as_mut_slice()[..r * r];
        let h = &mut self.square.as_mut_slice()[..r];

        linalg::multiply(root, f, h); // Z·y
        let gain = 1.0 / (self.forgetting + linalg::energy(f));
        for (g, h) in g.iter_mut().zip(&*h) {
            *g = gain * h;
        }
        let (mut energy, gamma) = (linalg::energy(residual), linalg::energy(g));
        p.fill(0.0);
        // e is orthogonal to W only if all entries were observed, and then up to rounding: where that counts, e ← e − W·(Wᵀe).
        let mut directed = true;
        if self.judgement.observed < self.n || (energy + linalg::energy(y)) * gamma > LARGE_STEP {
            linalg::project(w, residual, p);
            let outside = energy - linalg::energy(p);
            // What is almost all along W is the rounding of a huge y, and the difference has no digits.
            directed = outside > NO_DIGITS * energy;
            energy = outside.max(0.0);
        }
        let s = sqrt(1.0 + energy * gamma);
        let (eta, tau) = (1.0 / s, energy / (s * (s + 1.0)));
        if !(s.is_finite() && tau.is_finite()) {
            return;
        }
        for (p, g) in p.iter_mut().zip(&*g) {
            *p = eta * *p + tau * g;
        }
        if directed {
            linalg::rank_one_rotation(w, eta, residual, p, g);
        }
        absorb(root, f, h, gain, self.forgetting);
        self.weight = self.forgetting * self.weight + 1.0;
    }

    /// Adds r·[`LEAK`] + ‖y‖²·[`RELATIVE_LEAK`], for each frame since the last time, to the next diagonal entry of Z⁻¹.
    fn leak(&mut self) {
        let r = self.rank;
        let k = self.leaked;
        self.leaked = if k + 1 < r { k + 1 } else { 0 };
        let root = &mut self.root.as_mut_slice()[..r * r];
        let (f, g) = (&mut self.f.as_mut_slice()[..r], &mut self.g.as_mut_slice()[..r]);
        let variance = r as f32 * LEAK + RELATIVE_LEAK * linalg::energy(&self.y.as_slice()[..r]);
        let size = sqrt(UPKEEP_EVERY as f32 * variance);
        for (j, f) in f.iter_mut().enumerate() {
            *f = size * root[j * r + k];
        }
        linalg::multiply(root, f, g);
        absorb(root, f, g, 1.0 / (1.0 + linalg::energy(f)), 1.0);
    }

    /// What a centred frame teaches: the noise, and where W and Z go from here.
    fn learn_deviation(&mut self, residual: &[f32]) {
        if self.n > self.rank {
            let gain = (1.0 / (self.frames - 1) as f32).max(1.0 / self.memory);
            let noise = self.judgement.q / (self.n - self.rank) as f32;
            self.noise += gain * (noise - self.noise);
        }
        self.rotate(residual);
        if self.frames.is_multiple_of(UPKEEP_EVERY) {
            self.leak();
            self.polish();
        }
    }

    /// One entry of a Newton–Schulz step, the next pair each time.
    fn polish(&mut self) {
        let (j, k) = self.polish;
        let error = linalg::polish_pair(&mut self.basis.as_mut_slice()[..self.n * self.rank], self.n, j, k);
        if error.abs() > BROKEN || error.is_nan() {
            self.restart(self.rank);
            return;
        }
        self.polish = next_pair((j, k), self.rank);
    }
}

/// The pair of columns after (j, k), of all with j ≥ k.
fn next_pair((j, k): (usize, usize), rank: usize) -> (usize, usize) {
    if k < j {
        (j, k + 1)
    } else if j + 1 < rank {
        (j + 1, 0)
    } else {
        (0, 0)
    }
}

impl<N: Dim, R: Dim> SubspaceTracker for FapiOf<N, R>
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
        // With no more entries than coordinates nothing is left over to judge by, unless that is the shape itself.
        if observed < n && (observed <= r || 2 * observed < n) || observed == 0 {
            residual.fill(0.0);
            self.judgement = Judgement::unjudged(observed);
            return self.judgement;
        }
        let w = &self.basis.as_slice()[..n * r];
        let y = &mut self.y.as_mut_slice()[..r];
        let root = &self.root.as_slice()[..r * r];
        linalg::project(w, residual, y);
        if observed < n {
            // Λ⁻¹ = weight·Z, since Z inverts the *sum* of yyᵀ.
            let noise = self.noise * self.weight;
            expected_coordinates(w, x, root, noise, y, self.square.as_mut_slice());
        }
        let mut q = linalg::subtract_span(w, y, residual);
        if observed < n {
            for (e, x) in residual.iter_mut().zip(x) {
                *e = if x.is_finite() { *e } else { 0.0 };
            }
            q = linalg::energy(residual) * (n as f32 / observed as f32);
        }
        let f = &mut self.f.as_mut_slice()[..r];
        linalg::project(root, y, f);
        let t2 = self.weight * linalg::energy(f);
        self.judgement = if (q + t2).is_finite() {
            Judgement { q, t2, observed }
        } else {
            y.fill(0.0);
            residual.fill(0.0);
            Judgement::unjudged(observed)
        };
        self.judgement
    }

    fn learn(&mut self, x: &[f32], residual: &[f32]) {
        if !self.judgement.is_judged() {
            // All entries were there: a number overflowed, or W itself is broken. Polishing finds out.
            if self.judgement.observed == self.n {
                self.polish();
            }
            return;
        }
        self.frames = self.frames.saturating_add(1);
        // The first frame only says where the mean is: learned as a deviation from 0, its offset would rule for many memories.
        if self.frames > 1 {
            self.learn_deviation(residual);
        }
        // (A restart in between makes this frame the first, and the next one too.)
        let gain = (1.0 / self.frames.max(1) as f32).max(1.0 / self.memory);
        linalg::drift_towards(&mut self.mean.as_mut_slice()[..self.n], gain, x);
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

/// (S·Sᵀ)⁻¹ ← β·(S·Sᵀ)⁻¹ + y·yᵀ, given f = Sᵀy, h = S·f and a = 1/(β + ‖f‖²): S ← (S − γ·h·fᵀ)/√β with γ = a/(1 + √(βa)) (Potter).
/// Leaves S alone if f is not finite. Cost r² multiply–adds.
fn absorb(root: &mut [f32], f: &[f32], h: &[f32], a: f32, beta: f32) {
    let gamma = a / (1.0 + sqrt(beta * a));
    if gamma.is_finite() {
        linalg::scaled_rank_one(root, 1.0 / sqrt(beta), -gamma, h, f);
    }
}

#[cfg(test)]
pub(in crate::track) mod tests;
