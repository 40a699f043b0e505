//! Alarms on the Skoltech Anomaly Benchmark, beside the published figures: the table of sustained faults.

use std::path::Path;

use eigenstream_core::monitor::{Config, DynMonitor};

use crate::data::Result;
use crate::output::Report;
use crate::parallel;
use crate::skab::{self, CHANNELS, Confusion, Recording, TRAINING_ROWS};
use crate::table::{Align, Table};

/// Wanted frames per falsely alarmed frame, the default last.
const WANTED: [f32; 6] = [20.0, 30.0, 50.0, 100.0, 1_000.0, 10_000.0];

/// F1, false alarms and misses in per cent, from the benchmark's own table (waico/SKAB, README of 2024-08-11).
const PUBLISHED: [(&str, f64, f64, f64); 4] = [
    ("Conv-AE", 0.78, 13.55, 28.02),
    ("MSET", 0.78, 39.73, 14.13),
    ("T²+Q (PCA)", 0.76, 26.62, 24.92),
    ("LSTM-AE", 0.74, 29.96, 25.92),
];

/// Adds the table to `report`. `folder` is that of the recordings.
///
/// # Errors
/// If a recording cannot be read, or the default configuration does not fit it.
pub fn report(folder: &Path, report: &mut Report) -> Result<()> {
    let recordings = skab::labelled(folder)?;
    let columns = ["F1", "false alarms, %", "missed, %"].map(|name| (name, Align::Right));
    let mut table = Table::new(&[&[("detector", Align::Left)][..], &columns].concat());
    for wanted in WANTED {
        let counts = parallel::map(&recordings, |recording| detect(recording, wanted));
        let mut total = Confusion::default();
        for count in counts {
            total += count?;
        }
        let key = format!("skab.eigenstream.{wanted}");
        for (name, value) in [("f1", total.f1()), ("far", total.far()), ("mar", total.mar())] {
            report.figure(&format!("{key}.{name}"), value);
        }
        let name = format!("**eigenstream**, one false alarm wanted in {wanted} frames");
        table.row(cells(&name, total.f1(), 100.0 * total.far(), 100.0 * total.mar()));
    }
    for (name, f1, far, mar) in PUBLISHED {
        table.row(cells(&format!("{name} (published, fitted in batch)"), f1, far, mar));
    }
    let mut all = Confusion::default();
    for recording in &recordings {
        all += recording.confusion(&vec![true; recording.anomaly.len()]);
    }
    table.row(cells("an alarm on every frame", all.f1(), 100.0 * all.far(), 100.0 * all.mar()));
    report.figure("skab.everything.f1", all.f1());
    report.markdown(format_args!(
        "## SKAB: {} files, first {TRAINING_ROWS} rows are warm-up",
        recordings.len()
    ));
    report.markdown(table);
    Ok(())
}

/// The monitor in its default configuration, but for the wanted rate and a warm-up of the rows that the benchmark gives for it.
fn detect(recording: &Recording, wanted: f32) -> std::result::Result<Confusion, String> {
    let mut config = Config::default();
    config.alarm.frames_per_false_alarm = wanted;
    config.alarm.warm_up_frames = TRAINING_ROWS as u32;
    let mut monitor = DynMonitor::new(CHANNELS, &config).map_err(|e| format!("{}: {e}", recording.file))?;
    let mut alarms = vec![false; recording.anomaly.len()];
    for frame in recording.frames() {
        if let Some(verdict) = monitor.process(frame) {
            alarms[verdict.frame as usize] = verdict.alarm;
        }
    }
    monitor.finish(|verdict| alarms[verdict.frame as usize] = verdict.alarm);
    Ok(recording.confusion(&alarms))
}

fn cells(name: &str, f1: f64, far: f64, mar: f64) -> [String; 4] {
    [name.into(), format!("{f1:.3}"), format!("{far:.1}"), format!("{mar:.1}")]
}
