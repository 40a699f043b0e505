//! Where bases start and how they are kept orthonormal.

use nalgebra::DMatrix;

use super::gamma;
use crate::linalg::{cosine_basis, orthonormality_error, polish_pair};
use crate::testing::{Random, wide};

/// max |WᵀW − I| in f64.
fn exact_error(w: &[f32], n: usize) -> f64 {
    let w = wide(w, n);
    (w.transpose() * &w - DMatrix::identity(w.ncols(), w.ncols())).amax()
}

#[test]
fn the_cosine_basis_is_the_orthonormal_dct() {
    for (n, r) in [
        (1, 1),
        (2, 1),
        (2, 2),
        (3, 3),
        (7, 7),
        (8, 3),
        (64, 64),
        (100, 3),
        (257, 5),
        (1024, 64),
        (65_536, 2),
    ] {
        let mut w = vec![f32::NAN; n * r];
        cosine_basis(&mut w, n);
        for k in 0..r {
            let c = (if k == 0 { 1.0 } else { 2.0 } / n as f64).sqrt();
            for i in 0..n {
                let exact = c * (std::f64::consts::PI * (i as f64 + 0.5) * k as f64 / n as f64).cos();
                // The argument (up to 2π) has a relative error of γ₃, the cosine 1 ulp, c and the product γ₃.
                let bound = c * (gamma(3) * std::f64::consts::TAU + gamma(6));
                assert!((f64::from(w[k * n + i]) - exact).abs() <= bound, "({n}, {r}) at ({i}, {k})");
            }
        }
        // Errors of entries, all of one bound b relative to c, give at most 2·√2·b in an inner product of unit vectors.
        let bound = 2.0 * 2f64.sqrt() * (gamma(3) * std::f64::consts::TAU + gamma(6));
        assert!(exact_error(&w, n) <= bound, "({n}, {r}): {:e}", exact_error(&w, n));
    }
    cosine_basis(&mut [], 0);
}

#[test]
fn the_reported_error_is_the_error() {
    let mut random = Random::new(21);
    for (n, r) in [(1, 1), (8, 3), (64, 8), (100, 3), (33, 33)] {
        let w = random.normals(n * r);
        let size: f64 = w.iter().map(|&w| f64::from(w).powi(2)).sum();
        let bound = gamma(n.div_ceil(8) + 5) * size;
        assert!((f64::from(orthonormality_error(&w, n)) - exact_error(&w, n)).abs() <= bound);
        let mut bad = w.clone();
        bad[n * r / 2] = f32::NAN;
        assert!(orthonormality_error(&bad, n).is_nan(), "({n}, {r})");
    }
    assert_eq!(orthonormality_error(&[], 0), 0.0);
}

#[test]
fn a_sweep_of_polishing_squares_the_error() {
    let mut random = Random::new(22);
    for (n, r) in [(1, 1), (3, 3), (8, 3), (64, 8), (100, 3), (256, 16)] {
        let q = random.orthonormal(n, r);
        let mut w: std::vec::Vec<f32> =
            q.iter().map(|&q| (q * 1.01 + 0.004 * random.normal() / (n as f64).sqrt()) as f32).collect();
        let mut error = exact_error(&w, n);
        assert!(error > 0.01);
        for _ in 0..4 {
            for j in 0..r {
                for k in 0..=j {
                    polish_pair(&mut w, n, j, k);
                }
            }
            // Newton–Schulz leaves ¾E² + …, of which an entry is at most ¾·r·max²; polishing pairs one after another lets each meet
            // what the r others of its row and column moved, another r·max². The rest is the rounding of a dot product of unit vectors.
            let next = exact_error(&w, n);
            let bound = 2.0 * r as f64 * error * error + gamma(n.div_ceil(8) + 8);
            assert!(next <= bound, "({n}, {r}): {error:e} -> {next:e} > {bound:e}");
            error = next;
        }
    }
}
