//! Shifts on the page: lines over the plots, the band of states under the time axis, and a table.

use std::fmt::Write;

use serde::Serialize;

use super::axis::Axis;
use super::text::{count, digits, escape};
use crate::source::Channel;

/// Rows of the table, and lines in the plots; of more, the first.
pub(super) const MAX_SHIFTS: usize = 200;

/// A channel of a shift, in its own unit; NaN where unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReportShiftChannel {
    /// Index of the channel.
    pub channel: usize,
    /// Mean before and after.
    pub mean: [f32; 2],
    /// Standard deviation before and after.
    pub deviation: [f32; 2],
}

/// A lasting change of the process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportShift {
    /// Likeliest frame of the onset, the earliest and the latest that are likely, and the frame of the alarm.
    pub frames: [u64; 4],
    /// Their times in seconds, on the clock of [`ReportBuilder::push`](super::ReportBuilder::push).
    pub times_s: [f64; 4],
    /// What changed, in words for people.
    pub kind: String,
    /// The state that it leads to, in words: `regime 2`, `back to regime 1`.
    pub state: String,
    /// The state's number from 1.
    pub regime: u32,
    /// The channels that carry it, the most telling first.
    pub channels: Vec<ReportShiftChannel>,
}

/// A shift in the data of the page.
#[derive(Serialize)]
pub(super) struct ShiftData<'a> {
    at: f64,
    from: f64,
    to: f64,
    kind: &'a str,
    state: &'a str,
    regime: u32,
    channels: Vec<usize>,
}

impl ReportShift {
    /// The places of onset, earliest, latest and alarm.
    fn places(&self, axis: &Axis) -> [f64; 4] {
        std::array::from_fn(|k| axis.place(self.frames[k], self.times_s[k]))
    }

    pub(super) fn data(&self, axis: &Axis) -> ShiftData<'_> {
        let [at, from, to, _] = self.places(axis);
        let channels = self.channels.iter().map(|c| c.channel).collect();
        ShiftData { at, from, to, kind: &self.kind, state: &self.state, regime: self.regime, channels }
    }
}

/// The section of the page: a heading and a table, or a sentence.
pub(super) fn section(
    axis: &Axis,
    channels: &[Channel],
    shifts: &[ReportShift],
    seen: u64,
    remark: &str,
) -> String {
    if shifts.is_empty() && remark.is_empty() {
        return String::new();
    }
    let mut out = String::from("<section id=\"shifts\" aria-label=\"Shifts\">\n<h2>Shifts</h2>\n");
    if !remark.is_empty() {
        let _ = writeln!(out, "<p class=\"note\">Lasting changes: {}.</p>", escape(remark));
    }
    if seen > shifts.len() as u64 {
        let _ = writeln!(
            out,
            "<p class=\"note\">The first {} of {}.</p>",
            count(shifts.len() as u64),
            count(seen)
        );
    }
    if !shifts.is_empty() {
        out.push_str("<table class=\"shifts\">\n<thead><tr>");
        for head in ["Onset", "Between", "What changed", "Channels: before → after", "State", "Alarm"] {
            let _ = write!(out, "<th scope=\"col\">{head}</th>");
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        shifts.iter().for_each(|shift| row(&mut out, axis, channels, shift));
        out.push_str("</tbody>\n</table>\n");
    }
    out.push_str("</section>\n");
    out
}

fn row(out: &mut String, axis: &Axis, channels: &[Channel], shift: &ReportShift) {
    let [at, from, to, alarm] = shift.places(axis);
    let margin = (to - from).max(500.0 * axis.frame());
    let link =
        format!("#t={:.3},{:.3}", (from - margin).max(axis.from()), (alarm.max(to) + margin).min(axis.to()));
    let items: String = shift.channels.iter().map(|c| format!("<li>{}</li>", sizes(channels, c))).collect();
    let _ = writeln!(
        out,
        "<tr><td data-head=\"Onset\"><a href=\"{link}\">{}</a></td><td data-head=\"Between\">{} – {}</td>\
         <td data-head=\"What changed\">{}</td><td class=\"wide\"><ul class=\"sizes\">{items}</ul></td>\
         <td data-head=\"State\">{}</td><td data-head=\"Alarm\">{}</td></tr>",
        axis.write(at),
        axis.write(from),
        axis.write(to),
        escape(&shift.kind),
        escape(&shift.state),
        axis.write(alarm),
    );
}

/// `V5: mean 0.12 → 0.48 mV, σ 0.3 → 0.31 mV`.
fn sizes(channels: &[Channel], c: &ReportShiftChannel) -> String {
    let Some(of) = channels.get(c.channel) else { return String::new() };
    let number = |x: f32| digits(f64::from(x), 3);
    let unit = if of.unit.is_empty() { String::new() } else { format!(" {}", escape(&of.unit)) };
    let ([m0, m1], [s0, s1]) = (c.mean.map(number), c.deviation.map(number));
    format!("<b>{}</b> mean {m0} → {m1}{unit}, σ {s0} → {s1}{unit}", escape(&of.name))
}
