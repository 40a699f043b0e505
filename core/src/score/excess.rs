//! An energy on the stream's own scale: how far above its usual level, in decibels.

use crate::condition::RunningScale;
use crate::math::ln;

/// 10·log₁₀((Q + q₀)/G), with G the running geometric mean of Q + q₀: 0 dB is as usual, 10 dB is ten times the usual energy.
///
/// The residual energy of a stable stream is close to a scaled χ² (Box 1954), whose logarithm is nearly symmetric, so its running mean
/// says what is usual; a change of gain moves all logarithms alike and leaves the excess as it was. One sample moves G by at most three of its
/// logarithm's standard deviations, so an anomaly does not hide the next one. State: 7 words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Excess {
    log: RunningScale,
    memory: f32,
    floor: f32,
}

/// Energies before an excess means anything.
const SETTLE: u32 = 32;

/// Decibels per neper of energy: 10/ln 10.
const DECIBELS: f32 = 4.342_945;

impl Excess {
    /// `memory` in frames, ≥ 1; `floor` q₀ > 0 in the units of Q: energies below it are all alike.
    #[must_use]
    pub const fn new(memory: f32, floor: f32) -> Self {
        Self { log: RunningScale::clipped(3.0), memory, floor }
    }

    /// The excess of `energy` in dB over what was usual before, then learns from it. An energy that is not finite gives NaN and
    /// changes nothing; the first 32 give 0.
    pub fn process(&mut self, energy: f32) -> f32 {
        if !energy.is_finite() {
            return f32::NAN;
        }
        let log = ln(energy.max(0.0) + self.floor);
        let excess = if self.log.count() < SETTLE { 0.0 } else { DECIBELS * (log - self.log.mean()) };
        self.log.update(log, self.memory);
        excess
    }
}

#[cfg(test)]
mod tests {
    use super::Excess;

    /// Energies whose logarithm is uniform on ±1, in no order.
    fn energy(i: u32) -> f32 {
        libm::expf((i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
    }

    #[test]
    fn ten_times_the_usual_energy_is_ten_decibels() {
        let mut s = Excess::new(1e5, 1e-9);
        (0..20_000).for_each(|i| _ = s.process(energy(i)));
        let excess = s.process(10.0);
        assert!((excess - 10.0).abs() < 0.1, "{excess}");
    }

    #[test]
    fn a_change_of_gain_leaves_every_score_as_it_was() {
        let (mut a, mut b) = (Excess::new(500.0, 1e-12), Excess::new(500.0, 1e-12));
        for i in 0..2000 {
            let (x, y) = (a.process(energy(i)), b.process(energy(i) * 1e4));
            assert!((x - y).abs() < 2e-3, "{x} {y}");
        }
    }

    #[test]
    fn a_burst_does_not_hide_the_next_one() {
        let mut s = Excess::new(500.0, 1e-9);
        (0..5_000).for_each(|i| _ = s.process(energy(i)));
        let first = s.process(1e6);
        (0..10).for_each(|_| _ = s.process(1e6));
        (0..500).for_each(|i| _ = s.process(energy(i)));
        assert!((s.process(1e6) - first).abs() < 1.0);
    }

    #[test]
    fn hostile_energies() {
        let mut s = Excess::new(100.0, 1e-6);
        for q in [0.0, 1.0, f32::NAN, f32::INFINITY, f32::MAX, -1.0, 1e-45] {
            assert_eq!(s.process(q).is_nan(), !q.is_finite());
        }
        (0..100).for_each(|_| _ = s.process(0.0));
        assert!(s.process(1.0).is_finite());
    }
}
