//! Streams of many live channels in which faults can be planted.

use std::path::Path;

use crate::data::Result;
use crate::mitbih;
use crate::recordings;
use crate::stats::SplitMix64;
use crate::synthetic::normal;
use crate::tsb_ad::{self, Series, Set};

/// A stream without faults of ours.
#[derive(Clone, Debug)]
pub struct Stream {
    /// As part of a figure's key.
    pub key: &'static str,
    /// As a table says it.
    pub name: &'static str,
    /// Samples of a frame.
    pub channels: usize,
    /// Frames one after the other.
    pub values: Vec<f32>,
}

impl Stream {
    fn new(key: &'static str, name: &'static str, columns: &[Vec<f32>]) -> Self {
        let frames = columns.iter().map(Vec::len).min().unwrap_or(0);
        let values = (0..frames).flat_map(|t| columns.iter().map(move |column| column[t])).collect();
        Self { key, name, channels: columns.len(), values }
    }

    /// Number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.values.len() / self.channels
    }
}

/// Frames of a stream; recordings that are shorter give fewer.
const FRAMES: usize = 10_000;

/// The recordings of the folder `data` as streams of several channels, put side by side where they have one each.
///
/// # Errors
/// If a recording cannot be read.
pub fn recorded(data: &Path) -> Result<Vec<Stream>> {
    let gas = recordings::csv(&data.join("gas/gas-sensors.csv"), 40_000)?;
    let vibration = ["normal", "ball-007", "inner-race-007", "outer-race-007"];
    let vibration = vibration
        .iter()
        .map(|file| recordings::wav(&data.join(format!("vibration/{file}.wav")), FRAMES))
        .collect::<Result<Vec<_>>>()?;
    let bedside = recordings::matlab(&data.join("physio/a103l.mat"), 3, 60_000)?;
    let ecg = mitbih::RECORDS
        .iter()
        .map(|name| {
            mitbih::load(&data.join("mitbih"), name, FRAMES).map(|r| column(&r.values, r.channels, 0))
        })
        .collect::<Result<Vec<_>>>()?;
    let series = tsb_ad::entries(&data.join("tsb-ad"))?;
    let series = series.iter().map(tsb_ad::Entry::load).collect::<Result<Vec<_>>>()?;
    let narrow = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<_>>();
    let gas = narrow(&gas);
    let bedside = narrow(&bedside);
    Ok(vec![
        Stream { key: "gas", name: "gas sensors", channels: 8, values: gas[8 * 10_000..8 * 20_000].to_vec() },
        Stream::new(
            "vibration",
            "vibration, four bearings side by side",
            &vibration.iter().flat_map(|v| (0..2).map(|i| column(&narrow(v), 2, i))).collect::<Vec<_>>(),
        ),
        Stream::new(
            "bedside",
            "ECG II + V + PLETH, two stretches side by side",
            &[0, 3 * 40_000]
                .map(|from| (0..3).map(move |i| (from, i)))
                .into_iter()
                .flatten()
                .map(|(from, i)| column(&bedside[from..from + 3 * FRAMES], 3, i))
                .collect::<Vec<_>>(),
        ),
        Stream::new("ecg", "ECG, twelve patients side by side", &ecg),
        Stream::new("telemetry", "telemetry, series side by side", &telemetry(&series)),
        Stream::new("machines", "NAB, series side by side", &machines(&series)),
    ])
}

/// Channel `i` of frames of `channels`.
fn column(values: &[f32], channels: usize, i: usize) -> Vec<f32> {
    values.iter().skip(i).step_by(channels).copied().collect()
}

/// The telemetry channel of the series with at least 7,200 frames.
fn telemetry(series: &[Series]) -> Vec<Vec<f32>> {
    let long = series.iter().filter(|s| s.set != Set::Nab && s.labels.len() >= 7_200);
    long.map(|s| s.channel(0).collect()).collect()
}

/// All series of NAB, resampled to one length by linear interpolation.
fn machines(series: &[Series]) -> Vec<Vec<f32>> {
    const LENGTH: usize = 6_000;
    let resample = |s: &Series| {
        let x: Vec<f32> = s.channel(0).collect();
        let step = (x.len() - 1) as f64 / (LENGTH - 1) as f64;
        let at = |t: usize| {
            let place = t as f64 * step;
            let (i, part) = (place as usize, place.fract() as f32);
            x[i] + part * (x[(i + 1).min(x.len() - 1)] - x[i])
        };
        (0..LENGTH).map(at).collect()
    };
    series.iter().filter(|s| s.set == Set::Nab).map(resample).collect()
}

