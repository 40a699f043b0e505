//! Tables that are damaged or say nothing: repaired and counted where frames are left, refused with line, column and advice where not.

use std::time::Duration;

use crate::place::{Done, FRAMES, Place, changed, csv, table};

/// Replays the table and asserts that it is taken as a whole, one row of scores for each frame.
#[track_caller]
fn taken(text: &str, words: &[&str]) -> (Place, Done) {
    let place = Place::new();
    place.write("t.csv", text);
    let done = place.run(&["replay", "t.csv", "--scores", "s.csv"]).status(0).says(words);
    let frames = text.lines().count() - 1;
    assert_eq!(place.read("s.csv").lines().count() - 1, frames);
    // What was counted stands in the page too; it escapes quotes.
    let page = place.read("t.html");
    for remark in done.stderr.lines().filter_map(|line| line.trim().strip_prefix("warning: ")) {
        let piece = remark.split(['`', '\'', '<']).next().unwrap();
        assert!(page.contains(piece), "not in the page: {remark}");
    }
    (place, done)
}

#[track_caller]
fn refused(text: &str, words: &[&str]) -> Done {
    let place = Place::new();
    place.write("t.csv", text);
    place.refuses(1, &["t.csv"], &[&["t.csv"], words].concat())
}

#[test]
fn a_clean_table_has_no_warning() {
    let (_, done) =
        taken(&csv(&table(FRAMES, 2)), &["2 channels, 1500 frames", "wrote s.csv", "wrote t.html"]);
    assert!(!done.stderr.contains("warning") && !done.stderr.contains("malformed"), "{}", done.stderr);
}

#[test]
fn an_empty_file() {
    refused("", &["the file is empty", "check"]);
    refused("\n\n  \n", &["no data rows"]);
}

#[test]
fn a_header_only() {
    refused("time,a,b\n", &["no data rows, only a header", "record at least one frame"]);
}

#[test]
fn ragged_rows() {
    let mut rows = table(FRAMES, 2);
    rows[700].pop();
    rows[800].push("7".into());
    let words = ["t.csv:701: 2 cells instead of 3", "t.csv:801: 4 cells", "1 samples missing", "2 rows"];
    taken(&csv(&rows), &words);
}

#[test]
fn text_in_a_column_of_numbers() {
    let text = changed(FRAMES, 2, |k, i, _| (k == 900 && i == 2).then(|| "oops".into()));
    taken(&text, &["t.csv:901: column `b`: `oops` is no number", "1 rows or blocks malformed"]);
}

#[test]
fn a_column_of_text() {
    let text = changed(FRAMES, 2, |_, i, _| (i == 2).then(|| "open".into()));
    refused(&text, &["column `b` (#2) holds text", "`open`", "--ignore 'b'"]);
    let place = Place::new();
    place.write("t.csv", text);
    place.replay(&["t.csv", "--ignore", "b"]).status(0).says(&["1 channel,"]);
}

#[test]
fn a_channel_without_a_sample() {
    let text = changed(FRAMES, 2, |_, i, _| (i == 2).then(|| "NaN".into()));
    taken(&text, &["1500 samples missing", "never vary: `b` (no sample)"]);
    let alone = changed(FRAMES, 1, |_, i, _| (i == 1).then(|| "NaN".into()));
    refused(&alone, &["only 0 of 1500 frames could be judged", "constant, missing"]);
}

#[test]
fn a_constant_channel() {
    let text = changed(FRAMES, 2, |_, i, _| (i == 2).then(|| "9.81".into()));
    taken(&text, &["never vary: `b` (always 9.81)"]);
    let alone = changed(FRAMES, 1, |_, i, _| (i == 1).then(|| "9.81".into()));
    refused(&alone, &["only 0 of 1500 frames could be judged", "constant"]);
}

#[test]
fn flags_only() {
    let text = changed(FRAMES, 2, |k, i, _| (i > 0).then(|| (k * i / 10 % 2).to_string()));
    // Flags are watched for what they never did.
    taken(&text, &["2 channels, 1500 frames, 0 events"]);
}

#[test]
fn one_channel() {
    taken(&csv(&table(FRAMES, 1)), &["1 channel, 1500 frames"]);
}

