//! From an alarm to its report.

use nalgebra::{DefaultAllocator, Dim};

use super::bets::{FORGETTING, Family, MEMORIES};
use super::detector::ShiftDetectorOf;
use super::geometry;
use super::moments;
use super::onset;
use super::regimes::Units;
use super::report::{Facts, Kind, ShiftReport, classify};
use super::subset::{Subset, greedy};
use super::{MAX_CHANNELS, SQUARE};
use crate::linalg;
use crate::math::{ln, sqrt};
use crate::shape::Alloc;

impl<D: Dim, const BLOCKS: usize> ShiftDetectorOf<D, BLOCKS>
where
    DefaultAllocator: Alloc<D, D>,
{
    /// At the alarm: when it began, and which memory has seen the new state best.
    pub(super) fn begin_report(&mut self) {
        self.winner = self.bets.winner();
        let frame = self.status.frames - 1;
        // Age 1 is the present frame.
        let back = |age: f32| frame.saturating_sub((age.max(1.0) - 1.0) as u64);
        let age = self.winner.wager.age;
        // A bet that first had to learn what to bet on comes late by up to its memory; noise alone moves the likeliest onset by a few frames.
        let learning = match self.winner.family {
            Family::Spike | Family::Mean => 1.0 / (1.0 - FORGETTING[self.winner.memory]),
            _ => 4.0,
        };
        let first = (frame + 1).saturating_sub(u64::from(self.age));
        self.report = ShiftReport {
            alarm_frame: frame,
            onset_frame: back(age).max(first),
            onset_earliest: back(1.5 * age + learning).max(first),
            onset_latest: back(0.5 * age),
            left_regime: self.regimes.present,
            ..ShiftReport::default()
        };
        if !matches!(self.winner.family, Family::Spike | Family::Mean) {
            // These bets have no memory of their own: take the longest one that has forgotten what was before.
            let fits = |beta: &f32| 1.0 / (1.0 - beta) <= age;
            self.winner.memory = FORGETTING.iter().rposition(fits).unwrap_or(0);
        }
        let beta = FORGETTING[self.winner.memory];
        self.remembered = ((1.0 + beta) / (1.0 - beta)).min(age.max(1.0));
        self.after.clear();
        self.describe();
    }

    /// One more frame of the new state, judged by the reference of the old one.
    pub(super) fn refine(&mut self) {
        let frame = self.innovations.frame();
        self.after.add(frame, self.scores.as_mut_slice());
        if !self.innovations.is_primed() {
            return;
        }
        self.innovations.judge(self.z.as_mut_slice());
        self.remembered += 1.0;
        let gain = 1.0 / self.remembered;
        let memory = &mut self.bets.memories[self.winner.memory];
        memory.learn(self.z.as_slice(), 1.0 - gain, self.scores.as_mut_slice());
    }

    /// Makes the report the best that is known now. While refining it improves with every frame; otherwise nothing changes. Cost about 200·d³
    /// multiply–adds: meant for once an alarm and once at its end, not for every frame.
    pub fn describe(&mut self) -> Option<&ShiftReport> {
        if self.status.alarms > 0 && !self.report.is_final {
            self.update_report();
        }
        self.report()
    }

    /// The last word on the change; then the state that was left is remembered, and a known one recognised.
    pub(super) fn finish_report(&mut self) {
        self.update_report();
        self.date();
        self.report.is_final = true;
        let units = Units {
            centre: self.scaling.centre.as_slice(),
            spread: self.scaling.spread.as_slice(),
            differenced: self.scaling.differenced,
        };
        // The bets begin anew: their memories are free.
        let (mean, covariance) = (&mut self.z, &mut self.bets.memories[0].second);
        self.innovations.covariance(covariance.as_mut_slice());
        for (j, mean) in mean.iter_mut().enumerate() {
            *mean = self.innovations.mean(j);
        }
        self.regimes.remember(mean.as_slice(), covariance.as_slice(), &units);
        let back = self.regimes.recognise(&self.after, &units);
        self.regimes.enter(back);
        self.report.returned_to = back;
    }

    /// The onset anew, by the likelihood of the last frames under what the new state has turned out to be.
    fn date(&mut self) {
        if matches!(self.winner.family, Family::Loss(_) | Family::Return(_)) {
            return; // dated to the frame by the bet itself, and the frames may not have been judged
        }
        let b = self.winner.memory;
        let order = [b, (b + 1) % MEMORIES, (b + 2) % MEMORIES];
        let Ok([won, work, axes]) = self.bets.memories.get_disjoint_mut(order) else { return };
        let m = won.first.as_mut_slice();
        work.second.copy_from(&won.second);
        linalg::rank_one(work.second.as_mut_slice(), -1.0, m, m);
        let (frames, live) = (self.remembered, self.status.live);
        onset::simplify(m, work.second.as_mut_slice(), axes.second.as_mut_slice(), frames);
        let Some(dated) = self.recent.date(m, work.second.as_mut_slice(), live) else { return };
        let report = &mut self.report;
        // Innovations are kept from before alarms are possible: a change at the end of the warm-up can be dated into it.
        let frame = |age: u64| report.alarm_frame.saturating_sub(age - 1);
        if dated.within || report.onset_frame > frame(dated.oldest) {
            report.onset_frame = frame(dated.age);
            report.onset_latest = frame(dated.youngest);
            let earliest = if dated.within { frame(dated.oldest) } else { report.onset_earliest };
            report.onset_earliest = earliest.min(report.onset_frame);
        }
    }

    /// Fills in all that depends on the winner's moments and on the frames after the alarm.
    fn update_report(&mut self) {
        let d = self.d;
        self.report.frames = self.remembered;
        self.levels();
        let b = self.winner.memory;
        // The other memories are not needed before the restart: scratch for covariances. Order: winner, Σ₀, Σ₁, one more.
        let order = [b, (b + 1) % MEMORIES, (b + 2) % MEMORIES, (b + 3) % MEMORIES];
        let Ok([won, first, second, third]) = self.bets.memories.get_disjoint_mut(order) else { return };
        let m = won.first.as_slice();
        // Centred: C − m·mᵀ, the covariance of the innovations now; the identity before.
        third.second.copy_from(&won.second);
        linalg::rank_one(third.second.as_mut_slice(), -1.0, m, m);
        keep_unchanged(third.second.as_mut_slice(), d, !self.status.live);
        let mut ratios = [1.0; MAX_CHANNELS];
        first.second.copy_from(&third.second);
        let (a, v) = (first.second.as_mut_slice(), second.second.as_mut_slice());
        let scale_nats = stein(a, v, &mut ratios[..d]);
        let column = self.z.as_mut_slice();
        first.second.fill_with_identity();
        for s in [&mut *first, &mut *third] {
            self.innovations.covariance_to_channels(&mut s.second, column);
        }
        self.innovations.to_channels(m, column);
        let (before, after) = (first.second.as_slice(), third.second.as_slice());
        let subset = greedy(before, after, column, self.scaling.active, self.remembered);
        let gain = if scale_nats > 0.5 * linalg::energy(m) {
            gain_of(before, after, d, &subset.order[..subset.chosen])
        } else {
            None
        };
        self.report.name(&subset, self.winner.family, gain);
        let live = self.status.live;
        let (mut old, mut new) = ([0.0; SQUARE], [0.0; SQUARE]);
        let n = part(before, d, live, &mut old);
        part(after, d, live, &mut new);
        let (old, new) = (&old[..n * n], &new[..n * n]);
        let (geometry, spectra) = geometry::compare(old, new, n, 2.0 * scale_nats, self.remembered);
        self.report.geometry = geometry;
        let report = &mut self.report;
        report.kind = classify(&Facts {
            family: self.winner.family,
            varying: self.scaling.varying,
            d: n,
            frames: self.remembered,
            mean_nats: 0.5 * linalg::energy(m),
            scale_nats,
            gain: gain.map(|j| is_related(before, d, j)),
            ratios: &ratios[..d],
            spectra: &spectra,
            geometry: &geometry,
            report,
        });
        if report.kind == Kind::DeadChannel {
            report.carriers = 1;
        }
    }

    /// Means and deviations of every channel before and after, in its own unit.
    fn levels(&mut self) {
        let seen = self.after.frames >= 2.0;
        for j in 0..self.d {
            let (centre, spread) = (self.scaling.centre[j], self.scaling.spread[j]);
            let mean = self.innovations.mean(j);
            let variance = self.innovations.variance(j);
            let (mean_after, variance_after) =
                if seen { (self.after.mean[j], self.after.covariance[(j, j)]) } else { (mean, variance) };
            self.report.mean_before[j] = centre + spread * mean;
            self.report.deviation_before[j] = spread * sqrt(variance);
            self.report.mean_after[j] = centre + spread * mean_after;
            self.report.deviation_after[j] = spread * sqrt(variance_after.max(0.0));
        }
    }
}

