//! Names, units and rails of a record's channels.

use std::collections::HashSet;

use super::header::Signal;
use crate::source::Channel;

/// Channels of `signals`: names from their descriptions, made unique and never empty; no rails yet.
pub(super) fn channels(signals: &[Signal]) -> Vec<Channel> {
    let mut taken = HashSet::new();
    let names = signals.iter().enumerate().map(|(index, signal)| {
        let wanted: String = signal.description.chars().filter(|c| !c.is_control()).collect();
        let wanted = if wanted.is_empty() { format!("ch{index}") } else { wanted };
        let mut name = wanted.clone();
        for number in 2.. {
            if taken.insert(name.clone()) {
                break;
            }
            name = format!("{wanted}_{number}");
        }
        name
    });
    let names: Vec<String> = names.collect();
    let units = signals.iter().map(|signal| signal.units.clone());
    names.into_iter().zip(units).map(|(name, unit)| Channel { name, unit, rails: None }).collect()
}

/// Physical values at which a signal's converter saturates, or why they cannot be told.
///
/// The header tells the codes: adc_zero − 2^(resolution−1) to adc_zero + 2^(resolution−1) − 1. They are cut to what
/// the format can carry, because a converter's lowest code that is also the code for "missing" is never delivered: the
/// lowest one that is stands in for it. Many headers tell a wrong ADC zero; if the initial value or a code of `seen`
/// (the lowest and highest of the recording's beginning) lies outside the range, the header contradicts its samples
/// and there are no rails: a rail in the middle of the signal would call half of it saturated.
///
/// `Ok(None)` if the header does not tell a resolution.
pub(super) fn rails(signal: &Signal, seen: Option<(i32, i32)>) -> Result<Option<(f32, f32)>, String> {
    if signal.adc_resolution == 0 || signal.adc_resolution > 32 {
        return Ok(None);
    }
    let half = 1i64 << (signal.adc_resolution - 1);
    let (told_low, told_high) =
        (signal.adc_zero.saturating_sub(half), signal.adc_zero.saturating_add(half - 1));
    let seen = seen.map(|(low, high)| [i64::from(low), i64::from(high)]);
    for code in seen.into_iter().flatten().chain(signal.initial) {
        if !(told_low..=told_high).contains(&code) && Some(code) != signal.format.missing().map(i64::from) {
            return Err(format!(
                "code {code} is outside {told_low} to {told_high}, the range by ADC resolution {} and zero {}; \
                 saturation is not judged",
                signal.adc_resolution, signal.adc_zero
            ));
        }
    }
    let (lowest, highest) = signal.format.range();
    let low = told_low.max(i64::from(lowest) + i64::from(signal.format.missing().is_some()));
    let high = told_high.min(i64::from(highest));
    if low >= high {
        return Ok(None);
    }
    let [a, b] = [low, high].map(|code| ((code - signal.baseline) as f64 / signal.gain) as f32);
    Ok(Some((a.min(b), a.max(b))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::wfdb::line;

    fn signal(text: &str) -> Signal {
        line::signal(text, 2, &mut |_| {}).ok().unwrap()
    }

    #[test]
    fn names_are_unique_and_never_empty() {
        let signals = ["", "ECG", "ECG", "ECG_2", ""].map(|d| signal(&format!("r.dat 16 200 0 0 0 0 0 {d}")));
        let channels = channels(&signals);
        let names: Vec<&str> = channels.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["ch0", "ECG", "ECG_2", "ECG_2_2", "ch4"]);
        assert!(channels.iter().all(|c| c.unit == "mV"));
    }

    #[test]
    fn rails_follow_resolution_and_zero() {
        let s = signal("r.dat 212 200 11 1024 995 0 0 MLII");
        assert_eq!(rails(&s, Some((10, 2047))), Ok(Some((-5.12, 5.115))));
        let inverted = signal("r.dat 16 -100(0)/mV 12 0 0 0 0 x");
        assert_eq!(rails(&inverted, None), Ok(Some((-20.47, 20.48))));
        assert_eq!(rails(&signal("r.dat 16 200 0 0 0 0 0 x"), None), Ok(None));
    }

    #[test]
    fn the_missing_code_is_no_rail() {
        let s = signal("r.dat 16 1(0)/V 16 0 5 0 0 x");
        assert_eq!(rails(&s, None), Ok(Some((-32767.0, 32767.0))));
    }

    #[test]
    fn a_header_that_contradicts_its_samples_has_no_rails() {
        // 11 bits around 0, while the samples lie around 1024.
        let s = signal("r.dat 212 200(1024)/mV 11 0 995 0 0 x");
        assert!(rails(&s, Some((900, 1400))).is_err());
        assert!(rails(&signal("r.dat 16 200 8 0 995 0 0 x"), None).is_err());
    }
}
