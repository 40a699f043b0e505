//! Limits from theory: what a Gaussian stream exceeds with a wanted probability, and the probability of what it showed.
//!
//! They need no past beyond a few moments, so they hold from the first hundred frames on, where [`Calibration`](super::Calibration) has too few scores; they
//! assume what it does not, that frames are Gaussian (or that a gamma law fits the residual energy) and that the model fits.
//!
//! The residual energy Q of the frames a model was *fitted to* is too small: limits from them are exceeded ten times too often with
//! fewer than 10 frames a channel. All limits here are therefore for energies judged *before* the model learned the frame, whose moments
//! [`EnergyMoments`] follows.

use super::special::{
    chi_squared_upper, chi_squared_upper_quantile, f_upper, f_upper_quantile, student_upper,
    student_upper_quantile,
};
use crate::math::{exp, ln, ln_1p, sqrt};

/// Running mean, variance and third central moment of an energy, the first `memory` alike, then exponentially weighted.
///
/// Feed it Q as judged, before the model learns the frame. State: 5 words. Cost: a dozen multiply–adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyMoments {
    mean: f32,
    variance: f32,
    third: f32,
    count: u32,
    memory: f32,
}

impl EnergyMoments {
    /// Moments of nothing; `memory` in frames, ≥ 1.
    #[must_use]
    pub const fn new(memory: f32) -> Self {
        Self { mean: 0.0, variance: 0.0, third: 0.0, count: 0, memory }
    }

    /// Takes in one energy. One that is not finite, or so large that its cube is not, changes nothing.
    pub fn update(&mut self, energy: f32) {
        let d = energy - self.mean;
        let cube = d * d * d;
        if !cube.is_finite() {
            return;
        }
        self.count = self.count.saturating_add(1);
        let g = (1.0 / self.count as f32).max(1.0 / self.memory);
        // Central moments of a mixture of the past, weight 1 − g, and one point, weight g.
        self.third = (1.0 - g) * (self.third - 3.0 * g * d * self.variance + g * (1.0 - 2.0 * g) * cube);
        self.variance = (1.0 - g) * (self.variance + g * d * d);
        self.mean += g * d;
    }

    /// Weighted mean; 0 before the first energy.
    #[must_use]
    pub fn mean(&self) -> f32 {
        self.mean
    }

    /// Unbiased weighted variance; 0 before the second energy.
    #[must_use]
    pub fn variance(&self) -> f32 {
        let n = self.effective();
        if n > 1.0 { self.variance * (n / (n - 1.0)) } else { 0.0 }
    }

    /// Weighted third central moment.
    #[must_use]
    pub fn third(&self) -> f32 {
        self.third
    }

    /// How many equally weighted energies would tell as much: the count, at most 2·memory − 1.
    #[must_use]
    pub fn effective(&self) -> f32 {
        effective_frames(self.count, self.memory)
    }
}

/// How many equally weighted frames tell as much as exponentially weighted ones, (Σw)²/Σw²: `frames` at first, 2·memory − 1 in the end.
#[must_use]
pub fn effective_frames(frames: u32, memory: f32) -> f32 {
    (frames as f32).min((2.0 * memory - 1.0).max(1.0))
}

/// The law of Q after Jackson & Mudholkar (Technometrics 21, 1979): (Q/mean)^h is close to normal.
///
/// Their θᵢ = Σ lᵢ over the residual eigenvalues are taken from moments of Q: mean = θ₁, variance = 2θ₂, third = 8θ₃. With
/// c² = variance/mean² the limit is mean·(1 + h·c·z + c²·h(h − 1)/2)^(1/h), h = 1 − mean·third/(3·variance²). Since θ₂² ≤ θ₁θ₃, h ≤ ⅓; equal
/// eigenvalues give ⅓ (Wilson & Hilferty's cube root). As mean and variance are estimated from n energies, z is not normal but
/// √(1 + 1/n) times Student's t with n − 1 degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JacksonMudholkar {
    mean: f32,
    /// c = √variance/mean.
    variation: f32,
    h: f32,
    frames: f32,
}

/// Smallest exponent: below, the law is nearly log-normal, and h → 0 would divide by it.
const LEAST_POWER: f32 = 0.02;

impl JacksonMudholkar {
    /// From mean, variance and, if `skewed`, the third moment; else as if all residual eigenvalues were equal. The third moment of fewer than some
    /// 1,000 energies is too rough to be of use.
    ///
    /// `None` with fewer than three energies, or if they do not vary.
    #[must_use]
    pub fn new(moments: &EnergyMoments, skewed: bool) -> Option<Self> {
        let (mean, variance, frames) = (moments.mean(), moments.variance(), moments.effective());
        if !(frames >= 3.0 && mean > 0.0 && variance > 0.0) {
            return None;
        }
        let variation = sqrt(variance) / mean;
        // mean·third/(3·variance²), by ratios of like size.
        let skew = moments.third() / (variance * sqrt(variance)) / (3.0 * variation);
        let h = if skewed { (1.0 - skew).clamp(LEAST_POWER, 1.0 / 3.0) } else { 1.0 / 3.0 };
        (variation.is_finite() && variation > 0.0 && !h.is_nan()).then_some(Self {
            mean,
            variation,
            h,
            frames,
        })
    }

    /// The energy that a share `alpha` (0 … ½) of frames exceeds.
    #[must_use]
    pub fn limit(&self, alpha: f32) -> f32 {
        let z = student_upper_quantile(alpha, self.frames - 1.0) * self.spread();
        let (h, c) = (self.h, self.variation);
        let root = h * c * z + 0.5 * c * c * h * (h - 1.0);
        self.mean * exp(ln_1p(root.max(-1.0)) / h)
    }

