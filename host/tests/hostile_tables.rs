//! Any table that a machine, an editor or an enemy may write, through the whole engine: never a panic, one verdict for each frame.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::io::{self, Cursor};
use std::rc::Rc;

use eigenstream::engine::replay;
use eigenstream::settings::RunError;
use eigenstream::sink::{EventRecord, Outcome, Sink};
use eigenstream::source::Source;
use eigenstream::source::csv::{CsvOptions, CsvSource};
use eigenstream_core::monitor::{Config, Verdict};
use eigenstream_core::watch::WatchConfig;
use proptest::prelude::*;

/// What a sink was told.
#[derive(Default)]
struct Told {
    frames: Vec<f64>,
    verdicts: Vec<(f64, Verdict)>,
    events: Vec<EventRecord>,
    outcome: Option<Outcome>,
}

struct Memory(Rc<RefCell<Told>>);

impl Sink for Memory {
    fn frame(&mut self, time_s: f64, _: &[f32]) -> io::Result<()> {
        self.0.borrow_mut().frames.push(time_s);
        Ok(())
    }

    fn verdict(&mut self, time_s: f64, verdict: &Verdict) -> io::Result<()> {
        self.0.borrow_mut().verdicts.push((time_s, verdict.clone()));
        Ok(())
    }

    fn event(&mut self, event: &EventRecord) -> io::Result<()> {
        self.0.borrow_mut().events.push(event.clone());
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: &Outcome) -> io::Result<()> {
        self.0.borrow_mut().outcome = Some(outcome.clone());
        Ok(())
    }

    fn name(&self) -> String {
        "memory".into()
    }
}

/// A cell: mostly a number, otherwise what goes wrong in real files.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => (-100.0..100.0_f64).prop_map(|v| format!("{v:.3}")),
        2 => any::<f32>().prop_map(|v| v.to_string()),
        2 => prop::sample::select(vec![
            "", " ", "NaN", "inf", "-inf", "1e39", "-1e38", "3.4028235e38", "1e-45", "0", "1", "NA", "-", "?", "\"", "\"\"", "\"1\"", "1,5",
            "oops", "#", "12:30:00", "2020-01-01", "\u{fffd}", "\t", "1;2", "9".repeat(400).as_str(),
        ].into_iter().map(str::to_owned).collect::<Vec<_>>()),
        1 => "\\PC{0,8}",
    ]
}

/// Rows, most of them of one width, in any of the usual dialects; enough rows that some tables pass the warm-up.
fn table() -> impl Strategy<Value = String> {
    let shape = (
        1..5_usize,
        prop::sample::select(vec![",", ";", "\t", " "]),
        prop::sample::select(vec!["\n", "\r\n"]),
    );
    let rows = (0..20_usize, 1..60_usize);
    (shape, rows, any::<bool>()).prop_flat_map(|((width, delimiter, end), (distinct, repeats), header)| {
        let row = prop_oneof![
            30 => prop::collection::vec(cell(), width),
            1 => prop::collection::vec(cell(), 0..8_usize),
        ];
        let noise = prop::collection::vec(-1.0..1.0_f64, 16);
        (prop::collection::vec(row, distinct), noise).prop_map(move |(hostile, noise)| {
            let names = (0..width).map(|i| format!("c{i}")).collect::<Vec<_>>();
            let mut rows: Vec<Vec<String>> = if header { vec![names] } else { Vec::new() };
            // Clean frames between the hostile ones, so that there is something to be judged.
            for k in 0..repeats * 16 {
                let clean = (0..width)
                    .map(|i| format!("{:.3}", (k as f64 / 3.0).sin() + noise[(k * (i + 3) + i) % 16]));
                rows.push(clean.collect());
                if k % repeats == 0
                    && let Some(row) = hostile.get(k / repeats)
                {
                    rows.push(row.clone());
                }
            }
            rows.iter().map(|row| row.join(delimiter) + end).collect()
        })
    })
}

