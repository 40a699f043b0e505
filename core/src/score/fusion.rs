//! Many channels, one score: log-mean-exp of their excesses, each on a scale between its own and the common one.

use crate::math::{exp, ln};

/// What one channel says of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Its excess in dB; NaN if it could not be judged.
    pub excess: f32,
    /// Standard deviation of its excesses up to this one in dB (0 … 4,095).
    pub scatter: f32,
    /// How many excesses it has had, this one too; 0 if it has never been judged.
    pub count: u32,
}

/// What several channels say together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fused {
    /// The fused excess in dB; NaN if no channel could be judged.
    pub score: f32,
    /// Index of the channel with the largest part in it, counted to 65,535; 0 if there is none.
    pub channel: u16,
    /// The mean scatter in dB, for [`Evidence::scaled`]; NaN where there is only one channel, which needs none.
    pub scatter: f32,
}

/// Excesses after which a channel counts in full. A channel that comes alive then enters the mean as gently as one new channel among
/// a thousand frames of it can, and what it says while its own usual is hardly known counts for little.
const RAMP: u32 = 1_000;

/// No scatter is taken to be smaller, in dB: scores that never moved are rounding.
const LEAST: f32 = 0.1;

/// Sums are of whole numbers, which come out the same in every order of the channels: an exponential of 1 is 2³², less the one that
/// the conversion to 32 bits saturates by.
const EXPONENTIAL_UNIT: f32 = 4_294_967_296.0;

/// 2⁻²⁰ dB.
const SCATTER_UNIT: f32 = 1_048_576.0;

impl Evidence {
    /// Nothing: a channel that has never been judged.
    pub const NONE: Self = Self { excess: f32::NAN, scatter: 0.0, count: 0 };

    /// The excess as it is fused, in dB: times `common`/((`scatter` + `common`)/2) and the channel's weight, 0 … 1. A channel that is wild
    /// counts for less, one that is calm for more, at most twice itself. NaN stays NaN; without a common scatter (NaN) it is the excess itself.
    #[must_use]
    pub fn scaled(&self, common: f32) -> f32 {
        let weight = self.weight() as f32 / RAMP as f32;
        if common.is_nan() { self.excess } else { weight * common * self.standardised(common) }
    }

    /// The excess in units of the mean of its own scatter and the common one.
    fn standardised(&self, common: f32) -> f32 {
        2.0 * self.excess / (self.scatter.max(LEAST) + common)
    }

    fn weight(&self) -> u32 {
        self.count.min(RAMP)
    }

    /// A channel that cannot be judged at present is taken to be as usual: it neither leaves the mean nor enters it with a jump.
    fn standardised_or_usual(&self, common: f32) -> f32 {
        if self.excess.is_nan() { 0.0 } else { self.standardised(common) }
    }
}

/// σ̄·ln of the weighted mean of exp(zᵢ) over the channels, with zᵢ = eᵢ/((σᵢ + σ̄)/2).
///
/// eᵢ is a channel's excess, σᵢ its usual scatter, σ̄ the weighted mean of these; the weight of a channel is the number of its past
/// excesses, at most 1,000. Log-mean-exp stands between the largest and the mean: n channels that are touched alike raise it by as
/// much as one does, one alone is lowered by σ̄·ln n dB whatever it says, and faint traces in many channels add up where the
/// largest one would be an accident of the others. Of the scales, decibels alone would let the wildest channel speak for all, and
/// standard deviations alone would let a channel that hardly moves. That it is halfway was chosen on faults planted in recordings (bench
/// `accuracy`), with labelled ones in sight.
///
/// A single channel that was ever judged gives back its excess, bit for bit. Copying *every* channel changes nothing; copying one
/// doubles its weight. The order of the channels changes nothing. Cost: an exponential and two divisions a channel, a logarithm.
#[must_use]
pub fn fuse(channels: impl Iterator<Item = Evidence> + Clone) -> Fused {
    let (mut weights, mut scatters, mut known, mut single) = (0u64, 0u64, 0u32, 0);
    for (i, c) in channels.clone().enumerate().filter(|(_, c)| c.count > 0) {
        (known, single) = (known + 1, i);
        weights += u64::from(c.weight());
        // The conversion saturates, and takes NaN for 0.
        scatters += u64::from(c.weight()) * u64::from((c.scatter * SCATTER_UNIT) as u32);
    }
    if known <= 1 {
        let alone = channels.clone().nth(single).unwrap_or(Evidence::NONE);
        return Fused { score: alone.excess, channel: single as u16, scatter: f32::NAN };
    }
    let scatter = (scatters as f32 / weights as f32 / SCATTER_UNIT).max(LEAST);
    let (mut top, mut judged) = (f32::NEG_INFINITY, false);
    for c in channels.clone().filter(|c| c.count > 0) {
        top = top.max(c.standardised_or_usual(scatter));
        judged |= !c.excess.is_nan();
    }
    let (mut total, mut most, mut channel) = (0u64, 0, 0);
    for (i, c) in channels.enumerate().filter(|(_, c)| c.count > 0) {
        let exponential = exp(c.standardised_or_usual(scatter) - top);
        let part = u64::from(c.weight()) * u64::from((exponential * EXPONENTIAL_UNIT) as u32);
        total += part;
        if part > most && !c.excess.is_nan() {
            (most, channel) = (part, i as u16);
        }
    }
    let mean = total as f32 / weights as f32 / EXPONENTIAL_UNIT;
    let score = if judged { scatter * (top + ln(mean)) } else { f32::NAN };
    Fused { score, channel, scatter }
}

#[cfg(test)]
mod tests;
