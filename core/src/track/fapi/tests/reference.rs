//! The recursion of Table II (Badeau, David, Richard 2005) as it is printed, in `f64`, and the exact thing it approximates.

use nalgebra::{DMatrix, DVector};

/// What becomes of Z when W turns.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::track) enum Inverse {
    /// Table II: (Z − g·h'ᵀ + e·gᵀ)/β, which is Θ·S·Θ⁻¹.
    Printed,
    /// S = (Z − g·hᵀ)/β alone, symmetric: our one deviation.
    Symmetric,
}

/// FAPI in `f64`, centred by a running mean as ours is.
pub(in crate::track) struct Paper {
    inverse: Inverse,
    pub(in crate::track) w: DMatrix<f64>,
    pub(in crate::track) z: DMatrix<f64>,
    mean: DVector<f64>,
    beta: f64,
    memory: f64,
    frames: f64,
}

impl Paper {
    /// The same start as ours, a cosine basis, with Z = I/variance. β is what `f32` makes of 1 − 1/memory.
    pub(in crate::track) fn new(n: usize, r: usize, memory: f32, variance: f64, inverse: Inverse) -> Self {
        let w = DMatrix::from_fn(n, r, |i, k| {
            let c = (if k == 0 { 1.0 } else { 2.0 } / n as f64).sqrt();
            c * (std::f64::consts::PI * (i as f64 + 0.5) * k as f64 / n as f64).cos()
        });
        let beta = f64::from(1.0 - 1.0 / memory);
        let z = DMatrix::identity(r, r) / variance;
        Self { inverse, w, z, mean: DVector::zeros(n), beta, memory: f64::from(memory), frames: 0.0 }
    }

    pub(in crate::track) fn process(&mut self, raw: &DVector<f64>) {
        let x = raw - &self.mean;
        self.frames += 1.0;
        self.mean += (raw - &self.mean) * (1.0 / self.frames).max(1.0 / self.memory);
        // As ours: the first frame only says where the mean is.
        if self.frames > 1.0 {
            self.update(&x);
        }
    }

    fn update(&mut self, x: &DVector<f64>) {
        let y = self.w.transpose() * x;
        let h = &self.z * &y;
        let g = &h / (self.beta + y.dot(&h));
        let energy = (x.norm_squared() - y.norm_squared()).max(0.0);
        let gamma = g.norm_squared();
        let tau = energy / (1.0 + energy * gamma + (1.0 + energy * gamma).sqrt());
        let eta = 1.0 - tau * gamma;
        let yp = eta * &y + tau * &g;
        let hp = self.z.transpose() * &yp;
        let e = (tau / eta) * (&self.z * &g - hp.dot(&g) * &g);
        self.z = match self.inverse {
            Inverse::Printed => (&self.z - &g * hp.transpose() + e * g.transpose()) / self.beta,
            // Written so that it is symmetric to the bit: an antisymmetric part, be it of rounding, would grow as β⁻ᵗ.
            Inverse::Symmetric => (&self.z - (&h * h.transpose()) / (self.beta + y.dot(&h))) / self.beta,
        };
        let direction = eta * x - &self.w * &yp;
        self.w += direction * g.transpose();
    }
}

/// The exponentially weighted covariance of centred frames, exactly.
pub(in crate::track) struct Covariance {
    sum: DMatrix<f64>,
    mean: DVector<f64>,
    memory: f64,
    frames: f64,
}

impl Covariance {
    pub(in crate::track) fn new(n: usize, memory: f64) -> Self {
        Self { sum: DMatrix::zeros(n, n), mean: DVector::zeros(n), memory, frames: 0.0 }
    }

    pub(in crate::track) fn process(&mut self, raw: &DVector<f64>) {
        let x = raw - &self.mean;
        self.frames += 1.0;
        if self.frames > 1.0 {
            self.sum *= 1.0 - 1.0 / self.memory;
            self.sum.ger(1.0, &x, &x, 1.0);
        }
        self.mean += (raw - &self.mean) * (1.0 / self.frames).max(1.0 / self.memory);
    }

    /// The r eigenvectors of the largest eigenvalues.
    pub(in crate::track) fn principal(&self, r: usize) -> DMatrix<f64> {
        let eigen = self.sum.clone().symmetric_eigen();
        let mut order: std::vec::Vec<usize> = (0..self.sum.nrows()).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        DMatrix::from_fn(self.sum.nrows(), r, |i, k| eigen.eigenvectors[(i, order[k])])
    }
}
