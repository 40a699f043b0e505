//! A monitor with the spatial view only, memory for no window: what the smallest node needs in flash and static RAM.
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
    static mut MONITOR: MaybeUninit<Monitor<8, 3, 1, 1>> = MaybeUninit::uninit();
    let Ok(monitor) = Monitor::new(black_box(&case::spatial().config)) else { process::exit(1) };
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
