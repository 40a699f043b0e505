//! The level of one channel: a local-level model that is judged on line, with honest degrees of freedom.
//!
//! A sustained fault is a change of level, small beside the noise of single samples. It is found by smoothing *before* judging (an
//! exponentially weighted moving average, Roberts 1959) and by not learning what is being judged:
//!
//! - the smoothed level s is compared with a slower reference m, d = s − m, which learns a few frames late, and not while the channel is alarmed;
//! - the variance of d is learned from past, unalarmed frames only, so it is predictive: it contains the noise of s, the error of m and
//!   the channel's own wander. A channel that drifts has a large one, and does not drown the others;
//! - d's autocorrelation ρ at lag h says how many *independent* frames that variance rests on: ν = k/τ with τ = h(1 + ρ)/(1 − ρ)
//!   (Bayley & Hammersley 1946). t = d/√(v(1 + 1/ν)) is Student's, and becomes a normal score by Wallace's formula (1959):
//!   a limit on it means the same after 300 frames as after a million, and the same on a channel that wanders as on white noise;
//! - while the channel is alarmed its reference stands still and grows old: the variance grows with the time, as the
//!   random walk would that explains the wander. After [`LevelConfig::hold_frames`] the level is learned anew;
//! - a sample enters as no farther from the reference than five standard deviations of white noise with that variance, or than a level of
//!   normal score 10 (1.5 times the limit, if that is more): one gross sample is no lasting change, and the level is back soon after a
//!   fault of any size has ended.

use crate::error::{ConfigError, in_range};
use crate::math::{exp_m1, ln_1p, sqrt};

/// Frames by which learning is late, and lag of the autocorrelation.
const LAG: usize = 5;

/// Frames that are kept.
const RING: usize = 2 * LAG + 1;

/// Learned frames before the first judgement, and before entries are bounded.
const START: u32 = 20;
const SETTLED: u32 = 30;

/// Learned frames of the reference before the variance is learned: before, it is the distance to the first samples.
const REFERENCE_START: u32 = 10;

/// A squared deviation, or a product of two, enters as at most so many variances: five standard deviations.
const BOUND: f32 = 25.0;

/// The variance remembers so many times the frames of the reference.
const VARIANCE_MEMORY: f32 = 4.0;

/// Share of the drift's random walk by which a held reference ages.
const AGEING: f32 = 0.6;

/// A sample enters as at most so many standard deviations of white noise from the reference, or as what would have such a normal score,
/// or so many times the limit of one: of few degrees of freedom, where that is far out, no alarm must be lost.
const FARTHEST: f32 = 5.0;
const FARTHEST_SCORE: f32 = 10.0;
const BEYOND: f32 = 1.5;

/// Largest deviation from the first sample, so that squares stay finite.
const LARGEST: f32 = 1e18;

/// How a level is followed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct LevelConfig {
    /// Whether levels are watched.
    pub enabled: bool,
    /// Frames that the level is averaged over, 1/gain (1 … 10⁶).
    pub smoothing_frames: f32,
    /// Effective memory of the reference in frames (2 … 10⁷); its variance remembers four times as many.
    pub memory_frames: f32,
    /// After so many frames of alarm the new level is taken as the normal one (10 … 10⁹).
    pub hold_frames: u32,
}

impl Default for LevelConfig {
    fn default() -> Self {
        Self { enabled: true, smoothing_frames: 10.0, memory_frames: 100.0, hold_frames: 1_000 }
    }
}

impl LevelConfig {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first number that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        in_range("level.smoothing_frames", f64::from(self.smoothing_frames), 1.0, 1e6)?;
        in_range("level.memory_frames", f64::from(self.memory_frames), 2.0, 1e7)?;
        in_range("level.hold_frames", f64::from(self.hold_frames), 10.0, 1e9)
    }

    /// Mean age of a smoothed level, in frames: what is judged of a frame is known so much later.
    #[must_use]
    pub fn lag(&self) -> usize {
        (self.smoothing_frames - 1.0) as usize
    }
}

/// The level of one channel. State: 32 words; cost of a frame: about 50 operations, a square root and a logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    smoothed: f32,
    reference: f32,
    variance: f32,
    /// Of deviations [`LAG`] frames apart.
    covariance: f32,
    /// The last smoothed levels and deviations as a ring; the newest are at `position`.
    levels: [f32; RING],
    deviations: [f32; RING],
    position: u8,
    frames: u32,
    referred: u32,
    learned: u32,
    /// Bit k: whether the frame k frames ago was alarmed.
    alarmed: u32,
    held: u32,
}

