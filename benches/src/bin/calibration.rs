//! Realised against wanted rate of false alarms, on recordings without faults and on streams of known law.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use eigenstream_benches::data::{self, Result};
use eigenstream_benches::false_alarms::{self, BLOCK, Count, PAUSE, Ratio, poisson_interval, ratio};
use eigenstream_benches::output::{Options, Report};
use eigenstream_benches::synthetic::{self, Law};
use eigenstream_benches::table::{Align, Table};
use eigenstream_benches::{mitbih, parallel, skab, stats};

const BENCH: &str = "calibration";

/// Of the synthetic streams and of the bootstrap: any fixed number.
const SEED: u64 = 20_261_121;

/// Wanted shares of alarmed frames, with their part of a key.
const RATES: [(f64, &str); 2] = [(1e-3, "wanted_1e_3"), (1e-4, "wanted_1e_4")];

fn main() -> ExitCode {
    let options = match Options::from_env(BENCH, &[]) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let Some(folder) = data::shared_data() else { return data::skip(BENCH) };
    match run(&folder, &options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{BENCH}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is run: a stream, or a record of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stream {
    Skab,
    MitBih(&'static str),
    Synthetic(Law, &'static str, &'static str),
}

/// One stream's counts by block: at each wanted rate, on normal frames.
struct Outcome {
    stream: Stream,
    name: String,
    blocks: [Vec<Count>; 2],
    /// The same with an adaptive rate.
    adaptive: [Vec<Count>; 2],
    /// And on all frames, in sum.
    all: [Count; 2],
}

fn run(folder: &Path, options: &Options) -> Result<()> {
    let (most, synthetic_frames) = if options.quick() { (200_000, 100_000) } else { (650_000, 1_000_000) };
    let streams: Vec<Stream> = mitbih::RECORDS
        .map(Stream::MitBih)
        .into_iter()
        .chain([Stream::Skab])
        .chain(Law::ALL.map(|(law, name, key)| Stream::Synthetic(law, name, key)))
        .collect();
    let outcomes = parallel::map(&streams, |&stream| measure(folder, stream, most, synthetic_frames));
    let outcomes = outcomes.into_iter().collect::<Result<Vec<Outcome>>>()?;
    let mut report = Report::new(BENCH, options);
    report.condition("seed", SEED);
    report.condition("errors", format!("bootstrap, {} resamples", stats::RESAMPLES));
    summary(&mut report, &outcomes);
    by_record(&mut report, &outcomes);
    report.print();
    Ok(())
}

fn measure(folder: &Path, stream: Stream, most: usize, synthetic_frames: usize) -> Result<Outcome> {
    let (name, channels, values, normal) = match stream {
        Stream::Skab => {
            let recording = skab::anomaly_free(&folder.join("skab"))?;
            ("SKAB, anomaly-free file".to_owned(), skab::CHANNELS, recording.values, None)
        }
        Stream::MitBih(name) => {
            let record = mitbih::load(&folder.join("mitbih"), name, most)?;
            (name.to_owned(), record.channels, record.values, Some(record.normal))
        }
        Stream::Synthetic(law, name, _) => {
            (name.to_owned(), synthetic::CHANNELS, synthetic::stream(law, synthetic_frames, SEED), None)
        }
    };
    let count = |rate: f64, adaptive: bool| {
        let is_normal = |t: usize| normal.as_ref().is_none_or(|normal| normal[t]);
        false_alarms::count(&values, channels, is_normal, rate, adaptive)
    };
    let blocks = RATES.map(|(rate, _)| count(rate, false));
    let adaptive = RATES.map(|(rate, _)| count(rate, true));
    let all = match &normal {
        Some(_) => RATES
            .map(|(rate, _)| false_alarms::count(&values, channels, |_| true, rate, false).into_iter().sum()),
        None => [0, 1].map(|k| blocks[k].iter().copied().sum()),
    };
    Ok(Outcome { stream, name, blocks, adaptive, all })
}

/// One row of the summary: what was counted, in units that are drawn as a whole.
struct Row {
    name: String,
    key: &'static str,
    units: [Vec<Count>; 2],
    adaptive: [Vec<Count>; 2],
}

fn summary(report: &mut Report, outcomes: &[Outcome]) {
    let records: Vec<&Outcome> = outcomes.iter().filter(|o| matches!(o.stream, Stream::MitBih(_))).collect();
    let whole =
        |of: &dyn Fn(&Outcome) -> &Vec<Count>| records.iter().map(|o| of(o).iter().copied().sum()).collect();
    let mut rows = vec![Row {
        name: format!("MIT-BIH, normal stretches of {} records", records.len()),
        key: "mitbih",
        units: [0, 1].map(|k| whole(&|o| &o.blocks[k])),
        adaptive: [0, 1].map(|k| whole(&|o| &o.adaptive[k])),
    }];
    for outcome in outcomes {
        let key = match outcome.stream {
            Stream::MitBih(_) => continue,
            Stream::Skab => "skab",
            Stream::Synthetic(_, _, key) => key,
        };
        rows.push(Row {
            name: outcome.name.clone(),
            key,
            units: outcome.blocks.clone(),
            adaptive: outcome.adaptive.clone(),
        });
    }
    let columns = [
        "frames",
        "wanted rate",
        "expected",
        "alarms",
        "events",
        "realised/wanted",
        "95 % interval",
        "adaptive: alarms",
        "realised/wanted",
    ];
    let mut table = new_table("stream", &columns);
    for row in &rows {
        for ((units, adaptive), (rate, rate_key)) in row.units.iter().zip(&row.adaptive).zip(RATES) {
            let total: Count = units.iter().copied().sum();
            let estimate = ratio(units, |c| c.alarms, rate, SEED);
            let key = |figure: &str| format!("{}.{rate_key}.{figure}", row.key);
            figures(report, &key, estimate, total);
            let held: Count = adaptive.iter().copied().sum();
            let held_ratio = ratio(adaptive, |c| c.alarms, rate, SEED);
            report.figure(&key("adaptive.ratio"), held_ratio.value);
            report.figure(&key("adaptive.alarms"), held.alarms as f64);
            table.row([
                row.name.clone(),
                total.frames.to_string(),
                format!("{rate:e}"),
                format!("{:.1}", total.frames as f64 * rate),
                total.alarms.to_string(),
                total.events.to_string(),
                format!("{:.2} ± {:.2}", estimate.value, estimate.error),
                format!("{:.2} – {:.2}", estimate.low, estimate.high),
                held.alarms.to_string(),
                format!("{:.2} ± {:.2}", held_ratio.value, held_ratio.error),
            ]);
        }
    }
    report.markdown(table);
    report.markdown(format_args!(
        "The default monitor, after its warm-up; in the last two columns with `alarm.adaptive = true`. An event is a run of alarms with pauses of at most {PAUSE} frames. Intervals are drawn by record \
         (MIT-BIH) or by blocks of {BLOCK} frames. A normal stretch of an ECG is {} s away from any annotation but a normal beat.",
        mitbih::GUARD_SECONDS,
    ));
    uniformity(report, &rows);
    if let Some(row) = rows.iter().find(|row| row.key == "skab") {
        rare_events(report, row);
    }
}

fn figures(report: &mut Report, key: &dyn Fn(&str) -> String, estimate: Ratio, total: Count) {
    report.figure(&key("ratio"), estimate.value);
    report.figure(&key("ratio_error"), estimate.error);
    report.figure(&key("ratio_low"), estimate.low);
    report.figure(&key("ratio_high"), estimate.high);
    report.figure(&key("frames"), total.frames as f64);
    report.figure(&key("alarms"), total.alarms as f64);
    report.figure(&key("events"), total.events as f64);
}

/// p-values of the run at the default rate.
fn uniformity(report: &mut Report, rows: &[Row]) {
    let mut table = new_table("share of p-values, realised/expected", &["below 0.01", "below 0.001"]);
    for row in rows {
        let hundredth = ratio(&row.units[1], |c| c.below_hundredth, 1e-2, SEED);
        let thousandth = ratio(&row.units[1], |c| c.below_thousandth, 1e-3, SEED);
        report.figure(&format!("{}.p_below_0_01", row.key), hundredth.value);
        report.figure(&format!("{}.p_below_0_001", row.key), thousandth.value);
        let cell = |r: Ratio| format!("{:.2} ± {:.2}", r.value, r.error);
        table.row([row.name.clone(), cell(hundredth), cell(thousandth)]);
    }
    report.markdown(table);
}

/// What so short a recording can say: whole events, by the Poisson law.
fn rare_events(report: &mut Report, row: &Row) {
    for (units, (rate, key)) in row.units.iter().zip(RATES) {
        let total: Count = units.iter().copied().sum();
        let (low, high) = poisson_interval(total.events);
        report.figure(&format!("skab.{key}.events_low"), low);
        report.figure(&format!("skab.{key}.events_high"), high);
        report.markdown(format_args!(
            "{}, wanted {rate:e}: {:.1} alarmed frames were expected; {} came in {} events (95 % Poisson interval {low:.2} – {high:.2} events).",
            row.name,
            total.frames as f64 * rate,
            total.alarms,
            total.events,
        ));
    }
}

/// A row for every ECG record: normal stretches, and all frames.
fn by_record(report: &mut Report, outcomes: &[Outcome]) {
    let columns = ["normal frames", "1e-3, normal", "1e-4, normal", "1e-3, all frames", "1e-4, all frames"];
    let mut table = new_table("record, realised/wanted", &columns);
    let mut everything = [Count::default(); 2];
    for outcome in outcomes {
        let Stream::MitBih(record) = outcome.stream else { continue };
        let mut cells = vec![record.to_owned(), String::new()];
        for ((blocks, (rate, rate_key)), which) in outcome.blocks.iter().zip(RATES).zip(1..) {
            let estimate = ratio(blocks, |c| c.alarms, rate, SEED);
            report.figure(&format!("mitbih.record.{record}.{rate_key}.ratio"), estimate.value);
            cells.push(format!("{:.2} ± {:.2}", estimate.value, estimate.error));
            if which == 1 {
                cells[1] = blocks.iter().map(|c| c.frames).sum::<u64>().to_string();
            }
        }
        for ((count, everything), (rate, _)) in outcome.all.iter().zip(&mut everything).zip(RATES) {
            *everything += *count;
            cells.push(format!("{:.2}", count.alarms as f64 / (count.frames as f64 * rate)));
        }
        table.row(cells);
    }
    for (count, (rate, key)) in everything.iter().zip(RATES) {
        report.figure(
            &format!("mitbih.all_frames.{key}.ratio"),
            count.alarms as f64 / (count.frames as f64 * rate),
        );
    }
    report.markdown("## ECG by record");
    report.markdown(table);
}

fn new_table(first: &str, columns: &[&str]) -> Table {
    let columns = columns.iter().map(|&name| (name, Align::Right));
    Table::new(&std::iter::once((first, Align::Left)).chain(columns).collect::<Vec<_>>())
}
