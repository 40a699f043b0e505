//! A record as a source of frames.

use std::path::{Path, PathBuf};

use super::channels::{channels, rails};
use super::format::Format;
use super::header::{Body, Header, SegmentLine, Signal};
use super::segment::{MAX_GAP, Segment};
use super::{SourceError, malformed, quote, unsupported};
use crate::source::{Channel, Progress, Source, StreamInfo, Tally};

/// Frames at the beginning of a record that are held against the converter's range of the header.
const LOOK: usize = 8192;
/// Most segments whose files are measured before the first frame; beyond that the progress has no total.
const MEASURED: usize = 4096;

/// A WFDB record: frames at the record's frame rate, in physical units.
///
/// - A value is (code − baseline)/gain, computed in `f64` and rounded once to `f32`. A signal with several samples in
///   a frame gives their mean (of those that are not missing), as the WFDB library does at low resolution, but
///   without rounding to a whole code; [`StreamInfo::notes`] says which signals.
/// - Skewed signals are moved back into place; after the last sample of such a signal come NaN.
/// - The segments of a record stand at the frames that the record's header tells. What a segment lacks of its
///   length, gaps (`~`), and segments that cannot be read are NaN.
/// - In a variable-layout record the layout segment names the channels; a segment's signals find theirs by
///   description. Such channels have no rails, because gains may change from segment to segment.
/// - A file shorter than told, or ending within a frame, is read as far as it goes and counted as malformed.
#[derive(Debug)]
pub struct WfdbSource {
    path: PathBuf,
    info: StreamInfo,
    tally: Tally,
    frequency: f64,
    plan: Plan,
    /// Number of the piece that `stage` belongs to.
    piece: usize,
    stage: Stage,
    /// Index of the frame to deliver next.
    frame: u64,
    /// Frames that may still be delivered without a file behind them.
    gap_budget: u64,
    /// Bytes of the files read to their end, and of all.
    done_bytes: u64,
    total_bytes: u64,
}

/// The pieces of a record, in time order.
#[derive(Debug)]
enum Plan {
    /// No segments: the record is its own single piece.
    Single(Header),
    /// Segments; `variable` when they find their channels by name.
    Segments { list: Vec<SegmentLine>, variable: bool, first: usize },
}

/// What the frames come from at present.
enum Stage {
    Files { segment: Box<Segment>, left: u64 },
    Gap { left: u64 },
    Between,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Files { left, .. } => write!(f, "Files {{ left: {left} }}"),
            Self::Gap { left } => write!(f, "Gap {{ left: {left} }}"),
            Self::Between => f.write_str("Between"),
        }
    }
}

