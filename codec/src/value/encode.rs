//! Encoding a [`Value`] by a schema.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Map, Struct, TypeRef, Value};
use crate::error::{Error, Result};
use crate::interface::{EncodedType, InterfaceMark};
use crate::schema::{Edge, FieldType, Kind, Schema};
use crate::wire::{check_name, int_to_uint, put_uint};
use crate::{Gob, Prepared};

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
    /// of a value that was decoded are; or if an interface in it holds an
    /// interface, or something without a name.
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
        Self::write_value(value, schema, false)
    }

    /// Encodes a value by its own schema, with its maps in the order of their keys'
    /// bytes and not in that in which they were sent: equal entries give equal
    /// bytes. Maps in the keys of maps, which Go does not have, keep their order.
    ///
    /// # Errors
    ///
    /// As for [`Prepared::from_value`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use gobrpc_codec::{Encoder, Map, Prepared, Value, to_vec};
    ///
    /// let mut map = Map::typed::<BTreeMap<String, i64>>();
    /// map.push("b".into(), 2_i64.into());
    /// map.push("a".into(), 1_i64.into());
    /// let mut stream = Vec::new();
    /// Encoder::new().append(&Prepared::from_value_sorted(&map.into())?, &mut stream)?;
    /// assert_eq!(stream, to_vec(&BTreeMap::from([("a", 1_i64), ("b", 2)]))?);
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn from_value_sorted(value: &Value) -> Result<Self> {
        Self::write_value(value, &value.schema(), true)
    }

    fn write_value(value: &Value, schema: &Arc<Schema>, sorted: bool) -> Result<Self> {
        let mut writing = Writing::new(sorted);
        writing
            .run(value, schema, schema.root())
            .map_err(|error| error.in_root(schema.root_type().name().to_owned()))?;
        Ok(Self::dynamic(
            Arc::clone(schema),
            writing.out,
            writing.marks,
        ))
    }
}

/// A composite that is being written, of a type of this schema.
struct Frame<'a> {
    schema: &'a Schema,
    kind: FrameKind<'a>,
}

enum FrameKind<'a> {
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
    SortedMap {
        parts: std::vec::IntoIter<&'a Value>,
        key: Edge,
        elem: Edge,
    },
    Interface {
        /// What it holds, until that is begun.
        value: Option<(&'a Value, Edge)>,
        mark: usize,
    },
}

struct Writing<'a> {
    out: Vec<u8>,
    marks: Vec<InterfaceMark>,
    /// The types of interfaces' values, by their places in the schemas that the
    /// values refer to.
    held_types: HashMap<(*const Schema, u32), EncodedType>,
    outer: Vec<Frame<'a>>,
    /// Maps are written in the order of their keys' bytes.
    sorted: bool,
}

impl<'a> Writing<'a> {
    fn new(sorted: bool) -> Self {
        Self {
            out: Vec::with_capacity(64),
            marks: Vec::new(),
            held_types: HashMap::new(),
            outer: Vec::new(),
            sorted,
        }
    }

