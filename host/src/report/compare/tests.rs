use crate::compare::{Config, Feature, Points, compare};
use crate::report::compare_page;

fn points(name: &str, n: usize, offset: f32) -> Points {
    let feature = |name: &str| Feature { name: name.into(), unit: "m<V".into() };
    let value = |k: usize, f: usize| ((k * 37 + f * 11) as f32).sin() + if f == 0 { offset } else { 0.0 };
    let values: Vec<f32> = (0..n).flat_map(|k| [value(k, 0), value(k, 1)]).collect();
    Points::from_rows(name, vec![feature("a <b>"), feature("{{style}}")], &values)
}

fn page(a: &Points, b: &Points) -> String {
    let config = Config { permutations: 39, ..Config::default() };
    let outcome = compare(a, b, &config, &|_, _| {}).unwrap();
    compare_page(&outcome, [a, b], "seed = 1\n").as_str().to_owned()
}

#[test]
fn a_shift_is_told_and_drawn() {
    let page = page(&points("x & y", 200, 0.0), &points("<z>", 240, 0.5));
    for words in [
        "<strong>A shift</strong>",
        "most pronounced in a &lt;b&gt;",
        "x &amp; y",
        "&lt;z&gt;",
        "a &lt;b&gt;, equalised",
        "seed = 1",
    ] {
        assert!(page.contains(words), "no {words}");
    }
    assert_eq!(page.matches("<circle").count(), 440);
    // Nothing from outside is markup, a slot, or loaded.
    assert!(!page.contains("<z>") && !page.contains("a <b>") && page.contains(">{{style}}"));
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"));
    assert!(!page.contains("NaN") && !page.contains("inf\""));
    for tag in ["svg", "table", "section", "tr", "td"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn no_shift_is_told() {
    let side = points("x", 60, 0.0);
    let page = page(&side, &side);
    assert!(page.contains("<strong>No shift found</strong>") && !page.contains("equalised</text>"));
}
