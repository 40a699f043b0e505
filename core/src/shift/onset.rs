//! When did it begin? The likeliest onset among the last frames, once the new state is known.
//!
//! The bets date an onset by when they began to gain, which is late by what they had to learn. When the
//! report is final the mean m and covariance C of the new innovations are known better; then each of the last [`FRAMES`] frames before the alarm is judged
//! again, ln N(z; m, C) − ln N(z; 0, I), and the onset is where the sum from there to the alarm is largest (Hinkley, Biometrika 57, 1970).

use nalgebra::{Const, DefaultAllocator, Dim, OVector};

use super::MAX_CHANNELS;
use super::moments::forward;
use crate::linalg;
use crate::math::ln;
use crate::shape::Alloc;

/// Frames that are kept.
pub(crate) const FRAMES: usize = 64;

/// Innovations are kept in steps of an eighth of a standard deviation: a byte each.
const STEPS: f32 = 8.0;

/// Onsets whose likelihood is within this many nats of the best belong to the interval.
const WITHIN: f32 = 4.0;

/// Innovations of the last frames. State: 64·D bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recent<D: Dim>
where
    DefaultAllocator: Alloc<D, D>,
{
    frames: [OVector<i8, D>; FRAMES],
    /// Where the next one goes.
    next: usize,
    held: usize,
}

/// An onset as an age in frames, the frame of the alarm being 1, and the ages between which it hardly lies outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dated {
    pub(crate) age: u64,
    pub(crate) oldest: u64,
    pub(crate) youngest: u64,
    /// Whether the frames go back far enough to tell.
    pub(crate) within: bool,
}

impl<D: Dim> Recent<D>
where
    DefaultAllocator: Alloc<D, D>,
{
    pub(crate) fn new(d: D) -> Self {
        let frame = || OVector::from_element_generic(d, Const::<1>, 0);
        Self { frames: core::array::from_fn(|_| frame()), next: 0, held: 0 }
    }

    pub(crate) fn clear(&mut self) {
        (self.next, self.held) = (0, 0);
    }

    /// Keeps the innovations of one frame, of those channels that are `live`; a frame that was not judged has none.
    pub(crate) fn push(&mut self, z: &[f32], live: u32) {
        for (j, kept) in self.frames[self.next].iter_mut().enumerate() {
            let z = if live >> j & 1 == 1 { z.get(j).copied().unwrap_or(0.0) } else { 0.0 };
            // Saturates; NaN becomes 0.
            *kept = (STEPS * z + 0.5_f32.copysign(z)) as i8;
        }
        self.next = (self.next + 1) % FRAMES;
        self.held = (self.held + 1).min(FRAMES);
    }

    /// The likeliest onset if the new innovations have `mean` and `covariance` (d×d, overwritten). `None` if the covariance is not positive
    /// definite or nothing was kept. Cost 64·d² multiply–adds.
    pub(crate) fn date(&self, mean: &[f32], covariance: &mut [f32], live: u32) -> Option<Dated> {
        let d = mean.len();
        // Channels without innovations take no part.
        for j in (0..d).filter(|j| live >> j & 1 == 0) {
            (0..d).for_each(|i| (covariance[j * d + i], covariance[i * d + j]) = (0.0, 0.0));
            covariance[j * d + j] = 1.0;
        }
        if self.held == 0 || !linalg::cholesky(covariance, d) {
            return None;
        }
        let log_det: f32 = (0..d).map(|j| ln(covariance[j * d + j])).sum();
        let (mut sums, mut sum) = ([0.0_f32; FRAMES], 0.0_f32);
        let mut best = 0;
        for age in 0..self.held {
            let frame = &self.frames[(self.next + FRAMES - 1 - age) % FRAMES];
            let (mut z, mut energy) = ([0.0; MAX_CHANNELS], 0.0);
            for (j, (z, &kept)) in z.iter_mut().zip(frame.iter()).enumerate() {
                let value = f32::from(kept) / STEPS;
                energy += value * value;
                *z = if live >> j & 1 == 1 { value - mean[j] } else { 0.0 };
            }
            sum += 0.5 * (energy - forward(covariance, &mut z[..d])) - log_det;
            sums[age] = sum;
            if sum > sums[best] {
                best = age;
            }
        }
        if !sums[best].is_finite() {
            return None;
        }
        let likely = |age: &usize| sums[*age] >= sums[best] - WITHIN;
        let youngest = (0..self.held).find(likely).unwrap_or(best);
        let oldest = (0..self.held).rev().find(likely).unwrap_or(best);
        let age = |index: usize| index as u64 + 1;
        Some(Dated {
            age: age(best),
            youngest: age(youngest),
            oldest: age(oldest),
            within: self.held < FRAMES || oldest + 1 < FRAMES,
        })
    }
}

