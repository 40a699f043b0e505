//! Faults planted in a stream: how many channels they touch, how long, how large.

use super::streams::Stream;
use crate::stats::SplitMix64;
use crate::synthetic::normal;

/// A stream with planted faults.
#[derive(Clone, Debug)]
pub struct Planted {
    /// Samples of a frame.
    pub channels: usize,
    /// Frames one after the other.
    pub values: Vec<f32>,
    /// Whether a fault is on.
    pub labels: Vec<bool>,
}

/// Frames for each fault; it lies somewhere inside.
const SLOT: usize = 900;

/// Shortest and longest fault, in frames.
const DURATIONS: (f64, f64) = (20.0, 500.0);

/// What a fault does to a channel.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Step,
    Ramp,
    Noise,
    Wave { period: f64 },
    Gain,
}

/// Plants faults from frame `first` on, one in each 900 frames. Each touches `touched` channels that vary, all at about the same time and in the
/// same way, by `size` (of the geometric mean of the channel's deviation and that of its differences; scattered by 40 % from channel to channel).
#[must_use]
pub fn plant(stream: &Stream, first: usize, touched: usize, size: f64, seed: u64) -> Planted {
    let mut random = SplitMix64::new(seed);
    let (channels, frames) = (stream.channels, stream.frames());
    let scales: Vec<(f64, f64)> = (0..channels).map(|i| mean_and_scale(stream, i)).collect();
    let lively: Vec<usize> = (0..channels).filter(|&i| scales[i].1 > 0.0).collect();
    let (mut values, mut labels) = (stream.values.clone(), vec![false; frames]);
    let mut slot = first;
    while slot + SLOT <= frames {
        let (low, high) = DURATIONS;
        let duration = (low * (high / low).powf(random.uniform())) as usize;
        let start = slot + 100 + random.below(SLOT - 200 - duration);
        let kind = match random.below(5) {
            0 => Kind::Step,
            1 => Kind::Ramp,
            2 => Kind::Noise,
            3 => Kind::Wave { period: 4.0 * 16f64.powf(random.uniform()) },
            _ => Kind::Gain,
        };
        let mut rest = lively.clone();
        for _ in 0..touched.min(lively.len()) {
            let i = rest.swap_remove(random.below(rest.len()));
            let sign = if random.below(2) == 0 { 1.0 } else { -1.0 };
            let height = sign * size * (0.4 * normal(&mut random)).exp();
            for t in start..start + duration {
                let x = &mut values[t * channels + i];
                let part = (t - start + 1) as f64 / duration as f64;
                let (mean, scale) = scales[i];
                let change = match kind {
                    Kind::Step => height * scale,
                    Kind::Ramp => 2.0 * height * part * scale,
                    Kind::Noise => height * normal(&mut random) * scale,
                    Kind::Wave { period } => {
                        height * (std::f64::consts::TAU * (t - start) as f64 / period).sin() * scale
                    }
                    Kind::Gain => 0.5 * height * (f64::from(*x) - mean),
                };
                *x = (f64::from(*x) + change) as f32;
            }
        }
        labels[start..start + duration].fill(true);
        slot += SLOT;
    }
    Planted { channels, values, labels }
}

/// Mean of a channel, and the geometric mean of its deviation and that of its differences; 0 for a channel with two values or one.
fn mean_and_scale(stream: &Stream, channel: usize) -> (f64, f64) {
    let x: Vec<f64> =
        stream.values.iter().skip(channel).step_by(stream.channels).map(|&x| f64::from(x)).collect();
    let few = |limit: usize| {
        let mut seen: Vec<f64> = Vec::new();
        x.iter().all(|x| {
            if !seen.contains(x) {
                seen.push(*x);
            }
            seen.len() <= limit
        })
    };
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    if few(4) {
        return (mean, 0.0);
    }
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
    let differences = x.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum::<f64>() / (x.len() - 1) as f64;
    (mean, (variance * differences).powf(0.25))
}
