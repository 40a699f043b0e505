//! A stretch of a recording: `--from` and `--to`.

use super::{Progress, Source, SourceError, StreamInfo, Tally};

/// Passes on the frames with `from_s` ≤ t < `to_s`, with the times they have in the whole recording.
///
/// The frames before are read and dropped at construction (what had to be repaired in them is in the tally all the same);
/// those after are not read.
#[derive(Debug)]
pub struct Window<S> {
    inner: S,
    info: StreamInfo,
    from_s: f64,
    to_s: f64,
    ended: bool,
    /// The first frame of the window and its time, until it is asked for.
    first: Option<(Vec<f32>, f64)>,
    skipped: u64,
}

impl<S: Source> Window<S> {
    /// A window on `inner`, in seconds since its first frame. Without `from_s` it begins there, without `to_s` it
    /// reaches the end; where `to_s` ≤ `from_s`, or one of them is NaN, it is empty.
    ///
    /// # Errors
    /// If a frame before the window cannot be read.
    pub fn new(inner: S, from_s: Option<f64>, to_s: Option<f64>) -> Result<Self, SourceError> {
        let mut info = inner.info().clone();
        if from_s.is_some() || to_s.is_some() {
            // Times may have gaps, so the number of frames is not known beforehand.
            info.frames = None;
        }
        let mut window = Self {
            info,
            inner,
            from_s: from_s.unwrap_or(f64::NEG_INFINITY),
            to_s: to_s.unwrap_or(f64::INFINITY),
            ended: false,
            first: None,
            skipped: 0,
        };
        if from_s.is_some() {
            let mut frame = vec![f32::NAN; window.info.channels.len()];
            window.first = window.read(&mut frame)?.map(|time| (frame, time));
        }
        Ok(window)
    }

    /// Frames of the recording before the first one of the window.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The next frame in the window.
    fn read(&mut self, frame: &mut [f32]) -> Result<Option<f64>, SourceError> {
        while !self.ended {
            match self.inner.next_frame(frame)? {
                Some(time) if time < self.to_s && self.from_s < self.to_s => {
                    if time >= self.from_s {
                        return Ok(Some(time));
                    }
                    self.skipped += 1;
                }
                _ => self.ended = true,
            }
        }
        Ok(None)
    }
}

impl<S: Source> Source for Window<S> {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn next_frame(&mut self, frame: &mut [f32]) -> Result<Option<f64>, SourceError> {
        if let Some((first, time)) = self.first.take() {
            frame.copy_from_slice(&first);
            return Ok(Some(time));
        }
        self.read(frame)
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

    fn window(from_s: Option<f64>, to_s: Option<f64>) -> Window<Box<dyn Source>> {
        let text = "time,a\n0,0\n0.5,1\n1,2\n1,3\n1.5,4\n2,5\n";
        let inner = CsvSource::from_reader("t", text.as_bytes(), &CsvOptions::default()).unwrap();
        Window::new(Box::new(inner) as Box<dyn Source>, from_s, to_s).unwrap()
    }

    fn times(from_s: Option<f64>, to_s: Option<f64>) -> Vec<f64> {
        let mut window = window(from_s, to_s);
        std::iter::from_fn(|| window.next_frame(&mut [0.0]).unwrap()).collect()
    }

    #[test]
    fn begin_is_in_end_is_out() {
        assert_eq!(times(Some(0.5), Some(1.5)), [0.5, 1.0, 1.0]);
        assert_eq!(times(Some(1.2), None), [1.5, 2.0]);
        assert_eq!(times(None, Some(0.5)), [0.0]);
        assert_eq!(times(None, None).len(), 6);
    }

    #[test]
    fn frames_before_the_window_are_counted_and_its_first_frame_is_kept() {
        let mut window = window(Some(1.0), None);
        let mut frame = [0.0];
        assert_eq!((window.skipped(), window.next_frame(&mut frame).unwrap(), frame), (2, Some(1.0), [2.0]));
    }

    #[test]
    fn empty_windows() {
        assert!(times(Some(3.0), None).is_empty());
        assert!(times(Some(1.0), Some(1.0)).is_empty());
        assert!(times(Some(1.0), Some(0.0)).is_empty());
        assert!(times(Some(f64::NAN), None).is_empty());
    }
}
