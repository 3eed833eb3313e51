//! [`Shape`]: a type, as the dump knows it.

use std::collections::HashMap;
use std::sync::Arc;

use super::line;

/// A type of the stream, or one that every stream has.
#[derive(Debug)]
pub(super) struct Shape {
    /// How lines call it.
    pub(super) title: String,
    pub(super) form: Form,
}

/// What values of a type are made of; types by their numbers.
#[derive(Debug, Clone)]
pub(super) enum Form {
    Bool,
    Int,
    Uint,
    Float,
    Bytes,
    String,
    Complex,
    Interface,
    Array { elem: i64, length: u64 },
    Slice { elem: i64 },
    Struct { fields: Vec<(Vec<u8>, i64)> },
    Map { key: i64, elem: i64 },
    Opaque(&'static str),
}

impl Form {
    fn word(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Float => "float",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Complex => "complex",
            Self::Interface => "interface",
            Self::Array { .. } => "array",
            Self::Slice { .. } => "slice",
            Self::Struct { .. } => "struct",
            Self::Map { .. } => "map",
            Self::Opaque(kind) => kind,
        }
    }
}

impl Shape {
    pub(super) fn new(type_name: &[u8], form: Form) -> Self {
        let title = match type_name {
            [] => form.word().to_owned(),
            name => format!("{} {}", form.word(), line::name(name)),
        };
        Self { title, form }
    }
}

/// How many types need no definition.
pub(super) const PREDEFINED: usize = 17;

/// The types that need no definition: scalars, and what definitions are made of
/// (`type.go`, the variables and `init`).
pub(super) fn predefined() -> HashMap<i64, Arc<Shape>> {
    const INT: i64 = 2;
    const STRING: i64 = 6;
    const COMMON: (&str, i64) = ("CommonType", 18);
    let scalars = [
        Form::Bool,
        Form::Int,
        Form::Uint,
        Form::Float,
        Form::Bytes,
        Form::String,
        Form::Complex,
        Form::Interface,
    ];
    let scalars = (1..).zip(scalars.map(|form| Shape::new(b"", form)));
    let structs: [(&str, &[(&str, i64)]); 9] = [
        (
            "wireType",
            &[
                ("ArrayT", 17),
                ("SliceT", 19),
                ("StructT", 20),
                ("MapT", 23),
                ("GobEncoderT", 24),
                ("BinaryMarshalerT", 24),
                ("TextMarshalerT", 24),
            ],
        ),
        ("arrayType", &[COMMON, ("Elem", INT), ("Len", INT)]),
        ("CommonType", &[("Name", STRING), ("Id", INT)]),
        ("sliceType", &[COMMON, ("Elem", INT)]),
        ("structType", &[COMMON, ("Field", 22)]),
        ("fieldType", &[("Name", STRING), ("Id", INT)]),
        ("", &[]),
        ("mapType", &[COMMON, ("Key", INT), ("Elem", INT)]),
        ("gobEncoderType", &[COMMON]),
    ];
    let structs = (16..).zip(structs).map(|(id, (name, fields))| {
        let form = match id {
            22 => Form::Slice { elem: 21 },
            _ => Form::Struct {
                fields: fields
                    .iter()
                    .map(|(name, id)| (name.as_bytes().to_vec(), *id))
                    .collect(),
            },
        };
        (id, Shape::new(name.as_bytes(), form))
    });
    scalars
        .chain(structs)
        .map(|(id, shape)| (id, Arc::new(shape)))
        .collect()
}
