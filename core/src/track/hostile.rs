//! What every tracker must endure: hostile stretches, silence, forgotten ranks. The makers of streams, and the checks.

use std::vec::Vec;

use super::fapi::tests::streams::{Pool, Stream};
use super::{
    Fapi, FrequentDirections, IncrementalSvd, LeanFapi, RankAdapter, SubspaceTracker, TrackerConfig,
};
use crate::linalg;
use crate::testing::{Random, distance, wide, wide_vector};

const MEMORY: f32 = 100.0;

/// A hostile stretch: what becomes of frame `t`, which was a plain one.
type Stretch = (&'static str, usize, fn(usize, &mut [f32]));

const STRETCHES: [Stretch; 13] = [
    ("all missing for an hour", 900_000, |_, x| x.fill(f32::NAN)),
    ("a channel missing for an hour", 360_000, |_, x| x[2] = f32::NAN),
    ("nine tenths missing", 50_000, |t, x| {
        x.iter_mut()
            .enumerate()
            .filter(|(i, _)| (t * 7919 + i * 104_729) % 97 >= 10)
            .for_each(|(_, x)| *x = f32::NAN);
    }),
    ("a rail", 100_000, |_, x| x.fill(5.0)),
    ("a rail of one channel", 100_000, |_, x| x[2] = 8192.0),
    ("steps of 1e30", 2000, |t, x| x.fill(if t / 100 % 2 == 0 { 1e30 } else { -1e30 })),
    ("one entry of 1e30", 2000, |t, x| x[t % 8] = 1e30),
    ("steps of 1e15", 1000, |t, x| x.fill(if t / 100 % 2 == 0 { 1e15 } else { -1e15 })),
    ("denormals", 20_000, |t, x| {
        x.iter_mut().enumerate().for_each(|(i, x)| *x = ((t * i) % 7) as f32 * 1e-41)
    }),
    ("alternating ±1", 100_000, |t, x| x.fill(if t.is_multiple_of(2) { 1.0 } else { -1.0 })),
    ("a channel twice", 100_000, |_, x| x[1] = x[0]),
    ("one dimension without noise", 100_000, |t, x| {
        x.iter_mut().enumerate().for_each(|(i, x)| *x = (0.37 * (t % 1700) as f32).cos() * (i + 1) as f32);
    }),
    ("all zero", 300_000, |_, x| x.fill(0.0)),
];

/// Everything is finite, W orthonormal, and the spectrum descends.
fn sound(tracker: &impl SubspaceTracker, what: &str) {
    sound_within(tracker, 1e-5, what);
}

fn sound_within(tracker: &impl SubspaceTracker, bound: f32, what: &str) {
    assert!(
        tracker.basis().iter().chain(tracker.mean()).chain(tracker.coordinates()).all(|x| x.is_finite()),
        "{what}"
    );
    let error = linalg::orthonormality_error(tracker.basis(), tracker.channels());
    assert!(error <= bound, "{what}: {error:e}");
    let (mut variances, mut work, mut more) = ([0.0; 16], [0.0; 256], [0.0; 256]);
    let known = tracker.spectrum(&mut variances, &mut work, &mut more);
    assert!(variances[..known].iter().all(|v| v.is_finite() && *v >= 0.0), "{what}: {variances:?}");
    assert!(variances[..known].windows(2).all(|v| v[0] >= v[1]), "{what}: {variances:?}");
    assert!(tracker.noise_variance().is_finite() && tracker.noise_variance() >= 0.0, "{what}");
}

/// The leading axes of a tracker.
fn axes(tracker: &impl SubspaceTracker) -> nalgebra::DMatrix<f64> {
    let (n, r) = (tracker.channels(), tracker.rank());
    let (mut axes, mut variances, mut work) = (vec![0.0; n * r], vec![0.0; r], vec![0.0; 3 * r * r]);
    tracker.principal_axes(&mut axes, &mut variances, &mut work);
    wide(&axes, n)
}

/// A plain stream, a hostile stretch, the plain stream again: learned as by a tracker that saw nothing hostile.
fn endures<T: SubspaceTracker + Clone>(fresh: &T, within: f64) {
    for stretch in STRETCHES {
        endures_one(fresh, within, stretch);
    }
}

fn endures_one<T: SubspaceTracker + Clone>(fresh: &T, within: f64, (what, frames, damage): Stretch) {
    let (mut stream, mut e) = (Stream::new(8, 3, 71), [0.0; 8]);
    let (mut tracker, mut plain) = (fresh.clone(), fresh.clone());
    (0..1000).for_each(|_| _ = tracker.process(&stream.next(), &mut e));
    // A frame drawn now and then is enough under most damages.
    let mut frame: Vec<f32> = stream.next();
    for t in 0..frames {
        if t % 16 == 0 {
            frame = stream.next();
        }
        let mut x = frame.clone();
        damage(t, &mut x);
        let judgement = tracker.process(&x, &mut e);
        assert!(e.iter().all(|e| e.is_finite()) && !(judgement.q < 0.0 || judgement.t2 < 0.0), "{what}");
        assert!(judgement.q.is_nan() == judgement.t2.is_nan(), "{what}");
        if t % 997 == 0 {
            sound(&tracker, what);
        }
    }
    sound(&tracker, what);
    // Energies of 10³⁰ are forgotten to 10⁻³ after ln(10³³) = 76 memories.
    for _ in 0..(90.0 * MEMORY) as usize {
        let x = stream.next();
        tracker.process(&x, &mut e);
        plain.process(&x, &mut e);
    }
    sound(&tracker, what);
    let apart = distance(&axes(&tracker), &axes(&plain));
    assert!(apart <= within, "{what}: {apart} from a tracker that saw nothing hostile");
}

fn config(rank: usize, memory_frames: f32) -> TrackerConfig {
    TrackerConfig { rank, memory_frames, patience_frames: 0 }
}

#[test]
fn fapi_endures() {
    endures(&Fapi::<8, 3>::new(&config(3, MEMORY)).unwrap(), 1e-3);
    endures(&LeanFapi::<8, 3>::new(&config(3, MEMORY)).unwrap(), 1e-3);
}

#[test]
fn fapi_endures_with_patience() {
    endures(&Fapi::<8, 3>::new(&TrackerConfig { patience_frames: 4, ..config(3, MEMORY) }).unwrap(), 1e-3);
}

#[test]
fn the_incremental_svd_endures() {
    endures(&IncrementalSvd::<8, 3>::new(&config(3, MEMORY)).unwrap(), 1e-3);
    endures(&IncrementalSvd::<8, 5>::new(&config(3, MEMORY)).unwrap(), 1e-3);
    // As many directions as channels: nothing is left out.
    endures(&IncrementalSvd::<8, 8>::new(&config(3, MEMORY)).unwrap(), 1e-3);
}

#[test]
fn frequent_directions_endure() {
    // Its axes stand still for up to six frames, not the same ones in both trackers: √(6/100) of the statistical error, which is 0.1.
    endures(&FrequentDirections::<8, 12>::new(&config(3, MEMORY)).unwrap(), 0.03);
}

/// A step of all channels hardly counts for `PATIENCE` − 1 frames; from then on it is learned as without patience.
fn learns_a_lasting_shift<T: SubspaceTracker>(make: impl Fn(&TrackerConfig) -> T, what: &str) {
    const PATIENCE: u16 = 8;
    let config = config(3, MEMORY);
    let (mut patient, mut plain) =
        (make(&TrackerConfig { patience_frames: PATIENCE, ..config }), make(&config));
    let (mut stream, mut e) = (Stream::new(8, 3, 73), [0.0; 8]);
    for _ in 0..3000 {
        let x = stream.next();
        patient.process(&x, &mut e);
        plain.process(&x, &mut e);
    }
    stream.offset.add_scalar_mut(30.0);
    let apart = |a: &[f32], b: &[f32]| (wide_vector(a) - wide_vector(b)).norm();
    let before = patient.mean().to_vec();
    (1..PATIENCE).for_each(|_| _ = patient.process(&stream.next(), &mut e));
    // Of 85, in all channels together, a tracker without patience takes 7 % with seven frames.
    assert!(apart(patient.mean(), &before) < 0.5, "{what}: {}", apart(patient.mean(), &before));
    for _ in 0..(12.0 * MEMORY) as usize {
        let x = stream.next();
        patient.process(&x, &mut e);
        plain.process(&x, &mut e);
    }
    let apart = apart(patient.mean(), plain.mean());
    let turned = distance(&axes(&patient), &axes(&plain));
    std::println!("{what}: means {apart:e} apart, axes {turned:e}");
    assert!(apart < 0.1 && turned < 0.1, "{what}: {apart} {turned}");
}

#[test]
fn a_lasting_shift_is_learned_when_patience_ends() {
    learns_a_lasting_shift(|c| Fapi::<8, 3>::new(c).unwrap(), "Fapi");
    learns_a_lasting_shift(|c| LeanFapi::<8, 3>::new(c).unwrap(), "LeanFapi");
    learns_a_lasting_shift(|c| IncrementalSvd::<8, 5>::new(c).unwrap(), "IncrementalSvd");
    learns_a_lasting_shift(|c| FrequentDirections::<8, 12>::new(c).unwrap(), "FrequentDirections");
}

/// Frames of numbers from the ends of the format, in any order, with ranks that come and go.
fn survives_anything<T: SubspaceTracker + Clone>(fresh: &T, bound: f32, what: &str) {
    let numbers = [
        f32::NAN,
        f32::INFINITY,
        0.0,
        -0.0,
        1.0,
        -1.0,
        1e30,
        -1e30,
        f32::MAX,
        f32::MIN,
        1e-45,
        f32::MIN_POSITIVE,
        1e15,
        -1e15,
        0.5,
        1e-20,
    ];
    for seed in 0..40 {
        let (mut random, mut tracker, mut e) = (Random::new(seed), fresh.clone(), [0.0; 8]);
        for t in 0..3000 {
            let kind = random.bits() % 8;
            let common = numbers[(random.bits() % 16) as usize];
            let x: [f32; 8] = core::array::from_fn(|_| match kind {
                0 => numbers[(random.bits() % 16) as usize],
                1 => common,
                _ => (random.normal() * 10f64.powi((t / 300) - 5)) as f32,
            });
            tracker.process(&x, &mut e);
            assert!(e.iter().all(|e| e.is_finite()));
            match random.bits() % 50 {
                0 => _ = tracker.shrink(),
                1 => _ = tracker.grow(&x, common),
                _ => {}
            }
            sound_within(
                &tracker,
                bound,
                &std::format!("{what}, seed {seed}, frame {t}, kind {kind}, rank {}", tracker.rank()),
            );
        }
    }
}

#[test]
fn every_tracker_survives_anything() {
    // After steps from 10⁻⁵ to 10¹⁵ and back FAPI exceeds 10⁻⁵ for the frames until it is polished: 3·10⁻⁴ is the most that was seen.
    survives_anything(&Fapi::<8, 5>::new(&config(3, 50.0)).unwrap(), 1e-3, "Fapi");
    survives_anything(&IncrementalSvd::<8, 5>::new(&config(3, 50.0)).unwrap(), 1e-5, "IncrementalSvd");
    survives_anything(&IncrementalSvd::<8, 8>::new(&config(3, 2.0)).unwrap(), 1e-5, "IncrementalSvd");
    survives_anything(
        &FrequentDirections::<8, 12>::new(&config(3, 50.0)).unwrap(),
        1e-5,
        "FrequentDirections",
    );
    survives_anything(
        &FrequentDirections::<8, 16>::new(&config(3, 2.0)).unwrap(),
        1e-5,
        "FrequentDirections",
    );
}

/// Largest orthonormality error of the leading axes over a long run of cheap frames.
fn worst<const N: usize>(mut tracker: impl SubspaceTracker, frames: u32) -> f64 {
    let mut pool = Pool::new(N, tracker.rank(), 31);
    let (mut x, mut e, mut worst) = ([0.0; N], [0.0; N], 0.0f64);
    for t in 0..frames {
        pool.fill(&mut x);
        tracker.process(&x, &mut e);
        if t % 65_536 == 0 || t < 100 {
            worst = worst.max(f64::from(linalg::orthonormality_error(tracker.basis(), N)));
            let w = axes(&tracker);
            let r = w.ncols();
            worst = worst.max((w.transpose() * w - nalgebra::DMatrix::identity(r, r)).amax());
        }
    }
    std::println!("{N} channels over {frames}: {worst:e}");
    worst
}

#[test]
fn bases_stay_orthonormal_over_ten_million_frames() {
    assert!(worst::<8>(IncrementalSvd::<8, 5>::new(&config(3, 5000.0)).unwrap(), 10_000_000) <= 1e-5);
    assert!(worst::<8>(FrequentDirections::<8, 12>::new(&config(3, 5000.0)).unwrap(), 10_000_000) <= 1e-5);
    assert!(worst::<32>(IncrementalSvd::<32, 10>::new(&config(8, 5000.0)).unwrap(), 300_000) <= 1e-5);
    assert!(worst::<8>(IncrementalSvd::<8, 8>::new(&config(3, 10.0)).unwrap(), 300_000) <= 1e-5);
}

/// After the frames that a tracker asks for, Q and T² have the level that they keep.
fn warms_up<T: SubspaceTracker + Clone>(fresh: &T, what: &str) {
    let (mut q, mut t2, mut later_q, mut later_t2, mut count) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for seed in 0..60 {
        let (mut stream, mut tracker, mut e) = (Stream::new(8, 3, 200 + seed), fresh.clone(), [0.0; 8]);
        let needed = tracker.warming_up();
        assert_eq!(needed, 40);
        for left in (0..needed).rev() {
            tracker.process(&stream.next(), &mut e);
            assert_eq!(tracker.warming_up(), left);
        }
        for t in 0..1000 {
            let judgement = tracker.process(&stream.next(), &mut e);
            if t < 40 {
                (q, t2, count) = (q + f64::from(judgement.q), t2 + f64::from(judgement.t2), count + 1.0);
            } else if t >= 960 {
                (later_q, later_t2) = (later_q + f64::from(judgement.q), later_t2 + f64::from(judgement.t2));
            }
        }
    }
    std::println!(
        "{what}: after warm-up Q {} T² {}, later {} {}",
        q / count,
        t2 / count,
        later_q / count,
        later_t2 / count
    );
    // r + 1 directions of N = 40 … 80 frames: T² higher by (r + 1)/N, Q by about that too; half as much again for chance.
    assert!((q / later_q - 1.0).abs() < 0.2, "{what}: Q {}", q / later_q);
    assert!((t2 / later_t2 - 1.0).abs() < 0.25, "{what}: T² {}", t2 / later_t2);
}

#[test]
fn warm_up_is_long_enough() {
    warms_up(&Fapi::<8, 3>::new(&config(3, 1000.0)).unwrap(), "fapi");
    warms_up(&IncrementalSvd::<8, 5>::new(&config(3, 1000.0)).unwrap(), "svd");
    warms_up(&FrequentDirections::<8, 12>::new(&config(3, 1000.0)).unwrap(), "frequent");
}

/// Adaptation does no harm to what it adapts, whatever comes.
#[test]
fn an_adapted_tracker_endures_too() {
    use super::{RankConfig, RankRule};
    use nalgebra::Const;
    let rule = RankRule::Mdl { frames_per_independent: 1.0 };
    let config_of_rank =
        RankConfig { rule, memory_frames: MEMORY, every_frames: 8, hold: 2, ..RankConfig::default() };
    for (what, frames, damage) in STRETCHES {
        let mut tracker = Fapi::<8, 6>::new(&config(3, MEMORY)).unwrap();
        let mut adapter =
            RankAdapter::<Const<8>, Const<6>>::with_shape(Const, Const, &config_of_rank).unwrap();
        let (mut stream, mut e) = (Stream::new(8, 3, 72), [0.0; 8]);
        for t in 0..(3000 + frames.min(20_000)) {
            let mut x = stream.next();
            if t >= 1500 && t < 1500 + frames.min(20_000) {
                damage(t, &mut x);
            }
            tracker.process(&x, &mut e);
            adapter.observe(&mut tracker, &e);
            if t % 97 == 0 {
                sound(&tracker, what);
            }
        }
    }
}
