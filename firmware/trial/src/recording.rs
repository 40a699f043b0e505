//! Eight channels from the smart watch's six.

use crate::{CHANNELS, Frame};

/// The rows of `examples/watch-imu.csv` as frames: acceleration x, y, z in g, rotation x, y, z in rad/s, and the two magnitudes.
/// Neither the time nor a row that is not six numbers becomes a frame.
///
/// The numbers are parsed where the image is built, by the standard library, whose parser is exact: the image holds their bits.
pub fn frames(csv: &str) -> impl Iterator<Item = Frame> {
    csv.lines().skip(1).filter_map(frame)
}

fn frame(line: &str) -> Option<Frame> {
    let mut frame = [0.0; CHANNELS];
    let mut cells = line.split(',').skip(1);
    for x in &mut frame[..6] {
        *x = cells.next()?.trim().parse().ok()?;
    }
    frame[6] = magnitude(&frame[..3]);
    frame[7] = magnitude(&frame[3..6]);
    Some(frame)
}

fn magnitude(v: &[f32]) -> f32 {
    libm::sqrtf(v.iter().map(|x| x * x).sum())
}

/// Frames from the blob they were stored in, little-endian, channel by channel.
pub fn decode(blob: &[u8]) -> impl Iterator<Item = Frame> {
    let (frames, _) = blob.as_chunks::<{ 4 * CHANNELS }>();
    frames.iter().map(|bytes| {
        let (words, _) = bytes.as_chunks::<4>();
        core::array::from_fn(|i| f32::from_le_bytes(words[i]))
    })
}

#[cfg(test)]
mod tests {
    use super::{decode, frames};

    #[test]
    fn rows_become_frames_and_come_back_from_their_bytes() {
        let csv = "t,a,b,c,d,e,f\n0.0,3,4,0,0,-5,12\n0.1,1,2\n0.2,0,0,-1.5,1,2,2\n";
        let rows: [_; 2] = core::array::from_fn(|i| frames(csv).nth(i).unwrap());
        assert_eq!(rows[0], [3.0, 4.0, 0.0, 0.0, -5.0, 12.0, 5.0, 13.0]);
        assert_eq!(rows[1], [0.0, 0.0, -1.5, 1.0, 2.0, 2.0, 1.5, 3.0]);
        assert_eq!(frames(csv).count(), 2);
        let mut blob = [0; 64];
        for (bytes, x) in blob.chunks_exact_mut(4).zip(rows.as_flattened()) {
            bytes.copy_from_slice(&x.to_le_bytes());
        }
        assert!(decode(&blob).eq(rows));
    }
}
