//! Metrics, data sets and printing shared by the benchmark binaries.
#![forbid(unsafe_code)]
