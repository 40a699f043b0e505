//! What to bet on: the ways in which standard normal innovations can stop being so.
//!
//! Everything a bet uses is known before the frame it is placed on, so each factor has mean 1 as long as the numbers are standard normal.
//! With θ a relative variance, u a unit vector, V a variance, μ a mean, ρ a scale:
//!
//! | bet | factor Λ | stakes |
//! |---|---|---|
//! | spike | (1+θ)^(−1/2)·exp(θ/(2(1+θ))·(uᵀz)²) | 4 memories of u × 4 θ |
//! | mean | exp(mᵀz − ½‖m‖²) | 4 memories of m |
//! | noise floor | ρ^(−d/2)·exp(½‖z‖²(1 − 1/ρ)) | 4 ρ |
//! | channel variance | V^(−1/2)·exp(½z_j²(1 − 1/V)) | 4 V for each channel |
//! | channel mean | exp(μz_j − ½μ²) | 4 μ for each channel |
//! | loss, return | κ/ε if the rank of "repeats or missing" is among the ε most extreme, else (1−κ)/(1−ε) | 2 for each channel |
//!
//! The plug-in direction and mean follow the stream with four forgetting factors (adaptive Shiryaev–Roberts: Lorden & Pollak, Ann. Statist. 33,
//! 2005).

use core::f32::consts::{LN_2, LN_10};

use nalgebra::{DefaultAllocator, Dim, OMatrix, OVector};

use super::bank::Wager;
use super::normal::Uniform;
use crate::linalg;
use crate::math::sqrt;
use crate::shape::{Alloc, zero_matrix, zeros};

/// Forgetting factors, and how many.
pub(crate) const MEMORIES: usize = 4;
pub(crate) const FORGETTING: [f32; MEMORIES] = [7.0 / 8.0, 15.0 / 16.0, 31.0 / 32.0, 63.0 / 64.0];

/// θ, and per θ: ½·θ/(1+θ) and ½·ln(1+θ).
const SPIKES: [(f32, f32); 4] =
    [(1.0 / 6.0, 0.202_732_55), (0.25, 0.346_573_6), (1.0 / 3.0, 0.549_306_15), (0.4, 0.804_719)];

/// ρ as ½·(1 − 1/ρ) and ½·ln ρ: 0.5, 0.75, 1.4, 2.
const SCALES: [(f32, f32); 4] =
    [(-0.5, -0.346_573_6), (-1.0 / 6.0, -0.143_841_04), (1.0 / 7.0, 0.168_236_12), (0.25, 0.346_573_6)];

/// V as ½·(1 − 1/V) and ½·ln V: 0.01 (a channel without signal), 0.3, 2, 4.
const VARIANCES: [(f32, f32); 4] =
    [(-49.5, -LN_10), (-7.0 / 6.0, -0.601_986_4), (0.25, 0.346_573_6), (0.375, LN_2)];

/// μ.
const MEANS: [f32; 4] = [-1.0, -0.5, 0.5, 1.0];

/// Share ε of the most extreme ranks that loss and return bet on, and the probability κ they give it.
const EXTREME: f32 = 0.05;
const BELIEF: f32 = 0.5;

/// Bets on one channel.
const ON_CHANNEL: usize = VARIANCES.len() + MEANS.len();

/// Shares of the stake. The more directions a family must learn, the more it needs: the others still detect fast with less.
const SHARE_SPIKE: f32 = 0.44;
const SHARE_MEAN: f32 = 0.36;
const SHARE_CHANNEL: f32 = 0.12;
const SHARE_FLOOR: f32 = 0.04;
const SHARE_LOSS: f32 = 0.04;

/// Power steps on C a frame: two give a better direction than one for large changes; more gain nothing.
const POWER_STEPS: usize = 2;

/// Which bet won.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Family {
    Spike,
    Mean,
    Floor,
    Variance,
    ChannelMean,
    Loss(usize),
    Return(usize),
}

/// The moments a memory holds: C ≈ E[zzᵀ], m ≈ E[z], u its leading direction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Memory<D: Dim>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(crate) second: OMatrix<f32, D, D>,
    pub(crate) first: OVector<f32, D>,
    pub(crate) direction: OVector<f32, D>,
    spikes: [Wager; SPIKES.len()],
    mean: Wager,
}

/// Wagers with the same bet on every channel: what they are made of, channel by channel.
#[derive(Clone, Debug, PartialEq)]
struct PerChannel<D: Dim>([OVector<f32, D>; 3])
where
    DefaultAllocator: Alloc<D, D>;

