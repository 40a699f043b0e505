//! What the monitor says of a frame, and what it has counted.

use crate::score::{Event, View};

/// What the monitor says of one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The frame it judges, counted from 0: the frame given [`delay`](super::MonitorOf::delay) calls ago.
    pub frame: u64,
    /// How unusual the frame is: the excess of its residual energy over the usual, in dB, of the temporal views of all channels
    /// ([`fuse`](crate::score::fuse)) or of the spatial view, whichever is farther above its limit; NaN if no view could judge it. All scores of
    /// a stream have one scale, so that they can be ranked: that of the temporal views, on which the spatial one, which scatters far more, stands
    /// as far above the limit as it is above its own. Without a temporal score or limit it is the spatial view's own scale.
    pub score: f32,
    /// Probability on this stream that one of the scores below is so far out; NaN while unknown.
    pub p_value: f32,
    /// The score above which an alarm is raised, on the same scale; +∞ while unknown.
    pub limit: f32,
    /// How far a channel's level is from where it was, in its own standard deviations, in dB (20·log₁₀; 3 σ are 9.5 dB), for the channel where
    /// that is most; NaN while unknown.
    pub level_score: f32,
    /// The level score above which an alarm is raised; +∞ while unknown.
    pub level_limit: f32,
    /// How improbable the least probable transition of a flag was, in dB (30 dB is one in a thousand); NaN if there is no flag.
    pub flag_score: f32,
    /// The flag score above which an alarm is raised; +∞ while unknown.
    pub flag_limit: f32,
    /// Whether one of the three scores exceeds its limit, after the warm-up (and, with an adaptive rate, while that has credit).
    pub alarm: bool,
    /// Whether the monitor is still learning what is normal: no alarms yet.
    pub warming_up: bool,
    /// An event that ended with this frame.
    pub event: Option<Event>,
}

impl Verdict {
    /// How far the frame is above the limit it exceeds most, or below the one it comes nearest to, in dB; NaN while no limit is
    /// known.
    #[must_use]
    pub fn above(&self) -> f32 {
        let most = (self.score - self.limit)
            .max(self.level_score - self.level_limit)
            .max(self.flag_score - self.flag_limit);
        if most.is_finite() { most } else { f32::NAN }
    }
}

/// What was counted since the start. Every sample given is in exactly one of the three counters of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counters {
    /// Frames given.
    pub frames: u64,
    /// Samples that were numbers inside the rails.
    pub valid: u64,
    /// Samples that were NaN or infinite.
    pub missing: u64,
    /// Samples at or beyond a rail.
    pub saturated: u64,
    /// Frames that no view could judge.
    pub unjudged: u64,
    /// Alarmed frames.
    pub alarms: u64,
    /// Events that ended.
    pub events: u64,
}

/// What a view beside the score, of levels or of flags, said of one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Finding {
    /// The largest of the channels' scores, in dB; NaN if none is known.
    pub(super) score: f32,
    /// Probability of such a score.
    pub(super) p_value: f32,
    /// The score above which it is an alarm.
    pub(super) limit: f32,
    /// The channel with that score.
    pub(super) channel: u16,
}

impl Finding {
    /// Nothing is known.
    pub(super) const NONE: Self =
        Self { score: f32::NAN, p_value: f32::NAN, limit: f32::INFINITY, channel: 0 };
}

/// A score, its limit, and the view it is of.
pub(super) type Side = (f32, f32, View);

/// The one of two that is farther above its limit; a score that is not known is not.
pub(super) fn farther(a: Side, b: Side) -> Side {
    if a.0.is_nan() || b.0 - b.1 > a.0 - a.1 { b } else { a }
}

/// A score and its limit on the scale of `windows`, if that is known.
pub(super) fn on_the_scale_of(windows: Side, (score, limit, _): Side) -> (f32, f32) {
    let moved = score - limit + windows.1;
    if windows.0.is_nan() || !moved.is_finite() { (score, limit) } else { (moved, windows.1) }
}
