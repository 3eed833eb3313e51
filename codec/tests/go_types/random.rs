//! Random values come back as they were, and random bytes do no harm.

use core::net::IpAddr;
use std::fmt::Debug;

use gobrpc_codec::go::{
    Addr, AddrPort, BigFloat, BigInt, BigRat, Complex64, Complex128, Duration, ErrorString, Form,
    IpAddr as NetIp, Prefix, Time, Url, Uuid, Uuid16,
};
use gobrpc_codec::{DecodeOwned, Encode, Marshal, Unmarshal, from_slice, to_vec};
use proptest::prelude::*;

fn offsets() -> impl Strategy<Value = i32> {
    (-32_768_i32 * 60 - 59..32_768 * 60).prop_filter("Go sends it", |offset| offset / 60 != -1)
}

/// In all zones that Go can send, and as far as its own arithmetic goes.
pub(crate) fn times() -> impl Strategy<Value = Time> {
    let seconds = prop_oneof![-(1_i64 << 60)..1 << 60, -(1_i64 << 33)..1 << 33];
    (seconds, 0..1_000_000_000_u32, prop::option::of(offsets())).prop_map(
        |(seconds, nanos, offset)| {
            let time = Time::from_unix(seconds, nanos).unwrap();
            offset.map_or(time, |offset| time.with_offset(offset).unwrap())
        },
    )
}

/// Of the years 1 to 9999, in zones of whole minutes.
pub(crate) fn printable_times() -> impl Strategy<Value = Time> {
    let seconds = -62_135_000_000_i64..253_402_000_000;
    let nanos = prop_oneof![Just(0), Just(500_000_000), 0..1_000_000_000_u32];
    let minutes = (-24 * 60..24 * 60).prop_filter("Go sends it", |minutes| *minutes != -1);
    (seconds, nanos, minutes).prop_map(|(seconds, nanos, minutes)| {
        let time = Time::from_unix(seconds, nanos).unwrap();
        time.with_offset(minutes * 60).unwrap()
    })
}

pub(crate) fn big_ints() -> impl Strategy<Value = BigInt> {
    (any::<bool>(), prop::collection::vec(any::<u8>(), 0..100))
        .prop_map(|(negative, magnitude)| BigInt::from_bytes_be(negative, &magnitude))
}

pub(crate) fn big_rats() -> impl Strategy<Value = BigRat> {
    (big_ints(), big_ints(), 1..1000_u16).prop_map(|(a, b, small)| {
        BigRat::new(a.clone(), b).unwrap_or_else(|_| BigRat::new(a, small.into()).unwrap())
    })
}

/// Many of them at the ends of `f64`'s range, or halfway between two.
pub(crate) fn big_floats() -> impl Strategy<Value = BigFloat> {
    let exponents = prop_oneof![-1100..-1000_i32, 1000..1050_i32, any::<i32>(), -70..70_i32];
    let filling = prop_oneof![Just(0_u8), Just(0xff), any::<u8>()];
    let mantissas = (
        prop::collection::vec(any::<u8>(), 8),
        filling,
        0..4_usize,
        0..8_usize,
    );
    (any::<bool>(), exponents, mantissas).prop_map(|(negative, exponent, mantissa)| {
        let (mut digits, filling, words, kept) = mantissa;
        digits[0] |= 0x80;
        digits[kept..].fill(filling);
        digits[0] |= 0x80;
        if kept == 6 {
            // A tie of 53 bits.
            digits[6] = digits[6] & 0xf0 | 0x0c;
            digits[7] = 0;
        }
        digits.resize(8 + 8 * words, filling);
        let form = Form::Finite {
            exponent,
            mantissa: digits,
        };
        BigFloat::new(negative, 64 * (words as u32 + 1), form).unwrap()
    })
}

pub(crate) fn addrs() -> impl Strategy<Value = Addr> {
    (prop::option::of(any::<IpAddr>()), "[a-z0-9é%]{0,12}").prop_map(|(ip, zone)| match ip {
        None => Addr::NONE,
        Some(ip) => {
            let addr = Addr::from(ip);
            addr.clone().with_zone(zone).unwrap_or(addr)
        }
    })
}

fn prefixes() -> impl Strategy<Value = Prefix> {
    (any::<IpAddr>(), 0..=32_u8, 0..=128_u8).prop_map(|(ip, short, long)| {
        Prefix::new(ip, if ip.is_ipv4() { short } else { long }).unwrap()
    })
}

