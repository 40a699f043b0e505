//! One trial for host and device: the same frames, the same configurations, one digest of everything that came out.
//!
//! | module | what lives there |
//! |---|---|
//! | [`recording`] | the 8-channel frames, made from `examples/watch-imu.csv` |
//! | [`case`] | configurations, and what is done to the frames on their way in |
//! | [`digest`] | 64 bits that stand for every number a run gave |
//!
//! [`run`] puts them together. The image and the host test call it with their own monitor; equal digests mean equal bits.
#![no_std]
#![forbid(unsafe_code)]

pub mod case;
pub mod digest;
pub mod recording;

use eigenstream_core::monitor::{MonitorOf, Verdict};
use eigenstream_core::{Alloc, ConfigError};
use nalgebra::{DefaultAllocator, Dim};

use case::Case;
use digest::Digest;

/// Channels of a frame.
pub const CHANNELS: usize = 8;

/// Largest spatial rank.
pub const RANK: usize = 3;

/// Frames of a run: 50 s of the recording, five seconds of which are another exercise.
pub const FRAMES: usize = 2_500;

/// One sample of every channel.
pub type Frame = [f32; CHANNELS];

/// What came out of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Stands for every number of every verdict and every view.
    pub digest: Digest,
    /// Alarmed frames.
    pub alarms: u64,
    /// Events that ended.
    pub events: u64,
}

/// Gives all `frames` of `case` to `monitor` and digests, after each, the verdict, the scores of the views and the channels' shares;
/// then what was still waiting, and the counters. `process` is the call itself, so that the caller can measure it.
///
/// # Errors
/// If the monitor has not [`CHANNELS`] channels.
pub fn run<N: Dim, R: Dim, L: Dim, K: Dim>(
    case: &Case,
    monitor: &mut MonitorOf<N, R, L, K>,
    frames: impl Iterator<Item = Frame>,
    mut process: impl FnMut(&mut MonitorOf<N, R, L, K>, &Frame) -> Option<Verdict>,
) -> Result<Outcome, ConfigError>
where
    DefaultAllocator: Alloc<N, R> + Alloc<L, K>,
{
    let mut digest = Digest::new();
    if let Some((channel, low, high)) = case.rails {
        monitor.set_rails(channel, low, high)?;
    }
    for (t, mut frame) in frames.enumerate() {
        (case.disturb)(t, &mut frame);
        let verdict = process(monitor, &frame);
        digest.option(verdict.as_ref(), Digest::verdict);
        digest.views(monitor);
    }
    let event = monitor.finish(|verdict| digest.verdict(&verdict));
    digest.option(event.as_ref(), Digest::event);
    digest.counters(monitor.counters());
    let counters = monitor.counters();
    Ok(Outcome { digest, alarms: counters.alarms, events: counters.events })
}
