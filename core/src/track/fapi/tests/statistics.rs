//! What is estimated: the subspace, the variances, T², Q, as the laws of Gaussian data say.

use super::reference::Covariance;
use super::streams::Stream;
use super::tracker;
use crate::testing::{distance, wide, wide_vector};
use crate::track::SubspaceTracker;

const MEMORY: f32 = 500.0;

/// Independent frames that tell as much as exponential weights β: (Σw)²/Σw² = (1 + β)/(1 − β).
fn effective_frames(memory: f32) -> f64 {
    2.0 * f64::from(memory) - 1.0
}

/// E‖sin Θ‖²_F of the r first sample eigenvectors of N Gaussian frames (Anderson 1963, summed over the noise axes):
/// Σ_k (n − r)·λ_k·σ²/((λ_k − σ²)²·N).
fn expected_sine_squares(stream: &Stream, frames: f64) -> f64 {
    let (n, r) = stream.basis.shape();
    let noise = stream.noise * stream.noise;
    stream.variances().iter().map(|l| (n - r) as f64 * l * noise / ((l - noise).powi(2) * frames)).sum()
}

/// ‖sin Θ‖²_F between two subspaces.
fn sine_squares(a: &nalgebra::DMatrix<f64>, b: &nalgebra::DMatrix<f64>) -> f64 {
    let (p, q) = (a.clone().qr().q(), b.clone().qr().q());
    (&q - &p * (p.transpose() * &q)).norm_squared()
}

fn check_subspace<const N: usize, const R: usize>(seed: u64) {
    let mut stream = Stream::new(N, R, seed);
    let (mut fapi, mut exact) = (tracker::<N, R>(R, MEMORY), Covariance::new(N, f64::from(MEMORY)));
    let (mut e, mut ours, mut theirs, mut apart, mut count) = ([0.0; N], 0.0, 0.0, 0.0f64, 0.0);
    for t in 0..40_000 {
        let x = stream.next();
        fapi.process(&x, &mut e);
        exact.process(&wide_vector(&x));
        if t > 10_000 && t % 100 == 0 {
            let (w, u) = (wide(fapi.basis(), N), exact.principal(R));
            ours += sine_squares(&w, &stream.basis);
            theirs += sine_squares(&u, &stream.basis);
            apart = apart.max(distance(&w, &u));
            count += 1.0;
        }
    }
    let (ours, theirs, law) =
        (ours / count, theirs / count, expected_sine_squares(&stream, effective_frames(MEMORY)));
    std::println!("({N}, {R}): sin² ours {ours:e} exact {theirs:e} law {law:e}; apart {apart:e}");
    // 30,000 frames hold 60 memories; a sum of r·(n − r) squares with 60 degrees of freedom each scatters by
    // √(2/(60·r·(n − r))), with unequal λ somewhat more: 5 of these, for the weakest axis alone, and second-order terms of size law.
    let tolerance = 5.0 * (2.0 / (60.0 * (N - R) as f64)).sqrt() + 2.0 * law;
    assert!((ours / law - 1.0).abs() <= tolerance, "{ours} {law} {tolerance}");
    // The recursion follows the exact eigenvectors more closely than these follow the truth.
    assert!(apart <= 0.5 * theirs.sqrt(), "{apart}");
    assert!((ours / theirs - 1.0).abs() < 0.05);
}

#[test]
fn the_subspace_is_as_good_as_the_exact_eigenvectors_and_as_the_law_says() {
    check_subspace::<8, 3>(41);
    check_subspace::<16, 4>(42);
    check_subspace::<32, 4>(43);
}

