//! One configuration for the whole engine.

use crate::condition::ConditionConfig;
use crate::error::{ConfigError, in_range};
use crate::track::{FlagConfig, LevelConfig, MAX_RANK};

/// All settings of a monitor. The default is meant for every stream; nothing in it depends on the kind of data.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Config {
    /// From raw samples to numbers.
    pub condition: ConditionConfig,
    /// The view of all channels at one tick.
    pub spatial: SpatialConfig,
    /// The views of each analog channel's recent past.
    pub temporal: TemporalConfig,
    /// The levels of the analog channels.
    pub level: LevelConfig,
    /// The transitions of the flag channels.
    pub flag: FlagConfig,
    /// From scores to alarms.
    pub alarm: AlarmConfig,
}

/// The spatial view: do the channels fit each other? Needs two live analog channels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct SpatialConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// Largest dimension of its subspace (1 … 64); it is also kept below the number of live channels.
    pub rank: usize,
    /// Effective memory in frames (2 … 10⁷).
    pub memory_frames: f32,
}

impl Default for SpatialConfig {
    fn default() -> Self {
        Self { enabled: true, rank: 3, memory_frames: 5_000.0 }
    }
}

/// Frames in one entry of a coarse window, their mean. Three is the factor for which the fine window can be the middle of the coarse
/// one with no more memory than one line of L samples for the delay.
pub const COARSE_FACTOR: usize = 3;

/// The temporal views: does a channel go on as it did before?
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct TemporalConfig {
    /// Whether there are any.
    pub enabled: bool,
    /// Whether there is a second, coarser window beside each: L means of [`COARSE_FACTOR`] frames, around the same frame. A channel's
    /// score is then the mean of both excesses. Costs a third more instructions, and twice the memory and more.
    pub coarse: bool,
    /// Window length L in entries (2 … 65,535). A frame's score is known when it is in the middle of all windows: L/2 frames later,
    /// and L more with coarse ones.
    pub length: usize,
    /// Dimension of each subspace (1 … min(L − 1, 64)).
    pub rank: usize,
    /// Effective memory in windows (2 … 10⁷): one comes with each frame, a coarse one with every third.
    pub memory_frames: f32,
}

impl TemporalConfig {
    /// Whether there are coarse windows.
    pub(super) fn has_coarse(&self) -> bool {
        self.enabled && self.coarse
    }
}

impl Default for TemporalConfig {
    fn default() -> Self {
        Self { enabled: true, coarse: true, length: 100, rank: 2, memory_frames: 5_000.0 }
    }
}

/// Calibration and alarms.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct AlarmConfig {
    /// The wanted mean number of frames per falsely alarmed frame (2 … 10⁹): the limit is set so that one frame in so many
    /// exceeds it on a stream that stays as it is.
    pub frames_per_false_alarm: f32,
    /// Frames that are judged on all scales, or wait for their verdict, before the first alarm may be raised (100 … 10⁸).
    pub warm_up_frames: u32,
    /// How many past scores the calibration remembers (200 … 10⁸).
    pub memory_frames: u32,
    /// Alarms at most so many frames apart are one event (0 … 10⁹).
    pub merge_frames: u32,
    /// Whether the limits follow the alarms, so that the wanted rate α is held in the long run whatever the stream does
    /// ([`AdaptiveLevel`](crate::score::AdaptiveLevel), in steps of α/100).
    ///
    /// It costs what it promises. A hundred alarmed frames more than were wanted use up all credit: from then on there is at most one
    /// alarmed frame in 1/α, 10,000 by default, whatever happens, until frames without alarms have brought new credit; a fault of 200 frames ends
    /// as an alarm of 100, and the next one may be missed. A lasting change is adapted to in the same way. Where nothing alarms, the limits sink
    /// by 1 % of α in every 1/α frames, until one frame in two would exceed them. For streams on which the limits do not hold
    /// the rate, and whose alarms somebody has to read.
    pub adaptive: bool,
}

impl Default for AlarmConfig {
    fn default() -> Self {
        Self {
            frames_per_false_alarm: 10_000.0,
            warm_up_frames: 1_000,
            memory_frames: 100_000,
            merge_frames: 100,
            adaptive: false,
        }
    }
}

impl Config {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first number that is out of range, by its key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.condition.validate()?;
        self.level.validate()?;
        self.flag.validate()?;
        let (s, t, a) = (&self.spatial, &self.temporal, &self.alarm);
        in_range("spatial.rank", s.rank as f64, 1.0, MAX_RANK as f64)?;
        in_range("spatial.memory_frames", f64::from(s.memory_frames), 2.0, 1e7)?;
        in_range("temporal.length", t.length as f64, 2.0, 65_535.0)?;
        in_range("temporal.rank", t.rank as f64, 1.0, (t.length - 1).min(MAX_RANK) as f64)?;
        in_range("temporal.memory_frames", f64::from(t.memory_frames), 2.0, 1e7)?;
        in_range("alarm.frames_per_false_alarm", f64::from(a.frames_per_false_alarm), 2.0, 1e9)?;
        in_range("alarm.warm_up_frames", f64::from(a.warm_up_frames), 100.0, 1e8)?;
        in_range("alarm.memory_frames", f64::from(a.memory_frames), 200.0, 1e8)?;
        in_range("alarm.merge_frames", f64::from(a.merge_frames), 0.0, 1e9)?;
        if !s.enabled && !t.enabled {
            let reason = "no view is left; enable spatial or temporal";
            return Err(ConfigError::Conflict { field: "temporal.enabled", reason });
        }
        Ok(())
    }

    /// Frames between a sample and the verdict on it, when it stands in the middle of all temporal windows: L + L/2 with coarse ones,
    /// L/2 without, 0 without temporal views.
    #[must_use]
    pub fn delay(&self) -> usize {
        let t = &self.temporal;
        let lead = if t.has_coarse() { t.length } else { 0 };
        if t.enabled { lead + t.length / 2 } else { 0 }
    }
}
