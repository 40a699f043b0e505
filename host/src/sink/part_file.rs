//! A file that gets its name when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes to `PATH.part`; [`finish`](Self::finish) renames it to `PATH`. Dropped before that, the `.part` file stays, to be looked at.
///
/// A symbolic link is followed. What is there and no regular file (`/dev/null`, a pipe) is written to directly and never replaced.
#[derive(Debug)]
pub struct PartFile {
    writer: BufWriter<File>,
    path: PathBuf,
    /// The name it has now and the one it gets; `None` if it is written to directly.
    rename: Option<(PathBuf, PathBuf)>,
}

impl PartFile {
    /// Creates `path.part`. A directory that does not exist is created.
    ///
    /// # Errors
    /// If the system refuses, or `path` is empty or a directory.
    pub fn create(path: &Path) -> io::Result<Self> {
        let (file, rename) = match path.metadata() {
            _ if path.as_os_str().is_empty() => {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name is empty"));
            }
            Ok(there) if there.is_dir() => {
                return Err(io::Error::new(
                    io::ErrorKind::IsADirectory,
                    "this is a directory, give a file name",
                ));
            }
            Ok(there) if !there.is_file() => (File::options().write(true).open(path)?, None),
            _ => {
                if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
                    fs::create_dir_all(parent).map_err(|error| match error.kind() {
                        io::ErrorKind::AlreadyExists => {
                            let problem = format!("{} is no directory", parent.display());
                            io::Error::new(io::ErrorKind::NotADirectory, problem)
                        }
                        _ => error,
                    })?;
                }
                let whole = if path.is_symlink() { path.canonicalize()? } else { path.to_owned() };
                let part = Self::part(&whole);
                (File::create(&part)?, Some((part, whole)))
            }
        };
        Ok(Self { writer: BufWriter::with_capacity(1 << 16, file), path: path.to_owned(), rename })
    }

    /// The name that the file `path` has while it is written.
    #[must_use]
    pub fn part(path: &Path) -> PathBuf {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        part.into()
    }

    /// The name it will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// If what is buffered cannot be written or the file cannot be renamed.
    pub fn finish(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        let Some((part, whole)) = self.rename else { return Ok(()) };
        file.sync_all()?;
        fs::rename(part, whole)
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
