//! Against the definition written out literally, and against values of the published implementation.

use proptest::prelude::*;

use super::{LEVELS, ranks, runs, vus_pr};
use crate::data;

/// The definition, word for word and O(W · 250 · n).
fn naive(labels: &[bool], scores: &[f64], window: usize) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let thresholds = ranks(scores.len()).map(|rank| sorted[rank]);
    let widest = naive_merge(labels, window);
    let curves = (0..=window).map(|w| {
        let soft = naive_soft(labels, w);
        let merged = naive_merge(labels, w);
        let (mut area, mut before) = (0.0, 0.0);
        for threshold in thresholds {
            let pred: Vec<f64> = scores.iter().map(|&s| if s >= threshold { 1.0 } else { 0.0 }).collect();
            let (recall, precision) = naive_point(labels, &soft, &merged, &widest, &pred);
            area += (recall - before) * precision;
            before = recall;
        }
        area
    });
    curves.sum::<f64>() / (window + 1) as f64
}

/// Recall and precision of one threshold at one width.
fn naive_point(
    labels: &[bool],
    soft: &[f64],
    merged: &[(usize, usize)],
    widest: &[(usize, usize)],
    pred: &[f64],
) -> (f64, f64) {
    let mut lab = soft.to_vec();
    let mut found = 0.0;
    for &(a, b) in merged {
        (a..=b).for_each(|i| lab[i] *= pred[i]);
        found += if (a..=b).any(|i| pred[i] > 0.0) { 1.0 } else { 0.0 };
    }
    let original = |i: &usize| labels[*i];
    (0..labels.len()).filter(original).for_each(|i| lab[i] = 1.0);
    let inside = || widest.iter().flat_map(|&(a, b)| a..=b);
    let tp: f64 = inside().map(|i| lab[i] * pred[i]).sum();
    let total: f64 = inside().map(|i| lab[i]).sum();
    let positives = (0..labels.len()).filter(original).count() as f64;
    let recall = (tp / ((positives + total) / 2.0)).min(1.0);
    (recall * found / merged.len() as f64, tp / pred.iter().sum::<f64>())
}

fn naive_merge(labels: &[bool], w: usize) -> Vec<(usize, usize)> {
    let (half, last) = (w as i64 / 2, labels.len() as i64 - 1);
    let runs: Vec<(i64, i64)> = runs(labels).iter().map(|&(a, b)| (a as i64, b as i64)).collect();
    let mut merged = vec![(runs[0].0 - half).max(0)];
    for pair in runs.windows(2) {
        if pair[0].1 + half < pair[1].0 - half {
            merged.extend([pair[0].1 + half, pair[1].0 - half]);
        }
    }
    merged.push((runs[runs.len() - 1].1 + half).min(last));
    merged.chunks(2).map(|run| (run[0] as usize, run[1] as usize)).collect()
}

fn naive_soft(labels: &[bool], w: usize) -> Vec<f64> {
    let mut soft: Vec<f64> = labels.iter().map(|&l| f64::from(u8::from(l))).collect();
    for (a, b) in runs(labels) {
        for d in 1..=w / 2 {
            let weight = (1.0 - d as f64 / w as f64).sqrt();
            if b + d < labels.len() {
                soft[b + d] += weight;
            }
            if a >= d {
                soft[a - d] += weight;
            }
        }
    }
    soft.iter().map(|s| s.min(1.0)).collect()
}

fn labels_of(n: usize, segments: &[(usize, usize)]) -> Vec<bool> {
    (0..n).map(|i| segments.iter().any(|&(a, b)| (a..=b).contains(&i))).collect()
}

/// Runs and gaps of one to nine points, so that buffers overlap often; both ends may be labelled.
fn any_labels() -> impl Strategy<Value = Vec<bool>> {
    let piece = (any::<bool>(), 1..10_usize);
    prop::collection::vec(piece, 1..25)
        .prop_map(|pieces| pieces.iter().flat_map(|&(label, len)| std::iter::repeat_n(label, len)).collect())
        .prop_filter("a labelled point", |labels: &Vec<bool>| labels.contains(&true))
}

/// Labels and as many scores: distinct ones, few values with many ties, or one value.
fn any_case() -> impl Strategy<Value = (Vec<bool>, Vec<f64>)> {
    (any_labels(), prop_oneof![Just(1_u32), Just(3), Just(20), Just(1 << 30)]).prop_flat_map(
        |(labels, values)| {
            let scores = prop::collection::vec((0..values).prop_map(f64::from), labels.len());
            (Just(labels), scores)
        },
    )
}

