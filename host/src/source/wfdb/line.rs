//! The three kinds of line in a header, one function each.

use std::path::Path;
use std::str::FromStr;

use jiff::civil::{Date, Time};

use super::format::Format;
use super::header::{MAX_SEGMENTS, MAX_SIGNALS, SegmentLine, Signal};
use super::{SourceError, is_plain_name, malformed, quote, unsupported};

/// WFDB_DEFGAIN and WFDB_DEFFREQ of the WFDB library.
const DEFAULT_GAIN: f64 = 200.0;
const DEFAULT_FREQUENCY: f64 = 250.0;
/// Most samples of one signal in one frame.
const MAX_PER_FRAME: u64 = 1 << 20;
/// Codes and baselines beyond this have no exact `f64`, nor any converter.
const MAX_CODE: i64 = 1 << 53;

/// What is wrong with a line, before it is known which one.
pub(super) struct Fault {
    problem: String,
    fix: String,
    unsupported: bool,
}

impl Fault {
    pub(super) fn new(problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { problem: problem.into(), fix: fix.into(), unsupported: false }
    }

    pub(super) fn at(self, path: &Path, line: usize) -> SourceError {
        if self.unsupported {
            return unsupported(path, format!("line {line}: {}", self.problem), self.fix);
        }
        malformed(path, format!(":{line}"), self.problem, self.fix)
    }
}

/// The record line's fields.
pub(super) struct Record {
    pub(super) name: String,
    pub(super) segments: Option<usize>,
    pub(super) n_signals: usize,
    pub(super) frequency: f64,
    pub(super) counter_frequency: Option<f64>,
    pub(super) base_counter: Option<f64>,
    pub(super) frames: Option<u64>,
    pub(super) base_time: Option<Time>,
    pub(super) base_date: Option<Date>,
}

/// `NAME[/SEGMENTS] SIGNALS [FREQUENCY[/COUNTER][(BASE)] [FRAMES [TIME [DATE]]]]`
pub(super) fn record(line: &str, remark: &mut dyn FnMut(String)) -> Result<Record, Fault> {
    let mut fields = line.split_whitespace();
    let first = fields.next().unwrap_or_default();
    let (name, segments) = match first.split_once('/') {
        Some((name, count)) => (name, Some(segment_count(count)?)),
        None => (first, None),
    };
    let n_signals = signal_count(fields.next().unwrap_or_default())?;
    let (frequency, counter_frequency, base_counter) = match fields.next() {
        Some(field) => frequencies(field)?,
        None => (DEFAULT_FREQUENCY, None, None),
    };
    let frames = fields.next().map(frame_count).transpose()?;
    let mut told = |field: &str, what: &str, form: &str| {
        remark(format!("{} is not a {what} ({form}), left out", quote(field)));
    };
    let base_time = fields.next().and_then(|field| {
        time_of_day(field).or_else(|| {
            told(field, "time of day", "HH:MM:SS");
            None
        })
    });
    let base_date = fields.next().and_then(|field| {
        date(field).or_else(|| {
            told(field, "date", "DD/MM/YYYY");
            None
        })
    });
    Ok(Record {
        name: name.to_owned(),
        segments,
        n_signals,
        frequency,
        counter_frequency,
        base_counter,
        frames,
        base_time,
        base_date,
    })
}

fn segment_count(field: &str) -> Result<usize, Fault> {
    match field.parse::<usize>() {
        Ok(n @ 1..=MAX_SEGMENTS) => Ok(n),
        Ok(n) if n > MAX_SEGMENTS => Err(Fault::new(
            format!("{n} segments are more than {MAX_SEGMENTS}"),
            "split the record, or correct the number after `/`",
        )),
        _ => Err(Fault::new(
            format!("{} is not the number of segments", quote(field)),
            "write NAME/SEGMENTS with at least one segment, or NAME alone",
        )),
    }
}

fn signal_count(field: &str) -> Result<usize, Fault> {
    match field.parse::<usize>() {
        Ok(n @ 0..=MAX_SIGNALS) => Ok(n),
        Ok(n) => Err(Fault::new(
            format!("{n} signals are more than {MAX_SIGNALS}"),
            "split the record, or correct the second field of the record line",
        )),
        Err(_) => Err(Fault::new(
            format!("{} is not the number of signals", quote(field)),
            "the record line begins with `NAME SIGNALS`; check that this is a WFDB header",
        )),
    }
}

