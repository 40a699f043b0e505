//! Which numbers of a stream are watched: at most 16 a block, whatever the number of channels.
//!
//! | channels that are not flags | numbers of a block |
//! |---|---|
//! | up to 8 | of each channel, its mean and the ln of its energy within the block |
//! | more | the mean and the ln of the energy of each of r ≤ 7 coordinates; ln of the residual energy; the number of silent channels |
//!
//! A block of one frame has no energies within. The coordinates are those of a basis that is learned in a first look and then *frozen*: one that
//! follows the stream would follow the change, and be one itself when it turns. It stays frozen over shifts too, since coordinates of two bases
//! cannot be compared, and no return to a known state would be recognised. What the basis leaves out is in the residual energy, and a
//! channel that stops, which the coordinates hardly feel, in the number of silent ones. So nothing is dropped unwatched, except a channel that was
//! constant during the look and comes to life within a basis.

use nalgebra::{DefaultAllocator, Dim, OVector};

use super::channel::Channel;
use super::gather::Gather;
use crate::error::ConfigError;
use crate::math::ln;
use crate::shape::{Alloc, zeros};
use crate::shift::MAX_CHANNELS;
use crate::track::{FapiOf, SubspaceTracker, TrackerConfig};

/// Channels that are watched one by one.
pub(super) const MOST_CHANNELS: usize = MAX_CHANNELS / 2;

/// Coordinates of a basis.
const MOST_COORDINATES: usize = MOST_CHANNELS - 1;

/// Frames of a look at a few channels: it only sets floors.
const LOOK_FRAMES: u64 = 64;

/// Blocks a channel of a look that learns a basis.
const LOOK_BLOCKS: u64 = 4;

/// Energies below this share of a channel's variance (60 dB) are not told apart.
const FLOOR: f32 = 1e-6;

/// Residual energies, of channels of unit variance, likewise.
const RESIDUAL_FLOOR: f32 = 1e-6;

/// What one of the numbers says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Mean of this channel.
    Mean(usize),
    /// Energy of this channel.
    Energy(usize),
    /// Mean along this axis.
    Coordinate(usize),
    /// Energy along this axis.
    CoordinateEnergy(usize),
    /// What the axes leave.
    Residual,
    /// Channels that stand still.
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Looking,
    Channels,
    Coordinates,
}

/// State: n·R + 2·R² + 3·n words and some sixty.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers<N: Dim, R: Dim>
where
    DefaultAllocator: Alloc<N, R>,
{
    layout: Layout,
    /// The channels that are watched one by one.
    slots: heapless::Vec<u16, MOST_CHANNELS>,
    floors: [f32; MOST_CHANNELS],
    gathers: [Gather; MOST_CHANNELS],
    /// Residual energies of the frames.
    rest: Gather,
    tracker: FapiOf<N, R>,
    /// Scratch: standardised frame, residual.
    frame: OVector<f32, N>,
    residual: OVector<f32, N>,
    /// Frames and blocks looked at.
    looked: (u64, u64),
}

