//! Numerical kernels on slices. No other module writes a loop that belongs here.
//!
//! Matrices are column-major slices without padding: an n×r matrix is `w[k * n + i]`, row `i`, column `k`. Every reduction is
//! summed with [`LANES`] partial sums in a fixed order, so that a vector unit of any width and a plain scalar FPU give the
//! same bits. There is no fused multiply–add anywhere (Rust never contracts `a * b + c` by itself). NaN in gives NaN out;
//! nothing here loops on data.
//!
//! What does not belong here: anything that knows what the numbers mean.

mod cholesky;
mod eigen;
mod orthonormal;

pub use cholesky::{cholesky, cholesky_solve};
pub use eigen::{MAX_SWEEPS, symmetric_eigen};
pub use orthonormal::{cosine_basis, orthonormality_error, polish_pair};

/// Partial sums in a reduction: two 128-bit vectors, or one of 256 bits, or eight scalar accumulators of a Cortex-M FPU.
pub const LANES: usize = 8;

/// Adds the partial sums as a balanced tree: ((0+4)+(2+6)) + ((1+5)+(3+7)), the order of a vector unit's halving.
#[inline]
fn sum_lanes(a: &[f32; LANES]) -> f32 {
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

/// Sixteen vector registers and caches, or the 32 scalar registers of a Cortex-M FPU. Decides how much is taken at once, never in which
/// order anything is summed: rows and columns do not meet, and the bits are the same.
const WIDE: bool = cfg!(target_pointer_width = "64");

/// Rows that updates take at once: enough independent sums to hide the latency of an addition, and whole cache lines of each column,
/// which may all fall into the same few sets of a cache.
const ROWS: usize = if WIDE { 4 * LANES } else { 2 * LANES };

/// Columns that a projection takes at once, so that x is loaded once for all of them.
const COLUMNS: usize = if WIDE { 4 } else { 2 };

/// `B` entries by value. The slice has that length; another one would give zeros.
#[inline(always)]
fn take<const B: usize>(s: &[f32]) -> [f32; B] {
    s.try_into().unwrap_or([0.0; B])
}

/// xᵀy. Entry `i` goes to partial sum `i % 8`. Cost n multiply–adds.
///
/// # Panics
/// In debug builds, if the lengths differ.
#[inline]
#[must_use]
pub fn dot(x: &[f32], y: &[f32]) -> f32 {
    debug_assert_eq!(x.len(), y.len());
    let mut acc = [0.0; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let (xt, yt) = (xs.remainder(), ys.remainder());
    for (a, b) in xs.zip(ys) {
        let (a, b): ([f32; LANES], [f32; LANES]) = (take(a), take(b));
        for l in 0..LANES {
            acc[l] += a[l] * b[l];
        }
    }
    for ((s, a), b) in acc.iter_mut().zip(xt).zip(yt) {
        *s += a * b;
    }
    sum_lanes(&acc)
}

/// [`dot`] of several columns with the same x: the same sums, independent of each other.
#[inline(always)]
fn dots<const C: usize>(columns: [&[f32]; C], x: &[f32]) -> [f32; C] {
    let columns = columns.map(|column| &column[..x.len()]);
    let mut acc = [[0.0; LANES]; C];
    let whole = x.len() - x.len() % LANES;
    for i in (0..whole).step_by(LANES) {
        let x: [f32; LANES] = take(&x[i..i + LANES]);
        for (acc, column) in acc.iter_mut().zip(columns) {
            let column: [f32; LANES] = take(&column[i..i + LANES]);
            for l in 0..LANES {
                acc[l] += column[l] * x[l];
            }
        }
    }
    for (acc, column) in acc.iter_mut().zip(columns) {
        for ((sum, a), x) in acc.iter_mut().zip(&column[whole..]).zip(&x[whole..]) {
            *sum += a * x;
        }
    }
    acc.map(|acc| sum_lanes(&acc))
}

/// ‖x‖². Cost n multiply–adds.
#[inline]
#[must_use]
pub fn energy(x: &[f32]) -> f32 {
    dot(x, x)
}

/// y ← y + a·x. Cost n multiply–adds.
///
/// # Panics
/// In debug builds, if the lengths differ.
#[inline]
pub fn axpy(a: f32, x: &[f32], y: &mut [f32]) {
    debug_assert_eq!(x.len(), y.len());
    let (mut ys, xs) = (y.chunks_exact_mut(LANES), x.chunks_exact(LANES));
    let rest = xs.remainder();
    for (y, x) in ys.by_ref().zip(xs) {
        for (y, x) in y.iter_mut().zip(take::<LANES>(x)) {
            *y += a * x;
        }
    }
    for (y, x) in ys.into_remainder().iter_mut().zip(rest) {
        *y += a * x;
    }
}

/// y ← Wᵀx. `w` is n×r, `x` has n entries, `y` has r. Cost n·r multiply–adds, each column summed as in [`dot`].
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn project(w: &[f32], x: &[f32], y: &mut [f32]) {
    let n = x.len();
    debug_assert_eq!(w.len(), n * y.len());
    if n == 0 {
        y.fill(0.0);
        return;
    }
    for (y, w) in y.chunks_mut(COLUMNS).zip(w.chunks(COLUMNS * n)) {
        let column = |k: usize| &w[k * n..(k + 1) * n];
        match y {
            [a, b, c, d] if WIDE => [*a, *b, *c, *d] = dots([column(0), column(1), column(2), column(3)], x),
            [a, b, c] if WIDE => [*a, *b, *c] = dots([column(0), column(1), column(2)], x),
            [a, b] => [*a, *b] = dots([column(0), column(1)], x),
            y => y.iter_mut().for_each(|y| *y = dot(column(0), x)),
        }
    }
}

/// e ← e − W·y, and returns ‖e‖². `w` is n×r, `y` has r entries, `e` has n. Each entry subtracts the columns in order; the squares
/// are summed as in [`dot`]. Cost n·(r+1) multiply–adds.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn subtract_span(w: &[f32], y: &[f32], e: &mut [f32]) -> f32 {
    let n = e.len();
    debug_assert_eq!(w.len(), n * y.len());
    let mut acc = [0.0; LANES];
    let mut i = 0;
    while i + ROWS <= n {
        subtract_rows::<ROWS>(w, y, e, i, &mut acc);
        i += ROWS;
    }
    while i + LANES <= n {
        subtract_rows::<LANES>(w, y, e, i, &mut acc);
        i += LANES;
    }
    for (acc, i) in acc.iter_mut().zip(i..n) {
        let mut v = e[i];
        for (k, &yk) in y.iter().enumerate() {
            v -= yk * w[k * n + i];
        }
        e[i] = v;
        *acc += v * v;
    }
    sum_lanes(&acc)
}

/// Rows `i..i + B` of [`subtract_span`].
#[inline(always)]
fn subtract_rows<const B: usize>(w: &[f32], y: &[f32], e: &mut [f32], i: usize, acc: &mut [f32; LANES]) {
    let mut v: [f32; B] = take(&e[i..i + B]);
    for (w, &y) in w.chunks_exact(e.len()).zip(y) {
        let w: [f32; B] = take(&w[i..i + B]);
        for l in 0..B {
            v[l] -= y * w[l];
        }
    }
    e[i..i + B].copy_from_slice(&v);
    for v in v.chunks_exact(LANES) {
        for (acc, v) in acc.iter_mut().zip(v) {
            *acc += v * v;
        }
    }
}

/// W ← W + (a·e − W·p)·gᵀ in one pass: the basis update of fast subspace trackers. `w` is n×r, `e` has n entries, `p` and `g` have r.
/// Cost 2·n·r multiply–adds, one read and one write of `w`.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn rank_one_rotation(w: &mut [f32], a: f32, e: &[f32], p: &[f32], g: &[f32]) {
    let n = e.len();
    debug_assert!(w.len() == n * g.len() && p.len() == g.len());
    let mut i = 0;
    while i + ROWS <= n {
        rotate_rows::<ROWS>(w, a, e, p, g, i);
        i += ROWS;
    }
    while i + LANES <= n {
        rotate_rows::<LANES>(w, a, e, p, g, i);
        i += LANES;
    }
    for i in i..n {
        rotate_rows::<1>(w, a, e, p, g, i);
    }
}