/// Keeps of a new `mean` and `covariance` (d×d) of innovations, estimated from `frames` frames, what stands out of the estimation error: with all d(d + 3)/2
/// numbers every frame that was among those would look like the new state. The mean is shrunk (James & Stein 1961); of the eigenvalues the one that
/// tells most is kept, and others for which the gain exceeds that of d + 1 parameters by BIC. `axes` is scratch.
pub(crate) fn simplify(mean: &mut [f32], covariance: &mut [f32], axes: &mut [f32], frames: f32) {
    let d = mean.len();
    let length = linalg::energy(mean).max(f32::MIN_POSITIVE);
    let nats = 0.5 * frames * length;
    linalg::scale((1.0 - (d as f32 - 2.0).max(0.0) / (frames * length)).max(0.0), mean);
    let mut values = [1.0; MAX_CHANNELS];
    linalg::symmetric_eigen(covariance, axes, &mut values[..d]);
    let gain = |e: f32| 0.5 * frames * (e - ln(e.max(1e-6)) - 1.0);
    let cost = 0.5 * (d as f32 + 1.0) * ln(frames.max(2.0));
    let best = values[..d].iter().fold(0.0, |most: f32, &e| most.max(gain(e)));
    covariance.fill(0.0);
    (0..d).for_each(|j| covariance[j * d + j] = 1.0);
    for (&e, axis) in values[..d].iter().zip(axes.chunks_exact(d)) {
        let tells = gain(e);
        if tells > cost || (tells == best && best > nats) {
            linalg::rank_one(covariance, e.max(1e-3) - 1.0, axis, axis);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAMES, Recent};
    use crate::testing::Random;
    use nalgebra::Const;

    /// The date of a change `age` frames ago after which innovations are `mean` + `deviation`·noise in channel 1 of 3.
    fn dated(age: usize, mean: f32, deviation: f32, seed: u64) -> super::Dated {
        let (mut random, mut recent) = (Random::new(seed), Recent::new(Const::<3>));
        for k in (1..=150).rev() {
            let mut z = random.normals(3);
            if k <= age {
                z[1] = mean + deviation * z[1];
            }
            z[2] = f32::NAN; // never live
            recent.push(&z, 0b11);
        }
        let mut covariance = [0.0; 9];
        (covariance[0], covariance[4], covariance[8]) = (1.0, deviation * deviation, 0.0);
        recent.date(&[0.0, mean, 7.0], &mut covariance, 0b11).unwrap()
    }

    #[test]
    fn the_onset_is_found_and_lies_in_its_interval() {
        for (mean, deviation) in [(2.0, 1.0), (0.0, 4.0), (0.0, 0.1), (20.0, 1.0)] {
            let (mut near, mut covered) = (0, 0);
            for seed in 0..100 {
                let d = dated(20, mean, deviation, seed);
                near += u32::from(d.age.abs_diff(20) <= 3);
                covered += u32::from((d.youngest..=d.oldest).contains(&20));
                assert!(d.within && d.youngest <= d.age && d.age <= d.oldest);
            }
            assert!(near >= 80 && covered >= 90, "{mean} {deviation}: {near} {covered}");
        }
    }

    #[test]
    fn a_change_beyond_what_is_kept_is_said_to_be() {
        let d = dated(120, 2.0, 1.0, 1);
        assert!(!d.within && d.oldest == FRAMES as u64, "{d:?}");
        let recent = Recent::new(Const::<2>);
        assert_eq!(recent.date(&[0.0; 2], &mut [1.0, 0.0, 0.0, 1.0], 3), None);
    }
}
