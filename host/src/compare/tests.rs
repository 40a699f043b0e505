//! The whole of a comparison on planted data and on data that says nothing.

use super::random::SplitMix64;
use super::*;

/// Sums of twelve uniform numbers: nearly normal, the same on every machine.
pub(super) fn normal(random: &mut SplitMix64) -> f32 {
    let uniform = |r: &mut SplitMix64| (r.next_u64() >> 40) as f32 / (1 << 24) as f32;
    (0..12).map(|_| uniform(random)).sum::<f32>() - 6.0
}

/// `n` points with `d` features, each point changed by `change`.
fn points(name: &str, n: usize, d: usize, seed: u64, change: impl Fn(usize, &mut [f32])) -> Points {
    let features = (0..d).map(|f| Feature { name: format!("f{f}"), unit: "mV".into() }).collect();
    let mut random = SplitMix64::new(seed);
    let values: Vec<f32> = (0..n)
        .flat_map(|i| {
            let mut row: Vec<f32> = (0..d).map(|_| normal(&mut random)).collect();
            change(i, &mut row);
            row
        })
        .collect();
    Points::from_rows(name, features, &values)
}

fn config() -> Config {
    Config { permutations: 39, ..Config::default() }
}

fn run(a: &Points, b: &Points) -> Comparison {
    compare(a, b, &config(), &|_, _| {}).unwrap()
}

#[test]
fn a_stretch_that_differs_is_found_with_its_feature_and_its_place() {
    let a = points("a", 300, 6, 1, |_, _| {});
    let b = points("b", 300, 6, 2, |i, row| {
        if (100..200).contains(&i) {
            row[3] = 2.0 + 0.2 * row[3];
        }
    });
    let c = run(&a, &b);
    assert!(c.shift && c.p_value <= 0.025 + 1e-9, "{}", c.p_value);
    assert_eq!(c.subset.iter().map(|s| s.feature.as_str()).collect::<Vec<_>>(), ["f3"]);
    assert_eq!((c.features[0].feature.as_str(), c.features[0].unit.as_str()), ("f3", "mV"));
    assert!(c.features[0].ks > 0.2 && c.features[0].shift_sd > 0.2, "{:?}", c.features[0]);
    // Where: nearly all points over the limit lie in the stretch, and most of the stretch is among them.
    let over: Vec<usize> = c.samples.iter().filter(|s| s.side == 1 && s.over).map(|s| s.index).collect();
    let inside = over.iter().filter(|i| (100..200).contains(*i)).count();
    assert!(inside >= 80 && inside * 10 >= over.len() * 8, "{inside} of {}", over.len());
    assert_eq!(c.file.over, over.len());
    assert!(
        c.stretches[0].side == 1 && (95.0..200.0).contains(&c.stretches[0].from_s),
        "{:?}",
        c.stretches[0]
    );
    // How much: about a third of the file has to go, and of the reference what the file lacks.
    let e = c.equalised.as_ref().unwrap();
    assert!((0.55..0.85).contains(&e.kept[1]) && (0.6..=1.0).contains(&e.kept[0]), "{:?}", e.kept);
    assert!(e.subset_test.least() >= 0.5 && e.test.p_value > 0.05, "{e:?}");
    let weight = |range: std::ops::Range<usize>| {
        let own = c.samples.iter().filter(|s| s.side == 1 && range.contains(&s.index));
        own.map(|s| f64::from(s.weight)).sum::<f64>() / range.len() as f64
    };
    assert!(weight(100..200) < 0.5 * weight(200..300), "{} {}", weight(100..200), weight(200..300));
}

#[test]
fn two_features_that_differ_only_together() {
    // Each feature alone is normal on both sides; the correlation is not.
    let a = points("a", 400, 5, 3, |_, _| {});
    let b = points("b", 400, 5, 4, |_, row| row[1] = 0.95 * row[0] + 0.31 * row[1]);
    let c = run(&a, &b);
    assert!(c.shift, "{}", c.p_value);
    assert!(c.test.single.unwrap().p_value > 0.05 && c.test.mean.p_value < 0.05, "{:?}", c.test);
}

#[test]
fn the_order_of_the_sides_changes_names_only() {
    let a = points("a", 150, 3, 5, |_, _| {});
    let b = points("b", 150, 3, 6, |_, row| row[0] += 1.0);
    let (ab, ba) = (run(&a, &b), run(&b, &a));
    assert_eq!(ab.subset[0].feature, ba.subset[0].feature);
    assert!((ab.features[0].shift_sd + ba.features[0].shift_sd).abs() < 1e-9);
    assert!(ab.shift && ba.shift);
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    let a = points("a", 120, 3, 7, |_, _| {});
    let b = points("b", 90, 3, 8, |_, row| row[0] *= 2.0);
    assert_eq!(run(&a, &b), run(&a, &b));
}

