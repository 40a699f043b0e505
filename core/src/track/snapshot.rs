//! A tracker's state as bytes, and back: a node that restarts goes on where it was, bit for bit.
//!
//! ```text
//! offset  bytes  little-endian
//!      0      4  "ESTK"
//!      4      2  version of this format, 2. Raised by any change of the layout or of the meaning of a field, in any tracker
//!      6      1  kind of tracker: 1 Fapi, 2 IncrementalSvd, 3 FrequentDirections
//!      7      1  number of words w
//!      8      4  length of the whole in bytes
//!     12    4·w  words: counts and positions; the first is the number of channels
//!            4·f  floats, all finite
//!      …      4  CRC-32 (ISO-HDLC) of everything before
//! ```
//!
//! Restoring is a total function from bytes to a tracker or an error, and an error leaves the tracker as it was. The checksum finds accidents, not
//! forgeries: every number is checked for its range besides, so that no bytes make a tracker that could panic or never recover.

use core::fmt;

const MAGIC: [u8; 4] = *b"ESTK";

/// Version of the format.
const VERSION: u16 = 3;

/// Bytes before the words.
const HEADER: usize = 12;

/// Bytes of the checksum.
const TRAILER: usize = 4;

/// A tracker whose state can be saved.
pub trait Snapshot {
    /// Bytes that [`Self::save`] writes at present. Changes with the rank, and for `FrequentDirections` from frame to frame.
    fn snapshot_len(&self) -> usize;

    /// Writes the state to the front of `bytes`, and returns how many bytes that took. Settings that shape the state (rank, memory) are
    /// part of it.
    ///
    /// # Errors
    /// [`SnapshotError::Length`] if `bytes` is too short.
    fn save(&self, bytes: &mut [u8]) -> Result<usize, SnapshotError>;

    /// Takes over the state in `bytes`, which are those of one snapshot and no more. Goes on bit for bit where [`Self::save`] was called.
    ///
    /// # Errors
    /// If the bytes are not such a state, or one of another shape; the tracker is then as it was.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError>;
}

/// Why a snapshot was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// There are fewer or more bytes than there should be: cut off, or not the buffer's size.
    Length {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// It does not begin like a snapshot.
    NotASnapshot,
    /// It was written in another version of the format.
    Version {
        /// That version.
        found: u16,
    },
    /// It is of another kind of tracker.
    Kind {
        /// Its number in the format.
        found: u8,
    },
    /// The checksum does not fit: bits were changed.
    Damaged,
    /// The tracker has another shape.
    Shape {
        /// What differs: `channels`, `rank`, `directions`, `axes`.
        field: &'static str,
        /// In the snapshot.
        found: u32,
        /// In the tracker: the exact number, or the largest for `rank`.
        expected: u32,
    },
    /// A number has a value that no tracker has.
    OutOfRange {
        /// Which one.
        field: &'static str,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => {
                write!(f, "a snapshot of {expected} bytes, but there are {found}")
            }
            Self::NotASnapshot => f.write_str("not a tracker's snapshot"),
            Self::Version { found } => write!(f, "snapshot version {found} is not supported, only {VERSION}"),
            Self::Kind { found } => write!(f, "a snapshot of another kind of tracker ({found})"),
            Self::Damaged => f.write_str("the snapshot is damaged: its checksum does not fit"),
            Self::Shape { field, found, expected } => {
                write!(f, "a snapshot of another shape: {field} is {found}, and {expected} in the tracker")
            }
            Self::OutOfRange { field } => write!(f, "{field} in the snapshot has no possible value"),
        }
    }
}

impl core::error::Error for SnapshotError {}

/// Bytes of a snapshot with so many words and floats.
pub(super) const fn length(words: usize, floats: usize) -> usize {
    HEADER + 4 * (words + floats) + TRAILER
}

