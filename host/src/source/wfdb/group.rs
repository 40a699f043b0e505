//! Signals that share a file, decoded frame by frame with constant memory.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::format::Format;
use super::header::Signal;
use super::{SourceError, io_error, malformed, open_regular, read_full, unsupported};

/// Bytes read at once: a multiple of every unit (1, 2, 3, 4), so that only the end of the file tears one.
const CHUNK: usize = 12 * 4096;
/// Most samples that one frame of a file may hold; the buffer for one frame is at most 4 MiB.
const MAX_FRAME: usize = 1 << 20;
/// Most values kept for signals that lag others, 16 MiB.
const MAX_LAG: usize = 1 << 22;

/// A signal and its channel, if anybody wants it.
pub(super) type Placed<'a> = (Option<usize>, &'a Signal);

/// One signal within its file.
struct Lane {
    /// Where its value goes in the frame; `None` if nobody wants it.
    channel: Option<usize>,
    per_frame: usize,
    skew: usize,
    gain: f64,
    baseline: f64,
    /// Format 8: the value before the first sample, and the running one.
    initial: i32,
    level: i32,
    /// Lowest and highest code met, for [`Group::code_ranges`].
    seen: Option<(i32, i32)>,
}

impl Lane {
    /// Physical value of one frame: the mean of its samples that are not missing, NaN if all are.
    ///
    /// Computed in `f64` and rounded once to `f32`. With one sample in the frame this is (code − baseline)/gain.
    fn value(&mut self, codes: &[i32], format: Format) -> f32 {
        let missing = format.missing();
        let (mut sum, mut count) = (0i64, 0u32);
        for &code in codes {
            let code = if format == Format::F8 {
                self.level = self.level.wrapping_add(code);
                self.level
            } else if Some(code) == missing {
                continue;
            } else {
                code
            };
            sum += i64::from(code);
            count += 1;
        }
        if count == 0 {
            return f32::NAN;
        }
        ((sum as f64 / f64::from(count) - self.baseline) / self.gain) as f32
    }

    /// Widens [`seen`](Self::seen) by the codes of one frame.
    fn look(&mut self, codes: &[i32], format: Format) {
        let before = self.level;
        for &code in codes {
            self.level = self.level.wrapping_add(code);
            let code = if format == Format::F8 { self.level } else { code };
            if Some(code) != format.missing() {
                let (low, high) = self.seen.unwrap_or((code, code));
                self.seen = Some((low.min(code), high.max(code)));
            }
        }
        if format != Format::F8 {
            self.level = before;
        }
    }
}

/// The signals of one file.
pub(super) struct Group {
    path: PathBuf,
    file: File,
    format: Format,
    /// Bytes before the first sample, and of the whole file.
    offset: u64,
    size: u64,
    lanes: Vec<Lane>,
    /// Samples of all lanes in one frame.
    per_frame: usize,
    bytes: Vec<u8>,
    codes: Vec<i32>,
    /// Codes already used, and codes still to drop after a seek into a unit.
    at: usize,
    drop: usize,
    ended: bool,
    /// Bytes of the file that are behind, those before the first sample included.
    read_bytes: u64,
    lag: Option<Lag>,
}

/// The last frames of a file in which signals lag: row 0 is the frame to deliver next.
struct Lag {
    rows: Vec<f32>,
    depth: usize,
    head: usize,
    held: usize,
}

