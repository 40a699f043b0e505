//! Records of the MIT-BIH Arrhythmia Database (Moody & Mark 2001), with the frames that an expert's labels call normal.

use std::path::Path;

use eigenstream::source::Source;
use eigenstream::source::wfdb::{WfdbSource, annotation, read_annotations};

use crate::data::Result;

/// The twelve records, sorted: 100 has two leads and every label, the others one lead and the labels `V` and `N`.
pub const RECORDS: [&str; 12] =
    ["100", "102", "104", "105", "106", "108", "114", "116", "119", "121", "123", "200"];

/// Frames per second of every record.
pub const RATE_HZ: usize = 360;

/// A normal frame is at least so many seconds away from any annotation that is not a normal beat.
pub const GUARD_SECONDS: usize = 2;

/// One record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its name, such as `100`.
    pub name: &'static str,
    /// Signals.
    pub channels: usize,
    /// Frames one after the other, in mV.
    pub values: Vec<f32>,
    /// Whether each frame lies at least [`GUARD_SECONDS`] away from any annotation but `N`: ventricular beats, and in record 100 also
    /// atrial ones and the mark of its rhythm at the beginning.
    ///
    /// Labels of noise are not among those of the other records, so bursts of noise count as normal there.
    pub normal: Vec<bool>,
}

/// Reads record `name` of the folder `mitbih`, at most `most` frames of it.
///
/// # Errors
/// If signals or annotations cannot be read.
pub fn load(folder: &Path, name: &'static str, most: usize) -> Result<Record> {
    let path = folder.join(name);
    let mut source = WfdbSource::open(&path)?;
    let channels = source.info().channels.len();
    let (mut values, mut frame) = (Vec::new(), vec![0.0; channels]);
    while values.len() < most * channels && source.next_frame(&mut frame)?.is_some() {
        values.extend_from_slice(&frame);
    }
    let mut normal = vec![true; values.len() / channels];
    let guard = (GUARD_SECONDS * RATE_HZ) as i64;
    for note in read_annotations(&path.with_extension("atr"))? {
        let note = note?;
        if annotation::symbol(note.code) != Some("N") {
            let place = |sample: i64| sample.clamp(0, normal.len() as i64) as usize;
            let (from, to) = (place(note.sample - guard), place(note.sample + guard + 1));
            normal[from..to].fill(false);
        }
    }
    Ok(Record { name, channels, values, normal })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    #[test]
    fn frames_near_other_beats_are_not_normal() {
        let Some(folder) = data::for_test("mitbih") else { return };
        let record = load(&folder, "100", 650_000).unwrap();
        assert_eq!((record.channels, record.values.len(), record.normal.len()), (2, 1_300_000, 650_000));
        // The only ventricular beat of the record, by its published annotations.
        let at = 546_792;
        assert!(record.normal[at - 720..=at + 720].iter().all(|&normal| !normal));
        assert!(!record.normal[0] && record.normal[5_000]);
        // 33 atrial beats, one ventricular and one mark take at most 1441 frames each.
        let taken = record.normal.iter().filter(|&&normal| !normal).count();
        assert!((30_000..=35 * 1441).contains(&taken), "{taken}");
        assert_eq!(load(&folder, "100", 1000).unwrap().normal.len(), 1000);
    }
}
