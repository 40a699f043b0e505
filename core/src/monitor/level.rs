//! The level view: does a channel stay where it was?

use nalgebra::{DefaultAllocator, Dim};

use super::channel::ChannelView;
use super::verdict::Finding;
use crate::error::ConfigError;
use crate::math::{exp, ln};
use crate::score::{Calibration, normal_upper, normal_upper_quantile};
use crate::shape::Alloc;
use crate::track::LevelConfig;

/// Decibels per neper of an amplitude: 20/ln 10.
const DECIBELS: f32 = 8.685_89;

/// How often the limit follows the calibration, in frames.
const REFRESH: u64 = 64;

/// The normal score that is never learned, not even in the warm-up: one gross sample would hide all that comes for long.
const GROSS: f32 = 10.0;

/// Judges the channels' levels together.
///
/// The limit is the higher of two: what theory gives for the largest of so many normal scores (Bonferroni), which holds from the start, and what
/// this stream's own past scores give, which holds for streams whose smoothed level is not normal, such as an ECG.
#[derive(Clone, Debug)]
pub(super) struct LevelView {
    config: LevelConfig,
    rate: f32,
    calibration: Calibration,
    /// Channels with a score, which the limit is for: the most since the last refresh.
    judged: usize,
    /// Frames since the level left its range.
    run: u32,
    /// In dB, and as a normal score.
    limit: f32,
    threshold: f32,
    /// Sum of the squared normal scores of all channels.
    squares: f32,
    last: Finding,
}

impl LevelView {
    /// `rate`: the wanted share of alarmed frames.
    pub(super) fn new(config: &LevelConfig, memory: u32, rate: f32) -> Result<Self, ConfigError> {
        Ok(Self {
            config: *config,
            rate,
            calibration: Calibration::plug_in(memory, rate)?,
            judged: 0,
            run: 0,
            limit: f32::INFINITY,
            threshold: f32::INFINITY,
            squares: 0.0,
            last: Finding::NONE,
        })
    }

    /// Changes the wanted share of alarmed frames, from the next refresh on.
    pub(super) fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
        self.calibration.set_alarm_rate(rate);
    }

    /// Judges and learns the levels. While `settled` is false only a gross deviation is held.
    pub(super) fn judge<L: Dim, K: Dim>(
        &mut self,
        channels: &mut [ChannelView<L, K>],
        frame: u64,
        settled: bool,
    ) -> Finding
    where
        DefaultAllocator: Alloc<L, K>,
    {
        let hold = if settled { self.threshold } else { GROSS };
        let (mut best, mut channel, mut judged) = (f32::NAN, 0, 0);
        self.squares = 0.0;
        for (i, view) in channels.iter_mut().enumerate() {
            let z = view.judge_level(&self.config, hold);
            if z.is_nan() {
                continue;
            }
            judged += 1;
            self.squares += z * z;
            if best.is_nan() || z > best {
                (best, channel) = (z, i as u16);
            }
        }
        if judged > self.judged || frame.is_multiple_of(REFRESH) {
            self.judged = judged;
            self.refresh();
        }
        let score = DECIBELS * ln(best.max(1e-3));
        let score = if best.is_nan() { f32::NAN } else { score };
        let normal = 2.0 * judged as f32 * normal_upper(best);
        // A comparison with NaN, while the calibration knows nothing, leaves what theory says.
        let p_value =
            if score.is_nan() { f32::NAN } else { normal.max(self.calibration.p_value(score)).min(1.0) };
        self.last = Finding { score, p_value, limit: self.limit, channel };
        // A lasting change is one excursion, and must not teach what is usual: it enters with as many frames as chance would
        // keep a smoothed level up.
        self.run = if score > self.limit { self.run.saturating_add(1) } else { 0 };
        if !settled || self.run as f32 <= self.config.smoothing_frames {
            self.calibration.update(score);
        }
        self.last
    }

    fn refresh(&mut self) {
        if self.judged == 0 {
            (self.limit, self.threshold) = (f32::INFINITY, f32::INFINITY);
            return;
        }
        let theory = normal_upper_quantile(0.5 * self.rate / self.judged as f32);
        let own = self.calibration.limit();
        let own = if own.is_finite() { exp(own / DECIBELS) } else { 0.0 };
        self.threshold = theory.max(own);
        self.limit = DECIBELS * ln(self.threshold);
    }

    /// A channel's part of an alarm, given its normal score: its share of all squares.
    pub(super) fn contribution(&self, z: f32) -> f32 {
        if self.last.score > self.last.limit && z.is_finite() {
            self.last.score * (z * z / self.squares).min(1.0)
        } else {
            0.0
        }
    }
}
