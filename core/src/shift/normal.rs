//! Numbers that are standard normal if nothing changed: quantiles, Student's t, and a seeded source of uniform numbers.

use crate::math::{ln, ln_1p, sqrt};

/// Uniform numbers that break ties, from a seed: the same on every machine. Splitmix64 (Steele, Lea & Flood, OOPSLA 2014).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Uniform(u64);

impl Uniform {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform in (0, 1), 24 random bits.
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bits = (z ^ (z >> 31)) >> 41; // 23 bits and a half are an f32 below 1
        (bits as f32 + 0.5) / (1u32 << 23) as f32
    }
}

/// Φ⁻¹(p) for p up to ½; the upper half is its mirror image. p below 10⁻⁹ counts as 10⁻⁹ (−6.0).
///
/// −√2·erf⁻¹(1 − 2p) by the single-precision polynomials of Giles, "Approximating the erfinv function", GPU Computing Gems 2, 2011: within
/// 2·10⁻⁵ down to p = 10⁻⁶ and within 10⁻³ beyond.
pub(crate) fn lower_probit(p: f32) -> f32 {
    const CENTRE: [f32; 9] = [
        2.810_226_4e-8,
        3.432_739_4e-7,
        -3.523_387_7e-6,
        -4.391_506_5e-6,
        2.185_808_7e-4,
        -1.253_725e-3,
        -4.177_681_6e-3,
        0.246_640_73,
        1.501_409_4,
    ];
    const TAIL: [f32; 9] = [
        -2.002_142_6e-4,
        1.009_505_6e-4,
        1.349_343_2e-3,
        -3.673_428_4e-3,
        5.739_507_7e-3,
        -7.622_461_3e-3,
        9.438_870_5e-3,
        1.001_674,
        2.832_976_8,
    ];
    let p = p.clamp(1e-9, 0.5);
    let w = -ln(4.0 * p * (1.0 - p));
    let (v, polynomial) = if w < 5.0 { (w - 2.5, &CENTRE) } else { (sqrt(w) - 3.0, &TAIL) };
    let value = polynomial.iter().fold(0.0, |sum, c| sum * v + c);
    -core::f32::consts::SQRT_2 * value * (1.0 - 2.0 * p)
}

/// The standard normal number of the same probability as `t` under Student's law with `nu` > 0 degrees of freedom.
///
/// Wallace (1959), Ann. Math. Statist. 30: ±√(ν·ln(1 + t²/ν))·(8ν + 1)/(8ν + 3); within 0.02 for ν ≥ 5 and |t| up to 6.
pub(crate) fn student_to_normal(t: f32, nu: f32) -> f32 {
    let size = sqrt(nu * ln_1p(t * t / nu)) * (8.0 * nu + 1.0) / (8.0 * nu + 3.0);
    if t < 0.0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::{Uniform, lower_probit, student_to_normal};

    #[test]
    fn quantiles_of_the_normal_law() {
        // Abramowitz & Stegun, table 26.5, and far tails from scipy.stats.norm.ppf.
        let table = [
            (0.5, 0.0),
            (0.4, -0.253_347),
            (0.25, -0.674_490),
            (0.1, -1.281_552),
            (0.025, -1.959_964),
            (0.01, -2.326_348),
            (1e-3, -3.090_232),
            (1e-6, -4.753_424),
            (1e-9, -5.997_807),
        ];
        for (p, exact) in table {
            let bound = if p < 1e-6 { 1e-3 } else { 2e-5 };
            assert!((lower_probit(p) - exact).abs() < bound, "{p}: {}", lower_probit(p));
        }
        assert!(lower_probit(0.0).is_finite() && lower_probit(-1.0) < -5.9);
    }

    #[test]
    fn students_law() {
        // P(T > t) for t = 2.015, ν = 5 is .05 (normal 1.6449); t = 2.764, ν = 10 is .01 (2.3263); t = 3.385, ν = 30 is .001 (3.0902).
        for (t, nu, z) in [(2.015, 5.0, 1.6449), (2.764, 10.0, 2.3263), (3.385, 30.0, 3.0902)] {
            assert!((student_to_normal(t, nu) - z).abs() < 0.02, "{t} {nu}: {}", student_to_normal(t, nu));
            assert!((student_to_normal(-t, nu) + student_to_normal(t, nu)).abs() < 1e-9);
        }
        assert!(student_to_normal(f32::MAX, 3.0) > 5.0);
    }

    #[test]
    fn uniform_numbers_are_open_and_even() {
        let mut source = Uniform::new(7);
        let mut bins = [0u32; 10];
        for _ in 0..100_000 {
            let u = source.next();
            assert!(u > 0.0 && u < 1.0);
            bins[(u * 10.0) as usize] += 1;
        }
        assert!(bins.iter().all(|&b| b.abs_diff(10_000) < 400), "{bins:?}");
    }
}
