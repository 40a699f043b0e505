//! From two files and the settings to a comparison and its outputs.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::read::{Axes, Kind, MOST_CHANNELS, Reading, read};
use super::{CompareError, Comparison, Points, SIDES, compare, write_mask};
use crate::engine::outputs::{parts, place};
use crate::report::compare_page;
use crate::settings::{RunError, Settings, SettingsError, Span};
use crate::sink::PartFile;
use crate::source::window::Window;
use crate::source::{Source, StreamInfo, open, stream_name};

/// Length of a window where none is told: this, or less for short recordings.
const WINDOW_S: f64 = 1.0;
const WINDOW_FRAMES: usize = 100;
/// So many windows the shorter side should give, if that leaves them [`FEWEST_FRAMES`].
const WINDOWS: usize = 100;
const FEWEST_FRAMES: usize = 16;
/// Rates that differ by more than this part are different.
const SAME_RATE: f64 = 0.01;
/// Channels named in a message.
const NAMED: usize = 8;

/// A comparison that was made and written.
#[derive(Clone, Debug)]
pub struct Done {
    /// The outcome.
    pub comparison: Comparison,
    /// What happened, in a few lines for people.
    pub summary: String,
}

/// Compares two recordings and writes the outcome where the settings say. `progress` is told what is being done and how much of it (0 to 1).
///
/// # Errors
/// If a recording cannot be read, the two have nothing to compare, there is too little of them, a setting does not fit, or an output cannot be
/// written.
pub fn compare_files(
    reference: &Path,
    file: &Path,
    settings: &Settings,
    progress: &(dyn Fn(&str, f64) + Sync),
) -> Result<Done, RunError> {
    let outputs = outputs(settings, [reference, file])?;
    let s = &settings.compare;
    let sides = [Stretch { path: reference, span: s.reference_span }, Stretch { path: file, span: s.span }];
    let pair = Pair::new(&sides, settings)?;
    let axes = pair.axes(&sides, settings)?;
    let mut points = Vec::new();
    for (side, columns) in sides.iter().zip(&pair.columns) {
        let (mut source, skipped) = side.open(settings)?;
        let mut told = |source: &dyn Source| {
            let p = source.progress();
            progress("reading", p.done_bytes as f64 / p.total_bytes.max(1) as f64);
        };
        points.push(read(&mut source, columns, skipped, &pair.reading, axes.as_ref(), &mut told)?);
    }
    let [a, b] = [&points[0], &points[1]];
    let mut comparison =
        compare(a, b, &s.config(), progress).map_err(|e| explain(e, &sides, &pair, [a, b]))?;
    comparison.remarks.splice(0..0, pair.remarks.iter().cloned());
    let files = outputs.write(&comparison, [a, b], settings)?;
    let summary = summary(&comparison, &pair.reading, &files);
    Ok(Done { comparison, summary })
}

/// A recording and the stretch of it that is compared.
struct Stretch<'a> {
    path: &'a Path,
    span: Option<Span>,
}

impl Stretch<'_> {
    /// The source at its first frame, and the frames before.
    fn open(&self, settings: &Settings) -> Result<(Window<Box<dyn Source>>, u64), RunError> {
        let source = open(self.path, &settings.open_options()?)?;
        let span = self.span.unwrap_or_default();
        let window = Window::new(source, span.from.map(|t| t.seconds()), span.to.map(|t| t.seconds()))?;
        let skipped = window.skipped();
        Ok((window, skipped))
    }

    /// Its length: read through if the file does not tell.
    fn frames(&self, settings: &Settings) -> Result<(StreamInfo, u64), RunError> {
        let (mut source, _) = self.open(settings)?;
        let info = source.info().clone();
        if let Some(frames) = info.frames {
            return Ok((info, frames));
        }
        let mut frame = vec![0.0; info.channels.len()];
        let mut frames = 0;
        while source.next_frame(&mut frame)?.is_some() {
            frames += 1;
        }
        Ok((info, frames))
    }

    fn nothing(&self, problem: impl Into<String>, fix: impl Into<String>) -> RunError {
        RunError::Nothing { name: self.path.display().to_string(), problem: problem.into(), fix: fix.into() }
    }
}

/// What both sides have in common.
struct Pair {
    /// The channels of each side that are compared, in the reference's order.
    columns: [Vec<usize>; 2],
    reading: Reading,
    frames: [u64; 2],
    remarks: Vec<String>,
}

