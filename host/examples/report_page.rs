//! Writes a report on a made-up recording, to look at the page without one at hand.
//!
//! `cargo run -p eigenstream --example report_page -- OUT.html [CHANNELS] [SECONDS] [quiet|frames|warm|empty]`

use std::f64::consts::TAU;
use std::fs::File;
use std::io::BufWriter;

use eigenstream::report::{ReportBuilder, ReportEvent, ReportVerdict};
use eigenstream::source::{Channel, StreamInfo, Tally};

const RATE: f64 = 360.0;
const LIMIT: f32 = 4.0;
const DELAY: u64 = 20;

/// One heart beat; `phase` runs from 0 to 1.
fn beat(phase: f64, wide: f64) -> f64 {
    let wave = |at: f64, width: f64, height: f64| height * (-((phase - at) / width).powi(2)).exp();
    wave(0.18, 0.025, 0.12)
        + wave(0.36, 0.008 * wide, -0.12)
        + wave(0.4, 0.010 * wide, 1.1)
        + wave(0.44, 0.009 * wide, -0.25)
        + wave(0.66, 0.045, 0.25)
}

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }
}

fn stream(channels: usize, frames: bool) -> StreamInfo {
    let names = ["MLII", "V5", "V1", "V2", "aVF"];
    let channel = |k: usize| Channel {
        name: names.get(k).map_or_else(|| format!("sensor {k}"), |name| (*name).into()),
        unit: "mV".into(),
        rails: Some((-5.12, 5.12)),
    };
    StreamInfo {
        name: "synthetic <100>".into(),
        format: format!("made up, {channels} signals"),
        channels: (0..channels).map(channel).collect(),
        rate_hz: (!frames).then_some(RATE),
        start: (!frames).then(|| "2026-11-21T09:30:00".into()),
        notes: vec!["69 M, made up by the example".into()],
        ..StreamInfo::default()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let out =
        args.first().ok_or("usage: report_page OUT.html [CHANNELS] [SECONDS] [quiet|frames|warm|empty]")?;
    let channels: usize = args.get(1).map_or(Ok(2), |a| a.parse())?;
    let seconds: f64 = args.get(2).map_or(Ok(300.0), |a| a.parse())?;
    let mode = args.get(3).map_or("", String::as_str);
    let info = stream(channels, mode == "frames");
    let mut report = ReportBuilder::new(&info);
    let frames = if mode == "empty" { 0 } else { (seconds * RATE) as u64 };
    replay(&mut report, frames, channels, mode);
    let provenance =
        [("Version", "eigenstream 0.1.0"), ("Command", "eigenstream replay synthetic --report report.html")];
    let provenance = provenance.map(|(a, b)| (a.to_string(), b.to_string())).to_vec();
    let page = report.finish("[fapi]\nrank = 3\nmemory_frames = 2000\n", provenance, &Tally::default());
    page.write_to(BufWriter::new(File::create(out)?))?;
    Ok(())
}

/// A beat every 0.8 s, every 21st of them broad; dropouts; a slow drift.
fn replay(report: &mut ReportBuilder, frames: u64, channels: usize, mode: &str) {
    let mut noise = Noise(7);
    let mut row = vec![0.0f32; channels];
    let (mut start, mut peak) = (None, (0u64, 0.0f32));
    let mut scores = std::collections::VecDeque::new();
    for index in 0..frames {
        let t = index as f64 / RATE;
        let (number, phase) = ((t / 0.8) as u64, (t / 0.8).fract());
        let odd = mode != "quiet" && number % 21 == 20;
        for (k, x) in row.iter_mut().enumerate() {
            let gain = 1.0 / (1.0 + 0.3 * k as f64);
            let wide = if odd && k % 7 == 0 { 3.2 } else { 1.0 };
            *x = (gain * beat(phase, wide) + 0.15 * (TAU * t / 9.0).sin() + 0.04 * noise.next()) as f32;
            if k == 1 && (t % 97.0) > 95.5 {
                *x = f32::NAN;
            }
        }
        report.push(if mode == "frames" { index as f64 } else { t }, &row);
        let bump = if odd {
            9.0 * (-((phase - 0.42) / 0.07).powi(2)).exp() * (1.0 + (number % 5) as f64)
        } else {
            0.0
        };
        scores.push_back((0.9 + 0.7 * noise.next() + bump) as f32);
        let Some(judged) = index.checked_sub(DELAY) else { continue };
        let score = scores.pop_front().unwrap_or(f32::NAN);
        let warm = mode == "warm" || (judged as f64) < 18.0 * RATE;
        let alarm = !warm && score > LIMIT;
        let (over, p_value) = (score - LIMIT, (-score * 2.0).exp());
        report.push_verdict(judged, &ReportVerdict { over, p_value, warming_up: warm, alarm });
        match (alarm, start) {
            (true, None) => (start, peak) = (Some(judged), (judged, score)),
            (true, Some(_)) if score > peak.1 => peak = (judged, score),
            (false, Some(first)) => {
                report.push_event(event(first, judged, peak, channels));
                start = None;
            }
            _ => {}
        }
    }
}

fn event(start: u64, end: u64, peak: (u64, f32), channels: usize) -> ReportEvent {
    let odd: Vec<usize> = (0..channels).step_by(7).take(12).collect();
    let mut shares: Vec<(usize, f32)> = odd.iter().map(|&c| (c, 0.86 / odd.len() as f32)).collect();
    if channels > 1 {
        shares.push((1, 0.14));
    }
    ReportEvent {
        start,
        end,
        peak: peak.0,
        start_s: start as f64 / RATE,
        end_s: end as f64 / RATE,
        peak_s: peak.0 as f64 / RATE,
        peak_score: peak.1,
        peak_p: (-peak.1 * 2.0).exp(),
        limit: LIMIT,
        channels: shares,
        views: "residual, 0.2 s window".into(),
        kind: "shape".into(),
    }
}
