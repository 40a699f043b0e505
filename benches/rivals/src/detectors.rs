//! Detectors of other projects. Scores are causal and without delay.

use std::sync::Mutex;

use eigenstream_benches::detect::Detector;
use eigenstream_benches::tsb_ad::Series;
use irithyll::anomaly::hst::{HSTConfig, HalfSpaceTree};
use rcf3::Forest;

use crate::SEED;
use crate::peers::Peers;

/// The series without gaps, for detectors that know none: the last value of the channel, 0 before there was one.
fn filled(series: &Series) -> Vec<f32> {
    let mut last = vec![0.0; series.channels];
    let mut values = series.values.clone();
    for frame in values.chunks_exact_mut(series.channels) {
        for (value, last) in frame.iter_mut().zip(&mut last) {
            if value.is_finite() {
                *last = *value;
            }
            *value = *last;
        }
    }
    values
}

/// Random cut forest, defaults except for the shingle.
pub(crate) struct Rcf {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) shingle: usize,
}

impl Detector for Rcf {
    fn key(&self) -> &str {
        self.key
    }

    fn name(&self) -> &str {
        self.name
    }

    fn delay(&self) -> usize {
        0
    }

    fn scores(&self, series: &Series) -> Vec<f32> {
        let mut scores = vec![f32::NAN; series.labels.len()];
        let built = Forest::builder(series.channels).shingle_size(self.shingle).seed(SEED).build();
        let Ok(mut forest) = built else { return scores };
        for (score, frame) in scores.iter_mut().zip(filled(series).chunks_exact(series.channels)) {
            *score = forest.update_and_score(frame).map_or(f32::NAN, |score| score as f32);
        }
        scores
    }
}

/// irithyll's half-space trees, defaults. They expect values in 0 … 1: each channel is scaled by the range seen so far, as River's
/// documentation does it for its own.
pub(crate) struct HalfSpace;

impl Detector for HalfSpace {
    fn key(&self) -> &'static str {
        "irithyll_hst"
    }

    fn name(&self) -> &'static str {
        "irithyll HalfSpaceTree, defaults, channels scaled by their running range"
    }

    fn delay(&self) -> usize {
        0
    }

    fn scores(&self, series: &Series) -> Vec<f32> {
        let config = HSTConfig::new(series.channels);
        let window = config.window_size;
        let mut trees = HalfSpaceTree::new(config);
        let mut ranges = vec![(f32::INFINITY, f32::NEG_INFINITY); series.channels];
        let mut scaled = vec![0.0; series.channels];
        let mut score = |frame: &[f32]| {
            for ((x, (low, high)), scaled) in frame.iter().zip(&mut ranges).zip(&mut scaled) {
                (*low, *high) = (low.min(*x), high.max(*x));
                *scaled = if high > low { f64::from((x - *low) / (*high - *low)) } else { 0.0 };
            }
            let score = trees.score(&scaled).score;
            trees.update(&scaled);
            score as f32
        };
        let mut scores: Vec<f32> = filled(series).chunks_exact(series.channels).map(&mut score).collect();
        // Without a reference window everything has the highest score; River's and rcf3's have the lowest then.
        scores.iter_mut().take(window).for_each(|score| *score = f32::NAN);
        scores
    }
}

/// A detector in Python.
pub(crate) struct Python {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    /// As `peers.py` knows it.
    pub(crate) peer: &'static str,
    /// Series are scored on several threads: processes that are free at present.
    idle: Mutex<Vec<Peers>>,
}

impl Python {
    pub(crate) fn new(key: &'static str, name: &'static str, peer: &'static str) -> Self {
        Self { key, name, peer, idle: Mutex::new(Vec::new()) }
    }

    fn free(&self) -> Option<Peers> {
        let idle = self.idle.lock().ok()?.pop();
        idle.or_else(|| Peers::start().ok())
    }
}

impl Detector for Python {
    fn key(&self) -> &str {
        self.key
    }

    fn name(&self) -> &str {
        self.name
    }

    fn delay(&self) -> usize {
        0
    }

    fn scores(&self, series: &Series) -> Vec<f32> {
        let abstain = || vec![f32::NAN; series.labels.len()];
        let Some(mut peers) = self.free() else { return abstain() };
        match peers.detect(self.peer, series.channels, &filled(series)) {
            Ok(scores) => {
                self.idle.lock().expect("another thread panicked").push(peers);
                scores
            }
            Err(error) => {
                eprintln!("rivals: {} on {}: {error}", self.name, series.file);
                abstain()
            }
        }
    }
}
