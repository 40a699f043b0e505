//! A channel's last samples, always contiguous.

use nalgebra::allocator::Allocator;
use nalgebra::{DefaultAllocator, Dim, OMatrix, U2};

use crate::shape::zero_matrix;

/// The last `length ≤ L` samples of one channel, oldest first, as one slice.
///
/// Every sample is written twice, `length` apart, into a ring of 2·L words, so that the window never wraps. Missing samples are
/// kept as NaN. State: 2·L words + 2 counters; cost: two stores a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct DelayLine<L: Dim>
where
    DefaultAllocator: Allocator<L, U2>,
{
    ring: OMatrix<f32, L, U2>,
    length: usize,
    position: usize,
}

impl<L: Dim> DelayLine<L>
where
    DefaultAllocator: Allocator<L, U2>,
{
    /// An empty line (all missing) of `length` samples, at most the capacity `dim`.
    ///
    /// # Panics
    /// If `length` is 0 or more than the capacity: shapes are checked by the configuration.
    #[must_use]
    pub fn new(dim: L, length: usize) -> Self {
        assert!(length > 0 && length <= dim.value(), "delay line longer than its memory");
        let mut ring = zero_matrix(dim, U2);
        ring.fill(f32::NAN);
        Self { ring, length, position: 0 }
    }

    /// Takes in the newest sample; the oldest leaves.
    pub fn push(&mut self, x: f32) {
        let ring = self.ring.as_mut_slice();
        ring[self.position] = x;
        ring[self.position + self.length] = x;
        self.position = if self.position + 1 == self.length { 0 } else { self.position + 1 };
    }

    /// The last samples, oldest first; NaN where missing or not yet there.
    #[must_use]
    pub fn window(&self) -> &[f32] {
        &self.ring.as_slice()[self.position..self.position + self.length]
    }

    /// The sample of `age` frames ago (0 = the newest).
    ///
    /// # Panics
    /// If `age` is not less than the length.
    #[must_use]
    pub fn back(&self, age: usize) -> f32 {
        self.window()[self.length - 1 - age]
    }
}

#[cfg(test)]
mod tests {
    use super::DelayLine;
    use nalgebra::Const;

    #[test]
    fn the_window_holds_the_last_samples_in_order() {
        let mut line = DelayLine::new(Const::<7>, 5);
        for t in 0..40 {
            line.push(t as f32);
            for (k, &x) in line.window().iter().enumerate() {
                let expected = t + k as i32 - 4;
                assert!(if expected < 0 { x.is_nan() } else { x == expected as f32 });
            }
            assert_eq!(line.back(0), t as f32);
        }
        assert_eq!(line.back(4), 35.0);
    }
}
