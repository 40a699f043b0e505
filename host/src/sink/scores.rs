//! Scores as a table: one row per frame, aligned to the frame it judges.

use std::io::{self, Write};
use std::path::Path;

use eigenstream_core::monitor::Verdict;

use super::{Outcome, PartFile, Sink};

/// Writes `index,time_s,score,p_value,limit,alarm`. An empty cell is "not known" (warm-up, or nothing to judge by).
#[derive(Debug)]
pub struct Scores {
    file: PartFile,
    first: u64,
}

impl Scores {
    /// Creates the table; its first row has the index `first`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: &Path, first: u64) -> io::Result<Self> {
        let mut file = PartFile::create(path)?;
        writeln!(file, "index,time_s,score,p_value,limit,alarm")?;
        Ok(Self { file, first })
    }

    fn cell(&mut self, value: f32) -> io::Result<()> {
        if value.is_finite() { write!(self.file, "{value},") } else { write!(self.file, ",") }
    }
}

impl Sink for Scores {
    fn verdict(&mut self, time_s: f64, verdict: &Verdict) -> io::Result<()> {
        // Nanoseconds: the fraction of a sampling clock, without the digits that adding doubles invents.
        let time = (time_s * 1e9).round() / 1e9;
        write!(self.file, "{},{time},", self.first + verdict.frame)?;
        self.cell(verdict.score)?;
        self.cell(verdict.p_value)?;
        self.cell(verdict.limit)?;
        writeln!(self.file, "{}", u8::from(verdict.alarm))
    }

    fn finish(self: Box<Self>, _: &Outcome) -> io::Result<()> {
        self.file.finish()
    }

    fn name(&self) -> String {
        self.file.path().display().to_string()
    }
}
