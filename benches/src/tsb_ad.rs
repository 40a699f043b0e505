//! The series of the TSB-AD benchmark, and what its authors published for them.
//!
//! NAB is univariate; MSL and SMAP are spacecraft telemetry of 55 and 25 channels, most of them command flags.

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::{Error, Result};

/// A collection of series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// Numenta Anomaly Benchmark: one channel.
    Nab,
    /// Mars Science Laboratory: 55 channels.
    Msl,
    /// Soil Moisture Active Passive satellite: 25 channels.
    Smap,
}

impl Set {
    /// The folder, and the value of the column `set` of `windows.csv`.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Nab => "nab",
            Self::Msl => "msl",
            Self::Smap => "smap",
        }
    }
}

/// One line of `windows.csv`: a series that can be loaded.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The collection it belongs to.
    pub set: Set,
    /// File name, which is also its name in the published figures.
    pub file: String,
    /// The widest buffer of VUS-PR for this series, in frames.
    pub window: usize,
    path: PathBuf,
}

/// A series in memory.
#[derive(Clone, Debug)]
pub struct Series {
    /// The collection it belongs to.
    pub set: Set,
    /// File name.
    pub file: String,
    /// The widest buffer of VUS-PR, in frames.
    pub window: usize,
    /// Samples of a frame.
    pub channels: usize,
    /// Frames one after the other, `channels` values each. An empty cell is NaN, a missing sample.
    pub values: Vec<f32>,
    /// Whether each frame is anomalous. Never an input of a detector.
    pub labels: Vec<bool>,
}

impl Series {
    /// The frames in order.
    pub fn frames(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.channels)
    }

    /// Channel `channel` of every frame.
    ///
    /// # Panics
    /// If there is no such channel.
    pub fn channel(&self, channel: usize) -> impl Iterator<Item = f32> + Clone + '_ {
        assert!(channel < self.channels, "channel {channel} of {}", self.channels);
        self.frames().map(move |frame| frame[channel])
    }
}

/// All series of the folder `tsb-ad`, in the order of `windows.csv`.
///
/// # Errors
/// If the list cannot be read.
pub fn entries(folder: &Path) -> Result<Vec<Entry>> {
    let path = folder.join("windows.csv");
    let mut reader = csv::Reader::from_path(&path)?;
    reader.records().map(|record| entry(folder, &record?)).collect()
}

fn entry(folder: &Path, record: &csv::StringRecord) -> Result<Entry> {
    let field = |i: usize| record.get(i).ok_or_else(|| format!("windows.csv: {record:?} is too short"));
    let set = match field(0)? {
        "nab" => Set::Nab,
        "msl" => Set::Msl,
        "smap" => Set::Smap,
        other => return Err(format!("windows.csv: unknown set {other}").into()),
    };
    let file = field(1)?.to_owned();
    let path = folder.join(set.folder()).join(&file);
    Ok(Entry { set, file, window: field(2)?.parse()?, path })
}

impl Entry {
    /// Reads the series.
    ///
    /// # Errors
    /// If the file is absent, has no column `label`, or holds a cell that is no number.
    pub fn load(&self) -> Result<Series> {
        let text = fs::read_to_string(&self.path).map_err(|e| format!("{}: {e}", self.path.display()))?;
        let (channels, values, labels) = parse(&text).map_err(|e| format!("{}: {e}", self.file))?;
        let (set, file) = (self.set, self.file.clone());
        Ok(Series { set, file, window: self.window, channels, values, labels })
    }
}

/// Channels, values and labels of a CSV text with a header, in which the column `label` may stand anywhere.
fn parse(text: &str) -> Result<(usize, Vec<f32>, Vec<bool>)> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers()?;
    let label = header.iter().position(|name| name == "label").ok_or("no column `label`")?;
    let channels = header.len() - 1;
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        let row = labels.len() + 1;
        for (i, cell) in record.iter().enumerate() {
            let value = number(cell).map_err(|e| format!("row {row}, column {}: {e}", i + 1))?;
            if i == label { labels.push(value > 0.0) } else { values.push(value) }
        }
    }
    Ok((channels, values, labels))
}

/// A cell; an empty one is missing.
fn number(cell: &str) -> Result<f32> {
    match cell.trim() {
        "" => Ok(f32::NAN),
        cell => Ok(cell.parse().map_err(|e| format!("{cell:?}: {e}"))?),
    }
}

