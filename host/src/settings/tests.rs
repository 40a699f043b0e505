use std::collections::BTreeSet;
use std::io::Write as _;

use toml::{Table, Value};

use super::{KEYS, Kind, Layers, Settings};

/// Every leaf of a settings table, by key.
fn leaves(table: &Table, prefix: &str, into: &mut BTreeSet<String>) {
    for (key, value) in table {
        match value {
            Value::Table(table) => leaves(table, &format!("{key}."), into),
            _ => _ = into.insert(format!("{prefix}{key}")),
        }
    }
}

fn full() -> Settings {
    let text = Some("1".to_owned());
    Settings {
        scores: Some("a".into()),
        events: Some("a".into()),
        report: Some("a".into()),
        annotate: Some("est".into()),
        speed: Some("2x".into()),
        from: Some("0:01".parse().expect("a time")),
        to: Some("2".parse().expect("a time")),
        ignore: vec!["a".into()],
        rate_hz: Some(1.0),
        delimiter: text.clone(),
        header: Some(true),
        time_column: text,
        compare: super::CompareSettings {
            mask: Some("a".into()),
            out: Some("a".into()),
            reference_span: Some(super::Span::default()),
            span: Some(super::Span::default()),
            window: Some(1.0),
            ..super::CompareSettings::default()
        },
        ..Settings::default()
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("room");
    file
}

#[test]
fn every_setting_has_a_key_and_every_key_is_a_setting() {
    let mut found = BTreeSet::new();
    leaves(&Table::try_from(full()).expect("a table"), "", &mut found);
    let listed: BTreeSet<String> = KEYS.iter().map(|k| k.path.to_owned()).collect();
    assert_eq!(found, listed);
    let flags: BTreeSet<String> = KEYS.iter().map(super::Key::flag).collect();
    let variables: BTreeSet<String> = KEYS.iter().map(super::Key::variable).collect();
    assert_eq!((flags.len(), variables.len()), (KEYS.len(), KEYS.len()));
}

#[test]
fn each_kind_of_value_reaches_its_setting() {
    for key in KEYS {
        let text = match key.kind {
            Kind::Number | Kind::Whole => "300",
            Kind::Switch => "true",
            _ => match key.path {
                "speed" => "10x",
                "from" => "1:30",
                "to" => "99:00",
                "delimiter" => ";",
                _ => "est",
            },
        };
        let mut layers = Layers::default();
        let outcome = layers.set(key, key.path, text).and_then(|()| layers.settings());
        // 300 is out of range for a few: then the error must name the key.
        if let Err(error) = outcome {
            assert!(error.to_string().contains(key.path), "{}: {error}", key.path);
        }
    }
}

#[test]
fn later_layers_win() {
    let toml = file("ignore = ['a']\n[temporal]\nlength = 50\nrank = 2\n");
    let mut layers = Layers::default();
    layers.file(toml.path()).expect("readable");
    let variables = [("EIGENSTREAM_TEMPORAL_LENGTH", "60"), ("PATH", "x"), ("EIGENSTREAM_REQUIRE", "all")];
    layers.environment(variables.map(|(n, v)| (n.into(), v.into()))).expect("known");
    let key = KEYS.iter().find(|k| k.path == "ignore").expect("listed");
    layers.set(key, "--ignore", "b, c").expect("a list");
    let settings = layers.settings().expect("valid");
    assert_eq!((settings.temporal.length, settings.temporal.rank), (60, 2));
    assert_eq!(settings.ignore, ["b", "c"]);
    assert_eq!(settings.spatial, super::SpatialConfig::default());
}

#[test]
fn the_file_and_the_place_in_it_are_named() {
    for (text, hint) in [
        ("[temporal]\nlenght = 5\n", "lenght"),
        ("[temporal]\nlength = 'x'\n", "line 2"),
        ("speed = [1]\n", "line 1"),
        ("nonsense", "line 1"),
        ("from = '1:99'\n", "1:99"),
    ] {
        let toml = file(text);
        let error = Layers::default().file(toml.path()).expect_err("wrong").to_string();
        assert!(error.contains(hint), "{error}");
        assert!(error.contains(&toml.path().display().to_string()), "{error}");
    }
    let missing = Layers::default().file("no/such.toml".as_ref()).expect_err("missing").to_string();
    assert!(missing.contains("no/such.toml") && missing.contains("--config"), "{missing}");
}

#[test]
fn values_out_of_range_are_named_by_their_key() {
    for (path, text, hint) in [
        ("temporal.rank", "100", "temporal.rank"),
        ("alarm.frames_per_false_alarm", "1", "alarm.frames_per_false_alarm"),
        ("speed", "fast", "speed"),
        ("annotate", "atr", "annotate"),
        ("annotate", "../x", "annotate"),
        ("delimiter", "ab", "delimiter"),
        ("rate_hz", "-1", "rate_hz"),
        ("spatial.rank", "-1", "spatial.rank"),
        ("spatial.enabled", "maybe", "spatial.enabled"),
        ("shift.order", "4", "shift.order"),
        ("shift.refine_blocks", "0", "shift.refine_blocks"),
        ("shift.frames_per_false_alarm", "nan", "shift.frames_per_false_alarm"),
        ("compare.level", "0", "compare.level"),
        ("compare.points", "1", "compare.points"),
        ("compare.window", "nan", "compare.window"),
        ("compare.span", "5", "FROM..TO"),
        ("compare.features", "waves", "compare.features"),
    ] {
        let key = KEYS.iter().find(|k| k.path == path).expect("listed");
        let mut layers = Layers::default();
        let error = match layers.set(key, path, text) {
            Err(error) => error,
            Ok(()) => layers.settings().expect_err("out of range"),
        };
        assert!(error.to_string().contains(hint), "{path}: {error}");
    }
    let error = Layers::default().environment([("EIGENSTREAM_LENGTH".into(), "1".into())]);
    assert!(error.expect_err("no such setting").to_string().contains("EIGENSTREAM_LENGTH"));
}
