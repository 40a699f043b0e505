//! Eight streams side by side: their state, and how they are judged.

use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use super::Work;
use crate::linalg;
use crate::linalg::streams::{self, Each, STREAMS, lanes};
use crate::track::fapi::{DynFapi, LEAK};
use crate::track::influence::lanes::Influences;
use crate::track::missing::State;
use crate::track::{Judgement, SubspaceTracker};

/// Every stream of a group.
pub(super) const ALL: [bool; STREAMS] = [true; STREAMS];

/// Eight streams. Fields as in [`crate::track::fapi::FapiOf`].
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) basis: Vec<Each>,
    pub(super) mean: Vec<Each>,
    pub(super) root: Vec<Each>,
    pub(super) y: Vec<Each>,
    pub(super) f: Vec<Each>,
    /// ‖f‖².
    pub(super) energy: Each,
    /// The frames that were judged last, and their residuals.
    pub(super) frame: Vec<Each>,
    pub(super) residual: Vec<Each>,
    /// What gaps leave open.
    open: Vec<Each>,
    /// Residual and y of the frames that were learned last, unless they are [`Self::latest`].
    past_residual: Vec<Each>,
    past_y: Vec<Each>,
    /// The frames judged last are those learned last, of all streams: no copy was made of them.
    latest: bool,
    age: Vec<[u8; STREAMS]>,
    imputer: [State; STREAMS],
    /// All imputers remember a whole frame.
    whole: bool,
    pub(super) influence: Influences,
    pub(super) weight: Each,
    pub(super) noise: Each,
    pub(super) frames: [u32; STREAMS],
    pub(super) q: Each,
    t2: Each,
    observed: [usize; STREAMS],
    pub(super) distance: Each,
    holed: [bool; STREAMS],
    /// All frames were complete, and could be judged.
    pub(super) ordinary: bool,
    pub(super) polish: [(usize, usize); STREAMS],
    pub(super) leaked: [usize; STREAMS],
}

