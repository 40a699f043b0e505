//! Real recordings as streams of few numbers: log energies in octave bands of short blocks.

use std::path::Path;

use crate::data::Result;

/// Records of the MIT-BIH Arrhythmia Database that are here, first leads.
pub const ECG: [&str; 12] =
    ["100", "102", "104", "105", "106", "108", "114", "116", "119", "121", "123", "200"];

/// Sampling rate of these records, Hz.
pub const ECG_RATE: f64 = 360.0;

/// First lead of a WFDB record in format 212 with `leads` leads: two samples of 12 bits in three bytes.
///
/// # Errors
/// If the file cannot be read.
pub fn ecg(folder: &Path, record: &str) -> Result<Vec<f64>> {
    let header = std::fs::read_to_string(folder.join(format!("{record}.hea")))?;
    let line = header.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    let leads: usize = line.split_whitespace().nth(1).ok_or("no number of leads")?.parse()?;
    let bytes = std::fs::read(folder.join(format!("{record}.dat")))?;
    let sign = |x: u16| f64::from((x << 4) as i16 >> 4);
    let samples = bytes.as_chunks::<3>().0.iter().flat_map(|&[a, b, c]| {
        [sign(u16::from(a) | u16::from(b & 0x0F) << 8), sign(u16::from(c) | u16::from(b & 0xF0) << 4)]
    });
    Ok(samples.step_by(leads).collect())
}

/// Channels of a WAV file of 32-bit floats.
///
/// # Errors
/// If the file cannot be read or is none.
pub fn wav(path: &Path) -> Result<Vec<Vec<f64>>> {
    let bytes = std::fs::read(path)?;
    let word = |at: usize| bytes.get(at..at + 4).and_then(|w| w.try_into().ok()).map(u32::from_le_bytes);
    let (mut at, mut channels) = (12, 0);
    while let (Some(id), Some(size)) = (bytes.get(at..at + 4), word(at + 4)) {
        let body = at + 8..(at + 8 + size as usize).min(bytes.len());
        match id {
            b"fmt " => channels = usize::from(bytes[body.start + 2]),
            b"data" if channels > 0 => {
                let samples =
                    bytes[body].as_chunks::<4>().0.iter().map(|&w| f64::from(f32::from_le_bytes(w)));
                let samples: Vec<f64> = samples.collect();
                return Ok((0..channels)
                    .map(|c| samples.iter().skip(c).step_by(channels).copied().collect())
                    .collect());
            }
            _ => {}
        }
        at += 8 + size as usize + (size as usize & 1);
    }
    Err(format!("{}: no samples", path.display()).into())
}

/// ln of the energy in `bands` octaves below half the sampling rate (Haar details) of blocks of `block` samples, a frame a block.
#[must_use]
pub fn log_energies(signal: &[f64], block: usize, bands: usize) -> Vec<Vec<f32>> {
    let frame = |block: &[f64]| {
        let mut level = block.to_vec();
        (0..bands)
            .map(|_| {
                let pairs =
                    level.chunks_exact(2).map(|p| ((p[0] - p[1]) / 2f64.sqrt(), (p[0] + p[1]) / 2f64.sqrt()));
                let (details, rest): (Vec<f64>, Vec<f64>) = pairs.unzip();
                level = rest;
                let energy = details.iter().map(|x| x * x).sum::<f64>() / details.len().max(1) as f64;
                (energy + 1e-9).ln() as f32
            })
            .collect()
    };
    signal.chunks_exact(block).map(frame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    #[test]
    fn bands_are_octaves() {
        // A sine of an eighth of the rate lies in the second octave below half of it … and mostly there.
        let sine: Vec<f64> = (0..512).map(|t| (std::f64::consts::TAU * t as f64 / 6.0).sin()).collect();
        let frames = log_energies(&sine, 256, 4);
        assert_eq!((frames.len(), frames[0].len()), (2, 4));
        let loudest = (0..4).max_by(|&a, &b| frames[0][a].total_cmp(&frames[0][b]));
        assert_eq!(loudest, Some(1));
    }

    #[test]
    fn the_records_are_read() {
        let Some(folder) = data::for_test("mitbih") else { return };
        for record in ECG {
            let signal = ecg(&folder, record).unwrap();
            assert_eq!(signal.len(), 650_000);
            assert!(signal.iter().all(|x| (0.0..2048.0).contains(x)), "{record}");
        }
        let Some(path) = data::for_test("vibration/normal.wav") else { return };
        let channels = wav(&path).unwrap();
        assert_eq!(channels.len(), 2);
        assert!(channels[0].len() > 200_000);
    }
}
