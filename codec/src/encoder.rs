//! [`Encoder`]: a stream of values as bytes.

mod prepared;

pub use prepared::Prepared;

use std::any::TypeId as RustType;

use crate::encode::Encode;
use crate::error::{Error, Result};
use crate::interface::{EncodedType, Heads, InterfaceMark, is_singleton, write_inline};
use crate::message::Prefix;
use crate::schema::Schema;
use crate::types::{SentTypes, TypeId};
use crate::wire::{Writer, int_to_uint, put_uint, uint_bytes, uint_len};
use crate::{Gob, Limits};

/// Turns values into one gob stream: each type is defined once, before its first
/// value.
///
/// It does no I/O: it appends to a buffer of the caller's. A value that cannot
/// be encoded appends nothing, and the stream goes on.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Encoder, Gob};
///
/// #[derive(Gob)]
/// struct Point { x: i64, y: i64 }
///
/// let mut encoder = Encoder::new();
/// let mut stream = Vec::new();
/// encoder.encode(&Point { x: 22, y: 33 }, &mut stream)?;
/// let defined = stream.len();
/// encoder.encode(&Point { x: 1, y: 2 }, &mut stream)?;
/// assert_eq!(stream[defined..], [0x07, 0xff, 0x80, 0x01, 0x02, 0x01, 0x04, 0x00]);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    types: SentTypes,
    limits: Limits,
    /// The Rust types that were encoded last, and their ids.
    recent: [Option<(RustType, Root)>; RECENT],
    oldest: usize,
    /// Length of the last message: the prefix of the next has as many bytes.
    guess: usize,
    inline_types: bool,
    sorted_maps: bool,
    /// Longest message now; at most the limit's.
    message_bytes: usize,
}

/// How many types are found without a hash: an RPC connection alternates
/// between a header and a few bodies.
const RECENT: usize = 4;

/// A type at the top level.
#[derive(Debug, Clone, Copy)]
struct Root {
    id: TypeId,
    singleton: bool,
    /// What each of its messages starts with: the id, and the 0 before what is no
    /// struct.
    head: [u8; HEAD],
    length: u8,
}

/// An id takes five bytes at most.
const HEAD: usize = 6;

impl Root {
    fn new(id: TypeId, singleton: bool) -> Self {
        let (bytes, count) = uint_bytes(int_to_uint(i64::from(id.get())));
        let [head @ .., _, _, _] = bytes;
        Self {
            id,
            singleton,
            head,
            length: count as u8 + u8::from(singleton),
        }
    }
}

