//! Making a [`Value`] of a given type from a [`Tree`].

use std::sync::Arc;

use super::any::{boxed, boxed_list, boxed_map};
use super::same_name;
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Kind, Opaque, Schema};
use crate::{GoString, List, Map, OpaqueValue, Struct, Value};

/// The value of the schema's type.
pub(super) fn value(tree: &Tree, schema: &Arc<Schema>) -> Result<Value> {
    Typing { schema }.value(tree, schema.root())
}

/// It recurses no deeper than the tree.
struct Typing<'a> {
    schema: &'a Arc<Schema>,
}

impl Typing<'_> {
    fn value(&self, tree: &Tree, edge: Edge) -> Result<Value> {
        let kind = self.schema.get(edge).kind();
        let value = match (kind, tree) {
            (Kind::Interface, tree) => Some(boxed(any(tree))),
            (Kind::Bool, Tree::Bool(value)) => Some(Value::Bool(*value)),
            (Kind::Int, tree) => int(tree).map(Value::Int),
            (Kind::Uint, tree) => uint(tree).map(Value::Uint),
            (Kind::Float, tree) => float(tree).map(Value::Float),
            (Kind::Complex, tree) => complex(tree),
            (Kind::String, tree) => text(tree).map(Value::String),
            (Kind::Bytes, tree) => bytes(tree).map(Value::Bytes),
            (Kind::Opaque(opaque), tree) => {
                let name = self.schema.get(edge).name();
                let payload = match (opaque, tree) {
                    (Opaque::Text, Tree::Text(text)) => Some(text.clone().into_bytes()),
                    (_, tree) => bytes(tree),
                };
                payload.map(|payload| OpaqueValue::new(*opaque, name, payload).into())
            }
            (Kind::Slice(elem), tree) => self
                .items(tree, *elem)?
                .map(|items| Value::Slice(List::with_schema(self.schema, edge, items))),
            // The encoder checks the length.
            (Kind::Array(elem, _), tree) => self
                .items(tree, *elem)?
                .map(|items| Value::Array(List::with_schema(self.schema, edge, items))),
            (Kind::Map(key, elem), tree) => self.map(tree, edge, *key, *elem)?,
            (Kind::Struct(fields), tree) => self.structure(tree, edge, fields)?,
            _ => None,
        };
        value.ok_or_else(|| {
            Error::misuse(format!(
                "{} does not fit {}",
                tree.word(),
                self.schema.go_string(edge)
            ))
        })
    }

    fn items(&self, tree: &Tree, elem: Edge) -> Result<Option<Vec<Value>>> {
        let items = match tree {
            Tree::Seq(items) | Tree::Tuple(items) | Tree::TupleStruct(_, items) => items,
            Tree::Bytes(bytes) => {
                let byte = |&byte: &u8| self.value(&Tree::Uint(byte.into()), elem);
                return bytes.iter().map(byte).collect::<Result<_>>().map(Some);
            }
            _ => return Ok(None),
        };
        let items = items.iter().enumerate().map(|(place, item)| {
            let item = self.value(item, elem);
            item.map_err(|error| error.in_index(place))
        });
        items.collect::<Result<_>>().map(Some)
    }

    fn map(&self, tree: &Tree, edge: Edge, key: Edge, elem: Edge) -> Result<Option<Value>> {
        let mut map = Map::with_schema(self.schema, edge);
        match tree {
            Tree::Map(entries) => {
                for (place, (name, value)) in entries.iter().enumerate() {
                    let name = self.value(name, key).map_err(Error::in_key)?;
                    let value = self.value(value, elem);
                    map.push(name, value.map_err(|error| error.in_index(place))?);
                }
            }
            Tree::Struct(_, fields) => {
                for (name, value) in fields {
                    let value = self.value(value, elem);
                    let value = value.map_err(|error| error.in_field(*name))?;
                    map.push(self.value(&Tree::Text((*name).to_owned()), key)?, value);
                }
            }
            Tree::Variant(_, variant, data) => {
                let name = self.value(&Tree::Text((*variant).to_owned()), key)?;
                map.push(name, self.value(data, elem)?);
            }
            _ => return Ok(None),
        }
        Ok(Some(Value::Map(map)))
    }

    fn structure(&self, tree: &Tree, edge: Edge, fields: &[FieldType]) -> Result<Option<Value>> {
        let mut value = Struct::with_schema(self.schema, edge)?;
        match tree {
            Tree::Struct(_, parts) => {
                for (name, part) in parts {
                    self.set(&mut value, fields, name, part)?;
                }
            }
            Tree::Map(entries) => {
                for (name, part) in entries {
                    let Tree::Text(name) = name else {
                        return Err(Error::misuse("the name of a field is no string").in_key());
                    };
                    self.set(&mut value, fields, name, part)?;
                }
            }
            Tree::Tuple(parts) | Tree::TupleStruct(_, parts) => {
                if parts.len() > fields.len() {
                    // A field that no value was seen of is not in the type.
                    for (place, part) in parts.iter().enumerate() {
                        self.set(&mut value, fields, &format!("F{place}"), part)?;
                    }
                } else {
                    for (field, part) in fields.iter().zip(parts) {
                        self.set(&mut value, fields, field.name(), part)?;
                    }
                }
            }
            Tree::Variant(_, variant, data) => {
                // Sent also if it is zero: its presence says which variant it is.
                let field = find(fields, variant).ok_or_else(|| no_field(variant))?;
                let data = self.value(data, field.edge());
                let data = data.map_err(|error| error.in_field(field.name().to_owned()))?;
                value.set(field.name(), data)?;
            }
            Tree::Nil if fields.is_empty() => {}
            _ => return Ok(None),
        }
        Ok(Some(Value::Struct(value)))
    }

    fn set(&self, value: &mut Struct, fields: &[FieldType], name: &str, part: &Tree) -> Result<()> {
        let Some(field) = find(fields, name) else {
            // What is nothing needs no field.
            return if is_absent(part) {
                Ok(())
            } else {
                Err(no_field(name))
            };
        };
        if *part == Tree::Nil {
            return Ok(());
        }
        let part = self.value(part, field.edge());
        let part = part.map_err(|error| error.in_field(field.name().to_owned()))?;
        if !is_left_out(&part) {
            value.set(field.name(), part)?;
        }
        Ok(())
    }
}

