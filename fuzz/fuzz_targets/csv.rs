//! Any bytes as a table: opens or refuses, delivers at most one frame a byte, and time never decreases.
#![no_main]

use std::io::Cursor;

use eigenstream::source::Source;
use eigenstream::source::csv::{CsvOptions, CsvSource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut source) = CsvSource::from_reader("fuzz", Cursor::new(bytes.to_vec()), &CsvOptions::default())
    else {
        return;
    };
    let gzip = bytes.starts_with(&[0x1f, 0x8b]);
    let mut frame = vec![0.0; source.info().channels.len()];
    let (mut frames, mut last) = (0_usize, 0.0);
    while let Ok(Some(time)) = source.next_frame(&mut frame) {
        assert!(time >= last, "time runs backwards: {last} {time}");
        assert!(frame.iter().all(|v| !v.is_infinite()));
        last = time;
        frames += 1;
        // Compressed bytes may hold a thousand times as many rows.
        assert!(gzip || frames <= bytes.len());
    }
});
