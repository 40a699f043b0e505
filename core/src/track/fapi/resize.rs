//! One direction more or less, keeping what was learned.
//!
//! Only where the rank changes, now and then: nothing here is on the way of a frame.

use nalgebra::{DefaultAllocator, Dim};

use super::FapiOf;
use crate::linalg;
use crate::math::sqrt;
use crate::shape::Alloc;
use crate::track::missing::Gaps;

/// Share of its energy that a new direction must have outside the subspace.
const OUTSIDE: f32 = 1e-3;

/// Variances along the principal axes, descending.
pub(super) fn spectrum<N: Dim, R: Dim, G: Gaps<N, R>>(
    tracker: &FapiOf<N, R, G>,
    variances: &mut [f32],
    inverse: &mut [f32],
    axes: &mut [f32],
) -> usize
where
    DefaultAllocator: Alloc<N, R>,
{
    let r = tracker.rank;
    let (inverse, axes, variances) = (&mut inverse[..r * r], &mut axes[..r * r], &mut variances[..r]);
    eigen(&tracker.root.as_slice()[..r * r], inverse, axes, variances);
    variances.reverse();
    for variance in &mut *variances {
        *variance = 1.0 / (*variance * tracker.weight.max(1.0));
    }
    r
}

/// W ← [W, v] with the direction's part v outside W, Z ← diag(Z, 1/(weight·variance)).
pub(super) fn grow<N: Dim, R: Dim, G: Gaps<N, R>>(
    tracker: &mut FapiOf<N, R, G>,
    direction: &[f32],
    variance: f32,
) -> bool
where
    DefaultAllocator: Alloc<N, R>,
{
    let (n, r) = (tracker.n, tracker.rank);
    if r >= tracker.max_rank.min(n) || direction.len() != n {
        return false;
    }
    let (w, rest) = tracker.basis.as_mut_slice().split_at_mut(n * r);
    let column = &mut rest[..n];
    column.copy_from_slice(direction);
    let mut outside = 1.0;
    for _ in 0..3 {
        let before = linalg::energy(column);
        if !(before.is_normal() && before.is_finite()) {
            return false;
        }
        linalg::scale(1.0 / sqrt(before), column);
        let y = &mut tracker.g.as_mut_slice()[..r];
        linalg::project(w, column, y);
        outside *= linalg::subtract_span(w, y, column);
        if outside < OUTSIDE {
            return false;
        }
    }
    let left = sqrt(linalg::energy(column));
    linalg::scale(1.0 / left, column);
    let variance = variance.max(super::LEAK);
    let spread = sqrt(tracker.weight.max(1.0) * variance);
    if !spread.is_finite() {
        return false;
    }
    widen(&mut tracker.root.as_mut_slice()[..(r + 1) * (r + 1)], r, 1.0 / spread);
    // The noise so far was the mean over this direction too.
    if n > r + 1 {
        let noise = tracker.noise + (tracker.noise - variance) / (n - r - 1) as f32;
        tracker.noise = noise.clamp(0.0, f32::MAX);
    }
    tracker.filler.unfold(&tracker.basis.as_slice()[..n * r], n);
    tracker.rank = r + 1;
    tracker.filler.fold(&tracker.basis.as_slice()[..n * (r + 1)], n);
    forget_the_last_frame(tracker);
    true
}

