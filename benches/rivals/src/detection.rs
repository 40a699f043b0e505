//! Ranking quality (VUS-PR) beside detectors of other projects, all on the same series in the same run.

use std::path::Path;

use eigenstream_benches::data::Result;
use eigenstream_benches::detect::{Detector, Trivial};
use eigenstream_benches::engine;
use eigenstream_benches::output::Report;
use eigenstream_benches::parallel;
use eigenstream_benches::stats;
use eigenstream_benches::table::{Align, Table};
use eigenstream_benches::tsb_ad::{self, Entry, Set};
use eigenstream_benches::vus_pr::vus_pr;

use crate::SEED;
use crate::detectors::{HalfSpace, Python, Rcf};
use crate::peers::Peers;

/// With `--quick` every so manieth series of a set is kept.
const QUICK_STRIDE: usize = 4;

/// Adds the tables to the report.
pub(crate) fn measure(report: &mut Report, folder: &Path, peers: Option<&Peers>, quick: bool) -> Result<()> {
    let (nab, telemetry): (Vec<Entry>, Vec<Entry>) =
        tsb_ad::entries(folder)?.into_iter().partition(|entry| entry.set == Set::Nab);
    report.markdown(
        "## Detection: mean VUS-PR\n\nEvery detector in its default settings, the same for all series, on the same series; scores from \
         the past only, up to the stated delay. Not blind: the defaults of ours were chosen with these series in view, those of \
         the others were not. Missing samples are filled with the last value for those that do not know them.",
    );
    for (title, key, mut entries) in [("NAB", "nab", nab), ("MSL + SMAP", "msl_smap", telemetry)] {
        if quick {
            entries = entries.into_iter().step_by(QUICK_STRIDE).collect();
        }
        // xStream alone would take the time that --quick has.
        let slow = !quick || key == "nab";
        group(report, title, key, &entries, &detectors(peers, slow))?;
    }
    Ok(())
}

fn detectors(peers: Option<&Peers>, slow: bool) -> Vec<Box<dyn Detector>> {
    let has = |package| peers.is_some_and(|peers| peers.version(package).is_some());
    let mut all: Vec<Box<dyn Detector>> = engine::detectors().into_iter().take(1).collect();
    all.push(Box::new(Rcf { key: "rcf3", name: "rcf3 Forest, defaults (shingle 1)", shingle: 1 }));
    let shingled = "rcf3 Forest, defaults, shingle 8 as in its time-series example";
    all.push(Box::new(Rcf { key: "rcf3_shingle", name: shingled, shingle: 8 }));
    all.push(Box::new(HalfSpace));
    if has("river") {
        let name = "River MinMaxScaler | HalfSpaceTrees, defaults";
        all.push(Box::new(Python::new("river_hst", name, "river_hst")));
    }
    if slow && has("pysad") {
        all.push(Box::new(Python::new("pysad_xstream", "PySAD xStream, defaults", "pysad_xstream")));
    }
    all.push(Box::new(Trivial));
    all
}

/// The table of one set.
fn group(
    report: &mut Report,
    title: &str,
    key: &str,
    entries: &[Entry],
    detectors: &[Box<dyn Detector>],
) -> Result<()> {
    let per_series = parallel::map(entries, |entry| evaluate(entry, detectors));
    let per_series: Vec<Vec<f64>> = per_series.into_iter().collect::<Result<_>>()?;
    let columns = ["mean VUS-PR", "95 % interval", "delay, frames"].map(|name| (name, Align::Right));
    let mut table = Table::new(&[&[("detector", Align::Left)][..], &columns].concat());
    for (d, detector) in detectors.iter().enumerate() {
        let figures: Vec<f64> = per_series.iter().map(|figures| figures[d]).collect();
        let estimate = stats::bootstrap(&figures, SEED);
        for (name, value) in [("mean", estimate.mean), ("low", estimate.low), ("high", estimate.high)] {
            report.figure(&format!("detection.{key}.{}.{name}", detector.key()), value);
        }
        table.row([
            detector.name().to_owned(),
            format!("{:.3}", estimate.mean),
            format!("{:.3} – {:.3}", estimate.low, estimate.high),
            detector.delay().to_string(),
        ]);
    }
    report.markdown(format_args!("### {title}: {} series", entries.len()));
    report.markdown(table);
    Ok(())
}

/// VUS-PR of every detector on one series.
fn evaluate(entry: &Entry, detectors: &[Box<dyn Detector>]) -> Result<Vec<f64>> {
    let series = entry.load()?;
    Ok(detectors
        .iter()
        .map(|detector| vus_pr(&series.labels, &detector.scores(&series), series.window))
        .collect())
}
