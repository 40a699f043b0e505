//! The time of each row, from its cells or from its number.

use csv::ByteRecord;

use super::columns::TimeCells;
use super::time::{self, Stamp, Tick};

const DAY: f64 = 86_400.0;

/// Why a row has the time of the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Problem {
    /// The cell holds no time.
    Unreadable,
    /// The clock was set back by so many seconds.
    Backwards(f64),
}

/// Turns rows into seconds since the first row with a readable time. Never decreases.
#[derive(Debug)]
pub(super) struct Clock {
    cells: TimeCells,
    comma: bool,
    rate_hz: Option<f64>,
    origin: Option<Tick>,
    rows: u64,
    last: f64,
    /// Seconds added because a time of day passed midnight.
    days: f64,
}

impl Clock {
    pub(super) fn new(cells: TimeCells, comma: bool, rate_hz: Option<f64>) -> Self {
        Self { cells, comma, rate_hz, origin: None, rows: 0, last: 0.0, days: 0.0 }
    }

    /// The time of the next row, and why it is not its own.
    pub(super) fn next(&mut self, row: &ByteRecord) -> (f64, Option<Problem>) {
        if self.cells == TimeCells::None {
            let time = self.rows as f64 / self.rate_hz.unwrap_or(1.0);
            self.rows += 1;
            return (time, None);
        }
        let Some((tick, scale)) = read(self.cells, row, self.comma) else {
            return (self.last, Some(Problem::Unreadable));
        };
        let origin = *self.origin.get_or_insert(tick);
        let mut seconds = tick.since(origin) * scale + self.days;
        if self.is_time_of_day(row) && seconds < self.last - DAY / 2.0 {
            self.days += DAY;
            seconds += DAY;
        }
        if seconds < self.last {
            return (self.last, Some(Problem::Backwards(self.last - seconds)));
        }
        self.last = seconds;
        (seconds, None)
    }

    fn is_time_of_day(&self, row: &ByteRecord) -> bool {
        let TimeCells::Stamp { column } = self.cells else { return false };
        matches!(row.get(column).and_then(time::stamp), Some(Stamp::TimeOfDay(_)))
    }
}

/// The time in a row, in units of the second value (seconds each).
fn read(cells: TimeCells, row: &ByteRecord, comma: bool) -> Option<(Tick, f64)> {
    match cells {
        TimeCells::None => None,
        TimeCells::Number { column, scale } => Some((time::number(row.get(column)?, comma)?, scale)),
        TimeCells::Stamp { column } => match time::stamp(row.get(column)?)? {
            Stamp::DateTime { tick, .. } | Stamp::Date(tick) | Stamp::TimeOfDay(tick) => Some((tick, 1.0)),
        },
        TimeCells::Pair { date, time } => {
            let Stamp::Date(day) = time::stamp(row.get(date)?)? else { return None };
            let Stamp::TimeOfDay(tick) = time::stamp(row.get(time)?)? else { return None };
            Some((Tick { whole: day.whole + tick.whole, frac: tick.frac }, 1.0))
        }
    }
}

/// Wall-clock time of the first of `rows` that has one, as RFC 3339.
pub(super) fn start(cells: TimeCells, rows: &[ByteRecord], comma: bool) -> Option<String> {
    let (row, (tick, scale)) = rows.iter().find_map(|row| Some((row, read(cells, row, comma)?)))?;
    match cells {
        TimeCells::None => None,
        TimeCells::Number { .. } => time::rfc3339(time::epoch(tick, scale)?, true),
        TimeCells::Pair { .. } => time::rfc3339(tick, false),
        TimeCells::Stamp { column } => match time::stamp(row.get(column)?)? {
            Stamp::DateTime { zoned, .. } => time::rfc3339(tick, zoned),
            Stamp::Date(_) => time::rfc3339(tick, false),
            Stamp::TimeOfDay(_) => None,
        },
    }
}