/// VUS-PR that the benchmark's authors published, per series and detector.
///
/// Their detectors were fitted on the whole series or on its normal prefix, or were pre-trained on other data. Only SAND updates
/// itself along the series, in mini-batches, and its window length too is taken from the whole series.
#[derive(Clone, Debug)]
pub struct Published {
    /// Names of the detectors.
    pub detectors: Vec<String>,
    rows: Vec<(String, Vec<f64>)>,
}

impl Published {
    /// Figures of the univariate series: NAB.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub fn univariate(folder: &Path) -> Result<Self> {
        Self::read(&folder.join("published_univariate_vus_pr.csv"))
    }

    /// Figures of the multivariate series: MSL and SMAP.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub fn multivariate(folder: &Path) -> Result<Self> {
        Self::read(&folder.join("published_multivariate_vus_pr.csv"))
    }

    /// The columns between `file` and `ts_len` are detectors; from there on they describe the series.
    fn read(path: &Path) -> Result<Self> {
        let mut reader = csv::Reader::from_path(path)?;
        let names = reader.headers()?.iter().skip(1).take_while(|&name| name != "ts_len");
        let detectors: Vec<String> = names.map(str::to_owned).collect();
        let row = |record: csv::StringRecord| -> Result<(String, Vec<f64>)> {
            let figures = record.iter().skip(1).take(detectors.len()).map(|cell| {
                let cell = if cell.is_empty() { "NaN" } else { cell };
                cell.parse().map_err(|e| Error::from(format!("{}: {cell:?}: {e}", path.display())))
            });
            Ok((record[0].to_owned(), figures.collect::<Result<_>>()?))
        };
        let rows = reader.records().map(|record| row(record?)).collect::<Result<_>>()?;
        Ok(Self { detectors, rows })
    }

    /// The figures of one series, in the order of `detectors`; NaN where none was published.
    #[must_use]
    pub fn of(&self, file: &str) -> Option<&[f64]> {
        self.rows.iter().find(|(name, _)| name == file).map(|(_, figures)| figures.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;
    use crate::stats::mean;

    #[test]
    fn the_label_is_no_channel() {
        let (channels, values, labels) = parse("a,label,b\n1,0,2\n3,1,\n").unwrap();
        assert_eq!((channels, labels), (2, vec![false, true]));
        assert_eq!(values[..3], [1.0, 2.0, 3.0]);
        assert!(values[3].is_nan());
    }

    #[test]
    fn errors_name_the_cell() {
        assert_eq!(parse("a,b\n1,2\n").unwrap_err().to_string(), "no column `label`");
        let message = parse("a,label\n1,0\nx,0\n").unwrap_err().to_string();
        assert!(message.starts_with("row 2, column 1: \"x\""), "{message}");
    }

    #[test]
    fn every_series_is_whole_and_published() {
        let Some(folder) = data::for_test("tsb-ad") else { return };
        let entries = entries(&folder).unwrap();
        assert_eq!(entries.len(), 50);
        let tables = [Published::univariate(&folder).unwrap(), Published::multivariate(&folder).unwrap()];
        let mut lengths = csv::Reader::from_path(folder.join("windows.csv")).unwrap();
        for (entry, record) in entries.iter().zip(lengths.records()) {
            let (series, record) = (entry.load().unwrap(), record.unwrap());
            assert_eq!(series.labels.len(), record[3].parse::<usize>().unwrap(), "{}", entry.file);
            assert_eq!(series.labels.iter().filter(|&&l| l).count(), record[4].parse::<usize>().unwrap());
            let channels = [1, 55, 25][entry.set as usize];
            assert_eq!((series.channels, series.values.len()), (channels, channels * series.labels.len()));
            assert!(tables[usize::from(entry.set != Set::Nab)].of(&entry.file).is_some(), "{}", entry.file);
        }
    }

    #[test]
    fn the_published_leaders() {
        let Some(folder) = data::for_test("tsb-ad") else { return };
        let best = |table: Published| {
            let column = |d: usize| table.rows.iter().map(|(_, figures)| figures[d]).collect::<Vec<_>>();
            let means = (0..table.detectors.len()).map(|d| (mean(&column(d)), table.detectors[d].clone()));
            means.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
        };
        let (figure, name) = best(Published::univariate(&folder).unwrap());
        assert!(name == "POLY" && (figure - 0.386).abs() < 5e-4, "{name} {figure}");
        let (figure, name) = best(Published::multivariate(&folder).unwrap());
        assert!(name == "KMeansAD" && (figure - 0.390).abs() < 5e-4, "{name} {figure}");
    }
}
