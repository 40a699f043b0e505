//! Which channels carry a change: the smallest set that explains it, by greedy gain in divergence.

use super::MAX_CHANNELS;
use crate::math::{ln, sqrt};

/// Channels in the order in which they were found, and how many of them the evidence supports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Subset {
    /// All candidates, the most telling first.
    pub(crate) order: [u8; MAX_CHANNELS],
    /// Candidates.
    pub(crate) ranked: usize,
    /// The first so many are the subset.
    pub(crate) chosen: usize,
    /// Divergence in nats a frame of the chosen channels.
    pub(crate) nats: f32,
}

/// Two Cholesky factors that grow by a row with every chosen channel, row by row.
struct Factors {
    before: [[f32; MAX_CHANNELS]; MAX_CHANNELS],
    after: [[f32; MAX_CHANNELS]; MAX_CHANNELS],
}

/// Greedy forward search over `candidates` (bits): adds the channel that raises most
///
/// ```text
/// D_S = ½[ tr(Σ₀_S⁻¹·(Σ₁_S + δδᵀ)) − ln det(Σ₀_S⁻¹Σ₁_S) − |S| ]
/// ```
///
/// and calls those chosen for which n·(gain) ≥ (|S| + 2)/2·ln n: a channel more costs |S| + 2 parameters (BIC). `before`, `after` are d×d covariances
/// (column-major), `delta` the mean shift, all in the same units; `frames` is n. Cost O(d·|S|²) a step, 2 KB of stack.
pub(crate) fn greedy(before: &[f32], after: &[f32], delta: &[f32], candidates: u32, frames: f32) -> Subset {
    let d = delta.len();
    let mut subset = Subset { order: [0; MAX_CHANNELS], ranked: 0, chosen: 0, nats: 0.0 };
    let mut factors =
        Factors { before: [[0.0; MAX_CHANNELS]; MAX_CHANNELS], after: [[0.0; MAX_CHANNELS]; MAX_CHANNELS] };
    let (mut left, mut open) = (candidates, true);
    while left != 0 {
        let size = subset.ranked;
        let mut best: Option<(usize, f32)> = None;
        for j in (0..d).filter(|j| left >> j & 1 == 1) {
            let gain = factors.border(&subset.order[..size], j, before, after, delta).unwrap_or(0.0);
            if best.is_none_or(|(_, most)| gain > most) {
                best = Some((j, gain));
            }
        }
        let Some((j, gain)) = best else { break };
        // Leaves the row of the best candidate in place.
        let regular = factors.border(&subset.order[..size], j, before, after, delta).is_some();
        let enough = frames * gain >= 0.5 * (size as f32 + 2.0) * ln(frames.max(2.0));
        left &= !(1 << j);
        if !regular {
            // A combination of those before it: it has nothing of its own to say, and would divide by nothing.
            continue;
        }
        open &= enough || size == 0;
        if open {
            subset.chosen += 1;
            subset.nats += gain;
        }
        subset.order[size] = j as u8;
        subset.ranked += 1;
    }
    subset
}

impl Factors {
    /// The gain of channel `j` after those in `set`; leaves its rows in both factors. `None` if it is a combination of them.
    fn border(&mut self, set: &[u8], j: usize, before: &[f32], after: &[f32], delta: &[f32]) -> Option<f32> {
        let (d, size) = (delta.len(), set.len());
        let s0 = border(&mut self.before, set, j, before, d)?;
        let s1 = border(&mut self.after, set, j, after, d)?;
        // Regression of j on the set before the change: a = L⁻ᵀ·v, v the new row.
        let mut a = [0.0; MAX_CHANNELS];
        for k in (0..size).rev() {
            let mut sum = self.before[size][k];
            for (row, a) in self.before[..size].iter().zip(&a).skip(k + 1) {
                sum -= row[k] * a;
            }
            a[k] = sum / self.before[k][k];
        }
        // Mean square after the change of what the regression leaves of j.
        let mut square = after[j * d + j];
        let mut shift = delta[j];
        for (k, &p) in set.iter().enumerate() {
            let p = usize::from(p);
            shift -= a[k] * delta[p];
            square -= 2.0 * a[k] * after[j * d + p];
            for (i, &q) in set.iter().enumerate() {
                square += a[k] * a[i] * after[usize::from(q) * d + p];
            }
        }
        let gain = 0.5 * ((square + shift * shift) / s0 - ln(s1 / s0) - 1.0);
        gain.is_finite().then_some(gain.max(0.0))
    }
}

