//! Streams that are made to cost much for each byte.

use std::sync::Arc;

use super::stream::{Bytes, bytes};
use crate::error::Result;
use crate::{Encoder, Gob, Interface, SchemaBuilder, Struct, Value};

const INT: i64 = 2;
const INTERFACE: i64 = 8;

pub(super) fn streams() -> Vec<(String, Vec<u8>)> {
    let streams = [
        ("[]int of zeros", list(bytes(), INT)),
        ("[]string of empty ones", list(bytes(), 6)),
        ("[]any of nils", list(bytes(), INTERFACE)),
        ("[][]int of empty ones", list(bytes().slice(65, INT), 65)),
        ("[]map of empty ones", list(bytes().map(65, INT, INT), 65)),
        ("[]struct{}", list(bytes().structure(65, &[]), 65)),
        ("[]wide of empty ones", list(wide(65), 65)),
        ("a list of lists", nested(bytes().slice(64, 64), 64)),
        (
            "a list of structs",
            nested(bytes().structure(64, &[("Next", 64)]), 64),
        ),
        ("a tower of types", tower(4000)),
        ("a chain of types", chain(4000, true)),
        ("a chain that has no end, in vain", chain(4000, false)),
        ("fans that have no end, in vain", fans(2000)),
        ("a struct whose types come late, in vain", late(2000)),
        ("types in one value", in_one_value(3000)),
        ("types in many values", in_many_values(3000)),
        ("interfaces in interfaces", interfaces(200, 60)),
        ("ids that are far apart", far(4000)),
        ("last fields", last_fields()),
        ("values of many types", of_many_types(2000)),
    ];
    streams
        .map(|(name, stream)| (name.to_owned(), stream.0))
        .into()
}

/// 60,000 elements of a byte each.
fn list(define: Bytes, elem: i64) -> Bytes {
    let body = bytes().raw(&[0]).uint(60_000).raw(&[0; 60_000]);
    define.slice(64, elem).value(64, body)
}

/// 3000 fields, of which none is sent.
fn wide(id: i64) -> Bytes {
    bytes().structure(id, &vec![("F", INT); 3000])
}

/// As deep as the default limits let it, again and again.
fn nested(define: Bytes, id: i64) -> Bytes {
    let value = |stream: Bytes, _| {
        let zero = if id == 64 { &[0][..] } else { &[] };
        stream.value(id, bytes().raw(zero).raw(&[1; 9_000]).raw(&[0; 9_000]))
    };
    (0..4).fold(define, value)
}

/// Structs of two fields each of the next one: 2^4000 paths.
fn tower(count: i64) -> Bytes {
    let types = (64..64 + count).fold(bytes(), |stream, id| {
        stream.structure(id, &[("A", id + 1), ("B", id + 1)])
    });
    let types = types.structure(64 + count, &[("Any", INTERFACE)]);
    (0..100).fold(types, |stream, _| stream.value(64, bytes().raw(&[0])))
}

/// Slices of slices, and an empty value of each type. The last type is perhaps not
/// defined, so that all these values are in vain.
fn chain(count: i64, ends: bool) -> Bytes {
    let types = (64..64 + count).fold(bytes(), |stream, id| stream.slice(id, id + 1));
    let types = match ends {
        true => types.slice(64 + count, INT),
        false => types,
    };
    (64..64 + count).fold(types, |stream, id| stream.value(id, bytes().raw(&[0, 0])))
}

/// Types that lead to one large graph and then to a type that is not defined.
fn fans(count: i64) -> Bytes {
    let graph = (64..64 + count).fold(bytes(), |stream, id| stream.slice(id, id + 1));
    let graph = graph
        .slice(64 + count, INT)
        .structure(5000, &[("End", 9999)]);
    let roots = 6000..6000 + count;
    let types = roots.clone().fold(graph, |stream, id| {
        stream.structure(id, &[("Graph", 64), ("End", 5000)])
    });
    roots.fold(types, |stream, id| stream.value(id, bytes().raw(&[0])))
}

/// A struct of many types that are defined one after the other, each behind a value
/// of the struct.
fn late(count: i64) -> Bytes {
    let ids: Vec<i64> = (100..100 + count).collect();
    let fields: Vec<(&str, i64)> = ids.iter().map(|id| ("F", *id)).collect();
    ids.iter()
        .fold(bytes().structure(64, &fields), |stream, id| {
            stream.slice(*id, INT).value(64, bytes().raw(&[0]))
        })
}

/// Interface values of as many types, which are defined in the middle of the value.
fn in_one_value(count: i64) -> Bytes {
    let stream = bytes().slice(64, INTERFACE);
    let start = bytes().int(64).raw(&[0]).uint(count as u64);
    let (stream, last) = (100..100 + count).fold((stream, start), |(stream, message), id| {
        // The name, and a definition at which the message ends.
        let define = message.text(b"T").int(-id).raw(&[2, 1, 0, 1]).int(INT);
        let value = bytes().int(id).text(&[0, 0]);
        (stream.message(define.raw(&[0, 0])), value)
    });
    stream.message(last)
}

#[derive(Gob)]
struct Holder {
    any: Interface,
}

/// An interface that holds an empty value of a struct type of its own.
fn held(number: usize) -> Result<Interface> {
    let mut builder = SchemaBuilder::new();
    let int = builder.int();
    let root = builder.struct_of(&format!("T{number}"), "main", [("A", int)]);
    let schema = Arc::new(builder.build(root));
    let value = Struct::with_schema(&schema, schema.root())?;
    Ok(Interface::new("T", Value::Struct(value)))
}

/// The same, each in a value of its own.
fn in_many_values(count: usize) -> Bytes {
    interfaces(count, 1)
}

/// Values that define a type in the innermost of so many interfaces.
fn interfaces(count: usize, depth: usize) -> Bytes {
    let mut encoder = Encoder::new().inline_types();
    let mut stream = Vec::new();
    for number in 0..count {
        let wrap = |any: Result<Interface>, _| Interface::of("H", &Holder { any: any? });
        let any = (1..depth).fold(held(number), wrap);
        let sent = any.and_then(|any| encoder.encode(&Holder { any }, &mut stream));
        assert!(sent.is_ok(), "{sent:?}");
    }
    Bytes(stream)
}

/// Types whose ids no table has room for.
fn far(count: i64) -> Bytes {
    let ids = (1..=count).map(|n| n * 500_000);
    let types = ids
        .clone()
        .fold(bytes(), |stream, id| stream.slice(id, INT));
    ids.fold(types, |stream, id| stream.value(id, bytes().raw(&[0, 0])))
}

/// Values of a wide struct with its last field.
fn last_fields() -> Bytes {
    let value = bytes().uint(3000).raw(&[2, 0]);
    (0..2000).fold(wide(64), |stream, _| stream.value(64, value.clone()))
}

/// A value of each of many struct types.
fn of_many_types(count: i64) -> Bytes {
    (64..64 + count).fold(bytes(), |stream, id| {
        stream
            .structure(id, &[("A", INT), ("Any", INTERFACE)])
            .value(id, bytes().raw(&[1, 4, 0]))
    })
}
