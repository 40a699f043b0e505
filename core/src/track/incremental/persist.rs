//! [`Snapshot`] of the incremental SVD.

use nalgebra::{DefaultAllocator, Dim};

use super::IncrementalSvdOf;
use crate::shape::Alloc;
use crate::track::Judgement;
use crate::track::snapshot::{
    Floats, Reader, Snapshot, SnapshotError, Writer, all_within, at_most, length, mean, orthonormal, same,
    within,
};

const KIND: u8 = 2;

/// channels, directions, rank, frames, polish (2), observed, judged.
const WORDS: usize = 8;

/// Single floats: memory, noise, residual energy, Q, T².
const SCALARS: usize = 5;

/// U, V, μ, s, e, y, and the scalars.
const fn floats(n: usize, k: usize) -> usize {
    n * k + k * k + 2 * n + 2 * k + SCALARS
}

impl<N: Dim, R: Dim> Snapshot for IncrementalSvdOf<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    fn snapshot_len(&self) -> usize {
        length(WORDS, floats(self.n, self.directions))
    }

    fn save(&self, bytes: &mut [u8]) -> Result<usize, SnapshotError> {
        let (n, k, judged) = (self.n, self.directions, self.judgement.is_judged());
        let (i, j) = self.polish;
        let counts =
            [n, k, self.rank, self.frames as usize, i, j, self.judgement.observed, usize::from(judged)];
        let (q, t2) = if judged { (self.judgement.q, self.judgement.t2) } else { (0.0, 0.0) };
        let writer = Writer::new(bytes, KIND, &counts.map(|count| count as u32), floats(n, k))?;
        // A frame that could not be judged leaves nothing behind that is used, but it may be infinite.
        let usable = |x: f32| if judged { x } else { 0.0 };
        let mut writer = writer
            .floats(&self.basis.as_slice()[..n * k])
            .floats(&self.turn.as_slice()[..k * k])
            .floats(&self.mean.as_slice()[..n])
            .floats(&self.variances.as_slice()[..k]);
        for x in self.left.as_slice()[..n].iter().chain(&self.y.as_slice()[..k]) {
            writer = writer.floats(&[usable(*x)]);
        }
        Ok(writer.floats(&[self.memory, self.noise, usable(self.energy), q, t2]).finish())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let reader = Reader::<WORDS>::open(bytes, KIND)?;
        let [channels, directions, rank, frames, i, j, observed, judged] = reader.words;
        let n = same("channels", channels, self.n)?;
        let k = same("directions", directions, self.directions)?;
        if !(1..=k).contains(&(rank as usize)) {
            return Err(SnapshotError::Shape { field: "rank", found: rank, expected: k as u32 });
        }
        let i = at_most("polish", i, k - 1)?;
        let polish = (i, at_most("polish", j, i)?);
        let observed = at_most("observed", observed, n)?;
        let judged = at_most("judged", judged, 1)? == 1;
        let mut floats = reader.floats(floats(n, k))?;
        check(floats, n, k)?;

        floats.fill(&mut self.basis.as_mut_slice()[..n * k]);
        floats.fill(&mut self.turn.as_mut_slice()[..k * k]);
        floats.fill(&mut self.mean.as_mut_slice()[..n]);
        floats.fill(&mut self.variances.as_mut_slice()[..k]);
        floats.fill(&mut self.left.as_mut_slice()[..n]);
        floats.fill(&mut self.y.as_mut_slice()[..k]);
        let [memory, noise, energy, q, t2] = core::array::from_fn(|_| floats.next());
        (self.memory, self.noise, self.energy) = (memory, noise, energy);
        self.judgement = if judged { Judgement { q, t2, observed } } else { Judgement::unjudged(observed) };
        (self.rank, self.frames, self.polish) = (rank as usize, frames, polish);
        Ok(())
    }
}

/// What the checksum does not say: that a tracker can have such floats.
fn check(mut floats: Floats<'_>, n: usize, k: usize) -> Result<(), SnapshotError> {
    orthonormal("basis", floats.take(n * k), n)?;
    orthonormal("turn", floats.take(k * k), k)?;
    mean(floats.take(n))?;
    all_within("variances", floats.take(k), 0.0..=f32::MAX)?;
    floats.take(n + k);
    within("memory_frames", floats.next(), 2.0..=1e7)?;
    all_within("scalars", floats, 0.0..=f32::MAX)
}
