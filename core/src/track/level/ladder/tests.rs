//! The two scales against single levels, what the coarse one adds, and how soon both are back after a fault.

use std::vec::Vec;

use super::{LEAST, Ladder, SCALE_FACTOR};
use crate::testing::Random;
use crate::track::{Level, LevelConfig};

const NONE: [f32; 2] = [f32::INFINITY; 2];

#[test]
fn the_scales_are_levels_of_frames_and_of_means_of_four() {
    let config = LevelConfig { scales: 2, ..LevelConfig::default() };
    let (mut ladder, mut fine, mut coarse) = (Ladder::new(), Level::new(), Level::new());
    let (mut random, mut mean, mut known) = (Random::new(31), Vec::new(), 0);
    let mut last = f32::NAN;
    for t in 0..4_000 {
        let x = if t % 97 < 3 { f32::NAN } else { 5.0 + random.normal() as f32 };
        let [a, b] = ladder.process(&config, x, &NONE);
        assert_eq!(a.to_bits(), fine.process(&config, x, f32::INFINITY).to_bits(), "{t}");
        mean.extend(Some(x).filter(|x| !x.is_nan()));
        if t % 4 == 3 {
            last = coarse.process(&config, mean.iter().sum::<f32>() / mean.len() as f32, f32::INFINITY);
            mean.clear();
        }
        // Missing in a frame without a sample, and until the coarse scale rests on enough; it may be set back by chance.
        if !b.is_nan() {
            known += 1;
            assert!(b.to_bits() == last.to_bits() || b < last, "{t}: {b} {last}");
        }
    }
    // White noise through the smoother: τ ≈ 20 steps.
    let first = LEAST * 20.0 * SCALE_FACTOR as f32;
    assert!(known as f32 > 4_000.0 - 2.0 * first && (known as f32) < 4_000.0 - 0.5 * first, "{known}");
}

#[test]
fn one_scale_is_a_level() {
    let config = LevelConfig { scales: 1, ..LevelConfig::default() };
    let (mut ladder, mut level, mut random) = (Ladder::new(), Level::new(), Random::new(32));
    for t in 0..3_000 {
        let x = random.normal() as f32 + if t > 2_000 { 3.0 } else { 0.0 };
        let [fine, coarse] = ladder.process(&config, x, &[4.0; 2]);
        assert_eq!(fine.to_bits(), level.process(&config, x, 4.0).to_bits());
        assert!(coarse.is_nan());
    }
}

/// Frames of 600 with an alarm, and of the 400 before, of a step of `size` standard deviations after 3,000 frames: at the limit that normal
/// noise exceeds once in 10,000 independent frames.
fn seen(scales: u32, size: f32) -> (usize, usize) {
    let config = LevelConfig { scales, ..LevelConfig::default() };
    let limit = 3.9;
    let (mut inside, mut before) = (0, 0);
    for seed in 0..20 {
        let (mut ladder, mut random) = (Ladder::new(), Random::new(500 + seed));
        for t in 0..3_600 {
            let x = random.normal() as f32 + if t >= 3_000 { size } else { 0.0 };
            let [fine, coarse] = ladder.process(&config, x, &[limit; 2]);
            let alarm = fine > limit || coarse > limit;
            inside += usize::from(alarm && t >= 3_000);
            before += usize::from(alarm && (2_600..3_000).contains(&t));
        }
    }
    (inside, before)
}

#[test]
fn a_small_lasting_step_is_seen_on_the_coarse_scale() {
    let (one, two) = (seen(1, 0.6), seen(2, 0.6));
    std::println!("0.6 deviations: {one:?} of 12,000 frames on one scale, {two:?} on two");
    assert!(two.0 > 20 * one.0 && two.0 > 3_000 && two.1 < 80, "{one:?} {two:?}");
    // A large one is seen by either.
    let (one, two) = (seen(1, 2.0), seen(2, 2.0));
    assert!(one.0 > 11_000 && two.0 + 100 > one.0, "{one:?} {two:?}");
}

/// Frames with an alarm after a step of `size` has ended.
fn tail(scales: u32, size: f32) -> u32 {
    let config = LevelConfig { scales, ..LevelConfig::default() };
    let (mut ladder, mut random, mut after) = (Ladder::new(), Random::new(41), 0);
    for t in 0..4_500 {
        let x = random.normal() as f32 + if (3_000..3_300).contains(&t) { size } else { 0.0 };
        let [fine, coarse] = ladder.process(&config, x, &[4.0; 2]);
        after += u32::from(t >= 3_300 && (fine > 4.0 || coarse > 4.0));
    }
    after
}

/// A smoothed level comes back in 10·ln(height/limit) frames, the coarse one in four times as many. Bounded samples and setting back
/// make that a matter of the limit alone.
#[test]
fn the_alarm_ends_soon_after_a_fault_of_any_size() {
    for size in [2.0, 10.0, 1e3, 1e6] {
        let (one, two) = (tail(1, size), tail(2, size));
        std::println!("a step of {size} deviations: {one} and {two} frames");
        assert!(one < 30 && two < 60, "{size}: {one} {two}");
    }
}

/// The new level is taken as the normal one wherever it is, and is judged by the noise that was known.
#[test]
fn a_gross_change_that_lasts_is_learned() {
    let config = LevelConfig { scales: 2, ..LevelConfig::default() };
    let (mut ladder, mut random, mut late) = (Ladder::new(), Random::new(42), 0);
    for t in 0..6_000 {
        let x = random.normal() as f32 + if t >= 3_000 { 1e4 } else { 0.0 };
        let [fine, coarse] = ladder.process(&config, x, &[4.5; 2]);
        late += u32::from(t >= 4_200 && (fine > 4.5 || coarse > 4.5));
    }
    assert!(late < 20, "{late}");
}
