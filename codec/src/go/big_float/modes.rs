//! [`Rounding`] and [`Accuracy`] of a [`BigFloat`](super::BigFloat).

/// Where Go rounds the results that it puts into a `big.Float` (`big.RoundingMode`).
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