impl ShiftReport {
    /// Names the channels: those of the subset, unless the bet that won is on one alone or one gain explains it all.
    fn name(&mut self, subset: &Subset, family: Family, gain: Option<usize>) {
        self.ranking = subset.order;
        (self.ranked, self.carriers) = (subset.ranked as u8, subset.chosen as u8);
        self.nats = subset.nats;
        if let Family::Loss(j) | Family::Return(j) = family {
            self.ranking = [0; MAX_CHANNELS];
            self.ranking[0] = j as u8;
            (self.ranked, self.carriers) = (1, 1);
        }
        if let Some(j) = gain {
            self.ranking = to_front(subset.order, subset.ranked, j as u8);
            self.carriers = 1;
        }
    }
}

/// Makes the channels `left_out` (bits) of a covariance of innovations (d×d) what they were, unless they vary more: a constant one, or a combination
/// of others, has next to no innovations, and that is no change.
fn keep_unchanged(c: &mut [f32], d: usize, left_out: u32) {
    for j in (0..d).filter(|&j| left_out >> j & 1 == 1) {
        if c[j * d + j] >= 1.0 {
            continue;
        }
        for i in 0..d {
            (c[j * d + i], c[i * d + j]) = (0.0, 0.0);
        }
        c[j * d + j] = 1.0;
    }
}

