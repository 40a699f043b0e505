//! The two temporal scales, against the same from the whole past, kept in a vector; and streams shorter than the windows.

use std::vec::Vec;

use super::{Plant, lively, verdicts};
use crate::condition::ChannelCondition;
use crate::monitor::{COARSE_FACTOR, Config, Monitor};
use crate::score::Excess;
use crate::testing::Random;
use crate::track::{LeanFapi, SubspaceTracker, TrackerConfig};

const L: usize = 20;
const CHANNELS: usize = 5;

/// One channel by definition: nothing is delayed, staggered or summed on line.
struct Reference {
    condition: ChannelCondition,
    /// All samples relative to the origin.
    past: Vec<f32>,
    /// Frames in the first mean.
    first: usize,
    fine: (LeanFapi<L, 2>, Excess),
    coarse: Option<(LeanFapi<L, 2>, Excess)>,
    coarse_score: f32,
}

impl Reference {
    fn new(config: &Config, index: usize) -> Self {
        let t = &config.temporal;
        let tracker = TrackerConfig { rank: t.rank, memory_frames: t.memory_frames, patience_frames: 0 };
        let view = || (LeanFapi::new(&tracker).unwrap(), Excess::new(t.memory_frames, 1e-6 * L as f32));
        Self {
            condition: ChannelCondition::new(&config.condition),
            past: Vec::new(),
            first: COARSE_FACTOR - index % COARSE_FACTOR,
            fine: view(),
            coarse: t.coarse.then(view),
            coarse_score: f32::NAN,
        }
    }

    fn judge(
        (tracker, excess): &mut (LeanFapi<L, 2>, Excess),
        condition: &ChannelCondition,
        past: &[f32],
    ) -> f32 {
        let (mut window, mut residual) = ([0.0; L], [0.0; L]);
        condition.standardise_into(past, &mut window);
        excess.process(tracker.process(&window, &mut residual).q)
    }

    /// Means of those of each three frames that are there.
    fn means(&self) -> Vec<f32> {
        let (first, rest) = self.past.split_at(self.first.min(self.past.len()));
        let mean = |frames: &[f32]| {
            let there: Vec<f32> = frames.iter().copied().filter(|x| !x.is_nan()).collect();
            if there.is_empty() { f32::NAN } else { there.iter().sum::<f32>() / there.len() as f32 }
        };
        core::iter::once(first).chain(rest.chunks_exact(COARSE_FACTOR)).map(mean).collect()
    }

    fn process(&mut self, x: f32) -> f32 {
        let (x, _) = self.condition.update(x);
        self.past.push(x);
        let given = self.past.len();
        if !self.condition.is_live() {
            self.coarse_score = f32::NAN;
            return f32::NAN;
        }
        let end = if self.coarse.is_some() { given.saturating_sub(L) } else { given };
        let fine = if end >= L {
            Self::judge(&mut self.fine, &self.condition, &self.past[end - L..end])
        } else {
            f32::NAN
        };
        let means = self.means();
        if let Some(coarse) = &mut self.coarse
            && given >= COARSE_FACTOR * L
            && (given - self.first).is_multiple_of(COARSE_FACTOR)
        {
            self.coarse_score = Self::judge(coarse, &self.condition, &means[means.len() - L..]);
        }
        match [fine, self.coarse_score].iter().filter(|s| !s.is_nan()).count() {
            2 => (fine + self.coarse_score) / 2.0,
            _ => {
                if fine.is_nan() {
                    self.coarse_score
                } else {
                    fine
                }
            }
        }
    }
}

/// Signals with missing samples, one that comes alive late, and one that is gone for longer than the fine window.
fn frames() -> impl Iterator<Item = Vec<f32>> {
    let (mut plant, mut random) = (Plant::new(CHANNELS, 111), Random::new(112));
    (0..600).map(move |t| {
        let mut x = plant.next();
        x.iter_mut().for_each(|x| *x = if random.uniform() < 0.1 { f32::NAN } else { *x });
        x[3] = if t < 85 { 2.5 } else { x[3] };
        x[4] = if (300..340).contains(&t) { f32::NAN } else { x[4] };
        x
    })
}

#[test]
fn a_channels_score_is_the_mean_of_both_scales_to_the_bit() {
    for coarse in [true, false] {
        let mut config = lively();
        (config.temporal.coarse, config.temporal.length) = (coarse, L);
        let mut monitor = Monitor::<CHANNELS, 2>::new(&config).unwrap();
        let mut reference: Vec<_> = (0..CHANNELS).map(|i| Reference::new(&config, i)).collect();
        let (mut scores, mut alone) = (0, 0);
        for x in frames() {
            let judged = monitor.process(&x).is_some();
            for (i, reference) in reference.iter_mut().enumerate() {
                let expected = reference.process(x[i]);
                if judged {
                    let score = monitor.temporal_score(i);
                    assert_eq!(score.to_bits(), expected.to_bits(), "channel {i}: {score} {expected}");
                    scores += u32::from(!score.is_nan());
                    alone += u32::from(!score.is_nan() && reference.coarse_score.is_nan());
                }
            }
        }
        std::println!("coarse {coarse}: {scores} scores, {alone} of the fine scale alone");
        assert!(scores > 2000 && alone > 50);
        assert_eq!(alone == scores, !coarse);
    }
}

#[test]
fn a_short_stream_is_judged_by_the_windows_it_fills() {
    for (frames, unjudged) in [(0, 0), (19, 19), (20, 9), (59, 9), (60, 9), (200, 9)] {
        let mut config = lively();
        config.spatial.enabled = false;
        config.level.enabled = false;
        for coarse in [true, false] {
            config.temporal.coarse = coarse;
            let (mut monitor, mut plant) = (Monitor::<3, 2>::new(&config).unwrap(), Plant::new(3, 113));
            let all = verdicts(&mut monitor, (0..frames).map(|_| plant.next()));
            assert_eq!(all.len(), frames);
            assert_eq!(monitor.counters().unjudged, unjudged, "{frames} frames, coarse {coarse}");
            // What is usual is learned from full windows of all scales only: 50 scores make the first p-value.
            let known = all.iter().filter(|v| !v.p_value.is_nan()).count();
            let full =
                if coarse { if frames < 60 { 0 } else { frames - 29 } } else { frames - unjudged as usize };
            assert_eq!(known, full.saturating_sub(50));
        }
    }
}