proptest! {
    #[test]
    fn agrees_with_the_definition((labels, scores) in any_case(), window in 0..40_usize) {
        let (fast, slow) = (vus_pr(&labels, &scores, window), naive(&labels, &scores, window));
        prop_assert!((fast - slow).abs() < 1e-12, "{fast} against {slow}");
    }

    #[test]
    fn an_increasing_map_changes_nothing((labels, scores) in any_case(), window in 0..40_usize) {
        let mapped: Vec<f64> = scores.iter().map(|s| (s + 2.0).ln()).collect();
        prop_assert_eq!(vus_pr(&labels, &scores, window).to_bits(), vus_pr(&labels, &mapped, window).to_bits());
    }
}

#[test]
fn more_points_than_thresholds() {
    for n in [249, 250, 251, 997] {
        let labels = labels_of(n, &[(0, 3), (60, 90), (95, 95), (n - 2, n - 1)]);
        let scores: Vec<f64> = (0..n).map(|i| ((i * 7919) % 101) as f64).collect();
        for window in [0, 1, 7, 60] {
            let (fast, slow) = (vus_pr(&labels, &scores, window), naive(&labels, &scores, window));
            assert!((fast - slow).abs() < 1e-12, "n {n}, window {window}: {fast} against {slow}");
        }
    }
}

#[test]
fn a_window_wider_than_the_series() {
    let labels = labels_of(12, &[(4, 5), (8, 8)]);
    let scores: Vec<f64> = (0..12).map(f64::from).collect();
    assert!((vus_pr(&labels, &scores, 100) - naive(&labels, &scores, 100)).abs() < 1e-12);
}

#[test]
fn perfect_scores_without_a_buffer_give_one() {
    let labels = labels_of(500, &[(100, 149)]);
    let scores: Vec<f32> = labels.iter().map(|&l| f32::from(u8::from(l))).collect();
    assert!((vus_pr(&labels, &scores, 0) - 1.0).abs() < 1e-12);
    // Of all equal scores every point is predicted at once: the precision is the share of labelled points.
    assert!((vus_pr(&labels, &[1.0_f32; 500], 0) - 0.1).abs() < 1e-12);
}

#[test]
fn nan_is_the_lowest_score() {
    let labels = labels_of(60, &[(10, 19), (40, 44)]);
    let mut scores: Vec<f64> = (0..60).map(|i| f64::from((i * 37) % 60)).collect();
    let lowest: Vec<f64> = scores.iter().map(|&s| if s < 20.0 { f64::NEG_INFINITY } else { s }).collect();
    scores.iter_mut().filter(|s| **s < 20.0).for_each(|s| *s = f64::NAN);
    assert_eq!(vus_pr(&labels, &scores, 9).to_bits(), vus_pr(&labels, &lowest, 9).to_bits());
    let all_nan = vus_pr(&labels, &[f64::NAN; 60], 9);
    assert_eq!(all_nan.to_bits(), vus_pr(&labels, &[0.0; 60], 9).to_bits());
}

#[test]
fn without_labels_it_is_undefined() {
    assert!(vus_pr(&[false; 10], &[1.0; 10], 3).is_nan());
    assert!(vus_pr::<f64>(&[], &[], 3).is_nan());
}

/// Labels and scores of one entry of the reference file.
fn reference_case(entry: &serde_json::Value, folder: &std::path::Path) -> (Vec<bool>, Vec<f64>) {
    let Some(file) = entry["file"].as_str() else {
        assert_eq!(entry["score"], "(7919*i mod 300)/300, i=0..299");
        let segments: Vec<(usize, usize)> = serde_json::from_value(entry["segments"].clone()).unwrap();
        let scores = (0..300).map(|i| f64::from((7919 * i) % 300) / 300.0).collect();
        return (labels_of(300, &segments), scores);
    };
    assert_eq!(entry["score"], "|first column - its mean|");
    let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let labels = rows.iter().map(|row| &row[row.len() - 1] == "1").collect();
    // Not through the loader: it rounds to `f32`, and then a few points change their order.
    let first: Vec<f64> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    let mean = first.iter().sum::<f64>() / first.len() as f64;
    (labels, first.iter().map(|x| (x - mean).abs()).collect())
}

#[test]
fn agrees_with_the_published_implementation() {
    let Some(folder) = data::for_test("tsb-ad") else { return };
    let text = std::fs::read_to_string(folder.join("vus_pr_reference.json")).unwrap();
    let entries: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(!entries.is_empty());
    for entry in entries {
        let (labels, scores) = reference_case(&entry, &folder);
        let window = entry["window"].as_u64().unwrap() as usize;
        let (ours, theirs) = (vus_pr(&labels, &scores, window), entry["vus_pr"].as_f64().unwrap());
        assert!((ours - theirs).abs() < 1e-9, "{entry}: ours {ours}");
    }
}

#[test]
fn ranks_span_the_series() {
    for n in [1, 2, 250, 251, 20_000] {
        let ranks = ranks(n);
        assert_eq!((ranks[0], ranks[LEVELS - 1]), (0, n - 1));
        assert!(ranks.is_sorted());
    }
}
