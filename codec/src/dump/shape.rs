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

/// The types that need no definition (`type.go`, `basicTypes`).
pub(super) fn predefined() -> HashMap<i64, Arc<Shape>> {
    let forms = [
        Form::Bool,
        Form::Int,
        Form::Uint,
        Form::Float,
        Form::Bytes,
        Form::String,
        Form::Complex,
        Form::Interface,
    ];
    let shapes = forms
        .into_iter()
        .map(|form| Arc::new(Shape::new(b"", form)));
    (1..).zip(shapes).collect()
}
