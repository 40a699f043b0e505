//! The full policy: the entries that were seen, and the frame before.
//!
//! The model is probabilistic PCA (Tipping & Bishop 1999) whose coordinates and residuals each persist from frame to frame with one
//! coefficient: y_t = φ·y_{t−1} + …, e_t = ψ·e_{t−1} + …. With observed entries Ω, noise variance σ² per entry and coordinate covariance
//! Λ, the expectation of y is
//!
//! ```text
//! (W_ΩᵀW_Ω + σ²Λ⁻¹)·(y − φ·y_{t−1}) = W_Ωᵀ(x − μ − φ·W·y_{t−1} − ψ·e_{t−1})_Ω
//! ```
//!
//! (their eq. 6 with rows of W removed, for the innovations of the frame; these are taken to have the proportions of Λ and σ²), and a missing
//! entry is μ + W·y + ψ·e_{t−1} there. Without persistence (φ = ψ = 0, a white stream) that is the plain ridge solution; with all of it (φ = ψ = 1, a
//! slow sensor) the last value, moved as the others say. It shrinks as fewer entries are seen, instead of exploding as least squares does.
//! φ and ψ are learned by least squares, on frames with missing entries only: complete frames cost nothing but the copy
//! of themselves that the next one may need.
//!
//! **What was not seen counts less.** An imputed residual is ψᵏ of the last one seen; the posterior covariance of y
//! goes into the tracked covariance, so that directions that nothing observes keep their variance and the gain of the rotation falls; and the mean
//! of an entry that was not seen for [`STALE`] frames rests: filled in for hours, it would be an integrator that nothing pulls back.

use nalgebra::{DefaultAllocator, Dim, OVector, U1};

use super::persistence::{Persistence, quiet};
use super::{Gaps, Mean, Model, Scratch, Seen, WORDS, private};
use crate::linalg::{self, cholesky, cholesky_solve};
use crate::math::sqrt;
use crate::shape::{Alloc, zeros};
use crate::track::MAX_RANK;
use crate::track::influence::Scale;
use crate::track::snapshot::{Floats, SnapshotError, Writer, all_within, at_most, same};

/// Number in a snapshot.
const POLICY: u32 = 1;

/// Frames after which an entry's last value says nothing of its mean, and a whole frame's nothing of the next.
const STALE: u8 = 8;

/// Age of an entry that was never seen.
const NEVER: u8 = u8::MAX;

/// Expects a frame with gaps from what was seen of it and from the frame before, and fills it: see the page of this module's source. Any number of
/// entries may be missing; what is left teaches what it can.
///
/// State: n + 2·r + 12 words and n bytes. Cost of a frame with gaps about 6·n·r + n·r²/2 + 2·r³ multiply–adds more.
#[derive(Clone, Debug, PartialEq)]
pub struct Imputer<N: Dim, R: Dim>
where
    DefaultAllocator: Alloc<N, R>,
{
    /// e and y of the frame learned last, its gaps filled in.
    pub(in crate::track) residual: OVector<f32, N>,
    pub(in crate::track) coordinates: OVector<f32, R>,
    /// Frames since each entry was seen, unless the last one was whole.
    pub(in crate::track) age: OVector<u8, N>,
    /// Scratch.
    work: OVector<f32, R>,
    pub(in crate::track) state: State,
}

/// The part of it that has no dimension, so that its code is compiled once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::track) struct State {
    phi: Persistence,
    psi: Persistence,
    /// Pairs of frames that the persistence was learned from.
    pairs: u32,
    /// Entries that were never seen: their mean is not known, so they are missing even where they are observed.
    unborn: u32,
    /// Column of the posterior that comes next.
    column: u8,
    /// Frames since the one learned last.
    gap: u8,
    /// The last frame had no gap.
    whole: bool,
    /// Distances of frames with too few entries to be judged.
    unjudged: Scale,
}

/// The frame learned last, and scratch.
struct Memory<'a> {
    e: &'a mut [f32],
    y: &'a mut [f32],
    age: &'a mut [u8],
    work: &'a mut [f32],
}

