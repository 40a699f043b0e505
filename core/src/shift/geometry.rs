//! How a covariance changed, seen in the eigenvectors of what it was: spectrum, principal angles, and whether they mean anything.

use super::{MAX_CHANNELS, SQUARE};
use crate::linalg;
use crate::math::{atan2, ln, sqrt};

/// An eigenvalue this many times the median of all belongs to the signal, not to the noise floor.
const SIGNAL: f32 = 3.0;

/// Diagnostics of a change of covariance. Under no change the first two follow χ² laws with the stated degrees of freedom (from about 200
/// frames on; before that they are too large).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Geometry {
    /// n·(tr(Σ₀⁻¹Σ₁) − ln det(Σ₀⁻¹Σ₁) − d), Stein's divergence: χ² with d(d+1)/2 degrees of freedom.
    pub log_det: f32,
    /// Degrees of freedom of `log_det`.
    pub log_det_freedom: f32,
    /// n·Σ_{i≤r<j} (l_i − l_j)²/(l_i·l_j)·(u_jᵀû_i)², the studentised rotation of the leading r axes (Tyler, Ann. Statist. 9, 1981): χ² with
    /// r(d−r) degrees of freedom.
    pub rotation: f32,
    /// Degrees of freedom of `rotation`; 0 if no axis stands out.
    pub rotation_freedom: f32,
    /// Largest principal angle between the leading r axes before and after, degrees.
    pub largest_angle_deg: f32,
    /// Smallest principal angle between them, degrees.
    pub smallest_angle_deg: f32,
    /// l_r/l_{r+1} before: an angle means little where this is close to 1 (Davis & Kahan).
    pub gap: f32,
    /// Axes above the noise floor before, r.
    pub rank_before: u8,
    /// Axes above the noise floor after.
    pub rank_after: u8,
}

/// Spectra before and after, and how much of the variance after lies along each axis of before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spectra {
    pub(crate) before: [f32; MAX_CHANNELS],
    pub(crate) after: [f32; MAX_CHANNELS],
    /// u_kᵀΣ₁u_k, u_k the axes of before.
    pub(crate) along: [f32; MAX_CHANNELS],
}

/// Compares two d×d covariances from `frames` frames; `log_det` is Stein's divergence a frame. Two eigen-decompositions, about 60·d³
/// multiply–adds; 4 KB of stack.
pub(crate) fn compare(
    before: &[f32],
    after: &[f32],
    d: usize,
    log_det: f32,
    frames: f32,
) -> (Geometry, Spectra) {
    let mut s = Spectra { before: [0.0; 16], after: [0.0; 16], along: [0.0; 16] };
    if d == 0 {
        return (Geometry::default(), s);
    }
    let (mut u, mut v, mut work) = ([0.0; SQUARE], [0.0; SQUARE], [0.0; SQUARE]);
    let (u, v, work) = (&mut u[..d * d], &mut v[..d * d], &mut work[..d * d]);
    work.copy_from_slice(before);
    let ok = linalg::symmetric_eigen(work, u, &mut s.before[..d]);
    work.copy_from_slice(after);
    if !(linalg::symmetric_eigen(work, v, &mut s.after[..d]) && ok) {
        return (Geometry::default(), s);
    }
    for (along, u) in s.along.iter_mut().zip(u.chunks_exact(d)) {
        let image = &mut work[..d];
        linalg::multiply(after, u, image);
        *along = linalg::dot(image, u);
    }
    let (r, rank_after) = (rank(&s.before[..d]), rank(&s.after[..d]));
    let mut geometry = Geometry {
        log_det: frames * log_det,
        log_det_freedom: (d * (d + 1) / 2) as f32,
        rank_before: r as u8,
        rank_after: rank_after as u8,
        gap: 1.0,
        ..Geometry::default()
    };
    if r == 0 || r == d {
        return (geometry, s);
    }
    geometry.gap = s.before[r - 1] / s.before[r].max(f32::MIN_POSITIVE);
    geometry.rotation_freedom = (r * (d - r)) as f32;
    for (i, l) in s.before[..r].iter().enumerate() {
        for (j, m) in s.before[..d].iter().enumerate().skip(r) {
            let cosine = linalg::dot(&u[j * d..(j + 1) * d], &v[i * d..(i + 1) * d]);
            let m = m.max(1e-6 * l);
            geometry.rotation += frames * (l - m) * (l - m) / (l * m) * cosine * cosine;
        }
    }
    if !geometry.rotation.is_finite() {
        geometry.rotation = f32::MAX;
    }
    (geometry.smallest_angle_deg, geometry.largest_angle_deg) = angles(u, v, d, r);
    (geometry, s)
}

