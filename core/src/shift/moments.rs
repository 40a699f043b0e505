//! Running mean and covariance, and how far apart two Gaussian laws are.

use nalgebra::{DefaultAllocator, Dim, OMatrix, OVector};

use crate::linalg;
use crate::math::ln;
use crate::shape::{Alloc, zero_matrix, zeros};

/// Mean and covariance of n frames. State: D² + D + 1 words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moments<D: Dim>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(crate) mean: OVector<f32, D>,
    pub(crate) covariance: OMatrix<f32, D, D>,
    pub(crate) frames: f32,
}

impl<D: Dim> Moments<D>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(crate) fn new(d: D) -> Self {
        Self { mean: zeros(d), covariance: zero_matrix(d, d), frames: 0.0 }
    }

    pub(crate) fn clear(&mut self) {
        self.mean.as_mut_slice().fill(0.0);
        self.covariance.as_mut_slice().fill(0.0);
        self.frames = 0.0;
    }

    /// Takes in one frame (Welford's recursion); `deviation` (d) is scratch.
    pub(crate) fn add(&mut self, x: &[f32], deviation: &mut [f32]) {
        let n = self.frames + 1.0;
        linalg::centre(x, self.mean.as_slice(), deviation);
        linalg::axpy(1.0 / n, deviation, self.mean.as_mut_slice());
        // Σ_n = (n−1)/n·(Σ_{n−1} + δδᵀ/n), δ the deviation from the old mean.
        let covariance = self.covariance.as_mut_slice();
        linalg::rank_one(covariance, 1.0 / n, deviation, deviation);
        linalg::scale(self.frames / n, covariance);
        self.frames = n;
    }
}

/// KL divergence in nats of the Gaussian (mean a, covariance A) from (mean b, covariance B), a frame. `work` holds 2·d² + d words. Variances
/// are taken to be at least `floor`. Infinite if B is not positive definite even so.
pub(crate) fn divergence(
    (a_mean, a): (&[f32], &[f32]),
    (b_mean, b): (&[f32], &[f32]),
    floor: f32,
    work: &mut [f32],
) -> f32 {
    let d = a_mean.len();
    let (b_factor, rest) = work.split_at_mut(d * d);
    let (a_factor, column) = rest.split_at_mut(d * d);
    for (factor, source) in [(&mut *b_factor, b), (&mut *a_factor, a)] {
        factor.copy_from_slice(source);
        for j in 0..d {
            factor[j * d + j] += floor;
        }
        if !linalg::cholesky(factor, d) {
            return f32::INFINITY;
        }
    }
    let mut sum = -(d as f32);
    for j in 0..d {
        sum += 2.0 * ln(b_factor[j * d + j] / a_factor[j * d + j]);
    }
    // tr(B⁻¹A) = Σ of the squares of B's factor into A's, column by column; likewise for the mean.
    let column = &mut column[..d];
    for j in 0..=d {
        if j < d {
            column[..j].fill(0.0);
            column[j..].copy_from_slice(&a_factor[j * d + j..(j + 1) * d]);
        } else {
            linalg::centre(a_mean, b_mean, column);
        }
        sum += forward(b_factor, column);
    }
    0.5 * sum
}

/// ‖L⁻¹v‖² for the lower triangle of `l`; v is overwritten by L⁻¹v.
pub(crate) fn forward(l: &[f32], v: &mut [f32]) -> f32 {
    let d = v.len();
    let mut sum = 0.0;
    for k in 0..d {
        let column = &l[k * d..(k + 1) * d];
        let y = v[k] / column[k];
        v[k] = y;
        sum += y * y;
        linalg::axpy(-y, &column[k + 1..], &mut v[k + 1..]);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::{Moments, divergence};
    use crate::testing::Random;
    use nalgebra::{Const, DMatrix, DVector, Dyn};
    use std::vec::Vec;

    #[test]
    fn moments_are_those_of_the_frames() {
        let mut random = Random::new(2);
        let mut moments = Moments::new(Const::<3>);
        let frames: Vec<Vec<f32>> =
            (0..200).map(|_| random.normals(3).iter().map(|x| 5.0 + x).collect()).collect();
        frames.iter().for_each(|x| moments.add(x, &mut [0.0; 3]));
        let wide = DMatrix::from_fn(200, 3, |t, j| f64::from(frames[t][j]));
        let mean = wide.row_mean();
        let centred = DMatrix::from_fn(200, 3, |t, j| wide[(t, j)] - mean[j]);
        let covariance = centred.transpose() * centred / 200.0;
        for j in 0..3 {
            assert!((f64::from(moments.mean[j]) - mean[j]).abs() < 1e-5);
            for i in 0..3 {
                assert!((f64::from(moments.covariance[(i, j)]) - covariance[(i, j)]).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn the_divergence_is_the_textbooks() {
        let d = 5;
        let mut random = Random::new(8);
        let mut law = || {
            let a = DMatrix::from_fn(d, d, |_, _| random.normal());
            (DVector::from_fn(d, |_, _| random.normal()), &a * a.transpose() + DMatrix::identity(d, d))
        };
        let ((am, a), (bm, b)) = (law(), law());
        let inverse = b.clone().try_inverse().unwrap();
        let delta = &am - &bm;
        let exact = 0.5
            * ((&inverse * &a).trace() - d as f64
                + (b.determinant() / a.determinant()).ln()
                + (delta.transpose() * inverse * &delta)[0]);
        let narrow = |m: &[f64]| m.iter().map(|&x| x as f32).collect::<Vec<_>>();
        let (am, a, bm, b) =
            (narrow(am.as_slice()), narrow(a.as_slice()), narrow(bm.as_slice()), narrow(b.as_slice()));
        let got = divergence((&am, &a), (&bm, &b), 0.0, &mut [0.0; 55]);
        assert!((f64::from(got) - exact).abs() < 1e-3 * exact, "{got} {exact}");
        assert!(divergence((&am, &a), (&am, &a), 0.0, &mut [0.0; 55]).abs() < 1e-4);
        assert!(divergence((&am, &a), (&bm, &[0.0; 25]), 0.0, &mut [0.0; 55]).is_infinite());
        let _ = Moments::new(Dyn(2));
    }
}
