//! Encoding a [`Value`] by a schema.

use std::sync::Arc;

use super::{Struct, Value};
use crate::Prepared;
use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Kind, Schema};
use crate::wire::{int_to_uint, put_uint};

impl Prepared {
    /// Encodes a value by its own schema.
    ///
    /// What was sent once is sent again: fields that were not sent stay absent,
    /// and the entries of a map keep their order. It takes no stack, however deep
    /// the value nests.
    ///
    /// # Errors
    ///
    /// `Misuse` if a part is not of the type that the whole says, which the parts
    /// of a value that was decoded are; or if an interface inside of it is not
    /// nil, or is the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::{Encoder, Prepared, Value, to_vec};
    ///
    /// let mut stream = Vec::new();
    /// let value = Value::from(vec![1_i64, 2]);
    /// Encoder::new().append(&Prepared::from_value(&value)?, &mut stream)?;
    /// assert_eq!(stream, to_vec(&vec![1_i64, 2])?);
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn from_value(value: &Value) -> Result<Self> {
        let schema = value.schema();
        Self::from_value_as(value, &schema)
    }

    /// Encodes a value by a given schema, whose fields are found by name.
    ///
    /// # Errors
    ///
    /// `Misuse` if the value is not of the type, and as for
    /// [`Prepared::from_value`].
    pub fn from_value_as(value: &Value, schema: &Arc<Schema>) -> Result<Self> {
        if matches!(schema.root_type().kind(), Kind::Interface) {
            return Err(Error::misuse(
                "an interface cannot be a value of its own; send what it holds",
            ));
        }
        let mut writing = Writing {
            schema,
            out: Vec::with_capacity(64),
            outer: Vec::new(),
        };
        writing
            .run(value)
            .map_err(|error| error.in_root(schema.root_type().name().to_owned()))?;
        Ok(Self::dynamic(Arc::clone(schema), writing.out))
    }
}

/// A composite that is being written.
enum Frame<'a> {
    Struct {
        value: &'a Struct,
        fields: &'a [FieldType],
        /// Places of the fields in the type and in the value, ascending; none if
        /// they are the same, so that those of the value serve.
        order: Option<Vec<(u32, usize)>>,
        index: usize,
        /// Place that a delta of 1 would name.
        next: u32,
    },
    Items {
        parts: std::slice::Iter<'a, Value>,
        elem: Edge,
    },
    Map {
        parts: std::slice::Iter<'a, Value>,
        key: Edge,
        elem: Edge,
    },
}

struct Writing<'a> {
    schema: &'a Arc<Schema>,
    out: Vec<u8>,
    outer: Vec<Frame<'a>>,
}

impl<'a> Writing<'a> {
    fn run(&mut self, root: &'a Value) -> Result<()> {
        let Some(mut frame) = self.begin(root, self.schema.root())? else {
            return Ok(());
        };
        loop {
            let begun = match self.next(&mut frame) {
                Some((value, edge)) => self.begin(value, edge),
                None => match self.outer.pop() {
                    Some(outer) => {
                        frame = outer;
                        continue;
                    }
                    None => return Ok(()),
                },
            };
            match begun {
                Ok(None) => {}
                Ok(Some(inner)) => self.outer.push(std::mem::replace(&mut frame, inner)),
                Err(error) => return Err(self.place(error, &frame)),
            }
        }
    }

    /// The next part of a composite, after what stands before it.
    fn next(&mut self, frame: &mut Frame<'a>) -> Option<(&'a Value, Edge)> {
        match frame {
            Frame::Struct {
                value,
                fields,
                order,
                index,
                next,
            } => {
                let found = match order {
                    Some(order) => order.get(*index).copied(),
                    None => value.sent().get(*index).map(|&place| (place, *index)),
                };
                *index += 1;
                let part = found.and_then(|(place, part)| {
                    let field = fields.get(place as usize)?;
                    Some((place, value.parts().get(part)?, field.edge))
                });
                let Some((place, part, edge)) = part else {
                    self.out.push(0);
                    return None;
                };
                put_uint(&mut self.out, u64::from(place.saturating_sub(*next)) + 1);
                *next = place + 1;
                Some((part, edge))
            }
            Frame::Items { parts, elem } => Some((parts.next()?, *elem)),
            Frame::Map { parts, key, elem } => {
                let edge = if parts.len() % 2 == 0 { *key } else { *elem };
                Some((parts.next()?, edge))
            }
        }
    }

