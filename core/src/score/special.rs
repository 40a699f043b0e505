//! Tail probabilities and quantiles of the normal, χ², Student and F laws in `f32`.
//!
//! Total functions: any argument gives a number in 0 … 1 (or a quantile ≥ 0), or NaN where an argument is NaN or a parameter is not positive. Every
//! loop has a stated maximum. Written from the NIST Digital Library of Mathematical Functions (DLMF) §§5.11, 8.9, 8.11, 8.17.
//! Differences of large ln Γ are taken by Stirling's series, because in `f32` ln Γ(2500) ≈ 17,000 has no digits left behind the
//! point. Relative error of a tail probability above 10⁻³⁰: below 5·10⁻⁴ for up to 10⁵ degrees of freedom of which
//! one number is at most 64 (tested against `f64`).

use crate::math::{exp, exp_m1, ln, ln_1p, sqrt};

/// Terms of a series or a continued fraction at most. It takes some 4·√(degrees of freedom) near the mean, fewer in a tail.
const TERMS: usize = 1500;

/// Degrees of freedom beyond which a law is taken as if it had so many: nothing changes in four digits of a tail.
const MOST: f32 = 1e5;

/// Smallest pivot of a continued fraction (modified Lentz).
const TINY: f32 = 1e-30;

/// P(Z > z) of a standard normal Z. Relative error 2·10⁻⁵ up to 8 standard deviations.
///
/// erfc x = t·exp(−x² + h(t)), t = 2/(2 + x): on 0 < t ≤ 1 the function h is so smooth that a polynomial of degree seven, interpolating it at
/// Chebyshev nodes, is enough. A fifth of the flash of the `erfc` that is right to the last bit.
pub(crate) fn normal_upper(z: f32) -> f32 {
    let x = z.abs() * core::f32::consts::FRAC_1_SQRT_2;
    let t = 2.0 / (2.0 + x);
    let h = ((-0.166_259_7 * t + 0.669_027_75) * t - 0.873_665_9) * t + 0.248_865_95;
    let h = (((h * t + 0.003_804_476_2) * t + 0.384_137_03) * t + 0.999_600_4) * t - 1.265_509_2;
    let upper = 0.5 * t * exp(h - x * x);
    if z < 0.0 { 1.0 - upper } else { upper }
}

/// The z that a standard normal exceeds with probability `p`, 0 < p < 1; ±∞ at the ends. Relative error 10⁻⁶.
///
/// Wichura, algorithm AS 241 (Applied Statistics 37, 1988), PPND7.
#[inline(never)]
pub(crate) fn normal_upper_quantile(p: f32) -> f32 {
    if !(0.0..=1.0).contains(&p) {
        return f32::NAN;
    }
    let q = 0.5 - p;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        let numerator = ((59.109_375 * r + 159.291_13) * r + 50.434_27) * r + 3.387_132_7;
        return q * numerator / (((67.187_56 * r + 78.757_76) * r + 17.895_17) * r + 1.0);
    }
    let tail = p.min(1.0 - p);
    if tail <= 0.0 {
        return if q > 0.0 { f32::INFINITY } else { f32::NEG_INFINITY };
    }
    let r = sqrt(-ln(tail));
    let z = if r <= 5.0 {
        let r = r - 1.6;
        (((0.170_238_21 * r + 1.306_728_5) * r + 2.756_815_4) * r + 1.423_437_3)
            / ((0.120_211_33 * r + 0.737_001_64) * r + 1.0)
    } else {
        let r = r - 5.0;
        (((0.017_337_204 * r + 0.428_682_95) * r + 3.081_226_3) * r + 6.657_905)
            / ((0.012_258_202 * r + 0.241_978_94) * r + 1.0)
    };
    if q > 0.0 { z } else { -z }
}

