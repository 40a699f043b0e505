//! Which direction a rank-one update leaves out.

use crate::linalg;
use crate::math::sqrt;

/// Steps towards the smallest eigenvalue; three to four reach single precision (quadratic convergence).
const MAX_STEPS: usize = 6;

/// The unit eigenvector (d, δ), δ ≥ 0, of the smallest eigenvalue of the (r+1)×(r+1) matrix
///
/// ```text
/// M = diag(a₁ … a_r, 0) + γ·z·zᵀ,   z = (y, ρ),   a descending, not negative
/// ```
///
/// `d` (r entries) receives the first r entries, the result is δ. With γ·‖z‖² = 0 that is (0, 1).
///
/// The eigenvalue is t·a_r, 0 ≤ t ≤ 1, where t is the one root there of the secular equation (Golub, SIAM Review 15, 1973)
/// a_r + γ·Σ_j y_j²/(a_j/a_r − t) − γ·ρ²/t = 0. Each step replaces the sum by p/(1 − t) + c with the same value and slope (Bunch,
/// Nielsen, Sorensen, Numer. Math. 31, 1978) and solves the quadratic equation that is left, for t and for u = 1 − t without
/// cancellation. The entries are then y_j/(a_j/a_r − t) and −ρ/t. An inexact root costs nothing but a little of the energy
/// that is kept: any unit vector leaves an orthonormal basis of the others.
///
/// Cost about 4·r divisions a step, at most [`MAX_STEPS`] steps.
pub(super) fn smallest_direction(a: &[f32], y: &[f32], rho: f32, gamma: f32, d: &mut [f32]) -> f32 {
    let r = d.len();
    d.fill(0.0);
    let Some(&least) = a.last() else {
        return 1.0;
    };
    let size = least + gamma * (linalg::energy(y) + rho * rho);
    if !(size.is_normal() && rho > 0.0) {
        return 1.0;
    }
    let share = gamma / size;
    let (floor, q) = (least / size, share * rho * rho);
    let (mut t, mut u) = (0.5, 0.5);
    for _ in 0..MAX_STEPS {
        let (mut c, mut p) = (floor, 0.0);
        for (a, y) in a.iter().zip(y) {
            let (gap, energy) = (gap(*a, least), share * y * y);
            // Value and slope of energy/(gap + 1 − t): part of it as if its pole were at 1, the rest constant.
            let near = if gap > 0.0 { u / (gap + u) } else { 1.0 };
            p += energy * near * near;
            c += if gap > 0.0 && gap.is_finite() { energy * gap / ((gap + u) * (gap + u)) } else { 0.0 };
        }
        let before = t;
        (t, u) = root(c, p, q);
        if (t - before).abs() <= 2.0 * f32::EPSILON * t.min(u) {
            break;
        }
    }
    for ((d, y), a) in d.iter_mut().zip(y).zip(a) {
        let gap = gap(*a, least);
        let near = if gap > 0.0 { u / (gap + u) } else { 1.0 };
        *d = -(y * near) * t;
    }
    let delta = rho * u;
    let peak = d.iter().fold(delta, |peak, d| peak.max(d.abs()));
    if peak.is_normal() {
        // By the largest entry first, so that no square vanishes.
        linalg::scale(1.0 / peak, d);
        let delta = delta / peak;
        let length = sqrt(linalg::energy(d) + delta * delta);
        linalg::scale(1.0 / length, d);
        delta / length
    } else {
        // The new direction carries more than the last one, along which this frame has nothing.
        d.fill(0.0);
        d[r - 1] = 1.0;
        0.0
    }
}

/// a/least − 1, which may be infinite; 0 for 0/0.
fn gap(a: f32, least: f32) -> f32 {
    if a > least { (a - least) / least } else { 0.0 }
}

