//! From settings to sinks: which files a replay writes.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::settings::{RunError, Settings, SettingsError};
use crate::sink::{Annotations, Events, PartFile, ReportPage, Scores, Sink};
use crate::source::{StreamInfo, stream_name};

/// The sinks of one replay and the files they write.
pub struct Outputs {
    /// The sinks, in no particular order.
    pub sinks: Vec<Box<dyn Sink>>,
    /// The files that will be there afterwards.
    pub files: Vec<PathBuf>,
}

/// Stands for the record's name in the name of an output.
const PLACE: &str = "{}";

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Scores,
    Events,
    Annotations,
    Report,
}

impl Use {
    /// The key of its setting.
    fn key(self) -> &'static str {
        match self {
            Self::Scores => "scores",
            Self::Events => "events",
            Self::Annotations => "annotate",
            Self::Report => "report",
        }
    }
}

/// The files that the recording at `input`, called `name`, will be written to.
fn planned(settings: &Settings, input: &Path, name: &str) -> Vec<(Use, PathBuf)> {
    let report = settings.report.clone().unwrap_or_else(|| format!("{PLACE}.html").into());
    let patterns = [
        (Use::Scores, settings.scores.as_deref()),
        (Use::Events, settings.events.as_deref().filter(|p| p.as_os_str() != "-")),
        (Use::Report, Some(report.as_path()).filter(|p| p.as_os_str() != "none")),
    ];
    let named = |pattern: &Path| PathBuf::from(pattern.to_string_lossy().replace(PLACE, name));
    let files = patterns.into_iter().filter_map(|(what, pattern)| Some((what, named(pattern?))));
    let annotations = settings.annotate.as_deref().map(|e| (Use::Annotations, input.with_extension(e)));
    files.chain(annotations).collect()
}

/// Checks the names of outputs before anything is read: none may be empty, be a recording that is replayed, or be written twice.
///
/// # Errors
/// The first output that would not do, by its key.
pub fn check(settings: &Settings, inputs: &[PathBuf]) -> Result<(), SettingsError> {
    let recordings: HashSet<PathBuf> = inputs.iter().flat_map(|input| parts(input)).collect();
    let mut taken: HashMap<PathBuf, (Use, &Path)> = HashMap::new();
    for input in inputs {
        for (what, path) in planned(settings, input, &stream_name(input)) {
            let wrong = |fix: String| Err(SettingsError::value(what.key(), &path.to_string_lossy(), fix));
            if path.as_os_str().is_empty() || path.as_os_str() == "-" {
                return wrong("give a file name; standard output takes only events".into());
            }
            let place = place(&path);
            if recordings.contains(&place) || recordings.contains(&PartFile::part(&place)) {
                return wrong("this would overwrite a recording; choose another name".into());
            }
            // Devices and pipes take all that comes.
            if path.metadata().is_ok_and(|there| !there.is_file()) {
                continue;
            }
            if let Some((other, of)) = taken.insert(place, (what, input)) {
                return wrong(shared(what, other, input, of));
            }
        }
    }
    Ok(())
}

/// What to do about a file that the uses `a` of the recording `input` and `b` of `of` would share.
fn shared(a: Use, b: Use, input: &Path, of: &Path) -> String {
    if input == of && a != b {
        return format!("this is also the file of `{}`; give each output its own", b.key());
    }
    let (of, input) = (of.display(), input.display());
    let place = format!("put {PLACE} where the name of the record should stand");
    format!(
        "{of} and {input} cannot share one file; {place}, or replay them one at a time if their names are alike"
    )
}

/// The files of a recording, as far as its name tells.
pub(crate) fn parts(input: &Path) -> Vec<PathBuf> {
    let record =
        input.extension().is_some_and(|e| e.eq_ignore_ascii_case("hea") || e.eq_ignore_ascii_case("dat"));
    let others =
        ["hea", "dat", "mat", "atr"].iter().filter(|_| record).map(|e| place(&input.with_extension(e)));
    others.chain([place(input)]).collect()
}

/// One name for one file: links and `..` resolved, also if the file is not there yet.
pub(crate) fn place(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let in_folder = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

impl Outputs {
    /// Creates the outputs of the recording at `path`; `first` is the index of its first frame that will be replayed.
    ///
    /// # Errors
    /// If one cannot be created, or annotations were asked for and the recording is no WFDB record.
    pub fn create(path: &Path, info: &StreamInfo, settings: &Settings, first: u64) -> Result<Self, RunError> {
        if let Some(extension) = settings.annotate.as_ref().filter(|_| !info.format.starts_with("WFDB")) {
            let fix = format!("{} is no WFDB record; use --events for what was found in it", path.display());
            return Err(SettingsError::value("annotate", extension, fix).into());
        }
        let mut outputs = Self { sinks: Vec::new(), files: Vec::new() };
        for (what, file) in planned(settings, path, &info.name) {
            match what {
                Use::Scores => outputs.add(Scores::create(&file, first), file)?,
                Use::Events => outputs.add(Events::create(&file), file)?,
                Use::Annotations => outputs.add(Annotations::create(&file), file)?,
                Use::Report => {
                    let page =
                        ReportPage::create(&file, info, shown(settings), provenance(path, info), first);
                    outputs.add(page, file)?;
                }
            }
        }
        if settings.events.as_ref().is_none_or(|p| p.as_os_str() == "-") {
            outputs.sinks.push(Box::new(Events::stdout()));
        }
        Ok(outputs)
    }

    fn add<S: Sink + 'static>(&mut self, sink: std::io::Result<S>, path: PathBuf) -> Result<(), RunError> {
        let sink = sink.map_err(|source| RunError::Output { path: path.clone(), source })?;
        self.sinks.push(Box::new(sink));
        self.files.push(path);
        Ok(())
    }
}

/// The settings as TOML, for the page.
fn shown(settings: &Settings) -> String {
    toml::to_string(settings).unwrap_or_default()
}

fn provenance(path: &Path, info: &StreamInfo) -> Vec<(String, String)> {
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    vec![
        ("recording".into(), name),
        ("format".into(), info.format.clone()),
        ("program".into(), concat!("eigenstream ", env!("CARGO_PKG_VERSION")).into()),
    ]
}