    /// P(Q > q), 0 … 1.
    #[must_use]
    pub fn p_value(&self, q: f32) -> f32 {
        let (h, c) = (self.h, self.variation);
        let root = exp(h * ln(q.max(0.0) / self.mean));
        student_upper((root - 1.0 - 0.5 * c * c * h * (h - 1.0)) / (h * c) / self.spread(), self.frames - 1.0)
    }

    fn spread(&self) -> f32 {
        sqrt(1.0 + 1.0 / self.frames)
    }
}

/// The law of Q after Box (Annals of Mathematical Statistics 25, 1954): g·χ² with h degrees of freedom and the same mean and variance.
///
/// Plain and widely used. It takes the moments at their word, so with few frames prefer [`JacksonMudholkar`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxLimit {
    g: f32,
    h: f32,
}

impl BoxLimit {
    /// g = variance/(2·mean), h = 2·mean²/variance. `None` with fewer than two energies, or if they do not vary.
    #[must_use]
    pub fn new(moments: &EnergyMoments) -> Option<Self> {
        let (mean, variance) = (moments.mean(), moments.variance());
        let (g, h) = (0.5 * variance / mean, 2.0 * mean * (mean / variance));
        (g > 0.0 && h > 0.0 && g.is_finite() && h.is_finite()).then_some(Self { g, h })
    }

    /// The energy that a share `alpha` (0 … 1) of frames exceeds.
    #[must_use]
    pub fn limit(&self, alpha: f32) -> f32 {
        self.g * chi_squared_upper_quantile(alpha, self.h)
    }

    /// P(Q > q), 0 … 1.
    #[must_use]
    pub fn p_value(&self, q: f32) -> f32 {
        chi_squared_upper(q / self.g, self.h)
    }
}

/// The law of Hotelling's T² of a new frame against a covariance of n others: r(n² − 1)/(n(n − r)) · F(r, n − r).
///
/// Exact for Gaussian frames and equally weighted others (Tracy, Young & Mason, J. Quality Technology 24, 1992); χ² would be exceeded
/// three times too often at n = 8·r. For a forgetting tracker n is [`effective_frames`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HotellingLimit {
    rank: f32,
    frames: f32,
}

impl HotellingLimit {
    /// `rank` r ≥ 1 coordinates, `frames` n > r effective reference frames. `None` otherwise.
    #[must_use]
    pub fn new(rank: usize, frames: f32) -> Option<Self> {
        let rank = rank as f32;
        (rank >= 1.0 && frames > rank && frames.is_finite()).then_some(Self { rank, frames })
    }

    /// T² = factor·F.
    fn factor(&self) -> f32 {
        let (r, n) = (self.rank, self.frames);
        r * ((n + 1.0) / n) * ((n - 1.0) / (n - r))
    }

    /// The T² that a share `alpha` (0 … 1) of frames exceeds.
    #[must_use]
    pub fn limit(&self, alpha: f32) -> f32 {
        self.factor() * f_upper_quantile(alpha, self.rank, self.frames - self.rank)
    }

    /// P(T² > t2), 0 … 1.
    #[must_use]
    pub fn p_value(&self, t2: f32) -> f32 {
        f_upper(t2 / self.factor(), self.rank, self.frames - self.rank)
    }
}

/// Probabilistic PCA (Tipping & Bishop, J. R. Statist. Soc. B 61, 1999): the frame is Gaussian with variances λ along the axes of the subspace and σ²
/// along all others, so that −ln p(x) = ½(n·ln 2π + Σ ln λ + (n − r)·ln σ² + T² + Q/σ²).
///
/// One number for what happens inside and outside the subspace. T² + Q/σ² is χ² with n degrees of freedom if λ and σ² are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProbabilisticPca {
    channels: f32,
    noise: f32,
    /// What does not depend on the frame, in nats.
    constant: f32,
}

impl ProbabilisticPca {
    /// `channels` n ≥ 1, `variances` λ (r ≤ n of them, in squared units of the input, along the principal axes), `noise` σ² > 0.
    /// `None` if a variance is not positive and finite.
    #[must_use]
    pub fn new(channels: usize, variances: &[f32], noise: f32) -> Option<Self> {
        let positive = |v: f32| v > 0.0 && v.is_finite();
        if channels == 0
            || variances.len() > channels
            || !positive(noise)
            || !variances.iter().all(|&v| positive(v))
        {
            return None;
        }
        let logs: f32 = variances.iter().map(|&v| ln(v)).sum();
        let n = channels as f32;
        let rest = (channels - variances.len()) as f32;
        let constant = 0.5 * (n * ln(core::f32::consts::TAU) + logs + rest * ln(noise));
        Some(Self { channels: n, noise, constant })
    }

    /// −ln p of a frame, in nats, from its residual energy and its T² against the same λ.
    #[must_use]
    pub fn negative_log_likelihood(&self, q: f32, t2: f32) -> f32 {
        self.constant + 0.5 * (t2 + q / self.noise)
    }

    /// P(−ln p > nll), 0 … 1.
    #[must_use]
    pub fn p_value(&self, nll: f32) -> f32 {
        chi_squared_upper(2.0 * (nll - self.constant), self.channels)
    }

    /// The −ln p that a share `alpha` (0 … 1) of frames exceeds, in nats.
    #[must_use]
    pub fn limit(&self, alpha: f32) -> f32 {
        self.constant + 0.5 * chi_squared_upper_quantile(alpha, self.channels)
    }
}

#[cfg(test)]
mod tests;