/// A place in a stream to go back to; see [`Encoder::rollback`].
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Encoder, to_vec};
///
/// let (mut encoder, mut stream) = (Encoder::new(), Vec::new());
/// let start = encoder.checkpoint(&stream);
/// encoder.encode(&vec!["not", "sent"], &mut stream)?;
/// encoder.rollback(start, &mut stream);
/// encoder.encode(&vec![7_i64], &mut stream)?;
/// assert_eq!(stream, to_vec(&vec![7_i64])?);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Checkpoint {
    types: crate::types::Mark,
    length: usize,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder for a new stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// An encoder with other limits than the default ones: of them it heeds
    /// `message_bytes` and `depth`.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            types: SentTypes::default(),
            limits,
            recent: [None; RECENT],
            oldest: 0,
            guess: 0,
            inline_types: false,
            sorted_maps: false,
            message_bytes: limits.message_bytes,
        }
    }

    /// Allows shorter messages only, until it is set again: for a protocol that
    /// knows what its peer takes. Never more than [`Limits::message_bytes`].
    pub fn set_message_bytes(&mut self, bytes: usize) {
        self.message_bytes = bytes.min(self.limits.message_bytes);
    }

    /// Defines the types of interface values where Go does: in the middle of the
    /// value, which then spans several messages.
    ///
    /// Without this they are defined in front of the value. Go reads both, but it
    /// cannot skip what it writes itself (golang/go#34879). This gives the same
    /// bytes as Go's encoder, for those who compare or sign them.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::{Encoder, Interface, from_slice};
    ///
    /// let words = vec!["round".to_owned()];
    /// let shapes = vec![Interface::of("[]string", &words)?];
    /// let mut stream = Vec::new();
    /// Encoder::new().inline_types().encode(&shapes, &mut stream)?;
    /// assert_eq!(from_slice::<Vec<Interface>>(&stream)?, shapes);
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    #[must_use]
    pub fn inline_types(mut self) -> Self {
        self.inline_types = true;
        self
    }

    /// Writes maps in the order of their keys' bytes, so that equal values give
    /// equal streams, also from `HashMap`.
    ///
    /// [Prepared](Prepared) values are encoded already: see
    /// [`Prepared::sorted_maps`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use gobrpc_codec::Encoder;
    ///
    /// let ages: HashMap<&str, u64> = [("Bob", 41), ("Ann", 30), ("Eve", 50)].into();
    /// let mut stream = Vec::new();
    /// Encoder::new().sorted_maps().encode(&ages, &mut stream)?;
    /// assert!(stream.ends_with(b"\x03\x03Ann\x1e\x03Bob\x29\x03Eve\x32"));
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    #[must_use]
    pub fn sorted_maps(mut self) -> Self {
        self.sorted_maps = true;
        self
    }

    /// Appends a value to the stream, with the definitions that the peer lacks.
    ///
    /// # Errors
    ///
    /// `Misuse` if gob cannot express the value, `Limit` if it nests too deep or
    /// its message would be too long. Nothing was appended then.
    pub fn encode<T: Encode>(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        let checkpoint = self.checkpoint(out);
        let key = RustType::of::<T::Static>();
        let root = match self.recent(key) {
            Some(root) => root,
            None => self.define_static(key, T::schema(), out),
        };
        let start = out.len();
        let prefix = self.begin(root, out);
        let value_start = out.len();
        let mut writer =
            Writer::new(std::mem::take(out), &self.limits).sorted_maps(self.sorted_maps);
        let mut result = value.encode(&mut writer);
        let Writer { buf, mut marks, .. } = writer;
        *out = buf;
        if result.is_ok() {
            result = if marks.is_empty() {
                // Nothing was allocated for them, and so there is nothing to drop.
                if marks.capacity() == 0 {
                    std::mem::forget(marks);
                }
                self.end(prefix, out)
            } else {
                marks.iter_mut().for_each(|mark| mark.rebase(value_start));
                let value = out.split_off(value_start);
                out.truncate(start);
                self.message(root, &value, &marks, out)
            };
        }
        result.map_err(|error| {
            self.rollback(checkpoint, out);
            error.in_root(T::schema().root_type().name())
        })
    }

    /// Appends a [prepared](Prepared) value to the stream, with the definitions
    /// that the peer lacks.
    ///
    /// # Errors
    ///
    /// `Limit` if its message would be too long. Nothing was appended then.
    pub fn append(&mut self, prepared: &Prepared, out: &mut Vec<u8>) -> Result<()> {
        let checkpoint = self.checkpoint(out);
        let root = match prepared.ty() {
            EncodedType::Rust { key, schema, .. } => match self.recent(*key) {
                Some(root) => root,
                None => self.define_static(*key, schema(), out),
            },
            EncodedType::Dynamic(schema) => {
                Root::new(self.types.define_dynamic(schema, out), is_singleton(schema))
            }
        };
        self.message(root, prepared.bytes(), prepared.marks(), out)
            .inspect_err(|_| self.rollback(checkpoint, out))
    }

    /// Appends the message of a value, whose length is known, so that it is
    /// written once and never moved.
    fn message(
        &mut self,
        root: Root,
        value: &[u8],
        marks: &[InterfaceMark],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let id = int_to_uint(i64::from(root.id.get()));
        if self.inline_types && !marks.is_empty() {
            if value.len() > self.message_bytes {
                return Err(self.too_long(value.len()));
            }
            let mut head = Vec::with_capacity(10);
            put_uint(&mut head, id);
            if root.singleton {
                head.push(0);
            }
            write_inline(&head, value, marks, &mut self.types, out);
            return Ok(());
        }
        let heads = if marks.is_empty() {
            Heads::default()
        } else {
            Heads::define(marks, &mut self.types, out)
        };
        let length = uint_len(id) + usize::from(root.singleton) + heads.bytes() + value.len();
        if length > self.message_bytes {
            return Err(self.too_long(length));
        }
        put_uint(out, length as u64);
        put_uint(out, id);
        if root.singleton {
            out.push(0);
        }
        heads.write(value, marks, out);
        Ok(())
    }

    #[inline]
    fn begin(&self, root: Root, out: &mut Vec<u8>) -> Prefix {
        let prefix = Prefix::reserve(out, self.guess);
        let end = out.len() + usize::from(root.length);
        out.extend_from_slice(&root.head);
        out.truncate(end);
        prefix
    }

    #[inline]
    fn end(&mut self, prefix: Prefix, out: &mut Vec<u8>) -> Result<()> {
        self.guess = prefix.fill(out);
        if self.guess > self.message_bytes {
            return Err(self.too_long(self.guess));
        }
        Ok(())
    }

    #[cold]
    fn too_long(&self, length: usize) -> Error {
        Error::limit(
            &format!("a message of {length} bytes"),
            self.message_bytes,
            "message_bytes",
        )
    }

    /// The id that a type has on this stream, if it was one of the last to be
    /// encoded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::Encoder;
    ///
    /// let mut encoder = Encoder::new();
    /// assert_eq!(encoder.id_of::<str>(), None);
    /// encoder.encode(&"hello", &mut Vec::new())?;
    /// assert_eq!(encoder.id_of::<str>().map(|id| id.get()), Some(6));
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    #[must_use]
    pub fn id_of<T: Gob + ?Sized>(&self) -> Option<TypeId> {
        self.recent(RustType::of::<T::Static>()).map(|root| root.id)
    }

    #[inline]
    fn recent(&self, key: RustType) -> Option<Root> {
        self.recent
            .iter()
            .flatten()
            .find(|(known, _)| *known == key)
            .map(|(_, root)| *root)
    }

    fn define_static(&mut self, key: RustType, schema: &'static Schema, out: &mut Vec<u8>) -> Root {
        let root = Root::new(
            self.types.define_static(schema, schema.root(), out),
            is_singleton(schema),
        );
        if let Some(slot) = self.recent.get_mut(self.oldest) {
            *slot = Some((key, root));
        }
        self.oldest = (self.oldest + 1) % RECENT;
        root
    }

    /// Remembers where the stream is, so that all that is appended from here on
    /// can be taken back together.
    pub fn checkpoint(&self, out: &[u8]) -> Checkpoint {
        Checkpoint {
            types: self.types.mark(),
            length: out.len(),
        }
    }

    /// Takes back what was appended since the checkpoint, and the definitions
    /// with it: the peer never sees them.
    pub fn rollback(&mut self, checkpoint: Checkpoint, out: &mut Vec<u8>) {
        out.truncate(checkpoint.length);
        self.types.rollback(checkpoint.types);
        self.recent = [None; RECENT];
    }
}
