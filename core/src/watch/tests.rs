//! The whole watch: what it finds, in which channels and units, what it keeps quiet about, and that it is total.

use super::{Shift, Watch, WatchConfig};
use crate::shift::Kind;
use crate::testing::Random;
use proptest::prelude::*;
use std::f64::consts::FRAC_PI_2;
use std::vec::Vec;

/// Five channels of units 1, 2, …: two sources along orthogonal axes, and noise. `loud` is the size of the sources, `floor` that of the noise,
/// `turn` the angle in radians by which the first axis turns to a third one, in which four channels have the same part.
struct Plant {
    random: Random,
    loud: [f64; 2],
    floor: f64,
    turn: f64,
}

impl Plant {
    fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), loud: [3.0, 2.0], floor: 0.5, turn: 0.0 }
    }

    fn next(&mut self) -> [f32; 5] {
        let s = self.loud.map(|size| size * self.random.normal());
        let (sin, cos) = self.turn.sin_cos();
        let first = [1.0, -1.0, 1.0, -1.0, 0.0].map(|sign: f64| 0.5 * (cos * sign.abs() + sin * sign));
        let second = [0.5, 0.5, -0.5, -0.5, 0.8];
        core::array::from_fn(|j| {
            let x = first[j] * s[0] + second[j] * s[1] + self.floor * self.random.normal();
            ((j + 1) as f64 * x + 10.0) as f32
        })
    }
}

/// The settled shifts of a stream that `change`s after 4,000 of 6,000 frames.
fn shifts(mut change: impl FnMut(usize, &mut Plant, &mut [f32])) -> Vec<Shift> {
    let mut plant = Plant::new(7);
    let mut watch = Watch::<5, 10>::new(&WatchConfig::default()).unwrap();
    for t in 0..6000 {
        let mut x = plant.next();
        change(t, &mut plant, &mut x);
        watch.process(&x);
    }
    watch.finish();
    core::iter::from_fn(|| watch.next_shift()).collect()
}

/// The only shift, which must begin at frame 4,000.
fn only(shifts: Vec<Shift>) -> Shift {
    let [shift] = &shifts[..] else { panic!("{shifts:?}") };
    assert!(shift.onset_frame.abs_diff(4000) <= 40, "{shift:?}");
    assert!(shift.onset_earliest <= 4001 && shift.onset_latest >= shift.onset_frame, "{shift:?}");
    assert!(shift.alarm_frame >= shift.onset_frame && shift.alarm_frame < 4200, "{shift:?}");
    assert_eq!((shift.block_frames, shift.left_regime, shift.entered_regime), (1, 0, 1));
    shift.clone()
}

fn names(shift: &Shift) -> Vec<u16> {
    shift.channels.iter().map(|c| c.channel).collect()
}

#[test]
fn a_level_is_told_in_its_unit() {
    let shift = only(shifts(|t, _, x| x[3] += if t >= 4000 { 12.0 } else { 0.0 }));
    assert_eq!((shift.kind, &names(&shift)[..]), (Kind::Mean, &[3][..]));
    let c = shift.channels[0];
    assert!((c.mean_before - 10.0).abs() < 0.3 && (c.mean_after - 22.0).abs() < 1.0, "{c:?}");
    assert!((c.deviation_after / c.deviation_before - 1.0).abs() < 0.2, "{c:?}");
}

#[test]
fn a_gain_is_told_with_its_channel() {
    let shift = only(shifts(|t, _, x| x[0] = if t >= 4000 { 2.0 * (x[0] - 10.0) + 10.0 } else { x[0] }));
    assert_eq!((shift.kind, names(&shift)[0]), (Kind::Gain, 0), "{shift:?}");
    let c = shift.channels[0];
    assert!((c.deviation_after / c.deviation_before - 2.0).abs() < 0.3, "{c:?}");
}

#[test]
fn changes_of_covariance_are_found_and_a_noise_floor_is_told() {
    let turned = only(shifts(|t, plant, _| plant.turn = if t >= 3999 { FRAC_PI_2 } else { 0.0 }));
    // Some forty frames do not always tell a rotation from other changes of covariance; no channel's own size has changed.
    assert!([Kind::Rotation, Kind::Rank, Kind::Scale].contains(&turned.kind), "{turned:?}");
    assert!(
        turned.channels.iter().all(|c| (c.deviation_after / c.deviation_before - 1.0).abs() < 0.05),
        "{turned:?}"
    );
    let rank = only(shifts(|t, plant, _| plant.loud[1] = if t >= 3999 { 0.0 } else { 2.0 }));
    assert!([Kind::Rank, Kind::Scale].contains(&rank.kind) && rank.angle_deg.is_nan(), "{rank:?}");
    let floor = only(shifts(|t, plant, _| plant.floor = if t >= 3999 { 1.0 } else { 0.5 }));
    assert_eq!(floor.kind, Kind::NoiseFloor, "{floor:?}");
}

