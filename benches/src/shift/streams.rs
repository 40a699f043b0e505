//! Streams of known law, and the changes that are put into them.

use crate::stats::SplitMix64;

/// Law of the innovations, each with unit variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Gaussian.
    Gaussian,
    /// Student's t with 5 degrees of freedom, independent in every channel.
    IndependentT5,
    /// One multivariate t with 5 degrees of freedom: all channels share their scale.
    EllipticalT5,
}

/// A stream without a change: autoregressive of order 1, then optionally mixed and quantised.
#[derive(Clone, Copy, Debug)]
pub struct Null {
    /// Channels.
    pub d: usize,
    /// Law of the innovations.
    pub law: Law,
    /// Autoregressive coefficient of every source.
    pub phi: f64,
    /// Whether an unknown matrix (Gaussian entries) and unknown offsets and units make channels of the sources.
    pub mixed: bool,
    /// Step of a 12-bit converter whose range is ±10 standard deviations of a source, if there is one.
    pub quantised: bool,
}

impl Null {
    /// Independent Gaussian frames of `d` channels.
    #[must_use]
    pub fn gaussian(d: usize) -> Self {
        Self { d, law: Law::Gaussian, phi: 0.0, mixed: false, quantised: false }
    }
}

/// What changes, in terms of the innovations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Variance 1 + θ along a random direction.
    Spike(f64),
    /// A shift of this length along a random direction.
    Mean(f64),
    /// One channel's variance times this.
    Variance(f64),
    /// One channel's standard deviation times .05.
    Dead,
    /// The axis of variance 9 turns by 30° towards one of variance 1, before the units of the channels are made equal.
    Rotation,
    /// Variance 1 + θ along a random direction within so many channels.
    Sparse(f64, usize),
}

/// Variances of the two axes that a rotation turns, and its angle.
const ROTATION: (f64, f64, f64) = (9.0, 1.0, std::f64::consts::FRAC_PI_6);

/// A change with its random direction drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// What changes.
    pub change: Change,
    /// Unit vector, if it has a direction.
    pub direction: Vec<f64>,
    /// Channels that carry it.
    pub channels: Vec<usize>,
}

impl Change {
    /// Draws direction and channels in `d` channels.
    pub fn draw(self, d: usize, random: &mut Normals) -> Drawn {
        let mut channels: Vec<usize> = match self {
            Self::Variance(_) | Self::Dead => vec![random.below(d)],
            Self::Rotation => vec![0, d - 1],
            _ => (0..d).collect(),
        };
        if let Self::Sparse(_, k) = self {
            // Fisher–Yates, the first k.
            (0..k).for_each(|i| channels.swap(i, i + random.below(d - i)));
            channels.truncate(k);
        }
        let mut direction = vec![0.0; d];
        channels.iter().for_each(|&j| direction[j] = random.normal());
        if matches!(self, Self::Sparse(..)) {
            // Equal shares: which of the channels carry it is then well defined.
            channels.iter().for_each(|&j| direction[j] = direction[j].signum());
        }
        let length = direction.iter().map(|u| u * u).sum::<f64>().sqrt();
        direction.iter_mut().for_each(|u| *u /= length);
        Drawn { change: self, direction, channels }
    }
}

impl Drawn {
    /// Puts the change into one frame of innovations.
    pub fn apply(&self, z: &mut [f64]) {
        let along = || z.iter().zip(&self.direction).map(|(z, u)| z * u).sum::<f64>();
        match self.change {
            Change::Spike(theta) | Change::Sparse(theta, _) => {
                let gain = ((1.0 + theta).sqrt() - 1.0) * along();
                z.iter_mut().zip(&self.direction).for_each(|(z, u)| *z += gain * u);
            }
            Change::Mean(size) => z.iter_mut().zip(&self.direction).for_each(|(z, u)| *z += size * u),
            Change::Variance(ratio) => z[self.channels[0]] *= ratio.sqrt(),
            Change::Dead => z[self.channels[0]] *= 0.05,
            Change::Rotation => {
                let (a, b) = (ROTATION.0.sqrt(), ROTATION.1.sqrt());
                let (sin, cos) = ROTATION.2.sin_cos();
                let (i, j) = (self.channels[0], self.channels[1]);
                let (x, y) = (a * z[i], b * z[j]);
                (z[i], z[j]) = ((cos * x - sin * y) / a, (sin * x + cos * y) / b);
            }
        }
    }

