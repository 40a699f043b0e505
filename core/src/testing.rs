//! What the tests of this crate share: random numbers that are the same everywhere, and subspaces compared in `f64`.
//!
//! Only for tests; nothing in here calls the code under test.

use nalgebra::{DMatrix, DVector};
use std::vec::Vec;

/// Splitmix64 (Steele, Lea, Flood 2014), 53 bits of each output.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Standard normal, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    pub(crate) fn normals(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.normal() as f32).collect()
    }

    /// An orthonormal n×r matrix, uniformly distributed: the Q of a Gaussian matrix.
    pub(crate) fn orthonormal(&mut self, n: usize, r: usize) -> DMatrix<f64> {
        DMatrix::from_fn(n, r, |_, _| self.normal()).qr().q()
    }
}

/// A column-major `f32` matrix with `rows` rows in `f64`.
pub(crate) fn wide(w: &[f32], rows: usize) -> DMatrix<f64> {
    DMatrix::from_iterator(rows, w.len() / rows.max(1), w.iter().map(|&x| f64::from(x)))
}

pub(crate) fn wide_vector(x: &[f32]) -> DVector<f64> {
    DVector::from_iterator(x.len(), x.iter().map(|&x| f64::from(x)))
}

/// ‖P₁ − P₂‖ of the spans of two n×r matrices: the sine of the largest principal angle. ‖(I − P₁)Q₂‖, which unlike
/// √(1 − cos²) keeps small angles. The columns need not be orthonormal.
pub(crate) fn distance(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    let (p, q) = (a.clone().qr().q(), b.clone().qr().q());
    let out = &q - &p * (p.transpose() * &q);
    let gram = out.transpose() * out;
    gram.symmetric_eigenvalues().max().max(0.0).sqrt()
}
