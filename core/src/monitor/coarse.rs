//! The second, coarser scale of a channel, and the delay that lets both scales judge the same frame.
//!
//! ```text
//! newest ─┬─► lead (L frames, delay only) ─► fine line (L frames)     the fine window is the middle third
//!         └─► mean of three ─► coarse line (L means)                  the coarse window is all 3·L frames
//! ```

use nalgebra::{DefaultAllocator, Dim, OVector};

use super::config::COARSE_FACTOR;
use super::temporal::TemporalView;
use crate::condition::ChannelCondition;
use crate::shape::{Alloc, zeros};

/// A temporal view of means of [`COARSE_FACTOR`] frames, judged when one is complete.
///
/// State: L words more than a [`TemporalView`]. Cost: a third of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CoarseView<L: Dim, K: Dim>
where
    DefaultAllocator: Alloc<L, K>,
{
    view: TemporalView<L, K>,
    /// The last L frames, as a ring: the next one to leave is at `position`.
    lead: OVector<f32, L>,
    position: usize,
    /// Sum and number of the valid samples that the next mean will be of.
    sum: f32,
    valid: u8,
    /// Frames since the last mean, valid or not.
    gathered: u8,
    /// Excess of the last judged window in dB; NaN if it could not be judged.
    score: f32,
}

impl<L: Dim, K: Dim> CoarseView<L, K>
where
    DefaultAllocator: Alloc<L, K>,
{
    /// Around a view that has seen nothing.
    pub(super) fn new(l: L, view: TemporalView<L, K>) -> Self {
        let mut lead = zeros(l);
        lead.fill(f32::NAN);
        Self { view, lead, position: 0, sum: 0.0, valid: 0, gathered: 0, score: f32::NAN }
    }

    /// Lets the first mean come `frames` frames early, so that the channels of a monitor share the work evenly between frames.
    pub(super) fn stagger(&mut self, frames: usize) {
        self.gathered = (frames % COARSE_FACTOR) as u8;
    }

    /// Takes in the newest sample (NaN if it is missing), and gives the one of L frames ago.
    pub(super) fn push(&mut self, x: f32) -> f32 {
        self.gather(x);
        let length = self.view.line.window().len();
        let leaves = core::mem::replace(&mut self.lead.as_mut_slice()[self.position], x);
        self.position = if self.position + 1 == length { 0 } else { self.position + 1 };
        leaves
    }

    fn gather(&mut self, x: f32) {
        if !x.is_nan() {
            self.sum += x;
            self.valid += 1;
        }
        self.gathered += 1;
        if usize::from(self.gathered) == COARSE_FACTOR {
            // Samples are within ±1e38, so that three of them have a sum.
            let mean = if self.valid > 0 { self.sum / f32::from(self.valid) } else { f32::NAN };
            self.view.line.push(mean);
            (self.sum, self.valid, self.gathered) = (0.0, 0, 0);
        }
    }

    /// Judges and learns the present window if its newest mean came with the newest frame. The excess of the last judged window in dB;
    /// NaN if it could not be judged.
    pub(super) fn judge(
        &mut self,
        condition: &ChannelCondition,
        window: &mut [f32],
        residual: &mut [f32],
    ) -> f32 {
        if self.gathered == 0 {
            self.score = self.view.judge(condition, window, residual);
        }
        self.score
    }

    /// What was judged last no longer stands.
    pub(super) fn forget(&mut self) {
        self.score = f32::NAN;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use nalgebra::Const;

    use super::CoarseView;
    use crate::monitor::config::TemporalConfig;
    use crate::monitor::temporal::TemporalView;

    /// Four frames of lead, and four means.
    fn coarse() -> CoarseView<Const<4>, Const<1>> {
        let config = TemporalConfig { length: 4, rank: 1, ..TemporalConfig::default() };
        CoarseView::new(Const, TemporalView::new(Const, Const, &config).unwrap())
    }

    fn window(coarse: &CoarseView<Const<4>, Const<1>>) -> Vec<f32> {
        coarse.view.line.window().to_vec()
    }

    #[test]
    fn samples_leave_the_lead_after_its_length() {
        let mut coarse = coarse();
        for t in 0..30 {
            let leaves = coarse.push(t as f32);
            assert!(if t < 4 { leaves.is_nan() } else { leaves == (t - 4) as f32 }, "{t}: {leaves}");
        }
    }

    #[test]
    fn means_are_of_three_frames_and_of_those_that_are_there() {
        let mut coarse = coarse();
        let nan = f32::NAN;
        for x in [1.0, 2.0, 6.0, nan, 4.0, 5.0, 7.0, nan, nan, nan, nan, nan] {
            coarse.push(x);
        }
        let found = window(&coarse);
        assert_eq!(found[..3], [3.0, 4.5, 7.0]);
        assert!(found[3].is_nan());
        // The largest samples there are.
        (0..12).for_each(|_| _ = coarse.push(1e38));
        assert!(window(&coarse).iter().all(|x| (x / 1e38 - 1.0).abs() < 1e-6));
    }

    #[test]
    fn staggered_views_take_turns() {
        for frames in 0..7 {
            let mut coarse = coarse();
            coarse.stagger(frames);
            let fresh: Vec<usize> =
                (0..9).filter(|&t| (coarse.push(t as f32), coarse.gathered == 0).1).collect();
            let first = 2 - frames % 3;
            assert_eq!(fresh, [first, first + 3, first + 6]);
            assert_eq!(window(&coarse)[3], (first + 5) as f32);
        }
    }
}
