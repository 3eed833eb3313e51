//! Every limit at its value and at one more, and that its error names it.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]
#![allow(clippy::use_self, reason = "types are recursive by name")]

use gobrpc_codec::{
    DecodeOwned, Decoder, Encode, Encoder, Error, ErrorKind, Gob, Limits, Prepared,
    from_slice_with, to_vec,
};

mod presets;
mod readers;
#[path = "../hostile/stream.rs"]
#[allow(dead_code, reason = "the builder serves two tests")]
mod stream;

use stream::{Bytes, bytes};

const INT: i64 = 2;
const INTERFACE: i64 = 8;

#[derive(Gob, Debug, PartialEq)]
struct Only {
    a: i64,
}

#[track_caller]
fn refused(error: &Error, knob: &str) {
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    assert!(
        error.to_string().contains(&format!("Limits::{knob})")),
        "{error}"
    );
}

/// The stream decodes within `exact` and not within `less`; in any chunks.
#[track_caller]
fn edge<T: DecodeOwned>(stream: &[u8], knob: &str, exact: Limits, less: Limits) {
    assert!(
        from_slice_with::<T>(stream, &exact).is_ok(),
        "{knob}: too small"
    );
    let whole = from_slice_with::<T>(stream, &less).map(|_| ()).unwrap_err();
    refused(&whole, knob);
    let mut decoder = Decoder::with_limits(less);
    let mut errors = Vec::new();
    for byte in stream {
        decoder.feed(&[*byte]);
        loop {
            match decoder.decode::<T>() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) if error.is_fatal() => {
                    errors.push(error);
                    break;
                }
                Err(error) => errors.push(error),
            }
        }
    }
    refused(errors.first().unwrap(), knob);
}

fn limits() -> Limits {
    Limits::default()
}

#[test]
fn message_bytes_of_a_decoder() {
    for length in [1_usize, 5, 127, 128, 255, 256, 70_000] {
        let text = "g".repeat(length);
        let stream = to_vec(&text).unwrap();
        // Id, 0 and count before the text.
        let count = match length {
            0..128 => 1,
            128..256 => 2,
            256..65536 => 3,
            _ => 4,
        };
        let message = 1 + 1 + count + length;
        let max = limits().with_message_bytes(message);
        edge::<String>(
            &stream,
            "message_bytes",
            max,
            limits().with_message_bytes(message - 1),
        );
    }
}

#[test]
fn message_bytes_of_an_encoder() {
    #[derive(Gob)]
    struct Text {
        text: String,
    }
    for length in [1_usize, 100, 1000] {
        let value = Text {
            text: "g".repeat(length),
        };
        // Definitions are no part of it, and the last message is the value.
        let prepared = Prepared::new(&value).unwrap();
        let message = 2 + prepared.len();
        let mut max = Encoder::with_limits(limits().with_message_bytes(message));
        let mut less = Encoder::with_limits(limits().with_message_bytes(message - 1));
        let (mut out, mut nothing) = (Vec::new(), b"before".to_vec());
        max.encode(&value, &mut out).unwrap();
        max.append(&prepared, &mut out).unwrap();
        refused(
            &less.encode(&value, &mut nothing).unwrap_err(),
            "message_bytes",
        );
        refused(
            &less.append(&prepared, &mut nothing).unwrap_err(),
            "message_bytes",
        );
        assert_eq!(nothing, b"before");
        // What was refused left nothing behind: the next is as on a new stream.
        less.encode(&7_i64, &mut nothing).unwrap();
        let mut fresh = b"before".to_vec();
        fresh.extend(to_vec(&7_i64).unwrap());
        assert_eq!(nothing, fresh);
        // Nor does the peer know a type whose definition was thrown away.
        let mut less = Encoder::with_limits(limits().with_message_bytes(message - 1));
        let mut out = Vec::new();
        less.encode(&value, &mut out).unwrap_err();
        let short = Text {
            text: String::new(),
        };
        less.encode(&short, &mut out).unwrap();
        assert_eq!(out, to_vec(&short).unwrap());
    }
}

