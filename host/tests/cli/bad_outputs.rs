//! Outputs that cannot be written, or would cost the user a file.

use std::process::Stdio;

use crate::place::{FRAMES, Place, csv, finish, table, wait};

fn place() -> Place {
    let place = Place::new();
    for name in ["a.csv", "b.csv"] {
        place.write(name, csv(&table(FRAMES, 2)));
    }
    place
}

#[test]
fn a_place_where_nothing_can_be_written() {
    let place = place();
    std::fs::create_dir(place.path("folder")).unwrap();
    for key in ["scores", "events", "report"] {
        let flag = format!("--{key}");
        let write = |name| ["replay", "--report", "none", "a.csv", &flag, name].map(str::to_owned);
        let refuses = |status, name, words: &[&str]| {
            let args = write(name);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            // The flag given last would win over --report, so it is left out there.
            let args = if key == "report" { [&args[..1], &args[3..]].concat() } else { args };
            place.refuses_as_it_is(status, &args, words);
        };
        refuses(1, "folder", &["cannot write folder: this is a directory", "choose another place"]);
        refuses(1, "b.csv/x", &["cannot write b.csv/x: b.csv is no directory", "choose another place"]);
        refuses(2, "", &[key, "give a file name"]);
    }
    place.refuses_as_it_is(2, &["replay", "a.csv", "--scores", "-"], &["scores: `-`", "give a file name"]);
    place.refuses_as_it_is(2, &["replay", "a.csv", "--report", "-"], &["report: `-`", "give a file name"]);
}

#[test]
fn a_recording_is_never_overwritten() {
    let place = place();
    place.write("c.csv.part", csv(&table(FRAMES, 2)));
    place.example("mitbih-208.hea");
    place.example("mitbih-208.dat");
    for (input, output) in [
        ("a.csv", "a.csv"),
        ("a.csv", "./a.csv"),
        ("a.csv", "{}.csv"),
        ("c.csv.part", "c.csv"),
        ("mitbih-208.hea", "mitbih-208.hea"),
        ("mitbih-208.hea", "{}.dat"),
        ("mitbih-208.dat", "mitbih-208.hea"),
    ] {
        for flag in ["--scores", "--events", "--report"] {
            let args = ["replay", input, flag, output];
            place.refuses_as_it_is(2, &args, &["would overwrite a recording", "choose another name"]);
        }
    }
    // Nor is the one that comes later.
    let args = ["replay", "a.csv", "b.csv", "--scores", "x{}", "--report", "b.csv"];
    place.refuses_as_it_is(2, &args, &["would overwrite a recording"]);
}

#[cfg(unix)]
#[test]
fn a_recording_is_never_overwritten_through_a_link() {
    let place = place();
    std::os::unix::fs::symlink(place.path("a.csv"), place.path("link.csv")).unwrap();
    place.refuses_as_it_is(2, &["replay", "a.csv", "--scores", "link.csv"], &["would overwrite a recording"]);
    place.refuses_as_it_is(2, &["replay", "link.csv", "--scores", "a.csv"], &["would overwrite a recording"]);
}

#[test]
fn two_outputs_never_share_a_file() {
    let place = place();
    for (flag, name) in [("--scores", "s.csv"), ("--events", "e.jsonl"), ("--report", "r.html")] {
        let args = ["replay", "a.csv", "b.csv", flag, name];
        place.refuses_as_it_is(2, &args, &["a.csv and b.csv cannot share one file", "put {} where the name"]);
    }
    let args = ["replay", "a.csv", "--scores", "x", "--events", "./x"];
    place.refuses_as_it_is(2, &args, &["events: `./x`: this is also the file of `scores`"]);
    // The same name in two directories, and the same recording twice.
    place.write("other/a.csv", csv(&table(FRAMES, 2)));
    for second in ["other/a.csv", "a.csv"] {
        let args = ["replay", "a.csv", second, "--scores", "{}-s.csv"];
        place.refuses_as_it_is(2, &args, &["cannot share one file", "one at a time"]);
    }
}

