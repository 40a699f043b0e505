//! The energy distance 2 E‖X − Y‖ − E‖X − X'‖ − E‖Y − Y'‖ (Székely & Rizzo 2013) of all labelings: a second opinion that knows nothing of
//! neighbours, so that sets which were equalised by neighbours are not judged by the same yardstick alone.

use rayon::prelude::*;

use super::labels::{LANES, Labelings};

/// The distance for every labeling of points with these columns; `counts` are the points of labels 0 and 1. O(n² (d + labelings)).
pub(super) fn distances(columns: &[&[f32]], labelings: &Labelings, counts: [usize; 2]) -> Vec<f64> {
    let [zeros, ones] = counts.map(|n| n as f64);
    let n = columns.first().map_or(0, |c| c.len());
    let row = |i: usize| -> Vec<f32> {
        let mut squared = vec![0.0_f32; n];
        for column in columns {
            squared.iter_mut().zip(*column).for_each(|(sum, y)| *sum += (y - column[i]) * (y - column[i]));
        }
        squared.iter().map(|d| d.sqrt()).collect()
    };
    let of_point = |i: usize| -> Vec<f64> {
        let row = row(i);
        let all: f64 = row.iter().map(|&d| f64::from(d)).sum();
        let block = |labels: &Vec<[u8; LANES]>| {
            let mut to_ones = [0.0_f32; LANES];
            for (labels, &d) in labels.iter().zip(&row) {
                to_ones.iter_mut().zip(labels).for_each(|(sum, &label)| *sum += f32::from(label) * d);
            }
            std::array::from_fn::<f64, LANES, _>(|lane| {
                let to_ones = f64::from(to_ones[lane]);
                let to_zeros = all - to_ones;
                let across = 1.0 / (zeros * ones);
                if labels[i][lane] == 1 {
                    to_zeros * across - to_ones / (ones * ones)
                } else {
                    to_ones * across - to_zeros / (zeros * zeros)
                }
            })
        };
        labelings.blocks().iter().flat_map(block).collect()
    };
    // Collected in order before they are added: the same sum on any number of threads.
    let parts: Vec<Vec<f64>> = (0..n).into_par_iter().map(of_point).collect();
    (0..labelings.count()).map(|labeling| parts.iter().map(|p| p[labeling]).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_points_by_hand() {
        // X = {0, 1}, Y = {3}: 2·(3 + 2)/2 − 2·1/4 − 0 = 4.5.
        let labelings = Labelings::new(&[0, 1, 0], 5, 1);
        let found = distances(&[&[0.0, 3.0, 1.0]], &labelings, [2, 1]);
        assert!((found[0] - 4.5).abs() < 1e-6, "{found:?}");
        // The other labelings: Y = {0}: 2·(1 + 3)/2 − 2·2/4 = 3; Y = {1}: 2·(1 + 2)/2 − 2·3/4 = 1.5.
        assert!(found.iter().all(|d| [4.5, 3.0, 1.5].iter().any(|e| (d - e).abs() < 1e-6)), "{found:?}");
    }
}
