//! [`Walk`]: over values without decoding them, on a stack of the heap.
//!
//! [`skip_value`] skips what a typed value does not want; [`Assembly`] walks values
//! that may hold interfaces before they are decoded.

mod assembly;

pub(crate) use assembly::{Assembled, Assembly};

use crate::Limits;
use crate::error::{Error, Result};
use crate::schema::Kind;
use crate::steps::steps;
use crate::types::{TypeTable, WireKind, builtin_kind};
use crate::wire::read_uint;

/// What a value of a type looks like, with types as numbers of some table.
enum Shape {
    Number,
    Complex,
    Bytes,
    Interface,
    Struct,
    Slice(i32),
    Array(i32, usize),
    Map(i32, i32),
}

/// What values of a type look like.
fn shape(types: &TypeTable, id: i32) -> Result<Shape> {
    Ok(match types.get(id).map(|wire| &wire.kind) {
        Some(WireKind::Struct { .. }) => Shape::Struct,
        Some(WireKind::Slice { elem }) => Shape::Slice(*elem),
        Some(WireKind::Array { elem, length }) => Shape::Array(*elem, *length),
        Some(WireKind::Map { key, elem }) => Shape::Map(*key, *elem),
        Some(WireKind::Opaque(_)) => Shape::Bytes,
        None => match builtin_kind(id)? {
            Kind::Complex => Shape::Complex,
            Kind::Bytes | Kind::String => Shape::Bytes,
            Kind::Interface => Shape::Interface,
            _ => Shape::Number,
        },
    })
}

/// The type of a field of a struct.
fn field(types: &TypeTable, id: i32, delta: u64, next: usize) -> Result<(usize, i32)> {
    let fields = match types.get(id).map(|wire| &wire.kind) {
        Some(WireKind::Struct { fields }) => fields.as_slice(),
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

/// A composite value that the walk is inside of.
#[derive(Debug)]
enum Frame {
    Struct {
        id: i32,
        next: usize,
    },
    Items {
        elem: i32,
        count: u64,
        left: u64,
    },
    Map {
        key: i32,
        elem: i32,
        count: u64,
        left: u64,
        at_elem: bool,
    },
    /// The value of an interface.
    Interface,
}

impl Frame {
    fn items(elem: i32, count: u64) -> Self {
        Self::Items {
            elem,
            count,
            left: count,
        }
    }

    /// Says in which part of the composite the error is.
    #[cold]
    fn place(&self, types: &TypeTable, error: Error) -> Error {
        let index = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
        match self {
            Self::Struct { id, next } => {
                let part = next.checked_sub(1);
                let name = match types.get(*id).map(|wire| &wire.kind) {
                    Some(WireKind::Struct { fields }) => part.and_then(|part| fields.get(part)),
                    _ => None,
                };
                match name {
                    Some(field) => error.in_field(field.name.to_string()),
                    None => error,
                }
            }
            // Where the fault is before the first item, it is that of the count.
            Self::Items { count, left, .. } if count == left => error,
            Self::Items { count, left, .. } => error.in_index(index(count - left - 1)),
            Self::Map { at_elem: true, .. } => error.in_key(),
            Self::Map { count, left, .. } if count == left => error,
            Self::Map { count, left, .. } => error.in_index(index(count - left - 1)),
            Self::Interface => error,
        }
    }
}

/// Why the walk paused.
enum Stop {
    Done,
    /// An interface value comes next.
    Interface,
    /// The value of the innermost interface ended.
    InterfaceEnd,
}

#[derive(Debug, Default)]
struct Walk {
    frames: Vec<Frame>,
    /// The value may go on in further messages.
    in_pieces: bool,
}

fn uint(input: &mut &[u8]) -> Result<u64> {
    read_uint(input)?.ok_or_else(early_end)
}

#[cold]
fn early_end() -> Error {
    Error::malformed("the value goes on past the end of its message")
}

fn take<'a>(input: &mut &'a [u8], count: u64) -> Result<&'a [u8]> {
    match usize::try_from(count)
        .ok()
        .and_then(|count| input.split_at_checked(count))
    {
        Some((bytes, rest)) => {
            *input = rest;
            Ok(bytes)
        }
        None => Err(Error::malformed(format!(
            "a length of {count} where {} bytes are left",
            input.len()
        ))),
    }
}