impl<D: Dim> PerChannel<D>
where
    DefaultAllocator: Alloc<D, D>,
{
    fn new(d: D) -> Self {
        Self(core::array::from_fn(|_| zeros(d)))
    }

    fn get(&self, j: usize) -> Wager {
        Wager::from_parts([self.0[0][j], self.0[1][j], self.0[2][j]])
    }

    fn set(&mut self, j: usize, wager: Wager) {
        for (v, x) in self.0.iter_mut().zip(wager.parts()) {
            v[j] = x;
        }
    }

    /// Σ_j R_j.
    fn sum(&self) -> f32 {
        self.0[0].iter().sum()
    }

    fn play(&mut self, j: usize, log: f32) -> f32 {
        let mut wager = self.get(j);
        let r = wager.play(log);
        self.set(j, wager);
        r
    }

    fn multiply(&mut self, j: usize, factor: f32) -> f32 {
        let mut wager = self.get(j);
        let r = wager.multiply(factor);
        self.set(j, wager);
        r
    }

    fn clear(&mut self) {
        for v in &mut self.0 {
            v.as_mut_slice().fill(0.0);
        }
    }
}

/// The bet that has won most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Winner {
    pub(crate) family: Family,
    /// The memory it bets by, or one that suits it.
    pub(crate) memory: usize,
    pub(crate) wager: Wager,
    /// Its part of M.
    pub(crate) part: f32,
}

impl Winner {
    pub(crate) const NONE: Self = Self { family: Family::Mean, memory: 0, wager: Wager::NEW, part: -1.0 };
}

/// All bets and what they stand at. State: 4·(D² + 2D) + 30·D + 76 words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bets<D: Dim>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(crate) memories: [Memory<D>; MEMORIES],
    floor: [Wager; SCALES.len()],
    channel: [PerChannel<D>; ON_CHANNEL],
    /// Loss and return.
    extremes: [PerChannel<D>; 2],
    /// Weighted sums of the families, by which M is known without adding all R again.
    shares: [f32; 5],
    scratch: OVector<f32, D>,
}

