//! A progress bar on a terminal, nothing elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::source::Progress;

/// Shows which step of a comparison runs, and how much of it is done.
pub(super) struct Steps(ProgressBar);

impl Steps {
    /// A bar; hidden if `quiet` or standard error is no terminal.
    pub(super) fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(100), target(quiet));
        let template = "{msg:14} {wide_bar} {elapsed}";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self(bar)
    }

    /// Moves it; `part` is from 0 to 1.
    pub(super) fn update(&self, step: &str, part: f64) {
        if !self.0.is_hidden() {
            self.0.set_message(step.to_owned());
            self.0.set_position((part * 100.0) as u64);
        }
    }

    /// Takes it away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// Standard error, if it is a terminal and somebody wants to see.
fn target(quiet: bool) -> ProgressDrawTarget {
    let shown = !quiet && std::io::stderr().is_terminal();
    if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() }
}

/// Shows how far a recording was read, how fast, and what is left.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar with the record's name; hidden if `quiet` or standard error is no terminal.
    pub(super) fn new(name: &str, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), target(quiet)).with_prefix(name.to_owned());
        let template = "{prefix} {wide_bar} {percent:>3} % {msg} {binary_bytes_per_sec}, {eta} left";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self(bar)
    }

    /// Moves it.
    pub(super) fn update(&self, progress: Progress, frames: u64) {
        if self.0.is_hidden() {
            return;
        }
        self.0.set_length(progress.total_bytes);
        self.0.set_position(progress.done_bytes);
        self.0.set_message(format!("{frames} frames"));
    }

    /// Takes it away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