/// P(χ² > x) with `h` > 0 degrees of freedom, which need not be whole. Beyond 10⁵ by Wilson & Hilferty's cube root.
pub(super) fn chi_squared_upper(x: f32, h: f32) -> f32 {
    if h.is_nan() || h <= 0.0 || x.is_nan() {
        return f32::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    if h > MOST {
        let a = 2.0 / (9.0 * h);
        return normal_upper((exp_m1(ln_1p((x - h) / h) / 3.0) + a) / sqrt(a));
    }
    gamma_upper(0.5 * h, 0.5 * x)
}

/// The x that χ² with `h` degrees of freedom exceeds with probability `p`.
pub(super) fn chi_squared_upper_quantile(p: f32, h: f32) -> f32 {
    solve(p, |x| chi_squared_upper(x, h))
}

/// P(F > f) with `d1` and `d2` degrees of freedom (> 0, need not be whole).
pub(super) fn f_upper(f: f32, d1: f32, d2: f32) -> f32 {
    if d1.is_nan() || d1 <= 0.0 || d2.is_nan() || d2 <= 0.0 || f.is_nan() {
        return f32::NAN;
    }
    let (d1, d2) = (d1.min(MOST), d2.min(MOST));
    beta_of_odds(d1 * (f.max(0.0) / d2), 0.5 * d2, 0.5 * d1)
}

/// The f that F with `d1` and `d2` degrees of freedom exceeds with probability `p`.
pub(super) fn f_upper_quantile(p: f32, d1: f32, d2: f32) -> f32 {
    solve(p, |f| f_upper(f, d1, d2))
}

/// P(T > t) of Student's T with `d` > 0 degrees of freedom.
pub(super) fn student_upper(t: f32, d: f32) -> f32 {
    if d.is_nan() || d <= 0.0 || t.is_nan() {
        return f32::NAN;
    }
    let d = d.min(MOST);
    let tail = 0.5 * beta_of_odds(t * (t / d), 0.5 * d, 0.5);
    if t > 0.0 { tail } else { 1.0 - tail }
}

/// The t that Student's T with `d` degrees of freedom exceeds with probability `p` ≤ ½; 0 above ½.
pub(super) fn student_upper_quantile(p: f32, d: f32) -> f32 {
    if p < 0.5 { solve(p, |t| student_upper(t, d)) } else { 0.0 }
}

/// The x > 0 at which the decreasing function `tail` is `p`, by bisection of ln x over e⁻⁴⁰ … e⁸⁰: 36 steps, to the last digits of `f32`.
fn solve(p: f32, tail: impl Fn(f32) -> f32) -> f32 {
    if p.is_nan() || tail(1.0).is_nan() {
        return f32::NAN;
    }
    let (mut low, mut high) = (-40.0, 80.0);
    for _ in 0..36 {
        let middle = 0.5 * (low + high);
        if tail(exp(middle)) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
    exp(0.5 * (low + high))
}

/// What ln Γ(z) is beyond (z − ½)·ln z − z + ½·ln 2π, z ≥ 8 (DLMF 5.11.1).
fn stirling(z: f32) -> f32 {
    let r = 1.0 / (z * z);
    (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0))) / z
}

/// From here on Stirling's three terms have all digits.
const LARGE: f32 = 8.0;

