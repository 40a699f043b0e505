//! The page of a comparison: is there a shift, where, in which features, how much. Static: plots are SVG, there is no script.

mod plots;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use super::html::{STYLE, fill, list};
use super::text::{clock, count, digits, escape, percent, plural};
use crate::compare::{Compared, Comparison, Points, SIDES, Side, Statistic, Stretch, Test};

const TEMPLATE: &str = include_str!("page.html");
/// Rows of the tables.
const FEATURE_ROWS: usize = 40;
const STRETCH_ROWS: usize = 20;
/// Features whose distributions are drawn.
const DRAWN: usize = 6;

/// The page as text.
pub(super) fn page(c: &Comparison, points: [&Points; 2], settings: &str) -> String {
    fill(TEMPLATE, |slot| match slot {
        "title" => title(c),
        "style" => STYLE.into(),
        "facts" => facts(c),
        "summary" => summary(c),
        "where" => places(c),
        "features" => features(c, points),
        "much" => much(c),
        "remarks" => remarks(c, settings),
        _ => String::new(),
    })
}

fn title(c: &Comparison) -> String {
    if c.file.name == c.reference.name {
        return format!("{}: {} compared with {}", escape(&c.file.name), stretch_of(c, 1), stretch_of(c, 0));
    }
    format!("{} compared with {}", escape(&c.file.name), escape(&c.reference.name))
}

/// From the first point of a side to the last.
fn stretch_of(c: &Comparison, side: usize) -> String {
    let mut own = c.samples.iter().filter(|s| s.side == side).map(|s| s.place);
    let first = own.next();
    let last = own.next_back().or(first);
    first.zip(last).map_or(String::new(), |(a, b)| format!("{}–{}", clock(a.from_s, 0), clock(b.to_s, 0)))
}

fn facts(c: &Comparison) -> String {
    let facts = [
        ("Points", format!("{} and {}", count(c.reference.points as u64), count(c.file.points as u64))),
        ("Features", count(c.features.len() as u64)),
        ("Neighbours", count(c.neighbours as u64)),
        ("Label permutations", count(c.permutations as u64)),
        ("p-value", digits(c.p_value, 2)),
    ];
    facts.map(|(head, text)| format!("<div><dt>{head}</dt><dd>{text}</dd></div>\n")).concat()
}

fn summary(c: &Comparison) -> String {
    let p = digits(c.p_value, 2);
    if !c.shift {
        let level = digits(c.level, 2);
        return format!("<p class=\"lead\"><strong>No shift found</strong> (p = {p}, level {level}).</p>\n");
    }
    let names: Vec<String> = c.subset.iter().map(|s| escape(&s.feature)).collect();
    let r#where = match &names[..] {
        [] => "seen in all features together".to_owned(),
        [only] => format!("most pronounced in {only}"),
        [rest @ .., last] => format!("most pronounced in {} and {last}", rest.join(", ")),
    };
    let mut out = format!("<p class=\"lead\"><strong>A shift</strong> (p = {p}), {}.</p>\n", r#where);
    if let Some(e) = &c.equalised {
        let [a, b] = e.kept.map(|part| percent((1.0 - part) as f32));
        let left = if e.test.p_value <= c.level { "less" } else { "no" };
        let _ = writeln!(
            out,
            "<p>Without {a} of the reference and {b} of the file {left} difference is left.</p>"
        );
    } else if c.disjoint {
        out.push_str("<p>The two hardly overlap.</p>\n");
    }
    out
}

fn places(c: &Comparison) -> String {
    let mut out = String::from(
        "<p class=\"note\">Each point's score: how surprising it is that so many of its neighbours are of its own side. Above the dashed limit the \
         other side has too few points there; grey points were taken out by the equalisation.</p>\n",
    );
    for (index, side) in [&c.reference, &c.file].into_iter().enumerate() {
        let _ = writeln!(
            out,
            "<h3>The {}, {}: {} over the limit (by chance {})</h3>\n{}",
            SIDES[index],
            escape(&side.name),
            plural(side.over as u64, "point"),
            digits(side.over_expected, 2),
            plots::scores(c, index, side),
        );
    }
    if c.stretches.is_empty() {
        return out;
    }
    out.push_str("<table>\n<thead><tr><th>Side</th><th class=\"num\">From</th><th class=\"num\">To</th><th class=\"num\">Points</th><th class=\"num\">Score</th></tr></thead>\n<tbody>\n");
    for s in c.stretches.iter().take(STRETCH_ROWS) {
        out += &stretch(s);
    }
    out.push_str("</tbody>\n</table>\n");
    out
}

fn stretch(s: &Stretch) -> String {
    let score = digits(s.score, 3);
    format!(
        "<tr><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{score}</td></tr>\n",
        SIDES[s.side],
        clock(s.from_s, 2),
        clock(s.to_s, 2),
        s.points,
    )
}

