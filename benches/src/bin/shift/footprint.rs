//! Bytes of state and time a frame.

use std::time::Instant;

use eigenstream_benches::output::Report;
use eigenstream_benches::shift::streams::{Null, Stream};
use eigenstream_benches::table::{Align, Table};
use eigenstream_core::shift::{ShiftConfig, ShiftDetector};

pub(crate) fn measure(report: &mut Report, quick: bool) {
    let right = |name| (name, Align::Right);
    let mut table =
        Table::new(&[right("d"), right("state, order ≤ 1, bytes"), right("µs a frame, watching")]);
    let frames = if quick { 20_000 } else { 200_000 };
    let rows = [(4, one::<4>(frames)), (10, one::<10>(frames)), (16, one::<16>(frames))];
    for (d, (bytes, micros)) in rows {
        report.figure(&format!("state_bytes.{d}"), bytes as f64);
        report.figure(&format!("us_per_frame.{d}"), micros);
        table.row([d.to_string(), bytes.to_string(), format!("{micros:.2}")]);
    }
    report.markdown("## State and cost (one thread, a shared machine: read the ratio of the rows)");
    report.markdown(table);
}

/// Bytes of a detector for D channels and microseconds a frame.
fn one<const D: usize>(frames: usize) -> (usize, f64) {
    // Never alarms: 10⁹ frames between false ones.
    let config = ShiftConfig { frames_per_false_alarm: 1e9, ..ShiftConfig::default() };
    let Ok(mut detector) = ShiftDetector::<D>::new(&config) else { return (0, f64::NAN) };
    let mut stream = Stream::new(Null::gaussian(D), 1);
    let input: Vec<f32> = (0..frames).flat_map(|_| stream.frame().to_vec()).collect();
    let (warm, timed) = input.split_at(D * (frames / 10).max(1000));
    let count = timed.len() / D;
    let mut last = 0.0;
    warm.chunks_exact(D).for_each(|x| last = detector.process(x).evidence);
    let start = Instant::now();
    timed.chunks_exact(D).for_each(|x| last += detector.process(x).evidence);
    let micros = start.elapsed().as_secs_f64() * 1e6 / count as f64;
    std::hint::black_box(last);
    (size_of::<ShiftDetector<D>>(), micros)
}
