//! Payloads that no Go program sends.

use std::fmt::Debug;

use gobrpc_codec::go::{
    Addr, AddrPort, BigFloat, BigInt, BigRat, Complex64, Duration, IpAddr, Prefix, Time, Url, Uuid,
    Uuid16,
};
use gobrpc_codec::schema::Opaque;
use gobrpc_codec::{
    DecodeOwned, Encode, Encoder, Error, ErrorKind, Marshal, OpaqueValue, Prepared, Result,
    Unmarshal, Value, from_slice, to_vec,
};

use crate::sample::{at, float, power, rat, third_of_200_bits, utc, v4, v6, zoned};

fn payload<T: Marshal>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.marshal(&mut out).unwrap();
    out
}

fn stream_of(opaque: OpaqueValue) -> Vec<u8> {
    let prepared = Prepared::from_value(&Value::Opaque(opaque)).unwrap();
    let mut stream = Vec::new();
    Encoder::new().append(&prepared, &mut stream).unwrap();
    stream
}

/// The error of a payload, which is the same through a stream, at the first byte
/// of the payload.
fn fault<T: Marshal + Unmarshal + DecodeOwned + Encode + Debug>(payload: &[u8]) -> String {
    let error = T::unmarshal(payload).unwrap_err();
    // A value of the same definition whose payload is another one.
    let opaque = OpaqueValue::new(T::KIND, T::NAME, payload.to_owned());
    let stream = stream_of(opaque);
    let through: Error = from_slice::<T>(&stream).unwrap_err();
    assert_eq!(through.message(), error.message());
    let offset = (stream.len() - payload.len()) as u64;
    assert_eq!(through.offset(), Some(offset));
    assert_eq!(through.kind(), error.kind());
    error.to_string()
}

fn time(version: u8, nanos: u32, minutes: i16, seconds: Option<i8>) -> Vec<u8> {
    let mut bytes = vec![version];
    bytes.extend(0_i64.to_be_bytes());
    bytes.extend(nanos.to_be_bytes());
    bytes.extend(minutes.to_be_bytes());
    bytes.extend(seconds.map(|seconds| seconds as u8));
    bytes
}

