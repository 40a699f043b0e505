//! From a score to a probability: how often did this stream score so high before?

use super::excursion::Excursion;
use super::tail::{Clusters, Tail};
use crate::error::{ConfigError, in_range};
use crate::math::ln_1p;

/// Bins of the histogram.
pub const BINS: usize = 96;

/// Lower edge of the first bin and width of a bin, in dB. Streams with bounded tails, as an ECG, pass from one score in 100 to one
/// in 10,000 within 2 dB: a bin must be small beside that.
const LOW: f32 = -8.0;
const WIDTH: f32 = 0.5;

/// The tail starts where this many past scores lie above: fewer say too little about the slope.
const TAIL_COUNT: u32 = 50;

/// Independent clusters that the tail is to rest on, as long as it is no more than the highest tenth of all scores: of fewer, the predictive
/// law would put the limit for a rare alarm far beyond all that was ever seen.
const TAIL_CLUSTERS: f32 = 20.0;
const TAIL_SHARE: u32 = 10;

/// How often the tail and the limit are computed anew, in scores. Between, they are at most this much out of date.
const REFRESH: u32 = 64;

/// Scores before one is clipped: until then the tail itself is not known.
const SETTLE: u32 = 500;

/// A score enters at most so many mean excesses (of at least 1 dB) above the edge of the tail: one in 150 of an exponential tail lies beyond, and
/// without them its mean excess is 0.7 % less.
const CLIP: f32 = 5.0;

/// What an excursion enters with is cut only of scores so many mean excesses above the edge, where one in seven of its scores lies: streams
/// whose usual excursions are of very different lengths go a little above the edge for long.
const HIGH: f32 = 2.0;

/// Empirical distribution of a stream's past scores in fixed memory: 96 bins of 0.5 dB over −8 … 40 dB, and a tail.
///
/// Below the tail, the p-value of a score is the share of past scores above it, interpolated within the bin. The tail begins at the
/// highest edge `e` with at least 50 scores above, in at least 20 clusters unless that were more than a tenth of all. Binned exponential
/// excesses are geometric, whose mean b̄ in whole bins gives the maximum-likelihood mean excess m = w/ln(1 + 1/b̄); how many independent
/// ones they are widens the tail as `tail.rs` says, so that the rate of alarms is right for short streams, too.
///
/// **Neither one score nor one fault owns the limit.** A score enters as at most max(5 dB, 5·m) above `e`, so what a gross sample
/// moves the limit by is bounded, whatever its size; and of an excursion above `e` scores beyond `e` + 2·m enter only for as long as four
/// usual clusters (`excursion.rs`), so that a fault does not lift the limit above itself. What lasts longer than 1,000 scores is
/// learned: a lasting change of level (tested to 25 dB) within 2,500 scores, and 40 more for each score that its memory should hold
/// above the limit, because the limit rises with what enters above it. After `2·memory` scores all counts are halved, so that old ones fade.
///
/// State: 113 words. Cost: a few operations a score, and 2·96 additions every 64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    counts: [u32; BINS],
    total: u32,
    memory: u32,
    alarm_rate: f32,
    tail: Tail,
    clusters: Clusters,
    excursion: Excursion,
    limit: f32,
    stale: u32,
    /// Whether the tail's slope is taken as known.
    independent: bool,
}

impl Calibration {
    /// `memory`: the number of past scores that count (200 … 10⁸); `alarm_rate`: the wanted share of scores above [`Self::limit`].
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn new(memory: u32, alarm_rate: f32) -> Result<Self, ConfigError> {
        in_range("alarm.memory_frames", f64::from(memory), 200.0, 1e8)?;
        in_range("alarm rate", f64::from(alarm_rate), 1e-12, 0.5)?;
        Ok(Self {
            counts: [0; BINS],
            total: 0,
            memory,
            alarm_rate,
            tail: Tail { edge: LOW, share: 1.0, mean_excess: 1.0, support: 1.0 },
            clusters: Clusters::default(),
            excursion: Excursion::default(),
            limit: f32::INFINITY,
            stale: REFRESH,
            independent: false,
        })
    }

    /// The same with a tail that takes its own slope for known: for scores whose limit has a theoretical floor.
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn plug_in(memory: u32, alarm_rate: f32) -> Result<Self, ConfigError> {
        Ok(Self { independent: true, ..Self::new(memory, alarm_rate)? })
    }

    /// Changes the wanted share of scores above [`Self::limit`], 0 < rate ≤ 0.5, from the next refresh on (64 scores).
    pub fn set_alarm_rate(&mut self, rate: f32) {
        self.alarm_rate = rate;
    }

