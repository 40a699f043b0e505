//! Where results go: one file per kind of output, one trait.
//!
//! Files are written as `NAME.part` and renamed when they are whole, so that nothing partial looks finished.

mod annotations;
mod events;
mod part_file;
mod report;
mod scores;
mod shift_record;

use std::io;

use eigenstream_core::monitor::{Counters, Verdict};
use eigenstream_core::watch::WatchStatus;

use crate::source::Tally;
pub use annotations::Annotations;
pub use events::{EventRecord, Events, Involved, SCHEMA};
pub use part_file::PartFile;
pub use report::ReportPage;
pub use scores::Scores;
pub use shift_record::{ShiftRecord, ShiftRecordChannel, watch_in_words};

/// What a replay came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Counters of the engine.
    pub counters: Counters,
    /// What the watch for shifts has found out about the stream, if there was one.
    pub watch: Option<WatchStatus>,
    /// What the source had to repair or pass over.
    pub tally: Tally,
    /// Time of the last frame, in seconds since the first.
    pub duration_s: f64,
    /// Wall-clock seconds the replay took.
    pub elapsed_s: f64,
}

/// Takes what the engine says, in the order of the stream.
pub trait Sink {
    /// A frame as it was read, with its time in seconds. Its verdict follows some frames later.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn frame(&mut self, _time_s: f64, _frame: &[f32]) -> io::Result<()> {
        Ok(())
    }

    /// The verdict on the frame at `time_s`; frames are judged in order, each once.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn verdict(&mut self, _time_s: f64, _verdict: &Verdict) -> io::Result<()> {
        Ok(())
    }

    /// An event that has ended.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn event(&mut self, _event: &EventRecord) -> io::Result<()> {
        Ok(())
    }

    /// A shift that has settled: some time after its alarm, or at the end.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn shift(&mut self, _shift: &ShiftRecord) -> io::Result<()> {
        Ok(())
    }

    /// The end of the stream: makes the output whole. A sink that is dropped without it leaves only a `.part` file.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn finish(self: Box<Self>, outcome: &Outcome) -> io::Result<()>;

    /// The output's name in messages.
    fn name(&self) -> String;
}
