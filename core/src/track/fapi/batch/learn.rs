//! What judged frames do to eight streams at once.

use super::group::{ALL, Group, copy};
use super::{Constants, Work};
use crate::linalg;
use crate::linalg::streams::{self, Drift, Each, STREAMS, Turn, lanes};
use crate::track::SubspaceTracker;
use crate::track::fapi::{BROKEN, LARGE_STEP, LEAK, NO_DIGITS, RELATIVE_LEAK, UPKEEP_EVERY};

impl Group {
    pub(super) fn learn(&mut self, taught: [bool; STREAMS], constants: Constants, work: &mut Work) {
        let step = self.step(constants.forgetting, work);
        let together = self.together(taught, &step);
        let some_alone = together != ALL;
        let alone = |s: &usize| !together[*s];
        if some_alone {
            (0..STREAMS).filter(alone).for_each(|s| self.learn_alone(s, taught[s], work));
        }
        self.advance(&step, constants, work);
        self.keep_up(together, &step, work);
        self.remember(some_alone);
        if some_alone {
            (0..STREAMS).filter(alone).for_each(|s| self.put(s, &work.single[s]));
        }
    }

    /// Which streams go on together: those that learn a whole frame that counts as it is, whose influence takes note of it.
    fn together(&mut self, taught: [bool; STREAMS], step: &Step) -> [bool; STREAMS] {
        let possible = |frames: u32| (1..u32::MAX).contains(&frames);
        let ordinary = self.ordinary && taught == ALL && step.finite.all_finite();
        let next = lanes(|s| self.frames[s].wrapping_add(1));
        if ordinary
            && self.frames.iter().fold(true, |all, &frames| all & possible(frames))
            && self.influence.all_ordinary(self.distance, next)
        {
            return ALL;
        }
        let finite = step.finite.is_finite();
        lanes(|s| {
            taught[s]
                && self.is_whole(s)
                && finite[s]
                && possible(self.frames[s])
                && self.counts_in_full(s, next[s])
        })
    }

    /// Whether frame number `frame` of a stream counts as it is; if so, its influence takes note of it.
    fn counts_in_full(&mut self, s: usize, frame: u32) -> bool {
        let mut influence = self.influence.take(s);
        if influence.audits(frame) || influence.weigh(self.distance.0[s], frame, true) != 1.0 {
            return false;
        }
        self.influence.put(s, &influence);
        true
    }

    /// Takes a stream out, and lets it learn, if it is to, by itself.
    #[cold]
    fn learn_alone(&self, s: usize, taught: bool, work: &mut Work) {
        let single = &mut work.single[s];
        self.take(s, single);
        if taught {
            copy(&self.frame, s, &mut work.x);
            self.residual(s, &mut work.residual);
            single.learn(&work.x, &work.residual);
        }
    }

    /// What the update will be, with g, h and p in `work`: the first half of [`crate::track::fapi::FapiOf::rotate`].
    fn step(&self, forgetting: f32, work: &mut Work) -> Step {
        let Work { g, h, p, .. } = work;
        let (one, beta) = (Each::all(1.0), Each::all(forgetting));
        streams::multiply(&self.root, &self.f, h);
        let gain = one / (beta + self.energy);
        streams::update(g, h, |_, h| gain * h);
        // ‖e‖² is Q: of a stream of which it is not, a single tracker is asked.
        let (mut energy, gamma, of_y) = (self.q, streams::energy(g), streams::energy(&self.y));
        let size = (energy + of_y) * gamma;
        let mut directed = ALL;
        p.fill(Each::ZERO);
        if size.0.iter().fold(false, |any, &size| any | (size > LARGE_STEP)) {
            let large = lanes(|s| size.0[s] > LARGE_STEP);
            streams::project(&self.basis, &self.residual, p);
            let outside = energy - streams::energy(p);
            directed = lanes(|s| !large[s] || outside.0[s] > NO_DIGITS * energy.0[s]);
            energy = outside.max(Each::ZERO).or(large, energy);
            p.iter_mut().for_each(|p| *p = p.or(large, Each::ZERO));
        }
        let s = (one + energy * gamma).sqrt();
        let (mut eta, tau) = (one / s, energy / (s * (s + one)));
        streams::update(p, g, |p, g| eta * p + tau * g);
        if directed != ALL {
            // A stream without a direction stays where it is: W + 0·gᵀ.
            eta = eta.or(directed, Each::ZERO);
            p.iter_mut().for_each(|p| *p = p.or(directed, Each::ZERO));
        }
        let shrink = gain / (one + (beta * gain).sqrt());
        Step { eta, shrink, of_y, finite: (s + tau) + (shrink + size) }
    }

