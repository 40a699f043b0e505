//! The Cholesky factor, and the solve with it.

use std::vec::Vec;

use nalgebra::DMatrix;
use proptest::{prop_assert, proptest};

use super::{config, gamma};
use crate::linalg::{cholesky, cholesky_solve};
use crate::testing::{Random, wide, wide_vector};

/// A symmetric matrix with eigenvalues from 1 down to 1/condition, rounded to `f32` (symmetrically).
fn definite(r: usize, condition: f64, random: &mut Random) -> Vec<f32> {
    let q = random.orthonormal(r, r);
    let d = DMatrix::from_fn(r, r, |i, j| {
        if i == j { condition.powf(-(i as f64) / (r.max(2) - 1) as f64) } else { 0.0 }
    });
    let a = &q * d * q.transpose();
    (0..r * r).map(|k| (0.5 * (a[(k % r, k / r)] + a[(k / r, k % r)])) as f32).collect()
}

/// The lower triangle of a column-major r×r slice, in f64.
fn lower(l: &[f32], r: usize) -> DMatrix<f64> {
    DMatrix::from_fn(r, r, |i, j| if i >= j { f64::from(l[j * r + i]) } else { 0.0 })
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn the_factor_reconstructs_and_the_solution_solves(r in 1usize..=32, decades in 0f64..4.0, seed: u64) {
        let mut random = Random::new(seed);
        let a = definite(r, 10f64.powf(decades), &mut random);
        let (mut l, b) = (a.clone(), random.normals(r));
        // The upper triangle is never read.
        for j in 1..r {
            l[j * r..j * r + j].fill(f32::NAN);
        }
        prop_assert!(cholesky(&mut l, r));
        let mut x = b.clone();
        cholesky_solve(&l, &mut x);
        let (a, factor) = (wide(&a, r), lower(&l, r));
        let size = factor.abs() * factor.abs().transpose();
        // Higham, theorems 10.3 and 10.4, entry by entry.
        let error = (&factor * factor.transpose() - &a).abs();
        prop_assert!(error.iter().zip(&size).all(|(e, s)| *e <= gamma(r + 1) * s));
        let x = wide_vector(&x);
        let residual = (&a * &x - wide_vector(&b)).abs();
        let bound = size * x.abs() * gamma(3 * r + 1);
        prop_assert!(residual.iter().zip(&bound).all(|(e, b)| e <= b));
    }

    #[test]
    fn what_is_not_definite_is_refused(r in 1usize..=16, at in 0usize..16, seed: u64) {
        let at = at % r;
        let mut a = definite(r, 10.0, &mut Random::new(seed));
        // Eigenvalues are at most 1, so aᵢᵢ − 1.1 makes e_iᵀAe_i negative.
        a[at * r + at] -= 1.1;
        prop_assert!(!cholesky(&mut a, r));
    }
}

#[test]
fn nan_infinity_and_zero_are_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -1.0] {
        for at in 0..5 {
            let mut a = vec![0.0; 25];
            (0..5).for_each(|k| a[k * 6] = if k == at { bad } else { 1.0 });
            assert!(!cholesky(&mut a, 5), "{bad} at {at}");
        }
    }
    for (row, column) in [(1, 0), (4, 0), (4, 3)] {
        let mut a = vec![0.0; 25];
        (0..5).for_each(|k| a[k * 6] = 1.0);
        a[column * 5 + row] = f32::NAN;
        assert!(!cholesky(&mut a, 5));
    }
    assert!(cholesky(&mut [], 0));
}
