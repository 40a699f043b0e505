//! How samples lie in a signal file: WFDB formats 0, 8, 16, 24, 32, 61, 80, 160, 212, 310 and 311.
//!
//! signal(5) of the WFDB Applications Guide. A *unit* is the smallest whole number of bytes that holds a whole number
//! of samples: 3 bytes for 2 samples in format 212, 4 bytes for 3 in 310 and 311.

/// A signal format, named by its WFDB number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// 0: a null signal, every sample missing, no bytes in any file.
    Null,
    /// 8: first differences, one signed byte each.
    F8,
    /// 16: 16-bit two's complement, little endian.
    F16,
    /// 24: 24-bit two's complement, little endian.
    F24,
    /// 32: 32-bit two's complement, little endian.
    F32,
    /// 61: 16-bit two's complement, big endian.
    F61,
    /// 80: 8-bit offset binary.
    F80,
    /// 160: 16-bit offset binary, little endian.
    F160,
    /// 212: two 12-bit samples in three bytes.
    F212,
    /// 310: three 10-bit samples in four bytes, the third split over the spare bits.
    F310,
    /// 311: three 10-bit samples in four bytes, packed in order.
    F311,
}

impl Format {
    /// The format of a WFDB number; `None` for numbers that are unknown or not decoded here.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Some(match code {
            0 => Self::Null,
            8 => Self::F8,
            16 => Self::F16,
            24 => Self::F24,
            32 => Self::F32,
            61 => Self::F61,
            80 => Self::F80,
            160 => Self::F160,
            212 => Self::F212,
            310 => Self::F310,
            311 => Self::F311,
            _ => return None,
        })
    }

    /// The WFDB number.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::Null => 0,
            Self::F8 => 8,
            Self::F16 => 16,
            Self::F24 => 24,
            Self::F32 => 32,
            Self::F61 => 61,
            Self::F80 => 80,
            Self::F160 => 160,
            Self::F212 => 212,
            Self::F310 => 310,
            Self::F311 => 311,
        }
    }

    /// Bytes and samples of one unit. (1, 1) for the null format, which has neither.
    #[must_use]
    pub fn unit(self) -> (usize, usize) {
        match self {
            Self::Null | Self::F8 | Self::F80 => (1, 1),
            Self::F16 | Self::F61 | Self::F160 => (2, 1),
            Self::F24 => (3, 1),
            Self::F32 => (4, 1),
            Self::F212 => (3, 2),
            Self::F310 | Self::F311 => (4, 3),
        }
    }

    /// Lowest and highest code that a sample can have; the lowest is [`missing`](Self::missing) where there is one.
    #[must_use]
    pub fn range(self) -> (i32, i32) {
        match self {
            Self::F80 => (-128, 127),
            Self::F310 | Self::F311 => (-512, 511),
            Self::F212 => (-2048, 2047),
            Self::F16 | Self::F61 | Self::F160 => (-32768, 32767),
            Self::F24 => (-0x80_0000, 0x7f_ffff),
            Self::Null | Self::F8 | Self::F32 => (i32::MIN, i32::MAX),
        }
    }

    /// The code that means "no sample here".
    #[must_use]
    pub fn missing(self) -> Option<i32> {
        match self {
            Self::Null | Self::F8 => None,
            other => Some(other.range().0),
        }
    }

    /// How many samples are wholly contained in the first `bytes` bytes of a signal file.
    #[must_use]
    pub fn samples_in(self, bytes: u64) -> u64 {
        let (unit_bytes, unit_samples) = self.unit();
        let (units, rest) = (bytes / unit_bytes as u64, bytes % unit_bytes as u64);
        let tail = match (self, rest) {
            (Self::F212 | Self::F310, 2) | (Self::F310, 3) | (Self::F311, 2) => 1,
            (Self::F311, 3) => 2,
            _ => 0,
        };
        match self {
            Self::Null => 0,
            _ => (units * unit_samples as u64).saturating_add(tail),
        }
    }

    /// Appends to `out` every sample that `bytes` holds wholly; `bytes` begins at a unit.
    ///
    /// Codes are two's complement values, with the offset of formats 80 and 160 removed. Format 8 gives the
    /// differences as they stand; summing them up needs the signal's state.
    pub fn decode(self, bytes: &[u8], out: &mut Vec<i32>) {
        match self {
            Self::Null => {}
            Self::F8 => out.extend(bytes.iter().map(|&b| i32::from(b.cast_signed()))),
            Self::F80 => out.extend(bytes.iter().map(|&b| i32::from(b) - 128)),
            Self::F16 => out.extend(chunks::<2>(bytes).map(|b| i32::from(i16::from_le_bytes(b)))),
            Self::F61 => out.extend(chunks::<2>(bytes).map(|b| i32::from(i16::from_be_bytes(b)))),
            Self::F160 => {
                out.extend(chunks::<2>(bytes).map(|b| i32::from(u16::from_le_bytes(b)) - 32768));
            }
            Self::F24 => {
                out.extend(chunks::<3>(bytes).map(|[a, b, c]| i32::from_le_bytes([0, a, b, c]) >> 8))
            }
            Self::F32 => out.extend(chunks::<4>(bytes).map(i32::from_le_bytes)),
            Self::F212 => self.decode_packed::<3, 2>(bytes, out, unpack_212),
            Self::F310 => self.decode_packed::<4, 3>(bytes, out, unpack_310),
            Self::F311 => self.decode_packed::<4, 3>(bytes, out, unpack_311),
        }
    }

    /// Whole units, then what a torn last unit still holds.
    fn decode_packed<const B: usize, const S: usize>(
        self,
        bytes: &[u8],
        out: &mut Vec<i32>,
        unpack: impl Fn([u8; B]) -> [i32; S],
    ) {
        let (units, rest) = bytes.as_chunks::<B>();
        for &unit in units {
            out.extend_from_slice(&unpack(unit));
        }
        let held = self.samples_in(rest.len() as u64) as usize;
        if held > 0 {
            let mut unit = [0; B];
            unit[..rest.len()].copy_from_slice(rest);
            out.extend_from_slice(&unpack(unit)[..held]);
        }
    }
}

