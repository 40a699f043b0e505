//! Serde for trackers of run-time shape.

extern crate alloc;

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

use super::{HEADER, Snapshot};
use crate::track::{DynFapi, DynFrequentDirections, DynIncrementalSvd, MAX_RANK, TrackerConfig};

/// Largest number of channels that is taken from bytes: a shape is allocated before it can be checked.
const MOST_CHANNELS: usize = 1 << 16;

/// The first words of a snapshot: channels, and what comes next.
fn words(bytes: &[u8]) -> Option<(usize, usize)> {
    let (words, _) = bytes.get(HEADER..)?.as_chunks::<4>();
    let word = |k: usize| words.get(k).map(|word| u32::from_le_bytes(*word) as usize);
    let (channels, next) = (word(0)?, word(1)?);
    // The basis alone is larger than that.
    (channels <= MOST_CHANNELS && next <= MAX_RANK && channels.checked_mul(next)? <= bytes.len())
        .then_some((channels, next))
}

/// Bytes in whatever form the format has them.
struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of a tracker's snapshot")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = items.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

fn serialise<S: Serializer>(tracker: &impl Snapshot, serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = vec![0; tracker.snapshot_len()];
    tracker.save(&mut bytes).map_err(S::Error::custom)?;
    serializer.serialize_bytes(&bytes)
}

macro_rules! by_snapshot {
    ($tracker:ty, $make:expr) => {
        impl Serialize for $tracker {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialise(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $tracker {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bytes = deserializer.deserialize_byte_buf(Bytes)?;
                let (channels, next) =
                    words(&bytes).ok_or_else(|| D::Error::custom("not a tracker's snapshot"))?;
                let mut tracker: $tracker = $make(channels, next).map_err(D::Error::custom)?;
                tracker.restore(&bytes).map_err(D::Error::custom)?;
                Ok(tracker)
            }
        }
    };
}

/// The rank is part of the snapshot.
fn any(rank: usize) -> TrackerConfig {
    TrackerConfig { rank, ..TrackerConfig::default() }
}

by_snapshot!(DynFapi, |n, rank| DynFapi::new(n, &any(rank)));
by_snapshot!(DynIncrementalSvd, |n, directions| DynIncrementalSvd::new(n, directions, &any(1)));
by_snapshot!(DynFrequentDirections, |n, axes| DynFrequentDirections::new(n, axes, &any(1)));
