//! The horizontal axis of a recording: seconds, or frame numbers when nobody knows the time.

use super::envelope::{Bins, StartTime};
use super::text;

/// Gathers the times of the frames as they come.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    frames: u64,
    first_s: f64,
    last_s: f64,
    /// Some time was not just the number of its frame.
    real: bool,
}

impl Clock {
    /// The time of the next frame as the page will show it: a time that is not finite or runs backwards would tear
    /// the axis, so the last one stands in for it.
    pub(super) fn next(&mut self, time_s: f64) -> f64 {
        if time_s.is_finite() {
            self.real |= time_s != self.frames as f64;
            if self.frames == 0 {
                (self.first_s, self.last_s) = (time_s, time_s);
            }
            self.last_s = self.last_s.max(time_s);
        }
        self.frames += 1;
        self.last_s
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// The axis over all frames so far. Without a rate, times that only count the frames are not taken for seconds.
    pub(super) fn axis(&self, rate_hz: Option<f64>) -> Axis {
        let rate = rate_hz.filter(|r| r.is_finite() && *r > 0.0);
        let span = self.last_s - self.first_s;
        let time = rate.is_some() || (self.real && span > 0.0);
        let frame = match self.frames {
            _ if !time => 1.0,
            n if n > 1 && span > 0.0 => span / (n - 1) as f64,
            _ => rate.map_or(1.0, f64::recip),
        };
        let (from, last) =
            if time { (self.first_s, self.last_s) } else { (0.0, self.frames.saturating_sub(1) as f64) };
        let to = if self.frames == 0 { from } else { last + frame };
        Axis { time, frames: self.frames, from, to, frame }
    }
}

/// Where frames lie and how places are written.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    time: bool,
    frames: u64,
    from: f64,
    to: f64,
    frame: f64,
}

impl Axis {
    pub(super) fn is_time(&self) -> bool {
        self.time
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    pub(super) fn from(&self) -> f64 {
        self.from
    }

    pub(super) fn to(&self) -> f64 {
        self.to
    }

    /// Mean distance of frames.
    pub(super) fn frame(&self) -> f64 {
        self.frame
    }

    pub(super) fn length(&self) -> f64 {
        self.to - self.from
    }

    /// The place of a frame, given both its number and its time.
    pub(super) fn place(&self, frame: u64, time_s: f64) -> f64 {
        if self.time { time_s } else { frame as f64 }
    }

    pub(super) fn decimals(&self) -> usize {
        if self.time { text::clock_decimals(self.length(), self.frame) } else { 0 }
    }

    /// A place in words.
    pub(super) fn write(&self, place: f64) -> String {
        if self.time { text::clock(place, self.decimals()) } else { text::count(place.max(0.0) as u64) }
    }

    /// A length in words.
    pub(super) fn write_length(&self, length: f64) -> String {
        if self.time {
            text::duration(length.max(0.0))
        } else {
            text::plural(length.max(0.0) as u64, "frame")
        }
    }

    /// The place of every bin's first frame.
    pub(super) fn bin_starts(&self, starts: &Bins<StartTime>) -> Vec<f64> {
        let width = starts.width() as f64;
        let place = |(bin, start): (usize, &StartTime)| match start.0 {
            Some(time) if self.time => time,
            _ => self.from + bin as f64 * width * self.frame,
        };
        starts.cells().iter().enumerate().map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(times: &[f64], rate: Option<f64>) -> Axis {
        let mut clock = Clock::default();
        for &t in times {
            clock.next(t);
        }
        clock.axis(rate)
    }

    #[test]
    fn seconds_with_a_rate_or_real_times() {
        let regular = axis(&[0.0, 0.5, 1.0, 1.5], Some(2.0));
        assert!(regular.is_time());
        assert_eq!((regular.from(), regular.to(), regular.frame()), (0.0, 2.0, 0.5));
        assert!(axis(&[0.0, 0.4, 7.0], None).is_time());
        assert_eq!(axis(&[0.0], Some(4.0)).to(), 0.25);
    }

    #[test]
    fn frame_numbers_otherwise() {
        for times in [&[0.0, 1.0, 2.0][..], &[0.0, 0.0, 0.0], &[f64::NAN; 3]] {
            let axis = axis(times, None);
            assert!(!axis.is_time());
            assert_eq!((axis.from(), axis.to()), (0.0, 3.0));
        }
        assert_eq!(axis(&[], None).length(), 0.0);
        assert_eq!(axis(&[], Some(360.0)).length(), 0.0);
        assert_eq!(axis(&[0.0, 1.0, 2.0], Some(f64::NAN)).write(1234.0), "1,234");
    }

    #[test]
    fn a_clock_that_runs_backwards_stands_still() {
        let mut clock = Clock::default();
        let shown = [5.0, 6.0, 5.5, f64::NAN, f64::INFINITY, 7.0].map(|t| clock.next(t));
        assert_eq!(shown, [5.0, 6.0, 6.0, 6.0, 6.0, 7.0]);
    }
}
