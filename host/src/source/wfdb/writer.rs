//! Writes records in formats 16 and 212.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;

use super::WfdbWriteError;
use super::format::{Format, encode_16, encode_212};
use super::header::MAX_SIGNALS;

/// Samples gathered before they are written; even, so that format 212 is cut between its pairs.
const BATCH: usize = 8192;

/// One signal of a record to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalSpec {
    /// Description, without line breaks.
    pub name: String,
    /// Physical unit, without white space; empty is written as `mV`, the format's default.
    pub unit: String,
    /// Codes per physical unit, finite and not 0.
    pub gain: f64,
    /// Code of physical 0.
    pub baseline: i32,
    /// Bits of the converter; 0 when unknown.
    pub adc_resolution: u32,
    /// Code in the middle of the converter's range.
    pub adc_zero: i32,
}

/// Writes one record, `NAME.hea` and `NAME.dat`, with one sample per signal and frame.
///
/// The header stands from the beginning, without a length (readers derive it from the file's size), so that a record
/// whose writer was killed can be read; [`finish`](Self::finish) adds length, start, initial values and checksums.
#[derive(Debug)]
pub struct RecordWriter {
    header: PathBuf,
    data: PathBuf,
    name: String,
    format: Format,
    rate_hz: f64,
    start: Option<DateTime>,
    comments: Vec<String>,
    signals: Vec<SignalSpec>,
    initial: Vec<i32>,
    checksums: Vec<i16>,
    frames: u64,
    file: File,
    codes: Vec<i32>,
    bytes: Vec<u8>,
}

impl RecordWriter {
    /// Creates `NAME.hea` and `NAME.dat` for the record path `.../NAME`.
    ///
    /// `rate_hz` is frames per second.
    ///
    /// # Errors
    /// `Refused` if the format is neither 16 nor 212, the name is not made of letters, digits, `_` and `-`, or a rate,
    /// gain, unit, name or comment cannot stand in a header; `Io` if a file cannot be created.
    pub fn create(
        record: &Path,
        format: Format,
        rate_hz: f64,
        signals: &[SignalSpec],
        start: Option<DateTime>,
        comments: &[String],
    ) -> Result<Self, WfdbWriteError> {
        let name = record.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        check(record, &name, format, rate_hz, signals, comments)?;
        let data = record.with_file_name(format!("{name}.dat"));
        let writer = Self {
            header: record.with_file_name(format!("{name}.hea")),
            file: File::create(&data).map_err(|e| WfdbWriteError::io(&data, e))?,
            data,
            name,
            format,
            rate_hz,
            start,
            comments: comments.to_vec(),
            signals: signals.to_vec(),
            initial: Vec::new(),
            checksums: vec![0; signals.len()],
            frames: 0,
            codes: Vec::new(),
            bytes: Vec::new(),
        };
        writer.write_header(false)?;
        Ok(writer)
    }

    /// Appends one frame in physical units: round(value · gain + baseline), cut to the codes of the format.
    /// NaN becomes the code for "missing".
    ///
    /// # Errors
    /// As [`push_codes`](Self::push_codes).
    pub fn push(&mut self, frame: &[f32]) -> Result<(), WfdbWriteError> {
        let missing = self.format.range().0;
        let codes: Vec<i32> = self
            .signals
            .iter()
            .zip(frame)
            .map(|(signal, &value)| {
                let code = (f64::from(value) * signal.gain + f64::from(signal.baseline)).round();
                // The cast saturates; the lowest code is taken by "missing".
                if code.is_nan() { missing } else { (code as i32).max(missing + 1) }
            })
            .collect();
        self.push_codes(&codes)
    }

