//! `num_bigint::BigInt` as Go's `big.Int`.

use ::num_bigint::{BigInt as Theirs, Sign};

use crate::go::BigInt;
use crate::go::travel::travels_as;

impl From<&Theirs> for BigInt {
    fn from(number: &Theirs) -> Self {
        let (sign, magnitude) = number.to_bytes_be();
        Self::from_bytes_be(sign == Sign::Minus, &magnitude)
    }
}

impl From<&BigInt> for Theirs {
    fn from(number: &BigInt) -> Self {
        let sign = if number.is_negative() {
            Sign::Minus
        } else {
            Sign::Plus
        };
        Self::from_bytes_be(sign, number.magnitude())
    }
}

travels_as!(
    Theirs,
    BigInt,
    |number: &Self| Ok(BigInt::from(number)),
    |number| Ok(Self::from(&number))
);
