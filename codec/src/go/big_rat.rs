//! [`BigRat`]: Go's `big.Rat`.

use std::fmt;

use super::big_int::{BigInt, VERSION};
use super::nat;
use crate::error::{Error, Result};
use crate::schema::Opaque;
use crate::{Marshal, Unmarshal, marshaler};

/// Go's `big.Rat`: a fraction of integers of any size.
///
/// As for [`BigInt`], 0 is sent as a field also.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::BigRat;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let pi = BigRat::new(44.into(), 14.into())?;
/// assert_eq!(pi.to_string(), "22/7");
/// assert_eq!(from_slice::<BigRat>(&to_vec(&pi)?)?, pi);
/// assert!(BigRat::new(1.into(), 0.into()).is_err());
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BigRat {
    numerator: BigInt,
    /// Above 0.
    denominator: BigInt,
}

impl BigRat {
    /// The fraction, in lowest terms as Go keeps it (`math/big/rat.go`, `norm`).
    ///
    /// # Errors
    ///
    /// `Misuse` if the denominator is 0, and for a fraction that it would take
    /// long to reduce, of more than [`BigRat::REDUCED_BYTES`]: make that one with
    /// [`BigRat::from_reduced`].
    pub fn new(numerator: BigInt, denominator: BigInt) -> Result<Self> {
        let (a, b) = (numerator.magnitude(), denominator.magnitude());
        if a.len().max(b.len()) > Self::REDUCED_BYTES {
            return Err(Error::misuse(
                "a fraction too large to be reduced: use BigRat::from_reduced",
            ));
        }
        let negative = numerator.is_negative() != denominator.is_negative();
        let (a, b) = nat::reduced(a, b);
        Self::from_reduced(
            BigInt::from_bytes_be(negative, &a),
            BigInt::from_bytes_be(false, &b),
        )
    }

    /// The longest numerator and denominator that [`BigRat::new`] reduces, in
    /// bytes.
    pub const REDUCED_BYTES: usize = 1024;

    /// The fraction as it is.
    ///
    /// Go takes one that is not in lowest terms, calculates with it and prints it
    /// as it came.
    ///
    /// # Errors
    ///
    /// `Misuse` unless the denominator is above 0.
    pub fn from_reduced(numerator: BigInt, denominator: BigInt) -> Result<Self> {
        if denominator.is_negative() || denominator.magnitude().is_empty() {
            return Err(Error::misuse("a denominator that is not above 0"));
        }
        Ok(Self {
            numerator,
            denominator,
        })
    }

    /// What is divided, with the sign of the fraction.
    #[must_use]
    pub const fn numerator(&self) -> &BigInt {
        &self.numerator
    }

    /// What it is divided by, above 0.
    #[must_use]
    pub const fn denominator(&self) -> &BigInt {
        &self.denominator
    }
}

/// 0, as 0/1.
impl Default for BigRat {
    fn default() -> Self {
        Self::from(BigInt::default())
    }
}

impl From<BigInt> for BigRat {
    fn from(numerator: BigInt) -> Self {
        Self {
            numerator,
            denominator: BigInt::from(1_u8),
        }
    }
}

/// Version 1 and the sign in one byte, four bytes of the numerator's length, the
/// numerator and the denominator (`math/big/ratmarsh.go`).
///
/// 0/1 is sent as Go's `new(big.Rat)`, which has no denominator. Go reads it like
/// the 0/1 that its arithmetic makes.
impl Marshal for BigRat {
    const KIND: Opaque = Opaque::Gob;
    const NAME: &'static str = "Rat";
    const PACKAGE: &'static str = "big";

    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        let numerator = self.numerator.magnitude();
        let Ok(length) = u32::try_from(numerator.len()) else {
            return Err(Error::misuse("a numerator of 4 GiB or more"));
        };
        out.push(VERSION << 1 | u8::from(self.numerator.is_negative()));
        out.extend(length.to_be_bytes());
        out.extend_from_slice(numerator);
        let denominator = self.denominator.magnitude();
        if length > 0 || denominator != [1] {
            out.extend_from_slice(denominator);
        }
        Ok(())
    }
}

impl Unmarshal for BigRat {
    /// No bytes are 0, and no denominator is 1, as for Go.
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        let Some((&head, rest)) = payload.split_first() else {
            return Ok(Self::default());
        };
        if head >> 1 != VERSION {
            return Err(Error::malformed(format!(
                "a fraction of version {}",
                head >> 1
            )));
        }
        let parts = rest.split_first_chunk().and_then(|(length, rest)| {
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            rest.split_at_checked(length)
        });
        let Some((numerator, denominator)) = parts else {
            return Err(Error::malformed("a fraction that ends in its numerator"));
        };
        let numerator = BigInt::from_bytes_be(head & 1 == 1, numerator);
        let denominator = BigInt::from_bytes_be(false, denominator);
        Ok(if denominator.magnitude().is_empty() {
            Self::from(numerator)
        } else {
            Self {
                numerator,
                denominator,
            }
        })
    }

    fn zero() -> Result<Self> {
        Ok(Self::default())
    }
}

marshaler!(BigRat);

/// As Go's `Rat.RatString`: without a denominator of 1.
impl fmt::Display for BigRat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.numerator)?;
        if self.denominator.magnitude() != [1] {
            write!(f, "/{}", self.denominator)?;
        }
        Ok(())
    }
}

impl fmt::Debug for BigRat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BigRat({self})")
    }
}
