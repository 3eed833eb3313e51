//! chrono's `DateTime` as Go's `time.Time`.

use ::chrono::{DateTime, FixedOffset, Offset as _, TimeZone as _, Utc};

use crate::error::{Error, Result};
use crate::go::Time;
use crate::go::travel::travels_as;

impl TryFrom<DateTime<Utc>> for Time {
    type Error = Error;

    fn try_from(time: DateTime<Utc>) -> Result<Self> {
        // Chrono counts a leap second as the nanoseconds behind the one before.
        let nanos = time.timestamp_subsec_nanos();
        let (leap, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        Self::from_unix(time.timestamp() + i64::from(leap), nanos)
    }
}

impl TryFrom<Time> for DateTime<Utc> {
    type Error = Error;

    fn try_from(time: Time) -> Result<Self> {
        time.unix_seconds()
            .and_then(|seconds| Self::from_timestamp(seconds, time.nanosecond()))
            .ok_or_else(|| Error::mismatch(format!("{time} does not fit chrono's DateTime")))
    }
}

/// An offset of 0 becomes UTC.
impl TryFrom<DateTime<FixedOffset>> for Time {
    type Error = Error;

    fn try_from(time: DateTime<FixedOffset>) -> Result<Self> {
        let utc = Self::try_from(time.to_utc())?;
        match time.offset().fix().local_minus_utc() {
            0 => Ok(utc),
            offset => utc.with_offset(offset),
        }
    }
}

/// Fails for offsets of a day and more also.
impl TryFrom<Time> for DateTime<FixedOffset> {
    type Error = Error;

    fn try_from(time: Time) -> Result<Self> {
        let utc = DateTime::<Utc>::try_from(time)?;
        FixedOffset::east_opt(time.offset().unwrap_or_default())
            // Refuses also what its zone would move out of chrono's range.
            .filter(|zone| utc.naive_utc().checked_add_offset(*zone).is_some())
            .map(|zone| zone.from_utc_datetime(&utc.naive_utc()))
            .ok_or_else(|| Error::mismatch(format!("{time} does not fit chrono's DateTime")))
    }
}

travels_as!(
    DateTime<Utc>,
    Time,
    |time: &Self| Time::try_from(*time),
    Self::try_from
);
travels_as!(
    DateTime<FixedOffset>,
    Time,
    |time: &Self| Time::try_from(*time),
    Self::try_from
);
