//! What a window of time says about a channel.

/// Octave bands at most.
const BANDS: usize = 4;

/// A channel with a smaller part of its samples in a window has no features there.
const FEWEST_VALID: f64 = 0.5;

/// Octave bands that a window can hold, at least four coefficients in the lowest.
fn bands(window: usize) -> usize {
    (1..=BANDS).take_while(|&band| window >> band >= 4).count()
}

/// Names of the features of one channel.
pub(super) fn names(window: usize, rate_hz: Option<f64>) -> Vec<String> {
    let (rate, unit) = rate_hz.map_or((1.0, "/frame"), |rate| (rate, " Hz"));
    let digits = |x: f64| format!("{}", (x * 1000.0).round() / 1000.0);
    let band = |b: usize| {
        let high = rate / (1_u32 << b) as f64;
        format!("{}–{}{unit}", digits(high / 2.0), digits(high))
    };
    ["mean".to_owned(), "sd".to_owned()].into_iter().chain((1..=bands(window)).map(band)).collect()
}

/// The samples of one window, frame by frame.
pub(super) struct Summary {
    samples: Vec<Vec<f64>>,
    window: usize,
}

impl Summary {
    pub(super) fn new(channels: usize, window: usize) -> Self {
        Self { samples: vec![Vec::with_capacity(window); channels], window }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.samples.first().is_none_or(Vec::is_empty)
    }

    /// Takes a frame; whether the window is full now.
    pub(super) fn push(&mut self, row: &[f32]) -> bool {
        self.samples.iter_mut().zip(row).for_each(|(samples, &x)| samples.push(f64::from(x)));
        self.samples.first().is_some_and(|samples| samples.len() >= self.window)
    }

    pub(super) fn clear(&mut self) {
        self.samples.iter_mut().for_each(Vec::clear);
    }

    /// The features of all channels, NaN where too many samples are missing.
    pub(super) fn features(&self) -> Vec<f32> {
        let bands = bands(self.window);
        self.samples.iter().flat_map(|samples| channel(samples, bands)).collect()
    }
}

/// Mean, standard deviation and root mean square of the Haar wavelet details (Haar 1910), the finest first: band b holds, roughly, the
/// frequencies from 2^−(b+1) to 2^−b per frame. All in the unit of the channel; the squares of the bands and of what is slower sum to sd².
fn channel(samples: &[f64], bands: usize) -> Vec<f32> {
    let valid: Vec<f64> = samples.iter().copied().filter(|x| x.is_finite()).collect();
    if valid.is_empty() || (valid.len() as f64) < FEWEST_VALID * samples.len() as f64 {
        return vec![f32::NAN; bands + 2];
    }
    let mean = valid.iter().sum::<f64>() / valid.len() as f64;
    let variance = valid.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / valid.len() as f64;
    let mut features = vec![mean as f32, variance.sqrt() as f32];
    // Missing samples are as usual.
    let mut level: Vec<f64> = samples.iter().map(|x| if x.is_finite() { x - mean } else { 0.0 }).collect();
    for _ in 0..bands {
        let pairs = level.chunks_exact(2);
        let details: f64 = pairs.clone().map(|p| (p[0] - p[1]) * (p[0] - p[1]) / 2.0).sum();
        features.push((details / samples.len() as f64).sqrt() as f32);
        level = pairs.map(|p| (p[0] + p[1]) * std::f64::consts::FRAC_1_SQRT_2).collect();
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_part_the_variance() {
        let samples: Vec<f64> = (0..256).map(|k| f64::from(k * k % 101)).collect();
        let all = channel(&samples, 8);
        let energy: f64 = all[2..].iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        assert!((energy / f64::from(all[1]).powi(2) - 1.0).abs() < 1e-5, "{energy} {all:?}");
    }

    #[test]
    fn an_oscillation_is_found_in_its_band() {
        // Period 6 frames: 0.167 per frame lies in the second band, 0.125–0.25.
        let samples: Vec<f64> =
            (0..240).map(|k| (f64::from(k) * std::f64::consts::TAU / 6.0).sin()).collect();
        let features = channel(&samples, 4);
        let loudest = (2..6).max_by(|&a, &b| features[a].total_cmp(&features[b])).unwrap();
        assert_eq!(names(240, Some(100.0))[loudest], "12.5–25 Hz");
        assert_eq!(names(8, None), ["mean", "sd", "0.25–0.5/frame"]);
    }

    #[test]
    fn missing_samples() {
        let mut samples = vec![2.0; 10];
        samples[3] = f64::NAN;
        assert_eq!(channel(&samples, 1), [2.0, 0.0, 0.0]);
        samples[..6].fill(f64::NAN);
        assert!(channel(&samples, 1).iter().all(|x| x.is_nan()));
        assert!(channel(&[], 1).iter().all(|x| x.is_nan()));
    }
}
