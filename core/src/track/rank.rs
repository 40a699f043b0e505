//! How many directions a stream needs, decided from what a tracker knows of its spectrum.
//!
//! The covariance is seen as n eigenvalues: those that the tracker follows, perhaps one more of a [guard direction](RankAdapter), and
//! the mean of the others, the noise. A rule proposes a rank; the rank moves by one, after the proposal has stood for a while.
//! Reported are the rank, the spectral entropy H = −Σ p·ln p with p = λ/Σλ over all n, and the effective rank exp(H)
//! (Roy & Vetterli, EUSIPCO 2007).
//!
//! Off by default ([`RankRule::Fixed`]): a rank that moves moves Q and T² with it, and whatever was calibrated on them.

use nalgebra::{DefaultAllocator, Dim, OMatrix, OVector};

use super::SubspaceTracker;
use crate::error::{ConfigError, in_range};
use crate::linalg;
use crate::math::{exp, ln, sqrt};
use crate::shape::{Alloc, zero_matrix, zeros};

/// Smallest share of the largest eigenvalue that an eigenvalue is taken to have: `f32` products know no less.
const LEAST_SHARE: f32 = 1e-7;

/// Which rank a spectrum asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum RankRule {
    /// The rank stays as configured; entropy and effective rank are reported all the same.
    #[default]
    Fixed,
    /// Grow while the subspace holds less than `low` of the energy, shrink if one direction less would still hold `high` (SPIRIT:
    /// Papadimitriou, Sun, Faloutsos, VLDB 2005). For compression and display: what counts is energy, be it noise or not.
    Energy {
        /// 0 … `high`.
        low: f32,
        /// `low` … 1.
        high: f32,
    },
    /// Minimum description length (Wax & Kailath, IEEE Trans. ASSP 33, 1985, eq. 13) for white noise and as many independent frames as the
    /// memory holds: (1 + β)/(1 − β), divided by `frames_per_independent`. For detection: what counts is structure. Not for
    /// `FrequentDirections`, which takes the same from every energy on purpose and so leaves no white noise to compare with.
    Mdl {
        /// Frames that tell as much as one: 1 for white streams, about (1 + φ)/(1 − φ) with autocorrelation φ.
        frames_per_independent: f32,
    },
}

/// Settings of rank adaptation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct RankConfig {
    /// Who decides.
    pub rule: RankRule,
    /// Smallest rank, at least 1.
    pub min: usize,
    /// Largest rank; the tracker's own limit holds besides.
    pub max: usize,
    /// Effective memory of the tracker, in frames, 2 … 10⁷.
    pub memory_frames: f32,
    /// Variance of one entry below which nothing is signal, for example quantisation; squared units of the input.
    pub noise_floor: f32,
    /// A spectrum is looked at every so many frames, at least 1.
    pub every_frames: u32,
    /// The rank moves after so many looks in a row that ask for the same, at least 1.
    pub hold: u32,
}

impl Default for RankConfig {
    fn default() -> Self {
        Self {
            rule: RankRule::Fixed,
            min: 1,
            max: super::MAX_RANK,
            memory_frames: 5_000.0,
            noise_floor: 0.0,
            every_frames: 64,
            hold: 8,
        }
    }
}

impl RankConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        in_range("min", self.min as f64, 1.0, self.max as f64)?;
        in_range("max", self.max as f64, 1.0, super::MAX_RANK as f64)?;
        in_range("memory_frames", f64::from(self.memory_frames), 2.0, 1e7)?;
        in_range("noise_floor", f64::from(self.noise_floor), 0.0, f64::from(f32::MAX))?;
        in_range("every_frames", f64::from(self.every_frames), 1.0, f64::from(u32::MAX))?;
        in_range("hold", f64::from(self.hold), 1.0, f64::from(u32::MAX))?;
        match self.rule {
            RankRule::Fixed => Ok(()),
            RankRule::Energy { low, high } => {
                in_range("high", f64::from(high), 0.0, 1.0)?;
                in_range("low", f64::from(low), 0.0, f64::from(high))
            }
            RankRule::Mdl { frames_per_independent } => {
                in_range("frames_per_independent", f64::from(frames_per_independent), 1.0, 1e6)
            }
        }
    }
}

/// What the spectrum looked like last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankReport {
    /// The tracker's rank.
    pub rank: usize,
    /// The rank that the rule asks for; `rank` for [`RankRule::Fixed`].
    pub proposed: usize,
    /// H, 0 … ln n. NaN before the first look and for a stream without variance.
    pub entropy: f32,
    /// exp(H), 1 … n: how many directions of equal energy would have that entropy.
    pub effective_rank: f32,
}

