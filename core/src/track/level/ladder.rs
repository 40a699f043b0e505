//! One level on two scales. How large a lasting fault is nobody knows beforehand, and one smoother suits one size: an average over ten
//! frames of noise with standard deviation σ finds a change of 2 σ within few frames and one of σ/2 hardly ever; an average over forty finds
//! that, and is late for the other. Several charts at once are the usual answer (Han, Tsung, Hu & Wang, Statistica Sinica 17, 2007).

use super::{Level, LevelConfig};
use crate::math::sqrt;

/// Scales at most.
pub const MAX_SCALES: usize = 2;

/// Frames in one step of the coarse scale, whose level and reference are so many times as long.
pub const SCALE_FACTOR: usize = 4;

/// Independent frames that the coarse scale must rest on before it is known: a score that is nearly as wide as it is high says nothing. Of 0, 10
/// and 15 chosen for faults planted into recordings (bench `accuracy`).
const LEAST: f32 = 10.0;

/// The coarse level is set back when the fine one is so many of its standard deviations nearer to the reference.
const RETURNED: f32 = 3.0;

/// The level of one channel on one or two scales.
///
/// The coarse scale is a [`Level`] of means of four frames: four times as long in every respect, for a quarter of the cost. Either
/// scale's alarm holds the references of both. When a fault has ended, the fine level is back long before the coarse one, which
/// then is set back to where the fine one is. State: 67 words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ladder {
    fine: Level,
    coarse: Level,
    /// Of the coarse level's last step; NaN while unknown.
    coarse_score: f32,
    /// Sum and number of the samples that the next mean will be of, and frames since the last, valid or not.
    sum: f32,
    valid: u8,
    gathered: u8,
    /// Whether one of these frames was alarmed.
    alarmed: bool,
}

impl Ladder {
    /// Nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            fine: Level::new(),
            coarse: Level::new(),
            coarse_score: f32::NAN,
            sum: 0.0,
            valid: 0,
            gathered: 0,
            alarmed: false,
        }
    }

    /// Judges a sample as [`Level::process`] does: |z| on the fine scale and on the coarse one, each NaN while unknown or if `x` is NaN.
    /// The coarse one changes with every fourth frame. `limits`: of either.
    pub fn process(&mut self, config: &LevelConfig, x: f32, limits: &[f32; MAX_SCALES]) -> [f32; MAX_SCALES] {
        let stepped = config.scales > 1 && self.gather(config, x, limits[1]);
        let mut scores = [f32::NAN; MAX_SCALES];
        if !x.is_nan() {
            let fine = self.fine.judge(config, x, limits[0], 0.0);
            if stepped && !self.coarse_score.is_nan() && self.set_back() {
                self.coarse_score = self.coarse.score(config, LEAST);
            }
            scores = [fine, self.coarse_score];
        }
        let alarm = scores[0] > limits[0] || scores[1] > limits[1];
        if !x.is_nan() {
            self.fine.learn(config, alarm);
        }
        self.alarmed |= alarm;
        if stepped {
            let hold_frames = config.hold_frames / SCALE_FACTOR as u32;
            self.coarse.learn(&LevelConfig { hold_frames, ..*config }, self.alarmed);
            self.alarmed = false;
        }
        scores
    }

    /// Takes in a sample; true if it completed a mean, which was judged.
    fn gather(&mut self, config: &LevelConfig, x: f32, limit: f32) -> bool {
        if !x.is_nan() {
            self.sum += x;
            self.valid += 1;
        }
        self.gathered += 1;
        if usize::from(self.gathered) < SCALE_FACTOR {
            return false;
        }
        let known = self.valid > 0;
        self.coarse_score = if known {
            self.coarse.judge(config, self.sum / f32::from(self.valid), limit, LEAST)
        } else {
            f32::NAN
        };
        (self.sum, self.valid, self.gathered) = (0.0, 0, 0);
        known
    }

    /// Puts the coarse level where the fine one is, if that is nearer to the reference beyond chance: what was there has ended.
    fn set_back(&mut self) -> bool {
        let coarse = &mut self.coarse;
        let (far, near) = (coarse.smoothed - coarse.reference, self.fine.smoothed - coarse.reference);
        let nearer = if far < 0.0 { near - far } else { far - near };
        let ended = near.abs() < far.abs() && nearer > RETURNED * sqrt(self.fine.variance);
        if ended {
            let newest = usize::from(coarse.position);
            coarse.smoothed = self.fine.smoothed;
            (coarse.levels[newest], coarse.deviations[newest]) = (self.fine.smoothed, near);
        }
        ended
    }
}

impl Default for Ladder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
