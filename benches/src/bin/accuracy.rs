//! Ranking quality (VUS-PR) on NAB and on MSL + SMAP, and alarms on SKAB, beside controls and the figures published for them; ways to
//! make one score of many channels, on planted faults.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use eigenstream_benches::data::{self, Result};
use eigenstream_benches::detect::{Detector, Random, Trivial};
use eigenstream_benches::engine;
use eigenstream_benches::faults;
use eigenstream_benches::fusion;
use eigenstream_benches::output::{Flag, Options, Report, key};
use eigenstream_benches::parallel;
use eigenstream_benches::stats::{self, Estimate};
use eigenstream_benches::table::{Align, Table};
use eigenstream_benches::tsb_ad::{self, Entry, Published, Set};
use eigenstream_benches::vus_pr::vus_pr;

const BENCH: &str = "accuracy";
const PER_SERIES: Flag = Flag { name: "--per-series", help: "a row for every series, too" };

/// Of the random score and of the bootstrap: any fixed number.
const SEED: u64 = 20_261_121;

/// `--quick` keeps every so manieth series of a set; its tables compare all detectors on these alone.
const QUICK_STRIDE: usize = 4;

fn main() -> ExitCode {
    let options = match Options::from_env(BENCH, &[PER_SERIES]) {
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

fn run(data: &Path, options: &Options) -> Result<()> {
    let mut report = Report::new(BENCH, options);
    report.condition("threads", parallel::THREADS);
    report.condition("seed", SEED);
    ranking(&data.join("tsb-ad"), options, &mut report)?;
    fusion::report(data, options.quick(), SEED, &mut report)?;
    faults::report(&data.join("skab"), &mut report)?;
    report.print();
    Ok(())
}

/// VUS-PR of the detectors on the two groups of series.
fn ranking(folder: &Path, options: &Options, report: &mut Report) -> Result<()> {
    let mut detectors = engine::detectors();
    detectors.push(Box::new(Trivial));
    detectors.push(Box::new(Random { seed: SEED }));
    let (nab, telemetry): (Vec<Entry>, Vec<Entry>) =
        tsb_ad::entries(folder)?.into_iter().partition(|entry| entry.set == Set::Nab);
    let groups = [
        Group::measure("NAB", "nab", nab, &detectors, Published::univariate(folder)?, options)?,
        Group::measure(
            "MSL + SMAP",
            "msl_smap",
            telemetry,
            &detectors,
            Published::multivariate(folder)?,
            options,
        )?,
    ];
    report.condition("interval", format!("95 % bootstrap over series, {} resamples", stats::RESAMPLES));
    for group in &groups {
        group.report(report, &detectors, options.has(PER_SERIES.name));
    }
    Ok(())
}

/// The series of one table with everything measured and published for them.
struct Group {
    title: &'static str,
    key: &'static str,
    entries: Vec<Entry>,
    frames: usize,
    /// VUS-PR by detector, then by series.
    measured: Vec<Vec<f64>>,
    /// Name and VUS-PR by series, the best mean first.
    published: Vec<(String, Vec<f64>)>,
}

impl Group {
    fn measure(
        title: &'static str,
        key: &'static str,
        mut entries: Vec<Entry>,
        detectors: &[Box<dyn Detector>],
        published: Published,
        options: &Options,
    ) -> Result<Self> {
        if options.quick() {
            entries = entries.into_iter().step_by(QUICK_STRIDE).collect();
        }
        let published = columns(&published, &entries)?;
        let per_series = parallel::map(&entries, |entry| evaluate(entry, detectors));
        let mut group =
            Self { title, key, entries, frames: 0, measured: vec![Vec::new(); detectors.len()], published };
        for series in per_series {
            let (frames, figures) = series?;
            group.frames += frames;
            group.measured.iter_mut().zip(figures).for_each(|(column, figure)| column.push(figure));
        }
        Ok(group)
    }

    fn report(&self, report: &mut Report, detectors: &[Box<dyn Detector>], per_series: bool) {
        let size = format!("{} series, {} frames", self.entries.len(), self.frames);
        report.condition(self.title, size.as_str());
        report.markdown(format_args!("## {}: {size}", self.title));
        let summary = self.summary(report, detectors);
        report.markdown(summary);
        if per_series {
            let by_series = self.by_series(report, detectors);
            report.markdown(by_series);
        }
    }

    /// A row for every detector; its figures go into `report`.
    fn summary(&self, report: &mut Report, detectors: &[Box<dyn Detector>]) -> Table {
        let columns = ["mean VUS-PR", "95 % interval", "delay, frames"].map(|name| (name, Align::Right));
        let mut table = Table::new(&[&[("detector", Align::Left)][..], &columns].concat());
        for (detector, figures) in detectors.iter().zip(&self.measured) {
            let estimate = stats::bootstrap(figures, SEED);
            self.figures(report, detector.key(), estimate);
            report.figure(&format!("{}.{}.delay_frames", self.key, detector.key()), detector.delay() as f64);
            table.row(row(detector.name(), estimate, &detector.delay().to_string()));
        }
        for (name, figures) in &self.published {
            let estimate = stats::bootstrap(figures, SEED);
            self.figures(report, &format!("published.{}", key(name)), estimate);
            table.row(row(&format!("{name} (published, {})", provenance(name)), estimate, "–"));
        }
        table
    }

    fn figures(&self, report: &mut Report, detector: &str, estimate: Estimate) {
        report.figure(&format!("{}.{detector}.mean", self.key), estimate.mean);
        report.figure(&format!("{}.{detector}.low", self.key), estimate.low);
        report.figure(&format!("{}.{detector}.high", self.key), estimate.high);
    }

    /// A row for every series; its figures go into `report`.
    fn by_series(&self, report: &mut Report, detectors: &[Box<dyn Detector>]) -> Table {
        let (leader, leading) = &self.published[0];
        let published = [format!("{leader}, published"), "best published for it".into()];
        let keys = detectors.iter().map(|detector| detector.key());
        let names = ["window"].into_iter().chain(keys).chain(published.iter().map(String::as_str));
        let columns = names.map(|name| (name, Align::Right));
        let mut table =
            Table::new(&std::iter::once(("series", Align::Left)).chain(columns).collect::<Vec<_>>());
        for (s, entry) in self.entries.iter().enumerate() {
            let mut cells = vec![entry.file.clone(), entry.window.to_string()];
            for (detector, figures) in detectors.iter().zip(&self.measured) {
                let name = entry.file.trim_end_matches(".csv");
                report.figure(&format!("{}.series.{name}.{}", self.key, detector.key()), figures[s]);
                cells.push(format!("{:.3}", figures[s]));
            }
            cells.push(format!("{:.3}", leading[s]));
            let by_figure = |a: &&(String, Vec<f64>), b: &&(String, Vec<f64>)| a.1[s].total_cmp(&b.1[s]);
            let best = self.published.iter().filter(|column| !column.1[s].is_nan()).max_by(by_figure);
            cells.push(best.map_or("–".into(), |(name, figures)| format!("{:.3} {name}", figures[s])));
            table.row(cells);
        }
        table
    }
}

/// How a published detector came to its scores, as far as that differs from ours: rows are quoted one by one.
fn provenance(detector: &str) -> &'static str {
    match detector {
        "SAND" => "train-prefix fit, then mini-batches; window length from the whole series",
        "Lag-Llama" | "Chronos" | "TimesFM" | "MOMENT (ZS)" => {
            "pre-trained elsewhere, zero-shot, not streaming"
        }
        _ => "whole-series or train-prefix fit, not streaming",
    }
}

fn row(name: &str, estimate: Estimate, delay: &str) -> [String; 4] {
    let Estimate { mean, low, high } = estimate;
    [name.into(), format!("{mean:.3}"), format!("{low:.3} – {high:.3}"), delay.into()]
}

/// Frames of a series and the VUS-PR of every detector on it.
fn evaluate(entry: &Entry, detectors: &[Box<dyn Detector>]) -> Result<(usize, Vec<f64>)> {
    let series = entry.load()?;
    let figure = |detector: &dyn Detector| {
        let scores = detector.scores(&series);
        if scores.len() != series.labels.len() {
            let (got, expected) = (scores.len(), series.labels.len());
            return Err(format!("{} on {}: {got} scores for {expected} frames", detector.name(), entry.file));
        }
        Ok(vus_pr(&series.labels, &scores, series.window))
    };
    let figures =
        detectors.iter().map(|detector| figure(detector.as_ref())).collect::<std::result::Result<_, _>>()?;
    Ok((series.labels.len(), figures))
}

/// The published detectors on exactly these series, the best mean first.
fn columns(published: &Published, entries: &[Entry]) -> Result<Vec<(String, Vec<f64>)>> {
    let mut columns: Vec<(String, Vec<f64>)> =
        published.detectors.iter().map(|name| (name.clone(), Vec::new())).collect();
    for entry in entries {
        let figures =
            published.of(&entry.file).ok_or_else(|| format!("{}: nothing published", entry.file))?;
        columns.iter_mut().zip(figures).for_each(|(column, &figure)| column.1.push(figure));
    }
    // A detector without a figure for one of the series has no mean, and goes last.
    let rank = |column: &(String, Vec<f64>)| Some(stats::mean(&column.1)).filter(|mean| !mean.is_nan());
    columns.sort_by(|a, b| rank(b).partial_cmp(&rank(a)).expect("no NaN is left"));
    Ok(columns)
}