    /// Past scores held (halved now and then).
    #[must_use]
    pub fn total(&self) -> u32 {
        self.total
    }

    /// The score that a share `alarm_rate` of scores is expected to exceed; +∞ until 50 scores were seen.
    #[must_use]
    pub fn limit(&self) -> f32 {
        self.limit
    }

    /// The probability of a score above `score`, from past scores alone, within (0, 1]; NaN if `score` is NaN or
    /// fewer than 50 scores were seen.
    #[must_use]
    pub fn p_value(&self, score: f32) -> f32 {
        if score.is_nan() || self.total < TAIL_COUNT {
            return f32::NAN;
        }
        if score >= self.tail.edge {
            return self.tail.p_value(score);
        }
        let place = ((score - LOW) / WIDTH).max(0.0);
        let bin = (place as usize).min(BINS - 1);
        let inside = (place - bin as f32).clamp(0.0, 1.0);
        // Scores gather around 0 dB, a fifth of the way up: mostly the bins below are the fewer.
        let above = self.total - self.counts[..=bin].iter().sum::<u32>();
        let above = above as f32 + (1.0 - inside) * self.counts[bin] as f32;
        // The tail may be a few scores out of date: never let p fall below what it says further up.
        ((above + 1.0) / (self.total as f32 + 1.0)).clamp(self.tail.share, 1.0)
    }

    /// Takes in one score. NaN changes nothing.
    pub fn update(&mut self, score: f32) {
        if score.is_nan() {
            return;
        }
        let exceeds = score >= self.tail.edge;
        let mut score = score;
        if self.total >= SETTLE {
            let high = score > self.tail.edge + HIGH * self.tail.mean_excess;
            if !self.excursion.admits(exceeds, self.tail.share, self.clusters.extremal_index()) && high {
                return;
            }
            score = score.min(self.tail.edge + CLIP * self.tail.mean_excess.max(1.0));
        }
        if self.tail.share < 0.5 {
            self.clusters.update(exceeds, self.tail.share, self.tail.share * self.total as f32);
        }
        let place = ((score - LOW) / WIDTH).max(0.0);
        self.counts[(place as usize).min(BINS - 1)] += 1;
        self.total += 1;
        if self.total >= 2 * self.memory {
            self.total = halve(&mut self.counts);
        }
        self.stale += 1;
        if self.stale >= REFRESH {
            self.stale = 0;
            self.refresh();
        }
    }

    /// Fits the tail and finds the limit.
    fn refresh(&mut self) {
        if self.total < TAIL_COUNT {
            return;
        }
        // Walk down from the top until enough scores lie above the edge; the whole bins between each of them and the edge grow by one.
        let (mut above, mut steps, mut bin) = (0, 0.0, BINS);
        let wanted = (TAIL_CLUSTERS / self.clusters.extremal_index()) as u32;
        let wanted = wanted.min(self.total / TAIL_SHARE).max(TAIL_COUNT);
        while above < wanted && bin > 0 {
            bin -= 1;
            steps += above as f32;
            above += self.counts[bin];
        }
        // All in one bin would give no slope at all: as if at least one in 20 lay a bin higher.
        let mean_steps = (steps / above as f32).max(0.05);
        self.tail = Tail {
            edge: LOW + WIDTH * bin as f32,
            share: above as f32 / self.total as f32,
            mean_excess: WIDTH / ln_1p(1.0 / mean_steps),
            // Not below two, where the predictive law has no mean.
            support: if self.independent {
                1e6
            } else {
                (above as f32 * self.clusters.extremal_index()).max(2.0)
            },
        };
        self.limit = if self.alarm_rate <= self.tail.share {
            self.tail.quantile(self.alarm_rate)
        } else {
            self.quantile(bin, above)
        };
    }

    /// The score that a share `alarm_rate` exceeds, searched downwards from `bin`, above which `above` scores lie.
    fn quantile(&self, mut bin: usize, mut above: u32) -> f32 {
        let wanted = self.alarm_rate * self.total as f32;
        while bin > 0 {
            bin -= 1;
            let own = self.counts[bin];
            if (above + own) as f32 >= wanted {
                let part = (wanted - above as f32) / own.max(1) as f32;
                return LOW + WIDTH * (bin as f32 + 1.0 - part);
            }
            above += own;
        }
        LOW
    }
}

/// Halves all counts, so that old ones fade; gives their sum.
#[cold]
#[inline(never)]
pub(crate) fn halve(counts: &mut [u32]) -> u32 {
    let mut total = 0;
    for count in counts {
        *count /= 2;
        total += *count;
    }
    total
}

#[cfg(test)]
mod tests;
