//! Mean and size of every channel in its own unit, before a shift and after it.
//!
//! The detector knows the onset only at the alarm. So the last blocks are kept in buckets of their own: those after the onset then tell of the
//! new state, and are never mixed into the old one.

/// Buckets of recent blocks.
pub(super) const BUCKETS: usize = 8;

/// Blocks in a bucket.
pub(super) const BUCKET_BLOCKS: u64 = 16;

/// Weight that old values come to at most, in frames: `f32` still resolves what one more adds.
const FULL: f32 = (1 << 20) as f32;

/// Number, mean and variance of some values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Level {
    pub(super) values: f32,
    pub(super) mean: f32,
    pub(super) variance: f32,
}

impl Level {
    /// One more value (Welford's recursion).
    pub(super) fn add(&mut self, x: f32) {
        let n = (self.values + 1.0).min(FULL);
        let delta = x - self.mean;
        self.mean += delta / n;
        self.variance += (delta * (x - self.mean) - self.variance) / n;
        self.variance = self.variance.clamp(0.0, f32::MAX);
        self.values = n;
    }

    /// The values of both together (Chan, Golub & LeVeque 1979).
    pub(super) fn merge(&mut self, other: &Self) {
        let n = self.values + other.values;
        if n == 0.0 {
            return;
        }
        let (share, delta) = (other.values / n, other.mean - self.mean);
        self.mean += share * delta;
        self.variance += share * (other.variance - self.variance + (1.0 - share) * delta * delta);
        self.variance = self.variance.clamp(0.0, f32::MAX);
        self.values = n.min(FULL);
    }
}

/// One channel's level in the present state. State: 30 words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Levels {
    /// All but the recent blocks.
    settled: Level,
    /// Recent blocks, as a ring: the newest bucket has the index that is passed in.
    recent: [Level; BUCKETS],
    /// After an alarm.
    after: Level,
}

impl Levels {
    pub(super) const EMPTY: Self = {
        let empty = Level { values: 0.0, mean: 0.0, variance: 0.0 };
        Self { settled: empty, recent: [empty; BUCKETS], after: empty }
    };

    /// One more value of the present state, or of the one after the alarm.
    pub(super) fn add(&mut self, x: f32, newest: usize, after: bool) {
        if after { self.after.add(x) } else { self.recent[newest].add(x) }
    }

    /// Makes room for a new bucket at `next`, the oldest one's place.
    pub(super) fn advance(&mut self, next: usize) {
        self.settled.merge(&self.recent[next]);
        self.recent[next] = Level::default();
    }

    /// All of the present state.
    pub(super) fn present(&self) -> Level {
        let mut all = self.settled;
        self.recent.iter().for_each(|bucket| all.merge(bucket));
        all
    }

    /// Divides what was seen at the onset: of the last buckets, with the newest at `newest`, `after` lie wholly after it; the one in which it lies
    /// tells of neither state.
    pub(super) fn split(&mut self, newest: usize, after: usize) {
        for age in 0..BUCKETS {
            let bucket = core::mem::take(&mut self.recent[(newest + BUCKETS - age) % BUCKETS]);
            if age < after {
                self.after.merge(&bucket);
            } else if age > after {
                self.settled.merge(&bucket);
            }
        }
    }

    /// Before and after.
    pub(super) fn both(&self) -> [Level; 2] {
        [self.settled, self.after]
    }

    /// The new state is the present one.
    pub(super) fn settle(&mut self) {
        *self = Self { settled: self.after, ..Self::EMPTY };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn merged_levels_are_those_of_all_values() {
        let mut random = Random::new(3);
        let values: std::vec::Vec<f32> = (0..999).map(|t| random.normal() as f32 + 0.01 * t as f32).collect();
        let (mut all, mut merged) = (Level::default(), Level::default());
        values.iter().for_each(|&x| all.add(x));
        for part in values.chunks(100) {
            let mut level = Level::default();
            part.iter().for_each(|&x| level.add(x));
            merged.merge(&level);
        }
        merged.merge(&Level::default());
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / 999.0;
        let variance = values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / 999.0;
        for level in [all, merged] {
            assert_eq!(level.values, 999.0);
            assert!((f64::from(level.mean) / mean - 1.0).abs() < 1e-4, "{level:?} {mean}");
            assert!((f64::from(level.variance) / variance - 1.0).abs() < 1e-4, "{level:?} {variance}");
        }
    }

    #[test]
    fn the_onset_divides_the_buckets() {
        // Bucket k holds the value k; the newest is 20, at place 20 mod 8. Three lie after the onset, it is in the fourth.
        let mut levels = Levels::EMPTY;
        for k in 0..=20 {
            let place = k % BUCKETS;
            levels.advance(place);
            (0..4).for_each(|_| levels.add(k as f32, place, false));
        }
        levels.split(20 % BUCKETS, 3);
        let [before, after] = levels.both();
        assert_eq!((before.values, before.mean), (4.0 * 17.0, 8.0));
        assert_eq!((after.values, after.mean), (12.0, 19.0));
        levels.settle();
        assert_eq!(levels.present(), after);
    }
}
