//! Streams whose principal subspace is known.

use nalgebra::{DMatrix, DVector};
use std::vec::Vec;

use crate::testing::Random;

/// x = offset + A·D·s + noise, in `f32`, with orthonormal A (n×r), standard deviations D along it, and s of unit variance.
pub(in crate::track) struct Stream {
    pub(in crate::track) random: Random,
    /// The true subspace at present.
    pub(in crate::track) basis: DMatrix<f64>,
    pub(in crate::track) deviations: Vec<f64>,
    pub(in crate::track) noise: f64,
    pub(in crate::track) offset: DVector<f64>,
    /// Correlation of s from frame to frame; 0 = white.
    pub(in crate::track) memory: f64,
    /// Radians a frame by which the first axis turns into a direction outside.
    pub(in crate::track) turn: f64,
    pub(in crate::track) outside: DVector<f64>,
    pub(in crate::track) s: DVector<f64>,
}

impl Stream {
    /// White and stationary: deviations r, r − 1, …, 1 over noise 0.2.
    pub(in crate::track) fn new(n: usize, r: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let all = random.orthonormal(n, r + 1);
        Self {
            basis: all.columns(0, r).into_owned(),
            outside: all.column(r).into_owned(),
            deviations: (0..r).map(|k| (r - k) as f64).collect(),
            noise: 0.2,
            offset: DVector::from_fn(n, |_, _| random.normal()),
            memory: 0.0,
            turn: 0.0,
            s: DVector::zeros(r),
            random,
        }
    }

    pub(in crate::track) fn next(&mut self) -> Vec<f32> {
        let r = self.basis.ncols();
        for k in 0..r {
            self.s[k] = self.memory * self.s[k] + (1.0 - self.memory.powi(2)).sqrt() * self.random.normal();
        }
        if self.turn > 0.0 {
            let (c, s) = (self.turn.cos(), self.turn.sin());
            let axis = self.basis.column(0).into_owned();
            self.basis.set_column(0, &(&axis * c + &self.outside * s));
            self.outside = &self.outside * c - axis * s;
        }
        let scaled = DVector::from_fn(r, |k, _| self.deviations[k] * self.s[k]);
        let x = &self.offset + &self.basis * scaled;
        x.iter().map(|x| (x + self.noise * self.random.normal()) as f32).collect()
    }

    /// The variances of the principal axes: signal and noise.
    pub(in crate::track) fn variances(&self) -> Vec<f64> {
        self.deviations.iter().map(|d| d * d + self.noise * self.noise).collect()
    }
}

/// Cheap frames for very long runs: a rank-r signal whose coordinates and noise are taken from a pool of normals.
pub(in crate::track) struct Pool {
    normals: Vec<f32>,
    mixing: Vec<f32>,
    state: u64,
    r: usize,
}

impl Pool {
    pub(in crate::track) fn new(n: usize, r: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let normals = random.normals((1 << 16) + n + r);
        Self { normals, mixing: random.normals(n * r), state: seed | 1, r }
    }

    pub(in crate::track) fn fill(&mut self, x: &mut [f32]) {
        // A 64-bit LCG (Knuth's MMIX); its high bits say where in the pool.
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (self.state >> 48) as usize;
        let (s, noise) = self.normals[at..].split_at(self.r);
        for (x, e) in x.iter_mut().zip(noise) {
            *x = 1.0 + 0.3 * e;
        }
        for (k, s) in s.iter().enumerate() {
            crate::linalg::axpy(*s, &self.mixing[k * x.len()..(k + 1) * x.len()], x);
        }
    }
}
