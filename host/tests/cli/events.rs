//! Events: their fields, what they have to do with the scores, and the annotations made of them.

use std::collections::HashSet;

use eigenstream::source::wfdb::annotation::symbol;
use eigenstream::source::wfdb::read_annotations;
use serde_json::Value;

use crate::place::Place;

/// The ECG example with a limit so low that there are many events.
fn replayed(extra: &[&str]) -> (Place, Vec<Value>) {
    let place = Place::new();
    place.example("mitbih-208.hea");
    place.example("mitbih-208.dat");
    let args = ["mitbih-208.hea", "--scores", "s.csv", "--alarm.frames-per-false-alarm", "300"];
    let done = place.replay(&[&args, extra].concat()).status(0);
    let lines = done.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let events: Vec<Value> = lines.filter(|event| event["kind"] == "anomaly").collect();
    assert!(events.len() > 10, "{} events", events.len());
    (place, events)
}

fn whole(event: &Value, field: &str) -> usize {
    event[field].as_u64().unwrap_or_else(|| panic!("{field} of {event}")) as usize
}

fn number(event: &Value, field: &str) -> f64 {
    event[field].as_f64().unwrap_or_else(|| panic!("{field} of {event}"))
}

#[test]
fn every_field_is_there_and_agrees_with_the_scores() {
    let (place, events) = replayed(&[]);
    let scores = place.read("s.csv");
    let rows: Vec<Vec<&str>> = scores.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let alarm = |k: usize| rows[k][5] == "1";
    let cell = |k: usize, i: usize| rows[k][i].parse::<f64>().unwrap();
    let (mut next, mut alarms, mut ids) = (0, 0, HashSet::new());
    for event in &events {
        assert_eq!(
            (&event["schema"], &event["stream"], &event["kind"]),
            (&1.into(), &"mitbih-208".into(), &"anomaly".into())
        );
        let [start, peak, end] = ["start_frame", "peak_frame", "end_frame"].map(|f| whole(event, f));
        assert!(next <= start && start <= peak && peak <= end, "{event}");
        assert!(alarm(start) && alarm(end), "{event}");
        // No alarm outside of events, and the merged gaps are short.
        assert!((next..start).all(|k| !alarm(k)), "{event}");
        let own = (start..=end).filter(|&k| alarm(k)).count();
        assert_eq!(whole(event, "alarms"), own, "{event}");
        for (field, frame) in [("start_s", start), ("peak_s", peak), ("end_s", end)] {
            assert!((number(event, field) - frame as f64 / 360.0).abs() < 1e-9, "{field} of {event}");
        }
        // Both are the shortest text of the same f32. The table has the score of the windows; a level has its own.
        assert_eq!(number(event, "p_value") as f32, cell(peak, 3) as f32, "{event}");
        let above = number(event, "score_db") - number(event, "limit_db");
        if event["view"] == "temporal" {
            assert_eq!(above as f32, (cell(peak, 2) - cell(peak, 4)) as f32, "{event}");
        } else {
            assert_eq!(event["view"], "level");
        }
        let highest = (start..=end).map(|k| cell(k, 2) - cell(k, 4)).fold(0.0, f64::max);
        assert!(above > 0.0 && above + 1e-5 >= highest, "{event}: {highest}");
        let channel = &event["channels"][0];
        assert_eq!(
            (&channel["channel"], &channel["index"], number(channel, "share")),
            (&"MLII".into(), &0.into(), 1.0)
        );
        let id = event["id"].as_str().unwrap();
        assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()) && ids.insert(id.to_owned()));
        (next, alarms) = (end + 1, alarms + own);
    }
    assert!((next..rows.len()).all(|k| !alarm(k)));
    assert_eq!(alarms, (0..rows.len()).filter(|&k| alarm(k)).count());
}

/// An identity is of stream, kind and first frame, so that receivers can drop what they have got already.
#[test]
fn identities_survive_another_run_and_other_outputs() {
    let ids = |events: &[Value]| -> Vec<Value> { events.iter().map(|e| e["id"].clone()).collect() };
    let ((_, first), (_, again)) = (replayed(&[]), replayed(&["--annotate", "est"]));
    assert_eq!(ids(&first), ids(&again));
}

#[test]
fn annotations_stand_where_events_begin() {
    let (place, events) = replayed(&["--annotate", "est"]);
    let mut reader = read_annotations(&place.path("mitbih-208.est")).unwrap();
    let annotations: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    assert!(!reader.ended_without_mark());
    assert_eq!(annotations.len(), events.len());
    for (annotation, event) in annotations.iter().zip(&events) {
        assert_eq!(annotation.sample, whole(event, "start_frame") as i64);
        assert_eq!((symbol(annotation.code), annotation.chan), (Some("\""), 0));
        let note = annotation.note();
        let score = format!("{:.1} dB", number(event, "score_db"));
        assert!(
            note.starts_with("anomaly ")
                && note.contains(&score)
                && note.ends_with(&format!("{}: MLII", event["view"].as_str().unwrap())),
            "{note}"
        );
    }
}

/// Also of a stretch: annotations count samples from the beginning of the record.
#[test]
fn annotations_of_a_stretch() {
    let (place, events) = replayed(&["--annotate", "est", "--from", "1:00"]);
    let annotations = read_annotations(&place.path("mitbih-208.est")).unwrap();
    let samples: Vec<i64> = annotations.map(|a| a.unwrap().sample).collect();
    let starts: Vec<i64> = events.iter().map(|e| whole(e, "start_frame") as i64).collect();
    assert_eq!(samples, starts);
    assert!(samples[0] >= 21_600);
}
