//! A stream as the events that it is made of, without a local type.
//!
//! [`Inspector`] reads a stream item by item: messages, type definitions (also
//! those inside of interface values), field numbers, scalars, counts. What a
//! stream *says* is [`Decoder`](crate::Decoder)'s business; this is about what
//! *stands there*, so that [`Recoder`] can write it again.
//!
//! Its stack is on the heap, it holds one message at a time, and it is bound by
//! the same [`Limits`] as the decoder.

mod definition;
mod definitions;
mod draft;
mod event;
mod frame;
mod input;
mod recoder;
mod token;

pub use definition::{Definition, DefinitionKind, FieldDefinition};
pub use event::Event;
pub use recoder::{Recoder, recode};

use crate::error::{Error, Result};
use crate::steps::steps;
use crate::{Limits, TypeId};
use definitions::Definitions;
use frame::{Frame, Shape};
use input::Input;
use token::Token;

/// Reads a stream of bytes as [`Event`]s.
///
/// It does no I/O of its own: bytes go in by [`Inspector::feed`] or
/// [`Inspector::fill_from`], events come out of [`Inspector::next_event`] as soon
/// as their message is whole. Every error is final.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::inspect::{Event, Inspector};
///
/// let mut inspector = Inspector::new();
/// inspector.feed(&gobrpc_codec::to_vec(&22_i64)?);
/// let mut numbers = Vec::new();
/// while let Some(event) = inspector.next_event()? {
///     if let Event::Int(number) = event {
///         numbers.push(number);
///     }
/// }
/// inspector.finish()?;
/// assert_eq!(numbers, [22]);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug)]
pub struct Inspector {
    limits: Limits,
    input: Input,
    types: Definitions,
    /// Bytes that definitions may still own.
    type_room: usize,
    next: Next,
    frames: Vec<Frame>,
    /// Ends of the segments that are open, outermost first; see
    /// [`Event::Segment`].
    segments: Vec<usize>,
    /// A definition was read and no value since, or half a value.
    inside: bool,
    failed: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// A message that begins a value or holds a definition.
    Message,
    /// A message in which a value goes on with the type of an interface's value.
    MoreOfValue,
    /// The number at the start of a message.
    TypeNumber,
    /// A value of this type at top level or in an interface: a 0 unless it is a
    /// struct.
    Root { id: i32, in_interface: bool },
    /// A value of this type.
    Value(i32),
    /// What the innermost frame says.
    Inside,
    /// The type of an interface's value, or the definition of one.
    InterfaceType,
    /// What follows such a definition.
    BehindInline,
    /// What follows a value or a definition.
    MessageEnd,
}

impl Default for Inspector {
    fn default() -> Self {
        Self::new()
    }
}

