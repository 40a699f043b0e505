//! Frames with missing entries.

use nalgebra::{DMatrix, DVector};
use std::vec::Vec;

use super::streams::Stream;
use super::{inverse, orthonormality_error, tracker};
use crate::testing::{Random, distance, wide, wide_vector};
use crate::track::SubspaceTracker;

/// Makes each entry missing with probability `share`, by NaN or an infinity.
fn punch(x: &mut [f32], share: f64, random: &mut Random) {
    for x in x {
        if random.uniform() < share {
            *x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][(random.bits() % 3) as usize];
        }
    }
}

#[test]
fn the_subspace_is_found_with_thirty_percent_missing() {
    for (seed, memory) in [(51, 500.0), (52, 2000.0)] {
        let mut stream = Stream::new(16, 4, seed);
        let (mut full, mut holed) = (tracker::<16, 4>(4, memory), tracker::<16, 4>(4, memory));
        let (mut e, mut random) = ([0.0; 16], Random::new(seed));
        let (mut d, mut reference, mut worst) = (0.0, 0.0, 0.0f64);
        let frames = 20 * memory as usize;
        for t in 0..frames {
            let mut x = stream.next();
            full.process(&x, &mut e);
            punch(&mut x, 0.3, &mut random);
            holed.process(&x, &mut e);
            worst = worst.max(orthonormality_error(&holed));
            if t >= frames / 2 && t % 100 == 0 {
                d += distance(&wide(holed.basis(), 16), &stream.basis).powi(2);
                reference += distance(&wide(full.basis(), 16), &stream.basis).powi(2);
            }
        }
        let ratio = d / reference;
        std::println!("missing: sin² is {ratio} times that of full frames; orthonormality {worst:e}");
        // An entry is seen in 0.7 of the frames, and its frame's coordinates come from 0.7·16 entries with noise σ²(W_ΩᵀW_Ω)⁻¹: both raise
        // the variance of the estimate by about 1/0.7; a filled-in entry besides repeats what is already believed, which slows
        // learning by the share that is missing, so the memory is longer, not shorter.
        assert!(ratio <= 1.0 / (0.7 * 0.7), "{ratio}");
        assert!(worst <= 1e-5, "{worst:e}");
    }
}

/// What the module's documentation says of a frame with gaps, in f64.
struct Expected {
    y: DVector<f64>,
    /// Degrees of freedom left, |Ω| − tr H.
    left: f64,
    condition: f64,
    /// ‖Wᵀψe_{t−1}‖, which was 0.
    turned: f64,
}

/// The innovation form with y_{t−1}, e_{t−1}, φ and ψ of the tracker.
fn expected(fapi: &super::Fapi<8, 3>, x: &[f32]) -> Expected {
    let seen: Vec<usize> = (0..8).filter(|&i| x[i].is_finite()).collect();
    let full = wide(fapi.basis(), 8);
    let w = full.select_rows(&seen);
    let (e, y, phi, psi) = fapi.filler.past();
    let (before, e) = (wide_vector(y) * f64::from(phi), wide_vector(e) * f64::from(psi));
    let turned = (full.transpose() * &e).norm();
    let carried = &full * &before + e;
    let innovation = DVector::from_iterator(
        seen.len(),
        seen.iter().map(|&i| f64::from(x[i]) - f64::from(fapi.mean()[i]) - carried[i]),
    );
    let prior = inverse(fapi) * f64::from(fapi.weight) * f64::from(fapi.noise);
    let resolved = w.transpose() * &w;
    let quiet = ((1.0 - psi * psi) / (1.0 - phi * phi).max(1e-3)).max(1.0);
    let gram = &resolved + prior * f64::from(quiet) + DMatrix::identity(3, 3) * 1e-6;
    let eigenvalues = gram.symmetric_eigenvalues();
    let cholesky = gram.cholesky().unwrap();
    Expected {
        y: before + cholesky.solve(&(w.transpose() * innovation)),
        left: seen.len() as f64 - cholesky.solve(&resolved).trace(),
        condition: eigenvalues.max() / eigenvalues.min(),
        turned,
    }
}

