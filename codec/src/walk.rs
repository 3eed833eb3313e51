//! Walking over values without decoding them, on a stack of the heap.
//!
//! [`skip_value`] skips what a typed value does not want. [`Assembly`] walks a
//! value that may hold interfaces before it is decoded: Go defines the type of
//! an interface's value in the middle of the value, and ends the message there
//! (`encode.go`, `encodeInterface`). The walk takes these definitions into the
//! type table and leaves a value in one piece.

use std::collections::HashSet;
use std::sync::Arc;

use crate::Limits;
use crate::error::{Error, Result};
use crate::schema::Kind;
use crate::types::{TypeId, TypeTable, WireKind, builtin_kind};
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

fn count(input: &mut &[u8]) -> Result<u64> {
    let count = uint(input)?;
    if count > input.len() as u64 {
        return Err(Error::malformed(format!(
            "a count of {count} where {} bytes are left",
            input.len()
        )));
    }
    Ok(count)
}

impl Walk {
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
                let left = count(input)?;
                self.push(Frame::Items { elem, left }, limits)?;
            }
            Shape::Array(elem, length) => {
                let left = count(input)?;
                if left != length as u64 {
                    return Err(Error::malformed(format!(
                        "{left} elements of an array of {length}"
                    )));
                }
                self.push(Frame::Items { elem, left }, limits)?;
            }
            Shape::Map(key, elem) => {
                let left = count(input)?;
                let frame = Frame::Map {
                    key,
                    elem,
                    left,
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
                Some(Frame::Items { elem, left }) => {
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
                }) => {
                    if input.is_empty() {
                        return Err(early_end());
                    }
                    let next = if *at_elem {
                        *left -= 1;
                        *elem
                    } else {
                        *key
                    };
                    *at_elem = !*at_elem;
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

/// False if no value of this type can hold an interface value, as far as it is
/// worth finding out.
///
/// True for a type that leads to one which is not defined yet, and for one that
/// leads to very many: walking over its values first is always right, only
/// slower, and a peer may have many types that all lead to the same large graph.
pub(crate) fn may_hold_interface(types: &TypeTable, root: TypeId) -> bool {
    const MOST_STEPS: usize = 16 << 10;
    let mut seen = HashSet::new();
    let mut todo = vec![root.get()];
    let mut steps = 0;
    while let Some(id) = todo.pop() {
        let Some(wire) = types.get(id) else {
            match builtin_kind(id) {
                Ok(Kind::Interface) | Err(_) => return true,
                Ok(_) => continue,
            }
        };
        if !seen.insert(id) {
            continue;
        }
        let before = todo.len();
        match &wire.kind {
            WireKind::Array { elem, .. } | WireKind::Slice { elem } => todo.push(*elem),
            WireKind::Map { key, elem } => todo.extend([*key, *elem]),
            WireKind::Struct { fields } => todo.extend(fields.iter().map(|field| field.id)),
            WireKind::Opaque(_) => {}
        }
        steps += todo.len() - before;
        if steps > MOST_STEPS {
            return true;
        }
    }
    false
}

/// A value that may hold interfaces, on its way to being in one piece.
#[derive(Debug)]
pub(crate) struct Assembly {
    walk: Walk,
    /// Interfaces that the walk is inside of, outermost first.
    segments: Vec<Segment>,
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
            walk: Walk::default(),
            segments: Vec::new(),
            flat: None,
            pending_type: false,
            messages: 0,
        }
    }

    /// Walks over the next message of the value: the first one behind its type
    /// id, a later one from its start.
    ///
    /// Definitions go into `types`.
    pub(crate) fn message(
        &mut self,
        root: TypeId,
        message: &[u8],
        types: &mut Arc<TypeTable>,
        limits: &Limits,
    ) -> Result<Assembled> {
        let mut input = message;
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
            if !matches!(shape(types, root.get())?, Shape::Struct) && uint(&mut input)? != 0 {
                return Err(Error::malformed(
                    "a value that is no struct has no 0 before it",
                ));
            }
            if self.walk.value(types, root.get(), &mut input, limits)? {
                Stop::Interface
            } else {
                self.walk.run(types, &mut input, limits)?
            }
        };
        loop {
            match stop {
                Stop::Done => break,
                Stop::InterfaceEnd => self.end_segment(input.len(), copied)?,
                Stop::Interface => {
                    if !self.interface(message, &mut input, &mut copied, types, limits)? {
                        return Ok(Assembled::More);
                    }
                }
            }
            stop = self.walk.run(types, &mut input, limits)?;
        }
        // Go drops bytes behind the value (`decoder.go`, `decodeValue`).
        let rest = input.len();
        Ok(match self.flat.take() {
            None => Assembled::Whole,
            Some(mut flat) => {
                flat.extend_from_slice(between(message, copied, rest));
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
        types: &mut Arc<TypeTable>,
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
                return self.begin_value(id, input, types, limits);
            }
            // An inline definition. What stands before it belongs to the value.
            self.flatten(message, *copied, before);
            *input = Arc::make_mut(types).define(id.wrapping_neg(), input, limits)?;
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
    /// and the counts of all open segments with it, which now take nine bytes.
    fn flatten(&mut self, message: &[u8], copied: usize, upto: usize) {
        let flat = self.flat.get_or_insert_with(Vec::new);
        let mut from = copied;
        for segment in &mut self.segments {
            if let CountPlace::Message { start, end } = segment.count {
                flat.extend_from_slice(between(message, from, start));
                segment.count = CountPlace::Flat(flat.len());
                flat.extend_from_slice(&[0xf8, 0, 0, 0, 0, 0, 0, 0, 0]);
                from = end;
            }
        }
        flat.extend_from_slice(between(message, from, upto));
    }

    /// The value of the innermost interface ends where its count says.
    fn end_segment(&mut self, rest: usize, copied: usize) -> Result<()> {
        let Some(segment) = self.segments.pop() else {
            return Ok(());
        };
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
    message.get(start..end).unwrap_or_default()
}
