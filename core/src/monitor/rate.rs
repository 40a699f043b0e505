//! The rate of alarms that the limits are set for: the wanted one, or one that follows the alarms.

use super::config::AlarmConfig;
use crate::error::ConfigError;
use crate::score::AdaptiveLevel;

/// Steps of the adaptive rate, in wanted rates: so many alarmed frames, as of an event, use up its credit.
const STEPS: f32 = 100.0;

/// The smallest step there is, a little above the bound of the range.
const SMALLEST: f32 = 1.1e-7;

/// The rates that limits can be set for: beyond half of all frames nothing is rare any more.
const LEAST: f32 = 1e-10;
const MOST: f32 = 0.5;

/// State: 10 words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    wanted: f32,
    adaptive: Option<AdaptiveLevel>,
}

impl Rate {
    pub(super) fn new(config: &AlarmConfig) -> Result<Self, ConfigError> {
        let wanted = 1.0 / config.frames_per_false_alarm;
        let level = || AdaptiveLevel::new(wanted, (wanted / STEPS).max(SMALLEST));
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

#[cfg(test)]
mod tests {
    use super::{AlarmConfig, Rate};

    #[test]
    fn every_wanted_rate_can_be_adaptive() {
        for frames_per_false_alarm in [2.0, 20.0, 1e3, 1e4, 1e6, 1e9] {
            let config = AlarmConfig { frames_per_false_alarm, adaptive: true, ..AlarmConfig::default() };
            let mut rate = Rate::new(&config).unwrap();
            let before = rate.share();
            assert!((before * frames_per_false_alarm - 1.0).abs() < 1e-5 && rate.decide(true));
            assert!(rate.share() < before);
        }
    }

    #[test]
    fn an_adaptive_rate_is_deaf_after_a_hundred_alarms_and_hears_again() {
        let config = AlarmConfig { adaptive: true, ..AlarmConfig::default() };
        let mut rate = Rate::new(&config).unwrap();
        let raised = (0..1_000).filter(|_| rate.decide(true)).count();
        assert!((99..=102).contains(&raised), "{raised}");
        // Each step is paid back in 10,000 frames.
        (0..20_000).for_each(|_| assert!(!rate.decide(false)));
        assert!(rate.decide(true));
        let mut fixed = Rate::new(&AlarmConfig::default()).unwrap();
        assert!((0..1_000).all(|_| fixed.decide(true)));
    }
}
