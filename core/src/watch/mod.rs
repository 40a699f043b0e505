//! The watch for shifts over a whole stream: frames in, lasting changes out, in the channels' own names and units.
//!
//! ```text
//! frame ─► condition ─► blocks ─► at most 16 numbers ─► shift detector ─► alarm, report ─► new state ─► shift settles
//!              │                                                             │
//!              └────────────► level and size of each channel ────────────────┴─► before and after
//! ```
//!
//! | file | what lives there |
//! |---|---|
//! | `config` | settings |
//! | `gather` | one number for each block from one for each frame |
//! | `numbers` | which numbers are watched, and what each of them says |
//! | `levels`, `channel` | mean and size of every channel, before and after |
//! | `record` | a shift in terms of the stream |
//! | `states` | which alarms are shifts: those between states that last |
//!
//! **Blocks.** The detector of [`crate::shift`] wants numbers whose prediction errors are independent, and few lags suffice for few streams: samples
//! of an ECG or of a vibration follow each other too closely. So frames are put together into blocks. Unless
//! [`WatchConfig::block_frames`] says how many, a block is one frame to begin with. Blocks become longer, and learning begins anew, when
//!
//! - the prediction errors turn out dependent in time while a state is young, and no higher order helps: four times as long, twice above 256 frames.
//!   (Later in a long state the test would fire by chance.)
//! - four states in a row do not last (`states`): 256 frames, or twice as long above that. What a stream does within about that many frames is for
//!   the monitor's temporal views.
//!
//! They end at [`LONGEST_BLOCK`] frames. All of this is causal and is told by [`WatchOf::status`]. A channel close to a unit root does not lengthen
//! the blocks: it stays so in blocks of any length, and its differences are watched.
//!
//! **The promise** is in frames: on a stream that stays as it is, the mean number of frames between alarms is at least
//! [`WatchConfig::frames_per_false_alarm`], as far as the numbers of blocks fulfil what [`crate::shift`] asks of them; the status says if they are known
//! not to.
//!
//! **Missing frames.** A block of which more than half is missing in one channel lacks that channel's numbers; a channel that stays away is a
//! change. A block that is missing in all channels is a pause: it says nothing about the process, and nothing is predicted across.
//!
//! This type stands beside the [monitor](crate::monitor), not in it: a device that has no room for it does not pay.

mod channel;
mod config;
mod gather;
mod levels;
mod numbers;
mod record;
mod states;

use nalgebra::{Const, DefaultAllocator, Dim, OVector, U1};

use crate::condition::ConditionConfig;
use crate::error::{ConfigError, in_range};
use crate::shape::{Alloc, zeros};
use crate::shift::{Kind, Phase, ShiftDetectorOf, ShiftVerdict};
use channel::Channel;
use config::LONG_BLOCK;
pub use config::{LONGEST_BLOCK, WatchConfig};
use levels::{BUCKET_BLOCKS, BUCKETS};
use numbers::Numbers;
use record::Story;
pub use record::{MAX_SHIFT_CHANNELS, Shift, ShiftedChannel};
use states::States;

/// Dependence that is found while the evidence exceeds this share of an alarm may be the change itself, and is left to the bets.
const UNDECIDED: f32 = 1e-3;

/// What one frame meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchVerdict {
    /// Whether this frame raised an alarm: [`WatchOf::last_change`] has a first report.
    pub alarm: bool,
    /// Whether that report is final with this frame.
    pub refined: bool,
}

/// What the watch has found out about its stream.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WatchStatus {
    /// Frames in a block.
    pub block_frames: u32,
    /// Numbers of a block that are watched.
    pub numbers: usize,
    /// Past blocks by which the present one is predicted.
    pub order: usize,
    /// Whether alarms are possible.
    pub watching: bool,
    /// The first frame that could have raised an alarm, if there was one.
    pub watched_from: Option<u64>,
    /// Frames that the whole warm-up takes with blocks of this length.
    pub warm_up_frames: u64,
    /// The blocks are known to be dependent in time: the promised rate of false alarms does not hold.
    pub dependent: bool,
    /// Shifts that have settled.
    pub shifts: u32,
}

