//! A directory of its own for each test, recordings to put there, and the command run in it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longest time a run may take before it is killed and the test fails; hundreds of times what any needs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A temporary directory in which the command runs.
pub(crate) struct Place(tempfile::TempDir);

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Done {
    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}", self.stderr);
        self
    }

    /// Asserts that the messages hold each of `words`.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in: {}", self.stderr);
        }
        self
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.0.path().join(name.as_ref())
    }

    pub(crate) fn write(&self, name: impl AsRef<OsStr>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Names of the files that look finished.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.ends_with(".part")).collect()
    }

    /// Copies a file of `examples/` here.
    pub(crate) fn example(&self, name: &str) {
        std::fs::copy(example(name), self.path(name)).unwrap();
    }

    /// The ECG example under the name `record`, its header changed by `change`, its samples cut to `bytes`.
    pub(crate) fn record(&self, record: &str, bytes: usize, change: impl Fn(String) -> String) {
        let header = std::fs::read_to_string(example("mitbih-208.hea")).unwrap();
        self.write(format!("{record}.hea"), change(header.replace("mitbih-208", record)));
        let samples = std::fs::read(example("mitbih-208.dat")).unwrap();
        self.write(format!("{record}.dat"), &samples[..bytes.min(samples.len())]);
    }

    /// The command, not started yet: in this directory, without the variables of whoever runs the tests.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eigenstream"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("EIGENSTREAM_"))
        {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Done {
        finish(&mut self.command(args))
    }

    /// Replays without a report.
    pub(crate) fn replay(&self, args: &[&str]) -> Done {
        self.run(&[&["replay", "--report", "none"], args].concat())
    }

    /// Asserts that a replay with all outputs fails with `status` and `words` in the message, says nothing on standard output, and
    /// leaves nothing that looks whole.
    #[track_caller]
    pub(crate) fn refuses(&self, status: i32, args: &[&str], words: &[&str]) -> Done {
        let outputs = ["--scores", "o/{}.csv", "--events", "o/{}.jsonl", "--report", "o/{}.html"];
        self.refuses_as_it_is(status, &[&["replay"], &outputs[..], args].concat(), words)
    }

    /// [`Self::refuses`] without outputs of its own.
    #[track_caller]
    pub(crate) fn refuses_as_it_is(&self, status: i32, args: &[&str], words: &[&str]) -> Done {
        let before = everything(self.0.path());
        let done = self.run(args).status(status).says(&["error: "]).says(words);
        assert_eq!(done.stdout, "");
        let new = everything(self.0.path()).into_iter().filter(|file| !before.contains(file));
        let whole: Vec<_> = new.filter(|(path, _)| path.extension().is_none_or(|e| e != "part")).collect();
        assert!(whole.is_empty(), "left or changed: {:?}", whole.iter().map(|(p, _)| p).collect::<Vec<_>>());
        done
    }
}

/// Every file below `folder` with its content.
fn everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(everything(&entry.path()));
        } else {
            files.push((entry.path(), std::fs::read(entry.path()).unwrap()));
        }
    }
    files
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// Runs `command` to its end; kills it and panics if that takes too long. A panic of the command fails the test, whatever it is about.
#[track_caller]
pub(crate) fn finish(command: &mut Command) -> Done {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdout, stderr) = (text(child.stdout.take()), text(child.stderr.take()));
    let status = wait(&mut child);
    let done = Done {
        status,
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
        took: begun.elapsed(),
    };
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    done
}

/// The exit status of a child that ends by itself in time.
#[track_caller]
pub(crate) fn wait(child: &mut Child) -> i32 {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or_else(|| panic!("ended by a signal: {status}"));
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("did not end within {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn text(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.unwrap().read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

/// Noise in −1 … 1 that is the same on every machine: the linear congruential generator of Numerical Recipes.
pub(crate) struct Noise(pub(crate) u32);

impl Noise {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 23) - 1.0
    }
}

/// Frames that are enough to be judged with the default settings.
pub(crate) const FRAMES: usize = 1500;

/// A table with the columns `time` (100 Hz) and `a`, `b`, … as many as `channels`: oscillations with noise.
pub(crate) fn table(frames: usize, channels: usize) -> Vec<Vec<String>> {
    let mut noise = Noise(1);
    let name = |i| if i < 26 { char::from(b'a' + i as u8).to_string() } else { format!("c{i}") };
    let mut rows = vec![["time".to_owned()].into_iter().chain((0..channels).map(name)).collect::<Vec<_>>()];
    for k in 0..frames {
        let wave = (k as f64 / 5.0).sin();
        let cells = (0..channels).map(|_| format!("{:.4}", wave + 0.1 * noise.next()));
        rows.push([format!("{:.2}", k as f64 / 100.0)].into_iter().chain(cells).collect());
    }
    rows
}

/// Rows as text; the first one stands in line 1.
pub(crate) fn csv(rows: &[Vec<String>]) -> String {
    rows.iter().fold(String::new(), |mut text, row| {
        writeln!(text, "{}", row.join(",")).unwrap();
        text
    })
}

/// [`table`] with every cell below the header run through `change(row, column, cell)`; rows are counted from 1, as lines are from 2.
pub(crate) fn changed(
    frames: usize,
    channels: usize,
    change: impl Fn(usize, usize, &str) -> Option<String>,
) -> String {
    let mut rows = table(frames, channels);
    for (k, row) in rows.iter_mut().enumerate().skip(1) {
        for (i, cell) in row.iter_mut().enumerate() {
            if let Some(new) = change(k, i, cell) {
                *cell = new;
            }
        }
    }
    csv(&rows)
}