impl Walk {
    /// Reads a count of items, each of which takes a byte or more.
    ///
    /// In a value that comes in pieces the items may be in later messages: Go ends
    /// one where it defines the type of an interface's value.
    fn count(&self, input: &mut &[u8], limits: &Limits) -> Result<u64> {
        let count = uint(input)?;
        let most = match self.in_pieces {
            true => limits.message_bytes,
            false => input.len(),
        };
        if count > most as u64 {
            return Err(Error::malformed(format!(
                "a count of {count} where {} bytes are left",
                input.len()
            )));
        }
        Ok(count)
    }

    /// Says where in the value the error is, unless that is too deep to read.
    #[cold]
    fn place(&self, types: &TypeTable, error: Error) -> Error {
        const MOST: usize = 32;
        if self.frames.len() > MOST {
            return error;
        }
        let frames = self.frames.iter().rev();
        frames.fold(error, |error, frame| frame.place(types, error))
    }

    fn push(&mut self, frame: Frame, limits: &Limits) -> Result<()> {
        if self.frames.len() >= limits.dynamic_depth {
            return Err(Error::limit(
                "nesting of the value",
                limits.dynamic_depth,
                "dynamic_depth",
            ));
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Walks over a scalar, or into a composite. True: an interface comes next.
    fn value(
        &mut self,
        types: &TypeTable,
        id: i32,
        input: &mut &[u8],
        limits: &Limits,
    ) -> Result<bool> {
        match shape(types, id)? {
            Shape::Number => {
                uint(input)?;
            }
            Shape::Complex => {
                uint(input)?;
                uint(input)?;
            }
            Shape::Bytes => {
                let length = uint(input)?;
                take(input, length)?;
            }
            Shape::Interface => return Ok(true),
            Shape::Struct => self.push(Frame::Struct { id, next: 0 }, limits)?,
            Shape::Slice(elem) => {
                let count = self.count(input, limits)?;
                self.push(Frame::items(elem, count), limits)?;
            }
            Shape::Array(elem, length) => {
                let count = self.count(input, limits)?;
                if count != length as u64 {
                    return Err(Error::malformed(format!(
                        "{count} elements of an array of {length}"
                    )));
                }
                self.push(Frame::items(elem, count), limits)?;
            }
            Shape::Map(key, elem) => {
                let count = self.count(input, limits)?;
                let frame = Frame::Map {
                    key,
                    elem,
                    count,
                    left: count,
                    at_elem: false,
                };
                self.push(frame, limits)?;
            }
        }
        Ok(false)
    }

    /// Walks on until something needs a decision.
    fn run(&mut self, types: &TypeTable, input: &mut &[u8], limits: &Limits) -> Result<Stop> {
        loop {
            steps(1);
            let next = match self.frames.last_mut() {
                None => return Ok(Stop::Done),
                Some(Frame::Interface) => {
                    self.frames.pop();
                    return Ok(Stop::InterfaceEnd);
                }
                Some(Frame::Struct { id, next }) => {
                    // The terminator may be missing at the end (`decode.go`,
                    // `ignoreStruct`).
                    let delta = if input.is_empty() { 0 } else { uint(input)? };
                    if delta == 0 {
                        self.frames.pop();
                        continue;
                    }
                    let (index, field) = field(types, *id, delta, *next)?;
                    *next = index + 1;
                    field
                }
                Some(Frame::Items { left: 0, .. } | Frame::Map { left: 0, .. }) => {
                    self.frames.pop();
                    continue;
                }
                Some(Frame::Items { elem, left, .. }) => {
                    *left -= 1;
                    if input.is_empty() {
                        return Err(early_end());
                    }
                    *elem
                }
                Some(Frame::Map {
                    key,
                    elem,
                    left,
                    at_elem,
                    ..
                }) => {
                    let next = if *at_elem {
                        *left -= 1;
                        *elem
                    } else {
                        *key
                    };
                    *at_elem = !*at_elem;
                    if input.is_empty() {
                        return Err(early_end());
                    }
                    next
                }
            };
            if self.value(types, next, input, limits)? {
                return Ok(Stop::Interface);
            }
        }
    }
}

/// Skips a value. Interfaces were assembled before, so that their counts are
/// true.
pub(crate) fn skip_value(
    types: &TypeTable,
    id: i32,
    input: &mut &[u8],
    limits: &Limits,
) -> Result<()> {
    let mut walk = Walk::default();
    let mut interface = walk.value(types, id, input, limits)?;
    loop {
        if interface {
            let length = uint(input)?;
            let name = take(input, length)?;
            if !name.is_empty() {
                uint(input)?;
                let length = uint(input)?;
                take(input, length)?;
            }
        }
        match walk.run(types, input, limits)? {
            Stop::Done => return Ok(()),
            Stop::Interface => interface = true,
            Stop::InterfaceEnd => interface = false,
        }
    }
}
