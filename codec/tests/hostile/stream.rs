//! Streams by hand.

/// Bytes of a stream, or of a part of it.
#[derive(Default, Clone)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    pub(crate) fn uint(mut self, value: u64) -> Self {
        if value < 0x80 {
            self.0.push(value as u8);
            return self;
        }
        let count = 8 - value.leading_zeros() as usize / 8;
        self.0.push((count as u8).wrapping_neg());
        self.0.extend_from_slice(&value.to_be_bytes()[8 - count..]);
        self
    }

    pub(crate) fn int(self, value: i64) -> Self {
        self.uint(((value << 1) ^ (value >> 63)) as u64)
    }

    pub(crate) fn text(self, text: &[u8]) -> Self {
        self.uint(text.len() as u64).raw(text)
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A message with this body.
    pub(crate) fn message(self, body: Self) -> Self {
        self.text(&body.0)
    }

    fn define(self, id: i64, kind: u64, rest: Self) -> Self {
        // wireType: the field of the kind, in it CommonType with nothing but Id.
        let head = bytes().int(-id).uint(kind).raw(&[1, 2]).int(id).raw(&[0]);
        self.message(head.raw(&rest.0).raw(&[0, 0]))
    }

    pub(crate) fn array(self, id: i64, elem: i64, length: i64) -> Self {
        self.define(id, 1, bytes().uint(1).int(elem).uint(1).int(length))
    }

    pub(crate) fn slice(self, id: i64, elem: i64) -> Self {
        self.define(id, 2, bytes().uint(1).int(elem))
    }

    pub(crate) fn structure(self, id: i64, fields: &[(&str, i64)]) -> Self {
        if fields.is_empty() {
            return self.define(id, 3, bytes());
        }
        let list = fields.iter().fold(
            bytes().uint(1).uint(fields.len() as u64),
            |list, (name, field)| {
                list.uint(1)
                    .text(name.as_bytes())
                    .uint(1)
                    .int(*field)
                    .uint(0)
            },
        );
        self.define(id, 3, list)
    }

    pub(crate) fn map(self, id: i64, key: i64, elem: i64) -> Self {
        self.define(id, 4, bytes().uint(1).int(key).uint(1).int(elem))
    }

    /// A message with a value of this type.
    pub(crate) fn value(self, id: i64, body: Self) -> Self {
        self.message(bytes().int(id).raw(&body.0))
    }

    /// A stream whose only value is `{A: 7, Ignored: body}`, where Ignored is of
    /// type `id`.
    pub(crate) fn ignored(self, id: i64, body: Self) -> Self {
        self.structure(64, &[("A", 2), ("Ignored", id)])
            .value(64, bytes().raw(&[1, 14, 1]).raw(&body.0).raw(&[0]))
    }

    /// A second value, `{A: 8}`, which decodes if the stream is not lost.
    pub(crate) fn then_good(self) -> Self {
        self.structure(1_000_000, &[("A", 2)])
            .value(1_000_000, bytes().raw(&[1, 16, 0]))
    }
}

pub(crate) fn bytes() -> Bytes {
    Bytes::default()
}
