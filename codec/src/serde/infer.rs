//! Making a [`Schema`] from a [`Tree`].

use std::mem::discriminant;

use super::pascal;
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::schema::{Edge, Schema, SchemaBuilder};

/// What is known of a type from its values.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// Only nothing was seen.
    Unknown,
    Bool,
    Int,
    Uint,
    Float,
    Text,
    Bytes,
    /// Unknown elements: only empty ones were seen.
    Slice(Box<Self>),
    Array(Box<Self>, usize),
    Map(Box<(Self, Self)>),
    Struct(&'static str, Vec<(String, Self)>),
}

/// The schema of a value.
pub(super) fn schema(tree: &Tree) -> Result<Schema> {
    let shape = Shape::of(tree)?;
    let mut builder = SchemaBuilder::new();
    let root = shape.describe(&mut builder)?;
    Ok(builder.build(root))
}

impl Shape {
    fn of(tree: &Tree) -> Result<Self> {
        Ok(match tree {
            Tree::Nil => Self::Unknown,
            Tree::Bool(_) => Self::Bool,
            Tree::Int(_) => Self::Int,
            Tree::Uint(_) => Self::Uint,
            Tree::Float(_) => Self::Float,
            Tree::Text(_) | Tree::Unit(..) => Self::Text,
            Tree::Bytes(_) => Self::Bytes,
            Tree::Seq(items) => Self::Slice(Box::new(Self::of_all(items)?)),
            Tree::Tuple(items) => Self::array_or_struct(shapes(items)?),
            Tree::TupleStruct(name, items) => Self::numbered(name, shapes(items)?),
            Tree::Map(entries) => {
                let (mut key, mut elem) = (Self::Unknown, Self::Unknown);
                for (place, (name, value)) in entries.iter().enumerate() {
                    let shapes = not_nil(name).and_then(|name| Ok((name, not_nil(value)?)));
                    let (name, value) = shapes.map_err(|error| error.in_index(place))?;
                    key = key.and(name)?;
                    elem = elem.and(value).map_err(|error| error.in_index(place))?;
                }
                Self::Map(Box::new((key, elem)))
            }
            Tree::Struct(name, fields) => {
                let fields = fields.iter().map(|(name, value)| {
                    let shape = Self::of(value).map_err(|error| error.in_field(*name))?;
                    Ok((pascal(name), shape))
                });
                Self::Struct(name, fields.collect::<Result<_>>()?)
            }
            Tree::Variant(name, variant, data) => {
                let shape = Self::of(data).map_err(|error| error.in_field(*variant))?;
                Self::Struct(name, vec![(pascal(variant), shape)])
            }
        })
    }

    fn of_all(items: &[Tree]) -> Result<Self> {
        let mut shape = Self::Unknown;
        for (place, item) in items.iter().enumerate() {
            let item = not_nil(item).and_then(|item| shape.and(item));
            shape = item.map_err(|error| error.in_index(place))?;
        }
        Ok(shape)
    }

    /// An array if the elements are of one type, and not just numbers of several.
    fn array_or_struct(shapes: Vec<Self>) -> Self {
        let mut elem = Self::Unknown;
        for shape in &shapes {
            let is_same = elem == Self::Unknown || discriminant(&elem) == discriminant(shape);
            match elem.and(shape.clone()) {
                Ok(both) if is_same => elem = both,
                _ => return Self::numbered("", shapes),
            }
        }
        match elem {
            Self::Unknown => Self::numbered("", shapes),
            elem => Self::Array(Box::new(elem), shapes.len()),
        }
    }

    fn numbered(name: &'static str, shapes: Vec<Self>) -> Self {
        let fields = shapes.into_iter().enumerate();
        Self::Struct(
            name,
            fields
                .map(|(place, shape)| (format!("F{place}"), shape))
                .collect(),
        )
    }

    /// The type that holds values of both.
    fn and(self, other: Self) -> Result<Self> {
        Ok(match (self, other) {
            (Self::Unknown, shape) | (shape, Self::Unknown) => shape,
            (Self::Int | Self::Uint | Self::Float, Self::Float)
            | (Self::Float, Self::Int | Self::Uint) => Self::Float,
            (Self::Int, Self::Uint) | (Self::Uint, Self::Int) => Self::Int,
            (Self::Slice(left), Self::Slice(right)) => Self::Slice(Box::new(left.and(*right)?)),
            (Self::Array(left, count), Self::Array(right, other)) if count == other => {
                Self::Array(Box::new(left.and(*right)?), count)
            }
            (Self::Map(left), Self::Map(right)) => {
                let (left, right) = (*left, *right);
                Self::Map(Box::new((left.0.and(right.0)?, left.1.and(right.1)?)))
            }
            (Self::Struct(name, mut fields), Self::Struct(other, more)) if name == other => {
                for (field, shape) in more {
                    match fields.iter_mut().find(|(known, _)| *known == field) {
                        Some((_, known)) => {
                            let both = std::mem::replace(known, Self::Unknown).and(shape);
                            *known = both.map_err(|error| error.in_field(field))?;
                        }
                        None => fields.push((field, shape)),
                    }
                }
                Self::Struct(name, fields)
            }
            (left, right) if left == right => left,
            (left, right) => {
                return Err(Error::misuse(format!(
                    "values of two types in one place, {} and {}; \
                     give a schema that says what it is",
                    left.word(),
                    right.word()
                )));
            }
        })
    }

    /// True if all that was seen of it is the zero of its type, whatever that is.
    fn is_absent(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Slice(elem) => **elem == Self::Unknown,
            Self::Map(types) => types.0 == Self::Unknown,
            _ => false,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "nothing",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Float => "float",
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::Slice(_) => "slice",
            Self::Array(..) => "array",
            Self::Map(_) => "map",
            Self::Struct(..) => "struct",
        }
    }

    fn describe(&self, builder: &mut SchemaBuilder) -> Result<Edge> {
        Ok(match self {
            Self::Unknown => {
                return Err(Error::misuse(
                    "nothing tells the type of what is empty here; \
                     use Prepared::from_serialize_as or #[derive(Gob)]",
                ));
            }
            Self::Bool => builder.boolean(),
            Self::Int => builder.int(),
            Self::Uint => builder.uint(),
            Self::Float => builder.float(),
            Self::Text => builder.string(),
            Self::Bytes => builder.bytes(),
            Self::Slice(elem) => {
                let elem = elem.describe(builder)?;
                builder.slice_of(elem)
            }
            Self::Array(elem, length) => {
                let elem = elem.describe(builder)?;
                builder.array_of(elem, *length)
            }
            Self::Map(types) => {
                let key = types.0.describe(builder)?;
                let elem = types.1.describe(builder)?;
                builder.map_of(key, elem)
            }
            Self::Struct(name, fields) => {
                let mut known = Vec::with_capacity(fields.len());
                for (field, shape) in fields.iter().filter(|(_, shape)| !shape.is_absent()) {
                    let edge = shape.describe(builder);
                    let edge = edge.map_err(|error| error.in_field(field.clone()))?;
                    known.push((field.as_str(), edge));
                }
                builder.struct_of(name, "", known)
            }
        })
    }
}

fn shapes(items: &[Tree]) -> Result<Vec<Shape>> {
    let shapes = items
        .iter()
        .enumerate()
        .map(|(place, item)| Shape::of(item).map_err(|error| error.in_index(place)));
    shapes.collect()
}

fn not_nil(tree: &Tree) -> Result<Shape> {
    if *tree == Tree::Nil {
        return Err(Error::misuse(
            "gob has no word for nothing inside of a sequence or map",
        ));
    }
    Shape::of(tree)
}
