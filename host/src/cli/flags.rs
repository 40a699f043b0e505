//! Settings as flags: the same for every subcommand that takes them.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

use eigenstream_core::Config;
use eigenstream_core::watch::WatchConfig;

use crate::settings::{KEYS, Key, Kind, Layers, Settings, SettingsError};

/// `--config`, `--quiet` and a flag for each key that is `wanted`.
pub(super) fn args(wanted: fn(&Key) -> bool) -> impl Iterator<Item = Arg> {
    let config = Arg::new("config").long("config").value_name("FILE.toml").help("read settings from a file");
    let quiet = Arg::new("quiet").long("quiet").short('q').action(ArgAction::SetTrue);
    let both = [config.value_parser(value_parser!(PathBuf)), quiet.help("no progress, no summary")];
    both.into_iter().chain(KEYS.iter().filter(move |key| wanted(key)).map(flag))
}

fn flag(key: &'static Key) -> Arg {
    let flag = key.flag();
    let heading = if flag.contains('.') { "Engine" } else { "Options" };
    let help = match default_of(key.path) {
        Some(default) => format!("{} [default: {default}]", key.help),
        None => key.help.to_owned(),
    };
    let arg = Arg::new(key.path).long(flag).value_name(key.value).help(help).num_args(1);
    let arg = arg.help_heading(heading).allow_hyphen_values(key.kind != Kind::Switch);
    if key.kind == Kind::Switch {
        arg.num_args(0..=1).require_equals(true).default_missing_value("true")
    } else {
        arg
    }
}

/// What the engine takes if nothing else is said.
fn default_of(path: &str) -> Option<String> {
    let (table, key) = path.split_once('.')?;
    let value = if table == "shift" {
        serde_json::to_value(WatchConfig::default()).ok()?.get(key)?.clone()
    } else {
        serde_json::to_value(Config::default()).ok()?.get(table)?.get(key)?.clone()
    };
    // Whole numbers without `.0`.
    Some(value.as_f64().map_or_else(|| value.to_string(), |number| (number as f32).to_string()))
}

/// The settings from the file, the environment and the flags of `args(wanted)`.
pub(super) fn settings(matches: &ArgMatches, wanted: fn(&Key) -> bool) -> Result<Settings, SettingsError> {
    let mut layers = Layers::default();
    if let Some(path) = matches.get_one::<PathBuf>("config") {
        layers.file(path)?;
    }
    layers.environment(std::env::vars_os())?;
    for key in KEYS.iter().filter(|key| wanted(key)) {
        if let Some(text) = matches.get_one::<String>(key.path) {
            layers.set(key, &format!("--{}", key.flag()), text)?;
        }
    }
    layers.settings()
}
