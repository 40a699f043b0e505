//! What a flag channel does next: how improbable its value is, given the one before.
//!
//! A flag's codes have no distances, so nothing can be projected or averaged; what can be learned is which code follows which. The codes are
//! taken as a Markov chain whose rows are learned on line with the estimator of Krichevsky & Trofimov (IEEE Trans. Inform. Theory 27, 1981):
//! every code that was ever seen, and "any other" as one more, has half a frame to begin with. So a transition that was not seen in n frames of its state
//! has probability 1/(2n + k): improbable after thousands of frames, and nothing special on the tenth.

use crate::condition::{ChannelKind, KindDetector, MAX_FLAG_VALUES};
use crate::error::{ConfigError, in_range};

/// How flags are followed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct FlagConfig {
    /// Whether flags are watched.
    pub enabled: bool,
    /// Frames in one state that count (10 … 30,000): twice as many are halved.
    pub memory_frames: u16,
}

impl Default for FlagConfig {
    fn default() -> Self {
        Self { enabled: true, memory_frames: 20_000 }
    }
}

impl FlagConfig {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first number that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        in_range("flag.memory_frames", f64::from(self.memory_frames), 10.0, 30_000.0)
    }
}

/// One flag's transitions. State: 132 bytes; cost of a frame: some 30 additions and comparisons, none once the channel is no flag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flag {
    /// How often a code (first index) was followed by another.
    counts: [[u16; MAX_FLAG_VALUES]; MAX_FLAG_VALUES],
    kind: KindDetector,
    /// The code of the frame before, if it had one.
    last: Option<u8>,
}

impl Flag {
    /// Nothing is known; `limit` is the most values that a flag may take.
    #[must_use]
    pub const fn new(limit: u8) -> Self {
        Self { counts: [[0; MAX_FLAG_VALUES]; MAX_FLAG_VALUES], kind: KindDetector::new(limit), last: None }
    }

    /// The probability, given the past, of a value no more probable than `x` after the one before, 0 < p ≤ 1; then learns it.
    ///
    /// NaN in `x` is no sample: the next one is judged by how often each code came at all. The value by which a channel proves to be no
    /// flag is judged as one that was never seen; after it, as before the second sample, NaN.
    pub fn process(&mut self, config: &FlagConfig, x: f32) -> f32 {
        if self.kind.kind() == ChannelKind::Analog {
            return f32::NAN;
        }
        if x.is_nan() {
            self.last = None;
            return f32::NAN;
        }
        let known = self.kind.codes();
        self.kind.update(x);
        let code = match self.kind.kind() {
            ChannelKind::Analog => None,
            ChannelKind::Flag => Some(x as u8),
        };
        let seen = code.filter(|code| known & (1 << code) != 0);
        let mut p = 1.0;
        if self.last.is_none() || seen.is_none() {
            // A code that was never seen is judged by all frames, too, not only by those of a state that may be rare.
            p = self.probability(0, MAX_FLAG_VALUES, known, seen);
        }
        if let Some(last) = self.last {
            let last = usize::from(last);
            p = self.probability(last, last + 1, known, seen).min(p);
            if let Some(code) = code {
                self.learn(last, usize::from(code), config.memory_frames);
            }
        }
        self.last = code;
        p
    }

    /// Share of half-counts, 2·count + 1 for every code in `known` and 1 for any other, of what came no more often than `code` after the codes
    /// `from..to`; `None` is any other code. NaN while no code is known.
    #[inline(never)]
    fn probability(&self, from: usize, to: usize, known: u8, code: Option<u8>) -> f32 {
        if known == 0 {
            return f32::NAN;
        }
        let rows = &self.counts[from..to];
        let count = |code: usize| rows.iter().map(|row| u32::from(row[code])).sum::<u32>();
        let most = code.map_or(0, |code| count(usize::from(code)));
        let (mut total, mut below) = (1, 1);
        for code in (0..MAX_FLAG_VALUES).filter(|code| known & (1 << code) != 0) {
            let halves = 2 * count(code) + 1;
            total += halves;
            below += if halves <= 2 * most + 1 { halves } else { 0 };
        }
        below as f32 / total as f32
    }

