//! The `OffsetDateTime` of the crate `time` as Go's `time.Time`.

use ::time::{OffsetDateTime, UtcOffset};

use crate::error::{Error, Result};
use crate::go::Time;
use crate::go::travel::travels_as;

/// An offset of 0 becomes UTC.
impl TryFrom<OffsetDateTime> for Time {
    type Error = Error;

    fn try_from(time: OffsetDateTime) -> Result<Self> {
        let utc = Self::from_unix(time.unix_timestamp(), time.nanosecond())?;
        match time.offset().whole_seconds() {
            0 => Ok(utc),
            offset => utc.with_offset(offset),
        }
    }
}

/// Fails outside of the years -9999 to 9999, and for offsets of 26 hours and
/// more.
impl TryFrom<Time> for OffsetDateTime {
    type Error = Error;

    fn try_from(time: Time) -> Result<Self> {
        let utc = Self::from_unix_timestamp_nanos(time.unix_nanos()).ok();
        let offset = UtcOffset::from_whole_seconds(time.offset().unwrap_or_default()).ok();
        utc.zip(offset)
            .and_then(|(utc, offset)| utc.checked_to_offset(offset))
            .ok_or_else(|| Error::mismatch(format!("{time} does not fit time's OffsetDateTime")))
    }
}

travels_as!(
    OffsetDateTime,
    Time,
    |time: &Self| Time::try_from(*time),
    Self::try_from
);
