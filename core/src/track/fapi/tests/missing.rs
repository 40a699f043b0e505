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

/// The ridge solution of the module's documentation, in f64, and its condition number.
fn ridge(fapi: &super::Fapi<8, 3>, x: &[f32]) -> (DVector<f64>, f64) {
    let seen: Vec<usize> = (0..8).filter(|&i| x[i].is_finite()).collect();
    let w = wide(fapi.basis(), 8).select_rows(&seen);
    let centred =
        DVector::from_iterator(seen.len(), seen.iter().map(|&i| f64::from(x[i]) - f64::from(fapi.mean()[i])));
    let prior = inverse(fapi) * f64::from(fapi.weight) * f64::from(fapi.noise);
    let gram = w.transpose() * &w + prior + DMatrix::identity(3, 3) * 1e-6;
    let eigenvalues = gram.symmetric_eigenvalues();
    let solution = gram.cholesky().unwrap().solve(&(w.transpose() * centred));
    (solution, eigenvalues.max() / eigenvalues.min())
}

#[test]
fn coordinates_are_the_ridge_solution() {
    let mut stream = Stream::new(8, 3, 53);
    let mut fapi = tracker::<8, 3>(3, 500.0);
    let (mut e, mut random, mut judged) = ([0.0; 8], Random::new(53), 0);
    for t in 0..5000 {
        let mut x = stream.next();
        punch(&mut x, 0.35, &mut random);
        let observed = x.iter().filter(|x| x.is_finite()).count();
        let judgement = fapi.judge(&x, &mut e);
        assert_eq!(judgement.observed, observed);
        // Four of eight and more than three: enough to judge by.
        assert_eq!(judgement.is_judged(), observed >= 4);
        if t > 1000 && observed < 8 && judgement.is_judged() {
            let (y, condition) = ridge(&fapi, &x);
            // Cholesky (Higham, theorem 10.4) and the rounding of its right-hand side, times the condition number.
            let bound = condition
                * 3.0
                * 32.0
                * f64::from(f32::EPSILON)
                * (y.norm() + wide_vector(&x_or_zero(&x)).norm());
            let error = (wide_vector(fapi.coordinates()) - y).norm();
            assert!(error <= bound, "frame {t}: {error:e} > {bound:e}");
            judged += 1;
        }
        assert!((0..8).all(|i| x[i].is_finite() || e[i] == 0.0));
        fapi.learn(&x, &e);
    }
    assert!(judged > 2000, "{judged}");
}

fn x_or_zero(x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| if x.is_finite() { *x } else { 0.0 }).collect()
}

#[test]
fn a_frame_with_too_few_entries_is_not_judged_and_teaches_nothing() {
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
        assert_eq!((judgement.observed, e), (seen, [0.0; 8]));
    }
    assert_eq!((fapi.basis(), fapi.mean(), fapi.frames()), (before.basis(), before.mean(), before.frames()));
    assert_eq!(fapi.root, before.root);
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
    // Least squares on m entries leaves (m − r)·σ² of residual; scaled by n/m that is n(m − r)/(m(n − r)) of a full frame's.
    let expected = 16.0 * 8.0 / (12.0 * 12.0);
    assert!((holed / full / expected - 1.0).abs() < 0.02, "{} {expected}", holed / full);
}
