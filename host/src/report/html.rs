//! The part of the page that needs no script: facts, summary, table of alarms, signal quality, provenance.
//!
//! Everything that came from outside goes through [`escape`].

use std::fmt::Write;

use super::axis::Axis;
use super::text::{count, digits, duration, escape, p_value, percent, plural};
use super::{Judged, ReportEvent, Unusable};
use crate::source::{StreamInfo, Tally};

const TEMPLATE: &str = include_str!("page.html");
pub(super) const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(include_str!("plot.js"), include_str!("page.js"));
/// Channels named in the facts before only their number is given.
const NAMED_CHANNELS: usize = 12;
/// Channel shares shown at once; the others fold away.
const OPEN_SHARES: usize = 3;
/// Rows of the table of channels with unusable samples.
const QUALITY_ROWS: usize = 100;

/// What the page tells in words.
pub(super) struct Content<'a> {
    pub(super) info: &'a StreamInfo,
    pub(super) axis: &'a Axis,
    pub(super) judged: Judged,
    pub(super) events: &'a [(u64, ReportEvent)],
    pub(super) events_seen: u64,
    /// The section on shifts, HTML.
    pub(super) shifts: &'a str,
    pub(super) shifts_seen: u64,
    pub(super) unusable: &'a [Unusable],
    pub(super) settings: &'a str,
    pub(super) provenance: &'a [(String, String)],
    pub(super) tally: &'a Tally,
}

/// The page with `data` (JSON, safe within a script element) inside.
pub(super) fn page(content: &Content<'_>, data: &str) -> String {
    fill(TEMPLATE, |slot| match slot {
        "name" => title(content.info),
        "style" => STYLE.into(),
        "facts" => facts(content),
        "summary" => summary(content),
        "alarms" => alarms(content),
        "shifts" => content.shifts.to_owned(),
        "quality" => quality(content),
        "provenance" => provenance(content),
        "data" => data.into(),
        "script" => SCRIPT.into(),
        _ => String::new(),
    })
}

/// Replaces every `{{slot}}` of the template, in one pass: braces in what is filled in stay as they are.
pub(super) fn fill(template: &str, content: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, (slot, after))) =
        rest.split_once("{{").and_then(|(before, tail)| Some((before, tail.split_once("}}")?)))
    {
        out.push_str(before);
        out.push_str(&content(slot));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn title(info: &StreamInfo) -> String {
    if info.name.is_empty() { "Recording".into() } else { escape(&info.name) }
}

fn facts(content: &Content<'_>) -> String {
    let (info, axis) = (content.info, content.axis);
    let names: Vec<String> = info
        .channels
        .iter()
        .map(|c| if c.unit.is_empty() { c.name.clone() } else { format!("{} ({})", c.name, c.unit) })
        .collect();
    let channels = match names.len() {
        0 => "none".into(),
        1..=NAMED_CHANNELS => names.join(", "),
        n => count(n as u64),
    };
    let mut facts = vec![("Format", info.format.clone()), ("Channels", channels)];
    if axis.is_time() && axis.frames() > 0 {
        facts.push(("Duration", duration(axis.length())));
    }
    facts.push(("Frames", count(axis.frames())));
    match info.rate_hz {
        Some(rate) => facts.push(("Rate", format!("{} Hz", digits(rate, 6)))),
        None if axis.is_time() => {
            facts.push(("Rate", format!("{} Hz on average", digits(axis.frame().recip(), 4))));
        }
        None => facts.push(("Rate", "unknown, frames are counted".into())),
    }
    if let Some(start) = &info.start {
        facts.push(("Recorded", start.replace('T', " ")));
    }
    let fact =
        |(head, text): (&str, String)| format!("<div><dt>{head}</dt><dd>{}</dd></div>\n", escape(&text));
    facts.into_iter().filter(|(_, text)| !text.is_empty()).map(fact).collect()
}

fn summary(content: &Content<'_>) -> String {
    let axis = content.axis;
    let mut out = format!("<p class=\"lead\">{}</p>\n", lead(content));
    let mut remarks = Vec::new();
    match content.judged.first_settled {
        Some((frame, time)) if frame > 0 => {
            let length = axis.write_length(axis.place(frame, time) - axis.from());
            remarks.push(format!("The first {length} were warm-up, without alarms."));
        }
        _ => {}
    }
    if content.judged.in_alarm > 0 {
        let share = content.judged.in_alarm as f64 / content.judged.frames as f64;
        let length = axis.write_length(content.judged.in_alarm as f64 * axis.frame());
        remarks.push(format!("In alarm for {length} in all ({} of the frames).", percent(share as f32)));
    }
    match content.shifts_seen {
        0 => {}
        1 => remarks.push("The process itself changed <a href=\"#shifts\">once</a>.".into()),
        n => remarks.push(format!("The process itself changed <a href=\"#shifts\">{} times</a>.", count(n))),
    }
    if !remarks.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", remarks.join(" "));
    }
    out
}

