//! All settings of a run, from four layers: defaults, a TOML file, environment variables, flags. Later layers win.
//!
//! Every setting has one key. `temporal.length` is `length` in the table `[temporal]` of the file, the variable
//! `EIGENSTREAM_TEMPORAL_LENGTH`, and the flag `--temporal.length`. The keys are listed once, in [`KEYS`].

mod compare;
mod keys;
mod layers;
mod span;
mod time;

use std::path::{Path, PathBuf};

use eigenstream_core::condition::ConditionConfig;
use eigenstream_core::monitor::{AlarmConfig, Config, SpatialConfig, TemporalConfig};
use eigenstream_core::track::{FlagConfig, LevelConfig};
use eigenstream_core::watch::WatchConfig;
use serde::{Deserialize, Serialize};

pub use compare::CompareSettings;
pub use keys::{KEYS, Key, Kind};
pub use layers::{Layers, SettingsError};
pub use span::Span;
pub use time::TimeOffset;

use crate::source::csv::{CsvOptions, TimeChoice};
use crate::source::pacing::Speed;
use crate::source::{OpenOptions, SourceError};

/// Everything a run can be told. See [`KEYS`] for what each means.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Scores table to write; `{}` stands for the record's name.
    pub scores: Option<PathBuf>,
    /// Events file to write (JSON Lines); `-` is standard output.
    pub events: Option<PathBuf>,
    /// Report page to write; `none` for no report.
    pub report: Option<PathBuf>,
    /// Extension of a WFDB annotation file to write beside the record.
    pub annotate: Option<String>,
    /// Replay speed.
    pub speed: Option<String>,
    /// Where to begin.
    pub from: Option<TimeOffset>,
    /// Where to end.
    pub to: Option<TimeOffset>,
    /// Columns that are not signals.
    pub ignore: Vec<String>,
    /// Frames per second of a table without a time column.
    pub rate_hz: Option<f64>,
    /// The character between the cells of a table.
    pub delimiter: Option<String>,
    /// Whether the first row of a table holds names.
    pub header: Option<bool>,
    /// The time column of a table, `none` for none.
    pub time_column: Option<String>,
    /// Whether alarms make the exit status 3.
    pub fail_on_alarm: bool,
    /// From raw samples to numbers.
    pub condition: ConditionConfig,
    /// The spatial view.
    pub spatial: SpatialConfig,
    /// The temporal views.
    pub temporal: TemporalConfig,
    /// The levels.
    pub level: LevelConfig,
    /// The flags.
    pub flag: FlagConfig,
    /// From scores to alarms.
    pub alarm: AlarmConfig,
    /// The watch for shifts.
    pub shift: WatchConfig,
    /// The comparison of two recordings.
    pub compare: CompareSettings,
}

impl Settings {
    /// The part of the core.
    #[must_use]
    pub fn monitor(&self) -> Config {
        Config {
            condition: self.condition,
            spatial: self.spatial,
            temporal: self.temporal,
            level: self.level,
            flag: self.flag,
            alarm: self.alarm,
        }
    }

    /// The part of the sources.
    ///
    /// # Errors
    /// If the delimiter is not one ASCII character (or `tab`, `space`).
    pub fn open_options(&self) -> Result<OpenOptions, SettingsError> {
        let time = match self.time_column.as_deref() {
            None => TimeChoice::Auto,
            Some("none") => TimeChoice::None,
            Some(column) => TimeChoice::Column(column.to_owned()),
        };
        let delimiter = self.delimiter.as_deref().map(delimiter).transpose()?;
        let (ignore, rate_hz, header) = (self.ignore.clone(), self.rate_hz, self.header);
        Ok(OpenOptions { csv: CsvOptions { ignore, rate_hz, delimiter, header, time } })
    }

    /// The replay speed.
    ///
    /// # Errors
    /// If it is neither `max` nor like `1x` or `10x`.
    pub fn speed(&self) -> Result<Speed, SettingsError> {
        let Some(text) = &self.speed else { return Ok(Speed::Max) };
        text.parse().map_err(|e| SettingsError::value("speed", text, format!("{e}")))
    }

    /// Checks what the types cannot: ranges of the core's numbers, the window in time, the delimiter, the speed.
    ///
    /// # Errors
    /// The first setting that is wrong, by its key.
    pub fn validate(&self) -> Result<(), SettingsError> {
        self.monitor().validate()?;
        self.shift.validate()?;
        self.compare.validate()?;
        self.speed()?;
        self.open_options()?;
        if let Some(rate) = self.rate_hz
            && !(rate.is_finite() && rate > 0.0)
        {
            return Err(SettingsError::value("rate_hz", &rate.to_string(), "give frames per second above 0"));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from.seconds() >= to.seconds()
        {
            return Err(SettingsError::value("to", &to.to_string(), "it must be later than `from`"));
        }
        if let Some(extension) = &self.annotate {
            annotator(extension)?;
        }
        Ok(())
    }
}

fn delimiter(text: &str) -> Result<u8, SettingsError> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        "space" => Ok(b' '),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() => Ok(*byte),
            _ => Err(SettingsError::value("delimiter", text, "give one character, `tab` or `space`")),
        },
    }
}

/// Refuses extensions that would replace a part of the record itself.
fn annotator(extension: &str) -> Result<(), SettingsError> {
    let taken = ["hea", "dat", "mat", "atr"].iter().any(|t| extension.eq_ignore_ascii_case(t));
    let plain = !extension.is_empty() && extension.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if taken {
        let fix = "that is a part of the record; choose another extension, for example `est`";
        return Err(SettingsError::value("annotate", extension, fix));
    }
    if plain {
        Ok(())
    } else {
        Err(SettingsError::value("annotate", extension, "use letters and digits only"))
    }
}

/// Why a run did not come about or did not come to its end, with the exit status that says so.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Bad usage or configuration: status 2.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The recording cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// An output cannot be written.
    #[error("cannot write {}: {source}; choose another place or free some room", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The recording was read, but there was nothing to say about it.
    #[error("{name}: {problem}; {fix}")]
    Nothing {
        /// The recording.
        name: String,
        /// What was missing.
        problem: String,
        /// What the user can do about it.
        fix: String,
    },
}

impl RunError {
    /// Names the file of a recording that nothing could be said about: the engine knows only the name of the stream.
    #[must_use]
    pub fn of_file(self, path: &Path) -> Self {
        match self {
            Self::Nothing { problem, fix, .. } => {
                Self::Nothing { name: path.display().to_string(), problem, fix }
            }
            other => other,
        }
    }

    /// Whether the reader of our standard output has gone: nothing to explain to anybody.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// Exit status: 2 for bad usage or configuration, otherwise 1.
    #[must_use]
    pub fn status(&self) -> u8 {
        if matches!(self, Self::Settings(_)) { 2 } else { 1 }
    }
}

#[cfg(test)]
mod tests;
