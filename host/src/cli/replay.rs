//! `eigenstream replay FILE...`: recorded streams through the engine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::progress::Bar;
use super::say;
use crate::engine;
use crate::engine::outputs::{self, Outputs};
use crate::settings::{KEYS, Key, Kind, Layers, RunError, Settings, SettingsError};
use crate::sink::Outcome;
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
    let config = Arg::new("config").long("config").value_name("FILE.toml").help("read settings from a file");
    Command::new("replay")
        .about("Replays recordings through the engine: scores, events, report")
        .long_about(LONG)
        .arg(file.value_parser(value_parser!(PathBuf)))
        .arg(config.value_parser(value_parser!(PathBuf)))
        .arg(
            Arg::new("quiet")
                .long("quiet")
                .short('q')
                .action(ArgAction::SetTrue)
                .help("no progress, no summary"),
        )
        .args(KEYS.iter().map(flag))
}

fn flag(key: &'static Key) -> Arg {
    let arg = Arg::new(key.path).long(key.flag()).value_name(key.value).help(key.help).num_args(1);
    let heading = if key.path.contains('.') { "Engine" } else { "Options" };
    let arg = arg.help_heading(heading).allow_hyphen_values(key.kind != Kind::Switch);
    if key.kind == Kind::Switch {
        arg.num_args(0..=1).require_equals(true).default_missing_value("true")
    } else {
        arg
    }
}

pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let quiet = matches.get_flag("quiet");
    let files: Vec<PathBuf> =
        matches.get_many::<PathBuf>("file").into_iter().flatten().map(|file| named(file)).collect();
    let settings = match settings(matches).and_then(|s| outputs::check(&s, &files).map(|()| s)) {
        Ok(settings) => settings,
        Err(error) => return ExitCode::from(fail(&error.into())),
    };
    let (mut alarms, mut failed) = (0, None);
    for file in &files {
        match one(file, &settings, quiet) {
            Ok(outcome) => alarms += outcome.counters.alarms,
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
    ExitCode::from(failed.unwrap_or(alarmed))
}

/// Says what went wrong, and gives the exit status.
fn fail(error: &RunError) -> u8 {
    if !error.is_broken_pipe() {
        say(format_args!("error: {error}\n"));
    }
    error.status()
}

fn settings(matches: &ArgMatches) -> Result<Settings, SettingsError> {
    let mut layers = Layers::default();
    if let Some(path) = matches.get_one::<PathBuf>("config") {
        layers.file(path)?;
    }
    layers.environment(std::env::vars_os())?;
    for key in KEYS {
        if let Some(text) = matches.get_one::<String>(key.path) {
            layers.set(key, &format!("--{}", key.flag()), text)?;
        }
    }
    layers.settings()
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
    let outcome =
        engine::replay(&mut source, &settings.monitor(), first, outputs.sinks, &mut |progress, frames| {
            bar.update(progress, frames);
        });
    bar.clear();
    let outcome = outcome.map_err(|error| error.of_file(path))?;
    if !quiet {
        say(summary(&info, &outcome, &outputs.files));
    }
    Ok(outcome)
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
        "{}: {} channels, {} frames, {} events ({} alarmed frames); {:.2} s{speed}\n",
        info.name,
        info.channels.len(),
        c.frames,
        c.events,
        c.alarms,
        outcome.elapsed_s,
    );
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
