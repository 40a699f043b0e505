//! Alarms that belong together become one event with a start, an end, a peak and a reason.

use heapless::Vec;

/// Channels that an event names at most.
pub const MAX_EVENT_CHANNELS: usize = 4;

/// The embedding of the stream in which something was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum View {
    /// The frame itself: the channels do not fit each other.
    Spatial,
    /// The recent past of one channel (its index): its course is not like before.
    Temporal(u16),
    /// The level of one channel (its index): it does not stay where it was.
    Level(u16),
    /// The value of one flag (its index): it was never, or hardly ever, seen after the one before.
    Flag(u16),
}

/// One channel's part in an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Share {
    /// Channel index.
    pub channel: u16,
    /// Its share of the score, 0 … 1; all channels of a frame sum to 1.
    pub share: f32,
}

/// Consecutive alarms, merged over short pauses.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// First alarmed frame.
    pub start: u64,
    /// Last alarmed frame (inclusive).
    pub end: u64,
    /// Frame with the score farthest above its limit.
    pub peak: u64,
    /// Alarmed frames from start to end.
    pub alarms: u64,
    /// Score at the peak, in dB: that of [`Self::view`]; of the spatial view on the scale of the temporal ones, as in a verdict.
    pub score: f32,
    /// p-value of that frame.
    pub p_value: f32,
    /// The limit of that score.
    pub limit: f32,
    /// The view that was farthest above its limit at the peak.
    pub view: View,
    /// The channels with the largest shares at the peak, largest first.
    pub channels: Vec<Share, MAX_EVENT_CHANNELS>,
}

impl Event {
    /// How far the peak is above its limit, in dB. Views have limits of their own, so this compares them.
    #[must_use]
    pub fn above(&self) -> f32 {
        self.score - self.limit
    }
}

/// Keeps the open event and closes it when no alarm followed for a while. State: one [`Event`] and two words.
#[derive(Clone, Debug, PartialEq)]
pub struct EventMerger {
    open: Option<Event>,
    pause: u64,
}

impl EventMerger {
    /// Alarms at most `pause` frames apart belong to one event.
    #[must_use]
    pub const fn new(pause: u64) -> Self {
        Self { open: None, pause }
    }

    /// The event that is going on, if any.
    #[must_use]
    pub fn open(&self) -> Option<&Event> {
        self.open.as_ref()
    }

    /// Whether an alarm so many dB above its limit would be the peak of its event: only then is its reason needed.
    #[must_use]
    pub fn is_peak(&self, above: f32) -> bool {
        self.open.as_ref().is_none_or(|event| above > event.above())
    }

    /// Takes in an alarmed frame, given as an event of one frame. Its reason matters only if it [is the peak](Self::is_peak).
    pub fn alarm(&mut self, alarm: Event) {
        let Some(open) = &mut self.open else {
            self.open = Some(alarm);
            return;
        };
        (open.end, open.alarms) = (alarm.end, open.alarms + 1);
        if alarm.above() > open.above() {
            let (start, alarms) = (open.start, open.alarms);
            *open = Event { start, alarms, ..alarm };
        }
    }

    /// Moves on to `frame`, and gives the event that is over by then, if one is. Comes before [`Self::alarm`] for the same frame.
    pub fn advance(&mut self, frame: u64) -> Option<Event> {
        if self.open.as_ref().is_some_and(|event| frame - event.end > self.pause) {
            self.open.take()
        } else {
            None
        }
    }

    /// Ends the open event, as at the end of the stream.
    pub fn finish(&mut self) -> Option<Event> {
        self.open.take()
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, EventMerger, View};
    use heapless::Vec;

    fn alarm(frame: u64, score: f32) -> Event {
        let view = View::Temporal(frame as u16);
        Event {
            start: frame,
            end: frame,
            peak: frame,
            alarms: 1,
            score,
            p_value: 0.0,
            limit: 1.0,
            view,
            channels: Vec::new(),
        }
    }

    #[test]
    fn alarms_merge_over_short_pauses_and_keep_the_peak() {
        let mut m = EventMerger::new(3);
        let mut closed = std::vec::Vec::new();
        for t in 0..40 {
            closed.extend(m.advance(t));
            match t {
                10 => m.alarm(alarm(10, 2.0)),
                13 => m.alarm(alarm(13, 5.0)),
                14 => m.alarm(alarm(14, 4.0)),
                18 => m.alarm(alarm(18, 1.5)),
                _ => {}
            }
        }
        assert_eq!(closed.len(), 2);
        let first = &closed[0];
        assert_eq!((first.start, first.peak, first.end, first.alarms), (10, 13, 14, 3));
        assert_eq!((first.score, first.view), (5.0, View::Temporal(13)));
        assert_eq!((closed[1].start, closed[1].end), (18, 18));
        assert!(m.finish().is_none());
    }

    #[test]
    fn the_end_of_the_stream_closes_the_event() {
        let mut m = EventMerger::new(100);
        assert!(m.is_peak(0.0));
        m.alarm(alarm(7, 2.0));
        assert!(m.advance(7).is_none() && !m.is_peak(1.0) && m.is_peak(1.5));
        assert_eq!(m.finish().map(|e| e.end), Some(7));
    }
    extern crate std;
}
