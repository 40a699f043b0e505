//! Axes out of columns.

use super::NO_DIGITS;
use crate::linalg;
use crate::math::sqrt;

/// Makes the columns of the n×ℓ matrix `w`, of descending length, orthonormal, one after the other (modified Gram–Schmidt, twice). One that
/// has no length of its own gets some direction that is left, and energy 0. Cost 2·n·ℓ² multiply–adds, more where directions are lacking.
pub(super) fn orthonormalise(w: &mut [f32], n: usize, energies: &mut [f32]) {
    let largest = energies.first().copied().unwrap_or(0.0).max(0.0);
    for (k, own) in energies.iter_mut().enumerate() {
        let (before, rest) = w.split_at_mut(k * n);
        let column = &mut rest[..n];
        let known = *own > NO_DIGITS * largest && *own >= f32::MIN_POSITIVE;
        if known {
            linalg::scale(1.0 / sqrt(*own), column);
        } else {
            *own = 0.0;
        }
        if known && clean(before, n, column) > 0.5 {
            continue;
        }
        *own = 0.0;
        // Some unit vector has at least (n − k)/n of its energy outside k directions.
        for i in 0..n {
            column.fill(0.0);
            column[i] = 1.0;
            if clean(before, n, column) * n as f32 > 0.5 {
                break;
            }
        }
    }
}

/// Makes a vector orthogonal to the columns of `w` and of unit length; returns the energy that was left of it.
fn clean(w: &[f32], n: usize, column: &mut [f32]) -> f32 {
    let mut left = 1.0;
    for _ in 0..2 {
        for axis in w.chunks_exact(n) {
            let along = linalg::dot(axis, column);
            linalg::axpy(-along, axis, column);
        }
        let energy = linalg::energy(column);
        left *= energy;
        linalg::scale(if energy > 0.0 { 1.0 / sqrt(energy) } else { 0.0 }, column);
    }
    left
}