fn chunks<const B: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; B]> + '_ {
    bytes.as_chunks::<B>().0.iter().copied()
}

/// The low `BITS` bits of `raw` as a two's complement number.
fn signed<const BITS: u32>(raw: i32) -> i32 {
    (raw << (32 - BITS)) >> (32 - BITS)
}

fn unpack_212([a, b, c]: [u8; 3]) -> [i32; 2] {
    let (a, b, c) = (i32::from(a), i32::from(b), i32::from(c));
    [signed::<12>(a | (b & 0x0f) << 8), signed::<12>(c | (b >> 4) << 8)]
}

fn unpack_310([a, b, c, d]: [u8; 4]) -> [i32; 3] {
    let (a, b, c, d) = (i32::from(a), i32::from(b), i32::from(c), i32::from(d));
    [
        signed::<10>(a >> 1 | (b & 7) << 7),
        signed::<10>(c >> 1 | (d & 7) << 7),
        signed::<10>(b >> 3 | (d >> 3) << 5),
    ]
}

fn unpack_311(unit: [u8; 4]) -> [i32; 3] {
    let word = u32::from_le_bytes(unit).cast_signed();
    [signed::<10>(word), signed::<10>(word >> 10), signed::<10>(word >> 20)]
}

/// Appends codes in format 16. Codes beyond 16 bits lose their high bits: the caller has clamped them.
pub(super) fn encode_16(codes: &[i32], out: &mut Vec<u8>) {
    for code in codes {
        out.extend_from_slice(&code.to_le_bytes()[..2]);
    }
}