/// Rows `i..i + B` of [`rank_one_rotation`].
#[inline(always)]
fn rotate_rows<const B: usize>(w: &mut [f32], a: f32, e: &[f32], p: &[f32], g: &[f32], i: usize) {
    let mut wp = [0.0; B];
    for (w, &p) in w.chunks_exact(e.len()).zip(p) {
        let w: [f32; B] = take(&w[i..i + B]);
        for l in 0..B {
            wp[l] += p * w[l];
        }
    }
    let mut d: [f32; B] = take(&e[i..i + B]);
    for l in 0..B {
        d[l] = a * d[l] - wp[l];
    }
    for (w, &g) in w.chunks_exact_mut(e.len()).zip(g) {
        for (w, d) in w[i..i + B].iter_mut().zip(&d) {
            *w += g * d;
        }
    }
}

/// y ← A·x for an n×r matrix, each entry summed over the columns in order. Cost n·r multiply–adds.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn multiply(a: &[f32], x: &[f32], y: &mut [f32]) {
    let n = y.len();
    debug_assert_eq!(a.len(), x.len() * n);
    let mut i = 0;
    while i + LANES <= n {
        multiply_rows::<LANES>(a, x, y, i);
        i += LANES;
    }
    for i in i..n {
        multiply_rows::<1>(a, x, y, i);
    }
}

