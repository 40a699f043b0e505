//! The Skoltech Anomaly Benchmark (v0.9): a water circulation test bed, 1 Hz, 8 sensors, 34 files with faults and one without.
//!
//! The benchmark fits on the first 400 rows of each file and predicts the rest; its figures are computed from the rows after
//! these, counted point by point over all files together. This is the convention under which predicting an anomaly everywhere
//! gives F1 .698 (over all rows it would be .518), so F1 alone says little: print the rates of false alarms and of misses beside
//! it. One file, `other/2.csv`, has 296 anomalous rows inside the 400 it is fitted on; they count nowhere.

use std::fs;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};

use crate::data::Result;

/// Rows at the start of each labelled file that a detector may learn from and that are not evaluated.
pub const TRAINING_ROWS: usize = 400;

/// Channels of every file.
pub const CHANNELS: usize = 8;

/// One file.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Folder and file name, such as `valve1/0.csv`.
    pub file: String,
    /// Frames one after the other, [`CHANNELS`] values each.
    pub values: Vec<f32>,
    /// Whether each frame is anomalous; all false in the file without faults.
    pub anomaly: Vec<bool>,
    /// Whether the state of the test bed changes at each frame; all false in the file without faults.
    pub changepoint: Vec<bool>,
}

impl Recording {
    /// The frames in order.
    pub fn frames(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(CHANNELS)
    }

    /// Counts `predicted`, one for each frame, from row [`TRAINING_ROWS`] on.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn confusion(&self, predicted: &[bool]) -> Confusion {
        assert_eq!(predicted.len(), self.anomaly.len(), "one prediction for every frame");
        let mut counts = Confusion::default();
        for (&truth, &alarm) in self.anomaly.iter().zip(predicted).skip(TRAINING_ROWS) {
            let count = match (truth, alarm) {
                (true, true) => &mut counts.true_positives,
                (false, true) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (true, false) => &mut counts.false_negatives,
            };
            *count += 1;
        }
        counts
    }
}

/// Evaluated frames, by truth and prediction. Add those of all files, then ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Anomalous and predicted so.
    pub true_positives: u64,
    /// Normal and predicted anomalous.
    pub false_positives: u64,
    /// Normal and predicted so.
    pub true_negatives: u64,
    /// Anomalous and predicted normal.
    pub false_negatives: u64,
}

impl Confusion {
    /// 2·TP / (2·TP + FP + FN), in `0..=1`; NaN if there is nothing to find and nothing was predicted.
    #[must_use]
    pub fn f1(&self) -> f64 {
        let hits = 2 * self.true_positives;
        hits as f64 / (hits + self.false_positives + self.false_negatives) as f64
    }

    /// False-alarm rate FP / (FP + TN), in `0..=1`; NaN without normal frames.
    #[must_use]
    pub fn far(&self) -> f64 {
        self.false_positives as f64 / (self.false_positives + self.true_negatives) as f64
    }

    /// Missed-alarm rate FN / (FN + TP), in `0..=1`; NaN without anomalous frames.
    #[must_use]
    pub fn mar(&self) -> f64 {
        self.false_negatives as f64 / (self.false_negatives + self.true_positives) as f64
    }
}

impl AddAssign for Confusion {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.true_negatives += other.true_negatives;
        self.false_negatives += other.false_negatives;
    }
}

/// The 34 files with faults in the folder `skab`, sorted by folder and by number.
///
/// # Errors
/// If a file cannot be read.
pub fn labelled(folder: &Path) -> Result<Vec<Recording>> {
    let mut recordings = Vec::new();
    for group in ["other", "valve1", "valve2"] {
        let listing = fs::read_dir(folder.join(group)).map_err(|e| format!("skab/{group}: {e}"))?;
        let files = listing.map(|item| Ok(item?.path())).collect::<Result<Vec<PathBuf>>>()?;
        let number = |path: &PathBuf| path.file_stem()?.to_str()?.parse::<u32>().ok();
        let mut files: Vec<_> = files.into_iter().filter(|path| number(path).is_some()).collect();
        files.sort_by_key(number);
        for path in files {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            recordings.push(load(&path, format!("{group}/{name}"))?);
        }
    }
    Ok(recordings)
}

/// The file without faults.
///
/// # Errors
/// If it cannot be read.
pub fn anomaly_free(folder: &Path) -> Result<Recording> {
    load(&folder.join("anomaly-free.csv"), "anomaly-free.csv".into())
}

fn load(path: &Path, file: String) -> Result<Recording> {
    let text = fs::read_to_string(path).map_err(|e| format!("skab/{file}: {e}"))?;
    let parsed = parse(&text).map_err(|e| format!("skab/{file}: {e}"))?;
    Ok(Recording { file, ..parsed })
}

/// `datetime`, eight sensors, and in labelled files `anomaly` and `changepoint`.
fn parse(text: &str) -> Result<Recording> {
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
    let columns = reader.headers()?.len();
    if columns != 1 + CHANNELS && columns != 3 + CHANNELS {
        return Err(format!("{columns} columns").into());
    }
    let (file, values, anomaly, changepoint) = Default::default();
    let mut recording = Recording { file, values, anomaly, changepoint };
    for (row, record) in reader.records().enumerate() {
        let record = record?;
        let cell = |cell: &str| cell.parse::<f32>().map_err(|e| format!("row {}: {cell:?}: {e}", row + 1));
        let flag = |column: usize| record.get(column).map_or(Ok(false), |text| cell(text).map(|x| x > 0.5));
        for text in record.iter().skip(1).take(CHANNELS) {
            recording.values.push(cell(text)?);
        }
        recording.anomaly.push(flag(1 + CHANNELS)?);
        recording.changepoint.push(flag(2 + CHANNELS)?);
    }
    Ok(recording)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    #[test]
    fn rates() {
        let counts =
            Confusion { true_positives: 6, false_positives: 2, true_negatives: 8, false_negatives: 3 };
        assert!((counts.f1() - 12.0 / 17.0).abs() < 1e-15);
        assert!((counts.far() - 0.2).abs() < 1e-15);
        assert!((counts.mar() - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn unlabelled_files_have_no_anomaly() {
        let header = "datetime;a;b;c;d;e;f;g;h";
        let plain = parse(&format!("{header}\nt;1;2;3;4;5;6;7;8\n")).unwrap();
        assert_eq!((plain.values.len(), plain.anomaly.clone()), (8, vec![false]));
        let labelled = parse(&format!("{header};anomaly;changepoint\nt;1;2;3;4;5;6;7;8;1.0;0.0\n")).unwrap();
        assert_eq!(
            (labelled.values, labelled.anomaly, labelled.changepoint),
            (plain.values, vec![true], vec![false])
        );
        assert!(parse("datetime;a\nt;1\n").is_err());
    }

    #[test]
    fn an_alarm_everywhere_gives_the_known_figure() {
        let Some(folder) = data::for_test("skab") else { return };
        let recordings = labelled(&folder).unwrap();
        assert_eq!(recordings.len(), 34);
        let mut counts = Confusion::default();
        for recording in &recordings {
            assert_eq!(recording.frames().len(), recording.anomaly.len());
            counts += recording.confusion(&vec![true; recording.anomaly.len()]);
        }
        assert_eq!((counts.true_positives, counts.false_positives), (12_771, 11_030));
        assert!((counts.f1() - 0.698).abs() < 5e-4, "{}", counts.f1());
        assert!((counts.far() - 1.0).abs() < 1e-15 && counts.mar() < 1e-15);
        assert!(anomaly_free(&folder).unwrap().anomaly.iter().all(|&anomalous| !anomalous));
    }
}
