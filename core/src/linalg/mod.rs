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
pub use eigen::{MAX_SWEEPS, symmetric_eigen, turn_to_diagonal};
pub use orthonormal::{cosine_basis, orthonormality_error, polish_pair};

/// Partial sums in a reduction: two 128-bit vectors, or one of 256 bits, or eight scalar accumulators of a Cortex-M FPU.
pub const LANES: usize = 8;

/// Adds the partial sums as a balanced tree: ((0+4)+(2+6)) + ((1+5)+(3+7)), the order of a vector unit's halving.
#[inline]
fn sum_lanes(a: &[f32; LANES]) -> f32 {
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

/// The block of [`LANES`] entries from `start` on, without a copy. It lies within the slice; one that did not would be zeros.
#[inline]
fn block(s: &[f32], start: usize) -> &[f32; LANES] {
    s.get(start..).and_then(<[f32]>::first_chunk).unwrap_or(&[0.0; LANES])
}

/// xᵀy. Entry `i` goes to partial sum `i % 8`. Cost n multiply–adds.
///
/// # Panics
/// In debug builds, if the lengths differ.
#[inline]
#[must_use]
pub fn dot(x: &[f32], y: &[f32]) -> f32 {
    debug_assert_eq!(x.len(), y.len());
    if x.len() >= LANES {
        return dot_blocks(x, y);
    }
    // Vectors of r entries end here, inlined to as many multiplications.
    let mut acc = [0.0; LANES];
    for ((s, a), b) in acc.iter_mut().zip(x).zip(y) {
        *s += a * b;
    }
    sum_lanes(&acc)
}

/// [`dot`] for whole blocks and a rest: once in the program, since it fills more of a small flash than its call takes time.
#[inline(never)]
fn dot_blocks(x: &[f32], y: &[f32]) -> f32 {
    let mut acc = [0.0; LANES];
    let ((xs, xt), (ys, yt)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (a, b) in xs.iter().zip(ys) {
        for l in 0..LANES {
            acc[l] += a[l] * b[l];
        }
    }
    for ((s, a), b) in acc.iter_mut().zip(xt).zip(yt) {
        *s += a * b;
    }
    sum_lanes(&acc)
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
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// y ← y + a·x², entry by entry. Cost 2·n multiply–adds.
///
/// # Panics
/// In debug builds, if the lengths differ.
#[inline]
pub fn add_squares(a: f32, x: &[f32], y: &mut [f32]) {
    debug_assert_eq!(x.len(), y.len());
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * (x * x);
    }
}

/// y ← Wᵀx. `w` is n×r, `x` has n entries, `y` has r. Cost n·r multiply–adds, each column summed as in [`dot`].
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn project(w: &[f32], x: &[f32], y: &mut [f32]) {
    debug_assert_eq!(w.len(), x.len() * y.len());
    if x.is_empty() {
        y.fill(0.0);
        return;
    }
    for (y, w) in y.iter_mut().zip(w.chunks_exact(x.len())) {
        *y = dot(w, x);
    }
}

/// e ← e − W·y, and returns ‖e‖². `w` is n×r, `y` has r entries, `e` has n. Each entry subtracts the columns in order.
/// Cost n·(r+1) multiply–adds.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn subtract_span(w: &[f32], y: &[f32], e: &mut [f32]) -> f32 {
    let n = e.len();
    debug_assert_eq!(w.len(), n * y.len());
    let mut acc = [0.0; LANES];
    let (blocks, tail) = e.as_chunks_mut::<LANES>();
    let whole = blocks.len() * LANES;
    for (i, e) in (0..).step_by(LANES).zip(blocks) {
        let mut v = *e;
        for (k, &yk) in y.iter().enumerate() {
            let col = block(w, k * n + i);
            for l in 0..LANES {
                v[l] -= yk * col[l];
            }
        }
        *e = v;
        for l in 0..LANES {
            acc[l] += v[l] * v[l];
        }
    }
    for ((i, e), acc) in (whole..).zip(tail).zip(&mut acc) {
        for (k, &yk) in y.iter().enumerate() {
            *e -= yk * w[k * n + i];
        }
        *acc += *e * *e;
    }
    sum_lanes(&acc)
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
    let (blocks, tail) = e.as_chunks::<LANES>();
    let whole = blocks.len() * LANES;
    for (i, e) in (0..).step_by(LANES).zip(blocks) {
        let mut wp = [0.0; LANES];
        for (k, &pk) in p.iter().enumerate() {
            let col = block(w, k * n + i);
            for l in 0..LANES {
                wp[l] += pk * col[l];
            }
        }
        let mut d = [0.0; LANES];
        for l in 0..LANES {
            d[l] = a * e[l] - wp[l];
        }
        for (k, &gk) in g.iter().enumerate() {
            let start = k * n + i;
            if let Some(col) = w.get_mut(start..).and_then(<[f32]>::first_chunk_mut::<LANES>) {
                for l in 0..LANES {
                    col[l] += gk * d[l];
                }
            }
        }
    }
    for (i, e) in (whole..).zip(tail) {
        let mut wp = 0.0;
        for (k, &pk) in p.iter().enumerate() {
            wp += pk * w[k * n + i];
        }
        let d = a * e - wp;
        for (k, &gk) in g.iter().enumerate() {
            w[k * n + i] += gk * d;
        }
    }
}

/// y ← A·x for an r×r matrix, column by column. Cost r² multiply–adds.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn multiply(a: &[f32], x: &[f32], y: &mut [f32]) {
    debug_assert_eq!(a.len(), x.len() * y.len());
    y.fill(0.0);
    if y.is_empty() {
        return;
    }
    for (a, &x) in a.chunks_exact(y.len()).zip(x) {
        axpy(x, a, y);
    }
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

/// A ← A·V for an n×m matrix `a` and an m×m matrix `v`, row by row; `row` is scratch of m entries. Cost n·m² multiply–adds.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
pub fn turn_columns(a: &mut [f32], n: usize, v: &[f32], row: &mut [f32]) {
    let m = row.len();
    debug_assert!(a.len() == n * m && v.len() == m * m);
    if m == 0 {
        return;
    }
    for i in 0..n {
        for (row, a) in row.iter_mut().zip(a.iter().skip(i).step_by(n)) {
            *row = *a;
        }
        for (a, v) in a.iter_mut().skip(i).step_by(n).zip(v.chunks_exact(m)) {
            *a = dot(row, v);
        }
    }
}

/// (x, y) ← (c·x + s·y, c·y − s·x), entry by entry: a plane rotation of two vectors. Cost 4·n multiplications.
///
/// # Panics
/// In debug builds, if the lengths differ.
#[inline]
pub fn rotate_plane(c: f32, s: f32, x: &mut [f32], y: &mut [f32]) {
    debug_assert_eq!(x.len(), y.len());
    for (x, y) in x.iter_mut().zip(y) {
        (*x, *y) = (c * *x + s * *y, c * *y - s * *x);
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
