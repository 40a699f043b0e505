//! Elementary functions, the same bits on every target.
//!
//! Everything goes through the `libm` crate, in software: the platform's own `logf` differs between C libraries, and a
//! score must not depend on where it was computed. (`sqrtf` is correctly rounded everywhere, so a hardware square root
//! gives the same bits: feature `hardware-sqrt`.)

/// Correctly rounded square root. Negative input gives NaN.
#[inline]
pub(crate) fn sqrt(x: f32) -> f32 {
    #[cfg(feature = "hardware-sqrt")]
    return eigenstream_sqrt::sqrt(x);
    #[cfg(not(feature = "hardware-sqrt"))]
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

/// ln(1 + x), within 1 ulp, without the loss of digits near 0.
#[inline]
pub(crate) fn ln_1p(x: f32) -> f32 {
    libm::log1pf(x)
}

/// Cube root, within 1 ulp.
#[inline]
pub(crate) fn cbrt(x: f32) -> f32 {
    libm::cbrtf(x)
}

/// The angle in radians of a point at (x, y), within 2 ulp.
#[inline]
pub(crate) fn atan2(y: f32, x: f32) -> f32 {
    libm::atan2f(y, x)
}

/// cos(π/2 · a/b) for whole numbers 0 ≤ a ≤ b, b > 0, within 1 ulp; exactly 1 and 0 at the ends. In `f32` throughout: an angle that
/// is a known part of a turn needs no argument reduction, whose tables and `f64` would be a third of a small image.
///
/// Minimax polynomials on 0 … π/4 of Moshier's Cephes library, `sinf.c`.
#[inline]
pub(crate) fn cos_quarter(a: usize, b: usize) -> f32 {
    let angle = |a: usize| core::f32::consts::FRAC_PI_2 * a as f32 / b as f32;
    if 2 * a <= b {
        let x = angle(a);
        let z = x * x;
        let p = (2.443_315_7e-5 * z - 1.388_731_6e-3) * z + 4.166_664_6e-2;
        1.0 - 0.5 * z + z * z * p
    } else {
        let x = angle(b - a);
        let z = x * x;
        let p = (-1.951_529_6e-4 * z + 8.332_161e-3) * z - 1.666_665_5e-1;
        x + x * z * p
    }
}

/// eˣ − 1, within 1 ulp also near 0.
#[inline]
pub(crate) fn exp_m1(x: f32) -> f32 {
    libm::expm1f(x)
}
