//! Rivals in Python, each in a process that answers requests, so that they take turns with ours. See `peers.py`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use eigenstream_benches::data::Result;
use serde_json::{Value, json};

/// A Python process that answers.
pub(crate) struct Peers {
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
    versions: Value,
}

impl Peers {
    /// Starts `python3`.
    pub(crate) fn start() -> Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers.py");
        let mut command = Command::new("python3");
        let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = child.stdin.take().ok_or("no stdin")?;
        let replies = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let mut peers = Self { child, requests, replies, versions: Value::Null };
        peers.versions = peers.reply()?["versions"].take();
        Ok(peers)
    }

    /// The version of a Python package, if it can be imported.
    pub(crate) fn version(&self, package: &str) -> Option<&str> {
        self.versions[package].as_str()
    }

    fn reply(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.replies.read_line(&mut line)?;
        let reply: Value = serde_json::from_str(&line).map_err(|e| format!("peers.py: {e}"))?;
        match reply["error"].as_str() {
            Some(error) => Err(format!("peers.py: {error}").into()),
            None => Ok(reply),
        }
    }

    fn ask(&mut self, request: &Value) -> Result<Value> {
        writeln!(self.requests, "{request}")?;
        self.reply()
    }

    /// Nanoseconds a frame of `peer` on frames of `n` channels; `r` and `batch` are for those that take them.
    pub(crate) fn speed(
        &mut self,
        peer: &str,
        n: usize,
        r: usize,
        batch: usize,
        seconds: f64,
    ) -> Result<f64> {
        let request =
            json!({"task": "speed", "peer": peer, "n": n, "r": r, "batch": batch, "seconds": seconds});
        let reply = self.ask(&request)?;
        Ok(reply["ns"].as_f64().ok_or("peers.py: no figure")?)
    }

    /// The share of the centred frames, after `burn_in`, that scikit-learn's incremental PCA leaves over.
    pub(crate) fn track(&mut self, n: usize, r: usize, burn_in: usize, centred: &[f64]) -> Result<f64> {
        let reply =
            self.ask(&json!({"task": "track", "n": n, "r": r, "burn_in": burn_in, "values": centred}))?;
        Ok(reply["share"].as_f64().ok_or("peers.py: no share")?)
    }

    /// One score a frame.
    pub(crate) fn detect(&mut self, peer: &str, channels: usize, values: &[f32]) -> Result<Vec<f32>> {
        let request = json!({"task": "detect", "peer": peer, "channels": channels, "values": values});
        let reply = self.ask(&request)?;
        let scores = reply["scores"].as_array().ok_or("peers.py: no scores")?;
        Ok(scores.iter().map(|score| score.as_f64().map_or(f32::NAN, |score| score as f32)).collect())
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        // It would end by itself at the end of its input; a failure means that it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
