//! A shift in terms of the stream: frames, channels, units.

use nalgebra::{DefaultAllocator, Dim};

use super::channel::{Channel, SILENT};
use super::levels::Level;
use super::numbers::{Meaning, Numbers};
use crate::math::{ln, sqrt};
use crate::shape::Alloc;
use crate::shift::{Kind, ShiftReport};

/// Channels that a shift names at most.
pub const MAX_SHIFT_CHANNELS: usize = 8;

/// A channel that carries a shift, in its own unit. NaN where too little was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ShiftedChannel {
    /// Index of the channel.
    pub channel: u16,
    /// Mean before the onset.
    pub mean_before: f32,
    /// Mean after it.
    pub mean_after: f32,
    /// Standard deviation before the onset.
    pub deviation_before: f32,
    /// Standard deviation after it.
    pub deviation_after: f32,
}

/// A lasting change of the process. Frames are counted from 0; a state's number is that of its discovery, from 0.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Shift {
    /// Last frame of the block that raised the alarm.
    pub alarm_frame: u64,
    /// First frame of the likeliest block of the onset.
    pub onset_frame: u64,
    /// The onset is hardly before this frame,
    pub onset_earliest: u64,
    /// and hardly after this one.
    pub onset_latest: u64,
    /// What kind of change it is.
    pub kind: Kind,
    /// The channels that carry it, the most telling first.
    pub channels: heapless::Vec<ShiftedChannel, MAX_SHIFT_CHANNELS>,
    /// Evidence of a block for the new state, in nats.
    pub nats: f32,
    /// Of a rotation, the largest principal angle between the leading axes before and after, in degrees; NaN otherwise.
    pub angle_deg: f32,
    /// Frames in a block.
    pub block_frames: u32,
    /// The state that was left.
    pub left_regime: u32,
    /// The state that it leads to.
    pub entered_regime: u32,
    /// The same if it was known, and is recognised.
    pub returned_to: Option<u32>,
    /// Whether the report will not change any more.
    pub is_final: bool,
}

/// A channel whose variation within blocks falls below this share of what it was is dead.
const DEAD: f32 = 0.15;

/// Channels with less than this share of the largest divergence are not named.
const MINOR: f32 = 0.2;

/// Divergence in nats from which on a channel's own mean and size tell that it has changed.
const TELLING: f32 = 0.05;

/// What is told of the carriers: kind and channels.
pub(super) struct Story<'a, N: Dim, R: Dim>
where
    DefaultAllocator: Alloc<N, R>,
{
    pub(super) numbers: &'a Numbers<N, R>,
    pub(super) channels: &'a [Channel],
    pub(super) report: &'a ShiftReport,
    pub(super) single: bool,
}

