//! eigenstream beside its rivals, on the same data in the same run: speed, tracking, detection.
//!
//! [`rivals`] holds the trackers of other crates and [`detectors`] their detectors; [`peers`] talks to those in Python.
#![forbid(unsafe_code)]

mod detection;
mod detectors;
mod peers;
mod rivals;
mod speed;
mod tracking;

use std::process::ExitCode;

use eigenstream_benches::data::{self, Result};
use eigenstream_benches::output::{Options, Report};

use peers::Peers;

const BENCH: &str = "rivals";

/// Of everything that is drawn at random here: any fixed number.
const SEED: u64 = 20_261_121;

/// What the Python side is made of: package, and the name that tables use.
const PACKAGES: [(&str, &str); 4] =
    [("sklearn", "scikit-learn"), ("river", "River"), ("pysad", "PySAD"), ("rrcf", "rrcf")];

fn main() -> ExitCode {
    let options = match Options::from_env(BENCH, &[]) {
        Ok(options) => options,
        Err(code) => return code,
    };
    match run(&options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{BENCH}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints. Not a success if something that is required had to be left out.
fn run(options: &Options) -> Result<ExitCode> {
    let mut report = Report::new(BENCH, options);
    report.condition("seed", SEED);
    report.condition("crates", "irithyll 10.0.1, rcf3 0.5.2");
    let (mut peers, complete) = python(&mut report);
    let mut code = ExitCode::from(u8::from(!complete && data::is_required(BENCH)));
    speed::measure(&mut report, &mut peers, options.quick());
    if let Some(folder) = data::shared_data() {
        tracking::measure(&mut report, &folder, &mut peers, options.quick())?;
        detection::measure(&mut report, &folder.join("tsb-ad"), peers.as_ref(), options.quick())?;
    } else if data::skip(BENCH) != ExitCode::SUCCESS {
        code = ExitCode::FAILURE;
    }
    report.print();
    Ok(code)
}

/// The Python side, and whether all of it is there. What is absent is named on stderr and in the conditions.
fn python(report: &mut Report) -> (Option<Peers>, bool) {
    let peers = Peers::start().ok();
    let version = |package| peers.as_ref().and_then(|peers| peers.version(package));
    let mut complete = true;
    for (package, name) in PACKAGES {
        report.condition(name, version(package).unwrap_or("not available: not installed for python3"));
        if version(package).is_none() {
            eprintln!("SKIPPED ({name}): python3 cannot import {package}");
            complete = false;
        }
    }
    (peers, complete)
}