/// A watch over dimensions `N` (channels), `R` (axes of a basis, for more than 8 channels) and `D` (numbers of a block); see [`Watch`] and
/// `DynWatch`.
///
/// Cost of a frame: some 60 instructions for each channel, and 2·N·R multiply–adds more with a basis; of a block, that of a detector of D
/// numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchOf<N: Dim, R: Dim, D: Dim, const BLOCKS: usize>
where
    DefaultAllocator: Alloc<N, R> + Alloc<D, D>,
{
    config: WatchConfig,
    channels: OVector<Channel, N>,
    numbers: Numbers<N, R>,
    detector: ShiftDetectorOf<D, BLOCKS>,
    out: OVector<f32, D>,
    block_frames: u32,
    /// Frames of the present block.
    filled: u32,
    frames: u64,
    /// The detector's count of blocks, and the frames given, when the first block of this length began.
    begun: (u64, u64),
    /// The newest bucket of levels, and the blocks in it.
    bucket: (usize, u64),
    watched_from: Option<u64>,
    states: States,
    last: Option<Shift>,
}

/// A watch with its memory inside the value: `N` channels, `D` = 2·N numbers; for more than 8 channels `D` = 16 and `R` = 7 axes. `BLOCKS` as for
/// [`ShiftDetector`](crate::shift::ShiftDetector).
///
/// ```
/// use eigenstream_core::watch::{Watch, WatchConfig};
///
/// let mut watch = Watch::<2, 4>::new(&WatchConfig::default())?;
/// let mut state = 1_u32;
/// let mut noise = || {
///     state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///     (state >> 8) as f32 / (1 << 24) as f32
/// };
/// for t in 0..4000 {
///     let fault = if t < 3000 { 0.0 } else { 0.5 };
///     assert!(!watch.process(&[20.0 + noise(), 5.0 + fault + noise()]).alarm || t > 3000);
/// }
/// watch.finish();
/// let shift = watch.next_shift().expect("the level of channel 1 has changed");
/// assert_eq!(shift.channels[0].channel, 1);
/// assert!(shift.onset_frame.abs_diff(3000) < 20);
/// # Ok::<(), eigenstream_core::ConfigError>(())
/// ```
pub type Watch<const N: usize, const D: usize, const R: usize = 1, const BLOCKS: usize = 3> =
    WatchOf<Const<N>, Const<R>, Const<D>, BLOCKS>;

/// A watch whose shape is chosen at run time, memory on the heap, allocated at construction only.
#[cfg(feature = "alloc")]
pub type DynWatch = WatchOf<nalgebra::Dyn, nalgebra::Dyn, nalgebra::Dyn, 10>;

impl<const N: usize, const D: usize, const R: usize, const BLOCKS: usize> Watch<N, D, R, BLOCKS> {
    /// Size of the whole state in bytes, a compile-time constant.
    pub const STATE_BYTES: usize = core::mem::size_of::<Self>();

    /// A watch that has seen nothing.
    ///
    /// # Errors
    /// If a number is out of range, or the shape has no room for the numbers of `N` channels.
    pub fn new(config: &WatchConfig) -> Result<Self, ConfigError> {
        Self::with_shape(Const, Const, Const, config, &ConditionConfig::default())
    }
}

#[cfg(feature = "alloc")]
impl DynWatch {
    /// A watch over `channels` channels that has seen nothing.
    ///
    /// # Errors
    /// If a number is out of range, or `channels` is not in 1..=65,536.
    pub fn new(
        channels: usize,
        config: &WatchConfig,
        condition: &ConditionConfig,
    ) -> Result<Self, ConfigError> {
        use nalgebra::Dyn;
        in_range("channels", channels as f64, 1.0, 65_536.0)?;
        let r = 7.min(channels);
        let d = Numbers::<Dyn, Dyn>::count(channels, r, config.block_frames == 1);
        Self::with_shape(Dyn(channels), Dyn(r), Dyn(d), config, condition)
    }
}