#[test]
fn channels_die_and_come_to_life() {
    for dead in [f32::NAN, 17.0, 0.0, f32::INFINITY] {
        let shift = only(shifts(|t, _, x| x[2] = if t >= 4000 { dead } else { x[2] }));
        assert_eq!((shift.kind, names(&shift)[0]), (Kind::DeadChannel, 2), "{dead} {shift:?}");
        let shift = only(shifts(|t, _, x| x[2] = if t < 4000 { dead } else { x[2] }));
        assert_eq!((shift.kind, names(&shift)[0]), (Kind::ReturnedChannel, 2), "{dead} {shift:?}");
    }
}

#[test]
fn a_flag_is_no_signal_and_its_switching_no_shift() {
    assert_eq!(shifts(|t, _, x| x[4] = if t >= 4000 { 1.0 } else { 0.0 }), []);
}

#[test]
fn a_return_is_recognised() {
    let mut plant = Plant::new(3);
    let mut watch = Watch::<5, 10>::new(&WatchConfig::default()).unwrap();
    for t in 0..16_000 {
        plant.loud[0] = if (5000..10_000).contains(&t) { 8.0 } else { 3.0 };
        watch.process(&plant.next());
    }
    watch.finish();
    let told: Vec<_> = core::iter::from_fn(|| watch.next_shift()).collect();
    let states: Vec<_> = told.iter().map(|s| (s.left_regime, s.entered_regime, s.returned_to)).collect();
    assert_eq!(states, [(0, 1, None), (1, 0, Some(0))], "{told:?}");
}

/// White noise beside a slow wave (AR(1), φ = .99), far too much past for three lags; or noise that is shut off for 80 of every 100 frames.
struct Fast {
    random: Random,
    wave: f64,
    t: usize,
}

impl Fast {
    fn next(&mut self, bursts: bool) -> f32 {
        self.t += 1;
        self.wave = 0.99 * self.wave + 0.14 * self.random.normal();
        let noise = self.random.normal();
        if bursts {
            (if self.t % 100 < 20 { noise } else { 0.01 * noise }) as f32
        } else {
            (self.wave + noise) as f32
        }
    }
}

#[test]
fn blocks_become_as_long_as_the_stream_needs() {
    for bursts in [false, true] {
        let mut fast = Fast { random: Random::new(4), wave: 0.0, t: 0 };
        let mut watch = Watch::<1, 2, 1, 10>::new(&WatchConfig::default()).unwrap();
        for t in 0..300_000 {
            let size = if t < 220_000 { 1.0 } else { 1.5 };
            watch.process(&[size * fast.next(bursts)]);
        }
        let status = watch.status();
        assert!(status.block_frames > 1, "{bursts} {status:?}");
        watch.finish();
        let told: Vec<_> = core::iter::from_fn(|| watch.next_shift()).collect();
        let [shift] = &told[..] else { panic!("{bursts} {status:?} {told:?}") };
        assert_eq!(shift.kind, Kind::Scale, "{shift:?}");
        assert!(shift.onset_frame.abs_diff(220_000) < 20 * u64::from(shift.block_frames), "{shift:?}");
        let c = shift.channels[0];
        assert!((c.deviation_after / c.deviation_before - 1.5).abs() < 0.2, "{c:?}");
    }
}

/// Twenty channels of three sources: more than are watched one by one.
fn wide(change: impl Fn(usize, &mut [f32])) -> Vec<Shift> {
    let mut random = Random::new(12);
    let mixing = random.orthonormal(20, 3);
    let mut watch = Watch::<20, 16, 7>::new(&WatchConfig::default()).unwrap();
    for t in 0..6000 {
        let s: [f64; 3] = core::array::from_fn(|k| (6.0 - k as f64) * random.normal());
        let mut x: [f32; 20] = core::array::from_fn(|j| {
            let mixed: f64 = (0..3).map(|k| mixing[(j, k)] * s[k]).sum();
            (mixed + 0.3 * random.normal()) as f32
        });
        change(t, &mut x);
        watch.process(&x);
    }
    watch.finish();
    core::iter::from_fn(|| watch.next_shift()).collect()
}

#[test]
fn a_wide_stream_is_watched_whole() {
    assert_eq!(wide(|_, _| ()), []);
    let level = only(wide(|t, x| x[11] += if t >= 4000 { 8.0 } else { 0.0 }));
    assert_eq!(names(&level)[0], 11, "{level:?}");
    assert!((level.channels[0].mean_after - level.channels[0].mean_before - 8.0).abs() < 1.0, "{level:?}");
    for dead in [f32::NAN, 0.25] {
        let dead = only(wide(|t, x| x[5] = if t >= 4000 { dead } else { x[5] }));
        assert_eq!((dead.kind, names(&dead)[0]), (Kind::DeadChannel, 5), "{dead:?}");
    }
    let noise = only(wide(|t, x| {
        let mut noise = Random::new(t as u64);
        let size = if t >= 4000 { 0.6 } else { 0.0 };
        x.iter_mut().for_each(|x| *x += size * noise.normal() as f32);
    }));
    assert_eq!(noise.kind, Kind::NoiseFloor, "{noise:?}");
}