#[test]
fn message_bytes_of_a_value_in_several_messages() {
    // An interface whose type is defined in the value, and then a long value.
    let inline = bytes()
        .int(-70)
        .raw(&[2, 1, 2])
        .int(70)
        .raw(&[0, 1, 4, 0, 0]);
    let start = bytes().int(64).raw(&[1, 14, 1]).text(b"T").raw(&inline.0);
    let value = bytes().raw(&[0, 100]).raw(&[2; 100]);
    let rest = bytes().int(70).text(&value.0).raw(&[0]);
    let stream = bytes()
        .structure(64, &[("A", INT), ("Any", INTERFACE)])
        .message(start)
        .message(rest)
        .0;
    let fits = |bytes: &usize| {
        from_slice_with::<Only>(&stream, &limits().with_message_bytes(*bytes)).is_ok()
    };
    let least = (100..300).find(fits).unwrap();
    // More than its longest message.
    assert!(least > 108, "{least}");
    let max = limits().with_message_bytes(least);
    edge::<Only>(
        &stream,
        "message_bytes",
        max,
        limits().with_message_bytes(least - 1),
    );
}

#[test]
fn memory_bytes() {
    fn exact<T: Encode + DecodeOwned>(value: &T, memory: usize) {
        let stream = to_vec(value).unwrap();
        let max = limits().with_memory_bytes(memory);
        edge::<T>(
            &stream,
            "memory_bytes",
            max,
            limits().with_memory_bytes(memory - 1),
        );
    }
    exact(&"12345".to_owned(), 5);
    exact(&vec![1_u8; 100], 100);
    exact(&vec![1_i64; 100], 800);
    exact(&vec![false; 100], 100);
    exact(&vec!["ab".to_owned(); 3], 3 * (size_of::<String>() + 2));
    exact(&Box::new(1_i64), 8);
    exact(&vec![vec![1_i64, 2]], size_of::<Vec<i64>>() + 16);
    exact(&(String::from("a"), vec![1_u16]), 3);
    // Every value has the whole of it.
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    for _ in 0..3 {
        encoder.encode(&vec![1_i64; 100], &mut stream).unwrap();
    }
    let mut decoder = Decoder::with_limits(limits().with_memory_bytes(800));
    decoder.feed(&stream);
    for _ in 0..3 {
        assert!(decoder.decode::<Vec<i64>>().unwrap().is_some());
    }
}

fn only(stream: Bytes) -> Vec<u8> {
    stream
        .structure(9000, &[("A", INT)])
        .value(9000, bytes().raw(&[1, 14, 0]))
        .0
}

#[test]
fn types() {
    for count in [1_usize, 2, 100] {
        let stream = (1..count).fold(bytes(), |stream, id| stream.slice(100 + id as i64, INT));
        let stream = only(stream);
        let max = limits().with_types(count);
        edge::<Only>(&stream, "types", max, limits().with_types(count - 1));
    }
}

#[test]
fn type_bytes() {
    // As the limit's documentation has it.
    let definition = |names: usize, fields: usize| 64 + 32 * fields + names;
    let one = definition(1, 1);
    let stream = only(bytes());
    let max = limits().with_type_bytes(one);
    edge::<Only>(
        &stream,
        "type_bytes",
        max,
        limits().with_type_bytes(one - 1),
    );
    let three = one + definition(0, 0) + definition(6, 2);
    let stream = only(
        bytes()
            .slice(100, INT)
            .structure(101, &[("Foo", INT), ("Bar", INT)]),
    );
    let max = limits().with_type_bytes(three);
    edge::<Only>(
        &stream,
        "type_bytes",
        max,
        limits().with_type_bytes(three - 1),
    );
}

#[test]
fn fields() {
    for count in [1_usize, 2, 300] {
        let fields: Vec<(&str, i64)> = (0..count).map(|_| ("A", INT)).collect();
        let stream = bytes()
            .structure(64, &fields)
            .value(64, bytes().raw(&[1, 14, 0]))
            .0;
        let max = limits().with_fields(count);
        edge::<Only>(&stream, "fields", max, limits().with_fields(count - 1));
    }
}

