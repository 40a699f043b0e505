//! Builds the images of `firmware/`, runs the measuring one under QEMU, and says what came out and what it cost.
//!
//! [`Device::find`] tells what is lacking where that is not possible; [`Device::measure`] does it all.
#![forbid(unsafe_code)]

mod elf;
mod qemu;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

pub use elf::Size;

/// Cortex-M4F, as rustc names it.
const TARGET: &str = "thumbv7em-none-eabihf";

/// What `firmware/cargo` ends with where no compiler for the target is installed.
const NO_COMPILER: i32 = 77;

/// A run takes a few seconds; a busy machine may need much longer.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tool is not installed: a reason to skip, not to fail.
    #[error("{0}")]
    Lacking(String),
    /// An image does not compile.
    #[error("the firmware does not build:\n{0}")]
    Build(String),
    /// The image did not end well.
    #[error("the device {0}")]
    Run(String),
    /// What the image printed is not what was expected.
    #[error("the device printed {line:?}: {error}")]
    Output {
        /// The line.
        line: String,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// An image cannot be read.
    #[error("{}: {error}", path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Instructions of a call.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Instructions {
    /// On average over all frames.
    pub mean: u64,
    /// Of the most expensive frame.
    pub worst: u64,
    /// Which one that was.
    pub worst_frame: u64,
}

/// One trial on the device.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Case {
    /// As in `eigenstream_trial::case`.
    pub name: String,
    /// 16 hexadecimal digits.
    pub digest: String,
    /// Alarmed frames.
    pub alarms: u64,
    /// Events that ended.
    pub events: u64,
    /// Bytes of the monitor.
    pub state: u64,
    /// Bytes of stack that its construction took.
    pub stack_new: u64,
    /// Bytes of stack that a frame took, at most, with the digest of its verdict.
    pub stack: u64,
    /// Of a call of `process`.
    #[serde(flatten)]
    pub instructions: Instructions,
}

/// What the measuring image prints.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
struct Printed {
    cases: Vec<Case>,
    track_and_score: Instructions,
}

/// Everything there is to know of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The trials.
    pub cases: Vec<Case>,
    /// Of a rank-3 tracker of 8 channels and the calibrated score of what it saw, without conditioning.
    pub track_and_score: Instructions,
    /// What the default monitor adds to an image.
    pub monitor: Size,
    /// What a monitor with the spatial view only, and memory for no window, adds to an image.
    pub spatial: Size,
    /// What that tracker and score add to an image.
    pub smallest: Size,
    /// Version line of QEMU.
    pub qemu: String,
    /// Version line of the cargo that built the images; the compiler's number is the same.
    pub cargo: String,
}

impl Measurement {
    /// The trial of this name.
    #[must_use]
    pub fn case(&self, name: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.name == name)
    }
}

/// A machine on which images can be built and run.
#[derive(Clone, Debug)]
pub struct Device {
    firmware: PathBuf,
    qemu: String,
}

impl Device {
    /// Looks for QEMU. Whether there is a compiler, the build tells.
    ///
    /// # Errors
    /// [`Error::Lacking`].
    pub fn find() -> Result<Self, Error> {
        let firmware = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Ok(Self { firmware, qemu: qemu::version()? })
    }

    /// Builds all images, runs the measuring one and compares the sizes of the others.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn measure(&self) -> Result<Measurement, Error> {
        let images = self.build()?;
        let line = qemu::run(&images.join("digest"), TIME_LIMIT)?;
        let Printed { cases, track_and_score } =
            serde_json::from_str(&line).map_err(|error| Error::Output { line, error })?;
        let empty = elf::size(&images.join("empty"))?;
        let over_empty = |name| Ok::<_, Error>(elf::size(&images.join(name))?.over(empty));
        Ok(Measurement {
            cases,
            track_and_score,
            monitor: over_empty("monitor")?,
            spatial: over_empty("spatial")?,
            smallest: over_empty("track_and_score")?,
            qemu: self.qemu.clone(),
            cargo: self.cargo(&["--version"])?.trim().to_owned(),
        })
    }

    /// The folder of the images.
    fn build(&self) -> Result<PathBuf, Error> {
        let target = self.firmware.join("target");
        let folder = target.to_string_lossy();
        self.cargo(&["build", "--release", "--locked", "--target-dir", &folder])?;
        Ok(target.join(TARGET).join("release"))
    }

    /// Runs `firmware/cargo`; its stdout.
    fn cargo(&self, args: &[&str]) -> Result<String, Error> {
        let mut command = Command::new(self.firmware.join("cargo"));
        // Cargo runs in the folder whose `.cargo/config.toml` names the target. What the cargo that runs us left in the environment
        // is about another target and, maybe, another compiler.
        command.args(args).current_dir(&self.firmware);
        for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC", "CARGO_BUILD_TARGET"] {
            command.env_remove(variable);
        }
        let output = command
            .output()
            .map_err(|error| Error::Lacking(format!("firmware/cargo does not run: {error}")))?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        match output.status.code() {
            Some(0) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            Some(NO_COMPILER) => Err(Error::Lacking(said)),
            _ => Err(Error::Build(said)),
        }
    }
}
