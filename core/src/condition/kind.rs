//! Is a channel a signal or a flag? Learned on line, from its values alone.

/// The most values a flag may take; its codes are 0 … 7.
pub const MAX_FLAG_VALUES: usize = 8;

/// What a channel's values look like so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum ChannelKind {
    /// Only a few codes were seen: a command, a valve that is shut (0) or open (1). Differences between codes mean nothing, and
    /// their rare jumps would drown the signals.
    Flag,
    /// Anything else: a measurement, be it coarsely quantised. (A constant is analog or flag by its value; either way it
    /// has no variance and takes part in no view.)
    Analog,
}

/// Tells flags from measurements: a channel is a flag while all its values are whole numbers 0 … 7 and there are only a few of
/// them. Causal: a verdict never depends on samples to come, and never returns from analog to flag.
///
/// A measurement with few levels (−1, 0.71, 20) is not a flag: its levels can be compared. State: two bytes. Cost: three comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindDetector {
    /// Bit k: code k was seen.
    codes: u8,
    limit: u8,
    analog: bool,
}

impl KindDetector {
    /// A flag takes at most `limit` codes (0 = every channel that ever had a sample is analog).
    #[must_use]
    pub const fn new(limit: u8) -> Self {
        Self { codes: 0, limit, analog: false }
    }

    /// Takes in one finite sample.
    pub fn update(&mut self, x: f32) {
        if self.analog {
            return;
        }
        let code = x as u8; // saturates; the comparison below refuses what is not a code
        if usize::from(code) < MAX_FLAG_VALUES && f32::from(code) == x {
            self.codes |= 1 << code;
            self.analog |= self.codes.count_ones() > u32::from(self.limit);
        } else {
            self.analog = true;
        }
    }

    /// The codes that were seen while it looked like a flag: bit k stands for code k.
    #[must_use]
    pub const fn codes(&self) -> u8 {
        self.codes
    }

    /// What the channel looks like so far.
    #[must_use]
    pub const fn kind(&self) -> ChannelKind {
        if self.analog { ChannelKind::Analog } else { ChannelKind::Flag }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelKind, KindDetector};

    fn kind(limit: u8, values: &[f32]) -> ChannelKind {
        let mut k = KindDetector::new(limit);
        values.iter().for_each(|&x| k.update(x));
        k.kind()
    }

    #[test]
    fn a_flag_may_switch_for_ever_between_its_codes() {
        let mut k = KindDetector::new(4);
        (0..10_000u32).for_each(|i| k.update((i * 7 % 4) as f32));
        assert_eq!(k.kind(), ChannelKind::Flag);
        k.update(4.0);
        assert_eq!(k.kind(), ChannelKind::Analog);
        k.update(0.0);
        assert_eq!(k.kind(), ChannelKind::Analog);
    }

    #[test]
    fn levels_that_are_not_codes_are_measurements() {
        for x in [-1.0, 0.5, 8.0, 255.0, 256.0, 1e30, -0.1, f32::MIN_POSITIVE] {
            assert_eq!(kind(4, &[0.0, 1.0, x]), ChannelKind::Analog, "{x}");
        }
        assert_eq!(kind(4, &[0.0, -0.0, 1.0, 7.0]), ChannelKind::Flag);
    }

    #[test]
    fn limits_at_both_ends() {
        assert_eq!(kind(0, &[]), ChannelKind::Flag);
        assert_eq!(kind(0, &[1.0]), ChannelKind::Analog);
        assert_eq!(kind(8, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), ChannelKind::Flag);
    }
}
