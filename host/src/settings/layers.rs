//! Puts the layers of settings on top of each other.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use eigenstream_core::ConfigError;
use serde::Deserialize;
use toml::{Table, Value};

use super::{KEYS, Key, Kind, Settings};

/// A setting that cannot be used, and where it came from.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The configuration file cannot be read.
    #[error("{}: {source}; check the path given with --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The configuration file does not say what it should; the message holds line, column and the offending text.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong where.
        message: String,
    },
    /// A value that is not of its kind or out of range.
    #[error("{origin}: `{value}`: {fix}")]
    Value {
        /// Flag, variable or key.
        origin: String,
        /// The offending text.
        value: String,
        /// What would be right.
        fix: String,
    },
    /// A number that the engine refuses.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// A variable of our name space that is no setting.
    #[error(
        "{name} is set, but there is no such setting; `eigenstream replay --help` and `eigenstream compare --help` list them"
    )]
    UnknownVariable {
        /// The variable.
        name: String,
    },
}

impl SettingsError {
    pub(crate) fn value(origin: impl Into<String>, value: &str, fix: impl Into<String>) -> Self {
        Self::Value { origin: origin.into(), value: value.to_owned(), fix: fix.into() }
    }
}

/// Settings in the making: each call lays another layer on top.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    table: Table,
}

impl Layers {
    /// Lays a TOML file on top.
    ///
    /// # Errors
    /// If it cannot be read, is not TOML, or holds an unknown key or a value of another kind; with line and column.
    pub fn file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let unreadable = |source| SettingsError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let wrong = |e: toml::de::Error| SettingsError::File {
            path: path.to_owned(),
            message: e.to_string().trim_end().to_owned(),
        };
        // The typed reading finds unknown keys and wrong kinds while lines are still known; the table is what is laid.
        toml::from_str::<Settings>(&text).map_err(wrong)?;
        merge(&mut self.table, text.parse::<Table>().map_err(wrong)?);
        Ok(())
    }

    /// Lays environment variables on top: those that begin with `EIGENSTREAM_`, but for `EIGENSTREAM_REQUIRE`, which is for the tests.
    ///
    /// # Errors
    /// If one is no setting, no text, or not of its kind.
    pub fn environment(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(), SettingsError> {
        let ours = |name: &String| name.starts_with("EIGENSTREAM_") && name != "EIGENSTREAM_REQUIRE";
        for (name, text) in variables {
            // The variables of others may be any bytes.
            let Some(name) = name.into_string().ok().filter(ours) else { continue };
            let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
                return Err(SettingsError::UnknownVariable { name });
            };
            let Some(text) = text.to_str() else {
                return Err(SettingsError::value(name, &text.to_string_lossy(), "this is not UTF-8 text"));
            };
            self.set(key, &name, text)?;
        }
        Ok(())
    }

    /// Lays one value on top; `origin` names the flag or variable in errors.
    ///
    /// # Errors
    /// If it is not of the setting's kind.
    pub fn set(&mut self, key: &Key, origin: &str, text: &str) -> Result<(), SettingsError> {
        let wrong = |fix: &str| SettingsError::value(origin, text, fix);
        let value = parse(key.kind, text).map_err(|fix| wrong(&fix))?;
        let mut layer = Table::new();
        match key.path.split_once('.') {
            None => _ = layer.insert(key.path.to_owned(), value),
            Some((table, leaf)) => {
                let inner = Table::from_iter([(leaf.to_owned(), value)]);
                layer.insert(table.to_owned(), Value::Table(inner));
            }
        }
        // Alone for a moment, because here the origin of a wrong value is still known.
        Settings::deserialize(layer.clone()).map_err(|e| match key.kind {
            Kind::Whole => wrong("give a smaller number"),
            _ => wrong(e.message()),
        })?;
        merge(&mut self.table, layer);
        Ok(())
    }

    /// The settings, checked.
    ///
    /// # Errors
    /// The first setting that is wrong, by its key.
    pub fn settings(self) -> Result<Settings, SettingsError> {
        let wrong = |e: toml::de::Error| SettingsError::Value {
            origin: "settings".into(),
            value: String::new(),
            fix: e.to_string().trim_end().to_owned(),
        };
        let settings: Settings = self.table.try_into().map_err(wrong)?;
        settings.validate()?;
        Ok(settings)
    }
}

/// Lays `upper` over `lower`, table by table.
fn merge(lower: &mut Table, upper: Table) {
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(Value::Table(lower)), Value::Table(upper)) => merge(lower, upper),
            (_, value) => _ = lower.insert(key, value),
        }
    }
}

fn parse(kind: Kind, text: &str) -> Result<Value, String> {
    Ok(match kind {
        Kind::Number => {
            let number: f64 = text.trim().parse().map_err(|_| "give a number")?;
            Value::Float(number)
        }
        Kind::Whole => {
            let number: i64 = text.trim().parse().map_err(|_| "give a whole number")?;
            if number < 0 {
                return Err("give a whole number that is not negative".into());
            }
            Value::Integer(number)
        }
        Kind::Switch => match text.trim() {
            "true" | "1" | "yes" | "on" => Value::Boolean(true),
            "false" | "0" | "no" | "off" => Value::Boolean(false),
            _ => return Err("give true or false".into()),
        },
        Kind::Text => Value::String(text.to_owned()),
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
    })
}
