//! Inputs that once broke Go's decoder, from its own tests (`encoder_test.go`,
//! `codec_test.go`), and faults of ours that were found since.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]
#![allow(clippy::use_self, reason = "types are recursive by name")]

use std::collections::HashMap;

use gobrpc_codec::{Decoder, ErrorKind, Gob, Limits, from_slice, from_slice_with, to_vec};

#[path = "hostile/stream.rs"]
#[allow(dead_code, reason = "the builder serves several tests")]
mod stream;

use stream::Bytes;

#[derive(Gob, Debug)]
struct ET2 {
    x: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .map(|digit| digit.to_digit(16).unwrap() as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// `TestBadData`, `TestBadCount`, `TestDecoderOverflow` (golang/go#55337) and
/// `TestLocalRemoteTypesMismatch` (#62117).
#[test]
fn bad_data_is_an_error() {
    use ErrorKind::{Limit, Malformed, Mismatch, Truncated};
    for (hex, kind) in [
        ("", Truncated),
        ("7f6869", Truncated),
        (
            "036e6f77206973207468652074696d6520666f7220616c6c20676f6f64206d656e",
            Malformed,
        ),
        // A value of CommonType, which every stream has.
        ("0424666f6f", Mismatch),
        ("05100028557b02027f8302", Malformed),
        ("130a00fb5dad0bf8ff020263e70002fa28020202a89859", Mismatch),
        ("0f1000fb285d003316020735ff023a65c5", Limit),
        (
            "03fffb0616fffc00f902ff02ff03bf005d02885802a311a8120228022c028ee7",
            Malformed,
        ),
        (
            "10fe010f020102fe01100001fe010e000016fe010d030102fe010e00010101015801fe011000\
             00000bfe011000f85555555555555555",
            Mismatch,
        ),
        ("fba5822fca01", Limit),
        (
            "12ffff02022000f87fffffffffffffffffff202020202020",
            Malformed,
        ),
        ("097f030102ff8000000003ff8000", Mismatch),
    ] {
        let hex = hex.replace(' ', "");
        let input = bytes(&hex);
        let error = from_slice::<Vec<ET2>>(&input).unwrap_err();
        assert_eq!(error.kind(), kind, "{hex}: {error}");
        // Undecoded they end in an error or are skipped, and never run away.
        let mut decoder = Decoder::new();
        decoder.feed(&input);
        while let Ok(true) = decoder.skip() {}
        let _ = decoder.finish();
    }
}

/// `TestErrorForHugeSlice` (golang/go#8084).
#[test]
fn a_huge_count_is_an_error() {
    let mut stream = to_vec(&vec![1_i64; 10]).unwrap();
    let count = stream.len() - 11;
    stream[count] = 0xfa;
    let error = from_slice::<Vec<i64>>(&stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
}

/// `TestLargeMap` (golang/go#79756): limits on what is allocated ahead must not
/// cut a map short.
#[test]
fn a_large_map_is_whole() {
    let map: HashMap<i16, [u8; 1024]> = (0..2500).map(|key| (key, [0; 1024])).collect();
    let back: HashMap<i16, [u8; 1024]> = from_slice(&to_vec(&map).unwrap()).unwrap();
    assert_eq!(back.len(), 2500);
}

/// `TestFuzzOneByte`, without the places that Go's leaves out.
#[test]
fn any_one_byte_may_be_wrong() {
    #[derive(Gob, Debug)]
    struct DT {
        a: i64,
        b: String,
        c: f64,
        list: Vec<i64>,
        dict: HashMap<String, i64>,
        any: Option<Box<DT>>,
        array: [i64; 3],
        bytes: Vec<u8>,
        pair: (i64, Vec<(bool, String)>),
    }
    let value = |any| DT {
        a: 17,
        b: "hello".to_owned(),
        c: 3.25,
        list: vec![1, 2, 3],
        dict: HashMap::from([("k".to_owned(), 1)]),
        any,
        array: [4, 5, 6],
        bytes: vec![7; 20],
        pair: (8, vec![(true, "t".to_owned())]),
    };
    let stream = to_vec(&value(Some(Box::new(value(None))))).unwrap();
    let limits = Limits::strict();
    for index in 0..stream.len() {
        for flip in 1..=255 {
            let mut wrong = stream.clone();
            wrong[index] ^= flip;
            // An error or a value, but never a panic.
            let _ = from_slice_with::<DT>(&wrong, &limits);
            let mut decoder = Decoder::with_limits(limits);
            decoder.feed(&wrong);
            let _ = decoder.skip();
        }
    }
}

/// A value that was put together can be longer than the stream up to there, as
/// the counts in it got room to grow: its offsets underflowed.
#[test]
fn a_value_longer_than_its_stream() {
    #[derive(Gob, Debug, PartialEq)]
    struct Only {
        a: i64,
    }
    let list = |value: Bytes| stream::bytes().text(b"L").int(65).text(&value.0);
    let define = stream::bytes()
        .int(-70)
        .raw(&[2, 1, 2])
        .int(70)
        .raw(&[0, 1, 4, 0, 0]);
    // A list of one interface, whose type is defined at the end of the segment;
    // the value has a segment and a count of its own.
    let bottom = list(stream::bytes().raw(&[0, 1]).text(b"T").raw(&define.0))
        .text(&stream::bytes().int(70).text(&[0, 1, 2]).0);
    let any = (0..20).fold(bottom, |inner, _| {
        list(stream::bytes().raw(&[0, 1]).raw(&inner.0))
    });
    let stream = stream::bytes().slice(65, 8).ignored(8, any).0;
    assert_eq!(from_slice::<Only>(&stream).unwrap(), Only { a: 7 });
    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    let raw = decoder.take().unwrap().unwrap();
    assert!(raw.bytes().len() > stream.len());
    assert_eq!(raw.decode::<Only>().unwrap(), Only { a: 7 });
    assert_eq!(raw.offset(), 0);
    assert!(raw.decode::<String>().is_err());
    assert!(decoder.types().get(70).is_some());
    // An error at its first byte.
    let error = from_slice_with::<Only>(&stream, &Limits::default().with_depth(0)).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Limit, Some(0)));
}

/// A `big.Float` from a machine of 32-bit words is sent on in words of 64, and was
/// another number then. (Found by the fuzz target `go_types`.)
#[test]
fn a_big_float_of_short_words_is_the_same_in_long_ones() {
    use gobrpc_codec::go::{BigFloat, Form};

    let form = |mantissa: &[u8]| Form::Finite {
        exponent: 3,
        mantissa: mantissa.to_vec(),
    };
    let short = BigFloat::new(false, 10, form(&[0xc0, 0, 0, 0])).unwrap();
    let back: BigFloat = from_slice(&to_vec(&short).unwrap()).unwrap();
    assert_eq!(back, short);
    assert_eq!(back.form(), &form(&[0xc0, 0, 0, 0, 0, 0, 0, 0]));
    let other = BigFloat::new(false, 10, form(&[0xc0, 0, 0, 1])).unwrap();
    assert_ne!(other, short);
    assert_ne!(BigFloat::default(), short);
}

/// 0/3, which Go keeps as it comes, was sent as 0/1. (Found by the fuzz target
/// `go_types`.)
#[test]
fn a_big_rat_of_zero_keeps_its_denominator() {
    use gobrpc_codec::go::{BigInt, BigRat};

    let zero = |denominator: i64| {
        BigRat::from_reduced(BigInt::default(), BigInt::from(denominator)).unwrap()
    };
    for denominator in [1, 3, 1 << 40] {
        let rat = zero(denominator);
        let back: BigRat = from_slice(&to_vec(&rat).unwrap()).unwrap();
        assert_eq!(back, rat);
    }
    assert_eq!(zero(1), BigRat::default());
    assert!(to_vec(&zero(1)).unwrap().ends_with(&[5, 2, 0, 0, 0, 0]));
}
