//! Puts the memory map where the linker looks, and the recording's first frames into a blob for the image.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use eigenstream_trial::{FRAMES, recording};

const RECORDING: &str = "../examples/watch-imu.csv";

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::copy("memory.x", out.join("memory.x"))?;
    let csv = fs::read_to_string(RECORDING)?;
    let blob: Vec<u8> = recording::frames(&csv).take(FRAMES).flatten().flat_map(f32::to_le_bytes).collect();
    fs::write(out.join("frames.bin"), blob)?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=memory.x");
    println!("cargo:rerun-if-changed={RECORDING}");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
