//! What is new in a frame: its prediction error given the past frames and the channels before it, standard normal if nothing changed.
//!
//! `w_t = [1, x_{t−p}, …, x_{t−1}, x_t]` has 1 + p·d + d entries; L is the lower Cholesky factor of Σ w·wᵀ + ridge (recursive least squares in
//! square-root form). With y = L⁻¹w_t before w_t is absorbed, and n frames absorbed so far, the entry i of the present frame gives
//!
//! ```text
//! t_i = y_i·√(ν_i / (1 + Σ_{k<i} y_k²)),   ν_i = n − i
//! ```
//!
//! which for independent Gaussian frames of *any* mean and covariance is exactly Student's t with ν_i degrees of freedom, independent of the
//! past and of each other (the recursive residuals of Brown, Durbin & Evans, J. R. Statist. Soc. B 37, 1975; Hawkins, Technometrics 29,
//! 1987): no reference sample, no frozen covariance. With lags it is so asymptotically.

use nalgebra::{DefaultAllocator, Dim, OMatrix, OVector};

use super::normal::student_to_normal;
use crate::linalg;
use crate::math::sqrt;
use crate::shape::{Alloc, zero_matrix, zeros};

/// L starts as this times the identity: 60 dB below the standardised channels.
const RIDGE: f32 = 1e-3;

/// A channel that deviates less than this (standardised) from a combination of others *is* one: what is left is rounding, whose size is no
/// law of nature. Its innovations are measured in this unit, so that they are next to nothing until it comes apart from the others.
const DEPENDENT: f32 = 1e-3;

/// Innovations are kept within ± this.
const LARGEST: f32 = 30.0;

/// Innovations beyond ± this are absorbed as if they were this: one wild frame must not own the reference.
const BOUND: f32 = 8.0;

/// Frames at which L is halved (in the moments): f32 still resolves what one frame adds, and the remote past fades.
const FULL: u32 = 1 << 20;

/// Regression of the frame on its past. `BLOCKS` = (p + 1)(p + 2)/2 blocks of D×D hold L for orders up to p.
///
/// State: BLOCKS·(D² + 3D) words. Cost a frame, with m = 1 + (p+1)·d: 2.5·m² multiply–adds, m square roots, 2m divisions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Innovations<D: Dim, const BLOCKS: usize>
where
    DefaultAllocator: Alloc<D, D>,
{
    /// Block (r, c), c ≤ r, of L without its first row and column, at r(r+1)/2 + c. Column-major; upper halves of (r, r) are 0.
    blocks: [OMatrix<f32, D, D>; BLOCKS],
    /// First column of L, below its first entry.
    offset: [OVector<f32, D>; BLOCKS],
    /// First entry of L: the root of the number of frames.
    corner: f32,
    /// The past p frames, the oldest first, then the present one: x in segments.
    w: [OVector<f32, D>; BLOCKS],
    /// Scratch: L⁻¹w, then what is left of w while it is absorbed.
    y: [OVector<f32, D>; BLOCKS],
    d: usize,
    order: usize,
    absorbed: u32,
    /// Past frames in `w`.
    filled: usize,
    /// Whether `y` of the present frame exceeds the bound.
    wild: bool,
}

