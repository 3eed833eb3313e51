//! Real Go reads what we write (`tests/peers/go/cmd/gotypes`).

use gobrpc_codec::go::{
    Addr, AddrPort, BigFloat, BigInt, BigRat, Complex64, Complex128, Duration, ErrorString, IpAddr,
    Prefix, Time, Url, Uuid, Uuid16,
};
use gobrpc_codec::{Encode, Gob};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::program::printed;
use crate::random;
use crate::sample::{
    ID, LINK, at, float, last, power, rat, short_ip, third_of_200_bits, two_to_200, unix, utc, v4,
    v6, zoned,
};

/// Go prints these values so.
fn prints<T: Encode>(ty: &str, values: &[T], want: &[&str]) {
    if let Some(lines) = printed(ty, values) {
        assert_eq!(lines, want, "{ty}");
    }
}

/// Go prints as many random values as we do.
fn prints_random<T: Encode>(ty: &str, strategy: impl Strategy<Value = T>, text: fn(&T) -> String) {
    let mut runner = TestRunner::deterministic();
    let values: Vec<T> = (0..500)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    if let Some(lines) = printed(ty, &values) {
        let want: Vec<String> = values.iter().map(text).collect();
        assert_eq!(lines, want, "{ty}");
    }
}

fn time_text(time: &Time) -> String {
    let zone = time.offset().map_or("UTC", |_| "zone");
    format!(
        "{} {} {zone} {}",
        time.unix_seconds().unwrap(),
        time.nanosecond(),
        time.offset().unwrap_or_default()
    )
}

#[test]
fn go_reads_our_times() {
    let times: Vec<Time> = [0, 5400, -3601, -30, 3208, -43200, 50400]
        .map(at)
        .into_iter()
        .chain([utc(0), Time::default(), last(), unix(-1, 999_999_999)])
        .collect();
    let want: Vec<String> = times.iter().map(time_text).collect();
    let want: Vec<&str> = want.iter().map(String::as_str).collect();
    prints("time", &times, &want);
    prints_random("time", random::times(), time_text);
    // Where Go prints all of the offset, it prints what we print.
    let minutes = random::printable_times();
    prints_random("rfc3339", minutes, Time::to_string);
    prints(
        "rfc3339",
        &[std::time::SystemTime::UNIX_EPOCH],
        &["1970-01-01T00:00:00Z"],
    );
}

#[test]
fn go_reads_our_durations() {
    let nanos = [0, 1, -1, 1500, 1_500_000_000, i64::MIN, i64::MAX].map(Duration);
    let want = nanos.map(|nanos| nanos.to_string());
    assert_eq!(want[5], "-2562047h47m16.854775808s");
    prints("duration", &nanos, &want.each_ref().map(String::as_str));
    prints_random(
        "duration",
        any::<i64>().prop_map(Duration),
        Duration::to_string,
    );
    prints(
        "duration",
        &[std::time::Duration::from_micros(1500)],
        &["1.5ms"],
    );
}

#[test]
fn go_reads_our_big_numbers() {
    prints(
        "int",
        &[BigInt::default(), power(200)].map(Box::new),
        &[
            "0",
            "1606938044258990275541962092341162602522202993782792835301376",
        ],
    );
    prints_random("int", random::big_ints(), BigInt::to_string);
    prints(
        "rat",
        &[BigRat::default(), rat(44.into(), -14)],
        &["0", "-22/7"],
    );
    prints_random("rat", random::big_rats(), BigRat::to_string);
    prints(
        "float",
        &[
            BigFloat::default(),
            float(-0.0),
            float(f64::NEG_INFINITY),
            float(-2.5),
            third_of_200_bits(),
            two_to_200(),
        ],
        &[
            "0 0 ToNearestEven Exact 0x0p+00",
            "-0 53 ToNearestEven Exact -0x0p+00",
            "-Inf 53 ToNearestEven Exact -Inf",
            "-0x.ap+2 53 ToNearestEven Exact -0x1.4p+01",
            "0x.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaap-1 200 ToZero Below 0x1.5555555555555p-02",
            "0x.8p+201 201 ToNearestEven Exact 0x1p+200",
        ],
    );
    // The nearest f64, as we find it and as Go does.
    let mut runner = TestRunner::deterministic();
    let floats: Vec<BigFloat> = (0..2000)
        .map(|_| {
            random::big_floats()
                .new_tree(&mut runner)
                .unwrap()
                .current()
        })
        .collect();
    let Some(lines) = printed("float", &floats) else {
        return;
    };
    for (line, float) in lines.iter().zip(&floats) {
        let near = line.rsplit(' ').next().unwrap();
        assert_eq!(near, hex_float(float.to_f64()), "{float:?}");
    }
    assert_eq!(lines.len(), floats.len());
}

