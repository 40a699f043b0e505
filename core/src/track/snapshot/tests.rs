//! Every tracker goes on bit for bit after a restore, and refuses everything that is not its state.

use super::*;
use crate::testing::Random;
use crate::track::fapi::tests::streams::Stream;
use crate::track::{Fapi, FrequentDirections, IncrementalSvd, SubspaceTracker, TrackerConfig};
use std::vec::Vec;

const CONFIG: TrackerConfig = TrackerConfig { rank: 3, memory_frames: 200.0, patience_frames: 4 };

fn saved(tracker: &impl Snapshot) -> Vec<u8> {
    let mut bytes = vec![0xAA; tracker.snapshot_len() + 3];
    let length = tracker.save(&mut bytes).unwrap();
    assert_eq!(length, tracker.snapshot_len());
    assert!(bytes[length..].iter().all(|b| *b == 0xAA));
    bytes.truncate(length);
    bytes
}

/// Frames with holes, and now and then one that cannot be judged.
fn frame(stream: &mut Stream, random: &mut Random) -> Vec<f32> {
    let mut x = stream.next();
    match random.bits() % 40 {
        0 => x.fill(f32::NAN),
        1 => x.fill(1e30),
        k => x.iter_mut().skip(k as usize).step_by(5).for_each(|x| *x = f32::NAN),
    }
    x
}

/// Saved between any two calls, the copy goes on as the original does.
fn goes_on<T: SubspaceTracker + Snapshot>(make: impl Fn() -> T) {
    let (mut stream, mut random) = (Stream::new(8, 3, 7), Random::new(7));
    let mut tracker = make();
    let (mut e, mut f) = ([0.0; 8], [0.0; 8]);
    for t in 0..400 {
        let x = frame(&mut stream, &mut random);
        let between = t % 3 == 0;
        tracker.judge(&x, &mut e);
        if !between {
            tracker.learn(&x, &e);
        }
        let mut copy = make();
        // It has seen something else before.
        (0..5).for_each(|_| _ = copy.process(&[1.0, 5.0, -3.0, 2.0, 0.5, 0.1, 8.0, 1.0], &mut f));
        copy.restore(&saved(&tracker)).unwrap();
        assert_eq!(saved(&copy), saved(&tracker));
        if between {
            tracker.learn(&x, &e);
            copy.learn(&x, &e);
        }
        let mut ahead = (Stream::new(8, 3, t), Random::new(t));
        // The original must not move: what it would do is done by a second copy of it.
        let mut original = make();
        original.restore(&saved(&tracker)).unwrap();
        for _ in 0..30 {
            let x = frame(&mut ahead.0, &mut ahead.1);
            let (a, b) = (original.process(&x, &mut e), copy.process(&x, &mut f));
            assert_eq!(
                (a.q.to_bits(), a.t2.to_bits(), a.observed),
                (b.q.to_bits(), b.t2.to_bits(), b.observed)
            );
            assert_eq!(e.map(f32::to_bits), f.map(f32::to_bits));
        }
        assert_eq!(saved(&copy), saved(&original));
    }
    // And the one that was never restored.
    let mut copy = make();
    copy.restore(&saved(&tracker)).unwrap();
    for _ in 0..2000 {
        let x = frame(&mut stream, &mut random);
        let (a, b) = (tracker.process(&x, &mut e), copy.process(&x, &mut f));
        assert_eq!(
            (a.q.to_bits(), a.t2.to_bits(), e.map(f32::to_bits)),
            (b.q.to_bits(), b.t2.to_bits(), f.map(f32::to_bits))
        );
    }
    assert_eq!(saved(&copy), saved(&tracker));
}

#[test]
fn every_tracker_goes_on_bit_for_bit() {
    goes_on(|| Fapi::<8, 5>::new(&CONFIG).unwrap());
    goes_on(|| IncrementalSvd::<8, 5>::new(&CONFIG).unwrap());
    goes_on(|| FrequentDirections::<8, 12>::new(&CONFIG).unwrap());
}

/// A flipped bit anywhere, a cut anywhere, something appended: refused, and the tracker as it was.
fn refuses_damage<T: SubspaceTracker + Snapshot>(mut tracker: T) {
    let (mut stream, mut e) = (Stream::new(8, 3, 8), [0.0; 8]);
    (0..100).for_each(|_| _ = tracker.process(&stream.next(), &mut e));
    let good = saved(&tracker);
    (0..10).for_each(|_| _ = tracker.process(&stream.next(), &mut e));
    let before = saved(&tracker);
    for bit in 0..8 * good.len() {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let error = tracker.restore(&bad).unwrap_err();
        match bit / 8 {
            0..4 => assert_eq!(error, SnapshotError::NotASnapshot),
            4..6 => assert!(matches!(error, SnapshotError::Version { .. })),
            8..12 => assert!(matches!(error, SnapshotError::Length { .. })),
            _ => assert_eq!(error, SnapshotError::Damaged),
        }
    }
    for cut in 0..good.len() {
        assert!(matches!(tracker.restore(&good[..cut]), Err(SnapshotError::Length { .. })), "{cut}");
    }
    let mut long = good.clone();
    long.push(0);
    assert_eq!(
        tracker.restore(&long),
        Err(SnapshotError::Length { expected: good.len(), found: good.len() + 1 })
    );
    let mut short = vec![0; before.len() - 1];
    let error = SnapshotError::Length { expected: before.len(), found: before.len() - 1 };
    assert_eq!(tracker.save(&mut short), Err(error));
    assert_eq!(saved(&tracker), before);
    tracker.restore(&good).unwrap();
}

