//! What every benchmark prints, and the flags that they share.
//!
//! The default is Markdown: tables, with the conditions under which they were measured. With `--json` stdout holds one object,
//! `{"bench": NAME, "conditions": {…}, "figures": {"flat.key": number}}`, and nothing else.

use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::{Map, Value, json};

/// A flag of one benchmark, beside those that all share.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// With its dashes: `--per-series`.
    pub name: &'static str,
    /// One line for the usage text.
    pub help: &'static str,
}

const SHARED: [Flag; 3] = [
    Flag { name: "--quick", help: "less data or fewer repetitions: within two minutes on two cores" },
    Flag { name: "--json", help: "figures as one JSON object on stdout, instead of Markdown" },
    Flag { name: "--help", help: "this text" },
];

/// The flags that were given.
#[derive(Clone, Debug)]
pub struct Options {
    given: Vec<String>,
}

impl Options {
    /// Reads the command line of benchmark `bench`, which knows `own` flags beside the shared ones.
    ///
    /// # Errors
    /// The exit status to end with: 0 after `--help`, 2 with the usage on stderr after an argument that is no known flag.
    pub fn from_env(bench: &str, own: &[Flag]) -> Result<Self, ExitCode> {
        let given = std::env::args().skip(1).collect();
        match Self::parse(given, own) {
            Ok(options) if options.has("--help") => {
                print!("{}", usage(bench, own));
                Err(ExitCode::SUCCESS)
            }
            Ok(options) => Ok(options),
            Err(unknown) => {
                eprint!("{bench}: unknown argument {unknown:?}\n\n{}", usage(bench, own));
                Err(ExitCode::from(2))
            }
        }
    }

    /// The options, or the first argument that is no known flag.
    fn parse(given: Vec<String>, own: &[Flag]) -> Result<Self, String> {
        let known = |arg: &String| SHARED.iter().chain(own).any(|flag| flag.name == arg);
        match given.iter().find(|arg| !known(arg)) {
            Some(unknown) => Err(unknown.clone()),
            None => Ok(Self { given }),
        }
    }

    /// Whether the flag `name` (with its dashes) was given.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|arg| arg == name)
    }

    /// Whether to measure less.
    #[must_use]
    pub fn quick(&self) -> bool {
        self.has("--quick")
    }

    /// Whether to print JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        self.has("--json")
    }
}

fn usage(bench: &str, own: &[Flag]) -> String {
    let flags = own.iter().chain(&SHARED);
    let lines: String = flags.map(|flag| format!("  {:<14} {}\n", flag.name, flag.help)).collect();
    format!("Usage: {bench} [FLAGS]\n\n{lines}")
}

/// Collects what one benchmark has to say and prints it in the form that was asked for.
#[derive(Clone, Debug)]
pub struct Report {
    bench: &'static str,
    json: bool,
    conditions: Map<String, Value>,
    figures: Map<String, Value>,
    markdown: String,
}

impl Report {
    /// An empty report that knows machine, commit, compiler and profile.
    #[must_use]
    pub fn new(bench: &'static str, options: &Options) -> Self {
        let mut conditions = Map::new();
        conditions.insert("machine".into(), json!(machine()));
        conditions.insert("commit".into(), json!(commit()));
        conditions.insert("rustc".into(), json!(rustc()));
        conditions.insert("profile".into(), json!(if cfg!(debug_assertions) { "debug" } else { "release" }));
        conditions.insert("quick".into(), json!(options.quick()));
        Self { bench, json: options.json(), conditions, figures: Map::new(), markdown: String::new() }
    }

    /// One more condition: sizes, seeds, number of series.
    pub fn condition(&mut self, name: &str, value: impl Into<Value>) {
        self.conditions.insert(name.into(), value.into());
    }

    /// One figure under a flat key such as `nab.engine.mean`. One that is not finite is left out, and stderr says so: JSON has no
    /// number for it.
    pub fn figure(&mut self, key: &str, value: f64) {
        match serde_json::Number::from_f64(value) {
            Some(number) => drop(self.figures.insert(key.into(), Value::Number(number))),
            None => eprintln!("{}: the figure {key} is {value}", self.bench),
        }
    }

    /// A paragraph, heading or table of the Markdown form, followed by an empty line.
    pub fn markdown(&mut self, text: impl std::fmt::Display) {
        self.markdown += text.to_string().trim_end();
        self.markdown += "\n\n";
    }

    /// Prints the report on stdout.
    pub fn print(self) {
        print!("{}", self.render());
    }

    fn render(self) -> String {
        if self.json {
            let report = json!({"bench": self.bench, "conditions": self.conditions, "figures": self.figures});
            return format!("{report}\n");
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let conditions: Vec<String> =
            self.conditions.iter().map(|(k, v)| format!("{k}: {}", text(v))).collect();
        format!("# {}\n\n{}Conditions: {}.\n", self.bench, self.markdown, conditions.join("; "))
    }
}

/// A name as part of a flat key: lower-case letters and digits, everything else one underscore.
#[must_use]
pub fn key(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

/// The processor's name where the system tells it, and how many threads it runs.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {threads} threads", model.unwrap_or(std::env::consts::ARCH).trim())
}

/// The short commit, marked `-dirty` if tracked files differ from it.
fn commit() -> String {
    // What `rev-parse --short HEAD` prints, with the mark added; the pattern keeps tags out.
    first_line("git", &["describe", "--always", "--dirty", "--exclude=*"])
}

fn rustc() -> String {
    first_line("rustc", &["--version"])
}

/// The first line that a program prints when run in this package, or `unknown`.
fn first_line(program: &str, args: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(program);
    // The folder may be gone when a binary is run elsewhere; then nothing can be said about the commit.
    let output =
        command.args(args).current_dir(folder).output().ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> Result<Options, String> {
        let own = [Flag { name: "--per-series", help: "" }];
        Options::parse(args.iter().map(|&arg| arg.into()).collect(), &own)
    }

    #[test]
    fn unknown_arguments_are_refused() {
        assert_eq!(options(&["--quick", "--fast"]).unwrap_err(), "--fast");
        assert_eq!(options(&["nab"]).unwrap_err(), "nab");
        let known = options(&["--quick", "--per-series"]).unwrap();
        assert!(known.quick() && known.has("--per-series") && !known.json());
    }

    #[test]
    fn json_is_one_object_with_flat_figures() {
        let mut report = Report::new("some", &options(&["--json"]).unwrap());
        report.markdown("not in the JSON form");
        report.condition("series", 13);
        report.figure("nab.trivial", 0.25);
        report.figure("nab.undefined", f64::NAN);
        let parsed: Value = serde_json::from_str(&report.render()).unwrap();
        assert_eq!(parsed["bench"], "some");
        assert_eq!(parsed["conditions"]["series"], 13);
        assert_eq!(parsed["figures"], json!({"nab.trivial": 0.25}));
    }

    #[test]
    fn markdown_ends_with_the_conditions() {
        let mut report = Report::new("some", &options(&[]).unwrap());
        report.markdown("a table\n");
        let text = report.render();
        assert!(text.starts_with("# some\n\na table\n\nConditions: "), "{text}");
        assert!(text.contains("machine: ") && text.contains("quick: false"), "{text}");
    }

    #[test]
    fn keys_are_flat() {
        assert_eq!(key("MOMENT (ZS)"), "moment_zs");
        assert_eq!(key("Sub-PCA"), "sub_pca");
    }
}
