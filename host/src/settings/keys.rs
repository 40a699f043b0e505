//! The one list of settings: key, kind of value, and what it means.

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A real number.
    Number,
    /// A whole number ≥ 0.
    Whole,
    /// `true` or `false`; the bare flag means `true`.
    Switch,
    /// Text or a path.
    Text,
    /// A list, separated by commas on the command line and in variables.
    List,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key; a dot parts table and key.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Name of the value in the usage text.
    pub value: &'static str,
    /// What it means, for the usage text.
    pub help: &'static str,
}

const fn key(path: &'static str, kind: Kind, value: &'static str, help: &'static str) -> Key {
    Key { path, kind, value, help }
}

/// Every setting, in the order of the usage text.
pub const KEYS: &[Key] = &[
    key("scores", Kind::Text, "OUT.csv", "write index,time_s,score,p_value,limit,alarm, one row per frame"),
    key("events", Kind::Text, "OUT.jsonl", "write one JSON object per event [default: standard output]"),
    key(
        "report",
        Kind::Text,
        "OUT.html",
        "write the report page; `none` for no report [default: {}.html; none for a comparison]",
    ),
    key("annotate", Kind::Text, "EXT", "write a WFDB annotation file next to the record"),
    key("speed", Kind::Text, "SPEED", "replay at `max`, `1x`, `10x`, … [default: max]"),
    key("from", Kind::Text, "T", "begin here: seconds or [hh:]mm:ss"),
    key("to", Kind::Text, "T", "end before here: seconds or [hh:]mm:ss"),
    key("ignore", Kind::List, "COL,…", "columns that are not signals, by name or position (#3)"),
    key("rate_hz", Kind::Number, "HZ", "frames per second of a table without a time column"),
    key("delimiter", Kind::Text, "CHAR", "character between cells, `tab` or `space` [default: detected]"),
    key("header", Kind::Switch, "BOOL", "whether the first row of a table holds names [default: detected]"),
    key("time_column", Kind::Text, "COL", "time column of a table; `none` for none [default: detected]"),
    key("fail_on_alarm", Kind::Switch, "BOOL", "exit with status 3 if there were alarms"),
    key("condition.memory_frames", Kind::Number, "FRAMES", "memory of a channel's mean and scale"),
    key(
        "condition.flag_values",
        Kind::Whole,
        "N",
        "a channel with at most N values, all codes 0 to 7, is a flag",
    ),
    key("spatial.enabled", Kind::Switch, "BOOL", "whether the frame of all channels is watched"),
    key("spatial.rank", Kind::Whole, "R", "largest dimension of the spatial subspace"),
    key("spatial.memory_frames", Kind::Number, "FRAMES", "memory of the spatial subspace"),
    key("temporal.enabled", Kind::Switch, "BOOL", "whether each channel's recent past is watched"),
    key(
        "temporal.coarse",
        Kind::Switch,
        "BOOL",
        "whether also in means of three frames; verdicts come one window later",
    ),
    key(
        "temporal.length",
        Kind::Whole,
        "FRAMES",
        "length of the temporal windows; verdicts come half of it later",
    ),
    key("temporal.rank", Kind::Whole, "R", "dimension of the temporal subspaces"),
    key("temporal.memory_frames", Kind::Number, "FRAMES", "memory of the temporal subspaces, in windows"),
    key("level.enabled", Kind::Switch, "BOOL", "whether each channel's level is watched"),
    key("level.smoothing_frames", Kind::Number, "FRAMES", "frames that a level is averaged over"),
    key("level.memory_frames", Kind::Number, "FRAMES", "memory of the level that it is compared with"),
    key("level.hold_frames", Kind::Whole, "FRAMES", "a new level that lasts so long is the normal one"),
    key("flag.enabled", Kind::Switch, "BOOL", "whether each flag's transitions are watched"),
    key("flag.memory_frames", Kind::Whole, "FRAMES", "frames in one state that count"),
    key(
        "alarm.frames_per_false_alarm",
        Kind::Number,
        "FRAMES",
        "wanted mean number of frames per false alarm",
    ),
    key(
        "alarm.warm_up_frames",
        Kind::Whole,
        "FRAMES",
        "frames that are judged before the first alarm, with those that wait",
    ),
    key("alarm.memory_frames", Kind::Whole, "FRAMES", "past scores that the calibration remembers"),
    key("alarm.merge_frames", Kind::Whole, "FRAMES", "alarms so many frames apart are one event"),
    key(
        "alarm.adaptive",
        Kind::Switch,
        "BOOL",
        "whether limits follow the alarms: the rate is held, and after many alarms none is raised for long",
    ),
    key("shift.enabled", Kind::Switch, "BOOL", "whether lasting changes of the process are looked for"),
    key(
        "shift.frames_per_false_alarm",
        Kind::Number,
        "FRAMES",
        "wanted mean number of frames between false shifts",
    ),
    key("shift.order", Kind::Whole, "N", "past blocks that predict the present one, to begin with (0 to 3)"),
    key(
        "shift.block_frames",
        Kind::Whole,
        "FRAMES",
        "frames put together before they are judged; 0: found out",
    ),
    key(
        "shift.warm_up_blocks",
        Kind::Whole,
        "BLOCKS",
        "blocks before a shift can be seen; 0: by the channels",
    ),
    key(
        "shift.refine_blocks",
        Kind::Whole,
        "BLOCKS",
        "blocks after an alarm that refine its report, at most",
    ),
    key("compare.mask", Kind::Text, "OUT.csv", "write one row per point: place, score, mask and weight"),
    key("compare.out", Kind::Text, "OUT.json", "write the outcome there [default: standard output]"),
    key("compare.reference_span", Kind::Text, "FROM..TO", "stretch of REFERENCE: seconds or [hh:]mm:ss"),
    key("compare.span", Kind::Text, "FROM..TO", "stretch of FILE: seconds or [hh:]mm:ss"),
    key(
        "compare.features",
        Kind::Text,
        "KIND",
        "`windows` of time, `coordinates` (windows along the reference's principal axes) or `rows` of a table [default: windows]",
    ),
    key(
        "compare.window",
        Kind::Number,
        "S",
        "length of a window, in frames if the rate is unknown [default: 1 s or 100 frames, less if short]",
    ),
    key(
        "compare.points",
        Kind::Whole,
        "N",
        "most points of each side, a sample by lot of more [default: 1000]",
    ),
    key(
        "compare.neighbours",
        Kind::Whole,
        "K",
        "neighbours of a point [default: a quarter of the smaller side, 32 to 500]",
    ),
    key("compare.permutations", Kind::Whole, "B", "label permutations of each test [default: 199]"),
    key("compare.level", Kind::Number, "P", "p-value at which a difference is a shift [default: 0.05]"),
    key(
        "compare.point_level",
        Kind::Number,
        "P",
        "probability at which a single point is named [default: 0.00001]",
    ),
    key("compare.most_features", Kind::Whole, "N", "most features of the subset [default: 8]"),
    key("compare.screened", Kind::Whole, "N", "features that are tried after the first one [default: 64]"),
    key("compare.seed", Kind::Whole, "N", "seed of all random choices [default: 1]"),
];