impl<N: Dim, R: Dim> Story<'_, N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    /// Meanings of the numbers that carry the change, the most telling first.
    fn carriers(&self) -> impl Iterator<Item = Meaning> + '_ {
        let all = self.report.channels().iter();
        all.filter_map(|&k| self.numbers.meaning(usize::from(k), self.single))
    }

    /// Kind and channels.
    pub(super) fn tell(&self) -> (Kind, heapless::Vec<ShiftedChannel, MAX_SHIFT_CHANNELS>) {
        let first = self.carriers().next();
        let by_channel = matches!(first, None | Some(Meaning::Mean(_) | Meaning::Energy(_)));
        let silent = if first == Some(Meaning::Silent) { self.silent() } else { heapless::Vec::new() };
        let mut named = if by_channel { self.named() } else { self.most_changed() };
        if silent.is_empty() {
            self.drop_witnesses(&mut named);
        } else {
            named = silent;
        }
        let kind = self.kind(first, named.first().map(|&j| usize::from(j)));
        (kind, named.iter().map(|&j| self.levels(usize::from(j))).collect())
    }

    /// Frames by which the detector knows of the change later than need be: a channel is silent only after some.
    pub(super) fn late(&self) -> u64 {
        if self.carriers().next() == Some(Meaning::Silent) { u64::from(SILENT) - 1 } else { 0 }
    }

    /// The channels that stand still.
    fn silent(&self) -> heapless::Vec<u16, MAX_SHIFT_CHANNELS> {
        let silent = self.channels.iter().zip(0..).filter(|(channel, _)| channel.is_silent());
        silent.map(|(_, j)| j).take(MAX_SHIFT_CHANNELS).collect()
    }

    /// The channels of the carriers, each once.
    fn named(&self) -> heapless::Vec<u16, MAX_SHIFT_CHANNELS> {
        let mut named = heapless::Vec::new();
        for meaning in self.carriers() {
            if let Meaning::Mean(j) | Meaning::Energy(j) = meaning
                && !named.contains(&(j as u16))
                && named.push(j as u16).is_err()
            {
                break;
            }
        }
        named
    }

    /// Carriers may be there because others are understood better beside them. Where the named channels' own mean and size tell of a change, those whose
    /// do not are dropped.
    fn drop_witnesses(&self, named: &mut heapless::Vec<u16, MAX_SHIFT_CHANNELS>) {
        let own = |j: &u16| divergence(&self.levels(usize::from(*j)));
        let most = named.iter().map(own).fold(0.0, f32::max);
        if most > TELLING {
            named.retain(|j| own(j) >= MINOR * most);
        }
    }

    /// Of a change along axes or outside of them, the channels whose own mean and size have changed most; where none has, those that the
    /// axes consist of.
    fn most_changed(&self) -> heapless::Vec<u16, MAX_SHIFT_CHANNELS> {
        let own = |j: usize| divergence(&self.levels(j));
        let telling = (0..self.channels.len()).any(|j| own(j) > TELLING);
        let along = |j: usize| {
            let axes = self.carriers().filter_map(|meaning| match meaning {
                Meaning::Coordinate(k) | Meaning::CoordinateEnergy(k) => Some(self.numbers.loading(k, j)),
                _ => None,
            });
            axes.sum::<f32>()
        };
        let mut named: heapless::Vec<(u16, f32), MAX_SHIFT_CHANNELS> = heapless::Vec::new();
        for j in 0..self.channels.len() {
            let weight = if telling { own(j) } else { along(j) };
            let place = named.iter().position(|&(_, other)| other < weight).unwrap_or(named.len());
            if weight > 0.0 && place < MAX_SHIFT_CHANNELS {
                if named.is_full() {
                    named.pop();
                }
                // Cannot fail: there is room now and the place is within the list.
                let _ = named.insert(place, (j as u16, weight));
            }
        }
        let most = named.first().map_or(0.0, |&(_, weight)| weight);
        named.iter().filter(|&&(_, weight)| weight >= MINOR * most).map(|&(j, _)| j).collect()
    }

    /// The detector's kind is that of its numbers: a higher level of an energy is a larger size of a channel.
    fn kind(&self, first: Option<Meaning>, channel: Option<usize>) -> Kind {
        let kind = self.report.kind;
        if let Some(j) = channel {
            let l = self.levels(j);
            let silent = self.channels[j].is_silent();
            match first {
                Some(Meaning::Silent) => {
                    return if silent { Kind::DeadChannel } else { Kind::ReturnedChannel };
                }
                Some(Meaning::Energy(_)) if silent || self.has_faded() => return Kind::DeadChannel,
                _ if l.deviation_before == 0.0 && l.deviation_after > 0.0 => return Kind::ReturnedChannel,
                // A mean of blocks that varies less has not stopped.
                Some(Meaning::Mean(_)) if kind == Kind::DeadChannel && !self.single && !silent => {
                    return Kind::Scale;
                }
                _ => {}
            }
        }
        match (first, kind) {
            (Some(Meaning::Energy(_) | Meaning::CoordinateEnergy(_)), Kind::ReturnedChannel) => kind,
            (Some(Meaning::Energy(_) | Meaning::CoordinateEnergy(_)), _) => Kind::Scale,
            (Some(Meaning::Residual), _) => Kind::NoiseFloor,
            _ => kind,
        }
    }

    /// Whether the first number, an energy, has fallen as it does when a channel dies.
    fn has_faded(&self) -> bool {
        let first = usize::from(self.report.ranking[0]);
        self.report.mean_after[first] - self.report.mean_before[first] < 2.0 * ln(DEAD)
    }

    fn levels(&self, j: usize) -> ShiftedChannel {
        let channel = &self.channels[j];
        let [before, after] = channel.levels.both();
        let (mean_before, deviation_before) = told(channel, &before);
        let (mean_after, deviation_after) = told(channel, &after);
        ShiftedChannel { channel: j as u16, mean_before, mean_after, deviation_before, deviation_after }
    }
}

/// Mean and standard deviation in the channel's unit, NaN where unknown.
fn told(channel: &Channel, level: &Level) -> (f32, f32) {
    let known = |least: f32, x: f32| if level.values > least { x } else { f32::NAN };
    (known(0.0, channel.absolute(level.mean)), known(1.0, sqrt(level.variance)))
}

impl ShiftedChannel {
    /// More is known of the state that the shift leads to: all that was seen of it since the report was final.
    pub(super) fn refresh(&mut self, channels: &[Channel]) {
        let channel = &channels[usize::from(self.channel)];
        (self.mean_after, self.deviation_after) = told(channel, &channel.levels.present());
    }
}

/// KL divergence of a channel's law after from that before, both taken as normal; 0 if one is unknown or was constant.
fn divergence(c: &ShiftedChannel) -> f32 {
    let variance = c.deviation_before * c.deviation_before;
    let ratio = (c.deviation_after * c.deviation_after / variance).max(1e-6);
    let step = c.mean_after - c.mean_before;
    let nats = 0.5 * (ratio + step * step / variance - 1.0 - ln(ratio));
    if nats.is_finite() { nats } else { 0.0 }
}
