//! Elementary functions, the same bits on every target.
//!
//! Everything goes through the `libm` crate, in software: the platform's own `logf` differs between C libraries, and a
//! score must not depend on where it was computed. (`sqrtf` is correctly rounded everywhere, so a hardware square root
//! gives the same bits.)

/// Correctly rounded square root. Negative input gives NaN.
#[inline]
pub(crate) fn sqrt(x: f32) -> f32 {
    libm::sqrtf(x)
}

/// Natural logarithm, within 1 ulp. Zero gives −∞, negative input NaN.
#[inline]
pub(crate) fn ln(x: f32) -> f32 {
    libm::logf(x)
}

/// Exponential, within 1 ulp.
#[inline]
pub(crate) fn exp(x: f32) -> f32 {
    libm::expf(x)
}

/// Cosine of an angle in radians, within 1 ulp.
#[inline]
pub(crate) fn cos(x: f32) -> f32 {
    libm::cosf(x)
}
