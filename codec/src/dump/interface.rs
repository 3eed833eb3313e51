//! Interfaces: a name, a type, and a value that definitions may cut in parts.

use std::io::Write;

use super::shape::Form;
use super::value::{Frame, Label, Todo};
use super::{Dumper, Stop, cut, line};
use crate::error::Error;

impl Dumper {
    /// Writes the lines of an interface's name.
    pub(super) fn interface(&mut self, label: &str, out: &mut impl Write) -> Result<(), Stop> {
        let (length, bytes) = self.uint_ahead()?;
        let level = self.level();
        let most = self.limits.name_bytes;
        if length > most as u64 {
            return Err(Error::limit("length of a name", most, "name_bytes").into());
        }
        if length == 0 {
            return Ok(self.take(bytes, level, &format!("{label}nil interface"), out)?);
        }
        let place = self.bytes_behind(bytes, length)?;
        let name = line::name(self.buf.get(place).unwrap_or_default());
        let text = format!("{label}interface of a {name}, {length} bytes");
        self.take(bytes, level, &text, out)?;
        self.payload(usize::try_from(length).unwrap_or_default(), level + 1, out)?;
        self.todo = Todo::Concrete;
        Ok(())
    }

    /// Writes the lines up to the value in an interface. False: it goes on in the
    /// next message.
    pub(super) fn concrete(&mut self, out: &mut impl Write) -> Result<bool, Stop> {
        loop {
            let level = self.level() + 1;
            let (number, bytes) = self.int_ahead()?;
            if number >= 0 {
                let shape = self.shape(number)?;
                let text = format!("type {number}: {}", shape.title);
                self.take(bytes, level, &text, out)?;
                let end = self.part(level, out)?;
                self.parts.push(end);
                self.push(Frame::interface(&shape))?;
                self.todo = Todo::Message;
                self.singleton(&shape, out)?;
                if matches!(shape.form, Form::Interface) {
                    let text = "an interface's value is an interface";
                    return Err(Error::malformed(text).into());
                }
                self.value(&shape, &Label::None, out)?;
                return Ok(true);
            }
            self.definition(number, bytes, level, out)?;
            // It ends the part of the value that it stands in: the message, or
            // what the last count of an interface's value announced.
            match self.parts.pop() {
                None if self.at == self.end && self.cut => return Err(cut().into()),
                None if self.at == self.end => return Ok(false),
                Some(end) if end == self.at => {
                    let end = self.part(level, out)?;
                    self.parts.push(end);
                }
                _ => {
                    let text = "bytes behind a type definition in an interface value";
                    return Err(Error::malformed(text).into());
                }
            }
        }
    }

    /// Writes the line of a count: the end of the bytes that it announces.
    fn part(&mut self, level: usize, out: &mut impl Write) -> Result<usize, Stop> {
        let (length, bytes) = self.uint_ahead()?;
        let left = self.end - self.at - bytes;
        let known = usize::try_from(length).ok();
        let Some(length) = known.filter(|length| *length <= left || self.cut) else {
            let text = format!("a length of {length} where {left} bytes are left");
            return Err(Error::malformed(text).into());
        };
        self.take(bytes, level, &format!("{length} bytes of its value"), out)?;
        Ok(self.at.saturating_add(length))
    }
}