/// True if time falls from row to row more often than not: the table is upside down, not damaged.
pub(super) fn falls(cells: TimeCells, rows: &[ByteRecord], comma: bool) -> bool {
    let ticks: Vec<Tick> = rows.iter().filter_map(|row| Some(read(cells, row, comma)?.0)).collect();
    let down = ticks.windows(2).filter(|pair| pair[1].since(pair[0]) < 0.0).count();
    2 * down > ticks.len().saturating_sub(1)
}

/// Frames per second of `rows`: the mean of the steps near their median, so that neither a gap nor the rounding
/// of the stamps (0.003 s for 360 Hz) misleads. `None` if time stands still or there are less than two rows.
pub(super) fn rate(cells: TimeCells, rows: &[ByteRecord], comma: bool) -> Option<f64> {
    if cells == TimeCells::None {
        return None;
    }
    let mut clock = Clock::new(cells, comma, None);
    let times: Vec<f64> = rows
        .iter()
        .filter_map(|row| match clock.next(row) {
            (time, None) => Some(time),
            _ => None,
        })
        .collect();
    let mut steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_by(f64::total_cmp);
    let median = *steps.get(steps.len() / 2)?;
    // Several frames share a stamp when stamps are coarser than frames: then only the whole span tells.
    let usual = |step: &&f64| median == 0.0 || (**step >= 0.5 * median && **step <= 1.5 * median);
    let (sum, count) = steps.iter().filter(usual).fold((0.0, 0.0), |(sum, n), step| (sum + step, n + 1.0));
    let rate = count / sum;
    // 0.01 s is no binary fraction; give the rate people mean.
    let round = (rate * 1000.0).round() / 1000.0;
    let rate = if (rate - round).abs() <= 1e-6 * rate { round } else { rate };
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: TimeCells = TimeCells::Number { column: 0, scale: 1.0 };
    const STAMP: TimeCells = TimeCells::Stamp { column: 0 };

    fn rows(cells: &[&str]) -> Vec<ByteRecord> {
        cells.iter().map(|&cell| ByteRecord::from(vec![cell])).collect()
    }

    fn times(cells: TimeCells, texts: &[&str]) -> Vec<f64> {
        let mut clock = Clock::new(cells, false, None);
        rows(texts).iter().map(|row| clock.next(row).0).collect()
    }

    #[test]
    fn seconds_since_the_first() {
        assert_eq!(times(SECONDS, &["5", "5.5", "7"]), [0.0, 0.5, 2.0]);
        assert_eq!(times(STAMP, &["2020-03-09 23:59:59", "2020-03-10 00:00:01.5"]), [0.0, 2.5]);
    }

    #[test]
    fn a_time_of_day_passes_midnight() {
        assert_eq!(times(STAMP, &["23:59:59", "00:00:00", "00:00:01"]), [0.0, 1.0, 2.0]);
    }

    #[test]
    fn time_never_decreases() {
        assert_eq!(times(SECONDS, &["1", "2", "1.5", "x", "3"]), [0.0, 1.0, 1.0, 1.0, 2.0]);
        let mut clock = Clock::new(SECONDS, false, None);
        let problems: Vec<_> = rows(&["1", "0", "x"]).iter().map(|row| clock.next(row).1).collect();
        assert_eq!(problems, [None, Some(Problem::Backwards(1.0)), Some(Problem::Unreadable)]);
    }

    #[test]
    fn rates() {
        let of = |texts: &[&str]| rate(SECONDS, &rows(texts), false);
        assert_eq!(of(&["0", "0.01", "0.02", "0.03"]), Some(100.0));
        // A gap, and a repeated stamp.
        assert_eq!(of(&["0", "1", "2", "100", "101", "102"]), Some(1.0));
        assert_eq!(of(&["0", "0", "0", "0", "1", "1", "1", "1", "2"]), Some(4.0));
        assert_eq!(of(&["1"]), None);
        assert_eq!(of(&["1", "1"]), None);
        let rounded: Vec<String> = (0..64).map(|k| format!("{:.3}", f64::from(k) / 360.0)).collect();
        let rounded: Vec<&str> = rounded.iter().map(String::as_str).collect();
        assert!((of(&rounded).unwrap() - 360.0).abs() < 4.0);
    }
}