#[test]
fn times() {
    for (bad, text) in [
        (vec![], "a time of no bytes"),
        (time(0, 0, 0, None), "a time of version 0 and 15 bytes"),
        (time(3, 0, 0, None), "a time of version 3 and 15 bytes"),
        (time(1, 0, 0, Some(0)), "a time of version 1 and 16 bytes"),
        (time(2, 0, 0, None), "a time of version 2 and 15 bytes"),
        (
            time(1, 1_000_000_000, 0, None),
            "1000000000 nanoseconds in a time",
        ),
        (
            time(1, u32::MAX, 0, None),
            "4294967295 nanoseconds in a time",
        ),
        (
            time(2, 0, -1, Some(-15)),
            "a time in a zone -75 seconds east of UTC",
        ),
        (
            time(2, 0, 1, Some(60)),
            "a time in a zone 120 seconds east of UTC",
        ),
        (
            time(2, 0, 1, Some(-128)),
            "a time in a zone -68 seconds east of UTC",
        ),
    ] {
        assert_eq!(fault::<Time>(&bad), text);
    }
    // As Go reads them.
    let read = |bytes: Vec<u8>| Time::unmarshal(&bytes).unwrap().offset();
    assert_eq!(read(time(1, 999_999_999, -1, None)), None);
    assert_eq!(read(time(2, 0, -1, Some(0))), None);
    assert_eq!(read(time(2, 0, 0, Some(-30))), Some(-30));
    assert_eq!(read(time(2, 0, -60, Some(-1))), Some(-3601));
    assert_eq!(read(time(1, 0, i16::MIN, None)), Some(-32_768 * 60));

    let zero = Time::default();
    for bad in [
        -60,
        -75,
        -119,
        32_768 * 60,
        -32_769 * 60,
        i32::MAX,
        i32::MIN,
    ] {
        let error = zero.with_offset(bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
    }
    for good in [-59, -120, 32_767 * 60 + 59, -32_768 * 60 - 59] {
        let time = zero.with_offset(good).unwrap();
        assert_eq!(Time::unmarshal(&payload(&time)).unwrap(), time);
    }
    assert!(Time::from_unix(i64::MAX, 0).is_err());
    assert!(Time::from_unix(0, 1_000_000_000).is_err());
    // The ends of what Go can count.
    let ends = [i64::MIN, i64::MAX].map(|seconds| {
        let mut bytes = time(1, 0, -1, None);
        bytes[1..9].copy_from_slice(&seconds.to_be_bytes());
        Time::unmarshal(&bytes).unwrap()
    });
    assert_eq!(ends[0].unix_seconds(), None);
    assert_eq!(ends[0].to_string(), "-292277024626-01-27T08:29:52Z");
    assert_eq!(ends[1].to_string(), "292277024627-12-06T15:30:07Z");
    assert!(std::time::SystemTime::try_from(ends[0]).is_err());
}

#[test]
fn big_numbers() {
    assert_eq!(fault::<BigInt>(&[0]), "a big integer of version 0");
    assert_eq!(fault::<BigInt>(&[4, 1]), "a big integer of version 2");
    let read = |bytes: &[u8]| BigInt::unmarshal(bytes).unwrap();
    assert_eq!(read(&[]), 0.into());
    assert_eq!(read(&[3]), 0.into());
    assert_eq!(read(&[3, 0, 0, 1]), BigInt::from(-1));

    assert_eq!(fault::<BigRat>(&[5]), "a fraction of version 2");
    let cut = "a fraction that ends in its numerator";
    for bad in [
        &[2][..],
        &[2, 0, 0, 0],
        &[2, 0, 0, 0, 1],
        &[2, 255, 255, 255, 255, 1],
    ] {
        assert_eq!(fault::<BigRat>(bad), cut);
    }
    let read = |bytes: &[u8]| BigRat::unmarshal(bytes).unwrap().to_string();
    assert_eq!(read(&[]), "0");
    assert_eq!(read(&[3, 0, 0, 0, 1, 6]), "-6");
    assert_eq!(read(&[3, 0, 0, 0, 1, 6, 0]), "-6");
    assert_eq!(read(&[2, 0, 0, 0, 1, 6, 4]), "6/4");

    let finite = payload(&float(1.5));
    for (at, byte, text) in [
        (0, 2, "a big float of version 2"),
        (1, 0b0000_1000, "a big float of form 0 and 18 bytes"),
        (1, 0b0000_1110, "a big float of form 3 and 18 bytes"),
        (1, 0b0001_1010, "a big float of modes 0b00011010"),
        (1, 0b1100_1010, "a big float of modes 0b11001010"),
        (5, 0, "a finite number without precision"),
        (10, 0x7f, "a mantissa that does not begin with a 1"),
    ] {
        let mut bad = finite.clone();
        bad[at] = byte;
        assert_eq!(fault::<BigFloat>(&bad), text);
    }
    assert_eq!(
        fault::<BigFloat>(&finite[..10]),
        "a finite number without a mantissa"
    );
    assert_eq!(
        fault::<BigFloat>(&finite[..5]),
        "a big float of under 6 bytes"
    );
    // Of a machine of 32-bit words; Go on 64 bits wants whole ones of those.
    let short = BigFloat::unmarshal(&finite[..14]).unwrap();
    assert_eq!(short.to_f64(), 1.5);
    assert_eq!(payload(&short), finite);
}

#[test]
fn addresses() {
    for length in [1, 2, 3, 5, 15] {
        let bytes = vec![1; length];
        assert_eq!(
            fault::<Addr>(&bytes),
            format!("an address of {length} bytes")
        );
        assert!(IpAddr::from_octets(&bytes).is_err());
    }
    assert!(IpAddr::from_octets(&[0; 17]).is_err());
    assert!(IpAddr::from_octets(&[0; 272]).is_err());
    assert_eq!(fault::<AddrPort>(&[1]), "an address without a port");
    assert_eq!(fault::<Prefix>(&[]), "a prefix of no bytes");
    assert_eq!(
        fault::<Prefix>(&[1, 2, 3, 4, 33]),
        "a prefix of 33 bits of 1.2.3.4"
    );
    assert_eq!(fault::<Prefix>(&[8]), "a prefix of 8 bits of invalid IP");
    let mut zone = payload(&zoned());
    zone.push(64);
    assert_eq!(fault::<Prefix>(&zone), "a prefix with a zone");
    let mut zone = payload(&zoned());
    zone.push(0xff);
    assert_eq!(
        fault::<Addr>(&zone),
        "an address in a zone that is not UTF-8"
    );
    assert!(Addr::from(v4()).with_zone("eth0").is_err());
    assert!(Prefix::new(v4(), 33).is_err());
    assert!(Prefix::new(v6(), 129).is_err());

    let error = from_slice::<IpAddr>(&to_vec(&b"abc"[..].to_vec()).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "at byte 3, IP: 3 bytes are no net.IP, which has 0, 4 or 16"
    );
    assert_eq!(fault::<Url>(&[0xff]), "a URL that is not UTF-8");
    assert_eq!(fault::<Uuid>(&[1; 15]), "a UUID of 15 bytes");
}

/// Every strict prefix of a payload, where the format knows its own length.
#[test]
fn cut_payloads() {
    fn cut<T: Marshal + Unmarshal + DecodeOwned + Encode + Debug>(value: &T) {
        let whole = payload(value);
        assert!(T::unmarshal(&whole).is_ok());
        for end in 1..whole.len() {
            fault::<T>(&whole[..end]);
        }
    }
    cut(&utc(0));
    cut(&at(5400));
    // 15 bytes of version 2, and not of version 1.
    cut(&at(-3601));
    cut(&float(f64::INFINITY));
    cut(&Uuid([1; 16]));
    // Others have prefixes that are values themselves.
    let whole = payload(&rat(power(200), 3));
    (0..whole.len()).for_each(|end| drop(BigRat::unmarshal(&whole[..end])));
    for float in [float(1.0), third_of_200_bits()] {
        let whole = payload(&float);
        for end in 1..whole.len() {
            let cut = BigFloat::unmarshal(&whole[..end]);
            assert_eq!(cut.is_ok(), end > 10 && end % 4 == 2, "{end}");
        }
    }
}

/// Every strict prefix of a stream is truncated, and never a value.
#[test]
fn cut_streams() {
    fn cut<T: Encode + DecodeOwned + Debug>(value: &T) {
        let stream = to_vec(value).unwrap();
        for end in 0..stream.len() {
            let error = from_slice::<T>(&stream[..end]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated, "{value:?} at {end}");
        }
    }
    cut(&at(-3601));
    cut(&Duration(1_000_000));
    cut(&power(200));
    cut(&rat(power(200), 3));
    cut(&third_of_200_bits());
    cut(&Complex64 { re: 0.1, im: 0.2 });
    cut(&IpAddr::from(v6()));
    cut(&zoned());
    cut(&AddrPort::new(zoned(), 1));
    cut(&Url::from("https://example.org"));
    cut(&Uuid([1; 16]));
    cut(&Uuid16([200; 16]));
}

#[test]
fn other_types_do_not_fit() {
    fn mismatch<T: DecodeOwned + Debug>(stream: Result<Vec<u8>>) {
        let error = from_slice::<T>(&stream.unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }
    // The kinds of marshalers do not fit one another, as in Go.
    mismatch::<Time>(to_vec(&Uuid([0; 16])));
    mismatch::<Uuid>(to_vec(&Uuid16([0; 16])));
    mismatch::<Uuid16>(to_vec(&Uuid([0; 16])));
    mismatch::<Url>(to_vec(&"https://example.org".to_owned()));
    mismatch::<Duration>(to_vec(&1_u64));
    mismatch::<Complex64>(to_vec(&1.0));
    let error = from_slice::<Complex64>(
        &to_vec(&gobrpc_codec::go::Complex128 { re: 1e300, im: 0.0 }).unwrap(),
    );
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Mismatch);
    // The name is for people: what a GobEncoder of another name sent is read.
    let other = OpaqueValue::new(Opaque::Gob, "Moment", payload(&utc(0)));
    let stream = stream_of(other);
    assert_eq!(from_slice::<Time>(&stream).unwrap(), utc(0));
}

#[test]
fn conversions_that_do_not_fit() {
    assert!(std::time::Duration::try_from(Duration(-1)).is_err());
    assert!(Duration::try_from(std::time::Duration::MAX).is_err());
    let error = to_vec(&std::time::Duration::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    let error = from_slice::<std::time::Duration>(&to_vec(&Duration(-1)).unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("at byte "), "{error}");
    let error = from_slice::<std::time::SystemTime>(
        &to_vec(&Time::from_unix(i64::MAX - (1 << 40), 0).unwrap()).unwrap(),
    );
    assert!(error.is_ok() || error.unwrap_err().kind() == ErrorKind::Mismatch);
    assert!(u8::try_from(&BigInt::from(256)).is_err());
    assert!(u64::try_from(&BigInt::from(-1)).is_err());
    assert!(i128::try_from(&power(127)).is_err());
    assert!(i128::try_from(&power(200)).is_err());
    assert_eq!(i128::try_from(&BigInt::from(i128::MIN)).unwrap(), i128::MIN);
    for bad in ["", "-", "+", "0x", "1 ", "1e3", "--1", "0x-1"] {
        assert!(bad.parse::<BigInt>().is_err(), "{bad}");
    }
    // Long numbers are hexadecimal, both ways.
    let long = power(8 * 5000);
    let text = format!("-{long}");
    assert!(text.starts_with("-0x0100000"));
    let back: BigInt = text.parse().unwrap();
    assert!(back.is_negative() && back.magnitude() == long.magnitude());
    assert!("9".repeat(20_000).parse::<BigInt>().is_err());
    assert!(BigRat::new(long, 3.into()).is_err());
}