impl<D: Dim> Bets<D>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(crate) fn new(d: D) -> Self {
        let memory = || Memory {
            second: zero_matrix(d, d),
            first: zeros(d),
            direction: zeros(d),
            spikes: [Wager::NEW; SPIKES.len()],
            mean: Wager::NEW,
        };
        Self {
            memories: core::array::from_fn(|_| memory()),
            floor: [Wager::NEW; SCALES.len()],
            channel: core::array::from_fn(|_| PerChannel::new(d)),
            extremes: core::array::from_fn(|_| PerChannel::new(d)),
            shares: [0.0; 5],
            scratch: zeros(d),
        }
    }

    /// All stakes back to where they started, all moments to those of standard normal numbers.
    pub(crate) fn restart(&mut self, random: &mut Uniform) {
        for memory in &mut self.memories {
            memory.second.as_mut_slice().fill(0.0);
            memory.second.fill_diagonal(1.0);
            memory.first.as_mut_slice().fill(0.0);
            for u in memory.direction.as_mut_slice() {
                *u = random.next() - 0.5;
            }
            normalise(memory.direction.as_mut_slice());
            memory.spikes = [Wager::NEW; SPIKES.len()];
            memory.mean = Wager::NEW;
        }
        self.floor = [Wager::NEW; SCALES.len()];
        self.channel.iter_mut().chain(&mut self.extremes).for_each(PerChannel::clear);
        self.shares = [0.0; 5];
    }

    /// M: the evidence.
    pub(crate) fn evidence(&self) -> f32 {
        let [spike, mean, floor, channel, loss] = self.shares;
        ((spike + mean) + (floor + channel)) + loss
    }

    /// Plays the bets on `radial`, of which `live` entries are standard normal and the others 0; then learns from them.
    pub(crate) fn play_joint(&mut self, radial: &[f32], live: u32) {
        let energy = linalg::energy(radial);
        let (mut spike, mut mean, mut floor) = (0.0, 0.0, 0.0);
        for (memory, beta) in self.memories.iter_mut().zip(FORGETTING) {
            let along = linalg::dot(memory.direction.as_slice(), radial);
            for (wager, (gain, cost)) in memory.spikes.iter_mut().zip(SPIKES) {
                spike += wager.play(gain * along * along - cost);
            }
            let m = memory.first.as_slice();
            mean += memory.mean.play(linalg::dot(m, radial) - 0.5 * linalg::energy(m));
            memory.learn(radial, beta, self.scratch.as_mut_slice());
        }
        let dimension = live as f32;
        for (wager, (gain, cost)) in self.floor.iter_mut().zip(SCALES) {
            floor += wager.play(gain * energy - cost * dimension);
        }
        self.shares[0] = SHARE_SPIKE / (MEMORIES * SPIKES.len()) as f32 * spike;
        self.shares[1] = SHARE_MEAN / MEMORIES as f32 * mean;
        self.shares[2] = SHARE_FLOOR / SCALES.len() as f32 * floor;
    }

    /// Plays the bets on every channel's own score.
    pub(crate) fn play_channels(&mut self, scores: &[f32]) {
        let mut sum = 0.0;
        let (variances, means) = self.channel.split_at_mut(VARIANCES.len());
        for (bet, (gain, cost)) in variances.iter_mut().zip(VARIANCES) {
            for (j, z) in scores.iter().enumerate() {
                sum += bet.play(j, gain * z * z - cost);
            }
        }
        for (bet, mu) in means.iter_mut().zip(MEANS) {
            for (j, z) in scores.iter().enumerate() {
                sum += bet.play(j, mu * z - 0.5 * mu * mu);
            }
        }
        self.shares[3] = SHARE_CHANNEL / (ON_CHANNEL * scores.len().max(1)) as f32 * sum;
    }

    /// Plays loss and return of channel j of d, where `p` is the rank of "repeats or is missing": low if that is unusual.
    pub(crate) fn play_loss(&mut self, j: usize, p: f32) {
        let factor = |hit: bool| if hit { BELIEF / EXTREME } else { (1.0 - BELIEF) / (1.0 - EXTREME) };
        self.extremes[0].multiply(j, factor(p < EXTREME));
        self.extremes[1].multiply(j, factor(p > 1.0 - EXTREME));
    }

    /// Adds up what [`Self::play_loss`] changed.
    pub(crate) fn settle_loss(&mut self) {
        let sum: f32 = self.extremes.iter().map(PerChannel::sum).sum();
        self.shares[4] = SHARE_LOSS / (2 * self.scratch.len().max(1)) as f32 * sum;
    }

    /// The bet with the largest weighted R.
    pub(crate) fn winner(&self) -> Winner {
        let mut best = Winner::NONE;
        let mut consider = |family, memory, wager: Wager, weight: f32| {
            if weight * wager.r > best.part {
                best = Winner { family, memory, wager, part: weight * wager.r };
            }
        };
        let d = self.scratch.len();
        for (b, memory) in self.memories.iter().enumerate() {
            for wager in memory.spikes {
                consider(Family::Spike, b, wager, SHARE_SPIKE / (MEMORIES * SPIKES.len()) as f32);
            }
            consider(Family::Mean, b, memory.mean, SHARE_MEAN / MEMORIES as f32);
        }
        for wager in self.floor {
            consider(Family::Floor, MEMORIES - 1, wager, SHARE_FLOOR / SCALES.len() as f32);
        }
        for j in 0..d {
            for (k, bet) in self.channel.iter().enumerate() {
                let family = if k < VARIANCES.len() { Family::Variance } else { Family::ChannelMean };
                consider(family, MEMORIES - 1, bet.get(j), SHARE_CHANNEL / (ON_CHANNEL * d) as f32);
            }
            for (bet, family) in self.extremes.iter().zip([Family::Loss(j), Family::Return(j)]) {
                consider(family, 0, bet.get(j), SHARE_LOSS / (2 * d) as f32);
            }
        }
        best
    }
}

impl<D: Dim> Memory<D>
where
    DefaultAllocator: Alloc<D, D>,
{
    /// C ← βC + (1−β)zzᵀ, m ← βm + (1−β)z, u ← C·u/‖C·u‖.
    pub(crate) fn learn(&mut self, z: &[f32], beta: f32, scratch: &mut [f32]) {
        let second = self.second.as_mut_slice();
        linalg::scale(beta, second);
        linalg::rank_one(second, 1.0 - beta, z, z);
        linalg::drift_towards(self.first.as_mut_slice(), 1.0 - beta, z);
        let u = self.direction.as_mut_slice();
        for _ in 0..POWER_STEPS {
            linalg::multiply(second, u, scratch);
            normalise(scratch);
            u.copy_from_slice(scratch);
        }
    }
}

/// v ← v/‖v‖; a vector without length becomes the first axis.
fn normalise(v: &mut [f32]) {
    let length = sqrt(linalg::energy(v));
    if length > 0.0 && length.is_finite() {
        linalg::scale(1.0 / length, v);
    } else if let Some((first, rest)) = v.split_first_mut() {
        *first = 1.0;
        rest.fill(0.0);
    }
}

#[cfg(test)]
mod tests;
