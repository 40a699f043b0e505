//! The device: one engine, the same bits. The image runs under QEMU on a Cortex-M4F; what it prints is compared with the host.

use std::fs;
use std::path::Path;

use eigenstream_core::{DynMonitor, Monitor};
use eigenstream_runner::{Device, Error, Measurement};
use eigenstream_tests::skip;
use eigenstream_trial::case::{self, Case};
use eigenstream_trial::{CHANNELS, FRAMES, Frame, Outcome, RANK, recording, run};

/// What the device says, or `None` (visibly) where it cannot be asked.
fn measurement() -> Option<Measurement> {
    match Device::find().and_then(|device| device.measure()) {
        Ok(measurement) => Some(measurement),
        Err(Error::Lacking(what)) => {
            skip("qemu", &what);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn frames() -> Vec<Frame> {
    let csv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/watch-imu.csv");
    let frames: Vec<_> = recording::frames(&fs::read_to_string(csv).unwrap()).take(FRAMES).collect();
    assert_eq!(frames.len(), FRAMES);
    frames
}

/// The host's outcome in memory inside the value, and on the heap.
fn host(case: &Case, frames: &[Frame]) -> [Outcome; 2] {
    let frames = || frames.iter().copied();
    let mut fixed = Box::new(Monitor::<CHANNELS, RANK>::new(&case.config).unwrap());
    let mut dynamic = DynMonitor::new(CHANNELS, &case.config).unwrap();
    [
        run(case, &mut *fixed, frames(), |monitor, frame| monitor.process(frame)).unwrap(),
        run(case, &mut dynamic, frames(), |monitor, frame| monitor.process(frame)).unwrap(),
    ]
}

#[test]
fn device_and_host_give_the_same_bits_within_the_budget() {
    let Some(device) = measurement() else { return };
    eprintln!("{device:#?}");
    let frames = frames();
    for case in case::all() {
        let theirs = device.case(case.name).unwrap();
        for ours in host(&case, &frames) {
            assert_eq!(theirs.digest, ours.digest.to_string(), "{}", case.name);
            assert_eq!((theirs.alarms, theirs.events), (ours.alarms, ours.events), "{}", case.name);
        }
        let cost = theirs.instructions;
        assert!(cost.worst <= 3 * cost.mean, "{}: a frame of {} instructions", case.name, cost.worst);
        assert!(theirs.stack.max(theirs.stack_new) <= 2_048, "{}: stack of {} B", case.name, theirs.stack);
    }
    // A tracker of eight channels and its score, in the smallest chips there are.
    let (cost, size) = (device.track_and_score, device.smallest);
    assert!(cost.mean <= 2_500 && cost.worst <= 3 * cost.mean, "track and score: {cost:?}");
    assert!(size.flash <= 16 * 1_024 && size.ram <= 2_048, "track and score: {size:?}");
    // The image's static RAM is the monitor and nothing else.
    let state = Monitor::<CHANNELS, RANK>::STATE_BYTES as u64;
    assert!(device.monitor.ram <= state.next_multiple_of(8), "{} B", device.monitor.ram);
    // A bound of our own, so that growth is noticed.
    assert!(device.monitor.flash <= 52 * 1_024 && device.spatial.flash <= 44 * 1_024, "flash");
}

#[test]
fn the_trials_reach_what_they_are_meant_to() {
    let frames = frames();
    let case = case::hostile();
    let mut monitor = Box::new(Monitor::<CHANNELS, RANK>::new(&case.config).unwrap());
    let outcome = run(&case, &mut *monitor, frames.iter().copied(), |monitor, frame| monitor.process(frame));
    let (outcome, counters) = (outcome.unwrap(), monitor.counters());
    assert!(outcome.alarms > 10 && outcome.events > 2, "{outcome:?}");
    assert!(counters.missing > 500 && counters.saturated > 50 && counters.unjudged > 10, "{counters:?}");
}

#[test]
fn one_bit_changes_the_digest() {
    let mut frames = frames();
    let before = host(&case::default(), &frames);
    frames[700][3] = f32::from_bits(frames[700][3].to_bits() ^ 1);
    let after = host(&case::default(), &frames);
    assert_eq!(before[0], before[1]);
    assert_ne!(before[0].digest, after[0].digest);
}
