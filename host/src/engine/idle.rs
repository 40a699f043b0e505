//! Which channels of a recording say nothing: no view watches a channel that never varies, and that must not go unseen.

use crate::source::Channel;

/// Names listed before the rest is only counted.
const LISTED: usize = 8;

/// Follows the channels until they vary. O(n) per frame.
#[derive(Debug)]
pub(super) struct Idle {
    /// The first number of each channel, NaN until there is one.
    first: Vec<f32>,
    varies: Vec<bool>,
}

impl Idle {
    pub(super) fn new(channels: usize) -> Self {
        Self { first: vec![f32::NAN; channels], varies: vec![false; channels] }
    }

    pub(super) fn update(&mut self, frame: &[f32]) {
        for ((first, varies), &value) in self.first.iter_mut().zip(&mut self.varies).zip(frame) {
            *first = if first.is_nan() { value } else { *first };
            *varies |= value.is_finite() && value != *first;
        }
    }

    /// The idle channels in one sentence, if there are any.
    pub(super) fn remark(&self, channels: &[Channel]) -> Option<String> {
        let idle = |&i: &usize| !self.varies[i];
        let all = (0..self.varies.len()).filter(idle);
        let more = all.clone().skip(LISTED).count();
        let listed = all.take(LISTED).map(|i| match self.first[i] {
            first if first.is_nan() => format!("`{}` (no sample)", channels[i].name),
            first => format!("`{}` (always {first})", channels[i].name),
        });
        let mut words: Vec<String> = listed.collect();
        if more > 0 {
            words.push(format!("{more} more"));
        }
        (!words.is_empty()).then(|| format!("not watched, because they never vary: {}", words.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remark(frames: &[&[f32]]) -> Option<String> {
        let channels: Vec<Channel> =
            (0..frames[0].len()).map(|i| Channel { name: format!("c{i}"), ..Channel::default() }).collect();
        let mut idle = Idle::new(channels.len());
        frames.iter().for_each(|frame| idle.update(frame));
        idle.remark(&channels)
    }

    #[test]
    fn idle_channels_are_named_with_what_they_hold() {
        let nan = f32::NAN;
        assert_eq!(remark(&[&[1.0, nan], &[2.0, 3.0], &[2.0, 4.0]]), None);
        let text = remark(&[&[nan, 5.0, nan, 0.0], &[nan, nan, 1.5, 1.0], &[nan, 5.0, 1.5, 0.0]]).unwrap();
        assert!(text.ends_with(": `c0` (no sample), `c1` (always 5), `c2` (always 1.5)"), "{text}");
        assert!(remark(&[&[1.0; 20]]).unwrap().ends_with("`c7` (always 1), 12 more"));
    }
}
