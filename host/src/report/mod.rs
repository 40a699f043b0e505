//! One HTML page per replayed recording: signals, score, alarms and what they rest on.
//!
//! The page is a single file that loads nothing: its style, script and data are inside, so it can be mailed, archived
//! and printed. While the recording runs, [`ReportBuilder`] keeps a fixed amount of memory whatever its length
//! (an envelope of every signal, the strongest events, all samples around the strongest of these), and
//! [`ReportBuilder::finish`] turns that into a [`Page`].
//!
//! [`ReportBuilder`] takes only plain numbers: detection belongs elsewhere.

mod axis;
mod compare;
mod data;
mod envelope;
mod excerpt;
mod html;
mod shifts;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};

use crate::compare::{Comparison, Points};
use crate::source::{StreamInfo, Tally};
use axis::Clock;
use data::PageData;
use envelope::{Bins, Range, StartTime, Verdicts};
use excerpt::{Excerpts, drop_weakest};
use shifts::MAX_SHIFTS;
pub use shifts::{ReportShift, ReportShiftChannel};

/// Bins over all channels together, which bounds memory (3 MB) and page alike.
const TOTAL_BINS: usize = 256 << 10;
const MAX_BINS: usize = 4096;
const MIN_BINS: usize = 256;
/// Rows of the table of alarms; of more, the strongest.
const MAX_EVENTS: usize = 500;
/// Channels listed for an alarm, those with the largest share.
const EVENT_CHANNELS: usize = 8;

/// One alarm, from its first frame to its last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportEvent {
    /// First frame in alarm.
    pub start: u64,
    /// Frame after the last one in alarm.
    pub end: u64,
    /// Frame of the highest score.
    pub peak: u64,
    /// Time of `start` in seconds, on the clock of [`ReportBuilder::push`].
    pub start_s: f64,
    /// Time of `end` in seconds.
    pub end_s: f64,
    /// Time of `peak` in seconds.
    pub peak_s: f64,
    /// The highest score.
    pub peak_score: f32,
    /// Its p-value, NaN if unknown.
    pub peak_p: f32,
    /// The limit that it exceeded.
    pub limit: f32,
    /// Channels and their shares in the peak score (0..=1), in any order.
    pub channels: Vec<(usize, f32)>,
    /// Which view of the data fired, in words for people; may be empty.
    pub views: String,
    /// What kind of event it is, in words for people; may be empty.
    pub kind: String,
}

impl ReportEvent {
    /// How improbable the peak is, in nepers: scores of different views have no common scale, p-values have. −∞ if it is not known.
    fn strength(&self) -> f32 {
        if self.peak_p.is_nan() { f32::NEG_INFINITY } else { -self.peak_p.ln() }
    }
}

/// What was said of one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReportVerdict {
    /// How far the frame is above the limit of the view where that is most, in dB; NaN if no limit is known.
    pub over: f32,
    /// Its p-value, NaN if unknown.
    pub p_value: f32,
    /// Whether the detector was still learning what is usual.
    pub warming_up: bool,
    /// Whether the frame is in alarm.
    pub alarm: bool,
}

/// Samples of a channel that could not be used.
#[derive(Clone, Copy, Debug, Default)]
struct Unusable {
    missing: u64,
    saturated: u64,
}

/// What the judged frames amount to.
#[derive(Clone, Copy, Debug, Default)]
struct Judged {
    frames: u64,
    in_alarm: u64,
    /// First frame after the warm-up, and its time.
    first_settled: Option<(u64, f64)>,
}

/// Gathers a recording while it is replayed.
///
/// Memory is bounded by the number of channels (below 30 MB up to 1,000) and does not grow with the recording.
#[derive(Debug)]
pub struct ReportBuilder {
    info: StreamInfo,
    clock: Clock,
    starts: Bins<StartTime>,
    ranges: Vec<Bins<Range>>,
    unusable: Vec<Unusable>,
    verdicts: Bins<Verdicts>,
    judged: Judged,
    /// The strongest, with their number among all.
    events: Vec<(u64, ReportEvent)>,
    events_seen: u64,
    /// Sum of shares over all events.
    involvement: Vec<f32>,
    excerpts: Excerpts,
    shifts: Vec<ReportShift>,
    shifts_seen: u64,
    shifts_remark: String,
}

impl ReportBuilder {
    /// An empty report on the stream `info`.
    pub fn new(info: &StreamInfo) -> Self {
        let channels = info.channels.len();
        let bins = (TOTAL_BINS / channels.max(1)).clamp(MIN_BINS, MAX_BINS);
        Self {
            info: info.clone(),
            clock: Clock::default(),
            starts: Bins::new(bins),
            ranges: vec![Bins::new(bins); channels],
            unusable: vec![Unusable::default(); channels],
            verdicts: Bins::new(bins),
            judged: Judged::default(),
            events: Vec::new(),
            events_seen: 0,
            involvement: vec![0.0; channels],
            excerpts: Excerpts::new(channels),
            shifts: Vec::new(),
            shifts_seen: 0,
            shifts_remark: String::new(),
        }
    }

    /// Takes the next frame: one sample per channel, NaN = missing, at `time_s` seconds.
    ///
    /// A frame of another length than the stream has channels is cut, or filled with NaN.
    pub fn push(&mut self, time_s: f64, frame: &[f32]) {
        if frame.len() == self.ranges.len() {
            self.push_whole(time_s, frame);
        } else {
            let mut whole = frame.to_vec();
            whole.resize(self.ranges.len(), f32::NAN);
            self.push_whole(time_s, &whole);
        }
    }

