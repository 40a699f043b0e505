//! The kernels for [`STREAMS`] matrices of one shape at once: entry (i, k) of all of them side by side, so that a vector unit works on
//! as many streams as it has lanes. Each stream's sums have the order of the single kernels, so it gets the same bits.

use core::ops::{Add, Div, Mul, Neg, Sub};

use super::LANES;
use crate::math;

/// Streams that are worked on at once: as many lanes as two 128-bit vectors or one of 256 bits have.
pub(crate) const STREAMS: usize = 8;

/// f(0), f(1), …, as [`core::array::from_fn`], which is not always inlined.
#[inline(always)]
pub(crate) fn lanes<T: Copy + Default, const B: usize>(mut f: impl FnMut(usize) -> T) -> [T; B] {
    let mut lanes = [T::default(); B];
    for (l, lane) in lanes.iter_mut().enumerate() {
        *lane = f(l);
    }
    lanes
}

/// One number of each stream. Aligned as vectors are, which saves SSE a load an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(32))]
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
        Self(lanes(|s| f(self.0[s], other.0[s])))
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        self.zip(other, f32::max)
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        self.zip(other, f32::min)
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Self(lanes(|s| math::sqrt(self.0[s])))
    }

    /// Which numbers are finite.
    #[inline(always)]
    pub(crate) fn is_finite(self) -> [bool; STREAMS] {
        lanes(|s| self.0[s].is_finite())
    }

    /// Whether all are.
    #[inline(always)]
    pub(crate) fn all_finite(self) -> bool {
        self.0.iter().fold(true, |all, x| all & x.is_finite())
    }

    /// These where `mask` says so, `other` elsewhere.
    #[inline(always)]
    pub(crate) fn or(self, mask: [bool; STREAMS], other: Self) -> Self {
        Self(lanes(|s| if mask[s] { self.0[s] } else { other.0[s] }))
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
        Self(lanes(|s| -self.0[s]))
    }
}

entry_by_entry!(Add add +, Sub sub -, Mul mul *, Div div /);

/// xᵀy. Entry `i` goes to partial sum `i % 8`, as in the single kernel. Cost 8·n multiply–adds.
///
/// A partial sum there begins with 0, so that none is ever −0. Here only the first one does: it is in every sum of the tree that it
/// meets, and what else may be −0 is added to one that is not, where it changes nothing.
#[inline(always)]
pub(crate) fn dot(x: &[Each], y: &[Each]) -> Each {
    match (x, y) {
        ([a], [b]) => Each::ZERO + *a * *b,
        ([a, c], [b, d]) => (Each::ZERO + *a * *b) + *c * *d,
        ([a, c, e], [b, d, f]) => ((Each::ZERO + *a * *b) + *e * *f) + *c * *d,
        ([a, c, e, g], [b, d, f, h]) => ((Each::ZERO + *a * *b) + *e * *f) + (*c * *d + *g * *h),
        _ => half::<0>(x, y) + half::<1>(x, y),
    }
}

