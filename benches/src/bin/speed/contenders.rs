//! Who is timed: the tracker in its forms, and what limits it.

use std::hint::black_box;

use eigenstream_benches::stats::SplitMix64;
use eigenstream_core::linalg;
use eigenstream_core::track::{DynFapi, Fapi, FapiBatch, Judgement, SubspaceTracker, TrackerConfig};

/// Frames that are used over and over.
const POOL: usize = 256;

/// Streams of a batch.
pub(crate) const STREAMS: usize = 64;

/// A contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Shape known to the compiler, a call a frame.
    Single,
    /// Shape known at run time.
    Dynamic,
    /// 64 frames a call.
    Block,
    /// As many streams as in the batch, a tracker each.
    Many,
    Batch,
    /// r dot products of length n: n·r multiply–adds.
    Dot,
    /// n·r numbers read and written once.
    Pass,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] =
        [Self::Single, Self::Dynamic, Self::Block, Self::Many, Self::Batch, Self::Dot, Self::Pass];
}

/// Something to time.
pub(crate) struct Contender {
    pub(crate) kind: Kind,
    /// Updates of a round.
    pub(crate) updates: usize,
    pub(crate) round: Box<dyn FnMut()>,
}

pub(crate) fn config(rank: usize) -> TrackerConfig {
    TrackerConfig { rank, memory_frames: 1000.0, ..Default::default() }
}

/// Frames with r strong directions and noise.
pub(crate) fn frames(n: usize, r: usize, count: usize, seed: u64) -> Vec<f32> {
    let mut random = SplitMix64::new(seed);
    // Sums of four uniforms: near enough to normal for a stopwatch.
    let mut normal = || (0..4).map(|_| random.uniform() - 0.5).sum::<f64>() * 3f64.sqrt();
    let directions: Vec<f64> = (0..n * r).map(|_| normal() / (n as f64).sqrt()).collect();
    let mut frames = Vec::with_capacity(count * n);
    for _ in 0..count {
        let signals: Vec<f64> = (0..r).map(|_| 3.0 * normal()).collect();
        for row in directions.chunks_exact(r) {
            let signal: f64 = row.iter().zip(&signals).map(|(d, s)| d * s).sum();
            frames.push((signal + 0.1 * normal()) as f32);
        }
    }
    frames
}

/// A contender of n channels and rank r.
///
/// # Panics
/// If the shape is none that is timed.
pub(crate) fn contender(kind: Kind, n: usize, r: usize) -> Contender {
    let data = frames(n, r, POOL, 1);
    let (updates, round): (usize, Box<dyn FnMut()>) = match kind {
        Kind::Single => (POOL, single(n, r, data)),
        Kind::Dynamic => {
            (POOL, one_by_one(Box::new(DynFapi::new(n, &config(r)).expect("a valid shape")), data))
        }
        Kind::Block => (POOL, block(n, r, data)),
        Kind::Many => (POOL, many(n, r, data)),
        Kind::Batch => (POOL, batch(n, r, data)),
        Kind::Dot => (POOL, dot(n, r, data)),
        Kind::Pass => (64, pass(n, r)),
    };
    Contender { kind, updates, round }
}

fn single(n: usize, r: usize, data: Vec<f32>) -> Box<dyn FnMut()> {
    fn fixed<const N: usize, const R: usize>(data: Vec<f32>) -> Box<dyn FnMut()> {
        // Boxed: the state of a large shape is larger than what a stack should hold.
        one_by_one(Box::new(Fapi::<N, R>::new(&config(R)).expect("a valid shape")), data)
    }
    match (n, r) {
        (8, 2) => fixed::<8, 2>(data),
        (8, 3) => fixed::<8, 3>(data),
        (16, 4) => fixed::<16, 4>(data),
        (32, 4) => fixed::<32, 4>(data),
        (64, 8) => fixed::<64, 8>(data),
        (256, 16) => fixed::<256, 16>(data),
        (1024, 32) => fixed::<1024, 32>(data),
        _ => panic!("{n}×{r} is not timed"),
    }
}

fn one_by_one<T: SubspaceTracker + 'static>(mut tracker: Box<T>, data: Vec<f32>) -> Box<dyn FnMut()> {
    let mut residual = vec![0.0; tracker.channels()];
    Box::new(move || {
        for x in data.chunks_exact(residual.len()) {
            black_box(tracker.process(x, &mut residual));
        }
    })
}

fn block(n: usize, r: usize, data: Vec<f32>) -> Box<dyn FnMut()> {
    let mut tracker = DynFapi::new(n, &config(r)).expect("a valid shape");
    let (mut residual, mut out) = (vec![0.0; n], [Judgement::unjudged(0); 64]);
    Box::new(move || {
        for frames in data.chunks_exact(64 * n) {
            tracker.block(frames, &mut residual, &mut out);
            black_box(&out);
        }
    })
}

/// A frame of each stream, over and over: of stream `s` at time `t` frame s + t of the pool, so that each goes through all of it.
struct Streams {
    pool: Vec<f32>,
    n: usize,
    time: usize,
}

impl Streams {
    fn new(mut pool: Vec<f32>, n: usize) -> Self {
        pool.extend_from_within(..STREAMS * n);
        Self { pool, n, time: 0 }
    }

    fn next(&mut self) -> &[f32] {
        self.time = (self.time + 1) % POOL;
        &self.pool[self.time * self.n..(self.time + STREAMS) * self.n]
    }
}

fn many(n: usize, r: usize, data: Vec<f32>) -> Box<dyn FnMut()> {
    let mut trackers: Vec<_> =
        (0..STREAMS).map(|_| DynFapi::new(n, &config(r)).expect("a valid shape")).collect();
    let (mut streams, mut residual) = (Streams::new(data, n), vec![0.0; n]);
    Box::new(move || {
        for _ in 0..POOL / STREAMS {
            for (tracker, x) in trackers.iter_mut().zip(streams.next().chunks_exact(n)) {
                black_box(tracker.process(x, &mut residual));
            }
        }
    })
}

fn batch(n: usize, r: usize, data: Vec<f32>) -> Box<dyn FnMut()> {
    let mut batch = FapiBatch::new(STREAMS, n, &config(r)).expect("a valid shape");
    let (mut streams, mut out) = (Streams::new(data, n), [Judgement::unjudged(0); STREAMS]);
    Box::new(move || {
        for _ in 0..POOL / STREAMS {
            batch.process(streams.next(), &mut out);
            black_box(&out);
        }
    })
}

fn dot(n: usize, r: usize, data: Vec<f32>) -> Box<dyn FnMut()> {
    let w = frames(n, r, r, 2);
    Box::new(move || {
        for x in data.chunks_exact(n) {
            for column in w.chunks_exact(n) {
                black_box(linalg::dot(black_box(x), column));
            }
        }
    })
}

fn pass(n: usize, r: usize) -> Box<dyn FnMut()> {
    let mut w = vec![1.0; n * r];
    Box::new(move || {
        for _ in 0..64 {
            linalg::scale(black_box(-1.0), black_box(&mut w));
        }
    })
}
