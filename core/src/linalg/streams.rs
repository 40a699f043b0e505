//! The kernels for [`STREAMS`] matrices of one shape at once: entry (i, k) of all of them side by side, so that a vector unit works on
//! as many streams as it has lanes. Each stream's sums have the order of the single kernels, so it gets the same bits.

use core::array;
use core::ops::{Add, Div, Mul, Neg, Sub};

use super::LANES;
use crate::math;

/// Streams that are worked on at once: as many lanes as two 128-bit vectors or one of 256 bits have.
pub(crate) const STREAMS: usize = 8;

/// One number of each stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Each(pub(crate) [f32; STREAMS]);

impl Each {
    pub(crate) const ZERO: Self = Self([0.0; STREAMS]);

    /// The same number for all.
    #[inline(always)]
    pub(crate) fn all(x: f32) -> Self {
        Self([x; STREAMS])
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(array::from_fn(|s| f(self.0[s], other.0[s])))
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        self.zip(other, f32::max)
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Self(array::from_fn(|s| math::sqrt(self.0[s])))
    }

    /// Which numbers are finite.
    #[inline(always)]
    pub(crate) fn is_finite(self) -> [bool; STREAMS] {
        array::from_fn(|s| self.0[s].is_finite())
    }

    /// These where `mask` says so, `other` elsewhere.
    #[inline(always)]
    pub(crate) fn or(self, mask: [bool; STREAMS], other: Self) -> Self {
        Self(array::from_fn(|s| if mask[s] { self.0[s] } else { other.0[s] }))
    }
}

macro_rules! entry_by_entry {
    ($($trait:ident $method:ident $operator:tt),*) => { $(
        impl $trait for Each {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.zip(other, |a, b| a $operator b)
            }
        }
    )* };
}

impl Neg for Each {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self(array::from_fn(|s| -self.0[s]))
    }
}

entry_by_entry!(Add add +, Sub sub -, Mul mul *, Div div /);

/// xᵀy. Entry `i` goes to partial sum `i % 8`, as in the single kernel. Cost 8·n multiply–adds.
#[inline(always)]
pub(crate) fn dot(x: &[Each], y: &[Each]) -> Each {
    let y = &y[..x.len()];
    // No partial sum is ever −0, so that those of no entry can be left out.
    if x.len() <= LANES / 2 {
        return (partial(x, y, 0) + partial(x, y, 2)) + (partial(x, y, 1) + partial(x, y, 3));
    }
    // One partial sum after another, whole: eight of them side by side would not fit the registers.
    let even = (partial(x, y, 0) + partial(x, y, 4)) + (partial(x, y, 2) + partial(x, y, 6));
    let odd = (partial(x, y, 1) + partial(x, y, 5)) + (partial(x, y, 3) + partial(x, y, 7));
    even + odd
}

/// Partial sum `l` of [`dot`].
#[inline(always)]
fn partial(x: &[Each], y: &[Each], l: usize) -> Each {
    let mut sum = Each::ZERO;
    if l < x.len() {
        sum = sum + x[l] * y[l];
        // Seldom: small streams are what this is for.
        let mut i = l + LANES;
        while i < x.len() {
            sum = sum + x[i] * y[i];
            i += LANES;
        }
    }
    sum
}

/// ‖x‖². Cost 8·n multiply–adds.
#[inline(always)]
pub(crate) fn energy(x: &[Each]) -> Each {
    dot(x, x)
}

/// y ← Wᵀx. `w` is n×r. Cost 8·n·r multiply–adds.
#[inline]
pub(crate) fn project(w: &[Each], x: &[Each], y: &mut [Each]) {
    for (y, w) in y.iter_mut().zip(w.chunks_exact(x.len())) {
        *y = dot(w, x);
    }
}

/// e ← e − W·y. Cost 8·n·r multiply–adds.
#[inline]
pub(crate) fn subtract_span(w: &[Each], y: &[Each], e: &mut [Each]) {
    let n = e.len();
    for i in 0..n {
        let mut v = e[i];
        for (w, &y) in w.chunks_exact(n).zip(y) {
            v = v - y * w[i];
        }
        e[i] = v;
    }
}

/// W ← W + (a·e − W·p)·gᵀ. Cost 16·n·r multiply–adds.
#[inline]
pub(crate) fn rank_one_rotation(w: &mut [Each], a: Each, e: &[Each], p: &[Each], g: &[Each]) {
    let n = e.len();
    for (i, &e) in e.iter().enumerate() {
        let mut wp = Each::ZERO;
        for (w, &p) in w[i..].iter().step_by(n).zip(p) {
            wp = wp + p * *w;
        }
        let d = a * e - wp;
        for (w, &g) in w[i..].iter_mut().step_by(n).zip(g) {
            *w = *w + g * d;
        }
    }
}

/// y ← A·x. `a` is n×r. Cost 8·n·r multiply–adds.
#[inline]
pub(crate) fn multiply(a: &[Each], x: &[Each], y: &mut [Each]) {
    let n = y.len();
    for i in 0..n {
        let mut sum = Each::ZERO;
        for (a, &x) in a.chunks_exact(n).zip(x) {
            sum = sum + x * a[i];
        }
        y[i] = sum;
    }
}

/// A ← c·(A + s·x·yᵀ). Cost 8·n·r multiply–adds and as many multiplications.
#[inline]
pub(crate) fn scaled_rank_one(a: &mut [Each], c: Each, s: Each, x: &[Each], y: &[Each]) {
    for (a, &y) in a.chunks_exact_mut(x.len()).zip(y) {
        let s = s * y;
        for (a, &x) in a.iter_mut().zip(x) {
            *a = c * (*a + s * x);
        }
    }
}

/// As [`super::polish_pair`], for columns `j ≥ k` of the n×r matrices. Cost 24·n multiply–adds.
#[inline]
pub(crate) fn polish_pair(w: &mut [Each], n: usize, j: usize, k: usize) -> Each {
    let half = Each::all(0.5);
    if j == k {
        let column = &mut w[k * n..(k + 1) * n];
        let error = energy(column) - Each::all(1.0);
        let factor = Each::all(1.0) - half * error;
        for w in column {
            *w = *w * factor;
        }
        return error;
    }
    let (head, tail) = w.split_at_mut(j * n);
    let (a, b) = (&mut head[k * n..(k + 1) * n], &mut tail[..n]);
    let error = dot(a, b);
    for (a, b) in a.iter_mut().zip(b) {
        let (x, y) = (*a, *b);
        *a = x - half * error * y;
        *b = y - half * error * x;
    }
    error
}
