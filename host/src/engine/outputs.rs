//! From settings to sinks: which files a replay writes.

use std::path::{Path, PathBuf};

use crate::settings::{RunError, Settings, SettingsError};
use crate::sink::{Annotations, Events, ReportPage, Scores, Sink};
use crate::source::StreamInfo;

/// The sinks of one replay and the files they write.
pub struct Outputs {
    /// The sinks, in no particular order.
    pub sinks: Vec<Box<dyn Sink>>,
    /// The files that will be there afterwards.
    pub files: Vec<PathBuf>,
}

/// Stands for the record's name in the name of an output.
const PLACE: &str = "{}";

/// Checks the names of outputs against the inputs before anything is read: an output must not be an input, and several inputs
/// need a `{}` in the names (events may share one file name only through `-`).
///
/// # Errors
/// The first output that would not do, by its key.
pub fn check(settings: &Settings, inputs: &[&PathBuf]) -> Result<(), SettingsError> {
    let outputs = [("scores", &settings.scores), ("events", &settings.events), ("report", &settings.report)];
    for (key, path) in outputs {
        let Some(path) = path.as_ref().filter(|p| !is_none(p) && p.as_os_str() != "-") else { continue };
        let text = path.to_string_lossy();
        if inputs.len() > 1 && !text.contains(PLACE) {
            let fix =
                "several recordings cannot share one file; put {} where the name of the record should stand";
            return Err(SettingsError::value(key, &text, fix));
        }
        let output = path.canonicalize().ok();
        if output.is_some() && inputs.iter().any(|input| input.canonicalize().ok() == output) {
            return Err(SettingsError::value(
                key,
                &text,
                "this is the recording itself; choose another name",
            ));
        }
    }
    Ok(())
}

fn is_none(path: &Path) -> bool {
    path.as_os_str() == "none"
}

impl Outputs {
    /// Creates the outputs of the recording at `path`; `first` is the index of its first frame that will be replayed.
    ///
    /// # Errors
    /// If one cannot be created, or annotations were asked for and the recording is no WFDB record.
    pub fn create(path: &Path, info: &StreamInfo, settings: &Settings, first: u64) -> Result<Self, RunError> {
        let mut outputs = Self { sinks: Vec::new(), files: Vec::new() };
        let named = |pattern: &Path| PathBuf::from(pattern.to_string_lossy().replace(PLACE, &info.name));
        if let Some(pattern) = &settings.scores {
            let path = named(pattern);
            let sink = Scores::create(&path, first);
            outputs.add(path, sink)?;
        }
        match &settings.events {
            Some(pattern) if pattern.as_os_str() != "-" => {
                let path = named(pattern);
                let sink = Events::create(&path);
                outputs.add(path, sink)?;
            }
            _ => outputs.sinks.push(Box::new(Events::stdout())),
        }
        if let Some(extension) = &settings.annotate {
            if !info.format.starts_with("WFDB") {
                let fix = "annotations belong to WFDB records; use --events for other formats";
                return Err(SettingsError::value("annotate", extension, fix).into());
            }
            let sink = Annotations::create(path, extension);
            outputs.add(path.with_extension(extension), sink)?;
        }
        let report = settings.report.clone().unwrap_or_else(|| format!("{PLACE}.html").into());
        if !is_none(&report) {
            let file = named(&report);
            let sink = ReportPage::create(&file, info, shown(settings), provenance(path, info), first);
            outputs.add(file, sink)?;
        }
        Ok(outputs)
    }

    fn add<S: Sink + 'static>(&mut self, path: PathBuf, sink: std::io::Result<S>) -> Result<(), RunError> {
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
