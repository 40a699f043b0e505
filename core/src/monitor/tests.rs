//! The whole engine: what it promises bit for bit, what it counts, what it finds, and how often it cries wolf.

mod contract;
mod counting;
mod detection;
mod hostile;
mod scales;

use std::vec::Vec;

use super::{Config, Monitor, Verdict};
use crate::testing::Random;

/// What tests compare of a verdict: NaN equals NaN, and nothing is rounded.
fn bits(verdict: &Verdict) -> (u64, [u32; 7], [bool; 2], std::string::String) {
    let Verdict { frame, score, p_value, limit, alarm, warming_up, event, .. } = verdict;
    let Verdict { level_score, level_limit, flag_score, flag_limit, .. } = verdict;
    let event = std::format!("{event:?}");
    let numbers =
        [score, p_value, limit, level_score, level_limit, flag_score, flag_limit].map(|x| x.to_bits());
    (*frame, numbers, [*alarm, *warming_up], event)
}

/// Short windows, a short warm-up and a limit that is often exceeded: much happens in few frames.
fn lively() -> Config {
    let mut config = Config::default();
    config.condition.memory_frames = 2000.0;
    config.spatial.memory_frames = 500.0;
    config.temporal.memory_frames = 500.0;
    config.temporal.length = 20;
    config.alarm.frames_per_false_alarm = 50.0;
    config.alarm.warm_up_frames = 300;
    config.alarm.merge_frames = 5;
    config
}

/// Autoregressive channels (AR(1), 0.9) with a common part, so that there is something to learn in both views.
struct Plant {
    random: Random,
    state: Vec<f64>,
    common: f64,
}

impl Plant {
    fn new(channels: usize, seed: u64) -> Self {
        Self { random: Random::new(seed), state: vec![0.0; channels], common: 0.0 }
    }

    fn next(&mut self) -> Vec<f32> {
        self.common = 0.95 * self.common + 0.3 * self.random.normal();
        for s in &mut self.state {
            *s = 0.9 * *s + 0.4359 * self.random.normal();
        }
        self.state
            .iter()
            .enumerate()
            .map(|(i, s)| (s + (1.0 + 0.3 * i as f64) * self.common) as f32)
            .collect()
    }
}

/// All verdicts on a stream, with those that come at the end.
fn verdicts<const N: usize, const R: usize>(
    monitor: &mut Monitor<N, R>,
    frames: impl IntoIterator<Item = Vec<f32>>,
) -> Vec<Verdict> {
    let mut all: Vec<Verdict> = frames.into_iter().filter_map(|x| monitor.process(&x)).collect();
    monitor.finish(|v| all.push(v));
    all
}
