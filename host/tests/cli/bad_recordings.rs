//! Files that are missing, damaged, or not what they say.

use std::io::Write;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::place::{FRAMES, Place, csv, table};

#[test]
fn a_missing_file_and_a_directory() {
    let place = Place::new();
    std::fs::create_dir(place.path("folder")).unwrap();
    place.refuses(1, &["gone.csv"], &["gone.csv: ", "check its name"]);
    place.refuses(1, &["gone.hea"], &["gone.hea: ", "check its name"]);
    place.refuses(1, &["folder"], &["folder: this is a directory", "name one recording"]);
    place.refuses_as_it_is(1, &["info", "gone.csv"], &["gone.csv: ", "check its name"]);
}

/// The others are replayed, and the exit status tells of the one that was not.
#[test]
fn one_of_several_files_fails() {
    let place = Place::new();
    place.write("t.csv", csv(&table(FRAMES, 2)));
    place.write("u.csv", csv(&table(FRAMES, 2)));
    let args = ["gone.csv", "t.csv", "folder", "u.csv", "--scores", "{}-s.csv", "--fail-on-alarm"];
    std::fs::create_dir(place.path("folder")).unwrap();
    place.replay(&args).status(1).says(&["gone.csv: ", "wrote t-s.csv", "folder: ", "wrote u-s.csv"]);
    assert_eq!(place.read("t-s.csv"), place.read("u-s.csv"));
}

#[test]
fn a_record_by_its_name() {
    let place = Place::new();
    place.record("r.1", usize::MAX, |header| header);
    place.run(&["info", "r.1"]).status(0);
    let args = ["r.1", "--annotate", "out", "--scores", "{}.csv"];
    place.replay(&args).status(0).says(&["wrote r.1.csv", "wrote r.1.out"]);
    place.refuses(2, &["r.1", "--annotate", "dat"], &["that is a part of the record"]);
}

/// The first bytes of a pipe are gone after a look at them: the rest must not pass for the recording.
#[cfg(unix)]
#[test]
fn a_pipe() {
    let place = Place::new();
    let made = Command::new("mkfifo").arg(place.path("pipe.csv")).stdin(Stdio::null()).status();
    if made.is_ok_and(|status| status.success()) {
        let done = place.replay(&["pipe.csv"]).status(1);
        done.says(&["pipe.csv: this is no regular file", "write it to a file first"]);
    }
}

#[test]
fn what_is_no_recording() {
    let place = Place::new();
    place.write("a.xlsx", b"PK\x03\x04\x14\0");
    place.write("b.bin", b"\x01\x02\0\x04");
    place.write("c.hea", b"");
    place.write("d.wav", b"RIFF\0\0\0\0WAVE");
    place.refuses(1, &["a.xlsx"], &["a.xlsx: a ZIP archive or spreadsheet", "give a CSV table"]);
    place.refuses(1, &["b.bin"], &["b.bin: binary content", "give a CSV table"]);
    place.refuses(1, &["c.hea"], &["c.hea: the file is empty"]);
    place.refuses(1, &["d.wav"], &["d.wav"]);
}

#[test]
fn a_header_without_its_samples_and_samples_without_their_header() {
    let place = Place::new();
    place.record("r", usize::MAX, |header| header);
    std::fs::remove_file(place.path("r.dat")).unwrap();
    place.refuses(1, &["r.hea"], &["r.hea:2: signal file `r.dat` is not beside the header", "put it there"]);
    place.record("q", usize::MAX, |header| header);
    std::fs::remove_file(place.path("q.hea")).unwrap();
    place.refuses(1, &["q.dat"], &["q.dat: no header `q.hea` beside it"]);
    place.write("s.hea", "s 2 360 100\ns.dat 212 200\n");
    place.refuses(1, &["s.hea"], &["s.hea:1: ", "promises 2 signals, 1 lines follow", "correct the number"]);
    place.write("u.hea", "u 1 360 100\n../u.dat 212 200\n");
    place.refuses(1, &["u.hea"], &["u.hea:2: "]);
}