impl Group {
    /// Opens the file of `signals`, which are the (channel, signal) pairs that name it, in header order.
    pub(super) fn open(header: &Path, signals: &[(Option<usize>, &Signal)]) -> Result<Self, SourceError> {
        let Some((_, first)) = signals.first() else {
            return Err(malformed(header, "", "a group without signals", "this is a bug, please report it"));
        };
        if let Some((_, other)) = signals.iter().find(|(_, s)| s.format != first.format) {
            let problem = format!(
                "file `{}` has format {} here and {} in line {}",
                other.file,
                other.format.code(),
                first.format.code(),
                first.line
            );
            return Err(malformed(header, format!(":{}", other.line), problem, "one file has one format"));
        }
        let lanes: Vec<Lane> = signals.iter().map(|&(channel, signal)| lane(channel, signal)).collect();
        let per_frame = lanes.iter().map(|lane| lane.per_frame).sum();
        let lag = lag_of(header, &lanes)?;
        if per_frame > MAX_FRAME {
            return Err(unsupported(
                header,
                format!("{per_frame} samples of `{}` in one frame are more than {MAX_FRAME}", first.file),
                "correct the xN of its signal lines",
            ));
        }
        let path = header.with_file_name(&first.file);
        let (mut file, size) = open_regular(&path).map_err(|error| missing_file(header, first, error))?;
        let offset = first.byte_offset.min(size);
        file.seek(SeekFrom::Start(offset)).map_err(|e| io_error(&path, e))?;
        Ok(Self {
            path,
            file,
            format: first.format,
            offset,
            size,
            lanes,
            per_frame,
            bytes: vec![0; CHUNK],
            codes: Vec::new(),
            at: 0,
            drop: 0,
            ended: false,
            read_bytes: offset,
            lag,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// Whole frames that the file holds.
    pub(super) fn frames(&self) -> u64 {
        self.samples() / self.per_frame as u64
    }

    fn samples(&self) -> u64 {
        self.format.samples_in(self.size.saturating_sub(self.offset))
    }

    /// Bytes at the end that make no whole frame, unless they can be the padding of a last unit.
    pub(super) fn torn_bytes(&self) -> u64 {
        let data = self.size.saturating_sub(self.offset);
        let (unit_bytes, unit_samples) = self.format.unit();
        let rest = self.samples() % self.per_frame as u64;
        let padded = data.is_multiple_of(unit_bytes as u64) && rest < unit_samples as u64;
        let whole = self.frames() * self.per_frame as u64;
        let used = (whole * unit_bytes as u64).div_ceil(unit_samples as u64);
        if padded { 0 } else { data.saturating_sub(used) }
    }

    /// Puts the next frame's values where they belong; `false` at the end of the file, with `frame` untouched.
    pub(super) fn next_frame(&mut self, frame: &mut [f32]) -> Result<bool, SourceError> {
        if self.lag.is_some() {
            return self.next_lagged(frame);
        }
        let Some(start) = self.fill()? else { return Ok(false) };
        let mut codes = &self.codes[start..start + self.per_frame];
        for lane in &mut self.lanes {
            let (own, rest) = codes.split_at(lane.per_frame);
            codes = rest;
            let value = lane.value(own, self.format);
            if let Some(channel) = lane.channel {
                frame[channel] = value;
            }
        }
        Ok(true)
    }

    fn next_lagged(&mut self, frame: &mut [f32]) -> Result<bool, SourceError> {
        let Some(mut lag) = self.lag.take() else { return Ok(false) };
        let width = self.lanes.len();
        while lag.held < lag.depth {
            let Some(start) = self.fill()? else { break };
            let mut codes = &self.codes[start..start + self.per_frame];
            let row = (lag.head + lag.held) % lag.depth;
            for (lane, value) in self.lanes.iter_mut().zip(&mut lag.rows[row * width..]) {
                let (own, rest) = codes.split_at(lane.per_frame);
                codes = rest;
                *value = lane.value(own, self.format);
            }
            lag.held += 1;
        }
        let any = lag.held > 0;
        if any {
            for (index, lane) in self.lanes.iter().enumerate() {
                if let Some(channel) = lane.channel {
                    let row = (lag.head + lane.skew) % lag.depth;
                    let there = lane.skew < lag.held;
                    frame[channel] = if there { lag.rows[row * width + index] } else { f32::NAN };
                }
            }
            lag.head = (lag.head + 1) % lag.depth;
            lag.held -= 1;
        }
        self.lag = Some(lag);
        Ok(any)
    }

    /// Lowest and highest code of each signal's first `frames` frames. Leaves the group at an undefined frame.
    pub(super) fn code_ranges(
        &mut self,
        frames: usize,
    ) -> Result<impl Iterator<Item = (usize, (i32, i32))> + '_, SourceError> {
        for _ in 0..frames {
            let Some(start) = self.fill()? else { break };
            let mut codes = &self.codes[start..start + self.per_frame];
            for lane in &mut self.lanes {
                let (own, rest) = codes.split_at(lane.per_frame);
                codes = rest;
                lane.look(own, self.format);
            }
        }
        Ok(self.lanes.iter().filter_map(|lane| Some((lane.channel?, lane.seen?))))
    }

    /// Goes to `frame`. Format 8 is read through from its beginning, the others jump.
    pub(super) fn seek(&mut self, frame: u64) -> Result<(), SourceError> {
        let (unit_bytes, unit_samples) = self.format.unit();
        let target = if self.format == Format::F8 { 0 } else { frame.min(self.frames()) };
        let sample = target * self.per_frame as u64;
        let ahead = sample / unit_samples as u64 * unit_bytes as u64;
        self.file.seek(SeekFrom::Start(self.offset + ahead)).map_err(|e| io_error(&self.path, e))?;
        self.codes.clear();
        (self.at, self.drop, self.ended) = (0, (sample % unit_samples as u64) as usize, false);
        self.read_bytes = self.offset + ahead;
        if let Some(lag) = &mut self.lag {
            (lag.head, lag.held) = (0, 0);
        }
        if self.format == Format::F8 {
            self.lanes.iter_mut().for_each(|lane| lane.level = lane.initial);
            let mut nowhere =
                vec![0.0; self.lanes.iter().filter_map(|l| l.channel).max().map_or(0, |c| c + 1)];
            for _ in 0..frame.min(self.frames()) {
                self.next_frame(&mut nowhere)?;
            }
        }
        Ok(())
    }

    /// Makes one whole frame of codes available and gives its start; `None` at the end.
    fn fill(&mut self) -> Result<Option<usize>, SourceError> {
        while self.codes.len() - self.at < self.per_frame {
            if self.ended {
                return Ok(None);
            }
            self.codes.drain(..self.at);
            self.at = 0;
            let n = read_full(&mut self.file, &mut self.bytes).map_err(|e| io_error(&self.path, e))?;
            self.ended = n < self.bytes.len();
            self.read_bytes += n as u64;
            self.format.decode(&self.bytes[..n], &mut self.codes);
            // Only the first chunk after a seek has something to drop, and it begins with it.
            self.at = self.drop.min(self.codes.len());
            self.drop = 0;
        }
        let start = self.at;
        self.at += self.per_frame;
        Ok(Some(start))
    }
}

fn lane(channel: Option<usize>, signal: &Signal) -> Lane {
    let initial = signal.initial.unwrap_or(signal.adc_zero);
    let initial = initial.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    Lane {
        channel,
        per_frame: signal.samples_per_frame as usize,
        skew: usize::try_from(signal.skew).unwrap_or(usize::MAX),
        gain: signal.gain,
        baseline: signal.baseline as f64,
        initial,
        level: initial,
        seen: None,
    }
}

fn lag_of(header: &Path, lanes: &[Lane]) -> Result<Option<Lag>, SourceError> {
    let most = lanes.iter().map(|lane| lane.skew).max().unwrap_or(0);
    if most == 0 {
        return Ok(None);
    }
    let values = most.saturating_add(1).saturating_mul(lanes.len());
    if values > MAX_LAG {
        return Err(unsupported(
            header,
            format!("a skew of {most} frames over {} signals needs more than {MAX_LAG} values", lanes.len()),
            "correct the `:skew` of the signal lines",
        ));
    }
    Ok(Some(Lag { rows: vec![f32::NAN; values], depth: most + 1, head: 0, held: 0 }))
}

/// A missing signal file is told from the header's point of view: that is the file the user named.
fn missing_file(header: &Path, signal: &Signal, error: SourceError) -> SourceError {
    match error {
        SourceError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => malformed(
            header,
            format!(":{}", signal.line),
            format!("signal file `{}` is not beside the header", signal.file),
            "put it there, it belongs to the record",
        ),
        other => other,
    }
}
