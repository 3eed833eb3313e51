//! Decoding bytes into a [`Value`].

mod input;

use std::mem;

use input::Input;

use super::{Interface, List, Map, OpaqueValue, StreamTypes, Struct, TypeRef, Value};
use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Kind};
use crate::steps::steps;
use crate::types::TypeId;
use crate::{GoString, Limits, RawValue};

impl RawValue {
    /// Decodes the value without a type.
    ///
    /// It takes no stack, however deep the value nests: the limits are
    /// [`Limits::dynamic_depth`] and [`Limits::memory_bytes`].
    ///
    /// # Errors
    ///
    /// `Malformed` if its bytes are not gob or a type was not defined, `Limit` if
    /// it is too large or too deep.
    pub fn to_value(&self) -> Result<Value> {
        let types = self.plans().dynamic(self.types());
        let (bytes, limits) = (self.bytes(), self.limits());
        read_value(&types, self.type_id(), bytes, self.end(), limits).map(|(value, _)| value)
    }
}

/// A composite that is being read.
struct Frame<'t> {
    edge: Edge,
    kind: FrameKind<'t>,
    parts: Vec<Value>,
}

enum FrameKind<'t> {
    Struct {
        fields: &'t [FieldType],
        /// Place of the field that a delta of 1 names.
        next: usize,
        sent: Vec<u32>,
    },
    Slice(Items),
    Array(Items),
    Map {
        key: Edge,
        elem: Edge,
        /// Keys and values that are to come.
        left: usize,
    },
    Interface {
        name: GoString,
        /// Bytes that are left behind the value.
        after: usize,
        /// Type of the value, until it is begun.
        value: Option<Edge>,
    },
}

#[derive(Clone, Copy)]
struct Items {
    elem: Edge,
    left: usize,
}

/// A value that is whole, or a composite that was begun.
enum Begun<'t> {
    Value(Value),
    Frame(Frame<'t>),
}

struct Reading<'a, 't> {
    input: Input<'a>,
    types: &'t StreamTypes,
    limits: &'a Limits,
    outer: Vec<Frame<'t>>,
}

/// Reads a value that is in one piece and ends at `end` in its stream; gives also
/// how much memory it might still own.
pub(crate) fn read_value(
    types: &StreamTypes,
    id: TypeId,
    bytes: &[u8],
    end: u64,
    limits: &Limits,
) -> Result<(Value, usize)> {
    let mut reading = Reading {
        input: Input::new(bytes, limits),
        types,
        limits,
        outer: Vec::new(),
    };
    reading.whole(id).map_err(|error| {
        // What was put together may be longer than its messages.
        let offset = end.saturating_sub(reading.input.len() as u64);
        error.at_offset(offset)
    })
}

