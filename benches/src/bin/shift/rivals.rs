//! Other detectors on the same streams.

use eigenstream_benches::output::Report;
use eigenstream_benches::parallel;
use eigenstream_benches::shift::rivals::{
    Adwin, Bocpd, Kswin, PageHinkley, PcaCd, Scalar, SubspaceCusum, Whitened,
};
use eigenstream_benches::shift::streams::{Change, Law, Null, Stream};
use eigenstream_benches::stats;
use eigenstream_benches::table::{Align, Table};
use eigenstream_core::shift::{DynShiftDetector, ShiftConfig};

use crate::SEED;

const D: usize = 10;
const ARL: f64 = 5_000.0;

/// Frames that every detector has to itself; they are as many as ours takes.
const LEARN: usize = 420;

/// Takes in a frame; whether it alarms.
type Alarms = Box<dyn FnMut(&[f32]) -> bool>;

/// A detector by its number in the table.
fn detector(kind: usize, threshold: f64, seed: u64) -> Alarms {
    if kind == 0 {
        let config = ShiftConfig { frames_per_false_alarm: ARL as f32, seed, ..ShiftConfig::default() };
        let Ok(mut ours) = DynShiftDetector::new(D, &config) else { return Box::new(|_| false) };
        return Box::new(move |x| ours.process(x).alarm);
    }
    if kind == 6 {
        let mut windows = PcaCd::new(LEARN);
        return Box::new(move |x| windows.alarms(x));
    }
    let mut whitened = Whitened::new(D, LEARN);
    if kind == 5 {
        // Its prior expects numbers of about unit size: T² less its mean, over its standard deviation.
        let mut bocpd = Bocpd::default();
        let unit = |t2: f64| (t2 - D as f64) / (2.0 * D as f64).sqrt();
        return Box::new(move |x| {
            whitened.whiten(x).is_some_and(|y| bocpd.alarms(unit(y.iter().map(|y| y * y).sum())))
        });
    }
    if kind == 4 {
        let mut chart = SubspaceCusum::new(D, threshold);
        return Box::new(move |x| whitened.whiten(x).is_some_and(|y| chart.alarms(y)));
    }
    let mut scalar: Box<dyn Scalar> = match kind {
        1 => Box::new(Adwin::default()),
        2 => Box::new(Kswin::new(seed)),
        _ => Box::new(PageHinkley::default()),
    };
    Box::new(move |x| whitened.whiten(x).is_some_and(|y| scalar.alarms(y.iter().map(|y| y * y).sum())))
}

const NAMES: [(&str, &str); 7] = [
    ("ours", "ours, A = 5,000"),
    ("adwin", "ADWIN on T²"),
    ("kswin", "KSWIN on T²"),
    ("page_hinkley", "Page–Hinkley on T²"),
    ("subspace_cusum", "subspace-CUSUM, w = 20, simulated threshold"),
    ("bocpd", "BOCPD on standardised T²"),
    ("pca_cd", "PCA-CD, windows of 420"),
];

/// Frames watched and alarms, over runs that end with their alarm or after `cut`.
fn run_length(kind: usize, threshold: f64, null: Null, runs: u64, cut: usize) -> (f64, f64) {
    let seeds: Vec<u64> = (0..runs).map(|run| SEED + run).collect();
    let lengths = parallel::map(&seeds, |&seed| {
        let mut stream = Stream::new(null, seed);
        let mut detector = detector(kind, threshold, seed);
        (0..LEARN + cut)
            .find(|_| detector(stream.frame()))
            .map_or((cut, false), |t| (t.saturating_sub(LEARN) + 1, true))
    });
    lengths
        .into_iter()
        .fold((0.0, 0.0), |sum, (n, alarm)| (sum.0 + n as f64, sum.1 + f64::from(u8::from(alarm))))
}

/// Mean delay, and the share of runs without an alarm within 5,000 frames, of those that gave none in the 2,000 frames before the change.
fn delay(kind: usize, threshold: f64, change: Change, runs: u64) -> (f64, f64) {
    let seeds: Vec<u64> = (0..runs).map(|run| SEED + run).collect();
    let delays = parallel::map(&seeds, |&seed| {
        let mut stream = Stream::new(Null::gaussian(D), seed);
        let mut detector = detector(kind, threshold, seed);
        // Alarms of rivals before the change are not held against them here: they start again by themselves.
        for _ in 0..2000 {
            if detector(stream.frame()) && kind == 0 {
                return None;
            }
        }
        let drawn = change.draw(D, stream.random());
        stream.change = Some(drawn);
        Some((1..=5000).find(|_| detector(stream.frame())))
    });
    let delays: Vec<Option<usize>> = delays.into_iter().flatten().collect();
    let found: Vec<f64> = delays.iter().flatten().map(|&t| t as f64).collect();
    (stats::mean(&found), 1.0 - found.len() as f64 / delays.len() as f64)
}

pub(crate) fn measure(report: &mut Report, quick: bool) {
    let g = Null::gaussian(D);
    let nulls = [
        ("gaussian", g),
        ("var_8", Null { phi: 0.8, ..g }),
        ("t5", Null { law: Law::EllipticalT5, phi: 0.5, ..g }),
    ];
    let changes =
        [("spike_2", Change::Spike(2.0)), ("mean_1", Change::Mean(1.0)), ("rotation", Change::Rotation)];
    let right = |name| (name, Align::Right);
    let mut table = Table::new(&[
        ("detector", Align::Left),
        right("ARL Gaussian"),
        right("ARL φ = .8"),
        right("ARL t₅, φ = .5"),
        right("delay spike θ = 2"),
        right("delay mean 1"),
        right("delay rotation"),
    ]);
    let (runs, cut) = if quick { (20, 10_000) } else { (100, 20_000) };
    // The subspace chart has no threshold of its own: its ARL on Gaussian frames is simulated to ours.
    let (mut low, mut high) = (5.0, 60.0);
    for _ in 0..(if quick { 5 } else { 7 }) {
        let threshold = 0.5 * (low + high);
        let (frames, alarms) = run_length(4, threshold, g, 2 * runs, 10_000);
        if frames / alarms.max(1.0) > ARL { high = threshold } else { low = threshold }
    }
    let threshold = 0.5 * (low + high);
    report.condition("subspace-CUSUM threshold", threshold);
    for (kind, (key, name)) in NAMES.into_iter().enumerate() {
        let mut cells = vec![name.to_owned()];
        for (null_key, null) in nulls {
            let (frames, alarms) = run_length(kind, threshold, null, runs, cut);
            let more = if alarms == 0.0 { "> " } else { "" };
            report.figure(&format!("rivals.{key}.arl.{null_key}"), frames / alarms.max(1.0));
            cells.push(format!("{more}{:.0}", frames / alarms.max(1.0)));
        }
        for (change_key, change) in changes {
            let (mean, missed) = delay(kind, threshold, change, runs);
            report.figure(&format!("rivals.{key}.missed.{change_key}"), missed);
            if mean.is_finite() {
                report.figure(&format!("rivals.{key}.edd.{change_key}"), mean);
            }
            cells.push(match (mean.is_finite(), missed > 0.0) {
                (false, _) => "never".into(),
                (true, false) => format!("{mean:.0}"),
                (true, true) => format!("{mean:.0} ({:.0} % missed)", 100.0 * missed),
            });
        }
        table.row(cells);
    }
    report.markdown(format_args!(
        "## Rivals, d = {D}: frames between false alarms, and delay of the next alarm after a change at frame 2,000\n\nDefaults of each; they take the mean and covariance of the first {LEARN} frames."
    ));
    report.markdown(table);
}
