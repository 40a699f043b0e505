//! Several views, one wanted rate: how many independent limits are they worth?

/// What a stream's own p-values say of the union bound.
///
/// An alarm that any of V views may raise, each at the rate α, comes at a rate between α and V·α: α if they say the same, V·α if they never alarm
/// together, and less than either if one of them is conservative. Giving each α/V (Bonferroni) holds the rate in every case, and gives half of it or
/// less in most. The worth w = P(min p ≤ x)/x of the views can be counted at a probability x that is not rare; at α/w the rate is the wanted one if w
/// is the same further out.
///
/// Counted at x = max(α, 1/100), with twenty events of Bonferroni's worth before the first frame: a short stream is bounded as it was. 1 ≤ w ≤ V.
/// State: 4 words. Cost: a comparison a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Union {
    level: f32,
    memory: u32,
    events: u32,
    frames: u32,
}

/// The probability at which is counted, unless alarms are wanted more often.
const LEVEL: f32 = 0.01;

/// Events of prior weight.
const PRIOR: f32 = 20.0;

impl Union {
    /// For the wanted `rate` of alarms (0 … 0.5); `memory` is the number of past frames that count, ≥ 1.
    #[must_use]
    pub const fn new(rate: f32, memory: u32) -> Self {
        Self { level: rate.max(LEVEL), memory, events: 0, frames: 0 }
    }

    /// Takes in the smallest p-value of a frame. NaN changes nothing.
    pub fn update(&mut self, least: f32) {
        if least.is_nan() {
            return;
        }
        self.events += u32::from(least <= self.level);
        self.frames += 1;
        if self.frames >= 2 * self.memory {
            self.events /= 2;
            self.frames /= 2;
        }
    }

    /// The worth w of `views` views, those that judge at present: the smallest of a frame's p-values is as probable as w times itself. 1 if there are none.
    #[must_use]
    pub fn worth(&self, views: u8) -> f32 {
        let views = f32::from(views).max(1.0);
        let expected = self.level * self.frames as f32;
        ((self.events as f32 + PRIOR) / (expected + PRIOR / views)).clamp(1.0, views)
    }
}

#[cfg(test)]
mod tests {
    use super::Union;
    use crate::testing::Random;

    /// The worth after many frames of p-values.
    fn worth(rate: f32, mut least: impl FnMut(&mut Random) -> f64) -> f32 {
        let (mut union, mut random) = (Union::new(rate, 1_000_000), Random::new(8));
        (0..500_000).for_each(|_| union.update(least(&mut random) as f32));
        union.worth(3)
    }

    #[test]
    fn the_worth_is_what_probability_says() {
        for (rate, x) in [(1e-4, 0.01f64), (0.05, 0.05)] {
            // Three independent views, three that say the same, one that is too bold, and none that says anything.
            let independent = worth(rate, |r| r.uniform().min(r.uniform()).min(r.uniform()));
            let theory = (1.0 - (1.0 - x).powi(3)) / x;
            assert!((f64::from(independent) / theory - 1.0).abs() < 0.03, "{independent} {theory}");
            assert!((worth(rate, Random::uniform) - 1.0).abs() < 0.04);
            assert!(worth(rate, |r| 0.1 * r.uniform()) >= 3.0);
            assert!(worth(rate, |_| 1.0) <= 1.0);
        }
    }

    #[test]
    fn a_short_stream_is_bounded_as_by_bonferroni() {
        let mut union = Union::new(1e-3, 1000);
        assert!(union.worth(2) >= 2.0 && union.worth(0) <= 1.0);
        (0..100).for_each(|_| union.update(0.5));
        assert!(union.worth(2) > 1.8);
        union.update(f32::NAN);
        // What it remembers is bounded.
        (0..100_000).for_each(|_| union.update(0.5));
        assert!(union.worth(2) <= 1.0 && union.frames < 2000);
    }
}
