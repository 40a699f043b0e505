//! [`Snapshot`] of FAPI.

use nalgebra::{DefaultAllocator, Dim};

use super::FapiOf;
use crate::shape::Alloc;
use crate::track::Judgement;
use crate::track::snapshot::{
    Floats, Reader, Snapshot, SnapshotError, Writer, all_within, at_most, length, mean, orthonormal, same,
    within,
};

const KIND: u8 = 1;

/// channels, rank, frames, polish (2), leaked, observed, judged.
const WORDS: usize = 8;

/// Single floats: memory, weight, noise, Q, T².
const SCALARS: usize = 5;

/// Entries of S stay far below it: Z < 10⁶/memory.
const LARGEST_ROOT: f32 = 1e6;

/// W, μ, S, y, f, and the scalars.
const fn floats(n: usize, r: usize) -> usize {
    n * r + n + r * r + 2 * r + SCALARS
}

impl<N: Dim, R: Dim> Snapshot for FapiOf<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    fn snapshot_len(&self) -> usize {
        length(WORDS, floats(self.n, self.rank))
    }

    fn save(&self, bytes: &mut [u8]) -> Result<usize, SnapshotError> {
        let (n, r, judged) = (self.n, self.rank, self.judgement.is_judged());
        let (j, k) = self.polish;
        let counts =
            [n, r, self.frames as usize, j, k, self.leaked, self.judgement.observed, usize::from(judged)];
        let (q, t2) = if judged { (self.judgement.q, self.judgement.t2) } else { (0.0, 0.0) };
        let writer = Writer::new(bytes, KIND, &counts.map(|count| count as u32), floats(n, r))?;
        let mut writer = writer
            .floats(&self.basis.as_slice()[..n * r])
            .floats(&self.mean.as_slice()[..n])
            .floats(&self.root.as_slice()[..r * r])
            .floats(&self.y.as_slice()[..r]);
        // Of a frame that could not be judged f may be infinite, and is not used.
        for f in &self.f.as_slice()[..r] {
            writer = writer.floats(&[if judged { *f } else { 0.0 }]);
        }
        Ok(writer.floats(&[self.memory, self.weight, self.noise, q, t2]).finish())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let reader = Reader::<WORDS>::open(bytes, KIND)?;
        let [channels, rank, frames, j, k, leaked, observed, judged] = reader.words;
        let n = same("channels", channels, self.n)?;
        let most = self.max_rank.min(n);
        if !(1..=most).contains(&(rank as usize)) {
            return Err(SnapshotError::Shape { field: "rank", found: rank, expected: most as u32 });
        }
        let r = rank as usize;
        let j = at_most("polish", j, r - 1)?;
        let polish = (j, at_most("polish", k, j)?);
        let leaked = at_most("leaked", leaked, r - 1)?;
        let observed = at_most("observed", observed, n)?;
        let judged = at_most("judged", judged, 1)? == 1;
        let all = reader.floats(floats(n, r))?;
        check(all, n, r)?;

        let mut floats = all;
        floats.fill(&mut self.basis.as_mut_slice()[..n * r]);
        floats.fill(&mut self.mean.as_mut_slice()[..n]);
        floats.fill(&mut self.root.as_mut_slice()[..r * r]);
        floats.fill(&mut self.y.as_mut_slice()[..r]);
        floats.fill(&mut self.f.as_mut_slice()[..r]);
        let [memory, weight, noise, q, t2] = core::array::from_fn(|_| floats.next());
        (self.memory, self.forgetting) = (memory, 1.0 - 1.0 / memory);
        (self.weight, self.noise) = (weight, noise);
        self.judgement = if judged { Judgement { q, t2, observed } } else { Judgement::unjudged(observed) };
        (self.rank, self.frames, self.polish, self.leaked) = (r, frames, polish, leaked);
        Ok(())
    }
}

/// What the checksum does not say: that a tracker can have such floats.
fn check(mut floats: Floats<'_>, n: usize, r: usize) -> Result<(), SnapshotError> {
    orthonormal("basis", floats.take(n * r), n)?;
    mean(floats.take(n))?;
    all_within("root", floats.take(r * r), -LARGEST_ROOT..=LARGEST_ROOT)?;
    floats.take(2 * r);
    within("memory_frames", floats.next(), 2.0..=1e7)?;
    all_within("scalars", floats, 0.0..=f32::MAX)
}
