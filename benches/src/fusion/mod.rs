//! How the scores of many channels become one: the monitor's way beside others, on faults that touch one channel, several or most.

pub mod plants;
pub mod streams;

use std::path::Path;

use eigenstream_core::condition::RunningScale;
use eigenstream_core::monitor::{Config, DynMonitor};

use crate::data::Result;
use crate::output::Report;
use crate::parallel;
use crate::skab::{self, TRAINING_ROWS};
use crate::stats::{self, Estimate, SplitMix64};
use crate::table::{Align, Table};
use crate::tsb_ad::{self, Series, Set};
use crate::vus_pr::vus_pr;
use plants::plant;
use streams::Stream;

/// The widest buffer of VUS-PR, in frames.
const WINDOW: usize = 100;

/// Share of quiet frames that exceed the limit at which missed faults are counted.
const FALSE_ALARMS: f64 = 0.01;

/// Quiet frames are farther than this from a fault: what the windows see of it.
const REACH: usize = 150;

/// Sizes of planted faults, in the units of [`plant`].
const SIZES: [f64; 3] = [1.0, 2.0, 4.0];

/// Simulated servers.
const SERVERS: u64 = 5;

/// Ways to make one score of many, with keys; the monitor's own last.
const WAYS: [(&str, &str); 5] = [
    ("largest", "the largest excess"),
    ("mean", "the mean excess"),
    ("energy", "energy mean, 10·log₁₀ of the mean of 10^(e/10)"),
    ("z", "log-mean-exp of z-values"),
    ("eigenstream", "**eigenstream**, log-mean-exp halfway between dB and z-values"),
];

/// How many channels a fault touches; the last is seven in ten.
const TOUCHED: [(&str, Option<usize>); 4] =
    [("1", Some(1)), ("3", Some(3)), ("10", Some(10)), ("most", None)];

/// One stream with what is known of it.
struct Case {
    /// Column of the table: an index into [`TOUCHED`], or one beyond.
    column: usize,
    channels: usize,
    values: Vec<f32>,
    labels: Vec<bool>,
    /// Frames that are not evaluated.
    warm_up: usize,
}

/// Adds the table to `report`. `data` is the folder of all recordings; one seed instead of three where it must be `quick`.
///
/// # Errors
/// If a recording cannot be read.
pub fn report(data: &Path, quick: bool, seed: u64, report: &mut Report) -> Result<()> {
    let mut cases = planted(data, if quick { 1 } else { 3 }, seed)?;
    let (labelled, files) = (TOUCHED.len(), TOUCHED.len() + 1);
    cases.extend(side_by_side(data, labelled)?);
    cases.extend(skab::labelled(&data.join("skab"))?.into_iter().map(|recording| Case {
        column: files,
        channels: skab::CHANNELS,
        values: recording.values,
        labels: recording.anomaly,
        warm_up: TRAINING_ROWS,
    }));
    let figures = parallel::map(&cases, evaluate);
    let titles: Vec<String> = TOUCHED.iter().map(|(name, _)| format!("{name} touched")).collect();
    let headers = titles.iter().map(String::as_str).chain(["labelled, side by side", "SKAB"]);
    let columns: Vec<_> =
        [("fusion", Align::Left)].into_iter().chain(headers.map(|name| (name, Align::Right))).collect();
    let (mut ranking, mut missed) = (Table::new(&columns), Table::new(&columns[..=TOUCHED.len()]));
    for (way, (key, name)) in WAYS.iter().enumerate() {
        let column = |c: usize, of: fn(&(f64, f64)) -> f64| {
            let values: Vec<f64> = cases
                .iter()
                .zip(&figures)
                .filter(|(case, _)| case.column == c)
                .map(|(_, f)| of(&f[way]))
                .collect();
            stats::bootstrap(&values, seed)
        };
        let names = TOUCHED.iter().map(|(name, _)| *name).chain(["labelled", "skab"]);
        let vus: Vec<Estimate> = (0..=files).map(|c| column(c, |f| f.0)).collect();
        let gone: Vec<Estimate> = (0..labelled).map(|c| column(c, |f| f.1)).collect();
        for (column, estimate) in names.clone().zip(&vus) {
            report.figure(&format!("fusion.{key}.{column}.vus_pr"), estimate.mean);
        }
        for (column, estimate) in names.zip(&gone) {
            report.figure(&format!("fusion.{key}.{column}.missed"), estimate.mean);
        }
        let cell = |e: &Estimate| format!("{:.3} ± {:.3}", e.mean, (e.high - e.low) / 4.0);
        ranking.row(std::iter::once((*name).to_string()).chain(vus.iter().map(cell)));
        missed.row(std::iter::once((*name).to_string()).chain(gone.iter().map(cell)));
    }
    let streams = cases.iter().filter(|case| case.column < labelled).count();
    report.condition(
        "fusion",
        format!("{streams} streams with planted faults, {} with labels", cases.len() - streams),
    );
    report.markdown(format_args!("## Fusion of channels: mean VUS-PR (window {WINDOW})"));
    report.markdown(ranking);
    report.markdown(format_args!(
        "Share of faults missed at a limit that {} % of the quiet frames exceed:",
        100.0 * FALSE_ALARMS
    ));
    report.markdown(missed);
    Ok(())
}

