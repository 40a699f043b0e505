//! The change-point score of the Skoltech benchmark: NAB's idea with a window to the right of each change.
//!
//! Lavin & Ahmad, ICMLA 2015; the variant of SKAB v0.9: the first detection in the window [t, t + 60 s] of a change at t earns a score that
//! falls from 1 at its left edge to A_fp at its right as −tanh over ±π/2; a window without one earns A_fn; a detection outside all windows A_fp.
//! Windows that overlap are cut: the later one begins where the earlier one ends. The sum is scaled so that silence gives 0 and a detection
//! at each change 100.

use std::f64::consts::PI;

/// What detections earn: for a false one, and for a missed change.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// A_fp.
    pub false_positive: f64,
    /// A_fn.
    pub miss: f64,
}

/// The three profiles: standard, low FP, low FN.
pub const PROFILES: [Profile; 3] = [
    Profile { false_positive: -0.11, miss: -1.0 },
    Profile { false_positive: -0.22, miss: -1.0 },
    Profile { false_positive: -0.11, miss: -2.0 },
];

/// Sums over files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nab {
    sums: [f64; 3],
    /// Changes.
    pub changes: usize,
    /// Changes without a detection in their window.
    pub missed: usize,
    /// Detections outside all windows.
    pub false_positives: usize,
    /// Summed delay of the detections that counted, in the unit of the times.
    pub delay: f64,
}

impl Nab {
    /// Adds one file: times of changes and detections, ascending, and the length of the window.
    pub fn add(&mut self, changes: &[f64], detections: &[f64], window: f64) {
        let mut windows: Vec<(f64, f64)> = changes.iter().map(|&t| (t, t + window)).collect();
        for i in 1..windows.len() {
            windows[i].0 = windows[i].0.max(windows[i - 1].1.min(windows[i].1));
        }
        self.changes += changes.len();
        for &(start, end) in &windows {
            let hit = detections.iter().find(|&&t| t >= start && t <= end);
            self.missed += usize::from(hit.is_none());
            self.delay += hit.map_or(0.0, |t| t - start);
            for (sum, profile) in self.sums.iter_mut().zip(PROFILES) {
                *sum += hit.map_or(profile.miss, |t| {
                    let place = if end > start { (t - start) / (end - start) } else { 0.0 };
                    let fall = -(PI * (place - 0.5)).tanh() / (PI / 2.0).tanh();
                    let half = 0.5 * (1.0 - profile.false_positive);
                    half * fall + half + profile.false_positive
                });
            }
        }
        let outside = |t: &&f64| !windows.iter().any(|&(start, end)| **t >= start && **t <= end);
        let false_positives = detections.iter().filter(outside).count();
        self.false_positives += false_positives;
        for (sum, profile) in self.sums.iter_mut().zip(PROFILES) {
            *sum += profile.false_positive * false_positives as f64;
        }
    }

    /// The scores in the three profiles: 0 for silence, 100 for perfection.
    #[must_use]
    pub fn scores(&self) -> [f64; 3] {
        let n = self.changes as f64;
        std::array::from_fn(|k| 100.0 * (self.sums[k] - n * PROFILES[k].miss) / (n - n * PROFILES[k].miss))
    }
}

#[cfg(test)]
mod tests {
    use super::Nab;

    #[test]
    fn silence_perfection_and_what_lies_between() {
        let mut silent = Nab::default();
        silent.add(&[100.0, 500.0], &[], 60.0);
        assert!(silent.scores().iter().all(|s| s.abs() < 1e-12));
        let mut perfect = Nab::default();
        perfect.add(&[100.0, 500.0], &[100.0, 500.0], 60.0);
        assert!(perfect.scores().iter().all(|s| (s - 100.0).abs() < 1e-9));
        // In the middle of the window: (1 − .11)/2 = .445, and one false alarm.
        let mut middle = Nab::default();
        middle.add(&[100.0], &[130.0, 300.0], 60.0);
        assert!((middle.scores()[0] - 100.0 * (0.445 - 0.11 + 1.0) / 2.0).abs() < 1e-9);
        assert_eq!((middle.missed, middle.false_positives), (0, 1));
    }

    #[test]
    fn the_later_of_two_windows_is_cut() {
        let mut nab = Nab::default();
        nab.add(&[100.0, 140.0], &[150.0], 60.0);
        assert_eq!((nab.missed, nab.false_positives), (1, 0));
    }
}