    /// Noise, W, mean, S and weight, for all streams.
    fn advance(&mut self, step: &Step, constants: Constants, work: &Work) {
        let (n, r, Constants { forgetting, growth, memory }) = (self.mean.len(), self.y.len(), constants);
        if n > r {
            let gain = lanes(|s| (1.0 / self.frames[s] as f32).max(1.0 / memory));
            self.noise = self.noise + Each(gain) * (self.q / Each::all((n - r) as f32) - self.noise);
        }
        // (It does not overflow, but of streams that were taken out.)
        self.frames = lanes(|s| self.frames[s].wrapping_add(1));
        let gain = Each(lanes(|s| (1.0 / self.frames[s] as f32).max(1.0 / memory)));
        let drift = Drift { mean: &mut self.mean, x: &self.frame, gain };
        let turn = Turn { a: step.eta, e: &self.residual, p: &work.p, g: &work.g };
        streams::rotate_and_drift(&mut self.basis, turn, drift);
        streams::scaled_rank_one(&mut self.root, Each::all(growth), -step.shrink, &work.h, &self.f);
        self.weight = Each::all(forgetting) * self.weight + Each::all(1.0);
    }

    /// Every fourth frame of a stream. Streams that have gone through the same coordinates and pairs take their turn together.
    fn keep_up(&mut self, together: [bool; STREAMS], step: &Step, work: &mut Work) {
        if !self.frames.iter().fold(false, |any, frames| any | frames.is_multiple_of(UPKEEP_EVERY)) {
            return;
        }
        let mut due: [bool; STREAMS] = lanes(|s| together[s] & self.frames[s].is_multiple_of(UPKEEP_EVERY));
        while let Some(first) = due.iter().position(|&due| due) {
            let (pair, leaked) = (self.polish[first], self.leaked[first]);
            let these = lanes(|s| due[s] & ((self.polish[s], self.leaked[s]) == (pair, leaked)));
            self.leak(these, leaked, step.of_y, &mut work.h);
            self.polish(these, pair, work);
            due = lanes(|s| due[s] & !these[s]);
        }
    }

    /// [`crate::track::fapi::FapiOf::leak`] of coordinate `k` of `these` streams, with ‖y‖².
    fn leak(&mut self, these: [bool; STREAMS], k: usize, of_y: Each, h: &mut [Each]) {
        let r = self.y.len();
        let next = if k + 1 < r { k + 1 } else { 0 };
        self.leaked = lanes(|s| if these[s] { next } else { self.leaked[s] });
        let (one, leak) = (Each::all(1.0), Each::all(r as f32 * LEAK));
        let variance = leak + Each::all(RELATIVE_LEAK) * of_y;
        let size = (Each::all(UPKEEP_EVERY as f32) * variance).sqrt();
        for (f, root) in self.f.iter_mut().zip(self.root[k..].iter().step_by(r)) {
            *f = (size * *root).or(these, *f);
        }
        self.energy = streams::energy(&self.f);
        let gain = one / (one + self.energy);
        let shrink = gain / (one + gain.sqrt());
        streams::multiply(&self.root, &self.f, h);
        for (root, &f) in self.root.chunks_exact_mut(r).zip(&self.f) {
            let s = -shrink * f;
            streams::update(root, h, |root, h| (root + s * h).or(these, root));
        }
    }

    /// [`crate::track::fapi::FapiOf::polish`] of a pair of columns of `these` streams.
    fn polish(&mut self, these: [bool; STREAMS], (j, k): (usize, usize), work: &mut Work) {
        let (n, next) = (self.mean.len(), linalg::next_pair((j, k), self.y.len()));
        let error = streams::polish_pair(&mut self.basis, n, j, k, these);
        for s in (0..STREAMS).filter(|&s| these[s]) {
            self.polish[s] = next;
            if error.0[s].abs() > BROKEN || error.0[s].is_nan() {
                self.restart(s, work);
            }
        }
    }

    /// A stream whose basis is broken starts again; this frame is where its mean is.
    #[cold]
    fn restart(&mut self, s: usize, work: &mut Work) {
        let single = &mut work.single[s];
        self.take(s, single);
        single.restart(single.rank);
        copy(&self.frame, s, &mut work.x);
        self.residual(s, &mut work.residual);
        single.learn_mean(&work.x, &work.residual, 1.0);
        self.put(s, single);
    }
}

/// An update of eight streams.
#[derive(Clone, Copy, Debug)]
struct Step {
    eta: Each,
    /// γ of [`crate::track::fapi::update::absorb`].
    shrink: Each,
    /// ‖y‖².
    of_y: Each,
    /// Finite where no number overflowed.
    finite: Each,
}
