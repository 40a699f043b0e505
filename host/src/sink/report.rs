//! The report page as a sink.

use std::io;
use std::path::Path;

use eigenstream_core::monitor::Verdict;

use super::{EventRecord, Outcome, PartFile, ShiftRecord, ShiftRecordChannel, Sink, watch_in_words};
use crate::report::{ReportBuilder, ReportEvent, ReportShift, ReportShiftChannel, ReportVerdict};
use crate::source::StreamInfo;

/// Gathers what the page shows in fixed memory and writes it at the end.
#[derive(Debug)]
pub struct ReportPage {
    builder: ReportBuilder,
    file: PartFile,
    settings: String,
    provenance: Vec<(String, String)>,
    first: u64,
}

impl ReportPage {
    /// Creates the page's file. `settings` is TOML, `provenance` are pairs of what and value, `first` is the index of the first frame.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(
        path: &Path,
        info: &StreamInfo,
        settings: String,
        provenance: Vec<(String, String)>,
        first: u64,
    ) -> io::Result<Self> {
        let (builder, file) = (ReportBuilder::new(info), PartFile::create(path)?);
        Ok(Self { builder, file, settings, provenance, first })
    }
}

impl Sink for ReportPage {
    fn frame(&mut self, time_s: f64, frame: &[f32]) -> io::Result<()> {
        self.builder.push(time_s, frame);
        Ok(())
    }

    fn verdict(&mut self, _: f64, v: &Verdict) -> io::Result<()> {
        let verdict =
            ReportVerdict { over: v.above(), p_value: v.p_value, warming_up: v.warming_up, alarm: v.alarm };
        self.builder.push_verdict(v.frame, &verdict);
        Ok(())
    }

    fn event(&mut self, event: &EventRecord) -> io::Result<()> {
        let what = match event.view {
            "spatial" => "channels do not fit each other",
            "level" => "channel does not stay where it was",
            "flag" => "flag does what it hardly ever did",
            _ => "channel does not go on as before",
        };
        self.builder.push_event(ReportEvent {
            start: event.start_frame - self.first,
            end: event.end_frame - self.first + 1,
            peak: event.peak_frame - self.first,
            start_s: event.start_s,
            end_s: event.end_s,
            peak_s: event.peak_s,
            peak_score: event.score_db,
            peak_p: event.p_value,
            limit: event.limit_db,
            channels: event.channels.iter().map(|c| (usize::from(c.index), c.share)).collect(),
            views: event.view.to_owned(),
            kind: what.to_owned(),
        });
        Ok(())
    }

    fn shift(&mut self, s: &ShiftRecord) -> io::Result<()> {
        let frames = [s.onset_frame, s.onset_earliest_frame, s.onset_latest_frame, s.alarm_frame];
        let channel = |c: &ShiftRecordChannel| ReportShiftChannel {
            channel: usize::from(c.index),
            mean: [c.mean_before, c.mean_after],
            deviation: [c.deviation_before, c.deviation_after],
        };
        self.builder.push_shift(ReportShift {
            frames: frames.map(|frame| frame - self.first),
            times_s: [s.onset_s, s.onset_earliest_s, s.onset_latest_s, s.alarm_s],
            kind: s.change_in_words().to_owned(),
            state: s.state_in_words(),
            regime: s.entered_regime,
            channels: s.channels.iter().map(channel).collect(),
        });
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: &Outcome) -> io::Result<()> {
        let Self { mut builder, mut file, settings, mut provenance, .. } = *self;
        provenance.push(("replayed in".into(), format!("{:.2} s", outcome.elapsed_s)));
        if let Some(watch) = &outcome.watch {
            builder.remark_on_shifts(&watch_in_words(watch));
        }
        builder.finish(&settings, provenance, &outcome.tally).write_to(&mut file)?;
        file.finish()
    }

    fn name(&self) -> String {
        self.file.path().display().to_string()
    }
}
