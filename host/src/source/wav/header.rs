//! The chunks before the samples, and how one sample is stored.
//!
//! Microsoft, "Multiple Channel Audio Data and WAVE Files" (2007), for WAVE_FORMAT_EXTENSIBLE;
//! EBU Tech 3306 for RF64.

use std::io::{self, Read, Seek, SeekFrom};

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
    /// Little-endian integer of `bytes` bytes (8-bit: offset binary). Full scale is 2^(`bits` − 1); the greatest
    /// code is `max`.
    Int { bytes: usize, bits: u32, max: i32 },
    /// IEEE 754, little-endian.
    F32,
    /// IEEE 754, little-endian.
    F64,
}

impl Sample {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Int { bytes, .. } => bytes,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Int { bits, .. } => format!("{bits}-bit integer"),
            Self::F32 => "32-bit float".into(),
            Self::F64 => "64-bit float".into(),
        }
    }

    /// Integers are fractions of full scale; what a float means, only its recorder knows.
    pub(super) fn unit(self) -> &'static str {
        if matches!(self, Self::Int { .. }) { "FS" } else { "" }
    }

    /// The smallest and the greatest value an integer can have, scaled as [`Sample::decode`] does.
    pub(super) fn rails(self) -> Option<(f32, f32)> {
        let Self::Int { bits, max, .. } = self else { return None };
        Some((-1.0, scaled(max, bits)))
    }

    /// The sample in `bytes` (exactly [`Sample::bytes`] of them; NaN otherwise).
    pub(super) fn decode(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::Int { .. }, &[b]) => scaled(i32::from(b) - 128, 8),
            (Self::Int { bits, .. }, &[a, b]) => scaled(i16::from_le_bytes([a, b]).into(), bits),
            (Self::Int { bits, .. }, &[a, b, c]) => scaled(i32::from_le_bytes([0, a, b, c]) >> 8, bits),
            // 24 bits in four bytes stand in the lower three; the fourth may hold anything.
            (Self::Int { bits: 24, .. }, &[a, b, c, _]) => scaled(i32::from_le_bytes([0, a, b, c]) >> 8, 24),
            (Self::Int { bits, .. }, &[a, b, c, d]) => scaled(i32::from_le_bytes([a, b, c, d]), bits),
            (Self::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::F64, bytes) => bytes.try_into().map_or(f32::NAN, |bytes| f64::from_le_bytes(bytes) as f32),
            _ => f32::NAN,
        }
    }
}

/// `code` / 2^(`bits` − 1).
fn scaled(code: i32, bits: u32) -> f32 {
    (f64::from(code) / f64::from(1_u32 << (bits - 1))) as f32
}

/// What the chunks before the samples tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) channels: u16,
    pub(super) rate_hz: u32,
    pub(super) sample: Sample,
    /// Length of the samples; `None` if the header leaves it open.
    pub(super) data_bytes: Option<u64>,
    /// Where the samples begin.
    pub(super) data_at: u64,
}

impl Header {
    pub(super) fn frame_bytes(&self) -> u64 {
        u64::from(self.channels) * self.sample.bytes() as u64
    }
}

