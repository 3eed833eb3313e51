//! [`Rounding`] and [`Accuracy`] of a [`BigFloat`](super::BigFloat).

/// Where Go rounds the results that it puts into a `big.Float` (`big.RoundingMode`).
///
/// # Examples
///
/// It travels with the number, so that Go goes on rounding as the sender did:
///
/// ```
/// use gobrpc_codec::go::{Accuracy, BigFloat, Form, Rounding};
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let price = BigFloat::new(false, 24, Form::Zero)?;
/// assert_eq!(price.rounding(), Rounding::ToNearestEven);
/// let price = price.with_modes(Rounding::ToZero, Accuracy::Exact);
/// let arrived: BigFloat = from_slice(&to_vec(&price)?)?;
/// assert_eq!(arrived.rounding(), Rounding::ToZero);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Rounding {
    /// IEEE 754's roundTiesToEven.
    #[default]
    ToNearestEven = 0,
    /// IEEE 754's roundTiesToAway.
    ToNearestAway = 1,
    /// IEEE 754's roundTowardZero.
    ToZero = 2,
    /// Of no IEEE 754 equivalent.
    AwayFromZero = 3,
    /// IEEE 754's roundTowardNegative.
    ToNegativeInf = 4,
    /// IEEE 754's roundTowardPositive.
    ToPositiveInf = 5,
}

/// How the number relates to the exact result of the operation that made it
/// (`big.Accuracy`).
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::{Accuracy, BigFloat, Form, Rounding};
///
/// // Go's result of rounding 1/3 to 24 digits: a bit too large.
/// let mantissa = vec![0xaa, 0xaa, 0xab, 0];
/// let third = BigFloat::new(false, 24, Form::Finite { exponent: -1, mantissa })?
///     .with_modes(Rounding::ToNearestEven, Accuracy::Above);
/// assert!(third.to_f64() > 1.0 / 3.0);
/// assert_eq!(third.accuracy(), Accuracy::Above);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Accuracy {
    /// It is smaller.
    Below = 0,
    /// It is the result.
    #[default]
    Exact = 1,
    /// It is larger.
    Above = 2,
}

impl Rounding {
    pub(super) fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::ToNearestEven,
            1 => Self::ToNearestAway,
            2 => Self::ToZero,
            3 => Self::AwayFromZero,
            4 => Self::ToNegativeInf,
            5 => Self::ToPositiveInf,
            _ => return None,
        })
    }
}

impl Accuracy {
    pub(super) fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Below,
            1 => Self::Exact,
            2 => Self::Above,
            _ => return None,
        })
    }
}
