//! [`Snapshot`] of the incremental SVD.

use nalgebra::{DefaultAllocator, Dim};

use super::IncrementalSvdOf;
use crate::shape::Alloc;
use crate::track::Judgement;
use crate::track::influence::{self, Influence};
use crate::track::missing::{self, Gaps, Imputer};
use crate::track::snapshot::{
    Floats, Reader, Snapshot, SnapshotError, Writer, all_within, at_most, length, mean, orthonormal, same,
    within,
};

const KIND: u8 = 2;

/// channels, directions, rank, frames, polish (2), observed, what the last frame was (1 judged, 2 to be learned, 4 with gaps), then those of the policies.
const WORDS: usize = 8 + missing::WORDS + influence::WORDS;

/// Single floats: memory, noise, residual energy as it is and of a whole frame, Q, T², distance, and those of the influence.
const SCALARS: usize = 7 + influence::FLOATS;

/// U, V, μ, s, e, y, p, what is open, and the scalars.
const fn floats(n: usize, k: usize) -> usize {
    n * k + k * k + 2 * n + 4 * k + SCALARS
}

/// The same and those of the imputer.
fn all_floats<N: Dim, R: Dim>(n: usize, k: usize) -> usize
where
    DefaultAllocator: Alloc<N, R>,
{
    floats(n, k) + <Imputer<N, R> as Gaps<N, R>>::floats(n, k)
}

impl<N: Dim, R: Dim> Snapshot for IncrementalSvdOf<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    fn snapshot_len(&self) -> usize {
        length(WORDS, all_floats::<N, R>(self.n, self.directions))
    }

    fn save(&self, bytes: &mut [u8]) -> Result<usize, SnapshotError> {
        let (n, k) = (self.n, self.directions);
        let (judged, known) = (self.judgement.is_judged(), !self.distance.is_nan());
        let flags = usize::from(judged) | usize::from(known) << 1 | usize::from(self.holed) << 2;
        let (i, j) = self.polish;
        let counts = [n, k, self.rank, self.frames as usize, i, j, self.judgement.observed, flags];
        let [a, b, c, d, e, f, g, h] = counts.map(|count| count as u32);
        let ([policy, l, m, o, p], [q, r, s]) = (self.filler.words(), self.influence.words());
        let words: [u32; WORDS] = [a, b, c, d, e, f, g, h, policy, l, m, o, p, q, r, s];
        let mut writer = Writer::new(bytes, KIND, &words, all_floats::<N, R>(n, k))?
            .floats(&self.basis.as_slice()[..n * k])
            .floats(&self.turn.as_slice()[..k * k])
            .floats(&self.mean.as_slice()[..n])
            .floats(&self.variances.as_slice()[..k]);
        // A frame that teaches nothing leaves nothing behind that is used, but it may be infinite.
        let usable = |x: f32| if known { x } else { 0.0 };
        let past = self.left.as_slice()[..n].iter().chain(&self.y.as_slice()[..k]);
        for x in past.chain(&self.p.as_slice()[..k]) {
            writer = writer.floats(&[usable(*x)]);
        }
        for x in &self.open.as_slice()[..k] {
            writer = writer.floats(&[if known && self.holed { *x } else { 0.0 }]);
        }
        let (q, t2) = if judged { (self.judgement.q, self.judgement.t2) } else { (0.0, 0.0) };
        let outside = if judged { self.outside } else { 0.0 };
        let scalars = [self.memory, self.noise, usable(self.energy), outside, q, t2, usable(self.distance)];
        writer = writer.floats(&scalars).floats(&self.influence.floats());
        Ok(self.filler.save(n, k, writer).finish())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let reader = Reader::<WORDS>::open(bytes, KIND)?;
        let [
            channels,
            directions,
            rank,
            frames,
            i,
            j,
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
        let k = same("directions", directions, self.directions)?;
        if !(1..=k).contains(&(rank as usize)) {
            return Err(SnapshotError::Shape { field: "rank", found: rank, expected: k as u32 });
        }
        let i = at_most("polish", i, k - 1)?;
        let polish = (i, at_most("polish", j, i)?);
        let observed = at_most("observed", observed, n)?;
        let flags = at_most("flags", flags, 7)?;
        let (judged, known, holed) = (flags & 1 == 1, flags & 2 == 2, flags & 4 == 4);
        let mut floats = reader.floats(all_floats::<N, R>(n, k))?;
        <Imputer<N, R> as Gaps<N, R>>::check(policy, floats.after(self::floats(n, k)), n, k)?;
        let influence = Influence::restored(n, [patience, quiet, streak], check(floats, n, k)?)?;

        floats.fill(&mut self.basis.as_mut_slice()[..n * k]);
        floats.fill(&mut self.turn.as_mut_slice()[..k * k]);
        floats.fill(&mut self.mean.as_mut_slice()[..n]);
        floats.fill(&mut self.variances.as_mut_slice()[..k]);
        floats.fill(&mut self.left.as_mut_slice()[..n]);
        floats.fill(&mut self.y.as_mut_slice()[..k]);
        floats.fill(&mut self.p.as_mut_slice()[..k]);
        floats.fill(&mut self.open.as_mut_slice()[..k]);
        let [memory, noise, energy, outside, q, t2, distance] = core::array::from_fn(|_| floats.next());
        floats.take(influence::FLOATS);
        self.filler.restore(policy, &mut floats, n, k);
        (self.memory, self.noise, self.energy, self.outside) = (memory, noise, energy, outside);
        self.judgement = if judged { Judgement { q, t2, observed } } else { Judgement::unjudged(observed) };
        (self.distance, self.holed) = (if known { distance } else { f32::NAN }, holed);
        (self.rank, self.frames, self.polish) = (rank as usize, frames, polish);
        self.influence = influence;
        Ok(())
    }
}

/// What the checksum does not say: that a tracker can have such floats. Returns those of the influence.
fn check(mut floats: Floats<'_>, n: usize, k: usize) -> Result<[f32; influence::FLOATS], SnapshotError> {
    orthonormal("basis", floats.take(n * k), n)?;
    orthonormal("turn", floats.take(k * k), k)?;
    mean(floats.take(n))?;
    all_within("variances", floats.take(k), 0.0..=f32::MAX)?;
    floats.take(n + 3 * k);
    within("memory_frames", floats.next(), 2.0..=1e7)?;
    all_within("scalars", floats.take(6), 0.0..=f32::MAX)?;
    Ok(core::array::from_fn(|_| floats.next()))
}
