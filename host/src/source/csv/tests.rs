//! Whole tables through the source: what is found out, repaired, counted and refused.

use std::io::{Cursor, Write};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::*;
use crate::source::{Source, SourceError};

fn open(text: impl AsRef<[u8]>) -> Result<CsvSource, SourceError> {
    open_with(text, &CsvOptions::default())
}

fn open_with(text: impl AsRef<[u8]>, options: &CsvOptions) -> Result<CsvSource, SourceError> {
    CsvSource::from_reader("t.csv", Cursor::new(text.as_ref().to_vec()), options)
}

fn ignoring(names: &[&str]) -> CsvOptions {
    CsvOptions { ignore: names.iter().map(|&name| name.into()).collect(), ..CsvOptions::default() }
}

/// All frames with their times, and the error at the end, if any.
fn frames(source: &mut CsvSource) -> (Vec<(f64, Vec<f32>)>, Option<String>) {
    let mut all = Vec::new();
    let mut frame = vec![0.0; source.info().channels.len()];
    loop {
        match source.next_frame(&mut frame) {
            Ok(Some(time)) => all.push((time, frame.clone())),
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error.to_string())),
        }
    }
}

/// Frames as text, in which NaN equals NaN.
fn read(text: impl AsRef<[u8]>) -> String {
    format!("{:?}", frames(&mut open(text).unwrap()).0)
}

fn names(source: &CsvSource) -> Vec<String> {
    source.info().channels.iter().map(|c| c.name.clone()).collect()
}

fn refusal(text: impl AsRef<[u8]>) -> String {
    open(text).err().expect("this table must be refused").to_string()
}

#[test]
fn lines_of_blanks_are_no_rows() {
    let text = "time,a\n0,1\n  \n1,2\n\t\n\n2,3\n";
    let mut source = open(text).unwrap();
    let (all, failed) = frames(&mut source);
    let times: Vec<f64> = all.iter().map(|(time, _)| *time).collect();
    assert_eq!((times, failed), (vec![0.0, 1.0, 2.0], None));
    assert_eq!((source.tally().missing, source.tally().malformed), (0, 0));
    assert!(open("\n\n  \n").is_err());
}

#[test]
fn skab_like_table() {
    let text = "datetime;Current;Pressure [bar];anomaly\n2020-03-09 16:16:30;0.5;1;0.0\n2020-03-09 16:16:31;0.25;;1.0\n";
    let mut source = open_with(text, &ignoring(&["anomaly"])).unwrap();
    let info = source.info();
    assert_eq!((info.rate_hz, info.start.as_deref()), (Some(1.0), Some("2020-03-09T16:16:30")));
    assert_eq!(info.format, "CSV, ';'");
    assert_eq!((info.channels[1].name.as_str(), info.channels[1].unit.as_str()), ("Pressure", "bar"));
    assert_eq!(format!("{:?}", frames(&mut source).0), "[(0.0, [0.5, 1.0]), (1.0, [0.25, NaN])]");
    assert_eq!((source.tally().missing, source.tally().malformed), (1, 0));
}

