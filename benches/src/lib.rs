//! Metrics, data sets and printing shared by the benchmark binaries.
//!
//! [`vus_pr`], [`stats`] and the scoring half of [`skab`] are the mathematics; [`tsb_ad`], [`skab`] and [`mitbih`] read the recordings that
//! [`data`] finds, [`recordings`] makes streams of frames of others, [`synthetic`] of none, [`shift`] such that change; [`detect`] says what a
//! detector is and holds the controls, [`engine`] plugs in ours; [`false_alarms`] and [`faults`] count alarms, [`fusion`] plants faults in
//! streams of many channels, [`tracking`] follows streams with a tracker; [`output`] and [`table`] print.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod clock;
pub mod data;
pub mod detect;
pub mod engine;
pub mod false_alarms;
pub mod faults;
pub mod fusion;
pub mod mitbih;
pub mod output;
pub mod parallel;
pub mod recordings;
pub mod shift;
pub mod skab;
pub mod stats;
pub mod synthetic;
pub mod table;
pub mod tracking;
pub mod tsb_ad;
pub mod vus_pr;
