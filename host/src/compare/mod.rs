//! wip
#![allow(dead_code)]
mod crossing;
mod random;
mod tail;