impl Inspector {
    /// An inspector of a new stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// An inspector with other limits than the default ones.
    ///
    /// [`Limits::dynamic_depth`] is the one for depth.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            input: Input::default(),
            types: Definitions::default(),
            type_room: limits.type_bytes,
            next: Next::Message,
            frames: Vec::new(),
            segments: Vec::new(),
            inside: false,
            failed: false,
        }
    }

    /// Adds bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.feed(bytes);
    }

    /// Adds bytes of the stream from a reader, at most 64 KiB: how many, and 0 at
    /// its end.
    ///
    /// # Errors
    ///
    /// Those of the reader, except that it was interrupted.
    pub fn fill_from(&mut self, reader: &mut impl std::io::Read) -> std::io::Result<usize> {
        self.input.fill_from(reader)
    }

    /// The type with this number, once its definition was read; also one of those
    /// that definitions are made of (16 to 24), which need none.
    #[must_use]
    pub fn definition(&self, id: i32) -> Option<&Definition> {
        self.types.get(id)
    }

    /// Offset in the stream of the first byte that no event covers yet.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// The next event; `None` if it needs more bytes.
    ///
    /// # Errors
    ///
    /// `Malformed` or `Limit`; also if an earlier call failed.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>> {
        if self.failed {
            let error = Error::malformed("the stream was lost by an earlier error");
            return Err(error.into_fatal());
        }
        match self.token() {
            Ok(None) => Ok(None),
            Ok(Some(token)) => Ok(Some(token.event(&self.input, &self.types))),
            Err(error) => {
                self.failed = true;
                Err(error.into_fatal().at_offset(self.input.offset()))
            }
        }
    }

    /// Says that the stream has ended.
    ///
    /// # Errors
    ///
    /// `Truncated` if it ended inside of a message or of a value, or behind a type
    /// definition whose value is missing, as [`Decoder`](crate::Decoder) has it.
    pub fn finish(&self) -> Result<()> {
        if self.failed || (self.input.is_drained() && !self.inside) {
            return Ok(());
        }
        let error = match self.next {
            Next::Message if self.input.is_drained() => {
                Error::truncated("the stream ends behind a type definition, before its value")
            }
            Next::MoreOfValue if self.input.is_drained() => {
                Error::truncated("the stream ends inside of a value")
            }
            _ => Error::truncated("the stream ends inside of a message"),
        };
        Err(error.into_fatal().at_offset(self.input.end_offset()))
    }

    fn token(&mut self) -> Result<Option<Token>> {
        loop {
            steps(1);
            let step = match self.next {
                Next::Message => return self.begin_message(Next::TypeNumber),
                Next::MoreOfValue => return self.begin_message(Next::InterfaceType),
                Next::TypeNumber => self.type_number()?,
                Next::Root { id, in_interface } => self.root(id, in_interface)?,
                Next::Value(id) => self.value(id)?,
                Next::Inside => self.inside()?,
                Next::InterfaceType => self.interface_type()?,
                Next::BehindInline => self.behind_inline()?,
                Next::MessageEnd => Some(self.end_message()?),
            };
            if step.is_some() {
                return Ok(step);
            }
        }
    }

    fn begin_message(&mut self, next: Next) -> Result<Option<Token>> {
        let offset = self.input.offset();
        let Some(length) = self.input.begin_message(self.limits.message_bytes)? else {
            return Ok(None);
        };
        self.next = next;
        let length = length as u64;
        Ok(Some(Event::MessageStart { offset, length }.into()))
    }

    fn end_message(&mut self) -> Result<Token> {
        if self.input.left() > 0 {
            if self.inside {
                return Err(Error::malformed("bytes behind a type definition"));
            }
            // Go drops them (`decoder.go`, `decodeValue`).
            self.limits.check_trailing(self.input.left())?;
            return Ok(Token::Trailing(self.input.take(self.input.left() as u64)?));
        }
        self.input.end_message();
        self.next = Next::Message;
        Ok(Event::MessageEnd.into())
    }

    fn type_number(&mut self) -> Result<Option<Token>> {
        let offset = self.input.offset();
        let number = self.input.int()?;
        if number < 0 {
            let token = self.define(number, offset, false)?;
            self.inside = true;
            self.next = Next::MessageEnd;
            return Ok(Some(token));
        }
        let id = TypeId::from_wire(number)?;
        self.inside = true;
        self.next = Next::Root {
            id: id.get(),
            in_interface: false,
        };
        Ok(Some(Event::ValueStart { offset, id }.into()))
    }

    /// Reads the definition behind its negated id.
    fn define(&mut self, number: i64, offset: u64, inline: bool) -> Result<Token> {
        let id = TypeId::from_wire(number.checked_neg().unwrap_or_default())?;
        if id < TypeId::FIRST_USER {
            return Err(Error::malformed(format!(
                "a definition of type {id}, which is predefined"
            )));
        }
        if self.types.get(id.get()).is_some() {
            return Err(Error::malformed(format!(
                "a second definition of type {id}"
            )));
        }
        if self.types.len() >= self.limits.types {
            let most = self.limits.types;
            return Err(Error::limit("number of types", most, "types"));
        }
        let definition = Definition::read(id, &mut self.input, &mut self.type_room, &self.limits)?;
        self.types.insert(definition);
        Ok(Token::Definition { offset, id, inline })
    }

    fn root(&mut self, id: i32, in_interface: bool) -> Result<Option<Token>> {
        self.next = Next::Value(id);
        match Shape::of(&self.types, id)? {
            Shape::Struct => Ok(None),
            Shape::Interface if in_interface => {
                // Go's interfaces hold concrete values only.
                Err(Error::malformed("an interface's value is an interface"))
            }
            _ => {
                let offset = self.input.offset();
                if self.input.uint()? == 0 {
                    Ok(Some(Event::Singleton.into()))
                } else {
                    let text = "a value that is no struct has no 0 before it";
                    Err(Error::malformed(text).at_offset(offset))
                }
            }
        }
    }

    fn interface_type(&mut self) -> Result<Option<Token>> {
        let offset = self.input.offset();
        let number = self.input.int()?;
        if number < 0 {
            self.next = Next::BehindInline;
            return self.define(number, offset, true).map(Some);
        }
        let id = TypeId::from_wire(number)?;
        let length = self.input.uint()?;
        self.segments.push(self.input.place_behind(length)?);
        self.push(Frame::Interface)?;
        self.next = Next::Root {
            id: id.get(),
            in_interface: true,
        };
        Ok(Some(Event::InterfaceValue { id, length }.into()))
    }

    /// A definition inside of an interface's value ends the message or, in the
    /// value of another interface, the segment (`encode.go`, `encodeInterface`:
    /// it is written by the writer that is one level further out).
    fn behind_inline(&mut self) -> Result<Option<Token>> {
        match self.segments.last().copied() {
            None if self.input.left() == 0 => {
                self.input.end_message();
                self.next = Next::MoreOfValue;
                Ok(Some(Event::MessageEnd.into()))
            }
            Some(end) if end == self.input.place() => {
                let length = self.input.uint()?;
                self.segments.pop();
                self.segments.push(self.input.place_behind(length)?);
                self.next = Next::InterfaceType;
                Ok(Some(Event::Segment { length }.into()))
            }
            _ => Err(Error::malformed(
                "bytes behind a type definition in an interface value",
            )),
        }
    }

    fn push(&mut self, frame: Frame) -> Result<()> {
        if self.frames.len() >= self.limits.dynamic_depth {
            return Err(Error::limit(
                "nesting of the value",
                self.limits.dynamic_depth,
                "dynamic_depth",
            ));
        }
        self.frames.push(frame);
        Ok(())
    }
}
