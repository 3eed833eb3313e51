//! [`Shape`]: a type that is being found out from an argument.

use std::fmt;

use gobrpc_codec::{Edge, Kind, Schema, SchemaBuilder};

/// A Go type, as far as JSON and its hints tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// What an empty array holds: any type, so far.
    Unknown,
    /// A type without parts.
    Plain(Kind),
    /// A struct with these fields.
    Struct(Vec<(String, Self)>),
    Slice(Box<Self>),
    Array(Box<Self>, usize),
    Map(Box<Self>, Box<Self>),
}

impl Shape {
    /// The one type of two elements of the same array.
    ///
    /// An int beside a float becomes a float; structs have the fields of both,
    /// as Go leaves out what is zero.
    pub(crate) fn unify(self, other: Self) -> Result<Self, String> {
        match (self, other) {
            (Self::Unknown, shape) | (shape, Self::Unknown) => Ok(shape),
            (one, two) if one == two => Ok(one),
            (Self::Plain(Kind::Int), Self::Plain(Kind::Float))
            | (Self::Plain(Kind::Float), Self::Plain(Kind::Int)) => Ok(Self::Plain(Kind::Float)),
            (Self::Slice(one), Self::Slice(two)) => Ok(Self::Slice(Box::new(one.unify(*two)?))),
            (Self::Array(one, length), Self::Array(two, other)) if length == other => {
                Ok(Self::Array(Box::new(one.unify(*two)?), length))
            }
            (Self::Map(key, elem), Self::Map(other_key, other_elem)) => Ok(Self::Map(
                Box::new(key.unify(*other_key)?),
                Box::new(elem.unify(*other_elem)?),
            )),
            (Self::Struct(mut fields), Self::Struct(others)) => {
                for (name, shape) in others {
                    match fields.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => {
                            let one = std::mem::replace(known, Self::Unknown);
                            *known = one.unify(shape).map_err(|text| format!("{name}: {text}"))?;
                        }
                        None => fields.push((name, shape)),
                    }
                }
                Ok(Self::Struct(fields))
            }
            (one, two) => Err(format!("one element is {one}, another is {two}")),
        }
    }

    /// The shape as a schema, to make a value by.
    pub(crate) fn schema(&self) -> Result<Schema, String> {
        let mut builder = SchemaBuilder::new();
        let root = self.add(&mut builder)?;
        Ok(builder.build(root))
    }

    fn add(&self, builder: &mut SchemaBuilder) -> Result<Edge, String> {
        Ok(match self {
            Self::Unknown => {
                return Err("an empty array or map does not tell what it holds; \
                     write {\"$slice\":\"int\"} or {\"$map\":\"map[string]int\"} instead"
                    .to_owned());
            }
            Self::Plain(kind) => add_plain(builder, kind),
            Self::Struct(fields) => {
                let mut edges = Vec::with_capacity(fields.len());
                for (name, shape) in fields {
                    let edge = shape
                        .add(builder)
                        .map_err(|text| format!("{name}: {text}"))?;
                    edges.push((name.as_str(), edge));
                }
                builder.struct_of("", "", edges)
            }
            Self::Slice(elem) => {
                let elem = elem.add(builder)?;
                builder.slice_of(elem)
            }
            Self::Array(elem, length) => {
                let elem = elem.add(builder)?;
                builder.array_of(elem, *length)
            }
            Self::Map(key, elem) => {
                let key = key.add(builder)?;
                let elem = elem.add(builder)?;
                builder.map_of(key, elem)
            }
        })
    }
}

fn add_plain(builder: &mut SchemaBuilder, kind: &Kind) -> Edge {
    match kind {
        Kind::Bool => builder.boolean(),
        Kind::Int => builder.int(),
        Kind::Uint => builder.uint(),
        Kind::Float => builder.float(),
        Kind::Bytes => builder.bytes(),
        Kind::String => builder.string(),
        Kind::Complex => builder.complex(),
        _ => builder.interface(),
    }
}

/// The type in Go's syntax.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("?"),
            Self::Plain(kind) => f.write_str(match kind {
                Kind::Bool => "bool",
                Kind::Int => "int",
                Kind::Uint => "uint",
                Kind::Float => "float64",
                Kind::Bytes => "[]byte",
                Kind::String => "string",
                Kind::Complex => "complex128",
                _ => "any",
            }),
            Self::Struct(fields) => {
                f.write_str("struct{")?;
                for (index, (name, shape)) in fields.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "; " };
                    write!(f, "{separator}{name} {shape}")?;
                }
                f.write_str("}")
            }
            Self::Slice(elem) => write!(f, "[]{elem}"),
            Self::Array(elem, length) => write!(f, "[{length}]{elem}"),
            Self::Map(key, elem) => write!(f, "map[{key}]{elem}"),
        }
    }
}
