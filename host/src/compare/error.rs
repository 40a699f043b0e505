//! Why two sides cannot be compared.

/// A feature that is not compared.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Dropped {
    /// Its name.
    pub feature: String,
    /// Why, in words.
    pub reason: String,
}

/// Why two sides cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CompareError {
    /// A setting.
    #[error("{field} = {value} is out of range: it must be from {min} to {max}")]
    OutOfRange {
        /// Which.
        field: &'static str,
        /// The value.
        value: f64,
        /// The smallest that is possible.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// The sides have different features.
    #[error("the features of the two sides are not the same")]
    Features,
    /// No feature is left.
    #[error("no feature is left to compare: {}", list(dropped))]
    NoFeature {
        /// All of them.
        dropped: Vec<Dropped>,
    },
    /// Too few points on a side.
    #[error("{name} gives {points} points, but at least {needed} are needed")]
    TooFew {
        /// The recording.
        name: String,
        /// How many there are.
        points: usize,
        /// How many it takes.
        needed: usize,
    },
    /// More points than can be pooled.
    #[error("{points} points are more than {most}")]
    TooMany {
        /// On both sides together.
        points: usize,
        /// The limit.
        most: usize,
    },
    /// More neighbours than points.
    #[error("neighbours = {neighbours}, but both sides together have {points} points")]
    Neighbours {
        /// The setting.
        neighbours: usize,
        /// The points.
        points: usize,
    },
}

/// How many dropped features are named before only their number is told.
const NAMED: usize = 5;

fn list(dropped: &[Dropped]) -> String {
    let mut words: Vec<String> =
        dropped.iter().take(NAMED).map(|d| format!("`{}` is {}", d.feature, d.reason)).collect();
    if dropped.len() > NAMED {
        words.push(format!("and {} more", dropped.len() - NAMED));
    }
    if words.is_empty() { "there are none".into() } else { words.join(", ") }
}
