//! What fills the gaps of a frame: the policy of a tracker for missing entries.
//!
//! | policy | state | what it does |
//! |---|---|---|
//! | [`Ridge`] | none | expects a frame with gaps from its other entries, and lets it teach the entries that were seen |
//! | [`Imputer`] | n words and n bytes | besides from the frame before; fills the gaps; learns from whatever was seen, however little |
//!
//! Both are conditional expectations under probabilistic PCA (Tipping & Bishop 1999). [`Imputer`] is the default and far better on slow
//! sensors; [`Ridge`] is for smaller chips, and for windows of a channel's past, which move by one entry a frame.

mod imputer;
mod persistence;
pub(super) mod ridge;

use core::fmt::Debug;

pub use imputer::Imputer;
#[cfg(feature = "alloc")]
pub(super) use imputer::State;
use nalgebra::{DefaultAllocator, Dim};
pub use ridge::Ridge;

use super::influence::Scale;
use super::snapshot::{Floats, SnapshotError, Writer};
use crate::shape::Alloc;

/// What a tracker knows: W (n×r), a square root S (r×r) of Λ⁻¹/weight, and σ².
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    pub(super) basis: &'a [f32],
    pub(super) root: &'a [f32],
    pub(super) weight: f32,
    pub(super) noise: f32,
}

/// The running mean (n) and its gain at this frame; and the effective memory of everything else.
#[derive(Debug)]
pub struct Mean<'a> {
    pub(super) at: &'a mut [f32],
    pub(super) gain: f32,
    pub(super) memory: f32,
}

/// What is known of a frame with gaps.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Share of the entries that were observed and have a mean.
    pub(super) share: f32,
    /// ‖e‖² of a whole frame for that of the known entries, by degrees of freedom.
    pub(super) scale: f32,
    /// Whether there are enough of them to judge by.
    pub(super) judged: bool,
}

/// Scratch, and what a frame leaves open.
#[derive(Debug)]
pub struct Scratch<'a> {
    /// r² entries.
    pub(super) square: &'a mut [f32],
    /// A column (r) of a square root of what the frame does not say of y, to be added to the tracked covariance; another one each time, and √r times
    /// as long. Zero without gaps.
    pub(super) open: &'a mut [f32],
}

/// The policy of a tracker for missing entries: [`Ridge`] or [`Imputer`]. A type parameter, so that what is not used takes neither
/// flash nor time. Sealed; the methods are the tracker's own.
pub trait Gaps<N: Dim, R: Dim>: Clone + Debug + PartialEq + private::Sealed
where
    DefaultAllocator: Alloc<N, R>,
{
    /// Whether gaps are filled before a frame is learned, or what is missing is left out.
    #[doc(hidden)]
    const FILLS: bool;

    #[doc(hidden)]
    fn with_shape(n: N, r: R) -> Self;

    /// Forgets everything.
    #[doc(hidden)]
    fn restart(&mut self);

    /// Whether all entries have a mean: if not, a frame without gaps has some.
    #[doc(hidden)]
    fn all_known(&self) -> bool;

    /// Coordinates of a frame with `observed` finite entries: their expectation into `y` (r). On entry `residual` (n) is x − μ, 0 where that is
    /// missing, on return x − μ − W·y, 0 where it is not known. `None`, with `y` and `residual` unspecified, if it says nothing.
    #[doc(hidden)]
    fn expect(
        &mut self,
        model: &Model<'_>,
        x: &[f32],
        residual: &mut [f32],
        y: &mut [f32],
        observed: usize,
        scratch: Scratch<'_>,
    ) -> Option<Seen>;

    /// Fills the gaps of a frame whose expectation is `y`: afterwards [`Self::filled`] is e, orthogonal to W, and `y` the coordinates that go with
    /// it. Moves the `mean` towards the filled frame.
    #[doc(hidden)]
    fn fill(&mut self, basis: &[f32], x: &[f32], residual: &[f32], y: &mut [f32], mean: Mean<'_>);

    /// e of the filled frame.
    #[doc(hidden)]
    fn filled<'a>(&'a self, residual: &'a [f32]) -> &'a [f32];

    /// Moves the `mean` (n) towards a frame without gaps, and keeps what the next frame may need.
    #[doc(hidden)]
    fn remember(&mut self, x: &[f32], residual: &[f32], y: &[f32], mean: &mut [f32], gain: f32);

    /// The first frame since the start: its entries are where their means are.
    #[doc(hidden)]
    fn begin(&mut self, x: &[f32]);

    /// The frame taught nothing: it was empty, an outlier, or overflowed.
    #[doc(hidden)]
    fn skip(&mut self);

    /// Whether the frame before was learned and is kept.
    #[doc(hidden)]
    fn follows(&self) -> bool;

    /// What is usual among frames that cannot be judged, if they are learned.
    #[doc(hidden)]
    fn unjudged(&mut self) -> Option<&mut Scale>;

    /// Before the axes change: from coordinates and residual to the frame.
    #[doc(hidden)]
    fn unfold(&mut self, basis: &[f32], n: usize);

    /// And back, along the new ones.
    #[doc(hidden)]
    fn fold(&mut self, basis: &[f32], n: usize);

    /// Floats that a snapshot holds of it.
    #[doc(hidden)]
    fn floats(n: usize, r: usize) -> usize;

    /// Numbers that are not floats.
    #[doc(hidden)]
    fn words(&self) -> [u32; WORDS];

    #[doc(hidden)]
    fn save<'a>(&self, n: usize, r: usize, writer: Writer<'a>) -> Writer<'a>;

    /// Refuses what cannot be.
    #[doc(hidden)]
    fn check(words: [u32; WORDS], floats: Floats<'_>, n: usize, r: usize) -> Result<(), SnapshotError>;

    /// Takes over what was checked.
    #[doc(hidden)]
    fn restore(&mut self, words: [u32; WORDS], floats: &mut Floats<'_>, n: usize, r: usize);
}

/// Of a policy in a snapshot: its number, and four counts.
pub(super) const WORDS: usize = 5;

mod private {
    /// Nobody else's policies.
    pub trait Sealed {}
}