impl<N: Dim, R: Dim> Numbers<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    pub(super) fn new(n: N, r: R) -> Result<Self, ConfigError> {
        let rank = MOST_COORDINATES.min(r.value()).min(n.value());
        let tracker = TrackerConfig { rank, memory_frames: 1e7, ..TrackerConfig::default() };
        Ok(Self {
            layout: Layout::Looking,
            slots: heapless::Vec::new(),
            floors: [f32::MIN_POSITIVE; MOST_CHANNELS],
            gathers: [Gather::EMPTY; MOST_CHANNELS],
            rest: Gather::EMPTY,
            tracker: FapiOf::with_shape(n, r, &tracker)?,
            frame: zeros(n),
            residual: zeros(n),
            looked: (0, 0),
        })
    }

    /// Numbers that a block of these shapes has: n channels, a basis of up to r axes, blocks of one frame only or not.
    pub(super) const fn count(n: usize, r: usize, single: bool) -> usize {
        let r = if r < MOST_COORDINATES { r } else { MOST_COORDINATES };
        match (n <= MOST_CHANNELS, single) {
            (true, true) => n,
            (true, false) => 2 * n,
            // A wide stream may turn out to have few signals.
            (false, true) => MOST_CHANNELS,
            (false, false) => {
                if 2 * r + 2 > MAX_CHANNELS {
                    2 * r + 2
                } else {
                    MAX_CHANNELS
                }
            }
        }
    }

    pub(super) fn is_looking(&self) -> bool {
        self.layout == Layout::Looking
    }

    /// Numbers in use.
    pub(super) fn used(&self, single: bool) -> usize {
        let parts = if single { 1 } else { 2 };
        match self.layout {
            Layout::Coordinates => parts * self.tracker.rank() + 2,
            _ => parts * self.slots.len(),
        }
    }

    /// Blocks of another length begin: a basis must be learned anew, since slower motion has other axes.
    pub(super) fn restart(&mut self) {
        self.gathers = [Gather::EMPTY; MOST_CHANNELS];
        self.rest = Gather::EMPTY;
        if self.layout == Layout::Coordinates {
            self.layout = Layout::Looking;
            self.looked = (0, 0);
            self.tracker.restart(MOST_COORDINATES);
        }
    }

    /// Takes in one frame: the channels' present values.
    pub(super) fn gather(&mut self, channels: &[Channel]) {
        match self.layout {
            Layout::Looking => self.looked.0 += 1,
            Layout::Channels => {
                for (&slot, gather) in self.slots.iter().zip(&mut self.gathers) {
                    gather.add(channels[usize::from(slot)].value());
                }
            }
            Layout::Coordinates => {
                for (x, channel) in self.frame.iter_mut().zip(channels) {
                    *x = channel.standardised();
                }
                let judgement = self.tracker.judge(self.frame.as_slice(), self.residual.as_mut_slice());
                for (k, gather) in self.gathers.iter_mut().take(self.tracker.rank()).enumerate() {
                    gather.add(if judgement.is_judged() { self.tracker.coordinates()[k] } else { f32::NAN });
                }
                self.rest.add(judgement.q / channels.len() as f32);
            }
        }
    }

    /// At the end of a block of the look; whether it is over.
    pub(super) fn look(&mut self, channels: &mut [Channel]) -> bool {
        self.looked.1 += 1;
        let n = channels.len();
        if n > MOST_CHANNELS {
            for (x, channel) in self.frame.iter_mut().zip(channels.iter()) {
                *x = channel.standardised_so_far();
            }
            self.tracker.process(self.frame.as_slice(), self.residual.as_mut_slice());
            if self.looked.1 < LOOK_BLOCKS * n as u64 {
                return false;
            }
        } else if self.looked.0 < LOOK_FRAMES {
            return false;
        }
        self.fix(channels);
        true
    }

    /// Chooses the numbers.
    fn fix(&mut self, channels: &mut [Channel]) {
        channels.iter_mut().for_each(Channel::freeze);
        self.slots.clear();
        let few = channels.len() <= MOST_CHANNELS;
        for (j, channel) in channels.iter().enumerate() {
            if (few || channel.is_signal()) && self.slots.push(j as u16).is_err() {
                self.slots.clear();
                self.layout = Layout::Coordinates;
                return;
            }
        }
        self.layout = Layout::Channels;
        for (&slot, floor) in self.slots.iter().zip(&mut self.floors) {
            *floor = (FLOOR * channels[usize::from(slot)].variance()).max(f32::MIN_POSITIVE);
        }
    }

    /// The numbers of a block of `frames` frames, NaN where unknown or not in use, and whether any is known. The next block begins.
    pub(super) fn write(&mut self, frames: u32, channels: &[Channel], out: &mut [f32]) -> bool {
        out.fill(f32::NAN);
        for (k, out) in out.iter_mut().enumerate() {
            *out = match self.meaning(k, frames == 1) {
                Some(Meaning::Mean(_) | Meaning::Coordinate(_)) => self.gathers[k].mean(frames),
                Some(Meaning::Energy(_)) => {
                    let slot = k - self.slots.len();
                    self.gathers[slot].log_energy(frames, self.floors[slot])
                }
                Some(Meaning::CoordinateEnergy(axis)) => {
                    self.gathers[axis].log_energy(frames, RESIDUAL_FLOOR)
                }
                Some(Meaning::Residual) => ln(self.rest.mean(frames) + RESIDUAL_FLOOR),
                Some(Meaning::Silent) => channels.iter().filter(|c| c.is_silent()).count() as f32,
                None => f32::NAN,
            };
        }
        self.gathers.iter_mut().chain([&mut self.rest]).for_each(Gather::clear);
        // The number of silent channels is known even where nothing else is.
        (0..out.len()).any(|k| !out[k].is_nan() && self.meaning(k, frames == 1) != Some(Meaning::Silent))
    }

    /// What number k says in blocks of one frame (`single`) or more.
    pub(super) fn meaning(&self, k: usize, single: bool) -> Option<Meaning> {
        let parts = if single { 1 } else { 2 };
        if self.layout == Layout::Coordinates {
            let r = self.tracker.rank();
            return match k {
                _ if k < r => Some(Meaning::Coordinate(k)),
                _ if k < parts * r => Some(Meaning::CoordinateEnergy(k - r)),
                _ if k == parts * r => Some(Meaning::Residual),
                _ if k == parts * r + 1 => Some(Meaning::Silent),
                _ => None,
            };
        }
        let slots = self.slots.len();
        match k {
            _ if k < slots => Some(Meaning::Mean(usize::from(self.slots[k]))),
            _ if k < parts * slots => Some(Meaning::Energy(usize::from(self.slots[k - slots]))),
            _ => None,
        }
    }

    /// How much of axis k is channel j: the square of its entry of the basis.
    pub(super) fn loading(&self, k: usize, j: usize) -> f32 {
        let n = self.frame.len();
        let w = self.tracker.basis().get(k * n + j).copied().unwrap_or(0.0);
        w * w
    }
}