impl<N: Dim, R: Dim> Imputer<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    fn split(&mut self, n: usize, r: usize) -> (&mut State, Memory<'_>) {
        let memory = Memory {
            e: &mut self.residual.as_mut_slice()[..n],
            y: &mut self.coordinates.as_mut_slice()[..r],
            age: &mut self.age.as_mut_slice()[..n],
            work: &mut self.work.as_mut_slice()[..r],
        };
        (&mut self.state, memory)
    }

    /// e_{t−1}, y_{t−1}, φ and ψ.
    #[cfg(test)]
    pub(in crate::track) fn past(&self) -> (&[f32], &[f32], f32, f32) {
        let (phi, psi) = self.state.persistence();
        (self.residual.as_slice(), self.coordinates.as_slice(), phi, psi)
    }
}

impl<N: Dim, R: Dim> private::Sealed for Imputer<N, R> where DefaultAllocator: Alloc<N, R> {}

impl<N: Dim, R: Dim> Gaps<N, R> for Imputer<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    const FILLS: bool = true;

    fn with_shape(n: N, r: R) -> Self {
        let age = OVector::repeat_generic(n, U1, NEVER);
        Self { residual: zeros(n), coordinates: zeros(r), age, work: zeros(r), state: State::NEW }
    }

    fn restart(&mut self) {
        self.residual.fill(0.0);
        self.coordinates.fill(0.0);
        self.work.fill(0.0);
        self.age.fill(NEVER);
        self.state = State::NEW;
    }

    #[inline]
    fn all_known(&self) -> bool {
        self.state.all_known()
    }

    /// Cost 3·n·r + n·r²/2 + 2·r³ multiply–adds.
    fn expect(
        &mut self,
        model: &Model<'_>,
        x: &[f32],
        residual: &mut [f32],
        y: &mut [f32],
        observed: usize,
        scratch: Scratch<'_>,
    ) -> Option<Seen> {
        let (state, memory) = self.split(x.len(), y.len());
        state.expect(memory, model, x, residual, y, observed, scratch)
    }

    /// Learns persistence besides. Cost 3·n·r multiply–adds.
    fn fill(&mut self, basis: &[f32], x: &[f32], residual: &[f32], y: &mut [f32], mean: Mean<'_>) {
        let (state, past) = self.split(x.len(), y.len());
        state.learn(&past, residual, y, x, mean.memory);
        state.fill(past, basis, x, residual, y, mean);
    }

    #[inline]
    fn filled<'a>(&'a self, residual: &'a [f32]) -> &'a [f32] {
        &self.residual.as_slice()[..residual.len()]
    }

    #[inline]
    fn remember(&mut self, x: &[f32], residual: &[f32], y: &[f32], mean: &mut [f32], gain: f32) {
        linalg::drift_and_keep(mean, gain, x, &mut self.residual.as_mut_slice()[..x.len()], residual);
        for (kept, y) in self.coordinates.iter_mut().zip(y) {
            *kept = *y;
        }
        self.state.remember();
    }

    fn begin(&mut self, x: &[f32]) {
        self.state.begin(&mut self.age.as_mut_slice()[..x.len()], x);
    }

    fn skip(&mut self) {
        self.state.gap = older(self.state.gap, 1);
    }

    #[inline]
    fn follows(&self) -> bool {
        self.state.gap == 0
    }

    #[inline]
    fn unjudged(&mut self) -> Option<&mut Scale> {
        Some(&mut self.state.unjudged)
    }

    fn unfold(&mut self, basis: &[f32], n: usize) {
        let y = &mut self.coordinates.as_mut_slice()[..basis.len() / n];
        linalg::scale(-1.0, y);
        linalg::subtract_span_seldom(basis, y, &mut self.residual.as_mut_slice()[..n]);
        self.coordinates.fill(0.0);
    }

    fn fold(&mut self, basis: &[f32], n: usize) {
        let e = &mut self.residual.as_mut_slice()[..n];
        let y = &mut self.coordinates.as_mut_slice()[..basis.len() / n];
        linalg::project_seldom(basis, e, y);
        linalg::subtract_span_seldom(basis, y, e);
    }

    fn floats(n: usize, r: usize) -> usize {
        2 * n + r + 4 + Scale::FLOATS
    }

    fn words(&self) -> [u32; WORDS] {
        let State { pairs, column, gap, whole, unjudged, .. } = self.state;
        [POLICY, pairs, u32::from(column), u32::from(gap) | u32::from(whole) << 8, unjudged.word()]
    }

    /// e, age, y, φ and ψ, and the scale of unjudged frames.
    fn save<'a>(&self, n: usize, r: usize, mut writer: Writer<'a>) -> Writer<'a> {
        writer = writer.floats(&self.residual.as_slice()[..n]);
        for age in &self.age.as_slice()[..n] {
            writer = writer.floats(&[f32::from(*age)]);
        }
        let State { phi, psi, unjudged, .. } = self.state;
        writer
            .floats(&self.coordinates.as_slice()[..r])
            .floats(&[phi.product, phi.energy, psi.product, psi.energy])
            .floats(&unjudged.floats())
    }

    fn check(words: [u32; WORDS], mut floats: Floats<'_>, n: usize, r: usize) -> Result<(), SnapshotError> {
        let [policy, _, column, gap, streak] = words;
        same("policy", policy, POLICY as usize)?;
        at_most("column", column, MAX_RANK)?;
        at_most("gap", gap, 0x1FF)?;
        floats.take(n);
        all_within("age", floats.take(n), 0.0..=f32::from(NEVER))?;
        floats.take(r + 4);
        Scale::restored(streak, core::array::from_fn(|_| floats.next())).map(|_| ())
    }

    fn restore(
        &mut self,
        [_, pairs, column, gap, streak]: [u32; WORDS],
        floats: &mut Floats<'_>,
        n: usize,
        r: usize,
    ) {
        self.restart();
        floats.fill(&mut self.residual.as_mut_slice()[..n]);
        let state = &mut self.state;
        for age in &mut self.age.as_mut_slice()[..n] {
            *age = floats.next() as u8;
        }
        floats.fill(&mut self.coordinates.as_mut_slice()[..r]);
        let [a, b, c, d] = core::array::from_fn(|_| floats.next());
        state.phi = Persistence { product: a, energy: b };
        state.psi = Persistence { product: c, energy: d };
        if let Ok(scale) = Scale::restored(streak, core::array::from_fn(|_| floats.next())) {
            state.unjudged = scale;
        }
        (state.pairs, state.column) = (pairs, column as u8);
        (state.gap, state.whole) = ((gap & 0xFF) as u8, gap >> 8 == 1);
        // Before the first frame, and after whole ones, all are known whatever their ages.
        state.unborn = if state.whole || state.gap == NEVER { 0 } else { unborn(&self.age.as_slice()[..n]) };
    }
}

