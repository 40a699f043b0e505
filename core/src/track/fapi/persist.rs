//! [`Snapshot`] of FAPI.

use nalgebra::{DefaultAllocator, Dim};

use super::FapiOf;
use crate::shape::Alloc;
use crate::track::Judgement;
use crate::track::influence::{self, Influence};
use crate::track::missing::{self, Gaps};
use crate::track::snapshot::{
    Floats, Reader, Snapshot, SnapshotError, Writer, all_within, at_most, length, mean, orthonormal, same,
    within,
};

const KIND: u8 = 1;

/// channels, rank, frames, polish (2), leaked, observed, what the last frame was (1 judged, 2 to be learned, 4 with gaps), then those of the policies.
const WORDS: usize = 8 + missing::WORDS + influence::WORDS;

/// Single floats: memory, weight, noise, Q, T², distance, and those of the influence.
const SCALARS: usize = 6 + influence::FLOATS;

/// Entries of S stay far below it: Z < 10⁶/memory.
const LARGEST_ROOT: f32 = 1e6;

/// W, μ, S, y, f, p, and the scalars.
const fn floats(n: usize, r: usize) -> usize {
    n * r + n + r * r + 3 * r + SCALARS
}

impl<N: Dim, R: Dim, G: Gaps<N, R>> Snapshot for FapiOf<N, R, G>
where
    DefaultAllocator: Alloc<N, R>,
{
    fn snapshot_len(&self) -> usize {
        length(WORDS, floats(self.n, self.rank) + G::floats(self.n, self.rank))
    }

    fn save(&self, bytes: &mut [u8]) -> Result<usize, SnapshotError> {
        let (n, r) = (self.n, self.rank);
        let (judged, known) = (self.judgement.is_judged(), !self.distance.is_nan());
        let flags = usize::from(judged) | usize::from(known) << 1 | usize::from(self.holed) << 2;
        let (j, k) = self.polish;
        let counts = [n, r, self.frames as usize, j, k, self.leaked, self.judgement.observed, flags];
        let [a, b, c, d, e, f, g, h] = counts.map(|count| count as u32);
        let ([policy, i, k, l, m], [o, p, q]) = (self.filler.words(), self.influence.words());
        let words: [u32; WORDS] = [a, b, c, d, e, f, g, h, policy, i, k, l, m, o, p, q];
        let (residual, t2) = if judged { (self.judgement.q, self.judgement.t2) } else { (0.0, 0.0) };
        let mut writer = Writer::new(bytes, KIND, &words, floats(n, r) + G::floats(n, r))?
            .floats(&self.basis.as_slice()[..n * r])
            .floats(&self.mean.as_slice()[..n])
            .floats(&self.root.as_slice()[..r * r])
            .floats(&self.y.as_slice()[..r]);
        // Of a frame that teaches nothing f may be infinite, and is not used; p is scratch but between a frame with gaps and learning it.
        for f in &self.f.as_slice()[..r] {
            writer = writer.floats(&[if known { *f } else { 0.0 }]);
        }
        for p in &self.p.as_slice()[..r] {
            writer = writer.floats(&[if known && self.holed { *p } else { 0.0 }]);
        }
        let distance = if known { self.distance } else { 0.0 };
        writer = writer.floats(&[self.memory, self.weight, self.noise, residual, t2, distance]);
        Ok(self.filler.save(n, r, writer.floats(&self.influence.floats())).finish())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let reader = Reader::<WORDS>::open(bytes, KIND)?;
        let [
            channels,
            rank,
            frames,
            j,
            k,
            leaked,
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
        let most = self.max_rank.min(n);
        if !(1..=most).contains(&(rank as usize)) {
            return Err(SnapshotError::Shape { field: "rank", found: rank, expected: most as u32 });
        }
        let r = rank as usize;
        let j = at_most("polish", j, r - 1)?;
        let polish = (j, at_most("polish", k, j)?);
        let leaked = at_most("leaked", leaked, r - 1)?;
        let observed = at_most("observed", observed, n)?;
        let flags = at_most("flags", flags, 7)?;
        let (judged, known, holed) = (flags & 1 == 1, flags & 2 == 2, flags & 4 == 4);
        // Another policy has another number of floats, and says so by its name.
        let all = reader.floats(floats(n, r) + G::floats(n, r));
        G::check(policy, all.map_or(Floats::NONE, |all| all.after(floats(n, r))), n, r)?;
        let mut floats = all?;
        let usual = check(floats, n, r)?;
        let influence = Influence::restored(n, [patience, quiet, streak], usual)?;

        floats.fill(&mut self.basis.as_mut_slice()[..n * r]);
        floats.fill(&mut self.mean.as_mut_slice()[..n]);
        floats.fill(&mut self.root.as_mut_slice()[..r * r]);
        floats.fill(&mut self.y.as_mut_slice()[..r]);
        floats.fill(&mut self.f.as_mut_slice()[..r]);
        floats.fill(&mut self.p.as_mut_slice()[..r]);
        let [memory, weight, noise, q, t2, distance] = core::array::from_fn(|_| floats.next());
        floats.take(influence::FLOATS);
        self.filler.restore(policy, &mut floats, n, r);
        self.remember_for(memory);
        (self.weight, self.noise) = (weight, noise);
        self.judgement = if judged { Judgement { q, t2, observed } } else { Judgement::unjudged(observed) };
        (self.distance, self.holed) = (if known { distance } else { f32::NAN }, holed);
        (self.rank, self.frames, self.polish, self.leaked) = (r, frames, polish, leaked);
        self.influence = influence;
        Ok(())
    }
}

/// What the checksum does not say: that a tracker can have such floats. Returns those of the influence.
fn check(mut floats: Floats<'_>, n: usize, r: usize) -> Result<[f32; influence::FLOATS], SnapshotError> {
    orthonormal("basis", floats.take(n * r), n)?;
    mean(floats.take(n))?;
    all_within("root", floats.take(r * r), -LARGEST_ROOT..=LARGEST_ROOT)?;
    floats.take(3 * r);
    within("memory_frames", floats.next(), 2.0..=1e7)?;
    all_within("scalars", floats.take(5), 0.0..=f32::MAX)?;
    Ok(core::array::from_fn(|_| floats.next()))
}
