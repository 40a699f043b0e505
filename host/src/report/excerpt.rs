//! Every sample around the strongest events, from a ring of recent frames.
//!
//! An event is announced after it is over, and its excerpt goes on for a while after its peak. So the last frames are
//! kept in a ring, an announced event waits until the frames behind its peak and their verdicts have come, and then
//! its window is copied out. What the ring no longer has is left out. All three (ring, waiting, kept) are bounded.

/// Excerpts that a page keeps; of more events, those with the highest peak score.
const MAX_EXCERPTS: usize = 32;
/// Frames of an excerpt: 5.7 s of a 360 Hz ECG.
const EXCERPT_FRAMES: usize = 2048;
/// Channels of an excerpt: those with the largest share in the event.
pub(super) const EXCERPT_CHANNELS: usize = 8;
/// Samples in the ring (8 MB), unless there are very many channels.
const RING_SAMPLES: usize = 2 << 20;
const RING_FRAMES: std::ops::RangeInclusive<usize> = 64..=16_384;

/// The last frames with their times, and how far they were over the limit.
#[derive(Debug)]
struct Ring {
    channels: usize,
    capacity: usize,
    /// Frame after the last one.
    end: u64,
    /// Frame-major.
    samples: Vec<f32>,
    times: Vec<f64>,
    over: Vec<f32>,
}

impl Ring {
    fn new(channels: usize) -> Self {
        let capacity = (RING_SAMPLES / channels.max(1)).clamp(*RING_FRAMES.start(), *RING_FRAMES.end());
        Self { channels, capacity, end: 0, samples: Vec::new(), times: Vec::new(), over: Vec::new() }
    }

    fn push(&mut self, time_s: f64, frame: &[f32]) {
        let slot = self.slot(self.end);
        if slot == self.times.len() {
            self.times.push(time_s);
            self.over.push(f32::NAN);
            self.samples.extend_from_slice(frame);
        } else {
            self.times[slot] = time_s;
            self.over[slot] = f32::NAN;
            self.samples[slot * self.channels..][..self.channels].copy_from_slice(frame);
        }
        self.end += 1;
    }

    fn slot(&self, frame: u64) -> usize {
        (frame % self.capacity as u64) as usize
    }

    fn start(&self) -> u64 {
        self.end - self.times.len() as u64
    }

    fn holds(&self, frame: u64) -> bool {
        (self.start()..self.end).contains(&frame)
    }
}

/// All samples of some channels over a stretch of frames.
#[derive(Debug)]
pub(super) struct Excerpt {
    pub(super) start: u64,
    pub(super) times: Vec<f64>,
    /// How far each frame is over the limit, NaN without a verdict.
    pub(super) over: Vec<f32>,
    /// Channel and its samples.
    pub(super) channels: Vec<(usize, Vec<f32>)>,
    strength: f32,
}

/// An event whose excerpt is still to be cut.
#[derive(Debug)]
struct Waiting {
    start: u64,
    /// Cut once this many frames have been seen.
    due: u64,
    channels: Vec<usize>,
    strength: f32,
}

/// The excerpts around the strongest events so far.
#[derive(Debug)]
pub(super) struct Excerpts {
    ring: Ring,
    window: u64,
    /// Frames between a frame and its verdict, the largest seen.
    delay: u64,
    waiting: Vec<Waiting>,
    kept: Vec<Excerpt>,
}

impl Excerpts {
    pub(super) fn new(channels: usize) -> Self {
        let ring = Ring::new(channels);
        let window = EXCERPT_FRAMES.min(ring.capacity / 2) as u64;
        Self { ring, window, delay: 0, waiting: Vec::new(), kept: Vec::new() }
    }

    pub(super) fn push(&mut self, time_s: f64, frame: &[f32]) {
        self.ring.push(time_s, frame);
        while let Some(next) = self.waiting.iter().position(|w| w.due <= self.ring.end) {
            let waiting = self.waiting.swap_remove(next);
            self.cut(&waiting);
        }
    }

    pub(super) fn push_over(&mut self, frame: u64, over: f32) {
        self.delay = self.delay.max(self.ring.end.saturating_sub(frame));
        if self.ring.holds(frame) {
            let slot = self.ring.slot(frame);
            self.ring.over[slot] = over;
        }
    }

    /// Time of a recent frame.
    pub(super) fn time(&self, frame: u64) -> Option<f64> {
        self.ring.holds(frame).then(|| self.ring.times[self.ring.slot(frame)])
    }

    /// Asks for an excerpt around frame `peak`. `ranked` are the channels, most involved first.
    pub(super) fn request(&mut self, peak: u64, strength: f32, ranked: &[usize]) {
        let mut channels: Vec<usize> = if self.ring.channels <= EXCERPT_CHANNELS {
            (0..self.ring.channels).collect()
        } else {
            ranked.iter().copied().filter(|&c| c < self.ring.channels).take(EXCERPT_CHANNELS).collect()
        };
        channels.sort_unstable();
        let start = peak.saturating_sub(self.window * 2 / 5);
        let due = start.saturating_add(self.window).saturating_add(self.delay);
        self.waiting.push(Waiting { start, due, channels, strength });
        if self.waiting.len() > MAX_EXCERPTS {
            drop_weakest(&mut self.waiting, |w| w.strength);
        }
    }

    /// Cuts what still waits, and gives all excerpts in order of time.
    pub(super) fn finish(mut self) -> Vec<Excerpt> {
        for waiting in std::mem::take(&mut self.waiting) {
            self.cut(&waiting);
        }
        self.kept.sort_by_key(|e| e.start);
        self.kept
    }