fn unborn(age: &[u8]) -> u32 {
    age.iter().map(|age| u32::from(*age == NEVER)).sum()
}

impl State {
    const NEW: Self = Self {
        phi: Persistence::NONE,
        psi: Persistence::NONE,
        pairs: 0,
        unborn: 0,
        column: 0,
        gap: NEVER,
        whole: false,
        unjudged: Scale::NEW,
    };

    /// Whether all entries have a mean.
    #[inline]
    pub(in crate::track) fn all_known(&self) -> bool {
        self.unborn == 0
    }

    /// The frame had no gap.
    #[inline]
    pub(in crate::track) fn remember(&mut self) {
        (self.whole, self.gap) = (true, 0);
    }

    /// φ and ψ, or none of either if the frame before is not known.
    fn persistence(&self) -> (f32, f32) {
        if self.gap < STALE { (self.phi.coefficient(), self.psi.coefficient()) } else { (0.0, 0.0) }
    }

    #[inline(never)]
    #[expect(clippy::too_many_arguments, reason = "slices of one caller")]
    fn expect(
        &mut self,
        past: Memory<'_>,
        model: &Model<'_>,
        x: &[f32],
        residual: &mut [f32],
        y: &mut [f32],
        observed: usize,
        scratch: Scratch<'_>,
    ) -> Option<Seen> {
        let (n, r) = (x.len(), y.len());
        let (phi, psi) = self.persistence();
        let (unborn, age, work) = (self.unborn, &*past.age, past.work);
        let known = |i: usize| x[i].is_finite() && (unborn == 0 || age[i] != NEVER);
        let count = if unborn == 0 { observed } else { forget_unless(known, residual) };
        if count == 0 {
            return None;
        }
        linalg::project_seldom(model.basis, residual, y);
        let gram = &mut scratch.square[..r * r];
        linalg::chosen_rows(model.basis, n, known, gram);
        // The innovation of the known entries.
        for (j, w) in model.basis.chunks_exact(n).enumerate() {
            let mut before = 0.0;
            for (row, (w, e)) in w.iter().zip(&*past.e).enumerate() {
                before += if known(row) { w * e } else { 0.0 };
            }
            y[j] -= psi * before;
            for i in 0..r {
                y[j] -= phi * gram[i.min(j) * r + i.max(j)] * past.y[i];
            }
        }
        let ridge = add_ridge(gram, model.root, r, model.noise * model.weight, quiet(phi, psi));
        if !cholesky(gram, r) {
            return None;
        }
        cholesky_solve(gram, y);
        linalg::axpy(phi, past.y, y);
        linalg::subtract_span_seldom(model.basis, y, residual);
        forget_unless(known, residual);
        let size = ridge * sqrt(r as f32 * (1.0 - phi * phi) / model.weight.max(1.0));
        let taken = self.posterior(model.root, gram, ridge, size, work, scratch.open);
        // Degrees of freedom that are left in the residual: E‖e_Ω‖² = σ²·(|Ω| − tr H), H = G⁻¹W_ΩᵀW_Ω.
        let left = count as f32 - taken.clamp(0.0, r.min(count) as f32);
        Some(Seen { share: count as f32 / n as f32, scale: (n - r) as f32 / left, judged: count > r })
    }

