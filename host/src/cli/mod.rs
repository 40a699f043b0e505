//! The command line: one file per subcommand, no logic.
//!
//! Exit status: 0 done, 1 failed, 2 bad usage or configuration, 3 done and alarms were raised (or a shift was found) with `--fail-on-alarm`. Standard output is
//! data only; messages and progress go to standard error.

mod compare;
mod flags;
mod info;
mod progress;
mod replay;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::settings::RunError;

/// Usage text after the list of commands.
const AFTER: &str =
    "Exit status: 0 done, 1 failed, 2 bad usage or configuration, 3 alarms or a shift with --fail-on-alarm.";

fn command() -> Command {
    Command::new("eigenstream")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Watches multichannel sensor and ECG recordings for anomalies: when, which channels and why")
        .after_help(AFTER)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(replay::command())
        .subcommand(compare::command())
        .subcommand(info::command())
}

/// Writes to standard error; one that is closed must not end the run.
fn say(text: impl Display) {
    let _ = write!(io::stderr().lock(), "{text}");
}

/// Says what went wrong; the exit status that goes with it.
fn fail(error: &RunError) -> ExitCode {
    if !error.is_broken_pipe() {
        say(format_args!("error: {error}\n"));
    }
    ExitCode::from(error.status())
}

/// Parses the arguments and runs the subcommand.
#[must_use]
pub fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Prints help and version to stdout with status 0, mistakes to stderr with status 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let run: fn(&ArgMatches) -> ExitCode = match matches.subcommand_name() {
        Some("replay") => replay::run,
        Some("compare") => compare::run,
        _ => info::run,
    };
    matches.subcommand().map_or(ExitCode::from(2), |(_, matches)| run(matches))
}