#[test]
fn t2_and_q_follow_their_laws_on_gaussian_frames() {
    let (n, r, frames) = (8, 3, 200_000);
    let mut stream = Stream::new(n, r, 44);
    let mut fapi = tracker::<8, 3>(r, MEMORY);
    let (mut e, mut t2, mut q, mut tail) = ([0.0; 8], 0.0, 0.0, 0.0);
    for t in 0..frames + 10_000 {
        let judgement = fapi.process(&stream.next(), &mut e);
        if t >= 10_000 {
            t2 += f64::from(judgement.t2) / f64::from(frames);
            q += f64::from(judgement.q) / f64::from(frames);
            // 11.345 is the 99 % point of χ²₃.
            tail += f64::from(u8::from(judgement.t2 > 11.345)) / f64::from(frames);
        }
    }
    let (r, degrees) = (r as f64, effective_frames(MEMORY));
    // A covariance of N frames inverted (inverse Wishart) raises the mean to r·N/(N − r − 1), the centring by a factor 1 + 1/N. The
    // mean of T² scatters by its own variance, 2r a frame, and by that of the covariance, 2r/N over frames/memory independent stretches.
    let mean = r * degrees / (degrees - r - 1.0) * (1.0 + 1.0 / degrees);
    let deviation = (2.0 * r / f64::from(frames)
        + 2.0 * r / degrees * f64::from(MEMORY) * 2.0 / f64::from(frames))
    .sqrt();
    std::println!("T² {t2} law {mean} ± {deviation}, tail {tail}, Q {q}");
    assert!((t2 - mean).abs() <= 5.0 * deviation, "{t2}, not {mean} ± {deviation}");
    // The exact law is r·F(r, N − r): 1.03 % beyond that point. Binomial scatter 2·10⁻⁴, and the covariance's own.
    assert!((tail - 0.0103).abs() < 0.001, "{tail}");
    // Q has mean (n − r)·σ², plus what the error of the subspace lets through, Σ λ_k·sin²Θ_k, here 1/N of (n − r)·σ² for each axis.
    let expected = (n as f64 - r) * stream.noise.powi(2) * (1.0 + r / degrees + 1.0 / degrees);
    assert!(
        (q / expected - 1.0).abs() <= 5.0 * (2.0 / (5.0 * f64::from(frames))).sqrt() + 1.0 / degrees,
        "{q} {expected}"
    );
    // The running noise variance: the same mean over 2·memory·5 squares.
    let noise = f64::from(fapi.noise_variance()) / stream.noise.powi(2);
    assert!((noise - 1.0).abs() <= 5.0 * (2.0 / (5.0 * degrees)).sqrt(), "{noise}");
}

#[test]
fn principal_axes_have_the_true_variances_and_directions() {
    let mut stream = Stream::new(16, 4, 45);
    let mut fapi = tracker::<16, 4>(4, 5000.0);
    let mut e = [0.0; 16];
    (0..50_000).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
    let (mut axes, mut variances, mut work) = ([0.0; 64], [0.0; 4], [0.0; 48]);
    assert!(fapi.principal_axes(&mut axes, &mut variances, &mut work));
    let axes = wide(&axes, 16);
    assert!((axes.transpose() * &axes - nalgebra::DMatrix::identity(4, 4)).amax() <= 1e-5);
    assert!(distance(&axes, &wide(fapi.basis(), 16)) <= 1e-5);
    let deviation = (2.0 / effective_frames(5000.0)).sqrt();
    let truth = stream.variances();
    for k in 0..4 {
        let ratio = f64::from(variances[k]) / truth[k];
        assert!((ratio - 1.0).abs() <= 5.0 * deviation, "axis {k}: {ratio}");
        assert!(k == 0 || variances[k] <= variances[k - 1]);
        // Anderson 1963: sin² = Σ_j λ_j·λ_k/((λ_j − λ_k)²·N) over all other axes; five deviations of its square root.
        let noise = 12.0 * stream.noise.powi(2) * truth[k] / (truth[k] - stream.noise.powi(2)).powi(2);
        let others: f64 =
            (0..4).filter(|&j| j != k).map(|j| truth[j] * truth[k] / (truth[j] - truth[k]).powi(2)).sum();
        let sine = (1.0 - axes.column(k).dot(&stream.basis.column(k)).powi(2)).sqrt();
        assert!(sine <= 5.0 * ((noise + others) / effective_frames(5000.0)).sqrt(), "axis {k}: {sine}");
    }
}

#[test]
fn an_offset_of_a_thousand_deviations_is_not_a_direction() {
    let mut stream = Stream::new(8, 3, 46);
    stream.offset.add_scalar_mut(1000.0);
    let mut fapi = tracker::<8, 3>(3, 200.0);
    let mut e = [0.0; 8];
    (0..1000).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
    let law = expected_sine_squares(&stream, effective_frames(200.0)).sqrt();
    let d = distance(&wide(fapi.basis(), 8), &stream.basis);
    assert!(d <= 5.0 * law, "{d} {law}");
}
