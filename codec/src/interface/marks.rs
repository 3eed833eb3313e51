//! [`InterfaceMark`]: an interface value among encoded bytes.
//!
//! Before an interface's value stand the id of its type and the count of its
//! bytes. The id belongs to a stream, and the count covers the ids inside of the
//! value. So a value is encoded without both, with marks where they go, and gets
//! them when it is appended to a stream.

use super::EncodedType;
use crate::types::{SentTypes, TypeId};
use crate::wire::{int_to_uint, put_uint, uint_len};

/// Where an interface's value is. Marks come in the order in which their values
/// begin.
#[derive(Debug, Clone)]
pub(crate) struct InterfaceMark {
    pub(crate) ty: EncodedType,
    /// Where its value begins, behind the name: id and count go here.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl InterfaceMark {
    /// The same value where its bytes come after so many others.
    pub(crate) fn behind(&self, bytes: usize) -> Self {
        Self {
            ty: self.ty.clone(),
            start: self.start + bytes,
            end: self.end + bytes,
        }
    }

    /// Lets places count from `origin`.
    pub(crate) fn rebase(&mut self, origin: usize) {
        self.start -= origin;
        self.end -= origin;
    }
}

/// Id and count of each interface value, in order.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    heads: Vec<(u64, u64)>,
    /// Bytes that all of them take.
    bytes: usize,
}

impl Heads {
    /// Defines the types of all values; the definitions go to `out`, in front of
    /// the value that they stand in. Go reads that, and can then also skip it,
    /// which it cannot with what it writes itself (golang/go#34879).
    pub(crate) fn define(
        marks: &[InterfaceMark],
        types: &mut SentTypes,
        out: &mut Vec<u8>,
    ) -> Self {
        let ids: Vec<TypeId> = marks
            .iter()
            .map(|mark| mark.ty.define(types, out))
            .collect();
        // Of each value, the innermost one around it, and what the heads inside
        // of it take.
        let mut around: Vec<Option<usize>> = Vec::with_capacity(marks.len());
        let mut open: Vec<usize> = Vec::new();
        for (index, mark) in marks.iter().enumerate() {
            while open
                .last()
                .and_then(|&outer| marks.get(outer))
                .is_some_and(|outer| outer.end <= mark.start)
            {
                open.pop();
            }
            around.push(open.last().copied());
            open.push(index);
        }
        let mut inside = vec![0; marks.len()];
        let mut heads = vec![(0, 0); marks.len()];
        let mut bytes = 0;
        for (index, mark) in marks.iter().enumerate().rev() {
            let id = ids.get(index).map_or(0, |id| type_number(*id));
            let own = inside.get(index).copied().unwrap_or_default();
            let count = (mark.end - mark.start + own) as u64;
            let head = uint_len(id) + uint_len(count);
            bytes += head;
            if let Some(slot) = heads.get_mut(index) {
                *slot = (id, count);
            }
            let outer = around.get(index).copied().flatten();
            if let Some(outer) = outer.and_then(|outer| inside.get_mut(outer)) {
                *outer += own + head;
            }
        }
        Self { heads, bytes }
    }

    /// Bytes that the heads take in all.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends the value with its heads.
    pub(crate) fn write(&self, value: &[u8], marks: &[InterfaceMark], out: &mut Vec<u8>) {
        let mut from = 0;
        for (mark, &(id, count)) in marks.iter().zip(&self.heads) {
            out.extend_from_slice(value.get(from..mark.start).unwrap_or_default());
            put_uint(out, id);
            put_uint(out, count);
            from = mark.start;
        }
        out.extend_from_slice(value.get(from..).unwrap_or_default());
    }
}

/// Appends a value as Go does: the definition of a type that the peer lacks ends
/// the message where the first value of that type begins (`encode.go`,
/// `encodeInterface`, and `encoder.go`, `sendActualType`).
///
/// `head` is what stands before the value in its message.
pub(crate) fn write_inline(
    head: &[u8],
    value: &[u8],
    marks: &[InterfaceMark],
    types: &mut SentTypes,
    out: &mut Vec<u8>,
) {
    let mut buffers = Buffers {
        out,
        inner: vec![head.to_vec()],
    };
    let mut open: Vec<usize> = Vec::new();
    let mut from = 0;
    for mark in marks {
        while open.last().is_some_and(|&end| end <= mark.start) {
            let end = open.pop().unwrap_or_default();
            buffers.top(value.get(from..end).unwrap_or_default());
            buffers.close();
            from = end;
        }
        buffers.top(value.get(from..mark.start).unwrap_or_default());
        from = mark.start;
        let mut definitions = Vec::new();
        let id = mark.ty.define(types, &mut definitions);
        buffers.definitions(&definitions);
        buffers.open(id);
        open.push(mark.end);
    }
    while let Some(end) = open.pop() {
        buffers.top(value.get(from..end).unwrap_or_default());
        buffers.close();
        from = end;
    }
    buffers.top(value.get(from..).unwrap_or_default());
    buffers.close();
}

/// The buffers that Go's encoder stacks: one for the value, one for the value of
/// each interface that it is inside of.
struct Buffers<'a> {
    out: &'a mut Vec<u8>,
    inner: Vec<Vec<u8>>,
}

impl Buffers<'_> {
    /// Appends to the innermost buffer.
    fn top(&mut self, bytes: &[u8]) {
        if let Some(top) = self.inner.last_mut() {
            top.extend_from_slice(bytes);
        }
    }

    /// Where whole messages of the innermost buffer go.
    fn below(&mut self) -> &mut Vec<u8> {
        match self.inner.len().checked_sub(2) {
            Some(below) => match self.inner.get_mut(below) {
                Some(below) => below,
                None => self.out,
            },
            None => self.out,
        }
    }

    /// Sends what the innermost buffer holds, together with the first of some
    /// definitions, then the others.
    fn definitions(&mut self, definitions: &[u8]) {
        let mut rest = definitions;
        let Ok(Some(length)) = crate::wire::read_uint(&mut rest) else {
            return;
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((first, others)) = rest.split_at_checked(length) else {
            return;
        };
        let mut partial = self
            .inner
            .last_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        partial.extend_from_slice(first);
        let below = self.below();
        put_uint(below, partial.len() as u64);
        below.extend_from_slice(&partial);
        below.extend_from_slice(others);
    }

    /// Begins the value of an interface.
    fn open(&mut self, id: TypeId) {
        if let Some(top) = self.inner.last_mut() {
            put_uint(top, type_number(id));
        }
        self.inner.push(Vec::new());
    }

    /// Ends what the innermost buffer holds: a message or an interface's value.
    fn close(&mut self) {
        let whole = self
            .inner
            .last_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        let below = self.below();
        put_uint(below, whole.len() as u64);
        below.extend_from_slice(&whole);
        self.inner.pop();
    }
}

fn type_number(id: TypeId) -> u64 {
    int_to_uint(i64::from(id.get()))
}
