//! Stretches of recordings without labelled faults, and noise of known kinds.

use std::path::Path;

use crate::data::Result;
use crate::stats::SplitMix64;
use crate::{mitbih, recordings, skab};

/// Frames of a stretch.
const LENGTH: usize = 3_500;

/// Channels of noise.
const CHANNELS: usize = 4;

pub(super) struct Stretch {
    /// What it is a stretch of.
    pub(super) set: &'static str,
    /// Among all.
    pub(super) number: usize,
    pub(super) channels: usize,
    pub(super) values: Vec<f32>,
    /// Each channel's standard deviation.
    pub(super) deviations: Vec<f32>,
}

impl Stretch {
    fn new(set: &'static str, channels: usize, values: Vec<f32>) -> Self {
        let count = (values.len() / channels) as f64;
        let deviation = |k: usize| {
            let of_channel = || values.iter().skip(k).step_by(channels).map(|&x| f64::from(x));
            let mean = of_channel().sum::<f64>() / count;
            (of_channel().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt() as f32
        };
        let deviations = (0..channels).map(deviation).collect();
        Self { set, number: 0, channels, values, deviations }
    }
}

/// At most `most` stretches of each set, spread over its recordings.
pub(super) fn load(folder: &Path, most: usize) -> Result<Vec<Stretch>> {
    let mut stretches = Vec::new();
    let mut cut = |set, channels: usize, values: &[f32], most: usize| {
        let frames = values.len() / channels;
        let apart = (frames.saturating_sub(LENGTH) / most.max(1)).max(1);
        for k in 0..most {
            let from = k * apart;
            if from + LENGTH <= frames {
                let values = values[from * channels..(from + LENGTH) * channels].to_vec();
                stretches.push(Stretch::new(set, channels, values));
            }
        }
    };
    for name in ["normal", "ball-007", "inner-race-007", "inner-race-021", "outer-race-007"].iter().take(most)
    {
        let raw = recordings::wav(&folder.join(format!("vibration/{name}.wav")), 240_000)?;
        cut("vibration", 2, &single(&raw), most.div_ceil(5));
    }
    let raw = recordings::csv(&folder.join("gas/gas-sensors.csv"), 100_000)?;
    cut("gas", 8, &single(&raw), most);
    let raw = recordings::matlab(&folder.join("physio/a103l.mat"), 3, 82_500)?;
    cut("physio", 3, &single(&raw), most);
    for name in ["100", "102", "105", "114", "119", "123"].into_iter().take(most) {
        let record = mitbih::load(&folder.join("mitbih"), name, 200_000)?;
        cut("mitbih", record.channels, &record.values, 1);
    }
    let recording = skab::anomaly_free(&folder.join("skab"))?;
    cut("skab_anomaly_free", skab::CHANNELS, &recording.values, most);
    for seed in 0..most as u64 {
        stretches.push(noise("white", CHANNELS, LENGTH, seed, |fresh, _| fresh));
        let autoregressive =
            |by: f64| move |fresh: f64, past: f64| by * past + (1.0 - by * by).sqrt() * fresh;
        stretches.push(noise("autoregressive_0_9", CHANNELS, LENGTH, 100 + seed, autoregressive(0.9)));
        stretches.push(noise("autoregressive_0_99", CHANNELS, LENGTH, 200 + seed, autoregressive(0.99)));
        let walk = noise("wander", CHANNELS, LENGTH, 300 + seed, |fresh, past| past + 0.02 * fresh);
        let white = noise("wander", CHANNELS, LENGTH, 400 + seed, |fresh, _| fresh);
        let values = walk.values.iter().zip(&white.values).map(|(a, b)| a + b).collect();
        stretches.push(Stretch::new("wander", CHANNELS, values));
    }
    stretches.sort_by_key(|stretch| stretch.set);
    stretches.iter_mut().enumerate().for_each(|(number, stretch)| stretch.number = number);
    Ok(stretches)
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&x| x as f32).collect()
}

/// Independent channels, in each of which `next` makes a value of a standard normal number and the value before.
pub(super) fn noise(
    set: &'static str,
    channels: usize,
    frames: usize,
    seed: u64,
    next: impl Fn(f64, f64) -> f64,
) -> Stretch {
    let mut random = SplitMix64::new(seed);
    let mut state = vec![0.0; channels];
    let mut values = Vec::with_capacity(frames * channels);
    for _ in 0..frames {
        for past in &mut state {
            // 1 − u lies in (0, 1], so that its logarithm is finite.
            let (length, angle) = (1.0 - random.uniform(), std::f64::consts::TAU * random.uniform());
            *past = next((-2.0 * length.ln()).sqrt() * angle.cos(), *past);
            values.push(*past as f32);
        }
    }
    Stretch::new(set, channels, values)
}
