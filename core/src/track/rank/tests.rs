//! The rules on spectra that are known, and the adapter on streams whose dimension is known.

use super::*;
use crate::track::fapi::tests::streams::Stream;
use crate::track::{Fapi, FrequentDirections, IncrementalSvd, TrackerConfig};
use nalgebra::Const;

fn spectrum(tracked: &[f32], noise: f32, channels: usize) -> Spectrum<'_> {
    Spectrum { tracked, guard: None, noise, channels }
}

#[test]
fn entropy_of_equal_energies_is_the_logarithm_of_their_number() {
    for n in [1usize, 2, 7, 64] {
        let flat = spectrum(&[], 2.5, n);
        assert!((flat.entropy() - (n as f32).ln()).abs() < 1e-5);
    }
    let two = Spectrum { guard: Some(3.0), ..spectrum(&[3.0], 0.0, 9) };
    assert!((two.entropy() - 2f32.ln()).abs() < 1e-6);
    assert!(spectrum(&[0.0], 0.0, 4).entropy().is_nan());
    assert!(spectrum(&[f32::INFINITY], 0.0, 4).entropy().is_nan());
}

#[test]
fn mdl_is_that_of_wax_and_kailath() {
    // Their formula in f64 over all eigenvalues.
    let (values, noise, n, frames) = ([9.0f32, 4.0, 1.0, 0.3, 0.25], 0.2f32, 12usize, 900.0f64);
    let all: std::vec::Vec<f64> =
        (0..n).map(|k| f64::from(values.get(k).copied().unwrap_or(noise))).collect();
    let length = |r: usize| {
        let rest = &all[r..];
        let mean = rest.iter().sum::<f64>() / rest.len() as f64;
        let logs = rest.iter().map(|l| l.ln()).sum::<f64>() / rest.len() as f64;
        frames * rest.len() as f64 * (mean.ln() - logs) + 0.5 * (r * (2 * n - r)) as f64 * frames.ln()
    };
    let best = (0..=5).min_by(|&a, &b| length(a).total_cmp(&length(b))).unwrap();
    assert_eq!(spectrum(&values, noise, n).mdl(frames as f32, 0.0), best);
    assert_eq!(best, 4);
    // White noise has no signal; a floor above everything neither.
    assert_eq!(spectrum(&[1.02, 1.01], 1.0, 12).mdl(900.0, 0.0), 0);
    assert_eq!(spectrum(&values, noise, n).mdl(900.0, 10.0), 0);
}

#[test]
fn energy_has_a_dead_band() {
    let s = [90.0f32, 6.0, 3.0, 1.0];
    let s = spectrum(&s, 0.0, 4);
    let next = |rank| s.by_energy(rank, 0.95, 0.98, 0.0);
    // 0.90 < 0.95 grows; 0.96 and 0.99 stay (0.96 < 0.98); with all four, 0.99 of three is enough.
    assert_eq!([next(1), next(2), next(3), next(4)], [2, 2, 3, 3]);
}

fn adapter<const N: usize, const R: usize>(
    rule: RankRule,
    memory_frames: f32,
) -> RankAdapter<Const<N>, Const<R>> {
    let config = RankConfig { rule, memory_frames, ..RankConfig::default() };
    RankAdapter::with_shape(Const, Const, &config).unwrap()
}

const MDL: RankRule = RankRule::Mdl { frames_per_independent: 1.0 };

/// From rank `first`, along a stream of dimension 3, then 4 (a direction of variance 1 is switched on), then 3 again.
fn follows(mut tracker: impl SubspaceTracker, rule: RankRule, name: &str) {
    let mut stream = Stream::new(12, 4, 95);
    stream.deviations = vec![3.0, 2.0, 1.5, 0.0];
    let mut adapter = adapter::<12, 12>(rule, 500.0);
    let mut e = [0.0; 12];
    for (dimension, deviation) in [(3, 0.0), (4, 1.0), (3, 0.0)] {
        stream.deviations[3] = deviation;
        let mut wrong = 0;
        for t in 0..12_000 {
            tracker.process(&stream.next(), &mut e);
            let report = adapter.observe(&mut tracker, &e);
            // The old direction takes ln(1/0.04) = 3.2 memories to sink into the noise, and a look takes 64 frames, a step 8 looks.
            wrong += usize::from(t > 5000 && report.rank != dimension);
            assert!(report.proposed >= 1 && report.proposed <= 11);
        }
        std::println!("{name}: dimension {dimension}, wrong in {wrong} of 7000; {:?}", adapter.report());
        assert_eq!(wrong, 0, "{name}: dimension {dimension}, {:?}", adapter.report());
    }
    assert!(crate::linalg::orthonormality_error(tracker.basis(), 12) < 1e-5);
}

