//! Time columns: stamps as people write them, numbers in a unit, and the names that announce them.

use jiff::{Timestamp, civil, tz::Offset};

/// A point in time or a count of ticks, exact enough that differences keep nanoseconds after 1970 plus decades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) whole: i64,
    /// Same sign as the number it belongs to, below 1 in magnitude.
    pub(super) frac: f64,
}

impl Tick {
    /// `self - origin`, in the unit of both.
    pub(super) fn since(self, origin: Tick) -> f64 {
        self.whole.saturating_sub(origin.whole) as f64 + (self.frac - origin.frac)
    }
}

/// What a text that means time says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stamp {
    /// Seconds since 1970; `zoned` if an offset was given, else wall-clock time of an unknown zone.
    DateTime { tick: Tick, zoned: bool },
    /// Midnight of a date, in seconds since 1970.
    Date(Tick),
    /// Seconds since midnight.
    TimeOfDay(Tick),
}

/// Reads a date, a time of day or both: `2020-03-09`, `2020/3/9 16:16`, `09.03.2020 16:16:30,5`,
/// `2020-03-09T16:16:30.123+01:00`, `16:16:30`. Without allocation.
pub(super) fn stamp(cell: &[u8]) -> Option<Stamp> {
    let mut scan = Scan(super::cell::bare(cell));
    let mut look_ahead = Scan(scan.0);
    look_ahead.number()?;
    if look_ahead.peek() == Some(b':') {
        let tick = scan.time_of_day()?;
        return scan.0.is_empty().then_some(Stamp::TimeOfDay(tick));
    }
    let midnight = scan.date()?;
    if scan.0.is_empty() {
        return Some(Stamp::Date(Tick { whole: midnight, frac: 0.0 }));
    }
    scan.one_of(b"Tt ")?;
    let time = scan.time_of_day()?;
    let offset = scan.offset()?;
    let whole = midnight + time.whole - offset.unwrap_or(0);
    scan.0
        .is_empty()
        .then_some(Stamp::DateTime { tick: Tick { whole, frac: time.frac }, zoned: offset.is_some() })
}

/// Reads a number in whole and fractional parts, so that epochs in nanoseconds stay exact.
pub(super) fn number(cell: &[u8], comma: bool) -> Option<Tick> {
    let cell = super::cell::bare(cell);
    let text = std::str::from_utf8(cell).ok()?;
    let point = text.find(|c| c == '.' || (comma && c == ','));
    let (whole, decimals) = point.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
    if decimals.bytes().all(|b| b.is_ascii_digit())
        && let Ok(whole_number) = whole.parse::<i64>()
    {
        let frac = fraction(decimals.as_bytes());
        let frac = if whole.starts_with('-') { -frac } else { frac };
        return Some(Tick { whole: whole_number, frac });
    }
    // Exponents, and numbers without digits before the point.
    let value: f64 = text.parse().ok()?;
    // Beyond 2^62 a whole number would not fit; no clock counts that far.
    (value.abs() < 4.6e18).then(|| Tick { whole: value.trunc() as i64, frac: value.fract() })
}

/// `0.<digits>`
fn fraction(digits: &[u8]) -> f64 {
    // Eighteen digits are all an f64 can tell, and fit an i64.
    let digits = &digits[..digits.len().min(18)];
    let value = digits.iter().fold(0_i64, |sum, b| sum * 10 + i64::from(b - b'0'));
    value as f64 / 10_f64.powi(digits.len() as i32)
}

/// Seconds since 1970 as RFC 3339, with `Z` if the zone is known. `None` outside of years −9999 to 9999.
pub(super) fn rfc3339(tick: Tick, zoned: bool) -> Option<String> {
    let nanoseconds = (tick.frac * 1e9).round() as i32;
    let stamp = Timestamp::new(tick.whole, nanoseconds.clamp(-999_999_999, 999_999_999)).ok()?;
    Some(if zoned { stamp.to_string() } else { Offset::UTC.to_datetime(stamp).to_string() })
}

struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let b = self.peek().filter(|b| allowed.contains(b))?;
        self.0 = &self.0[1..];
        Some(b)
    }

    fn digits(&mut self) -> &[u8] {
        let n = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(n);
        self.0 = rest;
        digits
    }

    /// One to four digits, and how many there were.
    fn number(&mut self) -> Option<(i16, usize)> {
        let digits = self.digits();
        let value = || digits.iter().fold(0, |sum, b| sum * 10 + i16::from(b - b'0'));
        (1..=4).contains(&digits.len()).then(|| (value(), digits.len()))
    }

    fn two_digits(&mut self) -> Option<i8> {
        let (value, length) = self.number()?;
        (length <= 2).then_some(value as i8)
    }

    /// Midnight in seconds since 1970. Year first with any separator, or day first with points.
    fn date(&mut self) -> Option<i64> {
        let (first, length) = self.number()?;
        let separator = self.one_of(b"-/.")?;
        let month = self.two_digits()?;
        self.one_of(&[separator])?;
        let (third, third_length) = self.number()?;
        let (year, day) = match (length, separator, third_length) {
            (4, _, 1 | 2) => (first, third as i8),
            (1 | 2, b'.', 4) => (third, first as i8),
            _ => return None,
        };
        let date = civil::Date::new(year, month, day).ok()?;
        Some(Offset::UTC.to_timestamp(date.to_datetime(civil::Time::midnight())).ok()?.as_second())
    }

    /// Seconds since midnight; a leap second counts as the second before it.
    fn time_of_day(&mut self) -> Option<Tick> {
        let hour = self.two_digits()?;
        self.one_of(b":")?;
        let minute = self.two_digits()?;
        let (mut second, mut frac) = (0, 0.0);
        if self.one_of(b":").is_some() {
            second = self.two_digits()?;
            if self.one_of(b".,").is_some() {
                frac = fraction(self.digits());
            }
        }
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let whole = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.min(59));
        Some(Tick { whole, frac })
    }

    /// Seconds east of UTC, `Some(None)` if the text ends without an offset.
    fn offset(&mut self) -> Option<Option<i64>> {
        self.one_of(b" ");
        if self.0.is_empty() {
            return Some(None);
        }
        if matches!(self.0, b"Z" | b"z" | b"UTC" | b"GMT") {
            self.0 = &[];
            return Some(Some(0));
        }
        let sign = if self.one_of(b"+-")? == b'-' { -1 } else { 1 };
        let (value, length) = self.number()?;
        let minutes = match length {
            4 => i64::from(value / 100) * 60 + i64::from(value % 100),
            _ if self.one_of(b":").is_some() => i64::from(value) * 60 + i64::from(self.two_digits()?),
            _ => i64::from(value) * 60,
        };
        Some(Some(sign * minutes * 60))
    }
}

/// What the name of a column says about time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeName {
    /// True if the name hardly means anything else.
    pub(super) strong: bool,
    /// Seconds per unit, if the name or its unit tells.
    pub(super) scale: Option<f64>,
}

/// Whether a column of this name and unit (as split from it) could hold time in numbers.
pub(super) fn name(name: &str, unit: &str) -> Option<TimeName> {
    let given = scale_of(unit);
    if !unit.is_empty() && given.is_none() {
        // `t [°C]` is a temperature, `time [rpm]` nonsense.
        return None;
    }
    // A lone `T` is a temperature; a lone `t` is time.
    if name == "t" {
        return Some(TimeName { strong: false, scale: given });
    }
    let lower = name.to_lowercase().replace([' ', '-', '.'], "_");
    if given.is_none()
        && let Some(scale) = scale_of(&lower)
    {
        return Some(TimeName { strong: lower.len() > 3, scale: Some(scale) });
    }
    let (stem, suffix) = match lower.rsplit_once('_') {
        Some((stem, last)) if scale_of(last).is_some() => (stem, scale_of(last)),
        _ => (lower.as_str(), None),
    };
    const STEMS: [&str; 17] = [
        "time",
        "timestamp",
        "time_stamp",
        "times",
        "datetime",
        "date_time",
        "epoch",
        "unix",
        "unixtime",
        "unix_time",
        "epoch_time",
        "elapsed",
        "elapsed_time",
        "ts",
        "zeit",
        "zeitstempel",
        "timestamps",
    ];
    if STEMS.contains(&stem) {
        return Some(TimeName { strong: true, scale: given.or(suffix) });
    }
    (stem == "t" && suffix.is_some()).then_some(TimeName { strong: false, scale: suffix })
}

fn scale_of(unit: &str) -> Option<f64> {
    Some(match unit.to_lowercase().as_str() {
        "ns" | "nsec" | "nanos" | "nanoseconds" => 1e-9,
        "us" | "µs" | "μs" | "usec" | "micros" | "microseconds" => 1e-6,
        "ms" | "msec" | "msecs" | "millis" | "milliseconds" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "min" | "minutes" => 60.0,
        "h" | "hours" => 3600.0,
        _ => return None,
    })
}

/// Seconds per unit of a clock whose name tells no unit: Unix epoch by magnitude (anything after 1973), else seconds.
pub(super) fn scale_by_magnitude(first: Tick) -> f64 {
    match first.whole {
        100_000_000_000..100_000_000_000_000 => 1e-3,
        100_000_000_000_000..100_000_000_000_000_000 => 1e-6,
        100_000_000_000_000_000.. => 1e-9,
        _ => 1.0,
    }
}

