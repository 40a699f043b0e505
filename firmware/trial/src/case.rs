//! What is tried: a configuration, and what happens to the frames before the monitor sees them.

use eigenstream_core::Config;
use eigenstream_core::monitor::{AlarmConfig, SpatialConfig, TemporalConfig};

use crate::Frame;

/// A named trial.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// As it is printed.
    pub name: &'static str,
    /// Settings of the monitor.
    pub config: Config,
    /// Channel, lower and upper rail.
    pub rails: Option<(usize, f32, f32)>,
    /// Changes frame `t`. Whole numbers and constants only: the same bits everywhere.
    pub disturb: fn(usize, &mut Frame),
}

/// The default configuration on the recording as it is.
#[must_use]
pub fn default() -> Case {
    Case { name: "default", config: Config::default(), rails: None, disturb: |_, _| {} }
}

/// Everything that data can do to a monitor, with memories short enough that it forgets and alarms: missing and infinite samples,
/// spikes of 1e30, rails, flags and constants, channels that come alive one after another so that the spatial rank grows.
#[must_use]
pub fn hostile() -> Case {
    let config = Config {
        spatial: SpatialConfig { memory_frames: 300.0, ..SpatialConfig::default() },
        temporal: TemporalConfig { memory_frames: 300.0, ..TemporalConfig::default() },
        alarm: AlarmConfig {
            frames_per_false_alarm: 100.0,
            warm_up_frames: 200,
            memory_frames: 400,
            merge_frames: 10,
            adaptive: false,
        },
        ..Config::default()
    };
    Case { name: "hostile", config, rails: Some((1, -0.75, 0.75)), disturb: assault }
}

/// The spatial view alone: what a node without memory for windows runs.
#[must_use]
pub fn spatial() -> Case {
    let temporal = TemporalConfig { enabled: false, ..TemporalConfig::default() };
    Case { name: "spatial", config: Config { temporal, ..Config::default() }, ..default() }
}

/// The cases whose digests host and device must agree on.
#[must_use]
pub fn all() -> [Case; 3] {
    [default(), hostile(), spatial()]
}

fn assault(t: usize, frame: &mut Frame) {
    frame[1] = frame[1].clamp(-0.75, 0.75);
    for (channel, x) in frame.iter_mut().enumerate() {
        // Channels 0 and 1 live from the start; then one more every 150 frames. Before, they are flags (odd) or constants.
        if channel > 1 && t < 150 * channel {
            *x = if channel % 2 == 1 { (t / 7 % 2) as f32 } else { 0.5 };
        }
        let dice = scramble((16 * t + channel) as u32);
        match dice % 1_021 {
            0..40 => *x = f32::NAN,
            40 => *x = f32::INFINITY,
            41 if t > 1_200 => *x = 1e30,
            42 if channel > 5 => *x = -1e30,
            43 => *x += 20.0,
            _ => {}
        }
    }
    match t {
        1_000..1_040 => frame[4] = f32::NAN,
        1_400..1_403 => *frame = [f32::NAN; 8],
        1_500..1_620 => frame[2..].fill(f32::NAN),
        1_800 => *frame = [f32::MAX; 8],
        1_801 => *frame = [-f32::MAX; 8],
        2_000..2_150 => frame[5] = 0.25,
        _ => {}
    }
}

/// Mixes 32 bits (the finaliser of MurmurHash3).
fn scramble(mut h: u32) -> u32 {
    h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}
