//! From an alarm to its report.

use nalgebra::{DefaultAllocator, Dim};

use super::bets::{FORGETTING, Family, MEMORIES};
use super::detector::ShiftDetectorOf;
use super::geometry;
use super::moments;
use super::regimes::Units;
use super::report::{Facts, Kind, ShiftReport, classify};
use super::subset::greedy;
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
        let mut ratios = [1.0; MAX_CHANNELS];
        let scale_nats = {
            let (a, v) = (&mut first.second, &mut second.second);
            a.copy_from(&third.second);
            linalg::symmetric_eigen(a.as_mut_slice(), v.as_mut_slice(), &mut ratios[..d]);
            let nats = |e: &f32| 0.5 * (e - ln(e.max(1e-6)) - 1.0);
            ratios[..d].iter().map(nats).sum::<f32>()
        };
        // K·S·Kᵀ by columns, twice; K·Kᵀ likewise.
        let product = |s: &mut nalgebra::OMatrix<f32, D, D>, column: &mut [f32]| {
            for _ in 0..2 {
                for k in 0..d {
                    let place = &mut s.as_mut_slice()[k * d..(k + 1) * d];
                    self.innovations.to_channels(place, column);
                    place.copy_from_slice(column);
                }
                s.transpose_mut();
            }
        };
        let column = self.z.as_mut_slice();
        first.second.fill_with_identity();
        product(&mut first.second, column);
        product(&mut third.second, column);
        self.innovations.to_channels(m, column);
        let subset = greedy(
            first.second.as_slice(),
            third.second.as_slice(),
            column,
            self.scaling.active,
            self.remembered,
        );
        let (before, after) = (first.second.as_slice(), third.second.as_slice());
        let (geometry, spectra) = geometry::compare(before, after, d, 2.0 * scale_nats, self.remembered);
        let gain = if scale_nats > 0.5 * linalg::energy(m) {
            gain_of(before, after, d, &subset.order[..subset.chosen])
        } else {
            None
        };
        let report = &mut self.report;
        report.geometry = geometry;
        report.ranking = subset.order;
        (report.ranked, report.carriers) = (subset.ranked as u8, subset.chosen as u8);
        report.nats = subset.nats;
        if let Family::Loss(j) | Family::Return(j) = self.winner.family {
            report.ranking = [0; MAX_CHANNELS];
            report.ranking[0] = j as u8;
            (report.ranked, report.carriers) = (1, 1);
        }
        if let Some(j) = gain {
            report.ranking[..].copy_from_slice(&to_front(subset.order, subset.ranked, j as u8));
            report.carriers = 1;
        }
        let kind = classify(&Facts {
            family: self.winner.family,
            varying: self.scaling.varying,
            d,
            frames: self.remembered,
            mean_nats: 0.5 * linalg::energy(m),
            scale_nats,
            gain,
            ratios: &ratios[..d],
            spectra: &spectra,
            geometry: &geometry,
            report,
            before,
        });
        report.kind = kind;
        if kind == Kind::DeadChannel {
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
