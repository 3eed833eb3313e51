//! [`Seconds`]: a duration in protobuf's JSON.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A duration in protobuf's JSON: seconds with up to nine decimals and an `s`; more
/// than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) Duration);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match delay(deserializer)? {
            Duration::ZERO => Err(de::Error::custom("the time must be more than 0s")),
            duration => Ok(Self(duration)),
        }
    }
}

/// The same, or nothing.
pub(super) fn delay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| {
        de::Error::invalid_value(
            de::Unexpected::Str(&text),
            &"seconds with an s, such as \"1.5s\"",
        )
    })
}

fn parse(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (seconds, decimals) = match number.split_once('.') {
        Some((seconds, decimals)) => (seconds, decimals),
        None => (number, "0"),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(seconds) || !digits(decimals) || decimals.len() > 9 {
        return None;
    }
    let nanos = format!("{decimals:0<9}").parse().ok()?;
    // Protobuf's longest: 10,000 years.
    let seconds = seconds.parse().ok().filter(|s| *s <= 315_576_000_000)?;
    Some(Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_protobuf_writes_them() {
        for (text, expected) in [
            ("1s", Some(Duration::from_secs(1))),
            ("1.5s", Some(Duration::from_millis(1500))),
            ("0.000000001s", Some(Duration::from_nanos(1))),
            ("315576000000s", Some(Duration::from_secs(315_576_000_000))),
            ("315576000001s", None),
            ("0.0000000001s", None),
            ("-1s", None),
            ("+1s", None),
            ("1", None),
            ("s", None),
            (".5s", None),
            ("1.s", None),
            ("1 s", None),
            ("1e3s", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