#[test]
fn damaged_bytes_are_refused_and_change_nothing() {
    refuses_damage(Fapi::<8, 5>::new(&CONFIG).unwrap());
    refuses_damage(IncrementalSvd::<8, 5>::new(&CONFIG).unwrap());
    refuses_damage(FrequentDirections::<8, 12>::new(&CONFIG).unwrap());
}

#[test]
fn another_shape_or_tracker_is_refused_by_name() {
    let shape = |field, found, expected| Err(SnapshotError::Shape { field, found, expected });
    let (fapi, svd) = (Fapi::<8, 5>::new(&CONFIG).unwrap(), IncrementalSvd::<8, 5>::new(&CONFIG).unwrap());
    let frequent = FrequentDirections::<8, 12>::new(&CONFIG).unwrap();
    assert_eq!(Fapi::<9, 5>::new(&CONFIG).unwrap().restore(&saved(&fapi)), shape("channels", 8, 9));
    let two = TrackerConfig { rank: 2, ..CONFIG };
    assert_eq!(Fapi::<8, 2>::new(&two).unwrap().restore(&saved(&fapi)), shape("rank", 3, 2));
    // Room for more is no other shape: the rank is a run-time value.
    assert_eq!(Fapi::<8, 3>::new(&two).unwrap().restore(&saved(&fapi)), Ok(()));
    let mut other = IncrementalSvd::<8, 4>::new(&CONFIG).unwrap();
    assert_eq!(other.restore(&saved(&svd)), shape("directions", 5, 4));
    assert_eq!(other.restore(&saved(&fapi)), Err(SnapshotError::Kind { found: 1 }));
    let mut other = FrequentDirections::<8, 10>::new(&CONFIG).unwrap();
    assert_eq!(other.restore(&saved(&frequent)), shape("axes", 6, 5));
    assert_eq!(other.restore(&saved(&svd)), Err(SnapshotError::Kind { found: 2 }));
}

/// Changes the word or float at byte `at` and makes the checksum fit again.
fn forged(good: &[u8], at: usize, value: [u8; 4]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    bytes[at..at + 4].copy_from_slice(&value);
    let end = bytes.len() - TRAILER;
    let sum = crc32(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&sum);
    bytes
}

/// A checksum that fits does not make numbers possible. What is taken nevertheless leaves a tracker that works.
fn refuses_forgery<T: SubspaceTracker + Snapshot>(make: impl Fn() -> T) {
    let (mut stream, mut e) = (Stream::new(8, 3, 9), [0.0; 8]);
    let mut tracker = make();
    (0..103).for_each(|_| _ = tracker.process(&stream.next(), &mut e));
    let good = saved(&tracker);
    let wild = [f32::NAN, f32::INFINITY, f32::MAX, -f32::MAX, 1e20, -1.0, 0.0, 1e-45];
    let (mut taken, mut refused) = (0, 0);
    for at in (HEADER..good.len() - TRAILER).step_by(4) {
        let floats = wild.iter().map(|x| x.to_le_bytes());
        for value in floats.chain([u32::MAX.to_le_bytes(), 7u32.to_le_bytes()]) {
            let mut tracker = make();
            match tracker.restore(&forged(&good, at, value)) {
                Ok(()) => taken += 1,
                Err(_) => {
                    refused += 1;
                    assert_eq!(saved(&tracker), saved(&make()));
                }
            }
            for _ in 0..20 {
                tracker.process(&stream.next(), &mut e);
                assert!(e.iter().all(|e| e.is_finite()));
            }
            assert!(tracker.rank() <= 8 && tracker.basis().iter().all(|w| w.is_finite()));
        }
    }
    assert!(taken > 0 && refused > taken, "{taken} {refused}");
}

#[test]
fn forged_numbers_are_refused_or_do_no_harm() {
    refuses_forgery(|| Fapi::<8, 5>::new(&CONFIG).unwrap());
    refuses_forgery(|| IncrementalSvd::<8, 5>::new(&CONFIG).unwrap());
    refuses_forgery(|| FrequentDirections::<8, 12>::new(&CONFIG).unwrap());
}

#[cfg(all(feature = "serde", feature = "alloc"))]
#[test]
fn run_time_shapes_are_serialised_as_their_bytes() {
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, SeqDeserializer};

    let (mut stream, mut e) = (Stream::new(8, 3, 10), [0.0; 8]);
    let mut tracker = crate::track::DynFrequentDirections::new(8, 6, &CONFIG).unwrap();
    (0..100).for_each(|_| _ = tracker.process(&stream.next(), &mut e));
    let good = saved(&tracker);
    // Any format without bytes of its own, such as JSON, has a sequence of numbers.
    let sequence = |bytes: &[u8]| {
        let items: Vec<u8> = bytes.to_vec();
        crate::track::DynFrequentDirections::deserialize(SeqDeserializer::<_, Error>::new(items.into_iter()))
    };
    assert_eq!(saved(&sequence(&good).unwrap()), good);
    assert!(
        crate::track::DynFapi::deserialize(IntoDeserializer::<Error>::into_deserializer(&good[..])).is_err()
    );
    let mut bad = good.clone();
    bad[50] ^= 1;
    assert!(sequence(&bad).is_err() && sequence(&good[..40]).is_err());
}

#[test]
fn the_checksum_is_the_standard_one() {
    // The check value of the catalogue of CRCs.
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}
