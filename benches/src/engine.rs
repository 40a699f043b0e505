//! The one place where our detector enters the benchmarks.

use eigenstream_core::monitor::{Config, DynMonitor};

use crate::detect::Detector;
use crate::tsb_ad::Series;

/// Our detectors in the configurations that the tables show, the default first.
///
/// They stand above the controls in every table, and the figures of each are named by its key.
#[must_use]
pub fn detectors() -> Vec<Box<dyn Detector>> {
    let spatial_only = {
        let mut config = Config::default();
        config.temporal.enabled = false;
        config
    };
    vec![
        Box::new(Engine { key: "eigenstream", name: "**eigenstream**, defaults", config: Config::default() }),
        Box::new(Engine {
            key: "spatial_only",
            name: "eigenstream, spatial view only",
            config: spatial_only,
        }),
    ]
}

/// The monitor in one configuration; its score in dB.
#[derive(Clone, Copy, Debug)]
struct Engine {
    key: &'static str,
    name: &'static str,
    config: Config,
}

impl Detector for Engine {
    fn key(&self) -> &str {
        self.key
    }

    fn name(&self) -> &str {
        self.name
    }

    fn delay(&self) -> usize {
        self.config.delay()
    }

    fn scores(&self, series: &Series) -> Vec<f32> {
        let mut scores = vec![f32::NAN; series.labels.len()];
        // A configuration of this file that does not validate abstains everywhere, which the table shows.
        let Ok(mut monitor) = DynMonitor::new(series.channels, &self.config) else { return scores };
        let mut keep = |frame: u64, score: f32| scores[frame as usize] = score;
        for frame in series.frames() {
            if let Some(verdict) = monitor.process(frame) {
                keep(verdict.frame, verdict.score);
            }
        }
        monitor.finish(|verdict| keep(verdict.frame, verdict.score));
        scores
    }
}
