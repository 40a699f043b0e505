//! A batch against as many single trackers, bit for bit.

use std::vec::Vec;

use super::FapiBatch;
use crate::testing::Random;
use crate::track::fapi::DynFapi;
use crate::track::{Gaps, Judgement, SubspaceTracker, TrackerConfig};

fn config(rank: usize) -> TrackerConfig {
    // Of even rank with patience, so that both ways are gone.
    TrackerConfig { rank, memory_frames: 50.0, patience_frames: if rank.is_multiple_of(2) { 4 } else { 0 } }
}

/// Everything of a tracker that a later frame depends on or a caller sees.
fn state(tracker: &DynFapi) -> Vec<u32> {
    let numbers = [
        tracker.basis(),
        tracker.mean(),
        tracker.root.as_slice(),
        tracker.coordinates(),
        tracker.f.as_slice(),
        tracker.filler.residual.as_slice(),
        tracker.filler.coordinates.as_slice(),
        &tracker.influence.floats(),
    ];
    let numbers = numbers.concat().into_iter().chain([tracker.weight, tracker.noise, tracker.distance]);
    let counts = [tracker.frames as usize, tracker.polish.0, tracker.polish.1, tracker.leaked];
    let policies = Gaps::words(&tracker.filler).into_iter().chain(tracker.influence.words());
    let ages = tracker.filler.age.iter().map(|age| u32::from(*age));
    numbers.map(f32::to_bits).chain(counts.map(|count| count as u32)).chain(policies).chain(ages).collect()
}

fn bits(judgement: &Judgement) -> (u32, u32, usize) {
    (judgement.q.to_bits(), judgement.t2.to_bits(), judgement.observed)
}

/// Frames of correlated streams: a few strong directions, another scale for each stream.
fn frame(random: &mut Random, n: usize, stream: usize) -> Vec<f32> {
    let (a, b) = (random.normal() * 10f64.powi(stream as i32 % 5 - 2), random.normal());
    (0..n)
        .map(|i| {
            ((i as f64 + 0.5).sin() * a + (i * i) as f64 / 100.0 * b + 0.1 * random.normal() + 3.0) as f32
        })
        .collect()
}

/// Runs a batch beside single trackers; `damage` changes a frame of a stream and says whether it is to be learned.
fn beside(
    streams: usize,
    n: usize,
    r: usize,
    frames: usize,
    mut damage: impl FnMut(usize, usize, &mut [f32]) -> bool,
) {
    let mut batch = FapiBatch::new(streams, n, &config(r)).unwrap();
    let mut single: Vec<DynFapi> = (0..streams).map(|_| DynFapi::new(n, &config(r)).unwrap()).collect();
    let mut random = Random::new((n * 100 + r) as u64);
    let (mut judged, mut residual, mut theirs) =
        (vec![Judgement::unjudged(0); streams], vec![0.0; n], vec![0.0; n]);
    for t in 0..frames {
        let mut all: Vec<f32> = (0..streams).flat_map(|s| frame(&mut random, n, s)).collect();
        let taught: Vec<bool> = all.chunks_exact_mut(n).enumerate().map(|(s, x)| damage(t, s, x)).collect();
        if taught.contains(&false) {
            batch.judge(&all, &mut judged);
            batch.learn(|s| taught[s]);
        } else {
            batch.process(&all, &mut judged);
        }
        for (s, (tracker, x)) in single.iter_mut().zip(all.chunks_exact(n)).enumerate() {
            let expected = tracker.judge(x, &mut residual);
            assert_eq!(bits(&judged[s]), bits(&expected), "{n}×{r}, frame {t}, stream {s}");
            batch.residual(s, &mut theirs);
            assert!(
                theirs.iter().zip(&residual).all(|(a, b)| a.to_bits() == b.to_bits()),
                "residual of frame {t}"
            );
            if taught[s] {
                tracker.learn(x, &residual);
            }
            assert_eq!(state(&batch.stream(s)), state(tracker), "{n}×{r}, after frame {t}, stream {s}");
        }
    }
}