impl WfdbSource {
    /// Opens the record `path`: its header (`100.hea`), its name (`100`) or another of its files (`100.dat`).
    ///
    /// Reads the header, the beginning of the samples and, of a record with segments, the segments' headers.
    ///
    /// # Errors
    /// [`SourceError`] if there is no header, it is not one, or a file of the first segment cannot be opened.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let path = header_path(path)?;
        let header = Header::read(&path)?;
        let first = match &header.body {
            Body::Signals(_) => None,
            Body::Segments(list) => Some(defining_segment(&path, list)?),
        };
        let (plan, defining) = match (header.body.clone(), first) {
            (Body::Segments(list), Some(first)) => {
                let name = list[first].name.as_deref().unwrap_or_default();
                let defining = Header::read(&segment_path(&path, name))?;
                (Plan::Segments { variable: list[0].frames == 0, list, first }, defining)
            }
            _ => (Plan::Single(header.clone()), header.clone()),
        };
        let Body::Signals(signals) = &defining.body else {
            return Err(unsupported(
                &path,
                format!("segment `{}` has segments itself", defining.name),
                "name its segments in this header instead",
            ));
        };
        if signals.is_empty() {
            return Err(unsupported(&path, "the record has no signals", "choose a record with signals"));
        }
        let mut source = Self {
            info: info(&path, &header, signals),
            tally: Tally::default(),
            frequency: header.frequency,
            plan,
            piece: 0,
            stage: Stage::Between,
            frame: 0,
            gap_budget: MAX_GAP,
            done_bytes: 0,
            total_bytes: 0,
            path,
        };
        source.measure(signals)?;
        Ok(source)
    }

    /// Goes to frame `frame` of the record; beyond its end there are no more frames.
    ///
    /// Jumps within the file, except in format 8, where a sample is known only by all before it. The tally stays.
    ///
    /// # Errors
    /// [`SourceError`] if a file cannot be read.
    pub fn seek_frame(&mut self, frame: u64) -> Result<(), SourceError> {
        (self.piece, self.stage, self.frame) = (0, Stage::Between, frame);
        (self.done_bytes, self.gap_budget) = (0, MAX_GAP);
        let mut ahead = frame;
        while let Some(length) = self.piece_frames() {
            if ahead < length {
                self.enter(length)?;
                match &mut self.stage {
                    Stage::Files { segment, left } => {
                        segment.seek(ahead)?;
                        *left -= ahead;
                    }
                    Stage::Gap { left } => *left -= ahead,
                    Stage::Between => {}
                }
                return Ok(());
            }
            ahead -= length;
            self.piece += 1;
        }
        Ok(())
    }

    /// Frames of the present piece by the headers; `u64::MAX` if only the file's end tells, `None` after the last.
    fn piece_frames(&self) -> Option<u64> {
        match &self.plan {
            Plan::Single(header) => (self.piece == 0).then(|| header.frames.unwrap_or(u64::MAX)),
            Plan::Segments { list, .. } => Some(list.get(self.piece)?.frames),
        }
    }

    fn is_last(&self) -> bool {
        match &self.plan {
            Plan::Single(_) => true,
            Plan::Segments { list, .. } => self.piece + 1 >= list.len(),
        }
    }

    /// Opens the files of the present piece, or makes it a gap.
    fn enter(&mut self, length: u64) -> Result<(), SourceError> {
        match self.open_piece(self.piece) {
            Ok(Some(segment)) => self.stage = Stage::Files { segment: Box::new(segment), left: length },
            Ok(None) => self.enter_gap(length)?,
            Err(error) if matches!(self.plan, Plan::Single(_)) => return Err(error),
            Err(error) => {
                self.tally.malformed += 1;
                self.tally.remark(format!("{error}; its {length} frames are missing"));
                self.enter_gap(length)?;
            }
        }
        Ok(())
    }

    fn enter_gap(&mut self, left: u64) -> Result<(), SourceError> {
        self.gap_budget = self.gap_budget.checked_sub(left).ok_or_else(|| {
            malformed(
                &self.path,
                "",
                format!("{left} frames from frame {} on have no file behind them", self.frame),
                format!("correct the lengths of the segments; gaps of at most {MAX_GAP} frames are believed"),
            )
        })?;
        self.stage = Stage::Gap { left };
        Ok(())
    }

    /// The files of piece `index`; `None` for a gap or a layout segment.
    fn open_piece(&self, index: usize) -> Result<Option<Segment>, SourceError> {
        let (list, variable) = match &self.plan {
            Plan::Single(header) => {
                let Body::Signals(signals) = &header.body else { return Ok(None) };
                let own: Vec<_> = (0..signals.len()).map(Some).collect();
                return Segment::open(&self.path, signals, &own, header.frames).map(Some);
            }
            Plan::Segments { list, variable, .. } => (list, *variable),
        };
        let Some((line, name)) = list.get(index).and_then(|line| Some((line, line.name.as_ref()?))) else {
            return Ok(None);
        };
        if line.frames == 0 {
            return Ok(None);
        }
        let path = segment_path(&self.path, name);
        let Body::Signals(signals) = Header::read(&path)?.body else {
            return Err(unsupported(&path, "a segment has segments itself", "name its segments directly"));
        };
        let map = if variable {
            by_description(&signals, &self.info.channels)
        } else if signals.len() == self.info.channels.len() {
            (0..signals.len()).map(Some).collect()
        } else {
            let (found, wanted) = (signals.len(), self.info.channels.len());
            let problem = format!("{found} signals, the record has {wanted}");
            return Err(malformed(&path, "", problem, "segments of a fixed layout have the same signals"));
        };
        Segment::open(&path, &signals, &map, Some(line.frames)).map(Some)
    }

    /// Sets what only the files tell: sizes, rails, number of frames. Opens the first piece as a trial.
    fn measure(&mut self, signals: &[Signal]) -> Result<(), SourceError> {
        let pieces = match &self.plan {
            Plan::Single(_) => 1,
            Plan::Segments { list, .. } => list.len(),
        };
        let (first, variable) = match &self.plan {
            Plan::Single(_) => (0, false),
            Plan::Segments { first, variable, .. } => (*first, *variable),
        };
        if let Some(mut trial) = self.open_piece(first)? {
            if matches!(self.plan, Plan::Single(_)) {
                self.info.frames = Some(trial.frames());
                trial.surpluses().into_iter().for_each(|remark| self.doubt(remark));
            }
            let seen = trial.code_ranges(LOOK, signals.len())?;
            if !variable {
                self.set_rails(signals, &seen);
            }
        }
        if pieces <= MEASURED {
            let sizes = (0..pieces).filter_map(|i| Some(self.open_piece(i).ok()??.size()));
            self.total_bytes = sizes.sum();
        }
        Ok(())
    }

    fn set_rails(&mut self, signals: &[Signal], seen: &[Option<(i32, i32)>]) {
        let mut doubts = Vec::new();
        for ((channel, signal), &seen) in self.info.channels.iter_mut().zip(signals).zip(seen) {
            match rails(signal, seen) {
                Ok(found) => channel.rails = found.filter(|_| signal.format != Format::Null),
                Err(why) => doubts.push(format!("{}: channel {}: {why}", self.path.display(), channel.name)),
            }
        }
        doubts.into_iter().for_each(|remark| self.doubt(remark));
    }

    /// Notes that header and samples disagree, before the first frame and in the final summary.
    fn doubt(&mut self, remark: String) {
        self.tally.remark(remark.as_str());
        self.info.notes.push(remark);
    }

    /// The next frame's samples, or `false` at the end of the record.
    fn advance(&mut self, frame: &mut [f32]) -> Result<bool, SourceError> {
        loop {
            match &mut self.stage {
                Stage::Gap { left: 0 } => self.leave(),
                Stage::Gap { left } => {
                    *left -= 1;
                    frame.fill(f32::NAN);
                    return Ok(true);
                }
                Stage::Files { segment, left } => {
                    if *left > 0 && segment.next_frame(frame)? {
                        *left -= 1;
                        return Ok(true);
                    }
                    let left = *left;
                    self.close_files(left)?;
                }
                Stage::Between => match self.piece_frames() {
                    Some(length) => self.enter(length)?,
                    None => return Ok(false),
                },
            }
        }
    }

    /// Tells what the present files lacked, and fills up with a gap what a later segment stands behind.
    fn close_files(&mut self, left: u64) -> Result<(), SourceError> {
        if let Stage::Files { segment, .. } = &self.stage {
            self.done_bytes += segment.size();
            for remark in segment.shortfalls() {
                self.tally.malformed += 1;
                self.tally.remark(remark);
            }
        }
        if left > 0 && !self.is_last() {
            return self.enter_gap(left);
        }
        self.leave();
        Ok(())
    }

    fn leave(&mut self) {
        self.piece += 1;
        self.stage = Stage::Between;
    }
}

