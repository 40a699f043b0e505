//! Trackers of other crates, and what they are measured by, behind one interface.

use eigenstream_core::track::{DynFapi, SubspaceTracker, TrackerConfig};
use irithyll::preprocessing::CCIPCA;
use irithyll::projection::SubspaceTracker as Past;
use nalgebra::{DMatrix, DVector};

/// Amnestic weight of CCIPCA: the low end of what its authors recommend (Weng, Zhang, Hwang 2003: 2 to 4).
pub(crate) const AMNESTIC: f64 = 2.0;

/// P at the start of PAST is δ·I; irithyll's documentation calls 100 typical.
pub(crate) const DELTA: f64 = 100.0;

/// A tracker of a subspace.
pub(crate) trait Tracker {
    /// Takes in a frame. Only ours is ever given a missing entry (NaN).
    fn learn(&mut self, x: &[f64]);

    /// The n×r matrix as it stands.
    fn basis(&mut self) -> DMatrix<f64>;

    /// The tracker's own mean, for those that are fed frames as they are; the others are fed frames centred by ours.
    fn mean(&self) -> Option<DVector<f64>> {
        None
    }
}

/// The eigenvectors of the exponentially weighted covariance itself, in double precision, recomputed every [`Exact::EVERY`] frames.
pub(crate) struct Exact {
    covariance: DMatrix<f64>,
    basis: DMatrix<f64>,
    forgetting: f64,
    age: usize,
}

impl Exact {
    /// Between two recomputations the covariance moves by 1 − λᵏ of itself, 0.4 % for a memory of 1,000 frames.
    pub(crate) const EVERY: usize = 4;

    pub(crate) fn new(n: usize, r: usize, memory: f64) -> Self {
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

/// Ours, which centres by itself and takes missing entries.
pub(crate) struct Ours {
    fapi: DynFapi,
    frame: Vec<f32>,
    residual: Vec<f32>,
}

impl Ours {
    /// # Panics
    /// If the shape is none.
    pub(crate) fn new(n: usize, r: usize, memory: f64) -> Self {
        let config = TrackerConfig { rank: r, memory_frames: memory as f32 };
        let fapi = DynFapi::new(n, &config).expect("a valid shape");
        Self { fapi, frame: vec![0.0; n], residual: vec![0.0; n] }
    }
}

impl Tracker for Ours {
    fn learn(&mut self, x: &[f64]) {
        self.frame.iter_mut().zip(x).for_each(|(f, &x)| *f = x as f32);
        self.fapi.process(&self.frame, &mut self.residual);
    }

    fn basis(&mut self) -> DMatrix<f64> {
        let basis = self.fapi.basis().iter().map(|&w| f64::from(w));
        DMatrix::from_iterator(self.fapi.channels(), self.fapi.rank(), basis)
    }

    fn mean(&self) -> Option<DVector<f64>> {
        Some(DVector::from_iterator(self.fapi.channels(), self.fapi.mean().iter().map(|&m| f64::from(m))))
    }
}

impl Tracker for Past {
    fn learn(&mut self, x: &[f64]) {
        self.update(x, 0.0);
    }

    /// W is private; its rows are the projections of the unit vectors.
    fn basis(&mut self) -> DMatrix<f64> {
        let (n, r) = (self.d_in(), self.rank());
        rows(n, r, |x| self.project(x))
    }
}

impl Tracker for CCIPCA {
    fn learn(&mut self, x: &[f64]) {
        self.update(x);
    }

    /// The components are private; their entries are the projections of the unit vectors, less that of the origin.
    fn basis(&mut self) -> DMatrix<f64> {
        let (Some(n), r) = (self.n_features(), self.n_components()) else {
            return DMatrix::zeros(0, 0);
        };
        let origin = self.transform(&vec![0.0; n]);
        rows(n, r, |x| self.transform(x).iter().zip(&origin).map(|(y, o)| y - o).collect())
    }
}

fn rows(n: usize, r: usize, project: impl Fn(&[f64]) -> Vec<f64>) -> DMatrix<f64> {
    let (mut basis, mut unit) = (DMatrix::zeros(n, r), vec![0.0; n]);
    for i in 0..n {
        unit[i] = 1.0;
        let row = project(&unit);
        unit[i] = 0.0;
        (0..r).for_each(|k| basis[(i, k)] = row[k]);
    }
    basis
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A private basis that is read through projections gives the projections.
    #[test]
    fn bases_are_read_through_projections() {
        let (mut past, mut ccipca) = (Past::new(4, 2, 0.99, DELTA, 1), CCIPCA::with_amnestic(2, AMNESTIC));
        for t in 0..50 {
            let x = [(t % 7) as f64, (t % 5) as f64 - 2.0, 1.0, (t % 3) as f64];
            past.learn(&x);
            ccipca.learn(&x);
        }
        let x = [1.0, -2.0, 3.0, 0.5];
        let y = past.basis().tr_mul(&DVector::from_column_slice(&x));
        assert!(past.project(&x).iter().zip(y.iter()).all(|(a, b)| (a - b).abs() < 1e-9));
        let (y, origin) =
            (ccipca.basis().tr_mul(&DVector::from_column_slice(&x)), ccipca.transform(&[0.0; 4]));
        let linear = ccipca.transform(&x);
        assert!((0..2).all(|k| (linear[k] - origin[k] - y[k]).abs() < 1e-9));
    }

    #[test]
    fn the_exact_axes_are_the_axes() {
        let mut exact = Exact::new(3, 1, 100.0);
        (0..200).for_each(|t| exact.learn(&[if t % 2 == 0 { 3.0 } else { -3.0 }, 0.0, (t % 3) as f64 - 1.0]));
        assert!(exact.basis()[(0, 0)].abs() > 0.99);
    }
}
