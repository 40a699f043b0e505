//! Instructions by SysTick, stack by painting.
//!
//! Under `-icount shift=6` an instruction takes 64 ns of virtual time and the 25 MHz SysTick counts every 40 ns, so that
//! instructions = ticks·5/8, exactly. QEMU's cycle counter (DWT) exists but never counts. These are instructions, not cycles: a
//! division counts as one and takes fourteen.

use core::arch::asm;
use core::hint::black_box;
use core::ops::Range;
use core::ptr;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// SysTick counts down through 24 bits: at most 10.4 million instructions can be measured at once.
const WRAP: u32 = 0x00FF_FFFF;

/// Counts the instructions of calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    overhead: u32,
    /// Calls counted.
    pub calls: u32,
    /// Instructions of all of them.
    pub sum: u64,
    /// Instructions of the longest.
    pub worst: u32,
    /// Which call that was, from 0.
    pub worst_call: u32,
}

impl Meter {
    /// Starts SysTick and measures what measuring costs.
    #[must_use]
    pub fn new(timer: &mut SYST) -> Self {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(WRAP);
        timer.clear_current();
        timer.enable_counter();
        let mut meter = Self::default();
        meter.call(|| ());
        Self { overhead: meter.worst, ..Self::default() }
    }

    /// Calls `f` and counts its instructions.
    #[inline(never)]
    pub fn call<T>(&mut self, f: impl FnOnce() -> T) -> T {
        let before = SYST::get_current();
        let result = black_box(f());
        let ticks = before.wrapping_sub(SYST::get_current()) & WRAP;
        let count = (ticks * 5 / 8).saturating_sub(self.overhead);
        if count > self.worst {
            (self.worst, self.worst_call) = (count, self.calls);
        }
        self.calls += 1;
        self.sum += u64::from(count);
        result
    }

    /// Instructions of a call on average, rounded.
    #[must_use]
    pub fn mean(&self) -> u64 {
        let calls = u64::from(self.calls.max(1));
        (self.sum + calls / 2) / calls
    }
}

/// The stack below the caller, painted; [`Self::high_water`] says later how far down the paint is gone.
#[derive(Clone, Debug)]
pub struct PaintedStack {
    region: Range<usize>,
}

impl PaintedStack {
    const PAINT: u32 = 0xC0DE_CAFE;
    const DEPTH: usize = 128 * 1024;
    /// Left to the frames of the painting functions themselves.
    const MARGIN: usize = 64;

    /// Paints.
    #[must_use]
    #[inline(never)]
    pub fn new() -> Self {
        let top = (stack_pointer() - Self::MARGIN) & !3;
        let region = top - Self::DEPTH..top;
        for address in region.clone().step_by(4) {
            // SAFETY: aligned RAM below the live stack: the board has 4 MB of it, the stack starts at its end and grows down, and
            // statics lie at its other end.
            unsafe { ptr::write_volatile(address as *mut u32, Self::PAINT) };
        }
        Self { region }
    }

    /// Bytes of stack that were used since, below the caller of [`Self::new`].
    #[must_use]
    #[inline(never)]
    pub fn high_water(&self) -> usize {
        let painted = |&address: &usize| {
            // SAFETY: the region that `new` wrote.
            unsafe { ptr::read_volatile(address as *const u32) == Self::PAINT }
        };
        let clean = self.region.clone().step_by(4).take_while(painted).count();
        self.region.end + Self::MARGIN - (self.region.start + 4 * clean)
    }
}

impl Default for PaintedStack {
    fn default() -> Self {
        Self::new()
    }
}

#[inline(always)]
fn stack_pointer() -> usize {
    let sp: usize;
    // SAFETY: reads the stack pointer, nothing else.
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}
