//! The principal axes of the reference, along which both recordings are looked at.
//!
//! Channels are centred and scaled by their standard deviation in the reference, so that units do not matter; the axes are those of their correlation
//! matrix, as many as explain nine tenths of it. What they leave of a frame is watched as its energy: a change in any direction shows in
//! one of the coordinates or there.

use eigenstream_core::linalg::symmetric_eigen;

use crate::source::{Source, SourceError};

/// Share of the variance that the axes explain together, and most axes.
const EXPLAINED: f64 = 0.9;
const MOST: usize = 16;

/// Most channels: beyond, the covariance takes too much memory and time.
pub const MOST_CHANNELS: usize = 512;

/// Residual energies below this, in variances, are rounding.
const FLOOR: f32 = 1e-6;

/// Mean, scale and leading axes of the reference.
#[derive(Clone, Debug)]
pub struct Axes {
    mean: Vec<f64>,
    /// 1/standard deviation; 0 for a channel that does not vary.
    scale: Vec<f64>,
    /// Columns, n entries each.
    columns: Vec<f32>,
    names: Vec<String>,
}

impl Axes {
    /// Reads the channels `columns` of a recording to the end. Frames with a missing sample are left out. `None` if fewer than two channels vary
    /// together in enough frames, or there are more than [`MOST_CHANNELS`]. Cost: O(n²) a frame, O(n³) at the end.
    pub fn learn(source: &mut dyn Source, columns: &[usize]) -> Result<Option<Self>, SourceError> {
        let n = columns.len();
        if !(2..=MOST_CHANNELS).contains(&n) {
            return Ok(None);
        }
        let mut frame = vec![f32::NAN; source.info().channels.len()];
        let (mut count, mut mean, mut sums) = (0.0, vec![0.0; n], vec![0.0; n * n]);
        let (mut before, mut after) = (vec![0.0; n], vec![0.0; n]);
        while source.next_frame(&mut frame)?.is_some() {
            if columns.iter().any(|&c| !frame[c].is_finite()) {
                continue;
            }
            // Welford 1962, for all pairs.
            count += 1.0;
            for (i, &c) in columns.iter().enumerate() {
                before[i] = f64::from(frame[c]) - mean[i];
                mean[i] += before[i] / count;
                after[i] = f64::from(frame[c]) - mean[i];
            }
            for (row, &x) in sums.chunks_exact_mut(n).zip(&before) {
                row.iter_mut().zip(&after).for_each(|(sum, &y)| *sum += x * y);
            }
        }
        let names: Vec<&str> = columns.iter().map(|&c| source.info().channels[c].name.as_str()).collect();
        Ok(Self::of(count, mean, &sums, &names))
    }

    fn of(count: f64, mean: Vec<f64>, sums: &[f64], names: &[&str]) -> Option<Self> {
        let n = mean.len();
        let scale: Vec<f64> = (0..n).map(|i| sums[i * n + i] / count).map(inverse_root).collect();
        let alive = scale.iter().filter(|&&s| s > 0.0).count();
        if alive < 2 || count < 10.0 * n as f64 {
            return None;
        }
        let mut correlation: Vec<f32> =
            (0..n * n).map(|k| (sums[k] / count * scale[k / n] * scale[k % n]) as f32).collect();
        let (mut vectors, mut values) = (vec![0.0; n * n], vec![0.0; n]);
        if !symmetric_eigen(&mut correlation, &mut vectors, &mut values) {
            return None;
        }
        let mut explained = 0.0;
        let enough = values.iter().take_while(|&&value| {
            let more = explained < EXPLAINED * alive as f64;
            explained += f64::from(value);
            more
        });
        // Something must be left to the residual.
        let rank = enough.count().clamp(1, MOST.min(alive - 1));
        vectors.truncate(n * rank);
        let names = vectors.chunks_exact(n).enumerate().map(|(k, axis)| named(k, axis, names)).collect();
        Some(Self { mean, scale, columns: vectors, names })
    }

    /// Names of the numbers that [`Self::apply`] gives.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.names.iter().cloned().chain(["residual (dB)".to_owned()])
    }

    /// The coordinates of a frame, in standard deviations of the reference's channels, then the energy of what they leave, in dB; all NaN if a
    /// sample is missing.
    pub fn apply(&self, row: &[f32], out: &mut [f32]) {
        let n = self.mean.len();
        let x: Vec<f32> =
            (0..n).map(|i| ((f64::from(row[i]) - self.mean[i]) * self.scale[i]) as f32).collect();
        let mut left: f32 = x.iter().map(|x| x * x).sum();
        for (y, axis) in out.iter_mut().zip(self.columns.chunks_exact(n)) {
            *y = x.iter().zip(axis).map(|(x, a)| x * a).sum();
            left -= *y * *y;
        }
        if let Some(last) = out.last_mut() {
            *last = if left.is_nan() { f32::NAN } else { 10.0 * (left.max(0.0) + FLOOR * n as f32).log10() };
        }
    }
}

fn inverse_root(variance: f64) -> f64 {
    if variance > 0.0 && variance.is_finite() { variance.sqrt().recip() } else { 0.0 }
}

/// An axis by the channels that have the largest part in it.
fn named(k: usize, axis: &[f32], names: &[&str]) -> String {
    let mut order: Vec<usize> = (0..axis.len()).collect();
    order.sort_by(|&a, &b| axis[b].abs().total_cmp(&axis[a].abs()));
    let signed = |&i: &usize| format!("{}{}", if axis[i] < 0.0 { "−" } else { "" }, names[i]);
    let parts: Vec<String> = order.iter().take(2).map(signed).collect();
    format!("axis {} ({}, …)", k + 1, parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::csv::{CsvOptions, CsvSource};

    fn learned(text: &str, columns: &[usize]) -> Option<Axes> {
        let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
        let mut source = CsvSource::from_reader("t", bytes, &CsvOptions::default()).unwrap();
        Axes::learn(&mut source, columns).unwrap()
    }

    #[test]
    fn two_alike_and_one_apart() {
        // b is 10·a + 3, c is independent of them, d is constant.
        let row = |k: usize| format!("{},{},{},7\n", k % 11, 10 * (k % 11) + 3, k % 7);
        let text: String = std::iter::once("a,b,c,d\n".to_owned()).chain((0..770).map(row)).collect();
        let axes = learned(&text, &[0, 1, 2, 3]).unwrap();
        let names: Vec<String> = axes.names().collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(names[0].contains('a') && names[0].contains('b') && names[1].contains('c'), "{names:?}");
        let mut out = [0.0; 3];
        axes.apply(&[5.0, 53.0, 3.0, 7.0], &mut out);
        // The mean of all: no coordinate, and nothing left.
        assert!(out[0].abs() < 1e-5 && out[1].abs() < 1e-5 && out[2] < -50.0, "{out:?}");
        axes.apply(&[5.0, 63.0, 3.0, 7.0], &mut out);
        assert!(out[2] > -20.0, "a and b no longer agree: {out:?}");
        axes.apply(&[5.0, f32::NAN, 3.0, 7.0], &mut out);
        assert!(out.iter().all(|x| x.is_nan()));
    }

    #[test]
    fn nothing_to_learn() {
        let text: String = (0..500).map(|k| format!("{},5\n", k % 9)).collect();
        assert!(learned(&text, &[0, 1]).is_none(), "one channel is constant");
        assert!(learned(&text, &[0]).is_none(), "one channel alone");
        assert!(learned("1,2\n3,5\n2,2\n", &[0, 1]).is_none(), "three frames");
    }
}