    /// ln of the likelihood ratio of one frame of innovations, Gaussian, changed against unchanged.
    #[must_use]
    pub fn log_likelihood(&self, z: &[f64]) -> f64 {
        let along = || z.iter().zip(&self.direction).map(|(z, u)| z * u).sum::<f64>();
        let variance = |z: f64, v: f64| 0.5 * z * z * (1.0 - 1.0 / v) - 0.5 * v.ln();
        match self.change {
            Change::Spike(theta) | Change::Sparse(theta, _) => variance(along(), 1.0 + theta),
            Change::Mean(size) => size * along() - 0.5 * size * size,
            Change::Variance(ratio) => variance(z[self.channels[0]], ratio),
            Change::Dead => variance(z[self.channels[0]], 0.0025),
            Change::Rotation => {
                let (a, b) = (ROTATION.0.sqrt(), ROTATION.1.sqrt());
                let (sin, cos) = ROTATION.2.sin_cos();
                let (i, j) = (self.channels[0], self.channels[1]);
                let (x, y) = (a * z[i], b * z[j]);
                let (x, y) = ((cos * x + sin * y) / a, (cos * y - sin * x) / b);
                0.5 * (z[i] * z[i] + z[j] * z[j] - x * x - y * y)
            }
        }
    }
}

/// Normal numbers from a seed.
#[derive(Clone, Debug)]
pub struct Normals {
    uniform: SplitMix64,
    spare: Option<f64>,
}

impl Normals {
    /// A source whose sequence depends on `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { uniform: SplitMix64::new(seed), spare: None }
    }

    /// Standard normal, by Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (u, v) = (2.0 * self.uniform.uniform() - 1.0, 2.0 * self.uniform.uniform() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * s.ln() / s).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }

    /// Uniform in `0..n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.uniform.below(n)
    }

    /// √(5/χ²₅)·√(3/5): what turns a normal number into one of Student's t₅ of unit variance.
    fn t5_scale(&mut self) -> f64 {
        let chi2: f64 = (0..5).map(|_| self.normal().powi(2)).sum();
        (3.0 / chi2).sqrt()
    }
}

/// A running stream.
#[derive(Clone, Debug)]
pub struct Stream {
    null: Null,
    random: Normals,
    state: Vec<f64>,
    z: Vec<f64>,
    /// d×d, row by row, and offsets.
    mixing: Vec<f64>,
    frame: Vec<f32>,
    /// What changed, from now on.
    pub change: Option<Drawn>,
}

impl Stream {
    /// A stream in its stationary state.
    #[must_use]
    pub fn new(null: Null, seed: u64) -> Self {
        let d = null.d;
        let mut random = Normals::new(seed);
        let mixing = (0..d * (d + 1)).map(|_| random.normal()).collect();
        let state = (0..d).map(|_| random.normal() / (1.0 - null.phi * null.phi).sqrt()).collect();
        Self { null, random, state, z: vec![0.0; d], mixing, frame: vec![0.0; d], change: None }
    }

    /// The source of randomness, to draw a change from.
    pub fn random(&mut self) -> &mut Normals {
        &mut self.random
    }

    /// The next frame.
    pub fn frame(&mut self) -> &[f32] {
        let Self { null, random, state, z, mixing, frame, change } = self;
        let d = null.d;
        z.iter_mut().for_each(|z| *z = random.normal());
        match null.law {
            Law::Gaussian => {}
            Law::IndependentT5 => z.iter_mut().for_each(|z| *z *= random.t5_scale()),
            Law::EllipticalT5 => {
                let scale = random.t5_scale();
                z.iter_mut().for_each(|z| *z *= scale);
            }
        }
        if let Some(change) = change {
            change.apply(z);
        }
        state.iter_mut().zip(&*z).for_each(|(x, z)| *x = null.phi * *x + z);
        let sd = 1.0 / (1.0 - null.phi * null.phi).sqrt();
        for (j, out) in frame.iter_mut().enumerate() {
            let mut x = state[j];
            if null.mixed {
                let row = &mixing[j * d..(j + 1) * d];
                let mix: f64 = row.iter().zip(&*state).map(|(a, x)| a * x).sum();
                // Offsets of ten, units from 10⁻⁴ to 10⁴.
                x = (mix + 10.0 * mixing[d * d + j]) * 10f64.powi((j % 9) as i32 - 4);
            }
            if null.quantised {
                let step = 20.0 * sd / 4096.0;
                x = (x / step).round().clamp(-2048.0, 2047.0) * step;
            }
            *out = x as f32;
        }
        frame
    }
}