/// Appends codes in format 212; a last odd sample takes two bytes, after which nothing may follow.
pub(super) fn encode_212(codes: &[i32], out: &mut Vec<u8>) {
    for pair in codes.chunks(2) {
        let [low, high, ..] = pair[0].to_le_bytes();
        match pair.get(1).map(|second| second.to_le_bytes()) {
            Some([next_low, next_high, ..]) => {
                out.extend_from_slice(&[low, high & 0x0f | next_high << 4, next_low]);
            }
            None => out.extend_from_slice(&[low, high & 0x0f]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(format: Format, bytes: &[u8]) -> Vec<i32> {
        let mut out = Vec::new();
        format.decode(bytes, &mut out);
        assert_eq!(out.len() as u64, format.samples_in(bytes.len() as u64));
        out
    }

    #[test]
    fn published_layouts_decode() {
        assert_eq!(decoded(Format::F8, &[0x01, 0xff, 0x80]), [1, -1, -128]);
        assert_eq!(decoded(Format::F16, &[0x34, 0x12, 0x00, 0x80]), [0x1234, -32768]);
        assert_eq!(decoded(Format::F61, &[0x12, 0x34, 0x80, 0x00]), [0x1234, -32768]);
        assert_eq!(
            decoded(Format::F24, &[0x56, 0x34, 0x12, 0xff, 0xff, 0xff, 0, 0, 0x80]),
            [0x12_3456, -1, -0x80_0000]
        );
        assert_eq!(decoded(Format::F32, &[0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0x80]), [0x1234_5678, i32::MIN]);
        assert_eq!(decoded(Format::F80, &[0, 128, 255]), [-128, 0, 127]);
        assert_eq!(decoded(Format::F160, &[0, 0, 0, 0x80, 0xff, 0xff]), [-32768, 0, 32767]);
        // The first frame of MIT-BIH record 100: codes 995 and 1011.
        assert_eq!(decoded(Format::F212, &[0xe3, 0x33, 0xf3]), [995, 1011]);
        assert_eq!(decoded(Format::F212, &[0xff, 0x8f, 0x00]), [-1, -2048]);
    }

    /// The formulas of the layout table, written out once more and independently of the code above.
    #[test]
    fn ten_bit_layouts_follow_the_table() {
        let wrap = |v: i32| if v > 511 { v - 1024 } else { v };
        for seed in 0..20_000u32 {
            let unit = seed.wrapping_mul(2_654_435_761).to_le_bytes();
            let [b0, b1, b2, b3] = unit.map(i32::from);
            let by_310 = [(b0 >> 1) + 128 * (b1 & 7), (b2 >> 1) + 128 * (b3 & 7), (b1 >> 3) + 32 * (b3 >> 3)];
            assert_eq!(decoded(Format::F310, &unit), by_310.map(wrap));
            let by_311 = [b0 + 256 * (b1 & 3), (b1 >> 2) + 64 * (b2 & 0x0f), (b2 >> 4) + 16 * (b3 & 0x3f)];
            assert_eq!(decoded(Format::F311, &unit), by_311.map(wrap));
        }
    }

    #[test]
    fn a_torn_last_unit_gives_what_it_holds() {
        let bytes = [0xff, 0xff, 0xff, 0xff];
        for (format, held) in [
            (Format::F212, [0, 0, 1, 2, 2]),
            (Format::F310, [0, 0, 1, 1, 3]),
            (Format::F311, [0, 0, 1, 2, 3]),
            (Format::F24, [0, 0, 0, 1, 1]),
            (Format::F16, [0, 0, 1, 1, 2]),
            (Format::Null, [0; 5]),
        ] {
            for (length, count) in held.into_iter().enumerate() {
                assert_eq!(decoded(format, &bytes[..length]), vec![-1; count], "{format:?}");
            }
        }
    }

    #[test]
    fn numbers_and_formats_match() {
        for code in 0..1000 {
            if let Some(format) = Format::from_code(code) {
                assert_eq!(format.code(), code);
            }
        }
        assert_eq!(Format::from_code(516), None);
    }

    proptest! {
        #[test]
        fn format_16_round_trip(codes in prop::collection::vec(-32768..=32767, 0..200)) {
            let mut bytes = Vec::new();
            encode_16(&codes, &mut bytes);
            prop_assert_eq!(decoded(Format::F16, &bytes), codes);
        }

        #[test]
        fn format_212_round_trip(codes in prop::collection::vec(-2048..=2047, 0..200)) {
            let mut bytes = Vec::new();
            encode_212(&codes, &mut bytes);
            prop_assert_eq!(bytes.len(), (codes.len() * 3).div_ceil(2));
            prop_assert_eq!(decoded(Format::F212, &bytes), codes);
        }

        #[test]
        fn pieces_decode_like_the_whole(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0usize..33) {
            for format in [Format::F212, Format::F310, Format::F311, Format::F24, Format::F160] {
                let at = (cut * 12).min(bytes.len());
                let mut pieces = decoded(format, &bytes[..at]);
                // A piece that is not the last ends with a unit.
                pieces.extend(decoded(format, &bytes[at..]));
                prop_assert_eq!(pieces, decoded(format, &bytes));
            }
        }
    }
}
