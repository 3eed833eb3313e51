//! Values, and the messages that they stand in.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use super::number::{self, Number};
use super::shape::{Form, Shape};
use super::{Dumper, Stop, cut, line};
use crate::error::Error;
use crate::steps::steps;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Todo {
    /// A definition or a new value.
    Message,
    /// The type of an interface's value.
    Concrete,
}

/// A composite value that was begun.
#[derive(Debug)]
pub(super) struct Frame {
    shape: Arc<Shape>,
    /// Of a struct the number of the next field, else how many items were begun.
    next: u64,
    /// How many items there are. A map has two for each entry.
    count: u64,
    /// The frame is the value of an interface, and only ends a part.
    interface: bool,
}

/// What the next value is called.
pub(super) enum Label {
    None,
    Index(u64),
    Key(u64),
    Elem(u64),
}

impl Frame {
    /// The value of an interface.
    pub(super) fn interface(shape: &Arc<Shape>) -> Self {
        Self {
            shape: Arc::clone(shape),
            next: 0,
            count: 0,
            interface: true,
        }
    }
}

impl Label {
    fn text(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Index(index) => format!("[{index}] "),
            Self::Key(index) => format!("[{index}] key: "),
            Self::Elem(index) => format!("[{index}] value: "),
        }
    }
}

impl Dumper {
    /// Writes the lines of what stands in a message.
    pub(super) fn body(&mut self, out: &mut impl Write) -> Result<(), Stop> {
        if self.todo == Todo::Message {
            let (number, bytes) = self.int_ahead()?;
            if number < 0 {
                self.waiting = true;
                self.definition(number, bytes, 1, out)?;
                if self.at < self.end {
                    return Err(Error::malformed("bytes behind a type definition").into());
                }
                return Ok(());
            }
            let shape = self.shape(number)?;
            let text = format!("value of type {number}: {}", shape.title);
            self.take(bytes, 1, &text, out)?;
            self.singleton(&shape, out)?;
            self.value(&shape, &Label::None, out)?;
        } else if !self.concrete(out)? {
            return Ok(());
        }
        while !self.frames.is_empty() || self.todo == Todo::Concrete {
            if !self.step(out)? {
                return Ok(());
            }
        }
        self.todo = Todo::Message;
        self.waiting = false;
        if !self.cut {
            self.limits.check_trailing(self.end - self.at)?;
        }
        while self.at < self.end {
            let bytes = (self.end - self.at).min(line::PAYLOAD);
            self.take(bytes, 1, "behind the value: Go ignores it", out)?;
        }
        Ok(())
    }

    pub(super) fn level(&self) -> usize {
        self.frames.len() + 2
    }

    /// The number that is next, and its bytes.
    pub(super) fn uint_ahead(&self) -> Result<(u64, usize), Stop> {
        match number::read(self.buf.get(self.at..self.end).unwrap_or_default()) {
            Number::Known { value, bytes } => Ok((value, bytes)),
            Number::Bad(bytes) => Err(number::bad(bytes).into()),
            Number::Cut if self.cut => Err(cut().into()),
            Number::Cut => {
                Err(Error::malformed("the message ends here, its value does not").into())
            }
        }
    }

    pub(super) fn int_ahead(&self) -> Result<(i64, usize), Stop> {
        let (value, bytes) = self.uint_ahead()?;
        Ok((number::signed(value), bytes))
    }

