//! Whether a calibration can be trusted: are its p-values uniform, and independent of each other?

use super::special::{chi_squared_upper, normal_upper_quantile};
use crate::math::sqrt;
use crate::score::effective_frames;

/// Lags at which dependence is looked for.
pub const LAGS: usize = 3;

/// The level whose share of p-values is compared, beside mean and variance of the normal scores.
const RARE: f32 = 0.01;

/// A running check of p-values, by exponentially weighted moments of the normal scores z = Φ⁻¹(1 − p), which are N(0, 1) and independent if all is well.
///
/// - Dependence: autocorrelations at lags 1 … 3 in the statistic of Ljung & Box (Biometrika 65, 1978), χ² with 3 degrees of freedom. Accumulating
///   charts (CUSUM, Shiryaev–Roberts) alarm far too often when it is significant; single-frame alarm rates survive it but
///   come in clusters.
/// - Uniformity: mean 0 and variance 1 of z (Neyman's smooth test of order two) and the share of p-values below 0.01, each against the standard error that
///   the *effective* sample size n·(1 − φ)/(1 + φ) leaves; χ² with 3 degrees of freedom. When it is significant, the alarm rate is not the wanted one.
///
/// State: 12 words. Cost: a normal quantile (two divisions) and ten multiply–adds a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Whiteness {
    /// The last normal scores, newest first.
    past: [f32; LAGS],
    mean: f32,
    /// Weighted means of z_t·z_{t−l}, l = 0 … 3.
    products: [f32; LAGS + 1],
    /// Weighted share of p-values below [`RARE`].
    rare: f32,
    count: u32,
    memory: f32,
}

/// Normal scores are clipped here: p-values near the smallest number would own every moment.
const CLIP: f32 = 4.0;

/// Frames before a check says anything.
const SETTLE: u32 = 100;

impl Whiteness {
    /// Has seen nothing; `memory` in frames, ≥ 1.
    #[must_use]
    pub const fn new(memory: f32) -> Self {
        Self { past: [0.0; LAGS], mean: 0.0, products: [0.0; LAGS + 1], rare: 0.0, count: 0, memory }
    }

    /// Takes in one p-value (0 … 1). NaN changes nothing.
    pub fn update(&mut self, p_value: f32) {
        let z = normal_upper_quantile(p_value).clamp(-CLIP, CLIP);
        if z.is_nan() {
            return;
        }
        self.count = self.count.saturating_add(1);
        let gain = (1.0 / self.count as f32).max(1.0 / self.memory);
        let learn = |mean: &mut f32, x: f32| *mean += gain * (x - *mean);
        learn(&mut self.mean, z);
        learn(&mut self.rare, if p_value < RARE { 1.0 } else { 0.0 });
        let [same, lagged @ ..] = &mut self.products;
        learn(same, z * z);
        for (product, past) in lagged.iter_mut().zip(&self.past) {
            learn(product, z * past);
        }
        self.past.rotate_right(1);
        self.past[0] = z;
    }

    /// Autocorrelations of the normal scores at lags 1, 2, 3; 0 while they do not vary.
    #[must_use]
    pub fn autocorrelations(&self) -> [f32; LAGS] {
        let [same, lagged @ ..] = self.products;
        let square = self.mean * self.mean;
        let variance = same - square;
        lagged.map(
            |product| if variance > 1e-6 { ((product - square) / variance).clamp(-1.0, 1.0) } else { 0.0 },
        )
    }

    /// How many independent p-values would tell as much as those remembered: n·(1 − φ)/(1 + φ), φ the largest of ρ₁, √ρ₂, ∛ρ₃ and 0.
    #[must_use]
    pub fn independent(&self) -> f32 {
        let [first, second, third] = self.autocorrelations();
        let phi = first.max(sqrt(second.max(0.0))).max(libm::cbrtf(third)).clamp(0.0, 0.999);
        effective_frames(self.count, self.memory) * (1.0 - phi) / (1.0 + phi)
    }

    /// Probability of such autocorrelations if the p-values were independent; NaN for the first 100.
    #[must_use]
    pub fn independence(&self) -> f32 {
        if self.count < SETTLE {
            return f32::NAN;
        }
        let n = effective_frames(self.count, self.memory);
        let terms = self.autocorrelations().into_iter().zip(1u8..);
        let statistic: f32 = terms.map(|(rho, lag)| rho * rho / (n - f32::from(lag))).sum();
        chi_squared_upper(n * (n + 2.0) * statistic, LAGS as f32)
    }

    /// Probability of so uneven p-values if they were uniform, given how much they depend on each other; NaN for the first 100.
    #[must_use]
    pub fn uniformity(&self) -> f32 {
        if self.count < SETTLE {
            return f32::NAN;
        }
        let n = self.independent();
        let excess = self.products[0] - self.mean * self.mean - 1.0;
        let rare = self.rare - RARE;
        // Var z = 1, Var z² = 2; the share of rare p-values, given the other two, has some 0.7 of its binomial variance, so that χ² errs
        // towards trust.
        let statistic = self.mean * self.mean + 0.5 * excess * excess + rare * rare / (RARE * (1.0 - RARE));
        chi_squared_upper(n * statistic, 3.0)
    }

    /// Share of p-values below 0.01, over 0.01: how many times too often rare scores come. NaN for the first 100.
    #[must_use]
    pub fn rare_ratio(&self) -> f32 {
        if self.count < SETTLE { f32::NAN } else { self.rare / RARE }
    }

    /// Whether neither check is significant at `level`. False while there are fewer than 100 p-values.
    #[must_use]
    pub fn is_trusted(&self, level: f32) -> bool {
        self.independence() >= level && self.uniformity() >= level
    }
}

