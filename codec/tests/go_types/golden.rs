//! Real Go's bytes, minted by `tests/peers/go/cmd/mint`.

use std::collections::BTreeMap;

use gobrpc_codec::go::{
    Addr, BigFloat, BigInt, BigRat, Complex128, Duration, ErrorString, IpAddr, Time, Url,
};
use gobrpc_codec::{DecodeOwned, Decoder, Encode, Encoder, Gob};

use crate::check::{Case, becomes, case, check, check_decoding, directory, golden, received, same};
use crate::sample::{
    Addrs, BigPointers, BigValues, Complexes, Moments, at, big, float, last, power, rat,
    third_of_200_bits, two_to_200, unix, utc, v4,
};

pub(crate) fn check_all(cases: impl IntoIterator<Item = Case>) {
    if directory().is_none() {
        return;
    }
    cases.into_iter().for_each(|case| check(&case));
}

fn check_all_decoding(cases: impl IntoIterator<Item = Case>) {
    if directory().is_none() {
        return;
    }
    cases.into_iter().for_each(|case| check_decoding(&case));
}

fn moments() -> Moments {
    Moments {
        at: utc(0),
        ptr: Some(at(-3601)),
        list: vec![utc(0), Time::default()],
        dict: Some(BTreeMap::from([("k".to_owned(), Time::default())])),
        r#for: Duration(1_500_000_000),
        each: vec![Duration(1), Duration(0)],
    }
}

#[test]
fn times_are_gos() {
    let zones = [0, 5400, -3601, -30, 3208, -43200, 50400].map(at);
    let ides_of_march = unix(-63_549_316_800, 0);
    assert_eq!(ides_of_march.to_string(), "-0044-03-15T12:00:00Z");
    check_all([
        case("go_time", [utc(0)].into_iter().chain(zones).map(same)),
        case(
            "go_time_range",
            [
                Time::default(),
                unix(-62_135_596_799, 0),
                last(),
                unix(-1, 999_999_999),
                ides_of_march,
            ]
            .map(same),
        ),
        case("go_time_monotonic", [same(utc(0))]),
        case(
            "go_time_local",
            [same(unix(1_700_000_000, 5).with_offset(7200).unwrap())],
        ),
        case(
            "go_time_list",
            [same(vec![Box::new(utc(0))]), same(vec![utc(0)])],
        ),
        case(
            "go_time_fields",
            [
                moments(),
                Moments::default(),
                Moments {
                    ptr: Some(Time::default()),
                    ..Moments::default()
                },
            ]
            .map(same),
        ),
    ]);
    // Of the other goldens.
    #[derive(Gob, Debug, Clone, Default)]
    struct Times {
        at: Time,
        ptr: Option<Time>,
        r#for: Duration,
    }
    let east = unix(1_709_204_696, 0).with_offset(5400).unwrap();
    let noon = unix(1_709_210_096, 789);
    check_all([case(
        "time_fields",
        [
            Times {
                at: noon,
                ptr: Some(east),
                r#for: Duration(1_500_000_000),
            },
            Times::default(),
            Times {
                ptr: Some(Time::default()),
                ..Times::default()
            },
        ]
        .map(same),
    )]);
}

#[test]
fn durations_are_gos() {
    let nanos = [
        0,
        1,
        -1,
        1500,
        1_500_000_000,
        93_780_000_000_000,
        i64::MIN,
        i64::MAX,
    ];
    check_all([case(
        "go_duration",
        nanos.map(|nanos| same(Duration(nanos))),
    )]);
}

#[test]
fn big_numbers_are_gos() {
    let ints = [
        "0",
        "1",
        "-1",
        "18446744073709551616",
        "-18446744073709551616",
    ];
    let ints = ints.map(big).into_iter().chain([power(200)]);
    let rats = [
        BigRat::default(),
        BigInt::from(5).into(),
        rat(22.into(), -7),
        rat(power(200), 3),
    ];
    let floats = [
        0.0,
        -0.0,
        1.0,
        -0.1,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e-320,
    ]
    .map(float);
    let floats = std::iter::once(BigFloat::default())
        .chain(floats)
        .chain([third_of_200_bits(), two_to_200()]);
    check_all([
        // Go sends them by pointers only.
        case("go_big_int", ints.map(|int| same(Box::new(int)))),
        case("go_big_rat", rats.map(|rat| same(Box::new(rat)))),
        case("go_big_float", floats.map(|float| same(Box::new(float)))),
        case(
            "go_big_values",
            [
                BigValues {
                    int: power(64),
                    rat: rat(BigInt::from(-1), 3),
                    float: float(2.5),
                },
                BigValues::default(),
            ]
            .map(same),
        ),
        case(
            "go_big_pointers",
            [
                BigPointers {
                    int: Some(BigInt::from(-5)),
                    list: vec![Box::new(7.into()), Box::new(0.into())],
                    rat: Some(rat(1.into(), 3)),
                    float: Some(float(-2.5)),
                },
                BigPointers::default(),
                BigPointers {
                    int: Some(BigInt::default()),
                    ..BigPointers::default()
                },
            ]
            .map(same),
        ),
    ]);
    // We send this as new(big.Rat).
    check_all_decoding([case("go_big_rat_zero", [same(Box::new(BigRat::default()))])]);
}

