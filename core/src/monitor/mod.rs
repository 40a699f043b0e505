//! The composition: condition → track → score → alarm, one [`Config`], one [`process`](MonitorOf::process), verdicts out.
//!
//! Two *temporal* views follow each analog channel, one a window of L samples, one of L means of three samples; the *spatial* view
//! follows the frame of all channels. Each view's residual energy is compared with its own past, as an excess in dB; a channel's is the
//! mean of its two views. The channels become one by log-mean-exp ([`fuse`]), which is the channel itself where there is one, near the largest
//! where one stands out, and near their mean where many move together. What comes of it, and the spatial view, are each calibrated against their
//! own past scores: the residual of a frame has few directions and scatters by tens of dB, that of a window has many and is calm, and one limit
//! for both would be deaf to the second. A verdict on a frame is given L + L/2 frames later, when the frame stands in the middle of both temporal
//! windows; the spatial view looks at the same delayed frame, so that all evidence in a verdict is about one moment.

mod channel;
mod coarse;
mod config;
mod flag;
mod level;
mod rate;
mod spatial;
mod temporal;
mod verdict;

use nalgebra::{Const, DefaultAllocator, Dim, OVector, U1};

use crate::condition::{ChannelKind, Validity};
use crate::error::{ConfigError, in_range};
use crate::score::{
    Calibration, Event, EventMerger, Fused, MAX_EVENT_CHANNELS, Share, Union, View, Whiteness, fuse,
};
use crate::shape::{Alloc, zeros};
use channel::{ChannelView, Full};
pub use config::{AlarmConfig, COARSE_FACTOR, Config, SpatialConfig, TemporalConfig};
use flag::FlagView;
use level::LevelView;
use rate::Rate;
use spatial::SpatialView;
pub use verdict::{Counters, Verdict};
use verdict::{Finding, Side, farther, on_the_scale_of};

/// Frames that some view must have judged before the first alarm, whatever the warm-up.
const LEAST_JUDGED: u32 = 50;

/// Probability below which uneven p-values are not put down to chance.
const TRUST: f32 = 1e-3;

/// How often the limits follow the rate of alarms, and what the views are worth together, in frames.
const REFRESH: u64 = 64;

/// A monitor over dimensions `N` (channels), `R` (largest spatial rank), `L` (longest temporal window) and `K` (largest temporal rank); see the
/// aliases [`Monitor`] and `DynMonitor`.
///
/// Cost of a frame: 4·L·K multiply–adds for each analog channel and a third of that for its coarse window, 4·N·R for the spatial
/// view, and a few hundred instructions for each channel's condition.
#[derive(Clone, Debug)]
pub struct MonitorOf<N: Dim, R: Dim, L: Dim, K: Dim>
where
    DefaultAllocator: Alloc<N, R> + Alloc<L, K>,
{
    config: Config,
    channels: OVector<ChannelView<L, K>, N>,
    spatial: SpatialView<N, R>,
    levels: LevelView,
    flags: FlagView,
    /// Past scores of the temporal views, and of the spatial view.
    calibrations: [Calibration; 2],
    union: Union,
    rate: Rate,
    /// Of the p-values of the score, after the warm-up.
    check: Whiteness,
    events: EventMerger,
    counters: Counters,
    /// What the temporal views said together of the last frame.
    fused: Fused,
    /// Frames with a score of all scales.
    judged: u32,
    /// Scratch shared by all temporal views: the standardised window and its residual.
    window: OVector<f32, L>,
    residual: OVector<f32, L>,
}