#[test]
fn the_rank_follows_the_stream_with_every_tracker() {
    for rank in [1, 3, 6] {
        let config = TrackerConfig { rank, memory_frames: 500.0, patience_frames: 0 };
        // Variances 9, 4, 2.25 and perhaps 1 over twelve times 0.04: three hold 98 % or 92 %, four at least 98 %.
        for rule in [MDL, RankRule::Energy { low: 0.95, high: 0.97 }] {
            follows(Fapi::<12, 6>::new(&config).unwrap(), rule, "fapi");
            follows(IncrementalSvd::<12, 6>::new(&config).unwrap(), rule, "svd");
        }
        follows(
            FrequentDirections::<12, 12>::new(&config).unwrap(),
            RankRule::Energy { low: 0.95, high: 0.97 },
            "frequent",
        );
    }
}

#[test]
fn a_fixed_rank_is_never_moved_and_the_tracker_not_touched() {
    let config = TrackerConfig { rank: 2, memory_frames: 200.0, patience_frames: 0 };
    let (mut alone, mut watched) =
        (Fapi::<12, 6>::new(&config).unwrap(), Fapi::<12, 6>::new(&config).unwrap());
    let mut adapter = adapter::<12, 6>(RankRule::Fixed, 200.0);
    let (mut stream, mut e) = (Stream::new(12, 4, 96), [0.0; 12]);
    for _ in 0..3000 {
        let x = stream.next();
        alone.process(&x, &mut e);
        watched.process(&x, &mut e);
        adapter.observe(&mut watched, &e);
    }
    assert_eq!(alone, watched);
    // Variances 16, 9, 4, 1 and noise: an entropy between that of two and of four equal directions.
    let report = adapter.report();
    assert!(report.effective_rank > 2.0 && report.effective_rank < 4.0, "{report:?}");
}

#[test]
fn hostile_residuals_do_no_harm() {
    let config = TrackerConfig { rank: 2, memory_frames: 100.0, patience_frames: 0 };
    let mut tracker = IncrementalSvd::<12, 6>::new(&config).unwrap();
    for rule in [MDL, RankRule::Energy { low: 0.9, high: 0.95 }] {
        let mut adapter = adapter::<12, 6>(rule, 100.0);
        for t in 0..20_000usize {
            let x = [f32::NAN, 0.0, 1e30, -1e18, 1e-40, 1.0][t / 97 % 6];
            let mut e = [0.0; 12];
            tracker
                .process(&core::array::from_fn::<_, 12, _>(|i| if i % 2 == t % 2 { x } else { 1.0 }), &mut e);
            let report = adapter.observe(&mut tracker, &e);
            assert!((1..=6).contains(&report.rank));
            adapter.observe(&mut tracker, &[x; 12]);
        }
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let good = RankConfig::default();
    assert!(good.validate().is_ok());
    for bad in [
        RankConfig { min: 0, ..good },
        RankConfig { min: 5, max: 4, ..good },
        RankConfig { hold: 0, ..good },
        RankConfig { every_frames: 0, ..good },
        RankConfig { noise_floor: f32::NAN, ..good },
        RankConfig { rule: RankRule::Energy { low: 0.9, high: 0.8 }, ..good },
        RankConfig { rule: RankRule::Mdl { frames_per_independent: 0.5 }, ..good },
    ] {
        assert!(bad.validate().is_err(), "{bad:?}");
    }
}
