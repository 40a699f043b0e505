//! Against simulation, as a process engineer would: how often is a limit exceeded?

use nalgebra::{DMatrix, DVector};
use std::vec::Vec;

use super::*;
use crate::testing::Random;
use crate::track::{Fapi, SubspaceTracker, TrackerConfig};

const CHANNELS: usize = 32;
const RANK: usize = 8;
const NOMINAL: f32 = 1e-3;

/// Standard deviations of independent channels: variances 20 … 4 (signal) and 1.5 … 0.5 (noise), as in the published comparison.
fn deviations() -> Vec<f64> {
    let line = |a: f64, b: f64, k: usize, n: usize| a + (b - a) * k as f64 / (n - 1) as f64;
    (0..RANK)
        .map(|k| line(20.0, 4.0, k, RANK))
        .chain((0..CHANNELS - RANK).map(|k| line(1.5, 0.5, k, CHANNELS - RANK)))
        .map(f64::sqrt)
        .collect()
}

fn frame(random: &mut Random) -> DVector<f64> {
    DVector::from_iterator(CHANNELS, deviations().into_iter().map(|s| s * random.normal()))
}

/// A batch PCA in `f64`.
struct Pca {
    mean: DVector<f64>,
    axes: DMatrix<f64>,
    variances: Vec<f64>,
}

impl Pca {
    fn fit(frames: &[DVector<f64>]) -> Self {
        let n = frames.len() as f64;
        let mean = frames.iter().sum::<DVector<f64>>() / n;
        let mut covariance = DMatrix::zeros(CHANNELS, CHANNELS);
        for x in frames {
            let d = x - &mean;
            covariance += &d * d.transpose() / (n - 1.0);
        }
        let eigen = covariance.symmetric_eigen();
        let mut order: Vec<usize> = (0..CHANNELS).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let axes = DMatrix::from_fn(CHANNELS, RANK, |i, k| eigen.eigenvectors[(i, order[k])]);
        Self { mean, axes, variances: order.iter().map(|&k| eigen.eigenvalues[k]).collect() }
    }

    /// Q and T² of a frame.
    fn judge(&self, x: &DVector<f64>) -> (f32, f32) {
        let d = x - &self.mean;
        let y = self.axes.transpose() * &d;
        let t2 = y.iter().zip(&self.variances).map(|(y, v)| y * y / v).sum::<f64>();
        ((d.norm_squared() - y.norm_squared()) as f32, t2 as f32)
    }
}

/// Moments as they follow from the residual eigenvalues of the training frames.
fn moments_of_eigenvalues(variances: &[f64]) -> EnergyMoments {
    let theta = |power: i32| variances[RANK..].iter().map(|v| v.powi(power)).sum::<f64>() as f32;
    EnergyMoments {
        mean: theta(1),
        variance: 2.0 * theta(2),
        third: 8.0 * theta(3),
        count: u32::MAX,
        memory: 1e9,
    }
}

/// Rates at which fresh frames exceed limits of nominal 10⁻³ that rest on n frames.
#[derive(Debug, Default)]
struct Rates {
    box_in_sample: f64,
    jackson_in_sample: f64,
    box_predictive: f64,
    jackson_predictive: f64,
    f: f64,
    chi_squared: f64,
}

fn simulate(n: usize, models: usize, tests: usize) -> Rates {
    let mut random = Random::new(n as u64);
    let mut rates = Rates::default();
    for _ in 0..models {
        let frames: Vec<_> = (0..n).map(|_| frame(&mut random)).collect();
        let pca = Pca::fit(&frames);
        // Ten-fold: each energy is judged by a model that did not see the frame, fitted to nine tenths of n.
        let mut predictive = EnergyMoments::new(1e9);
        for fold in 0..10 {
            let rest: Vec<_> =
                frames.iter().enumerate().filter(|(t, _)| t % 10 != fold).map(|(_, x)| x.clone()).collect();
            let model = Pca::fit(&rest);
            frames.iter().skip(fold).step_by(10).for_each(|x| predictive.update(model.judge(x).0));
        }
        let fitted = moments_of_eigenvalues(&pca.variances);
        let q_limits = [
            BoxLimit::new(&fitted).unwrap().limit(NOMINAL),
            JacksonMudholkar::new(&fitted, true).unwrap().limit(NOMINAL),
            BoxLimit::new(&predictive).unwrap().limit(NOMINAL),
            JacksonMudholkar::new(&predictive, n >= 1000).unwrap().limit(NOMINAL),
        ];
        let t2_limits = [
            HotellingLimit::new(RANK, n as f32).unwrap().limit(NOMINAL),
            chi_squared_upper_quantile(NOMINAL, RANK as f32),
        ];
        let share = 1.0 / (models * tests) as f64;
        for _ in 0..tests {
            let (q, t2) = pca.judge(&frame(&mut random));
            let over = |limit: f32, x: f32| if x > limit { share } else { 0.0 };
            rates.box_in_sample += over(q_limits[0], q);
            rates.jackson_in_sample += over(q_limits[1], q);
            rates.box_predictive += over(q_limits[2], q);
            rates.jackson_predictive += over(q_limits[3], q);
            rates.f += over(t2_limits[0], t2);
            rates.chi_squared += over(t2_limits[1], t2);
        }
    }
    rates
}

