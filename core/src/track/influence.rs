//! Bounded influence: how much one frame may count.
//!
//! A frame's distance is d² = T² + Q/σ², about n on a stream that stays as it is, since Λ and σ² are the stream's own. Up to κ times
//! the *usual* distance, a running 90 % quantile of d², it counts as it is; beyond that with weight (κ·usual/d²)², so that its part in a
//! covariance, w·d², falls as 1/d²: a redescending weight (Hampel et al. 1986), where Huber's cap would let a twentieth of gross frames
//! bring as much energy as all others together.
//!
//! - **A lasting shift is learned.** Once [`TrackerConfig::patience_frames`](super::TrackerConfig::patience_frames) frames were
//!   outliers (each ordinary one takes back two), frames as far out as the nearest of them count in full. A spike on top of the shift is
//!   still one: it lies beyond κ times that.
//! - **The usual distance follows** by steps: up by 0.5 % at a frame beyond it, down by 0.06 % at one within, which balances at the quantile.
//!   A step's size is bounded whatever the distance, and it costs a multiplication.
//!   Distances from a covariance of a few frames are far too large; what is usual is set back to n, if it is more, after 128 frames.
//! - **What was withheld is owed.** The next ordinary frame counts for the ones before it too (at most three in all), as if the stream had been
//!   held: time goes on in the model as it does outside, and a drift is not lagged behind.
//! - **A gross start is found out.** The first frames cannot be judged. If nearly all of frames 65 to 128 leave less than a sixteenth of the
//!   mean residual, a few among the first ones ruled it, and the tracker starts again.

#[cfg(feature = "alloc")]
pub(super) mod lanes;

use super::snapshot::{SnapshotError, at_most, within};

/// κ: an outlier is that many times as far out as the usual distance.
const BEYOND: f32 = 5.0;

/// Step of the usual distance at a frame beyond it, and at one within: the 90 % quantile is where they balance.
const UP: f32 = 5e-3;
const DOWN: f32 = UP / 9.0;

/// Until this frame steps are longer, 4/t.
const SETTLE: u32 = (4.0 / UP) as u32;

/// Frames that count in full whatever they are: the distance of the first ones means nothing.
const FREE: u32 = 8;

/// Largest weight that is owed.
const MOST_OWED: f32 = 2.0;

/// Below this part of n the usual distance does not fall: silence would take it to zero.
const LEAST_USUAL: f32 = 0.125;

/// So that nothing overflows.
const LARGEST_USUAL: f32 = 1e30;

/// Frames of which most must be quiet for the start to be called gross: (64, 128], 48 of them below a sixteenth.
const AUDIT: core::ops::RangeInclusive<u32> = 65..=128;
const QUIET_FRAMES: u8 = 48;
const QUIET: f32 = 1.0 / 16.0;

/// A frame that counts less than this has overflowed every scale of the stream, and would take squares of it along.
pub(super) const NOTHING: f32 = 1e-9;

/// A frame that counts less than this says nothing of the next one, and its gaps are not worth filling.
pub(super) const OUTLIER: f32 = 0.5;

/// Of it in a snapshot.
pub(super) const WORDS: usize = 3;
pub(super) const FLOATS: usize = 3;

/// A frame's weight, from its distance and those before. State: 6 words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Influence {
    /// 0 = every frame counts in full.
    patience: u16,
    streak: u16,
    quiet: u8,
    least: f32,
    usual: f32,
    /// Smallest distance of the present outliers.
    level: f32,
    owed: f32,
}

impl Influence {
    /// For frames of `n` entries.
    pub(super) fn new(n: usize, patience: u16) -> Self {
        let n = n as f32;
        Self { patience, least: LEAST_USUAL * n, usual: n, level: 0.0, streak: 0, owed: 0.0, quiet: 0 }
    }

    /// Forgets everything.
    pub(super) fn restart(&mut self) {
        self.usual = self.least / LEAST_USUAL;
        (self.level, self.streak, self.owed, self.quiet) = (0.0, 0, 0.0, 0);
    }

