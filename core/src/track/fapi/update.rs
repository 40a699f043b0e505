//! What a judged frame does to W, Z, the mean and the noise.

use nalgebra::{DefaultAllocator, Dim};

use super::{BROKEN, FapiOf, LARGE_STEP, LEAK, NO_DIGITS, RELATIVE_LEAK, UPKEEP_EVERY};
use crate::linalg;
use crate::math::sqrt;
use crate::shape::Alloc;
use crate::track::influence::OUTLIER;
use crate::track::missing::{Gaps, Mean};

impl<N: Dim, R: Dim, G: Gaps<N, R>> FapiOf<N, R, G>
where
    DefaultAllocator: Alloc<N, R>,
{
    /// The update of Table II with the judged y, f and e, for a frame that counts `weight` times: with √weight·x, and β for as much
    /// time. Leaves the state alone if a number overflowed.
    pub(super) fn rotate(&mut self, residual: &[f32], weight: f32) {
        let r = self.rank;
        let (y, f) = (&self.y.as_slice()[..r], &self.f.as_slice()[..r]);
        let (g, p) = (&mut self.g.as_mut_slice()[..r], &mut self.p.as_mut_slice()[..r]);
        let w = &mut self.basis.as_mut_slice()[..self.n * r];
        let root = &mut self.root.as_mut_slice()[..r * r];
        let h = &mut self.square.as_mut_slice()[..r];
        let (mut beta, mut growth) = (self.forgetting, self.growth);
        if weight != 1.0 {
            beta = (1.0 - weight / self.memory).max(0.5);
            growth = 1.0 / sqrt(beta);
        }

        linalg::multiply(root, f, h); // Z·y
        let gain = 1.0 / (beta + weight * linalg::energy(f));
        // g, e and p are those of the frame itself; √weight times as much of e and 1/√weight of this g give the same W.
        for (g, h) in g.iter_mut().zip(&*h) {
            *g = weight * gain * h;
        }
        let e = if self.holed { self.filler.filled(residual) } else { residual };
        // Of a whole frame Q is ‖e‖², to the bit.
        let mut energy = if self.holed { linalg::energy(e) } else { self.judgement.q };
        let gamma = linalg::energy(g);
        p.fill(0.0);
        // e is orthogonal to W up to rounding, but not where gaps were left out: where that counts, e ← e − W·(Wᵀe).
        let mut directed = true;
        if self.holed && !G::FILLS || (energy + linalg::energy(y)) * gamma > LARGE_STEP {
            linalg::project_seldom(w, e, p);
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
            linalg::rank_one_rotation(w, eta, e, p, g);
        }
        absorb(root, f, h, [weight, gain, beta, growth]);
        self.weight = beta * self.weight + weight;
    }

    /// Fills the gaps of the judged frame and its residual, moves the mean, takes what the gaps leave open into Z, and prepares f for
    /// the filled frame.
    pub(super) fn fill(&mut self, x: &[f32], residual: &[f32], weight: f32) {
        let (n, r) = (self.n, self.rank);
        let (y, f) = (&mut self.y.as_mut_slice()[..r], &mut self.f.as_mut_slice()[..r]);
        let root = &mut self.root.as_mut_slice()[..r * r];
        linalg::project_seldom(root, &self.p.as_slice()[..r], f);
        absorb_more(root, f, weight, &mut self.g.as_mut_slice()[..r]);
        let gain = (weight / self.frames as f32).max(weight / self.memory).min(1.0);
        let mean = Mean { at: &mut self.mean.as_mut_slice()[..n], gain, memory: self.memory };
        self.filler.fill(&self.basis.as_slice()[..n * r], x, residual, y, mean);
        linalg::project_seldom(root, y, f);
    }

    /// Adds r·[`LEAK`] + ‖y‖²·[`RELATIVE_LEAK`], for each frame since the last time, to the next diagonal entry of Z⁻¹.
    pub(super) fn leak(&mut self) {
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
        absorb_more(root, f, 1.0, g);
    }

    /// What a centred frame that counts `weight` times teaches: the noise, and where W and Z go from here.
    pub(super) fn learn_deviation(&mut self, x: &[f32], residual: &[f32], weight: f32) {
        if self.n > self.rank && self.judgement.is_judged() {
            let gain = weight * (1.0 / (self.frames - 1) as f32).max(1.0 / self.memory);
            let noise = self.judgement.q / (self.n - self.rank) as f32;
            self.noise += gain.min(1.0) * (noise - self.noise);
        }
        if G::FILLS && self.holed {
            self.fill(x, residual, weight);
        }
        self.rotate(residual, weight);
        if self.frames.is_multiple_of(UPKEEP_EVERY) {
            self.leak();
            self.polish();
        }
    }

    /// μ ← μ + gain·(x − μ), for a frame whose gaps were not filled; and keeps it for the next one, which may have some, unless it
    /// is the first of a run of outliers.
    #[inline]
    pub(super) fn learn_mean(&mut self, x: &[f32], residual: &[f32], weight: f32) {
        let mean = &mut self.mean.as_mut_slice()[..self.n];
        // (A restart in between makes this frame the first, and the next one too.)
        let gain = (weight / self.frames.max(1) as f32).max(weight / self.memory);
        if G::FILLS && weight < OUTLIER && self.filler.follows() {
            linalg::drift_towards(mean, gain, x);
            self.filler.skip();
        } else {
            self.filler.remember(x, residual, &self.y.as_slice()[..self.rank], mean, gain);
        }
    }

    /// One entry of a Newton–Schulz step, the next pair each time.
    pub(super) fn polish(&mut self) {
        let (j, k) = self.polish;
        let error = linalg::polish_pair(&mut self.basis.as_mut_slice()[..self.n * self.rank], self.n, j, k);
        if error.abs() > BROKEN || error.is_nan() {
            self.restart(self.rank);
            return;
        }
        self.polish = linalg::next_pair((j, k), self.rank);
    }
}

/// (S·Sᵀ)⁻¹ ← β·(S·Sᵀ)⁻¹ + w·y·yᵀ, given f = Sᵀy, h = S·f, a = 1/(β + w‖f‖²) and 1/√β:
/// S ← (S − γ·h·fᵀ)/√β with γ = w·a/(1 + √(βa)) (Potter). Leaves S alone if f is not finite. Cost r² multiply–adds.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))] // it would fill a small flash
pub(super) fn absorb(root: &mut [f32], f: &[f32], h: &[f32], [weight, a, beta, growth]: [f32; 4]) {
    let gamma = weight * a / (1.0 + sqrt(beta * a));
    if gamma.is_finite() {
        linalg::scaled_rank_one(root, growth, -gamma, h, f);
    }
}

/// The same without forgetting; `h` (r) is scratch.
#[inline(never)]
fn absorb_more(root: &mut [f32], f: &[f32], weight: f32, h: &mut [f32]) {
    linalg::multiply(root, f, h);
    absorb(root, f, h, [weight, 1.0 / (1.0 + weight * linalg::energy(f)), 1.0, 1.0]);
}
