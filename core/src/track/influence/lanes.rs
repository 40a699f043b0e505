//! The influence of eight streams side by side.

use super::{BEYOND, DOWN, Influence, LARGEST_USUAL, SETTLE, Scale, UP};
use crate::linalg::streams::{Each, STREAMS, lanes};

/// [`Influence`] of eight streams of one configuration.
#[derive(Clone, Debug)]
pub(in crate::track) struct Influences {
    patience: u16,
    least: f32,
    usual: Each,
    level: Each,
    owed: Each,
    streak: [u16; STREAMS],
    lasting: [bool; STREAMS],
    quiet: [u8; STREAMS],
}

impl Influences {
    /// As many of `single`.
    pub(in crate::track) fn new(single: &Influence) -> Self {
        let Scale { usual, level, streak, lasting } = single.judged;
        Self {
            patience: single.patience,
            least: single.least,
            usual: Each::all(usual),
            level: Each::all(level),
            owed: Each::all(single.owed),
            streak: [streak; STREAMS],
            lasting: [lasting; STREAMS],
            quiet: [single.quiet; STREAMS],
        }
    }

    /// That of stream `s`.
    pub(in crate::track) fn take(&self, s: usize) -> Influence {
        Influence {
            patience: self.patience,
            quiet: self.quiet[s],
            least: self.least,
            owed: self.owed.0[s],
            judged: Scale {
                usual: self.usual.0[s],
                level: self.level.0[s],
                streak: self.streak[s],
                lasting: self.lasting[s],
            },
        }
    }

    /// And back.
    pub(in crate::track) fn put(&mut self, s: usize, single: &Influence) {
        let Scale { usual, level, streak, lasting } = single.judged;
        (self.usual.0[s], self.level.0[s], self.owed.0[s]) = (usual, level, single.owed);
        (self.streak[s], self.lasting[s], self.quiet[s]) = (streak, lasting, single.quiet);
    }

    /// Whether frames of these numbers at these distances, all judged, count in full, whatever is usual; if so, takes note of them as
    /// [`Influence::weigh`] does. If not, each is to be asked by itself.
    #[inline]
    pub(in crate::track) fn all_ordinary(&mut self, distance: Each, frames: [u32; STREAMS]) -> bool {
        if self.patience == 0 {
            return true;
        }
        let odd: [u32; STREAMS] = lanes(|s| {
            let far = distance.0[s] > BEYOND * self.usual.0[s];
            u32::from(far | self.lasting[s]) | u32::from(frames[s] < SETTLE) | u32::from(self.owed.0[s] > 0.0)
        });
        if odd.iter().fold(0, |any, odd| any | odd) != 0 {
            return false;
        }
        self.streak = lanes(|s| self.streak[s].saturating_sub(2));
        self.usual = Each(lanes(|s| {
            let usual = self.usual.0[s];
            let up = (usual * (1.0 + UP)).min(LARGEST_USUAL);
            let down = if usual > self.least { usual * (1.0 - DOWN) } else { usual };
            if distance.0[s] > usual { up } else { down }
        }));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::testing::Random;

    /// Where all are ordinary, each has gone the way of its own; where one is not, nothing happened.
    #[test]
    fn lanes_go_the_way_of_single_ones() {
        for patience in [0, 20] {
            let mut single: Vec<Influence> = (0..STREAMS).map(|_| Influence::new(8, patience)).collect();
            let mut side_by_side = Influences::new(&single[0]);
            let (mut random, mut together) = (Random::new(4), 0);
            for frame in 1..5000 {
                let distance = Each(lanes(|s| {
                    let far = if random.uniform() < 0.01 { 100.0 } else { 1.0 };
                    (far * (s as f64 + 1.0) * random.normal().powi(2)) as f32
                }));
                let all = side_by_side.all_ordinary(distance, [frame; STREAMS]);
                together += u32::from(all);
                for (s, single) in single.iter_mut().enumerate() {
                    let weight = single.weigh(distance.0[s], frame, true);
                    assert!(!all || weight == 1.0, "{patience}, frame {frame}, stream {s}");
                    if !all {
                        side_by_side.put(s, single);
                    }
                    assert_eq!(side_by_side.take(s), *single, "{patience}, frame {frame}, stream {s}");
                }
            }
            assert!(together > 2000 && (patience == 0 || together < 4900), "{together}");
        }
    }
}
