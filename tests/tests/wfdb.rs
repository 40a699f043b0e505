//! Every recording of the shared data is read to its end, and its annotations with it.

use std::path::{Path, PathBuf};

use eigenstream::source::Source;
use eigenstream::source::wfdb::header::Body;
use eigenstream::source::wfdb::{Header, WfdbSource, annotation, read_annotations};
use eigenstream_tests::shared_data;

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let Some(folder) = shared_data(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

/// Number of frames, and of those with a finite value in every channel.
fn read(path: &Path) -> (u64, u64, WfdbSource) {
    let mut source = WfdbSource::open(path).unwrap();
    let mut frame = vec![0.0; source.info().channels.len()];
    let (mut frames, mut whole) = (0, 0);
    while let Some(time) = source.next_frame(&mut frame).unwrap() {
        assert!((time - frames as f64 / source.info().rate_hz.unwrap()).abs() < 1e-9);
        frames += 1;
        whole += u64::from(frame.iter().all(|v| v.is_finite()));
    }
    (frames, whole, source)
}

#[test]
fn every_record_reads_to_its_end() {
    for path in files("mitbih", "hea").into_iter().chain(files("physio", "hea")) {
        let (frames, whole, source) = read(&path);
        let info = source.info();
        let case = path.display();
        assert_eq!(Some(frames), info.frames, "{case}");
        assert_eq!(source.tally().malformed, 0, "{case}: {:?}", source.tally());
        assert!(whole > frames * 9 / 10, "{case}: {whole} of {frames}");
        assert!(info.channels.iter().all(|c| !c.name.is_empty()), "{case}");
        let progress = source.progress();
        assert_eq!(progress.done_bytes, progress.total_bytes, "{case}");
        if let Body::Signals(signals) = Header::read(&path).unwrap().body {
            assert_eq!(signals.len(), info.channels.len(), "{case}");
        }
    }
}

#[test]
fn record_100_is_what_the_publication_says() {
    let Some(path) = shared_data("mitbih/100.hea") else { return };
    let (frames, _, source) = read(&path);
    assert_eq!((frames, source.info().rate_hz), (650_000, Some(360.0)));
    let channels = &source.info().channels;
    assert_eq!((channels[0].name.as_str(), channels[1].name.as_str()), ("MLII", "V5"));
    // 11 bits over 10 mV around 5.12 mV of offset.
    assert_eq!(channels[0].rails, Some((-5.12, 5.115)));
    let list: Vec<_> = read_annotations(&path.with_extension("atr")).unwrap().map(Result::unwrap).collect();
    // Moody & Mark: record 100 has 2239 normal beats, 33 atrial premature ones and 1 ventricular one.
    let count = |symbol: &str| list.iter().filter(|a| annotation::symbol(a.code) == Some(symbol)).count();
    assert_eq!((count("N"), count("A"), count("V"), count("+"), list.len()), (2239, 33, 1, 1, 2274));
}

#[test]
fn lower_rate_signals_and_start_time() {
    let Some(path) = shared_data("physio/03700181.hea") else { return };
    let source = WfdbSource::open(&path).unwrap();
    assert_eq!(source.info().start.as_deref(), Some("1994-08-15T17:27:45"));
    assert!(source.info().notes.iter().any(|n| n.contains("MCL1") && n.contains("4 samples")));
}

#[test]
fn every_annotation_file_is_in_time_order() {
    for path in files("mitbih", "atr") {
        let mut reader = read_annotations(&path).unwrap();
        let list: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
        assert!(!reader.ended_without_mark());
        assert!(reader.time_resolution().is_none_or(|rate| rate == 360.0));
        assert!(list.len() > 1000 && list.is_sorted_by_key(|a| a.sample), "{}", path.display());
        assert!(list.iter().all(|a| annotation::symbol(a.code).is_some()));
    }
}
