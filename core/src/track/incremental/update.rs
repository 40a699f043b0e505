//! The eigen-update itself.

use nalgebra::{DefaultAllocator, Dim};

use super::drop::smallest_direction;
use super::{IncrementalSvdOf, LARGE_STEP, NO_DIRECTION, TWICE_IS_ENOUGH};
use crate::linalg;
use crate::math::sqrt;
use crate::shape::Alloc;

impl<N: Dim, R: Dim> IncrementalSvdOf<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    /// The direction to drop, in `d`, and δ, for a frame with coordinates y and residual length `rho`.
    fn direction(&mut self, rho: f32, gain: f32) -> f32 {
        let k = self.directions;
        let (a, d) = (&mut self.g.as_mut_slice()[..k], &mut self.d.as_mut_slice()[..k]);
        a.copy_from_slice(&self.variances.as_slice()[..k]);
        linalg::scale(1.0 - gain, a);
        smallest_direction(a, &self.y.as_slice()[..k], rho, gain, d)
    }

    /// The eigen-update with the judged y and residual; `gain` is γ. Leaves the state alone if a number overflowed.
    pub(super) fn rotate(&mut self, gain: f32) {
        let (n, k) = (self.n, self.directions);
        self.p.fill(0.0);
        let mut rho = self.residual_length(false);
        let mut delta = self.direction(rho, gain);
        let step = linalg::energy(&self.d.as_slice()[..k]);
        let energy = linalg::energy(&self.y.as_slice()[..k]) + self.energy;
        if energy * step > LARGE_STEP * rho * rho {
            rho = self.residual_length(true);
            delta = self.direction(rho, gain);
        }
        self.compress(rho, delta, gain);
        let square = &mut self.square.as_mut_slice()[..k * k];
        let turn = &mut self.turn.as_mut_slice()[..k * k];
        let (d, g, p) =
            (&self.d.as_slice()[..k], &mut self.g.as_mut_slice()[..k], &mut self.p.as_mut_slice()[..k]);
        // Along U: A·d = U·(V·d), and V turns afterwards.
        linalg::multiply(turn, d, g);
        if !linalg::turn_to_diagonal(square, turn, &mut self.variances.as_mut_slice()[..k]) {
            return;
        }
        for s in &mut self.variances.as_mut_slice()[..k] {
            *s = if *s >= f32::MIN_POSITIVE { *s } else { 0.0 };
        }
        if rho > 0.0 {
            for (p, g) in p.iter_mut().zip(&*g) {
                *p = g / (1.0 + delta) - *p / rho;
            }
            let basis = &mut self.basis.as_mut_slice()[..n * k];
            linalg::rank_one_rotation(basis, -1.0 / rho, &self.left.as_slice()[..n], p, g);
        }
    }

    /// The length of the residual orthogonal to U, 0 if it has no direction. If `again`, `p` receives what it still has along U.
    fn residual_length(&mut self, again: bool) -> f32 {
        let (n, k) = (self.n, self.directions);
        let mut energy = self.energy;
        if again {
            let p = &mut self.p.as_mut_slice()[..k];
            linalg::project(&self.basis.as_slice()[..n * k], &self.left.as_slice()[..n], p);
            energy -= linalg::energy(p);
            if energy < TWICE_IS_ENOUGH * self.energy {
                return 0.0;
            }
        }
        if k < n && energy > NO_DIRECTION { sqrt(energy) } else { 0.0 }
    }

    /// `square` ← Bᵀ·M·B: with h = D·d/(1 + δ) − ½·(dᵀD·d)/(1 + δ)²·d and z' = Bᵀz it is D − h·dᵀ − d·hᵀ + γ·z'·z'ᵀ.
    fn compress(&mut self, rho: f32, delta: f32, gain: f32) {
        let k = self.directions;
        let (s, y) = (&self.variances.as_slice()[..k], &self.y.as_slice()[..k]);
        let (d, h) = (&self.d.as_slice()[..k], &mut self.g.as_mut_slice()[..k]);
        let (beta, part) = (1.0 - gain, 1.0 / (1.0 + delta));
        for ((h, d), s) in h.iter_mut().zip(d).zip(s) {
            *h = beta * s * d * part;
        }
        let half = 0.5 * part * linalg::dot(d, h);
        linalg::axpy(-half, d, h);
        let along = part * linalg::dot(d, y) + rho;
        let square = &mut self.square.as_mut_slice()[..k * k];
        for j in 0..k {
            let zj = y[j] - along * d[j];
            for i in j..k {
                let zi = y[i] - along * d[i];
                let value = gain * zi * zj - h[i] * d[j] - d[i] * h[j];
                square[j * k + i] = value;
                square[i * k + j] = value;
            }
            square[j * k + j] += beta * s[j];
        }
        if self.holed {
            let c = &self.open.as_slice()[..k];
            let along = part * linalg::dot(d, c);
            for j in 0..k {
                let cj = gain * (c[j] - along * d[j]);
                for i in 0..k {
                    square[j * k + i] += cj * (c[i] - along * d[i]);
                }
            }
        }
    }
}
