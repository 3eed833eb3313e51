//! [`Parts`]: the values inside of a value.

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};

use super::{List, Map, Struct, TypeRef, Value};

/// The values that are directly inside of a composite one.
///
/// Every composite keeps its parts in one of these. A value may nest millions of
/// levels deep, so that whatever goes down into it keeps its stack on the heap:
/// `Drop` and `Clone` do so here, once for all.
#[derive(Default)]
pub(crate) struct Parts(pub(crate) Vec<Value>);

impl Parts {
    /// The values, moved out.
    pub(crate) fn take(&mut self) -> Vec<Value> {
        mem::take(&mut self.0)
    }
}

impl Deref for Parts {
    type Target = Vec<Value>;
    fn deref(&self) -> &Vec<Value> {
        &self.0
    }
}

impl DerefMut for Parts {
    fn deref_mut(&mut self) -> &mut Vec<Value> {
        &mut self.0
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parts({})", self.0.len())
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if self.0.iter().all(|value| value.parts().is_empty()) {
            return;
        }
        let mut todo = self.take();
        while let Some(mut value) = todo.pop() {
            if let Some(parts) = value.parts_mut() {
                todo.append(&mut parts.0);
            }
        }
    }
}

/// A composite whose parts are being cloned.
struct Frame<'a> {
    shell: Option<Value>,
    source: std::slice::Iter<'a, Value>,
    done: Vec<Value>,
}

impl<'a> Frame<'a> {
    fn new(shell: Option<Value>, source: &'a [Value]) -> Self {
        Self {
            shell,
            source: source.iter(),
            done: Vec::with_capacity(source.len()),
        }
    }
}

impl Clone for Parts {
    fn clone(&self) -> Self {
        let mut outer: Vec<Frame<'_>> = Vec::new();
        let mut current = Frame::new(None, &self.0);
        loop {
            match current.source.next() {
                Some(value) if value.parts().is_empty() => current.done.push(value.shell()),
                Some(value) => {
                    let inner = Frame::new(Some(value.shell()), value.parts());
                    outer.push(mem::replace(&mut current, inner));
                }
                None => match (outer.pop(), current.shell.take()) {
                    (Some(next), Some(mut shell)) => {
                        if let Some(parts) = shell.parts_mut() {
                            parts.0 = current.done;
                        }
                        current = next;
                        current.done.push(shell);
                    }
                    _ => return Self(current.done),
                },
            }
        }
    }
}

impl Value {
    /// The values directly inside of this one: elements, keys and values by
    /// turns, the fields that were sent, what an interface holds.
    pub(crate) fn parts(&self) -> &[Self] {
        match self {
            Self::Slice(list) | Self::Array(list) => list.parts(),
            Self::Map(map) => map.parts(),
            Self::Struct(value) => value.parts(),
            Self::Interface(interface) => interface.parts(),
            _ => &[],
        }
    }

    fn parts_mut(&mut self) -> Option<&mut Parts> {
        match self {
            Self::Slice(list) | Self::Array(list) => Some(list.parts_mut()),
            Self::Map(map) => Some(map.parts_mut()),
            Self::Struct(value) => Some(value.parts_mut()),
            Self::Interface(interface) => interface.parts_mut(),
            _ => None,
        }
    }

    /// A copy without the parts.
    fn shell(&self) -> Self {
        match self {
            Self::Bool(value) => Self::Bool(*value),
            Self::Int(value) => Self::Int(*value),
            Self::Uint(value) => Self::Uint(*value),
            Self::Float(value) => Self::Float(*value),
            Self::Complex(re, im) => Self::Complex(*re, *im),
            Self::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Self::String(text) => Self::String(text.clone()),
            Self::Slice(list) => Self::Slice(List::new(list.ty().clone(), Vec::new())),
            Self::Array(list) => Self::Array(List::new(list.ty().clone(), Vec::new())),
            Self::Map(map) => Self::Map(Map::new(map.ty().clone(), Vec::new())),
            Self::Struct(value) => Self::Struct(Struct::new(
                value.ty().clone(),
                value.sent().to_vec(),
                Vec::new(),
            )),
            Self::Interface(interface) => Self::Interface(interface.shell()),
            Self::Opaque(opaque) => Self::Opaque(opaque.clone()),
        }
    }

    /// The type, unless it follows from the value.
    pub(crate) fn type_ref(&self) -> Option<&TypeRef> {
        match self {
            Self::Slice(list) | Self::Array(list) => Some(list.ty()),
            Self::Map(map) => Some(map.ty()),
            Self::Struct(value) => Some(value.ty()),
            Self::Opaque(opaque) => Some(opaque.ty()),
            _ => None,
        }
    }
}
