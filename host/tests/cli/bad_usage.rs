//! Bad usage and configuration: status 2, nothing read, nothing written.

use crate::place::{FRAMES, Place, csv, finish, table};

fn place() -> Place {
    let place = Place::new();
    place.write("t.csv", csv(&table(FRAMES, 2)));
    place.example("mitbih-208.hea");
    place.example("mitbih-208.dat");
    place
}

#[test]
fn flags() {
    let place = place();
    for (args, words) in [
        (&["--nonsense"][..], &["unexpected argument '--nonsense'", "Usage: "][..]),
        (&["--temporal.lenght", "5"], &["--temporal.lenght", "--temporal.length"]),
        (&["--temporal.length", "many"], &["--temporal.length: `many`: give a whole number"]),
        (
            &["--temporal.length", "-5"],
            &["--temporal.length: `-5`: give a whole number that is not negative"],
        ),
        (&["--temporal.rank", "65"], &["temporal.rank = 65", "must be from 1 to 64"]),
        (&["--spatial.memory-frames", "inf"], &["spatial.memory_frames = inf", "must be from 2 to"]),
        (&["--alarm.frames-per-false-alarm", "nan"], &["alarm.frames_per_false_alarm = NaN", "must be from"]),
        (
            &["--alarm.warm-up-frames", "99999999999"],
            &["--alarm.warm-up-frames: `99999999999`: give a smaller number"],
        ),
        (&["--spatial.enabled=maybe"], &["--spatial.enabled: `maybe`: give true or false"]),
        (
            &["--spatial.enabled=no", "--temporal.enabled=no"],
            &["no view is left; enable spatial or temporal"],
        ),
        (&["--rate-hz", "0"], &["rate_hz: `0`: give frames per second above 0"]),
        (&["--delimiter", "ab"], &["delimiter: `ab`: give one character"]),
        (&["--speed", "fast"], &["speed: `fast`", "give `max`"]),
        (&["--from", "later"], &["--from: `later`", "give seconds (90.5) or [hh:]mm:ss"]),
        (&["--from", "-5"], &["--from: `-5`"]),
        (&["--from", "2:00", "--to", "1:00"], &["to: `60 s`: it must be later than `from`"]),
        (&["--from", "5", "--to", "5"], &["it must be later than `from`"]),
        (&["--annotate", "est"], &["annotate: `est`: t.csv is no WFDB record", "use --events"]),
        (&["--config", "gone.toml"], &["gone.toml: ", "check the path given with --config"]),
        (&["--config", "."], &[".: ", "check the path given with --config"]),
    ] {
        place.refuses(2, &[&["t.csv"], args].concat(), words);
    }
}

#[test]
fn annotations_that_would_replace_a_part_of_the_record() {
    let place = place();
    for extension in ["atr", "hea", "dat", "mat", "ATR"] {
        let words = ["annotate: ", "a part of the record", "for example `est`"];
        place.refuses(2, &["mitbih-208.hea", "--annotate", extension], &words);
    }
    for extension in ["", ".", "../x", "a/b", "x.y"] {
        let words = ["annotate: ", "use letters and digits only"];
        place.refuses(2, &["mitbih-208.hea", "--annotate", extension], &words);
    }
}

#[test]
fn without_a_command_or_a_file() {
    let place = place();
    place.refuses_as_it_is(2, &["replay"], &["<FILE>"]);
    place.refuses_as_it_is(2, &["info"], &["<FILE>"]);
    place.refuses_as_it_is(2, &["play", "t.csv"], &["play"]);
    assert!(place.run(&[]).status(2).stderr.contains("Usage: "));
    for args in [&["--help"][..], &["--version"], &["replay", "--help"], &["info", "--help"]] {
        let done = place.run(args).status(0);
        assert!(done.stdout.contains("eigenstream") && done.stderr.is_empty(), "{done:?}");
    }
}

#[test]
fn configuration_files() {
    let place = place();
    for (text, words) in [
        ("speed = 'max'\n[temporal]\nlenght = 5\n", &["line 3", "unknown field `lenght`", "`length`"][..]),
        ("[temporal]\nlength = 'x'\n", &["line 2"]),
        ("[temporal\n", &["line 1"]),
        ("\n\nfrom = '1:99'\n", &["line 3", "1:99", "give seconds"]),
        ("[alarm]\nwarm_up_frames = 5\n", &["alarm.warm_up_frames = 5", "must be from 100"]),
        ("[temporal]\nlength = -1\n", &["line 2"]),
    ] {
        place.write("c.toml", text);
        let file = if words[0].starts_with("line") { "c.toml: " } else { "" };
        place.refuses(2, &["t.csv", "--config", "c.toml"], &[&[file], words].concat());
    }
    place.write("c.toml", b"speed = '\xff'\n");
    place.refuses(2, &["t.csv", "--config", "c.toml"], &["c.toml: "]);
}

#[test]
fn variables() {
    let place = place();
    for (name, value, words) in [
        ("EIGENSTREAM_LENGTH", "5", "EIGENSTREAM_LENGTH is set, but there is no such setting"),
        ("EIGENSTREAM_TEMPORAL_RANK", "x", "EIGENSTREAM_TEMPORAL_RANK: `x`: give a whole number"),
        ("EIGENSTREAM_TEMPORAL_RANK", "99", "temporal.rank = 99 is out of range"),
        ("EIGENSTREAM_FROM", "x", "EIGENSTREAM_FROM: `x`"),
    ] {
        let done = finish(place.command(&["replay", "t.csv"]).env(name, value)).status(2).says(&[words]);
        assert_eq!(done.stdout, "");
    }
    assert!(!place.files().contains("t.html"));
}

/// Variables may be any bytes: those of others are none of our business, ours must be text.
#[cfg(unix)]
#[test]
fn variables_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let place = place();
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let args = ["replay", "t.csv", "--report", "none"];
    finish(place.command(&args).env("OTHER", bytes).env(bytes, "x")).status(0);
    let done = finish(place.command(&args).env("EIGENSTREAM_SCORES", bytes)).status(2);
    done.says(&["EIGENSTREAM_SCORES: ", "not UTF-8"]);
}

#[test]
fn a_stretch_beyond_the_end() {
    let place = place();
    for file in ["t.csv", "mitbih-208.hea"] {
        let args = [file, "--from", "10:00"];
        place.refuses(1, &args, &[file, "no frames to replay", "check --from and --to", "eigenstream info"]);
        place.refuses(1, &[file, "--to", "0"], &[file, "no frames to replay"]);
    }
    let short = place.replay(&["mitbih-208.hea", "--from", "4:59"]).status(0);
    short.says(&["no alarm was possible: 360 frames", "replay a longer stretch"]);
}
