//! Many streams of one shape: eight at a time, side by side in the lanes of the vector unit.
//!
//! A small stream leaves a processor waiting: its sums are short and hang on each other, through two divisions and two square
//! roots. Streams do not hang on each other. The ordinary frame, complete and judged, is written here a second time, for
//! eight streams at once, in the order of [`FapiOf::rotate`] and its neighbours: a test holds the bits together. Anything else
//! (the first frame, missing entries, outliers, numbers that overflow, a stream that is not to learn) is left to [`DynFapi`], stream by
//! stream: the stream is taken out of its group before, and put back after the others have gone on.

use alloc::vec;
use alloc::vec::Vec;
use core::array;

use super::update::next_pair;
use super::{BROKEN, DynFapi, LARGE_STEP, LEAK, NO_DIGITS, RELATIVE_LEAK, UPKEEP_EVERY};
use crate::error::{ConfigError, in_range};
use crate::linalg::streams::{self, Each, STREAMS};
use crate::track::influence::Influence;
use crate::track::missing::State;
use crate::track::{Judgement, SubspaceTracker, TrackerConfig};

/// FAPI of many streams that have the same number of channels and the same configuration. Each stream gets the bits that a [`DynFapi`]
/// of its own would give it.
///
/// Memory on the heap, allocated at construction: 4·(n·r + r² + 5n + 4r + 36) bytes a stream, streams rounded up to a multiple of
/// eight. For small streams: at 8 channels a frame takes about the time of a single tracker, since frames are weighed and remembered one
/// stream after another, and from 16 channels on more; keep a tracker each there. The bench `speed` prints by how much.
#[derive(Clone, Debug)]
pub struct FapiBatch {
    groups: Vec<Group>,
    streams: usize,
    n: usize,
    constants: Constants,
    work: Work,
}

/// Eight streams. Fields as in [`super::FapiOf`].
#[derive(Clone, Debug)]
struct Group {
    basis: Vec<Each>,
    mean: Vec<Each>,
    root: Vec<Each>,
    y: Vec<Each>,
    f: Vec<Each>,
    /// The frames that were judged last, and their residuals.
    frame: Vec<Each>,
    residual: Vec<Each>,
    /// What gaps leave open; the frames that were learned last, and ages of entries: of the imputers.
    open: Vec<Each>,
    past_residual: Vec<Each>,
    past_y: Vec<Each>,
    age: Vec<[u8; STREAMS]>,
    imputer: [State; STREAMS],
    influence: [Influence; STREAMS],
    weight: Each,
    noise: Each,
    frames: [u32; STREAMS],
    judgement: [Judgement; STREAMS],
    distance: Each,
    holed: [bool; STREAMS],
    polish: [(usize, usize); STREAMS],
    leaked: [usize; STREAMS],
}

/// What a step needs for itself.
#[derive(Clone, Debug)]
struct Work {
    g: Vec<Each>,
    h: Vec<Each>,
    p: Vec<Each>,
    /// Streams that were taken out.
    single: Vec<DynFapi>,
    /// The frame and the residual of one of them.
    x: Vec<f32>,
    residual: Vec<f32>,
    /// Frames of the last group, filled up with zeros.
    frames: Vec<f32>,
}

impl FapiBatch {
    /// Trackers of `streams` streams with `n` channels each, which have seen nothing.
    ///
    /// # Errors
    /// If there is no stream, `rank` is not in 1..=n or the memory is out of range.
    pub fn new(streams: usize, n: usize, config: &TrackerConfig) -> Result<Self, ConfigError> {
        in_range("streams", streams as f64, 1.0, f64::from(u32::MAX))?;
        let (single, r) = (DynFapi::new(n, config)?, config.rank);
        let each = |count| vec![Each::ZERO; count];
        let mut group = Group {
            basis: each(n * r),
            mean: each(n),
            root: each(r * r),
            y: each(r),
            f: each(r),
            frame: each(n),
            residual: each(n),
            open: each(r),
            past_residual: each(n),
            past_y: each(r),
            age: vec![[0; STREAMS]; n],
            imputer: [single.filler.state; STREAMS],
            influence: [single.influence; STREAMS],
            weight: Each::ZERO,
            noise: Each::ZERO,
            frames: [0; STREAMS],
            judgement: [Judgement::unjudged(0); STREAMS],
            distance: Each::ZERO,
            holed: [false; STREAMS],
            polish: [(0, 0); STREAMS],
            leaked: [0; STREAMS],
        };
        (0..STREAMS).for_each(|s| group.put(s, &single));
        Ok(Self {
            groups: vec![group; streams.div_ceil(STREAMS)],
            streams,
            n,
            constants: Constants {
                forgetting: single.forgetting,
                growth: single.growth,
                memory: single.memory,
            },
            work: Work {
                g: each(r),
                h: each(r),
                p: each(r),
                single: vec![single; STREAMS],
                x: vec![0.0; n],
                residual: vec![0.0; n],
                frames: vec![0.0; STREAMS * n],
            },
        })
    }