/// A monitor with its memory inside the value: `N` channels, spatial rank up to `R`, temporal windows up to `L` with rank up to `K`.
///
/// ```
/// use eigenstream_core::monitor::{Config, Monitor};
///
/// let mut monitor = Monitor::<2, 1>::new(&Config::default())?;
/// let mut alarms = 0;
/// for t in 0..20_000u32 {
///     let wave = (t % 40) as f32;
///     let fault = if (15_000..15_050).contains(&t) { 25.0 } else { 0.0 };
///     let noise = (t.wrapping_mul(2_654_435_761) >> 20) as f32 * 1e-3;
///     if let Some(verdict) = monitor.process(&[wave + noise, 80.0 - 2.0 * wave + fault]) {
///         alarms += u32::from(verdict.alarm && (14_900..15_150).contains(&verdict.frame));
///     }
/// }
/// assert!(alarms > 0);
/// # Ok::<(), eigenstream_core::ConfigError>(())
/// ```
pub type Monitor<const N: usize, const R: usize, const L: usize = 100, const K: usize = 2> =
    MonitorOf<Const<N>, Const<R>, Const<L>, Const<K>>;

/// A monitor whose shape is chosen at run time, memory on the heap, allocated at construction only.
#[cfg(feature = "alloc")]
pub type DynMonitor = MonitorOf<nalgebra::Dyn, nalgebra::Dyn, nalgebra::Dyn, nalgebra::Dyn>;

impl<const N: usize, const R: usize, const L: usize, const K: usize> Monitor<N, R, L, K> {
    /// Size of the whole state in bytes, a compile-time constant.
    pub const STATE_BYTES: usize = core::mem::size_of::<Self>();

    /// A monitor that has seen nothing. Its spatial rank is the smaller of `R` and `config.spatial.rank`.
    ///
    /// # Errors
    /// If a number is out of range, or the temporal windows or their rank do not fit the memory of the type.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        Self::with_shape(Const, Const, Const, Const, config)
    }
}

#[cfg(feature = "alloc")]
impl DynMonitor {
    /// A monitor of `channels` channels that has seen nothing; the configuration gives the rest of its shape.
    ///
    /// # Errors
    /// If a number is out of range, or `channels` is not in 1..=65,536.
    pub fn new(channels: usize, config: &Config) -> Result<Self, ConfigError> {
        use nalgebra::Dyn;
        config.validate()?;
        let (t, s) = (&config.temporal, &config.spatial);
        let (length, rank) = if t.enabled { (t.length, t.rank) } else { (1, 1) };
        let spatial = if s.enabled { s.rank.min(channels).max(1) } else { 1 };
        Self::with_shape(Dyn(channels), Dyn(spatial), Dyn(length), Dyn(rank), config)
    }
}