fn frame_count(field: &str) -> Result<u64, Fault> {
    field.parse().map_err(|_| {
        Fault::new(
            format!("{} is not a number of frames", quote(field)),
            "write the frames per signal, or 0 to take them from the file's size",
        )
    })
}

/// `360`, `360/100`, `360/100(-5)`, `360(5)`.
fn frequencies(field: &str) -> Result<(f64, Option<f64>, Option<f64>), Fault> {
    let (numbers, base) = match field.split_once('(') {
        Some((numbers, base)) => (numbers, Some(base.trim_end_matches(')'))),
        None => (field, None),
    };
    let (frequency, counter) = match numbers.split_once('/') {
        Some((frequency, counter)) => (frequency, Some(counter)),
        None => (numbers, None),
    };
    let fault = |text: &str, wanted: &str| {
        Fault::new(
            format!("{} is not {wanted}", quote(text)),
            "the third field of the record line is FREQUENCY[/COUNTER_FREQUENCY[(BASE_COUNTER)]] in Hz",
        )
    };
    let frequency_hz =
        finite(frequency).filter(|&f| f > 0.0).ok_or_else(|| fault(frequency, "a positive number"))?;
    let optional = |text: Option<&str>| match text {
        None | Some("") => Ok(None),
        Some(text) => finite(text).map(Some).ok_or_else(|| fault(text, "a number")),
    };
    Ok((frequency_hz, optional(counter)?, optional(base)?))
}

/// `HH:MM:SS`, `MM:SS` or `SS`, each with decimals of the second.
fn time_of_day(field: &str) -> Option<Time> {
    let mut parts = field.rsplit(':');
    let seconds = parts.next()?;
    let (seconds, decimals) = seconds.split_once('.').unwrap_or((seconds, ""));
    let minutes = parts.next().unwrap_or("0");
    let hours = parts.next().unwrap_or("0");
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit()) && s.len() <= 9;
    if parts.next().is_some() || ![hours, minutes, seconds, decimals].into_iter().all(digits) {
        return None;
    }
    let nanoseconds = format!("{decimals:0<9}").parse().ok()?;
    Time::new(hours.parse().ok()?, minutes.parse().ok()?, seconds.parse().ok()?, nanoseconds).ok()
}

/// `DD/MM/YYYY`.
fn date(field: &str) -> Option<Date> {
    let mut parts = field.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `NAME FRAMES`, where the name `~` is a gap.
pub(super) fn segment(line: &str) -> Result<SegmentLine, Fault> {
    let mut fields = line.split_whitespace();
    let name = fields.next().unwrap_or_default();
    let frames = frame_count(fields.next().unwrap_or_default())?;
    if name == "~" {
        return Ok(SegmentLine { name: None, frames });
    }
    plain(name, "segment")?;
    Ok(SegmentLine { name: Some(name.to_owned()), frames })
}

fn plain(name: &str, what: &str) -> Result<(), Fault> {
    if is_plain_name(name) {
        return Ok(());
    }
    Err(Fault::new(
        format!("{what} {} is not a plain name", quote(name)),
        "put its files beside the header and name them without directories",
    ))
}

/// A line's fields one by one; what is left can be taken as it stands.
struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.0.split_whitespace().next()
    }

    fn next(&mut self) -> Option<&'a str> {
        let field = self.peek()?;
        self.0 = &self.0.trim_start()[field.len()..];
        Some(field)
    }

    /// The next field if it is a whole number; otherwise it stays, and everything from it on is description.
    fn number(&mut self, what: &str, remark: &mut dyn FnMut(String)) -> Option<i64> {
        let field = self.peek()?;
        let value = integer(field);
        match value {
            Some(_) => {
                self.next();
            }
            None => {
                remark(format!("{} is not the {what}; taken as the description from there on", quote(field)))
            }
        }
        value
    }
}