fn features(c: &Comparison, points: [&Points; 2]) -> String {
    let is_chosen = |f: &&Compared| c.subset.iter().any(|s| s.feature == f.feature);
    let mut drawn: Vec<&Compared> = c.features.iter().filter(is_chosen).collect();
    drawn.extend(c.features.iter().filter(|f| !is_chosen(f)).take(if drawn.is_empty() { 3 } else { 0 }));
    let mut out =
        String::from("<p class=\"note\">Line: reference. Shaded: file.</p>\n<div class=\"pairs\">\n");
    for feature in drawn.into_iter().take(DRAWN) {
        out += &plots::histogram(c, points, feature, false);
        out +=
            &if c.equalised.is_some() { plots::histogram(c, points, feature, true) } else { String::new() };
    }
    out.push_str("</div>\n<div class=\"wide-table\"><table>\n<thead><tr><th>Feature</th><th class=\"num\">Chosen</th><th class=\"num\">Gain</th><th class=\"num\">Reference, quartiles</th><th class=\"num\">File, quartiles</th><th class=\"num\">Shift, sd</th><th class=\"num\">KS distance</th><th class=\"num\">Score alone</th></tr></thead>\n<tbody>\n");
    let mut rows: Vec<&Compared> = c.features.iter().collect();
    rows.sort_by_key(|f| c.subset.iter().position(|s| s.feature == f.feature).unwrap_or(usize::MAX));
    for f in rows.iter().take(FEATURE_ROWS) {
        out += &feature_row(c, f);
    }
    out.push_str("</tbody>\n</table></div>\n");
    if rows.len() > FEATURE_ROWS {
        let _ = writeln!(out, "<p class=\"note\">and {} more features.</p>", rows.len() - FEATURE_ROWS);
    }
    out
}

fn feature_row(c: &Comparison, f: &Compared) -> String {
    let place = c.subset.iter().position(|s| s.feature == f.feature);
    let (class, chosen, gain) = match place {
        Some(i) => {
            let step = &c.subset[i];
            let gain = format!("{}<small>p = {}</small>", digits(step.gain, 3), digits(step.p_value, 2));
            (" class=\"chosen\"", (i + 1).to_string(), gain)
        }
        None => ("", String::new(), String::new()),
    };
    let quartiles = |q: &[f64; 3]| q.map(|x| digits(x, 3)).join(" · ");
    let unit = if f.unit.is_empty() { String::new() } else { format!(" ({})", escape(&f.unit)) };
    let cells = [
        chosen,
        gain,
        quartiles(&f.reference),
        quartiles(&f.file),
        digits(f.shift_sd, 2),
        digits(f.ks, 2),
        digits(f.score, 3),
    ];
    let cells = cells.map(|cell| format!("<td class=\"num\">{cell}</td>")).concat();
    format!("<tr{class}><td>{}{unit}</td>{cells}</tr>\n", escape(&f.feature))
}

fn much(c: &Comparison) -> String {
    let mut out = String::new();
    let kept = |s: &Side, side: usize| {
        let all = s.points as u64;
        format!(
            "<tr><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
            SIDES[side],
            count(all),
            count(s.kept as u64)
        )
    };
    if c.equalised.is_some() {
        out.push_str("<table class=\"quality\">\n<thead><tr><th>Side</th><th class=\"num\">Points</th><th class=\"num\">Kept</th></tr></thead>\n<tbody>\n");
        out += &(kept(&c.reference, 0) + &kept(&c.file, 1));
        out.push_str("</tbody>\n</table>\n");
    }
    out.push_str("<h3>Tests</h3>\n<table class=\"quality\">\n<thead><tr><th>Statistic</th><th class=\"num\">All points</th><th class=\"num\">by chance</th><th class=\"num\">p</th>");
    let after = c.equalised.as_ref().map(|e| &e.test);
    if after.is_some() {
        out.push_str(
            "<th class=\"num\">Equalised</th><th class=\"num\">by chance</th><th class=\"num\">p</th>",
        );
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    let rows: [(&str, Of); 4] = [
        ("Mean score", |t| Some(t.mean)),
        ("Mean of the largest tenth", |t| Some(t.top)),
        ("Energy distance", |t| Some(t.energy)),
        ("Largest mean score of one feature", |t| t.single),
    ];
    for (name, of) in rows {
        let cells: String =
            [of(&c.test), after.and_then(of)].into_iter().flatten().map(|s| statistic(&s)).collect();
        let _ = writeln!(out, "<tr><td>{name}</td>{cells}</tr>");
    }
    let all = |t: &Test| {
        format!("<td></td><td></td><td class=\"num\"><strong>{}</strong></td>", digits(t.p_value, 2))
    };
    let _ =
        writeln!(out, "<tr><td>All together</td>{}{}</tr>", all(&c.test), after.map_or(String::new(), all));
    out.push_str("</tbody>\n</table>\n");
    out
}

/// One statistic of a test, if it was computed.
type Of = fn(&Test) -> Option<Statistic>;

fn statistic(s: &Statistic) -> String {
    let cell = |x: f64, n| format!("<td class=\"num\">{}</td>", digits(x, n));
    cell(s.value, 3) + &cell(s.expected, 3) + &cell(s.p_value, 2)
}

fn remarks(c: &Comparison, settings: &str) -> String {
    let mut out = String::new();
    list(&mut out, &c.remarks);
    let _ = writeln!(out, "<pre>{}</pre>", escape(settings.trim_end()));
    out
}
