//! `eigenstream compare REFERENCE FILE`: two recordings, or two stretches of one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::progress::Steps;
use super::{fail, flags, say};
use crate::compare::recordings;
use crate::settings::{Key, RunError};

const LONG: &str = "Compares FILE with REFERENCE: is there a shift, where, how much, in which features, and which samples explain it. The \
outcome goes to standard output as one JSON object unless --out names a file; --report writes a page for people, --mask a table of points.\n\n\
Points are windows of time that do not overlap (mean, standard deviation and octave bands of every channel), or with --features rows the rows \
of a table. To compare two stretches of one recording, name it twice and give --reference-span and --span. Every flag is also a key of the \
configuration file, in the table [compare], and a variable (--window is EIGENSTREAM_COMPARE_WINDOW).";

pub(super) fn command() -> Command {
    let path = |name: &'static str, value: &'static str| {
        Arg::new(name).value_name(value).required(true).value_parser(value_parser!(PathBuf))
    };
    Command::new("compare")
        .about("Compares two recordings: is there a shift, where, in which features")
        .long_about(LONG)
        .arg(path("reference", "REFERENCE").help("what is taken as usual"))
        .arg(path("file", "FILE").help("what is compared with it"))
        .args(flags::args(Key::is_for_compare))
}

pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    match compare(matches) {
        Ok(status) => status,
        Err(error) => fail(&error),
    }
}

fn compare(matches: &ArgMatches) -> Result<ExitCode, RunError> {
    let settings = flags::settings(matches, Key::is_for_compare)?;
    let [Some(reference), Some(file)] = ["reference", "file"].map(|name| matches.get_one::<PathBuf>(name))
    else {
        return Ok(ExitCode::from(2));
    };
    let quiet = matches.get_flag("quiet");
    let bar = Steps::new(quiet);
    let done = recordings::compare_files(reference, file, &settings, &|step, part| bar.update(step, part));
    bar.clear();
    let done = done?;
    if !quiet {
        say(&done.summary);
    }
    let failed = settings.fail_on_alarm && done.comparison.shift;
    Ok(if failed { ExitCode::from(3) } else { ExitCode::SUCCESS })
}
