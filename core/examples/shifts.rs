//! Has the process changed? A watch in a program, its memory inside the value: a valve sticks, and is freed again.
//!
//! `cargo run --release -p eigenstream-core --example shifts`

use eigenstream_core::ConfigError;
use eigenstream_core::watch::{Shift, Watch, WatchConfig};

/// Pressure and flow: the watch needs two numbers for each channel.
type Plant = Watch<2, 4>;

/// Uniform numbers in −1 … 1 from a linear congruential generator (Knuth, MMIX).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

fn tell(shift: &Shift) {
    let (from, to) = (shift.onset_earliest, shift.onset_latest);
    println!("{:?} at frame {} ({from} to {to})", shift.kind, shift.onset_frame);
    for c in &shift.channels {
        println!("  channel {}: mean {:.2} -> {:.2}", c.channel, c.mean_before, c.mean_after);
    }
    match shift.returned_to {
        Some(state) => println!("  back in state {state}"),
        None => println!("  new state {}", shift.entered_regime),
    }
}

fn main() -> Result<(), ConfigError> {
    let mut watch = Plant::new(&WatchConfig::default())?;
    let mut noise = Noise(1);
    for t in 0..12_000 {
        let load = noise.next();
        let stuck = if (4000..8000).contains(&t) { 0.7 } else { 1.0 };
        let frame = [3.0 + 0.2 * load + 0.05 * noise.next(), stuck * (20.0 + 2.0 * load + noise.next())];
        // At once, and not yet sure to last.
        if watch.process(&frame).alarm {
            println!("alarm at frame {t}");
        }
        while let Some(shift) = watch.next_shift() {
            tell(&shift);
        }
    }
    watch.finish();
    while let Some(shift) = watch.next_shift() {
        tell(&shift);
    }
    println!("{} bytes of state", Plant::STATE_BYTES);
    Ok(())
}
