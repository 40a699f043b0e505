//! From raw samples to numbers a tracker can use: which are valid, what a channel's scale is, what kind of channel it is, and its
//! recent past.
//!
//! One [`ChannelCondition`] per channel; the parts know nothing of each other.

mod channel;
mod delay;
mod kind;
mod scale;

pub use channel::{ChannelCondition, ConditionConfig, Validity};
pub use delay::DelayLine;
pub use kind::{ChannelKind, KindDetector, MAX_FLAG_VALUES};
pub use scale::RunningScale;
