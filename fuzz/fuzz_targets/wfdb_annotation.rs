//! Any bytes end in annotations and at most one error, with no more annotations than words.
#![no_main]

use std::path::Path;

use eigenstream::source::wfdb::AnnotationReader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut whole, mut errors) = (0, 0);
    for item in AnnotationReader::new(Path::new("fuzz.atr"), bytes) {
        match item {
            Ok(annotation) => {
                assert!((1..59).contains(&annotation.code) && annotation.aux.len() <= 255);
                let _ = annotation.note();
                whole += 1;
            }
            Err(error) => {
                assert!(error.to_string().starts_with("fuzz.atr: byte "));
                errors += 1;
            }
        }
    }
    assert!(whole <= bytes.len() / 2 && errors <= 1);
});
