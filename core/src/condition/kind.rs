//! Is a channel a signal or a flag? Learned on line, from its values alone.

/// The most values a flag may take.
pub const MAX_FLAG_VALUES: usize = 8;

/// What a channel's values look like so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum ChannelKind {
    /// At most a few distinct values were seen: a constant, a command, a valve that is open or shut. It has no
    /// variance a subspace could use, and its rare jumps would drown the signals (every channel starts like this).
    Flag,
    /// More distinct values were seen than a flag has.
    Analog,
}

/// Counts the distinct values of a channel until there are more than a flag may take. Causal: a verdict never depends on samples to come.
///
/// State: [`MAX_FLAG_VALUES`] words and two bytes. Cost: at most [`MAX_FLAG_VALUES`] comparisons a sample while the channel is a flag, none later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KindDetector {
    seen: [f32; MAX_FLAG_VALUES],
    distinct: u8,
    limit: u8,
}

impl KindDetector {
    /// A channel is a flag while it has taken at most `limit` values (clamped to [`MAX_FLAG_VALUES`]; 0 = every channel that ever
    /// had a sample is analog).
    #[must_use]
    pub fn new(limit: u8) -> Self {
        Self { seen: [0.0; MAX_FLAG_VALUES], distinct: 0, limit: limit.min(MAX_FLAG_VALUES as u8) }
    }

    /// Takes in one finite sample.
    pub fn update(&mut self, x: f32) {
        if self.distinct > self.limit {
            return;
        }
        let seen = usize::from(self.distinct);
        if !self.seen[..seen.min(MAX_FLAG_VALUES)].contains(&x) {
            if let Some(free) = self.seen.get_mut(seen) {
                *free = x;
            }
            self.distinct += 1;
        }
    }

    /// What the channel looks like so far.
    #[must_use]
    pub fn kind(&self) -> ChannelKind {
        if self.distinct > self.limit { ChannelKind::Analog } else { ChannelKind::Flag }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelKind, KindDetector};

    #[test]
    fn a_flag_may_switch_for_ever_between_its_values() {
        let mut k = KindDetector::new(4);
        for i in 0..10_000u32 {
            k.update((i * 7 % 4) as f32 - 1.0);
        }
        assert_eq!(k.kind(), ChannelKind::Flag);
        k.update(99.0);
        assert_eq!(k.kind(), ChannelKind::Analog);
        k.update(0.0);
        assert_eq!(k.kind(), ChannelKind::Analog);
    }

    #[test]
    fn limits_at_both_ends() {
        let mut none = KindDetector::new(0);
        assert_eq!(none.kind(), ChannelKind::Flag);
        none.update(1.0);
        assert_eq!(none.kind(), ChannelKind::Analog);
        let mut most = KindDetector::new(255);
        (0..8).for_each(|i| most.update(i as f32));
        assert_eq!(most.kind(), ChannelKind::Flag);
        most.update(8.0);
        assert_eq!(most.kind(), ChannelKind::Analog);
    }
}