#[test]
fn ordinary_streams_get_the_bits_of_single_trackers() {
    let shapes = [
        (8, 8, 3),
        (8, 8, 2),
        (13, 3, 1),
        (1, 1, 1),
        (16, 16, 4),
        (3, 5, 5),
        (3, 7, 6),
        (9, 21, 9),
        (8, 64, 8),
    ];
    for (streams, n, r) in shapes {
        // Beyond frame 800, from which on influence is weighed side by side.
        beside(streams, n, r, 1000, |_, _, _| true);
    }
}

#[test]
fn so_do_streams_with_gaps_spikes_and_pauses() {
    let mut random = Random::new(7);
    for r in [3, 4] {
        beside(11, 8, r, 1200, |t, s, x| {
            let chance = random.uniform();
            match s {
                // A missing entry, a missing half, a dead sensor: the last one puts a stream out of step with its neighbours.
                1 if chance < 0.1 => x[t % 8] = f32::NAN,
                2 if chance < 0.1 => x[..5].fill(f32::INFINITY),
                3 if (300..317).contains(&t) => x.fill(f32::NAN),
                // Spikes that overflow, and almost.
                4 if chance < 0.02 => x[2] = 3e38,
                5 if chance < 0.02 => x[3] = 1e18,
                6 if chance < 0.02 => x.iter_mut().for_each(|x| *x *= 1e4),
                // A channel that appears late, and one that goes for good.
                8 if t < 40 => x[0] = f32::NAN,
                10 if t > 600 => x[1] = f32::NAN,
                // Nothing ever happens.
                7 => x.fill(if t % 2 == 0 { 0.0 } else { -0.0 }),
                _ => {}
            }
            // One stream is held now and then, all of them once.
            !(s == 9 && chance < 0.3 || t == 800)
        });
    }
}

#[test]
fn frames_that_are_learned_twice_count_twice() {
    let (n, r) = (8, 3);
    let mut batch = FapiBatch::new(8, n, &config(r)).unwrap();
    let mut single: Vec<DynFapi> = (0..8).map(|_| DynFapi::new(n, &config(r)).unwrap()).collect();
    let mut random = Random::new(5);
    let (mut judged, mut residual) = ([Judgement::unjudged(0); 8], vec![0.0; n]);
    for t in 0..200 {
        let all: Vec<f32> = (0..8).flat_map(|s| frame(&mut random, n, s)).collect();
        let again = |s: usize| t % 3 == 0 || t % 3 == 1 && s == 2;
        batch.process(&all, &mut judged);
        batch.learn(again);
        for (s, (tracker, x)) in single.iter_mut().zip(all.chunks_exact(n)).enumerate() {
            tracker.process(x, &mut residual);
            if again(s) {
                tracker.learn(x, &residual);
            }
            assert_eq!(state(&batch.stream(s)), state(tracker), "after frame {t}, stream {s}");
        }
    }
}

#[test]
fn a_broken_basis_is_started_again_alone() {
    let (n, r) = (8, 3);
    let mut batch = FapiBatch::new(8, n, &config(r)).unwrap();
    let mut random = Random::new(3);
    let mut judged = [Judgement::unjudged(0); 8];
    for t in 0..200 {
        let all: Vec<f32> = (0..8).flat_map(|s| frame(&mut random, n, s)).collect();
        if t == 100 {
            batch.groups[0].basis.iter_mut().for_each(|w| w.0[5] *= 3.0);
        }
        let mut single = [5, 6].map(|s| batch.stream(s));
        batch.process(&all, &mut judged);
        for (s, tracker) in [5, 6].into_iter().zip(&mut single) {
            let expected = tracker.process(&all[s * n..(s + 1) * n], &mut vec![0.0; n]);
            assert_eq!(bits(&judged[s]), bits(&expected));
            assert_eq!(state(&batch.stream(s)), state(tracker), "after frame {t}, stream {s}");
        }
    }
    assert!(batch.stream(5).frames() < 100 && batch.stream(6).frames() == 200);
}

#[test]
fn impossible_batches_are_refused() {
    assert!(FapiBatch::new(0, 8, &config(3)).is_err());
    assert!(FapiBatch::new(8, 2, &config(3)).is_err());
    let batch = FapiBatch::new(9, 4, &config(2)).unwrap();
    assert_eq!((batch.streams(), batch.channels(), batch.stream(8).rank()), (9, 4, 2));
}
