//! Nothing allocates after construction: not a frame, not an alarm, not an event, not the end of the stream.
//!
//! One test only, so that no other thread of this binary allocates while it counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use eigenstream_core::condition::ConditionConfig;
use eigenstream_core::monitor::{Config, Counters};
use eigenstream_core::watch::{DynWatch, Watch, WatchConfig};
use eigenstream_core::{DynMonitor, Monitor, Verdict};

/// The system's allocator, counting every call that could take memory.
struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every method passes its arguments on to `System` unchanged and returns what that returns, so `System`'s own guarantees hold;
// the counter is atomic and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `System.alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: `memory` came from `System` through this allocator, with this layout.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `System` through this allocator, with this layout.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CHANNELS: usize = 4;
const FRAMES: usize = 5000;

/// Waves with noise, bursts, missing samples, a flag: alarms, events, and both views at work.
fn stream() -> Vec<[f32; CHANNELS]> {
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..FRAMES)
        .map(|t| {
            let wave = (t as f32 * 0.11).sin();
            let burst = if t % 1000 > 950 { 20.0 * noise() } else { 0.0 };
            let hole = if t % 37 == 0 { f32::NAN } else { 0.0 };
            [wave + noise(), 2.0 * wave + noise() + burst, noise() - wave + hole, (t / 300 % 2) as f32]
        })
        .collect()
}

fn config() -> Config {
    let mut config = Config::default();
    config.alarm.warm_up_frames = 500;
    config.alarm.frames_per_false_alarm = 200.0;
    config
}

/// Allocations while `work` runs.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = CALLS.load(Ordering::Relaxed);
    work();
    CALLS.load(Ordering::Relaxed) - before
}

#[test]
fn a_monitor_allocates_on_construction_only() {
    // The counter counts: a box is one allocation.
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);

    let frames = stream();
    let flat: Vec<f32> = frames.iter().flatten().copied().collect();
    let mut events = 0u64;
    let mut count = |v: &Verdict| events += u64::from(v.event.is_some());

    let mut fixed = Monitor::<CHANNELS, 3>::new(&config()).unwrap();
    let taken = allocations(|| {
        frames.iter().filter_map(|x| fixed.process(x)).for_each(|v| count(&v));
        fixed.contributions_into(&mut [0.0; CHANNELS]);
        _ = fixed.finish(|v| count(&v));
    });
    assert_eq!(taken, 0, "Monitor::process or finish");

    let mut dynamic = None;
    assert!(allocations(|| dynamic = DynMonitor::new(CHANNELS, &config()).ok()) > 0);
    let mut dynamic = dynamic.unwrap();
    let taken = allocations(|| {
        frames[..FRAMES / 2].iter().filter_map(|x| dynamic.process(x)).for_each(|v| count(&v));
        dynamic.block(&flat[FRAMES / 2 * CHANNELS..], |v| count(&v));
        dynamic.contributions_into(&mut [0.0; CHANNELS]);
        _ = dynamic.finish(|v| count(&v));
    });
    assert_eq!(taken, 0, "DynMonitor::process, block or finish");

    // Both saw events, so those paths were walked.
    let counters: [&Counters; 2] = [fixed.counters(), dynamic.counters()];
    assert!(counters.iter().all(|c| c.alarms > 20 && c.events > 2 && c.missing > 100), "{counters:?}");
    assert!(events > 4);
    a_watch_allocates_on_construction_only();
}

/// Called by the one test: blocks of several lengths, a shift, its report.
fn a_watch_allocates_on_construction_only() {
    let mut frames = stream();
    frames.iter_mut().skip(FRAMES / 2).for_each(|x| x[1] += 5.0);
    let config = WatchConfig { frames_per_false_alarm: 1e4, ..WatchConfig::default() };
    let mut told = 0;
    let mut watch = Watch::<CHANNELS, 8>::new(&config).unwrap();
    let taken = allocations(|| {
        frames.iter().for_each(|x| _ = watch.process(x));
        watch.finish();
        told += std::iter::from_fn(|| watch.next_shift()).count();
    });
    assert_eq!(taken, 0, "Watch::process or finish");
    let config = WatchConfig { block_frames: 4, warm_up_blocks: 50, ..config };
    let mut watch = DynWatch::new(CHANNELS, &config, &ConditionConfig::default()).unwrap();
    let taken = allocations(|| {
        frames.iter().for_each(|x| _ = watch.process(x));
        watch.finish();
        told += std::iter::from_fn(|| watch.next_shift()).count();
    });
    assert_eq!(taken, 0, "DynWatch::process or finish");
    assert!(told > 0);
}
