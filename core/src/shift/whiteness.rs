//! Are the innovations independent in time? A bet that they are not, at lags 1 to 3.
//!
//! With g(z) = z/2 cut to ±1 and a_t the mean over channels of g(z_t)·g(z_{t−l}), 1 + c·a_t has mean 1 for independent symmetric
//! innovations and any c in ±1 known before frame t: a Shiryaev–Roberts statistic of these factors exceeds [`LEVEL`] within n frames with
//! probability at most n/[`LEVEL`] (Doob). c follows the stream: the growth-optimal mean(a)/mean(a²), shrunk while little is known (Waudby-Smith &
//! Ramdas, J. R. Statist. Soc. B 86, 2024).

use nalgebra::{DefaultAllocator, Dim, OVector};

use super::bank::Wager;
use crate::linalg;
use crate::shape::{Alloc, zeros};

/// Lags that are tested.
pub(crate) const LAGS: usize = 3;

/// The test fires when its evidence reaches this.
pub(crate) const LEVEL: f32 = 1e5;

/// Products that a running moment remembers at most.
const MEMORY: f32 = 512.0;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Lag {
    wager: Wager,
    first: f32,
    second: f32,
    seen: f32,
}

/// State: 3·D + 18 words. Cost: 3·d multiply–adds a frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Whiteness<D: Dim>
where
    DefaultAllocator: Alloc<D, D>,
{
    past: [OVector<f32, D>; LAGS],
    present: OVector<f32, D>,
    filled: usize,
    lags: [Lag; LAGS],
}

impl<D: Dim> Whiteness<D>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(crate) fn new(d: D) -> Self {
        let lag = Lag { wager: Wager::NEW, first: 0.0, second: 0.0, seen: 0.0 };
        Self { past: core::array::from_fn(|_| zeros(d)), present: zeros(d), filled: 0, lags: [lag; LAGS] }
    }

    pub(crate) fn restart(&mut self) {
        self.lags = [Lag { wager: Wager::NEW, first: 0.0, second: 0.0, seen: 0.0 }; LAGS];
        self.filled = 0;
    }

    /// A pause: the past innovations are unknown.
    pub(crate) fn forget_past(&mut self) {
        self.filled = 0;
    }

    /// Takes in the innovations of one frame, of which `live` are not 0 for good; returns whether the test fires.
    pub(crate) fn test(&mut self, z: &[f32], live: u32) -> bool {
        for (g, z) in self.present.iter_mut().zip(z) {
            *g = (0.5 * z).clamp(-1.0, 1.0);
        }
        let mut fires = false;
        let count = live.max(1) as f32;
        for (lag, past) in self.lags.iter_mut().zip(&self.past).take(self.filled) {
            let a = linalg::dot(self.present.as_slice(), past.as_slice()) / count;
            let c = lag.first / lag.second.max(1e-6) * (lag.seen / (lag.seen + 20.0));
            fires |= lag.wager.multiply(1.0 + c.clamp(-0.9, 0.9) * a) >= LEVEL;
            lag.seen = (lag.seen + 1.0).min(MEMORY);
            lag.first += (a - lag.first) / lag.seen;
            lag.second += (a * a - lag.second) / lag.seen;
        }
        self.past.rotate_right(1);
        self.past[0].copy_from(&self.present);
        self.filled = (self.filled + 1).min(LAGS);
        fires
    }
}

#[cfg(test)]
mod tests {
    use super::Whiteness;
    use crate::testing::Random;
    use nalgebra::Const;

    /// Frames until the test fires on z_t = e_t + theta·e_{t−lag}, 4 channels, at most 5,000.
    fn fires_after(theta: f64, lag: usize, seed: u64) -> Option<usize> {
        let (mut test, mut random) = (Whiteness::new(Const::<4>), Random::new(seed));
        let mut past = std::collections::VecDeque::from(vec![[0.0; 4]; lag]);
        (0..5000).find(|_| {
            let e: [f64; 4] = core::array::from_fn(|_| random.normal());
            past.push_back(e);
            let old = past.pop_front().unwrap();
            let z: [f32; 4] = core::array::from_fn(|j| ((e[j] + theta * old[j]) / theta.hypot(1.0)) as f32);
            test.test(&z, 4)
        })
    }

    #[test]
    fn independent_innovations_pass() {
        // By Doob's inequality each of 40 runs fires with probability below 3·5000/10⁵ = .15, and in fact far below.
        let fired = (0..40).filter(|&seed| fires_after(0.0, 1, seed).is_some()).count();
        assert!(fired <= 3, "{fired}");
    }

    #[test]
    fn a_moving_average_is_found_soon_at_each_lag() {
        for lag in 1..=3 {
            for theta in [0.5, -0.5] {
                let after = fires_after(theta, lag, 9).expect("it fires");
                assert!(after < 300, "{lag} {theta}: {after}");
            }
        }
    }

    #[test]
    fn a_pause_is_no_evidence() {
        let mut test = Whiteness::new(Const::<2>);
        for _ in 0..2000 {
            assert!(!test.test(&[2.0, -2.0], 2));
            test.forget_past();
        }
    }
}
