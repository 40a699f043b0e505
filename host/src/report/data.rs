//! What the page's script is given: one JSON object, its number series packed.
//!
//! A packed series is base64 over 3 bytes a number, little-endian: the upper 24 bits of the `f32`. That keeps the full
//! range of exponents and more than four significant digits in four characters; NaN stands for "nothing to draw".

use serde::Serialize;

use super::envelope::{Bins, Range, StartTime, Verdicts};
use super::excerpt::Excerpt;
use super::shifts::{ReportShift, ShiftData};
use super::{ReportEvent, axis::Axis};
use crate::source::Channel;

/// Numbers packed as the module says.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Packed(String);

impl Packed {
    pub(super) fn new(values: impl Iterator<Item = f32>) -> Self {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::with_capacity(values.size_hint().0 * 4);
        for value in values {
            let [a, b, c] = upper_bytes(value).map(u32::from);
            let group = a << 16 | b << 8 | c;
            for shift in [18, 12, 6, 0] {
                text.push(char::from(ALPHABET[(group >> shift & 63) as usize]));
            }
        }
        Self(text)
    }
}

/// The upper 24 bits of `value`, rounded to nearest, little-endian. What is not finite becomes NaN.
fn upper_bytes(value: f32) -> [u8; 3] {
    let bits = if value.is_finite() { value.to_bits() } else { f32::NAN.to_bits() };
    let rounded = bits.saturating_add(0x80);
    // Rounding up from the largest numbers would arrive at infinity or beyond.
    let kept = if value.is_finite() && !f32::from_bits(rounded).is_finite() { bits } else { rounded };
    let [_, a, b, c] = kept.to_le_bytes();
    [a, b, c]
}

/// Bins from the first to after the last of a run.
type Run = [usize; 2];

fn runs(flags: impl Iterator<Item = bool>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (bin, _) in flags.enumerate().filter(|(_, flag)| *flag) {
        match runs.last_mut() {
            Some(run) if run[1] == bin => run[1] += 1,
            _ => runs.push([bin, bin + 1]),
        }
    }
    runs
}

/// The whole page.
#[derive(Serialize)]
pub(super) struct PageData<'a> {
    axis: &'static str,
    frames: u64,
    /// Frames per bin.
    width: u64,
    /// Place of every bin on the axis, and of the end; `null` when they are evenly spaced from `from` to `to`.
    starts: Option<Vec<f64>>,
    from: f64,
    to: f64,
    /// Width of a full bin on the axis.
    step: f64,
    decimals: usize,
    channels: Vec<ChannelData<'a>>,
    score: ScoreData,
    events: Vec<EventData>,
    /// Channels, the most involved in alarms first.
    order: Vec<usize>,
    excerpts: Vec<ExcerptData>,
    /// Lasting changes, in order.
    shifts: Vec<ShiftData<'a>>,
}

#[derive(Serialize)]
struct ChannelData<'a> {
    name: &'a str,
    unit: &'a str,
    min: Packed,
    /// Absent when a bin is one frame: then it is `min`.
    max: Option<Packed>,
    gaps: Vec<Run>,
}

#[derive(Serialize)]
struct ScoreData {
    over: Packed,
    p: Packed,
    alarm: Vec<Run>,
    warm: Vec<Run>,
}

#[derive(Serialize)]
struct EventData {
    n: u64,
    from: f64,
    to: f64,
    peak: f64,
    score: f32,
    limit: f32,
    p: f32,
    channels: Vec<(usize, f32)>,
}

#[derive(Serialize)]
struct ExcerptData {
    from: f64,
    to: f64,
    /// Offsets from `from`; absent when evenly spaced.
    times: Option<Packed>,
    channels: Vec<(usize, Packed)>,
    over: Packed,
}

impl<'a> PageData<'a> {
    pub(super) fn new(
        axis: &Axis,
        channels: &'a [Channel],
        starts: &Bins<StartTime>,
        ranges: &[Bins<Range>],
        verdicts: &Bins<Verdicts>,
    ) -> Self {
        let width = starts.width();
        let places: Vec<f64> = axis.bin_starts(starts);
        let step = axis.frame() * width as f64;
        let even = |(bin, &x): (usize, &f64)| (x - axis.from() - bin as f64 * step).abs() <= axis.frame();
        let regular = places.iter().enumerate().all(even);
        Self {
            axis: if axis.is_time() { "time" } else { "frames" },
            frames: axis.frames(),
            width,
            from: axis.from(),
            to: axis.to(),
            step,
            decimals: axis.decimals(),
            starts: (!regular).then_some(places),
            channels: channels.iter().zip(ranges).map(|(c, bins)| ChannelData::new(c, bins)).collect(),
            score: ScoreData::new(verdicts),
            events: Vec::new(),
            order: Vec::new(),
            excerpts: Vec::new(),
            shifts: Vec::new(),
        }
    }

