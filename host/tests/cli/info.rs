//! `eigenstream info`.

use serde_json::{Value, json};

use crate::place::Place;

fn place() -> Place {
    let place = Place::new();
    for name in ["mitbih-208.hea", "mitbih-208.dat", "watch-imu.csv"] {
        place.example(name);
    }
    place
}

#[test]
fn for_people() {
    let done = place().run(&["info", "mitbih-208.hea", "watch-imu.csv"]).status(0);
    assert_eq!(done.stderr, "");
    for line in [
        "mitbih-208: WFDB 212, 1 signal",
        "  108000 frames at 360 Hz, 300.000 s",
        "     0  MLII  mV  rails -5.12 … 5.115",
        "  # Open Data Commons Attribution License v1.0 (ODC-By 1.0), see mitbih-208.LICENSE.md",
        "watch-imu: CSV, ','",
        "  4784 frames at 50 Hz, 95.680 s",
        "     5  gyro_z  rad/s",
    ] {
        assert!(done.stdout.lines().any(|l| l == line), "no `{line}` in {}", done.stdout);
    }
}

#[test]
fn for_programs() {
    let done = place().run(&["info", "--json", "mitbih-208.hea", "watch-imu.csv"]).status(0);
    let objects: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [ecg, watch] = &objects[..] else { panic!("{}", done.stdout) };
    assert_eq!((&ecg["name"], &ecg["format"]), (&json!("mitbih-208"), &json!("WFDB 212, 1 signal")));
    assert_eq!(
        (&ecg["rate_hz"], &ecg["frames"], &ecg["start"]),
        (&json!(360.0), &json!(108_000), &Value::Null)
    );
    let lead = json!([{ "name": "MLII", "unit": "mV", "rails": [-5.12, 5.115] }]);
    assert_eq!(ecg["channels"], lead);
    assert_eq!(ecg["notes"].as_array().unwrap().len(), 4);
    assert_eq!((&watch["rate_hz"], &watch["frames"]), (&json!(50.0), &json!(4784)));
    assert_eq!(watch["channels"][3], json!({ "name": "gyro_x", "unit": "rad/s", "rails": null }));
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let done = place().run(&["info", "gone.csv", "mitbih-208.hea"]).status(1).says(&["gone.csv"]);
    assert!(done.stdout.starts_with("mitbih-208: "));
}
