//! eigenstream: streams recordings through the core and shows what it found.
#![forbid(unsafe_code)]

pub mod report;
pub mod source;