#[test]
fn samples_that_end_early_are_counted() {
    let place = Place::new();
    place.record("r", 100_000, |header| header);
    let done = place.run(&["replay", "r.hea", "--scores", "s.csv"]).status(0);
    let remark = "r.dat: byte 100000: the file ends after 66666 frames, r.hea tells 108000";
    done.says(&[&format!("warning: {remark}"), "66666 frames", "1 rows or blocks malformed"]);
    assert!(place.read("r.html").contains(remark));
    assert_eq!(place.read("s.csv").lines().count(), 66_667);
    place.record("none", 0, |header| header);
    place.refuses(1, &["none.hea"], &["none.hea: no frames"]);
}

#[test]
fn a_header_that_lies_about_the_length() {
    let place = Place::new();
    place.record("r", usize::MAX, |header| header.replace("108000", "50000"));
    let done = place.run(&["replay", "r.hea"]).status(0);
    let remark = "r.dat holds 108000 frames, r.hea tells 50000: the rest is left out";
    done.says(&[&format!("warning: {remark}"), "1 channel, 50000 frames"]);
    assert!(place.read("r.html").contains(remark));
}

#[test]
fn a_header_that_lies_about_the_format() {
    let place = Place::new();
    place.record("r", usize::MAX, |header| header.replace("dat 212", "dat 16"));
    // As sixteen bits, the codes leave the range of the converter, and there are not enough of them.
    let words = ["r.hea: channel MLII: code ", "is outside 0 to 2047", "the file ends after 81000 frames"];
    place.replay(&["r.hea"]).status(0).says(&words);
    place.record("q", usize::MAX, |header| header.replace("dat 212", "dat 9999"));
    place.refuses(1, &["q.hea"], &["q.hea:2: ", "9999"]);
    place.record("n", usize::MAX, |header| header.replace(" 360 ", " fast "));
    place.refuses(1, &["n.hea"], &["n.hea:1: ", "fast"]);
}

#[test]
fn gzip_that_is_cut_or_damaged() {
    let place = Place::new();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(csv(&table(2 * FRAMES, 4)).as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    for keep in [whole.len() - 4, whole.len() / 2, whole.len() / 100, 20, 11, 3] {
        place.write("t.csv.gz", &whole[..keep]);
        place.refuses(1, &["t.csv.gz"], &["t.csv.gz"]);
    }
    place.write("t.csv.gz", &whole[..whole.len() / 2]);
    place.refuses(
        1,
        &["t.csv.gz"],
        &["t.csv.gz:", "the compressed file is truncated", "copy the file again"],
    );
    let mut damaged = whole.clone();
    let middle = whole.len() / 2;
    damaged[middle..middle + 64].fill(0x55);
    place.write("t.csv.gz", &damaged);
    place.refuses(1, &["t.csv.gz"], &["t.csv.gz:", "copy the file again"]);
}

#[test]
fn the_first_recording_that_fails_ends_the_run_and_is_named() {
    let place = Place::new();
    for name in ["a.csv", "c.csv"] {
        place.write(name, csv(&table(FRAMES, 2)));
    }
    place.write("b.csv", "time,a\n");
    place
        .replay(&["a.csv", "b.csv", "c.csv", "--scores", "{}-s.csv"])
        .status(1)
        .says(&["b.csv: no data rows"]);
    assert!(place.files().contains("a-s.csv") && !place.files().contains("b-s.csv"));
}

/// File names are bytes on Unix: one that is no text is replayed all the same.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let name = OsStr::from_bytes(b"r\xff\xfe.csv");
    place.write(name, csv(&table(FRAMES, 2)));
    let mut command = place.command(&["replay", "--scores", "{}-s.csv"]);
    crate::place::finish(command.arg(name)).status(0).says(&["r\u{fffd}\u{fffd}: 2 channels"]);
    assert!(place.files().contains("r\u{fffd}\u{fffd}-s.csv"), "{:?}", place.files());
    let mut command = place.command(&["info"]);
    let done = crate::place::finish(command.arg(OsStr::from_bytes(b"gone\xff.csv"))).status(1);
    done.says(&["gone\u{fffd}.csv: "]);
}