/// The published comparison (32 channels, rank 8, nominal 10⁻³): in-sample limits of Q are exceeded 17 (Box) and 10 times (Jackson–Mudholkar) too often
/// after 64 frames, 2.1 and 1.5 times after 320; predictive moments remove that. T² with F is never exceeded too often.
#[test]
fn predictive_moments_hold_the_rate_where_fitted_ones_do_not() {
    for (n, models, box_published, jackson_published) in
        [(64, 100, 0.0170, 0.0099), (128, 60, 0.0057, 0.0036), (320, 25, 0.0021, 0.0015)]
    {
        let rates = simulate(n, models, 4_000);
        std::println!("n = {n}: {rates:.5?}");
        for (got, published) in
            [(rates.box_in_sample, box_published), (rates.jackson_in_sample, jackson_published)]
        {
            assert!((got / published - 1.0).abs() < 0.25, "{n}: {got}, published {published}");
        }
        // 400 models gave 0.00121, 0.00118 and 0.00112; 100, 60 and 25 scatter by 0.0002 around that.
        assert!((6e-4..1.8e-3).contains(&rates.jackson_predictive), "{n}: {}", rates.jackson_predictive);
        assert!(rates.box_predictive < 3e-3, "{n}: {}", rates.box_predictive);
        assert!(rates.f < 1.2e-3, "{n}: {}", rates.f);
        assert!(rates.chi_squared > rates.f);
    }
}

/// The same in use: a forgetting tracker, moments of what it judged before it learned.
#[test]
fn a_tracker_holds_the_rate_with_its_own_moments() {
    for memory in [100.0, 500.0] {
        let config = TrackerConfig { rank: RANK, memory_frames: memory, patience_frames: 0 };
        let mut tracker = Fapi::<CHANNELS, RANK>::new(&config).unwrap();
        let mut moments = EnergyMoments::new(4.0 * memory);
        let (mut residual, mut random) = ([0.0; CHANNELS], Random::new(5));
        let (mut over, mut frames) = ([0u32; 3], 0u32);
        let mut limits = [f32::INFINITY; 3];
        for t in 0..150_000 {
            let x: Vec<f32> = frame(&mut random).iter().map(|&x| x as f32).collect();
            let judged = tracker.process(&x, &mut residual);
            if t as f32 > 10.0 * memory {
                frames += 1;
                for (over, (limit, x)) in
                    over.iter_mut().zip(limits.iter().zip([judged.q, judged.q, judged.t2]))
                {
                    *over += u32::from(x > *limit);
                }
            }
            moments.update(judged.q);
            if t % 64 == 63 {
                let n = effective_frames(tracker.frames(), memory);
                limits = [
                    JacksonMudholkar::new(&moments, false).unwrap().limit(NOMINAL),
                    BoxLimit::new(&moments).unwrap().limit(NOMINAL),
                    HotellingLimit::new(RANK, n).unwrap().limit(NOMINAL),
                ];
            }
        }
        let rates = over.map(|over| f64::from(over) / f64::from(frames));
        std::println!(
            "memory {memory}: Jackson-Mudholkar {:.5}, Box {:.5}, T2 {:.5}",
            rates[0],
            rates[1],
            rates[2]
        );
        // 145 are expected: within 30 % is three standard errors.
        assert!((7e-4..1.3e-3).contains(&rates[0]), "{memory}: {rates:?}");
        assert!((7e-4..1.6e-3).contains(&rates[1]), "{memory}: {rates:?}");
        assert!(rates[2] < 2e-3, "{memory}: {rates:?}");
    }
}

#[test]
fn moments_are_those_of_the_definition() {
    let mut random = Random::new(9);
    let xs: Vec<f64> = (0..3000).map(|_| random.normal().powi(2) + 2.0).collect();
    let (mut plain, mut weighted) = (EnergyMoments::new(1e6), EnergyMoments::new(100.0));
    let mut weights: Vec<f64> = Vec::new();
    for (t, &x) in xs.iter().enumerate() {
        plain.update(x as f32);
        weighted.update(x as f32);
        let gain = (1.0 / (t + 1) as f64).max(0.01);
        weights.iter_mut().for_each(|w| *w *= 1.0 - gain);
        weights.push(gain);
    }
    for (moments, weights) in [(plain, vec![1.0 / 3000.0; 3000]), (weighted, weights)] {
        let mean: f64 = xs.iter().zip(&weights).map(|(x, w)| w * x).sum();
        let central = |k: i32| xs.iter().zip(&weights).map(|(x, w)| w * (x - mean).powi(k)).sum::<f64>();
        assert!((f64::from(moments.mean) - mean).abs() < 1e-4);
        assert!((f64::from(moments.variance) / central(2) - 1.0).abs() < 1e-4);
        assert!((f64::from(moments.third) / central(3) - 1.0).abs() < 1e-3);
    }
    assert_eq!(weighted.effective(), 199.0);
}

