//! Has the process itself changed? Says when, with a promised mean time between false alarms, and without a threshold to tune.
//!
//! | file | what lives there |
//! |---|---|
//! | `scaling` | a first look: unit, centre, and which channels must be differenced |
//! | `innovations` | what is new in a frame given the past: a recursive regression that starts by itself |
//! | `normal`, `histogram` | any law to the normal law, by ranks among the past |
//! | `bets`, `bank` | bets that gain when something changed, and Shiryaev–Roberts statistics that add them up |
//! | `whiteness` | are the innovations independent in time? |
//! | `onset` | when it began, judged again once the new state is known |
//! | `report` | what changed: onset, kind, size |
//! | `subset`, `geometry` | which channels carry it; spectrum and angles |
//! | `moments`, `regimes` | means and covariances; states the stream was in before |
//! | `detector`, `describe`, `reconfigure` | one frame in, one verdict out |
//!
//! A frame of d ≤ [`MAX_CHANNELS`] numbers passes these in that order. **Under no change** the innovations are independent standard normal for
//! Gaussian streams of any mean and covariance, and the rank transforms make their radius and each channel's law so for elliptical or independent
//! innovations of any other law; lags make up for dependence in time. Then the mean time between false alarms is at least
//! [`ShiftConfig::frames_per_false_alarm`]. With lags, estimated ranks and mixtures of these this is a measured promise, not a theorem: the benchmark
//! `shift` measures it. What it means in return: a baseline that wanders slowly *is* a change. Watch differences or a band then.
//!
//! What does not belong here: odd single frames ([`crate::score`]), and which numbers to watch ([`crate::watch`]).

mod bank;
mod bets;
mod config;
mod describe;
mod detector;
mod geometry;
mod histogram;
mod innovations;
mod moments;
mod normal;
mod onset;
mod reconfigure;
mod regimes;
mod report;
mod scaling;
mod subset;
mod whiteness;

pub use config::ShiftConfig;
#[cfg(feature = "alloc")]
pub use detector::DynShiftDetector;
pub use detector::{Phase, ShiftDetector, ShiftDetectorOf, ShiftVerdict, Status};
pub use geometry::Geometry;
pub use report::{Kind, ShiftReport};

/// The most channels that are watched together. More directions cost more evidence: reduce the dimension first, by a tracker.
pub const MAX_CHANNELS: usize = 16;

/// Entries of the largest covariance.
const SQUARE: usize = MAX_CHANNELS * MAX_CHANNELS;

/// Blocks of memory that a detector needs for orders up to `order`.
#[must_use]
pub const fn blocks(order: usize) -> usize {
    (order + 1) * (order + 2) / 2
}
