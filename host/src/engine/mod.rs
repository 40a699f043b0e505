//! A recorded stream through the core: source → monitor and watch → sinks, in one pass and fixed memory.

mod idle;
pub mod outputs;
mod times;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use eigenstream_core::monitor::{COARSE_FACTOR, Config, Counters, DynMonitor, Verdict};
use eigenstream_core::score::Event;
use eigenstream_core::watch::{DynWatch, Shift, WatchConfig};

use self::idle::Idle;
use self::times::Times;
use crate::settings::{RunError, SettingsError};
use crate::sink::{EventRecord, Outcome, ShiftRecord, Sink};
use crate::source::{Progress, Source, StreamInfo};

/// Frames between two calls of the progress callback.
const PROGRESS_EVERY: u64 = 4096;

/// Replays `source` to its end through a monitor with `config` and a watch for shifts with `shift`, handing everything to the sinks, and finishes them.
/// `first` is the index that the first frame has in the recording; `progress` is called now and then with what was read and the frames so far.
///
/// Cost: that of the monitor for each frame; memory is that of the monitor and the sinks, whatever the length of the recording.
///
/// # Errors
/// If the source cannot be read to its end, an output cannot be written, the configuration does not fit the stream, or no frame
/// could be judged. The outputs then keep their `.part` names.
pub fn replay(
    source: &mut dyn Source,
    config: &Config,
    shift: &WatchConfig,
    first: u64,
    mut sinks: Vec<Box<dyn Sink>>,
    progress: &mut dyn FnMut(Progress, u64),
) -> Result<Outcome, RunError> {
    let begun = Instant::now();
    let info = source.info().clone();
    let mut monitor = monitor(&info, config)?;
    let mut watch = shift.enabled.then(|| watch(&info, config, shift)).transpose()?;
    let mut frame = vec![f32::NAN; info.channels.len()];
    let mut idle = Idle::new(frame.len());
    let mut run = Run::new(&info, first, &mut sinks);
    let mut duration_s = 0.0;
    while let Some(time_s) = source.next_frame(&mut frame)? {
        duration_s = time_s;
        run.frame(time_s, &frame)?;
        idle.update(&frame);
        if let Some(verdict) = monitor.process(&frame) {
            run.verdict(&verdict)?;
        }
        if let Some(watch) = &mut watch {
            watch.process(&frame);
            run.shifts(watch)?;
        }
        if monitor.counters().frames % PROGRESS_EVERY == 0 {
            progress(source.progress(), monitor.counters().frames);
        }
    }
    let warming_up = monitor.is_warming_up();
    // The callback cannot return the error, so it is kept and the first one wins.
    let mut failed = Ok(());
    let last = monitor.finish(|verdict| {
        if failed.is_ok() {
            failed = run.verdict(&verdict);
        }
    });
    failed?;
    if let Some(event) = last {
        run.event(&event)?;
    }
    if let Some(watch) = &mut watch {
        watch.finish();
        run.shifts(watch)?;
    }
    progress(source.progress(), monitor.counters().frames);
    let counters = *monitor.counters();
    let mut tally = source.tally().clone();
    if let Some(remark) = idle.remark(&info.channels) {
        tally.remark(remark);
    }
    if !monitor.calibration_trusted() {
        tally.remark(uncalibrated(monitor.calibration_check().rare_ratio()));
    }
    let watch = watch.map(|watch| watch.status());
    if warming_up {
        tally.remark(too_short(&info, config, first, &counters)?);
    }
    let outcome = Outcome { counters, watch, tally, duration_s, elapsed_s: begun.elapsed().as_secs_f64() };
    for sink in sinks {
        let path = PathBuf::from(sink.name());
        sink.finish(&outcome).map_err(|source| RunError::Output { path, source })?;
    }
    Ok(outcome)
}

/// A monitor of the stream's shape, with the rails that the file tells.
fn monitor(info: &StreamInfo, config: &Config) -> Result<DynMonitor, SettingsError> {
    let mut monitor = DynMonitor::new(info.channels.len(), config)?;
    for (i, channel) in info.channels.iter().enumerate() {
        if let Some((low, high)) = channel.rails {
            monitor.set_rails(i, low, high)?;
        }
    }
    Ok(monitor)
}

/// A watch for shifts of the stream's shape, with its rails.
fn watch(info: &StreamInfo, config: &Config, shift: &WatchConfig) -> Result<DynWatch, SettingsError> {
    let mut watch = DynWatch::new(info.channels.len(), shift, &config.condition)?;
    for (i, channel) in info.channels.iter().enumerate() {
        if let Some((low, high)) = channel.rails {
            watch.set_rails(i, low, high)?;
        }
    }
    Ok(watch)
}

