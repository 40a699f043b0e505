use super::*;
use std::fs;
use std::time::{Duration, Instant};

/// A directory with the files of a record.
struct Record(tempfile::TempDir);

impl Record {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn open(&self) -> WfdbSource {
        WfdbSource::open(&self.path("r")).unwrap()
    }

    fn read(&self) -> (Vec<Vec<f32>>, WfdbSource) {
        let mut source = self.open();
        (rest(&mut source), source)
    }

    fn error(&self, name: &str) -> String {
        WfdbSource::open(&self.path(name)).unwrap_err().to_string()
    }
}

fn rest(source: &mut WfdbSource) -> Vec<Vec<f32>> {
    let mut frame = vec![0.0; source.info().channels.len()];
    let mut all = Vec::new();
    while source.next_frame(&mut frame).unwrap().is_some() {
        all.push(frame.clone());
    }
    assert!(source.next_frame(&mut frame).unwrap().is_none());
    all
}

/// NaN as a value that compares equal to itself.
fn plain(frames: &[Vec<f32>]) -> Vec<Vec<Option<f32>>> {
    frames.iter().map(|f| f.iter().map(|&v| Some(v).filter(|v| !v.is_nan())).collect()).collect()
}

fn words(codes: &[i16]) -> Vec<u8> {
    codes.iter().flat_map(|c| c.to_le_bytes()).collect()
}

#[test]
fn two_files_in_mixed_order_with_offset_and_missing_codes() {
    let mut first = vec![9, 9, 9];
    first.extend(words(&[10, 30, 11, -32768, 12, 32]));
    let record = Record::new(&[
        ("r.hea", b"r 3 10 3\na.mat 16+3 1(0)/V 0 0 0 0 0 A\nb.dat 80 2(0)/V 0 0 0 0 0 B\na.mat 16+3 1(1)/V 0 0 0 0 0 C\n"),
        ("a.mat", &first),
        ("b.dat", &[128, 130, 0]),
    ]);
    let (frames, source) = record.read();
    let wanted =
        [[Some(10.0), Some(0.0), Some(29.0)], [Some(11.0), Some(1.0), None], [Some(12.0), None, Some(31.0)]];
    assert_eq!(plain(&frames), wanted.map(|f| f.to_vec()));
    assert_eq!((source.tally().missing, source.tally().malformed), (2, 0));
    assert_eq!(source.info().format, "WFDB 16+80, 3 signals");
    assert_eq!(source.progress(), Progress { done_bytes: 18, total_bytes: 18 });
}

#[test]
fn times_count_from_the_first_frame() {
    let record = Record::new(&[("r.hea", b"r 1 4\nr.dat 16\n"), ("r.dat", &words(&[0; 9]))]);
    let mut source = record.open();
    let times: Vec<f64> = std::iter::from_fn(|| source.next_frame(&mut [0.0]).unwrap()).collect();
    assert_eq!((times.len(), times[1], times[8]), (9, 0.25, 2.0));
    assert_eq!((source.info().frames, source.info().rate_hz), (Some(9), Some(4.0)));
}

#[test]
fn several_samples_in_a_frame_give_their_mean() {
    let record = Record::new(&[
        ("r.hea", b"r 2 10 3\nr.dat 16x3 2(1)/V 0 0 0 0 0 fast\nr.dat 16 1(0)/V 0 0 0 0 0 slow\n"),
        ("r.dat", &words(&[1, 2, 4, 7, 5, -32768, 6, 8, -32768, -32768, -32768, 9])),
    ]);
    let (frames, source) = record.read();
    let third = ((7.0 / 3.0 - 1.0) / 2.0) as f32;
    let wanted = [[Some(third), Some(7.0)], [Some(2.25), Some(8.0)], [None, Some(9.0)]];
    assert_eq!(plain(&frames), wanted.map(|f| f.to_vec()));
    assert!(source.info().notes.iter().any(|n| n.contains("fast") && n.contains("3 samples")));
}