fn comes_back<T>(value: &T)
where
    T: Encode + DecodeOwned + PartialEq + Debug + Clone,
{
    let stream = to_vec(value).unwrap();
    assert_eq!(&from_slice::<T>(&stream).unwrap(), value);
    let several = (
        1_i64,
        value.clone(),
        Some(value.clone()),
        vec![value.clone(); 2],
    );
    let stream = to_vec(&several).unwrap();
    let back: (i64, T, Option<T>, Vec<T>) = from_slice(&stream).unwrap();
    assert_eq!(
        (&back.0, &back.1, &back.3),
        (&several.0, &several.1, &several.3)
    );
    // Go leaves out a pointer to a zero number, and not one to a zero time.
    assert!(back.2 == several.2 || value.is_zero_pointee());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn times_come_back(time in times()) {
        comes_back(&time);
        let nanos = time.unix_nanos();
        let seconds = i128::from(time.unix_seconds().unwrap());
        prop_assert_eq!(nanos, seconds * 1_000_000_000 + i128::from(time.nanosecond()));
        if let Ok(system) = std::time::SystemTime::try_from(time) {
            prop_assert_eq!(Time::try_from(system).unwrap(), time.utc());
            comes_back(&system);
        }
    }

    #[test]
    fn durations_come_back(nanos in any::<i64>()) {
        let duration = Duration(nanos);
        comes_back(&duration);
        match std::time::Duration::try_from(duration) {
            Ok(theirs) => {
                prop_assert_eq!(Duration::try_from(theirs).unwrap(), duration);
                comes_back(&theirs);
            }
            Err(_) => prop_assert!(nanos < 0),
        }
    }

    #[test]
    fn integers_come_back(number in big_ints()) {
        comes_back(&number);
        prop_assert_eq!(number.to_string().parse::<BigInt>().unwrap(), number);
    }

    #[test]
    fn integers_of_128_bits_are_themselves(number in any::<i128>(), natural in any::<u128>()) {
        let big = BigInt::from(number);
        prop_assert_eq!(big.to_string(), number.to_string());
        prop_assert_eq!(i128::try_from(&big).unwrap(), number);
        prop_assert_eq!(u128::try_from(&big).ok(), u128::try_from(number).ok());
        prop_assert_eq!(i64::try_from(&big).ok(), i64::try_from(number).ok());
        let other = BigInt::from(natural);
        prop_assert_eq!(u128::try_from(&other).unwrap(), natural);
        let order = i128::try_from(natural).map_or(std::cmp::Ordering::Less, |n| number.cmp(&n));
        prop_assert_eq!(big.cmp(&other), order);
    }

    #[test]
    fn fractions_come_back(number in big_rats()) {
        comes_back(&number);
    }

    #[test]
    fn floats_come_back(bits in any::<u64>(), number in big_floats()) {
        comes_back(&number);
        let float = f64::from_bits(bits);
        match BigFloat::try_from(float) {
            Ok(big) => {
                comes_back(&big);
                prop_assert_eq!(big.to_f64().to_bits(), bits);
            }
            Err(_) => prop_assert!(float.is_nan()),
        }
    }

    #[test]
    fn small_floats_are_themselves(fraction in 0..1_u64 << 52) {
        let float = f64::from_bits(fraction);
        prop_assert_eq!(BigFloat::try_from(float).unwrap().to_f64(), float);
    }

    #[test]
    fn complex_numbers_come_back(large in any::<(f64, f64)>(), small in any::<(f32, f32)>()) {
        comes_back(&Complex128::from(large));
        comes_back(&Complex64::from(small));
    }

    #[test]
    fn addresses_come_back(addr in addrs(), port in any::<u16>(), prefix in prefixes(), ip in any::<IpAddr>()) {
        comes_back(&addr);
        comes_back(&AddrPort { addr, port });
        comes_back(&prefix);
        comes_back(&NetIp::from(ip));
        let mapped = matches!(ip, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
        prop_assert!(mapped || NetIp::from(ip).to_std() == Some(ip));
        let socket = core::net::SocketAddr::new(ip, port);
        prop_assert_eq!(core::net::SocketAddr::try_from(AddrPort::from(socket)).unwrap(), socket);
    }

    #[test]
    fn texts_and_ids_come_back(text in ".{0,300}", id in any::<[u8; 16]>(), code in any::<i64>()) {
        comes_back(&Url::from(text.as_str()));
        comes_back(&Uuid(id));
        comes_back(&Uuid16(id));
        comes_back(&ErrorString { code, err: text });
    }

    #[test]
    fn random_payloads_are_values_or_errors(
        mut payload in prop::collection::vec(any::<u8>(), 0..40),
        version in prop_oneof![0..4_u8, any::<u8>()],
    ) {
        if let Some(first) = payload.first_mut() {
            *first = version;
        }
        steady::<Time>(&payload);
        steady::<BigInt>(&payload);
        steady::<BigRat>(&payload);
        steady::<BigFloat>(&payload);
        steady::<Addr>(&payload);
        steady::<AddrPort>(&payload);
        steady::<Prefix>(&payload);
        steady::<Url>(&payload);
        steady::<Uuid>(&payload);
        let _ = NetIp::from_octets(&payload);
    }
}

/// The largest fractions that are reduced take a moment, not minutes.
#[test]
fn large_fractions_are_reduced() {
    let number = |seed: u8, length| {
        let bytes: Vec<u8> = (0..length)
            .map(|at: usize| (at as u8 ^ seed).wrapping_mul(167).wrapping_add(seed))
            .collect();
        BigInt::from_bytes_be(false, &bytes)
    };
    let (a, b) = (
        number(3, BigRat::REDUCED_BYTES),
        number(8, BigRat::REDUCED_BYTES),
    );
    comes_back(&BigRat::new(a.clone(), b).unwrap());
    let same = BigRat::new(a.clone(), a).unwrap();
    assert_eq!(same.to_string(), "1");
}

/// A payload that decodes is written as one that decodes to the same.
fn steady<T: Marshal + Unmarshal + PartialEq + Debug>(payload: &[u8]) {
    let Ok(value) = T::unmarshal(payload) else {
        return;
    };
    let mut again = Vec::new();
    value.marshal(&mut again).unwrap();
    if let Ok(value) = T::unmarshal(&again) {
        let mut third = Vec::new();
        value.marshal(&mut third).unwrap();
        assert_eq!(third, again);
    } else {
        panic!("{value:?} is written as {again:?}");
    }
    let _ = format!("{value:?}");
}