/// What is said of a recording whose p-values are not uniform.
fn uncalibrated(ratio: f32) -> String {
    if ratio < 1.0 {
        return format!(
            "what is usual in this stream is not chance: scores with a p-value below 0.01 come {ratio:.1} times as often as they \
             should, so fewer false alarms than wanted are to be expected"
        );
    }
    format!(
        "the stream does not stay as it was: scores with a p-value below 0.01 come {ratio:.1} times as often as they should, \
         so more false alarms than wanted are to be expected"
    )
}

/// A recording that ended within the warm-up, or that no view could judge, must not look as if it had been found in order: the first is
/// said, the second is an error.
fn too_short(
    info: &StreamInfo,
    config: &Config,
    first: u64,
    counters: &Counters,
) -> Result<String, RunError> {
    let frames = counters.frames;
    let judged = frames - counters.unjudged;
    // The warm-up begins with the first frame that stands in the middle of full windows; frames that wait for their verdict count.
    let t = &config.temporal;
    let factor = if t.coarse { COARSE_FACTOR as u64 } else { 1 };
    let span = if t.enabled { factor * t.length as u64 } else { 0 };
    let warm_up = u64::from(config.alarm.warm_up_frames).saturating_sub(config.delay() as u64);
    let begin = span + warm_up;
    let (problem, fix) = if frames == 0 {
        (
            format!("no frames to replay, {first} passed over"),
            "check --from and --to against the length that `eigenstream info` tells",
        )
    } else if frames <= begin {
        return Ok(format!(
            "no alarm was possible: {frames} frames, and alarms begin after about {begin}; replay a longer stretch or lower \
             --alarm.warm-up-frames (at least 100)"
        ));
    } else {
        (
            format!("only {judged} of {frames} frames could be judged"),
            "no channel varies long enough: see `eigenstream info`, and check for constant, missing or on/off channels",
        )
    };
    Err(RunError::Nothing { name: info.name.clone(), problem, fix: fix.to_owned() })
}

/// The sinks with what they need beside the verdicts: the times of frames, and of the open event.
struct Run<'a> {
    info: &'a StreamInfo,
    first: u64,
    sinks: &'a mut [Box<dyn Sink>],
    /// Times of the frames that wait for their verdict.
    waiting: VecDeque<f64>,
    /// Times of all frames.
    times: Times,
    /// Times of start, end and peak of the open event, and how far the peak is above its limit.
    open: Option<([f64; 3], f32)>,
}

impl<'a> Run<'a> {
    fn new(info: &'a StreamInfo, first: u64, sinks: &'a mut [Box<dyn Sink>]) -> Self {
        Self { info, first, sinks, waiting: VecDeque::new(), times: Times::new(), open: None }
    }

    fn each(&mut self, mut call: impl FnMut(&mut dyn Sink) -> io::Result<()>) -> Result<(), RunError> {
        for sink in self.sinks.iter_mut() {
            if let Err(source) = call(sink.as_mut()) {
                return Err(RunError::Output { path: sink.name().into(), source });
            }
        }
        Ok(())
    }

    fn frame(&mut self, time_s: f64, frame: &[f32]) -> Result<(), RunError> {
        self.waiting.push_back(time_s);
        self.times.push(time_s);
        self.each(|sink| sink.frame(time_s, frame))
    }

    fn verdict(&mut self, verdict: &Verdict) -> Result<(), RunError> {
        let time_s = self.waiting.pop_front().unwrap_or(f64::NAN);
        if let Some(event) = &verdict.event {
            self.event(event)?;
        }
        if verdict.alarm {
            let ([start, _, peak], best) = self.open.unwrap_or(([time_s; 3], f32::NEG_INFINITY));
            let above = verdict.above();
            let peak = if above > best { time_s } else { peak };
            self.open = Some(([start, time_s, peak], best.max(above)));
        }
        self.each(|sink| sink.verdict(time_s, verdict))
    }

    /// Hands on what the watch has settled.
    fn shifts(&mut self, watch: &mut DynWatch) -> Result<(), RunError> {
        while let Some(shift) = watch.next_shift() {
            self.shift(&shift)?;
        }
        Ok(())
    }

    fn shift(&mut self, shift: &Shift) -> Result<(), RunError> {
        // Nanoseconds, as in the table of scores: without the digits that interpolating invents.
        let time = |frame| (self.times.at(frame) * 1e9).round() / 1e9;
        let record = ShiftRecord::new(self.info, shift, self.first, time);
        self.each(|sink| sink.shift(&record))
    }

    fn event(&mut self, event: &Event) -> Result<(), RunError> {
        let (times, _) = self.open.take().unwrap_or(([f64::NAN; 3], 0.0));
        let record = EventRecord::new(self.info, event, self.first, times);
        self.each(|sink| sink.event(&record))
    }
}