    /// Writes a scalar, or what a composite begins with.
    fn begin(&mut self, value: &'a Value, edge: Edge) -> Result<Option<Frame<'a>>> {
        let schema: &'a Arc<Schema> = self.schema;
        let ty = schema.get(edge);
        match (value, &ty.kind) {
            (Value::Bool(value), Kind::Bool) => self.out.push(u8::from(*value)),
            (Value::Int(value), Kind::Int) => put_uint(&mut self.out, int_to_uint(*value)),
            (Value::Uint(value), Kind::Uint) => put_uint(&mut self.out, *value),
            (Value::Float(value), Kind::Float) => self.float(*value),
            (Value::Complex(re, im), Kind::Complex) => {
                self.float(*re);
                self.float(*im);
            }
            (Value::Bytes(bytes), Kind::Bytes) => self.bytes(bytes),
            (Value::String(text), Kind::String) => self.bytes(text.as_bytes()),
            (Value::Opaque(opaque), Kind::Opaque(kind)) if opaque.kind() == *kind => {
                self.bytes(opaque.payload());
            }
            (Value::Interface(interface), Kind::Interface) => {
                if interface.value().is_some() {
                    return Err(Error::misuse(
                        "an interface that is not nil cannot be encoded from a Value",
                    ));
                }
                self.out.push(0);
            }
            (Value::Slice(list), Kind::Slice(elem)) => {
                put_uint(&mut self.out, list.len() as u64);
                let parts = list.iter();
                return Ok(Some(Frame::Items { parts, elem: *elem }));
            }
            (Value::Array(list), Kind::Array(elem, length)) => {
                if list.len() != *length {
                    return Err(Error::misuse(format!(
                        "{} elements of an array of {length}",
                        list.len()
                    )));
                }
                put_uint(&mut self.out, list.len() as u64);
                let parts = list.iter();
                return Ok(Some(Frame::Items { parts, elem: *elem }));
            }
            (Value::Map(map), Kind::Map(key, elem)) => {
                put_uint(&mut self.out, map.len() as u64);
                return Ok(Some(Frame::Map {
                    parts: map.parts().iter(),
                    key: *key,
                    elem: *elem,
                }));
            }
            (Value::Struct(value), Kind::Struct(fields)) => {
                return Ok(Some(Frame::Struct {
                    value,
                    fields,
                    order: order(value, fields)?,
                    index: 0,
                    next: 0,
                }));
            }
            (value, _) => {
                return Err(Error::misuse(format!(
                    "a value of kind {} where the type says {}",
                    value.kind(),
                    schema.go_string(edge)
                )));
            }
        }
        Ok(None)
    }

    /// Says where in the value the error is, unless that is too deep to read.
    #[cold]
    fn place(&self, mut error: Error, innermost: &Frame<'_>) -> Error {
        const MOST: usize = 32;
        if self.outer.len() > MOST {
            return error;
        }
        for frame in std::iter::once(innermost).chain(self.outer.iter().rev()) {
            error = match frame {
                Frame::Struct { fields, next, .. } => {
                    let place = next.saturating_sub(1) as usize;
                    match fields.get(place) {
                        Some(field) => error.in_field(field.name().to_owned()),
                        None => error,
                    }
                }
                Frame::Items { .. } => error,
                Frame::Map { parts, .. } if parts.len() % 2 == 1 => error.in_key(),
                Frame::Map { .. } => error,
            };
        }
        error
    }

    fn float(&mut self, value: f64) {
        put_uint(&mut self.out, value.to_bits().swap_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        put_uint(&mut self.out, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }
}

/// Places of the fields that were sent in another type and in the value; none if
/// both types number the fields in the same way.
fn order<'a>(value: &'a Struct, fields: &'a [FieldType]) -> Result<Option<Vec<(u32, usize)>>> {
    let own = value.fields();
    let name =
        |fields: &'a [FieldType], place: u32| fields.get(place as usize).map(FieldType::name);
    if value
        .sent()
        .iter()
        .all(|&place| name(own, place) == name(fields, place))
    {
        return Ok(None);
    }
    let mut order = Vec::with_capacity(value.sent().len());
    for (index, &place) in value.sent().iter().enumerate() {
        let name = name(own, place).unwrap_or_default();
        let here = fields
            .iter()
            .rposition(|field| field.name() == name)
            .ok_or_else(|| Error::misuse(format!("the type has no field {name}")))?;
        order.push((u32::try_from(here).unwrap_or(u32::MAX), index));
    }
    order.sort_unstable();
    if order
        .windows(2)
        .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
    {
        return Err(Error::misuse("a field is there twice"));
    }
    Ok(Some(order))
}
