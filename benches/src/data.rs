//! Where the recordings are, and how a benchmark says that they are not there.
//!
//! They are not part of the repository: they are looked for in `shared/data` beside the checkout.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What went wrong while reading recordings: a message with the file and, where it helps, the row.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Shorthand for a result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// The folder of recordings, `../shared/data` seen from the workspace, or `None` where it is absent.
#[must_use]
pub fn shared_data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    folder.is_dir().then_some(folder)
}

/// Whether `EIGENSTREAM_REQUIRE` is `all` or lists `what`: its absence is then a failure.
#[must_use]
pub fn is_required(what: &str) -> bool {
    let required = std::env::var("EIGENSTREAM_REQUIRE").unwrap_or_default();
    required.split(',').any(|r| r == "all" || r == what)
}

/// Says on stderr that a benchmark was skipped for want of recordings; the exit status is 1 if they are required, else 0.
#[must_use]
pub fn skip(bench: &str) -> ExitCode {
    let required = is_required("data");
    let verdict = if required { "FAILED" } else { "SKIPPED" };
    eprintln!("{verdict} ({bench}): the recordings, shared/data, are not beside this checkout");
    ExitCode::from(u8::from(required))
}

/// `path` in the folder of recordings for a unit test, which is skipped visibly where that is absent.
///
/// # Panics
/// If the recordings are required and absent.
#[cfg(test)]
pub(crate) fn for_test(path: &str) -> Option<PathBuf> {
    let full = shared_data().map(|folder| folder.join(path)).filter(|full| full.exists());
    if full.is_none() {
        assert!(!is_required("data"), "EIGENSTREAM_REQUIRE asks for data, but shared/data/{path} is absent");
        eprintln!("SKIPPED (data): shared/data/{path} is not beside this checkout");
    }
    full
}
