//! Bounded influence: how much one frame may count.
//!
//! A frame's distance is d² = T² + Q/σ², about n on a stream that stays as it is, since Λ and σ² are the stream's own. Up to κ times
//! the *usual* distance, a running 90 % quantile of d², it counts as it is; beyond that with weight (κ·usual/d²)², so that its part in a
//! covariance, w·d², falls as 1/d²: a redescending weight (Hampel et al. 1986), where Huber's cap would let a twentieth of gross frames
//! bring as much energy as all others together.
//!
//! - **A lasting shift is learned.** Beyond κ times what is usual a frame is an outlier. Once
//!   [`TrackerConfig::patience_frames`](super::TrackerConfig::patience_frames) of them came (each ordinary frame takes back two), they are
//!   taken to last until as many are taken back, and frames up to κ times their *level*, a running median, count in full. The level follows a
//!   shift that goes on growing; a spike on top of it is still an outlier.
//! - **The usual distance follows** by steps: up by 0.5 % at a frame beyond it, down by 0.06 % at one within, which balances at the quantile.
//!   A step's size is bounded whatever the distance, and it costs a multiplication. So what comes in a tenth to two thirds of the frames, too seldom
//!   for patience and too often for an outlier, becomes usual too.
//! - **What was withheld is owed.** The next ordinary frame counts for the ones before it too (at most three in all), as if the stream had been
//!   held: time goes on in the model as it does outside, and a drift is not lagged behind.
//! - **A young covariance judges nobody.** Distances from a covariance of a few frames are far too large and say little. The first 4·n frames (32 to
//!   128) are weighed in the same way by their energy ‖x − μ‖² beside that of the others; then distances take over, what is usual being n.
//! - **A gross start is found out.** If nearly all of frames 65 to 128 leave less than a sixteenth of the
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

/// Frames per entry in which the covariance is young, and their bounds.
const YOUNG_PER_ENTRY: f32 = 4.0;
const YOUNG: core::ops::RangeInclusive<f32> = 32.0..=128.0;

/// Energy of a frame in silence: a thousandth of a unit, squared.
const SILENCE: f32 = 1e-6;

/// The level moves by no more than a factor 1 + STRIDE/patience a frame: 5 at most, and by about 50 in `patience` frames.
const STRIDE: f32 = 4.0;

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
const NOTHING: f32 = 1e-9;

/// A frame that counts less than this says nothing of the next one, and its gaps are not worth filling.
pub(super) const OUTLIER: f32 = 0.5;

/// Of it in a snapshot.
pub(super) const WORDS: usize = 3;
pub(super) const FLOATS: usize = 3;

/// A frame that is to be learned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// NaN if the frame can teach nothing.
    pub(super) distance: f32,
    /// Whether Q and T² are known.
    pub(super) judged: bool,
    /// Q, and its running mean.
    pub(super) residual: f32,
    pub(super) mean_residual: f32,
    /// It has gaps, and the frame before is there to fill them the next time: as an outlier it is not worth filling.
    pub(super) spared: bool,
}

/// What is to become of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Admission {
    /// Nothing can be learned from it: it is empty, or a number overflowed.
    Empty,
    /// The first one says where the mean is, and no more.
    First,
    /// It counts so many times, 0 … 3.
    Counts(f32),
    /// It is an outlier that is left out.
    Outlier,
    /// A few gross frames ruled the start: start again, without it.
    GrossStart,
}

/// What is usual among frames of one kind. State: 3 words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    usual: f32,
    /// Running median of the distances of the present outliers.
    level: f32,
    /// Their number, less two for each ordinary frame.
    streak: u16,
    /// They are taken to last, until `streak` is 0.
    lasting: bool,
}

/// A frame's weight, from its distance and those before. State: 6 words.
///
/// Frames that can be judged are weighed among themselves, and so are those with too few entries for it, whose distances are far smaller: each of
/// the former would be an outlier among the latter. The scale of the latter is kept by the policy for gaps, if that lets them be learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Influence {
    /// 0 = every frame counts in full.
    patience: u16,
    quiet: u8,
    least: f32,
    owed: f32,
    judged: Scale,
}

