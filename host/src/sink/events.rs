//! Events as JSON Lines: one object per event, written when it has ended; one per shift, when it has settled.

use std::io::{self, Write};
use std::path::Path;

use eigenstream_core::score::{Event, View};
use serde::Serialize;

use super::{Outcome, PartFile, ShiftRecord, Sink};
use crate::source::StreamInfo;

/// Version of the event objects. Raised when a field changes its meaning or goes away; new fields do not raise it.
pub const SCHEMA: u32 = 1;

/// A channel's part in an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Involved {
    /// Channel name.
    pub channel: String,
    /// Channel index.
    pub index: u16,
    /// Share of the score at the peak, 0 … 1.
    pub share: f32,
}

/// One event with the names and times of its stream; the fields of a JSON object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventRecord {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The same for the same event of the same stream, whoever computes it: FNV-1a of stream, kind and first frame.
    pub id: String,
    /// Name of the stream.
    pub stream: String,
    /// Kind of event: `anomaly`.
    pub kind: &'static str,
    /// First alarmed frame.
    pub start_frame: u64,
    /// Last alarmed frame.
    pub end_frame: u64,
    /// Frame of the highest score.
    pub peak_frame: u64,
    /// Time of the first alarmed frame, in seconds since the recording began.
    pub start_s: f64,
    /// Time of the last alarmed frame, in seconds.
    pub end_s: f64,
    /// Time of the highest score, in seconds.
    pub peak_s: f64,
    /// Alarmed frames.
    pub alarms: u64,
    /// Highest score, in dB over the usual.
    pub score_db: f32,
    /// The limit at that frame, in dB.
    pub limit_db: f32,
    /// p-value of the highest score.
    pub p_value: f32,
    /// `spatial` (the channels do not fit each other) or `temporal` (one channel does not go on as before).
    pub view: &'static str,
    /// Channels by their part in it, largest first.
    pub channels: Vec<Involved>,
}

impl EventRecord {
    /// Gives a core event its names and times; `first` is the index of the first frame the engine saw, `times` those of start,
    /// end and peak.
    #[must_use]
    pub fn new(info: &StreamInfo, event: &Event, first: u64, times: [f64; 3]) -> Self {
        let kind = "anomaly";
        let start_frame = first + event.start;
        let name =
            |index: u16| info.channels.get(usize::from(index)).map_or_else(String::new, |c| c.name.clone());
        let [start_s, end_s, peak_s] = times;
        Self {
            schema: SCHEMA,
            id: identity(&info.name, kind, start_frame),
            stream: info.name.clone(),
            kind,
            start_frame,
            end_frame: first + event.end,
            peak_frame: first + event.peak,
            start_s,
            end_s,
            peak_s,
            alarms: event.alarms,
            score_db: event.score,
            limit_db: event.limit,
            p_value: event.p_value,
            view: match event.view {
                View::Spatial => "spatial",
                View::Temporal(_) => "temporal",
                View::Level(_) => "level",
                View::Flag(_) => "flag",
            },
            channels: event
                .channels
                .iter()
                .map(|s| Involved { channel: name(s.channel), index: s.channel, share: s.share })
                .collect(),
        }
    }
}

/// 64-bit FNV-1a (Fowler, Noll, Vo) in hexadecimal: short, stable, and not meant to resist an attacker.
pub(super) fn identity(stream: &str, kind: &str, start: u64) -> String {
    let bytes = stream.bytes().chain([0]).chain(kind.bytes()).chain([0]).chain(start.to_le_bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

enum Target {
    File(PartFile),
    Stdout(io::Stdout),
}

/// Writes [`EventRecord`]s and [`ShiftRecord`]s, one a line.
pub struct Events(Target);

impl Events {
    /// Events on standard output, each line flushed.
    #[must_use]
    pub fn stdout() -> Self {
        Self(Target::Stdout(io::stdout()))
    }

    /// Events in a file.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Target::File(PartFile::create(path)?)))
    }

    fn line(&mut self, record: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        match &mut self.0 {
            Target::File(file) => file.write_all(&line),
            Target::Stdout(out) => out.write_all(&line).and_then(|()| out.flush()),
        }
    }
}

impl Sink for Events {
    fn event(&mut self, event: &EventRecord) -> io::Result<()> {
        self.line(event)
    }

    fn shift(&mut self, shift: &ShiftRecord) -> io::Result<()> {
        self.line(shift)
    }

    fn finish(self: Box<Self>, _: &Outcome) -> io::Result<()> {
        match self.0 {
            Target::File(file) => file.finish(),
            Target::Stdout(mut out) => out.flush(),
        }
    }

    fn name(&self) -> String {
        match &self.0 {
            Target::File(file) => file.path().display().to_string(),
            Target::Stdout(_) => "standard output".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn an_identity_depends_on_each_of_its_parts_and_on_nothing_else() {
        let id = identity("100", "anomaly", 5);
        assert_eq!(id, identity("100", "anomaly", 5));
        for other in
            [identity("101", "anomaly", 5), identity("100", "shift", 5), identity("100", "anomaly", 6)]
        {
            assert_ne!(id, other);
        }
        // FNV-1a of the empty input is its offset basis; of "a", the published value.
        let fnv = |b: &[u8]| {
            b.iter()
                .fold(0xcbf2_9ce4_8422_2325_u64, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
        };
        assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
