//! Faults of known place planted into recordings and noise: what the level misses on one scale and on two, at the same rate of false alarms.
//!
//! This is where the scales of the level were chosen, and not on the labelled faults of SKAB. Each stretch of a stream is run as it is,
//! which gives the share of false alarms, and once for each fault; both at several wanted rates, between which is interpolated.

mod streams;

use std::path::Path;

use eigenstream_core::monitor::{Config, DynMonitor};

use crate::data::Result;
use crate::output::Report;
use crate::parallel;
use crate::table::{Align, Table};
use streams::Stretch;

/// Wanted frames per falsely alarmed frame.
const WANTED: [f32; 5] = [10.0, 30.0, 100.0, 500.0, 3_000.0];

/// The share of false alarms at which configurations are compared.
const FALSE_ALARMS: f64 = 0.02;

/// Sizes in standard deviations of the channel over the stretch, and lengths in frames.
const SIZES: [f32; 5] = [0.5, 1.0, 2.0, 3.0, 5.0];
const LENGTHS: [usize; 5] = [20, 60, 200, 600, 1_000];

/// Frames after a fault in which alarms are counted as its tail.
const TAIL: usize = 300;

/// How a fault grows over its length.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Step,
    Ramp,
    Bump,
}

#[derive(Clone, Copy, Debug)]
struct Fault {
    shape: Shape,
    size: f32,
    length: usize,
    /// The channel, or all with alternating signs.
    channel: Option<usize>,
}

/// How much of its past a stream has before the fault.
#[derive(Clone, Copy, Debug)]
struct Age {
    key: &'static str,
    warm_up: usize,
    onset: usize,
}

const AGES: [Age; 2] =
    [Age { key: "known", warm_up: 1_000, onset: 2_000 }, Age { key: "young", warm_up: 400, onset: 600 }];

/// Sums over faults, at each wanted rate.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    faults: f64,
    /// Shares of their frames without an alarm, frames until the first alarm, alarms in the tail beyond those without the fault.
    missed: f64,
    delay: f64,
    tail: f64,
    false_alarms: f64,
    normal: f64,
}

type Curve = [Sums; WANTED.len()];

/// Adds the tables to `report`. `folder` is that of all recordings.
///
/// # Errors
/// If a recording cannot be read.
pub fn report(folder: &Path, quick: bool, report: &mut Report) -> Result<()> {
    report.markdown(format_args!("## Planted faults: the level on one scale and on two"));
    let stretches = streams::load(folder, if quick { 2 } else { 6 })?;
    for age in AGES {
        let curves = parallel::map(&stretches, |stretch| [1, 2].map(|scales| measure(stretch, scales, age)));
        let mut table = Table::new(
            &[("stream", Align::Left)]
                .into_iter()
                .chain(
                    ["missed, %: 1 scale", "2 scales", "delay: 1", "2", "tail: 1", "2"]
                        .map(|c| (c, Align::Right)),
                )
                .collect::<Vec<_>>(),
        );
        let mut sets: Vec<&str> = stretches.iter().map(|stretch| stretch.set).collect();
        sets.dedup();
        for set in sets {
            let of_set = |scales: usize| {
                let mut sum = Curve::default();
                for (curve, _) in curves.iter().zip(&stretches).filter(|(_, stretch)| stretch.set == set) {
                    sum.iter_mut().zip(&curve[scales]).for_each(|(a, b)| a.add(b));
                }
                sum
            };
            let curves = [of_set(0), of_set(1)];
            let cells = |of: &dyn Fn(&Sums) -> f64, scale: f64, name: &str, report: &mut Report| {
                [0, 1].map(|k| {
                    let value = scale * at_rate(&curves[k], of);
                    if value.is_nan() {
                        return "–".into();
                    }
                    report.figure(&format!("planted.{}.{set}.scales_{}.{name}", age.key, k + 1), value);
                    format!("{value:.1}")
                })
            };
            let missed = cells(&|s| s.missed / s.faults, 100.0, "missed", report);
            let delay = cells(&|s| s.delay / s.faults, 1.0, "delay", report);
            let tail = cells(&|s| s.tail / s.faults, 1.0, "tail", report);
            table.row([vec![set.to_owned()], missed.into(), delay.into(), tail.into()].concat());
        }
        report.markdown(table);
        report.markdown(format_args!(
            "Faults at frame {} of a stream, after a warm-up of {} frames; {} % of the frames without a fault are alarmed (–: more, at any wanted rate).",
            age.onset,
            age.warm_up,
            100.0 * FALSE_ALARMS,
        ));
    }
    report.markdown(format_args!(
        "Steps, ramps and bumps of {SIZES:?} standard deviations over {LENGTHS:?} frames, on one channel or on all; {} stretches. Delay: frames until \
         the first alarm, all if there is none. Tail: alarms in the {TAIL} frames after a fault, beyond those without it. The level alone: without \
         temporal views, and without what the spatial view says.",
        stretches.len(),
    ));
    Ok(())
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.faults += other.faults;
        self.missed += other.missed;
        self.delay += other.delay;
        self.tail += other.tail;
        self.false_alarms += other.false_alarms;
        self.normal += other.normal;
    }
}

