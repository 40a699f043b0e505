//! What a comparison can be told.

use serde::{Deserialize, Serialize};

use super::CompareError;
use super::crossing::FIRST;
use super::neighbours::MOST_POINTS;

/// Settings of [`compare`](super::compare()).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Neighbours K of a point, itself counted; 0: a quarter of the smaller side, 32 to 500. More see broader differences.
    pub neighbours: usize,
    /// Label permutations of each test; the smallest p-value is 1/(permutations + 1).
    pub permutations: usize,
    /// A difference whose p-value is at most this is a shift; it is also the limit for taking up a feature.
    pub level: f64,
    /// A single point is named if labels that say nothing would put it there with at most this probability.
    pub point_level: f64,
    /// Most features of the subset.
    pub most_features: usize,
    /// After its first step the search goes on with this many features, those that differ most on their own.
    pub screened: usize,
    /// Seed of all random choices: permutations, ties, order of points.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            neighbours: 0,
            permutations: 199,
            level: 0.05,
            point_level: 1e-5,
            most_features: 8,
            screened: 64,
            seed: 1,
        }
    }
}

/// K where it is not told: between these.
const NEIGHBOURS: (usize, usize) = (32, 500);

impl Config {
    /// Fewest points of a side.
    pub const FEWEST_POINTS: usize = 40;

    /// Checks the ranges.
    ///
    /// # Errors
    /// The first setting out of range.
    pub fn validate(&self) -> Result<(), CompareError> {
        let check = |field, value: f64, min: f64, max: f64| {
            let inside = (min..=max).contains(&value);
            if inside { Ok(()) } else { Err(CompareError::OutOfRange { field, value, min, max }) }
        };
        if self.neighbours != 0 {
            check("neighbours", self.neighbours as f64, (FIRST + 1) as f64, MOST_POINTS as f64)?;
        }
        check("permutations", self.permutations as f64, 19.0, 9_999.0)?;
        check("level", self.level, 1.0 / (self.permutations + 1) as f64, 0.5)?;
        check("point_level", self.point_level, 1e-12, 0.1)?;
        check("most_features", self.most_features as f64, 1.0, 64.0)?;
        check("screened", self.screened as f64, 1.0, 4096.0)
    }

    /// How many neighbours are looked at (the point itself left out) in a pool with `counts` points of each side.
    ///
    /// # Errors
    /// If there are too few or too many points.
    pub(super) fn depth(&self, counts: [usize; 2], names: [&str; 2]) -> Result<usize, CompareError> {
        for (points, name) in counts.into_iter().zip(names) {
            if points < Self::FEWEST_POINTS {
                return Err(CompareError::TooFew {
                    name: name.to_owned(),
                    points,
                    needed: Self::FEWEST_POINTS,
                });
            }
        }
        let all = counts[0] + counts[1];
        if all > MOST_POINTS {
            return Err(CompareError::TooMany { points: all, most: MOST_POINTS });
        }
        if self.neighbours > all {
            return Err(CompareError::Neighbours { neighbours: self.neighbours, points: all });
        }
        Ok(match self.neighbours {
            0 => (counts[0].min(counts[1]) / 4).clamp(NEIGHBOURS.0, NEIGHBOURS.1) - 1,
            k => k - 1,
        })
    }
}