/// The table of `eigenstream compare`; its name is left out of the flags.
const COMPARE: &str = "compare.";

/// Settings of how a table is read.
const TABLES: [&str; 5] = ["ignore", "rate_hz", "delimiter", "header", "time_column"];

/// Settings at the top that a comparison shares with a replay.
const SHARED: [&str; 7] =
    ["report", "ignore", "rate_hz", "delimiter", "header", "time_column", "fail_on_alarm"];

impl Key {
    /// The environment variable, for example `EIGENSTREAM_TEMPORAL_LENGTH`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("EIGENSTREAM_{}", self.path.replace('.', "_").to_ascii_uppercase())
    }

    /// The flag without its dashes, for example `temporal.length` or `fail-on-alarm`; those of `[compare]` without that name.
    #[must_use]
    pub fn flag(&self) -> String {
        self.path.strip_prefix(COMPARE).unwrap_or(self.path).replace('_', "-")
    }

    /// Whether `eigenstream compare` takes it.
    #[must_use]
    pub fn is_for_compare(&self) -> bool {
        self.path.starts_with(COMPARE) || SHARED.contains(&self.path)
    }

    /// Whether `eigenstream info` takes it: how a table is read.
    #[must_use]
    pub fn is_for_info(&self) -> bool {
        TABLES.contains(&self.path)
    }

    /// Whether `eigenstream replay` takes it.
    #[must_use]
    pub fn is_for_replay(&self) -> bool {
        !self.path.starts_with(COMPARE)
    }
}
