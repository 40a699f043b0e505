//! The `.hea` file: what a record is made of.
//!
//! header(5) of the WFDB Applications Guide. The parser takes any bytes and ends with a header or an error; it stores
//! what lines are there and never reserves memory by a number it reads. Oddities that leave the samples readable
//! (a base time of 25:99, a text where a checksum should stand) become [`Header::remarks`].

use std::io::Read;
use std::path::Path;

use jiff::civil::{Date, DateTime, Time};

use super::format::Format;
use super::line::{self, Fault};
use super::{SourceError, malformed, open_regular, quote, unsupported};

/// Most signals that a record may have.
pub const MAX_SIGNALS: usize = 1024;
/// Most segments that a record may have.
pub const MAX_SEGMENTS: usize = 65_536;
/// Longest header file that is read, in bytes.
pub const MAX_BYTES: u64 = 8 << 20;

/// A parsed header.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The record's name as its first line gives it; not necessarily the file's.
    pub name: String,
    /// Number of signals that the record line tells; at most [`MAX_SIGNALS`].
    pub n_signals: usize,
    /// Frames per second, positive and finite; 250 if the file does not tell.
    pub frequency: f64,
    /// Ticks per second of the counter, where there is one.
    pub counter_frequency: Option<f64>,
    /// Counter value at the first frame.
    pub base_counter: Option<f64>,
    /// Frames; `None` if not told, or told as 0 in a record without segments.
    pub frames: Option<u64>,
    /// Time of day of the first frame.
    pub base_time: Option<Time>,
    /// Day of the first frame.
    pub base_date: Option<Date>,
    /// Signals, or segments that each are a record.
    pub body: Body,
    /// Comment lines without their `#`.
    pub comments: Vec<String>,
    /// What was odd but harmless, each with its line.
    pub remarks: Vec<String>,
}

/// What the lines after the record line describe.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A record of its own.
    Signals(Vec<Signal>),
    /// A record made of others, one after the other in time.
    Segments(Vec<SegmentLine>),
}

/// One signal line.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// The line it stands in, from 1.
    pub line: usize,
    /// Signal file, a plain name in the header's directory; `~` for a null signal.
    pub file: String,
    /// Layout of the samples.
    pub format: Format,
    /// Samples of this signal in one frame, at least 1.
    pub samples_per_frame: u32,
    /// Frames by which this signal lags in the file: its sample for frame t stands in frame t + skew.
    pub skew: u64,
    /// Bytes of the signal file before the first sample.
    pub byte_offset: u64,
    /// Codes per physical unit, finite and not 0; 200 if missing or 0.
    pub gain: f64,
    /// Whether the file tells the gain.
    pub calibrated: bool,
    /// Code of physical 0; the ADC zero if the file does not tell.
    pub baseline: i64,
    /// Physical unit; `mV` if missing.
    pub units: String,
    /// Bits of the converter; 0 when unknown.
    pub adc_resolution: u32,
    /// Code in the middle of the converter's range.
    pub adc_zero: i64,
    /// Code of the first sample. What format 8 starts from; the ADC zero if missing.
    pub initial: Option<i64>,
    /// Sum of all codes modulo 65536.
    pub checksum: Option<i64>,
    /// Block size for special files; of no meaning here.
    pub block_size: Option<i64>,
    /// Description, mostly the lead or sensor; may be empty.
    pub description: String,
}

/// One segment line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentLine {
    /// Name of the segment's record, a plain name; `None` for a gap (`~`).
    pub name: Option<String>,
    /// Its length in frames; 0 for a layout segment.
    pub frames: u64,
}

impl Header {
    /// Reads and parses the header file `path`.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read, is longer than [`MAX_BYTES`], or is not a header.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let (file, size) = open_regular(path)?;
        if size > MAX_BYTES {
            return Err(unsupported(
                path,
                format!("a header of {size} bytes is longer than {MAX_BYTES}"),
                "check that this is a WFDB header and not a signal file",
            ));
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|e| super::io_error(path, e))?;
        Self::parse(path, &bytes)
    }

    /// Parses the bytes of a header; `path` is only named in messages.
    ///
    /// Bytes that are not UTF-8 become U+FFFD. Time and memory grow with the length of `bytes` alone.
    ///
    /// # Errors
    /// [`SourceError`] with the line, the offending text and the fix.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, SourceError> {
        let text = String::from_utf8_lossy(bytes);
        let mut remarks = Vec::new();
        let mut comments = Vec::new();
        let mut lines = Vec::new();
        for (number, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let text = text.trim();
            match text.strip_prefix('#') {
                Some(comment) => comments.push(comment.trim_matches(['#', ' ', '\t']).to_owned()),
                None if !text.is_empty() => lines.push((number, text)),
                None => {}
            }
        }
        let Some((&(number, first), rest)) = lines.split_first() else {
            return Err(malformed(
                path,
                "",
                "holds no record line",
                "a header begins with `NAME SIGNALS FREQUENCY FRAMES`; fetch the file again",
            ));
        };
        let record = line::record(first, &mut |remark| note(path, number, remark, &mut remarks))
            .map_err(|fault| fault.at(path, number))?;
        let body = match record.segments {
            None => Body::Signals(signals(path, number, record.n_signals, rest, &mut remarks)?),
            Some(count) => Body::Segments(segments(path, number, count, rest, &mut remarks)?),
        };
        let frames = match &body {
            Body::Signals(_) => record.frames.filter(|&n| n > 0),
            Body::Segments(list) => Some(total_frames(path, number, list, record.frames, &mut remarks)?),
        };
        Ok(Self {
            name: record.name,
            n_signals: record.n_signals,
            frequency: record.frequency,
            counter_frequency: record.counter_frequency,
            base_counter: record.base_counter,
            frames,
            base_time: record.base_time,
            base_date: record.base_date,
            body,
            comments,
            remarks,
        })
    }

    /// Local date and time of the first frame as RFC 3339 text without offset, if both are told.
    #[must_use]
    pub fn start(&self) -> Option<String> {
        Some(DateTime::from_parts(self.base_date?, self.base_time?).to_string())
    }
}

