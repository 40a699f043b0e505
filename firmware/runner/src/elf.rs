//! What an image takes of the chip's memories.

use std::fs;
use std::path::Path;

use object::Endianness;
use object::elf::{FileHeader32, SHF_ALLOC, SHT_NOBITS};
use object::read::elf::{FileHeader, SectionHeader};

use crate::Error;

/// Bytes in flash and in static RAM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Code, constants, and the initial values of variables.
    pub flash: u64,
    /// Variables, without the stack.
    pub ram: u64,
}

impl Size {
    /// What this image has more than `base`.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self { flash: self.flash.saturating_sub(base.flash), ram: self.ram.saturating_sub(base.ram) }
    }
}

/// Sums the sections of an ELF file that the chip holds.
pub(crate) fn size(path: &Path) -> Result<Size, Error> {
    let image = |error: Box<dyn std::error::Error + Send + Sync>| Error::Image { path: path.into(), error };
    let data = fs::read(path).map_err(|error| image(error.into()))?;
    sections(&data).map_err(|error| image(error.into()))
}

/// RAM starts here on every Cortex-M.
const RAM: u32 = 0x2000_0000;

fn sections(data: &[u8]) -> object::read::Result<Size> {
    let header = FileHeader32::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let mut size = Size::default();
    for section in header.section_headers(endian, data)? {
        if section.sh_flags(endian) & SHF_ALLOC == 0 {
            continue;
        }
        let bytes = u64::from(section.sh_size(endian));
        // Initialised variables are in both: their values wait in flash.
        if section.sh_type(endian) != SHT_NOBITS {
            size.flash += bytes;
        }
        if section.sh_addr(endian) >= RAM {
            size.ram += bytes;
        }
    }
    Ok(size)
}
