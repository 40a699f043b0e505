//! Any bytes are a header or an error; a header's numbers are within what the rest of the program relies on.
#![no_main]

use std::path::Path;

use eigenstream::source::wfdb::Header;
use eigenstream::source::wfdb::header::{Body, MAX_SEGMENTS, MAX_SIGNALS};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(header) = Header::parse(Path::new("fuzz.hea"), bytes) else { return };
    assert!(header.frequency > 0.0 && header.frequency.is_finite());
    match &header.body {
        Body::Signals(signals) => {
            assert!(signals.len() == header.n_signals && signals.len() <= MAX_SIGNALS);
            for signal in signals {
                assert!(signal.gain.is_finite() && signal.gain != 0.0);
                assert!(signal.samples_per_frame >= 1);
                assert!(!signal.file.contains(['/', '\\']) || signal.format.code() == 0);
            }
        }
        Body::Segments(segments) => {
            assert!(!segments.is_empty() && segments.len() <= MAX_SEGMENTS);
            assert_eq!(header.frames, Some(segments.iter().map(|s| s.frames).sum()));
        }
    }
});
