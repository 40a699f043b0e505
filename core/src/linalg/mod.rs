//! Numerical kernels on slices. No other module writes a loop that belongs here.
//!
//! Matrices are column-major slices without padding: an n×r matrix is `w[k * n + i]`, row `i`, column `k`. Every reduction is
//! summed with [`LANES`] partial sums in a fixed order, so that a vector unit of any width and a plain scalar FPU give the
//! same bits. There is no fused multiply–add anywhere (Rust never contracts `a * b + c` by itself). NaN in gives NaN out;
//! nothing here loops on data.
//!
//! What does not belong here: anything that knows what the numbers mean.

use core::array;

mod cholesky;
mod eigen;
mod masked;
mod orthonormal;
mod passes;
#[cfg(feature = "alloc")]
pub(crate) mod streams;

pub use cholesky::{cholesky, cholesky_solve};
pub use eigen::{MAX_SWEEPS, symmetric_eigen, turn_to_diagonal};
pub use masked::chosen_rows;
pub(crate) use orthonormal::next_pair;
pub use orthonormal::{cosine_basis, orthonormality_error, polish_pair};
pub use passes::{project, project_seldom, rank_one_rotation, subtract_span, subtract_span_seldom};

/// Partial sums in a reduction: two 128-bit vectors, or one of 256 bits, or eight scalar accumulators of a Cortex-M FPU.
pub const LANES: usize = 8;

/// Sixteen vector registers and caches, or the 32 scalar registers and the small flash of a Cortex-M. Decides how a sum is written,
/// never its order.
const WIDE: bool = cfg!(target_pointer_width = "64");

/// Adds the partial sums as a balanced tree: ((0+4)+(2+6)) + ((1+5)+(3+7)), the order of a vector unit's halving.
#[inline]
fn sum_lanes(a: &[f32; LANES]) -> f32 {
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

/// The `B` entries from `start` on, without a copy. They lie within the slice; if they did not, they would be zeros.
#[inline(always)]
fn block<const B: usize>(s: &[f32], start: usize) -> &[f32; B] {
    s.get(start..).and_then(<[f32]>::first_chunk).unwrap_or(&[0.0; B])
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
    add_rest(&mut acc, x, y);
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
    add_rest(&mut acc, xt, yt);
    sum_lanes(&acc)
}

/// The products of fewer than [`LANES`] entries, to as many partial sums.
#[inline(always)]
fn add_rest(acc: &mut [f32; LANES], x: &[f32], y: &[f32]) {
    if WIDE {
        // Without a loop, the sums stay in registers: written one by one and read two by two, they would wait for memory. Adding 0
        // changes no sum, none of which is −0.
        *acc = array::from_fn(|l| match (x.get(l), y.get(l)) {
            (Some(a), Some(b)) => acc[l] + a * b,
            _ => acc[l],
        });
    } else {
        for ((s, a), b) in acc.iter_mut().zip(x).zip(y) {
            *s += a * b;
        }
    }
}

/// [`dot`], once in the program: for code that seldom runs.
#[inline(never)]
#[must_use]
pub fn dot_seldom(x: &[f32], y: &[f32]) -> f32 {
    dot(x, y)
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

/// y ← A·x for an n×r matrix, each entry summed over the columns in order. Cost n·r multiply–adds.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[cfg_attr(target_pointer_width = "64", inline)]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub fn multiply(a: &[f32], x: &[f32], y: &mut [f32]) {
    let n = y.len();
    debug_assert_eq!(a.len(), x.len() * n);
    let (blocks, tail) = y.as_chunks_mut::<LANES>();
    let whole = n - tail.len();
    for (i, y) in (0..).step_by(LANES).zip(blocks) {
        *y = [0.0; LANES];
        for (k, x) in x.iter().enumerate() {
            let column = block::<LANES>(a, k * n + i);
            for l in 0..LANES {
                y[l] += x * column[l];
            }
        }
    }
    for (i, y) in (whole..).zip(tail) {
        let mut sum = 0.0;
        for (k, x) in x.iter().enumerate() {
            sum += x * a[k * n + i];
        }
        *y = sum;
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

/// A ← c·(A + s·x·yᵀ) for an n×r matrix in one pass. Cost 2·n·r multiplications, n·r additions.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn scaled_rank_one(a: &mut [f32], c: f32, s: f32, x: &[f32], y: &[f32]) {
    debug_assert_eq!(a.len(), x.len() * y.len());
    if x.is_empty() {
        return;
    }
    for (a, &y) in a.chunks_exact_mut(x.len()).zip(y) {
        let s = s * y;
        for (a, x) in a.iter_mut().zip(x) {
            *a = c * (*a + s * x);
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
    let mut valid = 0_u32; // as wide as an entry, for vector units
    for ((e, x), m) in e.iter_mut().zip(x).zip(m) {
        let finite = x.is_finite();
        *e = f32::from_bits((x - m).to_bits() & u32::from(finite).wrapping_neg());
        valid += u32::from(finite);
    }
    valid as usize
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

/// m ← m + a·(x − m) as [`drift_towards`] does for finite `x`, and d ← e, in one pass. Cost n multiply–adds.
///
/// # Panics
/// In debug builds, if the lengths differ.
#[inline]
pub fn drift_and_keep(m: &mut [f32], a: f32, x: &[f32], d: &mut [f32], e: &[f32]) {
    debug_assert!(m.len() == x.len() && d.len() == x.len() && e.len() == x.len());
    for (((m, x), d), e) in m.iter_mut().zip(x).zip(d).zip(e) {
        *m += a * (x - *m);
        *d = *e;
    }
}

#[cfg(test)]
mod tests;