/// W ← W·B and Z ← Bᵀ·Z·B, where the columns of B span all principal axes but the weakest: see the incremental SVD.
pub(super) fn shrink<N: Dim, R: Dim, G: Gaps<N, R>>(tracker: &mut FapiOf<N, R, G>) -> bool
where
    DefaultAllocator: Alloc<N, R>,
{
    let (n, r) = (tracker.n, tracker.rank);
    if r < 2 {
        return false;
    }
    // Eigenvalues of Z descend, so the first is the weakest axis. The vectors take the place of the root that is not needed any more.
    let inverse = &mut tracker.square.as_mut_slice()[..r * r];
    gram(&tracker.root.as_slice()[..r * r], r, inverse);
    let axes = &mut tracker.root.as_mut_slice()[..r * r];
    let values = &mut tracker.g.as_mut_slice()[..r];
    diagonalise(inverse, axes, values);
    let weakest = &mut tracker.p.as_mut_slice()[..r];
    weakest.copy_from_slice(&axes[..r]);
    if weakest[r - 1] < 0.0 {
        linalg::scale(-1.0, weakest);
    }
    let (d, delta) = weakest.split_at(r - 1);
    let part = 1.0 / (1.0 + delta[0]);
    // The new root's columns are √z·Bᵀ·v, for the other axes v; each moves to where shorter columns lie, in front of what is still read.
    for k in 1..r {
        let size = sqrt(values[k]);
        let (last, along) = (axes[k * r + r - 1], linalg::dot(d, &axes[k * r..k * r + r - 1]));
        for i in 0..r - 1 {
            axes[(k - 1) * (r - 1) + i] = size * (axes[k * r + i] - d[i] * (part * along + last));
        }
    }
    tracker.filler.unfold(&tracker.basis.as_slice()[..n * r], n);
    // W·B = W − (w_r + W·d/(1 + δ))·dᵀ with the last column w_r apart.
    let (w, rest) = tracker.basis.as_mut_slice().split_at_mut(n * (r - 1));
    let last = &mut rest[..n];
    for (w, d) in w.chunks_exact(n).zip(d) {
        linalg::axpy(part * d, w, last);
    }
    for (w, d) in w.chunks_exact_mut(n).zip(d) {
        linalg::axpy(-d, last, w);
    }
    let variance = 1.0 / (values[0] * tracker.weight.max(1.0));
    tracker.noise += (variance - tracker.noise) / (n - r + 1) as f32;
    tracker.rank = r - 1;
    tracker.filler.fold(&tracker.basis.as_slice()[..n * (r - 1)], n);
    forget_the_last_frame(tracker);
    true
}

/// Z = S·Sᵀ = V·diag(z)·Vᵀ, z descending and positive.
fn eigen(root: &[f32], z: &mut [f32], v: &mut [f32], values: &mut [f32]) {
    gram(root, values.len(), z);
    diagonalise(z, v, values);
}

/// Z = V·diag(z)·Vᵀ. A stream may have variances from 10⁻⁶ to 10³⁰, and the strongest axes are the *smallest* eigenvalues of Z: they need
/// digits of their own.
fn diagonalise(z: &mut [f32], v: &mut [f32], values: &mut [f32]) {
    let r = values.len();
    v.fill(0.0);
    for k in 0..r {
        v[k * r + k] = 1.0;
    }
    values.fill(1.0);
    // Without finite entries the axes are W itself.
    let _finite = linalg::turn_to_diagonal(z, v, values);
    for value in values {
        *value = value.max(f32::MIN_POSITIVE);
    }
}

/// Z = S·Sᵀ, symmetric to the bit.
fn gram(root: &[f32], r: usize, z: &mut [f32]) {
    z.fill(0.0);
    for column in root.chunks_exact(r) {
        linalg::rank_one(z, 1.0, column, column);
    }
}

/// An r×r matrix becomes the leading part of an (r+1)×(r+1) one with `corner` on the diagonal.
fn widen(a: &mut [f32], r: usize, corner: f32) {
    for k in (0..r).rev() {
        a.copy_within(k * r..(k + 1) * r, k * (r + 1));
        a[k * (r + 1) + r] = 0.0;
    }
    a[r * (r + 1)..].fill(0.0);
    a[(r + 1) * (r + 1) - 1] = corner;
}

/// Coordinates of another length mean nothing any more; the frame was learned already.
fn forget_the_last_frame<N: Dim, R: Dim, G: Gaps<N, R>>(tracker: &mut FapiOf<N, R, G>)
where
    DefaultAllocator: Alloc<N, R>,
{
    tracker.y.fill(0.0);
    tracker.f.fill(0.0);
    tracker.judgement = super::Judgement::unjudged(0);
    (tracker.distance, tracker.holed) = (f32::NAN, false);
    (tracker.polish, tracker.leaked) = ((0, 0), 0);
}