/// Faults of every size that touch some channels of every stream.
fn planted(data: &Path, seeds: u64, seed: u64) -> Result<Vec<Case>> {
    let mut streams = streams::recorded(data)?;
    streams.extend((0..SERVERS).map(|k| streams::server(seed ^ k)));
    let mut random = SplitMix64::new(seed);
    let mut cases = Vec::new();
    for stream in &streams {
        for (column, (_, touched)) in TOUCHED.iter().enumerate() {
            let most = stream.channels * 7 / 10;
            let touched = touched.unwrap_or(most);
            for size in SIZES.iter().filter(|_| touched <= most) {
                cases.extend((0..seeds).map(|_| case(stream, column, touched, *size, random.next_u64())));
            }
        }
    }
    Ok(cases)
}

fn case(stream: &Stream, column: usize, touched: usize, size: f64, seed: u64) -> Case {
    let first = if stream.frames() > 9_000 { 3_000 } else { 2_000 };
    let planted = plant(stream, first, touched, size, seed);
    let (values, labels) = (planted.values, planted.labels);
    Case { column, channels: stream.channels, values, labels, warm_up: first - 300 }
}

/// The telemetry channels, and the NAB series, put side by side as they are, with their own anomalies: every third long SMAP series in a stream,
/// every third of MSL cut to the shortest, every third of NAB resampled to one length. Each anomaly touches the one channel that it was found in.
fn side_by_side(data: &Path, column: usize) -> Result<Vec<Case>> {
    let series = tsb_ad::entries(&data.join("tsb-ad"))?;
    let series = series.iter().map(tsb_ad::Entry::load).collect::<Result<Vec<_>>>()?;
    let mut cases = Vec::new();
    for (set, least, resampled) in [(Set::Smap, 7_200, None), (Set::Msl, 0, None), (Set::Nab, 0, Some(4_000))]
    {
        let of_set: Vec<&Series> =
            series.iter().filter(|s| s.set == set && s.labels.len() >= least).collect();
        for first in 0..3 {
            let group: Vec<&Series> = of_set.iter().copied().skip(first).step_by(3).collect();
            let shortest = group.iter().map(|s| s.labels.len()).min().unwrap_or(0);
            let frames = resampled.unwrap_or(shortest);
            let at = |s: &Series, t: usize| resampled.map_or(t, |n| t * (s.labels.len() - 1) / (n - 1));
            let values = (0..frames)
                .flat_map(|t| group.iter().map(move |s| s.values[at(s, t) * s.channels]))
                .collect();
            let labels = (0..frames).map(|t| group.iter().any(|s| s.labels[at(s, t)])).collect();
            cases.push(Case { column, channels: group.len(), values, labels, warm_up: 0 });
        }
    }
    Ok(cases)
}

/// VUS-PR and the share of missed faults for each of [`WAYS`].
fn evaluate(case: &Case) -> [(f64, f64); WAYS.len()] {
    let scores = scores(case);
    let labels = &case.labels[case.warm_up..];
    std::array::from_fn(|way| {
        let scores: Vec<f32> = scores[case.warm_up..].iter().map(|of_frame| of_frame[way]).collect();
        (vus_pr(labels, &scores, WINDOW), missed(labels, &scores))
    })
}

/// The scores of all frames in each of [`WAYS`].
fn scores(case: &Case) -> Vec<[f32; WAYS.len()]> {
    let mut monitor = DynMonitor::new(case.channels, &Config::default()).expect("the default is valid");
    let memory = monitor.config().temporal.memory_frames;
    let mut usual = vec![RunningScale::clipped(3.0); case.channels];
    let gap = vec![f32::NAN; case.channels];
    let padding = std::iter::repeat_n(&gap[..], monitor.delay());
    let mut all = Vec::with_capacity(case.labels.len());
    for frame in case.values.chunks_exact(case.channels).chain(padding) {
        if monitor.process(frame).is_none() {
            continue;
        }
        let excesses: Vec<f32> = (0..case.channels).map(|i| monitor.temporal_score(i)).collect();
        let known: Vec<f64> = excesses.iter().filter(|e| !e.is_nan()).map(|&e| f64::from(e)).collect();
        let z: Vec<f64> = excesses
            .iter()
            .zip(&usual)
            .filter(|(e, _)| !e.is_nan())
            .map(|(e, usual)| f64::from(e * usual.inverse_scale()))
            .collect();
        // The first scores are 0, which says nothing of their scatter.
        excesses
            .iter()
            .zip(&mut usual)
            .filter(|(e, _)| **e != 0.0)
            .for_each(|(e, usual)| usual.update(*e, memory));
        all.push([
            known.iter().copied().fold(f64::NAN, f64::max) as f32,
            stats::mean(&known) as f32,
            log_mean_exp(&known, 10.0 / std::f64::consts::LN_10),
            log_mean_exp(&z, 1.0),
            monitor.fused_score(),
        ]);
    }
    all
}

