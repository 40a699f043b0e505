//! The Jacobi eigen-decomposition.

use std::vec::Vec;

use nalgebra::{DMatrix, DVector};

use super::gamma;
use crate::linalg::symmetric_eigen;
use crate::testing::{Random, wide, wide_vector};

struct Pairs {
    ok: bool,
    v: Vec<f32>,
    d: Vec<f32>,
}

fn decompose(a: &[f32], r: usize) -> Pairs {
    let (mut a, mut v, mut d) = (a.to_vec(), vec![f32::NAN; r * r], vec![f32::NAN; r]);
    let ok = symmetric_eigen(&mut a, &mut v, &mut d);
    Pairs { ok, v, d }
}

/// Q·diag(d)·Qᵀ with a random Q, rounded to `f32`.
fn with_spectrum(d: &[f64], random: &mut Random) -> Vec<f32> {
    let r = d.len();
    let q = random.orthonormal(r, r);
    let a = &q * DMatrix::from_diagonal(&DVector::from_column_slice(d)) * q.transpose();
    (0..r * r).map(|k| (0.5 * (a[(k % r, k / r)] + a[(k / r, k % r)])) as f32).collect()
}

/// Everything that is promised, for one matrix.
///
/// A rotation changes a column by at most γ₆ of its norm (Higham, §19.6); a column takes part in r − 1 of them a sweep, from
/// both sides for A, over at most eight sweeps. What convergence leaves off the diagonal (10⁻⁷·‖A‖) comes on top.
fn check(a: &[f32], r: usize, name: &str) {
    let Pairs { ok, v, d } = decompose(a, r);
    assert!(ok, "{name}: no convergence");
    let (a, v, d) = (wide(a, r), wide(&v, r), wide_vector(&d));
    let size = a.norm();
    let bound = 8.0 * gamma(6 * r) + 1e-7;
    let gram = v.transpose() * &v - DMatrix::identity(r, r);
    assert!(gram.amax() <= bound, "{name}: orthogonality {:e} > {bound:e}", gram.amax());
    let rebuilt = &v * DMatrix::from_diagonal(&d) * v.transpose() - &a;
    assert!(rebuilt.norm() <= 2.0 * bound * size, "{name}: {:e} of {size:e}", rebuilt.norm());
    let mut exact: Vec<f64> = a.symmetric_eigenvalues().iter().copied().collect();
    exact.sort_by(|a, b| b.total_cmp(a));
    // Weyl: no eigenvalue moves by more than the norm of the perturbation.
    for (k, exact) in exact.iter().enumerate() {
        assert!((d[k] - exact).abs() <= 2.0 * bound * size, "{name}: λ{k} = {:e}, not {exact:e}", d[k]);
    }
    for k in 1..r {
        assert!(d[k] <= d[k - 1], "{name}: not descending");
    }
    for column in v.column_iter() {
        let peak = column.iter().fold(0.0f64, |m, &x| if x.abs() > m.abs() { x } else { m });
        assert!(peak > 0.0, "{name}: sign");
    }
}

#[test]
fn random_matrices_of_every_size() {
    let mut random = Random::new(11);
    for r in (1..=24).chain([31, 32, 33, 48, 63, 64]) {
        let g = random.normals(r * r);
        let a: Vec<f32> = (0..r * r).map(|k| g[k] + g[(k % r) * r + k / r]).collect();
        check(&a, r, &format!("symmetric Gaussian {r}"));
    }
}

#[test]
fn hard_spectra() {
    let mut random = Random::new(12);
    for r in [2usize, 3, 5, 8, 16, 64] {
        let spectra: [(&str, Vec<f64>); 6] = [
            ("all equal", vec![3.0; r]),
            ("two clusters", (0..r).map(|k| if k % 2 == 0 { 1.0 } else { -1.0 }).collect()),
            ("rank one", (0..r).map(|k| if k == 0 { 1.0 } else { 0.0 }).collect()),
            ("geometric", (0..r).map(|k| 10f64.powf(-(k as f64) * 12.0 / r as f64)).collect()),
            ("close", (0..r).map(|k| 1.0 + 1e-6 * k as f64).collect()),
            ("both signs", (0..r).map(|k| k as f64 - r as f64 / 2.0).collect()),
        ];
        for (name, d) in spectra {
            let a = with_spectrum(&d, &mut random);
            check(&a, r, &format!("{name}, r = {r}"));
        }
        check(&vec![0.0; r * r], r, "zero");
        // Hilbert's matrix: graded and nearly singular.
        let hilbert: Vec<f32> = (0..r * r).map(|k| 1.0 / (1 + k % r + k / r) as f32).collect();
        check(&hilbert, r, "Hilbert");
        check(&vec![1.0; r * r], r, "all ones");
    }
}

#[test]
fn scale_does_not_matter() {
    // The squares of these entries leave the range of f32.
    let mut random = Random::new(13);
    for r in [2usize, 3, 8, 32] {
        let d: Vec<f64> = (0..r).map(|k| 1.0 + k as f64).collect();
        let a = with_spectrum(&d, &mut random);
        for scale in [1e-30f32, 1e-20, 1e-10, 1e10, 1e20, 1e30] {
            let scaled: Vec<f32> = a.iter().map(|a| a * scale).collect();
            check(&scaled, r, &format!("scale {scale:e}, r = {r}"));
        }
        // Powers of two commute with every rounding, so the vectors are the same to the bit.
        let (plain, scaled) =
            (decompose(&a, r), decompose(&a.iter().map(|a| a * 2f32.powi(60)).collect::<Vec<_>>(), r));
        assert_eq!(plain.v, scaled.v);
        assert!(plain.d.iter().zip(&scaled.d).all(|(p, s)| p * 2f32.powi(60) == *s));
    }
}

#[test]
fn what_is_not_finite_is_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for r in [1usize, 2, 5, 64] {
            for (i, j) in [(0, 0), (r - 1, r - 1), (0, r - 1)] {
                let mut a: Vec<f32> = (0..r * r).map(|k| 1.0 / (1 + k % r + k / r) as f32).collect();
                (a[j * r + i], a[i * r + j]) = (bad, bad);
                assert!(!decompose(&a, r).ok, "{bad} at ({i}, {j}) of {r}");
            }
        }
    }
}

#[test]
fn an_empty_matrix_is_decomposed() {
    assert!(decompose(&[], 0).ok);
}