#[test]
fn shapes_of_one_table() {
    let expected = "[(0.0, [1.5, 2.0]), (0.5, [-3.0, 4.0])]";
    for text in [
        "time,a,b\n0,1.5,2\n0.5,-3,4\n",
        "\u{feff}time,a,b\r\n0,1.5,2\r\n0.5,-3,4",
        "# made by hand\n# twice\ntime;a;b\n0;1,5;2\n0,5;-3;4\n",
        "time\ta\tb\n\n0\t1.5\t2\n\n0.5\t-3\t4\n\n",
        "time a   b\n 0.0  1.5  2\n 0.5 -3.0  4\n",
        "\"time\",\"a\",\"b\"\n\"0\",\"1.5\",\"2\"\n\"0.5\",\"-3\",\"4\"\n",
        "'time','a','b'\n'0','1.5','2'\n'0.5','-3','4'\n",
        "sep=|\ntime|a|b\n0|1.5|2\n0.5|-3|4\n",
        "time_ms,a,b\n100,1.5,2\n600,-3,4\n",
        "time [us],a,b\n100,1.5,2\n500100,-3,4\n",
        "timestamp,a,b\n1583770590000,1.5,2\n1583770590500,-3,4\n",
        "timestamp,a,b\n1583770590.0,1.5,2\n1583770590.5,-3,4\n",
        "a,when,b\n1.5,2020-03-09T16:16:30Z,2\n-3,2020-03-09T16:16:30.5Z,4\n",
        "2020/03/09 16:16:30.0,1.5,2\n2020/03/09 16:16:30.5,-3,4\n",
        "Date;Time;a;b\n2020-03-09;16:16:30,0;1,5;2\n2020-03-09;16:16:30,5;-3;4\n",
        "# time,a,b\n0,1.5,2\n0.5,-3,4\n",
        "time,a,b,\n0,1.5,2,\n0.5,-3,4,\n",
        "time,a,b\n0,1.5,2,\n0.5,-3,4,\n",
        "time,a,b\r0,1.5,2\r0.5,-3,4\r",
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn comments_become_notes() {
    let source = open("# pump 3\n#\n# start 12:00\na,b\n1,2\n").unwrap();
    assert_eq!(source.info().notes, ["pump 3", "start 12:00"]);
}

#[test]
fn without_a_time_column_frames_are_counted() {
    assert_eq!(read("1\n2\n3\n"), "[(0.0, [1.0]), (1.0, [2.0]), (2.0, [3.0])]");
    let options = CsvOptions { rate_hz: Some(4.0), ..CsvOptions::default() };
    let mut source = open_with("a\n1\n2\n", &options).unwrap();
    assert_eq!(source.info().rate_hz, Some(4.0));
    assert_eq!(frames(&mut source).0[1].0, 0.25);
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let options = CsvOptions { rate_hz: Some(rate), ..CsvOptions::default() };
        assert!(open_with("1\n", &options).is_err());
    }
}

#[test]
fn the_time_column_can_be_chosen() {
    let text = "stamp,time,a\n0,5,1\n2,6,1\n";
    let with = |time| CsvOptions { time, ..CsvOptions::default() };
    let source = open_with(text, &with(TimeChoice::Column("stamp".into()))).unwrap();
    assert_eq!((names(&source), source.info().rate_hz), (vec!["time".into(), "a".into()], Some(0.5)));
    assert_eq!(names(&open_with(text, &with(TimeChoice::None)).unwrap()).len(), 3);
    assert_eq!(names(&open_with(text, &with(TimeChoice::Column("#1".into()))).unwrap()), ["stamp", "a"]);
    assert!(open_with(text, &with(TimeChoice::Column("zeit".into()))).is_err());
    assert!(open_with("a,b\nx,1\n", &with(TimeChoice::Column("a".into()))).is_err());
}

#[test]
fn row_counters_and_second_clocks_are_left_out() {
    let mut rows: String = ",a,time,epoch\n".into();
    for k in 0..9 {
        rows += &format!("{k},{},{},{}\n", k * k, k, 1_583_770_590 + k);
    }
    let source = open(rows).unwrap();
    assert_eq!(names(&source), ["a"]);
    assert_eq!(source.info().notes.len(), 3, "{:?}", source.info().notes);
}

#[test]
fn an_evenly_rising_first_column_without_a_name_is_time() {
    let rows: String = (0..20).map(|k| format!("{:.2} {}\n", f64::from(k) / 50.0, k * k % 7)).collect();
    let source = open(rows).unwrap();
    assert_eq!((source.info().channels.len(), source.info().rate_hz), (1, Some(50.0)));
}

#[test]
fn ignored_columns() {
    let text = "a,p [bar],c\n1,2,x\n";
    for ignore in [&["p", "c"][..], &["p [bar]", "#2"], &["#1", "c"]] {
        assert_eq!(names(&open_with(text, &ignoring(ignore)).unwrap()), ["a"]);
    }
    let error = open_with(text, &ignoring(&["label"])).err().unwrap().to_string();
    assert!(error.contains("no column `label`") && error.contains("`a`, `p`, `c`"), "{error}");
    assert!(open_with(text, &ignoring(&["#3"])).is_err());
    assert!(
        open_with(text, &ignoring(&["a", "p", "c"])).err().unwrap().to_string().contains("no column is left")
    );
}

#[test]
fn nothing_to_read() {
    assert!(refusal("").contains("no data rows"));
    assert!(refusal("\n\n").contains("no data rows"));
    assert!(refusal("# only a comment\n").contains("no data rows"));
    assert!(refusal("a,b\n").contains("only a header"));
    assert!(CsvSource::open(std::path::Path::new("/nonexistent/x.csv"), &CsvOptions::default()).is_err());
    assert!(CsvSource::open(std::path::Path::new("."), &CsvOptions::default()).is_err());
}

#[test]
fn ragged_rows_keep_their_place() {
    let mut source = open("a,b,c\n1,2,3\n4\n5,6,7,8\n9,10,11\n").unwrap();
    let (all, error) = frames(&mut source);
    assert_eq!(error, None);
    assert_eq!(
        format!("{all:?}"),
        "[(0.0, [1.0, 2.0, 3.0]), (1.0, [4.0, NaN, NaN]), (2.0, [5.0, 6.0, 7.0]), (3.0, [9.0, 10.0, 11.0])]"
    );
    let tally = source.tally();
    assert_eq!((tally.missing, tally.malformed), (2, 2));
    assert_eq!(tally.remarks, ["t.csv:3: 1 cells instead of 3", "t.csv:4: 4 cells instead of 3"]);
}

#[test]
fn text_among_numbers() {
    let mut source = open("a,b\n1,2\nERR,3\n4,\"x\ny\"\n5,6\n").unwrap();
    assert_eq!(frames(&mut source).0.len(), 4);
    assert_eq!(source.tally().malformed, 2);
    assert_eq!(
        source.tally().remarks,
        [
            "t.csv:3: column `a`: `ERR` is no number: taken as missing",
            "t.csv:4: column `b`: `x y` is no number: taken as missing"
        ]
    );
}

#[test]
fn a_column_of_text_is_refused_with_the_way_out() {
    let error = refusal("device,a,state\npump,1,ok\npump,2,\n");
    assert!(error.contains("column `device` (#0) holds text, such as `pump`"), "{error}");
    assert!(error.contains("--ignore 'device,state'"), "{error}");
    // Without a header, positions are names.
    assert_eq!(names(&open_with("pump,1\npump,2\n", &ignoring(&["#0"])).unwrap()), ["ch1"]);
}

#[test]
fn missing_and_infinite_values() {
    let mut source = open("a,b\nNaN,\n-,?\ninf,1e99\nN/A,1\n").unwrap();
    assert_eq!(frames(&mut source).0.len(), 4);
    assert_eq!((source.tally().missing, source.tally().malformed), (7, 0));
    assert_eq!(source.tally().remarks.len(), 1, "{:?}", source.tally().remarks);
    // A channel without any value is a channel.
    assert_eq!(names(&open("a,b\n1,\n2,\n").unwrap()), ["a", "b"]);
}

#[test]
fn time_that_runs_backwards() {
    let mut source = open("time,a\n0,1\n1,1\n2,1\n1.5,1\n3,1\n?,1\n").unwrap();
    let times: Vec<f64> = frames(&mut source).0.into_iter().map(|f| f.0).collect();
    assert_eq!(times, [0.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    assert_eq!(source.tally().malformed, 2);
    assert!(source.tally().remarks[0].starts_with("t.csv:5: time runs backwards by 0.5 s"));
    assert!(refusal("time,a\n3,1\n2,1\n1,1\n").contains("sort the rows"));
    assert!(refusal("day,a\n2020-01-03,1\n2020-01-02,1\n2020-01-01,1\n").contains("`day` runs backwards"));
}

#[test]
fn many_columns() {
    let row = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let text = format!("{0}\n{0}\n", row(1000));
    assert_eq!(open(text).unwrap().info().channels.len(), 1000);
    let text = format!("{0}\n{0}\n", row(MAX_COLUMNS + 1));
    assert!(refusal(text).contains("4097 columns"));
}

#[test]
fn binary_and_other_encodings() {
    assert!(refusal(b"\x7fELF\x02\x01\x01\0\0\0\0").contains("binary content"));
    assert!(refusal(b"\xff\xfea\0,\0b\0\n\0").contains("UTF-16"));
    let mut source = open(b"temp (\xb0C),b\n1,2\n\xff\xfe,3\n").unwrap();
    assert_eq!(source.info().channels[0].unit, "°C");
    assert_eq!(frames(&mut source).0.len(), 2);
    assert_eq!(source.tally().malformed, 1);
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_of_several_members() {
    let mut bytes = gzip(b"a,b\n1,2\n");
    bytes.extend(gzip(b"3,4\n"));
    let mut source = open(bytes).unwrap();
    assert_eq!(source.info().format, "CSV, ',', gzip");
    assert_eq!(frames(&mut source).0.len(), 2);
}

#[test]
fn truncated_gzip_gives_what_is_there() {
    for rows in [20, 100_000] {
        let text: String =
            (0..rows).map(|k| format!("{},{}\n", k * 7919 % 1000, k * 104_729 % 997)).collect();
        let mut bytes = gzip(text.as_bytes());
        bytes.truncate(bytes.len() * 9 / 10);
        let mut source = open(bytes).unwrap();
        let (all, error) = frames(&mut source);
        assert!(all.len() * 10 > rows * 5, "{} of {rows}", all.len());
        let error = error.expect("the end is missing");
        assert!(
            error.contains(&format!("t.csv:{}: ", all.len() + 1)) && error.contains("truncated"),
            "{error}"
        );
        assert!(source.next_frame(&mut [0.0; 2]).unwrap().is_none(), "nothing comes after an error");
    }
    let mut damaged = gzip(b"a,b\n1,2\n");
    let end = damaged.len() - 6;
    damaged[end] ^= 1;
    let mut source = open(damaged).unwrap();
    let (all, error) = frames(&mut source);
    assert_eq!(all.len(), 1);
    assert!(error.unwrap().contains("damaged"));
}

#[test]
fn a_row_without_end_is_refused() {
    assert!(refusal("1".repeat(3 << 20)).contains("does not end within"));
    // An open quote, late in the file, swallows rows up to the limit only.
    let mut text = "\"a\",\"b\"\n".to_owned();
    text += &"1,2\n".repeat(1000);
    text += "\"3,4\n";
    text += &"1,2\n".repeat(1 << 20);
    let (all, error) = frames(&mut open(text).unwrap());
    assert_eq!(all.len(), 1000);
    let error = error.unwrap();
    assert!(error.starts_with("t.csv:1002:") && error.contains("quote that is never closed"), "{error}");
}

#[test]
fn remarks_are_few_and_short() {
    // The same column a hundred times is one remark, a hundred columns are as many as are kept.
    let mut text = "a,b\n1,2\n".to_owned();
    text += &format!("{},2\n", "x".repeat(1000)).repeat(100);
    let mut source = open(text).unwrap();
    frames(&mut source);
    assert_eq!((source.tally().malformed, source.tally().remarks.len()), (100, 1));
    let remark = &source.tally().remarks[0];
    assert!(remark.ends_with("(and 99 more like it, the last at t.csv:102)"), "{remark}");
    assert!(remark.chars().count() < 160);

    let columns: Vec<String> = (0..100).map(|k| format!("c{k}")).collect();
    let text = format!("{}\n{}{}", columns.join(","), "1,".repeat(99) + "1\n", "x,".repeat(99) + "x\n");
    let mut source = open(text).unwrap();
    frames(&mut source);
    assert_eq!(source.tally().remarks.len(), crate::source::Tally::REMARKS);
}

proptest! {
    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        if let Ok(mut source) = open(&bytes) {
            prop_assert!(frames(&mut source).0.len() <= bytes.len());
        }
    }

    #[test]
    fn anything_like_a_table_comes_to_an_end(text in "([0-9a:,;.\"'# \t\n\r|eE+/\\-T]|nan|time|1e9){0,400}") {
        if let Ok(mut source) = open(&text) {
            let (all, _) = frames(&mut source);
            prop_assert!(all.len() <= text.len());
            prop_assert!(all.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            prop_assert!(all.iter().flat_map(|f| &f.1).all(|v| !v.is_infinite()));
        }
    }

    #[test]
    fn tables_come_back_as_they_were(
        width in 2_usize..6,
        cells in prop::collection::vec(prop::option::weighted(0.9, -1e30_f32..1e30), 12..200),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|', b' ']),
        header: bool,
        end in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let rows: Vec<&[Option<f32>]> = cells.chunks_exact(width).collect();
        let join = |cells: Vec<String>| cells.join(&char::from(delimiter).to_string()) + end;
        let mut text = if header { join((0..width).map(|i| format!("x{i}")).collect()) } else { String::new() };
        for row in &rows {
            text += &join(row.iter().map(|v| v.map_or("nan".into(), |v| v.to_string())).collect());
        }
        let options = CsvOptions { time: TimeChoice::None, ..CsvOptions::default() };
        let (all, error) = frames(&mut open_with(&text, &options).unwrap());
        prop_assert_eq!(error, None);
        prop_assert_eq!(all.len(), rows.len());
        for (frame, row) in all.iter().zip(rows) {
            let same = |(got, put): (&f32, &Option<f32>)| put.map_or(got.is_nan(), |v| v == *got);
            prop_assert!(frame.1.iter().zip(row).all(same), "{:?} {:?}\n{}", frame, row, text);
        }
    }
}