/// The regularised upper incomplete gamma function Q(a, x), a > 0, x > 0.
fn gamma_upper(a: f32, x: f32) -> f32 {
    // xᵃ·e⁻ˣ/Γ(a), with no large numbers in between.
    let front = if a < LARGE {
        exp(a * ln(x) - x - libm::lgammaf(a))
    } else {
        let u = (x - a) / a;
        exp(a * (ln_1p(u) - u) - stirling(a)) * sqrt(a * (0.5 / core::f32::consts::PI))
    };
    if x < a + 1.0 {
        // DLMF 8.11.4: P = front·Σ xᵏ/(a(a+1)…(a+k)).
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for k in 1..TERMS {
            term *= x / (a + k as f32);
            sum += term;
            if term < sum * 0.25 * f32::EPSILON {
                break;
            }
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    // DLMF 8.9.2 in its even form.
    let mut b = x + 1.0 - a;
    let mut fraction = Lentz { value: 1.0 / b.max(TINY), c: 1.0 / TINY, d: 1.0 / b.max(TINY) };
    for k in 1..TERMS {
        let k = k as f32;
        b += 2.0;
        if fraction.step(k * (a - k), b) {
            break;
        }
    }
    (front * fraction.value).clamp(0.0, 1.0)
}

/// The regularised incomplete beta function I_x(a, b) at x = 1/(1 + odds), a, b > 0, odds ≥ 0: the probability that a ratio of two
/// χ² with 2b and 2a degrees of freedom exceeds `odds`. The odds keep the digits of 1 − x.
fn beta_of_odds(odds: f32, a: f32, b: f32) -> f32 {
    if odds <= 0.0 {
        return 1.0;
    }
    if odds == f32::INFINITY {
        return 0.0;
    }
    let (x, y) = (1.0 / (1.0 + odds), 1.0 / (1.0 + 1.0 / odds));
    let front = exp(-a * ln_1p(odds) - b * ln_1p(1.0 / odds) - ln_beta(a, b));
    // Where x lies beside its mean a/(a + b), from the smaller of x and y.
    let beyond = if y < x { (a + b) * y - b } else { a - (a + b) * x };
    let tail = if beyond > 0.0 {
        front * beta_fraction(x, y, a, b, beyond)
    } else {
        1.0 - front * beta_fraction(y, x, b, a, -beyond)
    };
    tail.clamp(0.0, 1.0)
}

/// ln B(a, b).
fn ln_beta(a: f32, b: f32) -> f32 {
    let (a, b) = (a.max(b), a.min(b));
    if a < LARGE {
        return libm::lgammaf(a) + libm::lgammaf(b) - libm::lgammaf(a + b);
    }
    // ln Γ(a) − ln Γ(a + b), the large parts cancelled by hand.
    let difference = b - (a - 0.5) * ln_1p(b / a) - b * ln(a + b) + stirling(a) - stirling(a + b);
    libm::lgammaf(b) + difference
}

/// The continued fraction of I_x(a, b)/(xᵃyᵇ/B(a, b)), y = 1 − x, for λ = a − (a + b)·x ≥ 0: DLMF 8.17.22 two steps at a time, in which
/// 1 − x and λ enter with all their digits (DiDonato & Morris, ACM Trans. Math. Softw. 18, 1992, eq. 9).
fn beta_fraction(x: f32, y: f32, a: f32, b: f32, lambda: f32) -> f32 {
    let first = guard(a / (a + 1.0) * (lambda + 1.0));
    let mut fraction = Lentz { value: 1.0 / first, c: 1.0 / TINY, d: 1.0 / first };
    for n in 1..TERMS {
        let n = n as f32;
        let s = a + 2.0 * n - 1.0;
        let w = n * (b - n) * (x / s);
        let alpha = (a + n - 1.0) * ((a + b + n - 1.0) / s) * (w * x);
        let beta = n + w + (a + n) / (s + 2.0) * (lambda + 1.0 + n * (1.0 + y));
        if fraction.step(alpha, beta) {
            break;
        }
    }
    fraction.value
}

fn guard(x: f32) -> f32 {
    if x.abs() < TINY { TINY } else { x }
}

/// 1/(b₀ + a₁/(b₁ + a₂/(b₂ + …))) by the modified Lentz method (Thompson & Barnett 1986): the value so far and the ratios
/// of successive numerators and denominators.
struct Lentz {
    value: f32,
    c: f32,
    d: f32,
}

impl Lentz {
    /// Takes in one more level; whether it changed nothing any more.
    fn step(&mut self, a: f32, b: f32) -> bool {
        self.d = 1.0 / guard(a * self.d + b);
        self.c = guard(b + a / self.c);
        let factor = self.c * self.d;
        self.value *= factor;
        (factor - 1.0).abs() <= f32::EPSILON
    }
}

#[cfg(test)]
mod tests;
