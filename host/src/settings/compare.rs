//! The settings of `eigenstream compare`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{SettingsError, Span};
use crate::compare::read::Kind;
use crate::compare::{CompareError, Config};

/// What a comparison can be told, beside how recordings are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompareSettings {
    /// Table of points to write, with the mask and the weights.
    pub mask: Option<PathBuf>,
    /// File for the outcome (JSON); `-` is standard output.
    pub out: Option<PathBuf>,
    /// Stretch of the reference.
    pub reference_span: Option<Span>,
    /// Stretch of the file.
    pub span: Option<Span>,
    /// What a point is.
    pub features: Kind,
    /// Length of a window in seconds, in frames where the rate is not known.
    pub window: Option<f64>,
    /// Most points of each side.
    pub points: usize,
    /// See [`Config`].
    pub neighbours: usize,
    /// See [`Config`].
    pub permutations: usize,
    /// See [`Config`].
    pub level: f64,
    /// See [`Config`].
    pub point_level: f64,
    /// See [`Config`].
    pub most_features: usize,
    /// See [`Config`].
    pub screened: usize,
    /// Seed of all random choices.
    pub seed: u64,
}

impl Default for CompareSettings {
    fn default() -> Self {
        let Config { neighbours, permutations, level, point_level, most_features, screened, seed } =
            Config::default();
        Self {
            mask: None,
            out: None,
            reference_span: None,
            span: None,
            features: Kind::default(),
            window: None,
            points: 1000,
            neighbours,
            permutations,
            level,
            point_level,
            most_features,
            screened,
            seed,
        }
    }
}

impl CompareSettings {
    /// Most points of a side.
    const MOST_POINTS: usize = 4000;

    /// The part of the comparison itself.
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            neighbours: self.neighbours,
            permutations: self.permutations,
            level: self.level,
            point_level: self.point_level,
            most_features: self.most_features,
            screened: self.screened,
            seed: self.seed,
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The first setting that is wrong, by its key.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let range = |key: &str, value: String, min: f64, max: f64| {
            SettingsError::value(key, &value, format!("give a number from {min} to {max}"))
        };
        match self.config().validate() {
            Err(CompareError::OutOfRange { field, value, min, max }) => {
                return Err(range(&format!("compare.{field}"), value.to_string(), min, max));
            }
            Err(other) => return Err(SettingsError::value("compare", "", other.to_string())),
            Ok(()) => {}
        }
        if !(Config::FEWEST_POINTS..=Self::MOST_POINTS).contains(&self.points) {
            let (min, max) = (Config::FEWEST_POINTS as f64, Self::MOST_POINTS as f64);
            return Err(range("compare.points", self.points.to_string(), min, max));
        }
        match self.window {
            Some(window) if !(window.is_finite() && window > 0.0) => {
                let fix = "give a length above 0: seconds, or frames if the rate is not known";
                Err(SettingsError::value("compare.window", &window.to_string(), fix))
            }
            _ => Ok(()),
        }
    }
}
