//! [`Snapshot`] of Frequent Directions.

use nalgebra::{DefaultAllocator, Dim};

use super::FrequentDirectionsOf;
use crate::shape::Alloc;
use crate::track::Judgement;
use crate::track::influence::{self, Influence};
use crate::track::missing::{self, Gaps, Imputer};
use crate::track::snapshot::{
    Floats, Reader, Snapshot, SnapshotError, Writer, all_within, at_most, length, mean, orthonormal, same,
    within,
};

const KIND: u8 = 3;

/// channels, axes, columns of the sketch, pending, rank, frames, observed, what the last frame was (1 judged, 2 to be learned, 4 with gaps), then those
/// of the policies.
const WORDS: usize = 8 + missing::WORDS + influence::WORDS;

/// Single floats: memory, Δ, noise, Q, T², distance, and those of the influence.
const SCALARS: usize = 6 + influence::FLOATS;

/// Axes and frames, their energies, variances, y and what is open for each axis, μ, and the scalars.
const fn floats(n: usize, axes: usize, pending: usize) -> usize {
    (n + 1) * (axes + pending) + 3 * axes + n + SCALARS
}

/// The same and those of the imputer.
fn all_floats<N: Dim, L: Dim>(n: usize, axes: usize, pending: usize, rank: usize) -> usize
where
    DefaultAllocator: Alloc<N, L>,
{
    floats(n, axes, pending) + <Imputer<N, L> as Gaps<N, L>>::floats(n, rank)
}

impl<N: Dim, L: Dim> Snapshot for FrequentDirectionsOf<N, L>
where
    DefaultAllocator: Alloc<N, L>,
{
    fn snapshot_len(&self) -> usize {
        length(WORDS, all_floats::<N, L>(self.n, self.axes, self.pending, self.rank))
    }

    fn save(&self, bytes: &mut [u8]) -> Result<usize, SnapshotError> {
        let (n, axes, pending) = (self.n, self.axes, self.pending);
        let (judged, known) = (self.judgement.is_judged(), !self.distance.is_nan());
        let flags = usize::from(judged) | usize::from(known) << 1 | usize::from(self.holed) << 2;
        let (frames, observed) = (self.frames as usize, self.judgement.observed);
        let counts = [n, axes, self.energies.len(), pending, self.rank, frames, observed, flags];
        let [a, b, c, d, e, f, g, h] = counts.map(|count| count as u32);
        let ([policy, l, m, o, p], [q, r, s]) = (self.filler.words(), self.influence.words());
        let words: [u32; WORDS] = [a, b, c, d, e, f, g, h, policy, l, m, o, p, q, r, s];
        let (q, t2) = if judged { (self.judgement.q, self.judgement.t2) } else { (0.0, 0.0) };
        let distance = if known { self.distance } else { 0.0 };
        let mut writer = Writer::new(bytes, KIND, &words, all_floats::<N, L>(n, axes, pending, self.rank))?
            .floats(&self.columns.as_slice()[..n * (axes + pending)])
            .floats(&self.energies.as_slice()[..axes + pending])
            .floats(&self.variances.as_slice()[..axes])
            .floats(&self.y.as_slice()[..axes]);
        for x in &self.open.as_slice()[..axes] {
            writer = writer.floats(&[if known && self.holed { *x } else { 0.0 }]);
        }
        writer = writer
            .floats(&self.mean.as_slice()[..n])
            .floats(&[self.memory, self.taken, self.noise, q, t2, distance])
            .floats(&self.influence.floats());
        Ok(self.filler.save(n, self.rank, writer).finish())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let reader = Reader::<WORDS>::open(bytes, KIND)?;
        let [
            channels,
            axes,
            columns,
            pending,
            rank,
            frames,
            observed,
            flags,
            policy,
            a,
            b,
            c,
            d,
            patience,
            quiet,
            streak,
        ] = reader.words;
        let policy = [policy, a, b, c, d];
        let n = same("channels", channels, self.n)?;
        let axes = same("axes", axes, self.axes)?;
        let most = same("columns", columns, self.energies.len())? - axes;
        let pending = at_most("pending", pending, most)?;
        if !(1..=axes).contains(&(rank as usize)) {
            return Err(SnapshotError::Shape { field: "rank", found: rank, expected: axes as u32 });
        }
        let observed = at_most("observed", observed, n)?;
        let r = rank as usize;
        let flags = at_most("flags", flags, 7)?;
        let (judged, known, holed) = (flags & 1 == 1, flags & 2 == 2, flags & 4 == 4);
        let mut floats = reader.floats(all_floats::<N, L>(n, axes, pending, r))?;
        <Imputer<N, L> as Gaps<N, L>>::check(policy, floats.after(self::floats(n, axes, pending)), n, r)?;
        let influence = Influence::restored(n, [patience, quiet, streak], check(floats, n, axes, pending)?)?;

        floats.fill(&mut self.columns.as_mut_slice()[..n * (axes + pending)]);
        floats.fill(&mut self.energies.as_mut_slice()[..axes + pending]);
        floats.fill(&mut self.variances.as_mut_slice()[..axes]);
        floats.fill(&mut self.y.as_mut_slice()[..axes]);
        floats.fill(&mut self.open.as_mut_slice()[..axes]);
        floats.fill(&mut self.mean.as_mut_slice()[..n]);
        let [memory, taken, noise, q, t2, distance] = core::array::from_fn(|_| floats.next());
        floats.take(influence::FLOATS);
        self.filler.restore(policy, &mut floats, n, r);
        (self.memory, self.taken, self.noise) = (memory, taken, noise);
        self.judgement = if judged { Judgement { q, t2, observed } } else { Judgement::unjudged(observed) };
        (self.distance, self.holed) = (if known { distance } else { f32::NAN }, holed);
        (self.rank, self.frames, self.pending) = (r, frames, pending);
        self.influence = influence;
        Ok(())
    }
}

/// What the checksum does not say: that a tracker can have such floats. Returns those of the influence.
fn check(
    mut floats: Floats<'_>,
    n: usize,
    axes: usize,
    pending: usize,
) -> Result<[f32; influence::FLOATS], SnapshotError> {
    orthonormal("axes", floats.take(n * axes), n)?;
    floats.take(n * pending);
    all_within("energies", floats.take(2 * axes + pending), 0.0..=f32::MAX)?;
    floats.take(2 * axes);
    mean(floats.take(n))?;
    within("memory_frames", floats.next(), 2.0..=1e7)?;
    all_within("scalars", floats.take(5), 0.0..=f32::MAX)?;
    Ok(core::array::from_fn(|_| floats.next()))
}
