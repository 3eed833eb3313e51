//! [`BigFloat`]: Go's `big.Float`.

mod float64;
mod modes;

pub use modes::{Accuracy, Rounding};

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::error::{Error, Result};
use crate::schema::Opaque;
use crate::{Marshal, Unmarshal, marshaler};

/// Go's `big.Float`: a binary float of any precision, as its parts.
///
/// To be carried, taken apart and converted from and to `f64`, not calculated
/// with. As for [`BigInt`](super::BigInt), 0 is sent as a field also.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::BigFloat;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let number = BigFloat::try_from(-0.1)?;
/// let back: BigFloat = from_slice(&to_vec(&number)?)?;
/// assert_eq!(back, number);
/// assert_eq!((back.to_f64(), back.precision()), (-0.1, 53));
/// assert!(BigFloat::try_from(f64::NAN).is_err());
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct BigFloat {
    rounding: Rounding,
    accuracy: Accuracy,
    negative: bool,
    precision: u32,
    form: Form,
}

/// The number without its sign; equal if the numbers are, whatever words their
/// mantissas are in.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::{BigFloat, Form};
///
/// // Go's 0.5: binary 0.1, in a mantissa of four bytes or of eight.
/// let half = |bytes: usize| {
///     let mut mantissa = vec![0; bytes];
///     mantissa[0] = 0b1000_0000;
///     Form::Finite { exponent: 0, mantissa }
/// };
/// assert_eq!(half(4), half(8));
/// assert_eq!(BigFloat::new(false, 53, half(8))?.to_f64(), 0.5);
/// assert_eq!(BigFloat::new(true, 53, Form::Infinite)?.to_f64(), f64::NEG_INFINITY);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub enum Form {
    /// 0, which has a sign.
    #[default]
    Zero,
    /// `0.mantissa * 2^exponent`.
    Finite {
        /// The power of 2.
        exponent: i32,
        /// Binary digits after the point, the first of which is 1: big-endian, in
        /// words of 4 or 8 bytes.
        mantissa: Vec<u8>,
    },
    /// Infinity, which has a sign.
    Infinite,
}

const VERSION: u8 = 1;

impl Form {
    /// What tells numbers apart: zeros at the end of a mantissa do not.
    fn parts(&self) -> (u8, i32, &[u8]) {
        match self {
            Self::Zero => (0, 0, &[]),
            Self::Finite { exponent, mantissa } => {
                let end = mantissa.iter().rposition(|byte| *byte != 0);
                let digits = end.and_then(|end| mantissa.get(..=end));
                (1, *exponent, digits.unwrap_or_default())
            }
            Self::Infinite => (2, 0, &[]),
        }
    }
}

impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Form {}

impl Hash for Form {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl BigFloat {
    /// The number of these parts, with Go's defaults for the others.
    ///
    /// # Errors
    ///
    /// `Misuse` for a finite number that is none to Go (`math/big/float.go`,
    /// `validate0`): without precision, without a mantissa, with one that does
    /// not begin with a 1, or with one that is not whole words of 4 bytes.
    ///
    /// ```
    /// use gobrpc_codec::go::{BigFloat, Form};
    ///
    /// // Binary 0.11, which is 0.75, times 2 to the power of 3.
    /// let mantissa = vec![0b1100_0000, 0, 0, 0];
    /// let form = Form::Finite { exponent: 3, mantissa };
    /// assert_eq!(BigFloat::new(true, 10, form)?.to_f64(), -6.0);
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn new(negative: bool, precision: u32, form: Form) -> Result<Self> {
        if let Form::Finite { mantissa, .. } = &form {
            if let Some(fault) = fault(precision, mantissa) {
                return Err(Error::misuse(fault));
            }
        }
        Ok(Self {
            negative,
            precision,
            form,
            ..Self::default()
        })
    }

    /// The same number with another rounding mode and accuracy.
    #[must_use]
    pub fn with_modes(self, rounding: Rounding, accuracy: Accuracy) -> Self {
        Self {
            rounding,
            accuracy,
            ..self
        }
    }

    /// True with a minus sign, which 0 may have also.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// How many binary digits Go rounds results to; 0 if it is not set.
    #[must_use]
    pub const fn precision(&self) -> u32 {
        self.precision
    }

    /// The number without its sign.
    #[must_use]
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// Where Go rounds.
    #[must_use]
    pub const fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// How the number was rounded.
    #[must_use]
    pub const fn accuracy(&self) -> Accuracy {
        self.accuracy
    }

