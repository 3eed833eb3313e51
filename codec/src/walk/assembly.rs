//! [`Assembly`]: a value that comes in pieces, put together (spec 6.4).
//!
//! Go defines the type of an interface's value in the middle of the value, and
//! ends the message there (`encode.go`, `encodeInterface`). The walk takes these
//! definitions into the type table and leaves a value in one piece.

use std::sync::Arc;

use super::{Frame, Shape, Stop, Walk, shape, take, uint};
use crate::Limits;
use crate::decoder::Known;
use crate::error::{Error, Result};
use crate::steps::steps;
use crate::types::{TypeId, TypeTable};

/// A value that may hold interfaces, on its way to being in one piece.
#[derive(Debug)]
pub(crate) struct Assembly {
    walk: Walk,
    /// Interfaces that the walk is inside of, outermost first.
    segments: Vec<Segment>,
    /// How many of them, from the outermost on, have their counts in `flat`.
    moved: usize,
    /// The value so far, without the definitions; none while the message that
    /// began it holds no definition.
    flat: Option<Vec<u8>>,
    /// An interface whose name was read and whose type comes in this message.
    pending_type: bool,
    messages: usize,
}

/// The bytes that the count before an interface's value announces: up to the end
/// of the value, or up to an inline definition.
#[derive(Debug)]
struct Segment {
    /// Bytes of the message behind the end of the segment.
    after: usize,
    /// Where the count stands: in the message, or in `flat` as nine bytes.
    count: CountPlace,
}

#[derive(Debug, Clone, Copy)]
enum CountPlace {
    /// Bytes of the message behind the start and the end of the count.
    Message {
        start: usize,
        end: usize,
    },
    Flat(usize),
}

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Assembled {
    /// The message holds the whole value as it is.
    Whole,
    /// The value is in one piece.
    Flat(Vec<u8>),
    /// The value goes on in the next message.
    More,
}

impl Assembly {
    pub(crate) fn new() -> Self {
        Self {
            walk: Walk {
                in_pieces: true,
                ..Walk::default()
            },
            segments: Vec::new(),
            moved: 0,
            flat: None,
            pending_type: false,
            messages: 0,
        }
    }

    /// Walks over the next message of the value: the first one behind its type
    /// id, a later one from its start.
    ///
    /// Definitions go into `known`. What was not walked over is left in `input`.
    pub(crate) fn message(
        &mut self,
        root: TypeId,
        input: &mut &[u8],
        known: &mut Arc<Known>,
        limits: &Limits,
    ) -> Result<Assembled> {
        self.walk_message(root, input, known, limits)
            .map_err(|error| {
                let name = known
                    .types
                    .get(root.get())
                    .map(|wire| wire.name.to_string());
                let error = self.walk.place(&known.types, error);
                error.in_root(name.unwrap_or_default())
            })
    }

    fn walk_message(
        &mut self,
        root: TypeId,
        input: &mut &[u8],
        known: &mut Arc<Known>,
        limits: &Limits,
    ) -> Result<Assembled> {
        let message = *input;
        // Start of what is not in `flat` yet, as bytes from the end.
        let mut copied = message.len();
        self.messages += 1;
        if self.flat.as_ref().map_or(0, Vec::len) + message.len() > limits.message_bytes {
            return Err(Error::limit(
                "length of a value in several messages",
                limits.message_bytes,
                "message_bytes",
            ));
        }
        let mut stop = if self.messages > 1 {
            Stop::Interface
        } else {
            if !matches!(shape(&known.types, root.get())?, Shape::Struct) && uint(input)? != 0 {
                return Err(Error::malformed(
                    "a value that is no struct has no 0 before it",
                ));
            }
            if self.walk.value(&known.types, root.get(), input, limits)? {
                Stop::Interface
            } else {
                self.walk.run(&known.types, input, limits)?
            }
        };
        loop {
            match stop {
                Stop::Done => break,
                Stop::InterfaceEnd => self.end_segment(input.len(), copied)?,
                Stop::Interface => {
                    if !self.interface(message, input, &mut copied, known, limits)? {
                        return Ok(Assembled::More);
                    }
                }
            }
            stop = self.walk.run(&known.types, input, limits)?;
        }
        Ok(match self.flat.take() {
            None => Assembled::Whole,
            Some(mut flat) => {
                // With what follows the value: who decodes it knows what to do.
                flat.extend_from_slice(between(message, copied, 0));
                Assembled::Flat(flat)
            }
        })
    }

