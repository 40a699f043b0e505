//! What one update of the tracker costs on this machine, as shares of limits that are measured in the same run.
//!
//! [`contest`] times contenders that take turns; [`counts`] counts their instructions, where valgrind can; [`endurance`] is `--long`.
#![forbid(unsafe_code)]

mod contenders;
mod contest;
mod counts;
mod digest;
mod endurance;

use std::process::ExitCode;

use eigenstream_benches::output::{Flag, Options, Report};
use eigenstream_benches::stats::slope;
use eigenstream_benches::table::{Align, Table};

use contenders::{Kind, STREAMS, contender};
use contest::{Effort, Times};

const BENCH: &str = "speed";

/// Channels and rank.
const SHAPES: [(usize, usize); 7] = [(8, 2), (8, 3), (16, 4), (32, 4), (64, 8), (256, 16), (1024, 32)];

const FLAGS: [Flag; 1] = [Flag {
    name: endurance::FLAG,
    help: "only this: 10⁹ frames of 8 channels beside f64 (with --quick 10⁷)",
}];

fn main() -> ExitCode {
    // Run by `counts` under valgrind, with what to run after the flag.
    if let Some(code) = counts::run_counted() {
        return code;
    }
    let options = match Options::from_env(BENCH, &FLAGS) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let mut report = Report::new(BENCH, &options);
    report.condition("target features", features());
    if options.has(endurance::FLAG) {
        return match endurance::run(&mut report, options.quick()) {
            Ok(()) => {
                report.print();
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{BENCH}: {error}");
                ExitCode::FAILURE
            }
        };
    }
    measure(&mut report, options.quick());
    report.print();
    ExitCode::SUCCESS
}

/// The widest vectors the compiler was allowed. `RUSTFLAGS=-C target-cpu=native` changes it, and no bit of any result.
fn features() -> &'static str {
    if cfg!(target_feature = "avx512f") {
        "AVX-512"
    } else if cfg!(target_feature = "avx") {
        "AVX"
    } else if cfg!(target_feature = "sse2") {
        "baseline x86-64 (SSE2)"
    } else {
        "the target's default"
    }
}

fn measure(report: &mut Report, quick: bool) {
    let effort = Effort::new(quick);
    report.condition("repetitions", effort.repetitions);
    report.condition("digest of a fixed run", format!("{:016x}", digest::digest()));
    report.condition("streams of a batch", STREAMS);
    report.markdown(
        "Nanoseconds an update (judge and learn), median of repetitions in which all contenders take turns; one thread, frames with r \
         strong directions. *rate*: multiply–adds of the recursion, 4nr + 3.5r², in the time of the best of single and block, \
         as a share of the rate of dot products of length n. *one pass*: reading and writing n·r numbers once; an update reads \
         them three times and writes them once. The digest is that of a fixed run: it is the same whatever the target features.",
    );
    let right = |name| (name, Align::Right);
    let mut table = Table::new(
        &[
            "n",
            "r",
            "single",
            "run-time shape",
            "block",
            "batch",
            "single : batch",
            "rate",
            "one pass : single",
            "ns per n·r",
            "instructions",
        ]
        .map(right),
    );
    let mut points = Vec::new();
    for (n, r) in SHAPES {
        let all: Vec<_> = Kind::ALL.iter().map(|&kind| contender(kind, n, r)).collect();
        let times = contest::measure(all, effort);
        let instructions = counts::instructions(n, r);
        table.row(row(report, n, r, &times, instructions));
        points.push((((n * r) as f64).ln(), times.median(Kind::Block).ln()));
    }
    report.markdown(table);
    let exponent = slope(&points);
    report.figure("exponent", exponent);
    report.markdown(format_args!("Time ∝ (n·r)^{exponent:.2} over these shapes (least squares of the logarithms of *block*; linear is 1)."));
    if let Err(why) = counts::available() {
        report.condition("instructions", format!("not counted: {why}"));
    }
}

/// Multiply–adds of an update: Wᵀx, x − Wy, W·p and W + d·gᵀ are n·r each; Sᵀy, S·f and the update of S are r² each, and every
/// fourth frame two more, which leak. Terms in n and r alone are left out.
fn multiply_adds(n: usize, r: usize) -> f64 {
    4.0 * (n * r) as f64 + 3.5 * (r * r) as f64
}

fn row(report: &mut Report, n: usize, r: usize, times: &Times, instructions: Option<f64>) -> Vec<String> {
    let single = times.median(Kind::Single);
    let best = single.min(times.median(Kind::Block));
    // The products are n·r multiply–adds.
    let rate = multiply_adds(n, r) / best / ((n * r) as f64 / times.median(Kind::Dot));
    let figures = [
        ("single_ns", single),
        ("dynamic_ns", times.median(Kind::Dynamic)),
        ("block_ns", times.median(Kind::Block)),
        ("batch_ns", times.median(Kind::Batch)),
        ("single_over_batch", times.ratio(Kind::Many, Kind::Batch)),
        ("share_of_dot_rate", rate),
        ("pass_over_single", times.ratio(Kind::Pass, Kind::Single)),
        ("ns_per_nr", best / (n * r) as f64),
    ];
    for (key, value) in figures.into_iter().chain(instructions.map(|count| ("instructions", count))) {
        report.figure(&format!("{n}x{r}.{key}"), value);
    }
    let ns = |kind| format!("{:.0}", times.median(kind));
    vec![
        n.to_string(),
        r.to_string(),
        ns(Kind::Single),
        ns(Kind::Dynamic),
        ns(Kind::Block),
        ns(Kind::Batch),
        format!("{:.2}", times.ratio(Kind::Many, Kind::Batch)),
        format!("{:.0} %", 100.0 * rate),
        format!("{:.2}", times.ratio(Kind::Pass, Kind::Single)),
        format!("{:.3}", best / (n * r) as f64),
        instructions.map_or_else(|| "–".to_owned(), |count| format!("{count:.0}")),
    ]
}
