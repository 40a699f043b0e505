//! One record without segments: its signal files side by side.

use std::path::{Path, PathBuf};

use super::format::Format;
use super::group::{Group, Placed};
use super::header::Signal;
use super::{SourceError, malformed};

/// Longest stretch of frames that no file vouches for (gaps, null signals): more than a year at 125 Hz.
///
/// Such frames cost no bytes, so a hostile header could ask for so many that the replay never ends.
pub(super) const MAX_GAP: u64 = 1 << 32;

/// The signal files of one record or segment.
pub(super) struct Segment {
    header: PathBuf,
    groups: Vec<Group>,
    /// Frames to deliver at most, as the headers tell.
    told: Option<u64>,
    delivered: u64,
}

impl Segment {
    /// Opens the files of `signals`; `channels` has the place in the frame of each.
    pub(super) fn open(
        header: &Path,
        signals: &[Signal],
        channels: &[Option<usize>],
        told: Option<u64>,
    ) -> Result<Self, SourceError> {
        let mut files: Vec<(&str, Vec<Placed<'_>>)> = Vec::new();
        for (signal, &channel) in signals.iter().zip(channels) {
            if signal.format == Format::Null {
                continue;
            }
            match files.iter_mut().find(|(file, _)| *file == signal.file) {
                Some((_, list)) => list.push((channel, signal)),
                None => files.push((&signal.file, vec![(channel, signal)])),
            }
        }
        let groups =
            files.iter().map(|(_, list)| Group::open(header, list)).collect::<Result<Vec<_>, _>>()?;
        if groups.is_empty() && told.is_none_or(|n| n > MAX_GAP) {
            return Err(malformed(
                header,
                "",
                "all signals are null (format 0), for a time that is not told or beyond belief",
                format!("tell the number of frames in the record line, at most {MAX_GAP}"),
            ));
        }
        Ok(Self { header: header.to_owned(), groups, told, delivered: 0 })
    }

    /// Bytes of all its files.
    pub(super) fn size(&self) -> u64 {
        self.groups.iter().map(Group::size).sum()
    }

    pub(super) fn read_bytes(&self) -> u64 {
        self.groups.iter().map(Group::read_bytes).sum()
    }

    /// Frames of the longest file.
    fn held(&self) -> Option<u64> {
        self.groups.iter().map(Group::frames).max()
    }

    /// Frames that will be delivered, by what the headers tell and the files hold.
    pub(super) fn frames(&self) -> u64 {
        match (self.told, self.held()) {
            (Some(told), Some(held)) => told.min(held),
            (told, held) => told.or(held).unwrap_or(0),
        }
    }

    /// The next frame, NaN where a file has ended before the others; `false` at the end.
    pub(super) fn next_frame(&mut self, frame: &mut [f32]) -> Result<bool, SourceError> {
        frame.fill(f32::NAN);
        if self.told.is_some_and(|told| self.delivered >= told) {
            return Ok(false);
        }
        let mut any = self.groups.is_empty();
        for group in &mut self.groups {
            any |= group.next_frame(frame)?;
        }
        self.delivered += u64::from(any);
        Ok(any)
    }

    /// Goes to `frame` of this segment.
    pub(super) fn seek(&mut self, frame: u64) -> Result<(), SourceError> {
        for group in &mut self.groups {
            group.seek(frame)?;
        }
        self.delivered = frame;
        Ok(())
    }

    /// Lowest and highest code by channel in the first `frames` frames. Leaves the segment at an undefined frame.
    pub(super) fn code_ranges(
        &mut self,
        frames: usize,
        channels: usize,
    ) -> Result<Vec<Option<(i32, i32)>>, SourceError> {
        let mut ranges = vec![None; channels];
        for group in &mut self.groups {
            for (channel, range) in group.code_ranges(frames)? {
                ranges[channel] = Some(range);
            }
        }
        Ok(ranges)
    }

    /// Remarks on files that hold less than the header tells, or end within a frame.
    pub(super) fn shortfalls(&self) -> Vec<String> {
        let longest = self.held().unwrap_or(0);
        let told = self.told.unwrap_or(longest);
        let mut remarks = Vec::new();
        for group in &self.groups {
            let (path, size, held) = (group.path().display(), group.size(), group.frames());
            let header = self.header.display();
            if held < told {
                let by = if self.told.is_some() { "tells" } else { "needs, by its longest file," };
                remarks.push(format!(
                    "{path}: byte {size}: the file ends after {held} frames, {header} {by} {told}"
                ));
            } else if self.told.is_none() && group.torn_bytes() > 0 {
                let torn = group.torn_bytes();
                remarks.push(format!(
                    "{path}: byte {}: the last {torn} bytes are no whole frame, passed over",
                    size - torn
                ));
            }
        }
        remarks
    }

    /// Remarks on files that hold more than the header tells.
    pub(super) fn surpluses(&self) -> Vec<String> {
        let told = self.told.unwrap_or(u64::MAX);
        let longer = self.groups.iter().filter(|group| group.frames() > told);
        longer
            .map(|group| {
                let (path, held) = (group.path().display(), group.frames());
                format!(
                    "{path} holds {held} frames, {} tells {told}: the rest is left out",
                    self.header.display()
                )
            })
            .collect()
    }
}