/// Stein's divergence of the covariance `c` (d×d) from the identity, ½[tr C − ln det C − d], nats; `ratios` receives its eigenvalues. `c` is
/// destroyed, `v` is scratch of its size.
fn stein(c: &mut [f32], v: &mut [f32], ratios: &mut [f32]) -> f32 {
    linalg::symmetric_eigen(c, v, ratios);
    ratios.iter().map(|e| 0.5 * (e - ln(e.max(1e-6)) - 1.0)).sum()
}

/// The rows and columns `kept` (bits) of a d×d matrix into the first n² entries of `out`; n.
fn part(s: &[f32], d: usize, kept: u32, out: &mut [f32]) -> usize {
    let is_kept = |j: &usize| kept >> j & 1 == 1;
    let n = (0..d).filter(is_kept).count();
    let entries = (0..d).filter(is_kept).flat_map(|j| (0..d).filter(is_kept).map(move |i| s[j * d + i]));
    for (out, entry) in out.iter_mut().zip(entries) {
        *out = entry;
    }
    n
}

/// Correlations that count when a gain is told from a size.
const CORRELATED: f32 = 0.3;

/// Whether channel j was correlated with another one, by the covariance before: only then can a gain be told from a size.
fn is_related(before: &[f32], d: usize, j: usize) -> bool {
    (0..d).filter(|&i| i != j).any(|i| {
        let product = before[i * d + i] * before[j * d + j];
        product > 0.0 && before[i * d + j].abs() > CORRELATED * sqrt(product)
    })
}

/// KL divergence of two centred Gaussian laws of d channels.
fn divergence(after: &[f32], before: &[f32], d: usize) -> f32 {
    let (zero, mut work) = ([0.0; MAX_CHANNELS], [0.0; 2 * SQUARE + MAX_CHANNELS]);
    moments::divergence((&zero[..d], after), (&zero[..d], before), 1e-9, &mut work)
}

/// A change of gain explains a change of covariance if most of the divergence is gone once it is undone.
const UNEXPLAINED: f32 = 0.25;

/// The one of the chosen channels whose gain alone explains the change, if one does.
fn gain_of(before: &[f32], after: &[f32], d: usize, chosen: &[u8]) -> Option<usize> {
    let total = divergence(after, before, d);
    let mut undone = [0.0; SQUARE];
    let undone = &mut undone[..d * d];
    chosen.iter().map(|&j| usize::from(j)).find(|&j| {
        undone.copy_from_slice(after);
        let factor = sqrt(before[j * d + j] / after[j * d + j].max(f32::MIN_POSITIVE));
        for i in 0..d {
            undone[j * d + i] *= factor;
            undone[i * d + j] *= factor;
        }
        divergence(undone, before, d) < UNEXPLAINED * total
    })
}

/// The ranking with `j` moved to its front.
fn to_front(mut order: [u8; MAX_CHANNELS], ranked: usize, j: u8) -> [u8; MAX_CHANNELS] {
    if let Some(place) = order[..ranked].iter().position(|&k| k == j) {
        order[..=place].rotate_right(1);
    }
    order
}