#[cfg(test)]
mod tests {
    use super::super::Fapi;
    use super::super::tests::streams::Stream;
    use crate::testing::{distance, wide};
    use crate::track::{SubspaceTracker, TrackerConfig};

    fn learned(rank: usize, seed: u64) -> (Fapi<12, 6>, Stream) {
        let mut stream = Stream::new(12, 4, seed);
        let mut fapi = Fapi::new(&TrackerConfig { rank, memory_frames: 500.0, patience_frames: 0 }).unwrap();
        let mut e = [0.0; 12];
        (0..5000).for_each(|_| _ = fapi.process(&stream.next(), &mut e));
        (fapi, stream)
    }

    fn axes(fapi: &Fapi<12, 6>) -> (std::vec::Vec<f32>, std::vec::Vec<f32>) {
        let r = fapi.rank();
        let (mut axes, mut variances, mut work) = (vec![0.0; 12 * r], vec![0.0; r], vec![0.0; 3 * r * r]);
        assert!(fapi.principal_axes(&mut axes, &mut variances, &mut work));
        (axes, variances)
    }

    #[test]
    fn shrinking_drops_the_weakest_axis_and_keeps_the_others() {
        for seed in 0..20 {
            let (mut fapi, _) = learned(5, 90 + seed);
            for left in (1..5).rev() {
                let (before, variances) = axes(&fapi);
                assert!(fapi.shrink());
                let (after, kept) = axes(&fapi);
                assert_eq!(fapi.rank(), left);
                let apart = distance(&wide(&after, 12), &wide(&before[..12 * left], 12));
                assert!(apart < 1e-5, "{apart}");
                assert!(
                    kept.iter().zip(&variances).all(|(a, b)| (a / b - 1.0).abs() < 1e-3),
                    "{kept:?} {variances:?}"
                );
                assert!(crate::linalg::orthonormality_error(fapi.basis(), 12) < 1e-6);
            }
            assert!(!fapi.shrink());
        }
    }

    #[test]
    fn growing_adds_the_direction_with_its_variance_and_learning_goes_on() {
        let (mut fapi, mut stream) = learned(3, 120);
        // The fourth axis, variance 1.04, with a good part of the others.
        let direction: std::vec::Vec<f32> =
            (0..12).map(|i| (stream.basis[(i, 3)] + stream.basis[(i, 0)]) as f32).collect();
        assert!(fapi.grow(&direction, 1.04));
        let (after, variances) = axes(&fapi);
        assert!((variances[3] - 1.04).abs() < 1e-3, "{variances:?}");
        assert!(distance(&wide(&after, 12), &stream.basis) < 0.05);
        assert!(crate::linalg::orthonormality_error(fapi.basis(), 12) < 1e-6);
        let mut e = [0.0; 12];
        let q: f32 = (0..500).map(|_| fapi.process(&stream.next(), &mut e).q / 500.0).sum();
        // (n − r)·σ² = 8·0.04 at once.
        assert!((q / 0.32 - 1.0).abs() < 0.15, "{q}");
    }

    #[test]
    fn what_is_no_direction_is_refused() {
        let (mut fapi, _) = learned(3, 121);
        let inside: std::vec::Vec<f32> = fapi.basis()[..12].to_vec();
        let before = fapi.basis().to_vec();
        for direction in [&inside[..], &[0.0; 12], &[f32::NAN; 12], &[f32::MAX; 12], &[1.0; 3]] {
            assert!(!fapi.grow(direction, 1.0), "{direction:?}");
            assert_eq!((fapi.rank(), fapi.basis()), (3, &before[..]));
        }
        let mut unit = [0.0; 12];
        for i in 0..3 {
            unit[i] = 1.0;
            assert!(fapi.grow(&unit, 0.1));
        }
        unit[7] = 1.0;
        assert!(!fapi.grow(&unit, 0.1), "no room");
    }
}
