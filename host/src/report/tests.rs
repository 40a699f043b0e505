//! Whole pages: what goes in comes out, safely, and in bounded space.

use super::*;
use crate::source::Channel;

const NASTY: &str = "</script><img src=x onerror=\"alert(1)\">&'\u{2028}{{data}}<!--\u{0}";

fn stream(channels: usize, rate_hz: Option<f64>) -> StreamInfo {
    let channel = |k| Channel { name: format!("ch{k}"), unit: "mV".into(), rails: Some((-10.0, 10.0)) };
    StreamInfo {
        name: "100".into(),
        format: "test".into(),
        channels: (0..channels).map(channel).collect(),
        rate_hz,
        ..StreamInfo::default()
    }
}

fn event(start: u64, score: f32, channels: usize) -> ReportEvent {
    let at = |frame: u64| frame as f64 / 100.0;
    ReportEvent {
        start,
        end: start + 50,
        peak: start + 10,
        start_s: at(start),
        end_s: at(start + 50),
        peak_s: at(start + 10),
        peak_score: score,
        peak_p: (-score / 50.0).exp(),
        limit: 2.0,
        channels: (0..channels.min(20)).map(|c| (c, 1.0 / (c + 2) as f32)).collect(),
        views: "residual".into(),
        kind: "shape".into(),
    }
}

/// Nothing is known yet.
const LEARNING: ReportVerdict =
    ReportVerdict { over: f32::NAN, p_value: f32::NAN, warming_up: true, alarm: false };

/// `frames` frames with noise that does not compress, verdicts 5 frames late, an event every `every` frames
/// (none if there are fewer).
fn replay(info: &StreamInfo, frames: u64, every: u64) -> ReportBuilder {
    let mut report = ReportBuilder::new(info);
    let channels = info.channels.len();
    let mut frame = vec![0.0; channels];
    let mut state = 1u32;
    for index in 0..frames {
        for x in &mut frame {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *x = (state >> 8) as f32 / 1e6 - 8.0;
        }
        report.push(index as f64 / 100.0, &frame);
        if let Some(judged) = index.checked_sub(5) {
            let over = frame.first().map_or(0.0, |x| x.abs());
            let (warming_up, alarm) = (judged < frames / 20, judged % every < 50);
            report.push_verdict(judged, &ReportVerdict { over, p_value: 0.5, warming_up, alarm });
            if every < frames && judged % every == 60 {
                report.push_event(event(judged - 60, (judged % 977) as f32, channels));
            }
        }
    }
    report
}

fn finish(report: ReportBuilder) -> String {
    report.finish("[fapi]\nrank = 3\n", vec![("Version".into(), "0.1.0".into())], &Tally::default()).html
}

/// The JSON inside a page.
fn data(html: &str) -> serde_json::Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").expect("data");
    let (json, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(json).expect("valid JSON")
}

/// Every tag that is opened is closed in the right order, attributes are quoted, and there are exactly two scripts.
fn assert_well_formed(html: &str) {
    const VOID: [&str; 5] = ["meta", "link", "br", "img", "hr"];
    let mut open: Vec<String> = Vec::new();
    let mut rest = html.strip_prefix("<!doctype html>").expect("a doctype");
    let mut scripts = 0;
    while let Some(at) = rest.find('<') {
        let (tag, after) = rest[at + 1..].split_once('>').expect("a tag ends");
        rest = after;
        let name: String = tag.chars().take_while(|c| !c.is_whitespace()).collect();
        if let Some(closing) = name.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closing), "before {:.60}", rest);
            continue;
        }
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "<{name}> is no element");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
        assert!(!VOID[2..].contains(&name.as_str()), "<{name}> is not ours");
        if ["script", "style"].contains(&name.as_str()) {
            scripts += usize::from(name == "script");
            let (_, after) = rest.split_once(&format!("</{name}>")).expect("it ends");
            rest = after;
        } else if !VOID.contains(&name.as_str()) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    assert_eq!(scripts, 2);
}