/// Writes row |set| of a Cholesky factor: channel j after `set`. Returns the squared pivot, `None` if there is nothing left.
fn border(
    factor: &mut [[f32; MAX_CHANNELS]; MAX_CHANNELS],
    set: &[u8],
    j: usize,
    covariance: &[f32],
    d: usize,
) -> Option<f32> {
    let size = set.len();
    let own = covariance[j * d + j];
    let mut rest = own;
    for (k, &p) in set.iter().enumerate() {
        let mut sum = covariance[j * d + usize::from(p)];
        for (x, y) in factor[size][..k].iter().zip(&factor[k]) {
            sum -= x * y;
        }
        let entry = sum / factor[k][k];
        factor[size][k] = entry;
        rest -= entry * entry;
    }
    // Nothing but rounding.
    if !(rest > 1e-6 * own && rest.is_finite()) {
        return None;
    }
    factor[size][size] = sqrt(rest);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::greedy;
    use crate::shift::moments::divergence;

    /// Identity with the block `ratio` on some channels.
    fn covariance(d: usize, entries: &[(usize, usize, f32)]) -> std::vec::Vec<f32> {
        let mut s = vec![0.0; d * d];
        (0..d).for_each(|j| s[j * d + j] = 1.0);
        for &(i, j, x) in entries {
            s[i * d + j] = x;
            s[j * d + i] = x;
        }
        s
    }

    #[test]
    fn finds_the_channels_and_stops() {
        let before = covariance(6, &[]);
        let after = covariance(6, &[(1, 1, 3.0), (4, 4, 2.0), (1, 4, 1.5)]);
        let subset = greedy(&before, &after, &[0.0; 6], 0b11_1111, 200.0);
        assert_eq!((&subset.order[..2], subset.chosen, subset.ranked), (&[1, 4][..], 2, 6));
        // Chosen channels carry all of the divergence here.
        let all = divergence((&[0.0; 6], &after), (&[0.0; 6], &before), 0.0, &mut [0.0; 78]);
        assert!((subset.nats - all).abs() < 1e-4, "{} {all}", subset.nats);
    }

    #[test]
    fn a_channel_that_only_follows_is_not_chosen() {
        // Channel 1 = channel 0 + noise. The mean of both shifts, but that of 1 only because of 0.
        let s = covariance(3, &[(0, 1, 1.0), (1, 1, 1.5)]);
        let subset = greedy(&s, &s, &[1.0, 1.0, 0.0], 0b111, 100.0);
        assert_eq!((subset.order[0], subset.chosen), (0, 1));
        assert!((subset.nats - 0.5).abs() < 1e-5);
    }

    #[test]
    fn duplicates_and_dead_channels_do_not_divide() {
        let s = covariance(4, &[(0, 1, 1.0), (3, 3, 0.0)]);
        let subset = greedy(&s, &s, &[1.0, 1.0, 0.0, 5.0], 0b1111, 100.0);
        assert!(subset.nats.is_finite() && subset.chosen == 1 && subset.order[0] == 0, "{subset:?}");
        let nothing = greedy(&s, &s, &[0.0; 4], 0, 100.0);
        assert_eq!((nothing.ranked, nothing.chosen), (0, 0));
        let hostile = greedy(&[f32::NAN; 16], &[f32::INFINITY; 16], &[f32::NAN; 4], 0b1111, f32::NAN);
        assert!(hostile.chosen <= 4);
    }
}
