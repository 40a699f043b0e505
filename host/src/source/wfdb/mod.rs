//! WFDB records: header, signal files and annotations, as PhysioNet publishes them.
//!
//! - [`header`]: the `.hea` text file. Total on any bytes; no number in it decides how much memory is taken.
//! - [`format`](mod@format): how samples lie in a signal file.
//! - [`WfdbSource`]: a record as a stream of frames in physical units.
//! - [`annotation`], [`AnnotationWriter`]: `.atr` files and their like.
//! - [`RecordWriter`]: records in formats 16 and 212.
//!
//! Layouts after the WFDB Applications Guide, header(5), signal(5) and annot(5), checked against wfdb-python 4.3.
//! FLAC-compressed signals (508, 516, 524) do not belong here: they are refused with advice.

pub mod annotation;
mod annotation_writer;
mod channels;
pub mod format;
mod group;
pub mod header;
mod line;
mod reader;
mod segment;
mod writer;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use annotation::{Annotation, AnnotationReader, read_annotations};
pub use annotation_writer::AnnotationWriter;
pub use format::Format;
pub use header::Header;
pub use reader::WfdbSource;
pub use writer::{RecordWriter, SignalSpec};

use super::SourceError;

/// Why a record or an annotation file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WfdbWriteError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The format has no place for this value.
    #[error("{}: {problem}; {fix}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The value and why it does not fit.
        problem: String,
        /// What the caller can do about it.
        fix: String,
    },
}

impl WfdbWriteError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    fn refused(path: &Path, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Refused { path: path.to_owned(), problem: problem.into(), fix: fix.into() }
    }
}

fn io_error(path: &Path, source: io::Error) -> SourceError {
    SourceError::Io { path: path.to_owned(), source }
}

fn malformed(
    path: &Path,
    place: impl Into<String>,
    problem: impl Into<String>,
    fix: impl Into<String>,
) -> SourceError {
    SourceError::Malformed {
        path: path.to_owned(),
        place: place.into(),
        problem: problem.into(),
        fix: fix.into(),
    }
}

fn unsupported(path: &Path, problem: impl Into<String>, fix: impl Into<String>) -> SourceError {
    SourceError::Unsupported { path: path.to_owned(), problem: problem.into(), fix: fix.into() }
}

/// Text from a file, fit for a message: at most 60 characters, nothing that moves a terminal's cursor.
fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String =
        text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Whether `name` can only mean a file in the record's own directory.
///
/// Headers are data from elsewhere: a signal file called `../../secret` must not be opened. The colon is refused
/// because `C:x` leaves the directory on Windows.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains(['/', '\\', ':'])
        && !name.contains(char::is_control)
}

/// Opens `path` for reading if it is a regular file: a pipe or a device under a record's name would block for ever.
fn open_regular(path: &Path) -> Result<(std::fs::File, u64), SourceError> {
    let kind = std::fs::metadata(path).map_err(|e| io_error(path, e))?;
    if kind.is_dir() {
        return Err(unsupported(
            path,
            "is a directory",
            "name one record in it, for example by its .hea file",
        ));
    }
    if !kind.is_file() {
        return Err(unsupported(path, "is not a regular file", "copy the record to a disk first"));
    }
    let file = std::fs::File::open(path).map_err(|e| io_error(path, e))?;
    Ok((file, kind.len()))
}

/// Fills `buffer` from `reader` as far as the file goes; the number of bytes read is short only at its end.
fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_within_the_directory_are_plain() {
        for good in ["100.dat", "a-b_c.1.dat", "3000003_layout"] {
            assert!(is_plain_name(good), "{good}");
        }
        for bad in ["", ".", "..", "../x", "a/b", "a\\b", "/etc/passwd", "C:x", "a\0b"] {
            assert!(!is_plain_name(bad), "{bad}");
        }
    }

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quote("a\x1b[2Jb"), "`a\u{fffd}[2Jb`");
        assert!(quote(&"x".repeat(10_000)).chars().count() < 70);
    }
}
