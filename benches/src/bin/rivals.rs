//! Runs the comparison with rivals, which lives in a workspace of its own (`benches/rivals`) with a lock file of its own.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use eigenstream_benches::data;

fn main() -> ExitCode {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals/Cargo.toml");
    // Only the dependencies may be lacking; a comparison that does not compile is a failure. stdout belongs to the benchmark.
    let mut fetch = cargo("fetch", &manifest);
    if !fetch.stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return skip();
    }
    let flags = std::env::args_os().skip(1);
    match cargo("run", &manifest).args(["--release", "--"]).args(flags).status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("rivals: cargo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The cargo that runs this binary, or the one on the path.
fn cargo(command: &str, manifest: &PathBuf) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut cargo = Command::new(program);
    cargo.arg(command).arg("--manifest-path").arg(manifest);
    cargo
}

fn skip() -> ExitCode {
    let required = data::is_required("rivals");
    let verdict = if required { "FAILED" } else { "SKIPPED" };
    eprintln!("{verdict} (rivals): the crates that eigenstream is compared with cannot be had");
    ExitCode::from(u8::from(required))
}
