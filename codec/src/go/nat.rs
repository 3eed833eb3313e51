//! Magnitudes of big numbers: big-endian bytes outside, 32-bit limbs with the
//! lowest first inside. Neither has leading zeros.
//!
//! Schoolbook arithmetic: whoever calls these bounds the length.

use std::cmp::Ordering;

/// The bytes without leading zeros.
pub(super) fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Which of two magnitudes without leading zeros is larger.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn limbs(bytes: &[u8]) -> Vec<u32> {
    bytes
        .rchunks(4)
        .map(|chunk| {
            chunk
                .iter()
                .fold(0, |limb, &byte| limb << 8 | u32::from(byte))
        })
        .collect()
}

fn bytes(limbs: &[u32]) -> Vec<u8> {
    let all: Vec<u8> = limbs
        .iter()
        .rev()
        .flat_map(|limb| limb.to_be_bytes())
        .collect();
    trimmed(&all).to_owned()
}

fn trim(limbs: &mut Vec<u32>) {
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
}

/// As many decimal digits as a step of [`to_decimal`] and [`from_decimal`] takes.
const STEP: u32 = 1_000_000_000;
const DIGITS: usize = 9;

/// The magnitude in decimal; in quadratic time.
pub(super) fn to_decimal(magnitude: &[u8]) -> String {
    let mut limbs = limbs(magnitude);
    let mut steps = Vec::new();
    while !limbs.is_empty() {
        let mut rest = 0;
        for limb in limbs.iter_mut().rev() {
            let value = rest << 32 | u64::from(*limb);
            *limb = (value / u64::from(STEP)) as u32;
            rest = value % u64::from(STEP);
        }
        steps.push(rest);
        trim(&mut limbs);
    }
    let mut text = steps.pop().unwrap_or_default().to_string();
    for step in steps.iter().rev() {
        text.push_str(&format!("{step:09}"));
    }
    text
}

/// The magnitude of a decimal number; in quadratic time. `None` if there is
/// anything but digits.
pub(super) fn from_decimal(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut limbs: Vec<u32> = Vec::new();
    let (first, rest) = text.split_at(text.len() % DIGITS);
    for chunk in std::iter::once(first.as_bytes()).chain(rest.as_bytes().chunks(DIGITS)) {
        let mut carry = chunk
            .iter()
            .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        for limb in &mut limbs {
            let value = u64::from(*limb) * u64::from(STEP) + carry;
            *limb = value as u32;
            carry = value >> 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    Some(bytes(&limbs))
}

/// The magnitude of a hexadecimal number. `None` if there is anything but digits.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return None;
    }
    let pairs = text.as_bytes().rchunks(2).rev().map(|pair| {
        pair.iter().try_fold(0, |byte, &digit| {
            Some(byte << 4 | char::from(digit).to_digit(16)? as u8)
        })
    });
    let all: Option<Vec<u8>> = pairs.collect();
    Some(trimmed(&all?).to_owned())
}

/// Quotient and remainder; nothing if the divisor is 0. A bit of the quotient at a
/// time, each in linear time.
fn divide(number: &[u32], divisor: &[u32]) -> Option<(Vec<u32>, Vec<u32>)> {
    let shorter = divisor.len().checked_sub(1)?;
    // The highest limbs, one less than the divisor has, are smaller than it.
    let (low, high) = number.split_at(number.len().saturating_sub(shorter));
    let (mut quotient, mut rest) = (Vec::new(), high.to_vec());
    for limb in low.iter().rev() {
        for bit in (0..32).rev() {
            push_bit(&mut rest, limb >> bit & 1);
            let fits = at_most(divisor, &rest);
            if fits {
                subtract(&mut rest, divisor);
            }
            push_bit(&mut quotient, u32::from(fits));
        }
    }
    Some((quotient, rest))
}

/// Doubles a number and adds a bit.
fn push_bit(limbs: &mut Vec<u32>, bit: u32) {
    let mut carry = bit;
    for limb in limbs.iter_mut() {
        let next = *limb >> 31;
        *limb = *limb << 1 | carry;
        carry = next;
    }
    if carry > 0 {
        limbs.push(carry);
    }
}

/// True unless `a` is larger than `b`.
fn at_most(a: &[u32], b: &[u32]) -> bool {
    let order = a.len().cmp(&b.len());
    order.then_with(|| a.iter().rev().cmp(b.iter().rev())) != Ordering::Greater
}

/// Takes `b`, which is not larger, from `a`.
fn subtract(a: &mut Vec<u32>, b: &[u32]) {
    let mut borrow = false;
    let b = b.iter().copied().chain(std::iter::repeat(0));
    for (limb, other) in a.iter_mut().zip(b) {
        let (value, first) = limb.overflowing_sub(other);
        let (value, second) = value.overflowing_sub(u32::from(borrow));
        *limb = value;
        borrow = first || second;
    }
    trim(a);
}

/// Both numbers divided by what divides both, by Euclid's algorithm.
pub(super) fn reduced(a: &[u8], b: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (first, second) = (limbs(a), limbs(b));
    let (mut common, mut other) = (first.clone(), second.clone());
    while let Some((_, rest)) = divide(&common, &other) {
        common = other;
        other = rest;
    }
    match (divide(&first, &common), divide(&second, &common)) {
        (Some((a, _)), Some((b, _))) => (bytes(&a), bytes(&b)),
        _ => (a.to_owned(), b.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: u128) -> Vec<u8> {
        trimmed(&value.to_be_bytes()).to_owned()
    }

    #[test]
    fn decimal_both_ways() {
        for value in [
            0,
            1,
            9,
            999_999_999,
            1_000_000_000,
            u128::from(u32::MAX) + 1,
            10_u128.pow(18),
            10_u128.pow(36) + 1,
            u128::MAX,
        ] {
            assert_eq!(to_decimal(&number(value)), value.to_string());
            assert_eq!(from_decimal(&value.to_string()), Some(number(value)));
            let zeros = format!("000000000000{value}");
            assert_eq!(from_decimal(&zeros), Some(number(value)));
            assert_eq!(from_hex(&format!("{value:x}")), Some(number(value)));
        }
        for bad in ["", "-1", "1_0", "a", "é"] {
            assert_eq!(from_decimal(bad), None);
        }
        for bad in ["", "-1", "g", "1é"] {
            assert_eq!(from_hex(bad), None);
        }
    }

    #[test]
    fn fractions_reduce() {
        let pairs = [
            (6, 4),
            (0, 7),
            (7, 7),
            (1, 1),
            (10_u128.pow(30) * 21, 10_u128.pow(29) * 14),
            (u128::MAX, 3),
            (2_u128.pow(127), 2_u128.pow(64)),
            (3, u128::MAX),
            (2_u128.pow(96), 2_u128.pow(32) * 3),
        ];
        for (a, b) in pairs {
            let gcd = (1..)
                .scan((a, b), |(a, b), _| {
                    if *b == 0 {
                        return None;
                    }
                    (*a, *b) = (*b, *a % *b);
                    Some(*a)
                })
                .last()
                .unwrap();
            let want = (number(a / gcd), number(b / gcd));
            assert_eq!(reduced(&number(a), &number(b)), want, "{a}/{b}");
        }
    }
}
