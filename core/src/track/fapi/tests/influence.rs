//! Frames that count for less than one.

use super::super::update::absorb;
use super::Fapi;
use super::reference::Covariance;
use super::streams::Stream;
use crate::linalg;
use crate::testing::{Random, distance, wide, wide_vector};
use crate::track::{SubspaceTracker, TrackerConfig};

const MEMORY: f32 = 500.0;

fn tracker(patience_frames: u16) -> Fapi<8, 3> {
    Fapi::new(&TrackerConfig { rank: 3, memory_frames: MEMORY, patience_frames }).unwrap()
}

#[test]
fn gaussian_frames_count_in_full() {
    // T² + Q/σ² is χ²₈: five times its 90 % point, 67, is exceeded with probability 2·10⁻¹¹.
    let mut stream = Stream::new(8, 3, 81);
    let (mut weighed, mut plain, mut e) = (tracker(8), tracker(0), [0.0; 8]);
    for t in 0..50_000 {
        let x = stream.next();
        weighed.process(&x, &mut e);
        plain.process(&x, &mut e);
        // After a few memories whatever happened in the first frames is forgotten.
        if t > 20_000 && t % 1000 == 0 {
            let d = distance(&wide(weighed.basis(), 8), &wide(plain.basis(), 8));
            assert!(d <= 1e-4, "frame {t}: {d:e}");
        }
    }
}

/// Gross errors of one kind, in a twentieth of the frames.
fn gross(kind: usize, x: &mut [f32], random: &mut Random) {
    if random.uniform() >= 0.05 {
        return;
    }
    let i = (random.bits() % 8) as usize;
    match kind {
        0 => x[i] += 50.0 * random.normal() as f32,
        1 => x[i] = 1e3,
        2 => x.fill(200.0),
        3 => x[i] = 1e15,
        _ => x[i] = -1e30,
    }
}

#[test]
fn gross_frames_are_not_learned() {
    for kind in 0..5 {
        let (mut stream, mut random) = (Stream::new(8, 3, 82), Random::new(82));
        let (mut fapi, mut exact, mut e) = (tracker(8), Covariance::new(8, f64::from(MEMORY)), [0.0; 8]);
        let (mut ours, mut theirs, mut noise) = (0.0, 0.0, 0.0);
        for t in 0..20_000 {
            let mut x = stream.next();
            exact.process(&wide_vector(&x)); // the clean frames
            gross(kind, &mut x, &mut random);
            fapi.process(&x, &mut e);
            if t > 5000 && t % 50 == 0 {
                ours += distance(&wide(fapi.basis(), 8), &stream.basis).powi(2);
                theirs += distance(&exact.principal(3), &stream.basis).powi(2);
                noise += f64::from(fapi.noise_variance()) / 300.0;
            }
        }
        let noise = noise / stream.noise.powi(2);
        let mean = (wide_vector(fapi.mean()) - &stream.offset).norm();
        std::println!(
            "kind {kind}: sin² {:.4} times that of exact PCA without; σ² × {noise:.4}; μ {mean:.3}",
            ours / theirs
        );
        // A twentieth of the frames is lost, and of the normal ones of kind 0 a few are too small to be told.
        assert!(ours / theirs < 1.25, "{}", ours / theirs);
        assert!((noise - 1.0).abs() < 0.1, "{noise}");
        // Standard error √(Σλ/(2·memory)) of the mean, 0.12: three of them.
        assert!(mean < 0.4, "{mean}");
    }
}

#[test]
fn an_anomaly_does_not_hide_the_next_one() {
    let (mut stream, mut fapi, mut e) = (Stream::new(8, 3, 83), tracker(8), [0.0; 8]);
    (0..5000).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
    let burst = |fapi: &mut Fapi<8, 3>, stream: &mut Stream| {
        let mut x = stream.next();
        x[4] += 100.0;
        fapi.process(&x, &mut [0.0; 8])
    };
    let first = burst(&mut fapi, &mut stream);
    for _ in 0..100 {
        (0..4).for_each(|_| _ = burst(&mut fapi, &mut stream));
        (0..20).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
    }
    let last = burst(&mut fapi, &mut stream);
    assert!((last.q / first.q - 1.0).abs() < 0.1, "{first:?} {last:?}");
}

