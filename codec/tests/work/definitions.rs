//! Many definitions: in one value, in the values of many messages, and by ids that
//! are far apart.

use std::sync::Arc;

use gobrpc_codec::{Encoder, Gob, Interface, Limits, SchemaBuilder, Struct, Value};

use crate::readers::READERS;
use crate::stream::{Bytes, bytes};
use crate::{alone, linear};

/// An interface that holds a value of a struct of this name.
fn held(name: &str) -> Interface {
    let mut builder = SchemaBuilder::new();
    let int = builder.int();
    let root = builder.struct_of(name, "main", [("A", int)]);
    let schema = Arc::new(builder.build(root));
    let mut value = Struct::with_schema(&schema, schema.root()).unwrap();
    value.set("A", Value::Int(7)).unwrap();
    Interface::new(name, Value::Struct(value))
}

#[derive(Gob)]
struct Holder {
    any: Interface,
    list: Vec<Interface>,
}

/// So many interface values of as many types, which are defined in the middle of
/// the value, as Go does, a message for each.
fn in_one_value(count: usize) -> Vec<u8> {
    let list = (0..count).map(|n| held(&format!("T{n}"))).collect();
    let mut stream = Vec::new();
    let any = Interface::nil();
    Encoder::new()
        .inline_types()
        .encode(&Holder { any, list }, &mut stream)
        .unwrap();
    stream
}

/// So many values, each with a type of its own in it.
fn in_many_values(count: usize, inline: bool) -> Vec<u8> {
    let mut encoder = Encoder::new();
    if inline {
        encoder = encoder.inline_types();
    }
    let mut stream = Vec::new();
    for n in 0..count {
        let any = held(&format!("T{n}"));
        let list = Vec::new();
        encoder.encode(&Holder { any, list }, &mut stream).unwrap();
    }
    stream
}

#[test]
fn types_in_one_value() {
    let _alone = alone();
    let (small, large) = (in_one_value(1000), in_one_value(4000));
    let limits = Limits::default();
    for (name, read) in READERS {
        linear(name, || read(&small, limits), || read(&large, limits));
    }
}

#[test]
fn types_in_many_values() {
    let _alone = alone();
    let limits = Limits::default();
    for inline in [true, false] {
        let (small, large) = (in_many_values(1000, inline), in_many_values(4000, inline));
        for (name, read) in READERS {
            linear(name, || read(&small, limits), || read(&large, limits));
        }
    }
}

/// Ids that Go never gives out.
#[test]
fn ids_that_are_far_apart() {
    let _alone = alone();
    let stream = |count: i64| {
        let define = |stream: Bytes, n: i64| {
            let id = 1_000_000 + n * 7919;
            stream
                .structure(id, &[("Any", 8)])
                .value(id, bytes().raw(&[0]))
        };
        (0..count).fold(bytes(), define).0
    };
    let (small, large) = (stream(1000), stream(4000));
    let limits = Limits::default();
    for (name, read) in READERS {
        linear(name, || read(&small, limits), || read(&large, limits));
    }
}
