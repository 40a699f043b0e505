//! What scripts rely on: the table of scores, the stretch of a recording, the pace, the exit status.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::place::Place;

/// A limit that the ECG example exceeds now and then.
const EVENTS: [&str; 2] = ["--alarm.frames-per-false-alarm", "300"];

/// The ECG example in a directory of its own.
fn ecg() -> Place {
    let place = Place::new();
    place.example("mitbih-208.hea");
    place.example("mitbih-208.dat");
    place
}

/// One row of a table of scores.
struct Row {
    index: u64,
    time_s: f64,
    score: Option<f64>,
    p_value: Option<f64>,
    limit: Option<f64>,
    alarm: bool,
}

fn rows(scores: &str) -> Vec<Row> {
    let mut lines = scores.lines();
    assert_eq!(lines.next(), Some("index,time_s,score,p_value,limit,alarm"));
    lines.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split(',').collect();
    let [index, time, score, p_value, limit, alarm] = cells[..] else { panic!("{line}") };
    let number = |cell: &str| (!cell.is_empty()).then(|| cell.parse::<f64>().unwrap());
    let (score, p_value, limit) = (number(score), number(p_value), number(limit));
    assert!([score, p_value, limit].iter().flatten().all(|v| v.is_finite()), "{line}");
    assert!(["0", "1"].contains(&alarm), "{line}");
    let (index, time_s) = (index.parse().unwrap(), time.parse().unwrap());
    Row { index, time_s, score, p_value, limit, alarm: alarm == "1" }
}

#[test]
fn one_row_of_scores_for_each_frame() {
    let place = ecg();
    place.replay(&["mitbih-208.hea", "--scores", "s.csv"]).status(0);
    let rows = rows(&place.read("s.csv"));
    assert_eq!(rows.len(), 108_000);
    for (k, row) in (0..).zip(&rows) {
        assert_eq!(row.index, k);
        // Nanoseconds are written.
        assert!((row.time_s - k as f64 / 360.0).abs() < 1e-9, "row {k}: {} s", row.time_s);
        assert!(row.p_value.is_none_or(|p| (0.0..=1.0).contains(&p)), "row {k}");
        // An alarm may be of a level, which has a limit of its own; the p-value is that of both.
        assert!(!row.alarm || row.score > row.limit || row.p_value < Some(1e-4), "row {k}");
    }
    let judged = rows.iter().filter(|r| r.score.is_some()).count();
    assert!(judged > 107_000, "{judged} frames judged");
    let first_limit = rows.iter().position(|r| r.limit.is_some()).unwrap();
    assert!(rows[first_limit..].iter().all(|r| r.limit.is_some()));
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    let place = ecg();
    for run in ["1", "2"] {
        let [scores, events] = ["s", "e"].map(|name| format!("{name}{run}"));
        let outputs = ["mitbih-208.hea", "--scores", &scores, "--events", &events];
        place.replay(&[&outputs, &EVENTS[..]].concat()).status(0);
    }
    assert_eq!(place.bytes("s1"), place.bytes("s2"));
    assert_eq!(place.bytes("e1"), place.bytes("e2"));
    assert!(!place.bytes("e1").is_empty());
    // The header or the samples name the same record.
    place.replay(&[&["mitbih-208.dat", "--scores", "s3"], &EVENTS[..]].concat()).status(0);
    assert_eq!(place.bytes("s1"), place.bytes("s3"));
}

