//! What the tests of this crate share: where the recordings are, and how a test says that it was skipped.
#![forbid(unsafe_code)]

use std::path::PathBuf;

/// A recording of the shared data folder, or `None` (with a visible line) where that folder is absent.
///
/// With `EIGENSTREAM_REQUIRE=all` (or a list that holds `data`) an absent folder fails the test instead.
///
/// # Panics
/// If the data are required and absent.
#[must_use]
pub fn shared_data(path: &str) -> Option<PathBuf> {
    let full = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(path);
    if full.exists() {
        return Some(full);
    }
    skip("data", &format!("shared/data/{path} is not beside this checkout"));
    None
}

/// Says visibly that a test was skipped because `what` is absent; fails if the environment requires it.
///
/// # Panics
/// If `EIGENSTREAM_REQUIRE` is `all` or its comma-separated list holds `what`.
pub fn skip(what: &str, why: &str) {
    let required = std::env::var("EIGENSTREAM_REQUIRE").unwrap_or_default();
    let required = required.split(',').any(|r| r == "all" || r == what);
    assert!(!required, "EIGENSTREAM_REQUIRE asks for {what}, but {why}");
    eprintln!("SKIPPED ({what}): {why}");
}
