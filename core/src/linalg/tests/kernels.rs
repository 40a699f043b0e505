//! Products, updates, centring.

use std::vec::Vec;

use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{config, gamma, wild};
use crate::linalg;
use crate::testing::{wide, wide_vector};

/// The documented order, one scalar at a time: entry i to partial sum i mod 8, then the balanced tree.
fn stated_dot(x: &[f32], y: &[f32]) -> f32 {
    let mut s = [0.0f32; 8];
    for i in 0..x.len() {
        s[i % 8] += x[i] * y[i];
    }
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

/// Σ|x||y| in f64.
fn magnitude(x: &[f32], y: &[f32]) -> f64 {
    x.iter().zip(y).map(|(&x, &y)| (f64::from(x) * f64::from(y)).abs()).sum()
}

fn exact_dot(x: &[f32], y: &[f32]) -> f64 {
    x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
}

/// Row `i` of a column-major matrix.
fn row(w: &[f32], n: usize, i: usize) -> Vec<f32> {
    w.iter().skip(i).step_by(n).copied().collect()
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn dot_sums_in_the_documented_order() {
    // Every length to beyond eight blocks, so every remainder many times over.
    for n in 0..=70 {
        for seed in 0..20 {
            let (x, y) = (wild(n, seed), wild(n, seed + 1000));
            assert_eq!(linalg::dot(&x, &y).to_bits(), stated_dot(&x, &y).to_bits(), "n = {n}");
            assert_eq!(linalg::energy(&x).to_bits(), stated_dot(&x, &x).to_bits(), "n = {n}");
        }
    }
}

#[test]
fn the_order_test_can_tell_orders_apart() {
    // A check that cannot fail is no check: index order gives other bits for most of these vectors.
    let differs = (0..100)
        .filter(|&seed| {
            let (x, y) = (wild(70, seed), wild(70, seed + 1000));
            let plain: f32 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
            plain.to_bits() != stated_dot(&x, &y).to_bits()
        })
        .count();
    assert!(differs > 50, "{differs}");
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn dot_is_within_its_rounding_bound(n in 0usize..=70, seed: u64) {
        let (x, y) = (wild(n, seed), wild(n, !seed));
        // Eight chains of ⌈n/8⌉ additions, a product before and a tree of three after: γ of that length (Higham, eq. 3.3).
        let bound = gamma(n.div_ceil(8) + 4) * magnitude(&x, &y);
        prop_assert!((f64::from(linalg::dot(&x, &y)) - exact_dot(&x, &y)).abs() <= bound);
    }

    #[test]
    fn axpy_rounds_twice(n in 0usize..=70, a in -1e3f32..1e3, seed: u64) {
        let (x, start) = (wild(n, seed), wild(n, !seed));
        let mut y = start.clone();
        linalg::axpy(a, &x, &mut y);
        for i in 0..n {
            let product = f64::from(a) * f64::from(x[i]);
            let bound = gamma(2) * (product.abs() + f64::from(start[i]).abs());
            prop_assert!((f64::from(y[i]) - f64::from(start[i]) - product).abs() <= bound);
        }
    }

    #[test]
    fn project_is_the_transposed_product(n in 0usize..=70, r in 0usize..=8, seed: u64) {
        let (w, x) = (wild(n * r, seed), wild(n, !seed));
        let mut y = vec![f32::NAN; r];
        linalg::project(&w, &x, &mut y);
        for k in 0..r {
            let column = &w[k * n..(k + 1) * n];
            prop_assert_eq!(y[k].to_bits(), stated_dot(column, &x).to_bits());
            let bound = gamma(n.div_ceil(8) + 4) * magnitude(column, &x);
            prop_assert!((f64::from(y[k]) - exact_dot(column, &x)).abs() <= bound);
        }
    }

    #[test]
    fn subtract_span_subtracts_columns_in_order(n in 0usize..=70, r in 0usize..=8, seed: u64) {
        let (w, y, start) = (wild(n * r, seed), wild(r, !seed), wild(n, seed ^ 99));
        let mut e = start.clone();
        let energy = linalg::subtract_span(&w, &y, &mut e);
        // Column by column, as a textbook writes it.
        let mut stated = start.clone();
        for k in 0..r {
            for i in 0..n {
                stated[i] -= y[k] * w[k * n + i];
            }
        }
        prop_assert_eq!(bits(&e), bits(&stated));
        prop_assert_eq!(energy.to_bits(), stated_dot(&stated, &stated).to_bits());
        for i in 0..n {
            let row = row(&w, n, i);
            let exact = f64::from(start[i]) - exact_dot(&row, &y);
            let bound = gamma(r + 1) * (f64::from(start[i]).abs() + magnitude(&row, &y));
            prop_assert!((f64::from(e[i]) - exact).abs() <= bound);
        }
    }

    #[test]
    fn rank_one_rotation_is_the_stated_update(n in 0usize..=70, r in 0usize..=8, a in -2f32..2.0, seed: u64) {
        let (start, e) = (wild(n * r, seed), wild(n, !seed));
        let (p, g) = (wild(r, seed ^ 98), wild(r, seed ^ 99));
        let mut w = start.clone();
        linalg::rank_one_rotation(&mut w, a, &e, &p, &g);
        // d = a·e − W·p first, columns of W·p in order; then W ← W + d·gᵀ.
        let mut wp = vec![0.0f32; n];
        for k in 0..r {
            for i in 0..n {
                wp[i] += p[k] * start[k * n + i];
            }
        }
        let mut stated = start.clone();
        for k in 0..r {
            for i in 0..n {
                stated[k * n + i] += g[k] * (a * e[i] - wp[i]);
            }
        }
        prop_assert_eq!(bits(&w), bits(&stated));
        for i in 0..n {
            let row = row(&start, n, i);
            let d = f64::from(a) * f64::from(e[i]) - exact_dot(&row, &p);
            let size = (f64::from(a) * f64::from(e[i])).abs() + magnitude(&row, &p);
            for k in 0..r {
                let (w, gk, old) = (f64::from(w[k * n + i]), f64::from(g[k]), f64::from(start[k * n + i]));
                // r products and sums, the difference, times g, the sum: r + 4 roundings at most.
                prop_assert!((w - old - gk * d).abs() <= gamma(r + 4) * (old.abs() + gk.abs() * size));
            }
        }
    }

    #[test]
    fn multiply_and_rank_one_agree_with_nalgebra(n in 0usize..=40, r in 1usize..=8, s in -3f32..3.0, seed: u64) {
        let (a, x, z) = (wild(n * r, seed), wild(r, !seed), wild(n, seed ^ 99));
        let mut y = vec![f32::NAN; n];
        linalg::multiply(&a, &x, &mut y);
        let mut updated = a.clone();
        linalg::rank_one(&mut updated, s, &z, &x);
        if n > 0 {
            let (wa, wx, wz) = (wide(&a, n), wide_vector(&x), wide_vector(&z));
            let (product, size) = (&wa * &wx, wa.abs() * wx.abs());
            let outer = &wz * wx.transpose() * f64::from(s);
            for i in 0..n {
                prop_assert!((f64::from(y[i]) - product[i]).abs() <= gamma(r + 1) * size[i]);
                for k in 0..r {
                    let exact = wa[(i, k)] + outer[(i, k)];
                    let bound = gamma(3) * (wa[(i, k)].abs() + outer[(i, k)].abs());
                    prop_assert!((f64::from(updated[k * n + i]) - exact).abs() <= bound);
                }
            }
        }
    }

    #[test]
    fn centring_counts_and_zeroes_what_is_missing(n in 0usize..=70, a in 0f32..1.0, seed: u64) {
        let (mut x, m) = (wild(n, seed), wild(n, !seed));
        for (i, x) in x.iter_mut().enumerate() {
            *x = match (seed >> (i % 61)) & 3 {
                0 => [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][i % 3],
                _ => *x,
            };
        }
        let (mut e, mut drifted) = (vec![f32::NAN; n], m.clone());
        prop_assert_eq!(linalg::centre(&x, &m, &mut e), x.iter().filter(|x| x.is_finite()).count());
        linalg::drift_towards(&mut drifted, a, &x);
        for i in 0..n {
            if x[i].is_finite() {
                let d = f64::from(x[i]) - f64::from(m[i]);
                prop_assert!((f64::from(e[i]) - d).abs() <= gamma(1) * d.abs());
                let bound = gamma(3) * (f64::from(m[i]).abs() + f64::from(a) * d.abs());
                prop_assert!((f64::from(drifted[i]) - f64::from(m[i]) - f64::from(a) * d).abs() <= bound);
            } else {
                prop_assert!(e[i] == 0.0 && drifted[i] == m[i]);
            }
        }
    }
}

/// Shapes that reach every path of the kernels: no row, less than a block, blocks of eight and of whole cache lines with and without a
/// rest; columns that are taken alone, by two, three and four.
fn shapes() -> impl Iterator<Item = (usize, usize)> {
    let rows = (0..=18).chain(31..=34).chain(39..=42).chain([63, 64, 65, 100, 127, 128, 131, 256, 1024]);
    rows.flat_map(|n| (0..=9).chain([16, 32]).map(move |r| (n, r)))
}

#[test]
fn every_path_gives_the_bits_of_the_plain_loops() {
    for (n, r) in shapes() {
        let seed = (1000 * n + r) as u64;
        let (w, x, e) = (wild(n * r, seed), wild(n, seed + 1), wild(n, seed + 2));
        let (y, g) = (wild(r, seed + 3), wild(r, seed + 4));
        let column = |k: usize| &w[k * n..(k + 1) * n];

        let mut projected = vec![f32::NAN; r];
        linalg::project(&w, &x, &mut projected);
        let stated: Vec<f32> = (0..r).map(|k| stated_dot(column(k), &x)).collect();
        assert_eq!(bits(&projected), bits(&stated), "Wᵀx of {n}×{r}");

        let mut residual = x.clone();
        let energy = linalg::subtract_span(&w, &y, &mut residual);
        let stated: Vec<f32> = (0..n).map(|i| (0..r).fold(x[i], |e, k| e - y[k] * column(k)[i])).collect();
        assert_eq!(bits(&residual), bits(&stated), "x − Wy of {n}×{r}");
        assert_eq!(energy.to_bits(), stated_dot(&stated, &stated).to_bits());

        let product: Vec<f32> =
            (0..n).map(|i| (0..r).fold(0.0, |sum, k| sum + y[k] * column(k)[i])).collect();
        let mut multiplied = vec![f32::NAN; n];
        linalg::multiply(&w, &y, &mut multiplied);
        assert_eq!(bits(&multiplied), bits(&product), "W·y of {n}×{r}");

        let mut rotated = w.clone();
        linalg::rank_one_rotation(&mut rotated, 0.75, &e, &y, &g);
        let stated: Vec<f32> = (0..r)
            .flat_map(|k| (0..n).map(move |i| (k, i)))
            .map(|(k, i)| column(k)[i] + g[k] * (0.75 * e[i] - product[i]))
            .collect();
        assert_eq!(bits(&rotated), bits(&stated), "rotation of {n}×{r}");

        let mut updated = w.clone();
        linalg::scaled_rank_one(&mut updated, 1.25, -0.5, &x, &g);
        let mut stated = w.clone();
        linalg::rank_one(&mut stated, -0.5, &x, &g);
        linalg::scale(1.25, &mut stated);
        assert_eq!(bits(&updated), bits(&stated), "scaled update of {n}×{r}");
    }
}

#[test]
fn scaling_by_powers_of_two_is_exact() {
    let x = wild(70, 5);
    let mut y = x.clone();
    linalg::scale(-0.25, &mut y);
    assert!(x.iter().zip(&y).all(|(x, y)| *y == -x / 4.0));
}

#[test]
fn nan_goes_where_the_formula_takes_it_and_nowhere_else() {
    let (n, r) = (13, 3);
    for at in 0..n {
        let mut x = wild(n, 7);
        x[at] = f32::NAN;
        let (y, w) = (wild(n, 8), wild(n * r, 9));
        assert!(linalg::dot(&x, &y).is_nan() && linalg::energy(&x).is_nan());

        let mut sum = y.clone();
        linalg::axpy(0.0, &x, &mut sum); // 0·NaN is NaN
        assert!((0..n).all(|i| sum[i].is_nan() == (i == at)));

        let mut coordinates = vec![0.0; r];
        linalg::project(&w, &x, &mut coordinates);
        assert!(coordinates.iter().all(|y| y.is_nan()));

        let mut e = x.clone();
        assert!(linalg::subtract_span(&w, &[1.0, 2.0, 3.0], &mut e).is_nan());
        assert!((0..n).all(|i| e[i].is_nan() == (i == at)));

        let mut basis = w.clone();
        linalg::rank_one_rotation(&mut basis, 1.0, &x, &[0.5; 3], &[0.1, 0.2, 0.3]);
        assert!((0..n * r).all(|i| basis[i].is_nan() == (i % n == at)));
    }
    let mut y = [0.0; 13];
    linalg::multiply(&wild(n * r, 9), &[1.0, f32::NAN, 0.0], &mut y);
    assert!(y.iter().all(|y| y.is_nan()));
}
