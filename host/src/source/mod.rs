//! Where frames come from: one file per format, one trait.
//!
//! A source yields frames in order, one `f32` per channel; a missing sample is NaN. It never holds more of a
//! recording in memory than a fixed buffer, whatever the length of the file. What it had to repair or pass over
//! (a ragged row, a truncated last block) is counted in [`Tally`], never silent.

pub mod csv;
mod open;
pub mod pacing;
pub mod wav;
pub mod wfdb;
pub mod window;

use std::path::{Path, PathBuf};

pub use open::{OpenOptions, named, open};

/// One sensor signal of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Channel {
    /// Name as the file gives it, or `ch0`, `ch1`, … Never empty, unique within a stream.
    pub name: String,
    /// Physical unit, empty when unknown.
    pub unit: String,
    /// Physical values at which the converter saturates (low, high), if the file tells its range.
    /// A sample at or beyond a rail is treated as saturated.
    pub rails: Option<(f32, f32)>,
}

/// What is known of a stream before its first frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamInfo {
    /// Record or file name without directories.
    pub name: String,
    /// The format in words for people, for example `WFDB 212, 2 signals` or `CSV, ';', gzip`.
    pub format: String,
    /// The channels, in the order of the frame.
    pub channels: Vec<Channel>,
    /// Frames per second; `None` when the file does not tell (a CSV without a time column).
    pub rate_hz: Option<f64>,
    /// Wall-clock time of the first frame as RFC 3339 text (without offset if the file has none).
    pub start: Option<String>,
    /// Number of frames, when the file tells it without being read through.
    pub frames: Option<u64>,
    /// Comment lines of the file, and remarks such as "header lies about the length".
    pub notes: Vec<String>,
}

/// The name of a stream from the name of its file: without directories, `.gz` and the extension.
pub(crate) fn stream_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    let plain = Path::new(name);
    let packed = plain.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let plain = if packed { Path::new(plain.file_stem().unwrap_or(name)) } else { plain };
    plain.file_stem().unwrap_or(name).to_string_lossy().into_owned()
}

/// Bytes read so far and in all, for a progress bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file(s) consumed so far (compressed bytes where the file is compressed).
    pub done_bytes: u64,
    /// Size of the file(s) in bytes; 0 when unknown.
    pub total_bytes: u64,
}

/// What a source had to repair or pass over so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Samples delivered as NaN because the file marks them missing or a cell was empty.
    pub missing: u64,
    /// Rows or blocks that could not be understood and were passed over.
    pub malformed: u64,
    /// The first few problems in words, with file and line or byte, for the final summary (at most 20). Of those that are alike, the first,
    /// with the number of the others and the place of the last.
    pub remarks: Vec<String>,
    /// Those that others may be like.
    alike: Vec<Alike>,
}

/// A remark that others may be like.
#[derive(Clone, Debug, PartialEq)]
struct Alike {
    kind: String,
    /// In [`Tally::remarks`], and as it was there at first.
    index: usize,
    first: String,
    more: u64,
}

impl Tally {
    /// How many remarks are kept.
    pub const REMARKS: usize = 20;

    /// Keeps `remark` if there is still room; the counters tell how many there were in all.
    pub fn remark(&mut self, remark: impl Into<String>) {
        if self.remarks.len() < Self::REMARKS {
            self.remarks.push(remark.into());
        }
    }

    /// [`Self::remark`] on a place, of a kind that may come again: `place: text`. The others are counted in the remark on the first.
    pub fn remark_again(&mut self, place: &str, kind: &str, text: &str) {
        if let Some(alike) = self.alike.iter_mut().find(|alike| alike.kind == kind) {
            alike.more += 1;
            self.remarks[alike.index] =
                format!("{} (and {} more like it, the last at {place})", alike.first, alike.more);
        } else if self.remarks.len() < Self::REMARKS {
            let first = format!("{place}: {text}");
            self.alike.push(Alike {
                kind: kind.to_owned(),
                index: self.remarks.len(),
                first: first.clone(),
                more: 0,
            });
            self.remarks.push(first);
        }
    }
}

/// A stream of frames. Sources are read through to their end once.
pub trait Source {
    /// What is known of the stream; the number of channels does not change afterwards.
    fn info(&self) -> &StreamInfo;

    /// Reads the next frame into `frame` (one entry per channel, NaN = missing) and gives its time in seconds
    /// since the first frame of the recording, or `None` at the end. Times never decrease within a source:
    /// a time column that runs backwards is an error or a counted remark, as the format's page says.
    ///
    /// # Errors
    /// [`SourceError`] when the file cannot be read further; the message names file, place and fix.
    ///
    /// # Panics
    /// In debug builds, if `frame.len()` is not the number of channels.
    fn next_frame(&mut self, frame: &mut [f32]) -> Result<Option<f64>, SourceError>;

    /// How far the source has been read.
    fn progress(&self) -> Progress;

    /// What was repaired or passed over so far.
    fn tally(&self) -> &Tally;
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn info(&self) -> &StreamInfo {
        (**self).info()
    }

    fn next_frame(&mut self, frame: &mut [f32]) -> Result<Option<f64>, SourceError> {
        (**self).next_frame(frame)
    }

    fn progress(&self) -> Progress {
        (**self).progress()
    }

    fn tally(&self) -> &Tally {
        (**self).tally()
    }
}

/// Why a recording cannot be read. Every message names the file, the place in it and what would help.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system refused (missing, directory, permissions, unreadable).
    #[error("{}: {source}; {}", path.display(), advice(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The content is not what the format allows.
    #[error("{}{place}: {problem}; {fix}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in it: `:12` (line), `: byte 4711`, or empty for the file as a whole.
        place: String,
        /// What is wrong, with the offending text.
        problem: String,
        /// What the user can do about it.
        fix: String,
    },
    /// No known format fits.
    #[error("{}: {problem}; {fix}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What was met.
        problem: String,
        /// What the user can do about it.
        fix: String,
    },
}

/// What helps when the system refuses to read a file.
fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "check its name",
        std::io::ErrorKind::IsADirectory => "name one recording in it",
        std::io::ErrorKind::PermissionDenied => "allow yourself to read it",
        _ => "copy it to a local disk and check it",
    }
}