/// The even or the odd partial sums of [`dot`], and half of the tree: eight of them side by side would not fit the registers.
#[inline(always)]
fn half<const ODD: usize>(x: &[Each], y: &[Each]) -> Each {
    let ((xs, x), (ys, y)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let product = |x: &[Each; LANES], y: &[Each; LANES], l: usize| x[2 * l + ODD] * y[2 * l + ODD];
    let mut sums = [Each::ZERO; LANES / 2];
    if let ([first, xs @ ..], [second, ys @ ..]) = (xs, ys) {
        sums = lanes(|l| product(first, second, l));
        sums[0] = Each::ZERO + sums[0];
        for (x, y) in xs.iter().zip(ys) {
            sums = lanes(|l| sums[l] + product(x, y, l));
        }
    }
    for ((sum, x), y) in sums.iter_mut().zip(x.iter().skip(ODD).step_by(2)).zip(y.iter().skip(ODD).step_by(2))
    {
        *sum = *sum + *x * *y;
    }
    (sums[0] + sums[2]) + (sums[1] + sums[3])
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

/// a ← f(a, b), entry by entry, for as few as a rank has.
#[inline(always)]
pub(crate) fn update(a: &mut [Each], b: &[Each], f: impl Fn(Each, Each) -> Each) {
    for (a, b) in a.iter_mut().zip(b) {
        *a = f(*a, *b);
    }
}

// A pass over W takes several rows at once: what there is of y, p or g is loaded once for all of them, and their sums do not
// wait for each other.

/// The `B` entries from `start` on, as [`super::block`].
#[inline(always)]
fn block<const B: usize>(s: &[Each], start: usize) -> &[Each; B] {
    s.get(start..).and_then(<[Each]>::first_chunk).unwrap_or(&[Each::ZERO; B])
}

/// e ← e − W·y. Cost 8·n·r multiply–adds.
#[inline]
pub(crate) fn subtract_span(w: &[Each], y: &[Each], e: &mut [Each]) {
    let i = subtract_rows::<4>(w, y, e, 0);
    let i = subtract_rows::<2>(w, y, e, i);
    subtract_rows::<1>(w, y, e, i);
}

/// [`subtract_span`] from row `i` on, `B` rows at a time; returns the first row that is left.
#[inline(always)]
fn subtract_rows<const B: usize>(w: &[Each], y: &[Each], e: &mut [Each], i: usize) -> usize {
    let n = e.len();
    let (blocks, _) = e[i..].as_chunks_mut::<B>();
    let end = i + blocks.len() * B;
    for (i, e) in (i..).step_by(B).zip(blocks) {
        let mut v = *e;
        for (k, &y) in y.iter().enumerate() {
            let column = block::<B>(w, k * n + i);
            v = lanes(|l| v[l] - y * column[l]);
        }
        *e = v;
    }
    end
}

/// The mean μ of n entries, the frame x and the gain b.
#[derive(Debug)]
pub(crate) struct Drift<'a> {
    pub(crate) mean: &'a mut [Each],
    pub(crate) x: &'a [Each],
    pub(crate) gain: Each,
}

/// The turn of a basis: a, e, p and g.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) a: Each,
    pub(crate) e: &'a [Each],
    pub(crate) p: &'a [Each],
    pub(crate) g: &'a [Each],
}

/// W ← W + (a·e − W·p)·gᵀ and μ ← μ + b·(x − μ) in one pass. Cost 16·n·r + 8·n multiply–adds.
///
/// (A loop over μ alone would be vectorised across its entries, by shuffles, and not across streams.)
#[inline]
pub(crate) fn rotate_and_drift(w: &mut [Each], turn: Turn<'_>, mut drift: Drift<'_>) {
    let i = rotate_rows::<4>(w, turn, &mut drift, 0);
    let i = rotate_rows::<2>(w, turn, &mut drift, i);
    rotate_rows::<1>(w, turn, &mut drift, i);
}

/// [`rotate_and_drift`] from row `i` on, `B` rows at a time; returns the first row that is left.
#[inline(always)]
fn rotate_rows<const B: usize>(w: &mut [Each], turn: Turn<'_>, drift: &mut Drift<'_>, i: usize) -> usize {
    let Turn { a, e, p, g } = turn;
    let (n, (blocks, _)) = (e.len(), e[i..].as_chunks::<B>());
    let ((means, _), (xs, _)) = (drift.mean[i..].as_chunks_mut::<B>(), drift.x[i..].as_chunks::<B>());
    for (((i, e), mean), x) in (i..).step_by(B).zip(blocks).zip(means).zip(xs) {
        *mean = lanes(|l| mean[l] + drift.gain * (x[l] - mean[l]));
        let mut wp = [Each::ZERO; B];
        for (k, &p) in p.iter().enumerate() {
            let column = block::<B>(w, k * n + i);
            wp = lanes(|l| wp[l] + p * column[l]);
        }
        let d: [Each; B] = lanes(|l| a * e[l] - wp[l]);
        for (k, &g) in g.iter().enumerate() {
            if let Some(column) = w.get_mut(k * n + i..).and_then(<[Each]>::first_chunk_mut::<B>) {
                *column = lanes(|l| column[l] + g * d[l]);
            }
        }
    }
    i + blocks.len() * B
}

/// y ← A·x. `a` is n×r. Cost 8·n·r multiply–adds.
#[inline]
pub(crate) fn multiply(a: &[Each], x: &[Each], y: &mut [Each]) {
    let i = multiply_rows::<4>(a, x, y, 0);
    let i = multiply_rows::<2>(a, x, y, i);
    multiply_rows::<1>(a, x, y, i);
}

