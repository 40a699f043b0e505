//! `eigenstream info FILE`: what a file holds.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{fail, flags, say};
use crate::settings::Key;
use crate::source::{OpenOptions, Source, SourceError, StreamInfo, open};

pub(super) fn command() -> Command {
    Command::new("info")
        .about("Says what a recording holds: format, channels, units, rate, length")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
        .args(flags::args(Key::is_for_info))
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("print one JSON object per file"))
}

pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let options = match flags::settings(matches, Key::is_for_info).and_then(|s| s.open_options()) {
        Ok(options) => options,
        Err(error) => return fail(&error.into()),
    };
    let mut status = ExitCode::SUCCESS;
    for path in matches.get_many::<PathBuf>("file").into_iter().flatten() {
        match describe(path, &options, matches.get_flag("json")) {
            // Whoever closes standard output early has seen enough.
            Ok(text) if writeln!(io::stdout(), "{text}").is_err() => return ExitCode::from(1),
            Ok(_) => {}
            Err(error) => {
                say(format_args!("error: {error}\n"));
                status = ExitCode::from(1);
            }
        }
    }
    status
}

fn describe(path: &Path, options: &OpenOptions, json: bool) -> Result<String, SourceError> {
    let mut source = open(path, options)?;
    let mut info = source.info().clone();
    if info.frames.is_none() {
        info.frames = Some(count(source.as_mut())?);
        info.notes.extend(source.tally().remarks.iter().cloned());
    }
    Ok(if json { as_json(&info) } else { as_text(&info) })
}

/// Reads to the end: some formats do not tell their length.
fn count(source: &mut dyn Source) -> Result<u64, SourceError> {
    let mut frame = vec![0.0; source.info().channels.len()];
    let mut frames = 0;
    while source.next_frame(&mut frame)?.is_some() {
        frames += 1;
    }
    Ok(frames)
}

fn as_json(info: &StreamInfo) -> String {
    // Through text, or 0.1 would become 0.10000000149011612.
    let short = |value: f32| value.to_string().parse::<f64>().ok();
    let channels: Vec<_> = info
        .channels
        .iter()
        .map(|c| {
            let rails = c.rails.map(|(low, high)| [short(low), short(high)]);
            serde_json::json!({ "name": c.name, "unit": c.unit, "rails": rails })
        })
        .collect();
    serde_json::json!({
        "name": info.name, "format": info.format, "rate_hz": info.rate_hz, "frames": info.frames,
        "start": info.start, "channels": channels, "notes": info.notes,
    })
    .to_string()
}

fn as_text(info: &StreamInfo) -> String {
    let mut lines = vec![format!("{}: {}", info.name, info.format)];
    let frames = info.frames.unwrap_or(0);
    lines.push(match info.rate_hz {
        Some(rate) => format!("  {frames} frames at {rate} Hz, {:.3} s", frames as f64 / rate),
        None => format!("  {frames} frames, rate unknown (give --rate-hz for times in seconds)"),
    });
    if let Some(start) = &info.start {
        lines.push(format!("  began {start}"));
    }
    let width = info.channels.iter().map(|c| c.name.chars().count()).max().unwrap_or(0);
    for (i, c) in info.channels.iter().enumerate() {
        let rails = c.rails.map_or_else(String::new, |(l, h)| format!("  rails {l} … {h}"));
        lines.push(format!("  {i:>4}  {:width$}  {}{rails}", c.name, c.unit).trim_end().to_owned());
    }
    lines.extend(info.notes.iter().map(|note| format!("  # {note}")));
    lines.join("\n")
}
