//! What a monitor costs on a microcontroller: instructions, flash, static RAM and stack, from images that run under QEMU.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use eigenstream_benches::output::{Options, Report, key};
use eigenstream_benches::table::{Align, Table};
use eigenstream_runner::{Case, Device, Error, Instructions, Measurement, Size};

const BENCH: &str = "footprint";

fn main() -> ExitCode {
    // The whole of it takes seconds once the images are built: `--quick` is the same.
    let options = match Options::from_env(BENCH, &[]) {
        Ok(options) => options,
        Err(code) => return code,
    };
    match Device::find().and_then(|device| device.measure()) {
        Ok(device) => {
            report(&device, &options).print();
            ExitCode::SUCCESS
        }
        Err(Error::Lacking(what)) => {
            eprintln!("{BENCH}: SKIPPED: {what}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{BENCH}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A line of the table.
struct Row<'a> {
    name: &'a str,
    what: &'a str,
    instructions: Instructions,
    size: Size,
    /// The trial that knows the stack.
    case: Option<&'a Case>,
}

fn report(device: &Measurement, options: &Options) -> Report {
    let trial = |name, what, case, size| {
        device.case(case).map(|case| Row {
            name,
            what,
            instructions: case.instructions,
            size,
            case: Some(case),
        })
    };
    let smallest = Row {
        name: "track and score",
        what: "rank-3 tracker, score, p-value, limit",
        instructions: device.track_and_score,
        size: device.smallest,
        case: None,
    };
    let rows = [
        Some(smallest),
        trial("spatial", "monitor without temporal views", "spatial", device.spatial),
        trial("default", "monitor with two windows of 100 a channel", "default", device.monitor),
        trial("hostile", "the same, missing samples, spikes, alarms", "hostile", device.monitor),
    ];
    let mut report = Report::new(BENCH, options);
    report.condition("device", "Cortex-M4F, mps2-an386, -icount shift=6");
    report.condition("qemu", device.qemu.as_str());
    report.condition("shape", "8 channels, spatial rank 3, temporal rank 2");
    report.condition("frames", eigenstream_trial::FRAMES);
    report.condition("image", format!("{}, opt-level 2, LTO, target's default CPU", device.cargo));
    let mut table = Table::new(&[
        ("8 channels", Align::Left),
        ("what", Align::Left),
        ("instructions a frame", Align::Right),
        ("worst frame", Align::Right),
        ("flash, B", Align::Right),
        ("static RAM, B", Align::Right),
        ("stack, B", Align::Right),
    ]);
    for row in rows.into_iter().flatten() {
        let (Row { instructions, size, .. }, group) = (&row, key(row.name));
        let stack = row.case.map(|case| case.stack.max(case.stack_new));
        let figures = [("mean", instructions.mean), ("worst", instructions.worst), ("flash", size.flash)];
        let figures =
            figures.into_iter().chain([("ram", size.ram)]).chain(stack.map(|stack| ("stack", stack)));
        for (figure, value) in figures {
            report.figure(&format!("{group}.{figure}"), value as f64);
        }
        let count = |n: u64| n.to_string();
        table.row([
            row.name.to_owned(),
            row.what.to_owned(),
            count(instructions.mean),
            count(instructions.worst),
            count(size.flash),
            count(size.ram),
            stack.map_or_else(|| "–".to_owned(), count),
        ]);
    }
    report.markdown(table);
    report
}
