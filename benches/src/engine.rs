//! The one place where our detector enters the benchmarks.

use crate::detect::Detector;

/// Our detectors in the configurations that the tables show, the default first.
///
/// They stand above the controls in every table, and the figures of each are named by its key. Empty as long as the core has no
/// monitor: the tables then hold the controls and the published detectors only.
#[must_use]
pub fn detectors() -> Vec<Box<dyn Detector>> {
    Vec::new()
}
