//! Random types: graphs of them, with parts in common and cycles.

use std::sync::Arc;

use gobrpc_codec::schema::{FieldType, Opaque};
use gobrpc_codec::{Edge, Kind, Schema, SchemaBuilder};
use proptest::prelude::*;

/// A type whose parts are numbers of other types, taken modulo what is allowed.
#[derive(Debug, Clone)]
pub(crate) enum Spec {
    Scalar(u8),
    Opaque(bool),
    Slice(usize),
    Array(usize, usize),
    Map(usize, usize),
    Struct(Vec<usize>),
}

pub(crate) fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let spec = prop_oneof![
        any::<u8>().prop_map(Spec::Scalar),
        any::<bool>().prop_map(Spec::Opaque),
        any::<usize>().prop_map(Spec::Slice),
        (any::<usize>(), 0_usize..4).prop_map(|(elem, length)| Spec::Array(elem, length)),
        (any::<usize>(), any::<usize>()).prop_map(|(key, elem)| Spec::Map(key, elem)),
        prop::collection::vec(any::<usize>(), 0..6).prop_map(Spec::Struct),
    ];
    prop::collection::vec(spec, 1..12)
}

/// A schema of a struct that has all of the types as fields.
///
/// Arrays have elements of earlier types, so that each has a zero; slices, maps and
/// structs have any types, also their own.
pub(crate) fn schema(specs: &[Spec]) -> Arc<Schema> {
    let mut builder = SchemaBuilder::new();
    let scalars = [
        builder.boolean(),
        builder.int(),
        builder.uint(),
        builder.float(),
        builder.bytes(),
        builder.string(),
        builder.complex(),
        builder.interface(),
    ];
    let edges: Vec<Edge> = specs
        .iter()
        .enumerate()
        .map(|(number, spec)| match spec {
            Spec::Scalar(scalar) => scalars[usize::from(*scalar) % scalars.len()],
            Spec::Struct(_) | Spec::Opaque(_) => builder.declare(&format!("T{number}"), "main"),
            _ => builder.declare("", ""),
        })
        .collect();
    let any = |number: usize| edges[number % edges.len()];
    for (number, spec) in specs.iter().enumerate() {
        let earlier = |part: usize| match number {
            0 => scalars[1],
            _ => edges[part % number],
        };
        let kind = match spec {
            Spec::Scalar(_) => continue,
            Spec::Opaque(true) => Kind::Opaque(Opaque::Gob),
            Spec::Opaque(false) => Kind::Opaque(Opaque::Binary),
            Spec::Slice(elem) => Kind::Slice(any(*elem)),
            Spec::Array(elem, length) => Kind::Array(earlier(*elem), *length),
            // What compares in Go, but for interfaces and floats.
            Spec::Map(key, elem) => Kind::Map(scalars[[0, 1, 2, 5][key % 4]], any(*elem)),
            Spec::Struct(fields) => Kind::Struct(
                (0..)
                    .zip(fields)
                    .map(|(place, field)| FieldType::new(format!("F{place}"), any(*field)))
                    .collect(),
            ),
        };
        builder.define(edges[number], kind);
    }
    let root = builder.declare("Root", "main");
    let fields = (0..)
        .zip(&edges)
        .map(|(place, edge)| FieldType::new(format!("F{place}"), *edge));
    builder.define(root, Kind::Struct(fields.collect()));
    Arc::new(builder.build(root))
}
