//! Streams without any anomaly, of which the law is known.

use crate::stats::SplitMix64;

/// Channels of every stream.
pub const CHANNELS: usize = 8;

/// How frames are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Independent Gaussian frames.
    Gaussian,
    /// First-order autoregressive with coefficient 0.9, Gaussian.
    Autoregressive,
    /// Independent, Student's t with three degrees of freedom.
    HeavyTailed,
}

impl Law {
    /// All of them, with the name a table shows and a key.
    pub const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Gaussian, "Gaussian", "gaussian"),
        (Self::Autoregressive, "autoregressive, 0.9", "autoregressive"),
        (Self::HeavyTailed, "Student t, 3 degrees", "student"),
    ];
}

/// `frames` frames of [`CHANNELS`] channels, one after the other: three common factors, two of them in each channel, and a part of its own.
#[must_use]
pub fn stream(law: Law, frames: usize, seed: u64) -> Vec<f32> {
    let mut random = SplitMix64::new(seed);
    let memory = if law == Law::Autoregressive { 0.9_f64 } else { 0.0 };
    let fresh = (1.0 - memory * memory).sqrt();
    let mut innovation = move || {
        let z = normal(&mut random);
        if law != Law::HeavyTailed {
            return z;
        }
        let energy: f64 = (0..3).map(|_| normal(&mut random).powi(2)).sum();
        z / (energy / 3.0).sqrt()
    };
    let mut state = [0.0; 3 + CHANNELS];
    let mut values = Vec::with_capacity(frames * CHANNELS);
    for _ in 0..frames {
        for part in &mut state {
            *part = memory * *part + fresh * innovation();
        }
        let (factors, own) = state.split_at(3);
        values.extend((0..CHANNELS).map(|i| (own[i] + 2.0 * factors[i % 3] + factors[(i + 1) % 3]) as f32));
    }
    values
}

/// A standard normal number, by Box and Muller.
pub(crate) fn normal(random: &mut SplitMix64) -> f64 {
    // 1 − u lies in (0, 1], so that its logarithm is finite.
    (-2.0 * (1.0 - random.uniform()).ln()).sqrt() * (std::f64::consts::TAU * random.uniform()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_have_the_stated_moments() {
        for (law, name, _) in Law::ALL {
            let values = stream(law, 100_000, 1);
            let first = |t: usize| f64::from(values[t * CHANNELS]);
            let moment = |lag: usize| (lag..100_000).map(|t| first(t) * first(t - lag)).sum::<f64>() / 1e5;
            let (variance, lagged) = (moment(0), moment(1) / moment(0));
            // Six of the innovations' variance: 1, or 3 for t with three degrees, whose estimate has no variance itself.
            let wanted = if law == Law::HeavyTailed { 12.0..24.0 } else { 5.4..6.6 };
            assert!(wanted.contains(&variance), "{name}: {variance}");
            let memory = if law == Law::Autoregressive { 0.9 } else { 0.0 };
            assert!((lagged - memory).abs() < 0.02, "{name}: {lagged}");
        }
        assert_eq!(stream(Law::Gaussian, 5, 3), stream(Law::Gaussian, 5, 3));
    }
}