#[test]
fn a_thousand_channels() {
    let (_, done) = taken(&csv(&table(1200, 1000)), &["1000 channels, 1200 frames"]);
    assert!(done.took < Duration::from_secs(60), "{:?}", done.took);
}

#[test]
fn time_that_runs_backwards() {
    let once = changed(FRAMES, 2, |k, i, _| (k == 1000 && i == 0).then(|| "1".into()));
    let (place, _) = taken(&once, &["t.csv:1001: time runs backwards by", "1 rows or blocks malformed"]);
    let scores = place.read("s.csv");
    let times = scores.lines().skip(1).map(|l| l.split(',').nth(1).unwrap().parse::<f64>().unwrap());
    assert!(times.is_sorted());

    let mut rows = table(FRAMES, 2);
    rows[1..].reverse();
    refused(
        &csv(&rows),
        &["time in column `time` runs backwards", "sort the rows by time", "--ignore 'time'"],
    );
}

#[test]
fn a_wrong_delimiter() {
    let row = |k: usize| format!("1.{k:03},5;{k},25\n");
    let text: String = std::iter::once("a;b\n".to_owned()).chain((0..FRAMES).map(row)).collect();
    refused(&text, &["of the first 64 rows have more cells than the 1 columns", "--delimiter"]);
    let place = Place::new();
    place.write("t.csv", &text);
    place.refuses(
        1,
        &["t.csv", "--delimiter", ";"],
        &["holds text, such as `1.000,5`", "thousands separators"],
    );
}

#[test]
fn a_row_of_units() {
    let text = csv(&table(FRAMES, 2)).replacen('\n', "\ns;bar;-\n".replace(';', ",").as_str(), 1);
    let place = Place::new();
    place.write("t.csv", &text);
    place.run(&["replay", "t.csv"]).status(0).says(&["1500 frames"]);
    let told = place.run(&["info", "t.csv", "--ignore", "b"]).status(0).stdout;
    for words in ["a  bar", "1500 frames", "time from the column `time`"] {
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn infinite_values() {
    let text = changed(FRAMES, 2, |k, i, _| match (k, i) {
        (1100, 1) => Some("inf".into()),
        (1101, 2) => Some("-1e99".into()),
        _ => None,
    });
    taken(&text, &["t.csv:1101: column `a`: `inf` is infinite: taken as missing", "2 samples missing"]);
    let all = changed(FRAMES, 1, |_, i, _| (i == 1).then(|| "inf".into()));
    refused(&all, &["only 0 of 1500 frames could be judged"]);
}

#[test]
fn too_short_for_the_warm_up() {
    let fix = "lower --alarm.warm-up-frames (at least 100)";
    taken(&csv(&table(600, 2)), &["no alarm was possible: 600 frames", "after about 1150", fix]);
    taken(&csv(&table(1149, 2)), &["1149 frames", "after about 1150"]);
    let (_, done) = taken(&csv(&table(1150, 2)), &["1150 frames, 0 events"]);
    assert!(!done.stderr.contains("no alarm was possible"));
    // Shorter than the coarse windows; they are not needed.
    let place = Place::new();
    place.write("t.csv", csv(&table(299, 2)));
    let args = ["t.csv", "--alarm.warm-up-frames", "100"];
    place.replay(&args).status(0).says(&["299 frames", "after about 300", "replay a longer stretch"]);
    place.replay(&[&args[..], &["--temporal.coarse=false"]].concat()).status(0);
    taken(&csv(&table(1, 2)), &["no alarm was possible: 1 frames"]);
}

#[test]
fn columns_that_do_not_exist() {
    let place = Place::new();
    place.write("t.csv", csv(&table(FRAMES, 2)));
    place.refuses(
        1,
        &["t.csv", "--ignore", "z"],
        &["t.csv", "no column `z`", "the columns are `time`, `a`, `b`"],
    );
    place.refuses(1, &["t.csv", "--time-column", "z"], &["t.csv", "no column `z`"]);
    place.refuses(1, &["t.csv", "--ignore", "a,b"], &["no column is left as a channel", "leave out fewer"]);
}