#[test]
fn limits_and_p_values_are_inverse() {
    let mut moments = EnergyMoments::new(300.0);
    let mut random = Random::new(11);
    (0..2000).for_each(|_| {
        moments.update((0..9).map(|k| random.normal().powi(2) * f64::from(k + 1)).sum::<f64>() as f32)
    });
    let near = |p: f32, alpha: f32| assert!((p / alpha - 1.0).abs() < 5e-3, "{p} {alpha}");
    let pca = ProbabilisticPca::new(8, &[9.0, 4.0, 2.0], 0.5).unwrap();
    for alpha in [0.2f32, 1e-2, 1e-3, 1e-6] {
        for skewed in [false, true] {
            let law = JacksonMudholkar::new(&moments, skewed).unwrap();
            near(law.p_value(law.limit(alpha)), alpha);
        }
        let law = BoxLimit::new(&moments).unwrap();
        near(law.p_value(law.limit(alpha)), alpha);
        let law = HotellingLimit::new(3, 40.0).unwrap();
        near(law.p_value(law.limit(alpha)), alpha);
        near(pca.p_value(pca.limit(alpha)), alpha);
    }
}

/// −ln of the Gaussian density with the full n×n covariance, in `f64`.
#[test]
fn the_likelihood_is_that_of_the_full_covariance() {
    let mut random = Random::new(12);
    let (axes, variances, noise) = (random.orthonormal(6, 2), [5.0, 2.0], 0.3);
    let mut covariance = DMatrix::<f64>::identity(6, 6) * noise;
    for (k, v) in variances.iter().enumerate() {
        covariance += axes.column(k) * axes.column(k).transpose() * (v - noise);
    }
    let pca = ProbabilisticPca::new(6, &[5.0, 2.0], 0.3).unwrap();
    let mut over = 0;
    for _ in 0..20_000 {
        let x = DVector::from_fn(6, |_, _| noise.sqrt() * random.normal());
        let x = &x
            + (0..2)
                .map(|k| axes.column(k) * (random.normal() * (variances[k] - noise).sqrt()))
                .sum::<DVector<f64>>();
        let y = axes.transpose() * &x;
        let q = (&x - &axes * &y).norm_squared();
        let t2: f64 = y.iter().zip(&variances).map(|(y, v)| y * y / v).sum();
        let inverse = covariance.clone().try_inverse().unwrap();
        let exact = 0.5
            * (6.0 * std::f64::consts::TAU.ln()
                + covariance.determinant().ln()
                + (x.transpose() * inverse * &x)[0]);
        let nll = pca.negative_log_likelihood(q as f32, t2 as f32);
        assert!((f64::from(nll) - exact).abs() < 1e-4 * (1.0 + exact.abs()), "{nll} {exact}");
        over += u32::from(pca.p_value(nll) < 0.05);
    }
    // 1000 ± 31 are expected.
    assert!((f64::from(over) - 1000.0).abs() < 4.0 * 31.0, "{over}");
}

#[test]
fn degenerate_input_has_no_law_or_a_probability() {
    let mut constant = EnergyMoments::new(10.0);
    assert!(JacksonMudholkar::new(&constant, true).is_none() && BoxLimit::new(&constant).is_none());
    (0..50).for_each(|_| constant.update(2.0));
    assert!(JacksonMudholkar::new(&constant, true).is_none() && BoxLimit::new(&constant).is_none());
    let mut wild = EnergyMoments::new(10.0);
    for q in [1.0, f32::NAN, f32::INFINITY, 1e30, 0.0, 1e12, -1.0, 1e-40, 3.0, 2.0] {
        wild.update(q);
        assert!(wild.mean().is_finite() && wild.variance().is_finite() && wild.third().is_finite());
    }
    if let Some(law) = JacksonMudholkar::new(&wild, true) {
        for q in [f32::NEG_INFINITY, 0.0, 1e-45, 1.0, f32::MAX, f32::INFINITY] {
            assert!((0.0..=1.0).contains(&law.p_value(q)), "{q}");
        }
    }
    assert!(HotellingLimit::new(0, 10.0).is_none() && HotellingLimit::new(3, 3.0).is_none());
    assert!(HotellingLimit::new(3, f32::NAN).is_none());
    assert!(ProbabilisticPca::new(2, &[1.0, 1.0, 1.0], 1.0).is_none());
    assert!(
        ProbabilisticPca::new(2, &[1.0], 0.0).is_none()
            && ProbabilisticPca::new(2, &[f32::NAN], 1.0).is_none()
    );
}
