//! Run lengths of ours: to a false alarm, and to a change.

use eigenstream_core::shift::{DynShiftDetector, Kind, Phase, ShiftConfig, ShiftReport};

use super::streams::{Change, Drawn, Null, Stream};
use crate::parallel;

/// Frames to the first false alarm, from runs that are cut.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunLength {
    /// Frames watched in all runs.
    pub frames: f64,
    /// Runs that ended with an alarm.
    pub alarms: f64,
    /// Runs.
    pub runs: f64,
    /// Runs that ended within 500 frames.
    pub early: f64,
}

impl RunLength {
    /// Frames per alarm. If there was none: the frames, a lower bound.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.frames / self.alarms.max(1.0)
    }

    /// Its standard error: run lengths are close to geometric.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.mean() / self.alarms.max(1.0).sqrt()
    }
}

/// A detector of ours for the channels of `null`, or why there is none.
fn detector(null: Null, config: &ShiftConfig) -> DynShiftDetector {
    DynShiftDetector::new(null.d, config).expect("a valid configuration")
}

/// Watches `runs` streams without a change for at most `cut` frames each after the warm-up.
#[must_use]
pub fn run_length(null: Null, config: &ShiftConfig, runs: u64, cut: u32, seed: u64) -> RunLength {
    let seeds: Vec<u64> = (0..runs).map(|run| seed + run).collect();
    let lengths = parallel::map(&seeds, |&seed| {
        let mut stream = Stream::new(null, seed);
        let mut detector = detector(null, &ShiftConfig { seed, ..*config });
        let mut watched = 0;
        while watched < cut {
            let verdict = detector.process(stream.frame());
            watched += u32::from(verdict.phase == Phase::Watching);
            if verdict.alarm {
                return (watched, true);
            }
        }
        (watched, false)
    });
    lengths.into_iter().fold(RunLength::default(), |sum, (frames, alarm)| RunLength {
        frames: sum.frames + f64::from(frames),
        alarms: sum.alarms + f64::from(u8::from(alarm)),
        runs: sum.runs + 1.0,
        early: sum.early + f64::from(u8::from(alarm && frames <= 500)),
    })
}

/// Frames from a change to the alarm, in `runs` streams that were watched from their first frame to the `before`th without one; how
/// many more gave a false alarm there and are left out.
#[must_use]
pub fn delays(
    null: Null,
    change: Change,
    config: &ShiftConfig,
    runs: u64,
    before: u32,
    seed: u64,
) -> (Vec<f64>, usize) {
    let seeds: Vec<u64> = (0..runs).map(|run| seed + run).collect();
    let delays = parallel::map(&seeds, |&seed| {
        let mut stream = Stream::new(null, seed);
        let mut detector = detector(null, &ShiftConfig { seed, ..*config });
        if (0..before).any(|_| detector.process(stream.frame()).alarm) {
            return None;
        }
        let drawn = change.draw(null.d, stream.random());
        stream.change = Some(drawn);
        let delay = (1..=20_000_u32).find(|_| detector.process(stream.frame()).alarm);
        Some(f64::from(delay.unwrap_or(20_000)))
    });
    let all = delays.len();
    let delays: Vec<f64> = delays.into_iter().flatten().collect();
    let left_out = all - delays.len();
    (delays, left_out)
}

/// What the report said about one change: at the alarm, and when it was final.
#[derive(Clone, Debug)]
pub struct Attribution {
    /// The change as it was.
    pub truth: Drawn,
    /// Frame at which it began.
    pub onset: u64,
    /// The report at the alarm.
    pub alarm: ShiftReport,
    /// The final report.
    pub last: ShiftReport,
}

impl Attribution {
    /// Share of the first k channels of a report's ranking that did change, k being how many did.
    #[must_use]
    pub fn precision(&self, report: &ShiftReport) -> f64 {
        let k = self.truth.channels.len();
        let named = report.ranking[..k.min(usize::from(report.ranked))].iter();
        named.filter(|&&j| self.truth.channels.contains(&usize::from(j))).count() as f64 / k as f64
    }

    /// Whether the interval of a report holds the onset.
    #[must_use]
    pub fn covers(&self, report: &ShiftReport) -> bool {
        (report.onset_earliest..=report.onset_latest).contains(&self.onset)
    }

    /// Whether the final kind is one of these.
    #[must_use]
    pub fn is(&self, kinds: &[Kind]) -> bool {
        kinds.contains(&self.last.kind)
    }
}

/// Reports on a change in `runs` streams, as in [`delays`].
#[must_use]
pub fn attributions(
    null: Null,
    change: Change,
    config: &ShiftConfig,
    runs: u64,
    before: u32,
    seed: u64,
) -> Vec<Attribution> {
    let seeds: Vec<u64> = (0..runs).map(|run| seed + run).collect();
    let all = parallel::map(&seeds, |&seed| {
        let mut stream = Stream::new(null, seed);
        let mut detector = detector(null, &ShiftConfig { seed, ..*config });
        if (0..before).any(|_| detector.process(stream.frame()).alarm) {
            return None;
        }
        let truth = change.draw(null.d, stream.random());
        stream.change = Some(truth.clone());
        (0..20_000).find(|_| detector.process(stream.frame()).alarm)?;
        let alarm = *detector.report()?;
        (0..20_000).find(|_| detector.process(stream.frame()).refined)?;
        Some(Attribution { truth, onset: u64::from(before), alarm, last: *detector.report()? })
    });
    all.into_iter().flatten().collect()
}