#[test]
fn complex_numbers_are_gos() {
    let negative_zero = Complexes {
        large: Complex128 { re: -0.0, im: 0.0 },
        ..Complexes::default()
    };
    check_all([case(
        "go_complex",
        [
            same(Complexes {
                small: (1.0, -2.0).into(),
                large: (0.1, 3.0).into(),
                list: vec![(0.0, 1.0).into(), Complex128::default()],
            }),
            same(Complexes::default()),
            becomes(negative_zero, Complexes::default()),
        ],
    )]);
}

#[test]
fn errors_are_gos() {
    let eof = ErrorString {
        code: 1,
        err: "EOF".to_owned(),
    };
    let full = ErrorString::new("disk full");
    check_all([case(
        "go_error_string",
        [full.clone(), eof, ErrorString::default()].map(same),
    )]);
    check_all_decoding([case("go_error_string_bare", [received(full)])]);
}

/// The values of a golden that the other tests of goldens only skip.
fn values<T: DecodeOwned>(name: &str) -> Vec<T> {
    let mut decoder = Decoder::new();
    decoder.feed(&golden(name));
    let values = std::iter::from_fn(|| decoder.decode().unwrap()).collect();
    decoder.finish().unwrap();
    values
}

fn encoded<T: Encode>(values: &[T]) -> Vec<u8> {
    let (mut encoder, mut out) = (Encoder::new(), Vec::new());
    for value in values {
        encoder.encode(value, &mut out).unwrap();
    }
    out
}

#[test]
fn older_goldens_decode_into_these_types_and_encode_to_the_same_bytes() {
    if directory().is_none() {
        return;
    }
    let times: Vec<Time> = values("time");
    let texts: Vec<String> = times.iter().map(Time::to_string).collect();
    assert_eq!(
        texts,
        [
            "2024-02-29T12:34:56.000000789Z",
            "2024-02-29T12:34:56+01:30",
            "1883-01-01T00:00:00.000000001-01:00:01",
            "0001-01-01T00:00:00Z",
        ]
    );
    assert_eq!(encoded(&times), golden("time"));

    let rats: Vec<Box<BigRat>> = values("big_rat");
    assert_eq!(format!("{} {}", rats[0], rats[1]), "0 -22/7");
    assert_eq!(encoded(&rats), golden("big_rat"));

    let floats: Vec<Box<BigFloat>> = values("big_float");
    let numbers: Vec<f64> = floats.iter().map(|float| float.to_f64()).collect();
    assert_eq!(numbers, [0.0, 1.5, -0.1]);
    assert_eq!(encoded(&floats), golden("big_float"));

    let ints: Vec<Box<BigInt>> = values("big_int");
    assert_eq!(ints[5].to_string(), "-123456789012345678901234567890");
    assert_eq!(encoded(&ints), golden("big_int"));

    let addrs: Vec<Addr> = values("netip_addr");
    assert_eq!(addrs[2].to_string(), "fe80::1%eth0");
    assert_eq!(encoded(&addrs), golden("netip_addr"));

    let ips: Vec<IpAddr> = values("ip");
    assert_eq!(ips[0].to_std(), Some(v4().into()));
    assert_eq!(encoded(&ips), golden("ip"));

    let complex: Vec<Complex128> = values("complex128");
    assert_eq!(complex[1], (1.0, 2.0).into());
    assert_eq!(encoded(&complex), golden("complex128"));

    let urls: Vec<Box<Url>> = values("url");
    let text = "https://user:pw@example.org:81/a/b?q=1#frag";
    assert_eq!(urls[0].as_str(), text);
    assert_eq!(encoded(&urls), golden("url"));

    let fields: Vec<Addrs> = values("addr_fields");
    assert_eq!(fields[0].url.as_deref().map(Url::as_str), Some(text));
    assert_eq!(encoded(&fields), golden("addr_fields"));
}