impl Pair {
    fn new(sides: &[Stretch<'_>; 2], settings: &Settings) -> Result<Self, RunError> {
        let (a, n) = sides[0].frames(settings)?;
        let (b, m) = sides[1].frames(settings)?;
        for (side, frames) in sides.iter().zip([n, m]) {
            if frames == 0 {
                let fix = "check the stretch against the length that `eigenstream info` tells";
                return Err(side.nothing("no frames to compare", fix));
            }
        }
        let (columns, mut remarks) = common(sides, &a, &b)?;
        let s = &settings.compare;
        let rate_hz = match (a.rate_hz, b.rate_hz) {
            (Some(x), Some(y)) if (x / y - 1.0).abs() > SAME_RATE && s.features != Kind::Rows => {
                let fix = "resample one of them, or compare single rows with --features rows";
                return Err(
                    sides[1].nothing(format!("{y} Hz, but {} has {x} Hz", sides[0].path.display()), fix)
                );
            }
            (Some(x), Some(_)) => Some(x),
            (None, None) => None,
            _ => {
                remarks.push("one of the recordings has no rate: lengths are counted in frames".into());
                None
            }
        };
        let window = window(s.window, rate_hz, n.min(m));
        let reading = Reading { kind: s.features, window, rate_hz, points: s.points, seed: s.seed };
        Ok(Self { columns, reading, frames: [n, m], remarks })
    }

    /// The axes of the reference, if both are to be looked at along them.
    fn axes(&self, sides: &[Stretch<'_>; 2], settings: &Settings) -> Result<Option<Axes>, RunError> {
        if self.reading.kind != Kind::Coordinates {
            return Ok(None);
        }
        let (mut source, _) = sides[0].open(settings)?;
        match Axes::learn(&mut source, &self.columns[0])? {
            Some(axes) => Ok(Some(axes)),
            None => Err(sides[0].nothing(
                "no axes can be learned",
                format!(
                    "--features coordinates takes 2 to {MOST_CHANNELS} channels that vary, and ten frames for each; use --features windows"
                ),
            )),
        }
    }
}

/// Frames of a window.
fn window(told: Option<f64>, rate_hz: Option<f64>, shorter: u64) -> usize {
    let frames = |seconds: f64| (seconds * rate_hz.unwrap_or(1.0)).round().clamp(2.0, 1e7) as usize;
    told.map_or_else(
        || {
            let usual = rate_hz.map_or(WINDOW_FRAMES, |_| frames(WINDOW_S).max(FEWEST_FRAMES));
            let short = usize::try_from(shorter).unwrap_or(usize::MAX) / WINDOWS;
            usual.min(short.max(FEWEST_FRAMES))
        },
        frames,
    )
}

type Common = ([Vec<usize>; 2], Vec<String>);

/// Channels that both recordings have, by name.
fn common(sides: &[Stretch<'_>; 2], a: &StreamInfo, b: &StreamInfo) -> Result<Common, RunError> {
    let mut columns = [Vec::new(), Vec::new()];
    let mut remarks = Vec::new();
    for (i, channel) in a.channels.iter().enumerate() {
        let Some(j) = b.channels.iter().position(|c| c.name == channel.name) else { continue };
        columns[0].push(i);
        columns[1].push(j);
        if b.channels[j].unit != channel.unit {
            let (x, y) = (&channel.unit, &b.channels[j].unit);
            remarks.push(format!(
                "channel `{}` is in `{x}` in the reference and in `{y}` in the file",
                channel.name
            ));
        }
    }
    let names = |info: &StreamInfo, but: &[usize]| {
        let others = info.channels.iter().enumerate().filter(|(i, _)| !but.contains(i));
        let names: Vec<String> = others.map(|(_, c)| format!("`{}`", c.name)).collect();
        let more = names.len().saturating_sub(NAMED);
        let shown = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        if more > 0 { format!("{shown} and {more} more") } else { shown }
    };
    if columns[0].is_empty() {
        let problem = format!("no channel has the name of one in {}", sides[0].path.display());
        let fix = format!("name them alike: here {}, there {}", names(b, &[]), names(a, &[]));
        return Err(sides[1].nothing(problem, fix));
    }
    for (side, info, used) in [(&sides[0], a, &columns[0]), (&sides[1], b, &columns[1])] {
        if used.len() < info.channels.len() {
            let only = names(info, used);
            remarks.push(format!("only in {}, not compared: {only}", side.path.display()));
        }
    }
    Ok((columns, remarks))
}

/// What the user can do about it.
fn explain(error: CompareError, sides: &[Stretch<'_>; 2], pair: &Pair, points: [&Points; 2]) -> RunError {
    let kind = pair.reading.kind;
    match &error {
        CompareError::TooFew { points: complete, needed, .. } => {
            let short = (0..2).min_by_key(|&i| points[i].len()).unwrap_or(0);
            let side = usize::from(points[short].len() >= *needed && *complete < *needed);
            let at = if points[short].len() < *needed { short } else { side };
            let made = match kind {
                Kind::Windows | Kind::Coordinates => format!(
                    "{} frames make {} windows of {} frames",
                    pair.frames[at],
                    points[at].len(),
                    pair.reading.window
                ),
                Kind::Rows => format!("{} rows", pair.frames[at]),
            };
            let whole = if points[at].len() < *needed {
                String::new()
            } else {
                format!(", {complete} of them without a gap")
            };
            let fix = match kind {
                Kind::Windows | Kind::Coordinates => {
                    "compare a longer stretch, shorten --window, or use --features rows if rows have nothing to do with each other"
                }
                Kind::Rows => "compare a longer stretch, or leave out columns with gaps (--ignore)",
            };
            sides[at].nothing(format!("{made}{whole}, at least {needed} points are needed"), fix)
        }
        CompareError::Neighbours { neighbours, points } => {
            let fix = format!("both sides together have {points} points; give fewer");
            SettingsError::value("compare.neighbours", &neighbours.to_string(), fix).into()
        }
        _ => sides[1]
            .nothing(error.to_string(), "see `eigenstream info`, and check for constant or missing channels"),
    }
}

/// Where the outcome goes.
struct Outputs {
    out: Option<PathBuf>,
    mask: Option<PathBuf>,
    report: Option<PathBuf>,
}

/// The outputs, none of which may be a recording or the file of another.
fn outputs(settings: &Settings, inputs: [&Path; 2]) -> Result<Outputs, SettingsError> {
    let name = stream_name(inputs[1]);
    let named = |path: &Option<PathBuf>, none: &str| {
        let path = path.as_ref().filter(|p| p.as_os_str() != none)?;
        Some(PathBuf::from(path.to_string_lossy().replace("{}", &name)))
    };
    let s = &settings.compare;
    let outputs = Outputs {
        out: named(&s.out, "-"),
        mask: named(&s.mask, ""),
        report: named(&settings.report, "none"),
    };
    let recordings: HashSet<PathBuf> = inputs.iter().flat_map(|input| parts(input)).collect();
    let mut taken = HashSet::new();
    let keys = [("compare.out", &outputs.out), ("compare.mask", &outputs.mask), ("report", &outputs.report)];
    for (key, path) in keys.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?))) {
        let wrong = |fix| Err(SettingsError::value(key, &path.to_string_lossy(), fix));
        if path.as_os_str().is_empty() || path.as_os_str() == "-" {
            return wrong("give a file name");
        }
        let at = place(path);
        if recordings.contains(&at) || recordings.contains(&PartFile::part(&at)) {
            return wrong("this would overwrite a recording; choose another name");
        }
        let is_file = path.metadata().map_or(true, |there| there.is_file());
        if is_file && !taken.insert(at) {
            return wrong("this is also the file of another output; give each its own");
        }
    }
    Ok(outputs)
}

impl Outputs {
    /// Writes them and returns the names of the files.
    fn write(
        self,
        c: &Comparison,
        points: [&Points; 2],
        settings: &Settings,
    ) -> Result<Vec<PathBuf>, RunError> {
        let json = serde_json::to_string(c).unwrap_or_default() + "\n";
        let mut files = Vec::new();
        if let Some(path) = self.mask {
            to_file(&path, |out| write_mask(c, out))?;
            files.push(path);
        }
        if let Some(path) = self.report {
            let toml = toml::to_string(&settings.compare).unwrap_or_default();
            to_file(&path, |out| compare_page(c, points, &toml).write_to(out))?;
            files.push(path);
        }
        match self.out {
            Some(path) => {
                to_file(&path, |out| out.write_all(json.as_bytes()))?;
                files.push(path);
            }
            None => {
                let written = io::stdout().write_all(json.as_bytes());
                written.map_err(|source| RunError::Output { path: "standard output".into(), source })?;
            }
        }
        Ok(files)
    }
}

fn to_file(path: &Path, write: impl FnOnce(&mut PartFile) -> io::Result<()>) -> Result<(), RunError> {
    let all = || {
        let mut file = PartFile::create(path)?;
        write(&mut file)?;
        file.finish()
    };
    all().map_err(|source| RunError::Output { path: path.to_owned(), source })
}

/// What was found, in a few lines.
fn summary(c: &Comparison, reading: &Reading, files: &[PathBuf]) -> String {
    let points = match reading.kind {
        Kind::Windows | Kind::Coordinates => format!("windows of {} frames", reading.window),
        Kind::Rows => "rows".into(),
    };
    let verdict = if c.shift { "shift" } else { "no shift found" };
    let mut text =
        format!("{verdict}, p = {:.3}: {} and {} {points}", c.p_value, c.reference.points, c.file.points);
    let _ = writeln!(text, ", {} features, K = {}", c.features.len(), c.neighbours);
    if !c.subset.is_empty() {
        let names: Vec<&str> = c.subset.iter().map(|s| s.feature.as_str()).collect();
        let _ = writeln!(text, "  in {}", names.join(", "));
    }
    if let Some(first) = c.stretches.first().filter(|_| c.shift) {
        let side = SIDES[first.side];
        let _ = writeln!(text, "  strongest from {:.3} to {:.3} s of the {side}", first.from_s, first.to_s);
    }
    if let Some(e) = &c.equalised {
        let [a, b] = e.kept.map(|part| part * 100.0);
        let _ = writeln!(text, "  without a difference: {a:.0} % of the reference, {b:.0} % of the file");
    }
    for remark in &c.remarks {
        let _ = writeln!(text, "  warning: {remark}");
    }
    for file in files {
        let _ = writeln!(text, "  wrote {}", file.display());
    }
    text
}