/// Smallest and largest principal angle in degrees between the first r columns of two orthonormal d×d matrices.
fn angles(u: &[f32], v: &[f32], d: usize, r: usize) -> (f32, f32) {
    // The eigenvalues of (UᵀV)ᵀ(UᵀV) are the squared cosines.
    let (mut gram, mut vectors) = ([0.0; SQUARE], [0.0; SQUARE]);
    let (mut squares, mut image) = ([0.0; MAX_CHANNELS], [0.0; MAX_CHANNELS]);
    let (gram, image) = (&mut gram[..r * r], &mut image[..r]);
    for v in v.chunks_exact(d).take(r) {
        linalg::project(&u[..d * r], v, image);
        // Σ over columns of UᵀV of their outer products has the same eigenvalues.
        linalg::rank_one(gram, 1.0, image, image);
    }
    linalg::symmetric_eigen(gram, &mut vectors[..r * r], &mut squares[..r]);
    let degrees = |c2: f32| {
        let c2 = c2.clamp(0.0, 1.0);
        atan2(sqrt(1.0 - c2), sqrt(c2)).to_degrees()
    };
    (degrees(squares[0]), degrees(squares[r - 1]))
}

/// Eigenvalues (descending) that stand out of the median.
fn rank(l: &[f32]) -> usize {
    let median = l[l.len() / 2];
    l.iter().take_while(|&&x| x > SIGNAL * median).count().min(l.len() / 2)
}

impl Spectra {
    /// ln of the ratio of along to before for axis k.
    pub(crate) fn log_ratio(&self, k: usize) -> f32 {
        ln((self.along[k] / self.before[k].max(f32::MIN_POSITIVE)).max(f32::MIN_POSITIVE))
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use nalgebra::SMatrix;

    /// Variances 9, 4, 1, 1, 1, the first axis turned by `degrees` towards the last.
    fn turned(degrees: f32) -> SMatrix<f32, 5, 5> {
        let mut axes = SMatrix::<f32, 5, 5>::identity();
        let (s, c) = degrees.to_radians().sin_cos();
        (axes[(0, 0)], axes[(4, 0)], axes[(0, 4)], axes[(4, 4)]) = (c, s, -s, c);
        axes * SMatrix::from_diagonal(&[9.0, 4.0, 1.0, 1.0, 1.0].into()) * axes.transpose()
    }

    #[test]
    fn the_angle_and_its_size_in_noise() {
        for degrees in [0.0f32, 1.0, 30.0, 80.0] {
            let (g, spectra) = compare(turned(0.0).as_slice(), turned(degrees).as_slice(), 5, 0.1, 100.0);
            assert_eq!((g.rank_before, g.rank_after), (2, 2));
            assert!((g.largest_angle_deg - degrees).abs() < 0.05, "{degrees}: {}", g.largest_angle_deg);
            assert!(g.smallest_angle_deg < 0.05 && (g.gap - 4.0).abs() < 1e-4);
            // Only one pair of axes turned: n·(9 − 1)²/9·sin².
            let exact = 100.0 * 64.0 / 9.0 * degrees.to_radians().sin().powi(2);
            assert!((g.rotation - exact).abs() < 1e-2 * exact + 0.01, "{degrees}: {} {exact}", g.rotation);
            let along = 9.0 * degrees.to_radians().cos().powi(2) + degrees.to_radians().sin().powi(2);
            assert!((spectra.along[0] - along).abs() < 1e-3);
        }
    }

    #[test]
    fn degenerate_covariances_say_nothing() {
        let (g, _) = compare(&[0.0; 25], &[0.0; 25], 5, 0.0, 100.0);
        assert_eq!((g.rank_before, g.rotation_freedom), (0, 0.0));
        assert_eq!(compare(turned(0.0).as_slice(), &[f32::NAN; 25], 5, 0.0, 100.0).0.rank_after, 0);
    }
}