/// The page in one sentence.
fn lead(content: &Content<'_>) -> String {
    let (axis, judged) = (content.axis, content.judged);
    if axis.frames() == 0 {
        return "<strong>The recording holds no frames.</strong>".into();
    }
    let length = axis.write_length(axis.length());
    let strongest = content.events.iter().max_by(|a, b| a.1.strength().total_cmp(&b.1.strength()));
    let Some((_, event)) = strongest else {
        return match judged {
            Judged { frames: 0, .. } => format!("<strong>Nothing was judged</strong> in {length}."),
            Judged { first_settled: None, .. } => {
                format!("<strong>No alarms</strong>: all of the {length} was warm-up, nothing was judged.")
            }
            _ => format!("<strong>No alarms</strong> in {length}."),
        };
    };
    let channel = event
        .channels
        .first()
        .map_or(String::new(), |(c, _)| format!(", channel {}", escape(&content.info.channels[*c].name)));
    let only = if content.events_seen == 1 { "it peaks" } else { "the strongest" };
    format!(
        "<strong>{}</strong> in {length}; {only} at <a href=\"{}\">{}</a>{channel}.",
        plural(content.events_seen, "alarm"),
        link(axis, event),
        axis.write(axis.place(event.peak, event.peak_s)),
    )
}

/// The part of the axis that shows an event: three times its length, at least some hundred frames.
fn link(axis: &Axis, event: &ReportEvent) -> String {
    let (from, to) = (axis.place(event.start, event.start_s), axis.place(event.end, event.end_s));
    let margin = (to - from).max(500.0 * axis.frame());
    let (from, to) = ((from - margin).max(axis.from()), (to + margin).min(axis.to()));
    let decimals =
        if axis.is_time() { (3.0 - axis.frame().log10().ceil()).clamp(0.0, 12.0) as usize } else { 0 };
    if from < to { format!("#t={from:.decimals$},{to:.decimals$}") } else { "#plots".into() }
}

