//! The four layers end to end: defaults, file, variables, flags. The last one wins.

use crate::place::{FRAMES, Place, csv, finish, table};

/// Frames without a score at the beginning of a table of scores: half a temporal window.
fn unscored(scores: &str) -> usize {
    scores.lines().skip(1).take_while(|line| line.split(',').nth(2) == Some("")).count()
}

#[test]
fn flags_win_over_variables_over_the_file_over_defaults() {
    let place = Place::new();
    place.write("t.csv", csv(&table(FRAMES, 1)));
    place.write("c.toml", "scores = 'file.csv'\nreport = 'none'\n[temporal]\nlength = 300\n");
    let run = |args: &[&str], variables: &[(&str, &str)], scores: &str| {
        let args = [&["replay", "t.csv"], args].concat();
        finish(place.command(&args).envs(variables.iter().copied())).status(0);
        unscored(&place.read(scores))
    };
    let defaults = run(&["--scores", "none.csv", "--report", "none"], &[], "none.csv");
    let file = run(&["--config", "c.toml"], &[], "file.csv");
    let (scores, length) = (("EIGENSTREAM_SCORES", "env.csv"), ("EIGENSTREAM_TEMPORAL_LENGTH", "200"));
    let variables = run(&["--config", "c.toml"], &[scores, length], "env.csv");
    let flags = ["--config", "c.toml", "--scores", "flag.csv", "--temporal.length", "50"];
    let flags = run(&flags, &[scores, length], "flag.csv");
    // The first window that is full ends the wait, so each length shows.
    assert!(
        flags < defaults && defaults < variables && variables < file,
        "{flags} {defaults} {variables} {file}"
    );
}

#[test]
fn the_page_shows_the_settings_in_force() {
    let place = Place::new();
    place.write("t.csv", csv(&table(FRAMES, 1)));
    place.run(&["replay", "t.csv", "--temporal.length", "77", "--alarm.merge-frames", "123"]).status(0);
    let page = place.read("t.html");
    assert!(page.contains("length = 77") && page.contains("merge_frames = 123"));
}

#[test]
fn the_configurations_of_the_examples_are_taken() {
    let place = Place::new();
    for (recording, samples, config) in [
        ("mitbih-208.hea", "mitbih-208.dat", "mitbih-208.toml"),
        ("watch-imu.csv", "watch-imu.csv", "watch-imu.toml"),
    ] {
        for name in [recording, samples, config] {
            place.example(name);
        }
        place.replay(&[recording, "--config", config]).status(0);
    }
}
