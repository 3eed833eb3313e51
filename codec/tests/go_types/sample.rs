//! Twins of the types in `tests/peers/go/cmd/mint/gotypes.go`, and values.

use std::collections::BTreeMap;

use gobrpc_codec::Gob;
use gobrpc_codec::go::{
    Accuracy, Addr, AddrPort, BigFloat, BigInt, BigRat, Complex64, Complex128, Duration, Form,
    IpAddr, Prefix, Rounding, Time, Url, Uuid, Uuid16,
};

#[derive(Gob, Debug, Clone, PartialEq, Default)]
pub(crate) struct Moments {
    pub(crate) at: Time,
    pub(crate) ptr: Option<Time>,
    pub(crate) list: Vec<Time>,
    // Go's nil map is not sent, and an empty one is.
    pub(crate) dict: Option<BTreeMap<String, Time>>,
    pub(crate) r#for: Duration,
    pub(crate) each: Vec<Duration>,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
pub(crate) struct BigValues {
    pub(crate) int: BigInt,
    pub(crate) rat: BigRat,
    pub(crate) float: BigFloat,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
pub(crate) struct BigPointers {
    pub(crate) int: Option<BigInt>,
    pub(crate) list: Vec<Box<BigInt>>,
    pub(crate) rat: Option<BigRat>,
    pub(crate) float: Option<BigFloat>,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
pub(crate) struct Complexes {
    pub(crate) small: Complex64,
    pub(crate) large: Complex128,
    pub(crate) list: Vec<Complex128>,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
pub(crate) struct Addrs {
    #[gob(rename = "URL")]
    pub(crate) url: Option<Box<Url>>,
    #[gob(rename = "IP")]
    pub(crate) ip: IpAddr,
    pub(crate) addr: Addr,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
pub(crate) struct Networks {
    #[gob(rename = "IP")]
    pub(crate) ip: IpAddr,
    #[gob(rename = "IPs")]
    pub(crate) ips: Vec<IpAddr>,
    pub(crate) addr: Addr,
    pub(crate) socket: AddrPort,
    pub(crate) prefix: Prefix,
    pub(crate) ptr: Option<Addr>,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
pub(crate) struct Links {
    pub(crate) value: Url,
    pub(crate) ptr: Option<Url>,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
#[gob(name = "IDs")]
pub(crate) struct Ids {
    #[gob(rename = "ID")]
    pub(crate) id: Uuid,
    pub(crate) ptr: Option<Uuid>,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
pub(crate) struct HasUUID {
    #[gob(rename = "ID")]
    pub(crate) id: Uuid16,
}

/// 2024-02-29T12:34:56.000000007 in a zone so many seconds east of UTC.
pub(crate) fn at(offset: i32) -> Time {
    utc(-i64::from(offset)).with_offset(offset).unwrap()
}

/// So many seconds after 2024-02-29T12:34:56.000000007Z.
pub(crate) fn utc(seconds: i64) -> Time {
    Time::from_unix(1_709_210_096 + seconds, 7).unwrap()
}

pub(crate) fn unix(seconds: i64, nanos: u32) -> Time {
    Time::from_unix(seconds, nanos).unwrap()
}

pub(crate) fn last() -> Time {
    unix(253_402_300_799, 999_999_999)
}

pub(crate) fn big(text: &str) -> BigInt {
    text.parse().unwrap()
}

/// 2 to this power.
pub(crate) fn power(bits: usize) -> BigInt {
    let mut magnitude = vec![0; bits / 8 + 1];
    magnitude[0] = 1 << (bits % 8);
    BigInt::from_bytes_be(false, &magnitude)
}

pub(crate) fn rat(numerator: BigInt, denominator: i64) -> BigRat {
    BigRat::new(numerator, denominator.into()).unwrap()
}

pub(crate) fn float(number: f64) -> BigFloat {
    BigFloat::try_from(number).unwrap()
}

pub(crate) fn third_of_200_bits() -> BigFloat {
    let mut mantissa = vec![0xaa; 25];
    mantissa.resize(32, 0);
    let form = Form::Finite {
        exponent: -1,
        mantissa,
    };
    let third = BigFloat::new(false, 200, form).unwrap();
    third.with_modes(Rounding::ToZero, Accuracy::Below)
}

/// As a `big.Int` makes it: a 1 and zeros in four words.
pub(crate) fn two_to_200() -> BigFloat {
    let mut mantissa = vec![0; 32];
    mantissa[0] = 0x80;
    let form = Form::Finite {
        exponent: 201,
        mantissa,
    };
    BigFloat::new(false, 201, form).unwrap()
}

pub(crate) fn v4() -> core::net::Ipv4Addr {
    "192.0.2.1".parse().unwrap()
}

pub(crate) fn v6() -> core::net::Ipv6Addr {
    "2001:db8::1".parse().unwrap()
}

pub(crate) fn zoned() -> Addr {
    let link: core::net::Ipv6Addr = "fe80::1".parse().unwrap();
    Addr::from(link).with_zone("eth0").unwrap()
}

pub(crate) fn short_ip() -> IpAddr {
    IpAddr::from_octets(&[192, 0, 2, 1]).unwrap()
}

pub(crate) const LINK: &str = "https://user:p%40w@example.org:81/a%2Fb?q=1#frag";

pub(crate) const ID: [u8; 16] = [0xf8, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a];