    /// tr H = r − tr(σ²G⁻¹Λ⁻¹), G the matrix of the system; and into `open` a column of a square root of
    /// the posterior covariance of y, another one each time: what the innovation may have been in directions that were not observed,
    /// (1 − φ²)·(I − H)·Λ·(I − H)ᵀ = (1 − φ²)·weight·σ⁴·(G⁻¹S)(G⁻¹S)ᵀ.
    ///
    /// (Under the model the posterior covariance is (I − H)Λ. What this leaves out of it, (I − H)ΛHᵀ, is of the size of the noise of the
    /// entries that were seen; with it trackers were slower on recordings whose residual is not white, without any of it a direction
    /// that nothing observes loses its variance.)
    fn posterior(
        &mut self,
        root: &[f32],
        factor: &[f32],
        ridge: f32,
        size: f32,
        work: &mut [f32],
        open: &mut [f32],
    ) -> f32 {
        let r = work.len();
        let turn = usize::from(self.column) % r;
        self.column = turn as u8 + 1;
        let mut taken = r as f32;
        for (k, column) in root.chunks_exact(r).enumerate() {
            work.copy_from_slice(column);
            cholesky_solve(factor, work);
            taken -= ridge * linalg::dot_seldom(column, work);
            if k == turn && size.is_finite() {
                linalg::axpy(size, work, open);
            }
        }
        taken
    }

    /// Persistence, from e and y of the frame before and of this one; and ages, up to date with complete and skipped frames.
    #[inline(never)]
    fn learn(&mut self, past: &Memory<'_>, e: &[f32], y: &[f32], x: &[f32], memory: f32) {
        if self.gap >= STALE {
            return;
        }
        let mut energy = 0.0;
        for (e, x) in past.e.iter().zip(x) {
            energy += if x.is_finite() { e * e } else { 0.0 };
        }
        self.pairs = self.pairs.saturating_add(1);
        let gain = (1.0 / self.pairs as f32).max(1.0 / memory);
        self.psi.learn(gain, linalg::dot_seldom(past.e, e), energy);
        self.phi.learn(gain, linalg::dot_seldom(past.y, y), linalg::dot_seldom(past.y, past.y));
    }