    /// The place of `length` bytes that follow `skip` others.
    pub(super) fn bytes_behind(&self, skip: usize, length: u64) -> Result<Range<usize>, Stop> {
        let start = self.at + skip;
        let left = self.end - start;
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(start..start + length),
            _ if self.cut => Err(cut().into()),
            _ => Err(
                Error::malformed(format!("a length of {length} where {left} bytes are left"))
                    .into(),
            ),
        }
    }

    /// Writes lines of bytes that stand for themselves.
    pub(super) fn payload(
        &mut self,
        mut length: usize,
        level: usize,
        out: &mut impl Write,
    ) -> Result<(), Stop> {
        while length > 0 {
            let bytes = length.min(line::PAYLOAD);
            let taken = self.buf.get(self.at..self.at + bytes).unwrap_or_default();
            let text = format!("|{}|", line::characters(taken));
            self.take(bytes, level, &text, out)?;
            length -= bytes;
        }
        Ok(())
    }

    pub(super) fn shape(&self, id: i64) -> Result<Arc<Shape>, Error> {
        if id <= 0 || i32::try_from(id).is_err() {
            return Err(Error::malformed(format!("{id} is no type id")));
        }
        let shape = self.types.get(&id).cloned();
        shape.ok_or_else(|| Error::malformed(format!("type {id} is used but was not defined")))
    }

    /// The 0 before a value that is no struct (`encode.go`, `encodeSingle`).
    pub(super) fn singleton(&mut self, shape: &Shape, out: &mut impl Write) -> Result<(), Stop> {
        if matches!(shape.form, Form::Struct { .. }) {
            return Ok(());
        }
        let (zero, bytes) = self.uint_ahead()?;
        if zero != 0 {
            let text = "a value that is no struct has no 0 before it";
            return Err(Error::malformed(text).into());
        }
        Ok(self.take(bytes, self.level(), "0: not a struct", out)?)
    }

    /// Writes the lines of a scalar, or of the start of a composite value.
    pub(super) fn value(
        &mut self,
        shape: &Arc<Shape>,
        label: &Label,
        out: &mut impl Write,
    ) -> Result<(), Stop> {
        let level = self.level();
        let label = label.text();
        match &shape.form {
            Form::Struct { .. } => self.begin(shape, 0),
            Form::Bytes | Form::String | Form::Opaque(_) => {
                let (length, bytes) = self.uint_ahead()?;
                let place = self.bytes_behind(bytes, length)?;
                let text = format!("{label}{}, {length} bytes", shape.title);
                self.take(bytes, level, &text, out)?;
                self.payload(place.len(), level + 1, out)
            }
            Form::Bool | Form::Int | Form::Uint | Form::Float => {
                let (value, bytes) = self.uint_ahead()?;
                let text = match shape.form {
                    Form::Bool => format!("{label}{}", value != 0),
                    Form::Int => format!("{label}int {}", number::signed(value)),
                    Form::Uint => format!("{label}uint {value}"),
                    _ => format!("{label}float {:?}", number::float(value)),
                };
                Ok(self.take(bytes, level, &text, out)?)
            }
            Form::Complex => {
                for part in ["real", "imaginary"] {
                    let (value, bytes) = self.uint_ahead()?;
                    let text = format!("{label}{part} part {:?}", number::float(value));
                    self.take(bytes, level, &text, out)?;
                }
                Ok(())
            }
            Form::Interface => self.interface(&label, out),
            Form::Slice { .. } | Form::Array { .. } | Form::Map { .. } => {
                let (count, bytes) = self.uint_ahead()?;
                let left = (self.end - self.at - bytes) as u64;
                if let Form::Array { length, .. } = shape.form {
                    if count != length {
                        let text = format!("{count} elements of an array of {length}");
                        return Err(Error::malformed(text).into());
                    }
                }
                // Each takes a byte or more, here or in further messages: Go ends one
                // where it defines the type of an interface's value.
                if count > self.limits.message_bytes as u64 && !self.cut {
                    let text = format!("a count of {count} where {left} bytes are left");
                    return Err(Error::malformed(text).into());
                }
                let text = format!("{label}{} of {count}", shape.title);
                self.take(bytes, level, &text, out)?;
                let twice = matches!(shape.form, Form::Map { .. });
                self.begin(shape, count.saturating_mul(1 + u64::from(twice)))
            }
        }
    }

    fn begin(&mut self, shape: &Arc<Shape>, count: u64) -> Result<(), Stop> {
        self.push(Frame {
            shape: Arc::clone(shape),
            next: 0,
            count,
            interface: false,
        })
    }

    pub(super) fn push(&mut self, frame: Frame) -> Result<(), Stop> {
        let most = self.limits.dynamic_depth;
        if self.frames.len() >= most {
            return Err(Error::limit("nesting of the value", most, "dynamic_depth").into());
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Goes on with the innermost composite value. False: in the next message.
    fn step(&mut self, out: &mut impl Write) -> Result<bool, Stop> {
        steps(1);
        if self.todo == Todo::Concrete {
            return self.concrete(out);
        }
        let level = self.level() - 1;
        let at_end = self.at == self.end;
        let Some(frame) = self.frames.last_mut() else {
            return Ok(true);
        };
        if frame.interface {
            self.frames.pop();
            if self.parts.pop() != Some(self.at) {
                let text = "the count before an interface's value is not its length";
                return Err(Error::malformed(text).into());
            }
            return Ok(true);
        }
        let shape = Arc::clone(&frame.shape);
        if let Form::Struct { fields } = &shape.form {
            if at_end && !self.cut {
                // Go reads until there are no bytes (`decode.go`, `decodeStruct`).
                self.frames.pop();
                return Ok(true);
            }
            return self.field(&shape, fields, level, out);
        }
        if frame.next >= frame.count {
            self.frames.pop();
            return Ok(true);
        }
        let index = frame.next;
        frame.next += 1;
        if at_end {
            // Not even an empty struct takes no byte (`decode.go`,
            // `decodeArrayHelper`): this is the fault of its first one.
            self.uint_ahead()?;
        }
        let (elem, label) = match shape.form {
            Form::Map { key, .. } if index % 2 == 0 => (key, Label::Key(index / 2)),
            Form::Map { elem, .. } => (elem, Label::Elem(index / 2)),
            Form::Slice { elem } | Form::Array { elem, .. } => (elem, Label::Index(index)),
            _ => return Ok(true),
        };
        let shape = self.shape(elem)?;
        self.value(&shape, &label, out)?;
        Ok(true)
    }

    fn field(
        &mut self,
        shape: &Shape,
        fields: &[(Vec<u8>, i64)],
        level: usize,
        out: &mut impl Write,
    ) -> Result<bool, Stop> {
        let (delta, bytes) = self.uint_ahead()?;
        if delta == 0 {
            self.take(bytes, level, &format!("end of {}", shape.title), out)?;
            self.frames.pop();
            return Ok(true);
        }
        let Some(frame) = self.frames.last_mut() else {
            return Ok(true);
        };
        let number = frame.next.checked_add(delta);
        let index = number.and_then(|number| usize::try_from(number - 1).ok());
        let Some((name, id)) = index.and_then(|index| fields.get(index)) else {
            let text = format!(
                "field delta {delta} after field {} of a struct of {} fields",
                frame.next,
                fields.len()
            );
            return Err(Error::malformed(text).into());
        };
        frame.next = number.unwrap_or_default();
        let text = format!("delta {delta}: {}", line::name(name));
        self.take(bytes, level, &text, out)?;
        let inner = self.shape(*id)?;
        self.value(&inner, &Label::None, out)?;
        Ok(true)
    }
}
