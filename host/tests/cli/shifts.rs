//! Lasting changes of made-up plants: found by a replay with default settings, dated, named, and told in every output.

use serde_json::Value;

use crate::place::{Noise, Place};

const FRAMES: usize = 6000;
const CHANGE: usize = 4000;

/// What is changed from frame to frame.
struct Plant {
    noise: Noise,
    loud: [f64; 2],
    floor: f64,
    turned: bool,
}

impl Plant {
    /// About normal, variance 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| 0.5 * self.noise.next()).sum()
    }

    /// Five channels: two sources along orthogonal axes, and noise.
    fn next(&mut self) -> [f64; 5] {
        let s = self.loud.map(|size| size * self.normal());
        let first = if self.turned { [0.5, -0.5, 0.5, -0.5, 0.0] } else { [0.5, 0.5, 0.5, 0.5, 0.0] };
        let second = [0.5, 0.5, -0.5, -0.5, 0.8];
        std::array::from_fn(|j| first[j] * s[0] + second[j] * s[1] + self.floor * self.normal())
    }
}

/// A table of such frames (columns `time`, `a` … `e`, 10 Hz), of which `change` may alter each, given its number and the cells.
fn table(frames: usize, change: impl Fn(usize, &mut Plant, &mut [f64; 5])) -> String {
    let mut plant = Plant { noise: Noise(77), loud: [3.0, 2.0], floor: 0.5, turned: false };
    let mut text = String::from("time,a [V],b,c,d,e\n");
    for t in 0..frames {
        let mut x = plant.next();
        change(t, &mut plant, &mut x);
        let cells = x.map(|x| if x.is_nan() { String::new() } else { format!("{x:.4}") });
        text += &format!("{:.1},{}\n", t as f64 / 10.0, cells.join(","));
    }
    text
}

/// The shifts that a replay tells of, and its place for the rest.
fn shifts(text: &str, args: &[&str]) -> (Place, Vec<Value>) {
    let place = Place::new();
    place.write("plant.csv", text);
    place.replay(&[&["plant.csv", "--events", "e.jsonl"], args].concat()).status(0);
    let events = place.read("e.jsonl");
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let shifts = events.filter(|event| event["kind"] == "shift").collect();
    (place, shifts)
}

/// The only shift of a table that changes at [`CHANGE`]; its onset must be near, and all its fields of one mind.
fn only(change: impl Fn(usize, &mut Plant, &mut [f64; 5])) -> Value {
    let (_, shifts) = shifts(&table(FRAMES, change), &[]);
    let [shift] = &shifts[..] else { panic!("{shifts:?}") };
    let frame = |key: &str| shift[key].as_u64().unwrap();
    assert!(frame("onset_frame").abs_diff(CHANGE as u64) <= 40, "{shift}");
    assert!(frame("onset_earliest_frame") <= frame("onset_frame"), "{shift}");
    assert!(frame("onset_latest_frame") >= frame("onset_frame"), "{shift}");
    assert!((CHANGE as u64..CHANGE as u64 + 200).contains(&frame("alarm_frame")), "{shift}");
    for (time, of) in [("onset_s", "onset_frame"), ("alarm_s", "alarm_frame")] {
        assert!((shift[time].as_f64().unwrap() - frame(of) as f64 / 10.0).abs() < 1e-6, "{shift}");
    }
    assert_eq!((&shift["left_regime"], &shift["entered_regime"]), (&1.into(), &2.into()));
    shift.clone()
}

fn change(shift: &Value) -> (&str, &str) {
    (shift["change"].as_str().unwrap(), shift["channels"][0]["channel"].as_str().unwrap_or(""))
}

fn size(shift: &Value, key: &str) -> f64 {
    shift["channels"][0][key].as_f64().unwrap_or(f64::NAN)
}

#[test]
fn a_level_in_its_unit() {
    let shift = only(|t, _, x| x[0] += if t >= CHANGE { 4.0 } else { 0.0 });
    assert_eq!((change(&shift), &shift["channels"][0]["unit"]), (("mean", "a"), &"V".into()), "{shift}");
    assert!((size(&shift, "mean_after") - size(&shift, "mean_before") - 4.0).abs() < 0.3, "{shift}");
}

#[test]
fn a_gain() {
    let shift = only(|t, _, x| x[1] *= if t >= CHANGE { 2.0 } else { 1.0 });
    assert_eq!(change(&shift), ("gain", "b"), "{shift}");
    assert!(
        (size(&shift, "deviation_after") / size(&shift, "deviation_before") - 2.0).abs() < 0.1,
        "{shift}"
    );
}

#[test]
fn a_dead_channel_and_one_that_returns() {
    for dead in [f64::NAN, 0.25] {
        let shift = only(|t, _, x| x[2] = if t >= CHANGE { dead } else { x[2] });
        assert_eq!(change(&shift), ("dead_channel", "c"), "{shift}");
        let shift = only(|t, _, x| x[2] = if t < CHANGE { dead } else { x[2] });
        assert_eq!(change(&shift), ("returned_channel", "c"), "{shift}");
    }
}

