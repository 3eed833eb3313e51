//! Every cap of the decoder and the encoder in one place, with its reason.

/// How much a decoder accepts and an encoder produces.
///
/// Every limit acts before the allocation that it guards, and the error that it
/// causes names the field to raise. [`Limits::default`] is safe on input from
/// strangers; [`Limits::strict`] is for small services on an open port;
/// [`Limits::trusted`] is for files that you wrote yourself.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::Limits;
///
/// let limits = Limits::default().with_message_bytes(64 << 20);
/// assert_eq!(limits.message_bytes, 64 << 20);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest message, in bytes without its length prefix (16 MiB).
    ///
    /// Go accepts 8 GiB and allocates up to 10 MiB ahead of the bytes
    /// (`decoder.go`, `tooBig`; `internal/saferio`). 16 MiB is four times what
    /// gRPC accepts, and holds what net/rpc users are seen to send.
    pub message_bytes: usize,
    /// Most memory that one decoded value may own, in bytes (128 MiB).
    ///
    /// Charged by decoded size, since one wire byte can become
    /// `size_of::<T>()`: eight times `message_bytes`, so that a full message of
    /// one-byte ints still becomes a `Vec<i64>`.
    pub memory_bytes: usize,
    /// Deepest nesting of typed values (see [`Limits::DEPTH`]).
    ///
    /// Typed decoding recurses on the stack of the caller.
    pub depth: usize,
    /// Deepest nesting of values that are skipped or decoded without a type
    /// (10,000, Go's own figure for ignored types: `decode.go`,
    /// `maxIgnoreNestingDepth`).
    ///
    /// These walks keep their stack on the heap.
    pub dynamic_depth: usize,
    /// Most type definitions in one stream (4,096).
    ///
    /// A Go program sends one for each type that it declares; the largest
    /// schemas seen (Mattermost's plugin API) hold a few hundred.
    pub types: usize,
    /// Most memory that the type definitions of one stream own, in bytes
    /// (1 MiB): they are kept as long as the stream lives.
    ///
    /// Charged with 64 bytes for a definition, 32 for a field, and the names. The
    /// plans that map these types onto local ones may own 16 times as much.
    pub type_bytes: usize,
    /// Most fields of one struct definition (4,096).
    pub fields: usize,
    /// Longest name of a field or of a concrete interface type, in bytes (1,024,
    /// Go's limit for the latter: `decode.go`, `decodeInterface`).
    ///
    /// A type's own name may be longer, as Go spells out unnamed structs;
    /// [`Limits::type_bytes`] limits it.
    pub name_bytes: usize,
}

impl Limits {
    /// Default depth of typed decoding.
    ///
    /// A debug build on a 2 MiB stack (tokio's worker threads, Rust's spawned
    /// threads) decodes structs of forty fields more than twice as deep:
    /// `tests/depth.rs` measures it.
    pub const DEPTH: usize = 128;

    /// Limits for small messages from strangers: 1 MiB messages, 8 MiB of
    /// memory, 64 levels, 512 types.
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
        }
    }

    /// Limits for data that you wrote yourself: Go's own 1 GiB (of 32-bit
    /// machines) for a message, and memory to match.
    ///
    /// The depth of typed decoding stays, since the stack does.
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
        }
    }
}