    /// Adds the shifts.
    pub(super) fn with_shifts(mut self, axis: &Axis, shifts: &'a [ReportShift]) -> Self {
        self.shifts = shifts.iter().map(|shift| shift.data(axis)).collect();
        self
    }

    /// Adds the events (with their numbers), `order` (channels, most involved first) and the excerpts.
    pub(super) fn with_details(
        mut self,
        axis: &Axis,
        events: &[(u64, ReportEvent)],
        order: Vec<usize>,
        excerpts: &[Excerpt],
    ) -> Self {
        self.events = events.iter().map(|(n, event)| EventData::new(axis, *n, event)).collect();
        self.order = order;
        // Where every bin is one frame the envelope shows all samples already.
        if self.width > 1 {
            self.excerpts = excerpts.iter().map(|e| ExcerptData::new(axis, e)).collect();
        }
        self
    }
}

impl<'a> ChannelData<'a> {
    fn new(channel: &'a Channel, bins: &Bins<Range>) -> Self {
        let cells = bins.cells();
        let single = bins.width() == 1;
        Self {
            name: &channel.name,
            unit: &channel.unit,
            min: Packed::new(cells.iter().map(|r| r.min)),
            max: (!single).then(|| Packed::new(cells.iter().map(|r| r.max))),
            gaps: runs(cells.iter().map(|r| r.gap)),
        }
    }
}

impl ScoreData {
    fn new(bins: &Bins<Verdicts>) -> Self {
        let cells = bins.cells();
        Self {
            over: Packed::new(cells.iter().map(|v| v.over)),
            p: Packed::new(cells.iter().map(|v| v.p_value)),
            alarm: runs(cells.iter().map(|v| v.alarm)),
            warm: runs(cells.iter().map(Verdicts::warming_up)),
        }
    }
}

impl EventData {
    fn new(axis: &Axis, n: u64, event: &ReportEvent) -> Self {
        Self {
            n,
            from: axis.place(event.start, event.start_s),
            to: axis.place(event.end, event.end_s),
            peak: axis.place(event.peak, event.peak_s),
            score: event.peak_score,
            limit: event.limit,
            p: event.peak_p,
            channels: event.channels.clone(),
        }
    }
}

impl ExcerptData {
    fn new(axis: &Axis, excerpt: &Excerpt) -> Self {
        let place = |k: usize| axis.place(excerpt.start + k as u64, excerpt.times[k]);
        let last = excerpt.times.len() - 1;
        let (from, to) = (place(0), place(last));
        let step = (to - from) / last.max(1) as f64;
        let even = (0..=last).all(|k| (place(k) - from - k as f64 * step).abs() <= 0.5 * axis.frame());
        Self {
            from,
            to,
            times: (!even).then(|| Packed::new((0..=last).map(|k| (place(k) - from) as f32))),
            channels: excerpt.channels.iter().map(|(c, y)| (*c, Packed::new(y.iter().copied()))).collect(),
            over: Packed::new(excerpt.over.iter().copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the script does it.
    fn unpack(packed: &Packed) -> Vec<f32> {
        let digit = |c: u8| match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        packed
            .0
            .as_bytes()
            .chunks(4)
            .map(|group| {
                let bytes = group.iter().fold(0u32, |acc, &c| acc << 6 | u32::from(digit(c))).to_be_bytes();
                f32::from_le_bytes([0, bytes[1], bytes[2], bytes[3]])
            })
            .collect()
    }

    proptest! {
        #[test]
        fn packing_keeps_four_digits(values in prop::collection::vec(prop::num::f32::NORMAL, 0..50)) {
            let back = unpack(&Packed::new(values.iter().copied()));
            prop_assert_eq!(back.len(), values.len());
            for (x, y) in values.iter().zip(back) {
                let (x, y) = (f64::from(*x), f64::from(y));
                prop_assert!((x - y).abs() <= x.abs() / f64::from(1 << 15), "{} became {}", x, y);
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_nan_and_zero_is_zero() {
        let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN, 0.0, f32::MAX, f32::MIN];
        let back = unpack(&Packed::new(values.into_iter()));
        assert!(back[..4].iter().all(|x| x.is_nan()));
        assert_eq!(back[4], 0.0);
        assert!(back[5].is_finite() && back[5] > 3.4e38 && back[6].is_finite());
    }

    #[test]
    fn flags_become_runs() {
        let flags = [true, true, false, false, true, false, true];
        assert_eq!(runs(flags.into_iter()), [[0, 2], [4, 5], [6, 7]]);
        assert_eq!(runs(std::iter::empty()), Vec::<Run>::new());
    }
}
