//! From a score to a probability: how often did this stream score so high before?

use crate::error::{ConfigError, in_range};
use crate::math::{exp, ln};

/// Bins of the histogram.
pub const BINS: usize = 64;

/// Lower edge of the first bin and width of a bin, in dB.
const LOW: f32 = -16.0;
const WIDTH: f32 = 1.0;

/// The tail model starts where this many past scores lie above: fewer say too little about the slope.
const TAIL_COUNT: u32 = 50;

/// How often the tail and the limit are computed anew, in scores. Between, they are at most this much out of date.
const REFRESH: u32 = 64;

/// Empirical distribution of a stream's past scores in fixed memory: 64 bins of 1 dB over −16 … 48 dB, and an exponential tail.
///
/// Below the tail, the p-value of a score is the share of past scores above it, interpolated within the bin. From the highest edge `e` with at
/// least 50 scores above, P(S > s) ≈ (N_e/n)·exp(−(s − e)/m), m being their mean excess over e (Pickands 1975 with shape 0).
/// After `2·memory` scores all counts are halved, so that old ones fade. State: 72 words. Cost: at most 64 additions a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    counts: [u32; BINS],
    /// Scores above the last bin, and the sum of their excess over its upper edge.
    beyond: u32,
    excess: f32,
    total: u32,
    memory: u32,
    alarm_rate: f32,
    tail: Tail,
    limit: f32,
    stale: u32,
}