/// The root t of c + p/(1 − t) − q/t in 0 … 1, and u = 1 − t, for c, p, q ≥ 0 of size 1.
fn root(c: f32, p: f32, q: f32) -> (f32, f32) {
    // (c + p + q)² − 4·c·q, without its cancellation.
    let discriminant = sqrt((c - q) * (c - q) + p * (2.0 * (c + q) + p));
    let t = (2.0 * q / (c + p + q + discriminant)).min(1.0);
    let (sum, rest) = (discriminant + (p + q - c), discriminant + (c - p - q));
    let u = if p + q >= c { if sum > 0.0 { 2.0 * p / sum } else { 0.0 } } else { rest / (2.0 * c) };
    (t, u.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;
    use nalgebra::{DMatrix, DVector};
    use std::vec::Vec;

    /// dᵀMd in f64, and the smallest eigenvalue and the largest.
    fn energies(a: &[f32], y: &[f32], rho: f32, gamma: f32, d: &[f32], delta: f32) -> (f64, f64, f64) {
        let wide = |v: &[f32], last: f32| {
            DVector::from_iterator(v.len() + 1, v.iter().copied().chain([last]).map(f64::from))
        };
        let (z, d) = (wide(y, rho), wide(d, delta));
        let m = DMatrix::from_diagonal(&wide(a, 0.0)) + &z * z.transpose() * f64::from(gamma);
        let values = m.symmetric_eigenvalues();
        assert!((d.norm() - 1.0).abs() < 1e-6, "{d}");
        ((&m * &d).dot(&d), values.min().max(0.0), values.max())
    }

    /// The direction left out carries no more than the smallest eigenvalue, up to rounding of its Rayleigh quotient.
    #[test]
    fn it_is_the_smallest_eigenvector() {
        let mut random = Random::new(5);
        for case in 0..2000 {
            let r = 1 + case % 9;
            let decade = |random: &mut Random, span: f64| 10f64.powf(span * (random.uniform() - 0.5)) as f32;
            let mut a: Vec<f32> = (0..r).map(|_| decade(&mut random, 6.0)).collect();
            a.sort_by(|x, y| y.total_cmp(x));
            if case % 5 == 0 {
                a[r - 1] = if r > 1 { a[r - 2] } else { 0.0 };
            }
            let y: Vec<f32> =
                a.iter().map(|a| (random.normal() as f32) * a.sqrt() * decade(&mut random, 2.0)).collect();
            let (rho, gamma) = (decade(&mut random, 6.0), decade(&mut random, 3.0) * 0.01);
            let mut d = vec![0.0; r];
            let delta = smallest_direction(&a, &y, rho, gamma, &mut d);
            let (ours, least, most) = energies(&a, &y, rho, gamma, &d, delta);
            assert!(
                ours <= least * (1.0 + 1e-4) + most * 1e-10,
                "case {case}: {ours:e}, not {least:e} of {most:e}; a {a:?} y {y:?} ρ {rho} γ {gamma} d {d:?} {delta}"
            );
        }
    }

    #[test]
    fn limits_are_what_they_should_be() {
        let mut d = [0.0; 2];
        // Nothing new: the new direction is left out.
        assert_eq!(smallest_direction(&[2.0, 1.0], &[1.0, 1.0], 0.0, 0.1, &mut d), 1.0);
        assert_eq!(d, [0.0, 0.0]);
        // Nothing known: any direction orthogonal to the frame.
        let delta = smallest_direction(&[0.0, 0.0], &[3.0, 0.0], 4.0, 1.0, &mut d);
        assert!((3.0 * d[0] + 4.0 * delta).abs() < 1e-6, "{d:?} {delta}");
        // A frame along nothing but the new direction, which carries more than the last one: the last one is left out.
        assert_eq!(smallest_direction(&[2.0, 1.0], &[0.0, 0.0], 10.0, 0.1, &mut d), 0.0);
        assert_eq!(d, [0.0, 1.0]);
        // The same, but less.
        assert_eq!(smallest_direction(&[2.0, 1.0], &[0.0, 0.0], 1.0, 0.1, &mut d), 1.0);
    }
}
