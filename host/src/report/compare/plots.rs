//! Scores over time and distributions, as SVG.

use std::fmt::Write;

use super::super::text::{clock, digits, escape};
use crate::compare::{Compared, Comparison, Points, Side};

const WIDTH: f64 = 1100.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 26.0;
/// Bars of a histogram.
const BINS: usize = 40;
/// The part of all values, at either end, that a histogram leaves out.
const TAIL: f64 = 0.005;

/// Score of every point of one side over its time.
pub(super) fn scores(c: &Comparison, index: usize, side: &Side) -> String {
    let samples: Vec<_> = c.samples.iter().filter(|s| s.side == index).collect();
    let from = samples.first().map_or(0.0, |s| s.place.from_s);
    let to = samples.iter().map(|s| s.place.to_s).fold(from, f64::max);
    let most = samples.iter().map(|s| f64::from(s.score)).fold(side.limit, f64::max) * 1.05;
    let x = |t: f64| LEFT + (t - from) / (to - from).max(1e-12) * (WIDTH - LEFT - RIGHT);
    let y = |v: f64| HEIGHT - BOTTOM - v / most.max(1e-12) * (HEIGHT - TOP - BOTTOM);
    let label = format!("Scores of {} over time", escape(&side.name));
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">\n");
    for tick in 0..=5 {
        let t = from + (to - from) * f64::from(tick) / 5.0;
        let anchor = ["start", "middle", "middle", "middle", "middle", "end"][tick as usize];
        let decimals = if to - from < 60.0 { 1 } else { 0 };
        let (x, y) = (x(t), HEIGHT - 8.0);
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
            clock(t, decimals)
        );
    }
    for value in [0.0, side.limit] {
        let (class, at) = (if value > 0.0 { "limit" } else { "rule" }, y(value));
        let (right, text) = (WIDTH - RIGHT, at + 4.0);
        let _ = writeln!(
            svg,
            "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>"
        );
        let _ =
            writeln!(svg, "<text x=\"40\" y=\"{text:.1}\" text-anchor=\"end\">{}</text>", digits(value, 3));
    }
    for s in samples {
        let class = if s.over {
            "over"
        } else if s.keep {
            "dot"
        } else {
            "gone"
        };
        let (x, y) = (x((s.place.from_s + s.place.to_s) / 2.0), y(f64::from(s.score)));
        let _ = writeln!(svg, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.4\"/>");
    }
    svg + "</svg>\n"
}

/// The distribution of a feature on both sides, of all points or of those that are kept.
pub(super) fn histogram(c: &Comparison, points: [&Points; 2], feature: &Compared, kept: bool) -> String {
    let values = |side: usize, kept: bool| -> Vec<f64> {
        let own = c.samples.iter().filter(|s| s.side == side && (s.keep || !kept));
        own.map(|s| f64::from(points[side].row(s.index)[feature.index])).collect()
    };
    // One axis for the pictures before and after.
    let mut all = [values(0, false), values(1, false)].concat();
    all.sort_unstable_by(f64::total_cmp);
    let tail = (all.len() as f64 * TAIL) as usize;
    let (low, high) = match (all.get(tail), all.get(all.len().saturating_sub(tail + 1))) {
        (Some(&low), Some(&high)) if low < high => (low, high),
        (Some(&low), _) => (low - 0.5, low + 0.5),
        _ => (0.0, 1.0),
    };
    let (width, height) = (520.0, 170.0);
    let densities = [0, 1].map(|side| shares(&values(side, kept), low, high));
    let most = densities.iter().flatten().fold(1e-12, |a: f64, &b| a.max(b));
    let x = |bin: usize| 12.0 + bin as f64 / BINS as f64 * (width - 24.0);
    let y = |share: f64| height - BOTTOM - share / most * (height - 26.0 - BOTTOM);
    let when = if kept { "equalised" } else { "all points" };
    let name = escape(&feature.feature);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Distribution of {name}, {when}\">\n"
    );
    let _ = writeln!(svg, "<text x=\"12\" y=\"17\">{name}, {when}</text>");
    for (class, shares) in [("file", &densities[1]), ("reference", &densities[0])] {
        let mut path = format!("M{:.1} {:.1}", x(0), y(0.0));
        for (bin, &share) in shares.iter().enumerate() {
            let _ = write!(path, "V{:.1}H{:.1}", y(share), x(bin + 1));
        }
        let _ = writeln!(svg, "<path class=\"{class}\" d=\"{path}V{:.1}\"/>", y(0.0));
    }
    let (unit, base) = (escape(&feature.unit), height - 8.0);
    let _ = writeln!(svg, "<text x=\"12\" y=\"{base}\">{}</text>", digits(low, 3));
    let _ =
        writeln!(svg, "<text x=\"508\" y=\"{base}\" text-anchor=\"end\">{} {unit}</text>", digits(high, 3));
    svg + "</svg>\n"
}

/// The part of the values in each bin from `low` to `high`.
fn shares(values: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut shares = vec![0.0; BINS];
    for v in values.iter().filter(|v| (low..=high).contains(*v)) {
        let bin = ((v - low) / (high - low) * BINS as f64) as usize;
        shares[bin.min(BINS - 1)] += 1.0 / values.len() as f64;
    }
    shares
}