/// n eigenvalues: those known one by one, and the mean of the others.
#[derive(Clone, Copy, Debug)]
pub struct Spectrum<'a> {
    /// Variances of tracked directions, descending, squared units of the input.
    pub tracked: &'a [f32],
    /// Variance of one more direction.
    pub guard: Option<f32>,
    /// Mean variance of the others.
    pub noise: f32,
    /// Number of channels n.
    pub channels: usize,
}

impl Spectrum<'_> {
    /// How many eigenvalues are known one by one, at most n.
    fn known(&self) -> usize {
        (self.tracked.len() + usize::from(self.guard.is_some())).min(self.channels)
    }

    /// The k-th one, 0 ≤ k < n, not below `floor`.
    fn value(&self, k: usize, floor: f32) -> f32 {
        let value = match (self.tracked.get(k), self.guard) {
            (Some(value), _) => *value,
            (None, Some(guard)) if k == self.tracked.len() => guard,
            _ => self.noise,
        };
        value.max(floor)
    }

    /// Σ λ from the k-th on, and Σ ln λ.
    fn tail(&self, k: usize, floor: f32) -> (f32, f32) {
        let (mut sum, mut logs) = (0.0, 0.0);
        for k in k..self.known() {
            let value = self.value(k, floor);
            (sum, logs) = (sum + value, logs + ln(value));
        }
        let others = (self.channels - k.max(self.known())) as f32;
        let noise = self.noise.max(floor);
        (sum + others * noise, logs + if others > 0.0 { others * ln(noise) } else { 0.0 })
    }

    /// Spectral entropy; NaN without variance.
    #[must_use]
    pub fn entropy(&self) -> f32 {
        let (total, _) = self.tail(0, 0.0);
        let part = |value: f32| {
            let p = value / total;
            if p > 0.0 { -p * ln(p) } else { 0.0 }
        };
        if !(total > 0.0 && total.is_finite()) {
            return f32::NAN;
        }
        let known = (0..self.known()).fold(0.0, |sum, k| sum + part(self.value(k, 0.0)));
        known + (self.channels - self.known()) as f32 * part(self.noise)
    }

    /// The rank that minimises the description length of `frames` independent frames: N·(n − r)·ln(mean/geometric mean of the n − r smallest
    /// eigenvalues) + ½·r·(2n − r)·ln N, r up to the number of eigenvalues known one by one.
    #[must_use]
    pub fn mdl(&self, frames: f32, floor: f32) -> usize {
        let floor = floor.max(LEAST_SHARE * self.value(0, 0.0)).max(f32::MIN_POSITIVE);
        let n = self.channels as f32;
        let (mut best, mut least) = (0, f32::INFINITY);
        for rank in 0..=self.known().min(self.channels.saturating_sub(1)) {
            let (sum, logs) = self.tail(rank, floor);
            let (r, rest) = (rank as f32, n - rank as f32);
            let length = frames * (rest * ln(sum / rest) - logs) + 0.5 * r * (2.0 * n - r) * ln(frames);
            if length < least {
                (best, least) = (rank, length);
            }
        }
        best
    }

    /// The next rank by energy, from `rank`: see [`RankRule::Energy`].
    #[must_use]
    pub fn by_energy(&self, rank: usize, low: f32, high: f32, floor: f32) -> usize {
        let (total, _) = self.tail(0, 0.0);
        let held = |rank: usize| total - self.tail(rank, 0.0).0;
        if held(rank) < low * total && self.value(rank.min(self.channels - 1), 0.0) > floor {
            rank + 1
        } else if rank > 0 && held(rank - 1) >= high * total {
            rank - 1
        } else {
            rank
        }
    }
}

/// Moves a tracker's rank with its stream.
///
/// For a tracker that follows nothing beyond its rank, such as `Fapi`, the adapter keeps a guard: the direction in which residuals vary
/// most, u ← β·u + γ·e·(eᵀu)/‖u‖ (Weng, Zhang, Hwang, IEEE Trans. PAMI 25, 2003, for one direction), whose length is the variance along
/// it. Growing adds it to the subspace.
///
/// State: N + 2·R² + R words. Cost: 4·n multiply–adds a frame, and a look at the spectrum every now and then.
#[derive(Clone, Debug, PartialEq)]
pub struct RankAdapter<N: Dim, R: Dim>
where
    DefaultAllocator: Alloc<N, R>,
{
    config: RankConfig,
    /// u.
    guard: OVector<f32, N>,
    variances: OVector<f32, R>,
    work: OMatrix<f32, R, R>,
    more: OMatrix<f32, R, R>,
    frames: u32,
    /// Looks in a row that asked for more (positive) or fewer directions.
    asked: i64,
    report: RankReport,
}

