//! One excursion of the scores is one piece of evidence, however long it lasts.
//!
//! Scores of overlapping windows exceed an edge in clusters. What is usual is learned from many of them; a fault that keeps hundreds
//! of scores up is *one* more. If all its scores entered, the limit would rise within the fault itself, and with it the alarm would end.
//! So a cluster beyond [`SIZES`] times the mean size is not admitted any more: the calibration then leaves out its high scores. If sizes are
//! geometric, a share e⁻⁴ = 2 % of usual exceedances lies there. What lasts longer than [`LASTING`] scores is the new usual, and is admitted.

/// Largest cluster that enters whole, in mean sizes.
const SIZES: f32 = 4.0;

/// Scores after which an excursion is no excursion any more.
const LASTING: u32 = 1_000;

/// The excursion above the edge that the stream is in, if it is. State: 3 words.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Excursion {
    /// Scores since it began; 0 if there is none.
    length: u32,
    /// Exceedances in it.
    size: u32,
    /// Scores since the last exceedance.
    quiet: u32,
}

impl Excursion {
    /// Moves on by one score, which exceeds the edge or not; says whether it is admitted whatever its height. `share`: of scores above
    /// the edge; `extremal_index`: one over the mean size of a cluster.
    pub(super) fn admits(&mut self, exceeds: bool, share: f32, extremal_index: f32) -> bool {
        if self.length > 0 {
            self.length = self.length.saturating_add(1);
        }
        if exceeds {
            (self.length, self.quiet) = (self.length.max(1), 0);
            self.size = self.size.saturating_add(1);
        } else if self.length > 0 {
            self.quiet += 1;
            // Exceedances farther apart than half their mean time are no cluster.
            if self.quiet as f32 * share > 0.5 {
                *self = Self::default();
            }
        }
        !exceeds || self.length > LASTING || self.size as f32 * extremal_index <= SIZES
    }
}

#[cfg(test)]
mod tests {
    use super::{Excursion, LASTING};
    use crate::testing::Random;

    #[test]
    fn a_long_excursion_enters_as_four_clusters_and_a_lasting_one_whole() {
        let mut excursion = Excursion::default();
        let admitted = |e: &mut Excursion, n| (0..n).filter(|_| e.admits(true, 0.01, 0.1)).count();
        assert_eq!(admitted(&mut excursion, 300), 40);
        // A pause shorter than half the mean time between exceedances, 50 scores, is part of it.
        (0..49).for_each(|_| assert!(excursion.admits(false, 0.01, 0.1)));
        assert_eq!(admitted(&mut excursion, 300), 0);
        (0..51).for_each(|_| assert!(excursion.admits(false, 0.01, 0.1)));
        assert_eq!(admitted(&mut excursion, 2_000), 40 + 2_000 - LASTING as usize);
    }

    /// Of independent exceedances, and of geometric clusters, nearly all are learned.
    #[test]
    fn usual_clusters_enter_whole() {
        let mut random = Random::new(4);
        for (share, mean) in [(0.1f64, 1.0f64), (0.01, 1.0), (0.01, 20.0), (0.1, 20.0)] {
            let mut excursion = Excursion::default();
            let (mut inside, mut all, mut kept) = (false, 0, 0);
            for _ in 0..2_000_000 {
                // A cluster ends with probability 1/mean, and begins so often that a share of scores is in one.
                let change = if inside { 1.0 / mean } else { share / mean / (1.0 - share) };
                inside = if mean == 1.0 {
                    random.uniform() < share
                } else {
                    inside != (random.uniform() < change)
                };
                let admitted = excursion.admits(inside, share as f32, 1.0 / mean as f32);
                all += u32::from(inside);
                kept += u32::from(inside && admitted);
            }
            let lost = 1.0 - f64::from(kept) / f64::from(all);
            std::println!("share {share}, clusters of {mean}: {lost:.4} lost");
            assert!(lost < 0.08, "{share} {mean}: {lost}");
        }
    }
}