const fn at(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

impl<D: Dim, const BLOCKS: usize> Innovations<D, BLOCKS>
where
    DefaultAllocator: Alloc<D, D>,
{
    /// The largest order for which the blocks suffice.
    pub(crate) const MAX_ORDER: usize = {
        let mut order = 0;
        while at(order + 2, 0) <= BLOCKS {
            order += 1;
        }
        order
    };

    pub(crate) fn new(d: D, order: usize) -> Self {
        let vectors = || core::array::from_fn(|_| zeros(d));
        let mut new = Self {
            blocks: core::array::from_fn(|_| zero_matrix(d, d)),
            offset: vectors(),
            corner: RIDGE,
            w: vectors(),
            y: vectors(),
            d: d.value(),
            order: 0,
            absorbed: 0,
            filled: 0,
            wild: false,
        };
        new.restart(order);
        new
    }

    /// Forgets everything.
    pub(crate) fn restart(&mut self, order: usize) {
        self.order = order.min(Self::MAX_ORDER);
        for block in &mut self.blocks {
            block.as_mut_slice().fill(0.0);
        }
        for r in 0..=self.order {
            self.blocks[at(r, r)].fill_diagonal(RIDGE);
        }
        for v in self.offset.iter_mut().chain(&mut self.w) {
            v.as_mut_slice().fill(0.0);
        }
        (self.corner, self.absorbed, self.filled, self.wild) = (RIDGE, 0, 0, false);
    }

    /// Number of regressors and responses, m = 1 + (p + 1)·d.
    pub(crate) fn width(&self) -> usize {
        1 + (self.order + 1) * self.d
    }

    /// Frames in L.
    pub(crate) fn absorbed(&self) -> u32 {
        self.absorbed
    }

    /// Where the present standardised frame is to be written.
    pub(crate) fn frame_mut(&mut self) -> &mut [f32] {
        self.w[self.order].as_mut_slice()
    }

    pub(crate) fn frame(&self) -> &[f32] {
        self.w[self.order].as_slice()
    }

    /// A pause: the past frames are unknown.
    pub(crate) fn forget_past(&mut self) {
        self.filled = 0;
    }

    /// Whether enough past frames are known for the present one to be predicted.
    pub(crate) fn is_primed(&self) -> bool {
        self.filled >= self.order
    }

    /// The innovations of the present frame into `z` (d). Needs n > m frames absorbed.
    pub(crate) fn judge(&mut self, z: &mut [f32]) {
        let (p, d) = (self.order, self.d);
        let first = 1.0 / self.corner;
        for ((y, w), offset) in self.y.iter_mut().zip(&self.w).zip(&self.offset).take(p + 1) {
            y.copy_from(w);
            linalg::axpy(-first, offset.as_slice(), y.as_mut_slice());
        }
        let mut sum = 1.0 + first * first;
        // The same with bounded values: what a wild channel does to the next ones must not widen their bounds.
        let mut calm = sum;
        self.wild = false;
        for c in 0..=p {
            for k in 0..d {
                let (head, tail) = self.y.split_at_mut(c + 1);
                let column = &self.blocks[at(c, c)].as_slice()[k * d..(k + 1) * d];
                let own = head[c].as_mut_slice();
                let y = own[k] / column[k];
                own[k] = y;
                linalg::axpy(-y, &column[k + 1..], &mut own[k + 1..]);
                for (r, rest) in (c + 1..=p).zip(tail) {
                    let column = &self.blocks[at(r, c)].as_slice()[k * d..(k + 1) * d];
                    linalg::axpy(-y, column, rest.as_mut_slice());
                }
                if c == p {
                    let nu = (self.absorbed as f32 - (1 + p * d + k) as f32).max(1.0);
                    let size = sqrt(nu / sum);
                    let share = (column[k] / (DEPENDENT * self.corner)).min(1.0);
                    let score = student_to_normal(share * y * size, nu);
                    // Overflow is a wild frame, too.
                    z[k] = if score.is_nan() { LARGEST } else { score.clamp(-LARGEST, LARGEST) };
                    let bound = BOUND * sqrt(calm / nu);
                    if y.is_nan() || y.abs() > bound {
                        self.wild = true;
                        own[k] = if y.is_nan() { 0.0 } else { bound.copysign(y) };
                    }
                }
                sum += y * y;
                calm += own[k] * own[k];
            }
        }
    }

    /// Moves on: the present frame (bounded, if it was judged) is the newest of the past ones. Takes it into L, too, if `learn`.
    pub(crate) fn advance(&mut self, learn: bool) {
        let (p, d) = (self.order, self.d);
        if self.wild {
            self.rebuild();
        }
        if learn && self.is_primed() {
            for (y, w) in self.y.iter_mut().zip(&self.w).take(p + 1) {
                y.copy_from(w);
            }
            let (c, s, r) = givens(self.corner, 1.0);
            self.corner = r;
            for (offset, y) in self.offset.iter_mut().zip(&mut self.y).take(p + 1) {
                linalg::rotate_plane(c, s, offset.as_mut_slice(), y.as_mut_slice());
            }
            for b in 0..=p {
                for k in 0..d {
                    self.sweep(b, k);
                }
            }
            self.absorbed += 1;
            if self.absorbed >= FULL {
                self.halve();
            }
        }
        self.wild = false;
        self.w[..=p].rotate_left(1); // the oldest becomes the next frame's place
        self.filled = (self.filled + 1).min(p);
    }

    /// Rotates column k of block column b so that the remainder's entry there vanishes.
    fn sweep(&mut self, b: usize, k: usize) {
        let (p, d) = (self.order, self.d);
        let (head, tail) = self.y.split_at_mut(b + 1);
        let own = head[b].as_mut_slice();
        let column = &mut self.blocks[at(b, b)].as_mut_slice()[k * d..(k + 1) * d];
        let (c, s, r) = givens(column[k], own[k]);
        column[k] = r;
        linalg::rotate_plane(c, s, &mut column[k + 1..], &mut own[k + 1..]);
        for (r, rest) in (b + 1..=p).zip(tail) {
            let column = &mut self.blocks[at(r, b)].as_mut_slice()[k * d..(k + 1) * d];
            linalg::rotate_plane(c, s, column, rest.as_mut_slice());
        }
    }

    /// The present frame from its bounded y: x = L·y in the rows of the frame.
    fn rebuild(&mut self) {
        let (p, d) = (self.order, self.d);
        let frame = self.w[p].as_mut_slice();
        frame.copy_from_slice(self.offset[p].as_slice());
        linalg::scale(1.0 / self.corner, frame);
        for c in 0..=p {
            let block = self.blocks[at(p, c)].as_slice();
            for (column, &y) in block.chunks_exact(d).zip(self.y[c].iter()) {
                linalg::axpy(y, column, frame);
            }
        }
    }

    #[cold]
    fn halve(&mut self) {
        let half = core::f32::consts::FRAC_1_SQRT_2;
        self.corner *= half;
        for block in &mut self.blocks {
            linalg::scale(half, block.as_mut_slice());
        }
        for offset in &mut self.offset {
            linalg::scale(half, offset.as_mut_slice());
        }
        self.absorbed /= 2;
    }

    /// Channels that are no combination of others, as bits.
    pub(crate) fn independent(&self) -> u32 {
        let block = &self.blocks[at(self.order, self.order)];
        (0..self.d).fold(0, |bits, j| bits | u32::from(block[(j, j)] > DEPENDENT * self.corner) << j)
    }

    /// v ← K·v with K = L22/√n, the lower right block: K·Kᵀ is the covariance of the innovations in channels, so a direction v of standard normal
    /// innovations is K·v in (standardised) channels. `out` is d long.
    pub(crate) fn to_channels(&self, v: &[f32], out: &mut [f32]) {
        let n = (self.absorbed as f32 - (self.width() - self.d) as f32).max(1.0);
        linalg::multiply(self.blocks[at(self.order, self.order)].as_slice(), v, out);
        linalg::scale(1.0 / sqrt(n), out);
    }

    /// S ← K·S·Kᵀ for a covariance S of standard normal innovations; `column` is scratch, d long.
    pub(crate) fn covariance_to_channels(&self, s: &mut OMatrix<f32, D, D>, column: &mut [f32]) {
        for _ in 0..2 {
            for place in s.as_mut_slice().chunks_exact_mut(self.d) {
                self.to_channels(place, column);
                place.copy_from_slice(column);
            }
            s.transpose_mut();
        }
    }

    /// Mean of channel j, standardised.
    pub(crate) fn mean(&self, j: usize) -> f32 {
        self.offset[self.order][j] / self.corner
    }

    /// Variance of channel j, standardised.
    pub(crate) fn variance(&self, j: usize) -> f32 {
        let n = (self.absorbed as f32).max(1.0);
        let row = |c: usize| &self.blocks[at(self.order, c)];
        (0..=self.order)
            .map(|c| (0..self.d).map(|k| row(c)[(j, k)] * row(c)[(j, k)]).sum::<f32>())
            .sum::<f32>()
            / n
    }

    /// Covariance of the standardised frame (not of its innovations) into `s` (d×d).
    pub(crate) fn covariance(&self, s: &mut [f32]) {
        let d = self.d;
        s.fill(0.0);
        let n = (self.absorbed as f32).max(1.0);
        for c in 0..=self.order {
            for column in self.blocks[at(self.order, c)].as_slice().chunks_exact(d.max(1)) {
                linalg::rank_one(s, 1.0 / n, column, column);
            }
        }
    }
}

/// c, s and r with c·a + s·b = r = √(a² + b²), a > 0.
fn givens(a: f32, b: f32) -> (f32, f32, f32) {
    let r = sqrt(a * a + b * b);
    (a / r, b / r, r)
}

#[cfg(test)]
mod tests;