/// Go's `%x` of a float.
fn hex_float(number: f64) -> String {
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_infinite() {
        return if sign.is_empty() { "+Inf" } else { "-Inf" }.to_owned();
    }
    if number == 0.0 {
        return format!("{sign}0x0p+00");
    }
    let bits = number.to_bits() << 1 >> 1;
    let (biased, fraction) = ((bits >> 52) as i32, bits << 12 >> 12);
    let (exponent, fraction) = if biased == 0 {
        // Go shifts the first 1 to the front.
        let zeros = fraction.leading_zeros() as i32 - 11;
        (-1022 - zeros, fraction << zeros & !(1 << 52))
    } else {
        (biased - 1023, fraction)
    };
    let digits = format!("{fraction:013x}");
    let digits = match digits.trim_end_matches('0') {
        "" => String::new(),
        digits => format!(".{digits}"),
    };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}0x1{digits}p{direction}{:02}", exponent.abs())
}

#[test]
fn go_reads_our_complex_numbers() {
    let numbers = [(1.0, -2.5), (-0.0, 0.0)].map(Complex128::from);
    prints("complex", &numbers, &["(1-2.5i)", "(-0+0i)"]);
    prints("complex", &[Complex64 { re: 0.5, im: 1.0 }], &["(0.5+1i)"]);
}

#[test]
fn go_reads_our_addresses() {
    let loopback = core::net::Ipv6Addr::LOCALHOST;
    prints(
        "ip",
        &[short_ip(), v4().into(), loopback.into(), IpAddr::NIL],
        &["192.0.2.1 4", "192.0.2.1 16", "::1 16", "<nil> 0"],
    );
    prints(
        "addr",
        &[Addr::NONE, v4().into(), v6().into(), zoned()],
        &["invalid IP", "192.0.2.1", "2001:db8::1", "fe80::1%eth0"],
    );
    prints_random("addr", random::addrs(), Addr::to_string);
    prints(
        "addrport",
        &[
            AddrPort::default(),
            AddrPort::new(v4(), 258),
            AddrPort::new(zoned(), 65535),
        ],
        &["invalid AddrPort", "192.0.2.1:258", "[fe80::1%eth0]:65535"],
    );
    prints(
        "prefix",
        &[Prefix::NONE, Prefix::new(v6(), 64).unwrap()],
        &["invalid Prefix", "2001:db8::1/64"],
    );
    prints("url", &[Url::from(LINK), Url::default()], &[LINK, ""]);
}

#[test]
fn go_reads_our_uuids_and_errors() {
    let (id, zero) = (
        "f800000000010000000000000000000a",
        "00000000000000000000000000000000",
    );
    prints("uuid", &[Uuid(ID), Uuid::default()], &[id, zero]);
    prints("array", &[Uuid16(ID), Uuid16::default()], &[id, zero]);
    prints("array", &[ID], &[id]);
    let eof = ErrorString {
        code: 1,
        err: "EOF".to_owned(),
    };
    prints(
        "error",
        &[ErrorString::new("disk full"), eof],
        &["0 disk full", "1 EOF"],
    );
}

/// The twin of Go's `Fields`.
#[derive(Gob, Default)]
struct Fields {
    before: i64,
    at: Time,
    ptr: Option<Time>,
    r#for: Duration,
    value: BigInt,
    int: Option<BigInt>,
    rat: Option<BigRat>,
    float: Option<BigFloat>,
    number: Complex64,
    #[gob(rename = "IP")]
    ip: IpAddr,
    addr: Addr,
    socket: AddrPort,
    prefix: Prefix,
    #[gob(rename = "URL")]
    url: Option<Url>,
    #[gob(rename = "ID")]
    id: Uuid,
    raw: Uuid16,
    err: Option<ErrorString>,
    after: i64,
}

#[test]
fn go_reads_our_fields() {
    let zero = "-62135596800 0 UTC 0";
    let nulls = "00000000000000000000000000000000";
    let empty = format!(
        "0, {zero}, nil, 0s, 0, <nil>, <nil>, <nil>, (0+0i), <nil>, invalid IP, invalid AddrPort, \
         invalid Prefix, <nil>, {nulls}, {nulls}, <nil>, 0"
    );
    let full = Fields {
        before: 1,
        at: at(-3601),
        ptr: Some(Time::default()),
        r#for: Duration(5),
        value: power(64),
        int: Some(BigInt::default()),
        rat: Some(rat(1.into(), 3)),
        float: Some(float(0.5)),
        number: (1.0, 2.0).into(),
        ip: short_ip(),
        addr: zoned(),
        socket: AddrPort::new(v4(), 80),
        prefix: Prefix::new(v4(), 24).unwrap(),
        url: Some(Url::from(LINK)),
        id: Uuid(ID),
        raw: Uuid16(ID),
        err: Some(ErrorString::new("e")),
        after: 2,
    };
    let id = "f800000000010000000000000000000a";
    let filled = format!(
        "1, {}, {zero}, 5ns, 18446744073709551616, 0, 1/3, 0.5, (1+2i), 192.0.2.1, fe80::1%eth0, \
         192.0.2.1:80, 192.0.2.1/24, {LINK}, {id}, {id}, e, 2",
        time_text(&full.at)
    );
    prints("fields", &[full, Fields::default()], &[&filled, &empty]);
}
