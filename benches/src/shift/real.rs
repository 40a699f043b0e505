//! Ours on real recordings: the Skoltech benchmark's change points, records of different patients joined, sound bearings joined with broken ones.

use std::path::Path;

use eigenstream_core::shift::{DynShiftDetector, ShiftConfig};

use super::nab::Nab;
use super::recordings::{self, ECG, ECG_RATE};
use crate::data::Result;
use crate::skab;

/// Settings for the Skoltech benchmark: a start anew after every change, as soon as the detector allows it.
#[must_use]
pub fn skab_config(seed: u64) -> ShiftConfig {
    ShiftConfig { warm_up_frames: 1, refine_frames: 5, seed, ..ShiftConfig::default() }
}

/// Score on the 34 labelled files, 8 raw channels at about 1 Hz, detections from row 400 on, window 60 rows. `alarms` gives the rows of one file.
///
/// # Errors
/// If a file cannot be read.
pub fn skab_score(folder: &Path, mut alarms: impl FnMut(&skab::Recording) -> Vec<usize>) -> Result<Nab> {
    let mut nab = Nab::default();
    for file in skab::labelled(folder)? {
        let changes: Vec<f64> =
            file.changepoint.iter().enumerate().filter(|c| *c.1).map(|c| c.0 as f64).collect();
        let detections: Vec<f64> = alarms(&file)
            .into_iter()
            .filter(|&row| row >= skab::TRAINING_ROWS)
            .map(|row| row as f64)
            .collect();
        nab.add(&changes, &detections, 60.0);
    }
    Ok(nab)
}

/// Rows of one file at which ours alarms.
#[must_use]
pub fn skab_alarms(file: &skab::Recording, config: &ShiftConfig) -> Vec<usize> {
    let Ok(mut detector) = DynShiftDetector::new(skab::CHANNELS, config) else { return Vec::new() };
    file.frames().enumerate().filter_map(|(row, x)| detector.process(x).alarm.then_some(row)).collect()
}

/// Two recordings joined.
#[derive(Clone, Debug)]
pub struct Joined {
    /// First, then second.
    pub names: (String, String),
    /// Frames, one after the other.
    pub frames: Vec<Vec<f32>>,
    /// The first frame of the second recording.
    pub join: usize,
    /// Seconds a frame.
    pub seconds: f64,
}

/// What ours said about one pair.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// An alarm before the join, at this frame.
    Early(usize),
    /// The first alarm after it.
    Found {
        /// Seconds from the join to the alarm.
        delay: f64,
        /// Onset less join, seconds.
        onset: f64,
        /// Whether the interval of the onset holds the join.
        covered: bool,
    },
    /// None.
    Missed,
}

/// Runs ours over a pair.
#[must_use]
pub fn watch(pair: &Joined, config: &ShiftConfig) -> Outcome {
    let d = pair.frames[0].len();
    let Ok(mut detector) = DynShiftDetector::new(d, config) else { return Outcome::Missed };
    let mut alarm = None;
    for (t, x) in pair.frames.iter().enumerate() {
        let verdict = detector.process(x);
        match alarm {
            None if verdict.alarm && t < pair.join => return Outcome::Early(t),
            None if verdict.alarm => alarm = Some(t),
            Some(_) if verdict.refined => break,
            _ => {}
        }
    }
    let (Some(alarm), Some(report)) = (alarm, detector.report()) else { return Outcome::Missed };
    let join = pair.join as u64;
    Outcome::Found {
        delay: (alarm - pair.join) as f64 * pair.seconds,
        onset: (report.onset_frame as f64 - pair.join as f64) * pair.seconds,
        covered: (report.onset_earliest..=report.onset_latest).contains(&join),
    }
}

/// Every ordered pair of the ECG records: the first `minutes` of one, then those of the other, as log energies of six octaves below 180 Hz in
/// blocks of one second.
///
/// # Errors
/// If a file cannot be read.
pub fn ecg_pairs(folder: &Path, minutes: f64) -> Result<Vec<Joined>> {
    let block = ECG_RATE as usize;
    let records =
        ECG.iter().map(|name| Ok(recordings::log_energies(&recordings::ecg(folder, name)?, block, 6)));
    let records = records.collect::<Result<Vec<_>>>()?;
    let join = (60.0 * minutes) as usize;
    let mut pairs = Vec::new();
    for (i, first) in records.iter().enumerate() {
        for (j, second) in records.iter().enumerate().filter(|&(j, _)| j != i) {
            let frames = first[..join].iter().chain(&second[..join]).cloned().collect();
            pairs.push(Joined { names: (ECG[i].into(), ECG[j].into()), frames, join, seconds: 1.0 });
        }
    }
    Ok(pairs)
}

/// Broken bearings.
const FAULTS: [&str; 4] = ["ball-007", "inner-race-007", "inner-race-021", "outer-race-007"];

/// The sound bearing, then each broken one: log energies of four octaves below 24 kHz of both sensors in blocks of 5 ms.
///
/// # Errors
/// If a file cannot be read.
pub fn vibration_pairs(folder: &Path) -> Result<Vec<Joined>> {
    let load = |name: &str| -> Result<Vec<Vec<f32>>> {
        let channels = recordings::wav(&folder.join(format!("{name}.wav")))?;
        let views: Vec<_> = channels.iter().map(|c| recordings::log_energies(c, 240, 4)).collect();
        Ok((0..views[0].len()).map(|t| views.iter().flat_map(|v| v[t].iter().copied()).collect()).collect())
    };
    let sound = load("normal")?;
    FAULTS
        .iter()
        .map(|&fault| {
            let frames = sound.iter().cloned().chain(load(fault)?).collect();
            Ok(Joined { names: ("normal".into(), fault.into()), frames, join: sound.len(), seconds: 0.005 })
        })
        .collect()
}
