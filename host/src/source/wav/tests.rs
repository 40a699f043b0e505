//! Files written by `hound`, and files damaged on purpose.

use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};
use proptest::prelude::*;

use super::*;

fn spec(channels: u16, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
    WavSpec { channels, sample_rate: 1000, bits_per_sample, sample_format }
}

/// A file of integers; more than two channels make it WAVE_FORMAT_EXTENSIBLE.
fn integers(channels: u16, bits: u16, samples: &[i32]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec(channels, bits, SampleFormat::Int)).unwrap();
    for &sample in samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn floats(samples: &[f32]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec(1, 32, SampleFormat::Float)).unwrap();
    for &sample in samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn open(bytes: Vec<u8>) -> Result<WavSource, SourceError> {
    WavSource::from_reader(Path::new("t.wav"), bytes.len() as u64, Cursor::new(bytes))
}

fn frames(source: &mut WavSource) -> Vec<Vec<f32>> {
    let mut frame = vec![0.0; source.info().channels.len()];
    let mut all = Vec::new();
    while source.next_frame(&mut frame).unwrap().is_some() {
        all.push(frame.clone());
    }
    all
}

fn position(bytes: &[u8], word: &[u8]) -> usize {
    bytes.windows(word.len()).position(|w| w == word).unwrap()
}

#[test]
fn integers_of_every_width() {
    for bits in [8, 16, 24, 32_u16] {
        let full = 1_i64 << (bits - 1);
        let samples = [-full, -full / 2, 0, full / 4, full - 1, 0].map(|v| v as i32);
        for channels in [1, 2, 3] {
            let mut source = open(integers(channels, bits, &samples)).unwrap();
            let info = source.info().clone();
            assert_eq!((info.channels.len(), info.rate_hz), (usize::from(channels), Some(1000.0)));
            assert_eq!((info.frames, info.channels[0].unit.as_str()), (Some(6 / u64::from(channels)), "FS"));
            let values = frames(&mut source).concat();
            let (low, high) = info.channels[0].rails.unwrap();
            assert_eq!(values, [low, -0.5, 0.0, 0.25, high, 0.0], "{bits} bits");
            assert!(low == -1.0 && high <= 1.0 && high > 0.99);
            assert_eq!(source.tally(), &Tally::default());
        }
    }
}

#[test]
fn floats_as_they_are() {
    let mut source = open(floats(&[0.1, -250.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY])).unwrap();
    assert_eq!((source.info().channels[0].rails, source.info().channels[0].unit.as_str()), (None, ""));
    let all = frames(&mut source).concat();
    assert_eq!(all[..2], [0.1, -250.0]);
    assert!(all[2..].iter().all(|v| v.is_nan()));
    assert_eq!((source.tally().missing, source.tally().remarks.len()), (3, 1));
}

#[test]
fn times_follow_from_the_rate() {
    let mut source = open(floats(&[1.0, 2.0, 3.0])).unwrap();
    let mut times = Vec::new();
    while let Some(time) = source.next_frame(&mut [0.0]).unwrap() {
        times.push(time);
    }
    assert_eq!(times, [0.0, 0.001, 0.002]);
    assert_eq!(source.progress().done_bytes, source.progress().total_bytes);
}

#[test]
fn truncated_samples() {
    let mut bytes = integers(2, 16, &[1; 20]);
    bytes.truncate(bytes.len() - 7);
    let mut source = open(bytes).unwrap();
    assert_eq!(source.info().frames, Some(8));
    assert_eq!(frames(&mut source).len(), 8);
    assert_eq!(source.tally().malformed, 1);
    assert!(source.tally().remarks[0].contains("8 frames of the 10"), "{:?}", source.tally().remarks);
}

#[test]
fn lengths_left_open_by_a_stream_or_a_killed_recorder() {
    for length in [0_u32, u32::MAX] {
        let mut bytes = integers(1, 16, &[1000; 9]);
        let data = position(&bytes, b"data") + 4;
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes[data..data + 4].copy_from_slice(&length.to_le_bytes());
        bytes.push(7);
        let mut source = open(bytes).unwrap();
        assert_eq!(source.info().frames, Some(9));
        assert_eq!(frames(&mut source).len(), 9);
        assert!(source.tally().remarks[0].contains("ends within a frame"), "{:?}", source.tally().remarks);
    }
}

#[test]
fn chunks_around_the_samples() {
    let mut bytes = integers(1, 16, &[1, 2, 3]);
    let data = position(&bytes, b"data");
    // An odd chunk before, padded to an even length, and a chunk after that is no samples.
    let odd = [&b"LIST\x05\0\0\0hello\0"[..]].concat();
    bytes.splice(data..data, odd);
    bytes.extend(b"LIST\x04\0\0\0tail");
    assert_eq!(frames(&mut open(bytes).unwrap()).len(), 3);
}

#[test]
fn rf64_has_its_length_elsewhere() {
    let mut bytes = integers(1, 16, &[1, 2, 3]);
    let data = position(&bytes, b"data") + 4;
    bytes[..4].copy_from_slice(b"RF64");
    bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    bytes[data..data + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut ds64 = b"ds64\x1c\0\0\0".to_vec();
    for size in [100_u64, 4, 2] {
        ds64.extend(size.to_le_bytes());
    }
    ds64.extend([0; 4]);
    bytes.splice(12..12, ds64);
    assert_eq!(frames(&mut open(bytes).unwrap()).len(), 2);
}

#[test]
fn headers_that_make_no_sense() {
    let good = integers(1, 16, &[1, 2, 3]);
    let fmt = position(&good, b"fmt ") + 8;
    let refusal = |at: usize, bytes: &[u8]| {
        let mut damaged = good.clone();
        damaged[at..at + bytes.len()].copy_from_slice(bytes);
        open(damaged).err().expect("must be refused").to_string()
    };
    assert!(refusal(0, b"JUNK").contains("does not begin with RIFF"));
    assert!(refusal(0, b"RIFX").contains("big-endian"));
    assert!(refusal(8, b"AVI ").contains("not of kind WAVE"));
    assert!(refusal(fmt, &[2, 0]).contains("0x0002 (compressed)"));
    assert!(refusal(fmt + 2, &[0, 0]).contains("no channels"));
    assert!(refusal(fmt + 4, &[0; 4]).contains("0 Hz"));
    assert!(refusal(fmt + 12, &[0, 0]).contains("16 bits in 0 bytes"));
    assert!(refusal(fmt + 14, &[0, 0]).contains("samples of 0 bits"));
    assert!(refusal(position(&good, b"data"), b"none").contains("ends before its first sample"));
    assert!(open(integers(1, 16, &[])).err().unwrap().to_string().contains("no frame"));
    for length in 0..good.len() - 6 {
        assert!(open(good[..length].to_vec()).is_err(), "{length} bytes");
    }
}

proptest! {
    #[test]
    fn damaged_files_come_to_an_end(
        channels in 1_u16..4,
        damage in prop::collection::vec((0_usize..80, any::<u8>()), 0..6),
        length in 0_usize..120,
    ) {
        let mut bytes = integers(channels, 16, &[5; 12]);
        for (at, value) in damage {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(length);
        if let Ok(mut source) = open(bytes) {
            prop_assert!(frames(&mut source).len() <= 120);
        }
    }
}
