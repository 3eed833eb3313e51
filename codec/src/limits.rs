//! Every cap of the decoder and the encoder in one place, with its reason.

use crate::error::{Error, Result};

/// How much a decoder accepts and an encoder produces.
///
/// Every limit acts before the allocation that it guards, and the error that it
/// causes names the field to raise. [`Limits::default`] is safe on input from
/// strangers; [`Limits::strict`] is for small messages on an open port;
/// [`Limits::trusted`] is for files that you wrote yourself.
///
/// | | strict | default | trusted |
/// |---|---|---|---|
/// | [`message_bytes`](Limits::message_bytes) | 1 MiB | 16 MiB | 1 GiB |
/// | [`memory_bytes`](Limits::memory_bytes) | 8 MiB | 128 MiB | 16 GiB |
/// | [`depth`](Limits::depth) | 64 | 128 | 128 |
/// | [`dynamic_depth`](Limits::dynamic_depth) | 256 | 10,000 | 1,000,000 |
/// | [`types`](Limits::types) | 512 | 4,096 | 1,048,576 |
/// | [`type_bytes`](Limits::type_bytes) | 256 KiB | 1 MiB | 256 MiB |
/// | [`fields`](Limits::fields) | 1,024 | 4,096 | 65,536 |
/// | [`name_bytes`](Limits::name_bytes) | 256 | 1,024 | 65,536 |
/// | [`trailing_bytes`](Limits::trailing_bytes) | 0 | all | all |
///
/// Two things need no limit of their own. *Elements*: each takes a byte of its
/// message or more, which is checked before there is room for them, and is charged
/// to `memory_bytes`. *Work*: every byte is looked at a bounded number of times,
/// also where a value spans messages, so that `message_bytes` bounds it
/// (`src/steps.rs` counts). A protocol that knows that a short
/// message comes next says so by
/// [`Decoder::set_message_bytes`](crate::Decoder::set_message_bytes): net/rpc's
/// headers have 64 KiB at most.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Limits, from_slice_with, to_vec};
///
/// let limits = Limits::strict().with_memory_bytes(100);
/// assert!(from_slice_with::<String>(&to_vec(&"g".repeat(100))?, &limits).is_ok());
///
/// let error = from_slice_with::<String>(&to_vec(&"g".repeat(101))?, &limits).unwrap_err();
/// assert!(error.to_string().contains("Limits::memory_bytes"));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest message, in bytes without its length prefix; also all messages of one
    /// value together, if it spans several.
    ///
    /// Go accepts 8 GiB and allocates up to 10 MiB ahead of the bytes
    /// (`decoder.go`, `tooBig`; `internal/saferio`). 16 MiB is four times what
    /// gRPC accepts, and holds what net/rpc users are seen to send. Strict is a
    /// quarter of gRPC's; trusted is Go's own `tooBig` on 32-bit machines.
    pub message_bytes: usize,
    /// Most memory that one decoded value may own, in bytes.
    ///
    /// Charged by decoded size, since one wire byte can become
    /// `size_of::<T>()`: eight times `message_bytes`, so that a full message of
    /// one-byte ints still becomes a `Vec<i64>`. Trusted is sixteen times that, for
    /// a [`Value`](crate::Value) takes more than a number.
    pub memory_bytes: usize,
    /// Deepest nesting of typed values (see [`Limits::DEPTH`]), also of those that
    /// are encoded.
    ///
    /// Typed code recurses on the stack of its caller: half of what a stack of
    /// 2 MiB holds. Strict leaves as much of one of 1 MiB; trusted raises nothing,
    /// as trust does not enlarge a stack.
    pub depth: usize,
    /// Deepest nesting of values that are skipped or decoded without a type.
    ///
    /// These walks keep their stack on the heap, where a level takes up to 256 bytes
    /// that no other limit counts. 10,000 is Go's own figure for ignored types
    /// (`decode.go`, `maxIgnoreNestingDepth`). Strict is above what anybody writes
    /// by hand (serde_json stops at 128); trusted takes a linked list of a million.
    pub dynamic_depth: usize,
    /// Most type definitions in one stream.
    ///
    /// A Go program sends one for each type that it declares; the largest
    /// schemas seen (Mattermost's plugin API) hold a few hundred. Strict just holds
    /// those; trusted is as good as none.
    pub types: usize,
    /// Most memory that the type definitions of one stream own, in bytes: they are
    /// kept as long as the stream lives, so that this counts once for each
    /// connection.
    ///
    /// Charged with 64 bytes for a definition, 32 for a field, and the names. The
    /// plans that map these types onto local ones may own 16 times as much. In all
    /// presets it holds 256 bytes or more for each of `types`.
    pub type_bytes: usize,
    /// Most fields of one struct definition.
    ///
    /// The widest structs that people write (rows of tables, generated messages)
    /// have hundreds. Trusted is where a local struct's fields end, which are
    /// counted in 16 bits.
    pub fields: usize,
    /// Longest name of a field or of a concrete interface type, in bytes.
    ///
    /// 1,024 is Go's limit for the latter (`decode.go`, `decodeInterface`), and
    /// names with import paths are seldom above a hundred, which strict doubles. Go
    /// has no limit for fields; trusted is there for lengths that are none.
    ///
    /// A type's own name may be longer, as Go spells out unnamed structs;
    /// [`Limits::type_bytes`] limits it.
    pub name_bytes: usize,
    /// Most bytes behind a value in its message.
    ///
    /// Go's encoder never writes any, and its decoder drops them (`decoder.go`,
    /// `decodeValue`), as later versions of a format may put something there. So no
    /// bytes are too many, but where strict is meant: what nobody reads may be what
    /// somebody hides. Not looked at where a value is skipped.
    pub trailing_bytes: usize,
}

