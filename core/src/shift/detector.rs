//! The detector: first a look, then learning, then watching, and after an alarm all over again.

use nalgebra::{Const, DefaultAllocator, Dim, OVector};

use super::MAX_CHANNELS;
use super::bets::{Bets, Winner};
use super::config::ShiftConfig;
use super::histogram::Histogram;
use super::innovations::Innovations;
use super::moments::Moments;
use super::normal::Uniform;
use super::onset::Recent;
use super::regimes::Regimes;
use super::report::ShiftReport;
use super::scaling::Scaling;
use super::whiteness::Whiteness;
use crate::error::ConfigError;
#[cfg(feature = "alloc")]
use crate::error::in_range;
use crate::linalg;
use crate::math::{cbrt, sqrt};
use crate::shape::{Alloc, zeros};

/// The rank transforms start when 2·m frames are in the regression, m its width.
const RANKS_FROM: u32 = 2;

/// What the detector is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Phase {
    /// A first look: what unit and offset each channel has, and whether it wanders.
    Scaling,
    /// Learning how frames follow each other.
    Learning,
    /// Alarms are possible.
    Watching,
    /// An alarm was raised; more frames make its report better.
    Refining,
}

/// What one frame meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShiftVerdict {
    /// What the detector was doing with this frame.
    pub phase: Phase,
    /// M, the evidence for a change: its mean grows by 1 a frame while nothing changes, and it alarms at
    /// [`ShiftConfig::frames_per_false_alarm`]. 0 unless watching.
    pub evidence: f32,
    /// Whether this frame raised an alarm.
    pub alarm: bool,
    /// Whether the report of the last alarm is final with this frame.
    pub refined: bool,
}

/// What the detector has found out about its input. Channel sets are bits: bit j is channel j.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Status {
    /// Frames given, in total.
    pub frames: u64,
    /// Frames that could not be judged because an active channel was missing.
    pub skipped: u64,
    /// Alarms raised.
    pub alarms: u32,
    /// Lags in use; it can have been raised.
    pub order: usize,
    /// The prediction errors are dependent in time and the order cannot be raised further: watch fewer frames a second (decimate).
    pub dependent: bool,
    /// Channels that were there during the first look.
    pub active: u32,
    /// Channels that varied then.
    pub varying: u32,
    /// Channels close to a unit root (φ > 0.9), watched as differences: a lasting shift of their level is an impulse there.
    pub differenced: u32,
    /// Channels that take part in the joint bets: active, varying, no combination of others.
    pub live: u32,
}

/// A shift detector for `D` numbers a frame; `BLOCKS` is [`blocks`](super::blocks) of the largest order. See [`ShiftDetector`].
#[derive(Clone, Debug, PartialEq)]
pub struct ShiftDetectorOf<D: Dim, const BLOCKS: usize>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(super) config: ShiftConfig,
    pub(super) d: usize,
    pub(super) phase: Phase,
    pub(super) scaling: Scaling<D>,
    pub(super) innovations: Innovations<D, BLOCKS>,
    pub(super) radius: Histogram,
    pub(super) ranks: [Histogram; MAX_CHANNELS],
    /// Frames in which each channel was missing or repeated its last value, of `watched` frames.
    pub(super) stuck: OVector<f32, D>,
    pub(super) watched: f32,
    pub(super) bets: Bets<D>,
    pub(super) whiteness: Whiteness<D>,
    pub(super) random: Uniform,
    /// z, its radial version, and the scores of the channels.
    pub(super) z: OVector<f32, D>,
    pub(super) radial: OVector<f32, D>,
    pub(super) scores: OVector<f32, D>,
    /// Frames since the phase began.
    pub(super) age: u32,
    pub(super) order: usize,
    pub(super) status: Status,
    /// The bet that raised the last alarm, and the effective number of frames in its memory.
    pub(super) winner: Winner,
    pub(super) remembered: f32,
    /// Standardised frames after the alarm.
    pub(super) after: Moments<D>,
    pub(super) recent: Recent<D>,
    pub(super) regimes: Regimes<D>,
    pub(super) report: ShiftReport,
}

/// A shift detector for `D` ≤ 16 numbers a frame, memory inside the value. `BLOCKS` is 3 for orders up to 1, 6 up to 2, 10 up to 3.
///
/// ```
/// use eigenstream_core::shift::{ShiftConfig, ShiftDetector};
///
/// let mut detector = ShiftDetector::<2>::new(&ShiftConfig::default())?;
/// let mut state = 1_u32;
/// let mut noise = || {
///     state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///     (state >> 8) as f32 / (1 << 24) as f32
/// };
/// assert!((0..1000).all(|_| !detector.process(&[noise(), noise()]).alarm));
/// // The second channel triples.
/// assert!((0..100).any(|_| detector.process(&[noise(), 3.0 * noise()]).alarm));
/// # Ok::<(), eigenstream_core::ConfigError>(())
/// ```
pub type ShiftDetector<const D: usize, const BLOCKS: usize = 3> = ShiftDetectorOf<Const<D>, BLOCKS>;

