//! `eigenstream compare`: outcome, outputs, exit status, and recordings that cannot be compared.

use std::fmt::Write as _;

use serde_json::Value;

use crate::place::{Done, Noise, Place};

/// A table of independent rows with the channels `names`; rows from `rows` on have `a` moved by `shift`.
fn noise(seed: u32, rows: usize, names: &str, shift: f64) -> String {
    let mut noise = Noise(seed);
    let mut text = format!("{names}\n");
    for _ in 0..rows {
        let cells: Vec<String> = (0..names.split(',').count())
            .map(|i| format!("{:.4}", noise.next() + if i == 0 { shift } else { 0.0 }))
            .collect();
        writeln!(text, "{}", cells.join(",")).unwrap();
    }
    text
}

fn place() -> Place {
    let place = Place::new();
    place.write("a.csv", noise(1, 200, "a,b,c", 0.0));
    place.write("b.csv", noise(2, 200, "a,b,c", 0.6));
    place.write("c.csv", noise(3, 200, "a,b,c", 0.0));
    place
}

/// Compares rows with few permutations.
fn rows(place: &Place, args: &[&str]) -> Done {
    place.run(&[&["compare", "--features", "rows", "--permutations", "39"], args].concat())
}

#[track_caller]
fn outcome(done: &Done) -> Value {
    assert_eq!(done.stdout.lines().count(), 1, "{}", done.stdout);
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn a_shift_is_one_json_object_and_a_few_lines() {
    let place = place();
    let before = place.files();
    let done =
        rows(&place, &["a.csv", "b.csv"]).status(0).says(&["shift, p = 0.025: 200 and 200 rows", "  in a\n"]);
    assert!(!done.stderr.contains(['\r', '\x1b']), "{}", done.stderr);
    let found = outcome(&done);
    assert_eq!((&found["schema"], &found["shift"]), (&1.into(), &true.into()));
    assert_eq!(found["subset"][0]["feature"], "a");
    assert!(found["equalised"]["kept"][1].as_f64().unwrap() < 0.9);
    assert_eq!(place.files(), before);
    // The same again, bit by bit; another seed draws other permutations.
    assert_eq!(rows(&place, &["a.csv", "b.csv", "--quiet"]).stdout, done.stdout);
    let quiet = rows(&place, &["a.csv", "b.csv", "--quiet", "--seed", "2"]).status(0);
    assert!(quiet.stderr.is_empty() && quiet.stdout != done.stdout);
}

#[test]
fn a_shift_is_an_exit_status_only_if_asked_for() {
    let place = place();
    rows(&place, &["a.csv", "b.csv", "--fail-on-alarm"]).status(3);
    let calm = rows(&place, &["a.csv", "c.csv", "--fail-on-alarm"]).status(0).says(&["no shift found"]);
    assert_eq!(outcome(&calm)["subset"].as_array().unwrap().len(), 0);
    // With itself: all points twice, all distances tied with their twins.
    let same = outcome(&rows(&place, &["a.csv", "a.csv", "--fail-on-alarm"]).status(0));
    assert!(same["p_value"].as_f64().unwrap() > 0.5, "{same}");
}

#[test]
fn page_mask_and_outcome_go_where_they_are_told() {
    let place = place();
    let args = ["a.csv", "b.csv", "--report", "o/{}.html", "--mask", "m.csv", "--out", "o.json"];
    let done = rows(&place, &args).status(0).says(&["wrote m.csv", "wrote o/b.html", "wrote o.json"]);
    assert_eq!(done.stdout, "");
    let found: Value = serde_json::from_str(&place.read("o.json")).unwrap();
    assert!(place.read("o/b.html").contains("<strong>A shift</strong>"));
    let mask = place.read("m.csv");
    let mut lines = mask.lines();
    assert_eq!(lines.next(), Some("side,recording,point,frame,from_s,to_s,score,over,keep,weight"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 400);
    for (side, name, from) in [("reference", "a", 0), ("file", "b", 200)] {
        let own = &rows[from..from + 200];
        assert!(own.iter().enumerate().all(|(i, r)| r[0] == side && r[1] == name && r[3] == i.to_string()));
        let kept = own.iter().filter(|r| r[8] == "1").count();
        assert_eq!(found[side]["kept"], kept);
        assert!(own.iter().all(|r| (0.0..=1.0).contains(&r[9].parse::<f64>().unwrap())));
    }
}

#[test]
fn two_stretches_of_one_recording() {
    let place = Place::new();
    place.example("mitbih-208.hea");
    place.example("mitbih-208.dat");
    let spans = ["mitbih-208.hea", "mitbih-208.hea", "--reference-span", "..2:00", "--span", "3:00..5:00"];
    let done = place.run(&[&["compare", "--permutations", "39"][..], &spans].concat()).status(0);
    let found = outcome(&done);
    assert_eq!((&found["reference"]["points"], &found["file"]["points"]), (&120.into(), &120.into()));
    let names: Vec<&str> =
        found["features"].as_array().unwrap().iter().map(|f| f["feature"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 6);
    assert!(names.contains(&"MLII mean") && names.contains(&"MLII 90–180 Hz"), "{names:?}");
    for stretch in found["stretches"].as_array().unwrap() {
        let from = stretch["from_s"].as_f64().unwrap();
        assert!((0.0..120.0).contains(&from) || (180.0..300.0).contains(&from), "{stretch}");
    }
}

#[test]
fn channels_that_only_one_side_has() {
    let place = place();
    place.write("d.csv", noise(4, 200, "d,b,a", 0.0));
    let done = rows(&place, &["a.csv", "d.csv"]).status(0);
    let done = done.says(&["only in a.csv, not compared: `c`", "only in d.csv, not compared: `d`"]);
    assert_eq!(outcome(&done)["features"].as_array().unwrap().len(), 2);
    place.write("e.csv", noise(5, 200, "x,y", 0.0));
    let words = ["e.csv: no channel has the name of one in a.csv", "here `x`, `y`, there `a`, `b`, `c`"];
    place.refuses_as_it_is(1, &["compare", "a.csv", "e.csv"], &words);
}

#[test]
fn columns_that_say_nothing() {
    let place = place();
    let constant: String = (0..200).fold("a,b,c\n".into(), |t, k| t + &format!("{},5,NaN\n", k * 37 % 101));
    place.write("k.csv", &constant);
    let done = rows(&place, &["k.csv", "k.csv"]).status(0);
    let done =
        done.says(&["`b` is not compared: the same in every point", "`c` is not compared: missing in 100 %"]);
    assert_eq!(outcome(&done)["features"].as_array().unwrap().len(), 1);
    place.write("n.csv", (0..200).fold("a\n".to_owned(), |t, _| t + "5\n"));
    let words =
        ["n.csv: no feature is left to compare: `a` is the same in every point", "constant or missing"];
    place.refuses_as_it_is(1, &["compare", "--features", "rows", "n.csv", "n.csv"], &words);
}

#[test]
fn too_little_to_compare() {
    let place = place();
    place.write("one.csv", noise(6, 1, "a,b,c", 0.0));
    place.write("empty.csv", "");
    let refuses = |args: &[&str], words: &[&str]| {
        place.refuses_as_it_is(1, &[&["compare"], args].concat(), words);
    };
    refuses(&["a.csv", "empty.csv"], &["empty.csv: the file is empty"]);
    refuses(&["a.csv", "gone.csv"], &["gone.csv: "]);
    refuses(
        &["a.csv", "b.csv"],
        &["a.csv: 200 frames make 12 windows of 16 frames, at least 40 points are needed", "--features rows"],
    );
    refuses(&["a.csv", "one.csv", "--features", "rows"], &["one.csv: 1 rows, at least 40 points are needed"]);
    refuses(&["a.csv", "b.csv", "--span", "500.."], &["b.csv: no frames to compare", "eigenstream info"]);
}

#[test]
fn bad_usage() {
    let place = place();
    for (args, words) in [
        (&["a.csv"][..], &["<FILE>"][..]),
        (&["a.csv", "b.csv", "c.csv"], &["unexpected argument"]),
        (&["a.csv", "b.csv", "--level", "2"], &["compare.level: `2`: give a number from"]),
        (&["a.csv", "b.csv", "--neighbours", "5"], &["compare.neighbours: `5`: give a number from 21"]),
        (&["a.csv", "b.csv", "--points", "9"], &["compare.points: `9`: give a number from 40 to 4000"]),
        (&["a.csv", "b.csv", "--window", "0"], &["compare.window: `0`"]),
        (&["a.csv", "b.csv", "--window", "x"], &["--window: `x`: give a number"]),
        (&["a.csv", "b.csv", "--span", "2..1"], &["--span: `2..1`", "later than its beginning"]),
        (&["a.csv", "b.csv", "--features", "waves"], &["--features: `waves`", "`windows`"]),
        (&["a.csv", "b.csv", "--scores", "s.csv"], &["unexpected argument '--scores'"]),
        (
            &["a.csv", "b.csv", "--mask", "a.csv"],
            &["compare.mask: `a.csv`: this would overwrite a recording"],
        ),
        (
            &["a.csv", "b.csv", "--mask", "x", "--out", "x"],
            &["compare.mask: `x`: this is also the file of another"],
        ),
        (
            &["a.csv", "b.csv", "--features", "rows", "--neighbours", "401"],
            &["compare.neighbours: `401`: both sides together have 400 points"],
        ),
    ] {
        place.refuses_as_it_is(2, &[&["compare"], args].concat(), words);
    }
    place.refuses_as_it_is(2, &["replay", "a.csv", "--window", "2"], &["unexpected argument '--window'"]);
    assert!(place.run(&["compare", "--help"]).status(0).stdout.contains("--reference-span"));
}

#[test]
fn rates_that_differ() {
    let place = Place::new();
    let table = |rate: f64| {
        (0..2000)
            .fold("time,a\n".to_owned(), |t, k| t + &format!("{},{}\n", f64::from(k) / rate, k * 31 % 97))
    };
    place.write("x.csv", table(100.0));
    place.write("y.csv", table(50.0));
    let words = ["y.csv: 50 Hz, but x.csv has 100 Hz", "--features rows"];
    place.refuses_as_it_is(1, &["compare", "x.csv", "y.csv"], &words);
}

/// Six channels follow one source; in `broken`, the last one follows a source of its own, with the same mean and size.
fn related(seed: u32, broken: bool) -> String {
    let (mut noise, mut text) = (Noise(seed), "a,b,c,d,e,f\n".to_owned());
    for _ in 0..4_000 {
        let (source, other) = (noise.next(), noise.next());
        let of = |i: usize| if broken && i == 5 { other } else { source };
        let cells: Vec<String> = (0..6).map(|i| format!("{:.4}", of(i) + 0.1 * noise.next())).collect();
        writeln!(text, "{}", cells.join(",")).unwrap();
    }
    text
}

#[test]
fn a_relation_that_breaks_shows_in_what_the_axes_leave() {
    let place = Place::new();
    for (name, seed, broken) in [("a.csv", 1, false), ("b.csv", 2, true), ("c.csv", 3, false)] {
        place.write(name, related(seed, broken));
    }
    place.write("one.csv", noise(1, 400, "a", 0.0));
    let compare = |file: &str| {
        let args =
            ["compare", "--features", "coordinates", "--permutations", "39", "--window", "20", "a.csv", file];
        place.run(&args)
    };
    let found =
        outcome(&compare("b.csv").status(0).says(&["shift, p = 0.025: 200 and 200 windows of 20 frames"]));
    assert!(found["subset"][0]["feature"].as_str().unwrap().starts_with("residual (dB)"), "{found}");
    assert_eq!(outcome(&compare("c.csv").status(0))["shift"], false);
    let alone = ["compare", "--features", "coordinates", "one.csv", "one.csv"];
    place.run(&alone).status(1).says(&["one.csv", "no axes can be learned", "--features windows"]);
}
