//! Integers: this module's own reading of `decode.go`, `decodeUintReader`.

use crate::error::Error;

/// What stands at the start of some bytes.
pub(super) enum Number {
    /// A number that takes this many bytes.
    Known { value: u64, bytes: usize },
    /// The bytes end inside of a number.
    Cut,
    /// A number that would take this many bytes.
    Bad(u16),
}

pub(super) fn read(input: &[u8]) -> Number {
    match input {
        [] => Number::Cut,
        [first @ 0..=0x7f, ..] => Number::Known {
            value: u64::from(*first),
            bytes: 1,
        },
        // The byte is the negated count of those that follow, highest first.
        [first @ 0xf8..=0xff, digits @ ..] => {
            let count = 256 - usize::from(*first);
            match digits.get(..count) {
                None => Number::Cut,
                Some(digits) => {
                    let mut value = 0;
                    for digit in digits {
                        value = value * 256 + u64::from(*digit);
                    }
                    Number::Known {
                        value,
                        bytes: 1 + count,
                    }
                }
            }
        }
        [first, ..] => Number::Bad(256 - u16::from(*first)),
    }
}

/// The sign is the lowest bit; a negative number is stored complemented.
pub(super) fn signed(value: u64) -> i64 {
    let magnitude = (value / 2) as i64;
    if value % 2 == 1 {
        !magnitude
    } else {
        magnitude
    }
}

/// The bytes of a float come in reverse.
pub(super) fn float(value: u64) -> f64 {
    f64::from_be_bytes(value.to_le_bytes())
}

pub(super) fn bad(bytes: u16) -> Error {
    Error::malformed(format!("an integer of {bytes} bytes (8 is the most)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let known = |input: &[u8]| match read(input) {
            Number::Known { value, bytes } => (value, bytes),
            _ => panic!("{input:x?}"),
        };
        assert_eq!(known(&[7, 9]), (7, 1));
        assert_eq!(known(&[0xfe, 1, 0, 9]), (256, 3));
        assert_eq!(
            known(&[0xf8, 255, 255, 255, 255, 255, 255, 255, 255]),
            (u64::MAX, 9)
        );
        assert!(matches!(read(&[0xfe, 1]), Number::Cut));
        assert!(matches!(read(&[0xf7]), Number::Bad(9)));
        assert_eq!(
            [0, 1, 2, 257, u64::MAX].map(signed),
            [0, -1, 1, -129, i64::MIN]
        );
        assert_eq!(float(0x3140), 17.0);
    }
}