#[test]
fn standard_output_is_data_and_nothing_else() {
    let place = ecg();
    let replay = |args: &[&str]| place.replay(&[&["mitbih-208.hea"], &EVENTS[..], args].concat()).status(0);
    let done = place.run(&[&["replay", "mitbih-208.hea"], &EVENTS[..]].concat()).status(0);
    assert!(!done.stdout.is_empty());
    for line in done.stdout.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap().is_object(), "{line}");
    }
    // No progress where no terminal is: the summary alone, without a carriage return or an escape.
    assert!(!done.stderr.contains(['\r', '\x1b']), "{}", done.stderr);
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert!(
        lines[0].starts_with("mitbih-208: 1 channel,") && lines[1].starts_with("  shifts: "),
        "{lines:?}"
    );
    let rest = |line: &&str| line.starts_with("  warning: ") || line.starts_with("  wrote ");
    assert!(lines[2..].iter().all(rest), "{lines:?}");
    let dash = replay(&["--events", "-"]);
    assert_eq!(dash.stdout, done.stdout);
    let file = replay(&["--events", "e.jsonl"]);
    assert_eq!((file.stdout.as_str(), place.read("e.jsonl")), ("", done.stdout));
    let quiet = replay(&["--quiet", "--events", "e.jsonl"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn without_a_name_the_page_is_called_after_the_record() {
    let place = ecg();
    let before = place.files();
    place.run(&["replay", "mitbih-208.hea"]).status(0).says(&["wrote mitbih-208.html"]);
    let after = place.files();
    let new: Vec<_> = after.difference(&before).collect();
    assert_eq!(new, ["mitbih-208.html"]);
    assert!(place.read("mitbih-208.html").starts_with("<!"));
}

#[test]
fn alarms_are_an_exit_status_only_if_asked_for() {
    let place = ecg();
    let replay = |args: &[&str]| place.replay(&[&["mitbih-208.hea"], &EVENTS[..], args].concat());
    let alarmed = replay(&[]).status(0);
    assert!(!alarmed.stdout.is_empty());
    let failed = replay(&["--fail-on-alarm", "--scores", "s.csv"]).status(3);
    assert_eq!(failed.stdout, alarmed.stdout);
    assert_eq!(rows(&place.read("s.csv")).len(), 108_000);
    replay(&["--fail-on-alarm=false"]).status(0);
    // Nothing but warm-up: no alarm, so nothing to fail on.
    let calm = replay(&["--fail-on-alarm", "--to", "4"]).status(0);
    assert_eq!(calm.stdout, "");
}

#[test]
fn a_stretch_keeps_the_indices_and_times_of_the_record() {
    let place = ecg();
    let done =
        place.replay(&["mitbih-208.hea", "--from", "1:00", "--to", "2:00", "--scores", "s.csv"]).status(0);
    let rows = rows(&place.read("s.csv"));
    assert_eq!((rows.len(), rows[0].index, rows[0].time_s), (21_600, 21_600, 60.0));
    assert!((0..).zip(&rows).all(|(k, row)| row.index == 21_600 + k));
    assert!((rows[21_599].time_s - 43_199.0 / 360.0).abs() < 1e-9);
    for event in done.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let (frame, time) = (event["start_frame"].as_u64().unwrap(), event["start_s"].as_f64().unwrap());
        assert!((21_600..43_200).contains(&frame) && (time - frame as f64 / 360.0).abs() < 1e-9, "{event}");
        assert!(rows[frame as usize - 21_600].alarm);
    }
}

/// The scores of a compressed table are those of the plain one.
#[test]
fn gzip_changes_nothing() {
    let place = Place::new();
    place.example("watch-imu.csv");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&place.bytes("watch-imu.csv")).unwrap();
    place.write("packed.csv.gz", encoder.finish().unwrap());
    place
        .replay(&["watch-imu.csv", "packed.csv.gz", "--scores", "{}-s.csv", "--events", "{}.jsonl"])
        .status(0);
    assert_eq!(place.bytes("watch-imu-s.csv"), place.bytes("packed-s.csv"));
    let rows = rows(&place.read("packed-s.csv"));
    assert_eq!(rows.len(), 4784);
    assert!((rows[4783].time_s - 4783.0 / 50.0).abs() < 1e-9);
}

/// Five seconds of signal at ten times the speed take half a second. The upper bound is loose: machines may be busy.
#[test]
fn the_pace_is_kept() {
    let place = ecg();
    let stretch = ["mitbih-208.hea", "--from", "60", "--to", "65"];
    let at_once = place.replay(&[&stretch[..], &["--speed", "max"]].concat()).status(0).took;
    let paced = place.replay(&[&stretch[..], &["--speed", "10x"]].concat()).status(0).took;
    assert!((Duration::from_millis(490)..Duration::from_secs(20)).contains(&paced), "{paced:?}");
    assert!(at_once < Duration::from_secs(10), "{at_once:?}");
}
