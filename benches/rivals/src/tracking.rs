//! How much of the next frame each tracker leaves over, beside the exact answer with the same memory.

use std::path::Path;

use eigenstream_benches::data::Result;
use eigenstream_benches::output::Report;
use eigenstream_benches::parallel;
use eigenstream_benches::stats::SplitMix64;
use eigenstream_benches::table::{Align, Table};
use irithyll::preprocessing::CCIPCA;
use irithyll::projection::SubspaceTracker as Past;
use nalgebra::{DMatrix, DVector};

use crate::SEED;
use crate::peers::Peers;
use crate::recordings::{Stream, streams};
use crate::rivals::{AMNESTIC, DELTA, Exact, Ours, Tracker};

/// Frames that are learned but not counted.
const BURN_IN: usize = 2_000;

/// What happens to the frames that a tracker learns from. It is judged on the frames as they are.
#[derive(Clone, Copy, PartialEq)]
enum Damage {
    None,
    /// Half of the entries are missing: as NaN, at the running mean, or with the last value that was seen.
    Missing(Fill),
    /// One entry of every twentieth frame, or every twentieth entry, deviates fifty times as much from the mean.
    OutlierFrames,
    OutlierEntries,
}

#[derive(Clone, Copy, PartialEq)]
enum Fill {
    Not,
    Mean,
    Last,
}

const MISSING: f64 = 0.5;
const OUTLIERS: f64 = 0.05;
const GROSS: f64 = 50.0;

/// A row of a table.
#[derive(Clone, Copy)]
struct Row {
    key: &'static str,
    name: &'static str,
    make: fn(&Stream) -> Box<dyn Tracker>,
    damage: Damage,
}

/// Σ‖residual‖² / Σ‖x − μ‖², with the span of W, and with W as it stands.
#[derive(Clone, Copy)]
struct Share {
    span: f64,
    raw: f64,
}

fn ours(stream: &Stream) -> Box<dyn Tracker> {
    Box::new(Ours::new(stream.n, stream.rank, stream.memory))
}

fn exact(stream: &Stream) -> Box<dyn Tracker> {
    Box::new(Exact::new(stream.n, stream.rank, stream.memory))
}

fn past(stream: &Stream) -> Box<dyn Tracker> {
    Box::new(Past::new(stream.n, stream.rank, 1.0 - 1.0 / stream.memory, DELTA, 42))
}

fn ccipca(stream: &Stream) -> Box<dyn Tracker> {
    Box::new(CCIPCA::with_amnestic(stream.rank, AMNESTIC))
}

const fn row(
    key: &'static str,
    name: &'static str,
    make: fn(&Stream) -> Box<dyn Tracker>,
    damage: Damage,
) -> Row {
    Row { key, name, make, damage }
}

/// The first row is what the others are divided by.
const CLEAN: [Row; 4] = [
    row("exact", "exact EWMA-PCA, f64", exact, Damage::None),
    row("eigenstream", "**eigenstream** Fapi, f32", ours, Damage::None),
    row("past", "irithyll PAST, f64", past, Damage::None),
    row("ccipca", "irithyll CCIPCA (amnestic 2), f64", ccipca, Damage::None),
];

/// The first row is what the others are divided by.
const DAMAGED: [Row; 8] = [
    row("whole", "eigenstream, whole frames", ours, Damage::None),
    row("missing", "**eigenstream**, 50 % missing, told so", ours, Damage::Missing(Fill::Not)),
    row("missing_mean", "eigenstream, 50 % filled with the mean", ours, Damage::Missing(Fill::Mean)),
    row("missing_last", "eigenstream, 50 % filled with the last value", ours, Damage::Missing(Fill::Last)),
    row("outlier_frames", "**eigenstream**, one entry × 50 in 5 % of frames", ours, Damage::OutlierFrames),
    row("outlier_entries", "eigenstream, 5 % of all entries × 50", ours, Damage::OutlierEntries),
    row(
        "exact_outlier_frames",
        "exact EWMA-PCA, one entry × 50 in 5 % of frames",
        exact,
        Damage::OutlierFrames,
    ),
    row("past_outlier_frames", "irithyll PAST, one entry × 50 in 5 % of frames", past, Damage::OutlierFrames),
];