fn note(path: &Path, number: usize, remark: String, remarks: &mut Vec<String>) {
    // One a line at most would still be a million of them in a hostile file.
    if remarks.len() < 100 {
        remarks.push(format!("{}:{number}: {remark}", path.display()));
    }
}

fn too_few(path: &Path, number: usize, promised: usize, found: usize, what: &str) -> SourceError {
    malformed(
        path,
        format!(":{number}"),
        format!("the record line promises {promised} {what}, {found} lines follow"),
        format!("correct the number of {what} or fetch the whole file again"),
    )
}

fn surplus(path: &Path, promised: usize, lines: &[(usize, &str)], what: &str, remarks: &mut Vec<String>) {
    if let Some((number, text)) = lines.get(promised) {
        let remark = format!("{} is beyond the {promised} {what} of the record line, left out", quote(text));
        note(path, *number, remark, remarks);
    }
}

fn signals(
    path: &Path,
    record_line: usize,
    promised: usize,
    lines: &[(usize, &str)],
    remarks: &mut Vec<String>,
) -> Result<Vec<Signal>, SourceError> {
    if lines.len() < promised {
        return Err(too_few(path, record_line, promised, lines.len(), "signals"));
    }
    surplus(path, promised, lines, "signals", remarks);
    let mut signals = Vec::new();
    for &(number, text) in &lines[..promised] {
        let signal = line::signal(text, number, &mut |remark| note(path, number, remark, remarks))
            .map_err(|fault| fault.at(path, number))?;
        signals.push(signal);
    }
    Ok(signals)
}

fn segments(
    path: &Path,
    record_line: usize,
    promised: usize,
    lines: &[(usize, &str)],
    remarks: &mut Vec<String>,
) -> Result<Vec<SegmentLine>, SourceError> {
    if lines.len() < promised {
        return Err(too_few(path, record_line, promised, lines.len(), "segments"));
    }
    surplus(path, promised, lines, "segments", remarks);
    lines[..promised]
        .iter()
        .map(|&(number, text)| line::segment(text).map_err(|fault| fault.at(path, number)))
        .collect()
}