impl Limits {
    /// Default depth of typed decoding.
    ///
    /// A debug build on a 2 MiB stack (tokio's worker threads, Rust's spawned
    /// threads) decodes structs of forty fields more than twice as deep:
    /// `tests/depth.rs` measures it.
    pub const DEPTH: usize = 128;

    /// Limits for small messages from strangers, and for many connections: each may
    /// take a sixteenth of the memory that the default gives it, and a quarter for
    /// its types.
    #[must_use]
    pub const fn strict() -> Self {
        Self {
            message_bytes: 1 << 20,
            memory_bytes: 8 << 20,
            depth: 64,
            dynamic_depth: 256,
            types: 512,
            type_bytes: 256 << 10,
            fields: 1024,
            name_bytes: 256,
            trailing_bytes: 0,
        }
    }

    /// Limits for data that you wrote yourself: high enough to be met by faults
    /// only, such as a length that is no length.
    #[must_use]
    pub const fn trusted() -> Self {
        Self {
            message_bytes: 1 << 30,
            memory_bytes: 16 << 30,
            depth: Self::DEPTH,
            dynamic_depth: 1_000_000,
            types: 1 << 20,
            type_bytes: 256 << 20,
            fields: 1 << 16,
            name_bytes: 64 << 10,
            trailing_bytes: usize::MAX,
        }
    }

    /// Sets [`Limits::message_bytes`].
    #[must_use]
    pub const fn with_message_bytes(mut self, bytes: usize) -> Self {
        self.message_bytes = bytes;
        self
    }

    /// Sets [`Limits::memory_bytes`].
    #[must_use]
    pub const fn with_memory_bytes(mut self, bytes: usize) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Sets [`Limits::depth`]; see there what the stack must hold.
    #[must_use]
    pub const fn with_depth(mut self, levels: usize) -> Self {
        self.depth = levels;
        self
    }

    /// Sets [`Limits::dynamic_depth`].
    #[must_use]
    pub const fn with_dynamic_depth(mut self, levels: usize) -> Self {
        self.dynamic_depth = levels;
        self
    }

    /// Sets [`Limits::types`].
    #[must_use]
    pub const fn with_types(mut self, types: usize) -> Self {
        self.types = types;
        self
    }

    /// Sets [`Limits::type_bytes`].
    #[must_use]
    pub const fn with_type_bytes(mut self, bytes: usize) -> Self {
        self.type_bytes = bytes;
        self
    }

    /// Sets [`Limits::fields`].
    #[must_use]
    pub const fn with_fields(mut self, fields: usize) -> Self {
        self.fields = fields;
        self
    }

    /// Sets [`Limits::name_bytes`].
    #[must_use]
    pub const fn with_name_bytes(mut self, bytes: usize) -> Self {
        self.name_bytes = bytes;
        self
    }

    /// Sets [`Limits::trailing_bytes`].
    #[must_use]
    pub const fn with_trailing_bytes(mut self, bytes: usize) -> Self {
        self.trailing_bytes = bytes;
        self
    }

    /// The error for so many bytes behind a value, if they are too many.
    pub(crate) fn check_trailing(&self, bytes: usize) -> Result<()> {
        if bytes > self.trailing_bytes {
            let what = "number of bytes behind the value in its message";
            return Err(Error::limit(what, self.trailing_bytes, "trailing_bytes"));
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 16 << 20,
            memory_bytes: 128 << 20,
            depth: Self::DEPTH,
            dynamic_depth: 10_000,
            types: 4096,
            type_bytes: 1 << 20,
            fields: 4096,
            name_bytes: 1024,
            trailing_bytes: usize::MAX,
        }
    }
}