/// `FILE FORMAT[xSAMPLES][:SKEW][+OFFSET] [GAIN[(BASELINE)][/UNITS] [RESOLUTION [ZERO [INITIAL [CHECKSUM
/// [BLOCK [DESCRIPTION]]]]]]]`
pub(super) fn signal(text: &str, line: usize, remark: &mut dyn FnMut(String)) -> Result<Signal, Fault> {
    let mut fields = Fields(text);
    let file = fields.next().unwrap_or_default();
    let layout = layout(fields.next().unwrap_or_default())?;
    if layout.format != Format::Null {
        if file == "-" {
            return Err(Fault {
                problem: "the signal comes from standard input (`-`)".into(),
                fix: "save it to a file beside the header and name that".into(),
                unsupported: true,
            });
        }
        plain(file, "signal file")?;
    }
    let gain = match fields.peek().map(gain).transpose()?.flatten() {
        Some(gain) => {
            fields.next();
            gain
        }
        None => Gain { gain: None, baseline: None, units: None },
    };
    let mut numbers = [None; 5];
    for (value, what) in
        numbers.iter_mut().zip(["ADC resolution", "ADC zero", "initial value", "checksum", "block size"])
    {
        *value = fields.number(what, remark);
        if value.is_none() {
            break;
        }
    }
    let [resolution, zero, initial, checksum, block_size] = numbers;
    let adc_zero = zero.unwrap_or(0);
    Ok(Signal {
        line,
        file: file.to_owned(),
        format: layout.format,
        samples_per_frame: layout.samples_per_frame,
        skew: layout.skew,
        byte_offset: layout.byte_offset,
        gain: gain.gain.unwrap_or(DEFAULT_GAIN),
        calibrated: gain.gain.is_some(),
        baseline: gain.baseline.unwrap_or(adc_zero),
        units: gain.units.unwrap_or("mV").to_owned(),
        // Nonsense (negative, or more bits than a code has) is as good as unknown.
        adc_resolution: resolution.and_then(|r| u32::try_from(r).ok()).filter(|&r| r <= 32).unwrap_or(0),
        adc_zero,
        initial,
        checksum,
        block_size,
        description: fields.0.trim().to_owned(),
    })
}

struct Layout {
    format: Format,
    samples_per_frame: u32,
    skew: u64,
    byte_offset: u64,
}

fn layout(field: &str) -> Result<Layout, Fault> {
    let fault = || {
        Fault::new(
            format!("{} is not a signal format", quote(field)),
            "the second field is FORMAT[xSAMPLES_PER_FRAME][:SKEW][+BYTE_OFFSET], for example 212 or 16+24",
        )
    };
    let (code, mut rest) = leading_number(field).ok_or_else(fault)?;
    let format = match u32::try_from(code).map_err(|_| fault())? {
        508 | 516 | 524 => {
            return Err(Fault {
                problem: format!("signal format {} is FLAC-compressed", quote(field)),
                fix: "convert the record with `xform` or wfdb-python to format 16 first".into(),
                unsupported: true,
            });
        }
        code => Format::from_code(code).ok_or_else(fault)?,
    };
    let mut layout = Layout { format, samples_per_frame: 1, skew: 0, byte_offset: 0 };
    while let Some(mark) = rest.chars().next() {
        let (value, after) = rest.get(1..).and_then(leading_number).ok_or_else(fault)?;
        match mark {
            'x' if (1..=MAX_PER_FRAME).contains(&value) => {
                layout.samples_per_frame = u32::try_from(value).map_err(|_| fault())?;
            }
            ':' => layout.skew = value,
            '+' => layout.byte_offset = value,
            _ => return Err(fault()),
        }
        rest = after;
    }
    Ok(layout)
}

/// The number that `text` begins with, and what follows it.
fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

struct Gain<'a> {
    /// `None` if missing or 0, which both mean "not calibrated".
    gain: Option<f64>,
    baseline: Option<i64>,
    units: Option<&'a str>,
}

/// `GAIN[(BASELINE)][/UNITS]`; `None` if the field does not look like one.
fn gain(field: &str) -> Result<Option<Gain<'_>>, Fault> {
    let fault = || {
        Fault::new(
            format!("{} is not a gain", quote(field)),
            "the third field is GAIN[(BASELINE)][/UNITS] in codes per unit, for example 200(1024)/mV",
        )
    };
    let end = field.find(['(', '/']).unwrap_or(field.len());
    let (number, rest) = field.split_at(end);
    let gain = match f64::from_str(number) {
        Ok(value) if !value.is_finite() => return Err(fault()),
        Ok(value) => Some(value),
        Err(_) if number.is_empty() => None,
        Err(_) => return Ok(None),
    };
    let (baseline, rest) = match rest.strip_prefix('(') {
        Some(inner) => {
            let (baseline, rest) = inner.split_once(')').ok_or_else(fault)?;
            (Some(integer(baseline).ok_or_else(fault)?), rest)
        }
        None => (None, rest),
    };
    let units = match rest.strip_prefix('/') {
        Some(units) => Some(units).filter(|u| !u.is_empty()),
        None if rest.is_empty() => None,
        None => return Err(fault()),
    };
    Ok(Some(Gain { gain: gain.filter(|&g| g != 0.0), baseline, units }))
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|v| v.is_finite())
}