    #[inline(never)]
    fn fill(
        &mut self,
        past: Memory<'_>,
        basis: &[f32],
        x: &[f32],
        residual: &[f32],
        y: &mut [f32],
        mean: Mean<'_>,
    ) {
        let (n, psi) = (x.len(), self.persistence().1);
        let Mean { at: mean, gain, .. } = mean;
        for (i, e) in past.e.iter_mut().enumerate() {
            let explained = || row_dot(basis, n, i, y);
            let age = &mut past.age[i];
            *age = if self.whole { self.gap.min(NEVER - 1) } else { older(*age, self.gap) };
            // (Whose energy is finite, as with whole frames.)
            let seen = (x[i] * x[i]).is_finite();
            if *age == NEVER {
                // Nothing says that it varies, or by how much: it is where its mean is.
                *e = -explained();
                if seen {
                    mean[i] = x[i];
                    self.unborn = self.unborn.saturating_sub(1);
                }
            } else if seen {
                *e = residual[i];
                mean[i] += gain * (x[i] - mean[i]);
            } else {
                *e *= psi;
                mean[i] += if *age < STALE { gain * (explained() + *e) } else { 0.0 };
            }
            *age = if seen { 0 } else { older(*age, 1) };
        }
        (self.whole, self.gap) = (false, 0);
        linalg::project_seldom(basis, past.e, past.work);
        linalg::subtract_span_seldom(basis, past.work, past.e);
        linalg::axpy(1.0, past.work, y);
        past.y.copy_from_slice(y);
    }

    #[inline(never)]
    fn begin(&mut self, age: &mut [u8], x: &[f32]) {
        for (age, x) in age.iter_mut().zip(x) {
            *age = if x.is_finite() { 0 } else { NEVER };
        }
        self.unborn = unborn(age);
        (self.whole, self.gap) = (self.unborn == 0, 0);
    }
}

/// Zero where it is not `known`. Returns how many are.
#[inline(never)]
fn forget_unless(known: impl Fn(usize) -> bool, residual: &mut [f32]) -> usize {
    let mut count = 0;
    for (i, e) in residual.iter_mut().enumerate() {
        let known = known(i);
        count += usize::from(known);
        *e = if known { *e } else { 0.0 };
    }
    count
}

/// An age, later; never "never", unless it is.
fn older(age: u8, by: u8) -> u8 {
    if age == NEVER { NEVER } else { age.saturating_add(by).min(NEVER - 1) }
}

/// Adds ν·S·Sᵀ, S the r×r `root`, to the lower triangle of `gram`, with ν = `times`·`noise` or less. Returns ν.
///
/// An axis of the tracked subspace has at least the variance of the noise. Where Λ says less, it is still being learned, and
/// believing it would shrink y, therefore Λ, therefore y: σ²Λ⁻¹ is scaled down to at most 1 on its diagonal.
#[inline(never)]
pub(super) fn add_ridge(gram: &mut [f32], root: &[f32], r: usize, noise: f32, times: f32) -> f32 {
    let prior = |i: usize, j: usize| rows_product(root, r, i, j);
    let most = (0..r).fold(0.0f32, |most, k| most.max(prior(k, k))) * noise;
    let ridge = times * if most > 1.0 { noise / most } else { noise };
    for j in 0..r {
        for i in j..r {
            gram[j * r + i] += ridge * prior(i, j);
        }
        gram[j * r + j] += 1e-6; // rank(W_Ω) < r without any noise: the least-norm end of the ridge
    }
    ridge
}

/// Entry (i, j) of S·Sᵀ.
#[inline(never)]
fn rows_product(root: &[f32], r: usize, i: usize, j: usize) -> f32 {
    root.chunks_exact(r).map(|column| column[i] * column[j]).sum()
}

/// Row `i` of an n×r matrix times `y`.
#[inline(never)]
fn row_dot(basis: &[f32], n: usize, i: usize, y: &[f32]) -> f32 {
    basis.iter().skip(i).step_by(n).zip(y).map(|(w, y)| w * y).sum()
}
