//! The least that scores: a tracker of one frame of all channels, and what its residual means.

use eigenstream_core::ConfigError;
use eigenstream_core::monitor::{AlarmConfig, SpatialConfig};
use eigenstream_core::score::{Calibration, Excess};
use eigenstream_core::track::{LeanFapi, SubspaceTracker, TrackerConfig};
use eigenstream_trial::{CHANNELS, Frame, RANK};

/// Subspace tracker, excess in dB, p-value and limit with the default settings, for frames that are standardised already: no
/// conditioning, no windows, no events.
#[derive(Clone, Debug)]
pub struct TrackAndScore {
    tracker: LeanFapi<CHANNELS, RANK>,
    excess: Excess,
    calibration: Calibration,
}

impl TrackAndScore {
    /// Nothing seen yet.
    ///
    /// # Errors
    /// None with the default settings.
    pub fn new() -> Result<Self, ConfigError> {
        let (spatial, alarm) = (SpatialConfig::default(), AlarmConfig::default());
        let tracker =
            TrackerConfig { rank: RANK, memory_frames: spatial.memory_frames, ..Default::default() };
        Ok(Self {
            tracker: LeanFapi::new(&tracker)?,
            excess: Excess::new(spatial.memory_frames, 1e-6 * CHANNELS as f32),
            calibration: Calibration::new(alarm.memory_frames, 1.0 / alarm.frames_per_false_alarm)?,
        })
    }

    /// Score, p-value, and whether the score exceeds the limit.
    pub fn process(&mut self, frame: &Frame) -> (f32, f32, bool) {
        let mut residual = [0.0; CHANNELS];
        let judgement = self.tracker.process(frame, &mut residual);
        let score = self.excess.process(judgement.q);
        let (p_value, limit) = (self.calibration.p_value(score), self.calibration.limit());
        self.calibration.update(score);
        (score, p_value, score > limit)
    }
}
