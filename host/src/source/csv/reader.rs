//! The source: rows in, frames out.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::ByteRecord;

use super::CsvOptions;
use super::cell::{self, Cell};
use super::clock::{self, Clock, Problem};
use super::columns::{self, Refusal, TimeCells, shown};
use super::detect::{self, malformed};
use super::input::{Bytes, Counted, Input};
use crate::source::{Channel, Progress, Source, SourceError, StreamInfo, Tally};

/// A table of numbers as a stream of frames. See the [module](super) for what is understood and repaired.
///
/// Memory is constant: the first rows (64, at most 4 MiB), one row (at most 1 MiB) and the parser's buffers.
pub struct CsvSource {
    path: PathBuf,
    info: StreamInfo,
    tally: Tally,
    parser: csv::Reader<Input>,
    row: ByteRecord,
    /// Rows read to find out what the columns hold, not delivered yet; and the error that follows them.
    first: VecDeque<ByteRecord>,
    failed: Option<SourceError>,
    /// Names of all columns of the file, and which of them are channels.
    names: Vec<String>,
    channels: Vec<usize>,
    clock: Clock,
    comma: bool,
    infinite_met: bool,
    ended: bool,
    done: Arc<AtomicU64>,
    total: u64,
}

impl CsvSource {
    /// Opens the table at `path` and reads its first rows.
    ///
    /// # Errors
    /// [`SourceError::Io`] if the file cannot be opened; [`SourceError::Malformed`] or
    /// [`SourceError::Unsupported`] if it is empty, has no rows, is no text, or does not fit `options`.
    pub fn open(path: &Path, options: &CsvOptions) -> Result<Self, SourceError> {
        let file = File::open(path).map_err(|source| SourceError::Io { path: path.into(), source })?;
        let total = file.metadata().map_or(0, |m| m.len());
        Self::new(path.into(), total, Box::new(file), options)
    }

    /// Reads a table from any bytes, plain or gzip; `name` stands for the file in messages.
    ///
    /// # Errors
    /// As for [`CsvSource::open`].
    pub fn from_reader(
        name: &str,
        reader: impl Read + Send + 'static,
        options: &CsvOptions,
    ) -> Result<Self, SourceError> {
        Self::new(name.into(), 0, Box::new(reader), options)
    }

