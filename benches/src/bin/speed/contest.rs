//! Contenders that take turns, so that whatever else the machine does falls on all of them.

use std::time::Duration;

use eigenstream_benches::clock::Moment;

use crate::contenders::{Contender, Kind};

/// How long, and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) repetitions: usize,
    slice: Duration,
}

impl Effort {
    pub(crate) fn new(quick: bool) -> Self {
        let (repetitions, milliseconds) = if quick { (11, 3) } else { (41, 8) };
        Self { repetitions, slice: Duration::from_millis(milliseconds) }
    }
}

/// Nanoseconds an update, a figure a repetition, of every kind.
#[derive(Clone, Debug)]
pub(crate) struct Times(Vec<(Kind, Vec<f64>)>);

impl Times {
    fn of(&self, kind: Kind) -> &[f64] {
        self.0.iter().find(|(k, _)| *k == kind).map_or(&[], |(_, times)| times)
    }

    pub(crate) fn median(&self, kind: Kind) -> f64 {
        median(self.of(kind).to_vec())
    }

    /// Median of the ratios a repetition, in which both were measured one soon after the other.
    pub(crate) fn ratio(&self, a: Kind, b: Kind) -> f64 {
        median(self.of(a).iter().zip(self.of(b)).map(|(a, b)| a / b).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Lets all of them run in turn.
pub(crate) fn measure(mut all: Vec<Contender>, effort: Effort) -> Times {
    // Settles caches, branch predictors and trackers, and finds how many rounds a slice holds.
    let rounds: Vec<u32> = all.iter_mut().map(|contender| rounds(contender, effort.slice)).collect();
    let mut times = Times(all.iter().map(|contender| (contender.kind, Vec::new())).collect());
    for _ in 0..effort.repetitions {
        for ((contender, &rounds), (_, times)) in all.iter_mut().zip(&rounds).zip(&mut times.0) {
            let start = Moment::now();
            (0..rounds).for_each(|_| (contender.round)());
            let updates = f64::from(rounds) * contender.updates as f64;
            times.push(start.elapsed().as_nanos() as f64 / updates);
        }
    }
    times
}

fn rounds(contender: &mut Contender, slice: Duration) -> u32 {
    let mut rounds = 0;
    let start = Moment::now();
    while start.elapsed() < slice || rounds < 3 {
        (contender.round)();
        rounds += 1;
    }
    (f64::from(rounds) * slice.as_secs_f64() / start.elapsed().as_secs_f64()).ceil().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(super::median(vec![9.0, 1.0, 2.0]).to_bits(), 2f64.to_bits());
        assert!(super::median(Vec::new()).is_nan());
    }
}
