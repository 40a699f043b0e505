//! What bounded influence promises of every tracker: a change that lasts is learned in the stated time, whatever its size and shape.

use std::string::String;

use super::fapi::tests::streams::Stream;
use super::{Fapi, FrequentDirections, IncrementalSvd, LeanFapi, SubspaceTracker, TrackerConfig};
use crate::testing::{Random, wide_vector};

const MEMORY: usize = 200;

/// What becomes of the stream at frame t of a change of some size, in standard deviations of its weakest direction or as a factor.
type Change = (&'static str, fn(&mut Stream, usize, f64));

const CHANGES: [Change; 6] = [
    ("a new direction", |stream, t, size| {
        if t == 0 {
            let mut columns: std::vec::Vec<_> = stream.basis.column_iter().map(|c| c.into_owned()).collect();
            columns.push(stream.outside.clone());
            stream.basis = nalgebra::DMatrix::from_columns(&columns);
            stream.deviations.push(size);
            stream.s = nalgebra::DVector::zeros(4);
        }
    }),
    ("a step of all means", |stream, t, size| {
        if t == 0 {
            stream.offset.add_scalar_mut(size);
        }
    }),
    ("a step of one mean", |stream, t, size| {
        if t == 0 {
            stream.offset[2] += size;
        }
    }),
    ("another subspace", |stream, t, size| {
        if t == 0 {
            stream.basis = Random::new(99).orthonormal(8, 3);
            stream.deviations.iter_mut().for_each(|d| *d *= size);
        }
    }),
    ("another scale", |stream, t, size| {
        if t == 0 {
            stream.deviations.iter_mut().for_each(|d| *d *= size);
            stream.noise *= size;
        }
    }),
    ("a ramp", |stream, t, size| {
        if t < 100 {
            // From nothing, by the same factor each frame.
            let step = |t: usize| if t == 0 { 0.0 } else { 0.01 * (100.0 * size).powf(t as f64 / 100.0) };
            stream
                .offset
                .iter_mut()
                .enumerate()
                .for_each(|(i, x)| *x += (step(t + 1) - step(t)) * (i as f64 - 3.0));
        }
    }),
];

const SIZES: [f64; 6] = [1.0, 5.0, 30.0, 300.0, 3e3, 3e4];

/// Frames over which the residual is averaged, and streams.
const WINDOW: usize = 100;
const SEEDS: u64 = 4;

/// Mean Q of a hundred frames after `wait`: of a tracker, and of one in which every frame counts in full and that was spared those of which the
/// first was to be patient; and the mean energy of those frames.
fn residuals<T: SubspaceTracker>(
    make: &impl Fn(u16) -> T,
    patience: u16,
    change: Change,
    size: f64,
    wait: usize,
) -> [f64; 3] {
    let (mut sums, mut e) = ([0.0; 3], [0.0; 8]);
    for seed in 0..SEEDS {
        let mut stream = Stream::new(8, 3, 500 + seed);
        let [mut patient, mut plain] = [make(patience), make(0)];
        for _ in 0..1000 {
            let x = stream.next();
            patient.process(&x, &mut e);
            plain.process(&x, &mut e);
        }
        for t in 0..wait + WINDOW {
            (change.1)(&mut stream, t, size);
            let x = stream.next();
            let ours = patient.process(&x, &mut e).q;
            let theirs = if t + 1 < usize::from(patience) { 0.0 } else { plain.process(&x, &mut e).q };
            if t >= wait {
                let energy = (wide_vector(&x) - &stream.offset).norm_squared();
                let all = [f64::from(ours), f64::from(theirs), energy];
                sums.iter_mut().zip(all).for_each(|(sum, x)| *sum += x / (WINDOW as f64 * SEEDS as f64));
            }
        }
    }
    sums
}

/// One memory after patience ended, a tracker leaves as much as one without weights that has seen the change for as long: a quarter more at most,
/// as the bench asks for, or a hundred-thousandth of the energy. (FAPI, a power iteration, is still turning by then, with weights or without.)
fn learns<T: SubspaceTracker>(make: impl Fn(u16) -> T, what: &str) {
    let mut worst = (0.0, String::new());
    for patience in [1, 4, 16, 64] {
        for change in CHANGES {
            for size in SIZES {
                let wait = usize::from(patience) + MEMORY;
                let [ours, plain, energy] = residuals(&make, patience, change, size, wait);
                let ratio = ours / (plain + 1e-5 * energy);
                if ratio > worst.0 {
                    worst =
                        (ratio, format!("patience {patience}, {} of {size}: {ours:e}, {plain:e}", change.0));
                }
            }
        }
    }
    println!("{what}: {:.3}, {}", worst.0, worst.1);
    assert!(worst.0 < 1.25, "{what}: {worst:?}");
}

#[test]
fn a_change_of_any_size_is_learned_when_patience_ends() {
    let config = |patience_frames| TrackerConfig { rank: 3, memory_frames: MEMORY as f32, patience_frames };
    learns(|p| Fapi::<8, 3>::new(&config(p)).unwrap(), "Fapi");
    learns(|p| LeanFapi::<8, 3>::new(&config(p)).unwrap(), "LeanFapi");
    learns(|p| IncrementalSvd::<8, 3>::new(&config(p)).unwrap(), "IncrementalSvd, no guard");
    learns(|p| IncrementalSvd::<8, 4>::new(&config(p)).unwrap(), "IncrementalSvd, guard 1");
    learns(|p| IncrementalSvd::<8, 5>::new(&config(p)).unwrap(), "IncrementalSvd, guard 2");
    learns(|p| FrequentDirections::<8, 12>::new(&config(p)).unwrap(), "FrequentDirections");
}
