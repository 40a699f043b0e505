//! Our WFDB reader and writers against wfdb-python.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use eigenstream::source::Source;
use eigenstream::source::wfdb::header::{Body, Signal};
use eigenstream::source::wfdb::{
    Annotation, AnnotationWriter, Format, Header, RecordWriter, SignalSpec, WfdbSource, annotation,
    read_annotations,
};
use eigenstream_tests::{shared_data, skip};
use serde_json::Value;

/// Whether wfdb-python can be asked; says so once a test if not.
fn peer() -> bool {
    static PEER: OnceLock<bool> = OnceLock::new();
    let there = *PEER.get_or_init(|| {
        Command::new("python3").args(["-c", "import wfdb"]).output().is_ok_and(|out| out.status.success())
    });
    if !there {
        skip("wfdb-python", "python3 with the package `wfdb` is not installed");
    }
    there
}

fn ask(arguments: &[&str]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/wfdb_peer.py");
    let out = Command::new("python3").arg(script).args(arguments).output().unwrap();
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap_or(Value::Null)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All frames one after the other, as bits; every NaN the same.
fn bits(values: impl IntoIterator<Item = f32>) -> Vec<u32> {
    values.into_iter().map(|v| if v.is_nan() { f32::NAN.to_bits() } else { v.to_bits() }).collect()
}

fn ours(record: &Path) -> (Vec<u32>, WfdbSource) {
    let mut source = WfdbSource::open(record).unwrap();
    let mut frame = vec![0.0; source.info().channels.len()];
    let mut all = Vec::new();
    while source.next_frame(&mut frame).unwrap().is_some() {
        all.extend(bits(frame.iter().copied()));
    }
    assert_eq!(source.tally().malformed, 0, "{:?}", source.tally());
    (all, source)
}

/// Samples and header fields of one record, read by both.
fn compare(record: &Path) {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("samples");
    let theirs = ask(&["record", text(record), text(&out)]);
    let samples = std::fs::read(out).unwrap();
    let samples = samples.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b));
    let (own, source) = ours(record);
    let case = record.display();
    assert!(own == bits(samples), "samples of {case} differ");
    let info = source.info();
    assert_eq!(theirs["sig_len"].as_u64(), info.frames, "{case}");
    assert_eq!(theirs["fs"].as_f64(), info.rate_hz, "{case}");
    assert_eq!(theirs["start"].as_str(), info.start.as_deref(), "{case}");
    for (i, channel) in info.channels.iter().enumerate() {
        assert_eq!(theirs["sig_name"][i].as_str().map(str::trim), Some(channel.name.as_str()), "{case}");
        assert_eq!(theirs["units"][i].as_str(), Some(channel.unit.as_str()), "{case}");
    }
    let header = Header::read(&record.with_extension("hea")).unwrap();
    if let Body::Signals(signals) = &header.body {
        let comments: Vec<Value> = header.comments.iter().map(|c| c.as_str().into()).collect();
        assert_eq!(theirs["comments"], Value::Array(comments), "{case}");
        signals.iter().enumerate().for_each(|(i, signal)| compare_signal(&theirs, i, signal));
    }
}

fn compare_signal(theirs: &Value, i: usize, signal: &Signal) {
    assert_eq!(theirs["adc_gain"][i].as_f64(), Some(signal.gain));
    for (field, own) in [
        ("baseline", Some(signal.baseline)),
        ("adc_res", Some(signal.adc_resolution.into())),
        ("adc_zero", Some(signal.adc_zero)),
        ("init_value", signal.initial),
        ("checksum", signal.checksum),
    ] {
        assert_eq!(theirs[field][i].as_i64(), own, "{field} of signal {i}");
    }
}

fn shared(folder: &str, extension: &str) -> Vec<PathBuf> {
    let Some(folder) = shared_data(folder) else { return Vec::new() };
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.filter(|p| p.extension().is_some_and(|e| e == extension)).map(|p| p.with_extension("")).collect()
}

fn rows(value: &Value) -> Vec<Annotation> {
    let number = |v: &Value| v.as_i64().unwrap();
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let own = Annotation {
                sample: number(&row[0]),
                code: number(&row[1]) as u8,
                subtype: number(&row[2]) as i8,
                chan: number(&row[3]) as u8,
                num: number(&row[4]) as i8,
                aux: row[5].as_array().unwrap().iter().map(|v| number(v) as u8).collect(),
            };
            // Codes without a symbol are empty or missing there.
            assert_eq!(row[6].as_str().filter(|s| !s.is_empty()), annotation::symbol(own.code));
            own
        })
        .collect()
}

