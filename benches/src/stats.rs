//! Means over series and how far they can be trusted.

/// Resamples of [`bootstrap`].
pub const RESAMPLES: usize = 2_000;

/// `SplitMix64` (Steele, Lea & Flood, OOPSLA 2014): small, seeded, the same on every machine. Not for secrets.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// A generator whose sequence depends on `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 uniform bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`, with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..n`; 0 if `n` is 0. Biased by less than n/2⁵³.
    pub fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }
}

/// A mean over series with an interval around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// Arithmetic mean; NaN of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean with its percentile bootstrap interval (Efron 1979): the 2.5 % and 97.5 % quantiles of the means of
/// [`RESAMPLES`] samples drawn with replacement, each as large as `values`.
///
/// The interval is about which series happened to be in the set; all fields are NaN if a value is, or if there is none.
#[must_use]
pub fn bootstrap(values: &[f64], seed: u64) -> Estimate {
    let mean_of_all = mean(values);
    if mean_of_all.is_nan() {
        return Estimate { mean: f64::NAN, low: f64::NAN, high: f64::NAN };
    }
    let mut random = SplitMix64::new(seed);
    let mut resample = || (0..values.len()).map(|_| values[random.below(values.len())]).sum::<f64>();
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resample() / values.len() as f64).collect();
    means.sort_unstable_by(f64::total_cmp);
    Estimate { mean: mean_of_all, low: quantile(&means, 0.025), high: quantile(&means, 0.975) }
}

/// The `q`-quantile of ascending values, linear between neighbours (Hyndman & Fan's type 7).
fn quantile(ascending: &[f64], q: f64) -> f64 {
    let position = q * (ascending.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(ascending.len() - 1);
    ascending[below] + (ascending[above] - ascending[below]) * position.fract()
}

/// Slope of the least-squares line through points (x, y).
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (mx, my) =
        (points.iter().map(|p| p.0).sum::<f64>() / count, points.iter().map(|p| p.1).sum::<f64>() / count);
    let (sxy, sxx) = points
        .iter()
        .fold((0.0, 0.0), |(sxy, sxx), (x, y)| (sxy + (x - mx) * (y - my), sxx + (x - mx).powi(2)));
    sxy / sxx
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // First outputs for seed 1234567, as in the test vectors that accompany the generator's other implementations.
        let mut random = SplitMix64::new(1_234_567);
        assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn draws_stay_in_range() {
        let mut random = SplitMix64::new(0);
        assert!((0..10_000).all(|_| (0.0..1.0).contains(&random.uniform())));
        let mut seen = [false; 7];
        (0..1_000).for_each(|_| seen[random.below(7)] = true);
        assert_eq!(seen, [true; 7]);
    }

    #[test]
    fn quantiles_interpolate() {
        assert!((quantile(&[1.0, 2.0, 4.0], 0.75) - 3.0).abs() < 1e-15);
        assert!((quantile(&[1.0, 2.0, 4.0], 1.0) - 4.0).abs() < 1e-15);
    }

    #[test]
    fn the_interval_has_the_normal_width() {
        // 400 uniform values: the mean has standard error √(1/12/400) = 0.0144, so the interval is about ±0.0283.
        let mut random = SplitMix64::new(3);
        let values: Vec<f64> = (0..400).map(|_| random.uniform()).collect();
        let estimate = bootstrap(&values, 1);
        assert!(estimate.low < estimate.mean && estimate.mean < estimate.high);
        let half = (estimate.high - estimate.low) / 2.0;
        assert!((half - 0.0283).abs() < 0.004, "{half}");
        assert_eq!(estimate, bootstrap(&values, 1));
    }

    #[test]
    fn the_exponent_of_a_power_law() {
        let points = [1.0, 3.0, 10.0].map(|x: f64| (x.ln(), (5.0 * x.powf(0.7)).ln()));
        assert!((slope(&points) - 0.7).abs() < 1e-12);
    }

    #[test]
    fn degenerate_samples() {
        let one = bootstrap(&[0.5], 0);
        assert_eq!(one, Estimate { mean: 0.5, low: 0.5, high: 0.5 });
        assert!(bootstrap(&[], 0).mean.is_nan());
        assert!(bootstrap(&[0.1, f64::NAN], 0).high.is_nan());
    }
}