/// Coordinates and Q of every frame with gaps, of a stream that remembers so much from frame to frame, and how persistent the tracker finds it.
fn check_expectation(memory: f64, persistence: core::ops::Range<f32>) {
    let mut stream = Stream { memory, ..Stream::new(8, 3, 53) };
    let mut fapi = tracker::<8, 3>(3, 500.0);
    let (mut e, mut random, mut judged) = ([0.0; 8], Random::new(53), 0);
    for t in 0..5000 {
        let mut x = stream.next();
        punch(&mut x, 0.35, &mut random);
        let observed = x.iter().filter(|x| x.is_finite()).count();
        let judgement = fapi.judge(&x, &mut e);
        assert_eq!(judgement.observed, observed);
        // More than three coordinates: enough to judge by.
        assert!(t < 20 || judgement.is_judged() == (observed > 3));
        if t > 1000 && observed < 8 && observed > 0 {
            let law = expected(&fapi, &x);
            // Cholesky (Higham, theorem 10.4) and the rounding of its right-hand side, times the condition number.
            let scale = law.y.norm() + wide_vector(&x_or_zero(&x)).norm();
            // W_ΩᵀW_Ω comes from the rows that are missing where these are fewer: as exact as W is orthonormal.
            let rounding = 3.0 * 32.0 * f64::from(f32::EPSILON) + 2.0 * orthonormality_error(&fapi);
            // And e_{t−1} is taken to be orthogonal to W, as it was before W turned.
            let bound = law.condition * (rounding * scale + law.turned);
            let error = (wide_vector(fapi.coordinates()) - &law.y).norm();
            assert!(error <= bound, "frame {t}: {error:e} > {bound:e}");
            if judgement.is_judged() {
                let q = wide_vector(&e).norm_squared() * 5.0 / law.left;
                let rounding = 1e-5 * law.condition;
                assert!((f64::from(judgement.q) / q - 1.0).abs() < rounding, "frame {t}: {judgement:?} {q}");
                judged += 1;
            }
        }
        assert!((0..8).all(|i| x[i].is_finite() || e[i] == 0.0));
        fapi.learn(&x, &e);
    }
    assert!(judged > 2000, "{judged}");
    let (_, _, phi, psi) = fapi.filler.past();
    std::println!("persistence {memory}: φ = {phi}, ψ = {psi}");
    assert!(persistence.contains(&phi), "{phi}");
    // The noise is white; errors of y leave a little of theirs in it.
    assert!(psi < 0.2, "{psi}");
}

#[test]
fn coordinates_are_the_conditional_expectation() {
    check_expectation(0.0, 0.0..0.1);
    // Five deviations of a regression over 2·500 frames, weighted by what is known of the frame before, and its attenuation by noise in it.
    check_expectation(0.9, 0.8..0.95);
}

fn x_or_zero(x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| if x.is_finite() { *x } else { 0.0 }).collect()
}

#[test]
fn a_frame_without_entries_teaches_nothing_and_one_with_few_is_not_judged() {
    let mut stream = Stream::new(8, 3, 54);
    let mut fapi = tracker::<8, 3>(3, 500.0);
    let mut e = [0.0; 8];
    (0..1000).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
    let before = fapi.clone();
    for seen in 0..=3 {
        let mut x = stream.next();
        x[seen..].fill(f32::NAN);
        let judgement = fapi.process(&x, &mut e);
        assert!(!judgement.is_judged() && judgement.q.is_nan() && judgement.t2.is_nan());
        assert_eq!(judgement.observed, seen);
        assert!(e[seen..].iter().all(|&e| e == 0.0));
        if seen == 0 {
            let now = (fapi.basis(), fapi.mean(), fapi.frames(), &fapi.root);
            assert_eq!(now, (before.basis(), before.mean(), before.frames(), &before.root));
        } else {
            assert_eq!(fapi.frames(), before.frames() + seen as u32);
            assert_ne!(fapi.mean()[0], before.mean()[0]);
        }
    }
}

/// A slow stream: every entry hardly moves from frame to frame.
fn slow(seed: u64) -> Stream {
    Stream { memory: 0.999, noise: 0.02, ..Stream::new(8, 3, seed) }
}

#[test]
fn with_nine_tenths_missing_a_slow_stream_is_known_from_before() {
    let mut stream = slow(56);
    let mut fapi = tracker::<8, 3>(3, 2000.0);
    let (mut e, mut random) = ([0.0; 8], Random::new(56));
    (0..20_000).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
    let (mut wrong, mut held, mut total, mut last) = (0.0, 0.0, 0.0, stream.next());
    for t in 0..4000 {
        let truth = stream.next();
        let mut x = truth.clone();
        punch(&mut x, 0.9, &mut random);
        (0..8).for_each(|i| last[i] = if x[i].is_finite() { x[i] } else { last[i] });
        let observed = fapi.process(&x, &mut e).observed;
        if t > 500 && observed > 0 {
            // The expectation of the whole frame, and the last value of each entry, as estimates of the truth.
            let w = wide(fapi.basis(), 8);
            let guess = wide_vector(fapi.mean()) + &w * wide_vector(fapi.coordinates());
            wrong += (guess - wide_vector(&truth)).norm_squared();
            held += (wide_vector(&last) - wide_vector(&truth)).norm_squared();
            total += (wide_vector(&truth) - wide_vector(fapi.mean())).norm_squared();
        }
    }
    std::println!("expectation {:.4}, last value {:.4} of the energy", wrong / total, held / total);
    // It cannot be worse than holding, which ignores what the other entries say.
    assert!(wrong < held && wrong < 0.2 * total, "{wrong} {held} {total}");
    let d = distance(&wide(fapi.basis(), 8), &stream.basis);
    assert!(d < 0.5, "{d}");
}

