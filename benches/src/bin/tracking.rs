//! The trackers of the core beside the exact answer: whole frames, missing entries, gross errors, hostile stretches.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use eigenstream_benches::data::{self, Result};
use eigenstream_benches::output::{Options, Report};
use eigenstream_benches::parallel;
use eigenstream_benches::recordings::{Stream, streams};
use eigenstream_benches::table::{Align, Table};
use eigenstream_benches::tracking::recovery::{self, CHANNELS, RANK, Recovery, STRETCHES, Stretch};
use eigenstream_benches::tracking::{self, BURN_IN, Damage, Fill, Ours, Row, Share, Tracker};
use eigenstream_core::track::{DynFapi, DynFrequentDirections, DynIncrementalSvd, TrackerConfig};

const BENCH: &str = "tracking";

/// Directions beside the rank that the exact trackers follow.
const GUARD: usize = 2;

fn config(stream: &Stream) -> TrackerConfig {
    TrackerConfig { rank: stream.rank, memory_frames: stream.memory as f32, ..Default::default() }
}

fn fapi(stream: &Stream) -> Box<dyn Tracker> {
    Box::new(Ours::new(DynFapi::new(stream.n, &config(stream)).expect("a valid shape")))
}

/// With [`GUARD`] directions more than count, of which the leading ones by Z do.
fn guarded_fapi(stream: &Stream) -> Box<dyn Tracker> {
    let rank = stream.n.min(stream.rank + GUARD);
    let tracker = DynFapi::new(stream.n, &TrackerConfig { rank, ..config(stream) }).expect("a valid shape");
    Box::new(Ours::leading(tracker, stream.rank))
}

fn svd(stream: &Stream, guard: usize) -> Box<dyn Tracker> {
    let directions = stream.n.min(stream.rank + guard);
    Box::new(Ours::new(DynIncrementalSvd::new(stream.n, directions, &config(stream)).expect("a valid shape")))
}

fn guarded(stream: &Stream) -> Box<dyn Tracker> {
    svd(stream, GUARD)
}

/// Twice as many axes as the rank.
fn frequent(stream: &Stream) -> Box<dyn Tracker> {
    let axes = stream.n.min(2 * stream.rank);
    Box::new(Ours::new(DynFrequentDirections::new(stream.n, axes, &config(stream)).expect("a valid shape")))
}

/// The first row is what the others are divided by.
const CLEAN: [Row; 7] = [
    Row::new("exact", "exact EWMA-PCA, f64", tracking::exact, Damage::None),
    Row::new("fapi", "Fapi", fapi, Damage::None),
    Row::new("svd_0", "IncrementalSvd, no guard", |stream| svd(stream, 0), Damage::None),
    Row::new("svd_1", "IncrementalSvd, guard 1", |stream| svd(stream, 1), Damage::None),
    Row::new("svd", "IncrementalSvd, guard 2", guarded, Damage::None),
    Row::new("frequent", "FrequentDirections, ℓ = 2r", frequent, Damage::None),
    Row::new("fapi_2", "Fapi of rank r + 2, its r leading axes", guarded_fapi, Damage::None),
];

/// What a tracker is damaged by: key, name.
const DAMAGES: [(&str, &str, Damage); 5] = [
    ("missing", "50 % missing, told so", Damage::Missing(0.5, Fill::Not)),
    ("missing_mean", "50 % filled with the mean", Damage::Missing(0.5, Fill::Mean)),
    ("missing_last", "50 % filled with the last value", Damage::Missing(0.5, Fill::Last)),
    ("outlier_frames", "one entry × 50 in 5 % of frames", Damage::OutlierFrames),
    ("outlier_entries", "5 % of all entries × 50", Damage::OutlierEntries),
];

/// A tracker: key, name, maker, and the row of [`CLEAN`] that has it.
type Contender = (&'static str, &'static str, fn(&Stream) -> Box<dyn Tracker>, usize);

const CONTENDERS: [Contender; 4] = [
    ("fapi", "Fapi", fapi, 1),
    ("svd_1", "IncrementalSvd, guard 1", |stream| svd(stream, 1), 3),
    ("svd", "IncrementalSvd", guarded, 4),
    ("frequent", "FrequentDirections", frequent, 5),
];

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

fn run(options: &Options) -> Result<ExitCode> {
    let mut report = Report::new(BENCH, options);
    let mut code = ExitCode::SUCCESS;
    if let Some(folder) = data::shared_data() {
        let streams = streams(&folder, if options.quick() { 6_000 } else { 20_000 })?;
        report.condition("memory", "1000 frames");
        let clean = clean(&mut report, &streams);
        damaged(&mut report, &streams, &clean);
    } else {
        code = data::skip(BENCH);
    }
    hostile(&mut report, options.quick());
    report.print();
    Ok(code)
}

fn clean(report: &mut Report, streams: &[Stream]) -> Vec<Vec<Share>> {
    report.markdown(format_args!(
        "## Whole frames\n\nΣ‖x − μ − UUᵀ(x − μ)‖² / Σ‖x − μ‖² with U an orthonormal basis of the leading directions, U and μ as they \
         were before the frame; memory 1,000 frames, the first {BURN_IN} not counted. Ratio to the first row, in brackets the share \
         itself. Below 1 means that a shorter effective memory won on that stream."
    ));
    let shares = tracking::shares(streams, &CLEAN);
    let table = tracking::table(report, streams, &CLEAN, &shares, &shares[0], "tracking");
    report.markdown(table);
    orthonormality(report, streams, &shares);
    shares
}