/// A whole number, also one that some program wrote as `1024.0`.
fn integer(text: &str) -> Option<i64> {
    let value = text.parse::<i64>().ok().or_else(|| {
        let value = finite(text).filter(|v| v.fract() == 0.0 && v.abs() <= MAX_CODE as f64)?;
        Some(value as i64)
    })?;
    (-MAX_CODE..=MAX_CODE).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal_of(text: &str) -> Signal {
        signal(text, 2, &mut |remark| panic!("{remark}")).unwrap_or_else(|f| panic!("{}", f.problem))
    }

    #[test]
    fn defaults_of_a_short_signal_line() {
        let s = signal_of("r.dat 16");
        assert_eq!((s.gain, s.calibrated, s.baseline, s.units.as_str()), (200.0, false, 0, "mV"));
        assert_eq!((s.samples_per_frame, s.skew, s.byte_offset, s.adc_resolution), (1, 0, 0, 0));
        assert_eq!((s.initial, s.description.as_str()), (None, ""));
        assert_eq!(signal_of("r.dat 16 0/uV 12 7").gain, 200.0);
        assert_eq!(signal_of("r.dat 16 0/uV 12 7").baseline, 7);
    }

    #[test]
    fn all_forms_of_format_and_gain() {
        let s = signal_of("r.mat 16x4:3+24 -1.052e+04(-17)/l/min 16 5 -171 -27403 0 left  arm, V1 ");
        assert_eq!((s.samples_per_frame, s.skew, s.byte_offset), (4, 3, 24));
        assert_eq!((s.gain, s.baseline, s.units.as_str()), (-10520.0, -17, "l/min"));
        assert_eq!((s.adc_zero, s.checksum, s.description.as_str()), (5, Some(-27403), "left  arm, V1"));
        assert_eq!(signal_of("r.dat 212+512:2 (8)").baseline, 8);
        assert_eq!(signal_of("r.dat 16 200.0(0.0)/mV 16.0 0.0 3.0").initial, Some(3));
        assert_eq!(signal_of("~ 0 50/mV 11 0 -1024 0 0 II").format, Format::Null);
    }

    #[test]
    fn text_among_the_numbers_begins_the_description() {
        let mut remarks = Vec::new();
        let s = signal("r.dat 16 200 12 chest lead 4", 2, &mut |r| remarks.push(r)).ok().unwrap();
        assert_eq!((s.adc_resolution, s.adc_zero, s.description.as_str()), (12, 0, "chest lead 4"));
        assert_eq!(remarks.len(), 1);
    }

    #[test]
    fn counter_forms() {
        for (field, wanted) in [
            ("360", (360.0, None, None)),
            ("360/100", (360.0, Some(100.0), None)),
            ("0.9765625/100.5(-5)", (0.976_562_5, Some(100.5), Some(-5.0))),
            ("360(5)", (360.0, None, Some(5.0))),
            ("360/(5)", (360.0, None, Some(5.0))),
        ] {
            assert_eq!(frequencies(field).ok(), Some(wanted), "{field}");
        }
    }

    #[test]
    fn times_and_dates() {
        assert_eq!(time_of_day("17:27:45"), Time::new(17, 27, 45, 0).ok());
        assert_eq!(time_of_day("1:2.5"), Time::new(0, 1, 2, 500_000_000).ok());
        assert_eq!(time_of_day("59"), Time::new(0, 0, 59, 0).ok());
        for bad in ["24:00:00", "1:2:3:4", "-1:00", "a", ":", "1:99"] {
            assert_eq!(time_of_day(bad), None, "{bad}");
        }
        assert_eq!(date("15/08/1994"), Date::new(1994, 8, 15).ok());
        for bad in ["31/02/1994", "1994-08-15", "1/2", "1/2/3/4"] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }
}
