//! [`BigInt`]: Go's `big.Int`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::nat;
use crate::error::{Error, Result};
use crate::schema::Opaque;
use crate::{Marshal, Unmarshal, marshaler};

/// Go's `big.Int`: an integer of any size, to be carried and converted, not
/// calculated with. For that the feature `num-bigint` makes
/// `num_bigint::BigInt` travel as the same type.
///
/// Go's methods have pointer receivers, so that 0 is sent as a field also
/// (`math/big/intmarsh.go`, `GobEncode`). Where Go declares `*big.Int`, declare
/// `Option<BigInt>`.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::BigInt;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let number: BigInt = "-123456789012345678901234567890".parse()?;
/// assert_eq!(from_slice::<BigInt>(&to_vec(&number)?)?, number);
/// assert_eq!(i128::try_from(&number)?, -123456789012345678901234567890);
/// assert_eq!(BigInt::from(u64::MAX).to_string(), "18446744073709551615");
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct BigInt {
    /// False for 0.
    negative: bool,
    /// Big-endian, without leading zeros.
    magnitude: Vec<u8>,
}

impl BigInt {
    /// Up to this many bytes of magnitude (about 9,800 digits) are printed and
    /// parsed in decimal, which takes quadratic time; longer ones are printed in
    /// hexadecimal, after `0x`, and are parsed from that.
    pub const DECIMAL_BYTES: usize = 4096;

    /// The number of this sign and big-endian magnitude.
    ///
    /// ```
    /// use gobrpc_codec::go::BigInt;
    ///
    /// assert_eq!(BigInt::from_bytes_be(true, &[0, 1, 0]), BigInt::from(-256));
    /// ```
    #[must_use]
    pub fn from_bytes_be(negative: bool, magnitude: &[u8]) -> Self {
        let magnitude = nat::trimmed(magnitude).to_owned();
        Self {
            negative: negative && !magnitude.is_empty(),
            magnitude,
        }
    }

    /// True below 0.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// The big-endian bytes of the number without its sign; none for 0.
    #[must_use]
    pub fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }

    fn to_u128(&self) -> Option<u128> {
        if self.magnitude.len() > 16 {
            return None;
        }
        let fold = |number, &byte| number << 8 | u128::from(byte);
        Some(self.magnitude.iter().fold(0, fold))
    }
}

/// Version 1 and the sign in one byte, then the magnitude
/// (`math/big/intmarsh.go`).
impl Marshal for BigInt {
    const KIND: Opaque = Opaque::Gob;
    const NAME: &'static str = "Int";
    const PACKAGE: &'static str = "big";

    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        out.reserve_exact(1 + self.magnitude.len());
        out.push(VERSION << 1 | u8::from(self.negative));
        out.extend_from_slice(&self.magnitude);
        Ok(())
    }
}

/// Of `math/big/intmarsh.go`, `intGobVersion`, and of ratmarsh.go alike.
pub(super) const VERSION: u8 = 1;

impl Unmarshal for BigInt {
    /// No bytes are 0, as for Go.
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        match payload {
            [] => Ok(Self::default()),
            [head, magnitude @ ..] if head >> 1 == VERSION => {
                Ok(Self::from_bytes_be(head & 1 == 1, magnitude))
            }
            [head, ..] => Err(Error::malformed(format!(
                "a big integer of version {}",
                head >> 1
            ))),
        }
    }

    fn zero() -> Result<Self> {
        Ok(Self::default())
    }
}

marshaler!(BigInt);

macro_rules! from_integer {
    ($($signed:ty)*; $($unsigned:ty)*) => {
        $(
            impl From<$signed> for BigInt {
                fn from(number: $signed) -> Self {
                    Self::from_bytes_be(number < 0, &number.unsigned_abs().to_be_bytes())
                }
            }
            from_integer!(@back $signed, |number: &BigInt| {
                let magnitude = number.to_u128()?;
                if number.negative {
                    0_i128.checked_sub_unsigned(magnitude)
                } else {
                    i128::try_from(magnitude).ok()
                }
            });
        )*
        $(
            impl From<$unsigned> for BigInt {
                fn from(number: $unsigned) -> Self {
                    Self::from_bytes_be(false, &number.to_be_bytes())
                }
            }
            from_integer!(@back $unsigned, |number: &BigInt| {
                number.to_u128().filter(|_| !number.negative)
            });
        )*
    };
    (@back $rust:ty, $wide:expr) => {
        /// Fails if the number does not fit.
        impl TryFrom<&BigInt> for $rust {
            type Error = Error;

            fn try_from(number: &BigInt) -> Result<Self> {
                let wide = $wide;
                wide(number)
                    .and_then(|number| Self::try_from(number).ok())
                    .ok_or_else(|| {
                        Error::mismatch(concat!("a big integer that does not fit ", stringify!($rust)))
                    })
            }
        }
    };
}

from_integer!(i8 i16 i32 i64 i128 isize; u8 u16 u32 u64 u128 usize);

/// Decimal, or hexadecimal after `0x`, with an optional sign.
///
/// Fails on anything else, and on more decimal digits than
/// [`BigInt::DECIMAL_BYTES`] allows.
impl FromStr for BigInt {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // Each byte of magnitude takes 2.41 digits.
        const MOST_DIGITS: usize = BigInt::DECIMAL_BYTES * 241 / 100;
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let magnitude = match digits.strip_prefix("0x") {
            Some(digits) => nat::from_hex(digits),
            None if digits.len() > MOST_DIGITS => {
                return Err(Error::misuse(format!(
                    "a number of {} decimal digits: write it in hexadecimal",
                    digits.len()
                )));
            }
            None => nat::from_decimal(digits),
        };
        match magnitude {
            Some(magnitude) => Ok(Self::from_bytes_be(negative, &magnitude)),
            None => Err(Error::misuse("not an integer")),
        }
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.magnitude.len() <= Self::DECIMAL_BYTES {
            let digits = nat::to_decimal(&self.magnitude);
            return f.pad_integral(!self.negative, "", &digits);
        }
        if self.negative {
            f.write_str("-")?;
        }
        f.write_str("0x")?;
        self.magnitude
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BigInt({self})")
    }
}

impl Ord for BigInt {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => nat::compare(&self.magnitude, &other.magnitude),
            (true, true) => nat::compare(&other.magnitude, &self.magnitude),
        }
    }
}

impl PartialOrd for BigInt {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
