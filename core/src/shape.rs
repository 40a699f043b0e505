//! Shapes live in types: every state is written once over nalgebra dimensions, `Const<N>` (memory inside the value, known at
//! compile time) or `Dyn` (on the heap, allocated once at construction, feature `alloc`).
//!
//! [`Alloc`] bundles the bounds that such a state needs, so that they are written here and nowhere else.

use nalgebra::allocator::Allocator;
use nalgebra::{DefaultAllocator, Dim, OMatrix, OVector, U1, U2};

/// Storage for vectors of `N` and `R` entries, an `N`×`R` and an `R`×`R` matrix, and a ring of twice `N` entries.
///
/// Implemented for every pair of dimensions that nalgebra can store; nobody needs to implement it.
pub trait Alloc<N: Dim, R: Dim>:
    Allocator<N> + Allocator<R> + Allocator<N, R> + Allocator<R, R> + Allocator<N, U2>
{
}

impl<N: Dim, R: Dim> Alloc<N, R> for DefaultAllocator where
    DefaultAllocator: Allocator<N> + Allocator<R> + Allocator<N, R> + Allocator<R, R> + Allocator<N, U2>
{
}

/// A zero vector of dimension `n`.
pub(crate) fn zeros<N: Dim>(n: N) -> OVector<f32, N>
where
    DefaultAllocator: Allocator<N>,
{
    OVector::zeros_generic(n, U1)
}

/// A zero matrix of shape `n`×`r`.
pub(crate) fn zero_matrix<N: Dim, R: Dim>(n: N, r: R) -> OMatrix<f32, N, R>
where
    DefaultAllocator: Allocator<N, R>,
{
    OMatrix::zeros_generic(n, r)
}
