//! The default monitor and nothing else: what it needs in flash and static RAM.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;

use cortex_m_rt::entry;
use eigenstream_core::Monitor;
use eigenstream_trial::case;
use semihosting::process;

#[entry]
fn main() -> ! {
    static mut MONITOR: MaybeUninit<Monitor<8, 3>> = MaybeUninit::uninit();
    let Ok(monitor) = Monitor::new(black_box(&case::default().config)) else { process::exit(1) };
    let monitor = MONITOR.write(monitor);
    for frame in eigenstream_firmware::frames() {
        black_box(monitor.process(&frame));
    }
    process::exit(0)
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    process::exit(101)
}