#[test]
fn a_rotation_a_rank_and_a_noise_floor() {
    // How well the detector tells the first two from other changes of covariance is measured by the bench `shift`.
    let turned = only(|t, plant, _| plant.turned = t + 1 >= CHANGE);
    assert!(["rotation", "rank", "scale"].contains(&change(&turned).0), "{turned}");
    let rank = only(|t, plant, _| plant.loud[1] = if t + 1 >= CHANGE { 0.0 } else { 2.0 });
    assert!(["rank", "scale"].contains(&change(&rank).0), "{rank}");
    let floor = only(|t, plant, _| plant.floor = if t + 1 >= CHANGE { 1.0 } else { 0.5 });
    assert_eq!(change(&floor).0, "noise_floor", "{floor}");
}

#[test]
fn a_return_is_told_in_every_output() {
    let text =
        table(16_000, |t, plant, _| plant.loud[0] = if (5000..10_000).contains(&t) { 8.0 } else { 3.0 });
    let place = Place::new();
    place.write("plant.csv", &text);
    let done = place.run(&["replay", "plant.csv", "--report", "r.html"]).status(0).says(&["shifts: 2 found"]);
    let shifts: Vec<Value> = done
        .stdout
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .filter(|e: &Value| e["kind"] == "shift")
        .collect();
    let states: Vec<_> = shifts
        .iter()
        .map(|s| [&s["left_regime"], &s["entered_regime"], &s["returned_to"]].map(Value::as_u64))
        .collect();
    assert_eq!(states, [[Some(1), Some(2), None], [Some(2), Some(1), Some(1)]], "{shifts:?}");
    let page = place.read("r.html");
    for words in [
        "changed <a href=\"#shifts\">2 times",
        "back to regime 1",
        "\"regime\":2",
        "Lasting changes: 2 found",
    ] {
        assert!(page.contains(words), "{words}");
    }
    // And not where it was not asked for.
    let done = place.run(&["replay", "plant.csv", "--report", "n.html", "--shift.enabled=false"]).status(0);
    assert!(!done.stdout.contains("\"shift\"") && !done.stderr.contains("shifts:"), "{}", done.stderr);
    assert!(!place.read("n.html").contains("Lasting changes"));
}

/// Alters a frame, given its number.
type Change<'a> = &'a dyn Fn(usize, &mut [f64; 5]);

#[test]
fn nothing_is_told_where_nothing_changes() {
    let calm: [Change; 3] = [
        &|_, _| (),
        // One channel that never varies, one that is all empty.
        &|_, x| (x[3], x[4]) = (7.5, f64::NAN),
        // A flag that switches late.
        &|t, x| x[4] = if t >= CHANGE { 1.0 } else { 0.0 },
    ];
    for (k, change) in calm.iter().enumerate() {
        let (_, shifts) = shifts(&table(FRAMES, |t, _, x| change(t, x)), &[]);
        assert_eq!(shifts, [] as [Value; 0], "{k}");
    }
}

/// Times that jump by hours, and frames that are all empty: pauses, not changes.
#[test]
fn a_long_gap_is_a_pause() {
    let text = table(FRAMES, |t, _, x| *x = if (3000..4500).contains(&t) { [f64::NAN; 5] } else { *x });
    assert_eq!(shifts(&text, &[]).1, [] as [Value; 0]);
    let jump = |line: &str| match line.split_once(',') {
        Some((time, cells)) => match time.parse::<f64>() {
            Ok(time) if time > 300.0 => format!("{:.1},{cells}\n", time + 36_000.0),
            _ => format!("{line}\n"),
        },
        None => String::new(),
    };
    let text: String = table(FRAMES, |_, _, _| ()).lines().map(jump).collect();
    assert_eq!(shifts(&text, &[]).1, [] as [Value; 0]);
}

#[test]
fn fewer_frames_than_learning_takes_are_said_to_be_too_few() {
    let place = Place::new();
    place.write("short.csv", table(1500, |_, _, _| ()));
    let args = ["short.csv", "--shift.warm-up-blocks", "5000"];
    place.replay(&args).status(0).says(&["shifts: none yet, still learning: that takes 5000 frames"]);
    place.refuses(2, &["short.csv", "--shift.order", "4"], &["shift.order"]);
    place.refuses(
        2,
        &["short.csv", "--shift.frames-per-false-alarm", "1"],
        &["shift.frames_per_false_alarm"],
    );
}

#[test]
fn a_shift_is_an_alarm_for_the_exit_status() {
    let place = Place::new();
    // So small that no single frame is odd.
    place.write("plant.csv", table(FRAMES, |t, _, x| x[4] += if t >= CHANGE { 0.8 } else { 0.0 }));
    let never = ["--alarm.frames-per-false-alarm", "1e9", "--level.enabled=false"];
    let args = [&["plant.csv", "--fail-on-alarm"], &never[..]].concat();
    place.replay(&args).status(3);
    place.replay(&[&args[..], &["--shift.enabled=false"]].concat()).status(0);
}
