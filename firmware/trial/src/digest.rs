//! 64 bits that stand for every number of a run.

use core::fmt;

use eigenstream_core::Alloc;
use eigenstream_core::monitor::{Counters, MonitorOf, Verdict};
use eigenstream_core::score::{Event, View};
use nalgebra::{DefaultAllocator, Dim};

use crate::CHANNELS;

/// FNV-1a (Fowler, Noll, Vo) over little-endian bytes. `Display` gives 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// Of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    /// Takes in bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    /// Takes in a number. All NaNs are one: which bits a NaN has, processors do not agree on, and nothing here depends on them.
    pub fn float(&mut self, x: f32) {
        let bits = if x.is_nan() { 0x7FC0_0000 } else { x.to_bits() };
        self.bytes(&bits.to_le_bytes());
    }

    /// Takes in whole numbers.
    pub fn integers(&mut self, integers: &[u64]) {
        integers.iter().for_each(|x| self.bytes(&x.to_le_bytes()));
    }

    /// Takes in something that may be absent.
    pub fn option<T>(&mut self, value: Option<&T>, take: fn(&mut Self, &T)) {
        self.bytes(&[u8::from(value.is_some())]);
        if let Some(value) = value {
            take(self, value);
        }
    }

    /// Takes in a verdict.
    pub fn verdict(&mut self, v: &Verdict) {
        self.integers(&[v.frame]);
        [v.score, v.p_value, v.limit].into_iter().for_each(|x| self.float(x));
        self.bytes(&[u8::from(v.alarm), u8::from(v.warming_up)]);
        self.option(v.event.as_ref(), Self::event);
    }

    /// Takes in an event.
    pub fn event(&mut self, e: &Event) {
        let view = match e.view {
            View::Spatial => u64::MAX,
            View::Temporal(channel) => u64::from(channel),
            View::Level(channel) => u64::from(channel) | 1 << 32,
            View::Flag(channel) => u64::from(channel) | 2 << 32,
        };
        self.integers(&[e.start, e.end, e.peak, e.alarms, view, e.channels.len() as u64]);
        [e.score, e.p_value, e.limit].into_iter().for_each(|x| self.float(x));
        for share in &e.channels {
            self.integers(&[u64::from(share.channel)]);
            self.float(share.share);
        }
    }

    /// Takes in what every view says of the last frame.
    pub fn views<N: Dim, R: Dim, L: Dim, K: Dim>(&mut self, monitor: &MonitorOf<N, R, L, K>)
    where
        DefaultAllocator: Alloc<N, R> + Alloc<L, K>,
    {
        let mut shares = [0.0; CHANNELS];
        monitor.contributions_into(&mut shares);
        shares.into_iter().for_each(|x| self.float(x));
        (0..CHANNELS.min(monitor.channels())).for_each(|i| self.float(monitor.temporal_score(i)));
        self.float(monitor.spatial_score());
    }

    /// Takes in the counters.
    pub fn counters(&mut self, c: &Counters) {
        self.integers(&[c.frames, c.valid, c.missing, c.saturated, c.unjudged, c.alarms, c.events]);
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn published_values() {
        // From the authors' test vectors.
        for (text, value) in
            [("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8)]
        {
            let mut digest = Digest::new();
            digest.bytes(text.as_bytes());
            assert_eq!(digest, Digest(value));
        }
    }
}
