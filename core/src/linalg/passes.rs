//! The three passes of a tracker over its basis W: y = Wᵀx, e ← e − W·y, W ← W + (a·e − W·p)·gᵀ.
//!
//! Several columns or a block of rows are taken at once. That decides how fast they are, never in which order anything is
//! summed: columns of a projection do not meet, nor do rows of an update, and the bits are those of the plain loops.

use core::array;

use super::{LANES, WIDE, add_rest, block, dot, sum_lanes};

/// Rows that an update takes at once: enough independent sums to hide the latency of an addition, and whole cache lines of
/// each column. Columns that are a power of two long may all fall into the same few sets of a cache, where a line that
/// was left half read is gone by the next visit.
const ROWS: usize = if WIDE { 4 * LANES } else { LANES };

/// Columns that a projection takes at once: x is loaded once for all of them, and their sums do not wait for each other.
const COLUMNS: usize = 4;

/// y ← Wᵀx. `w` is n×r, `x` has n entries, `y` has r. Cost n·r multiply–adds, each column summed as in [`dot`].
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn project(w: &[f32], x: &[f32], y: &mut [f32]) {
    let n = x.len();
    debug_assert_eq!(w.len(), n * y.len());
    if n == 0 {
        y.fill(0.0);
        return;
    }
    // With fewer blocks the sums of a single column do not wait for each other.
    if !WIDE || n < 2 * LANES {
        for (y, w) in y.iter_mut().zip(w.chunks_exact(n)) {
            *y = dot(w, x);
        }
        return;
    }
    for (y, w) in y.chunks_mut(COLUMNS).zip(w.chunks(COLUMNS * n)) {
        match y {
            [a, b, c, d] => [*a, *b, *c, *d] = dots(w, x),
            [a, b, c] => [*a, *b, *c] = dots(w, x),
            [a, b] => [*a, *b] = dots(w, x),
            [a] => *a = dot(w, x),
            _ => {}
        }
    }
}

/// [`project`], once in the program: for code that seldom runs.
#[inline(never)]
pub fn project_seldom(w: &[f32], x: &[f32], y: &mut [f32]) {
    project(w, x, y);
}

/// [`dot`] of x and each of the `C` columns of `w`: the same sums, side by side.
#[inline(always)]
fn dots<const C: usize>(w: &[f32], x: &[f32]) -> [f32; C] {
    let (n, (blocks, _)) = (x.len(), x.as_chunks::<LANES>());
    // As long as x, so that the loop checks no bounds.
    let columns: [_; C] = array::from_fn(|k| &w[k * n..(k + 1) * n].as_chunks::<LANES>().0[..blocks.len()]);
    let mut acc = [[0.0; LANES]; C];
    for (i, x) in blocks.iter().enumerate() {
        for k in 0..C {
            for l in 0..LANES {
                acc[k][l] += columns[k][i][l] * x[l];
            }
        }
    }
    finish(acc, w, x, blocks.len() * LANES)
}

/// Rows from `whole` on, and the sums. Not inlined: seeing the tree, the compiler would keep the partial sums of all columns side
/// by side in a vector and shuffle every block into that order.
#[inline(never)]
fn finish<const C: usize>(mut acc: [[f32; LANES]; C], w: &[f32], x: &[f32], whole: usize) -> [f32; C] {
    for (acc, column) in acc.iter_mut().zip(w.chunks_exact(x.len())) {
        add_rest(acc, &column[whole..], &x[whole..]);
    }
    acc.map(|acc| sum_lanes(&acc))
}

/// e ← e − W·y, and returns ‖e‖². `w` is n×r, `y` has r entries, `e` has n. Each entry subtracts the columns in order; the
/// squares are summed as in [`dot`]. Cost n·(r+1) multiply–adds.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn subtract_span(w: &[f32], y: &[f32], e: &mut [f32]) -> f32 {
    let n = e.len();
    debug_assert_eq!(w.len(), n * y.len());
    let mut acc = [0.0; LANES];
    let mut i = 0;
    if WIDE {
        i = subtract_rows::<ROWS>(w, y, e, i, &mut acc);
    }
    i = subtract_rows::<LANES>(w, y, e, i, &mut acc);
    for ((i, e), acc) in (i..).zip(&mut e[i..]).zip(&mut acc) {
        for (k, &yk) in y.iter().enumerate() {
            *e -= yk * w[k * n + i];
        }
        *acc += *e * *e;
    }
    sum_lanes(&acc)
}

/// [`subtract_span`], once in the program: for code that seldom runs.
#[inline(never)]
pub fn subtract_span_seldom(w: &[f32], y: &[f32], e: &mut [f32]) -> f32 {
    subtract_span(w, y, e)
}

/// [`subtract_span`] from row `i` on, `B` rows at a time; returns the first row that is left.
#[inline(always)]
fn subtract_rows<const B: usize>(
    w: &[f32],
    y: &[f32],
    e: &mut [f32],
    i: usize,
    acc: &mut [f32; LANES],
) -> usize {
    let n = e.len();
    let (blocks, _) = e[i..].as_chunks_mut::<B>();
    let end = i + blocks.len() * B;
    for (i, e) in (i..).step_by(B).zip(blocks) {
        let mut v = *e;
        for (k, &yk) in y.iter().enumerate() {
            let column = block::<B>(w, k * n + i);
            for l in 0..B {
                v[l] -= yk * column[l];
            }
        }
        *e = v;
        for l in 0..B {
            acc[l % LANES] += v[l] * v[l];
        }
    }
    end
}

/// W ← W + (a·e − W·p)·gᵀ in one pass: the basis update of fast subspace trackers. `w` is n×r, `e` has n entries, `p` and `g` have r.
/// Cost 2·n·r multiply–adds, one read and one write of `w`.
///
/// # Panics
/// In debug builds, if the shapes do not agree.
#[inline]
pub fn rank_one_rotation(w: &mut [f32], a: f32, e: &[f32], p: &[f32], g: &[f32]) {
    let n = e.len();
    debug_assert!(w.len() == n * g.len() && p.len() == g.len());
    let mut i = 0;
    if WIDE {
        i = rotate_rows::<ROWS>(w, a, e, p, g, i);
    }
    i = rotate_rows::<LANES>(w, a, e, p, g, i);
    for (i, e) in (i..).zip(&e[i..]) {
        let mut wp = 0.0;
        for (k, &pk) in p.iter().enumerate() {
            wp += pk * w[k * n + i];
        }
        let d = a * e - wp;
        for (k, &gk) in g.iter().enumerate() {
            w[k * n + i] += gk * d;
        }
    }
}

/// [`rank_one_rotation`] from row `i` on, `B` rows at a time; returns the first row that is left.
#[inline(always)]
fn rotate_rows<const B: usize>(w: &mut [f32], a: f32, e: &[f32], p: &[f32], g: &[f32], i: usize) -> usize {
    let n = e.len();
    let (blocks, _) = e[i..].as_chunks::<B>();
    for (i, e) in (i..).step_by(B).zip(blocks) {
        let mut wp = [0.0; B];
        for (k, &pk) in p.iter().enumerate() {
            let column = block::<B>(w, k * n + i);
            for l in 0..B {
                wp[l] += pk * column[l];
            }
        }
        let mut d = [0.0; B];
        for l in 0..B {
            d[l] = a * e[l] - wp[l];
        }
        for (k, &gk) in g.iter().enumerate() {
            if let Some(column) = w.get_mut(k * n + i..).and_then(<[f32]>::first_chunk_mut::<B>) {
                for l in 0..B {
                    column[l] += gk * d[l];
                }
            }
        }
    }
    i + blocks.len() * B
}
