//! Cholesky factor and solve for the small symmetric systems of this crate (r×r, r ≤ 64).

use crate::math::sqrt;

/// Factors the symmetric positive definite r×r matrix `a` in place: A = L·Lᵀ, L in the lower triangle (column-major).
/// Only the lower triangle is read. Returns `false`, with `a` partly overwritten, if a pivot is not positive and finite.
/// Cost r³/6 multiply–adds, r square roots.
///
/// # Panics
/// In debug builds, if `a` is not r×r.
#[must_use]
#[inline(never)]
pub fn cholesky(a: &mut [f32], r: usize) -> bool {
    debug_assert_eq!(a.len(), r * r);
    for j in 0..r {
        let mut d = a[j * r + j];
        for k in 0..j {
            d -= a[k * r + j] * a[k * r + j];
        }
        if !(d > 0.0 && d.is_finite()) {
            return false;
        }
        let d = sqrt(d);
        a[j * r + j] = d;
        for i in j + 1..r {
            let mut s = a[j * r + i];
            for k in 0..j {
                s -= a[k * r + i] * a[k * r + j];
            }
            a[j * r + i] = s / d;
        }
    }
    true
}

/// Solves L·Lᵀ·x = b in place, `b` becoming `x`. `l` is the factor of [`cholesky`]. Cost r² multiply–adds, 2r divisions.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline(never)]
pub fn cholesky_solve(l: &[f32], b: &mut [f32]) {
    let r = b.len();
    debug_assert_eq!(l.len(), r * r);
    for i in 0..r {
        let mut s = b[i];
        for k in 0..i {
            s -= l[k * r + i] * b[k];
        }
        b[i] = s / l[i * r + i];
    }
    for i in (0..r).rev() {
        let mut s = b[i];
        for k in i + 1..r {
            s -= l[i * r + k] * b[k];
        }
        b[i] = s / l[i * r + i];
    }
}
