//! [`BigFloat`] from and to `f64`.

use super::{BigFloat, Form};
use crate::error::{Error, Result};

/// The `f64` that is nearest to `0.mantissa * 2^exponent`.
pub(super) fn nearest(exponent: i32, mantissa: &[u8]) -> f64 {
    let (top, rest) = mantissa.split_at(mantissa.len().min(8));
    let top = top
        .iter()
        .chain(std::iter::repeat(&0))
        .take(8)
        .fold(0_u64, |top, &byte| top << 8 | u64::from(byte));
    // The exponent as an f64 holds it; below 1, digits give way to zeros.
    let biased = i64::from(exponent) + 1022;
    if biased >= 2047 {
        return f64::INFINITY;
    }
    let dropped = 11 + (1 - biased).max(0);
    if dropped > 64 {
        return 0.0;
    }
    let top = u128::from(top);
    let (kept, rounded) = ((top >> dropped) as u64, top & ((1 << dropped) - 1));
    let half = 1_u128 << (dropped - 1);
    let more = rest.iter().any(|&byte| byte != 0) || kept & 1 == 1;
    let up = rounded > half || (rounded == half && more);
    // The leading 1 of `kept` and a carry out of it go into the exponent.
    let exponent = (biased.max(1) as u64 - 1) << 52;
    f64::from_bits(exponent + kept + u64::from(up))
}

/// Exact, with a precision of 53 as Go's `big.NewFloat` gives it; fails for NaN,
/// which Go has none of here.
impl TryFrom<f64> for BigFloat {
    type Error = Error;

    fn try_from(number: f64) -> Result<Self> {
        let bits = number.to_bits();
        let (biased, fraction) = ((bits >> 52 & 0x7ff) as i32, bits << 12 >> 12);
        let form = match (biased, fraction) {
            (0, 0) => Form::Zero,
            (2047, 0) => Form::Infinite,
            (2047, _) => return Err(Error::misuse("a big float cannot be NaN")),
            _ => {
                let (biased, digits) = match biased {
                    0 => (1, fraction),
                    _ => (biased, fraction | 1 << 52),
                };
                let zeros = digits.leading_zeros();
                Form::Finite {
                    exponent: biased - 1022 + 11 - zeros as i32,
                    mantissa: (digits << zeros).to_be_bytes().to_vec(),
                }
            }
        };
        Self::new(number.is_sign_negative(), 53, form)
    }
}
