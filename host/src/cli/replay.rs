//! `eigenstream replay FILE...`: recorded streams through the engine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::progress::Bar;
use super::{fail, flags, say};
use crate::engine;
use crate::engine::outputs::{self, Outputs};
use crate::settings::{Key, RunError, Settings};
use crate::sink::{Outcome, watch_in_words};
use crate::source::pacing::Paced;
use crate::source::window::Window;
use crate::source::{Source, StreamInfo, named, open};

const LONG: &str = "Replays recordings (CSV plain or gzip, WFDB, WAV) through the engine. Events go to standard output as JSON \
Lines unless --events names a file; a report page goes to NAME.html in this directory unless --report says otherwise.\n\n\
Every flag is also a key of the configuration file and a variable: --temporal.length is `length` in [temporal] and \
EIGENSTREAM_TEMPORAL_LENGTH. Flags win over variables, variables over the file. With several files, `{}` in the name of an output stands \
for the name of the record; a file that fails does not end the run, but the exit status is its.";

pub(super) fn command() -> Command {
    let file = Arg::new("file").value_name("FILE").required(true).num_args(1..);
    Command::new("replay")
        .about("Replays recordings through the engine: scores, events, report")
        .long_about(LONG)
        .arg(file.value_parser(value_parser!(PathBuf)))
        .args(flags::args(Key::is_for_replay))
}

pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let quiet = matches.get_flag("quiet");
    let files: Vec<PathBuf> =
        matches.get_many::<PathBuf>("file").into_iter().flatten().map(|file| named(file)).collect();
    let settings = match flags::settings(matches, Key::is_for_replay)
        .and_then(|s| outputs::check(&s, &files).map(|()| s))
    {
        Ok(settings) => settings,
        Err(error) => return fail(&error.into()),
    };
    let (mut alarms, mut failed) = (0, None);
    for file in &files {
        match one(file, &settings, quiet) {
            Ok(outcome) => {
                alarms += outcome.counters.alarms + outcome.watch.map_or(0, |w| u64::from(w.shifts))
            }
            Err(error) => {
                failed = failed.or(Some(fail(&error)));
                // Nobody listens any more; any other trouble may be this file's alone.
                if error.is_broken_pipe() {
                    break;
                }
            }
        }
    }
    let alarmed = if settings.fail_on_alarm && alarms > 0 { 3 } else { 0 };
    failed.unwrap_or(ExitCode::from(alarmed))
}

fn one(path: &Path, settings: &Settings, quiet: bool) -> Result<Outcome, RunError> {
    let source = open(path, &settings.open_options()?)?;
    let (from, to) = (settings.from.map(|t| t.seconds()), settings.to.map(|t| t.seconds()));
    let window = Window::new(source, from, to)?;
    let first = window.skipped();
    let mut source = Paced::new(window, settings.speed()?);
    let info = source.info().clone();
    let outputs = Outputs::create(path, &info, settings, first)?;
    let bar = Bar::new(&info.name, quiet);
    let outcome = engine::replay(
        &mut source,
        &settings.monitor(),
        &settings.shift,
        first,
        outputs.sinks,
        &mut |progress, frames| {
            bar.update(progress, frames);
        },
    );
    bar.clear();
    let outcome = outcome.map_err(|error| error.of_file(path))?;
    if !quiet {
        say(summary(&info, &outcome, &outputs.files));
    }
    Ok(outcome)
}

/// `1 event`, `2 events`.
fn plural(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What happened, in a few lines.
fn summary(info: &StreamInfo, outcome: &Outcome, files: &[PathBuf]) -> String {
    let c = &outcome.counters;
    let speed = match info.rate_hz {
        Some(rate) if outcome.elapsed_s > 0.0 => {
            format!(", {:.0}× real time", c.frames as f64 / rate / outcome.elapsed_s)
        }
        _ => String::new(),
    };
    let mut text = format!(
        "{}: {}, {}, {} ({}); {:.2} s{speed}\n",
        info.name,
        plural(info.channels.len() as u64, "channel"),
        plural(c.frames, "frame"),
        plural(c.events, "event"),
        plural(c.alarms, "alarmed frame"),
        outcome.elapsed_s,
    );
    if let Some(watch) = &outcome.watch {
        text += &format!("  shifts: {}\n", watch_in_words(watch));
    }
    if c.missing + c.saturated + outcome.tally.malformed > 0 {
        text += &format!(
            "  {} samples missing, {} saturated, {} rows or blocks malformed\n",
            c.missing, c.saturated, outcome.tally.malformed
        );
    }
    for remark in &outcome.tally.remarks {
        text += &format!("  warning: {remark}\n");
    }
    for file in files {
        text += &format!("  wrote {}\n", file.display());
    }
    text
}