/// A shift detector with run-time shape for orders up to 3, memory on the heap (allocated once, at construction).
#[cfg(feature = "alloc")]
pub type DynShiftDetector = ShiftDetectorOf<nalgebra::Dyn, 10>;

impl<const D: usize, const BLOCKS: usize> ShiftDetector<D, BLOCKS> {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn new(config: &ShiftConfig) -> Result<Self, ConfigError> {
        Self::with_shape(Const, config)
    }
}

#[cfg(feature = "alloc")]
impl DynShiftDetector {
    /// A detector for `d` ≤ 16 numbers a frame that has seen nothing.
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn new(d: usize, config: &ShiftConfig) -> Result<Self, ConfigError> {
        in_range("channels", d as f64, 1.0, MAX_CHANNELS as f64)?;
        Self::with_shape(nalgebra::Dyn(d), config)
    }
}

impl<D: Dim, const BLOCKS: usize> ShiftDetectorOf<D, BLOCKS>
where
    DefaultAllocator: Alloc<D, D>,
{
    /// A detector of the given shape that has seen nothing.
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn with_shape(d: D, config: &ShiftConfig) -> Result<Self, ConfigError> {
        config.validate(d.value(), Innovations::<D, BLOCKS>::MAX_ORDER)?;
        let mut detector = Self {
            config: *config,
            d: d.value(),
            phase: Phase::Scaling,
            scaling: Scaling::new(d),
            innovations: Innovations::new(d, config.order),
            radius: Histogram::EMPTY,
            ranks: [Histogram::EMPTY; MAX_CHANNELS],
            stuck: zeros(d),
            watched: 0.0,
            bets: Bets::new(d),
            whiteness: Whiteness::new(d),
            random: Uniform::new(config.seed),
            z: zeros(d),
            radial: zeros(d),
            scores: zeros(d),
            age: 0,
            order: config.order,
            status: Status::default(),
            winner: Winner::NONE,
            remembered: 0.0,
            after: Moments::new(d),
            recent: Recent::new(d),
            regimes: Regimes::new(d),
            report: ShiftReport::default(),
        };
        detector.restart();
        Ok(detector)
    }

    /// Number of channels d.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.d
    }

    /// What the detector has found out about its input.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            order: self.order,
            active: self.scaling.active,
            varying: self.scaling.varying,
            differenced: self.scaling.differenced,
            ..self.status
        }
    }

    /// Frames of the warm-up, from the start or a restart to the first frame that can alarm.
    #[must_use]
    pub fn warm_up_frames(&self) -> u32 {
        self.config.warm_up(self.innovations.width())
    }

    /// Takes in one frame of d numbers. NaN and infinities are missing: a frame that lacks a channel which was there before is not judged but
    /// counted, and if it goes on lacking it, that is a change. A frame of another length is taken as missing altogether.
    ///
    /// Cost: see the module; no allocation, no loop on data.
    pub fn process(&mut self, x: &[f32]) -> ShiftVerdict {
        self.status.frames += 1;
        self.age = self.age.saturating_add(1);
        let phase = self.phase;
        if x.len() != self.d {
            self.status.skipped += 1;
            self.age -= 1;
            self.pause();
            self.keep(false);
            return ShiftVerdict { phase, evidence: self.evidence(), alarm: false, refined: false };
        }
        if phase == Phase::Scaling {
            self.scale(x);
        } else {
            self.follow(x);
        }
        let evidence = self.evidence();
        let alarm = phase == Phase::Watching && evidence >= self.config.frames_per_false_alarm;
        let mut refined = false;
        if alarm {
            self.status.alarms = self.status.alarms.saturating_add(1);
            self.begin_report();
            (self.phase, self.age) = (Phase::Refining, 0);
        } else if phase == Phase::Refining && self.age >= self.refine_frames() {
            self.finish_report();
            refined = true;
            self.restart();
        }
        ShiftVerdict { phase, evidence, alarm, refined }
    }

    /// The last change: a first version with its alarm, one that is final when a verdict says `refined`. [`Self::describe`] brings it up to date
    /// in between.
    #[must_use]
    pub fn report(&self) -> Option<&ShiftReport> {
        (self.status.alarms > 0).then_some(&self.report)
    }

    /// Frames by which the report is refined: about two delays.
    fn refine_frames(&self) -> u32 {
        let delay =
            (self.report.alarm_frame - self.report.onset_frame + 1).min(u64::from(u32::MAX / 2)) as u32;
        (2 * delay).max(4 * self.d as u32).min(self.config.refine_frames)
    }

    /// Says that frames are missing between the last one and the next: nothing is predicted across.
    pub fn pause(&mut self) {
        self.innovations.forget_past();
        self.whiteness.forget_past();
        self.scaling.forget_last();
    }

    /// Forgets what was learned, as after an alarm. Counters stay.
    pub fn restart(&mut self) {
        (self.phase, self.age) = (Phase::Scaling, 0);
        self.scaling.restart();
        self.relearn();
    }

    fn evidence(&self) -> f32 {
        if self.phase == Phase::Watching { self.bets.evidence() } else { 0.0 }
    }

    /// Forgets how frames follow each other, but not their scale.
    fn relearn(&mut self) {
        self.innovations.restart(self.order);
        self.radius = Histogram::EMPTY;
        self.ranks = [Histogram::EMPTY; MAX_CHANNELS];
        self.stuck.as_mut_slice().fill(0.0);
        self.watched = 0.0;
        self.bets.restart(&mut self.random);
        self.whiteness.restart();
        self.recent.clear();
        (self.status.live, self.status.dependent) = (0, false);
    }

    fn scale(&mut self, x: &[f32]) {
        self.scaling.look(x);
        if self.scaling.frames() >= self.warm_up_frames() / 3 {
            self.scaling.fix();
            (self.phase, self.age) = (Phase::Learning, 0);
        }
    }

    /// A frame after the first look: judge, bet, learn.
    fn follow(&mut self, x: &[f32]) {
        self.count_stuck(x);
        let complete = self.scaling.apply(x, self.innovations.frame_mut());
        self.scaling.remember(x);
        if !complete {
            self.status.skipped += 1;
            self.innovations.forget_past();
            self.whiteness.forget_past();
            self.keep(false);
            return;
        }
        if self.phase == Phase::Refining {
            self.refine();
            self.innovations.advance(false);
            return;
        }
        let ready = RANKS_FROM * self.innovations.width() as u32;
        if self.innovations.is_primed() && self.innovations.absorbed() >= ready {
            if self.status.live == 0 {
                self.status.live = self.innovations.independent() & self.scaling.varying;
            }
            self.innovations.judge(self.z.as_mut_slice());
            self.keep(true);
            self.rank();
            self.check_whiteness();
            if self.phase == Phase::Watching {
                self.bets.play_joint(self.radial.as_slice(), self.status.live.count_ones());
                self.bets.play_channels(self.scores.as_slice());
            }
        }
        if !self.innovations.is_primed() {
            self.keep(false);
        }
        self.innovations.advance(true);
        let wanted = self.warm_up_frames() - self.warm_up_frames() / 3;
        if self.phase == Phase::Learning && self.innovations.absorbed() >= wanted {
            (self.phase, self.age) = (Phase::Watching, 0);
        }
    }

    /// Keeps the innovations of a frame before the alarm to date the onset by, or that it had none.
    fn keep(&mut self, judged: bool) {
        if self.phase != Phase::Refining {
            let z = if judged { self.z.as_slice() } else { &[] };
            self.recent.push(z, self.status.live);
        }
    }

    /// Ranks "missing or repeated" of every channel among the past, and bets on it.
    fn count_stuck(&mut self, x: &[f32]) {
        let stuck = self.scaling.stuck(x);
        let all = 1.0 / (self.watched + 1.0);
        for j in 0..self.d {
            let (u, hits) = (self.random.next(), self.stuck[j]);
            let hit = stuck >> j & 1 == 1;
            let p = if hit { u * (hits + 1.0) } else { hits + u * (self.watched - hits + 1.0) } * all;
            self.stuck[j] += if hit { 1.0 } else { 0.0 };
            if self.phase == Phase::Watching {
                self.bets.play_loss(j, p);
            }
        }
        self.watched += 1.0;
        if self.watched >= 1e6 {
            self.watched *= 0.5;
            linalg::scale(0.5, self.stuck.as_mut_slice());
        }
        if self.phase == Phase::Watching {
            self.bets.settle_loss();
        }
    }

    /// From innovations to numbers that are standard normal whatever their law: the radius by its rank (`radial`), each channel by its own
    /// (`scores`).
    fn rank(&mut self) {
        for ((score, &z), ranks) in self.scores.iter_mut().zip(&self.z).zip(&mut self.ranks) {
            *score = ranks.score(z, self.random.next());
        }
        let live = self.status.live;
        for (j, (radial, &z)) in self.radial.iter_mut().zip(&self.z).enumerate() {
            *radial = if live >> j & 1 == 1 { z } else { 0.0 };
        }
        // ‖z‖² of d normal numbers is (Wilson & Hilferty 1931) d·(1 − a + √a·γ)³ with γ standard normal, a = 2/(9d); γ comes from the rank.
        let d = live.count_ones().max(1) as f32;
        let a = 2.0 / (9.0 * d);
        let root = sqrt(a);
        let q = linalg::energy(self.radial.as_slice()).max(1e-12);
        let gamma = self.radius.score((cbrt(q / d) - 1.0 + a) / root, self.random.next());
        let side = gamma * root + 1.0 - a;
        let wanted = (d * side * side * side).max(1e-9);
        linalg::scale(sqrt(wanted / q), self.radial.as_mut_slice());
    }

    /// Raises the order, or says that it should be, if the innovations are dependent in time.
    fn check_whiteness(&mut self) {
        let live = self.status.live.count_ones();
        if !self.whiteness.test(self.radial.as_slice(), live) {
            return;
        }
        // A change can look like dependence too: once watching, only the bets decide what it is.
        if self.phase == Phase::Learning
            && self.config.raise_order
            && self.order < Innovations::<D, BLOCKS>::MAX_ORDER
        {
            self.order += 1;
            self.relearn();
        } else {
            self.status.dependent = true;
        }
    }
}

#[cfg(test)]
mod tests;