impl<N: Dim, R: Dim, L: Dim, K: Dim> MonitorOf<N, R, L, K>
where
    DefaultAllocator: Alloc<N, R> + Alloc<L, K>,
{
    fn with_shape(n: N, r: R, l: L, k: K, config: &Config) -> Result<Self, ConfigError> {
        config.validate()?;
        in_range("channels", n.value() as f64, 1.0, 65_536.0)?;
        if config.temporal.enabled {
            in_range("temporal.length", config.temporal.length as f64, 2.0, l.value() as f64)?;
            in_range("temporal.rank", config.temporal.rank as f64, 1.0, k.value() as f64)?;
        }
        let alarm = &config.alarm;
        let view = ChannelView::new(l, k, config)?;
        let rate = Rate::new(alarm)?;
        let share = rate.share();
        Ok(Self {
            config: *config,
            channels: OVector::from_fn_generic(n, U1, |i, _| view.clone().staggered(i)),
            spatial: SpatialView::new(n, r, &config.spatial)?,
            levels: LevelView::new(&config.level, alarm.memory_frames, share)?,
            flags: FlagView::new(&config.flag, alarm.memory_frames, share),
            calibrations: [Calibration::new(alarm.memory_frames, share)?; 2],
            union: Union::new(share, alarm.memory_frames),
            rate,
            check: Whiteness::new(alarm.memory_frames as f32),
            events: EventMerger::new(u64::from(alarm.merge_frames)),
            counters: Counters::default(),
            fused: Fused { score: f32::NAN, channel: 0, scatter: f32::NAN },
            judged: 0,
            window: zeros(l),
            residual: zeros(l),
        })
    }

    /// The configuration it was built from.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Frames between a sample and the verdict on it.
    #[must_use]
    pub fn delay(&self) -> usize {
        self.config.delay()
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What a channel's values look like so far.
    ///
    /// # Panics
    /// If there is no such channel.
    #[must_use]
    pub fn kind(&self, channel: usize) -> ChannelKind {
        self.channels[channel].condition.kind()
    }

    /// The check of the score's p-values since the warm-up, the last [`AlarmConfig::memory_frames`] of them above all. Those of overlapping
    /// windows are not independent; whether they are uniform is what matters.
    #[must_use]
    pub fn calibration_check(&self) -> &Whiteness {
        &self.check
    }

    /// Whether alarms can be expected at the wanted rate: false once the score's p-values are more uneven than chance explains (one time in a
    /// thousand) *and* rare ones come more than twice, or less than half, as often as they should. Then the stream changes in ways
    /// that its past did not show. Cost: some 1,000 operations.
    #[must_use]
    pub fn calibration_trusted(&self) -> bool {
        let ratio = self.check.rare_ratio();
        // Before the end of the warm-up nothing speaks against them.
        ratio.is_nan() || (0.5..=2.0).contains(&ratio) || self.check.uniformity() >= TRUST
    }

    /// The last excess of a channel's temporal views, in dB; NaN if none could judge or there are none.
    ///
    /// # Panics
    /// If there is no such channel.
    #[must_use]
    pub fn temporal_score(&self, channel: usize) -> f32 {
        self.channels[channel].score
    }

    /// The last fused excess of all channels' temporal views, in dB; NaN if none could judge or there are none.
    #[must_use]
    pub fn fused_score(&self) -> f32 {
        self.fused.score
    }

    /// The last excess of the spatial view, in dB; NaN if it could not judge.
    #[must_use]
    pub fn spatial_score(&self) -> f32 {
        self.spatial.score
    }

    /// Sets the converter's rails of a channel, in its physical unit: samples at or beyond them are saturated.
    ///
    /// # Errors
    /// If `low` is not below `high`, or there is no such channel.
    pub fn set_rails(&mut self, channel: usize, low: f32, high: f32) -> Result<(), ConfigError> {
        in_range("channel", channel as f64, 0.0, self.channels() as f64 - 1.0)?;
        if low < high {
            self.channels[channel].condition.set_rails(low, high);
            return Ok(());
        }
        Err(ConfigError::Conflict { field: "rails", reason: "the lower rail must be below the upper one" })
    }

    /// Takes in one frame (one sample per channel in its own unit; NaN = missing) and gives the verdict on the frame of
    /// [`Self::delay`] calls ago; `None` for the first so many calls.
    ///
    /// A frame of another length is read as far as it goes; channels without a sample are missing.
    pub fn process(&mut self, frame: &[f32]) -> Option<Verdict> {
        self.counters.frames += 1;
        for (i, channel) in self.channels.iter_mut().enumerate() {
            match channel.push(frame.get(i).copied().unwrap_or(f32::NAN)) {
                Validity::Valid => self.counters.valid += 1,
                Validity::Missing => self.counters.missing += 1,
                Validity::Saturated => self.counters.saturated += 1,
            }
        }
        self.advance(self.counters.frames)
    }

    /// [`Self::process`] for many frames, one after another in `frames`; hands each verdict to `sink`. The same bits as the loop.
    ///
    /// Returns the frames taken in: a torn frame at the end is left.
    pub fn block(&mut self, frames: &[f32], mut sink: impl FnMut(Verdict)) -> usize {
        let whole = frames.chunks_exact(self.channels());
        let count = whole.len();
        for frame in whole {
            if let Some(verdict) = self.process(frame) {
                sink(verdict);
            }
        }
        count
    }

    /// At the end of the stream: the verdicts that were still waiting, as `sink` calls, and the event that was still open. The windows are
    /// filled up with missing samples, which are not counted.
    pub fn finish(&mut self, mut sink: impl FnMut(Verdict)) -> Option<Event> {
        let frames = self.counters.frames;
        for k in 1..=self.delay() as u64 {
            for channel in self.channels.iter_mut() {
                channel.pad();
            }
            if let Some(verdict) = self.advance(frames + k) {
                sink(verdict);
            }
        }
        let event = self.events.finish();
        self.counters.events += u64::from(event.is_some());
        event
    }

    /// Each channel's share of the last verdict's score (`shares`, one entry per channel, sum 1, or all 0 if nothing was unusual).
    ///
    /// The temporal views speak for their channel by its excess as it was fused, and so does the level; the spatial view's is divided by
    /// reconstruction-based contributions to its residual energy (Alcala & Qin 2009). Only positive scores count.
    pub fn contributions_into(&self, shares: &mut [f32]) {
        for (i, share) in shares.iter_mut().take(self.channels()).enumerate() {
            *share = self.part(i);
        }
        let total: f32 = shares.iter().sum();
        if total > 0.0 {
            shares.iter_mut().for_each(|share| *share /= total);
        }
    }

    /// A channel's part in the last verdict's score, in dB. Asked for at alarms only: once in the image is enough.
    #[inline(never)]
    fn part(&self, i: usize) -> f32 {
        let channel = &self.channels[i];
        channel.evidence().scaled(self.fused.scatter).max(0.0)
            + self.spatial.contribution(i)
            + self.levels.contribution(channel.level_score)
            + self.flags.contribution(channel.flag_score)
    }

    /// Judges the frame that is due when `given` frames (or paddings) were taken in.
    fn advance(&mut self, given: u64) -> Option<Verdict> {
        let frame = given.checked_sub(self.delay() as u64 + 1)?;
        let full = self.full(given);
        let (temporal, channel) = self.judge_temporal(full);
        let spatial = self.judge_spatial();
        let [of_windows, of_frames] = &mut self.calibrations;
        let residual_p = [of_windows.p_value(temporal), of_frames.p_value(spatial)];
        let windows = (temporal, of_windows.limit(), View::Temporal(channel));
        let frames = (spatial, of_frames.limit(), View::Spatial);
        let residual = farther(windows, frames);
        let (score, limit) = on_the_scale_of(windows, residual);
        if score.is_nan() {
            self.counters.unjudged += 1;
        } else if full.coarse {
            // Scores of the fine scale alone are wilder: they must not decide what is usual for the mean of both.
            self.judged = self.judged.saturating_add(1);
            of_windows.update(temporal);
            of_frames.update(spatial);
        }
        let warming_up = self.is_warming_up();
        if !warming_up {
            // Of one view: the smallest of two p-values is not uniform.
            let [of_windows, of_frames] = residual_p;
            self.check.update(if of_windows.is_nan() { of_frames } else { of_windows });
        }
        let level = self.judge_levels(given, !warming_up);
        let flag = self.judge_flags();
        // Flags take no part of the wanted rate before they can alarm at all.
        let judging = [!temporal.is_nan(), !spatial.is_nan(), !level.score.is_nan(), flag.limit.is_finite()];
        let judging = judging.into_iter().map(u8::from).sum();
        let p_value =
            self.combine(given, [residual_p[0], residual_p[1], level.p_value, flag.p_value], judging);
        let event = self.events.advance(frame);
        self.counters.events += u64::from(event.is_some());
        let sides = [
            (score, limit, residual.2),
            (level.score, level.limit, View::Level(level.channel)),
            (flag.score, flag.limit, View::Flag(flag.channel)),
        ];
        let farthest = sides.into_iter().fold((f32::NAN, f32::INFINITY, residual.2), farther);
        let alarm = !warming_up && self.rate.decide(farthest.0 > farthest.1);
        if alarm {
            self.counters.alarms += 1;
            self.raise(frame, farthest, p_value);
        }
        Some(Verdict {
            frame,
            score,
            p_value,
            limit,
            level_score: level.score,
            level_limit: level.limit,
            flag_score: flag.score,
            flag_limit: flag.limit,
            alarm,
            warming_up,
            event,
        })
    }

    /// The probability that the smallest of the views' p-values is so small; learns how much the `judging` ones are worth together.
    fn combine(&mut self, given: u64, p_values: [f32; 4], judging: u8) -> f32 {
        // `min` gives the one that is a number.
        let least = p_values.into_iter().fold(f32::NAN, f32::min);
        let worth = self.union.worth(judging);
        self.union.update(least);
        if given.is_multiple_of(REFRESH) {
            let rate = self.rate.share() / worth;
            self.calibrations.iter_mut().for_each(|c| c.set_alarm_rate(rate));
            self.levels.set_rate(rate);
            self.flags.set_rate(rate);
        }
        if least.is_nan() { least } else { (worth * least).min(1.0) }
    }

    /// Whether too few frames were given and judged for an alarm. Those that no verdict is about yet were given, too. Flags count while
    /// there is no signal.
    #[must_use]
    pub fn is_warming_up(&self) -> bool {
        let judged = if self.judged > 0 { self.judged } else { self.flags.judged() };
        let given = judged.saturating_add(self.delay() as u32);
        given <= self.config.alarm.warm_up_frames || judged < LEAST_JUDGED
    }

    /// Lets the levels be judged, and learned except where one is held.
    fn judge_levels(&mut self, given: u64, hold: bool) -> Finding {
        if self.config.level.enabled {
            self.levels.judge(self.channels.as_mut_slice(), given, hold)
        } else {
            Finding::NONE
        }
    }

    /// Lets the flags be judged and learned.
    fn judge_flags(&mut self) -> Finding {
        if self.config.flag.enabled { self.flags.judge(self.channels.as_mut_slice()) } else { Finding::NONE }
    }

    /// Which windows are full when `given` frames (or paddings) were taken in. A stream shorter than a window never fills it.
    fn full(&self, given: u64) -> Full {
        let length = self.config.temporal.length as u64;
        let lead = if self.config.temporal.has_coarse() { length } else { 0 };
        let span = COARSE_FACTOR as u64 * length;
        let frames = self.counters.frames;
        Full { fine: frames >= length && given >= lead + length, coarse: lead == 0 || frames >= span }
    }

    /// Lets the temporal views judge and learn; their fused score, and the channel with the largest part in it. NaN if none could judge.
    fn judge_temporal(&mut self, full: Full) -> (f32, u16) {
        if self.config.temporal.enabled {
            let length = self.config.temporal.length;
            let window = &mut self.window.as_mut_slice()[..length];
            let residual = &mut self.residual.as_mut_slice()[..length];
            let memory = self.config.temporal.memory_frames;
            self.channels.iter_mut().for_each(|channel| channel.judge(full, memory, window, residual));
            self.fused = fuse(self.channels.iter().map(ChannelView::evidence));
        }
        (self.fused.score, self.fused.channel)
    }

    /// Lets the spatial view judge and learn.
    fn judge_spatial(&mut self) -> f32 {
        if self.config.spatial.enabled {
            self.spatial.judge(self.channels.as_slice());
        }
        self.spatial.score
    }

    /// Hands an alarmed frame to the event it belongs to, with its reason if it is the peak.
    fn raise(&mut self, frame: u64, (score, limit, view): Side, p_value: f32) {
        let mut channels = heapless::Vec::new();
        if self.events.is_peak(score - limit) {
            self.name_channels(&mut channels);
        }
        let (start, end, peak) = (frame, frame, frame);
        self.events.alarm(Event { start, end, peak, alarms: 1, score, p_value, limit, view, channels });
    }

    /// The channels with the largest contributions, largest first. O(n·4), without memory for all of them.
    fn name_channels(&self, top: &mut heapless::Vec<Share, MAX_EVENT_CHANNELS>) {
        let part = |i: usize| self.part(i);
        let total: f32 = (0..self.channels()).map(part).sum();
        if total.is_nan() || total <= 0.0 {
            return;
        }
        for i in 0..self.channels() {
            let share = part(i) / total;
            if share <= 0.0 {
                continue;
            }
            if top.is_full() && top[MAX_EVENT_CHANNELS - 1].share >= share {
                continue;
            }
            if top.is_full() {
                top.pop();
            }
            // Cannot fail: there is room now. Then it moves up past the smaller ones.
            let _ = top.push(Share { channel: i as u16, share });
            let mut place = top.len() - 1;
            while place > 0 && top[place - 1].share < share {
                top.swap(place - 1, place);
                place -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