/// The segments' lengths added up: they place every frame, so they win over the record line.
fn total_frames(
    path: &Path,
    number: usize,
    list: &[SegmentLine],
    told: Option<u64>,
    remarks: &mut Vec<String>,
) -> Result<u64, SourceError> {
    let sum = list.iter().try_fold(0u64, |sum, s| sum.checked_add(s.frames)).ok_or_else(|| {
        Fault::new("the segments' lengths add up beyond 2^64 frames", "correct the segment lines")
            .at(path, number)
    })?;
    if let Some(told) = told.filter(|&told| told != sum) {
        let remark = format!("{told} frames are told, the segments hold {sum}; the segments count");
        note(path, number, remark, remarks);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn parse(text: &str) -> Result<Header, SourceError> {
        Header::parse(Path::new("r.hea"), text.as_bytes())
    }

    fn error(text: &str) -> String {
        parse(text).expect_err(text).to_string()
    }

    fn signals_of(header: &Header) -> &[Signal] {
        match &header.body {
            Body::Signals(signals) => signals,
            Body::Segments(_) => panic!("segments"),
        }
    }

    #[test]
    fn crlf_comments_and_blank_lines() {
        let header = parse(
            "# before\r\n100 2 360 650000\r\n100.dat 212 200 11 1024 995 -22131 0 MLII\n\r\n\
             100.dat 212 200 11 1024 1011 20052 0 V5\r\n# 69 M 1085 1629 x1\r\n#Aldomet, Inderal\r\n",
        )
        .unwrap();
        assert_eq!((header.name.as_str(), header.frequency, header.frames), ("100", 360.0, Some(650_000)));
        assert_eq!(header.comments, ["before", "69 M 1085 1629 x1", "Aldomet, Inderal"]);
        let [first, second] = signals_of(&header) else { panic!() };
        assert_eq!((first.gain, first.baseline, first.units.as_str()), (200.0, 1024, "mV"));
        assert_eq!((first.initial, first.checksum, first.block_size), (Some(995), Some(-22131), Some(0)));
        assert_eq!((second.description.as_str(), second.line), ("V5", 5));
        assert!(header.remarks.is_empty() && header.start().is_none());
    }

    #[test]
    fn start_needs_time_and_date() {
        let text = "r 1 125 75000 17:27:45 15/08/1994\nr.dat 16\n";
        assert_eq!(parse(text).unwrap().start().as_deref(), Some("1994-08-15T17:27:45"));
        assert_eq!(parse("r 1 125 75000 17:27:45\nr.dat 16\n").unwrap().start(), None);
        let odd = parse("r 1 125 75000 25:99 31/02/1994\nr.dat 16\n").unwrap();
        assert_eq!((odd.start(), odd.remarks.len()), (None, 2));
    }

    #[test]
    fn multi_segment_with_layout_and_gap() {
        let header = parse("r/4 2 125 300 1:02:03.664\nr_layout 0\nr_1 100\n~ 50\nr_2 150\n").unwrap();
        let Body::Segments(list) = &header.body else { panic!() };
        assert_eq!(list.iter().map(|s| s.frames).collect::<Vec<_>>(), [0, 100, 50, 150]);
        assert_eq!((list[0].name.as_deref(), &list[2].name), (Some("r_layout"), &None));
        assert_eq!((header.frames, header.base_time.unwrap().millisecond()), (Some(300), 664));
        let lies = parse("r/1 2 125 999\nr_1 100\n").unwrap();
        assert_eq!((lies.frames, lies.remarks.len()), (Some(100), 1));
    }

    #[test]
    fn hostile_headers_are_refused_with_line_and_fix() {
        for (text, wanted) in [
            ("", "holds no record line"),
            ("# only a comment\n", "holds no record line"),
            ("r\n", "r.hea:1: "),
            ("r x\n", "`x` is not the number of signals"),
            ("r 4000000000 250\n", "more than 1024"),
            ("r 99999999999999999999999999 250\n", "`99999999999999999999999999`"),
            ("r/99999999 2 250\n", "more than 65536"),
            ("r/0 2 250\n", "`0`"),
            ("r 2 250 10\nr.dat 16\n", "promises 2 signals, 1 lines follow"),
            ("r/3 2 250 10\na 5\n", "promises 3 segments, 1 lines follow"),
            ("r 1 0 10\nr.dat 16\n", "`0` is not a positive number"),
            ("r 1 nan 10\nr.dat 16\n", "`nan`"),
            ("r 1 250 -5\nr.dat 16\n", "`-5`"),
            ("r 1 250 10\nr.dat\n", "r.hea:2: "),
            ("r 1 250 10\n../../etc/passwd 16\n", "`../../etc/passwd`"),
            ("r 1 250 10\nC:\\x.dat 16\n", "plain name"),
            ("r/1 1 250 10\n../x 10\n", "plain name"),
            ("r 1 250 10\nr.dat 516\n", "FLAC"),
            ("r 1 250 10\nr.dat 17\n", "`17`"),
            ("r 1 250 10\nr.dat 16x0\n", "`16x0`"),
            ("r 1 250 10\nr.dat 16y4\n", "`16y4`"),
            ("r 1 250 10\nr.dat 16 200(x)/mV\n", "`200(x)/mV`"),
            ("r 1 250 10\nr.dat 16 1e999\n", "`1e999`"),
            ("r 1 250 10\n- 16\n", "standard input"),
            ("r/2 1 250\na 18446744073709551615\nb 1\n", "2^64"),
        ] {
            let message = error(text);
            assert!(message.contains(wanted), "{text:?} gave: {message}");
        }
    }

    #[test]
    fn surplus_lines_are_told() {
        let header = parse("r 1 250 10\nr.dat 16\nr.dat 16\n").unwrap();
        assert_eq!(signals_of(&header).len(), 1);
        assert!(header.remarks[0].contains("r.hea:3"), "{:?}", header.remarks);
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_header_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = Header::parse(Path::new("r.hea"), &bytes);
        }

        #[test]
        fn any_words_end_in_a_header_or_an_error(
            record in "[a-z0-9/.]{0,6} [0-3] [0-9./()-]{0,12} [0-9-]{0,25} [0-9:.]{0,12} [0-9/]{0,12}",
            lines in prop::collection::vec("[a-z.~-]{1,6} [0-9x:+]{1,12} [0-9e.+()/mV-]{0,16}( [0-9-]{1,22}){0,6}", 0..4),
        ) {
            let _ = parse(&format!("{record}\n{}\n", lines.join("\n")));
        }
    }
}