/// [`multiply`] from row `i` on, `B` rows at a time; returns the first row that is left.
#[inline(always)]
fn multiply_rows<const B: usize>(a: &[Each], x: &[Each], y: &mut [Each], i: usize) -> usize {
    let n = y.len();
    let (blocks, _) = y[i..].as_chunks_mut::<B>();
    let end = i + blocks.len() * B;
    for (i, y) in (i..).step_by(B).zip(blocks) {
        let mut sum = [Each::ZERO; B];
        for (k, &x) in x.iter().enumerate() {
            let column = block::<B>(a, k * n + i);
            sum = lanes(|l| sum[l] + x * column[l]);
        }
        *y = sum;
    }
    end
}

/// A ← c·(A + s·x·yᵀ). Cost 8·n·r multiply–adds and as many multiplications.
#[inline]
pub(crate) fn scaled_rank_one(a: &mut [Each], c: Each, s: Each, x: &[Each], y: &[Each]) {
    let i = scaled_rows::<4>(a, c, s, x, y, 0);
    let i = scaled_rows::<2>(a, c, s, x, y, i);
    scaled_rows::<1>(a, c, s, x, y, i);
}

/// [`scaled_rank_one`] from row `i` on, `B` rows at a time; returns the first row that is left.
#[inline(always)]
fn scaled_rows<const B: usize>(a: &mut [Each], c: Each, s: Each, x: &[Each], y: &[Each], i: usize) -> usize {
    let n = x.len();
    let (blocks, _) = x[i..].as_chunks::<B>();
    for (i, x) in (i..).step_by(B).zip(blocks) {
        for (k, &y) in y.iter().enumerate() {
            if let Some(column) = a.get_mut(k * n + i..).and_then(<[Each]>::first_chunk_mut::<B>) {
                let s = s * y;
                *column = lanes(|l| c * (column[l] + s * x[l]));
            }
        }
    }
    i + blocks.len() * B
}

/// A frame of each stream, side by side, and their deviations from `mean` (n). Cost 8·n subtractions.
#[inline]
pub(crate) fn centre(rows: &[&[f32]; STREAMS], mean: &[Each], frame: &mut [Each], residual: &mut [Each]) {
    let i = centre_entries::<4>(rows, mean, frame, residual, 0);
    centre_entries::<1>(rows, mean, frame, residual, i);
}

/// [`centre`] from entry `i` on, `B` of them at a time; returns the first one that is left.
#[inline(always)]
fn centre_entries<const B: usize>(
    rows: &[&[f32]; STREAMS],
    mean: &[Each],
    frame: &mut [Each],
    residual: &mut [Each],
    i: usize,
) -> usize {
    let n = mean.len();
    let rows: [&[[f32; B]]; STREAMS] = lanes(|s| rows[s][i..n].as_chunks::<B>().0);
    let (blocks, _) = mean[i..].as_chunks::<B>();
    let ((frames, _), (residuals, _)) =
        (frame[i..n].as_chunks_mut::<B>(), residual[i..n].as_chunks_mut::<B>());
    for (t, ((mean, frame), residual)) in blocks.iter().zip(frames).zip(residuals).enumerate() {
        for l in 0..B {
            frame[l] = Each(lanes(|s| rows[s][t][l]));
            residual[l] = frame[l] - mean[l];
        }
    }
    i + blocks.len() * B
}

/// As [`super::polish_pair`], for columns `j ≥ k` of the n×r matrices of `these` streams. Cost 24·n multiply–adds.
#[inline]
pub(crate) fn polish_pair(w: &mut [Each], n: usize, j: usize, k: usize, these: [bool; STREAMS]) -> Each {
    let half = Each::all(0.5);
    if j == k {
        let column = &mut w[k * n..(k + 1) * n];
        let error = energy(column) - Each::all(1.0);
        let factor = Each::all(1.0) - half * error;
        for w in column {
            *w = (*w * factor).or(these, *w);
        }
        return error;
    }
    let (head, tail) = w.split_at_mut(j * n);
    let (a, b) = (&mut head[k * n..(k + 1) * n], &mut tail[..n]);
    let error = dot(a, b);
    for (a, b) in a.iter_mut().zip(b) {
        let (x, y) = (*a, *b);
        *a = (x - half * error * y).or(these, x);
        *b = (y - half * error * x).or(these, y);
    }
    error
}