    /// The weight, 0 … 3, of frame number `frame` (from 1) at distance `distance`, which must be finite; 1 for nearly all. A frame that
    /// could not be `judged` does not say what is usual.
    #[inline]
    pub(super) fn weigh(&mut self, distance: f32, frame: u32, judged: bool) -> f32 {
        if self.patience == 0 {
            return 1.0;
        }
        if distance > BEYOND * self.usual || frame < SETTLE || self.owed > 0.0 || !judged {
            return self.weigh_odd(distance, frame, judged);
        }
        self.streak = self.streak.saturating_sub(2);
        self.follow(distance, UP, DOWN);
        1.0
    }

    #[inline(never)]
    fn weigh_odd(&mut self, distance: f32, frame: u32, judged: bool) -> f32 {
        let mut weight = 1.0;
        if frame == *AUDIT.end() + 1 {
            self.usual = self.usual.min(self.least / LEAST_USUAL);
        }
        if distance > BEYOND * self.usual && frame > FREE {
            weight = self.outlier(distance);
        } else {
            self.streak = self.streak.saturating_sub(2);
        }
        if judged {
            let up = UP.max((4.0 / frame as f32).min(1.0));
            self.follow(distance, up, up * (DOWN / UP));
        }
        if weight < 1.0 {
            self.owed = (self.owed + 1.0 - weight).min(MOST_OWED);
            return weight;
        }
        core::mem::take(&mut self.owed) + weight
    }

    /// Whether [`Self::started_gross`] is to be asked at that frame.
    #[inline]
    pub(super) fn audits(&self, frame: u32) -> bool {
        self.patience > 0 && AUDIT.contains(&frame)
    }

    /// Whether the first frames, whose mean residual is `mean`, were ruled by a few gross ones; `q` is that of this frame, which is not yet
    /// learned. `true` at most once.
    #[inline(never)]
    pub(super) fn started_gross(&mut self, q: f32, mean: f32, frame: u32) -> bool {
        self.quiet += u8::from(q < QUIET * mean);
        frame == *AUDIT.end() && self.quiet > QUIET_FRAMES
    }

    /// patience, streak, quiet frames.
    pub(super) fn words(&self) -> [u32; WORDS] {
        [u32::from(self.patience), u32::from(self.streak), u32::from(self.quiet)]
    }

    /// What is usual, the level of the present outliers, and what is owed.
    pub(super) fn floats(&self) -> [f32; FLOATS] {
        [self.usual, self.level, self.owed]
    }

    /// Of a snapshot, for frames of `n` entries.
    pub(super) fn restored(
        n: usize,
        [patience, streak, quiet]: [u32; WORDS],
        [usual, level, owed]: [f32; FLOATS],
    ) -> Result<Self, SnapshotError> {
        let streak = at_most("streak", streak, at_most("patience", patience, usize::from(u16::MAX))?)? as u16;
        let quiet = at_most("quiet", quiet, *AUDIT.end() as usize)? as u8;
        let new = Self::new(n, patience as u16);
        within("usual", usual, 0.5 * new.least..=LARGEST_USUAL)?;
        within("level", level, 0.0..=f32::MAX)?;
        within("owed", owed, 0.0..=MOST_OWED)?;
        Ok(Self { usual, level, streak, owed, quiet, ..new })
    }

    #[inline]
    fn follow(&mut self, distance: f32, up: f32, down: f32) {
        if distance > self.usual {
            self.usual = (self.usual * (1.0 + up)).min(LARGEST_USUAL);
        } else if self.usual > self.least {
            self.usual *= 1.0 - down;
        }
    }

    fn outlier(&mut self, distance: f32) -> f32 {
        if self.streak == 0 || distance < self.level {
            self.level = distance;
        }
        self.streak = (self.streak + 1).min(self.patience);
        let lasting = if self.streak < self.patience { 0.0 } else { self.level };
        let share = BEYOND * self.usual.max(lasting) / distance;
        if share < 1.0 { share * share } else { 1.0 }
    }
}