impl<'t> Reading<'_, 't> {
    fn whole(&mut self, id: TypeId) -> Result<(Value, usize)> {
        let edge = self.types.edge(id)?;
        self.singleton(edge)?;
        let value = self.run(edge);
        value
            .and_then(|value| {
                self.limits.check_trailing(self.input.len())?;
                Ok((value, self.input.memory_left()))
            })
            .map_err(|error| error.in_root(self.types.schema().get(edge).name().to_owned()))
    }

    fn run(&mut self, root: Edge) -> Result<Value> {
        let mut frame = match self.begin(root)? {
            Begun::Value(value) => return Ok(value),
            Begun::Frame(frame) => frame,
        };
        self.check_depth(0)?;
        loop {
            steps(1);
            let next = self.next(&mut frame);
            let begun = match next {
                Ok(None) => {
                    let value = self.finish(frame);
                    match self.outer.pop() {
                        Some(outer) => frame = outer,
                        None => return Ok(value),
                    }
                    Ok(Begun::Value(value))
                }
                Ok(Some(edge)) => self.begin(edge),
                Err(error) => Err(error),
            };
            match begun {
                Ok(Begun::Value(value)) => frame.parts.push(value),
                Ok(Begun::Frame(inner)) => {
                    self.check_depth(self.outer.len() + 1)?;
                    self.outer.push(mem::replace(&mut frame, inner));
                }
                Err(error) => return Err(self.place(error, &frame)),
            }
        }
    }

    /// Whether a composite may begin inside of so many others.
    fn check_depth(&self, levels: usize) -> Result<()> {
        let most = self.limits.dynamic_depth;
        if levels < most {
            return Ok(());
        }
        Err(Error::limit("nesting of the value", most, "dynamic_depth"))
    }

    /// The type of the next part of a composite, for which room is made; `None`
    /// at its end.
    fn next(&mut self, frame: &mut Frame<'t>) -> Result<Option<Edge>> {
        match &mut frame.kind {
            FrameKind::Struct { fields, next, sent } => {
                // The terminator may be missing at the end (`decode.go`,
                // `decodeStruct`).
                let delta = if self.input.len() == 0 {
                    0
                } else {
                    self.input.uint()?
                };
                if delta == 0 {
                    return Ok(None);
                }
                let field = usize::try_from(delta)
                    .ok()
                    .and_then(|delta| next.checked_add(delta - 1))
                    .and_then(|index| Some((index, fields.get(index)?)));
                let Some((index, field)) = field else {
                    return Err(Error::malformed(format!(
                        "field delta {delta} after field {next} of a struct of {} fields",
                        fields.len()
                    )));
                };
                *next = index + 1;
                if frame.parts.len() == frame.parts.capacity() {
                    // Room for twice as many, but for no more than there can be.
                    let have = frame.parts.len();
                    let more = have.max(2).min(fields.len() - index);
                    self.input
                        .charge(more.saturating_mul(size_of::<Value>() + size_of::<u32>()))?;
                    frame.parts.reserve_exact(more);
                    sent.reserve_exact(more);
                }
                sent.push(u32::try_from(index).unwrap_or(u32::MAX));
                Ok(Some(field.edge))
            }
            FrameKind::Slice(items) | FrameKind::Array(items) => {
                let Some(left) = items.left.checked_sub(1) else {
                    return Ok(None);
                };
                items.left = left;
                let elem = items.elem;
                self.input.expect_part()?;
                Ok(Some(elem))
            }
            FrameKind::Map { key, elem, left } => {
                let Some(fewer) = left.checked_sub(1) else {
                    return Ok(None);
                };
                *left = fewer;
                let next = if fewer % 2 == 1 { *key } else { *elem };
                self.input.expect_part()?;
                Ok(Some(next))
            }
            FrameKind::Interface { after, value, .. } => {
                let next = value.take();
                if next.is_some() || self.input.len() == *after {
                    return Ok(next);
                }
                Err(Error::malformed(
                    "the count before an interface's value is not its length",
                ))
            }
        }
    }

    fn begin(&mut self, edge: Edge) -> Result<Begun<'t>> {
        let schema = self.types.schema();
        Ok(Begun::Value(match &schema.get(edge).kind {
            Kind::Bool => Value::Bool(self.input.uint()? != 0),
            Kind::Int => Value::Int(self.input.int()?),
            Kind::Uint => Value::Uint(self.input.uint()?),
            Kind::Float => Value::Float(self.input.float()?),
            Kind::Complex => Value::Complex(self.input.float()?, self.input.float()?),
            Kind::Bytes => Value::Bytes(self.input.bytes()?),
            Kind::String => Value::String(GoString::from(self.input.bytes()?)),
            Kind::Opaque(_) => {
                self.input.charge(OpaqueValue::BYTES)?;
                let payload = self.input.bytes()?;
                Value::Opaque(OpaqueValue::from_type(TypeRef::new(schema, edge), payload))
            }
            Kind::Interface => return self.interface(),
            Kind::Struct(fields) => {
                self.input.charge(Struct::BYTES)?;
                let kind = FrameKind::Struct {
                    fields,
                    next: 0,
                    sent: Vec::new(),
                };
                return Ok(Begun::Frame(Frame {
                    edge,
                    kind,
                    parts: Vec::new(),
                }));
            }
            Kind::Slice(elem) => {
                let left = self.input.count(1)?;
                return self.items(edge, FrameKind::Slice(Items { elem: *elem, left }), left);
            }
            Kind::Array(elem, length) => {
                let left = self.input.count(1)?;
                if left != *length {
                    return Err(Error::malformed(format!(
                        "{left} elements of an array of {length}"
                    )));
                }
                return self.items(edge, FrameKind::Array(Items { elem: *elem, left }), left);
            }
            Kind::Map(key, elem) => {
                let left = self.input.count(2)?.saturating_mul(2);
                let (key, elem) = (*key, *elem);
                return self.items(edge, FrameKind::Map { key, elem, left }, left);
            }
        }))
    }

    /// Begins a composite of a known number of parts.
    fn items(&mut self, edge: Edge, kind: FrameKind<'t>, count: usize) -> Result<Begun<'t>> {
        self.input
            .charge(count.saturating_mul(size_of::<Value>()) + List::BYTES.max(Map::BYTES))?;
        // The memory is charged, but a lie about a count must not buy more than
        // is in proportion to the bytes that are left.
        let most = (self.input.len() * 8 + 4096) / size_of::<Value>();
        Ok(Begun::Frame(Frame {
            edge,
            kind,
            parts: Vec::with_capacity(count.min(most)),
        }))
    }

    fn interface(&mut self) -> Result<Begun<'t>> {
        let length = self.input.uint()?;
        if length > self.limits.name_bytes as u64 {
            return Err(Error::limit(
                "length of a name",
                self.limits.name_bytes,
                "name_bytes",
            ));
        }
        let name = self.input.take(length)?;
        if name.is_empty() {
            return Ok(Begun::Value(Value::Interface(Interface::nil())));
        }
        self.input.charge(name.len() + Interface::BYTES)?;
        let name = GoString::from(name);
        let id = TypeId::from_wire(self.input.int()?)?;
        let edge = self.types.edge(id)?;
        if id == TypeId::INTERFACE {
            return Err(Error::malformed("an interface's value is an interface"));
        }
        let count = self.input.uint()?;
        let after = usize::try_from(count)
            .ok()
            .and_then(|count| self.input.len().checked_sub(count))
            .ok_or_else(|| self.input.too_long(count))?;
        self.singleton(edge)?;
        let kind = FrameKind::Interface {
            name,
            after,
            value: Some(edge),
        };
        Ok(Begun::Frame(Frame {
            edge,
            kind,
            parts: Vec::with_capacity(1),
        }))
    }

    /// The value of a composite whose parts have all been read.
    fn finish(&self, frame: Frame<'t>) -> Value {
        let ty = TypeRef::new(self.types.schema(), frame.edge);
        let mut parts = frame.parts;
        match frame.kind {
            FrameKind::Struct { sent, .. } => Value::Struct(Struct::new(ty, sent, parts)),
            FrameKind::Slice(_) => Value::Slice(List::new(ty, parts)),
            FrameKind::Array(_) => Value::Array(List::new(ty, parts)),
            FrameKind::Map { .. } => Value::Map(Map::new(ty, parts)),
            FrameKind::Interface { name, .. } => Value::Interface(match parts.pop() {
                Some(value) => Interface::new(name, value),
                None => Interface::nil(),
            }),
        }
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
                FrameKind::Struct { fields, sent, .. } => {
                    let field = sent.last().and_then(|&place| fields.get(place as usize));
                    match field {
                        Some(field) => error.in_field(field.name().to_owned()),
                        None => error,
                    }
                }
                FrameKind::Slice(_) | FrameKind::Array(_) => error.in_index(frame.parts.len()),
                FrameKind::Map { .. } if frame.parts.len() % 2 == 0 => error.in_key(),
                FrameKind::Map { .. } => error.in_index(frame.parts.len() / 2),
                FrameKind::Interface { .. } => error,
            };
        }
        error
    }

    /// The 0 that stands before a value that is no struct.
    fn singleton(&mut self, edge: Edge) -> Result<()> {
        let is_struct = matches!(self.types.schema().get(edge).kind, Kind::Struct(_));
        if !is_struct && self.input.uint()? != 0 {
            return Err(Error::malformed(
                "a value that is no struct has no 0 before it",
            ));
        }
        Ok(())
    }
}
