//! How much of the next frame a tracker leaves over, beside the exact answer with the same memory.
//!
//! Σ‖x − μ − UUᵀ(x − μ)‖² / Σ‖x − μ‖², prequential: W and μ are as they were before the frame. Learned may be damaged frames, judged are
//! frames as they are.

mod damage;
mod exact;
mod ours;
pub mod recovery;

pub use damage::{Centre, Damage, Damager, Fill, GROSS, OUTLIERS};
pub use exact::Exact;
pub use ours::Ours;

use nalgebra::{DMatrix, DVector};

use crate::output::Report;
use crate::parallel;
use crate::recordings::Stream;
use crate::table::{Align, Table};

/// Frames that are learned but not counted.
pub const BURN_IN: usize = 2_000;

/// A tracker of a subspace.
pub trait Tracker {
    /// Takes in a frame. Only ours is ever given a missing entry (NaN).
    fn learn(&mut self, x: &[f64]);

    /// The n×r matrix as it stands.
    fn basis(&mut self) -> DMatrix<f64>;

    /// The tracker's own mean, for those that are fed frames as they are; the others are fed frames centred by ours.
    fn mean(&self) -> Option<DVector<f64>> {
        None
    }
}

/// A row of a table.
#[derive(Clone, Copy)]
pub struct Row {
    /// As part of a figure's key.
    pub key: &'static str,
    /// As the table says it.
    pub name: &'static str,
    /// A tracker that has seen nothing.
    pub make: fn(&Stream) -> Box<dyn Tracker>,
    /// What happens to the frames that it learns from.
    pub damage: Damage,
}

impl Row {
    /// A row.
    #[must_use]
    pub const fn new(
        key: &'static str,
        name: &'static str,
        make: fn(&Stream) -> Box<dyn Tracker>,
        damage: Damage,
    ) -> Self {
        Self { key, name, make, damage }
    }
}

/// What a tracker left over.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// With an orthonormal basis of the span of W.
    pub span: f64,
    /// With W as it stands.
    pub raw: f64,
    /// max |WᵀW − I|, looked at every 64 frames.
    pub orthonormality: f64,
}

/// The exact tracker of a stream.
#[must_use]
pub fn exact(stream: &Stream) -> Box<dyn Tracker> {
    Box::new(Exact::new(stream.n, stream.rank, stream.memory))
}

/// Follows every stream with every row's tracker; the shares of a row lie side by side.
#[must_use]
pub fn shares(streams: &[Stream], rows: &[Row]) -> Vec<Vec<Share>> {
    let jobs: Vec<(&Row, &Stream)> =
        rows.iter().flat_map(|row| streams.iter().map(move |s| (row, s))).collect();
    let shares = parallel::map(&jobs, |(row, stream)| follow(stream, row));
    shares.chunks_exact(streams.len().max(1)).map(<[Share]>::to_vec).collect()
}

/// A table with a line for every row: the ratio to `bases` (one a stream), in brackets the share itself. Adds the figures to the report under
/// `prefix.stream.row`.
pub fn table(
    report: &mut Report,
    streams: &[Stream],
    rows: &[Row],
    shares: &[Vec<Share>],
    bases: &[Share],
    prefix: &str,
) -> Table {
    let names = streams.iter().map(|stream| (stream.name.as_str(), Align::Right));
    let mut table = Table::new(&std::iter::once(("tracker", Align::Left)).chain(names).collect::<Vec<_>>());
    for (row, shares) in rows.iter().zip(shares) {
        let mut cells = vec![row.name.to_owned()];
        for ((stream, share), base) in streams.iter().zip(shares).zip(bases) {
            let ratio = share.span / base.span;
            report.figure(&format!("{prefix}.{}.{}.residual", stream.key, row.key), share.span);
            report.figure(&format!("{prefix}.{}.{}.ratio", stream.key, row.key), ratio);
            cells.push(format!("{ratio:.3} ({:.4}){}", share.span, as_it_stands(*share, *base)));
        }
        table.row(cells);
    }
    table
}

/// What a W that is far from orthonormal leaves over when it is taken for one.
fn as_it_stands(share: Share, base: Share) -> String {
    let ratio = share.raw / base.span;
    if share.raw > 1.01 * share.span { format!(", as it stands {ratio:.3}") } else { String::new() }
}

/// Runs one tracker along a stream.
#[must_use]
pub fn follow(stream: &Stream, row: &Row) -> Share {
    let mut tracker = (row.make)(stream);
    let mut damage = Damager::new(stream.n, row.damage);
    // Means of the frames as they are, and as they are learned.
    let (mut whole, mut learned) = (Centre::new(stream), Centre::new(stream));
    let (mut span, mut raw, mut total, mut orthonormality) = (0.0, 0.0, 0.0, 0.0f64);
    for (t, x) in stream.frames().enumerate() {
        let true_frame = DVector::from_column_slice(x);
        let seen = damage.apply(x, &whole.mean, &learned.mean);
        if t >= BURN_IN {
            let w = tracker.basis();
            let mean = tracker.mean().unwrap_or_else(|| learned.mean.clone());
            let centred = &true_frame - mean;
            total += (&true_frame - &whole.mean).norm_squared();
            raw += left_over(&w, &centred);
            if t % 64 == 0 {
                orthonormality =
                    orthonormality.max((w.tr_mul(&w) - DMatrix::identity(w.ncols(), w.ncols())).amax());
            }
            span += left_over(&w.qr().q(), &centred);
        }
        if tracker.mean().is_some() {
            tracker.learn(&seen);
        } else {
            let centred: Vec<f64> = seen.iter().zip(learned.mean.iter()).map(|(x, m)| x - m).collect();
            tracker.learn(&centred);
        }
        whole.learn(x);
        learned.learn(&seen);
    }
    Share { span: span / total, raw: raw / total, orthonormality }
}

fn left_over(w: &DMatrix<f64>, x: &DVector<f64>) -> f64 {
    (x - w * w.tr_mul(x)).norm_squared()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plane_leaves_over() {
        let skew = DMatrix::from_column_slice(3, 2, &[2.0, 0.0, 0.0, 1.0, 0.5, 0.0]);
        let x = DVector::from_column_slice(&[3.0, 4.0, 5.0]);
        assert!((left_over(&skew.qr().q(), &x) - 25.0).abs() < 1e-12);
    }
}
