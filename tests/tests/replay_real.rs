//! Real recordings through the whole command: to the end, with every output, in memory that does not grow with the length.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use eigenstream_tests::{shared_data, skip};

/// Longest time a replay may take before the test fails; many times what any needs.
const PATIENCE: Duration = Duration::from_secs(300);
/// Most memory a replay of a few channels may take, in kilobytes.
const MOST_KB: u64 = 40_000;

struct Done {
    stderr: String,
    /// Peak memory in kilobytes, where the system tells.
    peak_kb: Option<u64>,
    took: Duration,
}

/// Replays `recording` in `folder` with `args`; a status other than 0 fails the test.
#[track_caller]
fn replay(folder: &Path, recording: &Path, args: &[&str]) -> Done {
    let begun = Instant::now();
    let log = folder.join("stderr");
    let mut command = Command::new(env!("CARGO_BIN_EXE_eigenstream-tested"));
    command.arg("replay").arg(recording).args(args).current_dir(folder).stdin(Stdio::null());
    let ours = |name: &str| name.starts_with("EIGENSTREAM_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)) {
        command.env_remove(name);
    }
    let mut child = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
    let mut peak_kb = None;
    let status = loop {
        // The peak never falls, so the last look before the end is the one that counts.
        peak_kb = peak(&child).or(peak_kb);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{}: not done within {PATIENCE:?}", recording.display());
        }
        thread::sleep(Duration::from_micros(500));
    };
    let stderr = fs::read_to_string(log).unwrap();
    assert!(status.success(), "{}: {status}: {stderr}", recording.display());
    Done { stderr, peak_kb, took: begun.elapsed() }
}

fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Asserts that a replay that was so many times as long took no more memory than the short one, and neither of them much.
#[track_caller]
fn same_memory(short: &Done, long: &Done) {
    let (Some(a), Some(b)) = (short.peak_kb, long.peak_kb) else {
        return skip("linux", "no /proc here that tells the peak memory of a process");
    };
    println!("peak {a} kB in {:?}, {b} kB in {:?}", short.took, long.took);
    assert!(a > 1000 && b < MOST_KB, "{a} kB and {b} kB");
    assert!(b <= a + a / 10 + 2048, "{b} kB for the long recording, {a} kB for the short one");
}

/// Rows of a table of scores: frames, those that were judged, those in alarm. Asserts that every number is finite.
fn count(scores: &Path) -> [u64; 3] {
    let mut counts = [0; 3];
    for line in BufReader::new(File::open(scores).unwrap()).lines().skip(1).map(Result::unwrap) {
        let cells: Vec<&str> = line.split(',').collect();
        let [_, _, score, p_value, limit, alarm] = cells[..] else { panic!("{line}") };
        let numbers =
            [score, p_value, limit].map(|cell| (!cell.is_empty()).then(|| cell.parse::<f64>().unwrap()));
        assert!(numbers.iter().flatten().all(|v| v.is_finite()), "{line}");
        counts[0] += 1;
        counts[1] += u64::from(numbers[0].is_some());
        counts[2] += u64::from(alarm == "1");
    }
    counts
}

/// A recording with every output, and what must hold for any.
fn replays_whole(recording: &Path, frames: Option<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let outputs = ["--scores", "s.csv", "--events", "e.jsonl", "--report", "r.html"];
    let done = replay(folder.path(), recording, &outputs);
    let name = recording.display();
    let [rows, judged, alarms] = count(&folder.path().join("s.csv"));
    assert!(frames.is_none_or(|n| rows == n), "{name}: {rows} rows for {frames:?} frames");
    assert!(judged > rows * 9 / 10, "{name}: {judged} of {rows} frames judged");
    // One false alarm in 10,000 frames is wanted; what is found beyond that must leave most of the recording in peace.
    assert!(alarms < rows / 20, "{name}: {alarms} of {rows} frames in alarm");
    let events = fs::read_to_string(folder.path().join("e.jsonl")).unwrap();
    let alarmed: u64 = events
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["kind"] != "shift")
        .map(|event| event["alarms"].as_u64().unwrap())
        .sum();
    assert_eq!(alarmed, alarms, "{name}");
    assert!(
        fs::read_to_string(folder.path().join("r.html")).unwrap().trim_end().ends_with("</html>"),
        "{name}"
    );
    assert!(done.stderr.contains(" frames, ") && !done.stderr.contains("error"), "{}", done.stderr);
}

