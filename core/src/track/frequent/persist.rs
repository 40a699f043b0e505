//! [`Snapshot`] of Frequent Directions.

use nalgebra::{DefaultAllocator, Dim};

use super::FrequentDirectionsOf;
use crate::shape::Alloc;
use crate::track::Judgement;
use crate::track::snapshot::{
    Floats, Reader, Snapshot, SnapshotError, Writer, all_within, at_most, length, mean, orthonormal, same,
    within,
};

const KIND: u8 = 3;

/// channels, axes, columns of the sketch, pending, rank, frames, observed, judged.
const WORDS: usize = 8;

/// Single floats: memory, Δ, noise, Q, T².
const SCALARS: usize = 5;

/// Axes and frames, their energies, variances and y for each axis, μ, and the scalars.
const fn floats(n: usize, axes: usize, pending: usize) -> usize {
    (n + 1) * (axes + pending) + 2 * axes + n + SCALARS
}

impl<N: Dim, L: Dim> Snapshot for FrequentDirectionsOf<N, L>
where
    DefaultAllocator: Alloc<N, L>,
{
    fn snapshot_len(&self) -> usize {
        length(WORDS, floats(self.n, self.axes, self.pending))
    }

    fn save(&self, bytes: &mut [u8]) -> Result<usize, SnapshotError> {
        let (n, axes, pending) = (self.n, self.axes, self.pending);
        let judged = self.judgement.is_judged();
        let (frames, observed) = (self.frames as usize, self.judgement.observed);
        let counts =
            [n, axes, self.energies.len(), pending, self.rank, frames, observed, usize::from(judged)];
        let (q, t2) = if judged { (self.judgement.q, self.judgement.t2) } else { (0.0, 0.0) };
        let writer = Writer::new(bytes, KIND, &counts.map(|count| count as u32), floats(n, axes, pending))?;
        Ok(writer
            .floats(&self.columns.as_slice()[..n * (axes + pending)])
            .floats(&self.energies.as_slice()[..axes + pending])
            .floats(&self.variances.as_slice()[..axes])
            .floats(&self.y.as_slice()[..axes])
            .floats(&self.mean.as_slice()[..n])
            .floats(&[self.memory, self.taken, self.noise, q, t2])
            .finish())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let reader = Reader::<WORDS>::open(bytes, KIND)?;
        let [channels, axes, columns, pending, rank, frames, observed, judged] = reader.words;
        let n = same("channels", channels, self.n)?;
        let axes = same("axes", axes, self.axes)?;
        let most = same("columns", columns, self.energies.len())? - axes;
        let pending = at_most("pending", pending, most)?;
        if !(1..=axes).contains(&(rank as usize)) {
            return Err(SnapshotError::Shape { field: "rank", found: rank, expected: axes as u32 });
        }
        let observed = at_most("observed", observed, n)?;
        let judged = at_most("judged", judged, 1)? == 1;
        let mut floats = reader.floats(floats(n, axes, pending))?;
        check(floats, n, axes, pending)?;

        floats.fill(&mut self.columns.as_mut_slice()[..n * (axes + pending)]);
        floats.fill(&mut self.energies.as_mut_slice()[..axes + pending]);
        floats.fill(&mut self.variances.as_mut_slice()[..axes]);
        floats.fill(&mut self.y.as_mut_slice()[..axes]);
        floats.fill(&mut self.mean.as_mut_slice()[..n]);
        let [memory, taken, noise, q, t2] = core::array::from_fn(|_| floats.next());
        (self.memory, self.taken, self.noise) = (memory, taken, noise);
        self.judgement = if judged { Judgement { q, t2, observed } } else { Judgement::unjudged(observed) };
        (self.rank, self.frames, self.pending) = (rank as usize, frames, pending);
        Ok(())
    }
}

/// What the checksum does not say: that a tracker can have such floats.
fn check(mut floats: Floats<'_>, n: usize, axes: usize, pending: usize) -> Result<(), SnapshotError> {
    orthonormal("axes", floats.take(n * axes), n)?;
    floats.take(n * pending);
    all_within("energies", floats.take(2 * axes + pending), 0.0..=f32::MAX)?;
    floats.take(axes);
    mean(floats.take(n))?;
    within("memory_frames", floats.next(), 2.0..=1e7)?;
    all_within("scalars", floats, 0.0..=f32::MAX)
}
