//! Events as WFDB annotations beside the record, for the viewers that cardiologists have.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{EventRecord, Outcome, PartFile, Sink};
use crate::source::wfdb::annotation::code;
use crate::source::wfdb::{Annotation, AnnotationWriter, WfdbWriteError};

/// Writes a comment annotation (`"`) at the first frame of each event, with its length, score and channels as the note.
#[derive(Debug)]
pub struct Annotations {
    writer: AnnotationWriter,
    part: PathBuf,
    path: PathBuf,
}

/// A note holds at most 255 bytes.
const NOTE: usize = 255;

impl Annotations {
    /// Creates the annotation file `path`.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        let part = PartFile::part(path);
        let writer = AnnotationWriter::create(&part).map_err(into_io)?;
        Ok(Self { writer, part, path: path.to_owned() })
    }
}

fn into_io(error: WfdbWriteError) -> io::Error {
    io::Error::other(error)
}

/// The event in a few words, cut at a character boundary.
fn note(event: &EventRecord) -> Vec<u8> {
    let names: Vec<&str> = event.channels.iter().map(|c| c.channel.as_str()).collect();
    let mut text = format!(
        "{} {:.3} s, {:.1} dB (limit {:.1}), p={:.1e}, {}: {}",
        event.kind,
        event.end_s - event.start_s,
        event.score_db,
        event.limit_db,
        event.p_value,
        event.view,
        names.join(" ")
    );
    while text.len() > NOTE {
        text.pop();
    }
    text.into_bytes()
}

impl Sink for Annotations {
    fn event(&mut self, event: &EventRecord) -> io::Result<()> {
        let annotation = Annotation {
            sample: i64::try_from(event.start_frame).map_err(io::Error::other)?,
            code: code("\"").unwrap_or(22),
            chan: event.channels.first().and_then(|c| u8::try_from(c.index).ok()).unwrap_or(0),
            aux: note(event),
            ..Annotation::default()
        };
        self.writer.push(&annotation).map_err(into_io)
    }

    fn finish(self: Box<Self>, _: &Outcome) -> io::Result<()> {
        self.writer.sync().map_err(into_io)?;
        fs::rename(&self.part, &self.path)
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}