/// Metrics of a server under a shared load: 20 to 40 channels, some of them bursts, copies, flags or constants.
///
/// The load has a daily cycle of 1,440 frames, wanders, and is raised by bursts of requests. A channel follows it linearly, bent or with a delay,
/// or is a counter of rare events, a slow sawtooth of memory, a copy of another in another unit, a flag, or constant. Noise has heavy
/// tails (Student's t with three degrees of freedom), and readings are rounded to a thousandth.
#[must_use]
pub fn server(seed: u64) -> Stream {
    let mut random = SplitMix64::new(seed);
    let load = load(&mut random);
    let channels = 20 + random.below(21);
    let mut columns: Vec<Vec<f32>> = Vec::with_capacity(channels);
    for _ in 0..channels {
        let kind = random.uniform();
        let column = match kind {
            _ if kind < 0.08 => vec![0.0; FRAMES],
            _ if kind < 0.16 => flag(&mut random),
            _ if kind < 0.26 && !columns.is_empty() => {
                let (of, gain) = (random.below(columns.len()), 0.5 + random.uniform() as f32);
                columns[of].iter().map(|x| (x * gain * 1e3).round() * 1e-3).collect()
            }
            _ if kind < 0.40 => events(&load, &mut random),
            _ if kind < 0.50 => sawtooth(&load, &mut random),
            _ => follower(&load, &mut random),
        };
        columns.push(column);
    }
    Stream::new("server", "server metrics, simulated", &columns)
}

fn student(random: &mut SplitMix64) -> f64 {
    let energy: f64 = (0..3).map(|_| normal(random).powi(2)).sum();
    normal(random) / (energy / 3.0).sqrt()
}

/// Daily cycle, slow wandering and bursts of requests; about 1 on average.
fn load(random: &mut SplitMix64) -> Vec<f64> {
    let (mut wander, mut burst) = (0.0, 0.0);
    let phase = random.uniform();
    (0..FRAMES)
        .map(|t| {
            let day = std::f64::consts::TAU * (t as f64 / 1_440.0 + phase);
            wander = 0.98 * wander + 0.02 * normal(random);
            burst *= 0.9;
            if random.uniform() < 0.004 {
                burst += -(1.0 - random.uniform()).ln();
            }
            1.0 + 0.4 * day.sin() + 0.15 * (2.0 * day).cos() + wander + 0.5 * burst
        })
        .collect()
}

fn follower(load: &[f64], random: &mut SplitMix64) -> Vec<f32> {
    let gain = 0.2 + random.uniform();
    let (memory, bend) = (0.95 * random.uniform(), random.below(3));
    let noise = 0.02 + 0.2 * random.uniform() * random.uniform();
    let own = 0.9 * random.uniform();
    let (mut smooth, mut coloured) = (load[0], 0.0);
    load.iter()
        .map(|&l| {
            smooth = memory * smooth + (1.0 - memory) * l;
            coloured = own * coloured + noise * student(random);
            let bent = match bend {
                0 => smooth,
                1 => smooth.max(0.0).sqrt(),
                _ => smooth.tanh(),
            };
            (((gain * bent + coloured) * 1e3).round() * 1e-3) as f32
        })
        .collect()
}

/// Mostly still, with events that come more often under load and are exponential in size.
fn events(load: &[f64], random: &mut SplitMix64) -> Vec<f32> {
    let (rate, noise) = (0.002 + 0.05 * random.uniform() * random.uniform(), 0.01 * random.uniform());
    let fade = 0.8 * random.uniform();
    let mut height = 0.0;
    load.iter()
        .map(|&l| {
            height *= fade;
            if random.uniform() < rate * l.max(0.0) {
                height += -(1.0 - random.uniform()).ln();
            }
            (((height + noise * normal(random)) * 1e3).round() * 1e-3) as f32
        })
        .collect()
}

/// Grows with the load until it is collected.
fn sawtooth(load: &[f64], random: &mut SplitMix64) -> Vec<f32> {
    let (full, noise) = (100.0 + 900.0 * random.uniform(), 0.002 + 0.01 * random.uniform());
    let mut level = full * random.uniform();
    load.iter()
        .map(|&l| {
            level += l.max(0.0);
            if level > full {
                level *= 0.3 * random.uniform();
            }
            (((level / full + noise * normal(random)) * 1e3).round() * 1e-3) as f32
        })
        .collect()
}

fn flag(random: &mut SplitMix64) -> Vec<f32> {
    let rate = 0.01 * random.uniform();
    let mut on = false;
    (0..FRAMES)
        .map(|_| {
            on ^= random.uniform() < rate;
            f32::from(u8::from(on))
        })
        .collect()
}