#[test]
fn nothing_is_told_where_nothing_changes() {
    let inputs: [&dyn Fn(usize) -> [f32; 2]; 4] = [
        &|_| [5.0, -1e6],
        &|_| [f32::NAN; 2],
        &|t| [(t % 2) as f32, 3.0],
        // Pauses of any length in noise.
        &|t| if t % 3000 > 2000 { [f32::NAN; 2] } else { [Random::new(t as u64).normal() as f32, 0.0] },
    ];
    for (k, input) in inputs.iter().enumerate() {
        let mut watch = Watch::<2, 4>::new(&WatchConfig::default()).unwrap();
        (0..30_000).for_each(|t| _ = watch.process(&input(t)));
        watch.finish();
        assert_eq!(watch.next_shift(), None, "{k}");
    }
}

#[test]
fn fewer_frames_than_the_warm_up_say_nothing_and_the_status_says_so() {
    let mut random = Random::new(1);
    let mut watch = Watch::<3, 6>::new(&WatchConfig::default()).unwrap();
    let warm_up = |watch: &Watch<3, 6>| watch.status().warm_up_frames as usize;
    (0..100).for_each(|_| _ = watch.process(&random.normals(3)));
    assert_eq!((warm_up(&watch), watch.status().watched_from), (140, None));
    (0..200).for_each(|_| _ = watch.process(&random.normals(3)));
    let status = watch.status();
    assert!(
        status.watching && status.watched_from.is_some_and(|frame| (204..210).contains(&frame)),
        "{status:?}"
    );
}

#[test]
fn settings_and_shapes_out_of_range_are_refused() {
    let base = WatchConfig::default();
    let refused = |config: WatchConfig| Watch::<2, 4>::new(&config).is_err();
    assert!(refused(WatchConfig { frames_per_false_alarm: f32::NAN, ..base }));
    assert!(refused(WatchConfig { order: 2, ..base }));
    assert!(refused(WatchConfig { refine_blocks: 0, ..base }));
    assert!(refused(WatchConfig { block_frames: u32::MAX, ..base }));
    assert!(Watch::<2, 2>::new(&base).is_err());
    assert!(Watch::<2, 2>::new(&WatchConfig { block_frames: 1, ..base }).is_ok());
    assert!(Watch::<9, 15, 7>::new(&base).is_err() && Watch::<9, 16, 7>::new(&base).is_ok());
    assert!(Watch::<2, 4>::new(&base).unwrap().set_rails(2, 0.0, 1.0).is_err());
}

#[cfg(feature = "alloc")]
#[test]
fn run_time_shapes_give_the_same_bits() {
    let mut plant = Plant::new(9);
    let config = WatchConfig { frames_per_false_alarm: 1e4, ..WatchConfig::default() };
    let mut fixed = Watch::<5, 10, 5, 10>::new(&config).unwrap();
    let mut free = super::DynWatch::new(5, &config, &crate::condition::ConditionConfig::default()).unwrap();
    for t in 0..4000 {
        plant.loud[0] = if t > 2500 { 6.0 } else { 3.0 };
        let x = plant.next();
        assert_eq!(fixed.process(&x), free.process(&x), "{t}");
    }
    fixed.finish();
    free.finish();
    let told = fixed.next_shift();
    assert!(told.is_some());
    // NaN is not equal to itself.
    assert_eq!(std::format!("{told:?}"), std::format!("{:?}", free.next_shift()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Whatever the numbers, what is told is defined, in order, and within the stream.
    #[test]
    fn total_on_any_numbers(
        seed in any::<u64>(),
        block_frames in 0u32..4,
        hostile in prop::collection::vec((0usize..3000, 0usize..12, any::<f32>(), 1usize..200), 0..12),
    ) {
        let mut random = Random::new(seed);
        let config =
            WatchConfig { frames_per_false_alarm: 1000.0, warm_up_blocks: 1, block_frames, ..WatchConfig::default() };
        let (mut few, mut many) = (Watch::<3, 6>::new(&config).unwrap(), Watch::<12, 16, 7>::new(&config).unwrap());
        for t in 0..3000 {
            let mut x = random.normals(12);
            for &(start, channel, value, length) in &hostile {
                if (start..start + length).contains(&t) {
                    x[channel] = value;
                }
            }
            few.process(&x[..3]);
            many.process(&x[..12 - t % 2]);
        }
        few.finish();
        many.finish();
        let mut last = [0; 2];
        while let Some((k, s)) =
            few.next_shift().map(|s| (0, s)).or_else(|| many.next_shift().map(|s| (1, s)))
        {
            prop_assert!(s.onset_earliest <= s.onset_frame && s.onset_frame <= s.alarm_frame && s.alarm_frame < 3000);
            prop_assert!(s.onset_latest <= s.alarm_frame && s.alarm_frame >= last[k]);
            prop_assert!(!s.nats.is_nan());
            last[k] = s.alarm_frame;
        }
    }
}
