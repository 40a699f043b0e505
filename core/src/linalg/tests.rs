//! Every kernel against a plain `f64` statement (nalgebra or a loop), with bounds from rounding-error theory (Higham, Accuracy and
//! Stability of Numerical Algorithms, 2nd ed.), and bit for bit against the summation order that the documents promise.

mod bases;
mod cholesky;
mod eigen;
mod kernels;
mod parts;

use std::vec::Vec;

use crate::testing::Random;

/// γ_n = n·u/(1 − n·u) with the unit roundoff u of `f32` (Higham, §3.1).
fn gamma(n: usize) -> f64 {
    let nu = n as f64 * f64::from(f32::EPSILON) / 2.0;
    nu / (1.0 - nu)
}

/// Numbers of either sign over eight decades, none of whose products leaves the normal range.
fn wild(n: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..n).map(|_| (random.normal() * 10f64.powf(8.0 * random.uniform() - 4.0)) as f32).collect()
}

/// Fixed seed and number of cases: a failure is the same failure everywhere.
fn config(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_260_701),
        ..Default::default()
    }
}