/// Why a file is not read.
#[derive(Debug)]
pub(super) enum Refusal {
    Io(io::Error),
    Malformed { at: u64, problem: String },
    Unsupported(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

const OPEN: u32 = u32::MAX;

/// Reads up to the first sample.
pub(super) fn read(reader: &mut (impl Read + Seek)) -> Result<Header, Refusal> {
    let [magic, riff_length, form] = words(reader, 0)?;
    match &magic {
        b"RIFF" | b"RF64" => {}
        b"RIFX" => return Err(Refusal::Unsupported("a big-endian WAV file (RIFX)".into())),
        _ => return Err(Refusal::Malformed { at: 0, problem: "it does not begin with RIFF".into() }),
    }
    if &form != b"WAVE" {
        return Err(Refusal::Malformed { at: 8, problem: "a RIFF file, but not of kind WAVE".into() });
    }
    let riff_length = u32::from_le_bytes(riff_length);
    let (mut at, mut format, mut data_64) = (12, None, None);
    loop {
        let [id, length] = words(reader, at)?;
        let length = u32::from_le_bytes(length);
        at += 8;
        match &id {
            b"data" => {
                let (channels, rate_hz, sample) = format.ok_or_else(|| Refusal::Malformed {
                    at,
                    problem: "samples before their format".into(),
                })?;
                // A recorder that was killed leaves both lengths open or at 0.
                let unfinished = riff_length == OPEN || u64::from(riff_length) + 8 <= at;
                let data_bytes = match length {
                    OPEN => data_64,
                    0 if unfinished => None,
                    length => Some(u64::from(length)),
                };
                return Ok(Header { channels, rate_hz, sample, data_bytes, data_at: at });
            }
            b"fmt " => format = Some(read_format(reader, length, at)?),
            b"ds64" if length >= 16 => {
                let mut sizes = [0; 16];
                reader.read_exact(&mut sizes)?;
                let (_, data) = sizes.split_at(8);
                data_64 = data.try_into().ok().map(u64::from_le_bytes);
            }
            _ => {}
        }
        // Chunks begin at even bytes.
        at += u64::from(length) + u64::from(length % 2);
        reader.seek(SeekFrom::Start(at))?;
    }
}

/// `N` words of four bytes, found at `at`.
fn words<const N: usize>(reader: &mut impl Read, at: u64) -> Result<[[u8; 4]; N], Refusal> {
    let mut words = [[0; 4]; N];
    for word in &mut words {
        reader.read_exact(word).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Refusal::Malformed { at, problem: "the file ends before its first sample".into() }
            }
            _ => Refusal::Io(error),
        })?;
    }
    Ok(words)
}

/// The `fmt ` chunk: channels, frames per second, kind of sample.
fn read_format(reader: &mut impl Read, length: u32, at: u64) -> Result<(u16, u32, Sample), Refusal> {
    const PCM: u16 = 1;
    const FLOAT: u16 = 3;
    const EXTENSIBLE: u16 = 0xfffe;
    let malformed = |problem: &str| Refusal::Malformed { at, problem: problem.into() };
    // 40 bytes are all that is defined; shorter ones leave the rest 0.
    let mut chunk = [0_u8; 40];
    let known = chunk.len().min(length as usize);
    if known < 16 {
        return Err(malformed("the format chunk is too short"));
    }
    reader.read_exact(&mut chunk[..known]).map_err(|_| malformed("the file ends within its format chunk"))?;
    let u16_at = |i: usize| u16::from_le_bytes([chunk[i], chunk[i + 1]]);
    let (mut tag, channels, block, mut bits) = (u16_at(0), u16_at(2), u16_at(12), u16_at(14));
    let rate_hz = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
    let mut valid = bits;
    if tag == EXTENSIBLE {
        valid = u16_at(18);
        // The kind stands in the first two bytes of a GUID whose rest is always the same.
        tag = u16_at(24);
        bits = if bits == 0 { valid } else { bits };
        valid = if valid == 0 || valid > bits { bits } else { valid };
    }
    if channels == 0 {
        return Err(malformed("no channels"));
    }
    if rate_hz == 0 {
        return Err(malformed("a rate of 0 Hz"));
    }
    let bytes = usize::from(block / channels);
    if block % channels != 0 || usize::from(bits) > 8 * bytes {
        return Err(Refusal::Malformed {
            at,
            problem: format!("{channels} channels of {bits} bits in {block} bytes"),
        });
    }
    let sample = match (tag, bits, bytes) {
        (PCM, 1..=32, 1..=4) => integer(bits.into(), valid.into(), bytes),
        (FLOAT, 32, 4) => Sample::F32,
        (FLOAT, 64, 8) => Sample::F64,
        (PCM | FLOAT, ..) => {
            return Err(Refusal::Unsupported(format!("samples of {bits} bits in {bytes} bytes")));
        }
        _ => return Err(Refusal::Unsupported(format!("WAV format 0x{tag:04x} (compressed)"))),
    };
    Ok((channels, rate_hz, sample))
}

/// Valid bits stand at the upper end of the container, so full scale is that of the container;
/// a container with room for whole bytes more than `bits` (24 in 4) is the exception.
fn integer(bits: u32, valid: u32, bytes: usize) -> Sample {
    let bits = if (bits, bytes) == (24, 4) { 24 } else { 8 * bytes as u32 };
    let valid = valid.min(bits);
    let max = ((1_i64 << (bits - 1)) - (1_i64 << (bits - valid))) as i32;
    Sample::Int { bytes, bits, max }
}