#[test]
fn gross_first_frames_are_forgotten() {
    for (seed, frames) in [(84, 1), (85, 3), (86, 5)] {
        let (mut stream, mut fapi, mut e) = (Stream::new(8, 3, seed), tracker(8), [0.0; 8]);
        let mut plain = tracker(0);
        for t in 0..1000 {
            let mut x = stream.next();
            plain.process(&x, &mut e);
            if t < frames {
                x.iter_mut()
                    .enumerate()
                    .for_each(|(i, x)| *x = 500.0 * if (i + t) % 3 == 0 { -*x } else { *x });
            }
            fapi.process(&x, &mut e);
        }
        let (ours, theirs) = (
            distance(&wide(fapi.basis(), 8), &stream.basis),
            distance(&wide(plain.basis(), 8), &stream.basis),
        );
        std::println!("{frames} gross frames at first: sin {ours:.4}, without {theirs:.4}");
        assert!(ours < 1.5 * theirs, "{ours} {theirs}");
        assert!((wide_vector(fapi.mean()) - wide_vector(plain.mean())).norm() < 0.2);
    }
}

/// Frames after a lasting change until a tracker is where one without weights is after as many.
fn learned_after(patience: u16, mut change: impl FnMut(&mut Stream)) {
    let mut stream = Stream::new(8, 3, 87);
    let (mut weighed, mut plain, mut e) = (tracker(patience), tracker(0), [0.0; 8]);
    for _ in 0..5000 {
        let x = stream.next();
        weighed.process(&x, &mut e);
        plain.process(&x, &mut e);
    }
    change(&mut stream);
    let before = weighed.clone();
    let shifted: std::vec::Vec<_> = (0..1000 + usize::from(patience)).map(|_| stream.next()).collect();
    // The first of them hardly count …
    for x in &shifted[..usize::from(patience) - 1] {
        weighed.process(x, &mut e);
    }
    let early = distance(&wide(weighed.basis(), 8), &wide(before.basis(), 8));
    assert!(early < 0.1, "{early}");
    assert!((wide_vector(weighed.mean()) - wide_vector(before.mean())).norm() < 0.1);
    // … and from the `patience`-th on they are learned as by a tracker without weights that never saw the first.
    for x in &shifted[usize::from(patience) - 1..] {
        weighed.process(x, &mut e);
        plain.process(x, &mut e);
    }
    let d = distance(&wide(weighed.basis(), 8), &wide(plain.basis(), 8));
    let m = (wide_vector(weighed.mean()) - wide_vector(plain.mean())).norm();
    std::println!("patience {patience}: sin {d:.4}, μ {m:.4} from a tracker without weights");
    assert!(d < 0.1 && m < 0.05 * 100.0, "{d} {m}");
}

#[test]
fn a_step_of_the_mean_is_learned_when_patience_ends() {
    for patience in [4, 8, 100] {
        learned_after(patience, |stream| stream.offset.add_scalar_mut(30.0));
    }
}

#[test]
fn a_new_subspace_is_learned_when_patience_ends() {
    for patience in [4, 8, 100] {
        learned_after(patience, |stream| {
            // Loud enough that each of its frames is an outlier.
            let turned = Random::new(99).orthonormal(8, 3);
            stream.basis = turned;
            stream.deviations = std::vec![60.0, 50.0, 40.0];
            stream.noise = 3.0;
        });
    }
}

#[test]
fn what_is_absorbed_is_added_to_the_inverse() {
    let mut random = Random::new(33);
    for (r, weight, beta) in [(1, 1.0, 0.99), (3, 0.3, 0.5), (8, 2.0, 1.0), (8, 1e-6, 0.999)] {
        let mut root: std::vec::Vec<f32> = random.normals(r * r).iter().map(|x| 0.2 * x).collect();
        (0..r).for_each(|k| root[k * r + k] += 1.0);
        let (y, before) = (random.normals(r), wide(&root, r));
        let (mut f, mut h) = (std::vec![0.0; r], std::vec![0.0; r]);
        linalg::project(&root, &y, &mut f);
        linalg::multiply(&root, &f, &mut h);
        let growth = (1.0 / beta as f64).sqrt() as f32;
        let gain = 1.0 / (beta + weight * linalg::energy(&f));
        absorb(&mut root, &f, &h, [weight, gain, beta, growth]);
        let square = |s: &nalgebra::DMatrix<f64>| (s * s.transpose()).try_inverse().unwrap();
        let y = wide_vector(&y);
        let law = square(&before) * f64::from(beta) + &y * y.transpose() * f64::from(weight);
        let error = (square(&wide(&root, r)) - &law).norm() / law.norm();
        assert!(error < 1e-4, "{r} {weight} {beta}: {error:e}");
    }
    // A number that overflowed changes nothing.
    let mut root = [1.0, 0.0, 0.0, 1.0];
    absorb(&mut root, &[f32::MAX, 1.0], &[0.0; 2], [1.0, f32::NAN, 0.9, 1.1]);
    assert_eq!(root, [1.0, 0.0, 0.0, 1.0]);
}
