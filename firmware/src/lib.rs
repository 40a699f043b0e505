//! What the images of this crate share: the recording in flash, and how instructions and stack are measured under QEMU.
#![no_std]

pub mod meter;
pub mod smallest;

use eigenstream_trial::{Frame, recording};

/// The first frames of the recording, made when the image was built.
static FRAMES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frames.bin"));

/// The frames of a trial.
pub fn frames() -> impl Iterator<Item = Frame> {
    recording::decode(core::hint::black_box(FRAMES))
}
