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

/// Natural logarithm, within 1 ulp. Zero gives −∞, negative input NaN. Never inlined: one copy is 400 bytes of a device's flash.
#[inline(never)]
pub(crate) fn ln(x: f32) -> f32 {
    libm::logf(x)
}

/// Exponential, within 1 ulp. Not inlined either.
#[inline(never)]
pub(crate) fn exp(x: f32) -> f32 {
    libm::expf(x)
}

/// ln(1 + x), within 4 ulp, without the loss of digits near 0: the rounding of 1 + x is undone by a division (Kahan; Higham, *Accuracy and
/// Stability of Numerical Algorithms*, §1.14.1), in a quarter of the flash that a polynomial of its own would take.
#[inline(never)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    let u = 1.0 + x;
    let rounded = u - 1.0;
    if rounded == 0.0 {
        return x;
    }
    // Infinity over infinity is no correction.
    let undone = x / rounded;
    ln(u) * if undone.is_nan() { 1.0 } else { undone }
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

/// eˣ − 1, within 4 ulp also near 0, by the same division as [`ln_1p`].
#[inline(never)]
pub(crate) fn exp_m1(x: f32) -> f32 {
    let u = exp(x);
    let rounded = u - 1.0;
    // A large x is far from 0, and may have an infinite u or a u of 0, whose logarithm undoes nothing.
    if x.abs() > 1.0 {
        rounded
    } else if rounded == 0.0 {
        x
    } else {
        rounded * (x / ln(u))
    }
}

#[cfg(test)]
mod tests {
    use super::{exp_m1, ln_1p};
    use crate::testing::Random;

    /// Largest relative error in units of 2⁻²³, over magnitudes from 10⁻¹² to 10 of both signs above `least`.
    fn worst(ours: fn(f32) -> f32, exact: fn(f64) -> f64, least: f32) -> f64 {
        let (mut random, mut worst) = (Random::new(9), 0f64);
        for _ in 0..400_000 {
            let size = 10f64.powf(-12.0 + 13.0 * random.uniform());
            let x = (if random.uniform() < 0.5 { -size } else { size }) as f32;
            if x > least {
                let (ours, exact) = (f64::from(ours(x)), exact(f64::from(x)));
                worst = worst.max((ours / exact - 1.0).abs() * f64::from(1 << 23));
            }
        }
        worst
    }

    #[test]
    fn small_arguments_keep_their_digits() {
        let (logarithm, exponential) = (worst(ln_1p, f64::ln_1p, -0.999), worst(exp_m1, f64::exp_m1, -20.0));
        std::println!("ln_1p {logarithm:.2} ulp, exp_m1 {exponential:.2} ulp");
        assert!(logarithm < 4.0 && exponential < 4.0);
    }

    #[test]
    fn ends() {
        assert!(ln_1p(f32::INFINITY) == f32::INFINITY && ln_1p(-1.0) == f32::NEG_INFINITY);
        assert!(ln_1p(-2.0).is_nan() && ln_1p(f32::NAN).is_nan() && exp_m1(f32::NAN).is_nan());
        assert!(
            exp_m1(200.0) == f32::INFINITY && exp_m1(-200.0) == -1.0 && exp_m1(f32::NEG_INFINITY) == -1.0
        );
        assert!(ln_1p(0.0) == 0.0 && exp_m1(0.0) == 0.0 && ln_1p(1e-45) == 1e-45 && exp_m1(-1e-45) == -1e-45);
        assert!((ln_1p(f32::MAX) - f32::MAX.ln()).abs() < 1e-4);
    }
}
