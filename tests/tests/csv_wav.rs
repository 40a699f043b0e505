//! Real recordings through the CSV and WAV sources.

use eigenstream::source::csv::CsvOptions;
use eigenstream::source::{OpenOptions, open};
use eigenstream::source::{Source, Tally};
use eigenstream_tests::shared_data;

fn opened(path: &str, ignore: &[&str]) -> Option<Box<dyn Source>> {
    let path = shared_data(path)?;
    let ignore = ignore.iter().map(|&name| name.to_owned()).collect();
    let options = OpenOptions { csv: CsvOptions { ignore, ..CsvOptions::default() } };
    Some(open(&path, &options).unwrap())
}

/// Number of frames, time of the last one, sum of the first channel.
fn summary(source: &mut dyn Source) -> (usize, f64, f64) {
    let mut frame = vec![0.0; source.info().channels.len()];
    let (mut frames, mut last, mut sum) = (0, 0.0, 0.0);
    while let Some(time) = source.next_frame(&mut frame).unwrap() {
        assert!(time >= last);
        (frames, last, sum) = (frames + 1, time, sum + f64::from(frame[0]));
    }
    (frames, last, sum)
}

#[test]
fn skab_has_eight_channels_at_1_hz() {
    let Some(mut source) = opened("skab/valve1/3.csv", &["anomaly", "changepoint"]) else { return };
    let info = source.info().clone();
    assert_eq!((info.channels.len(), info.rate_hz), (8, Some(1.0)));
    assert_eq!(info.start.as_deref(), Some("2020-03-09T11:14:34"));
    assert_eq!(info.channels[7].name, "Volume Flow RateRMS");
    let (frames, last, _) = summary(&mut *source);
    assert!(frames > 1000 && last >= (frames - 1) as f64, "{frames} frames, {last} s");
    assert_eq!(source.tally(), &Tally::default());
    assert_eq!(source.progress().done_bytes, source.progress().total_bytes);
}

#[test]
fn every_table_of_the_collection_is_read_without_a_remark() {
    let Some(skab) = shared_data("skab") else { return };
    let Some(tsb) = shared_data("tsb-ad") else { return };
    let mut tables = 0;
    for folder in
        [skab.join("valve1"), skab.join("valve2"), skab.join("other"), tsb.join("nab"), tsb.join("smap")]
    {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mut source = open(&path, &OpenOptions::default()).unwrap();
            assert!(summary(&mut *source).0 > 100, "{}", path.display());
            assert_eq!(source.tally(), &Tally::default(), "{}", path.display());
            tables += 1;
        }
    }
    assert!(tables > 60, "{tables}");
}

#[test]
fn telemetry_has_no_clock() {
    let Some(mut source) = opened("tsb-ad/smap/158_SMAP_id_15_Sensor_tr_2075_1st_5610.csv", &["label"])
    else {
        return;
    };
    assert_eq!((source.info().channels.len(), source.info().rate_hz), (25, None));
    let (frames, last, _) = summary(&mut *source);
    assert_eq!(last, (frames - 1) as f64);
}

#[test]
fn gas_sensors() {
    let Some(mut source) = opened("gas/gas-sensors.csv", &[]) else { return };
    assert_eq!(source.info().channels.len(), 8);
    assert_eq!(summary(&mut *source).0, 100_000);
    assert_eq!(source.tally(), &Tally::default());
}

#[test]
fn vibration_is_the_same_as_hound_reads_it() {
    let Some(path) = shared_data("vibration/inner-race-007.wav") else { return };
    let mut source = open(&path, &OpenOptions::default()).unwrap();
    let info = source.info().clone();
    assert_eq!((info.channels.len(), info.rate_hz, info.frames), (2, Some(48_000.0), Some(240_000)));
    let mut reference = hound::WavReader::open(&path).unwrap();
    let mut samples = reference.samples::<f32>();
    let mut frame = [0.0; 2];
    while source.next_frame(&mut frame).unwrap().is_some() {
        for value in frame {
            assert_eq!(value, samples.next().unwrap().unwrap());
        }
    }
    assert!(samples.next().is_none());
    assert_eq!(source.tally(), &Tally::default());
}