impl<N: Dim, R: Dim, D: Dim, const BLOCKS: usize> WatchOf<N, R, D, BLOCKS>
where
    DefaultAllocator: Alloc<N, R> + Alloc<D, D>,
{
    /// A watch of the given shape that has seen nothing.
    ///
    /// # Errors
    /// If a number is out of range, or the shape has no room for the numbers of `n` channels.
    pub fn with_shape(
        n: N,
        r: R,
        d: D,
        config: &WatchConfig,
        condition: &ConditionConfig,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        condition.validate()?;
        in_range("channels", n.value() as f64, 1.0, 65_536.0)?;
        let least = Numbers::<N, R>::count(n.value(), r.value(), config.block_frames == 1);
        in_range("numbers", d.value() as f64, least as f64, crate::shift::MAX_CHANNELS as f64)?;
        let block_frames = config.first_block();
        let channel = Channel::new(condition);
        Ok(Self {
            config: *config,
            channels: OVector::from_fn_generic(n, U1, |_, _| channel),
            numbers: Numbers::new(n, r)?,
            detector: ShiftDetectorOf::with_shape(d, &config.detector(block_frames, d.value()))?,
            out: zeros(d),
            block_frames,
            filled: 0,
            frames: 0,
            begun: (0, 0),
            bucket: (0, 0),
            watched_from: None,
            states: States::new(),
            last: None,
        })
    }

    /// Sets a channel's rails, in units of its samples: a sample `≤ low` or `≥ high` is missing.
    ///
    /// # Errors
    /// If there is no such channel.
    pub fn set_rails(&mut self, channel: usize, low: f32, high: f32) -> Result<(), ConfigError> {
        in_range("channel", channel as f64, 0.0, self.channels.len() as f64 - 1.0)?;
        self.channels[channel].set_rails(low, high);
        Ok(())
    }

    /// What was found out so far.
    #[must_use]
    pub fn status(&self) -> WatchStatus {
        let status = self.detector.status();
        WatchStatus {
            block_frames: self.block_frames,
            numbers: self.numbers.used(self.block_frames == 1),
            order: status.order,
            watching: self.detector.phase() == Phase::Watching,
            watched_from: self.watched_from,
            warm_up_frames: u64::from(self.detector.warm_up_frames()) * u64::from(self.block_frames),
            dependent: status.dependent,
            shifts: self.states.told,
        }
    }

    /// The last change, with the report as far as it is known; whether it is a shift is not settled yet, and its states have the
    /// detector's numbers.
    #[must_use]
    pub fn last_change(&self) -> Option<&Shift> {
        self.last.as_ref()
    }

    /// The next shift that has settled, each once, in order.
    pub fn next_shift(&mut self) -> Option<Shift> {
        self.states.tell()
    }

    /// Takes in one frame, a sample for each channel. NaN and infinities are missing, as is what a short frame lacks. No allocation, no
    /// loop on data.
    pub fn process(&mut self, frame: &[f32]) -> WatchVerdict {
        self.frames += 1;
        let after = self.detector.phase() == Phase::Refining;
        let mut samples = frame.iter();
        for channel in self.channels.iter_mut() {
            channel.push(samples.next().copied().unwrap_or(f32::NAN), self.bucket.0, after);
        }
        self.numbers.gather(self.channels.as_slice());
        self.filled += 1;
        if self.filled < self.block_frames {
            return WatchVerdict::default();
        }
        self.filled = 0;
        if self.numbers.is_looking() {
            if self.numbers.look(self.channels.as_mut_slice()) {
                self.begin();
            }
            return WatchVerdict::default();
        }
        self.end_block()
    }

    /// At the end of the stream: the last state will not change any more, so what led to it is settled. [`Self::next_shift`] gives it.
    pub fn finish(&mut self) {
        if self.detector.phase() == Phase::Refining {
            self.detector.describe();
            self.tell();
        }
        self.refresh();
        self.states.settle(u32::MAX);
    }

    /// Blocks of the present length begin.
    fn begin(&mut self) {
        let config = self.config.detector(self.block_frames, self.numbers.used(self.block_frames == 1));
        // Cannot fail: the settings differ from those it was built with by numbers that are kept in range.
        let _ = self.detector.reconfigure(&config);
        self.begun = (self.detector.status().frames, self.frames);
    }

    /// Judges the block that ends with the last frame.
    fn end_block(&mut self) -> WatchVerdict {
        let known = self.numbers.write(self.block_frames, self.channels.as_slice(), self.out.as_mut_slice());
        // A frame of no length is one that is missing altogether.
        let block = if known { self.out.as_slice() } else { &[] };
        let ShiftVerdict { phase, alarm, refined, evidence } = self.detector.process(block);
        self.count_block();
        if phase == Phase::Watching && self.watched_from.is_none() {
            self.watched_from = Some(self.frames - u64::from(self.block_frames));
        }
        let warm_up = self.detector.warm_up_frames();
        let dependent = self.detector.status().dependent;
        self.states.live(warm_up, dependent);
        if alarm && self.states.end(warm_up, dependent) && self.can_lengthen() {
            // What is seen in long blocks may well be several changes of the process.
            let kept = self.block_frames >= LONG_BLOCK;
            self.states.drop_pending(kept, self.detector.regime());
            self.lengthen(self.block_frames.saturating_mul(2).max(LONG_BLOCK));
            return WatchVerdict::default();
        }
        if alarm {
            self.begin_report();
        }
        if refined {
            self.tell();
            self.channels.iter_mut().for_each(|channel| channel.levels.settle());
            self.states.begin();
        }
        if phase == Phase::Watching && !alarm && self.states.has_lasted() || refined && !self.can_lengthen() {
            self.refresh();
            self.states.settle(self.detector.regime());
        }
        let decided = evidence <= UNDECIDED * self.detector.wanted() && phase != Phase::Refining && !alarm;
        if dependent && decided && self.states.is_young(warm_up) && self.can_lengthen() {
            self.states.drop_pending(true, self.detector.regime());
            self.lengthen(self.block_frames * if self.block_frames < LONG_BLOCK { 4 } else { 2 });
        }
        WatchVerdict { alarm, refined }
    }

    fn can_lengthen(&self) -> bool {
        self.config.block_frames == 0 && self.block_frames < LONGEST_BLOCK
    }

    /// Blocks of so many frames.
    fn lengthen(&mut self, frames: u32) {
        self.block_frames = frames.min(LONGEST_BLOCK);
        self.states.begin();
        self.numbers.restart();
        self.begin();
    }

    /// Counts the block for the buckets of levels.
    fn count_block(&mut self) {
        self.bucket.1 += 1;
        if self.bucket.1 >= BUCKET_BLOCKS {
            let next = (self.bucket.0 + 1) % BUCKETS;
            self.bucket = (next, 0);
            self.channels.iter_mut().for_each(|channel| channel.levels.advance(next));
        }
    }

    /// At the alarm: the first report, and which of the recent levels belong to the new state.
    fn begin_report(&mut self) {
        let Some(report) = self.detector.report() else { return };
        let age = report.alarm_frame - report.onset_frame + 1;
        let (newest, blocks) = self.bucket;
        let after = if age < blocks { 0 } else { 1 + (age - blocks) / BUCKET_BLOCKS };
        let after = after.min(BUCKETS as u64) as usize;
        self.channels.iter_mut().for_each(|channel| channel.levels.split(newest, after));
        self.refresh();
        if let Some(shift) = self.translated() {
            self.states.push(shift.clone(), self.detector.warm_up_frames());
            self.last = Some(shift);
        }
    }

    /// Brings the levels after the last shift up to date.
    fn refresh(&mut self) {
        if let Some(shift) = self.states.last_final() {
            shift.channels.iter_mut().for_each(|c| c.refresh(self.channels.as_slice()));
        }
    }

    /// The report has become better.
    fn tell(&mut self) {
        if let Some(shift) = self.translated() {
            self.states.update(&shift);
            self.last = Some(shift);
        }
    }

    /// The detector's report in terms of the stream.
    fn translated(&self) -> Option<Shift> {
        let report = self.detector.report()?;
        let size = u64::from(self.block_frames);
        let first = |block: u64| self.begun.1 + block.saturating_sub(self.begun.0) * size;
        let story = Story {
            numbers: &self.numbers,
            channels: self.channels.as_slice(),
            report,
            single: self.block_frames == 1,
        };
        let (kind, channels) = story.tell();
        let onset = |block: u64| first(block).saturating_sub(story.late());
        let angle = report.geometry.largest_angle_deg;
        Some(Shift {
            alarm_frame: first(report.alarm_frame) + size - 1,
            onset_frame: onset(report.onset_frame),
            onset_earliest: onset(report.onset_earliest),
            onset_latest: onset(report.onset_latest) + size - 1,
            kind,
            channels,
            nats: report.nats,
            angle_deg: if kind == Kind::Rotation { angle } else { f32::NAN },
            block_frames: self.block_frames,
            left_regime: report.left_regime,
            entered_regime: self.detector.regime(),
            returned_to: report.returned_to,
            is_final: report.is_final,
        })
    }
}

#[cfg(test)]
mod tests;
