//! A number that depends on every bit of a fixed run: equal digests of two builds mean equal results.

use eigenstream_core::track::{DynFapi, Judgement, SubspaceTracker};

use crate::contenders::{config, frames};

/// FNV-1a over the bits of all judgements and of the last basis, of every shape that is timed.
pub(crate) fn digest() -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |x: f32| {
        for byte in x.to_bits().to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    };
    for (n, r) in crate::SHAPES {
        let data = frames(n, r, 300, 3);
        let mut tracker = DynFapi::new(n, &config(r)).expect("a valid shape");
        let (mut residual, mut out) = (vec![0.0; n], vec![Judgement::unjudged(0); 300]);
        tracker.block(&data, &mut residual, &mut out);
        out.iter().for_each(|judgement| [judgement.q, judgement.t2].into_iter().for_each(&mut eat));
        tracker.basis().iter().copied().for_each(&mut eat);
    }
    hash
}
