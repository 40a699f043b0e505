//! The rate of alarms that the limits are set for: the wanted one, or one that follows the alarms.

use super::config::AlarmConfig;
use crate::error::ConfigError;
use crate::score::AdaptiveLevel;

/// Steps of the adaptive rate, in wanted rates: so many alarmed frames, as of an event, use up its credit.
const STEPS: f32 = 100.0;

/// The rates that limits can be set for: beyond half of all frames nothing is rare any more.
const LEAST: f32 = 1e-10;
const MOST: f32 = 0.5;

/// State: 8 words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    wanted: f32,
    adaptive: Option<AdaptiveLevel>,
}

impl Rate {
    pub(super) fn new(config: &AlarmConfig) -> Result<Self, ConfigError> {
        let wanted = 1.0 / config.frames_per_false_alarm;
        let level = || AdaptiveLevel::new(wanted, (wanted / STEPS).max(1e-6));
        Ok(Self { wanted, adaptive: config.adaptive.then(level).transpose()? })
    }

    /// The share of alarmed frames that all limits together are to have.
    pub(super) fn share(&self) -> f32 {
        self.adaptive.map_or(self.wanted, |level| level.level().clamp(LEAST, MOST))
    }

    /// Whether an alarm may be raised: always, unless an adaptive rate has used up its credit. Then learns of the decision.
    pub(super) fn decide(&mut self, exceeds: bool) -> bool {
        let Some(level) = &mut self.adaptive else { return exceeds };
        let alarm = exceeds && level.level() > 0.0;
        level.observe(alarm);
        alarm
    }
}