#[test]
fn format_8_adds_up_from_the_initial_value() {
    let record = Record::new(&[
        ("r.hea", b"r 2 10 3\nr.dat 8x2 1(0)/V 0 0 100 0 0 A\nr.dat 8 1(0)/V 0 50 0 0 0 B\n"),
        ("r.dat", &[1, 1, 5, 255, 255, 5, 0, 2, 5]),
    ]);
    let (frames, mut source) = record.read();
    assert_eq!(frames, [[101.5, 5.0], [100.5, 10.0], [101.0, 15.0]]);
    source.seek_frame(2).unwrap();
    assert_eq!(rest(&mut source), [[101.0, 15.0]]);
    // Without an initial value the ADC zero stands in.
    let short = Record::new(&[("r.hea", b"r 1 10 2\nr.dat 8 1/V 8 50\n"), ("r.dat", &[1, 1])]);
    assert_eq!(short.read().0, [[1.0], [2.0]]);
}

#[test]
fn skewed_signals_move_back() {
    let record = Record::new(&[
        ("r.hea", b"r 3 10 5\nr.dat 16:2 1(0)/V 0 0 0 0 0 A\nr.dat 16 1(0)/V 0 0 0 0 0 B\nr.dat 16:1 1(0)/V 0 0 0 0 0 C\n"),
        ("r.dat", &words(&(0..5).flat_map(|t| [100 + t, 200 + t, 300 + t]).collect::<Vec<_>>())),
    ]);
    let (frames, mut source) = record.read();
    let wanted: Vec<Vec<Option<f32>>> = (0..5)
        .map(|t: i16| {
            let at = |base: i16, skew: i16| (t + skew < 5).then(|| f32::from(base + t + skew));
            vec![at(100, 2), at(200, 0), at(300, 1)]
        })
        .collect();
    assert_eq!(plain(&frames), wanted);
    assert_eq!(source.tally().missing, 3);
    source.seek_frame(2).unwrap();
    assert_eq!(plain(&rest(&mut source)), wanted[2..]);
}

