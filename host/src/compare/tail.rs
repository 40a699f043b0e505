//! −log P(Bin(k, q) ≥ s) for every k up to a largest one: the surprise of s heads in k flips.

/// What a tail below the smallest `f64` counts as; −log of that is 708.4.
const MOST: f64 = 708.0;

/// The table, row k holding s = 0 … k.
#[derive(Clone, Debug)]
pub(super) struct Tails {
    value: Vec<f32>,
    depth: usize,
}

impl Tails {
    /// For `k` = 0 … `depth` flips with heads probability `q` in (0, 1). O(depth²) time and memory (4 bytes an entry, half a square).
    ///
    /// Probabilities of all k are pushed forward flip by flip and summed from the far end: only sums of positive numbers, so every tail
    /// has full relative precision.
    pub(super) fn new(depth: usize, q: f64) -> Self {
        let mut value = Vec::with_capacity((depth + 1) * (depth + 2) / 2);
        let mut law = vec![0.0; depth + 2];
        law[0] = 1.0;
        for k in 0..=depth {
            let row = value.len();
            value.resize(row + k + 1, 0.0);
            // At least no heads: certain, whatever the rounding of the sum, so nothing is added for s = 0.
            let mut tail = 0.0;
            for s in (1..=k).rev() {
                tail += law[s];
                value[row + s] = (-libm::log(tail)).clamp(0.0, MOST) as f32;
            }
            for s in (0..=k).rev() {
                law[s + 1] += law[s] * q;
                law[s] *= 1.0 - q;
            }
        }
        Self { value, depth }
    }

    /// The largest number of flips.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Row k: the surprise of s = 0 … k heads, which never falls with s.
    pub(super) fn row(&self, k: usize) -> &[f32] {
        let start = k * (k + 1) / 2;
        &self.value[start..=start + k]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums binomial coefficients, for small k.
    fn plain(k: u32, q: f64, s: u32) -> f64 {
        let choose = |s: u32| (0..s).fold(1.0, |c, i| c * f64::from(k - i) / f64::from(i + 1));
        let term = |s: u32| choose(s) * q.powi(s as i32) * (1.0 - q).powi((k - s) as i32);
        -(s..=k).map(term).sum::<f64>().ln()
    }

    #[test]
    fn small_rows_are_sums_of_binomial_terms() {
        for q in [0.5, 0.1, 0.73] {
            let tails = Tails::new(40, q);
            for k in [1, 2, 7, 40] {
                for s in 0..=k {
                    let found = f64::from(tails.row(k as usize)[s as usize]);
                    let wanted = plain(k, q, s).max(0.0);
                    assert!((found - wanted).abs() < 1e-6 * (1.0 + wanted), "{k} {q} {s}: {found} {wanted}");
                }
            }
        }
    }

    #[test]
    fn far_tails_are_exact_and_end_at_the_smallest_number() {
        let tails = Tails::new(500, 0.5);
        // All heads: k log 2.
        assert!((f64::from(tails.row(500)[500]) - 500.0 * std::f64::consts::LN_2).abs() < 1e-4);
        assert!((f64::from(Tails::new(500, 0.01).row(500)[500]) - MOST).abs() < 1e-3);
        assert!(tails.row(500).is_sorted() && tails.row(0) == [0.0]);
    }
}
