//! WAV: RIFF/WAVE and RF64, integers of 8 to 32 bits and floats of 32 or 64, any number of channels.
//!
//! Integers are scaled so that full scale is ±1 (unit `FS`), and have rails there; floats are given as they are.
//! The chunks are walked here rather than by a library, because recorders that were killed, or that wrote to a pipe,
//! leave lengths of 0 or 0xFFFFFFFF in the header, and then the samples up to the end of the file are what counts.

mod header;

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use self::header::{Header, Refusal};
use super::{Channel, Progress, Source, SourceError, StreamInfo, Tally};

/// A WAV file as a stream of frames. Memory: one frame and a buffer of 64 KiB.
pub struct WavSource {
    path: PathBuf,
    info: StreamInfo,
    tally: Tally,
    reader: Box<dyn Read + Send>,
    header: Header,
    frame_bytes: Vec<u8>,
    frames_read: u64,
    /// Frames the header promises; `None` if it does not.
    frames: Option<u64>,
    infinite_met: bool,
    ended: bool,
    total: u64,
}

impl WavSource {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// [`SourceError::Io`] if it cannot be read, [`SourceError::Malformed`] if its header makes no sense or it holds
    /// no frame, [`SourceError::Unsupported`] for compressed formats.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let file = File::open(path).map_err(|source| SourceError::Io { path: path.into(), source })?;
        let total = file.metadata().map_or(0, |m| m.len());
        Self::from_reader(path, total, BufReader::with_capacity(64 << 10, file))
    }

    /// Reads from any bytes; `path` stands for them in messages, `total` is their number (0: unknown).
    ///
    /// # Errors
    /// As for [`WavSource::open`].
    pub fn from_reader(
        path: &Path,
        total: u64,
        mut reader: impl Read + Seek + Send + 'static,
    ) -> Result<Self, SourceError> {
        let header = header::read(&mut reader).map_err(|refusal| refused(path, refusal))?;
        let mut notes = Vec::new();
        let promised = header.data_bytes.map(|bytes| bytes / header.frame_bytes());
        let there = total.checked_sub(header.data_at).map(|bytes| bytes / header.frame_bytes());
        match (promised, there) {
            (None, _) => notes.push("the header tells no length: read to the end of the file".into()),
            (Some(promised), Some(there)) if there < promised => {
                notes.push(format!("the header promises {promised} frames, the file holds {there}"));
            }
            _ => {}
        }
        if header.data_bytes.is_some_and(|bytes| bytes % header.frame_bytes() != 0) {
            notes.push("the samples end within a frame: it is passed over".into());
        }
        let frames = match (promised, there.filter(|_| total > 0)) {
            (Some(promised), Some(there)) => Some(promised.min(there)),
            (promised, there) => promised.or(there),
        };
        if frames == Some(0) {
            return Err(malformed(path, "", "it holds no frame", "record at least one"));
        }
        let channels = (0..header.channels)
            .map(|i| Channel {
                name: format!("ch{i}"),
                unit: header.sample.unit().into(),
                rails: header.sample.rails(),
            })
            .collect();
        let info = StreamInfo {
            name: crate::source::stream_name(path),
            format: format!("WAV, {}", header.sample.words()),
            channels,
            rate_hz: Some(f64::from(header.rate_hz)),
            start: None,
            frames,
            notes,
        };
        Ok(Self {
            path: path.into(),
            info,
            tally: Tally::default(),
            reader: Box::new(reader),
            frame_bytes: vec![0; header.frame_bytes() as usize],
            header,
            frames_read: 0,
            frames: promised,
            infinite_met: false,
            ended: false,
            total,
        })
    }

    /// Fills `self.frame_bytes`; `false` at the end of the samples.
    fn next_bytes(&mut self) -> Result<bool, SourceError> {
        if self.ended || self.frames == Some(self.frames_read) {
            return Ok(false);
        }
        let mut filled = 0;
        while filled < self.frame_bytes.len() {
            match self.reader.read(&mut self.frame_bytes[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    self.remark_end(filled);
                    return Ok(false);
                }
                Ok(n) => filled += n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => {
                    self.ended = true;
                    return Err(SourceError::Io { path: self.path.clone(), source });
                }
            }
        }
        self.frames_read += 1;
        Ok(true)
    }

    /// The file has ended before the samples have.
    fn remark_end(&mut self, filled: usize) {
        let file = self.path.display();
        if let Some(promised) = self.frames {
            let there = self.frames_read;
            self.tally
                .remark(format!("{file}: truncated: {there} frames of the {promised} the header promises"));
        } else if filled > 0 {
            self.tally
                .remark(format!("{file}: ends within a frame: its last {filled} bytes are passed over"));
        } else {
            return;
        }
        self.tally.malformed += 1;
    }
}

impl Source for WavSource {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn next_frame(&mut self, frame: &mut [f32]) -> Result<Option<f64>, SourceError> {
        debug_assert_eq!(frame.len(), usize::from(self.header.channels));
        let time = self.frames_read as f64 / f64::from(self.header.rate_hz);
        if !self.next_bytes()? {
            return Ok(None);
        }
        let samples = self.frame_bytes.chunks_exact(self.header.sample.bytes());
        for (k, (value, bytes)) in frame.iter_mut().zip(samples).enumerate() {
            *value = self.header.sample.decode(bytes);
            if value.is_finite() {
                continue;
            }
            self.tally.missing += 1;
            if value.is_infinite() && !std::mem::replace(&mut self.infinite_met, true) {
                let (file, at) = (self.path.display(), self.frames_read - 1);
                let what = "an infinite sample: taken as missing, as all others like it";
                self.tally.remark(format!("{file}: frame {at}, channel `ch{k}`: {what}"));
            }
            *value = f32::NAN;
        }
        Ok(Some(time))
    }

    fn progress(&self) -> Progress {
        let done_bytes = self.header.data_at + self.frames_read * self.header.frame_bytes();
        Progress { done_bytes, total_bytes: self.total }
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}

fn refused(path: &Path, refusal: Refusal) -> SourceError {
    match refusal {
        Refusal::Io(source) => SourceError::Io { path: path.into(), source },
        Refusal::Malformed { at, problem } => {
            let fix = "the header is damaged: export the recording again";
            malformed(path, &format!(": byte {at}"), &problem, fix)
        }
        Refusal::Unsupported(problem) => {
            let fix = "convert it to PCM, for example with `ffmpeg -i in.wav -c:a pcm_s16le out.wav`".into();
            SourceError::Unsupported { path: path.into(), problem, fix }
        }
    }
}

fn malformed(path: &Path, place: &str, problem: &str, fix: &str) -> SourceError {
    SourceError::Malformed {
        path: path.into(),
        place: place.into(),
        problem: problem.into(),
        fix: fix.into(),
    }
}

#[cfg(test)]
mod tests;