/// The exponential tail above an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tail {
    edge: f32,
    /// Share of scores above the edge.
    share: f32,
    /// Mean excess of those over the edge.
    mean_excess: f32,
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
            beyond: 0,
            excess: 0.0,
            total: 0,
            memory,
            alarm_rate,
            tail: Tail { edge: LOW, share: 1.0, mean_excess: 1.0 },
            limit: f32::INFINITY,
            stale: REFRESH,
        })
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
            let p = self.tail.share * exp(-(score - self.tail.edge) / self.tail.mean_excess);
            return p.max(f32::MIN_POSITIVE);
        }
        let place = ((score - LOW) / WIDTH).max(0.0);
        let bin = (place as usize).min(BINS - 1);
        let inside = (place - bin as f32).clamp(0.0, 1.0);
        // Scores gather around 0 dB, a quarter of the way up: mostly the bins below are the fewer.
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
        let place = (score - LOW) / WIDTH;
        if place >= BINS as f32 {
            self.beyond += 1;
            // A finite score can still be absurd; one of them must not own the mean.
            self.excess += (score - (LOW + WIDTH * BINS as f32)).min(1e3);
        } else {
            self.counts[place.max(0.0) as usize] += 1;
        }
        self.total += 1;
        if self.total >= 2 * self.memory {
            self.halve();
        }
        self.stale += 1;
        if self.stale >= REFRESH {
            self.stale = 0;
            self.refresh();
        }
    }

    #[cold]
    fn halve(&mut self) {
        if self.beyond > 0 {
            self.excess *= (self.beyond / 2) as f32 / self.beyond as f32;
        }
        self.beyond /= 2;
        self.total = self.beyond;
        for count in &mut self.counts {
            *count /= 2;
            self.total += *count;
        }
    }

    /// Fits the tail and finds the limit.
    fn refresh(&mut self) {
        if self.total < TAIL_COUNT {
            return;
        }
        let total = self.total as f32;
        // Walk down from the top until enough scores lie above the edge; their summed excess grows by a bin width each.
        let (mut above, mut excess, mut bin) = (self.beyond, self.excess, BINS);
        if above == 0 {
            bin = self.counts.iter().rposition(|&count| count > 0).map_or(0, |top| top + 1);
        }
        while above < TAIL_COUNT && bin > 0 {
            bin -= 1;
            excess += WIDTH * above as f32 + 0.5 * WIDTH * self.counts[bin] as f32;
            above += self.counts[bin];
        }
        let share = above as f32 / total;
        let edge = LOW + WIDTH * bin as f32;
        // Scores in one bin only would give a slope of half a bin: do not believe in less than that.
        let mean_excess = (excess / above.max(1) as f32).max(0.5 * WIDTH);
        self.tail = Tail { edge, share, mean_excess };
        self.limit = if self.alarm_rate <= share {
            edge + mean_excess * ln(share / self.alarm_rate)
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

#[cfg(test)]
mod tests {
    extern crate std;
    use super::Calibration;
    use std::vec::Vec;

    /// Uniform (0, 1) numbers from a 64-bit mixer (splitmix64).
    fn uniforms(n: usize, mut state: u64) -> Vec<f64> {
        (0..n)
            .map(|_| {
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = state;
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + 1e-17
            })
            .collect()
    }

    /// Standard normal pairs by Box–Muller.
    fn normals(n: usize, seed: u64) -> Vec<f32> {
        let u = uniforms(2 * n, seed);
        (0..n)
            .map(|i| ((-2.0 * u[2 * i].ln()).sqrt() * (std::f64::consts::TAU * u[2 * i + 1]).cos()) as f32)
            .collect()
    }

    #[test]
    fn p_values_of_the_same_law_are_uniform() {
        let mut c = Calibration::new(100_000, 1e-3).unwrap();
        normals(50_000, 1).iter().for_each(|&s| c.update(4.0 * s));
        for level in [0.5, 0.1, 0.01] {
            let fresh = normals(50_000, 2);
            let hits = fresh.iter().filter(|&&s| c.p_value(4.0 * s) < level).count() as f64 / 5e4;
            assert!((hits / f64::from(level) - 1.0).abs() < 0.15, "{level}: {hits}");
        }
    }

    #[test]
    fn the_limit_is_exceeded_at_the_wanted_rate() {
        // Exponential scores of mean 4: the tail model is exact, the limit at rate q is −4·ln q.
        for rate in [0.2f32, 1e-2, 1e-3, 1e-5] {
            let mut c = Calibration::new(1_000_000, rate).unwrap();
            uniforms(200_000, 3).iter().for_each(|&u| c.update(-4.0 * u.ln() as f32));
            let exact = -4.0 * rate.ln();
            assert!((c.limit() - exact).abs() < 0.15 * exact + 0.2, "{rate}: {}", c.limit());
            let p = c.p_value(c.limit());
            assert!((p / rate - 1.0).abs() < 0.05, "{rate}: {p}");
        }
    }

    #[test]
    fn p_never_rises_with_the_score_and_stays_in_its_range() {
        let mut c = Calibration::new(1000, 1e-4).unwrap();
        for (i, s) in normals(5000, 4).into_iter().enumerate() {
            c.update(if i % 97 == 0 { s + 60.0 } else { 4.0 * s });
            if c.total() < 50 {
                continue;
            }
            let mut last = 1.0;
            for k in -1600..9000 {
                let p = c.p_value(k as f32 * 0.02);
                assert!(p > 0.0 && p <= last, "p({}) = {p} after {last}", k as f32 * 0.02);
                last = p;
            }
            if i > 200 {
                break;
            }
        }
        assert!(c.p_value(f32::INFINITY) > 0.0 && c.p_value(f32::NAN).is_nan());
    }

    #[test]
    fn old_scores_fade_and_counters_stay_bounded() {
        let mut c = Calibration::new(200, 1e-2).unwrap();
        (0..100_000).for_each(|_| c.update(8.0));
        assert!(c.total() <= 400);
        (0..5_000).for_each(|_| c.update(0.0));
        assert!(c.limit() < 4.0, "{}", c.limit());
        c.update(f32::INFINITY);
        c.update(f32::NEG_INFINITY);
        c.update(f32::NAN);
        (0..100).for_each(|_| c.update(1e30));
        assert!(c.limit().is_finite());
    }
}