#[test]
fn an_hour_without_any_entry_changes_nothing() {
    let mut stream = Stream::new(8, 3, 57);
    let mut fapi = tracker::<8, 3>(3, 500.0);
    let (mut e, mut q) = ([0.0; 8], 0.0);
    (0..5000).for_each(|_| q += fapi.process(&stream.next(), &mut e).q / 5000.0);
    let before = fapi.clone();
    for _ in 0..100_000 {
        assert!(!fapi.process(&[f32::NAN; 8], &mut e).is_judged());
    }
    assert_eq!((fapi.basis(), fapi.mean(), &fapi.root), (before.basis(), before.mean(), &before.root));
    let after = (0..500).map(|_| fapi.process(&stream.next(), &mut e).q / 500.0).sum::<f32>();
    assert!(after < 1.2 * q, "{after} {q}");
}

#[test]
fn a_channel_absent_for_twenty_memories_comes_back_to_its_mean() {
    let mut stream = Stream::new(8, 3, 58);
    let mut fapi = tracker::<8, 3>(3, 500.0);
    let mut e = [0.0; 8];
    let mut run = |fapi: &mut super::Fapi<8, 3>, frames: usize, absent: bool| {
        let mut q = 0.0;
        for _ in 0..frames {
            let mut x = stream.next();
            x[2] = if absent { f32::NAN } else { x[2] };
            q += f64::from(fapi.process(&x, &mut e).q) / frames as f64;
        }
        q
    };
    let before = (run(&mut fapi, 5000, false), fapi.mean()[2]);
    let during = run(&mut fapi, 10_000, true);
    // Imputed for eight frames, then left alone.
    assert!((fapi.mean()[2] - before.1).abs() < 0.1, "{} {}", fapi.mean()[2], before.1);
    let after = run(&mut fapi, 50, false);
    std::println!("Q before {}, with a channel absent {during}, when it is back {after}", before.0);
    assert!((during / before.0 - 1.0).abs() < 0.1 && after < 2.0 * before.0, "{before:?} {during} {after}");
}

#[test]
fn a_channel_that_appears_late_starts_at_its_own_mean() {
    let mut stream = Stream::new(8, 3, 59);
    stream.offset[5] = 1e4;
    let mut fapi = tracker::<8, 3>(3, 500.0);
    let mut e = [0.0; 8];
    for t in 0..6000 {
        let mut x = stream.next();
        if t < 3000 {
            x[5] = f32::NAN;
        }
        let judgement = fapi.process(&x, &mut e);
        // Neither its offset nor the error of it is ever a residual; its variance is, until it is learned.
        assert!(t < 100 || judgement.q < 400.0, "frame {t}: {judgement:?}");
    }
    assert!((fapi.mean()[5] - 1e4).abs() < 3.0);
    let d = distance(&wide(fapi.basis(), 8), &stream.basis);
    assert!(d < 0.1, "{d}");
}

#[test]
fn q_keeps_its_level_when_entries_are_missing() {
    let mut stream = Stream::new(16, 4, 55);
    let mut fapi = tracker::<16, 4>(4, 2000.0);
    let (mut e, mut random) = ([0.0; 16], Random::new(55));
    (0..20_000).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
    let (mut full, mut holed) = (0.0, 0.0);
    for _ in 0..20_000 {
        let mut x = stream.next();
        full += f64::from(fapi.judge(&x, &mut e).q) / 20_000.0;
        // A quarter of the entries, always the same number, so that the expectation below is exact.
        for k in 0..4 {
            x[4 * k + (random.bits() % 4) as usize] = f32::NAN;
        }
        holed += f64::from(fapi.judge(&x, &mut e).q) / 20_000.0;
    }
    // The residual of m entries has m − tr H degrees of freedom, and is brought to the n − r of a full frame.
    assert!((holed / full - 1.0).abs() < 0.01, "{}", holed / full);
}
