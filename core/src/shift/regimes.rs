//! States the stream was in before, so that a return is recognised.

use nalgebra::{DefaultAllocator, Dim};

use super::moments::{Moments, divergence};
use super::{MAX_CHANNELS, SQUARE};
use crate::shape::Alloc;

/// States that are remembered; the oldest one is forgotten.
pub(crate) const REMEMBERED: usize = 3;

/// A state counts as known if the new frames lie closer to it than this share of their divergence from the state just left,
const CLOSER: f32 = 0.25;

/// and closer than this, in nats a frame, plus what estimating from n frames adds (thrice, for dependence in time).
const CLOSE: f32 = 0.5;

/// Variances are taken to be at least this share of the standardised unit.
const FLOOR: f32 = 1e-4;

#[derive(Clone, Debug, PartialEq)]
struct Regime<D: Dim>
where
    DefaultAllocator: Alloc<D, D>,
{
    /// In raw units.
    moments: Moments<D>,
    id: u32,
    differenced: u32,
}

/// The last few states. State: 3·(D² + D + 3) words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Regimes<D: Dim>
where
    DefaultAllocator: Alloc<D, D>,
{
    known: [Regime<D>; REMEMBERED],
    /// The state the stream is in.
    pub(crate) present: u32,
    next: u32,
}

/// Standardised units in raw ones: x_raw = centre + spread·x.
pub(crate) struct Units<'a> {
    pub(crate) centre: &'a [f32],
    pub(crate) spread: &'a [f32],
    pub(crate) differenced: u32,
}

impl<D: Dim> Regimes<D>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(crate) fn new(d: D) -> Self {
        let regime = || Regime { moments: Moments::new(d), id: u32::MAX, differenced: 0 };
        Self { known: core::array::from_fn(|_| regime()), present: 0, next: 1 }
    }

    /// Forgets what the known states look like, not how many there were.
    pub(crate) fn forget(&mut self) {
        self.known.iter_mut().for_each(|regime| regime.id = u32::MAX);
    }

    /// Remembers the present state, whose standardised mean and covariance are given, in place of what was known of it or of the oldest.
    pub(crate) fn remember(&mut self, mean: &[f32], covariance: &[f32], units: &Units) {
        let place = self.known.iter().position(|r| r.id == self.present).unwrap_or(REMEMBERED - 1);
        self.known[..=place].rotate_right(1);
        let regime = &mut self.known[0];
        (regime.id, regime.differenced) = (self.present, units.differenced);
        let d = mean.len();
        for j in 0..d {
            regime.moments.mean[j] = units.centre[j] + units.spread[j] * mean[j];
            for i in 0..d {
                regime.moments.covariance[(i, j)] = units.spread[i] * units.spread[j] * covariance[j * d + i];
            }
        }
    }

    /// The known state that `after` (standardised) belongs to, if any. 4 KB of stack.
    pub(crate) fn recognise(&self, after: &Moments<D>, units: &Units) -> Option<u32> {
        let d = units.spread.len();
        let estimated = 0.75 * (d * (d + 3)) as f32 / after.frames.max(1.0);
        if after.frames < 4.0 * d as f32 {
            return None;
        }
        let (mut mean, mut covariance) = ([0.0; MAX_CHANNELS], [0.0; SQUARE]);
        let mut work = [0.0; 2 * SQUARE + MAX_CHANNELS];
        let (mut nearest, mut left): (Option<(u32, f32)>, f32) = (None, f32::INFINITY);
        for regime in self.known.iter().filter(|r| r.id != u32::MAX && r.differenced == units.differenced) {
            for j in 0..d {
                mean[j] = (regime.moments.mean[j] - units.centre[j]) / units.spread[j];
                for i in 0..d {
                    covariance[j * d + i] =
                        regime.moments.covariance[(i, j)] / units.spread[i] / units.spread[j];
                }
            }
            let new = (after.mean.as_slice(), after.covariance.as_slice());
            let nats = divergence(new, (&mean[..d], &covariance[..d * d]), FLOOR, &mut work);
            if regime.id == self.present {
                left = nats;
            } else if nearest.is_none_or(|(_, least)| nats < least) {
                nearest = Some((regime.id, nats));
            }
        }
        nearest.filter(|&(_, nats)| nats < CLOSER * left && nats < CLOSE + estimated).map(|(id, _)| id)
    }

    /// The stream is in state `id` from now on, or in a new one.
    pub(crate) fn enter(&mut self, id: Option<u32>) {
        self.present = id.unwrap_or(self.next);
        self.next = self.next.saturating_add(u32::from(id.is_none()));
    }
}
