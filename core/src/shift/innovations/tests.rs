//! Against a plain regression in f64, recomputed from scratch for every frame.

use super::Innovations;
use crate::shape::zeros;
use crate::testing::Random;
use nalgebra::{Const, DMatrix, DVector};
use std::vec::Vec;

/// A VAR(1) of d channels with offsets and unequal, correlated innovations.
fn stream(d: usize, n: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut random = Random::new(seed);
    let mixing = DMatrix::from_fn(d, d, |_, _| random.normal());
    let mut x = DVector::zeros(d);
    (0..n)
        .map(|_| {
            let e = DVector::from_fn(d, |_, _| random.normal());
            x = 0.6 * &x + &mixing * e;
            x.iter().map(|x| (0.5 + 0.4 * x) as f32).collect()
        })
        .collect()
}

/// t_i = y_i·√(ν/(1 + Σ_{k<i} y_k²)) with y = L⁻¹w, L the Cholesky factor of Σ w·wᵀ + 10⁻⁶·I in f64.
fn reference(frames: &[Vec<f32>], order: usize) -> Vec<(f64, f64)> {
    let d = frames[0].len();
    let row = |t: usize| {
        let past = (t - order..=t).flat_map(|s| frames[s].iter().map(|&x| f64::from(x)));
        DVector::from_iterator(1 + (order + 1) * d, std::iter::once(1.0).chain(past))
    };
    let m = 1 + (order + 1) * d;
    let last = frames.len() - 1;
    let mut moments = DMatrix::identity(m, m) * 1e-6;
    (order..last).for_each(|t| moments += row(t) * row(t).transpose());
    let l = moments.cholesky().unwrap().l();
    let y = l.solve_lower_triangular(&row(last)).unwrap();
    let n = (last - order) as f64;
    (1 + order * d..m)
        .map(|i| {
            let before: f64 = 1.0 + y.iter().take(i).map(|y| y * y).sum::<f64>();
            (y[i] * ((n - i as f64) / before).sqrt(), n - i as f64)
        })
        .collect()
}

fn wallace((t, nu): (f64, f64)) -> f64 {
    t.signum() * (nu * (t * t / nu).ln_1p()).sqrt() * (8.0 * nu + 1.0) / (8.0 * nu + 3.0)
}

fn run<const D: usize>(order: usize) {
    let frames = stream(D, 400, 11);
    let mut ours = Innovations::<Const<D>, 6>::new(Const, order);
    let mut z = zeros(Const::<D>);
    for (t, x) in frames.iter().enumerate() {
        ours.frame_mut().copy_from_slice(x);
        if t == 399 {
            assert!(ours.is_primed());
            ours.judge(z.as_mut_slice());
        }
        ours.advance(true);
    }
    for (z, exact) in z.iter().zip(reference(&frames, order)) {
        let exact = wallace(exact);
        assert!((f64::from(*z) - exact).abs() < 2e-3 * (1.0 + exact.abs()), "order {order}: {z} {exact}");
    }
}

#[test]
fn innovations_are_those_of_the_regression() {
    (0..=2).for_each(run::<1>);
    (0..=2).for_each(run::<5>);
    (0..=1).for_each(run::<16>);
}

#[test]
fn innovations_are_standard_normal_from_early_on() {
    // Independent Gaussian frames, order 0: exactly so. 200 starts, judged from frame 12 to 40.
    let (mut sum, mut squares, mut fourth, mut count) = (0.0, 0.0, 0.0, 0.0);
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut ours = Innovations::<Const<3>, 3>::new(Const, 0);
        let mut z = [0.0; 3];
        for t in 0..40 {
            let e = random.normals(3);
            ours.frame_mut().copy_from_slice(&[e[0] + 3.0, 2.0 * e[0] + e[1], 0.1 * e[2] - e[1]]);
            if t >= 12 {
                ours.judge(&mut z);
                for z in z.map(f64::from) {
                    (sum, squares, fourth, count) =
                        (sum + z, squares + z * z, fourth + z.powi(4), count + 1.0);
                }
            }
            ours.advance(true);
        }
    }
    let root = f64::sqrt(count);
    assert!((sum / count).abs() < 4.0 / root, "{}", sum / count);
    // Wallace's approximation is within a percent at so few degrees of freedom.
    assert!((squares / count - 1.0).abs() < 4.0 * 1.42 / root + 0.01, "{}", squares / count);
    assert!((fourth / count - 3.0).abs() < 4.0 * 9.8 / root + 0.1, "{}", fourth / count);
}

#[test]
fn a_wild_frame_does_not_own_the_reference() {
    let frames = stream(3, 600, 4);
    let mut ours = Innovations::<Const<3>, 3>::new(Const, 1);
    let (mut z, mut largest) = ([0.0; 3], 0.0f32);
    for (t, x) in frames.iter().enumerate() {
        ours.frame_mut().copy_from_slice(x);
        if t == 300 {
            ours.frame_mut()[1] = 1e4;
        }
        if t > 100 {
            ours.judge(&mut z);
            if t == 300 {
                assert!(z[1] > 20.0, "{z:?}");
            } else {
                largest = z.iter().fold(largest, |m, z| m.max(z.abs()));
            }
        }
        ours.advance(true);
    }
    // The frames after it are as usual: neither dwarfed nor blown up.
    assert!(largest > 2.5 && largest < 6.0, "{largest}");
}

#[test]
fn a_long_run_keeps_its_digits() {
    // Past the halving of the moments, f32 still gives unit variance.
    let mut random = Random::new(3);
    let mut ours = Innovations::<Const<2>, 3>::new(Const, 0);
    let (mut z, mut squares) = ([0.0; 2], 0.0);
    for t in 0..1_200_000 {
        let (a, b) = (random.uniform() as f32 - 0.5, random.uniform() as f32 - 0.5);
        ours.frame_mut().copy_from_slice(&[1.0 + a, a + b]);
        if t >= 1_100_000 {
            ours.judge(&mut z);
            squares += f64::from(z[0] * z[0] + z[1] * z[1]);
        }
        ours.advance(true);
    }
    assert!((squares / 2e5 - 1.0).abs() < 0.01, "{}", squares / 2e5);
}