/// Adds the tables to the report.
pub(crate) fn measure(
    report: &mut Report,
    folder: &Path,
    peers: &mut Option<Peers>,
    quick: bool,
) -> Result<()> {
    let streams = streams(folder, if quick { 6_000 } else { 20_000 })?;
    report.markdown(format_args!(
        "## Tracking: prequential residual\n\nΣ‖x − μ − UUᵀ(x − μ)‖² / Σ‖x − μ‖² with U an orthonormal basis of the span of W (kind to \
         those whose W is not orthonormal), W and μ as they were before the frame; memory 1,000 frames, the first {BURN_IN} frames not \
         counted. Rivals are fed frames centred by the same running mean that ours keeps. Ratio to the first row."
    ));
    let (mut whole, exact) = table(report, &streams, &CLEAN, "tracking");
    if let Some(peers) = peers.as_mut().filter(|peers| peers.version("sklearn").is_some()) {
        whole.row(incremental(report, peers, &streams, &exact)?);
    }
    report.markdown(whole);
    report.markdown(
        "The same, learned from damaged frames and judged on whole ones; entries at random. Ours does not learn from a frame with \
         fewer than half of its entries. Targets: missing ≤ 1.10, outliers ≤ 1.05.",
    );
    let (damaged, _) = table(report, &streams, &DAMAGED, "damaged");
    report.markdown(damaged);
    Ok(())
}

/// A row for every tracker; and the shares of the first.
fn table(report: &mut Report, streams: &[Stream], rows: &[Row], prefix: &str) -> (Table, Vec<Share>) {
    let names = streams.iter().map(|stream| (stream.name.as_str(), Align::Right));
    let mut table = Table::new(&std::iter::once(("tracker", Align::Left)).chain(names).collect::<Vec<_>>());
    let jobs: Vec<(&Row, &Stream)> =
        rows.iter().flat_map(|row| streams.iter().map(move |s| (row, s))).collect();
    let shares = parallel::map(&jobs, |(row, stream)| follow(stream, row));
    let first = &shares[..streams.len()];
    for (row, shares) in rows.iter().zip(shares.chunks_exact(streams.len())) {
        let mut cells = vec![row.name.to_owned()];
        for ((stream, share), base) in streams.iter().zip(shares).zip(first) {
            let ratio = share.span / base.span;
            report.figure(&format!("{prefix}.{}.{}.residual", stream.key, row.key), share.span);
            report.figure(&format!("{prefix}.{}.{}.ratio", stream.key, row.key), ratio);
            cells.push(format!("{ratio:.3} ({:.4}){}", share.span, as_it_stands(*share, *base)));
        }
        table.row(cells);
    }
    (table, first.to_vec())
}

/// The row of scikit-learn's incremental PCA, one frame a call, which runs in its own process.
fn incremental(
    report: &mut Report,
    peers: &mut Peers,
    streams: &[Stream],
    exact: &[Share],
) -> Result<Vec<String>> {
    let mut cells = vec!["scikit-learn IncrementalPCA (cannot forget), f64, 1 frame a call".to_owned()];
    for (stream, base) in streams.iter().zip(exact) {
        let (mut centre, mut centred) = (Centre::new(stream), Vec::new());
        for x in stream.frames() {
            centred.extend(x.iter().zip(centre.mean.iter()).map(|(x, m)| x - m));
            centre.learn(x);
        }
        let span = peers.track(stream.n, stream.rank, BURN_IN, &centred)?;
        report.figure(&format!("tracking.{}.ipca.residual", stream.key), span);
        report.figure(&format!("tracking.{}.ipca.ratio", stream.key), span / base.span);
        cells.push(format!("{:.3} ({span:.4})", span / base.span));
    }
    Ok(cells)
}

/// What a W that is far from orthonormal leaves over when it is taken for one.
fn as_it_stands(share: Share, base: Share) -> String {
    let ratio = share.raw / base.span;
    if share.raw > 1.01 * share.span { format!(", as it stands {ratio:.3}") } else { String::new() }
}

