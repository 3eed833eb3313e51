//! The readers that need no types, each at every limit that it has and one below:
//! `Value`, skipping, the inspector and the dump.

use std::io::sink;

use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::Inspector;
use gobrpc_codec::{Decoder, Error, Limits, Value, to_vec};

use crate::stream::{Bytes, bytes};
use crate::{INT, INTERFACE, limits, refused};

type Read = fn(&[u8], Limits) -> Result<(), Error>;

fn value(stream: &[u8], limits: Limits) -> Result<(), Error> {
    let mut decoder = Decoder::with_limits(limits);
    decoder.feed(stream);
    while decoder.decode_value()?.is_some() {}
    decoder.finish()
}

fn skip(stream: &[u8], limits: Limits) -> Result<(), Error> {
    let mut decoder = Decoder::with_limits(limits);
    decoder.feed(stream);
    while decoder.skip()? {}
    decoder.finish()
}

fn inspect(stream: &[u8], limits: Limits) -> Result<(), Error> {
    let mut inspector = Inspector::with_limits(limits);
    inspector.feed(stream);
    while inspector.next_event()?.is_some() {}
    inspector.finish()
}

fn dump(stream: &[u8], limits: Limits) -> Result<(), Error> {
    let mut dumper = Dumper::with_limits(limits);
    dumper.feed(stream);
    dumper.finish(&mut sink()).unwrap();
    dumper.fault().cloned().map_or(Ok(()), Err)
}

const READERS: [(&str, Read); 4] = [
    ("value", value),
    ("skip", skip),
    ("inspect", inspect),
    ("dump", dump),
];

/// Every reader takes the stream with `most`, and not with less.
#[track_caller]
fn edge(stream: &Bytes, knob: &str, most: usize, set: fn(Limits, usize) -> Limits) {
    for (name, read) in READERS {
        let exact = read(&stream.0, set(limits(), most));
        assert!(exact.is_ok(), "{name}, {knob} {most}: {exact:?}");
        refused(&read(&stream.0, set(limits(), most - 1)).unwrap_err(), knob);
    }
}

/// A struct `{A: 7}`, defined by `define`.
fn only(define: Bytes) -> Bytes {
    define
        .structure(9000, &[("A", INT)])
        .value(9000, bytes().raw(&[1, 14, 0]))
}

#[test]
fn message_bytes() {
    for length in [1, 100, 70_000] {
        let stream = Bytes(to_vec(&"g".repeat(length)).unwrap());
        let count = match length {
            0..128 => 1,
            _ => 4,
        };
        let most = 2 + count + length;
        edge(&stream, "message_bytes", most, Limits::with_message_bytes);
    }
}

#[test]
fn dynamic_depth() {
    for levels in [2, 3, 50, 10_000] {
        // Lists of one list each in a struct; the last is empty. Skipping looks into
        // a value only where an interface may come.
        let body = bytes().raw(&[2]).raw(&vec![1; levels - 2]).raw(&[0, 0]);
        let stream = bytes()
            .slice(65, 65)
            .structure(64, &[("Any", INTERFACE), ("Lists", 65)])
            .value(64, body);
        edge(&stream, "dynamic_depth", levels, Limits::with_dynamic_depth);
    }
    // A value that is no part of another one is a level, too.
    let empty = bytes().slice(65, 65).value(65, bytes().raw(&[0, 0]));
    for (name, read) in READERS.iter().filter(|(name, _)| *name != "skip") {
        assert!(
            read(&empty.0, limits().with_dynamic_depth(1)).is_ok(),
            "{name}"
        );
        let none = read(&empty.0, limits().with_dynamic_depth(0));
        refused(&none.unwrap_err(), "dynamic_depth");
    }
}

#[test]
fn types() {
    for count in [1, 2, 100] {
        let stream = only((1..count).fold(bytes(), |define, id| define.slice(100 + id, INT)));
        let most = usize::try_from(count).unwrap();
        edge(&stream, "types", most, Limits::with_types);
    }
}

#[test]
fn type_bytes() {
    let most = 64 + 32 + 1;
    edge(&only(bytes()), "type_bytes", most, Limits::with_type_bytes);
    let stream = only(bytes().structure(101, &[("Foo", INT), ("Bar", INT)]));
    let most = most + 64 + 2 * (32 + 3);
    edge(&stream, "type_bytes", most, Limits::with_type_bytes);
}

#[test]
fn fields() {
    for count in [1, 2, 300] {
        let stream = bytes()
            .structure(64, &vec![("A", INT); count])
            .value(64, bytes().raw(&[1, 14, 0]));
        edge(&stream, "fields", count, Limits::with_fields);
    }
}

#[test]
fn name_bytes() {
    for length in [1, 127, 128, 1024] {
        let name = "N".repeat(length);
        let field = bytes()
            .structure(64, &[(&name, INT)])
            .value(64, bytes().raw(&[1, 14, 0]));
        edge(&field, "name_bytes", length, Limits::with_name_bytes);
        let held = bytes().raw(&[0]).text(name.as_bytes()).int(INT);
        let interface = bytes().value(INTERFACE, held.text(&[0, 2]));
        edge(&interface, "name_bytes", length, Limits::with_name_bytes);
    }
}

/// Skipping does not look there.
#[test]
fn trailing_bytes() {
    let any = bytes().text(b"int").int(INT).text(&[0, 4]);
    let fields: [(i64, &[u8]); 2] = [(INT, &[14]), (INTERFACE, &any.0)];
    for count in [1, 2, 300] {
        for (field, body) in fields {
            let body = bytes().raw(&[1]).raw(body).raw(&[0]).raw(&vec![9; count]);
            let stream = bytes().structure(64, &[("A", field)]).value(64, body);
            for (name, read) in READERS {
                let most = read(&stream.0, limits().with_trailing_bytes(count));
                assert!(most.is_ok(), "{name}, {count}: {most:?}");
                let less = read(&stream.0, limits().with_trailing_bytes(count - 1));
                if name == "skip" {
                    assert!(less.is_ok(), "{count}: {less:?}");
                    continue;
                }
                let error = less.unwrap_err();
                refused(&error, "trailing_bytes");
                let place = stream.0.len() - count;
                assert_eq!(error.offset(), Some(place as u64), "{name}");
            }
        }
    }
}

/// What only a value has, as the others keep none.
#[test]
fn memory_bytes() {
    let text = to_vec(&"g".repeat(1000)).unwrap();
    let most = (1000..1200)
        .find(|most| value(&text, limits().with_memory_bytes(*most)).is_ok())
        .unwrap();
    let less = value(&text, limits().with_memory_bytes(most - 1));
    refused(&less.unwrap_err(), "memory_bytes");

    // Each element costs a `Value` however short it is on the wire.
    let list = to_vec(&vec![0_i64; 1000]).unwrap();
    let least = 1000 * size_of::<Value>();
    let less = value(&list, limits().with_memory_bytes(least - 1));
    refused(&less.unwrap_err(), "memory_bytes");
    assert!(value(&list, limits().with_memory_bytes(2 * least)).is_ok());
    for (_, read) in &READERS[1..] {
        assert!(read(&list, limits().with_memory_bytes(0)).is_ok());
    }
}
