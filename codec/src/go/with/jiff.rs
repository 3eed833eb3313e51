//! jiff's `Timestamp` and `Zoned` as Go's `time.Time`.

use ::jiff::tz::{Offset, TimeZone};
use ::jiff::{Timestamp, Zoned};

use crate::error::{Error, Result};
use crate::go::Time;
use crate::go::travel::travels_as;

impl TryFrom<Timestamp> for Time {
    type Error = Error;

    fn try_from(time: Timestamp) -> Result<Self> {
        // Jiff rounds seconds towards 1970.
        let nanos = time.subsec_nanosecond();
        let second = time.as_second() - i64::from(nanos < 0);
        let nanos = if nanos < 0 {
            nanos + 1_000_000_000
        } else {
            nanos
        };
        Self::from_unix(second, nanos.unsigned_abs())
    }
}

/// Fails outside of the years -9999 to 9999.
impl TryFrom<Time> for Timestamp {
    type Error = Error;

    fn try_from(time: Time) -> Result<Self> {
        Self::from_nanosecond(time.unix_nanos())
            .map_err(|_| Error::mismatch(format!("{time} does not fit jiff's Timestamp")))
    }
}

/// The offset of the zone at that instant is kept, and its name is not; an
/// offset of 0 becomes UTC.
impl TryFrom<Zoned> for Time {
    type Error = Error;

    fn try_from(time: Zoned) -> Result<Self> {
        zoned(&time)
    }
}

fn zoned(time: &Zoned) -> Result<Time> {
    let utc = Time::try_from(time.timestamp())?;
    match time.offset().seconds() {
        0 => Ok(utc),
        offset => utc.with_offset(offset),
    }
}

/// In a zone of a fixed offset; fails for offsets of 26 hours and more also.
impl TryFrom<Time> for Zoned {
    type Error = Error;

    fn try_from(time: Time) -> Result<Self> {
        let stamp = Timestamp::try_from(time)?;
        let zone = match time.offset() {
            None => TimeZone::UTC,
            Some(offset) => TimeZone::fixed(Offset::from_seconds(offset).map_err(|_| {
                Error::mismatch(format!("the offset of {time} does not fit jiff's Offset"))
            })?),
        };
        Ok(stamp.to_zoned(zone))
    }
}

travels_as!(
    Timestamp,
    Time,
    |time: &Self| Time::try_from(*time),
    Self::try_from
);
travels_as!(Zoned, Time, zoned, Self::try_from);
