//! WᵀW stays the identity.

use super::streams::{Pool, Stream};
use super::{orthonormality_error, tracker};
use crate::linalg;
use crate::track::SubspaceTracker;

/// Largest orthonormality error over a long run of cheap frames.
fn worst<const N: usize, const R: usize>(frames: u32, memory: f32) -> f64 {
    let mut pool = Pool::new(N, R, 31);
    let mut fapi = tracker::<N, R>(R, memory);
    let (mut x, mut e, mut worst) = ([0.0; N], [0.0; N], 0.0f64);
    for t in 0..frames {
        pool.fill(&mut x);
        fapi.process(&x, &mut e);
        if t % 1024 == 0 || t < 1024 {
            // Rounding of the check itself: two to three units in the last place, far below the bound.
            worst = worst.max(f64::from(linalg::orthonormality_error(fapi.basis(), N)));
        }
    }
    std::println!("({N}, {R}) over {frames}: {worst:e}");
    worst.max(orthonormality_error(&fapi))
}

#[test]
fn over_ten_million_frames() {
    assert!(worst::<8, 3>(10_000_000, 5000.0) <= 1e-5);
}

#[test]
fn over_a_million_frames_of_other_shapes() {
    assert!(worst::<16, 4>(1_000_000, 5000.0) <= 1e-5);
    assert!(worst::<64, 8>(1_000_000, 5000.0) <= 1e-5);
    assert!(worst::<8, 3>(1_000_000, 10.0) <= 1e-5);
    assert!(worst::<1, 1>(100_000, 100.0) <= 1e-5);
    assert!(worst::<3, 3>(100_000, 100.0) <= 1e-5);
}

#[test]
fn on_real_shapes_of_change() {
    // Turning, switching on and off, and four decades of gain.
    let mut stream = Stream { turn: 1e-3, memory: 0.9, ..Stream::new(8, 3, 33) };
    let mut fapi = tracker::<8, 3>(3, 500.0);
    let (mut e, mut worst) = ([0.0; 8], 0.0f64);
    for t in 0..200_000u32 {
        let gain = [1.0, 0.0, 100.0, 0.01][(t / 5000 % 4) as usize];
        let x: std::vec::Vec<f32> = stream.next().iter().map(|x| gain * x).collect();
        fapi.process(&x, &mut e);
        worst = worst.max(orthonormality_error(&fapi));
    }
    std::println!("gains: {worst:e}");
    assert!(worst <= 1e-5, "{worst:e}");
}