    /// Appends one frame of codes, cut to the range of the format.
    ///
    /// # Errors
    /// `Refused` if there is not one value for each signal; `Io` if the file cannot be written.
    pub fn push_codes(&mut self, codes: &[i32]) -> Result<(), WfdbWriteError> {
        if codes.len() != self.signals.len() {
            let problem = format!("{} values for {} signals", codes.len(), self.signals.len());
            return Err(WfdbWriteError::refused(&self.data, problem, "give one value for each signal"));
        }
        let (low, high) = self.format.range();
        let first = self.codes.len();
        self.codes.extend(codes.iter().map(|code| code.clamp(&low, &high)));
        for (sum, &code) in self.checksums.iter_mut().zip(&self.codes[first..]) {
            // The checksum is the sum of all codes in 16 bits.
            *sum = sum.wrapping_add(code as i16);
        }
        if self.frames == 0 {
            self.initial = self.codes[first..].to_vec();
        }
        self.frames += 1;
        if self.codes.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Hands all whole pairs of samples to the operating system. In format 212 one sample may stay behind.
    ///
    /// # Errors
    /// [`WfdbWriteError::Io`].
    pub fn flush(&mut self) -> Result<(), WfdbWriteError> {
        let odd = match self.format {
            Format::F212 => self.codes.len() % 2,
            _ => 0,
        };
        self.write(self.codes.len() - odd)
    }

    /// Writes what is left and the final header. Without it the record lacks length, start and checksums.
    ///
    /// # Errors
    /// [`WfdbWriteError::Io`].
    pub fn finish(mut self) -> Result<(), WfdbWriteError> {
        self.write(self.codes.len())?;
        self.file.sync_all().map_err(|e| WfdbWriteError::io(&self.data, e))?;
        self.write_header(true)
    }

    fn write(&mut self, count: usize) -> Result<(), WfdbWriteError> {
        self.bytes.clear();
        match self.format {
            Format::F212 => encode_212(&self.codes[..count], &mut self.bytes),
            _ => encode_16(&self.codes[..count], &mut self.bytes),
        }
        self.codes.drain(..count);
        self.file.write_all(&self.bytes).map_err(|e| WfdbWriteError::io(&self.data, e))
    }

    /// By a temporary file, so that there is a whole header at every moment.
    fn write_header(&self, finished: bool) -> Result<(), WfdbWriteError> {
        let part = self.header.with_extension("hea.part");
        fs::write(&part, self.header_text(finished)).map_err(|e| WfdbWriteError::io(&part, e))?;
        fs::rename(&part, &self.header).map_err(|e| WfdbWriteError::io(&self.header, e))
    }

    fn header_text(&self, finished: bool) -> String {
        let mut text = format!("{} {} {}", self.name, self.signals.len(), self.rate_hz);
        if finished {
            text += &format!(" {}", self.frames);
            if let Some(start) = self.start {
                // The format has microseconds at most.
                text += &start.strftime(" %H:%M:%S").to_string();
                if start.subsec_nanosecond() >= 1000 {
                    text += &format!(".{:06}", start.subsec_nanosecond() / 1000);
                }
                text += &start.strftime(" %d/%m/%Y").to_string();
            }
        }
        text.push('\n');
        for (index, signal) in self.signals.iter().enumerate() {
            let SignalSpec { name, unit, gain, baseline, adc_resolution, adc_zero } = signal;
            let unit = if unit.is_empty() { "mV" } else { unit };
            let (initial, checksum) = match self.initial.get(index) {
                Some(initial) if finished => (*initial, self.checksums[index]),
                _ => (*adc_zero, 0),
            };
            text += &format!(
                "{}.dat {} {gain}({baseline})/{unit} {adc_resolution} {adc_zero} {initial} {checksum} 0 {name}\n",
                self.name,
                self.format.code()
            );
        }
        for comment in &self.comments {
            text += &format!("# {comment}\n");
        }
        text
    }
}

fn check(
    record: &Path,
    name: &str,
    format: Format,
    rate_hz: f64,
    signals: &[SignalSpec],
    comments: &[String],
) -> Result<(), WfdbWriteError> {
    let refused = |problem: String, fix: &str| Err(WfdbWriteError::refused(record, problem, fix));
    if !matches!(format, Format::F16 | Format::F212) {
        return refused(format!("format {} is not written", format.code()), "choose 16 or 212");
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return refused(format!("record name `{name}`"), "use letters, digits, `_` and `-`");
    }
    if !(rate_hz.is_finite() && rate_hz > 0.0) {
        return refused(format!("frame rate {rate_hz}"), "give a positive number of frames per second");
    }
    if signals.is_empty() || signals.len() > MAX_SIGNALS {
        return refused(format!("{} signals", signals.len()), "a record has 1 to 1024 signals");
    }
    for signal in signals {
        if !(signal.gain.is_finite() && signal.gain != 0.0) {
            return refused(
                format!("gain {} of `{}`", signal.gain, signal.name),
                "give codes per unit, not 0",
            );
        }
        if signal.unit.contains(char::is_whitespace) {
            return refused(format!("unit `{}`", signal.unit), "a unit has no white space");
        }
    }
    let mut texts = signals.iter().map(|s| &s.name).chain(comments);
    if let Some(text) = texts.find(|text| text.contains(['\n', '\r'])) {
        return refused(format!("{text:?} has a line break"), "names and comments are one line each");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::wfdb::WfdbSource;
    use crate::source::{Source, SourceError};
    use proptest::prelude::*;

    fn spec(name: &str) -> SignalSpec {
        SignalSpec {
            name: name.into(),
            unit: "uV".into(),
            gain: 4.0,
            baseline: 17,
            adc_resolution: 0,
            adc_zero: 3,
        }
    }

    fn read(path: &Path) -> Result<Vec<Vec<f32>>, SourceError> {
        let mut source = WfdbSource::open(path)?;
        let mut frame = vec![0.0; source.info().channels.len()];
        let mut all = Vec::new();
        while source.next_frame(&mut frame)?.is_some() {
            all.push(frame.clone());
        }
        assert_eq!(source.tally().malformed, 0, "{:?}", source.tally().remarks);
        Ok(all)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn round_trip(
            packed in any::<bool>(),
            channels in 1usize..4,
            frames in prop::collection::vec(prop::array::uniform3(-32768i32..=32767), 0..50),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("rec");
            let format = if packed { Format::F212 } else { Format::F16 };
            let (low, high) = format.range();
            let signals: Vec<_> = (0..channels).map(|i| spec(&format!("s{i}"))).collect();
            let mut writer = RecordWriter::create(&path, format, 0.5, &signals, None, &[]).unwrap();
            for (n, frame) in frames.iter().enumerate() {
                writer.push_codes(&frame[..channels]).unwrap();
                if n % 7 == 3 {
                    writer.flush().unwrap();
                }
            }
            writer.finish().unwrap();
            let wanted: Vec<Vec<f32>> = frames.iter().map(|frame| frame[..channels].iter().map(|&code| {
                let code = code.clamp(low, high);
                if code == low { f32::NAN } else { ((f64::from(code) - 17.0) / 4.0) as f32 }
            }).collect()).collect();
            let bits = |all: &[Vec<f32>]| -> Vec<u32> { all.iter().flatten().map(|v| v.to_bits()).collect() };
            prop_assert_eq!(bits(&read(&path).unwrap()), bits(&wanted));
        }
    }

    #[test]
    fn physical_values_survive_and_extremes_are_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rec");
        let start = "1994-08-15T17:27:45.25".parse().unwrap();
        let comments = vec!["made up".to_owned()];
        let mut writer =
            RecordWriter::create(&path, Format::F212, 360.0, &[spec("a b")], Some(start), &comments).unwrap();
        for value in [1.25, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.1] {
            writer.push(&[value]).unwrap();
        }
        writer.finish().unwrap();
        let values: Vec<f32> = read(&path).unwrap().concat();
        assert!(values[1].is_nan());
        assert_eq!([values[0], values[2], values[3], values[4]], [1.25, 507.5, -516.0, 0.0]);
        let source = WfdbSource::open(&path).unwrap();
        assert_eq!(source.info().start.as_deref(), Some("1994-08-15T17:27:45.25"));
        assert_eq!(source.info().notes, ["made up"]);
        assert_eq!((source.info().channels[0].name.as_str(), source.info().frames), ("a b", Some(5)));
    }

    #[test]
    fn a_record_whose_writer_was_stopped_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rec");
        let mut writer =
            RecordWriter::create(&path, Format::F212, 360.0, &[spec("x"), spec("y")], None, &[]).unwrap();
        for _ in 0..10 {
            writer.push(&[1.0, 2.0]).unwrap();
        }
        writer.flush().unwrap();
        std::mem::forget(writer);
        assert_eq!(read(&path).unwrap(), vec![vec![1.0, 2.0]; 10]);
    }

    #[test]
    fn what_no_header_can_carry_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let create = |name: &str, format, rate, signal: SignalSpec, comment: &str| {
            RecordWriter::create(&dir.path().join(name), format, rate, &[signal], None, &[comment.to_owned()])
                .map(|_| ())
                .map_err(|e| e.to_string())
        };
        assert!(create("r", Format::F16, 1.0, spec("x"), "").is_ok());
        for (got, wanted) in [
            (create("r", Format::F310, 1.0, spec("x"), ""), "format 310"),
            (create("a b", Format::F16, 1.0, spec("x"), ""), "`a b`"),
            (create("r", Format::F16, f64::NAN, spec("x"), ""), "NaN"),
            (create("r", Format::F16, 1.0, SignalSpec { gain: 0.0, ..spec("x") }, ""), "gain 0"),
            (create("r", Format::F16, 1.0, SignalSpec { unit: "m V".into(), ..spec("x") }, ""), "m V"),
            (create("r", Format::F16, 1.0, spec("x\ny"), ""), "line break"),
            (create("r", Format::F16, 1.0, spec("x"), "a\rb"), "line break"),
        ] {
            assert!(got.unwrap_err().contains(wanted));
        }
    }
}
