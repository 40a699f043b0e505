//! The same subspace as the recursion in `f64`, all the way; and what the symmetric Z changes against Table II as printed.

use super::reference::{Inverse, Paper};
use super::streams::Stream;
use super::tracker;
use crate::testing::{distance, wide, wide_vector};
use crate::track::SubspaceTracker;

/// Subspace distances to the recursion in `f64` must not exceed this at any frame that is looked at.
const LIMIT: f64 = 1e-4;

/// Largest distance, from frame 4r on: before that hardly r independent frames were seen, and the r-th eigenvalue is not yet
/// separated from the next. Every frame of the first thousand, then every `every`.
fn worst<const N: usize, const R: usize>(mut stream: Stream, memory: f32, every: usize) -> f64 {
    let mut ours = tracker::<N, R>(R, memory);
    let mut paper = Paper::new(N, R, memory, 1.0, Inverse::Symmetric);
    let (mut residual, mut worst) = ([0.0; N], (0.0, 0));
    for t in 0..100_000 {
        let x = stream.next();
        ours.process(&x, &mut residual);
        paper.process(&wide_vector(&x));
        if t >= 4 * R && (t < 1000 || t % every == 0) {
            let d = distance(&wide(ours.basis(), N), &paper.w);
            worst = if d > worst.0 { (d, t) } else { worst };
        }
    }
    std::println!("({N}, {R}), memory {memory}: {:e} at {}", worst.0, worst.1);
    worst.0
}

#[test]
fn low_rank_and_noise() {
    assert!(worst::<8, 3>(Stream::new(8, 3, 1), 1000.0, 97) <= LIMIT);
    assert!(worst::<16, 4>(Stream::new(16, 4, 2), 1000.0, 97) <= LIMIT);
    assert!(worst::<64, 8>(Stream::new(64, 8, 3), 1000.0, 997) <= LIMIT);
}

#[test]
fn a_rotating_subspace() {
    // The old direction of the first axis keeps a variance of about 9·(turn·memory)² (or 16·…), below that of the last axis (1):
    // there is an eigengap.
    for (seed, turn) in [(4, 1e-5), (5, 2e-4)] {
        assert!(worst::<8, 3>(Stream { turn, ..Stream::new(8, 3, seed) }, 1000.0, 97) <= LIMIT);
        assert!(worst::<16, 4>(Stream { turn, ..Stream::new(16, 4, seed) }, 300.0, 97) <= LIMIT);
    }
}

#[test]
fn autoregressive_channels() {
    for memory in [0.9, 0.99] {
        assert!(worst::<8, 3>(Stream { memory, ..Stream::new(8, 3, 6) }, 1000.0, 97) <= LIMIT);
        assert!(worst::<64, 8>(Stream { memory, ..Stream::new(64, 8, 7) }, 5000.0, 997) <= LIMIT);
    }
}

#[test]
fn short_and_long_memories() {
    assert!(worst::<8, 3>(Stream::new(8, 3, 8), 20.0, 97) <= LIMIT);
    assert!(worst::<8, 3>(Stream::new(8, 3, 9), 50_000.0, 97) <= LIMIT);
}

/// Distance to Table II as printed at the end of `frames`, and the mean distances of ours and of the paper's from the truth.
fn printed<const N: usize, const R: usize>(mut stream: Stream, memory: f32, frames: usize) -> [f64; 3] {
    let mut ours = tracker::<N, R>(R, memory);
    // Table II holds for slow change: from Z = I the first frames turn W so far that its Z becomes indefinite (see below).
    let variance = 100.0f64;
    ours.root.fill_diagonal(1.0 / variance.sqrt() as f32);
    let mut paper = Paper::new(N, R, memory, variance, Inverse::Printed);
    let (mut residual, mut means, mut count) = ([0.0; N], [0.0; 2], 0.0);
    for t in 0..frames {
        let x = stream.next();
        ours.process(&x, &mut residual);
        paper.process(&wide_vector(&x));
        if t > frames / 2 && t % 97 == 0 {
            means[0] += distance(&wide(ours.basis(), N), &stream.basis);
            means[1] += distance(&paper.w, &stream.basis);
            count += 1.0;
        }
    }
    let apart = distance(&wide(ours.basis(), N), &paper.w);
    std::println!("({N}, {R}) apart {apart:e}, from the truth {:e} {:e}", means[0] / count, means[1] / count);
    [apart, means[0] / count, means[1] / count]
}

#[test]
fn on_a_stationary_stream_table_ii_as_printed_is_the_same_subspace() {
    // The start has faded after 20 memories; what is left is Θ − I, of second order in 1/memory.
    for (seed, memory) in [(1, 1000.0), (2, 300.0)] {
        assert!(printed::<8, 3>(Stream::new(8, 3, seed), memory, 20_000)[0] <= LIMIT);
        assert!(printed::<16, 4>(Stream::new(16, 4, seed), memory, 20_000)[0] <= LIMIT);
        assert!(printed::<64, 8>(Stream::new(64, 8, seed), memory, 20_000)[0] <= LIMIT);
    }
}

#[test]
fn on_a_rotating_stream_it_is_as_far_from_the_truth_as_table_ii_as_printed() {
    for (seed, turn) in [(4, 1e-4), (5, 1e-3)] {
        for memory in [100.0, 1000.0] {
            let stream = || Stream { turn, ..Stream::new(16, 4, seed) };
            let [_, ours, paper] = printed::<16, 4>(stream(), memory, 20_000);
            assert!((ours / paper - 1.0).abs() < 0.02, "{ours} {paper}");
        }
    }
}

/// Smallest eigenvalue of the symmetric part of Z over the first frames, relative to the largest.
fn least_definite(inverse: Inverse) -> f64 {
    let mut stream = Stream::new(64, 8, 3);
    let mut paper = Paper::new(64, 8, 1000.0, 1.0, inverse);
    (0..50).fold(f64::INFINITY, |least, _| {
        paper.process(&wide_vector(&stream.next()));
        let eigenvalues = ((&paper.z + paper.z.transpose()) * 0.5).symmetric_eigenvalues();
        least.min(eigenvalues.min() / eigenvalues.max())
    })
}

#[test]
fn why_the_inverse_is_kept_symmetric() {
    assert!(least_definite(Inverse::Printed) < -1e-3);
    assert!(least_definite(Inverse::Symmetric) > 0.0);
}
