//! An energy on the stream's own scale: the running z-value of its logarithm.

use crate::condition::RunningScale;
use crate::math::ln;

/// z = (ln(Q + q₀) − m)/s with running mean m and scale s of the logarithm.
///
/// The residual energy of a stable stream is close to a scaled χ² (Box 1954), whose logarithm is nearly symmetric; a change of gain moves
/// ln Q by a constant. One sample moves m and s by at most three scales, so an anomaly does not hide the next one.
/// State: 7 words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogScore {
    log: RunningScale,
    memory: f32,
    floor: f32,
}

/// Samples before a z-value means anything.
const SETTLE: u32 = 32;

/// Smallest scale of ln Q: a stream that repeats itself exactly must not divide by nothing.
const MIN_SCALE: f32 = 0.1;

impl LogScore {
    /// `memory` in frames, ≥ 1; `floor` q₀ > 0 in the units of Q: energies below it are all alike.
    #[must_use]
    pub const fn new(memory: f32, floor: f32) -> Self {
        Self { log: RunningScale::clipped(3.0), memory, floor }
    }

    /// The z-value of `energy` against what was seen before, then learns from it. An energy that is not finite gives NaN and
    /// changes nothing; the first 32 give 0.
    pub fn process(&mut self, energy: f32) -> f32 {
        if !energy.is_finite() {
            return f32::NAN;
        }
        let log = ln(energy.max(0.0) + self.floor);
        let z =
            if self.log.count() < SETTLE { 0.0 } else { (log - self.log.mean()) / self.log.scale().max(MIN_SCALE) };
        self.log.update(log, self.memory);
        z
    }
}

#[cfg(test)]
mod tests {
    use super::LogScore;

    /// Energies whose logarithm is uniform on ±1: mean 0, scale 1/√3.
    fn energy(i: u32) -> f32 {
        libm::expf((i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
    }

    #[test]
    fn z_is_the_distance_in_scales_of_the_logarithm() {
        let mut s = LogScore::new(1e5, 1e-9);
        (0..20_000).for_each(|i| _ = s.process(energy(i)));
        let z = s.process(libm::expf(2.0));
        assert!((z - 2.0 * 3f32.sqrt()).abs() < 0.05, "{z}");
    }

    #[test]
    fn a_change_of_gain_shifts_every_score_alike() {
        let (mut a, mut b) = (LogScore::new(500.0, 1e-12), LogScore::new(500.0, 1e-12));
        for i in 0..2000 {
            let (x, y) = (a.process(energy(i)), b.process(energy(i) * 1e4));
            assert!((x - y).abs() < 2e-3, "{x} {y}");
        }
    }

    #[test]
    fn hostile_energies() {
        let mut s = LogScore::new(100.0, 1e-6);
        for q in [0.0, 1.0, f32::NAN, f32::INFINITY, f32::MAX, -1.0, 1e-45] {
            let z = s.process(q);
            assert_eq!(z.is_nan(), !q.is_finite());
        }
        (0..100).for_each(|_| _ = s.process(0.0));
        assert!(s.process(1.0).is_finite());
    }
}