    /// The nearest `f64`, to even between two, as Go's `Float.Float64` gives it.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        let magnitude = match &self.form {
            Form::Zero => 0.0,
            Form::Infinite => f64::INFINITY,
            Form::Finite { exponent, mantissa } => float64::nearest(*exponent, mantissa),
        };
        if self.negative { -magnitude } else { magnitude }
    }
}

/// Why a finite number is none to Go.
fn fault(precision: u32, mantissa: &[u8]) -> Option<&'static str> {
    match mantissa.first() {
        _ if precision == 0 => Some("a finite number without precision"),
        None => Some("a finite number without a mantissa"),
        Some(0..0x80) => Some("a mantissa that does not begin with a 1"),
        _ if mantissa.len() % 4 != 0 => Some("a mantissa that is not whole words"),
        _ => None,
    }
}

/// Version 1, a byte of flags, the precision, and of a finite number the exponent
/// and the mantissa (`math/big/floatmarsh.go`).
impl Marshal for BigFloat {
    const KIND: Opaque = Opaque::Gob;
    const NAME: &'static str = "Float";
    const PACKAGE: &'static str = "big";

    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        let form: u8 = match self.form {
            Form::Zero => 0,
            Form::Finite { .. } => 1,
            Form::Infinite => 2,
        };
        let modes = (self.rounding as u8) << 5 | (self.accuracy as u8) << 3;
        out.push(VERSION);
        out.push(modes | form << 1 | u8::from(self.negative));
        out.extend(self.precision.to_be_bytes());
        if let Form::Finite { exponent, mantissa } = &self.form {
            out.extend(exponent.to_be_bytes());
            out.extend_from_slice(mantissa);
            // From a machine of 32-bit words; others read whole ones of 64.
            out.extend(std::iter::repeat_n(0, mantissa.len() % 8));
        }
        Ok(())
    }
}

impl Unmarshal for BigFloat {
    /// No bytes are 0, as for Go. Stricter than Go in what no Go program sends:
    /// modes that it does not have, and bytes behind a number that is not finite.
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        if payload.is_empty() {
            return Ok(Self::default());
        }
        let Some((&[version, flags, ref precision @ ..], rest)) = payload.split_first_chunk::<6>()
        else {
            return Err(Error::malformed("a big float of under 6 bytes"));
        };
        if version != VERSION {
            return Err(Error::malformed(format!(
                "a big float of version {version}"
            )));
        }
        let precision = u32::from_be_bytes(*precision);
        let form = match (flags >> 1 & 3, rest.split_first_chunk()) {
            (0, None) if rest.is_empty() => Form::Zero,
            (2, None) if rest.is_empty() => Form::Infinite,
            (1, Some((exponent, mantissa))) => {
                if let Some(fault) = fault(precision, mantissa) {
                    return Err(Error::malformed(fault));
                }
                Form::Finite {
                    exponent: i32::from_be_bytes(*exponent),
                    mantissa: mantissa.to_owned(),
                }
            }
            (form, _) => {
                return Err(Error::malformed(format!(
                    "a big float of form {form} and {} bytes",
                    payload.len()
                )));
            }
        };
        let (Some(rounding), Some(accuracy)) = (
            Rounding::from_bits(flags >> 5),
            Accuracy::from_bits(flags >> 3 & 3),
        ) else {
            return Err(Error::malformed(format!(
                "a big float of modes {flags:#010b}"
            )));
        };
        Ok(Self {
            rounding,
            accuracy,
            negative: flags & 1 == 1,
            precision,
            form,
        })
    }

    fn zero() -> Result<Self> {
        Ok(Self::default())
    }
}

marshaler!(BigFloat);

/// As Go's `%p`: the mantissa in hexadecimal, after the point, and the power of
/// 2.
impl fmt::Debug for BigFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BigFloat(")?;
        if self.negative {
            f.write_str("-")?;
        }
        match &self.form {
            Form::Zero => f.write_str("0")?,
            Form::Infinite => f.write_str("Inf")?,
            Form::Finite { exponent, mantissa } => {
                f.write_str("0x.")?;
                mantissa
                    .iter()
                    .try_for_each(|byte| write!(f, "{byte:02x}"))?;
                write!(f, "p{exponent:+}")?;
            }
        }
        let Self {
            precision,
            rounding,
            accuracy,
            ..
        } = self;
        write!(f, ", {precision} bits, {rounding:?}, {accuracy:?})")
    }
}
