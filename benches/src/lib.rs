//! Metrics, data sets and printing shared by the benchmark binaries.
//!
//! [`vus_pr`], [`stats`] and the scoring half of [`skab`] are the mathematics; [`tsb_ad`] and [`skab`] read the recordings that
//! [`data`] finds; [`detect`] says what a detector is and holds the controls, [`engine`] plugs in ours; [`output`] and [`table`]
//! print.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod clock;
pub mod data;
pub mod detect;
pub mod engine;
pub mod output;
pub mod parallel;
pub mod skab;
pub mod stats;
pub mod table;
pub mod tsb_ad;
pub mod vus_pr;