    fn cut(&mut self, waiting: &Waiting) {
        let frames = waiting.start.max(self.ring.start())
            ..waiting.start.saturating_add(self.window).min(self.ring.end);
        if frames.is_empty() || self.covers(waiting) {
            return;
        }
        let ring = &self.ring;
        let slots: Vec<usize> = frames.clone().map(|frame| ring.slot(frame)).collect();
        let samples = |c: usize| slots.iter().map(|&s| ring.samples[s * ring.channels + c]).collect();
        self.kept.push(Excerpt {
            start: frames.start,
            times: slots.iter().map(|&s| ring.times[s]).collect(),
            over: slots.iter().map(|&s| ring.over[s]).collect(),
            channels: waiting.channels.iter().map(|&c| (c, samples(c))).collect(),
            strength: waiting.strength,
        });
        if self.kept.len() > MAX_EXCERPTS {
            drop_weakest(&mut self.kept, |e| e.strength);
        }
    }

    /// A burst of short alarms would fill the page with copies of the same seconds: an excerpt that starts within a
    /// quarter window of a kept one takes its place only in rank.
    fn covers(&mut self, waiting: &Waiting) -> bool {
        let near = |e: &&mut Excerpt| e.start.abs_diff(waiting.start) < self.window / 4;
        let same = |e: &&mut Excerpt| e.channels.iter().map(|(c, _)| c).eq(&waiting.channels);
        let found = self.kept.iter_mut().find(|e| near(e) && same(e));
        found.map(|e| e.strength = e.strength.max(waiting.strength)).is_some()
    }
}

/// Removes the entry of least strength; of several, the latest.
pub(super) fn drop_weakest<T>(entries: &mut Vec<T>, strength: impl Fn(&T) -> f32) {
    let weakest = entries.iter().enumerate().rev().min_by(|a, b| strength(a.1).total_cmp(&strength(b.1)));
    if let Some(index) = weakest.map(|(index, _)| index) {
        entries.remove(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frame `i` is `[i, -i]` at i/100 seconds; the verdict comes 10 frames later.
    fn play(excerpts: &mut Excerpts, frames: std::ops::Range<u64>) {
        for i in frames {
            excerpts.push(i as f64 / 100.0, &[i as f32, -(i as f32)]);
            if let Some(judged) = i.checked_sub(10) {
                excerpts.push_over(judged, judged as f32 / 2.0);
            }
        }
    }

    #[test]
    fn an_excerpt_begins_before_the_peak_and_goes_on_after_it_was_asked_for() {
        let mut excerpts = Excerpts::new(2);
        play(&mut excerpts, 0..5000);
        excerpts.request(4900, 3.0, &[1]);
        play(&mut excerpts, 5000..9000);
        let kept = excerpts.finish();
        let [excerpt] = &kept[..] else { panic!("one excerpt") };
        assert_eq!(excerpt.start, 4900 - 2048 * 2 / 5);
        assert_eq!(excerpt.times.len(), 2048);
        assert_eq!(excerpt.times[0], excerpt.start as f64 / 100.0);
        for (k, frame) in (excerpt.start..).take(2048).enumerate() {
            assert_eq!(excerpt.channels[0].1[k], frame as f32);
            assert_eq!(excerpt.channels[1].1[k], -(frame as f32));
            assert_eq!(excerpt.over[k], frame as f32 / 2.0, "the verdicts were waited for");
        }
    }

    #[test]
    fn what_the_ring_has_lost_is_left_out() {
        let mut excerpts = Excerpts::new(2);
        play(&mut excerpts, 0..40_000);
        excerpts.request(100, 9.0, &[]);
        excerpts.request(40_000 - 16_384, 1.0, &[]);
        let kept = excerpts.finish();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].start, 40_000 - 16_384);
    }

    #[test]
    fn the_strongest_are_kept_and_memory_is_bounded() {
        let mut excerpts = Excerpts::new(2);
        for k in 0..100u64 {
            play(&mut excerpts, k * 1000..(k + 1) * 1000);
            excerpts.request(k * 1000 + 500, if k == 50 { f32::NEG_INFINITY } else { k as f32 }, &[]);
        }
        let kept = excerpts.finish();
        assert_eq!(kept.len(), MAX_EXCERPTS);
        assert!(kept.iter().all(|e| e.strength >= 68.0));
    }

    #[test]
    fn a_burst_of_alarms_is_kept_once() {
        let mut excerpts = Excerpts::new(2);
        play(&mut excerpts, 0..3000);
        for k in 0..200 {
            excerpts.request(2000 + k, k as f32, &[]);
        }
        play(&mut excerpts, 3000..9000);
        let kept = excerpts.finish();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].strength, 199.0);
    }

    #[test]
    fn of_many_channels_the_most_involved_are_kept() {
        let mut excerpts = Excerpts::new(1000);
        for _ in 0..3000 {
            excerpts.push(0.0, &vec![1.0; 1000]);
        }
        excerpts.request(2900, 1.0, &(0..20).map(|k| 999 - 10 * k).collect::<Vec<_>>());
        excerpts.request(2000, 2.0, &[5000]);
        let kept = excerpts.finish();
        let channels: Vec<usize> = kept[1].channels.iter().map(|c| c.0).collect();
        assert_eq!(channels, [929, 939, 949, 959, 969, 979, 989, 999]);
        assert!(kept[0].channels.is_empty(), "a channel that does not exist is passed over");
    }
}
