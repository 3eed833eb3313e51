//! [`Encoder`]: a stream of values as bytes.

use std::any::TypeId as RustType;
use std::sync::Arc;

use bytes::Bytes;

use crate::Limits;
use crate::encode::Encode;
use crate::error::{Error, Result};
use crate::message::Prefix;
use crate::schema::{Kind, Schema};
use crate::types::{SentTypes, TypeId};
use crate::wire::{Writer, int_to_uint, put_uint};

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
}

/// How many types are found without a hash: an RPC connection alternates
/// between a header and a few bodies.
const RECENT: usize = 4;

/// A type at the top level.
#[derive(Debug, Clone, Copy)]
struct Root {
    id: TypeId,
    singleton: bool,
}

/// A place in a stream to go back to; see [`Encoder::rollback`].
#[derive(Debug)]
#[must_use]
pub struct Checkpoint {
    types: crate::types::Mark,
    length: usize,
}

/// A value that is encoded but for its type's id: it can be appended to any
/// stream, as often as needed.
///
/// Type ids belong to a stream, so bytes of one stream mean nothing in another.
/// This is what can be sent again, on another connection, without the value.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Encoder, Prepared, to_vec};
///
/// let greeting = Prepared::new(&"hello")?;
/// let mut stream = Vec::new();
/// Encoder::new().append(&greeting, &mut stream)?;
/// assert_eq!(stream, to_vec(&"hello")?);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone)]
pub struct Prepared {
    ty: PreparedType,
    value: Bytes,
}

#[derive(Clone)]
enum PreparedType {
    Rust(RustType, fn() -> &'static Schema),
    Dynamic(Arc<Schema>),
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prepared({}, {} bytes)", self.schema(), self.value.len())
    }
}

impl Prepared {
    /// Encodes a value.
    ///
    /// # Errors
    ///
    /// `Misuse` if gob cannot express it, `Limit` if it nests too deep.
    pub fn new<T: Encode>(value: &T) -> Result<Self> {
        Self::with_limits(value, &Limits::default())
    }

    /// Encodes a value within other limits than the default ones.
    ///
    /// # Errors
    ///
    /// As for [`Prepared::new`].
    pub fn with_limits<T: Encode>(value: &T, limits: &Limits) -> Result<Self> {
        let mut writer = Writer::new(Vec::with_capacity(64), limits);
        value
            .encode(&mut writer)
            .map_err(|error| error.in_root(T::schema().root_type().name()))?;
        Ok(Self {
            ty: PreparedType::Rust(RustType::of::<T::Static>(), T::schema),
            value: Bytes::from(writer.buf),
        })
    }

    /// A value that was encoded by a schema built at run time.
    pub(crate) fn dynamic(schema: Arc<Schema>, value: Vec<u8>) -> Self {
        Self {
            ty: PreparedType::Dynamic(schema),
            value: Bytes::from(value),
        }
    }

    /// The type of the value.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        match &self.ty {
            PreparedType::Rust(_, schema) => schema(),
            PreparedType::Dynamic(schema) => schema,
        }
    }

    /// Bytes of the value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// True if the value takes no bytes, which no value does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }
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
        }
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
        let prefix = self.begin(root, out);
        let mut writer = Writer::new(std::mem::take(out), &self.limits);
        let result = value.encode(&mut writer);
        *out = writer.buf;
        match result.and_then(|()| self.end(prefix, out)) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.rollback(checkpoint, out);
                Err(error.in_root(T::schema().root_type().name()))
            }
        }
    }

    /// Appends a [prepared](Prepared) value to the stream, with the definitions
    /// that the peer lacks.
    ///
    /// # Errors
    ///
    /// `Limit` if its message would be too long. Nothing was appended then.
    pub fn append(&mut self, prepared: &Prepared, out: &mut Vec<u8>) -> Result<()> {
        let checkpoint = self.checkpoint(out);
        let root = match &prepared.ty {
            PreparedType::Rust(key, schema) => match self.recent(*key) {
                Some(root) => root,
                None => self.define_static(*key, schema(), out),
            },
            PreparedType::Dynamic(schema) => Root {
                id: self.types.define_dynamic(schema, out),
                singleton: is_singleton(schema),
            },
        };
        // The length is known, so the value is written once and never moved.
        let id = int_to_uint(i64::from(root.id.get()));
        let length = uint_len(id) + usize::from(root.singleton) + prepared.value.len();
        if length > self.limits.message_bytes {
            self.rollback(checkpoint, out);
            return Err(self.too_long(length));
        }
        put_uint(out, length as u64);
        put_uint(out, id);
        if root.singleton {
            out.push(0);
        }
        out.extend_from_slice(&prepared.value);
        Ok(())
    }

    fn begin(&self, root: Root, out: &mut Vec<u8>) -> Prefix {
        let prefix = Prefix::reserve(out, self.guess);
        put_uint(out, int_to_uint(i64::from(root.id.get())));
        if root.singleton {
            // Go sends what is no struct as the only field of one, without the
            // distance to it (`encode.go`, `encodeSingle`).
            out.push(0);
        }
        prefix
    }

    fn end(&mut self, prefix: Prefix, out: &mut Vec<u8>) -> Result<()> {
        self.guess = prefix.fill(out);
        if self.guess > self.limits.message_bytes {
            return Err(self.too_long(self.guess));
        }
        Ok(())
    }

    #[cold]
    fn too_long(&self, length: usize) -> Error {
        Error::limit(
            &format!("a message of {length} bytes"),
            self.limits.message_bytes,
            "message_bytes",
        )
    }

    fn recent(&self, key: RustType) -> Option<Root> {
        self.recent
            .iter()
            .flatten()
            .find(|(known, _)| *known == key)
            .map(|(_, root)| *root)
    }

    fn define_static(&mut self, key: RustType, schema: &Schema, out: &mut Vec<u8>) -> Root {
        let root = Root {
            id: self.types.define_static(schema, out),
            singleton: is_singleton(schema),
        };
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

fn is_singleton(schema: &Schema) -> bool {
    !matches!(schema.root_type().kind(), Kind::Struct(_))
}

fn uint_len(value: u64) -> usize {
    if value < 0x80 {
        1
    } else {
        1 + (8 - value.leading_zeros() as usize / 8)
    }
}