    fn new(path: PathBuf, total: u64, raw: Bytes, options: &CsvOptions) -> Result<Self, SourceError> {
        if let Some(rate) = options.rate_hz.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
            return Err(malformed(&path, "", format!("a rate of {rate} Hz"), "give a rate above 0"));
        }
        let (raw, done) = Counted::new(raw);
        let table = detect::table(&path, Box::new(raw), options)?;
        let (first, comma, mut notes) = (table.first, table.comma, table.notes);
        let layout = columns::lay_out(&table.columns, table.named, &first, comma, options, &mut notes)
            .map_err(|Refusal { problem, fix }| malformed(&path, "", problem, &fix))?;
        let timed = layout.time != TimeCells::None;
        if timed && options.rate_hz.is_some() {
            notes.push("the given rate is not used: the table has a time column".into());
        }
        notes.extend(columns::told(layout.time, &table.columns));
        let channel = |&i: &usize| {
            let column = &table.columns[i];
            Channel { name: column.name.clone(), unit: column.unit.clone(), rails: None }
        };
        let info = StreamInfo {
            name: crate::source::stream_name(&path),
            format: table.format,
            channels: layout.channels.iter().map(channel).collect(),
            rate_hz: if timed { clock::rate(layout.time, &first, comma) } else { options.rate_hz },
            start: clock::start(layout.time, &first, comma),
            frames: None,
            notes,
        };
        Ok(Self {
            path,
            info,
            tally: Tally::default(),
            parser: table.parser,
            row: ByteRecord::new(),
            first: first.into(),
            failed: table.failed,
            names: table.columns.into_iter().map(|column| column.name).collect(),
            channels: layout.channels,
            clock: Clock::new(layout.time, comma, options.rate_hz),
            comma,
            infinite_met: false,
            ended: false,
            done,
            total,
        })
    }

    /// Puts the next row into `self.row`; `false` at the end.
    fn next_row(&mut self) -> Result<bool, SourceError> {
        if self.ended {
            return Ok(false);
        }
        if let Some(row) = self.first.pop_front() {
            self.row = row;
            return Ok(true);
        }
        let result = match self.failed.take() {
            Some(error) => Err(error),
            None => detect::read_row(&self.path, &mut self.parser, &mut self.row),
        };
        // After an error there is nothing more to come: the parser may stand anywhere.
        self.ended = !matches!(result, Ok(true));
        result
    }

    /// Fills `frame` from the row; `true` if the row had something wrong with it.
    fn fill(&mut self, frame: &mut [f32]) -> bool {
        let mut wrong = false;
        for (value, &column) in frame.iter_mut().zip(&self.channels) {
            // A cell that is not there is as good as empty; the row is counted once as too short.
            let cell = self.row.get(column).unwrap_or_default();
            let what = match cell::parse(cell, self.comma) {
                Cell::Value(number) => {
                    *value = number;
                    continue;
                }
                Cell::Missing => {
                    self.tally.missing += 1;
                    None
                }
                Cell::Infinite => {
                    self.tally.missing += 1;
                    let known = std::mem::replace(&mut self.infinite_met, true);
                    (!known).then_some("is infinite: taken as missing, as all others like it")
                }
                Cell::Text => {
                    wrong = true;
                    Some("is no number: taken as missing")
                }
            };
            *value = f32::NAN;
            if let Some(what) = what {
                let (place, name) = (place(&self.path, &self.row), &self.names[column]);
                let kind = format!("column `{name}` {what}");
                self.tally.remark_again(&place, &kind, &format!("column `{name}`: `{}` {what}", shown(cell)));
            }
        }
        wrong
    }

    /// Remarks on a row with too few or too many cells; empty cells at the end do no harm.
    fn check_width(&mut self) -> bool {
        let (found, expected) = (self.row.len(), self.names.len());
        let blank = |cell: &[u8]| cell.trim_ascii().is_empty();
        if found == expected || (found > expected && self.row.iter().skip(expected).all(blank)) {
            return false;
        }
        let text = format!("{found} cells instead of {expected}");
        self.tally.remark_again(&place(&self.path, &self.row), &text, &text);
        true
    }

    fn remark_time(&mut self, problem: Problem) {
        let (kind, text) = match problem {
            Problem::Unreadable => {
                ("unreadable time", "no time can be read; it stays at the row before".to_owned())
            }
            // Nanoseconds: without the digits that subtracting doubles invents.
            Problem::Backwards(by) => (
                "backwards",
                format!("time runs backwards by {} s; it stays at the row before", (by * 1e9).round() / 1e9),
            ),
        };
        self.tally.remark_again(&place(&self.path, &self.row), kind, &text);
    }
}

/// `file:line` of a row.
fn place(path: &Path, row: &ByteRecord) -> String {
    format!("{}:{}", path.display(), row.position().map_or(0, csv::Position::line))
}

impl Source for CsvSource {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn next_frame(&mut self, frame: &mut [f32]) -> Result<Option<f64>, SourceError> {
        debug_assert_eq!(frame.len(), self.channels.len());
        if !self.next_row()? {
            return Ok(None);
        }
        let narrow = self.check_width();
        let wrong = self.fill(frame);
        let (time, problem) = self.clock.next(&self.row);
        if let Some(problem) = problem {
            self.remark_time(problem);
        }
        self.tally.malformed += u64::from(narrow || wrong || problem.is_some());
        Ok(Some(time))
    }

    fn progress(&self) -> Progress {
        Progress { done_bytes: self.done.load(Ordering::Relaxed), total_bytes: self.total }
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}
