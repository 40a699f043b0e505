//! One channel inside the monitor: its condition, its recent past, and the temporal views of it on one or two scales.

use nalgebra::{DefaultAllocator, Dim};

use super::Config;
use super::coarse::CoarseView;
use super::temporal::TemporalView;
use crate::condition::{ChannelCondition, RunningScale, Validity};
use crate::error::ConfigError;
use crate::math::ln;
use crate::score::Evidence;
use crate::shape::Alloc;
use crate::track::{Flag, FlagConfig, Level, LevelConfig};

/// Decibels per neper of a probability: 10/ln 10.
const DECIBELS: f32 = 4.342_945;

/// Which windows are full: before, they are not judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Full {
    pub(super) fine: bool,
    /// Also true if there are no coarse windows to wait for.
    pub(super) coarse: bool,
}

/// State of one channel: 7·L + 2·L·K + O(K²) words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ChannelView<L: Dim, K: Dim>
where
    DefaultAllocator: Alloc<L, K>,
{
    pub(super) condition: ChannelCondition,
    fine: TemporalView<L, K>,
    coarse: Option<CoarseView<L, K>>,
    level: Level,
    /// Normal score of the level; NaN while unknown.
    pub(super) level_score: f32,
    flag: Flag,
    /// How improbable the flag's transition was, in dB; NaN while unknown, or if the channel is no flag.
    pub(super) flag_score: f32,
    /// Mean excess of the last windows of both scales in dB, or of the one that could be judged; NaN if none could.
    pub(super) score: f32,
    /// Past scores, one counted at most three deviations from their mean, and that deviation in dB.
    usual: RunningScale,
    scatter: f32,
}

impl<L: Dim, K: Dim> ChannelView<L, K>
where
    DefaultAllocator: Alloc<L, K>,
{
    pub(super) fn new(l: L, k: K, config: &Config) -> Result<Self, ConfigError> {
        let fine = TemporalView::new(l, k, &config.temporal)?;
        let coarse = config.temporal.has_coarse().then(|| CoarseView::new(l, fine.clone()));
        Ok(Self {
            condition: ChannelCondition::new(&config.condition),
            fine,
            coarse,
            level: Level::new(),
            level_score: f32::NAN,
            flag: Flag::new(config.condition.flag_values),
            flag_score: f32::NAN,
            score: f32::NAN,
            usual: RunningScale::clipped(3.0),
            scatter: 0.0,
        })
    }

    /// The same for the channel with this index: coarse views take turns.
    pub(super) fn staggered(mut self, index: usize) -> Self {
        if let Some(coarse) = &mut self.coarse {
            coarse.stagger(index);
        }
        self
    }

    /// Takes in the newest sample.
    pub(super) fn push(&mut self, x: f32) -> Validity {
        let (x, validity) = self.condition.update(x);
        self.shift(x);
        validity
    }

    /// Moves on by one frame that does not exist.
    pub(super) fn pad(&mut self) {
        self.shift(f32::NAN);
    }

    fn shift(&mut self, x: f32) {
        let x = self.coarse.as_mut().map_or(x, |coarse| coarse.push(x));
        self.fine.line.push(x);
    }

    /// The frame in the middle of the windows, the one that a verdict is about: relative to the origin, NaN if missing.
    pub(super) fn middle(&self) -> f32 {
        self.fine.line.back(self.fine.line.window().len() / 2)
    }

    /// Judges and learns the level around the frame in the middle, as far as the windows reach: a smoothed level speaks of the frames
    /// before it.
    pub(super) fn judge_level(&mut self, config: &LevelConfig, hold: f32) -> f32 {
        let age = (self.fine.line.window().len() / 2).saturating_sub(config.lag());
        self.level_score = if self.condition.is_live() {
            self.level.process(config, self.fine.line.back(age), hold)
        } else {
            f32::NAN
        };
        self.level_score
    }

    /// Judges and learns the flag's value in the frame in the middle.
    pub(super) fn judge_flag(&mut self, config: &FlagConfig) -> f32 {
        // Codes are small whole numbers: adding the origin gives back the very sample.
        let p = self.flag.process(config, self.middle() + self.condition.origin());
        self.flag_score = DECIBELS * ln(1.0 / p);
        self.flag_score
    }

    /// Lets the temporal views judge and learn the present windows; `memory` is that of the scatter, in frames. `window` and `residual` are
    /// scratch of the window's length.
    pub(super) fn judge(&mut self, full: Full, memory: f32, window: &mut [f32], residual: &mut [f32]) {
        self.score = f32::NAN;
        if !self.condition.is_live() {
            self.coarse.iter_mut().for_each(CoarseView::forget);
            return;
        }
        if full.fine {
            self.score = self.fine.judge(&self.condition, window, residual);
        }
        if let Some(coarse) = self.coarse.as_mut().filter(|_| full.coarse) {
            self.score = mean_of_known(self.score, coarse.judge(&self.condition, window, residual));
        }
        // While a view does not know what is usual its excess is 0, which says nothing of the scatter.
        if self.score != 0.0 {
            self.usual.update(self.score, memory);
            self.scatter = self.usual.scale();
        }
    }

    /// What the temporal views say of the frame, for [`fuse`](crate::score::fuse).
    pub(super) fn evidence(&self) -> Evidence {
        // One that is judged for the first time has been judged.
        let count = self.usual.count().max(u32::from(!self.score.is_nan()));
        Evidence { excess: self.score, scatter: self.scatter, count }
    }
}

/// The mean of two numbers, or the one that is not NaN.
fn mean_of_known(a: f32, b: f32) -> f32 {
    match (a.is_nan(), b.is_nan()) {
        (true, _) => b,
        (_, true) => a,
        _ => 0.5 * (a + b),
    }
}