/// Runs one tracker along a stream.
fn follow(stream: &Stream, row: &Row) -> Share {
    let mut tracker = (row.make)(stream);
    let mut damage = Damager::new(stream.n, row.damage);
    // Means of the frames as they are, and as they are learned.
    let (mut whole, mut learned) = (Centre::new(stream), Centre::new(stream));
    let (mut span, mut raw, mut total) = (0.0, 0.0, 0.0);
    for (t, x) in stream.frames().enumerate() {
        let true_frame = DVector::from_column_slice(x);
        let seen = damage.apply(x, &whole.mean, &learned.mean);
        if t >= BURN_IN {
            let w = tracker.basis();
            let mean = tracker.mean().unwrap_or_else(|| learned.mean.clone());
            let centred = &true_frame - mean;
            total += (&true_frame - &whole.mean).norm_squared();
            raw += left_over(&w, &centred);
            span += left_over(&orthonormal(w), &centred);
        }
        if tracker.mean().is_some() {
            tracker.learn(&seen);
        } else {
            let centred: Vec<f64> = seen.iter().zip(learned.mean.iter()).map(|(x, m)| x - m).collect();
            tracker.learn(&centred);
        }
        whole.learn(x);
        learned.learn(&seen);
    }
    Share { span: span / total, raw: raw / total }
}

fn left_over(w: &DMatrix<f64>, x: &DVector<f64>) -> f64 {
    (x - w * w.tr_mul(x)).norm_squared()
}

fn orthonormal(w: DMatrix<f64>) -> DMatrix<f64> {
    w.qr().q()
}

/// The running mean that ours keeps, for the others.
struct Centre {
    mean: DVector<f64>,
    memory: f64,
    frames: f64,
}

impl Centre {
    fn new(stream: &Stream) -> Self {
        Self { mean: DVector::zeros(stream.n), memory: stream.memory, frames: 0.0 }
    }

    fn learn(&mut self, x: &[f64]) {
        self.frames += 1.0;
        let gain = (1.0 / self.frames).max(1.0 / self.memory);
        for (mean, x) in self.mean.iter_mut().zip(x).filter(|(_, x)| x.is_finite()) {
            *mean += gain * (x - *mean);
        }
    }
}

/// Damages frames, the same entries for every tracker.
struct Damager {
    kind: Damage,
    random: SplitMix64,
    last: Vec<f64>,
}

impl Damager {
    fn new(n: usize, kind: Damage) -> Self {
        Self { kind, random: SplitMix64::new(SEED), last: vec![0.0; n] }
    }

    /// `mean` is that of whole frames, by which outliers deviate; `learned` that of what was learned, which fills gaps.
    fn apply(&mut self, x: &[f64], mean: &DVector<f64>, learned: &DVector<f64>) -> Vec<f64> {
        let mut seen = x.to_vec();
        let outlier = |seen: &mut [f64], i: usize| seen[i] = mean[i] + GROSS * (seen[i] - mean[i]);
        match self.kind {
            Damage::None => {}
            Damage::Missing(fill) => {
                for (i, x) in seen.iter_mut().enumerate() {
                    if self.random.uniform() >= MISSING {
                        self.last[i] = *x;
                        continue;
                    }
                    *x = match fill {
                        Fill::Not => f64::NAN,
                        Fill::Mean => learned[i],
                        Fill::Last => self.last[i],
                    };
                }
            }
            Damage::OutlierFrames => {
                let (hit, i) = (self.random.uniform() < OUTLIERS, self.random.below(seen.len()));
                if hit {
                    outlier(&mut seen, i);
                }
            }
            Damage::OutlierEntries => {
                for i in 0..seen.len() {
                    if self.random.uniform() < OUTLIERS {
                        outlier(&mut seen, i);
                    }
                }
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plane_leaves_over() {
        let skew = DMatrix::from_column_slice(3, 2, &[2.0, 0.0, 0.0, 1.0, 0.5, 0.0]);
        let x = DVector::from_column_slice(&[3.0, 4.0, 5.0]);
        assert!((left_over(&orthonormal(skew), &x) - 25.0).abs() < 1e-12);
    }

    #[test]
    fn damage_comes_at_its_rate() {
        let (x, mean) = ([2.0; 20], DVector::from_element(20, 1.0));
        let count = |kind, hit: fn(f64) -> bool| {
            let mut damager = Damager::new(20, kind);
            let entries = (0..1000).flat_map(|_| damager.apply(&x, &mean, &mean)).filter(|&x| hit(x)).count();
            entries as f64 / 20_000.0
        };
        assert!((count(Damage::Missing(Fill::Not), f64::is_nan) - MISSING).abs() < 0.02);
        assert!((count(Damage::OutlierEntries, |x| x > 50.0) - OUTLIERS).abs() < 0.01);
        assert!((count(Damage::OutlierFrames, |x| x > 50.0) * 20.0 - OUTLIERS).abs() < 0.03);
    }
}