fn orthonormality(report: &mut Report, streams: &[Stream], shares: &[Vec<Share>]) {
    let names = streams.iter().map(|stream| (stream.name.as_str(), Align::Right));
    let mut table =
        Table::new(&std::iter::once(("max |WᵀW − I|", Align::Left)).chain(names).collect::<Vec<_>>());
    for (row, shares) in CLEAN.iter().zip(shares).skip(1) {
        let mut cells = vec![row.name.to_owned()];
        for (stream, share) in streams.iter().zip(shares) {
            report
                .figure(&format!("tracking.{}.{}.orthonormality", stream.key, row.key), share.orthonormality);
            cells.push(format!("{:.1e}", share.orthonormality));
        }
        table.row(cells);
    }
    report.markdown(table);
}

fn damaged(report: &mut Report, streams: &[Stream], clean: &[Vec<Share>]) {
    report.markdown(
        "## Damaged frames\n\nThe same, learned from damaged frames and judged on whole ones; entries at random. Ratio to the same \
         tracker on whole frames.",
    );
    let make = |&(key, name, make, _): &Contender| {
        DAMAGES.map(|(damage_key, damage_name, damage)| {
            // A name for every pair; they live as long as the program, and there are twenty.
            let key: &'static str = format!("{key}.{damage_key}").leak();
            let name: &'static str = format!("{name}, {damage_name}").leak();
            Row::new(key, name, make, damage)
        })
    };
    let rows: Vec<Row> = CONTENDERS.iter().flat_map(make).collect();
    let exact = [Row::new(
        "exact.outlier_frames",
        "exact EWMA-PCA, one entry × 50 in 5 % of frames",
        tracking::exact,
        Damage::OutlierFrames,
    )];
    let shares = tracking::shares(streams, &rows);
    for ((rows, shares), contender) in
        rows.chunks_exact(DAMAGES.len()).zip(shares.chunks_exact(DAMAGES.len())).zip(CONTENDERS)
    {
        let table = tracking::table(report, streams, rows, shares, &clean[contender.3], "damaged");
        report.markdown(table);
    }
    let shares = tracking::shares(streams, &exact);
    let table = tracking::table(report, streams, &exact, &shares, &clean[0], "damaged");
    report.markdown(table);
}

/// A tracker that goes through hostile stretches: key, name, how.
type Hardened = (&'static str, &'static str, fn(&Stretch, usize) -> Recovery);

/// All of them.
const HARDENED: [Hardened; 3] = [
    ("fapi", "Fapi", |stretch, most| {
        let mut tracker = DynFapi::new(CHANNELS, &plain()).expect("a valid shape");
        recovery::recover(&mut tracker, stretch, most)
    }),
    ("svd", "IncrementalSvd", |stretch, most| {
        let mut tracker = DynIncrementalSvd::new(CHANNELS, RANK + GUARD, &plain()).expect("a valid shape");
        recovery::recover(&mut tracker, stretch, most)
    }),
    ("frequent", "FrequentDirections", |stretch, most| {
        let mut tracker = DynFrequentDirections::new(CHANNELS, 2 * RANK, &plain()).expect("a valid shape");
        recovery::recover(&mut tracker, stretch, most)
    }),
];

fn plain() -> TrackerConfig {
    TrackerConfig { rank: RANK, memory_frames: 1000.0, ..Default::default() }
}

fn hostile(report: &mut Report, quick: bool) {
    let most = if quick { 30_000 } else { 100_000 };
    report.markdown(format_args!(
        "## Recovery\n\nFrames of a plain stream ({CHANNELS} channels, r = {RANK}, memory 1,000 frames) after a hostile stretch until the mean \
         residual of 100 frames is at most a quarter above that before it; and the largest |WᵀW − I| of {most} frames afterwards."
    ));
    let names = HARDENED.iter().map(|(_, name, _)| (*name, Align::Right));
    let mut table = Table::new(&std::iter::once(("stretch", Align::Left)).chain(names).collect::<Vec<_>>());
    let jobs: Vec<_> = STRETCHES.iter().flat_map(|s| HARDENED.iter().map(move |h| (s, h))).collect();
    let results = parallel::map(&jobs, |(stretch, (_, _, follow))| follow(stretch, most));
    for (stretch, results) in STRETCHES.iter().zip(results.chunks_exact(HARDENED.len())) {
        let mut cells = vec![stretch.name.to_owned()];
        for ((key, _, _), result) in HARDENED.iter().zip(results) {
            let prefix = format!("recovery.{}.{key}", stretch.key);
            report.figure(&format!("{prefix}.frames"), result.frames.map_or(-1.0, |frames| frames as f64));
            report.figure(&format!("{prefix}.orthonormality"), f64::from(result.orthonormality));
            let frames = result.frames.map_or_else(|| format!("> {most}"), |frames| frames.to_string());
            cells.push(format!("{frames} ({:.0e})", result.orthonormality));
        }
        table.row(cells);
    }
    report.markdown(table);
}