    fn push_whole(&mut self, time_s: f64, frame: &[f32]) {
        let index = self.clock.frames();
        let time_s = self.clock.next(time_s);
        let start = self.starts.cell(index);
        start.0 = start.0.or(Some(time_s));
        let per_channel = self.ranges.iter_mut().zip(&mut self.unusable).zip(&self.info.channels);
        for (((bins, unusable), channel), &sample) in per_channel.zip(frame) {
            bins.cell(index).add(sample);
            unusable.missing += u64::from(sample.is_nan());
            unusable.saturated +=
                u64::from(channel.rails.is_some_and(|(low, high)| sample <= low || sample >= high));
        }
        self.excerpts.push(time_s, frame);
    }

    /// Takes the verdict on frame `frame_index` (0 = first), which must have been pushed.
    pub fn push_verdict(&mut self, frame_index: u64, verdict: &ReportVerdict) {
        if frame_index >= self.clock.frames() {
            return;
        }
        let cell = self.verdicts.cell(frame_index);
        cell.over = cell.over.max(verdict.over);
        cell.p_value = cell.p_value.min(verdict.p_value);
        cell.seen = true;
        cell.settled |= !verdict.warming_up;
        cell.alarm |= verdict.alarm;
        self.judged.frames += 1;
        self.judged.in_alarm += u64::from(verdict.alarm);
        if self.judged.first_settled.is_none() && !verdict.warming_up {
            let time = self.excerpts.time(frame_index).unwrap_or(f64::NAN);
            self.judged.first_settled = Some((frame_index, time));
        }
        self.excerpts.push_over(frame_index, verdict.over);
    }

    /// Takes an event, when it is over. The sooner after its peak, the more of its samples can be shown.
    pub fn push_event(&mut self, mut event: ReportEvent) {
        event.channels.retain(|(c, share)| *c < self.ranges.len() && share.is_finite());
        event.channels.sort_by(|a, b| b.1.total_cmp(&a.1));
        for &(c, share) in &event.channels {
            self.involvement[c] += share;
        }
        event.channels.truncate(EVENT_CHANNELS);
        let ranked: Vec<usize> = event.channels.iter().map(|(c, _)| *c).collect();
        self.excerpts.request(event.peak, event.strength(), &ranked);
        self.events_seen += 1;
        self.events.push((self.events_seen, event));
        if self.events.len() > MAX_EVENTS {
            drop_weakest(&mut self.events, |(_, e)| e.strength());
        }
    }

    /// Takes a shift, in the order of their onsets.
    pub fn push_shift(&mut self, mut shift: ReportShift) {
        shift.channels.retain(|c| c.channel < self.ranges.len());
        self.shifts_seen += 1;
        if self.shifts.len() < MAX_SHIFTS {
            self.shifts.push(shift);
        }
    }

    /// What the watch for shifts has to say in a sentence.
    pub fn remark_on_shifts(&mut self, remark: &str) {
        self.shifts_remark = remark.to_owned();
    }

    /// The page. `settings` is the configuration as TOML; `provenance` are pairs of a heading and its text, such as
    /// the version and the command; `tally` is what the source had to repair or pass over.
    pub fn finish(mut self, settings: &str, provenance: Vec<(String, String)>, tally: &Tally) -> Page {
        let axis = self.clock.axis(self.info.rate_hz);
        self.verdicts.widen(self.starts.width());
        let excerpts = self.excerpts.finish();
        let mut order: Vec<usize> = (0..self.ranges.len()).collect();
        order.sort_by(|&a, &b| self.involvement[b].total_cmp(&self.involvement[a]));
        let data = PageData::new(&axis, &self.info.channels, &self.starts, &self.ranges, &self.verdicts)
            .with_details(&axis, &self.events, order, &excerpts)
            .with_shifts(&axis, &self.shifts);
        let content = html::Content {
            info: &self.info,
            axis: &axis,
            judged: self.judged,
            events: &self.events,
            events_seen: self.events_seen,
            shifts: &shifts::section(
                &axis,
                &self.info.channels,
                &self.shifts,
                self.shifts_seen,
                &self.shifts_remark,
            ),
            shifts_seen: self.shifts_seen,
            unusable: &self.unusable,
            settings,
            provenance: &provenance,
            tally,
        };
        // Serialising numbers and strings into memory has nothing to fail on; an empty object shows no plots.
        let json = serde_json::to_string(&data).unwrap_or_else(|_| "{}".into());
        Page { html: html::page(&content, &text::script_safe(&json)) }
    }
}

/// The page of a comparison of `points[1]` with `points[0]`. `settings` is the configuration as TOML.
#[must_use]
pub fn compare_page(comparison: &Comparison, points: [&Points; 2], settings: &str) -> Page {
    Page { html: compare::page(comparison, points, settings) }
}

/// A finished page.
#[derive(Clone, Debug)]
pub struct Page {
    html: String,
}

impl Page {
    /// The page as text.
    pub fn as_str(&self) -> &str {
        &self.html
    }

    /// Writes the page.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_to(&self, mut out: impl Write) -> io::Result<()> {
        out.write_all(self.html.as_bytes())?;
        out.flush()
    }
}
