//! `eigenstream compare` on Gaussian data with planted shifts: are they found, in the right features, and gone after equalisation?
#![forbid(unsafe_code)]

mod synthetic;

use std::process::ExitCode;

use eigenstream::compare::{CompareError, Comparison, Config, Points, Scan, compare};
use eigenstream_benches::output::{Options, Report};
use eigenstream_benches::stats::SplitMix64;
use eigenstream_benches::table::{Align, Table};
use synthetic::{DIMENSIONS, Kind, sides, thinned};

const BENCH: &str = "compare";
const SEED: u64 = 20_261_121;
/// Points of each side where a shift is planted, and where there is none.
const POINTS: usize = 500;
const NULL_POINTS: usize = 200;
/// Label permutations of each test.
const PERMUTATIONS: usize = 99;
/// Shuffles that the exact thresholds are compared with, and the level.
const SHUFFLES: usize = 100_000;
const POINT_LEVEL: f64 = 1e-2;

/// Sizes of a run.
struct Sizes {
    shifts: u64,
    nulls: u64,
    controls: u64,
}

fn main() -> ExitCode {
    let options = match Options::from_env(BENCH, &[]) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let sizes = if options.quick() {
        Sizes { shifts: 5, nulls: 40, controls: 1 }
    } else {
        Sizes { shifts: 40, nulls: 400, controls: 10 }
    };
    match run(&sizes, &options) {
        Ok(report) => {
            report.print();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{BENCH}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(sizes: &Sizes, options: &Options) -> Result<Report, CompareError> {
    let mut report = Report::new(BENCH, options);
    report.condition("seed", SEED);
    report.condition("dimensions", DIMENSIONS);
    report.condition("points", format!("{POINTS} a side, {NULL_POINTS} without a shift"));
    report.condition("permutations", PERMUTATIONS);
    thresholds(&mut report);
    nulls(&mut report, sizes)?;
    shifts(&mut report, sizes)?;
    Ok(report)
}

fn judge(sides: &[Points; 2], seed: u64) -> Result<Comparison, CompareError> {
    let config = Config { permutations: PERMUTATIONS, seed, ..Config::default() };
    compare(&sides[0], &sides[1], &config, &|_, _| {})
}

/// The exact limits of Υ beside the quantiles over shuffled labels.
fn thresholds(report: &mut Report) {
    let columns = ["exact limit", "quantile of shuffles", "probability of the exact limit among shuffles"];
    let columns = columns.map(|name| (name, Align::Right));
    let mut table = Table::new(&[&[("points, neighbours", Align::Left)][..], &columns].concat());
    let mut random = SplitMix64::new(SEED);
    for (reference, file, neighbours) in [(500, 500, 100), (500, 500, 250), (800, 200, 100)] {
        let scan = Scan::new([reference, file], neighbours - 1);
        let limit = scan.limits(POINT_LEVEL)[1];
        // The neighbours of a point of the file: all others, in an order by lot.
        let mut labels: Vec<u8> = (1..reference + file).map(|i| u8::from(i < file)).collect();
        let mut surprises: Vec<f64> = (0..SHUFFLES)
            .map(|_| {
                for i in 0..neighbours {
                    let j = i + random.below(labels.len() - i);
                    labels.swap(i, j);
                }
                f64::from(scan.surprise(1, labels.iter().copied()).0)
            })
            .collect();
        surprises.sort_unstable_by(|a, b| b.total_cmp(a));
        let quantile = surprises[(SHUFFLES as f64 * POINT_LEVEL) as usize];
        let rate = surprises.partition_point(|&s| s >= limit) as f64 / SHUFFLES as f64;
        let key = format!("threshold.{reference}_{file}_{neighbours}");
        report.figure(&format!("{key}.exact"), limit);
        report.figure(&format!("{key}.shuffled"), quantile);
        report.figure(&format!("{key}.probability"), rate);
        let cells = [format!("{limit:.3}"), format!("{quantile:.3}"), format!("{rate:.5}")];
        table.row([&[format!("{reference} + {file}, K = {neighbours}")][..], &cells].concat());
    }
    report.markdown(format_args!(
        "## Thresholds\n\nLimit of the point score that labels without meaning reach with probability {POINT_LEVEL}, by dynamic programming and \
         over {SHUFFLES} shuffles (standard error of the probability 0.0003).\n\n{table}"
    ));
}

/// Rates with a standard error.
fn share(hits: usize, of: usize) -> (f64, f64) {
    let rate = hits as f64 / of as f64;
    (rate, (rate * (1.0 - rate) / of as f64).sqrt())
}

fn nulls(report: &mut Report, sizes: &Sizes) -> Result<(), CompareError> {
    let levels = [0.05, 0.1, 0.2];
    let mut p_values = Vec::new();
    let mut over = 0;
    for run in 0..sizes.nulls {
        let outcome = judge(&sides(Kind::None, 0, NULL_POINTS, SEED + run), run)?;
        p_values.push(outcome.p_value);
        over += outcome.reference.over + outcome.file.over;
    }
    let mut table = Table::new(&[
        ("nominal level", Align::Right),
        ("rejected", Align::Right),
        ("standard error", Align::Right),
    ]);
    for level in levels {
        let (rate, error) = share(p_values.iter().filter(|&&p| p <= level).count(), p_values.len());
        report.figure(&format!("null.rejected_at_{:.0}_percent", level * 100.0), rate);
        table.row([format!("{level}"), format!("{rate:.3}"), format!("{error:.3}")]);
    }
    report.condition("runs without a shift", sizes.nulls);
    report.figure("null.points_over_limit", over as f64 / (sizes.nulls as f64 * 2.0 * NULL_POINTS as f64));
    report.markdown(format_args!("## No shift\n\n{} runs.\n\n{table}", sizes.nulls));
    Ok(())
}

/// What the runs of one kind of shift came to.
#[derive(Default)]
struct Tally {
    runs: usize,
    found: usize,
    /// Planted features that were selected, and others.
    hits: usize,
    false_features: usize,
    exact: usize,
    equalised: usize,
    rejected_again: usize,
    kept: f64,
    controls: usize,
    controls_rejected: usize,
}

impl Tally {
    fn add(&mut self, outcome: &Comparison, planted: usize) {
        self.runs += 1;
        self.found += usize::from(outcome.shift);
        let chosen = outcome.subset.iter().filter(|c| synthetic::is_planted(&c.feature, planted)).count();
        self.hits += chosen;
        self.false_features += outcome.subset.len() - chosen;
        self.exact += usize::from(chosen == planted && outcome.subset.len() == planted);
        if let Some(e) = &outcome.equalised {
            self.equalised += 1;
            self.rejected_again += usize::from(e.test.p_value <= outcome.level);
            self.kept += (e.kept[0] + e.kept[1]) / 2.0;
        }
    }
}

fn shifts(report: &mut Report, sizes: &Sizes) -> Result<(), CompareError> {
    let columns = [
        "shift found",
        "planted features selected",
        "other features selected",
        "kept after equalisation",
        "rejected after equalisation",
        "rejected after random removal",
    ];
    let columns = columns.map(|name| (name, Align::Right));
    let mut table = Table::new(&[&[("shift", Align::Left)][..], &columns].concat());
    let mut all = Tally::default();
    for (kind, planted) in synthetic::SHIFTS {
        let mut tally = Tally::default();
        for run in 0..sizes.shifts {
            let data = sides(kind, planted, POINTS, SEED + 1000 * (run + 1));
            let outcome = judge(&data, run)?;
            tally.add(&outcome, planted);
            if let Some(e) = outcome.equalised.as_ref().filter(|_| run < sizes.controls) {
                let control = judge(&thinned(&data, e.kept, SEED + run), run)?;
                tally.controls += 1;
                tally.controls_rejected += usize::from(control.shift);
            }
        }
        let key = format!("{}.{planted}", kind.key());
        let of = (tally.runs * planted) as f64;
        let false_share = tally.false_features as f64 / (tally.runs * (DIMENSIONS - planted)) as f64;
        let kept = tally.kept / tally.equalised as f64;
        report.figure(&format!("{key}.found"), tally.found as f64 / tally.runs as f64);
        report.figure(&format!("{key}.planted_selected"), tally.hits as f64 / of);
        report.figure(&format!("{key}.exact_subset"), tally.exact as f64 / tally.runs as f64);
        report.figure(&format!("{key}.others_selected"), false_share);
        report.figure(&format!("{key}.kept"), kept);
        report.figure(&format!("{key}.rejected_after"), tally.rejected_again as f64 / tally.equalised as f64);
        table.row([
            kind.words(planted),
            format!("{}/{}", tally.found, tally.runs),
            format!("{:.3}", tally.hits as f64 / of),
            format!("{false_share:.4}"),
            format!("{kept:.2}"),
            format!("{}/{}", tally.rejected_again, tally.equalised),
            format!("{}/{}", tally.controls_rejected, tally.controls),
        ]);
        all.equalised += tally.equalised;
        all.rejected_again += tally.rejected_again;
    }
    let (rate, error) = share(all.rejected_again, all.equalised);
    report.figure("equalised.rejected_at_5_percent", rate);
    report.figure("equalised.standard_error", error);
    report.condition("runs of each shift", sizes.shifts);
    report.markdown(format_args!(
        "## Planted shifts\n\n{} runs each. Over all shifts the test in all features rejects {rate:.3} ± {error:.3} of the equalised subsets at \
         the 5 % level; the last column is the same test after as many points were taken away by lot.\n\n{table}",
        sizes.shifts
    ));
    Ok(())
}
