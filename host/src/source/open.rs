//! Opens a recording of any known format: by its first bytes, then by the end of its name.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::csv::{CsvOptions, CsvSource};
use super::wav::WavSource;
use super::wfdb::WfdbSource;
use super::{Source, SourceError};

/// What a user may say about a recording, for the formats that leave it open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOptions {
    /// For tables.
    pub csv: CsvOptions,
}

/// The file that `path` means: a WFDB record may be given by its name, as WFDB's own programs take it, and then means its header.
#[must_use]
pub fn named(path: &Path) -> PathBuf {
    let mut header = path.as_os_str().to_owned();
    header.push(".hea");
    let header = PathBuf::from(header);
    if !path.is_file() && header.is_file() { header } else { path.into() }
}

const FORMATS: &str = "give a CSV table (plain or gzip), a WAV file or a WFDB header (.hea)";

/// Opens the recording at `path`, or the WFDB record of that [name](named).
///
/// # Errors
/// [`SourceError::Io`] if it is missing, a directory or unreadable; [`SourceError::Malformed`] if it is empty or
/// damaged; [`SourceError::Unsupported`] if no format fits, with the formats that would.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Box<dyn Source>, SourceError> {
    let path = named(path);
    let path = path.as_path();
    let beginning = beginning(path)?;
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match (beginning.as_slice(), extension.as_str()) {
        // Before all others: a signal file may begin with any bytes.
        (_, "hea" | "dat") => Ok(Box::new(WfdbSource::open(path)?)),
        (
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] | [b'R', b'F', b'6', b'4', ..],
            _,
        ) => Ok(Box::new(WavSource::open(path)?)),
        ([b'R', b'I', b'F', b'F' | b'X', ..], _) | (_, "wav" | "wave") => {
            Ok(Box::new(WavSource::open(path)?))
        }
        ([0x1f, 0x8b, ..], _) => Ok(Box::new(CsvSource::open(path, &options.csv)?)),
        (bytes, _) => match foreign(bytes) {
            Some(what) => Err(unsupported(path, what, FORMATS)),
            // Anything else is a table, or refused as binary by its reader.
            None => Ok(Box::new(CsvSource::open(path, &options.csv)?)),
        },
    }
}

/// The first bytes of a file that has some.
fn beginning(path: &Path) -> Result<Vec<u8>, SourceError> {
    let failed = |source| SourceError::Io { path: path.into(), source };
    // Opening a directory succeeds on some systems, and reading it then fails with a puzzling message.
    let there = path.metadata().map_err(failed)?;
    if there.is_dir() {
        return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, "this is a directory")));
    }
    // A pipe would lose its first bytes to the look at them.
    if !there.is_file() {
        return Err(unsupported(path, "this is no regular file", "write it to a file first"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(12).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.is_empty() {
        return Err(SourceError::Malformed {
            path: path.into(),
            place: String::new(),
            problem: "the file is empty".into(),
            fix: "check that the recording was written".into(),
        });
    }
    Ok(bytes)
}

/// Formats people may try, by their first bytes.
fn foreign(beginning: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 9] = [
        (b"PK\x03\x04", "a ZIP archive or spreadsheet"),
        (b"PAR1", "a Parquet file"),
        (b"\x89HDF", "an HDF5 file"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\xfd7zXZ", "an xz archive"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
        (b"BZh", "a bzip2 archive"),
        (b"MATLAB 5.0", "a MATLAB file"),
        (b"fLaC", "a FLAC file"),
    ];
    KNOWN.iter().find(|(magic, _)| beginning.starts_with(magic)).map(|(_, what)| *what)
}

fn unsupported(path: &Path, problem: &str, fix: &str) -> SourceError {
    SourceError::Unsupported { path: path.into(), problem: problem.into(), fix: fix.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(name: &str, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        match open(&path, &OpenOptions::default()) {
            Ok(source) => source.info().format.clone(),
            Err(error) => error.to_string().split_once(name).unwrap().1.to_owned(),
        }
    }

    fn wav() -> Vec<u8> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 10,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        writer.write_sample(1_i16).unwrap();
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_content_decides() {
        assert_eq!(format("x.csv", b"a,b\n1,2\n"), "CSV, ','");
        assert_eq!(format("x.csv", &wav()), "WAV, 16-bit integer");
        assert_eq!(format("noname", b"1 2\n3 4\n"), "CSV, blanks");
        assert_eq!(format("x.txt", b"7"), "CSV, ','");
    }

    #[test]
    fn a_record_by_its_name_means_its_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["100.hea", "v1.2.hea", "t.csv", "t.csv.hea", "folder.hea"] {
            std::fs::write(path(name), "").unwrap();
        }
        std::fs::create_dir(path("folder")).unwrap();
        for (given, meant) in [
            ("100", "100.hea"),
            ("v1.2", "v1.2.hea"),
            ("folder", "folder.hea"),
            ("t.csv", "t.csv"),
            ("x", "x"),
        ] {
            assert_eq!(named(&path(given)), path(meant));
        }
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        assert!(format("x.csv", b"").contains("the file is empty"));
        assert!(format("x.wav", b"a,b\n1,2\n3,4\n5,6\n").contains("does not begin with RIFF"));
        assert!(format("x.hea", b"100 2 360\n").contains("signal"));
        assert!(format("x.xlsx", b"PK\x03\x04\x14\0").contains("spreadsheet; give a CSV table"));
        assert!(format("x.bin", b"\x01\x02\0\x04").contains("binary content"));
        let error = |path: &str| open(Path::new(path), &OpenOptions::default()).err().unwrap().to_string();
        assert!(error("/nonexistent.csv").starts_with("/nonexistent.csv: "));
        assert!(error(".").contains("directory"));
    }
}
