//! eigenstream on a laptop: streams recordings through the core and shows what it found.
//!
//! | module | what lives there |
//! |---|---|
//! | [`source`] | one file per format, one trait |
//! | [`engine`] | source → monitor → sinks |
//! | [`sink`] | scores, events, annotations, report page |
//! | [`compare`] | two recordings: is there a shift, where, in which features |
//! | [`report`] | the page itself |
//! | [`settings`] | every setting, from four layers |
//! | [`cli`] | one file per subcommand, no logic |
#![forbid(unsafe_code)]

pub mod cli;
pub mod compare;
pub mod engine;
pub mod report;
pub mod settings;
pub mod sink;
pub mod source;

/// The examples of the README are compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