fn alarms(content: &Content<'_>) -> String {
    if content.events.is_empty() {
        return "<p class=\"note\">No alarms.</p>\n".into();
    }
    let mut out = String::new();
    if content.events_seen > content.events.len() as u64 {
        let (shown, all) = (count(content.events.len() as u64), count(content.events_seen));
        let _ = writeln!(out, "<p class=\"note\">The {shown} strongest of {all}.</p>");
    }
    let head = ["Start", "Length", "Peak", "Score, dB", "p-value", "Channels", "What fired"];
    out.push_str("<table class=\"events\">\n<thead><tr><th scope=\"col\">No.</th>");
    for text in head {
        let class = if ["Score, dB", "p-value"].contains(&text) { " class=\"num\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{class}>{text}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (n, event) in content.events {
        alarm(&mut out, content, *n, event);
    }
    out.push_str("</tbody>\n</table>\n");
    out
}

fn alarm(out: &mut String, content: &Content<'_>, n: u64, event: &ReportEvent) {
    let axis = content.axis;
    let at = |frame, time| axis.write(axis.place(frame, time));
    // To the end of the last frame: one frame has a length, too.
    let (start, end) = (axis.place(event.start, event.start_s), axis.place(event.end, event.end_s));
    let length = axis.write_length(end - start + axis.frame());
    let over = event.peak_score - event.limit;
    let over =
        if over.is_finite() { format!("<small>{over:.1} dB over limit</small>") } else { String::new() };
    let words: Vec<String> =
        [&event.views, &event.kind].into_iter().filter(|w| !w.is_empty()).map(|w| escape(w)).collect();
    let words = match &words[..] {
        [only] => only.clone(),
        [views, kind] => format!("{views}<small>{kind}</small>"),
        _ => String::new(),
    };
    let _ = writeln!(
        out,
        "<tr id=\"alarm-{n}\" data-n=\"{n}\"><td><a href=\"{}\">{n}</a></td><td data-head=\"Start\">{}</td>\
         <td data-head=\"Length\">{length}</td><td data-head=\"Peak\">{}</td>\
         <td class=\"num\" data-head=\"Score, dB\">{}{over}</td><td class=\"num\" data-head=\"p-value\">{}</td>\
         <td class=\"wide\">{}</td><td class=\"wide\">{words}</td></tr>",
        link(axis, event),
        at(event.start, event.start_s),
        at(event.peak, event.peak_s),
        digits(f64::from(event.peak_score), 3),
        escape(&p_value(event.peak_p)),
        shares(content, event),
    );
}

/// The channels of an alarm as a list of bars.
fn shares(content: &Content<'_>, event: &ReportEvent) -> String {
    let bar = |(channel, share): &(usize, f32)| {
        format!(
            "<li><span class=\"who\">{}</span><span class=\"track\"><i style=\"width:{:.1}%\"></i></span>\
             <span class=\"much\">{}</span></li>",
            escape(&content.info.channels[*channel].name),
            share.clamp(0.0, 1.0) * 100.0,
            percent(*share),
        )
    };
    let list = |part: &[(usize, f32)]| {
        format!("<ul class=\"shares\">{}</ul>", part.iter().map(bar).collect::<String>())
    };
    let (open, folded) = event.channels.split_at(event.channels.len().min(OPEN_SHARES));
    match (open, folded) {
        ([], _) => "–".into(),
        (open, []) => list(open),
        (open, folded) => format!(
            "{}<details><summary>{} more</summary>{}</details>",
            list(open),
            folded.len(),
            list(folded)
        ),
    }
}

fn quality(content: &Content<'_>) -> String {
    let tally = content.tally;
    let missing: u64 = content.unusable.iter().map(|u| u.missing).sum();
    let saturated: u64 = content.unusable.iter().map(|u| u.saturated).sum();
    let samples = content.axis.frames().saturating_mul(content.unusable.len() as u64);
    let mut out = match (samples, missing + saturated) {
        (0, _) => "<p class=\"note\">No samples.</p>\n".into(),
        (_, 0) => format!("<p class=\"note\">All {} are usable.</p>\n", plural(samples, "sample")),
        _ => format!(
            "<p class=\"note\">{} missing, {} saturated, of {}.</p>\n",
            count(missing),
            count(saturated),
            plural(samples, "sample"),
        ),
    };
    match tally.malformed {
        0 => {}
        1 => out.push_str(
            "<p class=\"note\">1 row or block was damaged: what could not be read is missing.</p>\n",
        ),
        n => {
            let n = count(n);
            let _ = writeln!(
                out,
                "<p class=\"note\">{n} rows or blocks were damaged: what could not be read is missing.</p>"
            );
        }
    }
    let mut rows: Vec<_> = content.info.channels.iter().zip(content.unusable).collect();
    rows.retain(|(_, u)| u.missing + u.saturated > 0);
    if !rows.is_empty() {
        out.push_str("<table class=\"quality\"><thead><tr><th scope=\"col\">Channel</th><th scope=\"col\" class=\"num\">Missing</th><th scope=\"col\" class=\"num\">Saturated</th></tr></thead>\n<tbody>\n");
        for (channel, unusable) in rows.iter().take(QUALITY_ROWS) {
            let (name, missing, saturated) =
                (escape(&channel.name), count(unusable.missing), count(unusable.saturated));
            let _ = writeln!(
                out,
                "<tr><td>{name}</td><td class=\"num\">{missing}</td><td class=\"num\">{saturated}</td></tr>"
            );
        }
        out.push_str("</tbody></table>\n");
        if rows.len() > QUALITY_ROWS {
            let _ = writeln!(out, "<p class=\"note\">and {} more channels.</p>", rows.len() - QUALITY_ROWS);
        }
    }
    list(&mut out, &tally.remarks);
    out
}

fn provenance(content: &Content<'_>) -> String {
    let mut out = String::new();
    if !content.provenance.is_empty() {
        out.push_str("<dl class=\"origin\">\n");
        for (head, text) in content.provenance {
            let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", escape(head), escape(text));
        }
        out.push_str("</dl>\n");
    }
    if !content.info.notes.is_empty() {
        out.push_str("<h3>Notes in the recording</h3>\n");
        list(&mut out, &content.info.notes);
    }
    if !content.settings.trim().is_empty() {
        let _ = writeln!(out, "<h3>Settings</h3>\n<pre>{}</pre>", escape(content.settings.trim_end()));
    }
    out
}

pub(super) fn list(out: &mut String, lines: &[String]) {
    if !lines.is_empty() {
        let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
        let _ = writeln!(out, "<ul class=\"plain\">\n{items}</ul>");
    }
}
