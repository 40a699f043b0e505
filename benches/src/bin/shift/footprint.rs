//! Bytes of state, time and instructions a frame.

use std::process::Command;
use std::time::Instant;

use eigenstream_benches::output::Report;
use eigenstream_benches::shift::streams::{Null, Stream};
use eigenstream_benches::table::{Align, Table};
use eigenstream_core::shift::{ShiftConfig, ShiftDetector};

/// Set in the process whose instructions are counted: d, and how many of the frames that are drawn are given to the detector.
const COUNTED: &str = "EIGENSTREAM_SHIFT_COUNTED";

/// Frames drawn for the count, and the two numbers of them that are given: all beyond the first are watched.
const DRAWN: usize = 12_000;
const GIVEN: [usize; 2] = [2_000, 12_000];

pub(crate) fn measure(report: &mut Report, quick: bool) {
    let right = |name| (name, Align::Right);
    let mut table = Table::new(&[
        right("d"),
        right("state, order ≤ 1, bytes"),
        right("instructions a frame, watching"),
        right("µs a frame, watching"),
    ]);
    let frames = if quick { 20_000 } else { 200_000 };
    let rows = [(4, one::<4>(frames)), (10, one::<10>(frames)), (16, one::<16>(frames))];
    for (d, (bytes, micros)) in rows {
        report.figure(&format!("state_bytes.{d}"), bytes as f64);
        report.figure(&format!("us_per_frame.{d}"), micros);
        let instructions = instructions(d);
        if let Some(count) = instructions {
            report.figure(&format!("instructions_per_frame.{d}"), count);
        }
        let instructions = instructions.map_or("–".into(), |count| format!("{count:.0}"));
        table.row([d.to_string(), bytes.to_string(), instructions, format!("{micros:.2}")]);
    }
    report.markdown("## State and cost (one thread, a shared machine: read the ratio of the times; instructions of this processor, by Valgrind)");
    report.markdown(table);
}

/// Bytes of a detector for D channels and microseconds a frame.
fn one<const D: usize>(frames: usize) -> (usize, f64) {
    let input = stream::<D>(frames);
    let (warm, timed) = input.split_at(D * (frames / 10).max(1000));
    let count = timed.len() / D;
    let Some(mut detector) = detector::<D>() else { return (0, f64::NAN) };
    let mut last = watch(&mut detector, warm);
    let start = Instant::now();
    last += watch(&mut detector, timed);
    let micros = start.elapsed().as_secs_f64() * 1e6 / count as f64;
    std::hint::black_box(last);
    (size_of::<ShiftDetector<D>>(), micros)
}

fn stream<const D: usize>(frames: usize) -> Vec<f32> {
    let mut stream = Stream::new(Null::gaussian(D), 1);
    (0..frames).flat_map(|_| stream.frame().to_vec()).collect()
}

/// Never alarms: 10⁹ frames between false ones.
fn detector<const D: usize>() -> Option<ShiftDetector<D>> {
    let config = ShiftConfig { frames_per_false_alarm: 1e9, ..ShiftConfig::default() };
    ShiftDetector::new(&config).ok()
}

fn watch<const D: usize>(detector: &mut ShiftDetector<D>, frames: &[f32]) -> f32 {
    frames.chunks_exact(D).map(|x| detector.process(x).evidence).sum()
}

/// Instructions a frame: two runs of this program under Valgrind that differ in nothing but how many frames the detector takes. `None` if
/// there is no Valgrind.
fn instructions(d: usize) -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let run = |given: usize| {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
        let output = valgrind.arg(&program).env(COUNTED, format!("{d} {given}")).output().ok()?;
        // ==123== I refs:        1,234,567
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().find(|line| line.contains("refs:"))?;
        line.rsplit(' ').next()?.replace(',', "").parse::<f64>().ok()
    };
    let counts = GIVEN.map(run);
    let [Some(few), Some(many)] = counts else {
        eprintln!("shift: SKIPPED (valgrind): instructions are not counted without it");
        return None;
    };
    Some((many - few) / (GIVEN[1] - GIVEN[0]) as f64)
}

/// In the process that is counted: gives the frames that are wanted. Whether this is one.
pub(crate) fn is_counted() -> bool {
    let Ok(wanted) = std::env::var(COUNTED) else { return false };
    let mut numbers = wanted.split(' ').filter_map(|word| word.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(4), Some(given)) => take::<4>(given),
        (Some(10), Some(given)) => take::<10>(given),
        (Some(16), Some(given)) => take::<16>(given),
        _ => {}
    }
    true
}

fn take<const D: usize>(given: usize) {
    let input = stream::<D>(DRAWN);
    let Some(mut detector) = detector::<D>() else { return };
    std::hint::black_box(watch(&mut detector, &input[..D * given.min(DRAWN)]));
}