/// Entry `s` of each.
pub(super) fn copy(from: &[Each], s: usize, to: &mut [f32]) {
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
    /// Streams of `n` channels that stand where `single` does.
    pub(super) fn new(n: usize, single: &DynFapi) -> Self {
        let r = single.rank;
        let each = |count| vec![Each::ZERO; count];
        let mut group = Self {
            basis: each(n * r),
            mean: each(n),
            root: each(r * r),
            y: each(r),
            f: each(r),
            energy: Each::ZERO,
            frame: each(n),
            residual: each(n),
            open: each(r),
            past_residual: each(n),
            past_y: each(r),
            latest: false,
            age: vec![[0; STREAMS]; n],
            imputer: [single.filler.state; STREAMS],
            whole: false,
            influence: Influences::new(&single.influence),
            weight: Each::ZERO,
            noise: Each::ZERO,
            frames: [0; STREAMS],
            q: Each::ZERO,
            t2: Each::ZERO,
            observed: [0; STREAMS],
            distance: Each::ZERO,
            holed: [false; STREAMS],
            ordinary: false,
            polish: [(0, 0); STREAMS],
            leaked: [0; STREAMS],
        };
        (0..STREAMS).for_each(|s| group.put(s, single));
        group
    }

    /// The tracker of stream `s`.
    pub(super) fn take(&self, s: usize, single: &mut DynFapi) {
        copy(&self.basis, s, single.basis.as_mut_slice());
        copy(&self.mean, s, single.mean.as_mut_slice());
        copy(&self.root, s, single.root.as_mut_slice());
        copy(&self.y, s, single.y.as_mut_slice());
        copy(&self.f, s, single.f.as_mut_slice());
        copy(&self.open, s, single.p.as_mut_slice());
        let (residual, y) = self.past();
        copy(residual, s, single.filler.residual.as_mut_slice());
        copy(y, s, single.filler.coordinates.as_mut_slice());
        for (age, ages) in single.filler.age.as_mut_slice().iter_mut().zip(&self.age) {
            *age = ages[s];
        }
        (single.filler.state, single.influence) = (self.imputer[s], self.influence.take(s));
        (single.distance, single.holed) = (self.distance.0[s], self.holed[s]);
        (single.weight, single.noise) = (self.weight.0[s], self.noise.0[s]);
        (single.frames, single.judgement) = (self.frames[s], self.judgement(s));
        (single.polish, single.leaked) = (self.polish[s], self.leaked[s]);
    }

    /// And back.
    pub(super) fn put(&mut self, s: usize, single: &DynFapi) {
        self.keep_past();
        put(&mut self.basis, s, single.basis.as_slice());
        put(&mut self.mean, s, single.mean.as_slice());
        put(&mut self.root, s, single.root.as_slice());
        put(&mut self.y, s, single.y.as_slice());
        put(&mut self.f, s, single.f.as_slice());
        self.energy.0[s] = linalg::energy(single.f.as_slice());
        put(&mut self.open, s, single.p.as_slice());
        put(&mut self.past_residual, s, single.filler.residual.as_slice());
        put(&mut self.past_y, s, single.filler.coordinates.as_slice());
        for (ages, age) in self.age.iter_mut().zip(single.filler.age.as_slice()) {
            ages[s] = *age;
        }
        (self.imputer[s], self.whole) = (single.filler.state, false);
        self.influence.put(s, &single.influence);
        (self.distance.0[s], self.holed[s]) = (single.distance, single.holed);
        (self.weight.0[s], self.noise.0[s]) = (single.weight, single.noise);
        let Judgement { q, t2, observed } = single.judgement;
        (self.frames[s], self.q.0[s], self.t2.0[s], self.observed[s]) = (single.frames, q, t2, observed);
        (self.polish[s], self.leaked[s]) = (single.polish, single.leaked);
    }

    /// Residual and coordinates of the frames that were learned last.
    fn past(&self) -> (&[Each], &[Each]) {
        if self.latest { (&self.residual, &self.y) } else { (&self.past_residual, &self.past_y) }
    }

    /// Copies them where they are [`Self::latest`], before any of them changes.
    fn keep_past(&mut self) {
        if mem::take(&mut self.latest) {
            self.past_residual.copy_from_slice(&self.residual);
            self.past_y.copy_from_slice(&self.y);
        }
    }

    /// The frames judged last were learned, and had no gaps, but for those of `alone`, which are to be put back.
    pub(super) fn remember(&mut self, alone: bool) {
        self.latest = true;
        if alone {
            self.keep_past();
        }
        if !self.whole {
            self.imputer.iter_mut().for_each(State::remember);
            // Those of streams that were not put back since have no entry without a mean: a frame would have had a gap.
            self.whole = true;
        }
    }

    /// The residual of stream `s`.
    pub(super) fn residual(&self, s: usize, out: &mut [f32]) {
        copy(&self.residual, s, out);
    }

    /// The judgement of stream `s`, if its frame was judged at all, and was whole.
    pub(super) fn is_whole(&self, s: usize) -> bool {
        !self.q.0[s].is_nan() && !self.holed[s]
    }

    fn judgement(&self, s: usize) -> Judgement {
        Judgement { q: self.q.0[s], t2: self.t2.0[s], observed: self.observed[s] }
    }

    /// Those of the first streams.
    pub(super) fn judgements(&self, out: &mut [Judgement]) {
        for (s, out) in out.iter_mut().enumerate().take(STREAMS) {
            *out = self.judgement(s);
        }
    }

    pub(super) fn judge(&mut self, frames: &[f32], work: &mut Work) {
        let n = self.mean.len();
        if mem::take(&mut self.latest) {
            mem::swap(&mut self.residual, &mut self.past_residual);
            mem::swap(&mut self.y, &mut self.past_y);
        }
        let rows: [&[f32]; STREAMS] = lanes(|s| &frames[s * n..][..n]);
        streams::centre(&rows, &self.mean, &mut self.frame, &mut self.residual);
        streams::project(&self.basis, &self.residual, &mut self.y);
        streams::subtract_span(&self.basis, &self.y, &mut self.residual);
        let q = streams::energy(&self.residual);
        // An entry that is not finite leaves no Q that is.
        let mut complete = ALL;
        let known = self.whole || self.imputer.iter().all(State::all_known);
        if !(known && q.all_finite()) {
            complete = self.take_incomplete(rows, work);
        }
        streams::project(&self.root, &self.y, &mut self.f);
        self.energy = streams::energy(&self.f);
        let t2 = self.weight * self.energy;
        let distance = t2 + q / (self.noise + Each::all(LEAK));
        let finite = q + t2;
        self.ordinary = complete == ALL && finite.all_finite();
        if self.ordinary {
            self.distance = distance.min(Each::all(f32::MAX));
            (self.q, self.t2, self.observed, self.holed) = (q, t2, [n; STREAMS], [false; STREAMS]);
            return;
        }
        let finite = finite.is_finite();
        for s in 0..STREAMS {
            if finite[s] && complete[s] {
                self.distance.0[s] = distance.0[s].min(f32::MAX);
                (self.q.0[s], self.t2.0[s], self.observed[s], self.holed[s]) = (q.0[s], t2.0[s], n, false);
            } else {
                if complete[s] {
                    self.take(s, &mut work.single[s]);
                }
                self.judge_alone(s, rows[s], work);
            }
        }
    }

    /// Which frames are complete. The streams of the others are taken out, as long as their f is the one of the frame before; what became of y
    /// does not matter.
    #[cold]
    fn take_incomplete(&self, rows: [&[f32]; STREAMS], work: &mut Work) -> [bool; STREAMS] {
        lanes(|s| {
            let complete = self.imputer[s].all_known() && rows[s].iter().all(|x| x.is_finite());
            if !complete {
                self.take(s, &mut work.single[s]);
            }
            complete
        })
    }

    /// For a stream that was taken out.
    #[cold]
    fn judge_alone(&mut self, s: usize, x: &[f32], work: &mut Work) {
        let single = &mut work.single[s];
        single.judge(x, &mut work.residual);
        self.put(s, single);
        put(&mut self.residual, s, &work.residual);
    }
}
