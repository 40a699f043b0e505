//! eigenstream-core: watches a stream of multichannel samples, in fixed memory, without an allocator.
//!
//! | module | what lives there |
//! |---|---|
//! | [`linalg`] | kernels on slices, fixed summation order |
//! | [`condition`] | one sample in, one number out: validity, kind, scale, recent past |
//! | [`track`] | subspace trackers behind one trait |
//! | [`score`] | what a tracker's view of one vector means: excess, p-value, events |
//! | [`shift`] | has the process itself changed: innovations, bets, onset, kind and channels |
//! | [`watch`] | the same for a stream of any number of channels: blocks, numbers, units |
//! | [`monitor`] | the composition: one `Config`, one `process` |
//!
//! Arrows point one way: a module uses those above it. The parameterisation rule: *values live at run time, shapes live in
//! types, meaning lives in names*. Static and dynamic shapes are the same code over nalgebra dimensions; the arithmetic is written
//! once on slices in [`linalg`], with libm's elementary functions on every target, so host and device give the same bits.
//!
//! Features: `alloc` (run-time shapes), `serde` (configurations and events), `hardware-sqrt` (the square root of a Cortex-M's FPU). None
//! changes a result.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
#[macro_use]
extern crate std;

pub mod condition;
mod error;
pub mod linalg;
mod math;
pub mod monitor;
pub mod score;
mod shape;
pub mod shift;
#[cfg(test)]
mod testing;
pub mod track;
pub mod watch;

pub use error::ConfigError;
#[cfg(feature = "alloc")]
pub use monitor::DynMonitor;
pub use monitor::{Config, Monitor, Verdict};
pub use shape::Alloc;
