//! [`Time`]: Go's `time.Time`.

use std::fmt;

use super::civil::Civil;
use crate::error::{Error, Result};
use crate::schema::Opaque;
use crate::wire::Writer;
use crate::{Marshal, Unmarshal, marshaler};

/// Seconds from the start of year 1 to that of 1970 (`time.go`,
/// `unixToInternal`).
const YEAR_1_TO_UNIX: i64 = 62_135_596_800;

/// Go's `time.Time`: an instant, and the offset of the zone that it is told in.
///
/// A gob holds neither the zone's name nor Go's monotonic clock reading
/// (`time/time.go`, `AppendBinary`). The zero is Go's: the first second of year
/// 1, in UTC.
///
/// Two times are equal if both the instants and the offsets are, as for Go's
/// `==`; they are ordered by the instant first.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
///
/// use gobrpc_codec::go::Time;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let time = Time::from_unix(1_709_210_096, 789)?.with_offset(5400)?;
/// assert_eq!(time.to_string(), "2024-02-29T14:04:56.000000789+01:30");
/// assert_eq!(from_slice::<Time>(&to_vec(&time)?)?, time);
///
/// let system = SystemTime::try_from(time)?;
/// assert_eq!(Time::try_from(system)?, time.utc());
/// assert_eq!(Time::default().to_string(), "0001-01-01T00:00:00Z");
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Since the start of year 1, in UTC.
    seconds: i64,
    nanosecond: u32,
    /// Seconds east of UTC; `None` is UTC itself.
    offset: Option<i32>,
}

impl Time {
    /// The time of so many seconds and nanoseconds since 1970, in UTC.
    ///
    /// # Errors
    ///
    /// `Misuse` if `nanosecond` is a second or more, or if Go cannot count that
    /// far: it counts from year 1, in 64 bits.
    pub fn from_unix(seconds: i64, nanosecond: u32) -> Result<Self> {
        match seconds.checked_add(YEAR_1_TO_UNIX) {
            Some(seconds) if nanosecond < 1_000_000_000 => Ok(Self {
                seconds,
                nanosecond,
                offset: None,
            }),
            Some(_) => Err(Error::misuse(format!("{nanosecond} nanoseconds in a time"))),
            None => Err(Error::misuse(format!(
                "a time {seconds} seconds after 1970, which Go cannot count"
            ))),
        }
    }

    /// The same instant, told in a zone so many seconds east of UTC.
    ///
    /// # Errors
    ///
    /// `Misuse` for what Go cannot send (`time.go`, `AppendBinary`): more than
    /// 32,767 minutes, and between one and two minutes west, as -1 minute means
    /// UTC.
    ///
    /// ```
    /// use gobrpc_codec::go::Time;
    ///
    /// let time = Time::default();
    /// assert_eq!(time.with_offset(-3601)?.to_string(), "0000-12-31T22:59:59-01:00:01");
    /// assert!(time.with_offset(-75).is_err());
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn with_offset(self, seconds: i32) -> Result<Self> {
        if !is_offset(seconds) {
            return Err(Error::misuse(format!(
                "Go cannot send a time in a zone {seconds} seconds east of UTC"
            )));
        }
        Ok(Self {
            offset: Some(seconds),
            ..self
        })
    }

