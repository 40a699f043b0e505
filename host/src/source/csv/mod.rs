//! Tables of numbers as text: CSV and its many relatives, plain or gzip.
//!
//! What is found out by itself, from the first rows only (memory stays constant whatever the length):
//! gzip by its magic bytes, byte order mark, delimiter (`,` `;` tab `|` or runs of blanks), quote, decimal comma,
//! header row, units in header names (`Pressure [bar]`), the time column and its kind.
//!
//! # Time
//! Date-times (`2020-03-09 16:16:30.5`, `2020/03/09 …`, `09.03.2020 …`, RFC 3339 with offset), a date and a time of
//! day in two columns, a time of day alone, or numbers in a column named for time: seconds, the unit its name gives
//! (`time_ms`, `time [us]`), or Unix epoch in s, ms, µs or ns by magnitude. Dates such as `03/04/2020` are not
//! accepted, because day and month cannot be told apart.
//! Without a time column the time of frame k is k / `rate_hz`, and k itself ("seconds" are then frames) when no
//! rate is given. A time cell that runs backwards or cannot be read is a counted remark; time then stays where it was.
//!
//! # What is repaired, and how it is counted
//! | met | delivered | counted |
//! |---|---|---|
//! | empty cell, `NaN`, `NA`, `N/A`, `null`, `None`, `-`, `?` | NaN | missing |
//! | infinity, or a number beyond `f32` | NaN | missing, one remark |
//! | text in a column of numbers | NaN | the row once as malformed, remark |
//! | row too short | NaN for the cells that are not there | malformed, and each such cell as missing |
//! | row too long | the cells the header knows | malformed |
//! | blank line, line starting with `#` | nothing | no |
//!
//! Every other row gives exactly one frame, so that a damaged row never shifts the time scale.
//! A column that holds only text is an error, which names the option to leave it out.

mod cell;
mod clock;
mod columns;
mod detect;
mod dialect;
mod header;
mod input;
mod reader;
mod time;

#[cfg(test)]
mod tests;

pub use reader::CsvSource;

/// Most columns a table may have.
pub const MAX_COLUMNS: usize = 4096;

/// Most bytes one row may take. A longer "row" is a file without line ends, or a quote that is never closed.
pub const MAX_ROW_BYTES: u64 = 1 << 20;

/// What a user may say about a table. The default finds out everything by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CsvOptions {
    /// Columns to leave out: by name (with or without its unit) or by position from 0, as `#3`.
    pub ignore: Vec<String>,
    /// Frames per second of a table without a time column. A time column wins over it.
    pub rate_hz: Option<f64>,
    /// The byte between cells; `b' '` means runs of blanks and tabs. `None`: found out.
    pub delimiter: Option<u8>,
    /// Whether the first row holds names. `None`: found out.
    pub header: Option<bool>,
    /// Which column holds time.
    pub time: TimeChoice,
}

/// Which column of a table holds time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TimeChoice {
    /// Found by name and content.
    #[default]
    Auto,
    /// None of them: a column that looks like time is a channel like any other.
    None,
    /// This one, by name or by position as `#0`.
    Column(String),
}