impl Influence {
    /// For frames of `n` entries.
    pub(super) fn new(n: usize, patience: u16) -> Self {
        let n = n as f32;
        Self { patience, quiet: 0, least: LEAST_USUAL * n, owed: 0.0, judged: Scale::new(n) }
    }

    /// Goes on as that of two trackers with `ours` and `theirs` frames: what is usual is known best to the one that saw more. A young one has
    /// measured it in energies, which say nothing of distances: where only the sum is no longer young, that starts anew.
    pub(super) fn merge(&mut self, other: &Self, [ours, theirs]: [u32; 2], others: Option<&mut Scale>) {
        if theirs > ours {
            *self = Self { patience: self.patience, ..*other };
        }
        let (young, fresh) = (self.young(), Scale::new(self.least / LEAST_USUAL));
        if ours.saturating_add(theirs) <= young {
            return;
        }
        if ours.max(theirs) <= young {
            self.judged = fresh;
        }
        if let Some(others) = others.filter(|_| ours <= young) {
            *others = fresh;
        }
    }

    /// Frames that are weighed by their energy.
    fn young(&self) -> u32 {
        (self.least * (YOUNG_PER_ENTRY / LEAST_USUAL)).clamp(*YOUNG.start(), *YOUNG.end()) as u32
    }

    /// Forgets everything.
    pub(super) fn restart(&mut self) {
        (self.owed, self.quiet) = (0.0, 0);
        self.judged = Scale::new(self.least / LEAST_USUAL);
    }

    /// What is to become of the frame after the `frames` learned so far, which this counts. `energy` is its ‖x − μ‖², asked for in the beginning
    /// only; `others` the scale of frames that cannot be judged.
    #[inline(always)]
    pub(super) fn admit(
        &mut self,
        arrival: Arrival,
        frames: &mut u32,
        others: Option<&mut Scale>,
        energy: impl Fn() -> f32,
    ) -> Admission {
        if arrival.distance.is_nan() {
            return Admission::Empty;
        }
        *frames = frames.saturating_add(1);
        let frame = *frames;
        if frame <= 1 {
            return Admission::First;
        }
        let weight = if self.audits(frame) {
            if AUDIT.contains(&frame) && self.started_gross(&arrival, frame) {
                return Admission::GrossStart;
            }
            let young = frame <= self.young();
            let distance = if young { energy().min(f32::MAX) } else { arrival.distance };
            self.weigh_odd(distance, frame, arrival.judged, others)
        } else {
            self.weigh_among(arrival.distance, frame, arrival.judged, others)
        };
        if weight < NOTHING || weight < OUTLIER && arrival.spared {
            return Admission::Outlier;
        }
        Admission::Counts(weight)
    }

