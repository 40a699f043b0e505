//! Square root by the FPU of a Cortex-M.
//!
//! Stable `core` has no `f32::sqrt`, and `libm` computes one in software on Arm without a floating-point library: 52 instructions
//! instead of three. `vsqrt.f32` is correctly rounded (Arm v7-M Architecture Reference Manual, A2.5; IEEE 754-2019, 5.4.1), and so is
//! `libm`: the bits are the same. A crate of its own, because it takes `asm!` and the core forbids `unsafe`.
#![no_std]

/// Correctly rounded square root; NaN for negative numbers, −0 for −0. Elsewhere than on Arm with a hard-float ABI it is
/// `libm::sqrtf`. Subnormal numbers count as long as nobody sets the FPU to flush them (FPSCR.FZ, which is 0 after a reset).
#[inline(always)]
#[must_use]
pub fn sqrt(x: f32) -> f32 {
    #[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
    {
        let mut bits = x.to_bits();
        // Through a core register: rustc does not offer `sreg` operands on this target yet.
        // SAFETY: reads and writes the two registers named here and nothing else. A hard-float ABI means that there is an FPU.
        unsafe {
            core::arch::asm!(
                "vmov s0, {bits}",
                "vsqrt.f32 s0, s0",
                "vmov {bits}, s0",
                bits = inout(reg) bits,
                out("s0") _,
                options(pure, nomem, nostack),
            );
        }
        f32::from_bits(bits)
    }
    #[cfg(not(all(target_arch = "arm", target_abi = "eabihf")))]
    {
        libm::sqrtf(x)
    }
}
