//! What a detector is to the benchmarks, and the controls that every table shows beside the result.

use crate::stats::SplitMix64;
use crate::tsb_ad::Series;

/// A detector in one configuration, the same for every series.
pub trait Detector: Sync {
    /// A short name for keys of figures: lower-case letters, digits and underscores.
    fn key(&self) -> &str;

    /// The name that tables print. It says so if the score is not causal.
    fn name(&self) -> &str;

    /// Frames that must follow a frame before its score is known.
    fn delay(&self) -> usize;

    /// One score per frame, higher is more anomalous, aligned to the frame that it judges (the delay is taken out).
    ///
    /// Scores must be causal up to the delay: that of frame `t` depends on frames `0..=t + delay` only, and never on labels.
    /// NaN abstains and ranks lowest.
    fn scores(&self, series: &Series) -> Vec<f32>;
}

/// |x − mean| of the first channel. Not causal: the mean is that of the whole series, as in the published reference values.
#[derive(Clone, Copy, Debug)]
pub struct Trivial;

impl Detector for Trivial {
    fn key(&self) -> &'static str {
        "trivial"
    }

    fn name(&self) -> &'static str {
        "trivial |x − mean| of the first channel (whole-series mean)"
    }

    fn delay(&self) -> usize {
        0
    }

    fn scores(&self, series: &Series) -> Vec<f32> {
        let first = series.channel(0).map(f64::from);
        let valid = first.clone().filter(|x| x.is_finite());
        let mean = valid.clone().sum::<f64>() / valid.count() as f64;
        first.map(|x| (x - mean).abs() as f32).collect()
    }
}

/// Uniform scores from a seed: what a metric gives for nothing.
#[derive(Clone, Copy, Debug)]
pub struct Random {
    /// Every series sees another sequence of the same seed.
    pub seed: u64,
}

impl Detector for Random {
    fn key(&self) -> &'static str {
        "random"
    }

    fn name(&self) -> &'static str {
        "random score"
    }

    fn delay(&self) -> usize {
        0
    }

    fn scores(&self, series: &Series) -> Vec<f32> {
        // FNV-1a of the file name, so that the sequence does not depend on the order of the series.
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let file = series.file.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
        let mut random = SplitMix64::new(self.seed ^ file);
        series.labels.iter().map(|_| random.uniform() as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tsb_ad::Set;

    fn series(values: &[f32], channels: usize) -> Series {
        let labels = vec![false; values.len() / channels];
        Series { set: Set::Nab, file: "a.csv".into(), window: 3, channels, values: values.to_vec(), labels }
    }

    #[test]
    fn trivial_looks_at_the_first_channel_and_past_missing_samples() {
        let scores = Trivial.scores(&series(&[1.0, 9.0, f32::NAN, 9.0, 4.0, 9.0], 2));
        assert!(scores[0].to_bits() == 1.5_f32.to_bits() && scores[2].to_bits() == 1.5_f32.to_bits());
        assert!(scores[1].is_nan());
    }

    #[test]
    fn random_depends_on_seed_and_file_only() {
        let (mut a, random) = (series(&[0.0; 50], 1), Random { seed: 1 });
        let first = random.scores(&a);
        assert_eq!(first, random.scores(&a));
        assert_ne!(first, Random { seed: 2 }.scores(&a));
        a.file = "b.csv".into();
        assert_ne!(first, random.scores(&a));
    }
}