/// The wall-clock time of a count in units of `scale` seconds, if it is large enough to be a Unix epoch.
pub(super) fn epoch(tick: Tick, scale: f64) -> Option<Tick> {
    let per_second = (1.0 / scale).round() as i64;
    let seconds = if per_second > 0 { tick.whole.div_euclid(per_second) } else { 0 };
    if seconds < 100_000_000 {
        return None;
    }
    let rest = tick.whole.rem_euclid(per_second) as f64 + tick.frac;
    Some(Tick { whole: seconds, frac: rest * scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date_time(text: &str) -> Option<String> {
        match stamp(text.as_bytes())? {
            Stamp::DateTime { tick, zoned } => rfc3339(tick, zoned),
            other => Some(format!("{other:?}")),
        }
    }

    #[test]
    fn date_times() {
        for (text, expected) in [
            ("2020-03-09 16:16:30", "2020-03-09T16:16:30"),
            ("2020-03-09T16:16:30.125", "2020-03-09T16:16:30.125"),
            ("2020/3/9 6:16", "2020-03-09T06:16:00"),
            ("09.03.2020 16:16:30,5", "2020-03-09T16:16:30.5"),
            ("2020-03-09T16:16:30Z", "2020-03-09T16:16:30Z"),
            ("2020-03-09T16:16:30+01:00", "2020-03-09T15:16:30Z"),
            ("2020-03-09 16:16:30 -0330", "2020-03-09T19:46:30Z"),
            ("\"2016-12-31 23:59:60\"", "2016-12-31T23:59:59"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"),
        ] {
            assert_eq!(date_time(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn dates_and_times_of_day() {
        assert_eq!(stamp(b"1970-01-02"), Some(Stamp::Date(Tick { whole: 86_400, frac: 0.0 })));
        assert_eq!(stamp(b"01:00:01.5"), Some(Stamp::TimeOfDay(Tick { whole: 3601, frac: 0.5 })));
        assert_eq!(stamp(b"1:02"), Some(Stamp::TimeOfDay(Tick { whole: 3720, frac: 0.0 })));
    }

    #[test]
    fn not_times() {
        for text in [
            "",
            "1",
            "1.5",
            "1.2.3",
            "03/04/2020",
            "2020-13-01",
            "2020-02-30",
            "25:00",
            "12:60",
            "2020-03-09 16",
            "2020-03-09x",
            "2020-03-09 16:16:30 Mars",
            "20200309",
            "-1",
            "1:2:3:4",
            "99999-01-01",
            "2020-03-09T",
        ] {
            assert_eq!(stamp(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn counts_are_exact() {
        let at = |text: &str| number(text.as_bytes(), false).unwrap();
        assert_eq!(at("1583770590123456789").since(at("1583770590123456788")), 1.0);
        assert_eq!(at("1583770590.125").since(at("1583770590")), 0.125);
        assert_eq!(at("-0.5").since(at("-1.5")), 1.0);
        assert_eq!(at("1e3"), Tick { whole: 1000, frac: 0.0 });
        assert_eq!(at(".25"), Tick { whole: 0, frac: 0.25 });
        assert_eq!(number(b"0,5", true), Some(Tick { whole: 0, frac: 0.5 }));
        for text in ["", "nan", "inf", "1e30", "1 2", "0,5"] {
            assert_eq!(number(text.as_bytes(), false), None, "{text}");
        }
    }

    #[test]
    fn names() {
        let scale = |n, u| name(n, u).map(|t| t.scale);
        assert_eq!(scale("time", ""), Some(None));
        assert_eq!(scale("Time Stamp", ""), Some(None));
        assert_eq!(scale("time_ms", ""), Some(Some(1e-3)));
        assert_eq!(scale("time", "us"), Some(Some(1e-6)));
        assert_eq!(scale("seconds", ""), Some(Some(1.0)));
        assert_eq!(scale("t", ""), Some(None));
        assert_eq!(scale("T", ""), None);
        assert_eq!(scale("t", "°C"), None);
        assert_eq!(scale("temperature", ""), None);
        assert_eq!(scale("runtime", ""), None);
        assert!(name("timestamp", "").unwrap().strong && !name("ms", "").unwrap().strong);
    }

    #[test]
    fn epochs_by_magnitude() {
        let of = |whole| scale_by_magnitude(Tick { whole, frac: 0.0 });
        assert_eq!([of(12), of(1_583_770_590), of(1_583_770_590_000)], [1.0, 1.0, 1e-3]);
        assert_eq!([of(1_583_770_590_000_000), of(1_583_770_590_000_000_000)], [1e-6, 1e-9]);
        let start = epoch(number(b"1583770590250", false).unwrap(), 1e-3).unwrap();
        assert_eq!(rfc3339(start, true).as_deref(), Some("2020-03-09T16:16:30.25Z"));
        assert_eq!(epoch(Tick { whole: 5, frac: 0.0 }, 1.0), None);
        assert_eq!(epoch(Tick { whole: 5_000_000_000, frac: 0.0 }, 3600.0), None);
    }
}