#[test]
fn an_ordinary_recording() {
    let html = finish(replay(&stream(2, Some(100.0)), 30_000, 3000));
    assert_well_formed(&html);
    assert!(html.contains("<strong>10 alarms</strong> in 5 min; the strongest at"));
    assert!(html.contains("The first 15 s were warm-up"));
    assert!(html.contains("rank = 3"));
    let data = data(&html);
    assert_eq!(data["axis"], "time");
    assert_eq!(data["width"], 8);
    assert_eq!(data["starts"], serde_json::Value::Null, "regular times need no list");
    assert_eq!(data["channels"][1]["min"].as_str().unwrap().len(), 30_000 / 8 * 4);
    assert_eq!(data["events"].as_array().unwrap().len(), 10);
    assert_eq!(data["excerpts"][3]["channels"][0][1].as_str().unwrap().len(), 2048 * 4);
    assert!(!html.contains("http://") && !html.contains("https://"), "the page refers to nothing outside");
}

#[test]
fn what_users_write_is_text() {
    let mut info = stream(2, Some(100.0));
    info.name = NASTY.into();
    info.format = NASTY.into();
    info.start = Some(NASTY.into());
    info.notes = vec![NASTY.into()];
    info.channels[0].name = NASTY.into();
    info.channels[0].unit = NASTY.into();
    let mut report = replay(&info, 2000, 500);
    report.push_event(ReportEvent { views: NASTY.into(), kind: NASTY.into(), ..event(900, 1e9, 2) });
    let mut tally = Tally::default();
    tally.malformed += 1;
    tally.remark(NASTY);
    let html = report.finish(NASTY, vec![(NASTY.into(), NASTY.into())], &tally).html;
    assert_well_formed(&html);
    assert!(!html.contains("<img") && !html.contains("<!--") && !html.contains('\u{0}'));
    assert_eq!(data(&html)["channels"][0]["name"], NASTY);
}

#[test]
fn numbers_that_json_has_no_word_for() {
    let mut report = ReportBuilder::new(&stream(2, None));
    for index in 0..100 {
        report.push(f64::NAN, &[f32::NAN, f32::INFINITY]);
        report.push_verdict(index, &ReportVerdict { alarm: true, warming_up: false, ..LEARNING });
    }
    report.push_event(ReportEvent {
        peak_score: f32::INFINITY,
        peak_p: f32::NAN,
        limit: f32::NAN,
        start_s: f64::NAN,
        end_s: f64::INFINITY,
        peak: u64::MAX,
        end: u64::MAX,
        channels: vec![(0, f32::NAN), (7, 0.5), (1, 2.0)],
        ..ReportEvent::default()
    });
    let html = finish(report);
    assert_well_formed(&html);
    let data = data(&html);
    assert_eq!(data["events"][0]["score"], serde_json::Value::Null);
    assert_eq!(data["events"][0]["channels"], serde_json::json!([[1, 2.0]]), "channel 7 does not exist");
    assert_eq!(data["axis"], "frames");
    assert!(html.contains("100 missing, 0 saturated") || html.contains("100 missing, 100 saturated"));
}

#[test]
fn little_to_show() {
    let empty = finish(ReportBuilder::new(&stream(2, Some(100.0))));
    assert_well_formed(&empty);
    assert!(empty.contains("The recording holds no frames.") && empty.contains("No alarms."));
    assert_eq!(data(&empty)["frames"], 0);

    let mut short = ReportBuilder::new(&stream(1, None));
    short.push(0.0, &[1.0]);
    let short = finish(short);
    assert_well_formed(&short);
    assert!(short.contains("Nothing was judged</strong> in 1 frame."));

    let mut learning = ReportBuilder::new(&stream(0, Some(100.0)));
    learning.push(0.0, &[]);
    learning.push_verdict(0, &LEARNING);
    assert!(finish(learning).contains("<strong>No alarms</strong>: all of the 10 ms was warm-up"));

    let mut quiet = replay(&stream(2, Some(100.0)), 1000, u64::MAX);
    quiet.push(10.0, &[1.0]);
    quiet.push_verdict(5000, &ReportVerdict { over: 8.0, p_value: 0.0, warming_up: false, alarm: true });
    assert!(
        finish(quiet).contains("<strong>No alarms</strong> in 10"),
        "a verdict on no frame is passed over"
    );
}

