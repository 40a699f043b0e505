//! Which channel explains an unusual frame: reconstruction-based contributions.
//!
//! The index of a frame is xᵀMx. Freeing channel i alone, x − ξᵢ·f, the f that lowers the index most lowers it by
//! RBC_i = (ξᵢᵀMx)²/(ξᵢᵀMξᵢ) (Alcala & Qin, Automatica 45, 2009, eq. 13): the channel with the largest is the single fault that explains most. For a
//! fault in one channel that is large beside the normal variation it is *proved* to be that channel, whereas the complete decomposition
//! contributions (e_i² for Q) smear: a channel that the model follows closely leaves most of its fault in others' residuals.

use crate::linalg;

/// The index that is to be explained, with M given by an orthonormal basis of principal axes U (n×r) and the variances λ along them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Index {
    /// Q = ‖e‖²: M = I − U·Uᵀ.
    Residual,
    /// T² = Σ y²/λ: M = U·Λ⁻¹·Uᵀ.
    Hotelling,
    /// Q/q_limit + T²/t2_limit (Yue & Qin 2001): M is the sum of both.
    Combined {
        /// Limit of Q, > 0, in its units.
        q_limit: f32,
        /// Limit of T², > 0.
        t2_limit: f32,
    },
}

/// Below this, ξᵢᵀMξᵢ is rounding: the index does not see the channel, which then explains nothing.
const BLIND: f32 = 1e-5;

/// Writes each channel's contribution RBC_i ≥ 0, in the units of the index, into `out` (n).
///
/// `axes` n×r are the principal axes, orthonormal, `variances` λ (r) the variances along them, `y` (r) the frame's coordinates along them
/// and `residual` (n) its residual; [`Index::Residual`] takes any orthonormal basis and reads neither λ nor y. `work` needs n entries. A missing
/// entry, whose residual is 0, has a contribution to Q of 0. What is not finite gives contributions of 0. Cost: 2·n·r multiply–adds and n divisions.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
pub fn reconstruction_contributions(
    index: Index,
    axes: &[f32],
    variances: &[f32],
    y: &[f32],
    residual: &[f32],
    work: &mut [f32],
    out: &mut [f32],
) {
    let n = residual.len();
    debug_assert!(out.len() == n && work.len() >= n && (n == 0 || axes.len().is_multiple_of(n)));
    let work = &mut work[..n];
    let (q_weight, t2_weight) = match index {
        Index::Residual => (1.0, 0.0),
        Index::Hotelling => (0.0, 1.0),
        Index::Combined { q_limit, t2_limit } => (1.0 / q_limit, 1.0 / t2_limit),
    };
    // Mx in `work` and the diagonal of M in `out`.
    for (work, e) in work.iter_mut().zip(residual) {
        *work = q_weight * e;
    }
    out.fill(q_weight);
    for (k, axis) in axes.chunks_exact(n.max(1)).enumerate() {
        let mut inside = 0.0;
        if t2_weight > 0.0 {
            debug_assert!(k < variances.len() && k < y.len());
            inside = t2_weight / variances[k];
            linalg::axpy(inside * y[k], axis, work);
        }
        linalg::add_squares(inside - q_weight, axis, out);
    }
    explained(work, out, q_weight);
}

/// [`reconstruction_contributions`] for [`Index::Residual`] alone, which needs neither λ, y nor scratch: e_i²/(1 − Σ_k w_ik²), for any orthonormal
/// `basis` (n×r). Cost: 2·n·r multiply–adds and n divisions.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
pub fn residual_contributions(basis: &[f32], residual: &[f32], out: &mut [f32]) {
    let n = residual.len();
    debug_assert!(out.len() == n && (n == 0 || basis.len().is_multiple_of(n)));
    out.fill(1.0);
    for axis in basis.chunks_exact(n.max(1)) {
        linalg::add_squares(-1.0, axis, out);
    }
    explained(residual, out, 1.0);
}