    /// Number of streams.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// Number of channels n of each.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.n
    }

    /// [`SubspaceTracker::judge`] for a frame of each stream: `frames` holds them one after another, `n` entries each; `out` receives a
    /// judgement a stream. What is left of the frames is in [`Self::residual`].
    ///
    /// # Panics
    /// If `frames` or `out` is too short.
    pub fn judge(&mut self, frames: &[f32], out: &mut [Judgement]) {
        self.each_group(frames, out, |group, work, frames, out| {
            group.judge(frames, work);
            out.copy_from_slice(&group.judgement[..out.len()]);
        });
    }

    /// [`SubspaceTracker::learn`] for the streams, by number, for which `teach` says so, from the frames that were judged last.
    pub fn learn(&mut self, teach: impl Fn(usize) -> bool) {
        let (constants, streams) = (self.constants, self.streams);
        for (first, group) in (0..).step_by(STREAMS).zip(&mut self.groups) {
            // Whatever fills the last group up learns along.
            let taught = array::from_fn(|s| first + s >= streams || teach(first + s));
            group.learn(taught, constants, &mut self.work);
        }
    }

    /// Judges a frame of each stream, as [`Self::judge`], and learns from all of them.
    ///
    /// # Panics
    /// If `frames` or `out` is too short.
    pub fn process(&mut self, frames: &[f32], out: &mut [Judgement]) {
        let constants = self.constants;
        self.each_group(frames, out, |group, work, frames, out| {
            group.judge(frames, work);
            out.copy_from_slice(&group.judgement[..out.len()]);
            group.learn([true; STREAMS], constants, work);
        });
    }

    /// The residual e of the last judged frame of a stream, as [`SubspaceTracker::judge`] gives it, into `out` (n entries).
    ///
    /// # Panics
    /// If there is no such stream, or `out` is not n long.
    pub fn residual(&self, stream: usize, out: &mut [f32]) {
        assert!(stream < self.streams, "stream {stream} of {}", self.streams);
        assert_eq!(out.len(), self.n);
        copy(&self.groups[stream / STREAMS].residual, stream % STREAMS, out);
    }

    /// A stream's tracker as it stands, to be looked at or to go its own way. Allocates.
    ///
    /// # Panics
    /// If there is no such stream.
    #[must_use]
    pub fn stream(&self, stream: usize) -> DynFapi {
        assert!(stream < self.streams, "stream {stream} of {}", self.streams);
        let mut single = self.work.single[0].clone();
        self.groups[stream / STREAMS].take(stream % STREAMS, &mut single);
        single
    }

    fn each_group(
        &mut self,
        frames: &[f32],
        out: &mut [Judgement],
        step: impl Fn(&mut Group, &mut Work, &[f32], &mut [Judgement]),
    ) {
        let n = self.n;
        let (frames, out) = (&frames[..n * self.streams], &mut out[..self.streams]);
        let groups = self.groups.iter_mut().zip(frames.chunks(STREAMS * n)).zip(out.chunks_mut(STREAMS));
        for ((group, frames), out) in groups {
            if frames.len() == STREAMS * n {
                step(group, &mut self.work, frames, out);
            } else {
                let mut filled = core::mem::take(&mut self.work.frames);
                filled[..frames.len()].copy_from_slice(frames);
                step(group, &mut self.work, &filled, out);
                self.work.frames = filled;
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Constants {
    forgetting: f32,
    growth: f32,
    memory: f32,
}

/// Entry `s` of each.
fn copy(from: &[Each], s: usize, to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from.0[s];
    }
}

fn put(to: &mut [Each], s: usize, from: &[f32]) {
    for (to, &from) in to.iter_mut().zip(from) {
        to.0[s] = from;
    }
}

impl Group {
    /// The tracker of stream `s`.
    fn take(&self, s: usize, single: &mut DynFapi) {
        copy(&self.basis, s, single.basis.as_mut_slice());
        copy(&self.mean, s, single.mean.as_mut_slice());
        copy(&self.root, s, single.root.as_mut_slice());
        copy(&self.y, s, single.y.as_mut_slice());
        copy(&self.f, s, single.f.as_mut_slice());
        copy(&self.open, s, single.p.as_mut_slice());
        copy(&self.past_residual, s, single.filler.residual.as_mut_slice());
        copy(&self.past_y, s, single.filler.coordinates.as_mut_slice());
        for (age, ages) in single.filler.age.as_mut_slice().iter_mut().zip(&self.age) {
            *age = ages[s];
        }
        (single.filler.state, single.influence) = (self.imputer[s], self.influence[s]);
        (single.distance, single.holed) = (self.distance.0[s], self.holed[s]);
        (single.weight, single.noise) = (self.weight.0[s], self.noise.0[s]);
        (single.frames, single.judgement) = (self.frames[s], self.judgement[s]);
        (single.polish, single.leaked) = (self.polish[s], self.leaked[s]);
    }

    /// And back.
    fn put(&mut self, s: usize, single: &DynFapi) {
        put(&mut self.basis, s, single.basis.as_slice());
        put(&mut self.mean, s, single.mean.as_slice());
        put(&mut self.root, s, single.root.as_slice());
        put(&mut self.y, s, single.y.as_slice());
        put(&mut self.f, s, single.f.as_slice());
        put(&mut self.open, s, single.p.as_slice());
        put(&mut self.past_residual, s, single.filler.residual.as_slice());
        put(&mut self.past_y, s, single.filler.coordinates.as_slice());
        for (ages, age) in self.age.iter_mut().zip(single.filler.age.as_slice()) {
            ages[s] = *age;
        }
        (self.imputer[s], self.influence[s]) = (single.filler.state, single.influence);
        (self.distance.0[s], self.holed[s]) = (single.distance, single.holed);
        (self.weight.0[s], self.noise.0[s]) = (single.weight, single.noise);
        (self.frames[s], self.judgement[s]) = (single.frames, single.judgement);
        (self.polish[s], self.leaked[s]) = (single.polish, single.leaked);
    }

    fn judge(&mut self, frames: &[f32], work: &mut Work) {
        let n = self.mean.len();
        let rows: [&[f32]; STREAMS] = array::from_fn(|s| &frames[s * n..][..n]);
        let (frame, residual) = (&mut self.frame[..n], &mut self.residual[..n]);
        let mut zero = Each::ZERO; // but NaN where an entry is not finite
        for i in 0..n {
            frame[i] = Each(array::from_fn(|s| rows[s][i]));
            residual[i] = frame[i] - self.mean[i];
            zero = zero + Each::ZERO * frame[i];
        }
        let finite = zero.is_finite();
        let complete: [bool; STREAMS] = array::from_fn(|s| finite[s] && self.imputer[s].all_known());
        let missing = |s: &usize| !complete[*s];
        for s in (0..STREAMS).filter(missing) {
            self.take(s, &mut work.single[s]);
        }
        streams::project(&self.basis, &self.residual, &mut self.y);
        streams::subtract_span(&self.basis, &self.y, &mut self.residual);
        let q = streams::energy(&self.residual);
        streams::project(&self.root, &self.y, &mut self.f);
        let t2 = self.weight * streams::energy(&self.f);
        let finite = (q + t2).is_finite();
        let distance = t2 + q / (self.noise + Each::all(LEAK));
        for s in 0..STREAMS {
            if finite[s] && complete[s] {
                self.distance.0[s] = distance.0[s].min(f32::MAX);
                self.holed[s] = false;
                self.judgement[s] = Judgement { q: q.0[s], t2: t2.0[s], observed: n };
            } else {
                if complete[s] {
                    self.take(s, &mut work.single[s]);
                }
                self.judge_alone(s, rows[s], work);
            }
        }
    }

    /// For a stream that was taken out.
    #[cold]
    fn judge_alone(&mut self, s: usize, x: &[f32], work: &mut Work) {
        let single = &mut work.single[s];
        single.judge(x, &mut work.residual);
        self.put(s, single);
        put(&mut self.residual, s, &work.residual);
    }

    fn learn(&mut self, taught: [bool; STREAMS], constants: Constants, work: &mut Work) {
        let step = self.step(constants.forgetting, work);
        let together = array::from_fn(|s| {
            let judged = self.judgement[s].is_judged() && !self.holed[s];
            let ordinary = taught[s] && judged && step.possible[s] && (1..u32::MAX).contains(&self.frames[s]);
            ordinary && self.counts_in_full(s)
        });
        let alone = |s: &usize| !together[*s];
        for s in (0..STREAMS).filter(alone) {
            self.learn_alone(s, taught[s], work);
        }
        self.advance(&step, constants, work);
        self.keep_up(together, work);
        let gain = self.frames.map(|frames| (1.0 / frames.max(1) as f32).max(1.0 / constants.memory));
        for (mean, x) in self.mean.iter_mut().zip(&self.frame) {
            *mean = *mean + Each(gain) * (*x - *mean);
        }
        self.past_residual.copy_from_slice(&self.residual);
        self.past_y.copy_from_slice(&self.y);
        self.imputer.iter_mut().for_each(State::remember);
        for s in (0..STREAMS).filter(alone) {
            self.put(s, &work.single[s]);
        }
    }

    /// Whether the frame of a stream counts as it is; if so, its influence takes note of it.
    fn counts_in_full(&mut self, s: usize) -> bool {
        let (frame, mut influence) = (self.frames[s] + 1, self.influence[s]);
        if influence.audits(frame) || influence.weigh(self.distance.0[s], frame, true) != 1.0 {
            return false;
        }
        self.influence[s] = influence;
        true
    }

    /// Takes a stream out, and lets it learn, if it is to, by itself.
    #[cold]
    fn learn_alone(&self, s: usize, taught: bool, work: &mut Work) {
        let single = &mut work.single[s];
        self.take(s, single);
        if taught {
            copy(&self.frame, s, &mut work.x);
            copy(&self.residual, s, &mut work.residual);
            single.learn(&work.x, &work.residual);
        }
    }

    /// What the update will be, with g, h and p in `work`: the first half of [`super::FapiOf::rotate`].
    fn step(&self, forgetting: f32, work: &mut Work) -> Step {
        let Work { g, h, p, .. } = work;
        let (one, beta) = (Each::all(1.0), Each::all(forgetting));
        streams::multiply(&self.root, &self.f, h);
        let gain = one / (beta + streams::energy(&self.f));
        for (g, h) in g.iter_mut().zip(&*h) {
            *g = gain * *h;
        }
        let (mut energy, gamma) = (streams::energy(&self.residual), streams::energy(g));
        let size = (energy + streams::energy(&self.y)) * gamma;
        let large = size.0.map(|size| size > LARGE_STEP);
        let mut directed = [true; STREAMS];
        if large.contains(&true) {
            streams::project(&self.basis, &self.residual, p);
            let outside = energy - streams::energy(p);
            directed = array::from_fn(|s| !large[s] || outside.0[s] > NO_DIGITS * energy.0[s]);
            energy = outside.max(Each::ZERO).or(large, energy);
            p.iter_mut().for_each(|p| *p = p.or(large, Each::ZERO));
        } else {
            p.fill(Each::ZERO);
        }
        let s = (one + energy * gamma).sqrt();
        let (eta, tau) = (one / s, energy / (s * (s + one)));
        for (p, g) in p.iter_mut().zip(&*g) {
            *p = eta * *p + tau * *g;
        }
        // A stream without a direction stays where it is: W + 0·gᵀ.
        let eta = eta.or(directed, Each::ZERO);
        p.iter_mut().for_each(|p| *p = p.or(directed, Each::ZERO));
        let shrink = gain / (one + (beta * gain).sqrt());
        let finite = [s, tau, shrink, size].map(Each::is_finite);
        Step { eta, shrink, possible: array::from_fn(|s| finite.iter().all(|finite| finite[s])) }
    }

    /// Noise, W, S and weight, for all streams.
    fn advance(&mut self, step: &Step, constants: Constants, work: &Work) {
        let (n, r, Constants { forgetting, growth, memory }) = (self.mean.len(), self.y.len(), constants);
        self.frames = self.frames.map(|frames| frames.saturating_add(1));
        if n > r {
            let gain = self.frames.map(|frames| (1.0 / frames.wrapping_sub(1) as f32).max(1.0 / memory));
            let q = Each(self.judgement.map(|judgement| judgement.q));
            self.noise = self.noise + Each(gain) * (q / Each::all((n - r) as f32) - self.noise);
        }
        streams::rank_one_rotation(&mut self.basis, step.eta, &self.residual, &work.p, &work.g);
        absorb(&mut self.root, &self.f, &work.h, step.shrink, growth);
        self.weight = Each::all(forgetting) * self.weight + Each::all(1.0);
    }

    /// Every fourth frame of a stream: all together, where none has fallen behind the others.
    fn keep_up(&mut self, together: [bool; STREAMS], work: &mut Work) {
        let due: [bool; STREAMS] =
            array::from_fn(|s| together[s] && self.frames[s].is_multiple_of(UPKEEP_EVERY));
        let Some(first) = due.iter().position(|&due| due) else { return };
        let (pair, leaked) = (self.polish[first], self.leaked[first]);
        let in_step = |s: usize| !together[s] || due[s] && (self.polish[s], self.leaked[s]) == (pair, leaked);
        if (0..STREAMS).all(in_step) {
            self.leak(leaked, &mut work.h);
            let broken = self.polish(pair);
            for s in (0..STREAMS).filter(|&s| broken[s] && together[s]) {
                self.alone(s, &mut work.single[s], |single| single.restart(single.rank));
            }
        } else {
            for s in (0..STREAMS).filter(|&s| due[s]) {
                self.alone(s, &mut work.single[s], |single| {
                    single.leak();
                    single.polish();
                });
            }
        }
    }

    #[cold]
    fn alone(&mut self, s: usize, single: &mut DynFapi, act: impl FnOnce(&mut DynFapi)) {
        self.take(s, single);
        act(single);
        self.put(s, single);
    }

    /// [`super::FapiOf::leak`] of coordinate `k`.
    fn leak(&mut self, k: usize, h: &mut [Each]) {
        let r = self.y.len();
        self.leaked = [if k + 1 < r { k + 1 } else { 0 }; STREAMS];
        let (one, leak) = (Each::all(1.0), Each::all(r as f32 * LEAK));
        let variance = leak + Each::all(RELATIVE_LEAK) * streams::energy(&self.y);
        let size = (Each::all(UPKEEP_EVERY as f32) * variance).sqrt();
        for (j, f) in self.f.iter_mut().enumerate() {
            *f = size * self.root[j * r + k];
        }
        let gain = one / (one + streams::energy(&self.f));
        let shrink = gain / (one + gain.sqrt());
        streams::multiply(&self.root, &self.f, h);
        absorb(&mut self.root, &self.f, h, shrink, 1.0);
    }

    /// [`super::FapiOf::polish`] of a pair of columns, but for the restart; says which streams need it.
    fn polish(&mut self, (j, k): (usize, usize)) -> [bool; STREAMS] {
        let (n, r) = (self.mean.len(), self.y.len());
        self.polish = [next_pair((j, k), r); STREAMS];
        let error = streams::polish_pair(&mut self.basis, n, j, k);
        error.0.map(|error| error.abs() > BROKEN || error.is_nan())
    }
}

/// An update of eight streams.
#[derive(Clone, Copy, Debug)]
struct Step {
    eta: Each,
    /// γ of [`super::update::absorb`].
    shrink: Each,
    /// For which streams no number overflowed.
    possible: [bool; STREAMS],
}

/// [`super::update::absorb`] for eight streams, given γ and 1/√β.
fn absorb(root: &mut [Each], f: &[Each], h: &[Each], gamma: Each, growth: f32) {
    streams::scaled_rank_one(root, Each::all(growth), -gamma, h, f);
}

#[cfg(test)]
mod tests;
