//! Eigen-decomposition of a small symmetric matrix by cyclic Jacobi rotations, bounded.

use crate::math::sqrt;

/// Jacobi converges quadratically; 6–8 sweeps reach single precision for r ≤ 64. The bound is there because
/// no theorem promises it for this order of rotations.
pub const MAX_SWEEPS: usize = 16;

/// A = V·diag(d)·Vᵀ for the symmetric r×r matrix `a` (overwritten). `v` receives the orthonormal eigenvectors as columns, `d` the
/// eigenvalues, **descending**. The sign of a column is such that its entry of largest magnitude is positive.
///
/// Returns `false` if the matrix is not finite (`v` is the identity then, `d` NaN) or the sweeps did not converge (`v` is still a
/// product of rotations then).
/// Golub & Van Loan, Matrix Computations, §8.5. Cost about 4·r³ multiply–adds a sweep, at most [`MAX_SWEEPS`] sweeps.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
pub fn symmetric_eigen(a: &mut [f32], v: &mut [f32], d: &mut [f32]) -> bool {
    let r = d.len();
    debug_assert!(a.len() == r * r && v.len() == r * r);
    v.fill(0.0);
    for k in 0..r {
        v[k * r + k] = 1.0;
    }
    let Some(unit) = normalise(a) else {
        d.fill(f32::NAN);
        return false;
    };
    let mut converged = false;
    for _ in 0..MAX_SWEEPS {
        let (mut off, mut diag) = (0.0, 0.0);
        for p in 0..r {
            diag += a[p * r + p] * a[p * r + p];
            for q in 0..p {
                off += a[p * r + q] * a[p * r + q];
            }
        }
        if off <= 1e-14 * diag {
            converged = true;
            break;
        }
        for p in 0..r {
            for q in p + 1..r {
                rotate(a, v, r, p, q);
            }
        }
    }
    for (k, d) in d.iter_mut().enumerate() {
        *d = a[k * r + k] * unit;
    }
    sort_descending(v, d);
    fix_signs(v, r);
    converged
}

/// Turns V so that it diagonalises A again: A = G·diag(d)·Gᵀ for the symmetric r×r matrix `a` (overwritten), V ← V·G, `d` **descending**.
///
/// For a matrix that is nearly diagonal already, as after a rank-one update of its eigen-decomposition: two or three sweeps. An entry
/// counts as zero below a rounding of √(a_pp·a_qq), not of the largest one, so small eigenvalues of a graded matrix keep their
/// digits (Demmel & Veselić, SIAM J. Matrix Anal. Appl. 13, 1992). Columns keep their signs.
///
/// Returns `false`, with `v` and `d` as they were, if the matrix is not finite. Sweeps that did not converge within [`MAX_SWEEPS`] leave V
/// orthogonal all the same. Cost about 6·r³ multiply–adds a sweep at most; skipped pairs cost one comparison.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[must_use]
pub fn turn_to_diagonal(a: &mut [f32], v: &mut [f32], d: &mut [f32]) -> bool {
    let r = d.len();
    debug_assert!(a.len() == r * r && v.len() == r * r);
    let Some(unit) = normalise(a) else {
        return false;
    };
    for _ in 0..MAX_SWEEPS {
        let mut turned = false;
        for p in 0..r {
            for q in p + 1..r {
                let apq = a[q * r + p];
                let least = a[p * r + p].abs().max(f32::MIN_POSITIVE) * a[q * r + q].abs();
                if apq * apq > f32::EPSILON * f32::EPSILON * least {
                    rotate(a, v, r, p, q);
                    turned = true;
                }
            }
        }
        if !turned {
            break;
        }
    }
    for (k, d) in d.iter_mut().enumerate() {
        *d = a[k * r + k] * unit;
    }
    sort_descending(v, d);
    true
}

/// Divides `a` by a power of two so that its largest entry lies in 1 … 2, and returns that power; `None` if an entry is not finite.
/// The sums of squares then neither overflow nor vanish, and no bit of a normal number changes.
fn normalise(a: &mut [f32]) -> Option<f32> {
    let mut peak = f32::MIN_POSITIVE;
    for a in a.iter() {
        if !a.is_finite() {
            return None;
        }
        peak = peak.max(a.abs());
    }
    let unit = f32::from_bits(peak.to_bits() & 0x7F80_0000);
    super::scale(1.0 / unit, a); // 2⁻¹²⁷ is exact too, as a subnormal
    Some(unit)
}

/// One Jacobi rotation that makes a[p,q] zero.
fn rotate(a: &mut [f32], v: &mut [f32], r: usize, p: usize, q: usize) {
    let apq = a[q * r + p];
    if apq == 0.0 {
        return;
    }
    let theta = (a[q * r + q] - a[p * r + p]) / (2.0 * apq);
    let t = if theta.abs() > 1e9 {
        0.5 / theta // sqrt(theta² + 1) would overflow to the same
    } else {
        let t = 1.0 / (theta.abs() + sqrt(theta * theta + 1.0));
        if theta < 0.0 { -t } else { t }
    };
    let c = 1.0 / sqrt(t * t + 1.0);
    let s = t * c;
    for k in 0..r {
        let (x, y) = (a[p * r + k], a[q * r + k]);
        a[p * r + k] = c * x - s * y;
        a[q * r + k] = s * x + c * y;
    }
    for k in 0..r {
        let (x, y) = (a[k * r + p], a[k * r + q]);
        a[k * r + p] = c * x - s * y;
        a[k * r + q] = s * x + c * y;
    }
    for k in 0..r {
        let (x, y) = (v[p * r + k], v[q * r + k]);
        v[p * r + k] = c * x - s * y;
        v[q * r + k] = s * x + c * y;
    }
}

/// Selection sort of eigenpairs; r is small.
fn sort_descending(v: &mut [f32], d: &mut [f32]) {
    let r = d.len();
    for k in 0..r {
        let mut best = k;
        for j in k + 1..r {
            if d[j] > d[best] {
                best = j;
            }
        }
        if best != k {
            d.swap(k, best);
            for i in 0..r {
                v.swap(k * r + i, best * r + i);
            }
        }
    }
}

fn fix_signs(v: &mut [f32], r: usize) {
    for column in v.chunks_exact_mut(r.max(1)) {
        let peak = column.iter().fold(0.0f32, |m, &x| if x.abs() > m.abs() { x } else { m });
        if peak < 0.0 {
            super::scale(-1.0, column);
        }
    }
}
