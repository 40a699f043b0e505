//! A shift with the names, units and times of its stream; the fields of a JSON object.

use eigenstream_core::shift::Kind;
use eigenstream_core::watch::{Shift, ShiftedChannel, WatchStatus};
use serde::Serialize;

use super::events::{SCHEMA, identity};
use crate::source::StreamInfo;

/// A channel that carries a shift, in its own unit; `null` where too little was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShiftRecordChannel {
    /// Channel name.
    pub channel: String,
    /// Channel index.
    pub index: u16,
    /// Unit of the next four.
    pub unit: String,
    /// Mean before the onset.
    pub mean_before: f32,
    /// Mean after it.
    pub mean_after: f32,
    /// Standard deviation before the onset.
    pub deviation_before: f32,
    /// Standard deviation after it.
    pub deviation_after: f32,
}

/// One shift. Frames count from the beginning of the recording, states from 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShiftRecord {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The same for the same shift of the same stream: FNV-1a of stream, kind and frame of the onset.
    pub id: String,
    /// Name of the stream.
    pub stream: String,
    /// Kind of event: `shift`.
    pub kind: &'static str,
    /// What changed.
    pub change: Kind,
    /// Likeliest frame of the onset.
    pub onset_frame: u64,
    /// The onset is hardly before this frame,
    pub onset_earliest_frame: u64,
    /// and hardly after this one.
    pub onset_latest_frame: u64,
    /// Frame that raised the alarm.
    pub alarm_frame: u64,
    /// Their times in seconds.
    pub onset_s: f64,
    /// See `onset_earliest_frame`.
    pub onset_earliest_s: f64,
    /// See `onset_latest_frame`.
    pub onset_latest_s: f64,
    /// See `alarm_frame`.
    pub alarm_s: f64,
    /// State that was left.
    pub left_regime: u32,
    /// State that it leads to.
    pub entered_regime: u32,
    /// The same if it was known, and is recognised.
    pub returned_to: Option<u32>,
    /// Of a rotation, the largest angle between the leading axes before and after.
    pub angle_deg: f32,
    /// Evidence of a block for the new state.
    pub nats: f32,
    /// Frames in a block.
    pub block_frames: u32,
    /// The channels that carry it, the most telling first.
    pub channels: Vec<ShiftRecordChannel>,
}

impl ShiftRecord {
    /// Gives a core shift its names and times; `first` is the index of the first frame the engine saw, `time` that of a frame it saw.
    #[must_use]
    pub fn new(info: &StreamInfo, shift: &Shift, first: u64, time: impl Fn(u64) -> f64) -> Self {
        let kind = "shift";
        let onset_frame = first + shift.onset_frame;
        let channel = |c: &ShiftedChannel| {
            let of = info.channels.get(usize::from(c.channel)).cloned().unwrap_or_default();
            ShiftRecordChannel {
                channel: of.name,
                index: c.channel,
                unit: of.unit,
                mean_before: c.mean_before,
                mean_after: c.mean_after,
                deviation_before: c.deviation_before,
                deviation_after: c.deviation_after,
            }
        };
        Self {
            schema: SCHEMA,
            id: identity(&info.name, kind, onset_frame),
            stream: info.name.clone(),
            kind,
            change: shift.kind,
            onset_frame,
            onset_earliest_frame: first + shift.onset_earliest,
            onset_latest_frame: first + shift.onset_latest,
            alarm_frame: first + shift.alarm_frame,
            onset_s: time(shift.onset_frame),
            onset_earliest_s: time(shift.onset_earliest),
            onset_latest_s: time(shift.onset_latest),
            alarm_s: time(shift.alarm_frame),
            left_regime: shift.left_regime + 1,
            entered_regime: shift.entered_regime + 1,
            returned_to: shift.returned_to.map(|state| state + 1),
            angle_deg: shift.angle_deg,
            nats: shift.nats,
            block_frames: shift.block_frames,
            channels: shift.channels.iter().map(channel).collect(),
        }
    }

    /// What changed, in words for people.
    #[must_use]
    pub fn change_in_words(&self) -> &'static str {
        match self.change {
            Kind::Mean => "level",
            Kind::Scale => "size of the variation",
            Kind::Rotation => "how the channels vary together",
            Kind::Rank => "number of independent variations",
            Kind::NoiseFloor => "noise floor",
            Kind::DeadChannel => "channel stopped",
            Kind::ReturnedChannel => "channel came to life",
            Kind::Gain => "gain",
        }
    }

    /// The state that it leads to, in words.
    #[must_use]
    pub fn state_in_words(&self) -> String {
        match self.returned_to {
            Some(known) => format!("back to regime {known}"),
            None => format!("regime {}", self.entered_regime),
        }
    }
}

/// What the watch for shifts came to, in a line.
#[must_use]
pub fn watch_in_words(watch: &WatchStatus) -> String {
    let blocks = match watch.block_frames {
        1 => "single frames".to_owned(),
        n => format!("blocks of {n} frames"),
    };
    let dependent =
        if watch.dependent { "; they depend on each other, so more may be false than asked for" } else { "" };
    match (watch.shifts, watch.watched_from) {
        (0, None) => {
            format!("none yet, still learning: that takes {} frames, in {blocks}", watch.warm_up_frames)
        }
        (0, Some(_)) if !watch.watching => {
            format!(
                "none found so far: to learn what is usual takes {} frames in {blocks}, and the recording ended before",
                watch.warm_up_frames
            )
        }
        (0, Some(_)) => format!("none found, in {blocks}{dependent}"),
        (n, _) => format!("{n} found, in {blocks}{dependent}"),
    }
}
