//! How long a tracker needs after a hostile stretch until it is as good as before.
//!
//! A plain stream (three directions of deviation 3, 2, 1 in sixteen channels over noise 0.2), a hostile stretch, the plain stream
//! again.

use eigenstream_core::track::SubspaceTracker;

use crate::stats::SplitMix64;

/// Channels of the stream.
pub const CHANNELS: usize = 16;
/// Its dimension.
pub const RANK: usize = 3;
/// Frames before the stretch.
const BEFORE: usize = 10_000;
/// Frames over which the residual is averaged.
const WINDOW: usize = 100;
/// Recovered is a mean residual within this factor of that before: ten standard errors of such a mean.
const WITHIN: f64 = 1.25;

/// A hostile stretch.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// As part of a figure's key.
    pub key: &'static str,
    /// As a table says it.
    pub name: &'static str,
    frames: usize,
    damage: fn(t: usize, x: &mut [f32]),
}

/// All stretches, each with its number of frames.
pub const STRETCHES: [Stretch; 8] = [
    Stretch {
        key: "gone",
        name: "all missing, 1 h at 250 Hz",
        frames: 900_000,
        damage: |_, x| x.fill(f32::NAN),
    },
    Stretch {
        key: "rail",
        name: "all channels at a rail of 5, 10⁵ frames",
        frames: 100_000,
        damage: |_, x| x.fill(5.0),
    },
    Stretch {
        key: "huge",
        name: "±1e30, 10³ frames",
        frames: 1_000,
        damage: |t, x| x.fill(if t.is_multiple_of(2) { 1e30 } else { -1e30 }),
    },
    Stretch { key: "step", name: "one frame with an entry of 1e6", frames: 1, damage: |_, x| x[0] = 1e6 },
    Stretch { key: "denormal", name: "1e-40, 10⁵ frames", frames: 100_000, damage: |_, x| x.fill(1e-40) },
    Stretch {
        key: "alternating",
        name: "±1 by turns, 10⁵ frames",
        frames: 100_000,
        damage: |t, x| {
            x.iter_mut()
                .enumerate()
                .for_each(|(i, x)| *x = if (t + i).is_multiple_of(2) { 1.0 } else { -1.0 });
        },
    },
    Stretch {
        key: "duplicate",
        name: "a channel twice, 10⁵ frames",
        frames: 100_000,
        damage: |_, x| x[1] = x[0],
    },
    Stretch {
        key: "line",
        name: "rank one without noise, 10⁵ frames",
        frames: 100_000,
        damage: |t, x| {
            x.iter_mut()
                .enumerate()
                .for_each(|(i, x)| *x = (0.37 * (t % 1700) as f32).cos() * (i + 1) as f32);
        },
    },
];

/// What happened.
#[derive(Clone, Copy, Debug)]
pub struct Recovery {
    /// Frames until the mean residual of 100 frames was as before; `None` if it was not within `most`.
    pub frames: Option<usize>,
    /// Largest |WᵀW − I| afterwards, looked at every 64 frames.
    pub orthonormality: f32,
}

/// Frames of the plain stream.
struct Plain {
    random: SplitMix64,
    mixing: Vec<f32>,
}

impl Plain {
    fn new() -> Self {
        // Directions are cosines, orthogonal to each other.
        let mixing = (0..CHANNELS * RANK).map(|i| {
            let (row, k) = ((i % CHANNELS) as f64, (i / CHANNELS) as f64 + 2.0);
            let axis = (std::f64::consts::PI * (row + 0.5) * k / CHANNELS as f64).cos();
            ((RANK - i / CHANNELS) as f64 * axis * (2.0 / CHANNELS as f64).sqrt()) as f32
        });
        Self { random: SplitMix64::new(20_261_121), mixing: mixing.collect() }
    }

    fn normal(&mut self) -> f32 {
        let (u, v) = (self.random.uniform().max(1e-300), self.random.uniform());
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    }

    fn fill(&mut self, x: &mut [f32]) {
        for x in &mut *x {
            *x = 1.0 + 0.2 * self.normal();
        }
        for k in 0..RANK {
            let s = self.normal();
            x.iter_mut().zip(&self.mixing[k * CHANNELS..]).for_each(|(x, m)| *x += s * m);
        }
    }
}

/// Sends a tracker of [`CHANNELS`] channels and rank [`RANK`] through a stretch, and watches it for `most` frames afterwards.
pub fn recover(tracker: &mut impl SubspaceTracker, stretch: &Stretch, most: usize) -> Recovery {
    let mut plain = Plain::new();
    let (mut x, mut e) = ([0.0; CHANNELS], [0.0; CHANNELS]);
    let mut level = 0.0;
    for t in 0..BEFORE {
        plain.fill(&mut x);
        let judgement = tracker.process(&x, &mut e);
        level += if t >= BEFORE / 2 { f64::from(judgement.q) / (BEFORE / 2) as f64 } else { 0.0 };
    }
    for t in 0..stretch.frames {
        plain.fill(&mut x);
        (stretch.damage)(t, &mut x);
        tracker.process(&x, &mut e);
    }
    let (mut frames, mut sum, mut orthonormality) = (None, 0.0, 0.0f32);
    for t in 1..=most {
        plain.fill(&mut x);
        let judgement = tracker.process(&x, &mut e);
        sum += if judgement.is_judged() { f64::from(judgement.q) } else { f64::INFINITY };
        if t % 64 == 0 {
            let error = eigenstream_core::linalg::orthonormality_error(tracker.basis(), CHANNELS);
            orthonormality = orthonormality.max(error);
        }
        if t.is_multiple_of(WINDOW) {
            if frames.is_none() && sum <= WITHIN * level * WINDOW as f64 {
                frames = Some(t - WINDOW);
            }
            sum = 0.0;
        }
    }
    Recovery { frames, orthonormality }
}