#[test]
fn irregular_times_are_kept() {
    let mut report = ReportBuilder::new(&stream(1, None));
    for index in 0..10_000u32 {
        let pause = if index < 5000 { 0.0 } else { 3600.0 };
        report.push(f64::from(index) * 0.02 + pause, &[0.0]);
    }
    let data = data(&finish(report));
    let starts = data["starts"].as_array().expect("a list");
    assert_eq!(data["width"], 4);
    assert_eq!(starts.len(), 2500);
    assert_eq!(starts[1249], 99.92);
    assert_eq!(starts[1250], 3700.0);
}

#[test]
fn saturated_and_missing_samples_are_counted() {
    let mut report = ReportBuilder::new(&stream(2, Some(100.0)));
    for x in [0.0, 10.0, -11.0, f32::NAN] {
        report.push(0.0, &[x, 0.0]);
    }
    let html = finish(report);
    assert!(html.contains("<td>ch0</td><td class=\"num\">1</td><td class=\"num\">2</td>"));
    assert!(html.contains("1 missing, 2 saturated, of 8 samples"));
}

#[test]
fn pages_stay_small() {
    for (channels, frames, limit) in
        [(2, 400_000, 1_500_000), (12, 100_000, 4_500_000), (1000, 4_000, 6_000_000)]
    {
        let html = finish(replay(&stream(channels, Some(100.0)), frames, 70));
        assert!(html.len() < limit, "{channels} channels: {} bytes", html.len());
        assert_well_formed(&html);
    }
}

#[test]
fn more_events_than_rows_keep_the_strongest() {
    let mut report = replay(&stream(2, Some(100.0)), 5000, u64::MAX);
    for k in 0..2000 {
        report.push_event(event(k, k as f32, 2));
    }
    let html = finish(report);
    assert!(html.contains("The 500 strongest of 2,000."));
    assert!(html.contains("<tr id=\"alarm-2000\"") && !html.contains("<tr id=\"alarm-1500\""));
}

#[test]
fn a_page_is_written_whole() {
    let page = replay(&stream(2, None), 100, 50).finish("", Vec::new(), &Tally::default());
    let mut bytes = Vec::new();
    page.write_to(&mut bytes).unwrap();
    assert_eq!(bytes, page.as_str().as_bytes());
}

#[test]
fn shifts_have_lines_a_band_and_a_table() {
    let mut report = replay(&stream(2, Some(100.0)), 30_000, 3000);
    let shift = |onset: u64, regime: u32, state: &str| ReportShift {
        frames: [onset, onset - 50, onset + 30, onset + 60],
        times_s: [onset, onset - 50, onset + 30, onset + 60].map(|frame| frame as f64 / 100.0),
        kind: NASTY.into(),
        state: state.into(),
        regime,
        channels: vec![
            ReportShiftChannel { channel: 1, mean: [0.5, 2.25], deviation: [1.0, f32::NAN] },
            ReportShiftChannel { channel: 9, ..ReportShiftChannel::default() },
        ],
    };
    report.push_shift(shift(10_000, 2, "regime 2"));
    report.push_shift(shift(20_000, 1, "back to regime 1"));
    report.remark_on_shifts("2 found <here>");
    let html = finish(report);
    assert_well_formed(&html);
    assert!(html.contains("<b>ch1</b> mean 0.5 → 2.25 mV, σ 1 → – mV") && html.contains("01:40.0</a>"));
    assert!(
        html.contains("2 found &lt;here&gt;") && html.contains("changed <a href=\"#shifts\">2 times</a>")
    );
    let shifts = &data(&html)["shifts"];
    assert_eq!(shifts[1]["at"], 200.0);
    assert_eq!((&shifts[0]["from"], &shifts[0]["to"]), (&99.5.into(), &100.3.into()));
    assert_eq!((&shifts[1]["state"], &shifts[1]["regime"]), (&"back to regime 1".into(), &1.into()));
    assert_eq!(shifts[0]["channels"], serde_json::json!([1]), "channels that are not there are left out");
    // Without a watch nothing is said of shifts.
    assert!(!finish(replay(&stream(1, None), 500, 500)).contains("id=\"shifts\""));
}

#[test]
fn many_shifts_are_cut() {
    let mut report = replay(&stream(1, None), 500, 500);
    (0..250).for_each(|_| report.push_shift(ReportShift::default()));
    let html = finish(report);
    assert!(html.contains("The first 200 of 250.") && html.contains("250 times"));
    assert_eq!(data(&html)["shifts"].as_array().unwrap().len(), 200);
}
