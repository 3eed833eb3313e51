//! `SystemTime` as Go's `time.Time`.

use std::time::{Duration, SystemTime};

use super::Time;
use super::travel::travels_as;
use crate::error::{Error, Result};

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

travels_as!(
    SystemTime,
    Time,
    |time: &Self| Time::try_from(*time),
    Self::try_from
);
