//! Numbers and times in words, and text that is safe inside a page.

use std::fmt::Write;

/// Text for HTML content and quoted attributes. Control characters, which HTML does not allow, become U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// JSON that cannot end the `<script>` element around it, nor a line of JavaScript: all of these characters stand
/// within strings, where JSON allows `\u` escapes.
pub(super) fn script_safe(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// `108,000`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (k, c) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 alarm`, `14 alarms`.
pub(super) fn plural(n: u64, word: &str) -> String {
    format!("{} {word}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A position on the time axis: `02:13.4`, `1:02:13.4`, `2 d 01:02:13`.
pub(super) fn clock(seconds: f64, decimals: usize) -> String {
    if !seconds.is_finite() {
        return "–".into();
    }
    let scale = 10f64.powi(decimals as i32);
    let ticks = (seconds.abs() * scale).round();
    let whole = (ticks / scale).floor();
    let fraction = ticks - whole * scale;
    let (d, h, m, s) = (whole / 86_400.0, whole / 3600.0 % 24.0, whole / 60.0 % 60.0, (whole % 60.0) as u64);
    let (d, h, m) = (d as u64, h as u64, m as u64);
    let mut out = String::from(if seconds < 0.0 && ticks > 0.0 { "−" } else { "" });
    let _ = match (d, h) {
        (0, 0) => write!(out, "{m:02}:{s:02}"),
        (0, _) => write!(out, "{h}:{m:02}:{s:02}"),
        _ => write!(out, "{d} d {h:02}:{m:02}:{s:02}"),
    };
    if decimals > 0 {
        let _ = write!(out, ".{:0decimals$}", fraction as u64);
    }
    out
}

/// How many decimals of a second tell frames of a recording apart at reading distance.
pub(super) fn clock_decimals(duration_s: f64, frame_s: f64) -> usize {
    match duration_s {
        _ if frame_s >= 1.0 => 0,
        d if d >= 60.0 => 1,
        d if d >= 6.0 => 2,
        d if d >= 0.6 => 3,
        _ => 5,
    }
}

/// A length of time: `12 ms`, `3.4 s`, `5 min 12 s`, `1 h 12 min`, `2 d 3 h`.
pub(super) fn duration(seconds: f64) -> String {
    let two = |value: f64, big: u64, unit: &str, small: &str| {
        let total = value.round() as u64;
        match total % big {
            0 => format!("{} {unit}", total / big),
            rest => format!("{} {unit} {rest} {small}", total / big),
        }
    };
    match seconds {
        s if !s.is_finite() => "–".into(),
        s if s < 1e-3 => format!("{} µs", digits(s * 1e6, 3)),
        s if s < 0.9995 => format!("{} ms", digits(s * 1e3, 3)),
        s if s < 59.95 => format!("{} s", digits(s, 3)),
        s if s < 3599.5 => two(s, 60, "min", "s"),
        s if s < 86_370.0 => two(s / 60.0, 60, "h", "min"),
        s => two(s / 3600.0, 24, "d", "h"),
    }
}

/// A number with `n` significant digits, trailing zeros dropped; powers of ten beyond 10⁶ and below 10⁻³.
pub(super) fn digits(x: f64, n: usize) -> String {
    if !x.is_finite() {
        return if x.is_nan() { "–".into() } else { format!("{}∞", if x < 0.0 { "−" } else { "" }) };
    }
    if x == 0.0 {
        return "0".into();
    }
    let scientific = format!("{x:.*e}", n.saturating_sub(1));
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-3..6).contains(&exponent) {
        let decimals = (n as i32 - 1 - exponent).max(0) as usize;
        trim_zeros(&format!("{x:.decimals$}")).replace('-', "−")
    } else {
        format!("{} × 10{}", trim_zeros(mantissa).replace('-', "−"), superscript(exponent))
    }
}

/// A p-value: two digits; what lies below the smallest normal `f32` is only known to do so.
pub(super) fn p_value(p: f32) -> String {
    if p < f32::MIN_POSITIVE { "< 10⁻³⁷".into() } else { digits(f64::from(p), 2) }
}

/// `87 %`, and `< 1 %` for what would round to nothing.
pub(super) fn percent(share: f32) -> String {
    match share * 100.0 {
        p if !p.is_finite() => "–".into(),
        p if p > 0.0 && p < 1.0 => "< 1 %".into(),
        p => format!("{p:.0} %"),
    }
}

fn trim_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

fn superscript(n: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| c.to_digit(10).map_or('⁻', |d| DIGITS[d as usize]);
    n.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(escape("<b title=\"a'b\">&\u{0}"), "&lt;b title=&quot;a&#39;b&quot;&gt;&amp;\u{fffd}");
        let json = script_safe("\"</script><!--&\u{2028}\u{2029}\"");
        assert_eq!(json, "\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "</script><!--&\u{2028}\u{2029}");
    }

    #[test]
    fn times() {
        assert_eq!(clock(133.4, 1), "02:13.4");
        assert_eq!(clock(59.96, 1), "01:00.0");
        assert_eq!(clock(3733.04, 1), "1:02:13.0");
        assert_eq!(clock(176_533.0, 0), "2 d 01:02:13");
        assert_eq!(clock(0.01234, 5), "00:00.01234");
        assert_eq!(clock(-1.5, 1), "−00:01.5");
        assert_eq!(clock(f64::NAN, 1), "–");
        let lengths = [2.5e-5, 0.0124, 3.42, 300.0, 312.4, 4320.0, 86_400.0, 183_600.0, 59.96];
        let words =
            ["25 µs", "12.4 ms", "3.42 s", "5 min", "5 min 12 s", "1 h 12 min", "1 d", "2 d 3 h", "1 min"];
        assert_eq!(lengths.map(duration), words);
    }

    #[test]
    fn numbers() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(plural(1, "alarm"), "1 alarm");
        let values = [0.0, 12.345, 1.0, 123_456.0, 1.5e9, -2.5e-7, 0.00123, 999.9];
        let words = ["0", "12.3", "1", "123456", "1.5 × 10⁹", "−2.5 × 10⁻⁷", "0.00123", "1000"];
        assert_eq!(values.map(|x| digits(x, 3)), words);
        assert_eq!(digits(f64::NEG_INFINITY, 3), "−∞");
        assert_eq!(p_value(4.2e-6), "4.2 × 10⁻⁶");
        assert_eq!([p_value(0.0), p_value(f32::NAN), p_value(0.05)], ["< 10⁻³⁷", "–", "0.05"]);
        assert_eq!([percent(0.873), percent(0.001), percent(0.0)], ["87 %", "< 1 %", "0 %"]);
    }
}