/// `scale`·ln of the mean of exp(x/`scale`); NaN of nothing.
fn log_mean_exp(x: &[f64], scale: f64) -> f32 {
    let top = x.iter().copied().fold(f64::NAN, f64::max);
    let sum: f64 = x.iter().map(|x| ((x - top) / scale).exp()).sum();
    (top + scale * (sum / x.len() as f64).ln()) as f32
}

/// Share of labelled runs in which no score exceeds the limit that [`FALSE_ALARMS`] of the quiet frames exceed; NaN without 100 quiet frames.
fn missed(labels: &[bool], scores: &[f32]) -> f64 {
    let near = |t: usize| {
        labels[t.saturating_sub(REACH)..(t + REACH + 1).min(labels.len())].iter().any(|&fault| fault)
    };
    let mut quiet: Vec<f32> =
        (0..labels.len()).filter(|&t| !scores[t].is_nan() && !near(t)).map(|t| scores[t]).collect();
    if quiet.len() < 100 {
        return f64::NAN;
    }
    quiet.sort_unstable_by(f32::total_cmp);
    let limit = quiet[((1.0 - FALSE_ALARMS) * (quiet.len() - 1) as f64) as usize];
    let frames: Vec<(bool, f32)> = labels.iter().copied().zip(scores.iter().copied()).collect();
    let faults: Vec<bool> = frames
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|run| run[0].0)
        .map(|run| run.iter().all(|(_, score)| score.is_nan() || *score <= limit))
        .collect();
    faults.iter().filter(|&&missed| missed).count() as f64 / faults.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_mean_exp_by_hand() {
        assert!((log_mean_exp(&[0.0, 0.0], 2.0)).abs() < 1e-7);
        let expected = 2.0 * ((1.0 + 1f64.exp()) / 2.0).ln();
        assert!((f64::from(log_mean_exp(&[0.0, 2.0], 2.0)) - expected).abs() < 1e-6);
        assert!(log_mean_exp(&[], 1.0).is_nan() && (log_mean_exp(&[1e4, -1e4], 1.0) - 9999.307).abs() < 1e-2);
    }

    #[test]
    fn a_fault_is_missed_if_it_stays_below_the_limit() {
        let labels: Vec<bool> =
            (0..4_000).map(|t| (1_000..1_010).contains(&t) || (3_000..3_010).contains(&t)).collect();
        let mut scores: Vec<f32> = (0..4_000).map(|t| (t % 500) as f32).collect();
        scores[1_000..1_010].fill(0.0);
        scores[3_000..3_010].fill(f32::NAN);
        assert!((missed(&labels, &scores) - 1.0).abs() < 1e-12);
        scores[3_005] = 600.0;
        assert!((missed(&labels, &scores) - 0.5).abs() < 1e-12);
        // The windows see a fault before it begins: that is no false alarm.
        scores[900] = 1e9;
        assert!((missed(&labels, &scores) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn planted_faults_touch_as_many_channels_as_they_say() {
        let stream = streams::server(3);
        assert!((20..=40).contains(&stream.channels));
        for touched in [1, 3, 10] {
            let planted = plant(&stream, 1_000, touched, 2.0, 7);
            let (n, mut runs) = (stream.channels, 0);
            let frames: Vec<usize> = (0..stream.frames()).collect();
            for run in frames.chunk_by(|&a, &b| planted.labels[a] == planted.labels[b]) {
                let changed = (0..n)
                    .filter(|i| run.iter().any(|t| planted.values[t * n + i] != stream.values[t * n + i]));
                let fault = planted.labels[run[0]];
                assert_eq!(
                    changed.count(),
                    if fault { touched } else { 0 },
                    "frames {} to {}",
                    run[0],
                    run.len()
                );
                assert!(!fault || (20..=500).contains(&run.len()));
                runs += usize::from(fault);
            }
            assert_eq!(runs, 10);
        }
    }
}