    /// The keys and the elements of a map by turns, by the bytes of the keys.
    fn sorted(map: &'a Map, schema: &'a Schema, key: Edge) -> Result<Vec<&'a Value>> {
        let mut entries = Vec::with_capacity(map.len());
        for (name, value) in map {
            // Not sorted itself, so that keys of keys take no stack.
            let mut writing = Writing::new(false);
            writing
                .run(name, schema, key)
                .map_err(|error| error.in_key())?;
            entries.push((writing.out, name, value));
        }
        entries.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        let entries = entries.into_iter();
        Ok(entries.flat_map(|(_, name, value)| [name, value]).collect())
    }

    fn run(&mut self, root: &'a Value, schema: &'a Schema, edge: Edge) -> Result<()> {
        let Some(mut frame) = self.begin(root, schema, edge)? else {
            return Ok(());
        };
        loop {
            let begun = match self.next(&mut frame) {
                Some((value, edge)) => self.begin(value, frame.schema, edge),
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
        match &mut frame.kind {
            FrameKind::Struct {
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
            FrameKind::Items { parts, elem } => Some((parts.next()?, *elem)),
            FrameKind::Map { parts, key, elem } => {
                let edge = if parts.len() % 2 == 0 { *key } else { *elem };
                Some((parts.next()?, edge))
            }
            FrameKind::SortedMap { parts, key, elem } => {
                let edge = if parts.len() % 2 == 0 { *key } else { *elem };
                Some((parts.next()?, edge))
            }
            FrameKind::Interface { value, mark } => {
                let next = value.take();
                if next.is_none() {
                    let end = self.out.len();
                    if let Some(mark) = self.marks.get_mut(*mark) {
                        mark.end = end;
                    }
                }
                next
            }
        }
    }

    /// Writes a scalar, or what a composite begins with.
    fn begin(
        &mut self,
        value: &'a Value,
        schema: &'a Schema,
        edge: Edge,
    ) -> Result<Option<Frame<'a>>> {
        let kind = match (value, &schema.get(edge).kind) {
            (Value::Bool(value), Kind::Bool) => {
                self.out.push(u8::from(*value));
                return Ok(None);
            }
            (Value::Int(value), Kind::Int) => {
                put_uint(&mut self.out, int_to_uint(*value));
                return Ok(None);
            }
            (Value::Uint(value), Kind::Uint) => {
                put_uint(&mut self.out, *value);
                return Ok(None);
            }
            (Value::Float(value), Kind::Float) => {
                self.float(*value);
                return Ok(None);
            }
            (Value::Complex(re, im), Kind::Complex) => {
                self.float(*re);
                self.float(*im);
                return Ok(None);
            }
            (Value::Bytes(bytes), Kind::Bytes) => {
                self.bytes(bytes);
                return Ok(None);
            }
            (Value::String(text), Kind::String) => {
                self.bytes(text.as_bytes());
                return Ok(None);
            }
            (Value::Opaque(opaque), Kind::Opaque(kind)) if opaque.kind() == *kind => {
                self.bytes(opaque.payload());
                return Ok(None);
            }
            (Value::Interface(interface), Kind::Interface) => {
                let (Some(name), Some(held)) = (interface.name(), interface.value()) else {
                    self.out.push(0);
                    return Ok(None);
                };
                return self.interface(name.as_bytes(), held).map(Some);
            }
            (Value::Slice(list), Kind::Slice(elem)) => {
                put_uint(&mut self.out, list.len() as u64);
                let parts = list.iter();
                FrameKind::Items { parts, elem: *elem }
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
                FrameKind::Items { parts, elem: *elem }
            }
            (Value::Map(map), Kind::Map(key, elem)) => {
                put_uint(&mut self.out, map.len() as u64);
                let (key, elem) = (*key, *elem);
                if self.sorted {
                    let parts = Self::sorted(map, schema, key)?.into_iter();
                    FrameKind::SortedMap { parts, key, elem }
                } else {
                    let parts = map.parts().iter();
                    FrameKind::Map { parts, key, elem }
                }
            }
            (Value::Struct(value), Kind::Struct(fields)) => FrameKind::Struct {
                value,
                fields,
                order: order(value, fields)?,
                index: 0,
                next: 0,
            },
            (value, _) => {
                return Err(Error::misuse(format!(
                    "a value of kind {} where the type says {}",
                    value.kind(),
                    schema.go_string(edge)
                )));
            }
        };
        Ok(Some(Frame { schema, kind }))
    }

    /// Writes what stands before an interface's value.
    fn interface(&mut self, name: &[u8], held: &'a Value) -> Result<Frame<'a>> {
        check_name(name)?;
        let (schema, edge, ty) = match held.type_ref() {
            Some(ty) => (&*ty.schema, ty.edge, self.held_type(ty)),
            None => {
                let ty = scalar_type(held)?;
                let schema = match &ty {
                    EncodedType::Rust { schema, .. } => schema(),
                    EncodedType::Dynamic(_) => i64::schema(),
                };
                (schema, schema.root(), ty)
            }
        };
        self.bytes(name);
        let mark = self.marks.len();
        let start = self.out.len();
        if ty.is_singleton() {
            self.out.push(0);
        }
        self.marks.push(InterfaceMark {
            ty,
            start,
            end: start,
        });
        let value = Some((held, edge));
        Ok(Frame {
            schema,
            kind: FrameKind::Interface { value, mark },
        })
    }

    /// The type of a value, the same for all values that refer to one place.
    fn held_type(&mut self, ty: &TypeRef) -> EncodedType {
        // The values keep the schemas alive, so that addresses tell them apart.
        self.held_types
            .entry((Arc::as_ptr(&ty.schema), ty.edge.node))
            .or_insert_with(|| EncodedType::Dynamic(ty.rooted()))
            .clone()
    }

    /// Says where in the value the error is, unless that is too deep to read.
    #[cold]
    fn place(&self, mut error: Error, innermost: &Frame<'_>) -> Error {
        const MOST: usize = 32;
        if self.outer.len() > MOST {
            return error;
        }
        for frame in std::iter::once(innermost).chain(self.outer.iter().rev()) {
            error = match &frame.kind {
                FrameKind::Struct { fields, next, .. } => {
                    let place = next.saturating_sub(1) as usize;
                    match fields.get(place) {
                        Some(field) => error.in_field(field.name().to_owned()),
                        None => error,
                    }
                }
                FrameKind::Map { parts, .. } if parts.len() % 2 == 1 => error.in_key(),
                FrameKind::SortedMap { parts, .. } if parts.len() % 2 == 1 => error.in_key(),
                FrameKind::Items { .. }
                | FrameKind::Map { .. }
                | FrameKind::SortedMap { .. }
                | FrameKind::Interface { .. } => error,
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

/// The type of a value that refers to none.
fn scalar_type(value: &Value) -> Result<EncodedType> {
    Ok(match value {
        Value::Bool(_) => EncodedType::of::<bool>(),
        Value::Int(_) => EncodedType::of::<i64>(),
        Value::Uint(_) => EncodedType::of::<u64>(),
        Value::Float(_) => EncodedType::of::<f64>(),
        Value::Complex(..) => EncodedType::of::<crate::go::Complex128>(),
        Value::Bytes(_) => EncodedType::of::<Vec<u8>>(),
        Value::String(_) => EncodedType::of::<String>(),
        _ => {
            return Err(Error::misuse(
                "an interface cannot hold an interface; hold what that one holds",
            ));
        }
    })
}

/// Places of the fields that were sent in another type and in the value; none if
/// both types number the fields in the same way.
fn order<'a>(value: &'a Struct, fields: &'a [FieldType]) -> Result<Option<Vec<(u32, usize)>>> {
    let own = value.fields();
    let name =
        |fields: &'a [FieldType], place: u32| fields.get(place as usize).map(FieldType::full_name);
    if value
        .sent()
        .iter()
        .all(|&place| name(own, place) == name(fields, place))
    {
        return Ok(None);
    }
    let mut order = Vec::with_capacity(value.sent().len());
    for (index, &place) in value.sent().iter().enumerate() {
        let name = name(own, place);
        let here = fields
            .iter()
            .rposition(|field| Some(field.full_name()) == name)
            .ok_or_else(|| {
                let name = name.map_or("", |name| name.as_str());
                Error::misuse(format!("the type has no field {name}"))
            })?;
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