#[cfg(test)]
mod tests {
    use super::Whiteness;
    use crate::score::special::normal_upper;
    use crate::testing::Random;

    /// p-values of an autoregressive stream of unit variance, each divided by `scale`, moved by `shift`.
    struct Stream {
        random: Random,
        z: f64,
        phi: f64,
        scale: f64,
        shift: f64,
    }

    impl Stream {
        fn new(phi: f64, seed: u64) -> Self {
            Self { random: Random::new(seed), z: 0.0, phi, scale: 1.0, shift: 0.0 }
        }

        fn next(&mut self) -> f32 {
            self.z = self.phi * self.z + (1.0 - self.phi * self.phi).sqrt() * self.random.normal();
            normal_upper((self.scale * self.z + self.shift) as f32)
        }
    }

    fn after(stream: &mut Stream, memory: f32, frames: usize) -> Whiteness {
        let mut check = Whiteness::new(memory);
        (0..frames).for_each(|_| check.update(stream.next()));
        check
    }

    #[test]
    fn independent_uniform_p_values_are_trusted() {
        let (mut dependent, mut uneven, runs) = (0, 0, 2000);
        for seed in 0..runs {
            let check = after(&mut Stream::new(0.0, seed), 1e6, 1000);
            dependent += u32::from(check.independence() < 0.05);
            uneven += u32::from(check.uniformity() < 0.05);
        }
        std::println!("of {runs} at 5 %: dependent {dependent}, uneven {uneven}");
        // 100 ± 10 are expected of the first, and not more than a few more of the second, whose parts are nearly independent.
        assert!((60..150).contains(&dependent) && (40..200).contains(&uneven), "{dependent} {uneven}");
    }

    #[test]
    fn a_forgetting_check_of_good_p_values_stays_quiet() {
        let (mut stream, mut check) = (Stream::new(0.0, 77), Whiteness::new(1000.0));
        let (mut distrusted, mut looks) = (0, 0);
        for t in 0..400_000 {
            check.update(stream.next());
            if t >= 2000 && t % 200 == 0 {
                looks += 1;
                distrusted += u32::from(!check.is_trusted(1e-3));
            }
        }
        std::println!("distrusted at {distrusted} of {looks} looks at level 0.001");
        assert!(distrusted * 100 <= looks, "{distrusted} of {looks}");
    }

    #[test]
    fn dependence_is_seen_soon_and_measured() {
        for phi in [0.3, -0.3, 0.6, 0.9] {
            let seen = |seed| after(&mut Stream::new(phi, seed), 1e6, 300).independence() < 1e-3;
            // 300 frames give a correlation of 0.3 a standard error of 0.055; the limit lies at 0.23.
            let share = (100..200).filter(|&seed| seen(seed)).count();
            assert!(share >= 85, "{phi}: seen in {share} of 100");
            let check = after(&mut Stream::new(phi, 6), 1e6, 50_000);
            let [first, second, _] = check.autocorrelations();
            assert!((f64::from(first) - phi).abs() < 0.02 && (f64::from(second) - phi * phi).abs() < 0.02);
            // A negative correlation is taken as a positive one: √ρ₂ does not tell.
            let wanted = 50_000.0 * (1.0 - phi.abs()) / (1.0 + phi.abs());
            assert!(
                (f64::from(check.independent()) / wanted - 1.0).abs() < 0.15,
                "{phi}: {}",
                check.independent()
            );
        }
    }

    /// Dependence alone must not look like unevenness: that is what the effective sample size is for.
    #[test]
    fn dependent_but_uniform_p_values_are_uniform() {
        let mut uneven = 0;
        for seed in 0..500 {
            uneven += u32::from(after(&mut Stream::new(0.8, seed), 1e6, 3000).uniformity() < 0.01);
        }
        std::println!("uneven at 1 %: {uneven} of 500");
        assert!(uneven <= 20, "{uneven}");
    }

    #[test]
    fn uneven_p_values_are_seen() {
        for (scale, shift) in [(1.3, 0.0), (0.7, 0.0), (1.0, 0.4), (1.0, -0.4)] {
            let mut stream = Stream { scale, shift, ..Stream::new(0.0, 9) };
            let check = after(&mut stream, 1e6, 500);
            assert!(check.uniformity() < 1e-4, "{scale} {shift}: {}", check.uniformity());
            // Once they are even again, the check recovers.
            let mut check = after(&mut stream, 500.0, 5_000);
            assert!(!check.is_trusted(1e-3));
            let mut good = Stream::new(0.0, 10);
            (0..5_000).for_each(|_| check.update(good.next()));
            assert!(check.is_trusted(1e-3));
        }
        // A tail twice as frequent, the middle as it should be.
        let (mut random, mut check) = (Random::new(11), Whiteness::new(1e6));
        for _ in 0..5_000 {
            let u = random.uniform();
            check.update((if u < 0.02 { 0.5 * u } else { u }) as f32);
        }
        assert!(check.uniformity() < 1e-3, "{}", check.uniformity());
    }

    #[test]
    fn hostile_p_values() {
        let mut check = Whiteness::new(50.0);
        for t in 0..500 {
            check.update([0.0, 1.0, f32::NAN, -1.0, 2.0, f32::INFINITY, f32::MIN_POSITIVE, 0.5][t % 8]);
            for p in [check.independence(), check.uniformity()] {
                assert!(p.is_nan() || (0.0..=1.0).contains(&p), "{p}");
            }
            assert!(check.independent().is_finite());
        }
        let mut constant = Whiteness::new(50.0);
        (0..500).for_each(|_| constant.update(0.5));
        assert!(constant.uniformity() < 1e-6 && !constant.is_trusted(1e-3));
    }
}
