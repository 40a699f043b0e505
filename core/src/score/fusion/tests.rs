//! Against the formula in `f64`, and what it promises.

use std::vec::Vec;

use super::{Evidence, Fused, fuse};
use crate::testing::Random;

fn of(channels: &[Evidence]) -> Fused {
    fuse(channels.iter().copied())
}

fn channel(excess: f32, scatter: f32, count: u32) -> Evidence {
    Evidence { excess, scatter, count }
}

/// By definition.
fn reference(channels: &[Evidence]) -> f64 {
    let known: Vec<_> = channels.iter().filter(|c| c.count > 0).collect();
    let weight = |c: &Evidence| f64::from(c.count.min(1_000));
    let total: f64 = known.iter().map(|c| weight(c)).sum();
    let common = known.iter().map(|c| weight(c) * f64::from(c.scatter)).sum::<f64>() / total;
    let z = |c: &Evidence| match c.excess.is_nan() {
        true => 0.0,
        false => f64::from(c.excess) / ((f64::from(c.scatter) + common) / 2.0),
    };
    let sum: f64 = known.iter().map(|c| weight(c) * z(c).exp()).sum();
    common * (sum / total).ln()
}

#[test]
fn it_is_the_formula() {
    let mut random = Random::new(71);
    let mut worst = 0f64;
    for _ in 0..2_000 {
        let n = 2 + (random.bits() % 60) as usize;
        let channels: Vec<Evidence> = (0..n)
            .map(|_| {
                let scatter = (0.3 + 9.0 * random.uniform()) as f32;
                let excess =
                    scatter * (random.normal() as f32) * if random.uniform() < 0.1 { 20.0 } else { 1.0 };
                let excess = if random.uniform() < 0.1 { f32::NAN } else { excess };
                channel(excess, scatter, (random.bits() % 3_000) as u32)
            })
            .collect();
        if channels.iter().filter(|c| c.count > 0).count() < 2 || channels.iter().all(|c| c.excess.is_nan()) {
            continue;
        }
        let expected = reference(&channels);
        worst = worst.max((f64::from(of(&channels).score) - expected).abs() / (1.0 + expected.abs()));
    }
    std::println!("{worst:e} off");
    // Scores reach 1,000 dB: half a dozen roundings, of numbers as large as the score and of the sums.
    assert!(worst < 6.0 * f64::from(f32::EPSILON), "{worst:e}");
}

#[test]
fn a_single_channel_gives_back_its_excess() {
    for excess in [3.7, -12.0, 0.0, 1e-20, 333.3, f32::NAN] {
        for (scatter, count) in [(0.0, 1), (4.4, 40), (1e-9, 5_000)] {
            let alone = of(&[Evidence::NONE, channel(excess, scatter, count), Evidence::NONE]);
            assert_eq!((alone.score.to_bits(), alone.channel), (excess.to_bits(), 1));
        }
    }
    assert!(of(&[]).score.is_nan() && of(&[Evidence::NONE; 3]).score.is_nan());
}

#[test]
fn neither_order_nor_copies_of_all_matter() {
    let mut random = Random::new(72);
    let channels: Vec<Evidence> =
        (0..17).map(|i| channel(6.0 * random.normal() as f32, 1.0 + i as f32, 400 + 100 * i)).collect();
    let score = of(&channels).score;
    let mut other = channels.clone();
    for _ in 0..100 {
        let (a, b) = ((random.bits() % 17) as usize, (random.bits() % 17) as usize);
        other.swap(a, b);
        assert_eq!(of(&other).score.to_bits(), score.to_bits());
    }
    let twice: Vec<Evidence> = channels.iter().flat_map(|&c| [c, c]).collect();
    assert!((of(&twice).score - score).abs() < 1e-5);
}

#[test]
fn one_is_lowered_by_the_number_of_channels_and_all_are_not() {
    let quiet = channel(-60.0, 3.0, 5_000);
    for n in [2usize, 8, 40] {
        let mut channels = std::vec![quiet; n];
        channels[1].excess = 30.0;
        let expected = 30.0 - 3.0 * (n as f32).ln();
        assert!((of(&channels).score - expected).abs() < 1e-3);
        assert_eq!(of(&channels).channel, 1);
        channels.iter_mut().for_each(|c| c.excess = 30.0);
        assert!((of(&channels).score - 30.0).abs() < 1e-4);
    }
}

/// A wild channel does not outshout a calm one, and one that hardly moves is not blown up beyond twice itself.
#[test]
fn scatter_is_taken_halfway() {
    let channels = [
        channel(20.0, 12.0, 5_000),
        channel(12.0, 1.0, 5_000),
        channel(0.0, 1.0, 5_000),
        channel(0.0, 1.0, 5_000),
    ];
    assert_eq!(of(&channels).channel, 1);
    let still = channel(5.0, 0.0, 5_000);
    assert!((9.5..10.0).contains(&still.scaled(3.0)) && still.scaled(f32::NAN) == 5.0);
    // Nobody has a scatter: decibels as they are.
    let score = of(&[still, still]).score;
    assert!((score - 5.0).abs() < 1e-5, "{score}");
}

/// A channel that comes alive, stops being judged, or returns, moves the score by less than what it says itself.
#[test]
fn channels_come_and_go_without_a_step() {
    let others = [channel(9.0, 3.0, 5_000), channel(-2.0, 2.0, 5_000)];
    let with = |c: Evidence| of(&[others[0], others[1], c]).score;
    let before = with(Evidence::NONE);
    let mut last = before;
    for count in 1..3_000 {
        let score = with(channel(0.0, 0.0f32.max(3.0 * (count.min(50) as f32) / 50.0), count));
        assert!((score - last).abs() < 0.03, "{count}: {last} {score}");
        last = score;
    }
    // As usual, or not judged: the same.
    assert_eq!(with(channel(0.0, 3.0, 5_000)).to_bits(), with(channel(f32::NAN, 3.0, 5_000)).to_bits());
    // Nobody is judged.
    assert!(of(&[channel(f32::NAN, 3.0, 9), channel(f32::NAN, 1.0, 9)]).score.is_nan());
}

#[test]
fn hostile_evidence() {
    let numbers = [0.0, 380.0, -380.0, 1e30, -1e30, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    for a in numbers {
        for b in numbers {
            for s in [0.0, 1e-38, 300.0, f32::MAX, f32::INFINITY, f32::NAN] {
                let fused = of(&[channel(a, s, 7), channel(b, 2.0, u32::MAX), channel(1.0, 1.0, 900)]);
                assert!(fused.channel < 3);
                let told = [a, b].iter().all(|x| x.is_nan() || x.abs() <= 1e20);
                assert!(fused.score.is_finite() || !told, "{a} {b} {s}: {fused:?}");
            }
        }
    }
    // What the monitor can say, all of it at once: finite.
    let many: Vec<Evidence> = (0..70_000).map(|i| channel((i % 700) as f32 - 350.0, 380.0, i)).collect();
    assert!(of(&many).score.is_finite());
}
