//! Kernels for frames with gaps.

use std::vec;
use std::vec::Vec;

use crate::linalg::{chosen_rows, drift_and_keep, drift_towards};
use crate::testing::{Random, wide};

#[test]
fn chosen_rows_are_those_of_a_smaller_matrix() {
    let mut random = Random::new(31);
    for (n, r) in [(1, 1), (5, 2), (8, 3), (33, 8)] {
        let w = random.normals(n * r);
        for share in [0.0, 0.3, 1.0] {
            let chosen: Vec<bool> = (0..n).map(|_| random.uniform() < share).collect();
            let mut gram = vec![f32::NAN; r * r];
            chosen_rows(&w, n, |i| chosen[i], &mut gram);
            let rows: Vec<usize> = (0..n).filter(|&i| chosen[i]).collect();
            let (w, gram) = (wide(&w, n).select_rows(&rows), wide(&gram, r).lower_triangle());
            let bound = n as f64 * f64::from(f32::EPSILON) * w.norm_squared();
            assert!((gram - (w.transpose() * w).lower_triangle()).norm() <= bound);
        }
    }
}

#[test]
fn drifting_and_keeping_is_drifting_and_a_copy() {
    let mut random = Random::new(32);
    let (x, e, m) = (random.normals(13), random.normals(13), random.normals(13));
    let (mut both, mut alone, mut kept) = (m.clone(), m, vec![0.0; 13]);
    drift_and_keep(&mut both, 0.1, &x, &mut kept, &e);
    drift_towards(&mut alone, 0.1, &x);
    assert_eq!((both, kept), (alone, e));
}
