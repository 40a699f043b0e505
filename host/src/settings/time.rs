//! A moment in a recording, as people write it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seconds since the first frame: `90`, `90.5`, `1:30`, `0:01:30.5`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimeOffset(f64);

impl TimeOffset {
    /// Seconds since the first frame, ≥ 0.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0
    }
}

impl FromStr for TimeOffset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = || format!("`{text}` is not a time; give seconds (90.5) or [hh:]mm:ss (1:30)");
        let parts: Vec<&str> = text.trim().split(':').collect();
        if parts.len() > 3 {
            return Err(fail());
        }
        let mut seconds = 0.0;
        for (i, part) in parts.iter().enumerate() {
            let last = i + 1 == parts.len();
            let value: f64 = part.parse().map_err(|_| fail())?;
            let whole = last || value.fract() == 0.0;
            let clock = i == 0 || value < 60.0;
            if !(value.is_finite() && value >= 0.0 && whole && clock) {
                return Err(fail());
            }
            seconds = seconds * 60.0 + value;
        }
        Ok(Self(seconds))
    }
}

impl fmt::Display for TimeOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0)
    }
}

impl Serialize for TimeOffset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for TimeOffset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Integer(i64),
            Number(f64),
            Text(String),
        }
        let text = match Raw::deserialize(deserializer)? {
            Raw::Integer(seconds) => seconds.to_string(),
            Raw::Number(seconds) => seconds.to_string(),
            Raw::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::TimeOffset;

    #[test]
    fn times_as_people_write_them() {
        for (text, seconds) in
            [("0", 0.0), ("90.5", 90.5), ("1:30", 90.0), ("90:00", 5400.0), ("1:01:01.5", 3661.5)]
        {
            assert_eq!(text.parse::<TimeOffset>().map(TimeOffset::seconds), Ok(seconds));
        }
        for text in ["", "-1", "nan", "inf", "1:60", "1.5:00", "1:2:3:4", "x", "1::2"] {
            assert!(text.parse::<TimeOffset>().is_err(), "{text}");
        }
    }
}
