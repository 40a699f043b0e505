//! Replay at the speed of the recording, or a multiple of it: `--speed max|1x|10x`.

use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use super::{Progress, Source, SourceError, StreamInfo, Tally};

/// How fast a recording is replayed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Speed {
    /// As fast as frames can be read and processed.
    #[default]
    Max,
    /// This many times as fast as it was recorded; finite and above 0.
    Times(f64),
}

/// A text that is no speed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no speed; give `max`, or a factor above 0 such as `1x`, `10x` or `0.5x`")]
pub struct SpeedError(String);

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("max") {
            return Ok(Self::Max);
        }
        let number = trimmed.strip_suffix(['x', 'X', '×']).unwrap_or(trimmed).trim_end();
        match number.parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(Self::Times(factor)),
            _ => Err(SpeedError(text.to_owned())),
        }
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Times(factor) => write!(f, "{factor}x"),
        }
    }
}

/// Gives each frame when its time has come: start + t / speed on the monotonic clock, where start is when the first
/// frame was given and t its distance from it.
///
/// Each frame has its own due time, so that errors of sleeping do not add up; a reader that falls behind gets
/// frames without waiting until it has caught up. Frames are never dropped.
#[derive(Debug)]
pub struct Paced<S> {
    inner: S,
    speed: Speed,
    start: Option<(Instant, f64)>,
}

impl<S: Source> Paced<S> {
    /// Replays `inner` at `speed`.
    pub fn new(inner: S, speed: Speed) -> Self {
        Self { inner, speed, start: None }
    }
}

/// How long after the start a frame is due that is `seconds` later in the recording. `None`: at once, or too late
/// for any clock.
fn due(speed: Speed, seconds: f64) -> Option<Duration> {
    match speed {
        Speed::Max => None,
        Speed::Times(factor) => Duration::try_from_secs_f64(seconds / factor).ok(),
    }
}

impl<S: Source> Source for Paced<S> {
    fn info(&self) -> &StreamInfo {
        self.inner.info()
    }

    fn next_frame(&mut self, frame: &mut [f32]) -> Result<Option<f64>, SourceError> {
        let time = self.inner.next_frame(frame)?;
        if let (Some(time), Speed::Times(_)) = (time, self.speed) {
            let (start, first) = *self.start.get_or_insert_with(|| (Instant::now(), time));
            if let Some(left) = due(self.speed, time - first).and_then(|due| due.checked_sub(start.elapsed()))
            {
                thread::sleep(left);
            }
        }
        Ok(time)
    }

    fn progress(&self) -> Progress {
        self.inner.progress()
    }

    fn tally(&self) -> &Tally {
        self.inner.tally()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::csv::{CsvOptions, CsvSource};

    #[test]
    fn speeds_as_people_write_them() {
        for (text, speed) in [
            ("max", Speed::Max),
            ("1x", Speed::Times(1.0)),
            (" 10X ", Speed::Times(10.0)),
            ("0.5", Speed::Times(0.5)),
        ] {
            assert_eq!(text.parse(), Ok(speed), "{text}");
            assert_eq!(speed.to_string().parse(), Ok(speed));
        }
        for text in ["", "x", "0x", "-1x", "inf", "nan", "fast", "1xx"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }

    #[test]
    fn due_times() {
        assert_eq!(due(Speed::Max, 5.0), None);
        assert_eq!(due(Speed::Times(10.0), 5.0), Some(Duration::from_millis(500)));
        assert_eq!(due(Speed::Times(1e-300), 5.0), None);
        assert_eq!(due(Speed::Times(1.0), f64::NAN), None);
    }

    fn replay(speed: Speed, work: Duration) -> Duration {
        // 41 frames over 4 s that begin late in the day.
        let text: String = (0..41).map(|k| format!("{:.1},1\n", 1000.0 + f64::from(k) / 10.0)).collect();
        let text = format!("time,a\n{text}");
        let inner = CsvSource::from_reader("t", std::io::Cursor::new(text), &CsvOptions::default()).unwrap();
        let mut paced = Paced::new(inner, speed);
        let start = Instant::now();
        while paced.next_frame(&mut [0.0]).unwrap().is_some() {
            thread::sleep(work);
        }
        start.elapsed()
    }

    // Only lower bounds, and upper ones a busy machine keeps: a lost second shows, a lost millisecond does not.
    #[test]
    fn replay_takes_the_time_it_should() {
        let took = replay(Speed::Times(20.0), Duration::ZERO);
        assert!((0.2..2.0).contains(&took.as_secs_f64()), "{took:?}");
        // Work within the frame's time does not add to it.
        let took = replay(Speed::Times(10.0), Duration::from_millis(2));
        assert!((0.4..2.5).contains(&took.as_secs_f64()), "{took:?}");
        assert!(replay(Speed::Max, Duration::ZERO) < Duration::from_secs(1));
    }
}
