//! What the inspector is inside of, on a stack of the heap.

use super::definitions::Definitions;
use super::token::Token;
use super::{DefinitionKind, Event, Inspector, Next};
use crate::error::{Error, Result};
use crate::schema::Kind;
use crate::types::builtin_kind;

/// A composite value that was begun.
#[derive(Debug)]
pub(super) enum Frame {
    Struct {
        id: i32,
        /// The index that a delta of 1 names.
        next: usize,
    },
    Items {
        elem: i32,
        left: u64,
    },
    Map {
        key: i32,
        elem: i32,
        left: u64,
        at_elem: bool,
    },
    /// The value of an interface.
    Interface,
}

/// What values of a type look like.
pub(super) enum Shape {
    Scalar(Kind),
    Opaque,
    Interface,
    Struct,
    Slice(i32),
    Array(i32, usize),
    Map(i32, i32),
}

impl Shape {
    pub(super) fn of(types: &Definitions, id: i32) -> Result<Self> {
        Ok(match types.get(id).map(|definition| &definition.kind) {
            Some(DefinitionKind::Struct { .. }) => Self::Struct,
            Some(DefinitionKind::Slice { elem }) => Self::Slice(*elem),
            Some(DefinitionKind::Array { elem, length }) => Self::Array(*elem, *length),
            Some(DefinitionKind::Map { key, elem }) => Self::Map(*key, *elem),
            Some(DefinitionKind::Opaque(_)) => Self::Opaque,
            None => match builtin_kind(id)? {
                Kind::Interface => Self::Interface,
                kind => Self::Scalar(kind),
            },
        })
    }
}

impl Inspector {
    /// Reads a scalar, or the start of a composite value.
    pub(super) fn value(&mut self, id: i32) -> Result<Option<Token>> {
        self.next = Next::Inside;
        Ok(Some(match Shape::of(&self.types, id)? {
            Shape::Scalar(kind) => self.scalar(&kind)?,
            Shape::Opaque => Token::Opaque(self.input.payload()?),
            Shape::Interface => self.interface()?,
            Shape::Struct => {
                self.push(Frame::Struct { id, next: 0 })?;
                Event::StructStart { id }.into()
            }
            Shape::Slice(elem) => {
                let count = self.input.count(self.limits.message_bytes)?;
                self.push(Frame::Items { elem, left: count })?;
                Event::SliceStart { id, count }.into()
            }
            Shape::Array(elem, length) => {
                let offset = self.input.offset();
                let count = self.input.count(self.limits.message_bytes)?;
                if count != length as u64 {
                    let text = format!("{count} elements of an array of {length}");
                    return Err(Error::malformed(text).at_offset(offset));
                }
                self.push(Frame::Items { elem, left: count })?;
                Event::ArrayStart { id, count }.into()
            }
            Shape::Map(key, elem) => {
                let count = self.input.count(self.limits.message_bytes)?;
                self.push(Frame::Map {
                    key,
                    elem,
                    left: count,
                    at_elem: false,
                })?;
                Event::MapStart { id, count }.into()
            }
        }))
    }

    fn scalar(&mut self, kind: &Kind) -> Result<Token> {
        Ok(match kind {
            Kind::Bool => Event::Bool(self.input.uint()? != 0).into(),
            Kind::Int => Event::Int(self.input.int()?).into(),
            Kind::Float => Event::Float(self.input.float()?).into(),
            Kind::Complex => {
                let re = self.input.float()?;
                let im = self.input.float()?;
                Event::Complex { re, im }.into()
            }
            Kind::Bytes => Token::Bytes(self.input.payload()?),
            Kind::String => Token::String(self.input.payload()?),
            _ => Event::Uint(self.input.uint()?).into(),
        })
    }

    fn interface(&mut self) -> Result<Token> {
        let length = self.input.uint()?;
        let most = self.limits.name_bytes;
        if length > most as u64 {
            return Err(Error::limit("length of a name", most, "name_bytes"));
        }
        let name = self.input.take(length)?;
        if name.is_empty() {
            return Ok(Event::InterfaceNil.into());
        }
        self.next = Next::InterfaceType;
        Ok(Token::InterfaceName(name))
    }

    /// Goes on with the innermost composite value, or ends it.
    pub(super) fn inside(&mut self) -> Result<Option<Token>> {
        let (value, event) = match self.frames.last_mut() {
            None => {
                self.inside = false;
                self.next = Next::MessageEnd;
                return Ok(Some(Event::ValueEnd.into()));
            }
            Some(Frame::Interface) => {
                if self.segments.pop() != Some(self.input.place()) {
                    return Err(Error::malformed(
                        "the count before an interface's value is not its length",
                    ));
                }
                self.frames.pop();
                return Ok(Some(Event::InterfaceEnd.into()));
            }
            Some(Frame::Struct { id, next }) => {
                let terminated = self.input.left() > 0;
                let offset = self.input.offset();
                let delta = if terminated { self.input.uint()? } else { 0 };
                if delta == 0 {
                    self.frames.pop();
                    return Ok(Some(Event::StructEnd { terminated }.into()));
                }
                let (index, value) = field(&self.types, *id, delta, *next)
                    .map_err(|error| error.at_offset(offset))?;
                *next = index + 1;
                (value, Some(Event::Field { index, delta }.into()))
            }
            Some(Frame::Items { left: 0, .. } | Frame::Map { left: 0, .. }) => {
                self.frames.pop();
                return Ok(Some(Event::ItemsEnd.into()));
            }
            Some(Frame::Items { elem, left }) => {
                self.input.expect_more()?;
                *left -= 1;
                (*elem, None)
            }
            Some(Frame::Map {
                key,
                elem,
                left,
                at_elem,
            }) => {
                self.input.expect_more()?;
                let value = if *at_elem { *elem } else { *key };
                *left -= u64::from(*at_elem);
                *at_elem = !*at_elem;
                (value, None)
            }
        };
        self.next = Next::Value(value);
        Ok(event)
    }
}

/// The place and the type of the field that a delta names.
fn field(types: &Definitions, id: i32, delta: u64, next: usize) -> Result<(usize, i32)> {
    let fields = match types.get(id).map(|definition| &definition.kind) {
        Some(DefinitionKind::Struct { fields }) => fields.as_slice(),
        _ => &[],
    };
    usize::try_from(delta)
        .ok()
        .and_then(|delta| next.checked_add(delta.checked_sub(1)?))
        .and_then(|index| Some((index, fields.get(index)?.id)))
        .ok_or_else(|| {
            Error::malformed(format!(
                "field delta {delta} after field {next} of a struct of {} fields",
                fields.len()
            ))
        })
}