#[cold]
fn no_field(name: &str) -> Error {
    Error::misuse(format!("the type has no field {name}"))
}

fn find<'a>(fields: &'a [FieldType], name: &str) -> Option<&'a FieldType> {
    let exact = fields.iter().rfind(|field| field.name() == name);
    exact.or_else(|| fields.iter().rfind(|field| same_name(name, field.name())))
}

/// True for what [`infer`](super::infer) leaves out of a type.
fn is_absent(tree: &Tree) -> bool {
    match tree {
        Tree::Nil => true,
        Tree::Seq(items) => items.is_empty(),
        Tree::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// True for what Go leaves out of a struct (`encode.go`, `encOpFor`).
fn is_left_out(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Int(value) => *value == 0,
        Value::Uint(value) => *value == 0,
        Value::Float(value) => *value == 0.0,
        Value::Complex(re, im) => *re == 0.0 && *im == 0.0,
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::String(text) => text.as_bytes().is_empty(),
        Value::Slice(list) => list.is_empty(),
        Value::Interface(interface) => interface.value().is_none(),
        _ => false,
    }
}

fn int(tree: &Tree) -> Option<i64> {
    match tree {
        Tree::Int(value) => Some(*value),
        Tree::Uint(value) => i64::try_from(*value).ok(),
        Tree::Unit(_, index) => Some(i64::from(*index)),
        _ => None,
    }
}

fn uint(tree: &Tree) -> Option<u64> {
    match tree {
        Tree::Int(value) => u64::try_from(*value).ok(),
        Tree::Uint(value) => Some(*value),
        Tree::Unit(_, index) => Some(u64::from(*index)),
        _ => None,
    }
}

/// Integers become floats where none is lost.
fn float(tree: &Tree) -> Option<f64> {
    let exact = |value: f64, back: bool| back.then_some(value);
    match tree {
        Tree::Float(value) => Some(*value),
        Tree::Int(value) => exact(*value as f64, value.unsigned_abs() <= 1 << 53),
        Tree::Uint(value) => exact(*value as f64, *value <= 1 << 53),
        _ => None,
    }
}

fn complex(tree: &Tree) -> Option<Value> {
    match tree {
        Tree::Seq(parts) | Tree::Tuple(parts) | Tree::TupleStruct(_, parts) => {
            let [re, im] = parts.as_slice() else {
                return None;
            };
            Some(Value::Complex(float(re)?, float(im)?))
        }
        Tree::Struct(_, parts) => match parts.as_slice() {
            [("re", re), ("im", im)] => Some(Value::Complex(float(re)?, float(im)?)),
            _ => None,
        },
        _ => None,
    }
}

fn text(tree: &Tree) -> Option<GoString> {
    match tree {
        Tree::Text(text) => Some(GoString::from(text.as_str())),
        Tree::Unit(variant, _) => Some(GoString::from(*variant)),
        Tree::Bytes(bytes) => Some(GoString::from(bytes.as_slice())),
        _ => None,
    }
}

fn bytes(tree: &Tree) -> Option<Vec<u8>> {
    match tree {
        Tree::Bytes(bytes) => Some(bytes.clone()),
        Tree::Seq(items) | Tree::Tuple(items) => {
            let byte = |item| uint(item).and_then(|byte| u8::try_from(byte).ok());
            items.iter().map(byte).collect()
        }
        _ => None,
    }
}

/// What Go's `any` would hold.
fn any(tree: &Tree) -> Value {
    let named = |name: &str, value| (Value::from(name), value);
    match tree {
        Tree::Nil => Value::default(),
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Int(value) => Value::Int(*value),
        Tree::Uint(value) => i64::try_from(*value).map_or(Value::Uint(*value), Value::Int),
        Tree::Float(value) => Value::Float(*value),
        Tree::Text(text) => Value::from(text.as_str()),
        Tree::Unit(variant, _) => Value::from(*variant),
        Tree::Bytes(bytes) => Value::Bytes(bytes.clone()),
        Tree::Seq(items) | Tree::Tuple(items) | Tree::TupleStruct(_, items) => {
            boxed_list(items.iter().map(any).collect())
        }
        Tree::Map(entries) => boxed_map(
            entries
                .iter()
                .map(|(key, value)| (any(key), any(value)))
                .collect(),
        ),
        Tree::Struct(_, fields) => boxed_map(
            fields
                .iter()
                .map(|(name, value)| named(name, any(value)))
                .collect(),
        ),
        Tree::Variant(_, variant, data) => boxed_map(vec![named(variant, any(data))]),
    }
}