fn own_rows(path: &Path) -> Vec<Annotation> {
    read_annotations(path).unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_shared_record_reads_alike() {
    if peer() {
        shared("mitbih", "hea").iter().chain(&shared("physio", "hea")).for_each(|record| compare(record));
    }
}

#[test]
fn every_shared_annotation_file_reads_alike() {
    if peer() {
        for record in shared("mitbih", "atr") {
            let theirs = rows(&ask(&["annotations", text(&record), "atr"]));
            assert_eq!(own_rows(&record.with_extension("atr")), theirs, "{}", record.display());
        }
    }
}

#[test]
fn records_of_wfdb_python_read_alike() {
    if peer() {
        let dir = tempfile::tempdir().unwrap();
        ask(&["write", text(dir.path())]);
        let mut count = 0;
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "hea") {
                compare(&path.with_extension(""));
                count += 1;
            }
        }
        assert_eq!(count, 10);
    }
}

#[test]
fn our_records_read_alike() {
    if peer() {
        let dir = tempfile::tempdir().unwrap();
        for (format, channels) in [(Format::F16, 1), (Format::F16, 3), (Format::F212, 1), (Format::F212, 3)] {
            let record = dir.path().join(format!("own{}_{channels}", format.code()));
            let signals: Vec<SignalSpec> = (0..channels).map(spec).collect();
            let start = "2026-11-21T08:00:01.5".parse().unwrap();
            let notes = ["written by a test".to_owned()];
            let mut writer =
                RecordWriter::create(&record, format, 62.5, &signals, Some(start), &notes).unwrap();
            let mut state = 1u32;
            for _ in 0..1001 {
                let codes: Vec<i32> = (0..channels)
                    .map(|_| {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        (state as i32) >> (32 - if format == Format::F16 { 16 } else { 12 })
                    })
                    .collect();
                writer.push_codes(&codes).unwrap();
            }
            writer.finish().unwrap();
            let scratch = dir.path().join("samples");
            let theirs = ask(&["record", text(&record), text(&scratch)]);
            assert_eq!(theirs["start"], "2026-11-21T08:00:01.500000");
            let samples = std::fs::read(scratch).unwrap();
            let samples = samples.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b));
            assert!(ours(&record).0 == bits(samples));
            let Body::Signals(read) = Header::read(&record.with_extension("hea")).unwrap().body else {
                panic!()
            };
            read.iter().enumerate().for_each(|(i, signal)| compare_signal(&theirs, i, signal));
            assert_eq!(theirs["comments"][0], "written by a test");
        }
    }
}

fn spec(i: usize) -> SignalSpec {
    SignalSpec {
        name: format!("sensor {i}"),
        unit: ["mV", "%", "degC"][i].into(),
        gain: [200.0, -0.125, 1e-4][i],
        baseline: [0, -7, 1024][i],
        adc_resolution: 12,
        adc_zero: 0,
    }
}

#[test]
fn our_annotations_read_alike_and_theirs_are_our_bytes() {
    if peer() {
        let dir = tempfile::tempdir().unwrap();
        let theirs = rows(&ask(&["annotate", text(dir.path())]));
        let path = dir.path().join("w.ann");
        assert_eq!(own_rows(&path), theirs);
        let own = dir.path().join("own.ann");
        let mut writer = AnnotationWriter::create(&own).unwrap();
        theirs.iter().for_each(|a| writer.push(a).unwrap());
        assert_eq!(std::fs::read(&own).unwrap(), std::fs::read(&path).unwrap());
        // wfdb-python reads negative numbers, but does not write them.
        let last =
            Annotation { sample: 3_000_000_000, code: 14, num: -5, subtype: -128, ..Annotation::default() };
        writer.push(&last).unwrap();
        let all: Vec<_> = theirs.into_iter().chain([last]).collect();
        assert_eq!(rows(&ask(&["annotations", text(&own.with_extension("")), "ann"])), all);
        assert_eq!(own_rows(&own), all);
    }
}