#[test]
fn a_side_compared_with_itself_does_not_differ() {
    let a = points("a", 200, 4, 9, |_, _| {});
    let c = run(&a, &a);
    assert!(!c.shift && c.p_value > 0.5, "{}", c.p_value);
    assert_eq!((c.reference.over, c.file.over, c.subset.len()), (0, 0, 0));
    assert!(c.equalised.is_none() && c.samples.iter().all(|s| s.keep && s.weight == 1.0));
}

#[test]
fn ties_favour_no_side() {
    // Two values only, the same share of each: every distance is tied.
    let coin =
        |name: &str, seed| points(name, 200, 2, seed, |_, row| row.iter_mut().for_each(|x| *x = x.signum()));
    let p: Vec<f64> = (0..6).map(|s| run(&coin("a", 20 + 2 * s), &coin("b", 21 + 2 * s)).p_value).collect();
    assert!(p.iter().filter(|&&p| p <= 0.05).count() <= 1, "{p:?}");
    let unfair = points("b", 200, 2, 40, |i, row| {
        row.iter_mut().for_each(|x| *x = if i % 4 > 0 { 1.0 } else { -1.0 })
    });
    assert!(run(&coin("a", 41), &unfair).shift);
}

#[test]
fn sides_without_overlap() {
    let a = points("a", 100, 2, 10, |_, _| {});
    let b = points("b", 100, 2, 11, |_, row| row[1] += 100.0);
    let c = run(&a, &b);
    assert!(c.shift && c.disjoint && c.equalised.is_none());
    assert!(c.remarks.iter().any(|r| r.contains("hardly overlap")), "{:?}", c.remarks);
    // A constant on each side that is not the same on both is a difference like any other.
    let constant = |name: &str, value: f32| points(name, 60, 2, 12, |_, row| row[0] = value);
    let c = run(&constant("a", 1.0), &constant("b", 2.0));
    assert!(c.shift && c.subset[0].feature == "f0");
}

#[test]
fn features_that_cannot_be_compared_are_named() {
    let broken = |name: &str, seed| {
        points(name, 100, 4, seed, |i, row| {
            row[0] = 7.0;
            row[1] = f32::NAN;
            if i % 10 == 0 {
                row[2] = f32::INFINITY;
            }
        })
    };
    let c = run(&broken("a", 13), &broken("b", 14));
    let dropped: Vec<&str> = c.dropped.iter().map(|d| d.feature.as_str()).collect();
    assert_eq!(dropped, ["f1", "f0"]);
    assert!(c.dropped[0].reason.contains("missing in 100 %") && c.dropped[1].reason.contains("the same"));
    assert_eq!((c.reference.incomplete, c.reference.points, c.features.len()), (10, 90, 2));
    assert!(c.p_value > 0.0);
}

#[test]
fn huge_and_tiny_numbers() {
    let wild = |name: &str, seed| {
        points(name, 80, 2, seed, |i, row| {
            row[0] *= if i % 3 == 0 { 1e38 } else { 1e-38 };
            row[1] += 1e30;
        })
    };
    let c = run(&wild("a", 15), &wild("b", 16));
    assert!((0.0..=1.0).contains(&c.p_value) && c.samples.iter().all(|s| s.score.is_finite()));
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let a = points("a", 100, 2, 17, |_, _| {});
    let fails = |a: &Points, b: &Points, config: Config| compare(a, b, &config, &|_, _| {}).unwrap_err();
    assert_eq!(fails(&a, &points("b", 100, 3, 1, |_, _| {}), config()), CompareError::Features);
    for few in [0, 1, 39] {
        let error = fails(&a, &points("b", few, 2, 1, |_, _| {}), config());
        let named =
            matches!(&error, CompareError::TooFew { name, points, .. } if name == "b" && *points == few);
        assert!(named || few == 0, "{error}");
    }
    let constant = points("b", 100, 2, 1, |_, row| row.fill(1.0));
    assert!(matches!(fails(&constant, &constant, config()), CompareError::NoFeature { .. }));
    let many = Config { neighbours: 201, ..config() };
    assert_eq!(fails(&a, &a, many), CompareError::Neighbours { neighbours: 201, points: 200 });
    for wrong in [
        Config { neighbours: 20, ..config() },
        Config { permutations: 0, ..config() },
        Config { level: 0.0, ..config() },
        Config { level: f64::NAN, ..config() },
        Config { point_level: 0.5, ..config() },
        Config { most_features: 0, ..config() },
    ] {
        assert!(matches!(fails(&a, &a, wrong), CompareError::OutOfRange { .. }));
    }
}
