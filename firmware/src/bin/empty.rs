//! The runtime, the recording and a loop over it, without a monitor: what the flash of the other images is compared with.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use cortex_m_rt::entry;
use semihosting::process;

#[entry]
fn main() -> ! {
    for frame in eigenstream_firmware::frames() {
        black_box(frame);
    }
    process::exit(0)
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    process::exit(101)
}
