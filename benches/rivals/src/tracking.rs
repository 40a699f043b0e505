//! How much of the next frame each tracker leaves over, beside the exact answer with the same memory. (All trackers of the core:
//! `eigenstream-benches`, binary `tracking`.)

use std::path::Path;

use eigenstream_benches::data::Result;
use eigenstream_benches::output::Report;
use eigenstream_benches::recordings::{Stream, streams};
use eigenstream_benches::tracking::{self, BURN_IN, Centre, Damage, Ours, Row, Share, Tracker};
use eigenstream_core::track::{DynFapi, TrackerConfig};

use crate::peers::Peers;
use crate::rivals::{ccipca, past};

fn ours(stream: &Stream) -> Box<dyn Tracker> {
    let config =
        TrackerConfig { rank: stream.rank, memory_frames: stream.memory as f32, ..Default::default() };
    Box::new(Ours::new(DynFapi::new(stream.n, &config).expect("a valid shape")))
}

/// The first row is what the others are divided by.
const CLEAN: [Row; 4] = [
    Row::new("exact", "exact EWMA-PCA, f64", tracking::exact, Damage::None),
    Row::new("eigenstream", "**eigenstream** Fapi, f32", ours, Damage::None),
    Row::new("past", "irithyll PAST, f64", past, Damage::None),
    Row::new("ccipca", "irithyll CCIPCA (amnestic 2), f64", ccipca, Damage::None),
];

/// The first row is what the others are divided by.
const DAMAGED: [Row; 4] = [
    Row::new("whole", "eigenstream, whole frames", ours, Damage::None),
    Row::new(
        "outlier_frames",
        "**eigenstream**, one entry × 50 in 5 % of frames",
        ours,
        Damage::OutlierFrames,
    ),
    Row::new(
        "exact_outlier_frames",
        "exact EWMA-PCA, one entry × 50 in 5 % of frames",
        tracking::exact,
        Damage::OutlierFrames,
    ),
    Row::new(
        "past_outlier_frames",
        "irithyll PAST, one entry × 50 in 5 % of frames",
        past,
        Damage::OutlierFrames,
    ),
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
    let shares = tracking::shares(&streams, &CLEAN);
    let mut whole = tracking::table(report, &streams, &CLEAN, &shares, &shares[0], "tracking");
    if let Some(peers) = peers.as_mut().filter(|peers| peers.version("sklearn").is_some()) {
        whole.row(incremental(report, peers, &streams, &shares[0])?);
    }
    report.markdown(whole);
    report.markdown("The same, learned from damaged frames and judged on whole ones; entries at random.");
    let shares = tracking::shares(&streams, &DAMAGED);
    let damaged = tracking::table(report, &streams, &DAMAGED, &shares, &shares[0], "damaged");
    report.markdown(damaged);
    Ok(())
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