/// Small enough that short tables are judged, and alarms are common.
fn config() -> impl Strategy<Value = Config> {
    (2..40_usize, 1..4_usize, any::<(bool, bool)>(), 2.0..200.0_f32).prop_map(
        |(length, rank, (spatial, temporal), alarms)| {
            let mut config = Config::default();
            config.temporal.length = length;
            config.temporal.rank = rank.min(length - 1);
            config.spatial.enabled = spatial;
            config.temporal.enabled = temporal || !spatial;
            config.alarm.frames_per_false_alarm = alarms;
            config.alarm.warm_up_frames = 100;
            config.alarm.memory_frames = 200;
            config
        },
    )
}

/// Frames of the table, by a reading of its own.
fn frames(text: &str) -> Option<Vec<f64>> {
    let mut source = source(text)?;
    let mut frame = vec![0.0; source.info().channels.len()];
    let mut times = Vec::new();
    while let Some(time) = source.next_frame(&mut frame).ok()? {
        times.push(time);
    }
    Some(times)
}

fn source(text: &str) -> Option<CsvSource> {
    CsvSource::from_reader("t.csv", Cursor::new(text.as_bytes().to_vec()), &CsvOptions::default()).ok()
}

fn check(text: &str, config: &Config, first: u64) -> Result<(), TestCaseError> {
    let Some(mut source) = source(text) else { return Ok(()) };
    let told = Rc::new(RefCell::new(Told::default()));
    let sinks: Vec<Box<dyn Sink>> = vec![Box::new(Memory(Rc::clone(&told)))];
    let outcome = replay(&mut source, config, &WatchConfig::default(), first, sinks, &mut |_, _| {});
    let told = told.borrow();
    match &outcome {
        Ok(outcome) => prop_assert_eq!(told.outcome.as_ref(), Some(outcome)),
        // Read to its end all the same, but the outputs are not called whole.
        Err(RunError::Nothing { .. }) => prop_assert!(told.outcome.is_none()),
        Err(_) => {
            prop_assert!(told.outcome.is_none() && frames(text).is_none());
            return Ok(());
        }
    }
    let times = frames(text);
    prop_assert_eq!(times.as_ref(), Some(&told.frames));
    prop_assert!(told.frames.is_sorted());
    prop_assert_eq!(told.verdicts.len(), told.frames.len());
    for (k, (time, verdict)) in told.verdicts.iter().enumerate() {
        prop_assert_eq!((*time, verdict.frame), (told.frames[k], k as u64));
        prop_assert!(!verdict.score.is_infinite(), "frame {}: {}", k, verdict.score);
        prop_assert!(
            verdict.p_value.is_nan() || (0.0..=1.0).contains(&verdict.p_value),
            "{}",
            verdict.p_value
        );
        prop_assert!(!verdict.alarm || verdict.above() > 0.0);
    }
    let alarms = told.verdicts.iter().filter(|(_, verdict)| verdict.alarm).count() as u64;
    prop_assert_eq!(told.events.iter().map(|event| event.alarms).sum::<u64>(), alarms);
    for event in &told.events {
        let frame = |index: u64| (index - first) as usize;
        prop_assert!(
            told.verdicts[frame(event.start_frame)].1.alarm && told.verdicts[frame(event.end_frame)].1.alarm
        );
        prop_assert_eq!(event.peak_s, told.frames[frame(event.peak_frame)]);
        prop_assert_eq!(event.start_s, told.frames[frame(event.start_frame)]);
        prop_assert_eq!(event.end_s, told.frames[frame(event.end_frame)]);
        let shares: f32 = event.channels.iter().map(|c| c.share).sum();
        prop_assert!(shares <= 1.0 + 1e-5, "{:?}", event);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_121),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_table_is_judged_frame_by_frame_or_refused(text in table(), config in config(), first in 0..1000_u64) {
        check(&text, &config, first)?;
    }
}

/// The strategy above is worth something only if most tables are taken and some raise alarms.
#[test]
fn the_tables_are_not_all_refused() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config as RunnerConfig, RngSeed, TestRunner};
    let mut runner = TestRunner::new(RunnerConfig { rng_seed: RngSeed::Fixed(7), ..RunnerConfig::default() });
    let taken = |runner: &mut TestRunner| {
        let text = table().new_tree(runner).unwrap().current();
        frames(&text).is_some_and(|frames| frames.len() > 200)
    };
    let count = (0..100).filter(|_| taken(&mut runner)).count();
    assert!(count > 40, "{count} of 100 tables have more than 200 frames");
}
