//! Orthonormal bases: where they start, how far they drifted, and how they are kept.

use super::{dot, scale};
use crate::math::{cos_quarter, sqrt};

/// Fills the n×r matrix `w` with the first r columns of the orthonormal cosine basis (DCT-II):
/// `w[i,k] = c_k·cos(π(i + ½)k/n)`, `c_0 = 1/√n`, otherwise `√(2/n)`.
///
/// A deterministic start that no channel dominates: the first axis is the common level, the next ones are slow
/// variations along the channels (or along time, for a delay window).
///
/// # Panics
/// In debug builds, if `w` is not n×r.
pub fn cosine_basis(w: &mut [f32], n: usize) {
    if n == 0 {
        return;
    }
    debug_assert_eq!(w.len() % n, 0);
    let size = n as f32;
    for (k, column) in w.chunks_exact_mut(n).enumerate() {
        let c = sqrt(if k == 0 { 1.0 / size } else { 2.0 / size });
        // Folded into the first of the period's 4n quarters in whole numbers, so that large arguments lose nothing.
        for (i, w) in column.iter_mut().enumerate() {
            let part = ((2 * i + 1) * k) % (4 * n);
            let half = part.min(4 * n - part);
            *w = if half <= n { c * cos_quarter(half, n) } else { -c * cos_quarter(2 * n - half, n) };
        }
    }
}

/// max |(WᵀW − I)_jk| for an n×r matrix. Cost n·r²/2 multiply–adds.
#[must_use]
pub fn orthonormality_error(w: &[f32], n: usize) -> f32 {
    let mut worst: f32 = 0.0;
    if n == 0 {
        return worst;
    }
    for (j, a) in w.chunks_exact(n).enumerate() {
        for (k, b) in w.chunks_exact(n).enumerate().take(j + 1) {
            let error = (dot(a, b) - if j == k { 1.0 } else { 0.0 }).abs();
            worst = if error > worst || error.is_nan() { error } else { worst };
        }
    }
    worst
}

/// One entry of a Newton–Schulz step W ← W·(3I − WᵀW)/2 (Higham, Functions of Matrices, §8.3): makes columns `j ≥ k` of the n×r
/// matrix orthogonal (j ≠ k) or the column of unit length (j = k), to first order in their error.
///
/// Sweeping all pairs is one step of the iteration; spreading the sweep over frames keeps a drifting basis orthonormal at
/// a constant cost per frame. Returns the error it met. Cost 3·n multiply–adds.
///
/// # Panics
/// If `j` or `k` is not a column.
pub fn polish_pair(w: &mut [f32], n: usize, j: usize, k: usize) -> f32 {
    if j == k {
        let column = &mut w[k * n..(k + 1) * n];
        let error = dot(column, column) - 1.0;
        scale(1.0 - 0.5 * error, column);
        return error;
    }
    let (head, tail) = w.split_at_mut(j * n);
    let (a, b) = (&mut head[k * n..(k + 1) * n], &mut tail[..n]);
    let error = dot(a, b);
    for (a, b) in a.iter_mut().zip(b) {
        let (x, y) = (*a, *b);
        *a = x - 0.5 * error * y;
        *b = y - 0.5 * error * x;
    }
    error
}
/// The pair (j, k ≤ j) of columns after this one, of `count`: those that [`polish_pair`] takes, one after another.
pub(crate) fn next_pair((j, k): (usize, usize), count: usize) -> (usize, usize) {
    if k < j {
        (j, k + 1)
    } else if j + 1 < count {
        (j + 1, 0)
    } else {
        (0, 0)
    }
}
