//! Shift detection: mean time between false alarms, delays beside the chart that knows the change.
#![forbid(unsafe_code)]

mod footprint;
mod real;
mod rivals;

use std::process::ExitCode;

use eigenstream_benches::data;
use eigenstream_benches::output::{Flag, Options, Report};
use eigenstream_benches::parallel;
use eigenstream_benches::shift::{
    charts,
    oracle::Oracle,
    streams::{Change, Law, Null},
};
use eigenstream_benches::stats;
use eigenstream_benches::table::{Align, Table};
use eigenstream_core::shift::{Kind, ShiftConfig};

const BENCH: &str = "shift";

/// Of everything that is drawn: any fixed number.
const SEED: u64 = 20_261_121;

/// The parts; without any of these flags, all are measured.
const PARTS: [Flag; 6] = [
    Flag { name: "--run-lengths", help: "only: frames between false alarms" },
    Flag { name: "--delays", help: "only: delays beside the oracle" },
    Flag { name: "--reports", help: "only: channels, onset and kind" },
    Flag { name: "--real", help: "only: real recordings" },
    Flag { name: "--rivals", help: "only: other detectors" },
    Flag { name: "--footprint", help: "only: bytes, instructions and time a frame" },
];

fn main() -> ExitCode {
    if footprint::is_counted() {
        return ExitCode::SUCCESS;
    }
    let options = match Options::from_env(BENCH, &PARTS) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let mut report = Report::new(BENCH, &options);
    report.condition("threads", parallel::THREADS);
    report.condition("seed", SEED);
    let all = !PARTS.iter().any(|part| options.has(part.name));
    if all || options.has("--run-lengths") {
        run_lengths(&mut report, options.quick());
    }
    if all || options.has("--delays") {
        delays(&mut report, options.quick());
    }
    if all || options.has("--reports") {
        reports(&mut report, options.quick());
    }
    if all || options.has("--rivals") {
        rivals::measure(&mut report, options.quick());
    }
    if all || options.has("--footprint") {
        footprint::measure(&mut report, options.quick());
    }
    let mut code = ExitCode::SUCCESS;
    if all || options.has("--real") {
        code = match data::shared_data() {
            None => data::skip(BENCH),
            Some(folder) => match real::measure(&mut report, &folder, options.quick()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("{BENCH}: {error}");
                    ExitCode::FAILURE
                }
            },
        };
    }
    report.print();
    code
}

/// Streams without a change: key, name, stream.
fn nulls(d: usize) -> Vec<(&'static str, &'static str, Null)> {
    let g = Null::gaussian(d);
    vec![
        ("gaussian", "Gaussian, independent", g),
        ("var_5", "Gaussian, VAR(1) φ = .5", Null { phi: 0.5, ..g }),
        ("var_8", "Gaussian, VAR(1) φ = .8", Null { phi: 0.8, ..g }),
        ("var_95", "Gaussian, VAR(1) φ = .95", Null { phi: 0.95, ..g }),
        ("t5_independent", "t₅ independent, φ = .5", Null { law: Law::IndependentT5, phi: 0.5, ..g }),
        ("t5_elliptical", "t₅ elliptical, φ = .5", Null { law: Law::EllipticalT5, phi: 0.5, ..g }),
        ("quantised", "Gaussian, 12 bits", Null { quantised: true, ..g }),
        ("mixed", "Gaussian, φ = .5, unknown mixing", Null { mixed: true, phi: 0.5, ..g }),
    ]
}

/// Frames of a reference after which what was estimated is as good as known.
const KNOWN: u32 = 84_000;

fn run_lengths(report: &mut Report, quick: bool) {
    const D: usize = 10;
    let mut table = Table::new(&[
        ("stream", Align::Left),
        ("wanted", Align::Right),
        ("measured ARL", Align::Right),
        ("se", Align::Right),
        ("alarms", Align::Right),
        ("P(T ≤ 500)", Align::Right),
    ]);
    // What a detector knows that was given the parameters: those of a reference two hundred times as long as the usual warm-up.
    let known =
        |arl| ShiftConfig { frames_per_false_alarm: arl, warm_up_frames: KNOWN, ..ShiftConfig::default() };
    let learned = |arl| ShiftConfig { frames_per_false_alarm: arl, ..ShiftConfig::default() };
    for (arl, runs, cut) in
        [(5_000.0, if quick { 40 } else { 200 }, 20_000), (50_000.0, if quick { 8 } else { 200 }, 100_000)]
    {
        let all = nulls(D).into_iter().map(|(key, name, null)| (key, name, null, learned(arl)));
        let first = ("known", "Gaussian, known: after 84,000 frames", Null::gaussian(D), known(arl));
        for (key, name, null, config) in std::iter::once(first).chain(all) {
            if arl > 10_000.0 && !["gaussian", "t5_elliptical"].contains(&key) {
                continue;
            }
            let length = charts::run_length(null, &config, runs, cut, SEED);
            report.figure(&format!("arl.{arl}.{key}.mean"), length.mean());
            report.figure(&format!("arl.{arl}.{key}.se"), length.error());
            let early = format!("{:.2}", length.early / length.runs);
            let (mean, error) = (format!("{:.0}", length.mean()), format!("{:.0}", length.error()));
            table.row([name, &arl.to_string(), &mean, &error, &length.alarms.to_string(), &early]);
        }
    }
    report.markdown(format_args!("## Mean time between false alarms, d = {D}, self-started, order 1"));
    report.markdown(table);
}