impl<N: Dim, R: Dim> RankAdapter<N, R>
where
    DefaultAllocator: Alloc<N, R>,
{
    /// An adapter for trackers of that shape.
    ///
    /// # Errors
    /// If `config` is not valid.
    pub fn with_shape(n: N, r: R, config: &RankConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let report = RankReport { rank: 0, proposed: 0, entropy: f32::NAN, effective_rank: f32::NAN };
        Ok(Self {
            config: *config,
            guard: zeros(n),
            variances: zeros(r),
            work: zero_matrix(r, r),
            more: zero_matrix(r, r),
            frames: 0,
            asked: 0,
            report,
        })
    }

    /// What the spectrum looked like last.
    #[must_use]
    pub fn report(&self) -> RankReport {
        self.report
    }

    /// To be called after every frame that the tracker learned, with the frame's residual (n entries). Changes the tracker's rank now and
    /// then, and says so by the report it returns.
    pub fn observe(&mut self, tracker: &mut impl SubspaceTracker, residual: &[f32]) -> RankReport {
        self.frames = self.frames.saturating_add(1);
        self.follow(residual);
        if self.frames.is_multiple_of(self.config.every_frames) && tracker.warming_up() == 0 {
            self.look(tracker);
        }
        self.report.rank = tracker.rank();
        if self.report.proposed == 0 {
            self.report.proposed = tracker.rank();
        }
        self.report
    }

    /// The guard follows the residuals.
    fn follow(&mut self, residual: &[f32]) {
        let gain = (1.0 / self.frames as f32).max(1.0 / self.config.memory_frames);
        let guard = &mut self.guard.as_mut_slice()[..residual.len()];
        let length = sqrt(linalg::energy(guard));
        let energy = linalg::energy(residual);
        if !energy.is_finite() {
            return;
        }
        let along = if length > 0.0 { linalg::dot(guard, residual) / length } else { sqrt(energy) };
        linalg::scale(1.0 - gain, guard);
        linalg::axpy(gain * along, residual, guard);
    }

    /// One look at the spectrum.
    fn look(&mut self, tracker: &mut impl SubspaceTracker) {
        let (n, rank) = (tracker.channels(), tracker.rank());
        let (work, more) = (self.work.as_mut_slice(), self.more.as_mut_slice());
        let known = tracker.spectrum(self.variances.as_mut_slice(), work, more);
        let guard = (known == rank && rank < n).then(|| sqrt(linalg::energy(&self.guard.as_slice()[..n])));
        let mut noise = tracker.noise_variance();
        if let Some(guard) = guard {
            // The noise so far is the mean over the guard's direction too.
            noise = ((noise * (n - rank) as f32 - guard) / (n - rank - 1).max(1) as f32).max(0.0);
        }
        let tracked = &self.variances.as_slice()[..known];
        let spectrum = Spectrum { tracked, guard, noise, channels: n };
        self.report.entropy = spectrum.entropy();
        self.report.effective_rank = exp(self.report.entropy);
        let floor = self.config.noise_floor;
        let proposed = match self.config.rule {
            RankRule::Fixed => rank,
            RankRule::Energy { low, high } => spectrum.by_energy(rank, low, high, floor),
            RankRule::Mdl { frames_per_independent } => {
                let memory = (self.frames as f32).min(2.0 * self.config.memory_frames - 1.0);
                spectrum.mdl((memory / frames_per_independent).max(2.0), floor)
            }
        };
        let most = self.config.max.min(n.saturating_sub(1)).max(1);
        self.report.proposed = proposed.clamp(self.config.min.min(most), most);
        self.step(tracker, guard.unwrap_or(0.0));
    }

    /// Moves the rank by one if it was asked for often enough.
    fn step(&mut self, tracker: &mut impl SubspaceTracker, guard: f32) {
        let (rank, proposed, hold) = (tracker.rank(), self.report.proposed, i64::from(self.config.hold));
        self.asked = match proposed.cmp(&rank) {
            core::cmp::Ordering::Greater => self.asked.max(0) + 1,
            core::cmp::Ordering::Less => self.asked.min(0) - 1,
            core::cmp::Ordering::Equal => 0,
        };
        if self.asked >= hold {
            self.asked = 0;
            if tracker.grow(&self.guard.as_slice()[..tracker.channels()], guard) {
                self.guard.fill(0.0);
            }
        } else if self.asked <= -hold {
            self.asked = 0;
            tracker.shrink();
        }
    }
}

#[cfg(test)]
mod tests;
