//! Runs an image on an emulated Cortex-M4F.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;

const QEMU: &str = "qemu-system-arm";

/// The same as the runner in `firmware/.cargo/config.toml`.
const ARGS: [&str; 11] = [
    "-M",
    "mps2-an386",
    "-icount",
    "shift=6",
    "-nographic",
    "-monitor",
    "none",
    "-serial",
    "null",
    "-semihosting-config",
    "enable=on,target=native",
];

/// The version line of QEMU.
pub(crate) fn version() -> Result<String, Error> {
    let output = Command::new(QEMU).arg("--version").output();
    let output = output.map_err(|error| Error::Lacking(format!("no {QEMU}: {error}")))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

/// Runs `image` until it exits; its stdout.
pub(crate) fn run(image: &Path, limit: Duration) -> Result<String, Error> {
    let failed = |what: String| Error::Run(what);
    let mut command = Command::new(QEMU);
    command.args(ARGS).arg("-kernel").arg(image);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(format!("does not start: {error}")))?;
    // Read beside the waiting: a full pipe would stop the device.
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let ended = wait(&mut child, limit);
    let text = |reader: thread::JoinHandle<String>| reader.join().unwrap_or_default();
    let (stdout, stderr) = (text(stdout), text(stderr));
    match ended {
        Some(0) => Ok(stdout),
        Some(status) => Err(failed(format!("ended with status {status}: {}", stderr.trim()))),
        None => Err(failed(format!("did not end within {} s: {}", limit.as_secs(), stderr.trim()))),
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is kept: it is for a message or will not parse.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The exit status, or `None` if the child had to be stopped.
fn wait(child: &mut Child, limit: Duration) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Ok(Some(status)) = child.try_wait() {
            return status.code();
        }
        thread::sleep(Duration::from_millis(20));
    }
    // It may have ended just now; either way it is gone after this.
    let _ = child.kill();
    let _ = child.wait();
    None
}
