//! Many streams of one shape: eight at a time, side by side in the lanes of the vector unit.
//!
//! A small stream leaves a processor waiting: its sums are short and hang on each other, through two divisions and two square
//! roots. Streams do not hang on each other. The ordinary frame, complete and judged, is written here a second time, for
//! eight streams at once, in the order of `FapiOf::rotate` and its neighbours: a test holds the bits together. Anything else
//! (the first frame, missing entries, outliers, numbers that overflow, a stream that is not to learn) is left to [`DynFapi`], stream by
//! stream: the stream is taken out of its group before, and put back after the others have gone on.

mod group;
mod learn;

use alloc::vec;
use alloc::vec::Vec;
use core::array;

use group::{ALL, Group};

use super::DynFapi;
use crate::error::{ConfigError, in_range};
use crate::linalg::streams::{Each, STREAMS};
#[cfg(doc)]
use crate::track::SubspaceTracker;
use crate::track::{Judgement, TrackerConfig};

/// FAPI of many streams that have the same number of channels and the same configuration. Each stream gets the bits that a [`DynFapi`]
/// of its own would give it.
///
/// Memory on the heap, allocated at construction: 4·(n·r + r² + 5n + 4r + 36) bytes a stream, streams rounded up to a multiple of
/// eight. For small streams, most of whose frames are complete and ordinary. The bench `speed` (64 streams, SSE2) prints how many times as fast
/// a frame is as with a tracker each: 2.7 at 8 channels and rank 3, 2.8 at 16×4, 2.1 at 32×4, 1.5 at 64×8. From 256 channels on, where eight
/// bases do not fit the innermost cache, it is slower than single trackers.
#[derive(Clone, Debug)]
pub struct FapiBatch {
    groups: Vec<Group>,
    streams: usize,
    n: usize,
    constants: Constants,
    work: Work,
}

/// What a step needs for itself.
#[derive(Clone, Debug)]
struct Work {
    g: Vec<Each>,
    h: Vec<Each>,
    p: Vec<Each>,
    /// Streams that were taken out.
    single: Vec<DynFapi>,
    /// The frame and the residual of one of them.
    x: Vec<f32>,
    residual: Vec<f32>,
    /// Frames of the last group, filled up with zeros.
    frames: Vec<f32>,
}

impl FapiBatch {
    /// Trackers of `streams` streams with `n` channels each, which have seen nothing.
    ///
    /// # Errors
    /// If there is no stream, `rank` is not in 1..=n or the memory is out of range.
    pub fn new(streams: usize, n: usize, config: &TrackerConfig) -> Result<Self, ConfigError> {
        in_range("streams", streams as f64, 1.0, f64::from(u32::MAX))?;
        let (single, r) = (DynFapi::new(n, config)?, config.rank);
        Ok(Self {
            groups: vec![Group::new(n, &single); streams.div_ceil(STREAMS)],
            streams,
            n,
            constants: Constants {
                forgetting: single.forgetting,
                growth: single.growth,
                memory: single.memory,
            },
            work: Work {
                g: vec![Each::ZERO; r],
                h: vec![Each::ZERO; r],
                p: vec![Each::ZERO; r],
                single: vec![single; STREAMS],
                x: vec![0.0; n],
                residual: vec![0.0; n],
                frames: vec![0.0; STREAMS * n],
            },
        })
    }

    /// Number of streams.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// Number of channels n of each.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.n
    }

    /// [`SubspaceTracker::judge`] for a frame of each stream: `frames` holds them one after another, `n` entries each; `out` receives a
    /// judgement a stream. What is left of the frames is in [`Self::residual`].
    ///
    /// # Panics
    /// If `frames` or `out` is too short.
    pub fn judge(&mut self, frames: &[f32], out: &mut [Judgement]) {
        self.each_group(frames, out, |group, work, frames, out| {
            group.judge(frames, work);
            group.judgements(out);
        });
    }

    /// [`SubspaceTracker::learn`] for the streams, by number, for which `teach` says so, from the frames that were judged last.
    pub fn learn(&mut self, teach: impl Fn(usize) -> bool) {
        let (constants, streams) = (self.constants, self.streams);
        for (first, group) in (0..).step_by(STREAMS).zip(&mut self.groups) {
            // Whatever fills the last group up learns along.
            let taught = array::from_fn(|s| first + s >= streams || teach(first + s));
            group.learn(taught, constants, &mut self.work);
        }
    }

    /// Judges a frame of each stream, as [`Self::judge`], and learns from all of them.
    ///
    /// # Panics
    /// If `frames` or `out` is too short.
    pub fn process(&mut self, frames: &[f32], out: &mut [Judgement]) {
        let constants = self.constants;
        self.each_group(frames, out, |group, work, frames, out| {
            group.judge(frames, work);
            group.judgements(out);
            group.learn(ALL, constants, work);
        });
    }

    /// The residual e of the last judged frame of a stream, as [`SubspaceTracker::judge`] gives it, into `out` (n entries).
    ///
    /// # Panics
    /// If there is no such stream, or `out` is not n long.
    pub fn residual(&self, stream: usize, out: &mut [f32]) {
        assert!(stream < self.streams, "stream {stream} of {}", self.streams);
        assert_eq!(out.len(), self.n);
        self.groups[stream / STREAMS].residual(stream % STREAMS, out);
    }

    /// A stream's tracker as it stands, to be looked at or to go its own way. Allocates.
    ///
    /// # Panics
    /// If there is no such stream.
    #[must_use]
    pub fn stream(&self, stream: usize) -> DynFapi {
        assert!(stream < self.streams, "stream {stream} of {}", self.streams);
        let mut single = self.work.single[0].clone();
        self.groups[stream / STREAMS].take(stream % STREAMS, &mut single);
        single
    }

    fn each_group(
        &mut self,
        frames: &[f32],
        out: &mut [Judgement],
        step: impl Fn(&mut Group, &mut Work, &[f32], &mut [Judgement]),
    ) {
        let n = self.n;
        let (frames, out) = (&frames[..n * self.streams], &mut out[..self.streams]);
        let groups = self.groups.iter_mut().zip(frames.chunks(STREAMS * n)).zip(out.chunks_mut(STREAMS));
        for ((group, frames), out) in groups {
            if frames.len() == STREAMS * n {
                step(group, &mut self.work, frames, out);
            } else {
                let mut filled = core::mem::take(&mut self.work.frames);
                filled[..frames.len()].copy_from_slice(frames);
                step(group, &mut self.work, &filled, out);
                self.work.frames = filled;
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Constants {
    forgetting: f32,
    growth: f32,
    memory: f32,
}

#[cfg(test)]
mod tests;
