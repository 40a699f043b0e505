//! A stretch of a recording, as people write it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::TimeOffset;

/// `FROM..TO`, each a time or nothing: `1:00..2:30`, `90..`, `..90`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    /// Where it begins; nothing: at the first frame.
    pub from: Option<TimeOffset>,
    /// Before which frame it ends; nothing: after the last one.
    pub to: Option<TimeOffset>,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail =
            || format!("`{text}` is not a stretch; give FROM..TO, for example 1:00..2:30, 90.. or ..90");
        let (from, to) = text.split_once("..").ok_or_else(fail)?;
        let time = |part: &str| match part.trim() {
            "" => Ok(None),
            part => part.parse::<TimeOffset>().map(Some),
        };
        let span = Self { from: time(from)?, to: time(to)? };
        match (span.from, span.to) {
            (Some(from), Some(to)) if from.seconds() >= to.seconds() => {
                Err(format!("`{text}` is empty; its end must be later than its beginning"))
            }
            _ => Ok(span),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |t: Option<TimeOffset>| t.map_or_else(String::new, |t| t.seconds().to_string());
        write!(f, "{}..{}", part(self.from), part(self.to))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn stretches_as_people_write_them() {
        for (text, written) in [("1:00..2:30", "60..150"), ("90..", "90.."), ("..1.5", "..1.5"), ("..", "..")]
        {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string(), written);
            assert_eq!(written.parse(), Ok(span));
        }
        for text in ["", "5", "1-2", "2..1", "1..1", "a..b", "1...2"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