/// Writes words, then floats.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    /// Of a snapshot with these words and that many floats.
    pub(super) fn new(
        bytes: &'a mut [u8],
        kind: u8,
        words: &[u32],
        floats: usize,
    ) -> Result<Self, SnapshotError> {
        let (expected, found) = (length(words.len(), floats), bytes.len());
        let bytes = bytes.get_mut(..expected).ok_or(SnapshotError::Length { expected, found })?;
        let mut writer = Self { bytes, at: 0 };
        writer.put(&MAGIC);
        writer.put(&VERSION.to_le_bytes());
        writer.put(&[kind, words.len() as u8]);
        writer.put(&(expected as u32).to_le_bytes());
        words.iter().for_each(|word| writer.put(&word.to_le_bytes()));
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) {
        if let Some(slot) = self.bytes.get_mut(self.at..self.at + bytes.len()) {
            slot.copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }

    pub(super) fn floats(mut self, values: &[f32]) -> Self {
        values.iter().for_each(|value| self.put(&value.to_le_bytes()));
        self
    }

    /// Adds the checksum; returns the length of the whole.
    pub(super) fn finish(mut self) -> usize {
        debug_assert_eq!(self.at + TRAILER, self.bytes.len());
        let sum = crc32(self.bytes.get(..self.at).unwrap_or_default());
        self.put(&sum.to_le_bytes());
        self.at
    }
}

/// The words and floats of a snapshot whose frame is in order.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a, const W: usize> {
    pub(super) words: [u32; W],
    floats: &'a [[u8; 4]],
}

impl<'a, const W: usize> Reader<'a, W> {
    /// Checks everything that does not need the tracker, and that its floats are finite.
    pub(super) fn open(bytes: &'a [u8], kind: u8) -> Result<Self, SnapshotError> {
        let found = bytes.len();
        let expected = length(W, 0);
        let short = SnapshotError::Length { expected, found };
        let (magic, rest) = bytes.split_first_chunk::<4>().ok_or(short)?;
        if *magic != MAGIC {
            return Err(SnapshotError::NotASnapshot);
        }
        let (version, rest) = rest.split_first_chunk::<2>().ok_or(short)?;
        let version = u16::from_le_bytes(*version);
        if version != VERSION {
            return Err(SnapshotError::Version { found: version });
        }
        let (&[its_kind, words], rest) = rest.split_first_chunk::<2>().ok_or(short)?;
        let (stated, _) = rest.split_first_chunk::<4>().ok_or(short)?;
        let expected = u32::from_le_bytes(*stated) as usize;
        if found != expected {
            return Err(SnapshotError::Length { expected, found });
        }
        let (content, sum) = bytes.split_last_chunk::<TRAILER>().ok_or(short)?;
        if crc32(content) != u32::from_le_bytes(*sum) {
            return Err(SnapshotError::Damaged);
        }
        if its_kind != kind {
            return Err(SnapshotError::Kind { found: its_kind });
        }
        let (items, rest) = content.get(HEADER..).unwrap_or_default().as_chunks::<4>();
        let (head, floats) = items.split_first_chunk::<W>().ok_or(short)?;
        if usize::from(words) != W || !rest.is_empty() {
            return Err(SnapshotError::OutOfRange { field: "words" });
        }
        if !floats.iter().all(|float| f32::from_le_bytes(*float).is_finite()) {
            return Err(SnapshotError::OutOfRange { field: "floats" });
        }
        Ok(Self { words: head.map(u32::from_le_bytes), floats })
    }

    /// The floats, if there are as many as there should be.
    pub(super) fn floats(&self, count: usize) -> Result<Floats<'a>, SnapshotError> {
        let (expected, found) = (length(W, count), length(W, self.floats.len()));
        if expected == found {
            Ok(Floats(self.floats))
        } else {
            Err(SnapshotError::Length { expected, found })
        }
    }
}

/// Floats that are taken one after the other; zeros after the last.
#[derive(Clone, Copy, Debug)]
pub struct Floats<'a>(&'a [[u8; 4]]);