/// (Mx)ᵢ²/Mᵢᵢ, from Mx in `image` and the diagonal of M in `out`; `size` says what a diagonal entry of M is at least about.
fn explained(image: &[f32], out: &mut [f32], size: f32) {
    let least = BLIND * out.iter().fold(size, |most, &d| most.max(d));
    for (out, image) in out.iter_mut().zip(image) {
        let part = if *out > least { image * (image / *out) } else { 0.0 };
        *out = if part.is_finite() { part } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, DVector};
    use std::vec::Vec;

    use super::{Index, reconstruction_contributions, residual_contributions};
    use crate::testing::Random;

    const N: usize = 8;
    const R: usize = 3;

    /// Channels x = A·f + noise of variance 0.25, standardised, with three factors; its exact model.
    struct Plant {
        random: Random,
        loadings: DMatrix<f64>,
        noise: f64,
        axes: DMatrix<f64>,
        variances: Vec<f64>,
    }

    impl Plant {
        fn new(seed: u64) -> Self {
            let mut random = Random::new(seed);
            let mut loadings = DMatrix::from_fn(N, R, |_, _| random.normal());
            let noise = 0.25;
            for mut row in loadings.row_iter_mut() {
                let scale = ((1.0 - noise) / row.norm_squared()).sqrt();
                row *= scale;
            }
            let covariance = &loadings * loadings.transpose() + DMatrix::identity(N, N) * noise;
            let eigen = covariance.symmetric_eigen();
            let mut order: Vec<usize> = (0..N).collect();
            order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
            let axes = DMatrix::from_fn(N, R, |i, k| eigen.eigenvectors[(i, order[k])]);
            let variances = order[..R].iter().map(|&k| eigen.eigenvalues[k]).collect();
            Self { random, loadings, noise, axes, variances }
        }

        fn frame(&mut self) -> DVector<f64> {
            let factors = DVector::from_fn(R, |_, _| self.random.normal());
            &self.loadings * factors + DVector::from_fn(N, |_, _| self.noise.sqrt() * self.random.normal())
        }

        /// M of an index, in `f64`.
        fn matrix(&self, index: Index) -> DMatrix<f64> {
            let inside = DMatrix::from_fn(R, R, |i, j| if i == j { 1.0 / self.variances[i] } else { 0.0 });
            let q = DMatrix::identity(N, N) - &self.axes * self.axes.transpose();
            let t2 = &self.axes * inside * self.axes.transpose();
            match index {
                Index::Residual => q,
                Index::Hotelling => t2,
                Index::Combined { q_limit, t2_limit } => q / f64::from(q_limit) + t2 / f64::from(t2_limit),
            }
        }

        fn contributions(&self, index: Index, x: &DVector<f64>) -> [f32; N] {
            let narrow = |v: &[f64]| v.iter().map(|&v| v as f32).collect::<Vec<f32>>();
            let y = self.axes.transpose() * x;
            let e = x - &self.axes * &y;
            let (mut work, mut out) = ([0.0; N], [0.0; N]);
            reconstruction_contributions(
                index,
                &narrow(self.axes.as_slice()),
                &narrow(&self.variances),
                &narrow(y.as_slice()),
                &narrow(e.as_slice()),
                &mut work,
                &mut out,
            );
            out
        }
    }

    const COMBINED: Index = Index::Combined { q_limit: 4.0, t2_limit: 16.0 };

    fn first(parts: &[f32]) -> usize {
        (0..parts.len()).fold(0, |best, i| if parts[i] > parts[best] { i } else { best })
    }

    /// The definition, with whole matrices.
    #[test]
    fn it_is_the_definition() {
        for seed in 0..20 {
            let mut plant = Plant::new(seed);
            let x = plant.frame() * 3.0;
            let general = plant.contributions(Index::Residual, &x);
            let e: Vec<f32> = (plant.matrix(Index::Residual) * &x).iter().map(|&e| e as f32).collect();
            let (axes, mut short) = (plant.axes.iter().map(|&a| a as f32).collect::<Vec<_>>(), [0.0; N]);
            residual_contributions(&axes, &e, &mut short);
            for (short, general) in short.iter().zip(general) {
                assert!((short - general).abs() < 1e-4 * (1.0 + general), "{short} {general}");
            }
            for index in [Index::Residual, Index::Hotelling, COMBINED] {
                let m = plant.matrix(index);
                let mx = &m * &x;
                for (i, got) in plant.contributions(index, &x).into_iter().enumerate() {
                    let exact = mx[i] * mx[i] / m[(i, i)];
                    assert!(
                        (f64::from(got) - exact).abs() < 1e-4 * (1.0 + exact),
                        "{index:?} {i}: {got}, {exact}"
                    );
                }
            }
        }
    }

    /// A bias of one channel, of unknown sign and size: 200 random plants of 8 channels and three factors, 100 frames each. Returns
    /// the shares in which the faulty channel ranks first by RBC of an index, and by the complete decomposition of Q.
    fn ranked_first(index: Index, size: f64) -> (f64, f64) {
        let (mut by_reconstruction, mut by_decomposition) = (0.0, 0.0);
        for seed in 0..200 {
            let mut plant = Plant::new(1000 + seed);
            for k in 0..100 {
                let (channel, sign) = (k % N, if k % 3 == 0 { -1.0 } else { 1.0 });
                let mut x = plant.frame();
                x[channel] += sign * size;
                by_reconstruction += f64::from(u8::from(first(&plant.contributions(index, &x)) == channel));
                let e = plant.matrix(Index::Residual) * &x;
                let squares: Vec<f32> = e.iter().map(|e| (e * e) as f32).collect();
                by_decomposition += f64::from(u8::from(first(&squares) == channel));
            }
        }
        (by_reconstruction / 20_000.0, by_decomposition / 20_000.0)
    }

    /// T² alone needs larger faults: the factors themselves are its noise.
    #[test]
    fn the_faulty_channel_ranks_first() {
        for index in [Index::Residual, Index::Hotelling, COMBINED] {
            for size in [4.0, 6.0, 10.0, 20.0] {
                let (rbc, cdc) = ranked_first(index, size);
                std::println!(
                    "{index:?}, bias of {size} deviations: RBC {rbc:.4}, decomposition of Q {cdc:.4}"
                );
            }
        }
        for size in [6.0, 10.0, 20.0] {
            for index in [Index::Residual, COMBINED] {
                let (rbc, cdc) = ranked_first(index, size);
                assert!(rbc >= 0.99, "{index:?} {size}: {rbc}");
                assert!(cdc < rbc, "{size}: decomposition {cdc}");
            }
        }
    }

    #[test]
    fn a_channel_the_index_cannot_see_explains_nothing() {
        // The only axis is channel 0: Q does not see it, T² sees nothing else.
        let (axes, mut work, mut out) = ([1.0, 0.0, 0.0], [0.0; 3], [0.0; 3]);
        reconstruction_contributions(
            Index::Residual,
            &axes,
            &[2.0],
            &[5.0],
            &[1e-9, 1.0, -2.0],
            &mut work,
            &mut out,
        );
        assert_eq!(out, [0.0, 1.0, 4.0]);
        reconstruction_contributions(
            Index::Hotelling,
            &axes,
            &[2.0],
            &[6.0],
            &[0.0, 1.0, -2.0],
            &mut work,
            &mut out,
        );
        assert_eq!(out, [18.0, 0.0, 0.0]);
        let wild = [f32::NAN, f32::INFINITY, 1e30];
        reconstruction_contributions(Index::Residual, &axes, &[2.0], &[5.0], &wild, &mut work, &mut out);
        assert!(out.iter().all(|part| part.is_finite() && *part >= 0.0), "{out:?}");
        reconstruction_contributions(Index::Residual, &[], &[], &[], &[], &mut [], &mut []);
    }
}