    /// The same instant in UTC.
    #[must_use]
    pub const fn utc(self) -> Self {
        Self {
            offset: None,
            ..self
        }
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn unix_nanos(self) -> i128 {
        (i128::from(self.seconds) - i128::from(YEAR_1_TO_UNIX)) * 1_000_000_000
            + i128::from(self.nanosecond)
    }

    /// Whole seconds since 1970, rounded down; `None` below the range of `i64`.
    #[must_use]
    pub const fn unix_seconds(self) -> Option<i64> {
        self.seconds.checked_sub(YEAR_1_TO_UNIX)
    }

    /// Nanoseconds since the last whole second.
    #[must_use]
    pub const fn nanosecond(self) -> u32 {
        self.nanosecond
    }

    /// Seconds east of UTC of the zone that the time is told in; `None` if that
    /// is UTC itself, which Go tells from a zone of offset 0.
    #[must_use]
    pub const fn offset(self) -> Option<i32> {
        self.offset
    }

    /// The bytes, and how many of them are used.
    fn payload(self) -> ([u8; 16], usize) {
        let (version, minutes, seconds) = match self.offset {
            None => (1, -1, 0),
            Some(offset) => (
                if offset % 60 == 0 { 1 } else { 2 },
                (offset / 60) as i16,
                (offset % 60) as i8,
            ),
        };
        let mut bytes = [0; 16];
        bytes[0] = version;
        bytes[1..9].copy_from_slice(&self.seconds.to_be_bytes());
        bytes[9..13].copy_from_slice(&self.nanosecond.to_be_bytes());
        bytes[13..15].copy_from_slice(&minutes.to_be_bytes());
        bytes[15..].copy_from_slice(&seconds.to_be_bytes());
        (bytes, if version == 1 { 15 } else { 16 })
    }
}

/// True if Go sends times of this offset.
fn is_offset(seconds: i32) -> bool {
    let minutes = seconds / 60;
    i16::try_from(minutes).is_ok() && minutes != -1
}

/// Version 1 is 15 bytes: the version, seconds since year 1, nanoseconds, and
/// minutes east of UTC, of which -1 means UTC. Version 2 has one more: seconds
/// east of UTC on top of the minutes, with a sign (`time.go`, `AppendBinary` and
/// `UnmarshalBinary`).
impl Marshal for Time {
    const KIND: Opaque = Opaque::Gob;
    const NAME: &'static str = "Time";
    const PACKAGE: &'static str = "time";

    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        let (bytes, length) = self.payload();
        out.extend(bytes.iter().take(length));
        Ok(())
    }

    fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    fn write(&self, writer: &mut Writer) -> Result<()> {
        let (bytes, length) = self.payload();
        writer.bytes(bytes.get(..length).unwrap_or(&bytes));
        Ok(())
    }
}

impl Unmarshal for Time {
    /// Stricter than Go in two things that no Go program sends: a second or more
    /// of nanoseconds, and offsets that Go itself cannot send.
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        let (head, east) = match *payload {
            [1, ref head @ ..] if head.len() == 14 => (head, 0),
            [2, ref head @ .., east] if head.len() == 14 => (head, east as i8),
            [version, ..] => {
                return Err(Error::malformed(format!(
                    "a time of version {version} and {} bytes",
                    payload.len()
                )));
            }
            [] => return Err(Error::malformed("a time of no bytes")),
        };
        let mut fields = head.iter();
        let mut number = |count| {
            fields
                .by_ref()
                .take(count)
                .fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
        };
        let seconds = number(8) as i64;
        let nanosecond = number(4) as u32;
        let minutes = number(2) as i16;
        if nanosecond >= 1_000_000_000 {
            return Err(Error::malformed(format!(
                "{nanosecond} nanoseconds in a time"
            )));
        }
        let offset = i32::from(minutes) * 60 + i32::from(east);
        if offset != UTC && (!is_offset(offset) || east.unsigned_abs() > 59) {
            return Err(Error::malformed(format!(
                "a time in a zone {offset} seconds east of UTC"
            )));
        }
        Ok(Self {
            seconds,
            nanosecond,
            offset: (offset != UTC).then_some(offset),
        })
    }

    fn zero() -> Result<Self> {
        Ok(Self::default())
    }

    fn memory(_payload: &[u8]) -> usize {
        0
    }
}

/// The offset that means UTC.
const UTC: i32 = -60;

marshaler!(Time);

/// As RFC 3339, like Go's `time.RFC3339Nano`; but where the offset has seconds
/// they are shown, as else the text would tell another instant.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset.unwrap_or_default();
        let local = Civil::from_seconds(i128::from(self.seconds) + i128::from(offset));
        write!(f, "{local}")?;
        if self.nanosecond != 0 {
            let digits = format!("{:09}", self.nanosecond);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        if offset == 0 {
            return f.write_str("Z");
        }
        let sign = if offset < 0 { '-' } else { '+' };
        let east = offset.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", east / 3600, east / 60 % 60)?;
        if east % 60 != 0 {
            write!(f, ":{:02}", east % 60)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = match self.offset {
            Some(0) => ", not UTC",
            _ => "",
        };
        write!(f, "Time({self}{zone})")
    }
}
