//! When was a frame? For frames long past, in fixed memory.

/// Anchors kept; of more, every second one is dropped.
const MOST: usize = 4096;

/// Times of every 2ᵏ-th frame, k as small as memory allows; in between they are interpolated. Exact where the clock is regular.
#[derive(Clone, Debug)]
pub(super) struct Times {
    anchors: Vec<f64>,
    stride: u64,
    frames: u64,
    last: f64,
}

impl Times {
    pub(super) fn new() -> Self {
        Self { anchors: Vec::with_capacity(MOST), stride: 1, frames: 0, last: f64::NAN }
    }

    /// The time of the next frame.
    pub(super) fn push(&mut self, time_s: f64) {
        if self.frames.is_multiple_of(self.stride) {
            if self.anchors.len() == MOST {
                let mut index = 0;
                self.anchors.retain(|_| (index % 2 == 0, index += 1).0);
                self.stride *= 2;
            }
            if self.frames.is_multiple_of(self.stride) {
                self.anchors.push(time_s);
            }
        }
        self.frames += 1;
        self.last = time_s;
    }

    /// The time of frame `frame`, counted from 0; that of the last one if there is no such frame.
    pub(super) fn at(&self, frame: u64) -> f64 {
        let (index, rest) = ((frame / self.stride) as usize, frame % self.stride);
        let Some(&before) = self.anchors.get(index) else { return self.last };
        let (after, span) = match self.anchors.get(index + 1) {
            Some(&after) => (after, self.stride),
            None => (self.last, self.frames - 1 - index as u64 * self.stride),
        };
        let share = if span == 0 { 0.0 } else { rest.min(span) as f64 / span as f64 };
        before + share * (after - before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_clock_is_exact_and_any_clock_is_near() {
        let mut times = Times::new();
        for frame in 0..1_000_000u64 {
            times.push(frame as f64 / 360.0);
            if frame % 99_991 == 0 {
                for asked in [0, frame / 3, frame / 2, frame, frame + 9] {
                    let exact = asked.min(frame) as f64 / 360.0;
                    assert!(
                        (times.at(asked) - exact).abs() < 1e-9,
                        "{asked} of {frame}: {}",
                        times.at(asked)
                    );
                }
            }
        }
        assert!(times.anchors.len() <= MOST && times.stride == 256);
        assert!(Times::new().at(3).is_nan());
    }
}