/// Key, name, change.
const CHANGES: [(&str, &str, Change); 9] = [
    ("spike_1", "variance spike θ = 1", Change::Spike(1.0)),
    ("spike_2", "variance spike θ = 2", Change::Spike(2.0)),
    ("spike_4", "variance spike θ = 4", Change::Spike(4.0)),
    ("mean_05", "mean shift .5", Change::Mean(0.5)),
    ("mean_1", "mean shift 1", Change::Mean(1.0)),
    ("mean_2", "mean shift 2", Change::Mean(2.0)),
    ("variance_3", "one channel's variance × 3", Change::Variance(3.0)),
    ("dead", "one channel dead (sd × .05)", Change::Dead),
    ("rotation", "rotation by 30°, variances 9 : 1", Change::Rotation),
];

fn delays(report: &mut Report, quick: bool) {
    const ARL: f64 = 5_000.0;
    let config = ShiftConfig { frames_per_false_alarm: ARL as f32, ..ShiftConfig::default() };
    for d in [4, 10] {
        let mut table = Table::new(&[
            ("change", Align::Left),
            ("ln(g)/I", Align::Right),
            ("oracle CUSUM", Align::Right),
            ("ours", Align::Right),
            ("se", Align::Right),
            ("ratio", Align::Right),
        ]);
        let oracles = parallel::map(&CHANGES, |&(_, _, change)| {
            let oracle = Oracle::calibrated(change, d, ARL, if quick { 300.0 } else { 1500.0 }, SEED);
            let delays = oracle.delays(if quick { 1000 } else { 4000 }, SEED);
            (ARL.ln() / oracle.information(50_000, SEED), stats::mean(&delays))
        });
        for ((key, name, change), (bound, oracle)) in CHANGES.into_iter().zip(oracles) {
            let (ours, _) =
                charts::delays(Null::gaussian(d), change, &config, if quick { 40 } else { 300 }, 2000, SEED);
            let mean = stats::mean(&ours);
            let variance = ours.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (ours.len() - 1) as f64;
            let error = (variance / ours.len() as f64).sqrt();
            for (what, value) in [("ours", mean), ("se", error), ("oracle", oracle), ("ratio", mean / oracle)]
            {
                report.figure(&format!("edd.{d}.{key}.{what}"), value);
            }
            let cell = |x: f64| format!("{x:.1}");
            let ratio = format!("{:.2}", mean / oracle);
            table.row([name, &cell(bound), &cell(oracle), &cell(mean), &cell(error), &ratio]);
        }
        report.markdown(format_args!(
            "## Mean delay in frames, d = {d}, self-started, change at frame 2,000, ARL {ARL}"
        ));
        report.markdown(table);
    }
}

/// What reports say about known changes.
fn reports(report: &mut Report, quick: bool) {
    const D: usize = 16;
    let config = ShiftConfig { frames_per_false_alarm: 5_000.0, ..ShiftConfig::default() };
    let runs = if quick { 30 } else { 200 };
    let cases = [
        ("sparse_1", "spike θ = 2 in 1 channel", Change::Sparse(2.0, 1), &[Kind::Scale, Kind::Rank][..]),
        ("sparse_3", "spike θ = 2 in 3 channels", Change::Sparse(2.0, 3), &[Kind::Scale, Kind::Rank]),
        ("sparse_5", "spike θ = 2 in 5 channels", Change::Sparse(2.0, 5), &[Kind::Scale, Kind::Rank]),
        ("mean_1", "mean shift 1, all channels", Change::Mean(1.0), &[Kind::Mean]),
        ("dead", "one channel dead (sd × .05)", Change::Dead, &[Kind::DeadChannel]),
    ];
    let right = |name| (name, Align::Right);
    let mut table = Table::new(&[
        ("change", Align::Left),
        right("precision@k at the alarm"),
        right("at the final report"),
        right("se"),
        right("channels named"),
        right("onset error, frames (median)"),
        right("onset in the interval"),
        right("kind right"),
        right("runs"),
    ]);
    for (key, name, change, kinds) in cases {
        let all = charts::attributions(Null::gaussian(D), change, &config, runs, 3000, SEED);
        let mean =
            |f: &dyn Fn(&charts::Attribution) -> f64| stats::mean(&all.iter().map(f).collect::<Vec<_>>());
        let early = mean(&|a| a.precision(&a.alarm));
        let late = mean(&|a| a.precision(&a.last));
        let square = mean(&|a| (a.precision(&a.last) - late).powi(2));
        let error = (square / all.len() as f64).sqrt();
        let named = mean(&|a| f64::from(a.last.carriers));
        let mut errors: Vec<f64> = all.iter().map(|a| a.last.onset_frame as f64 - a.onset as f64).collect();
        errors.sort_unstable_by(f64::total_cmp);
        let median = errors.get(errors.len() / 2).copied().unwrap_or(f64::NAN);
        let covered = mean(&|a| f64::from(u8::from(a.covers(&a.last))));
        let right = mean(&|a| f64::from(u8::from(a.is(kinds))));
        for (what, value) in [
            ("alarm", early),
            ("final", late),
            ("onset_error", median),
            ("covered", covered),
            ("kind", right),
        ] {
            report.figure(&format!("report.{D}.{key}.{what}"), value);
        }
        let cell = |x: f64| format!("{x:.2}");
        table.row([
            name.to_owned(),
            cell(early),
            cell(late),
            cell(error),
            cell(named),
            format!("{median:+.0}"),
            cell(covered),
            cell(right),
            all.len().to_string(),
        ]);
    }
    report.markdown(format_args!(
        "## Reports, d = {D}, self-started, change at frame 3,000, final two delays after the alarm (at least 4·d frames)"
    ));
    report.markdown(table);
}