/// A figure at [`FALSE_ALARMS`], interpolated over the logarithm of the realised share; that of the most generous rate if even that gives
/// fewer, NaN if even the rarest gives more.
fn at_rate(curve: &Curve, figure: impl Fn(&Sums) -> f64) -> f64 {
    let log = |s: &Sums| (s.false_alarms / s.normal + 1e-6).ln();
    let wanted = FALSE_ALARMS.ln();
    if log(&curve[0]) < wanted {
        return figure(&curve[0]);
    }
    for pair in curve.windows(2) {
        let (above, below) = (log(&pair[0]), log(&pair[1]));
        if above >= wanted && below <= wanted {
            let part = if above > below { (above - wanted) / (above - below) } else { 0.5 };
            return figure(&pair[0]) + part * (figure(&pair[1]) - figure(&pair[0]));
        }
    }
    f64::NAN
}

/// An eighth of all faults, another one for each stretch.
fn faults(stretch: &Stretch) -> Vec<Fault> {
    let mut faults = Vec::new();
    for shape in [Shape::Step, Shape::Ramp, Shape::Bump] {
        for size in SIZES {
            for length in LENGTHS {
                let channel = Some(faults.len() % stretch.channels);
                let all = faults.len().is_multiple_of(3);
                faults.push(Fault { shape, size, length, channel: channel.filter(|_| !all) });
            }
        }
    }
    faults.into_iter().skip(3 * stretch.number % 8).step_by(8).collect()
}

fn measure(stretch: &Stretch, scales: u32, age: Age) -> Curve {
    let mut curve = Curve::default();
    for (sums, wanted) in curve.iter_mut().zip(WANTED) {
        let mut config = Config::default();
        config.temporal.enabled = false;
        config.level.scales = scales;
        config.alarm.frames_per_false_alarm = wanted;
        config.alarm.warm_up_frames = age.warm_up as u32;
        let clean = alarms(stretch, &config, age.onset, None);
        sums.normal = (clean.len() - age.warm_up) as f64;
        sums.false_alarms = count(&clean[age.warm_up..]);
        for fault in faults(stretch) {
            let found = alarms(stretch, &config, age.onset, Some(fault));
            let end = age.onset + fault.length;
            let inside = &found[age.onset..end];
            let tail = end..(end + TAIL).min(found.len());
            sums.faults += 1.0;
            sums.missed += 1.0 - count(inside) / fault.length as f64;
            sums.delay += inside.iter().position(|&alarm| alarm).unwrap_or(fault.length) as f64;
            sums.tail += count(&found[tail.clone()]) - count(&clean[tail]);
        }
    }
    curve
}

fn count(alarms: &[bool]) -> f64 {
    alarms.iter().filter(|&&alarm| alarm).count() as f64
}

/// Whether the level is beyond its limit, for each frame up to 1,500 after the onset.
fn alarms(stretch: &Stretch, config: &Config, onset: usize, fault: Option<Fault>) -> Vec<bool> {
    let mut monitor = DynMonitor::new(stretch.channels, config).expect("a valid configuration");
    let mut frame = vec![0.0; stretch.channels];
    let frames = stretch.values.chunks_exact(stretch.channels).take(onset + 1_500);
    let judge = |(t, values): (usize, &[f32])| {
        frame.copy_from_slice(values);
        if let Some(fault) = fault.filter(|fault| (onset..onset + fault.length).contains(&t)) {
            let place = (t - onset) as f32 / fault.length as f32;
            let height = fault.size
                * match fault.shape {
                    Shape::Step => 1.0,
                    Shape::Ramp => place,
                    Shape::Bump => 0.5 - 0.5 * (std::f32::consts::TAU * place).cos(),
                };
            for (k, x) in frame.iter_mut().enumerate() {
                let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
                match fault.channel {
                    Some(channel) if channel == k => *x += height * stretch.deviations[k],
                    None => *x += sign * height * stretch.deviations[k],
                    Some(_) => {}
                }
            }
        }
        let verdict = monitor.process(&frame).expect("no delay without temporal views");
        !verdict.warming_up && verdict.level_score > verdict.level_limit
    };
    frames.enumerate().map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_taken_at_the_stated_rate() {
        let at = |share: f64, missed: f64| Sums {
            faults: 1.0,
            missed,
            false_alarms: share,
            normal: 1.0,
            ..Sums::default()
        };
        // Half way in the logarithm between 0.04 and 0.01.
        let curve = [at(0.2, 0.1), at(0.04, 0.2), at(0.01, 0.4), at(1e-3, 0.6), at(0.0, 0.8)];
        assert!((at_rate(&curve, |s| s.missed) - 0.3).abs() < 1e-4);
        assert!((at_rate(&[at(1e-3, 0.5); 5], |s| s.missed) - 0.5).abs() < 1e-12);
        assert!(at_rate(&[at(0.1, 0.5); 5], |s| s.missed).is_nan());
    }

    /// White noise: a step of three deviations is found at once, and what is found ends with it.
    #[test]
    fn a_large_step_is_found_and_ends() {
        let mut stretch = streams::noise("white", 4, 3_500, 1, |random, _| random);
        stretch.number = 0;
        let mut config = Config::default();
        config.temporal.enabled = false;
        config.alarm.frames_per_false_alarm = 1_000.0;
        let fault = Fault { shape: Shape::Step, size: 3.0, length: 600, channel: Some(1) };
        let found = alarms(&stretch, &config, 2_000, Some(fault));
        assert!(count(&found[2_020..2_600]) > 570.0, "{}", count(&found[2_020..2_600]));
        assert!(count(&found[2_650..]) < 20.0 && count(&found[1_000..2_000]) < 10.0);
    }
}
