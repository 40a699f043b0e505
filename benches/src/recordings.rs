//! Public recordings as streams of frames for trackers.

use std::path::Path;

use crate::data::Result;

/// Past samples of a channel in a lag embedding.
const LAGS: usize = 16;

/// A recording prepared for trackers: each channel divided by its own standard deviation, so that no unit rules.
#[derive(Clone, Debug)]
pub struct Stream {
    /// As part of a figure's key.
    pub key: &'static str,
    /// As a table says it.
    pub name: String,
    /// Channels, after the embedding.
    pub n: usize,
    /// Dimension of the tracked subspace.
    pub rank: usize,
    /// Effective memory of every tracker, in frames.
    pub memory: f64,
    frames: Vec<f64>,
}

impl Stream {
    /// The frames in order.
    pub fn frames(&self) -> std::slice::ChunksExact<'_, f64> {
        self.frames.chunks_exact(self.n)
    }

    fn new(key: &'static str, name: &str, channels: usize, lags: usize, rank: usize, raw: Vec<f64>) -> Self {
        let (n, mut raw) = (channels * lags, raw);
        standardise(&mut raw, channels);
        let frames = raw.windows(n).step_by(channels).flatten().copied().collect();
        let name = if lags > 1 { format!("{name}, {channels} channels × {lags} lags") } else { name.into() };
        Self { key, name: format!("{name}, r = {rank}"), n, rank, memory: 1000.0, frames }
    }
}

/// Divides each channel by its standard deviation over the whole recording: a constant of the preparation, the same for every tracker.
fn standardise(raw: &mut [f64], channels: usize) {
    let count = (raw.len() / channels) as f64;
    for channel in 0..channels {
        let values = || raw.iter().skip(channel).step_by(channels);
        let mean = values().sum::<f64>() / count;
        let deviation = (values().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        raw.iter_mut().skip(channel).step_by(channels).for_each(|x| *x /= deviation);
    }
}

/// The streams of the tracking tables from the folder of recordings, at most `most` frames of each.
///
/// # Errors
/// If a recording cannot be read.
pub fn streams(folder: &Path, most: usize) -> Result<Vec<Stream>> {
    let wav = wav(&folder.join("vibration/inner-race-007.wav"), most + LAGS)?;
    let gas = csv(&folder.join("gas/gas-sensors.csv"), most)?;
    let ecg = matlab(&folder.join("physio/a103l.mat"), 3, most + LAGS)?;
    Ok(vec![
        Stream::new("vibration", "vibration (CWRU bearing, 48 kHz)", 2, LAGS, 8, wav),
        Stream::new("gas", "gas sensors, 8 channels", 8, 1, 3, gas),
        Stream::new("ecg", "ECG II + V + PLETH (a103l, 250 Hz)", 3, LAGS, 8, ecg),
    ])
}

/// Two channels of 32-bit floats, interleaved.
pub(crate) fn wav(path: &Path, frames: usize) -> Result<Vec<f64>> {
    let mut reader = hound::WavReader::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let values = reader.samples::<f32>().take(2 * frames).map(|x| Ok(f64::from(x?)));
    values.collect()
}

pub(crate) fn csv(path: &Path, rows: usize) -> Result<Vec<f64>> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut values = Vec::new();
    for record in reader.records().take(rows) {
        for cell in &record? {
            values.push(cell.parse()?);
        }
    }
    Ok(values)
}

/// A WFDB signal file of format 16 behind the 24 bytes of a MATLAB header, without missing samples.
pub(crate) fn matlab(path: &Path, channels: usize, frames: usize) -> Result<Vec<f64>> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let (words, _) = bytes.get(24..).unwrap_or_default().as_chunks();
    let values = words.iter().take(channels * frames).map(|&word| f64::from(i16::from_le_bytes(word)));
    Ok(values.collect())
}
