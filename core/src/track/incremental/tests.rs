//! The exact update against the exact covariance.

use super::IncrementalSvd;
use crate::track::fapi::tests::reference::Covariance;
use crate::track::fapi::tests::streams::Stream;
use crate::testing::{distance, wide, wide_vector};
use crate::track::{SubspaceTracker, TrackerConfig};

fn tracker<const N: usize, const R: usize>(rank: usize, memory_frames: f32) -> IncrementalSvd<N, R> {
    IncrementalSvd::new(&TrackerConfig { rank, memory_frames }).unwrap()
}
#[test]
fn quick() {
    let mut stream = Stream::new(8, 3, 41);
    let mut t = tracker::<8, 4>(3, 500.0);
    let mut exact = Covariance::new(8, 500.0);
    let mut e = [0.0; 8];
    for _ in 0..5000 {
        let x = stream.next();
        t.process(&x, &mut e);
        exact.process(&wide_vector(&x));
    }
    let (mut axes, mut s, mut work) = ([0.0; 24], [0.0; 3], [0.0; 27]);
    t.principal_axes(&mut axes, &mut s, &mut work);
    std::println!("{:?} {:?} {:?}", s, distance(&wide(&axes, 8), &exact.principal(3)), stream.variances());
    std::println!("{:?}", crate::linalg::orthonormality_error(&axes, 8));
}

#[test]
fn sweeps() {
    let mut stream = Stream::new(32, 8, 41);
    let mut t = tracker::<32, 10>(8, 500.0);
    let mut e = [0.0; 32];
    let mut worst = 0.0f32;
    for _ in 0..20000 {
        let x = stream.next();
        t.process(&x, &mut e);
        worst = worst.max(crate::linalg::orthonormality_error(&t.turn.as_slice()[..100], 10));
    }
    std::println!("V {worst:e}");
}