impl Source for WfdbSource {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn next_frame(&mut self, frame: &mut [f32]) -> Result<Option<f64>, SourceError> {
        debug_assert_eq!(frame.len(), self.info.channels.len());
        if !self.advance(frame)? {
            return Ok(None);
        }
        self.tally.missing += frame.iter().filter(|value| value.is_nan()).count() as u64;
        let time = self.frame as f64 / self.frequency;
        self.frame += 1;
        Ok(Some(time))
    }

    fn progress(&self) -> Progress {
        let present = match &self.stage {
            Stage::Files { segment, .. } => segment.read_bytes(),
            _ => 0,
        };
        Progress { done_bytes: self.done_bytes + present, total_bytes: self.total_bytes }
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// `100.hea`, `100` or `100.dat`: the header's path.
fn header_path(path: &Path) -> Result<PathBuf, SourceError> {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("hea")) {
        return Ok(path.to_owned());
    }
    let mut appended = path.as_os_str().to_owned();
    appended.push(".hea");
    let appended = PathBuf::from(appended);
    let replaced = path.with_extension("hea");
    match (appended.is_file(), replaced.is_file(), path.exists()) {
        (true, _, _) => Ok(appended),
        (_, true, _) => Ok(replaced),
        // A directory, or a record that is not there: opening the header says so.
        (_, _, false) => Ok(appended),
        (_, _, true) if path.is_dir() => Ok(path.to_owned()),
        (_, _, true) => Err(malformed(
            path,
            "",
            format!("no header `{}` beside it", replaced.file_name().unwrap_or_default().display()),
            "put the .hea file of the record there, or name it if it is called otherwise",
        )),
    }
}

fn segment_path(header: &Path, name: &str) -> PathBuf {
    header.with_file_name(format!("{name}.hea"))
}

/// The segment whose header tells the channels: the layout, or the first that is not a gap.
fn defining_segment(path: &Path, list: &[SegmentLine]) -> Result<usize, SourceError> {
    list.iter().position(|segment| segment.name.is_some()).ok_or_else(|| {
        malformed(path, "", "all segments are gaps (`~`)", "name at least one segment with signals")
    })
}

/// Where each signal goes: the channel of its name, each channel at most once.
fn by_description(signals: &[Signal], wanted: &[Channel]) -> Vec<Option<usize>> {
    let names = channels(signals);
    names.iter().map(|own| wanted.iter().position(|channel| channel.name == own.name)).collect()
}

fn info(path: &Path, header: &Header, signals: &[Signal]) -> StreamInfo {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut notes = header.comments.clone();
    notes.extend(header.remarks.iter().cloned());
    if header.name != name {
        notes.push(format!("{} calls the record {}", path.display(), quote(&header.name)));
    }
    if let (Some(time), None) = (header.base_time, header.base_date) {
        notes.push(format!("begins at {time}, the date is not told"));
    }
    let channels = channels(signals);
    for (signal, channel) in signals.iter().zip(&channels) {
        let (name, count) = (&channel.name, signal.samples_per_frame);
        if count > 1 {
            notes.push(format!("channel {name}: the mean of {count} samples in each frame"));
        }
        if !signal.calibrated && signal.format != Format::Null {
            notes.push(format!("channel {name}: not calibrated, 200 codes per {} assumed", signal.units));
        }
    }
    StreamInfo {
        name,
        format: format_in_words(header, signals),
        channels,
        rate_hz: Some(header.frequency),
        start: header.start(),
        frames: header.frames,
        notes,
    }
}

/// `WFDB 212, 2 signals`, `WFDB 16+212, 4 signals, 3 segments`.
fn format_in_words(header: &Header, signals: &[Signal]) -> String {
    let mut codes: Vec<u32> =
        signals.iter().filter(|s| s.format != Format::Null).map(|s| s.format.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    let codes: Vec<String> = codes.iter().map(u32::to_string).collect();
    let plural = if signals.len() == 1 { "" } else { "s" };
    let mut words = format!("WFDB {}, {} signal{plural}", codes.join("+"), signals.len());
    if let Body::Segments(list) = &header.body {
        words += &format!(", {} segments", list.len());
    }
    words.replace("WFDB ,", "WFDB,")
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
