//! The plain policy: the other entries of the frame, and nothing else.

use nalgebra::{DefaultAllocator, Dim};

use super::imputer::add_ridge;
use super::{Gaps, Mean, Model, Scratch, Seen, WORDS, private};
use crate::linalg::{self, cholesky, cholesky_solve};
use crate::shape::Alloc;
use crate::track::influence::Scale;
use crate::track::snapshot::{Floats, SnapshotError, Writer, same};

/// Number in a snapshot.
const POLICY: u32 = 0;

/// With observed entries Ω, noise variance σ² per entry and coordinate covariance Λ, y is the ridge solution
/// `(W_ΩᵀW_Ω + σ²Λ⁻¹)·y = W_Ωᵀ(x − μ)_Ω` (Tipping & Bishop 1999, eq. 6, with rows of W removed). It shrinks towards the mean
/// as fewer entries are seen, instead of exploding as plain least squares does. A missing entry has no residual and teaches nothing. Frames of
/// which fewer than half was seen, or no more entries than coordinates, are neither judged nor learned.
///
/// No state. Cost of a frame with gaps |Ω|·r²/2 + 2·r³/3 multiply–adds more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ridge;

impl private::Sealed for Ridge {}

impl<N: Dim, R: Dim> Gaps<N, R> for Ridge
where
    DefaultAllocator: Alloc<N, R>,
{
    const FILLS: bool = false;

    fn with_shape(_n: N, _r: R) -> Self {
        Self
    }

    fn restart(&mut self) {}

    fn all_known(&self) -> bool {
        true
    }

    fn expect(
        &mut self,
        model: &Model<'_>,
        x: &[f32],
        residual: &mut [f32],
        y: &mut [f32],
        observed: usize,
        scratch: Scratch<'_>,
    ) -> Option<Seen> {
        // With no more entries than coordinates nothing is left over to judge by.
        if observed <= y.len() || 2 * observed < x.len() {
            return None;
        }
        expect(model, x, residual, y, scratch.square);
        let share = observed as f32 / x.len() as f32;
        Some(Seen { share, scale: x.len() as f32 / observed as f32, judged: true })
    }

    fn fill(&mut self, _: &[f32], _: &[f32], _: &[f32], _: &mut [f32], _: Mean<'_>) {}

    #[inline(always)]
    fn filled<'a>(&'a self, residual: &'a [f32]) -> &'a [f32] {
        residual
    }

    #[inline(always)]
    fn remember(&mut self, x: &[f32], _residual: &[f32], _y: &[f32], mean: &mut [f32], gain: f32) {
        linalg::drift_towards(mean, gain, x);
    }

    fn begin(&mut self, _x: &[f32]) {}

    fn skip(&mut self) {}

    fn follows(&self) -> bool {
        false
    }

    fn unjudged(&mut self) -> Option<&mut Scale> {
        None
    }

    fn unfold(&mut self, _basis: &[f32], _n: usize) {}

    fn fold(&mut self, _basis: &[f32], _n: usize) {}

    fn floats(_n: usize, _r: usize) -> usize {
        0
    }

    fn words(&self) -> [u32; WORDS] {
        [POLICY, 0, 0, 0, 0]
    }

    fn save<'a>(&self, _n: usize, _r: usize, writer: Writer<'a>) -> Writer<'a> {
        writer
    }

    fn check([policy, ..]: [u32; WORDS], _: Floats<'_>, _: usize, _: usize) -> Result<(), SnapshotError> {
        same("policy", policy, POLICY as usize).map(|_| ())
    }

    fn restore(&mut self, _: [u32; WORDS], _: &mut Floats<'_>, _: usize, _: usize) {}
}

#[inline(never)]
fn expect(model: &Model<'_>, x: &[f32], residual: &mut [f32], y: &mut [f32], square: &mut [f32]) {
    linalg::project_seldom(model.basis, residual, y);
    // Λ⁻¹ = weight·Z, since Z inverts the *sum* of yyᵀ.
    expected_coordinates(model.basis, x, model.root, model.noise * model.weight, y, square);
    linalg::subtract_span_seldom(model.basis, y, residual);
    for (e, x) in residual.iter_mut().zip(x) {
        *e = if x.is_finite() { *e } else { 0.0 };
    }
}

/// Solves for `y` (r entries). On entry `y` = W_Ωᵀ(x − μ)_Ω; `w` is n×r; `x` tells which entries are observed (finite); `root` (r×r) is
/// a square root of Λ⁻¹ = S·Sᵀ; `noise` is σ². `work` needs r² entries. Leaves `y` zero and returns `false` if the system is not positive
/// definite.
///
/// Cost |Ω|·r²/2 + 2·r³/3 multiply–adds.
pub(in crate::track) fn expected_coordinates(
    w: &[f32],
    x: &[f32],
    root: &[f32],
    noise: f32,
    y: &mut [f32],
    work: &mut [f32],
) -> bool {
    let r = y.len();
    let gram = &mut work[..r * r];
    linalg::chosen_rows(w, x.len(), |i| x[i].is_finite(), gram);
    add_ridge(gram, root, r, noise, 1.0);
    if !cholesky(gram, r) {
        y.fill(0.0);
        return false;
    }
    cholesky_solve(gram, y);
    true
}
