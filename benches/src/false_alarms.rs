//! How often a monitor alarms where nothing is wrong, and how well that is known.

use eigenstream_core::monitor::{Config, DynMonitor, Verdict};

use crate::stats::{RESAMPLES, SplitMix64};

/// Frames of a block that is drawn as a whole, so that alarms of one happening stay together.
pub const BLOCK: usize = 1_000;

/// Alarms at most so many frames apart are one event.
pub const PAUSE: u64 = 100;

/// What was counted in one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Judged frames after the warm-up that count as normal.
    pub frames: u64,
    /// Those in alarm.
    pub alarms: u64,
    /// Alarms more than [`PAUSE`] frames after the one before.
    pub events: u64,
    /// Frames with a p-value below 0.01.
    pub below_hundredth: u64,
    /// Frames with a p-value below 0.001.
    pub below_thousandth: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.frames += other.frames;
        self.alarms += other.alarms;
        self.events += other.events;
        self.below_hundredth += other.below_hundredth;
        self.below_thousandth += other.below_thousandth;
    }
}

impl std::iter::Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |mut sum, count| {
            sum += count;
            sum
        })
    }
}

/// Runs the default monitor with a wanted alarm `rate`, `adaptive` or not, over a stream and counts, in blocks, on frames that are `normal`.
///
/// # Panics
/// If the default configuration is refused, which is a defect.
#[must_use]
pub fn count(
    values: &[f32],
    channels: usize,
    normal: impl Fn(usize) -> bool,
    rate: f64,
    adaptive: bool,
) -> Vec<Count> {
    let mut config = Config::default();
    config.alarm.adaptive = adaptive;
    config.alarm.frames_per_false_alarm = (1.0 / rate) as f32;
    let mut monitor = DynMonitor::new(channels, &config).expect("the default configuration is valid");
    let frames = values.len() / channels;
    let mut blocks = vec![Count::default(); frames.div_ceil(BLOCK)];
    let mut last = None;
    let mut take = |verdict: Verdict| {
        let t = verdict.frame as usize;
        if verdict.warming_up || verdict.score.is_nan() || !normal(t) {
            return;
        }
        let block = &mut blocks[t / BLOCK];
        block.frames += 1;
        block.below_hundredth += u64::from(verdict.p_value < 1e-2);
        block.below_thousandth += u64::from(verdict.p_value < 1e-3);
        if verdict.alarm {
            block.alarms += 1;
            block.events += u64::from(last.is_none_or(|last| verdict.frame - last > PAUSE));
            last = Some(verdict.frame);
        }
    };
    for frame in values.chunks_exact(channels) {
        if let Some(verdict) = monitor.process(frame) {
            take(verdict);
        }
    }
    monitor.finish(&mut take);
    blocks
}

/// Realised/wanted alarm rate, with its standard error and 95 % interval by the bootstrap over units (blocks, or whole records).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The ratio; NaN without frames.
    pub value: f64,
    /// Standard deviation of the resampled ratios.
    pub error: f64,
    /// 2.5 % quantile of them.
    pub low: f64,
    /// 97.5 % quantile of them.
    pub high: f64,
}

/// The ratio of `alarms`, chosen from each unit's counts, to frames × `rate`, over all units together.
#[must_use]
pub fn ratio(units: &[Count], alarms: impl Fn(&Count) -> u64, rate: f64, seed: u64) -> Ratio {
    let of = |alarms: u64, frames: u64| alarms as f64 / (frames as f64 * rate);
    let total: Count = units.iter().copied().sum();
    let value = of(units.iter().map(&alarms).sum(), total.frames);
    let units: Vec<(u64, u64)> =
        units.iter().filter(|unit| unit.frames > 0).map(|unit| (alarms(unit), unit.frames)).collect();
    let mut random = SplitMix64::new(seed);
    let mut resample = || {
        let (mut alarms, mut frames) = (0, 0);
        for _ in 0..units.len() {
            let (a, f) = units[random.below(units.len())];
            (alarms, frames) = (alarms + a, frames + f);
        }
        of(alarms, frames)
    };
    let mut ratios: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let mean = ratios.iter().sum::<f64>() / RESAMPLES as f64;
    let variance = ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (RESAMPLES - 1) as f64;
    let place = |q: f64| ratios[(q * (RESAMPLES - 1) as f64).round() as usize];
    Ratio { value, error: variance.sqrt(), low: place(0.025), high: place(0.975) }
}

/// The exact 95 % interval of a Poisson mean after `count` events (Garwood 1936).
#[must_use]
pub fn poisson_interval(count: u64) -> (f64, f64) {
    // P(N ≤ k) for mean m.
    let below = |k: u64, m: f64| {
        let mut term = (-m).exp();
        let mut sum = term;
        for i in 1..=k {
            term *= m / i as f64;
            sum += term;
        }
        sum
    };
    // The mean at which a decreasing function of it is p.
    let solve = |p: f64, tail: &dyn Fn(f64) -> f64| {
        let (mut low, mut high) = (0.0, 3.0 * count as f64 + 20.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if tail(middle) > p { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    let low = if count == 0 { 0.0 } else { solve(0.975, &|m| below(count - 1, m)) };
    (low, solve(0.025, &|m| below(count, m)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_intervals_are_the_published_ones() {
        // Garwood's table, as in any text on rates.
        for (count, low, high) in
            [(0, 0.0, 3.689), (1, 0.0253, 5.572), (2, 0.2422, 7.225), (10, 4.795, 18.39)]
        {
            let (l, h) = poisson_interval(count);
            assert!((l - low).abs() < 1e-3 && (h - high).abs() < 6e-3, "{count}: {l} {h}");
        }
    }

    #[test]
    fn clustered_alarms_have_a_larger_error() {
        let unit = |alarms| Count { frames: 1000, alarms, ..Count::default() };
        let spread: Vec<Count> = (0..1000).map(|k| unit(u64::from(k % 2 == 0) * 2)).collect();
        let clustered: Vec<Count> = (0..1000).map(|k| unit(u64::from(k % 50 == 0) * 50)).collect();
        let (a, b) = (ratio(&spread, |c| c.alarms, 1e-3, 1), ratio(&clustered, |c| c.alarms, 1e-3, 1));
        assert!((a.value - 1.0).abs() < 1e-12 && (b.value - 1.0).abs() < 1e-12);
        // √(2² · ¼/1000) and √(50² · 0.02·0.98/1000).
        assert!((a.error - 0.0316).abs() < 0.004 && (b.error - 0.221).abs() < 0.03, "{a:?} {b:?}");
        assert!(b.low < 0.7 && b.high > 1.3);
        assert!(ratio(&[], |c| c.alarms, 1e-3, 1).value.is_nan());
    }

    #[test]
    fn a_quiet_stream_alarms_about_as_often_as_wanted() {
        let values = crate::synthetic::stream(crate::synthetic::Law::Gaussian, 300_000, 5);
        let blocks = count(&values, crate::synthetic::CHANNELS, |_| true, 1e-2, false);
        let total: Count = blocks.iter().copied().sum();
        assert!(blocks.len() == 300 && (298_000..300_000).contains(&total.frames), "{total:?}");
        // 3,000 are expected, in runs of a hundred or more: a scatter of 20 %.
        assert!((1_500..6_000).contains(&total.alarms) && total.events <= total.alarms, "{total:?}");
        let none = count(&values, crate::synthetic::CHANNELS, |_| false, 1e-2, false);
        assert_eq!(none.into_iter().sum::<Count>(), Count::default());
    }
}
