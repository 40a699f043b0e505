//! Any bytes as a tracker's snapshot: restored or refused, and the tracker works afterwards. The checksum is made to fit for half of
//! the inputs, so that what is behind it is reached too.
#![no_main]

use eigenstream_core::track::{
    Fapi, FrequentDirections, IncrementalSvd, Snapshot, SubspaceTracker, TrackerConfig,
};
use libfuzzer_sys::fuzz_target;

fn try_it(mut tracker: impl SubspaceTracker + Snapshot, bytes: &[u8]) {
    let mut before = vec![0; tracker.snapshot_len()];
    tracker.save(&mut before).expect("exactly as long as it says");
    let refused = tracker.restore(bytes).is_err();
    if refused {
        let mut after = vec![0; tracker.snapshot_len()];
        tracker.save(&mut after).expect("exactly as long as it says");
        assert_eq!(before, after, "a refused snapshot changed the tracker");
    }
    let mut residual = [0.0; 6];
    for t in 0..40 {
        let x = core::array::from_fn::<f32, 6, _>(|i| {
            if (t * i) % 11 == 7 { f32::NAN } else { (t * (i + 1) % 7) as f32 }
        });
        tracker.process(&x, &mut residual);
        assert!(residual.iter().all(|e| e.is_finite()));
    }
    let mut saved = vec![0; tracker.snapshot_len()];
    tracker.save(&mut saved).expect("exactly as long as it says");
    // A forged basis may be just good enough to be taken, and for a few frames not good enough to be taken again.
    let again = tracker.restore(&saved);
    assert!(again.is_ok() || !refused, "what was saved is restored: {again:?}");
}

/// CRC-32/ISO-HDLC.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 },
        )
    })
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if bytes.len() > 16 && bytes[7] == 16 {
        let end = bytes.len() - 4;
        let length = bytes.len() as u32;
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        let sum = crc32(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
    }
    let config = TrackerConfig { rank: 2, memory_frames: 20.0, patience_frames: 4 };
    try_it(Fapi::<6, 3>::new(&config).expect("a valid shape"), &bytes);
    try_it(IncrementalSvd::<6, 3>::new(&config).expect("a valid shape"), &bytes);
    try_it(FrequentDirections::<6, 6>::new(&config).expect("a valid shape"), &bytes);
});
