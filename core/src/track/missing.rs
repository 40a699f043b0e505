//! Coordinates of a frame with missing entries: their conditional expectation under probabilistic PCA.
//!
//! With observed entries Ω, noise variance σ² per entry and coordinate covariance Λ, the posterior mean of y is the ridge solution
//! `(W_ΩᵀW_Ω + σ²Λ⁻¹)·y = W_Ωᵀ(x − μ)_Ω` (Tipping & Bishop 1999, eq. 6, with rows of W removed). It shrinks towards the mean
//! as fewer entries are seen, instead of exploding as plain least squares does.

use crate::linalg::{cholesky, cholesky_solve};

/// Solves for `y` (r entries). On entry `y` = W_Ωᵀ(x − μ)_Ω; `w` is n×r; `x` tells which entries are observed (finite); `root` (r×r) is
/// a square root of Λ⁻¹ = S·Sᵀ; `noise` is σ². `work` needs r² entries. Leaves `y` zero and returns `false` if the system is not positive
/// definite.
///
/// An axis of the tracked subspace has at least the variance of the noise. Where Λ says less, it is still being learned, and
/// believing it would shrink y, therefore Λ, therefore y: σ²Λ⁻¹ is scaled down to at most 1 on its diagonal.
///
/// Cost |Ω|·r²/2 + 2·r³/3 multiply–adds.
pub(super) fn expected_coordinates(
    w: &[f32],
    x: &[f32],
    root: &[f32],
    noise: f32,
    y: &mut [f32],
    work: &mut [f32],
) -> bool {
    let (n, r) = (x.len(), y.len());
    let prior = |i: usize, j: usize| (0..r).map(|k| root[k * r + i] * root[k * r + j]).sum::<f32>();
    let most = (0..r).fold(0.0f32, |most, k| most.max(prior(k, k))) * noise;
    let noise = if most > 1.0 { noise / most } else { noise };
    let gram = &mut work[..r * r];
    for j in 0..r {
        for i in j..r {
            let (a, b) = (&w[i * n..(i + 1) * n], &w[j * n..(j + 1) * n]);
            let mut sum = 0.0;
            for ((a, b), x) in a.iter().zip(b).zip(x) {
                sum += if x.is_finite() { a * b } else { 0.0 };
            }
            gram[j * r + i] = sum + noise * prior(i, j);
        }
        gram[j * r + j] += 1e-6; // rank(W_Ω) < r without any noise: the least-norm end of the ridge
    }
    if !cholesky(gram, r) {
        y.fill(0.0);
        return false;
    }
    cholesky_solve(gram, y);
    true
}
