//! The level view: does a channel stay where it was?

use nalgebra::{DefaultAllocator, Dim};

use super::channel::ChannelView;
use super::verdict::Finding;
use crate::error::ConfigError;
use crate::math::{exp, ln};
use crate::score::{Calibration, normal_upper, normal_upper_quantile};
use crate::shape::Alloc;
use crate::track::{LevelConfig, MAX_SCALES, SCALE_FACTOR};

/// Decibels per neper of an amplitude: 20/ln 10.
const DECIBELS: f32 = 8.685_89;

/// How often the limit follows the calibration, in frames.
const REFRESH: u64 = 64;

/// The normal score that is never learned, not even in the warm-up: one gross sample would hide all that comes for long.
const GROSS: f32 = 10.0;

/// Scores that the coarse scale gathers before it has a say, in memories of the fine reference: from short streams it learns what its variance
/// happens to be, and would take its share of the wanted rate for nothing.
const QUIET: f32 = 10.0;

/// Judges the channels' levels together, each scale by itself: on a stream that wanders the coarse level is wild, and one limit for both
/// would make the fine one deaf.
#[derive(Clone, Debug)]
pub(super) struct LevelView {
    config: LevelConfig,
    rate: f32,
    scales: [Scale; MAX_SCALES],
    /// Scales that judged the last frame.
    judging: u8,
    /// The last frame, and the scale that is farthest above its limit.
    last: Finding,
    farthest: usize,
}

impl LevelView {
    /// `rate`: the wanted share of alarmed frames.
    pub(super) fn new(config: &LevelConfig, memory: u32, rate: f32) -> Result<Self, ConfigError> {
        let calibration = Calibration::plug_in(memory, rate)?;
        let quiet = (QUIET * config.memory_frames) as u32;
        let scales = [Scale::new(calibration, 0), Scale::new(calibration, quiet)];
        Ok(Self { config: *config, rate, scales, judging: 0, last: Finding::NONE, farthest: 0 })
    }

    /// Changes the wanted share of alarmed frames, from the next refresh on.
    pub(super) fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
        self.scales.iter_mut().for_each(|scale| scale.calibration.set_alarm_rate(rate));
    }

    /// Scales that judged the last frame.
    pub(super) fn judging(&self) -> u8 {
        self.judging
    }

    /// Judges and learns the levels: the scale that is farthest above its limit, with the least of the p-values. While `settled` is false
    /// only a gross deviation is held.
    pub(super) fn judge<L: Dim, K: Dim>(
        &mut self,
        channels: &mut [ChannelView<L, K>],
        frame: u64,
        settled: bool,
    ) -> Finding
    where
        DefaultAllocator: Alloc<L, K>,
    {
        let [fine, coarse] = &self.scales;
        let hold = if settled { [fine.threshold, coarse.threshold] } else { [GROSS; MAX_SCALES] };
        let mut frames = [Frame::EMPTY; MAX_SCALES];
        for (i, view) in channels.iter_mut().enumerate() {
            let scores = view.judge_level(&self.config, &hold);
            frames.iter_mut().zip(scores).for_each(|(frame, z)| frame.take(i as u16, z));
        }
        (self.last, self.judging) = (Finding::NONE, 0);
        for (k, (scale, of_scale)) in self.scales.iter_mut().zip(&frames).enumerate() {
            if of_scale.judged > scale.judged || frame.is_multiple_of(REFRESH) {
                scale.refresh(of_scale.judged, self.rate);
            }
            let finding = scale.judge(of_scale);
            let longest = self.config.smoothing_frames * SCALE_FACTOR.pow(k as u32) as f32;
            scale.learn(finding.score, settled, longest);
            if finding.score.is_nan() || scale.quiet > 0 {
                continue;
            }
            self.judging += 1;
            let p_value = self.last.p_value.min(finding.p_value);
            if self.judging == 1 || finding.score - finding.limit > self.last.score - self.last.limit {
                (self.last, self.farthest) = (finding, k);
            }
            self.last.p_value = p_value;
        }
        self.last
    }

    /// A channel's part of an alarm, given its normal scores: its share of all squares.
    pub(super) fn contribution(&self, scores: &[f32; MAX_SCALES]) -> f32 {
        let z = scores[self.farthest];
        if self.last.score > self.last.limit && z.is_finite() {
            self.last.score * (z * z / self.scales[self.farthest].squares).min(1.0)
        } else {
            0.0
        }
    }
}

/// The normal scores of all channels on one scale.
#[derive(Clone, Copy, Debug)]
struct Frame {
    largest: f32,
    channel: u16,
    judged: usize,
    /// Sum of the squares.
    squares: f32,
}

impl Frame {
    const EMPTY: Self = Self { largest: f32::NAN, channel: 0, judged: 0, squares: 0.0 };

    fn take(&mut self, channel: u16, z: f32) {
        if z.is_nan() {
            return;
        }
        self.judged += 1;
        self.squares += z * z;
        if self.largest.is_nan() || z > self.largest {
            (self.largest, self.channel) = (z, channel);
        }
    }
}

/// What the largest score of a scale usually is.
///
/// The limit is the higher of two: what theory gives for the largest of so many normal scores (Bonferroni), which holds from the start, and what
/// this stream's own past scores give, which holds for streams whose smoothed level is not normal, such as an ECG.
#[derive(Clone, Debug)]
struct Scale {
    calibration: Calibration,
    /// Channels with a score, which the limit is for: the most since the last refresh.
    judged: usize,
    /// Scores still to be gathered before one is judged.
    quiet: u32,
    /// Frames since the level left its range.
    run: u32,
    /// In dB, and as a normal score: infinite, and gross, until then.
    limit: f32,
    threshold: f32,
    /// Of the last frame.
    squares: f32,
}

impl Scale {
    fn new(calibration: Calibration, quiet: u32) -> Self {
        let (limit, threshold) = (f32::INFINITY, GROSS);
        Self { calibration, judged: 0, quiet, run: 0, limit, threshold, squares: 0.0 }
    }

    fn judge(&mut self, frame: &Frame) -> Finding {
        self.squares = frame.squares;
        if frame.judged == 0 {
            return Finding::NONE;
        }
        let score = DECIBELS * ln(frame.largest.max(1e-3));
        let normal = 2.0 * frame.judged as f32 * normal_upper(frame.largest);
        // A comparison with NaN, while the calibration knows nothing, leaves what theory says.
        let p_value = normal.max(self.calibration.p_value(score)).min(1.0);
        Finding { score, p_value, limit: self.limit, channel: frame.channel }
    }

    /// A lasting change is one excursion, and must not teach what is usual: it enters with `most` frames, as many as chance would keep a
    /// smoothed level up.
    fn learn(&mut self, score: f32, settled: bool, most: f32) {
        self.quiet = self.quiet.saturating_sub(u32::from(!score.is_nan()));
        self.run = if score > self.limit { self.run.saturating_add(1) } else { 0 };
        if !settled || self.run as f32 <= most {
            self.calibration.update(score);
        }
    }

    fn refresh(&mut self, judged: usize, rate: f32) {
        self.judged = judged;
        if judged == 0 || self.quiet > 0 {
            (self.limit, self.threshold) = (f32::INFINITY, GROSS);
            return;
        }
        let theory = normal_upper_quantile(0.5 * rate / judged as f32);
        let own = self.calibration.limit();
        let own = if own.is_finite() { exp(own / DECIBELS) } else { 0.0 };
        self.threshold = theory.max(own);
        self.limit = DECIBELS * ln(self.threshold);
    }
}
