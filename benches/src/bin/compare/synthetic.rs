//! Gaussian points, and what is planted in them.

use eigenstream::compare::{Feature, Points};
use eigenstream_benches::stats::SplitMix64;

/// Features of every point, independent and standard normal.
pub(crate) const DIMENSIONS: usize = 20;

/// The mean of each planted feature moves by so many standard deviations.
const BROAD: f64 = 0.8;

/// So much of the file's points lie in a clump, in the planted features there and so wide.
const CLUMP: (f64, f64, f64) = (0.25, 1.5, 0.35);

/// What differs between the sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    None,
    /// All points of the file are moved.
    Broad,
    /// A part of the file's points lies in a clump.
    Local,
}

/// What the bench plants: a kind and a number of features.
pub(crate) const SHIFTS: [(Kind, usize); 8] = [
    (Kind::Broad, 1),
    (Kind::Broad, 3),
    (Kind::Broad, 5),
    (Kind::Local, 1),
    (Kind::Local, 2),
    (Kind::Local, 3),
    (Kind::Local, 4),
    (Kind::Local, 5),
];

impl Kind {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Broad => "broad",
            Self::Local => "local",
        }
    }

    pub(crate) fn words(self, planted: usize) -> String {
        let (part, at, width) = CLUMP;
        match self {
            Self::None => "none".into(),
            Self::Broad => format!("broad: {planted} of {DIMENSIONS} means moved by {BROAD} sd"),
            Self::Local => format!(
                "local: {:.0} % in a clump at {at} sd, {width} sd wide, in {planted} of {DIMENSIONS}",
                part * 100.0
            ),
        }
    }
}

/// Whether `feature` is one of the first `planted`.
pub(crate) fn is_planted(feature: &str, planted: usize) -> bool {
    (0..planted).any(|f| feature == name(f))
}

fn name(f: usize) -> String {
    format!("f{f}")
}

/// Reference and file, `points` each.
pub(crate) fn sides(kind: Kind, planted: usize, points: usize, seed: u64) -> [Points; 2] {
    let mut random = SplitMix64::new(seed);
    [false, true].map(|is_file| {
        let mut side = empty(is_file);
        for k in 0..points {
            let (part, at, width) = CLUMP;
            let in_clump = random.uniform() < part;
            let mut row: Vec<f64> = (0..DIMENSIONS).map(|_| normal(&mut random)).collect();
            for x in row[..planted].iter_mut().filter(|_| is_file) {
                match kind {
                    Kind::Broad => *x += BROAD,
                    Kind::Local if in_clump => *x = at + width * *x,
                    _ => {}
                }
            }
            push(&mut side, k, &row.iter().map(|&x| x as f32).collect::<Vec<_>>());
        }
        side
    })
}

/// As many points of each side, by lot, as `kept` says.
pub(crate) fn thinned(sides: &[Points; 2], kept: [f64; 2], seed: u64) -> [Points; 2] {
    let mut random = SplitMix64::new(seed);
    [0, 1].map(|side| {
        let mut rest = empty(side == 1);
        for i in 0..sides[side].len() {
            if random.uniform() < kept[side] {
                push(&mut rest, i, sides[side].row(i));
            }
        }
        rest
    })
}

fn empty(is_file: bool) -> Points {
    let features = (0..DIMENSIONS).map(|f| Feature { name: name(f), unit: String::new() });
    Points::new(if is_file { "file" } else { "reference" }, features.collect())
}

fn push(side: &mut Points, k: usize, row: &[f32]) {
    let place = eigenstream::compare::Place { frame: k as u64, from_s: k as f64, to_s: k as f64 + 1.0 };
    side.push(place, row);
}

/// Box and Muller.
fn normal(random: &mut SplitMix64) -> f64 {
    let radius = (-2.0 * (1.0 - random.uniform()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.uniform()).cos()
}
