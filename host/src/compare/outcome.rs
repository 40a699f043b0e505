//! What a comparison says.

use serde::{Serialize, Serializer};

use super::points::Place;
use super::{Dropped, Test};

/// Raised when a field changes its meaning or goes away; new fields may come without it.
pub const SCHEMA: u32 = 1;

/// The answer: is there a shift, where, how much, in which features, and which samples explain it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Whether the p-value is at most the level.
    pub shift: bool,
    /// Of the global test: the probability of such a difference if both sides are alike.
    pub p_value: f64,
    /// The level it is compared with.
    pub level: f64,
    /// The reference.
    pub reference: Side,
    /// What is compared with it.
    pub file: Side,
    /// Neighbours K, the point itself counted.
    pub neighbours: usize,
    /// Label permutations of each test.
    pub permutations: usize,
    /// The features in which the difference is most pronounced, the most telling first; empty without a shift, or if only all together show it.
    pub subset: Vec<Chosen>,
    /// All features compared, those that differ most on their own first.
    pub features: Vec<Compared>,
    /// Features that were not compared, and why.
    pub dropped: Vec<Dropped>,
    /// Stretches of time that lie where the other side has too few points, the most surprising first.
    pub stretches: Vec<Stretch>,
    /// The global test.
    pub test: Test,
    /// The subsets without a difference; nothing without a shift, or if too little would be left.
    pub equalised: Option<Equalised>,
    /// Whether the two sides hardly overlap in the subset: each point's neighbours are of its own side.
    pub disjoint: bool,
    /// What a reader should know, in words.
    pub remarks: Vec<String>,
    /// Every point that was compared, the reference's first, in the order of time.
    #[serde(skip)]
    pub samples: Vec<Sample>,
}

/// The sides in words, by label.
pub(crate) const SIDES: [&str; 2] = ["reference", "file"];

fn as_word<S: Serializer>(side: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(SIDES[*side])
}

/// One of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Side {
    /// Name of the recording.
    pub name: String,
    /// Points compared.
    pub points: usize,
    /// Points left out because a feature was missing in them.
    pub incomplete: usize,
    /// Points whose score reaches the limit: they lie where the other side has too few.
    pub over: usize,
    /// How many of them chance would give if both sides were alike.
    pub over_expected: f64,
    /// The limit of the score Υ.
    pub limit: f64,
    /// Points kept by the equalisation; all if there was none.
    pub kept: usize,
}

/// A feature of the subset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chosen {
    /// Its name.
    pub feature: String,
    /// How much the mean score grew when it came in.
    pub gain: f64,
    /// Of that gain, among label permutations, the best of all candidates each time.
    pub p_value: f64,
}

/// How one feature differs on its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Its name.
    pub feature: String,
    /// Its unit.
    pub unit: String,
    /// Quartiles in the reference.
    pub reference: [f64; 3],
    /// Quartiles in the file.
    pub file: [f64; 3],
    /// Difference of the medians over the quartile range of both sides divided by 1.349 (one standard deviation of a normal law).
    pub shift_sd: f64,
    /// Largest distance of the two distribution functions (Kolmogorov & Smirnov), 0 to 1.
    pub ks: f64,
    /// Mean score with this feature alone.
    pub score: f64,
    /// Index among the features of the points.
    #[serde(skip)]
    pub index: usize,
}

/// A stretch of one side that the other lacks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stretch {
    /// Name of the recording.
    pub recording: String,
    /// 0 reference, 1 file; written as the word.
    #[serde(serialize_with = "as_word")]
    pub side: usize,
    /// Its first frame.
    pub frame: u64,
    /// Where it begins.
    pub from_s: f64,
    /// Where it ends.
    pub to_s: f64,
    /// Points in it that are over the limit.
    pub points: usize,
    /// The largest score.
    pub score: f64,
}

/// Subsets of both sides that show no difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Equalised {
    /// Part of the reference that was kept, and of the file.
    pub kept: [f64; 2],
    /// The point level that pruning had to go to.
    pub point_level: f64,
    /// The test of the rest in the features of the subset, which decided when to stop.
    pub subset_test: Test,
    /// The test of the rest in all features.
    pub test: Test,
}

/// A point that was compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// 0 reference, 1 file.
    pub side: usize,
    /// Its index among the points of its side.
    pub index: usize,
    /// Where it lies.
    pub place: Place,
    /// Its score Υ.
    pub score: f32,
    /// Whether the score reaches the limit.
    pub over: bool,
    /// Whether the equalisation keeps it.
    pub keep: bool,
    /// Part of the points around it, itself among them and all of its own side, that are kept.
    pub weight: f32,
}
