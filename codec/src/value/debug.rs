//! `Debug` of values: in the way of Rust's literals, on one line.

use std::fmt::{self, Debug, Formatter, Write};

use super::{Interface, List, Map, OpaqueValue, Struct, Value};

/// A composite that is being printed.
struct Frame<'a> {
    parts: std::slice::Iter<'a, Value>,
    kind: FrameKind<'a>,
    first: bool,
}

enum FrameKind<'a> {
    List,
    /// True: the value of an entry comes next.
    Map(bool),
    Struct(&'a Struct, std::slice::Iter<'a, u32>),
    Interface,
}

impl<'a> Frame<'a> {
    fn new(parts: &'a [Value], kind: FrameKind<'a>) -> Self {
        Self {
            parts: parts.iter(),
            kind,
            first: true,
        }
    }

    /// Prints what stands before the next part, or what closes the composite.
    fn step(&mut self, f: &mut Formatter<'_>) -> Result<Option<&'a Value>, fmt::Error> {
        let next = self.parts.next();
        let first = std::mem::replace(&mut self.first, false);
        let comma = if first { "" } else { ", " };
        match (&mut self.kind, next.is_some()) {
            (FrameKind::List, true) => f.write_str(comma)?,
            (FrameKind::List, false) => f.write_char(']')?,
            (FrameKind::Map(at_value @ true), true) => {
                *at_value = false;
                f.write_str(": ")?;
            }
            (FrameKind::Map(at_value), true) => {
                *at_value = true;
                f.write_str(comma)?;
            }
            (FrameKind::Map(_), false) => f.write_char('}')?,
            (FrameKind::Struct(value, sent), true) => {
                f.write_str(if first { " " } else { comma })?;
                let field = sent
                    .next()
                    .and_then(|&place| value.fields().get(place as usize));
                f.write_str(field.map_or("?", |field| field.name()))?;
                f.write_str(": ")?;
            }
            (FrameKind::Struct(..), false) => f.write_str(if first { "}" } else { " }" })?,
            (FrameKind::Interface, true) => {}
            (FrameKind::Interface, false) => f.write_char(')')?,
        }
        Ok(next)
    }
}

/// Prints a scalar, or what opens a composite.
fn open<'a>(value: &'a Value, f: &mut Formatter<'_>) -> Result<Option<Frame<'a>>, fmt::Error> {
    match value {
        Value::Bool(value) => Debug::fmt(value, f)?,
        Value::Int(value) => Debug::fmt(value, f)?,
        Value::Uint(value) => Debug::fmt(value, f)?,
        Value::Float(value) => Debug::fmt(value, f)?,
        Value::Complex(re, im) => write!(f, "({re:?}{im:+?}i)")?,
        Value::Bytes(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii())?,
        Value::String(text) => match text.as_str() {
            Some(text) => Debug::fmt(text, f)?,
            None => Debug::fmt(text, f)?,
        },
        Value::Slice(list) | Value::Array(list) => return open_list(list, f).map(Some),
        Value::Map(map) => return open_map(map, f).map(Some),
        Value::Struct(value) => return open_struct(value, f).map(Some),
        Value::Interface(interface) => return open_interface(interface, f),
        Value::Opaque(opaque) => Debug::fmt(opaque, f)?,
    }
    Ok(None)
}

fn open_list<'a>(list: &'a List, f: &mut Formatter<'_>) -> Result<Frame<'a>, fmt::Error> {
    f.write_char('[')?;
    Ok(Frame::new(list.parts(), FrameKind::List))
}

fn open_map<'a>(map: &'a Map, f: &mut Formatter<'_>) -> Result<Frame<'a>, fmt::Error> {
    f.write_char('{')?;
    Ok(Frame::new(map.parts(), FrameKind::Map(false)))
}

fn open_struct<'a>(value: &'a Struct, f: &mut Formatter<'_>) -> Result<Frame<'a>, fmt::Error> {
    let name = value.name();
    write!(f, "{} {{", if name.is_empty() { "struct" } else { name })?;
    let kind = FrameKind::Struct(value, value.sent().iter());
    Ok(Frame::new(value.parts(), kind))
}

fn open_interface<'a>(
    interface: &'a Interface,
    f: &mut Formatter<'_>,
) -> Result<Option<Frame<'a>>, fmt::Error> {
    match interface.name() {
        None => {
            f.write_str("nil")?;
            Ok(None)
        }
        Some(name) => {
            write!(f, "{}(", name.as_bytes().escape_ascii())?;
            Ok(Some(Frame::new(interface.parts(), FrameKind::Interface)))
        }
    }
}

/// Prints the parts of a composite, and theirs, and what closes it.
fn print(mut frame: Frame<'_>, f: &mut Formatter<'_>) -> fmt::Result {
    let mut outer = Vec::new();
    loop {
        match frame.step(f)? {
            Some(part) => {
                if let Some(inner) = open(part, f)? {
                    outer.push(std::mem::replace(&mut frame, inner));
                }
            }
            None => match outer.pop() {
                Some(next) => frame = next,
                None => return Ok(()),
            },
        }
    }
}

impl Debug for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match open(self, f)? {
            Some(frame) => print(frame, f),
            None => Ok(()),
        }
    }
}

impl Debug for List {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let frame = open_list(self, f)?;
        print(frame, f)
    }
}

impl Debug for Map {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let frame = open_map(self, f)?;
        print(frame, f)
    }
}

impl Debug for Struct {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let frame = open_struct(self, f)?;
        print(frame, f)
    }
}

impl Debug for Interface {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match open_interface(self, f)? {
            Some(frame) => print(frame, f),
            None => Ok(()),
        }
    }
}

impl Debug for OpaqueValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = self.name();
        let name = if name.is_empty() { "opaque" } else { name };
        write!(f, "{name}(b\"{}\")", self.payload().escape_ascii())
    }
}