    fn learn(&mut self, last: usize, code: usize, memory: u16) {
        let row = &mut self.counts[last];
        row[code] += 1;
        if row.iter().map(|&count| u32::from(count)).sum::<u32>() >= 2 * u32::from(memory) {
            row.iter_mut().for_each(|count| *count /= 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Flag, FlagConfig};
    use crate::testing::Random;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// The definition in `f64`, over the whole past, without forgetting.
    fn reference(past: &[f32], x: f32) -> f64 {
        let known: std::collections::BTreeSet<u8> =
            past.iter().filter(|x| !x.is_nan()).map(|&x| x as u8).collect();
        if known.is_empty() || x.is_nan() {
            return f64::NAN;
        }
        // One entry a symbol, the last for any other code: how often it came, among `rows`, after a frame that was a sample.
        let p = |from: Option<u8>| {
            let pairs = past
                .windows(2)
                .filter(|w| !w[0].is_nan() && !w[1].is_nan() && from.is_none_or(|from| w[0] as u8 == from));
            let to: Vec<u8> = pairs.map(|w| w[1] as u8).collect();
            let count = |code: u8| to.iter().filter(|&&t| t == code).count() as f64 + 0.5;
            let mut weights: Vec<f64> = known.iter().map(|&code| count(code)).collect();
            weights.push(0.5);
            let own = if known.contains(&(x as u8)) { count(x as u8) } else { 0.5 };
            weights.iter().filter(|&&w| w <= own).sum::<f64>() / weights.iter().sum::<f64>()
        };
        let last = past.last().filter(|x| !x.is_nan()).map(|&x| x as u8);
        match (last, known.contains(&(x as u8))) {
            (None, _) => p(None),
            (Some(last), true) => p(Some(last)),
            (Some(last), false) => p(Some(last)).min(p(None)),
        }
    }

    /// Codes from a chain that mostly stays, with gaps.
    fn chain(random: &mut Random, frames: usize) -> Vec<f32> {
        let mut state = 0.0;
        (0..frames)
            .map(|_| {
                if random.uniform() < 0.1 {
                    state = (random.bits() % 4) as f32;
                }
                if random.uniform() < 0.03 { f32::NAN } else { state }
            })
            .collect()
    }

    #[test]
    fn it_is_the_share_of_half_counts() {
        let (config, mut random) = (FlagConfig::default(), Random::new(5));
        for _ in 0..20 {
            let (mut flag, xs) = (Flag::new(4), chain(&mut random, 300));
            for t in 0..xs.len() {
                let (p, expected) = (flag.process(&config, xs[t]), reference(&xs[..t], xs[t]));
                assert_eq!(p.is_nan(), expected.is_nan(), "{t}");
                assert!(p.is_nan() || (f64::from(p) / expected - 1.0).abs() < 1e-6, "{t}: {p} {expected}");
            }
        }
    }

    #[test]
    fn what_was_never_seen_is_as_improbable_as_the_past_is_long() {
        let config = FlagConfig::default();
        for frames in [10, 1000, 10_000] {
            let mut flag = Flag::new(4);
            (0..=frames).for_each(|_| _ = flag.process(&config, 1.0));
            let mut other = flag;
            let p = flag.process(&config, 3.0);
            assert!((p * (2.0 * frames as f32 + 2.0) - 1.0).abs() < 1e-3, "{frames}: {p}");
            // As improbable is the sample that shows that it is no flag; later ones are not judged.
            assert_eq!(other.process(&config, 0.25).to_bits(), p.to_bits());
            assert!(other.process(&config, 1.0).is_nan() && other.process(&config, 2.0).is_nan());
        }
    }

    #[test]
    fn staying_is_improbable_for_a_flag_that_always_toggles() {
        let (config, mut flag) = (FlagConfig::default(), Flag::new(4));
        for t in 0..2000u32 {
            assert!(flag.process(&config, (t % 2) as f32) > 0.1 || t == 0);
        }
        assert!(flag.process(&config, 1.0) < 1e-3);
    }

    /// P(p ≤ α) ≤ α for a Markov chain, on average over its whole past, and not far below where its probabilities allow it.
    #[test]
    fn its_probabilities_hold_for_markov_chains() {
        let (config, mut random) = (FlagConfig::default(), Random::new(6));
        let (mut below, mut frames) = ([0u32; 3], 0u32);
        for _ in 0..40 {
            let leave: Vec<f64> = (0..3).map(|_| 0.3f64.powf(1.0 + 4.0 * random.uniform())).collect();
            let (mut flag, mut state) = (Flag::new(4), 0usize);
            for _ in 0..20_000 {
                if random.uniform() < leave[state] {
                    state = (state + 1 + (random.bits() % 2) as usize) % 3;
                }
                let p = flag.process(&config, state as f32);
                frames += 1;
                for (below, alpha) in below.iter_mut().zip([1e-1, 1e-2, 1e-3]) {
                    *below += u32::from(p <= alpha);
                }
            }
        }
        for (below, alpha) in below.into_iter().zip([1e-1, 1e-2, 1e-3]) {
            let rate = f64::from(below) / f64::from(frames);
            std::println!("{alpha}: {rate:.5}");
            assert!(rate <= 1.05 * alpha && rate > 0.02 * alpha, "{alpha}: {rate}");
        }
    }

    #[test]
    fn old_transitions_fade() {
        let config = FlagConfig { memory_frames: 100, ..FlagConfig::default() };
        let mut flag = Flag::new(4);
        (0..100u32).for_each(|t| _ = flag.process(&config, (t % 2) as f32));
        (0..5_000).for_each(|_| _ = flag.process(&config, 0.0));
        // 50 of them are forgotten, and no count is beyond twice the memory.
        let p = flag.process(&config, 1.0);
        assert!(p < 0.01 && p > 1.0 / 404.0, "{p}");
        assert!(FlagConfig { memory_frames: 9, ..config }.validate().is_err());
    }

    proptest! {
        #[test]
        fn any_samples_give_a_probability_or_none(
            limit in 0u8..=8,
            memory in 10u16..100,
            xs in prop::collection::vec(prop_oneof![
                (0u8..9).prop_map(f32::from), Just(f32::NAN), Just(1e30f32), Just(-1.0), any::<f32>(),
            ], 0..400),
        ) {
            let config = FlagConfig { memory_frames: memory, ..FlagConfig::default() };
            let mut flag = Flag::new(limit);
            for x in xs {
                let p = flag.process(&config, x);
                prop_assert!(p.is_nan() || (p > 0.0 && p <= 1.0));
            }
        }
    }
}
