//! From recordings to points: windows of time or rows of a table, at most so many of them.

mod axes;
mod window;

use serde::{Deserialize, Serialize};

use super::points::{Feature, Place, Points};
use super::random::SplitMix64;
use crate::source::{Channel, Source, SourceError};
pub use axes::{Axes, MOST_CHANNELS};
use window::Summary;

/// What the points of a recording are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Windows that do not overlap; per channel the mean, the standard deviation and the amplitude in octave bands. For streams: windows
    /// longer than the stream's memory are nearly exchangeable, its samples are not.
    #[default]
    Windows,
    /// The same windows of the frames' coordinates along the reference's principal axes, and of the energy that these leave. For many channels that
    /// move together.
    Coordinates,
    /// Every row is a point, every channel a feature. For tables whose rows have nothing to do with each other.
    Rows,
}

/// How a recording becomes points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What a point is.
    pub kind: Kind,
    /// Frames of a window, at least 2; not used for rows.
    pub window: usize,
    /// Frames per second, if known: for the names of bands and the ends of windows.
    pub rate_hz: Option<f64>,
    /// Most points; of more, a sample by lot (Vitter's algorithm R), every point equally likely.
    pub points: usize,
    /// Seed of the lot.
    pub seed: u64,
}

/// Reads the channels `columns` (indices into the source's) to the end, along `axes` if there are some. `skipped` frames of the recording came before; a last window that is not
/// whole is left out. `progress` is called now and then. Memory is that of one window and the points.
///
/// # Errors
/// If the source cannot be read further.
pub fn read(
    source: &mut dyn Source,
    columns: &[usize],
    skipped: u64,
    reading: &Reading,
    axes: Option<&Axes>,
    progress: &mut dyn FnMut(&dyn Source),
) -> Result<Points, SourceError> {
    let axis = |name| Channel { name, unit: String::new(), rails: None };
    let channels: Vec<Channel> = match axes {
        Some(axes) => axes.names().map(axis).collect(),
        None => columns.iter().map(|&c| source.info().channels[c].clone()).collect(),
    };
    let (features, name) = (features(&channels, reading), source.info().name.clone());
    let mut lot = Lot { points: Points::new(name, features), seen: 0, random: SplitMix64::new(reading.seed) };
    let mut summary = Summary::new(channels.len(), reading.window);
    let mut frame = vec![f32::NAN; source.info().channels.len()];
    let mut samples = vec![f32::NAN; columns.len()];
    let mut row = vec![f32::NAN; channels.len()];
    let step = reading.rate_hz.map_or(1.0, f64::recip);
    let (mut index, mut begun) = (skipped, 0.0);
    while let Some(time_s) = source.next_frame(&mut frame)? {
        samples.iter_mut().zip(columns).for_each(|(x, &c)| *x = frame[c]);
        match axes {
            Some(axes) => axes.apply(&samples, &mut row),
            None => row.copy_from_slice(&samples),
        }
        match reading.kind {
            Kind::Rows => {
                let place = Place { frame: index, from_s: time_s, to_s: time_s + step };
                lot.take(place, reading.points, || row.clone());
            }
            Kind::Windows | Kind::Coordinates => {
                if summary.is_empty() {
                    begun = time_s;
                }
                if summary.push(&row) {
                    let first = index + 1 - reading.window as u64;
                    let place = Place { frame: first, from_s: begun, to_s: time_s + step };
                    lot.take(place, reading.points, || summary.features());
                    summary.clear();
                }
            }
        }
        index += 1;
        if index.is_multiple_of(4096) {
            progress(source);
        }
    }
    lot.points.sort();
    Ok(lot.points)
}

/// The features of a point.
fn features(channels: &[Channel], reading: &Reading) -> Vec<Feature> {
    let of = |channel: &Channel| -> Vec<Feature> {
        let feature = |name: String| Feature { name, unit: channel.unit.clone() };
        match reading.kind {
            Kind::Rows => vec![feature(channel.name.clone())],
            Kind::Windows | Kind::Coordinates => {
                let names = window::names(reading.window, reading.rate_hz);
                names.into_iter().map(|n| feature(format!("{} {n}", channel.name))).collect()
            }
        }
    };
    channels.iter().flat_map(of).collect()
}

/// Keeps each of the points seen so far with the same probability.
struct Lot {
    points: Points,
    seen: usize,
    random: SplitMix64,
}

impl Lot {
    fn take(&mut self, place: Place, most: usize, row: impl FnOnce() -> Vec<f32>) {
        self.seen += 1;
        if self.points.len() < most {
            self.points.push(place, &row());
        } else {
            let at = self.random.below(self.seen);
            if at < most {
                self.points.replace(at, place, &row());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::csv::{CsvOptions, CsvSource};

    fn points(frames: usize, reading: &Reading) -> Points {
        let rows: String =
            (0..frames).map(|k| format!("{k},{},{}\n", k % 7, if k % 2 == 0 { 1 } else { -1 })).collect();
        let text = format!("time,a [mV],b\n{rows}");
        let bytes = std::io::Cursor::new(text.into_bytes());
        let mut source = CsvSource::from_reader("t", bytes, &CsvOptions::default()).unwrap();
        read(&mut source, &[1, 0], 10, reading, None, &mut |_| {}).unwrap()
    }

    const READING: Reading =
        Reading { kind: Kind::Windows, window: 16, rate_hz: Some(1.0), points: 100, seed: 1 };

    #[test]
    fn windows_do_not_overlap_and_a_rest_is_left_out() {
        let points = points(100, &READING);
        assert_eq!(points.len(), 6);
        let frames: Vec<u64> = points.places().iter().map(|p| p.frame).collect();
        assert_eq!(frames, [10, 26, 42, 58, 74, 90]);
        assert_eq!((points.places()[1].from_s, points.places()[1].to_s), (16.0, 32.0));
        let names: Vec<&str> = points.features().iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names[..3], ["b mean", "b sd", "b 0.25–0.5 Hz"]);
        assert_eq!(points.features().last().unwrap().unit, "mV");
        // ±1 in turn: all of it is in the upper band.
        assert!((points.row(0)[1] - 1.0).abs() < 1e-6 && (points.row(0)[2] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn of_many_points_a_lot_in_the_order_of_time() {
        let reading = Reading { kind: Kind::Rows, points: 40, ..READING };
        let some = points(1000, &reading);
        assert_eq!(some.len(), 40);
        assert!(some.places().is_sorted_by_key(|p| p.frame));
        // The row moves with its place.
        assert!((0..40).all(|i| some.row(i)[1] == ((some.places()[i].frame - 10) % 7) as f32));
        // From the whole recording: the mean place is 510 ± 46.
        let mean = some.places().iter().map(|p| p.frame as f64).sum::<f64>() / 40.0;
        assert!((330.0..690.0).contains(&mean), "{mean}");
        assert_eq!(some, points(1000, &reading));
        assert_ne!(some, points(1000, &Reading { seed: 2, ..reading }));
    }
}
