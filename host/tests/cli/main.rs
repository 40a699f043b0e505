//! The `eigenstream` command as a user meets it: the binary, its files, its streams and its exit status.
#![forbid(unsafe_code)]

mod bad_outputs;
mod bad_recordings;
mod bad_tables;
mod bad_usage;
mod compare;
mod contract;
mod events;
mod info;
mod place;
mod settings;
mod shifts;
