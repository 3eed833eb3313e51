//! [`Duration`]: Go's `time.Duration`.

use std::fmt;

use super::travel::travels_as;
use crate::error::{Error, Result};
use crate::plan::NodeId;
use crate::schema::{Edge, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob};

/// Go's `time.Duration`: nanoseconds, also negative ones, up to 292 years.
///
/// `std::time::Duration` travels as the same type, where it fits.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::Duration;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let stream = to_vec(&std::time::Duration::from_millis(1500))?;
/// let duration: Duration = from_slice(&stream)?;
/// assert_eq!(duration, Duration(1_500_000_000));
/// assert_eq!(duration.to_string(), "1.5s");
/// assert!(std::time::Duration::try_from(Duration(-1)).is_err());
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(
    /// Nanoseconds.
    pub i64,
);

impl Gob for Duration {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.newtype::<Self, i64>("Duration", "time")
    }
}

impl Encode for Duration {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.int(self.0);
        Ok(())
    }
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl<'de> Decode<'de> for Duration {
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        reader.int().map(Self)
    }
    fn zero() -> Result<Self> {
        Ok(Self(0))
    }
}

/// Fails above 292 years.
impl TryFrom<std::time::Duration> for Duration {
    type Error = Error;

    fn try_from(duration: std::time::Duration) -> Result<Self> {
        match i64::try_from(duration.as_nanos()) {
            Ok(nanos) => Ok(Self(nanos)),
            Err(_) => Err(Error::misuse(format!(
                "{duration:?} does not fit Go's time.Duration, which ends after 292 years"
            ))),
        }
    }
}

/// Fails below 0.
impl TryFrom<Duration> for std::time::Duration {
    type Error = Error;

    fn try_from(duration: Duration) -> Result<Self> {
        match u64::try_from(duration.0) {
            Ok(nanos) => Ok(Self::from_nanos(nanos)),
            Err(_) => Err(Error::mismatch(format!(
                "{duration} does not fit std::time::Duration, which has no sign"
            ))),
        }
    }
}

travels_as!(
    std::time::Duration,
    Duration,
    |duration: &Self| Duration::try_from(*duration),
    Self::try_from
);

/// As Go prints it (`time.go`, `Duration.String`): `1h2m3.5s`, `-1.5µs`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => decimal(f, nanos, 3, "µs"),
            1_000_000..1_000_000_000 => decimal(f, nanos, 6, "ms"),
            _ => {
                let minutes = nanos / 60_000_000_000;
                if minutes >= 60 {
                    write!(f, "{}h", minutes / 60)?;
                }
                if minutes > 0 {
                    write!(f, "{}m", minutes % 60)?;
                }
                decimal(f, nanos % 60_000_000_000, 9, "s")
            }
        }
    }
}

/// Prints `number` with the last `digits` digits behind the point.
fn decimal(f: &mut fmt::Formatter<'_>, number: u64, digits: u32, unit: &str) -> fmt::Result {
    let scale = 10_u64.pow(digits);
    write!(f, "{}", number / scale)?;
    if number % scale != 0 {
        let width = digits as usize;
        let fraction = format!("{:0width$}", number % scale);
        write!(f, ".{}", fraction.trim_end_matches('0'))?;
    }
    f.write_str(unit)
}