impl Floats<'_> {
    /// No floats at all.
    pub(super) const NONE: Self = Self(&[]);

    /// Those that come after `count` of them.
    pub(super) fn after(mut self, count: usize) -> Self {
        self.take(count);
        self
    }

    pub(super) fn next(&mut self) -> f32 {
        let (first, rest) = self.0.split_first().unwrap_or((&[0; 4], &[]));
        self.0 = rest;
        f32::from_le_bytes(*first)
    }

    /// The next `count` of them.
    pub(super) fn take(&mut self, count: usize) -> Self {
        let (first, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        Self(first)
    }

    pub(super) fn fill(&mut self, values: &mut [f32]) {
        values.iter_mut().for_each(|value| *value = self.next());
    }
}

/// Orthonormality error that no running tracker has.
const NO_BASIS: f32 = 1e-2;

/// Refuses n×r floats at the front that are not an orthonormal basis.
pub(super) fn orthonormal(field: &'static str, floats: Floats<'_>, n: usize) -> Result<(), SnapshotError> {
    for (j, a) in floats.0.chunks_exact(n.max(1)).enumerate() {
        for (k, b) in floats.0.chunks_exact(n.max(1)).enumerate().take(j + 1) {
            let products = a.iter().zip(b).map(|(a, b)| f32::from_le_bytes(*a) * f32::from_le_bytes(*b));
            let error = products.sum::<f32>() - if j == k { 1.0 } else { 0.0 };
            if error.abs() > NO_BASIS || error.is_nan() {
                return Err(SnapshotError::OutOfRange { field });
            }
        }
    }
    Ok(())
}

/// Refuses floats that are not all within `range`.
pub(super) fn all_within(
    field: &'static str,
    floats: Floats<'_>,
    range: core::ops::RangeInclusive<f32>,
) -> Result<(), SnapshotError> {
    let mut values = floats.0.iter().map(|float| f32::from_le_bytes(*float));
    if values.all(|value| range.contains(&value)) { Ok(()) } else { Err(SnapshotError::OutOfRange { field }) }
}

/// Refuses a mean so large that every deviation from it overflows: no frame would ever be judged again.
pub(super) fn mean(floats: Floats<'_>) -> Result<(), SnapshotError> {
    all_within("mean", floats, -1e18..=1e18)
}

/// Refuses another shape.
pub(super) fn same(field: &'static str, found: u32, expected: usize) -> Result<usize, SnapshotError> {
    if found as usize == expected {
        Ok(expected)
    } else {
        Err(SnapshotError::Shape { field, found, expected: expected as u32 })
    }
}

/// Refuses a count or position outside `0..=most`.
pub(super) fn at_most(field: &'static str, found: u32, most: usize) -> Result<usize, SnapshotError> {
    if found as usize <= most { Ok(found as usize) } else { Err(SnapshotError::OutOfRange { field }) }
}

/// Refuses a number outside `range`.
pub(super) fn within(
    field: &'static str,
    value: f32,
    range: core::ops::RangeInclusive<f32>,
) -> Result<f32, SnapshotError> {
    if range.contains(&value) { Ok(value) } else { Err(SnapshotError::OutOfRange { field }) }
}

/// CRC-32/ISO-HDLC, as Ethernet and zip have it.
fn crc32(bytes: &[u8]) -> u32 {
    // Without a table: a kilobyte of flash for something that happens once an hour.
    const CRC: crc::Crc<u32, crc::NoTable> = crc::Crc::<u32, crc::NoTable>::new(&crc::CRC_32_ISO_HDLC);
    CRC.checksum(bytes)
}

/// Trackers of run-time shape are serialised as the bytes of their snapshot, which hold the shape. (One of static shape has
/// [`Snapshot::save`]: its shape is known, and there may be no heap.)
#[cfg(all(feature = "serde", feature = "alloc"))]
mod serialise;

#[cfg(test)]
mod tests;
