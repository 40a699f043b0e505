//! What can be wrong with a configuration. Data never cause an error in this crate: they cause a counted value.

use core::fmt;

/// A configuration that cannot be used, with the key and the numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number lies outside its range.
    OutOfRange {
        /// The key as it stands in the configuration, for example `temporal.rank`.
        field: &'static str,
        /// What was asked for.
        value: f64,
        /// The smallest allowed value.
        min: f64,
        /// The largest allowed value.
        max: f64,
    },
    /// Two numbers do not fit together.
    Conflict {
        /// The key to change.
        field: &'static str,
        /// Why, and what would fit.
        reason: &'static str,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { field, value, min, max } => {
                write!(f, "{field} = {value} is out of range: it must be from {min} to {max}")
            }
            Self::Conflict { field, reason } => write!(f, "{field}: {reason}"),
        }
    }
}

impl core::error::Error for ConfigError {}

/// Checks that `min ≤ value ≤ max`; NaN is out of range.
pub(crate) fn in_range(field: &'static str, value: f64, min: f64, max: f64) -> Result<(), ConfigError> {
    if value >= min && value <= max {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange { field, value, min, max })
    }
}
