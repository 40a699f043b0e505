//! Trackers of other crates behind the interface of the tracking tables.

use eigenstream_benches::recordings::Stream;
use eigenstream_benches::tracking::Tracker;
use irithyll::preprocessing::CCIPCA;
use irithyll::projection::SubspaceTracker as Past;
use nalgebra::DMatrix;

/// Amnestic weight of CCIPCA: the low end of what its authors recommend (Weng, Zhang, Hwang 2003: 2 to 4).
pub(crate) const AMNESTIC: f64 = 2.0;

/// P at the start of PAST is δ·I; irithyll's documentation calls 100 typical.
pub(crate) const DELTA: f64 = 100.0;

struct OfPast(Past);

struct OfCcipca(CCIPCA);

pub(crate) fn past(stream: &Stream) -> Box<dyn Tracker> {
    Box::new(OfPast(Past::new(stream.n, stream.rank, 1.0 - 1.0 / stream.memory, DELTA, 42)))
}

pub(crate) fn ccipca(stream: &Stream) -> Box<dyn Tracker> {
    Box::new(OfCcipca(CCIPCA::with_amnestic(stream.rank, AMNESTIC)))
}

impl Tracker for OfPast {
    fn learn(&mut self, x: &[f64]) {
        self.0.update(x, 0.0);
    }

    /// W is private; its rows are the projections of the unit vectors.
    fn basis(&mut self) -> DMatrix<f64> {
        let (n, r) = (self.0.d_in(), self.0.rank());
        rows(n, r, |x| self.0.project(x))
    }
}

impl Tracker for OfCcipca {
    fn learn(&mut self, x: &[f64]) {
        self.0.update(x);
    }

    /// The components are private; their entries are the projections of the unit vectors, less that of the origin.
    fn basis(&mut self) -> DMatrix<f64> {
        let (Some(n), r) = (self.0.n_features(), self.0.n_components()) else {
            return DMatrix::zeros(0, 0);
        };
        let origin = self.0.transform(&vec![0.0; n]);
        rows(n, r, |x| self.0.transform(x).iter().zip(&origin).map(|(y, o)| y - o).collect())
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
    use nalgebra::DVector;

    /// A private basis that is read through projections gives the projections.
    #[test]
    fn bases_are_read_through_projections() {
        let mut past = OfPast(Past::new(4, 2, 0.99, DELTA, 1));
        let mut ccipca = OfCcipca(CCIPCA::with_amnestic(2, AMNESTIC));
        for t in 0..50 {
            let x = [(t % 7) as f64, (t % 5) as f64 - 2.0, 1.0, (t % 3) as f64];
            past.learn(&x);
            ccipca.learn(&x);
        }
        let x = [1.0, -2.0, 3.0, 0.5];
        let y = past.basis().tr_mul(&DVector::from_column_slice(&x));
        assert!(past.0.project(&x).iter().zip(y.iter()).all(|(a, b)| (a - b).abs() < 1e-9));
        let (y, origin) =
            (ccipca.basis().tr_mul(&DVector::from_column_slice(&x)), ccipca.0.transform(&[0.0; 4]));
        let linear = ccipca.0.transform(&x);
        assert!((0..2).all(|k| (linear[k] - origin[k] - y[k]).abs() < 1e-9));
    }
}
