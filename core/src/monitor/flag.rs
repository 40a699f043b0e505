//! The flag view: does a flag change as it did before?

use nalgebra::{DefaultAllocator, Dim};

use super::channel::ChannelView;
use super::verdict::Finding;
use crate::score::halve;
use crate::shape::Alloc;
use crate::track::FlagConfig;

/// Bins of the histogram, and width of one in dB: 0 … 48 dB, beyond which no memory reaches.
const BINS: usize = 16;
const WIDTH: f32 = 3.0;

/// Judges the flags together: the least probable transition of a frame, among those of past frames.
///
/// How many flags there are, how they depend on each other, and whether they are Markov chains at all does not matter: the p-value is
/// the share of past frames that were no more probable, this one included, (1 + #)/(1 + n). It is valid for any exchangeable scores
/// (Vovk, Gammerman & Shafer 2005), and with n frames never below 1/(n + 1): a flag that is seen for the first time early, or toggles often, is no alarm. For
/// *any* sequence at most one frame in 1/(16·rate) is one, because an alarm counts among the frames that the next is compared with.
///
/// State: 23 words.
#[derive(Clone, Debug)]
pub(super) struct FlagView {
    config: FlagConfig,
    rate: f32,
    memory: u32,
    counts: [u32; BINS],
    total: u32,
    judged: u32,
    last: Finding,
}

impl FlagView {
    /// `memory`: the number of past frames that count; `rate`: the wanted share of alarmed frames.
    pub(super) const fn new(config: &FlagConfig, memory: u32, rate: f32) -> Self {
        Self { config: *config, rate, memory, counts: [0; BINS], total: 0, judged: 0, last: Finding::NONE }
    }

    /// Changes the wanted share of alarmed frames.
    pub(super) fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
    }

    /// Frames with a flag that could be judged.
    pub(super) fn judged(&self) -> u32 {
        self.judged
    }

    /// Judges and learns the flags of the frame in the middle.
    pub(super) fn judge<L: Dim, K: Dim>(&mut self, channels: &mut [ChannelView<L, K>]) -> Finding
    where
        DefaultAllocator: Alloc<L, K>,
    {
        let (mut best, mut channel) = (f32::NAN, 0);
        for (i, view) in channels.iter_mut().enumerate() {
            let score = view.judge_flag(&self.config);
            if score > best || (best.is_nan() && !score.is_nan()) {
                (best, channel) = (score, i as u16);
            }
        }
        self.last = self.verdict(best, channel);
        self.learn(best);
        self.last
    }

    fn verdict(&self, score: f32, channel: u16) -> Finding {
        if score.is_nan() {
            return Finding::NONE;
        }
        let frames = self.total as f32 + 1.0;
        // A frame in a bin is an alarm while it and those in this bin and above are at most so many.
        let most = (self.rate * frames) as u32;
        let (mut above, mut lowest) = (1, BINS);
        while lowest > 0 && above + self.counts[lowest - 1] <= most {
            lowest -= 1;
            above += self.counts[lowest];
        }
        let limit = if lowest < BINS { WIDTH * lowest as f32 } else { f32::INFINITY };
        let own = 1 + self.counts[bin(score)..].iter().sum::<u32>();
        Finding { score, p_value: own as f32 / frames, limit, channel }
    }

    fn learn(&mut self, score: f32) {
        if score.is_nan() {
            return;
        }
        self.counts[bin(score)] += 1;
        self.total += 1;
        self.judged = self.judged.saturating_add(1);
        if self.total >= 2 * self.memory {
            self.total = halve(&mut self.counts);
        }
    }

    /// A channel's part of an alarm, given how improbable its transition was.
    pub(super) fn contribution(&self, score: f32) -> f32 {
        if score > self.last.limit { score } else { 0.0 }
    }
}

fn bin(score: f32) -> usize {
    ((score / WIDTH) as usize).min(BINS - 1)
}
