//! The exact answer.

use nalgebra::{DMatrix, DVector};

use super::Tracker;

/// The eigenvectors of the exponentially weighted covariance itself, in double precision, recomputed every [`Exact::EVERY`] frames.
#[derive(Clone, Debug)]
pub struct Exact {
    covariance: DMatrix<f64>,
    basis: DMatrix<f64>,
    forgetting: f64,
    age: usize,
}

impl Exact {
    /// Between two recomputations the covariance moves by 1 − λᵏ of itself, 0.4 % for a memory of 1,000 frames.
    pub const EVERY: usize = 4;

    /// Of `n` channels, for centred frames.
    #[must_use]
    pub fn new(n: usize, r: usize, memory: f64) -> Self {
        let (covariance, basis) = (DMatrix::zeros(n, n), DMatrix::identity(n, r));
        Self { covariance, basis, forgetting: 1.0 - 1.0 / memory, age: 0 }
    }
}

impl Tracker for Exact {
    fn learn(&mut self, x: &[f64]) {
        let x = DVector::from_column_slice(x);
        self.covariance.ger(1.0 - self.forgetting, &x, &x, self.forgetting);
        self.age += 1;
    }

    fn basis(&mut self) -> DMatrix<f64> {
        if self.age >= Self::EVERY {
            self.age = 0;
            let eigen = self.covariance.clone().symmetric_eigen();
            let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
            order.sort_unstable_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
            order.truncate(self.basis.ncols());
            self.basis = eigen.eigenvectors.select_columns(&order);
        }
        self.basis.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_axes_are_the_axes() {
        let mut exact = Exact::new(3, 1, 100.0);
        (0..200).for_each(|t| exact.learn(&[if t % 2 == 0 { 3.0 } else { -3.0 }, 0.0, (t % 3) as f64 - 1.0]));
        assert!(exact.basis()[(0, 0)].abs() > 0.99);
    }
}
