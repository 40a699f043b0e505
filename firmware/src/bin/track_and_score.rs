//! A tracker and the score of what it sees, nothing else: what the least that scores needs in flash and static RAM.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;

use cortex_m_rt::entry;
use eigenstream_firmware::smallest::TrackAndScore;
use semihosting::process;

#[entry]
fn main() -> ! {
    static mut SMALLEST: MaybeUninit<TrackAndScore> = MaybeUninit::uninit();
    let Ok(smallest) = TrackAndScore::new() else { process::exit(1) };
    let smallest = SMALLEST.write(smallest);
    for frame in eigenstream_firmware::frames() {
        black_box(smallest.process(&frame));
    }
    process::exit(0)
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    process::exit(101)
}
