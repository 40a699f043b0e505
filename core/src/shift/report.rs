//! What changed: since when, of which kind, in which channels, by how much.

use super::MAX_CHANNELS;
use super::bets::Family;
use super::geometry::{Geometry, Spectra};

/// What kind of change the evidence fits best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Kind {
    /// The level.
    #[default]
    Mean,
    /// The size of the variation, in one or more directions.
    Scale,
    /// The directions of variation turned; their sizes stayed.
    Rotation,
    /// A direction of variation rose out of the noise floor, or sank into it.
    Rank,
    /// The variation outside the leading directions, all over.
    NoiseFloor,
    /// A channel stopped: missing, constant, or without its variation.
    DeadChannel,
    /// A channel that was constant or missing came to life.
    ReturnedChannel,
    /// One channel is multiplied by another factor; its correlations stayed.
    Gain,
}

/// A change. At the alarm it is based on the frames since the onset as far as the winning bet remembers them; then it gets better with
/// every frame until it is final.
///
/// Arrays hold a value for each channel, 0 beyond the last. Levels and sizes are in the units of the input; of channels that are watched as
/// differences ([`Status::differenced`](super::Status::differenced)) they are those of the differences.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ShiftReport {
    /// Frame that raised the alarm, counted from 0.
    pub alarm_frame: u64,
    /// Frame of the onset: the likeliest one under the winning bet.
    pub onset_frame: u64,
    /// The onset is hardly earlier: half its age before it, and the frames that the winning bet needed to learn what to bet on; not below the first
    /// frame watched.
    pub onset_earliest: u64,
    /// The onset is hardly later: half its age after it.
    pub onset_latest: u64,
    /// The kind.
    pub kind: Kind,
    /// Whether the report will not change any more.
    pub is_final: bool,
    /// Frames since the onset that it is based on (an effective number before refinement).
    pub frames: f32,
    /// Channels, the most telling first; `ranked` of them.
    pub ranking: [u8; MAX_CHANNELS],
    /// Entries of `ranking`.
    pub ranked: u8,
    /// The first so many of `ranking` are supported by the evidence: they carry the change.
    pub carriers: u8,
    /// Divergence in nats a frame of the new state from the old one, in the carriers.
    pub nats: f32,
    /// Level before, and standard deviation.
    pub mean_before: [f32; MAX_CHANNELS],
    /// Standard deviation before.
    pub deviation_before: [f32; MAX_CHANNELS],
    /// Level after, from the frames after the alarm; equal to that before until there are some.
    pub mean_after: [f32; MAX_CHANNELS],
    /// Standard deviation after.
    pub deviation_after: [f32; MAX_CHANNELS],
    /// Spectrum and angles.
    pub geometry: Geometry,
    /// The state that was left, counted from 0 in the order of their discovery.
    pub left_regime: u32,
    /// The known state that this change leads back to, if it is one of the last few and enough frames were seen to tell.
    pub returned_to: Option<u32>,
}

impl ShiftReport {
    /// The channels that carry the change, the most telling first.
    #[must_use]
    pub fn channels(&self) -> &[u8] {
        &self.ranking[..usize::from(self.carriers)]
    }
}

/// What the classification looks at.
pub(crate) struct Facts<'a> {
    pub(crate) family: Family,
    /// Channels that varied before, as bits.
    pub(crate) varying: u32,
    /// Channels in the joint bets, and n the number of frames since the onset.
    pub(crate) d: usize,
    pub(crate) frames: f32,
    /// ½δᵀΣ₀⁻¹δ and ½[tr B − ln det B − d], nats a frame.
    pub(crate) mean_nats: f32,
    pub(crate) scale_nats: f32,
    /// If the gain of one channel explains the change of covariance: whether it was correlated with another one.
    pub(crate) gain: Option<bool>,
    /// Eigenvalues of Σ₀⁻¹Σ₁, descending.
    pub(crate) ratios: &'a [f32],
    pub(crate) spectra: &'a Spectra,
    pub(crate) geometry: &'a Geometry,
    pub(crate) report: &'a ShiftReport,
}

/// A channel whose standard deviation falls below this share of what it was is dead.
const DEAD: f32 = 0.15;

/// The kind that fits best.
pub(crate) fn classify(f: &Facts) -> Kind {
    match f.family {
        Family::Loss(_) => return Kind::DeadChannel,
        Family::Return(_) => return Kind::ReturnedChannel,
        _ => {}
    }
    let d = f.d as f32;
    let first = usize::from(f.report.ranking[0]);
    let varied = f.varying >> first & 1 == 1;
    if varied && f.report.deviation_after[first] < DEAD * f.report.deviation_before[first] {
        return Kind::DeadChannel;
    }
    // Both divergences, less what estimating them from n frames adds.
    let mean = f.mean_nats - 0.5 * d / f.frames;
    let scale = f.scale_nats - 0.25 * d * (d + 1.0) / f.frames;
    if mean > scale {
        return Kind::Mean;
    }
    if let Some(related) = f.gain {
        return if related { Kind::Gain } else { Kind::Scale };
    }
    if is_noise_floor(f) {
        return Kind::NoiseFloor;
    }
    if is_rotation(f) {
        return Kind::Rotation;
    }
    if f.geometry.rank_after != f.geometry.rank_before {
        return Kind::Rank;
    }
    Kind::Scale
}

/// Whether variation rose, or fell, along all of the minor axes and not along the major ones (if there are any).
fn is_noise_floor(f: &Facts) -> bool {
    let r = usize::from(f.geometry.rank_before);
    let error = crate::math::sqrt(2.0 / f.frames);
    let minor = || (r..f.d).map(|k| f.spectra.log_ratio(k));
    let sum: f32 = minor().sum();
    let mean = sum / (f.d - r).max(1) as f32;
    // Equal variances have no axes of their own: one risen direction can lie across all of them. As many directions at all must have changed.
    let agreeing =
        f.ratios.iter().filter(|&&e| crate::math::ln(e.max(1e-6)) * mean.signum() > 0.5 * mean.abs());
    let agreeing = agreeing.count();
    let major = (0..r).fold(0.0, |m: f32, k| m.max(f.spectra.log_ratio(k).abs()));
    f.d - r >= 3
        && mean.abs() > 2.0 * error
        && 4 * agreeing >= 3 * (f.d - r)
        && (r == 0 || major < 0.5 * mean.abs() + 2.0 * error)
}

/// Whether the spectrum stayed as it was while variation rose in one direction and fell in another.
fn is_rotation(f: &Facts) -> bool {
    let error = crate::math::sqrt(2.0 / f.frames);
    let kept = (0..f.d).all(|k| {
        let (a, b) = (f.spectra.before[k], f.spectra.after[k]);
        crate::math::ln((b / a.max(f32::MIN_POSITIVE)).max(f32::MIN_POSITIVE)).abs() < 0.25 + 3.0 * error
    });
    // What χ² exceeds about once in a thousand: mean + 3.1·sd and its skew.
    let freedom = f.geometry.rotation_freedom;
    let turned =
        freedom > 0.0 && f.geometry.rotation > freedom + 4.5 * crate::math::sqrt(2.0 * freedom) + 4.0;
    let (up, down) = (f.ratios.first().copied().unwrap_or(1.0), f.ratios.last().copied().unwrap_or(1.0));
    // What one direction gained another one lost: a turn keeps the determinant.
    let (up, down) = (crate::math::ln(up.max(1e-6)), crate::math::ln(down.max(1e-6)));
    kept && turned && up > 0.0 && down < 0.0 && (up + down).abs() < 0.5 * up
}