#[test]
fn seeking_equals_reading_in_every_format() {
    for (format, signals) in [(212, 1), (212, 3), (310, 2), (311, 2), (24, 1), (16, 3), (8, 2)] {
        let bytes: Vec<u8> = (0..120_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let lines = format!("r.dat {format} 1(0)/V 0 0 5 0 0 x\n").repeat(signals);
        let header = format!("r {signals} 10\n{lines}");
        let record = Record::new(&[("r.hea", header.as_bytes()), ("r.dat", &bytes)]);
        let (all, mut source) = record.read();
        for frame in [0, 1, 2, 5, 7777, all.len() as u64 - 1, all.len() as u64, u64::MAX] {
            source.seek_frame(frame).unwrap();
            let from = usize::try_from(frame).unwrap().min(all.len());
            assert_eq!(plain(&rest(&mut source)), plain(&all[from..]), "format {format}, frame {frame}");
        }
    }
}

#[test]
fn fixed_segments_gap_and_unreadable_segment() {
    let record = Record::new(&[
        ("r.hea", b"r/5 1 10 0\na 2\n~ 2\nb 3\nlost 1\na 1\n"),
        ("a.hea", b"a 1 10 2\na.dat 16 1(0)/V 0 0 0 0 0 A\n"),
        ("a.dat", &words(&[1, 2])),
        ("b.hea", b"b 1 10 3\nb.dat 16 1(10)/V 0 0 0 0 0 A\n"),
        ("b.dat", &words(&[11, 12])),
    ]);
    let (frames, mut source) = record.read();
    let wanted = [Some(1.0), Some(2.0), None, None, Some(1.0), Some(2.0), None, None, Some(1.0)];
    assert_eq!(plain(&frames), wanted.map(|v| vec![v]));
    assert_eq!((source.tally().missing, source.tally().malformed), (4, 2), "{:?}", source.tally());
    assert!(source.tally().remarks[0].contains("b.dat") && source.tally().remarks[1].contains("lost.hea"));
    assert_eq!(source.info().frames, Some(9));
    source.seek_frame(5).unwrap();
    assert_eq!(plain(&rest(&mut source)), wanted[5..].iter().map(|&v| vec![v]).collect::<Vec<_>>());
}

#[test]
fn variable_layout_finds_channels_by_name() {
    let record = Record::new(&[
        ("r.hea", b"r/3 3 10 4\nlay 0\na 2\nb 2\n"),
        ("lay.hea", b"lay 3 10 0\n~ 0 1/V 8 0 0 0 0 A\n~ 0 1/V 8 0 0 0 0 B\n~ 0 1/V 8 0 0 0 0 C\n"),
        ("a.hea", b"a 2 10 2\na.dat 16 1(0)/V 0 0 0 0 0 C\na.dat 16 1(0)/V 0 0 0 0 0 A\n"),
        ("a.dat", &words(&[3, 1, 4, 2])),
        ("b.hea", b"b 2 10 2\nb.dat 16 10(0)/V 0 0 0 0 0 B\nb.dat 16 1(0)/V 0 0 0 0 0 unknown\n"),
        ("b.dat", &words(&[50, 9, 60, 9])),
    ]);
    let (frames, source) = record.read();
    let wanted = [
        [Some(1.0), None, Some(3.0)],
        [Some(2.0), None, Some(4.0)],
        [None, Some(5.0), None],
        [None, Some(6.0), None],
    ];
    assert_eq!(plain(&frames), wanted.map(|f| f.to_vec()));
    assert!(source.info().channels.iter().all(|c| c.rails.is_none()));
    assert_eq!(source.info().format, "WFDB, 3 signals, 3 segments");
}

#[test]
fn a_header_that_promises_too_much_is_told_at_the_end() {
    let record = Record::new(&[
        (
            "r.hea",
            b"r 2 10 1000000000000000000\nr.dat 212 1(0)/V 0 0 0 0 0 A\nr.dat 212 1(0)/V 0 0 0 0 0 B\n",
        ),
        ("r.dat", &[1, 0, 2, 3, 0, 4, 5]),
    ]);
    let (frames, source) = record.read();
    assert_eq!(frames, [[1.0, 2.0], [3.0, 4.0]]);
    assert_eq!(source.tally().malformed, 1);
    let remark = &source.tally().remarks[0];
    for part in ["r.dat: byte 7", "after 2 frames", "1000000000000000000"] {
        assert!(remark.contains(part), "{remark}");
    }
}

#[test]
fn a_torn_last_frame_is_told() {
    let record = Record::new(&[("r.hea", b"r 2 10\nr.dat 16\nr.dat 16\n"), ("r.dat", &words(&[1, 2, 3]))]);
    let (frames, source) = record.read();
    assert_eq!((frames.len(), source.tally().malformed), (1, 1));
    assert!(source.tally().remarks[0].contains("byte 4: the last 2 bytes"), "{:?}", source.tally());
    // The padding of a packed format is not a torn frame.
    let padded = Record::new(&[("r.hea", b"r 3 10\nr.dat 212\nr.dat 212\nr.dat 212\n"), ("r.dat", &[0; 6])]);
    assert_eq!(padded.read().1.tally().malformed, 0);
}

#[test]
fn a_longer_file_is_noted() {
    let record = Record::new(&[("r.hea", b"r 1 10 2\nr.dat 16\n"), ("r.dat", &words(&[1, 2, 3]))]);
    let (frames, source) = record.read();
    assert_eq!((frames.len(), source.tally().malformed, source.info().frames), (2, 0, Some(2)));
    assert!(source.info().notes.iter().any(|n| n.contains("holds 3 frames")));
}

#[test]
fn one_file_shorter_than_the_other() {
    let record = Record::new(&[
        ("r.hea", b"r 2 10\na.dat 16 1/V\nb.dat 16 1/V\n"),
        ("a.dat", &words(&[1, 2, 3])),
        ("b.dat", &words(&[4])),
    ]);
    let (frames, source) = record.read();
    assert_eq!(plain(&frames)[1..], [vec![Some(2.0), None], vec![Some(3.0), None]]);
    assert_eq!((source.tally().missing, source.tally().malformed), (2, 1));
}

#[test]
fn an_empty_signal_file_ends_at_once() {
    let record = Record::new(&[("r.hea", b"r 1 10 5\nr.dat 16\n"), ("r.dat", b"")]);
    let (frames, source) = record.read();
    assert_eq!((frames.len(), source.tally().malformed), (0, 1));
    let beyond = Record::new(&[("r.hea", b"r 1 10 5\nr.dat 16+18446744073709551615\n"), ("r.dat", b"ab")]);
    assert_eq!(beyond.read().1.tally().malformed, 1);
}

#[test]
fn every_way_to_name_a_record() {
    let record = Record::new(&[("r.hea", b"r 1 10 1\nr.dat 16\n"), ("r.dat", &words(&[1])), ("r.atr", b"")]);
    for name in ["r", "r.hea", "r.dat", "r.atr"] {
        assert_eq!(WfdbSource::open(&record.path(name)).unwrap().info().name, "r");
    }
}

#[test]
fn refusals_name_the_file_and_the_fix() {
    let record = Record::new(&[
        ("empty.hea", b""),
        ("alone.hea", b"alone 1 10 5\nalone.dat 16\n"),
        ("mixed.hea", b"mixed 2 10 5\nx.dat 16\nx.dat 212\n"),
        ("x.dat", b"0123"),
        ("none.hea", b"none 0 10 5\n"),
        ("gaps.hea", b"gaps/2 1 10\n~ 5\n~ 5\n"),
        ("self.hea", b"self/1 1 10 5\nself 5\n"),
        ("wide.hea", b"wide 1 10 5\nx.dat 16x1048576:999999\n"),
        ("lag.hea", b"lag 1 10 5\nx.dat 16:99999999999999999999\n"),
        ("lag2.hea", b"lag2 1 10 5\nx.dat 16:18446744073709551615\n"),
        ("null.hea", b"null 1 10 99999999999999\n~ 0\n"),
        ("up.hea", b"up 1 10 5\n../x.dat 16\n"),
    ]);
    for (name, wanted) in [
        ("missing", "missing.hea"),
        ("", "is a directory"),
        ("x.dat", "no header `x.hea` beside it"),
        ("empty", "holds no record line"),
        ("alone", "alone.hea:2: signal file `alone.dat` is not beside the header"),
        ("mixed", "one file has one format"),
        ("none", "no signals"),
        ("gaps", "all segments are gaps"),
        ("self", "has segments itself"),
        ("lag", "is not a signal format"),
        ("lag2", "skew of 18446744073709551615 frames"),
        ("null", "all signals are null"),
        ("up", "plain name"),
    ] {
        let message = record.error(name);
        assert!(message.contains(wanted), "{name}: {message}");
    }
    // The largest frame that is believed costs 4 MiB, and the file's end is met at once.
    assert!(WfdbSource::open(&record.path("wide")).is_ok());
}

#[test]
fn a_directory_as_signal_file_is_refused() {
    let record = Record::new(&[("r.hea", b"r 1 10 1\nd 16\n")]);
    fs::create_dir(record.path("d")).unwrap();
    assert!(record.error("r").contains("is a directory"));
}

#[test]
fn gaps_beyond_belief_are_an_error_and_no_endless_replay() {
    let record = Record::new(&[
        ("r.hea", b"r/3 1 10\na 2\n~ 99999999999999\na 1\n"),
        ("a.hea", b"a 1 10 2\na.dat 16\n"),
        ("a.dat", &words(&[1, 2])),
    ]);
    let mut source = record.open();
    let mut frame = [0.0];
    assert!(
        source.next_frame(&mut frame).unwrap().is_some() && source.next_frame(&mut frame).unwrap().is_some()
    );
    let error = source.next_frame(&mut frame).unwrap_err().to_string();
    assert!(error.contains("99999999999999 frames from frame 2 on"), "{error}");
}

#[test]
fn thirty_minutes_of_two_channels_read_quickly() {
    let header = b"r 2 360 650000\nr.dat 212 200 11 1024 0 0 0 A\nr.dat 212 200 11 1024 0 0 0 B\n";
    let record = Record::new(&[("r.hea", header), ("r.dat", &vec![1; 1_950_000])]);
    let mut source = record.open();
    let begun = Instant::now();
    let mut frame = [0.0; 2];
    while source.next_frame(&mut frame).unwrap().is_some() {}
    let taken = begun.elapsed();
    println!("{:.1} M samples/s", 1.3 / taken.as_secs_f64());
    // 5 M samples/s would take 260 ms; ten times that for a machine under load.
    assert!(taken < Duration::from_millis(2600), "{taken:?}");
}