impl Level {
    /// Nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            smoothed: 0.0,
            reference: 0.0,
            variance: 0.0,
            covariance: 0.0,
            levels: [0.0; RING],
            deviations: [0.0; RING],
            position: 0,
            frames: 0,
            referred: 0,
            learned: 0,
            alarmed: 0,
            held: 0,
        }
    }

    /// Judges a sample, then learns the one of five frames ago, unless one since then was `limit` or more from the reference.
    ///
    /// `x` is best given relative to the channel's first sample (digits). Returns the normal score |z| ≥ 0 of the level, NaN
    /// while unknown; NaN in `x` is no sample and changes nothing. `limit`: of |z|, +∞ if nothing is to be held.
    pub fn process(&mut self, config: &LevelConfig, x: f32, limit: f32) -> f32 {
        if x.is_nan() {
            return f32::NAN;
        }
        let score = self.judge(config, x, limit);
        self.learn(config, score > limit);
        score
    }

    /// |z| of the level with a sample that is not NaN.
    fn judge(&mut self, config: &LevelConfig, x: f32, limit: f32) -> f32 {
        let x = self.bounded(config, x.clamp(-LARGEST, LARGEST), limit);
        self.frames = self.frames.saturating_add(1);
        let gain = (1.0 / self.frames as f32).max(1.0 / config.smoothing_frames);
        self.smoothed += gain * (x - self.smoothed);
        if self.frames == 1 {
            self.reference = self.smoothed;
        }
        let newest = self.place(RING - 1);
        self.position = newest as u8;
        (self.levels[newest], self.deviations[newest]) = (self.smoothed, self.smoothed - self.reference);
        self.score(config)
    }

    /// Where the level of so many frames ago is, at most RING − 1.
    fn place(&self, age: usize) -> usize {
        let place = usize::from(self.position) + age;
        if place < RING { place } else { place - RING }
    }

    /// The sample, or what it enters as if it is gross.
    fn bounded(&self, config: &LevelConfig, x: f32, limit: f32) -> f32 {
        let d = x - self.reference;
        // The smoother leaves 1/(2·frames − 1) of the variance of white noise.
        let white = FARTHEST * FARTHEST * self.variance * (2.0 * config.smoothing_frames - 1.0);
        let settled = self.learned > SETTLED && self.variance > 0.0;
        let known = settled && self.frames as f32 > config.smoothing_frames;
        if !known || d * d <= white {
            return x;
        }
        // Wallace's formula, solved for t².
        let (nu, variance) = self.spread(config);
        let z = FARTHEST_SCORE.max(BEYOND * limit) * (8.0 * nu + 3.0) / (8.0 * nu + 1.0);
        let most = sqrt((variance * nu * exp_m1((z * z / nu).min(80.0))).max(white));
        x.clamp(self.reference - most, self.reference + most)
    }

    /// Degrees of freedom of the variance, and what it is for the newest deviation.
    fn spread(&self, config: &LevelConfig) -> (f32, f32) {
        let rho = (self.covariance / self.variance).clamp(0.0, 0.98);
        let tau = LAG as f32 * (1.0 + rho) / (1.0 - rho);
        let remembered = (self.learned as f32).min(2.0 * VARIANCE_MEMORY * config.memory_frames);
        let nu = (remembered / tau).max(0.5);
        // White noise through the smoother has τ ≈ 2·smoothing frames; what is longer is wander.
        let wander = (1.0 - 2.0 * config.smoothing_frames / tau).max(0.0);
        let ageing = 1.0 + AGEING * wander * self.held as f32 / config.memory_frames;
        (nu, self.variance * ageing * (1.0 + 1.0 / nu))
    }

    /// |z| of the newest deviation; NaN while unknown.
    fn score(&self, config: &LevelConfig) -> f32 {
        if self.learned < START || self.referred <= REFERENCE_START || self.variance <= 0.0 {
            return f32::NAN;
        }
        let (nu, variance) = self.spread(config);
        let d = self.smoothed - self.reference;
        let t2 = d * d / variance;
        if !t2.is_finite() {
            return f32::NAN;
        }
        sqrt(nu * ln_1p(t2 / nu)) * (8.0 * nu + 1.0) / (8.0 * nu + 3.0)
    }

    /// Notes whether the newest frame is an `alarm`, and learns the frame of [`LAG`] frames ago, if nothing since then was one.
    fn learn(&mut self, config: &LevelConfig, alarm: bool) {
        self.alarmed = self.alarmed << 1 | u32::from(alarm);
        if self.frames as usize <= LAG {
            return;
        }
        let recent = self.alarmed & ((1 << (LAG + 1)) - 1);
        if recent != 0 && self.held < config.hold_frames {
            self.held += 1;
            return;
        }
        if self.held >= config.hold_frames {
            // The change has lasted: it is the new normal, wherever it is. What is known of the noise stays.
            (self.frames, self.referred, self.held, self.alarmed) = (0, 0, 0, 0);
            return;
        }
        self.held = self.held.saturating_sub(1);
        let late = self.place(LAG);
        if self.referred > REFERENCE_START {
            // A channel that has not moved yet has taught nothing of its noise.
            self.learned = if self.variance > 0.0 { self.learned.saturating_add(1) } else { 1 };
            let gain = (1.0 / self.learned as f32).max(1.0 / (VARIANCE_MEMORY * config.memory_frames));
            let (d, before) = (self.deviations[late], self.deviations[self.place(2 * LAG)]);
            let most = if self.learned > SETTLED { BOUND * self.variance } else { f32::MAX };
            let (square, product) = ((d * d).min(most), (d * before).clamp(-most, most));
            self.variance += gain * (square - self.variance);
            self.covariance += gain * (product - self.covariance);
        }
        self.referred = self.referred.saturating_add(1);
        let gain = (1.0 / self.referred as f32).max(1.0 / config.memory_frames);
        self.reference += gain * (self.levels[late] - self.reference);
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