    /// Walks up to the value of an interface, or to the end of the message.
    fn interface(
        &mut self,
        message: &[u8],
        input: &mut &[u8],
        copied: &mut usize,
        known: &mut Arc<Known>,
        limits: &Limits,
    ) -> Result<bool> {
        if !self.pending_type {
            let length = uint(input)?;
            if length > limits.name_bytes as u64 {
                return Err(Error::limit(
                    "length of a name",
                    limits.name_bytes,
                    "name_bytes",
                ));
            }
            if take(input, length)?.is_empty() {
                return Ok(true);
            }
        }
        loop {
            self.pending_type = false;
            let before = input.len();
            let folded = uint(input)?;
            let id = (folded >> 1) as i64 ^ -((folded & 1) as i64);
            if id >= 0 {
                let id = TypeId::from_wire(id)?;
                return self.begin_value(id, input, &known.types, limits);
            }
            // An inline definition. What stands before it belongs to the value.
            self.flatten(message, *copied, before);
            let types = &mut Arc::make_mut(known).types;
            types.define(id.wrapping_neg(), input, limits)?;
            let after = input.len();
            *copied = after;
            match self.segments.last_mut() {
                None if after == 0 => {
                    self.pending_type = true;
                    return Ok(false);
                }
                Some(segment) if segment.after == after => {
                    // The value goes on in a segment of its own count.
                    let length = uint(input)?;
                    *copied = input.len();
                    segment.after = usize::try_from(length)
                        .ok()
                        .and_then(|length| input.len().checked_sub(length))
                        .ok_or_else(|| {
                            Error::malformed(format!(
                                "a length of {length} where {} bytes are left",
                                input.len()
                            ))
                        })?;
                }
                _ => {
                    return Err(Error::malformed(
                        "bytes behind a type definition in an interface value",
                    ));
                }
            }
        }
    }

    fn begin_value(
        &mut self,
        id: TypeId,
        input: &mut &[u8],
        types: &TypeTable,
        limits: &Limits,
    ) -> Result<bool> {
        let start = input.len();
        let length = uint(input)?;
        let end = input.len();
        let after = usize::try_from(length)
            .ok()
            .and_then(|length| end.checked_sub(length))
            .ok_or_else(|| {
                Error::malformed(format!("a length of {length} where {end} bytes are left"))
            })?;
        self.segments.push(Segment {
            after,
            count: CountPlace::Message { start, end },
        });
        self.walk.push(Frame::Interface, limits)?;
        if !matches!(shape(types, id.get())?, Shape::Struct) && uint(input)? != 0 {
            return Err(Error::malformed(
                "an interface's value that is no struct has no 0 before it",
            ));
        }
        if self.walk.value(types, id.get(), input, limits)? {
            // An interface cannot be the value of an interface in Go; the name of
            // the inner one would come here.
            return Err(Error::malformed("an interface's value is an interface"));
        }
        Ok(true)
    }

    /// Moves the message from `copied` to `upto` (bytes from its end) to `flat`,
    /// and the counts of all open segments with it, which now take nine bytes. Each
    /// count is moved once.
    fn flatten(&mut self, message: &[u8], copied: usize, upto: usize) {
        let flat = self.flat.get_or_insert_with(Vec::new);
        let mut from = copied;
        for segment in self.segments.iter_mut().skip(self.moved) {
            steps(1);
            if let CountPlace::Message { start, end } = segment.count {
                flat.extend_from_slice(between(message, from, start));
                segment.count = CountPlace::Flat(flat.len());
                flat.extend_from_slice(&[0xf8, 0, 0, 0, 0, 0, 0, 0, 0]);
                from = end;
            }
        }
        self.moved = self.segments.len();
        flat.extend_from_slice(between(message, from, upto));
    }

    /// The value of the innermost interface ends where its count says.
    fn end_segment(&mut self, rest: usize, copied: usize) -> Result<()> {
        let Some(segment) = self.segments.pop() else {
            return Ok(());
        };
        self.moved = self.moved.min(self.segments.len());
        if segment.after != rest {
            return Err(Error::malformed(
                "the count before an interface's value is not its length",
            ));
        }
        if let (CountPlace::Flat(place), Some(flat)) = (segment.count, &mut self.flat) {
            // What is not copied yet belongs to the value, too.
            let length = (flat.len() + (copied - rest)).saturating_sub(place + 9) as u64;
            if let Some(count) = flat.get_mut(place + 1..place + 9) {
                count.copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }
}

/// The part of a message between two places that are given as bytes from its
/// end.
fn between(message: &[u8], from: usize, upto: usize) -> &[u8] {
    let start = message.len().saturating_sub(from);
    let end = message.len().saturating_sub(upto);
    let part = message.get(start..end).unwrap_or_default();
    steps(part.len());
    part
}
