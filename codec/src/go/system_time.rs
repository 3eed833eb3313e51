//! `SystemTime` and other types that travel as one of ours.

use std::time::{Duration, SystemTime};

use super::Time;
use crate::error::{Error, Result};

/// Makes a type travel as another one, which it converts into and from: it is
/// the same type to a stream.
macro_rules! travels_as {
    ($rust:ty, $go:ty) => {
        /// Travels as the Go type that the module's documentation names.
        impl $crate::Gob for $rust {
            type Static = <$go as $crate::Gob>::Static;
            fn describe(schema: &mut $crate::SchemaBuilder) -> $crate::Edge {
                <$go as $crate::Gob>::describe(schema)
            }
        }

        impl $crate::Encode for $rust {
            fn encode(&self, writer: &mut $crate::Writer) -> $crate::Result<()> {
                <$go>::try_from(self.clone())
                    .map_err($crate::Error::from)
                    .and_then(|value| $crate::Encode::encode(&value, writer))
            }
            fn is_zero(&self) -> bool {
                <$go>::try_from(self.clone()).is_ok_and(|value| $crate::Encode::is_zero(&value))
            }
            fn is_zero_pointee(&self) -> bool {
                <$go>::try_from(self.clone())
                    .is_ok_and(|value| $crate::Encode::is_zero_pointee(&value))
            }
        }

        impl<'de> $crate::Decode<'de> for $rust {
            fn decode(
                reader: &mut $crate::Reader<'de, '_>,
                plan: $crate::NodeId,
            ) -> $crate::Result<Self> {
                let value = <$go as $crate::Decode<'de>>::decode(reader, plan)?;
                Self::try_from(value)
                    .map_err(|error| $crate::Error::from(error).at_offset(reader.offset()))
            }
            fn zero() -> $crate::Result<Self> {
                let value = <$go as $crate::Decode<'_>>::zero()?;
                Self::try_from(value).map_err($crate::Error::from)
            }
        }
    };
}

pub(super) use travels_as;

impl TryFrom<SystemTime> for Time {
    type Error = Error;

    fn try_from(time: SystemTime) -> Result<Self> {
        let (seconds, nanosecond) = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => (i64::try_from(after.as_secs()).ok(), after.subsec_nanos()),
            Err(error) => {
                let before = error.duration();
                let seconds = i64::try_from(before.as_secs()).ok();
                match before.subsec_nanos() {
                    0 => (seconds.map(|seconds| -seconds), 0),
                    nanos => (seconds.map(|seconds| -seconds - 1), 1_000_000_000 - nanos),
                }
            }
        };
        let seconds =
            seconds.ok_or_else(|| Error::misuse("a time that 64 bits of seconds cannot count"))?;
        Self::from_unix(seconds, nanosecond)
    }
}

/// Fails outside of what the operating system can count: Windows does so from
/// 1601, so that Go's zero time is none of its times.
impl TryFrom<Time> for SystemTime {
    type Error = Error;

    fn try_from(time: Time) -> Result<Self> {
        let seconds = time.unix_seconds().and_then(|seconds| {
            let distance = Duration::from_secs(seconds.unsigned_abs());
            if seconds < 0 {
                Self::UNIX_EPOCH.checked_sub(distance)
            } else {
                Self::UNIX_EPOCH.checked_add(distance)
            }
        });
        seconds
            .and_then(|time_of_day| {
                time_of_day.checked_add(Duration::from_nanos(u64::from(time.nanosecond())))
            })
            .ok_or_else(|| Error::mismatch(format!("{time} does not fit SystemTime")))
    }
}

travels_as!(SystemTime, Time);