#[test]
fn name_bytes() {
    let name = "N".repeat(300);
    let stream = bytes()
        .structure(64, &[("A", INT), (name.as_str(), INT)])
        .value(64, bytes().raw(&[1, 14, 0]))
        .0;
    let max = limits().with_name_bytes(300);
    edge::<Only>(&stream, "name_bytes", max, limits().with_name_bytes(299));
    let any = bytes().text(name.as_bytes()).int(INT).text(&[0, 2]);
    let stream = bytes().ignored(INTERFACE, any).0;
    edge::<Only>(&stream, "name_bytes", max, limits().with_name_bytes(299));
    // The name of a type may be long, as Go spells out unnamed structs.
    let head = bytes()
        .int(-64)
        .raw(&[3, 1, 1])
        .text(&[b'T'; 2000])
        .raw(&[1])
        .int(64)
        .raw(&[0]);
    let long = head.raw(&[1, 1, 1, 1, b'A', 1, 4, 0, 0, 0]);
    let stream = bytes().message(long).value(64, bytes().raw(&[1, 14, 0])).0;
    assert_eq!(
        from_slice_with::<Only>(&stream, &max).unwrap(),
        Only { a: 7 }
    );
}

#[test]
fn trailing_bytes() {
    // In one message, and behind an interface whose type is defined in the value.
    let inline = bytes()
        .int(-70)
        .raw(&[2, 1, 2])
        .int(70)
        .raw(&[0, 1, 4, 0, 0]);
    let start = bytes().int(64).raw(&[1, 14, 1]).text(b"T").raw(&inline.0);
    for count in [1, 2, 300] {
        let behind = vec![9; count];
        let one = bytes()
            .structure(64, &[("A", INT)])
            .value(64, bytes().raw(&[1, 14, 0]).raw(&behind));
        let rest = bytes().int(70).text(&[0, 1, 2]).raw(&[0]).raw(&behind);
        let several = bytes()
            .structure(64, &[("A", INT), ("Any", INTERFACE)])
            .message(start.clone())
            .message(rest);
        for stream in [one, several] {
            let most = limits().with_trailing_bytes(count);
            let less = limits().with_trailing_bytes(count - 1);
            edge::<Only>(&stream.0, "trailing_bytes", most, less);
            assert!(from_slice_with::<Only>(&stream.0, &limits()).is_ok());

            // The fault is where they begin, and costs one value.
            let mut decoder = Decoder::with_limits(less);
            decoder.feed(&stream.0);
            decoder.feed(&to_vec(&7_i64).unwrap());
            let mut into = Only { a: 1 };
            let error = decoder.merge(&mut into).unwrap_err();
            refused(&error, "trailing_bytes");
            let place = stream.0.len() - count;
            assert_eq!(error.offset(), Some(place as u64));
            assert_eq!(decoder.decode::<i64>().unwrap(), Some(7));
        }
    }
}

#[test]
fn dynamic_depth() {
    for levels in [2_usize, 3, 50, 10_000] {
        // The outer struct is a level, the last list is one and holds nothing.
        let ignored = bytes().raw(&vec![1; levels - 2]).raw(&[0]);
        let stream = bytes().slice(65, 65).ignored(65, ignored.clone()).0;
        // Typed decoding counts its own levels by `depth`.
        let max = limits().with_dynamic_depth(levels - 1);
        edge::<Only>(
            &stream,
            "dynamic_depth",
            max,
            limits().with_dynamic_depth(levels - 2),
        );
        // Where an interface may come, the whole value is walked over first.
        let stream = bytes()
            .structure(64, &[("A", INT), ("Ignored", 65), ("Any", INTERFACE)])
            .slice(65, 65)
            .value(64, bytes().raw(&[1, 14, 1]).raw(&ignored.0).raw(&[0]))
            .0;
        let max = limits().with_dynamic_depth(levels);
        edge::<Only>(
            &stream,
            "dynamic_depth",
            max,
            limits().with_dynamic_depth(levels - 1),
        );
    }
}