/// Rows `i..i + B` of [`multiply`].
#[inline(always)]
fn multiply_rows<const B: usize>(a: &[f32], x: &[f32], y: &mut [f32], i: usize) {
    let mut sum = [0.0; B];
    for (a, &x) in a.chunks_exact(y.len()).zip(x) {
        let a: [f32; B] = take(&a[i..i + B]);
        for l in 0..B {
            sum[l] += x * a[l];
        }
    }
    y[i..i + B].copy_from_slice(&sum);
}

/// A ← A + s·x·yᵀ for an n×r matrix. Cost n·r multiply–adds.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn rank_one(a: &mut [f32], s: f32, x: &[f32], y: &[f32]) {
    debug_assert_eq!(a.len(), x.len() * y.len());
    if x.is_empty() {
        return;
    }
    for (a, &y) in a.chunks_exact_mut(x.len()).zip(y) {
        axpy(s * y, x, a);
    }
}

/// A ← s·A.
#[inline]
pub fn scale(s: f32, a: &mut [f32]) {
    for a in a {
        *a *= s;
    }
}

/// e ← x − m, entry by entry; returns how many entries of `x` were finite. An entry that is not finite (missing) becomes 0.
///
/// # Panics
/// In debug builds, if the lengths differ.
#[inline]
pub fn centre(x: &[f32], m: &[f32], e: &mut [f32]) -> usize {
    debug_assert!(x.len() == m.len() && x.len() == e.len());
    let mut valid = 0;
    for ((e, x), m) in e.iter_mut().zip(x).zip(m) {
        let finite = x.is_finite();
        *e = if finite { x - m } else { 0.0 };
        valid += usize::from(finite);
    }
    valid
}

/// m ← m + a·(x − m), leaving entries whose `x` is not finite as they are. Cost n multiply–adds.
///
/// # Panics
/// In debug builds, if the lengths differ.
#[inline]
pub fn drift_towards(m: &mut [f32], a: f32, x: &[f32]) {
    debug_assert_eq!(m.len(), x.len());
    for (m, x) in m.iter_mut().zip(x) {
        let d = x - *m;
        *m += if d.is_finite() { a * d } else { 0.0 };
    }
}

#[cfg(test)]
mod tests;