/// The files of a shared folder with this extension, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let Some(folder) = shared_data(folder) else { return Vec::new() };
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn every_ecg_of_the_arrhythmia_database() {
    for path in files("mitbih", "hea") {
        replays_whole(&path, Some(650_000));
    }
}

#[test]
fn every_record_of_the_physiological_collection() {
    for path in files("physio", "hea") {
        // A segment alone is a record too.
        replays_whole(&path, None);
    }
}

#[test]
fn every_vibration() {
    for path in files("vibration", "wav") {
        replays_whole(&path, Some(240_000));
    }
}

#[test]
fn tables_of_machines_and_gas_sensors() {
    for (path, frames) in [("skab/anomaly-free.csv", None), ("gas/gas-sensors.csv", Some(100_000))] {
        if let Some(path) = shared_data(path) {
            replays_whole(&path, frames);
        }
    }
}

#[test]
fn memory_does_not_grow_with_the_length_of_a_record() {
    let Some(header) = shared_data("mitbih/100.hea") else { return };
    let folder = tempfile::tempdir().unwrap();
    // Format 212 holds two samples in three bytes, and a frame has two: copies can stand one after another.
    let samples = fs::read(header.with_extension("dat")).unwrap();
    fs::write(folder.path().join("long.dat"), samples.repeat(10)).unwrap();
    let text =
        fs::read_to_string(&header).unwrap().replace("650000", "6500000").replace("100.dat", "long.dat");
    fs::write(folder.path().join("long.hea"), text.replacen("100 ", "long ", 1)).unwrap();
    // The page keeps excerpts of its first 32 events: so many that both recordings have more.
    let many = ["--alarm.frames-per-false-alarm", "1000"];
    let outputs = [&["--scores", "/dev/null", "--events", "e.jsonl"][..], &many].concat();
    let short = replay(folder.path(), &header, &outputs);
    let long = replay(folder.path(), &folder.path().join("long.hea"), &outputs);
    assert!(long.stderr.contains("6500000 frames"), "{}", long.stderr);
    same_memory(&short, &long);
}

/// A table of `rows` rows at 100 Hz with two channels, some of them ragged.
fn write_table(path: &Path, rows: u32) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    writeln!(file, "time,a,b").unwrap();
    let mut noise = 1_u32;
    for k in 0..rows {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (wave, noise) = ((f64::from(k) / 9.0).sin(), f64::from(noise >> 8) / 1e7);
        write!(file, "{:.2},{:.3}", f64::from(k) / 100.0, wave + noise).unwrap();
        writeln!(file, "{}", if k % 1000 == 999 { String::new() } else { format!(",{noise:.3}") }).unwrap();
    }
    file.flush().unwrap();
}

#[test]
fn memory_does_not_grow_with_the_length_of_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, rows: u32| {
        let path = folder.path().join(name);
        write_table(&path, rows);
        let done = replay(folder.path(), &path, &["--scores", "/dev/null", "--events", "e.jsonl"]);
        assert!(done.stderr.contains(&format!("{rows} frames")), "{}", done.stderr);
        assert!(
            done.stderr.contains(&format!("{} rows or blocks malformed", rows / 1000)),
            "{}",
            done.stderr
        );
        done
    };
    let (short, long) = (run("short.csv", 200_000), run("long.csv", 2_000_000));
    same_memory(&short, &long);
}