#[test]
fn names_with_a_place_for_the_record() {
    let place = place();
    let args = ["replay", "a.csv", "b.csv", "--scores", "new/{}/{}-s.csv", "--events", "{}.jsonl"];
    place.run(&args).status(0).says(&["wrote new/a/a-s.csv", "wrote b.jsonl"]);
    for name in ["new/a/a-s.csv", "new/b/b-s.csv", "a.jsonl", "b.jsonl", "a.html", "b.html"] {
        assert!(place.path(name).is_file(), "{name}");
    }
    let left: Vec<_> = std::fs::read_dir(place.path("new/a")).unwrap().collect();
    assert_eq!(left.len(), 1, "no .part file is left");
}

#[test]
fn a_failed_replay_leaves_earlier_results_alone() {
    let place = place();
    place.write("s.csv", "from yesterday");
    place.write("still.csv", "a\n".to_owned() + &"inf\n".repeat(1_500));
    let args = ["replay", "still.csv", "--scores", "s.csv"];
    place.refuses_as_it_is(1, &args, &["still.csv: only 0 of 1500 frames could be judged"]);
    assert_eq!(place.read("s.csv"), "from yesterday");
}

/// A device is written to; it is not replaced by a file of its name.
#[cfg(target_os = "linux")]
#[test]
fn devices_and_links_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let place = place();
    place.write("target.csv", "old");
    symlink(place.path("target.csv"), place.path("link.csv")).unwrap();
    symlink("/dev/null", place.path("null")).unwrap();
    let args = ["a.csv", "b.csv", "--scores", "null", "--events", "null"];
    place.replay(&args).status(0);
    assert!(std::fs::metadata(place.path("null")).unwrap().file_type().is_char_device());
    place.replay(&["a.csv", "--scores", "link.csv"]).status(0);
    assert!(place.path("link.csv").is_symlink());
    assert!(place.read("target.csv").starts_with("index,"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let place = place();
    std::os::unix::fs::symlink("/dev/full", place.path("full")).unwrap();
    let done = place.replay(&["a.csv", "--scores", "full"]).status(1);
    done.says(&["cannot write full: ", "free some room"]);
}

/// Many events into a pipe whose reader has gone: an end without a panic and without words.
#[test]
fn standard_output_closed_early() {
    let place = Place::new();
    place.example("mitbih-208.hea");
    place.example("mitbih-208.dat");
    let settings = ["--alarm.frames-per-false-alarm", "20", "--alarm.merge-frames", "0"];
    let replay = [&["replay", "mitbih-208.hea", "--report", "none"], &settings[..]].concat();
    assert!(place.run(&replay).status(0).stdout.lines().count() > 100);
    for args in [&replay[..], &["info", "mitbih-208.hea"], &["info", "--json", "mitbih-208.hea"]] {
        // Closed before the command begins: `info` is done in no time.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = place.command(args).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        assert_eq!(wait(&mut child), 1, "{args:?}");
        let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert_eq!(stderr, "", "{args:?}");
    }
}

#[test]
fn standard_error_closed() {
    let place = place();
    for (args, status) in [(["replay", "a.csv"], 0), (["replay", "gone.csv"], 1), (["info", "gone.csv"], 1)] {
        let mut child = place.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(wait(&mut child), status, "{args:?}");
    }
}

#[test]
fn a_stream_for_events_that_takes_nothing() {
    let place = Place::new();
    place.example("mitbih-208.hea");
    place.example("mitbih-208.dat");
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    // A limit so low that there are events.
    let args = ["replay", "mitbih-208.hea", "--report", "none", "--alarm.frames-per-false-alarm", "300"];
    let mut child = place.command(&args);
    let mut child = child.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(wait(&mut child), 1);
    let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert!(stderr.contains("cannot write standard output"), "{stderr}");
    // The same through the helper, to a reader that takes everything.
    finish(&mut place.command(&args)).status(0);
}
