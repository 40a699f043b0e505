//! From numbers in any unit to numbers of about unit variance, fixed after a first look; and what each channel is like.

use nalgebra::{DefaultAllocator, Dim, OVector};

use crate::math::sqrt;
use crate::shape::{Alloc, zeros};

/// Standardised values are kept within ± this: one absurd sample must not cost all digits of the others.
const CLIP: f32 = 1e4;

/// A channel whose estimated lag-1 correlation exceeds this is differenced. Estimates scatter: a channel of φ = 0.9 is differenced
/// as often as not, one of 0.8 rarely, and it does no harm (the differences are then slightly anticorrelated: bets lose a little).
const NEAR_UNIT_ROOT: f32 = 0.88;

/// A first look at every channel, then the fixed map x ↦ (x − centre)/spread, or the same of differences.
///
/// The map is affine and fixed before the first number is judged, and the innovations are invariant under such maps: it serves only `f32`.
/// Channels are bits of a `u32`, at most 16.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scaling<D: Dim>
where
    DefaultAllocator: Alloc<D, D>,
{
    /// Mean during the first look; then the centre.
    pub(crate) centre: OVector<f32, D>,
    /// Sum of squared deviations from the mean; then the spread.
    pub(crate) spread: OVector<f32, D>,
    /// Sum of squared differences of neighbours.
    steps: OVector<f32, D>,
    /// Finite numbers of each channel.
    seen: OVector<f32, D>,
    /// The last finite raw value.
    pub(crate) last: OVector<f32, D>,
    /// Channels with a last value.
    pub(crate) known: u32,
    /// Channels observed in at least half of the first look. The others are taken as constant.
    pub(crate) active: u32,
    /// Channels that varied during the first look.
    pub(crate) varying: u32,
    /// Channels whose differences are watched instead of their values.
    pub(crate) differenced: u32,
    frames: u32,
}

impl<D: Dim> Scaling<D>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(crate) fn new(d: D) -> Self {
        Self {
            centre: zeros(d),
            spread: zeros(d),
            steps: zeros(d),
            seen: zeros(d),
            last: zeros(d),
            known: 0,
            active: 0,
            varying: 0,
            differenced: 0,
            frames: 0,
        }
    }

    pub(crate) fn restart(&mut self) {
        for v in [&mut self.centre, &mut self.spread, &mut self.steps, &mut self.seen] {
            v.as_mut_slice().fill(0.0);
        }
        (self.known, self.active, self.varying, self.differenced, self.frames) = (0, 0, 0, 0, 0);
    }

    /// Frames of the first look so far.
    pub(crate) fn frames(&self) -> u32 {
        self.frames
    }

    /// One frame of the first look.
    pub(crate) fn look(&mut self, x: &[f32]) {
        self.frames += 1;
        for (j, &x) in x.iter().enumerate() {
            if !x.is_finite() {
                continue;
            }
            self.seen[j] += 1.0;
            let delta = x - self.centre[j];
            self.centre[j] += delta / self.seen[j];
            self.spread[j] += delta * (x - self.centre[j]);
            if self.known >> j & 1 == 1 {
                let step = x - self.last[j];
                self.steps[j] += step * step;
            }
        }
        self.remember(x);
    }

    /// Ends the first look: fixes the map.
    pub(crate) fn fix(&mut self) {
        for j in 0..self.centre.len() {
            let n = self.seen[j];
            if 2.0 * n < self.frames as f32 || n < 2.0 {
                (self.centre[j], self.spread[j]) = (0.0, 1.0);
                continue;
            }
            self.active |= 1 << j;
            let sd = sqrt(self.spread[j] / n);
            // von Neumann's ratio: Σ(x_t − x_{t−1})² = 2(1 − φ)·Σ(x − x̄)²; corrected for the bias −(1 + 3φ)/n of Kendall (1954).
            let phi = 1.0 - 0.5 * self.steps[j] / self.spread[j].max(f32::MIN_POSITIVE);
            let phi = (n * phi + 1.0) / (n - 3.0).max(1.0);
            let floor = 1e-6 * self.centre[j].abs();
            if !(sd > floor && sd.is_finite()) {
                // Constant as far as f32 can tell. Its unit is unknown; any step away from it will be large in this one.
                self.spread[j] = floor.clamp(1e-30, 1e30);
                continue;
            }
            self.varying |= 1 << j;
            if phi > NEAR_UNIT_ROOT {
                self.differenced |= 1 << j;
                self.centre[j] = 0.0;
                self.spread[j] = sqrt(self.steps[j] / n).max(1e-6 * sd);
            } else {
                self.spread[j] = sd;
            }
        }
    }

    /// The standardised frame into `w`: 0 for channels that are not active. Returns whether all active channels could be
    /// had: a missing one, or a differenced one without a last value, cannot.
    pub(crate) fn apply(&self, x: &[f32], w: &mut [f32]) -> bool {
        let mut complete = true;
        for (j, (&x, w)) in x.iter().zip(w).enumerate() {
            *w = 0.0;
            if self.active >> j & 1 == 0 {
                continue;
            }
            let differenced = self.differenced >> j & 1 == 1;
            if !x.is_finite() || differenced && self.known >> j & 1 == 0 {
                complete = false;
                continue;
            }
            let from = if differenced { self.last[j] } else { self.centre[j] };
            *w = ((x - from) / self.spread[j]).clamp(-CLIP, CLIP);
        }
        complete
    }

    /// Channels that are missing or repeat their last value to the bit.
    pub(crate) fn stuck(&self, x: &[f32]) -> u32 {
        let mut stuck = 0;
        for (j, (x, last)) in x.iter().zip(&self.last).enumerate() {
            let same = self.known >> j & 1 == 1 && x.to_bits() == last.to_bits();
            stuck |= u32::from(same || !x.is_finite()) << j;
        }
        stuck
    }

    /// The frame is the last one from now on.
    pub(crate) fn remember(&mut self, x: &[f32]) {
        for (j, &x) in x.iter().enumerate() {
            if x.is_finite() {
                self.last[j] = x;
                self.known |= 1 << j;
            } else {
                self.known &= !(1 << j); // a difference across a hole is not one of neighbours
            }
        }
    }

    /// A pause: differences across it mean nothing.
    pub(crate) fn forget_last(&mut self) {
        self.known = 0;
    }
}
