//! Other settings for a detector that exists already: its memory is taken once, its block length may change later.

use nalgebra::{DefaultAllocator, Dim};

use super::config::ShiftConfig;
use super::detector::{Phase, ShiftDetectorOf};
use super::innovations::Innovations;
use crate::error::ConfigError;
use crate::shape::Alloc;

impl<D: Dim, const BLOCKS: usize> ShiftDetectorOf<D, BLOCKS>
where
    DefaultAllocator: Alloc<D, D>,
{
    /// What it is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The evidence at which it alarms.
    #[must_use]
    pub fn wanted(&self) -> f32 {
        self.config.frames_per_false_alarm
    }

    /// The number of the state that the stream is in, counted from 0 in the order of discovery.
    #[must_use]
    pub fn regime(&self) -> u32 {
        self.regimes.present
    }

    /// Takes other settings and starts again, for numbers that do not mean what they meant before. Known states are forgotten, for the same
    /// reason; counters, and the numbers that states are called by, go on. The seed has no effect: the random numbers go on, too.
    ///
    /// # Errors
    /// If a number is out of range; nothing has changed then.
    pub fn reconfigure(&mut self, config: &ShiftConfig) -> Result<(), ConfigError> {
        config.validate(self.d, Innovations::<D, BLOCKS>::MAX_ORDER)?;
        self.config = *config;
        self.order = config.order;
        self.regimes.forget();
        self.restart();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::shift::{Phase, ShiftConfig, ShiftDetector};
    use crate::testing::Random;

    #[test]
    fn other_settings_begin_anew_and_hold() {
        let mut random = Random::new(5);
        let mut detector = ShiftDetector::<2>::new(&ShiftConfig::default()).unwrap();
        (0..1000).for_each(|_| _ = detector.process(&random.normals(2)));
        let warm_up = detector.warm_up_frames();
        let other = ShiftConfig {
            warm_up_frames: 7 * warm_up,
            frames_per_false_alarm: 1e6,
            ..ShiftConfig::default()
        };
        detector.reconfigure(&other).unwrap();
        assert_eq!(detector.warm_up_frames(), 7 * warm_up);
        let phases = (0..8 * warm_up).map(|_| detector.process(&random.normals(2)).phase);
        let first = phases.collect::<std::vec::Vec<_>>().iter().position(|&phase| phase == Phase::Watching);
        // A frame more for each lag that has to be filled.
        assert_eq!(first, Some(7 * warm_up as usize + 1));
        assert_eq!(detector.status().frames, 1000 + u64::from(8 * warm_up));
        assert!(detector.reconfigure(&ShiftConfig { order: 2, ..other }).is_err());
    }
}