    /// The weight, 0 … 3, of frame number `frame`, for which [`Self::audits`] does not ask, at distance `distance`, which must be finite; 1 for
    /// nearly all.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) fn weigh(&mut self, distance: f32, frame: u32, judged: bool) -> f32 {
        self.weigh_among(distance, frame, judged, None)
    }

    #[inline(always)]
    fn weigh_among(&mut self, distance: f32, frame: u32, judged: bool, others: Option<&mut Scale>) -> f32 {
        if self.patience == 0 {
            return 1.0;
        }
        let scale = &mut self.judged;
        if distance > BEYOND * scale.usual || frame < SETTLE || self.owed > 0.0 || scale.lasting || !judged {
            return self.weigh_odd(distance, frame, judged, others);
        }
        scale.streak = scale.streak.saturating_sub(2);
        scale.follow(distance, UP, DOWN, self.least);
        1.0
    }

    #[inline(never)]
    fn weigh_odd(&mut self, distance: f32, frame: u32, judged: bool, mut others: Option<&mut Scale>) -> f32 {
        let young = self.young();
        if frame == 2 || frame == young + 1 {
            // Energies first, then distances.
            let usual =
                if frame == 2 { distance.clamp(SILENCE, LARGEST_USUAL) } else { self.least / LEAST_USUAL };
            self.judged = Scale::new(usual);
            if let Some(others) = &mut others {
                **others = Scale::new(usual);
            }
        }
        let scale = match others {
            Some(others) if !judged => others,
            _ => &mut self.judged,
        };
        let weight = scale.share(distance, self.patience);
        let up = UP.max((4.0 / frame as f32).min(1.0));
        scale.follow(distance, up, up * (DOWN / UP), if frame <= young { SILENCE } else { self.least });
        if weight < 1.0 {
            self.owed = (self.owed + 1.0 - weight).min(MOST_OWED);
            return weight;
        }
        core::mem::take(&mut self.owed) + weight
    }

    /// Whether that frame is one of the first, which [`Self::admit`] looks at more closely.
    #[inline]
    pub(super) fn audits(&self, frame: u32) -> bool {
        self.patience > 0 && frame <= AUDIT.end() + 1
    }

    /// Whether the first frames were ruled by a few gross ones, of which this is not one. `true` at most once.
    #[inline(never)]
    fn started_gross(&mut self, arrival: &Arrival, frame: u32) -> bool {
        self.quiet += u8::from(arrival.residual < QUIET * arrival.mean_residual);
        frame == *AUDIT.end() && self.quiet > QUIET_FRAMES
    }

    /// patience and quiet frames, and the scale's.
    pub(super) fn words(&self) -> [u32; WORDS] {
        [u32::from(self.patience), u32::from(self.quiet), self.judged.word()]
    }

    /// Those of the scale, and what is owed.
    pub(super) fn floats(&self) -> [f32; FLOATS] {
        let [usual, level] = self.judged.floats();
        [usual, level, self.owed]
    }

    /// Of a snapshot, for frames of `n` entries.
    pub(super) fn restored(
        n: usize,
        [patience, quiet, streak]: [u32; WORDS],
        [usual, level, owed]: [f32; FLOATS],
    ) -> Result<Self, SnapshotError> {
        let patience = at_most("patience", patience, usize::from(u16::MAX))? as u16;
        let quiet = at_most("quiet", quiet, *AUDIT.end() as usize)? as u8;
        within("owed", owed, 0.0..=MOST_OWED)?;
        let judged = Scale::restored(streak, [usual, level])?;
        Ok(Self { quiet, owed, judged, ..Self::new(n, patience) })
    }
}

impl Scale {
    /// Of frames about which nothing is known.
    pub(super) const NEW: Self = Self::new(SILENCE);

    /// Floats of it in a snapshot.
    pub(super) const FLOATS: usize = 2;

    const fn new(usual: f32) -> Self {
        Self { usual, level: 0.0, streak: 0, lasting: false }
    }

    /// The streak, and whether it lasts.
    pub(super) fn word(&self) -> u32 {
        u32::from(self.streak) | u32::from(self.lasting) << 16
    }

    /// What is usual, and the level of the present outliers.
    pub(super) fn floats(&self) -> [f32; Self::FLOATS] {
        [self.usual, self.level]
    }

    /// Of a snapshot.
    pub(super) fn restored(streak: u32, [usual, level]: [f32; Self::FLOATS]) -> Result<Self, SnapshotError> {
        let streak = at_most("streak", streak, 0x1_FFFF)?;
        within("usual", usual, 0.5 * SILENCE..=LARGEST_USUAL)?;
        within("level", level, 0.0..=f32::MAX)?;
        Ok(Self { usual, level, streak: streak as u16, lasting: streak >> 16 == 1 })
    }

    #[inline]
    fn follow(&mut self, distance: f32, up: f32, down: f32, least: f32) {
        if distance > self.usual {
            self.usual = (self.usual * (1.0 + up)).min(LARGEST_USUAL);
        } else if self.usual > least {
            self.usual *= 1.0 - down;
        }
    }

    /// The part of a frame that counts: (κ·limit/distance)², the limit being what is usual, or the level that lasts.
    fn share(&mut self, distance: f32, patience: u16) -> f32 {
        if distance <= BEYOND * self.usual {
            self.streak = self.streak.saturating_sub(2);
            self.lasting &= self.streak > 0;
            return 1.0;
        }
        let step = 1.0 + STRIDE / f32::from(patience);
        let (low, high) = (self.level / step, self.level * step);
        self.level = if self.streak == 0 { distance } else { distance.max(low).min(high) };
        self.streak = self.streak.saturating_add(1).min(patience);
        self.lasting |= self.streak == patience;
        let limit = if self.lasting { self.usual.max(self.level) } else { self.usual };
        let share = BEYOND * limit / distance;
        if share < 1.0 { share * share } else { 1.0 }
    }
}
