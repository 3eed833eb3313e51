//! [`Header`]: what stands before each body.
//!
//! Go has two of them, `Request{ServiceMethod, Seq}` and
//! `Response{ServiceMethod, Seq, Error}` (`server.go`). Ours holds more fields,
//! which Go ignores as gob finds fields by name, and which cost nothing while
//! they are zero as gob leaves those out.

mod error;
mod plain;

use std::borrow::Cow;

use gobrpc_codec::{
    Decode, Edge, Encode, Gob, NodeId, Reader, Result, SchemaBuilder, WireKind, Writer,
};

pub(crate) use self::plain::PlainHeader;

/// A header, with all fields of the extension. Zero fields are not sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Header<'a> {
    /// `Arith.Multiply`.
    pub service_method: Cow<'a, str>,
    /// The number of the call; Go's first call is 0.
    pub seq: u64,
    /// The text of an error; empty for success.
    pub error: Cow<'a, str>,
    /// What kind of frame it is: 0 for calls and replies.
    pub kind: u64,
    /// Bits that change how the frame is treated.
    pub flags: u64,
    /// Nanoseconds that the call may take from now; 0 for no bound, below 0 if
    /// none are left.
    pub timeout: i64,
    /// Keys and values in turn; binary-safe, in order, perhaps repeated.
    pub meta: Vec<&'a [u8]>,
    /// What the sender understands, on its first frame: [`caps`].
    pub caps: u64,
    /// The call that a control frame is about.
    pub reference: u64,
    /// Bytes that the receiver of this frame may send; of an item, how many bytes
    /// of that it takes.
    pub credit: u64,
    /// The [`Code`](crate::Code) of an error.
    pub code: u64,
    /// The name of the compression of the body.
    pub encoding: Cow<'a, str>,
}

impl Header<'_> {
    /// True if a field is set that Go does not have.
    fn is_extended(&self) -> bool {
        (self.kind | self.flags | self.caps | self.reference | self.credit | self.code) != 0
            || self.timeout != 0
            || !self.meta.is_empty()
            || !self.encoding.is_empty()
    }
}

/// Longest message of a header in bytes (64 KiB): names and metadata, never an
/// argument. The definition of its type is held to it, too.
pub const HEADER_BYTES_MAX: usize = 64 << 10;

/// Bits of [`Header::caps`]: what the sender understands, and may be sent.
pub mod caps {
    /// The fields of the extension, and its control frames: [`CANCEL`],
    /// [`PING`] and [`PONG`]. Kinds that a receiver does not know it skips.
    ///
    /// [`CANCEL`]: super::kind::CANCEL
    /// [`PING`]: super::kind::PING
    /// [`PONG`]: super::kind::PONG
    pub const EXTENDED: u64 = 1;

    /// Streams: the flags [`STREAM_IN`] and [`STREAM_OUT`], and the frames
    /// [`ITEM`], [`END`] and [`CREDIT`].
    ///
    /// [`STREAM_IN`]: super::flags::STREAM_IN
    /// [`STREAM_OUT`]: super::flags::STREAM_OUT
    /// [`ITEM`]: super::kind::ITEM
    /// [`END`]: super::kind::END
    /// [`CREDIT`]: super::kind::CREDIT
    pub const STREAMS: u64 = 2;

    /// The frame [`GO_AWAY`], after which a client makes its calls elsewhere.
    ///
    /// [`GO_AWAY`]: super::kind::GO_AWAY
    pub const GO_AWAY: u64 = 4;

    /// The flag [`ONE_WAY`]: calls that have it are not answered.
    ///
    /// [`ONE_WAY`]: super::flags::ONE_WAY
    pub const ONE_WAY: u64 = 8;

    /// The flag [`CHUNKED`] and the frame [`CHUNK`].
    ///
    /// [`CHUNKED`]: super::flags::CHUNKED
    /// [`CHUNK`]: super::kind::CHUNK
    pub const CHUNKS: u64 = 16;

    /// Bodies whose header has `Enc` "lz4": they are `[]byte`, as
    /// [`compression`](crate::compression) has it. Only from a peer that was told to.
    pub const COMPRESSION: u64 = 32;

    /// The frames [`REVERSE_CALL`] and [`REVERSE_REPLY`], and [`CANCEL`] for such
    /// calls: only from a client that hosts services.
    ///
    /// [`REVERSE_CALL`]: super::kind::REVERSE_CALL
    /// [`REVERSE_REPLY`]: super::kind::REVERSE_REPLY
    /// [`CANCEL`]: super::kind::CANCEL
    pub const REVERSE_CALLS: u64 = 64;

    /// All that this version understands, but for what it is to be told to do.
    pub const OURS: u64 = EXTENDED | STREAMS | GO_AWAY | ONE_WAY | CHUNKS;
}

/// Values of [`Header::kind`]. All but [`CALL`](self::kind::CALL) are sent to
/// peers only that have shown [`caps`]: Go takes every frame for a
/// call, or for a reply.
pub mod kind {
    /// A call, or the reply to one.
    pub const CALL: u64 = 0;
    /// An item of the call in `Seq`. It takes as much of the credit as `Credit`
    /// says.
    pub const ITEM: u64 = 1;
    /// The caller sends no more items of the call in `Seq`.
    pub const END: u64 = 2;
    /// The caller does not wait any more for the call in `Ref`: from a server, for
    /// that [`REVERSE_CALL`].
    pub const CANCEL: u64 = 3;
    /// As many more bytes as `Credit` says may be sent of the call in `Ref`.
    pub const CREDIT: u64 = 4;
    /// Asks for a [`PONG`] with the same `Ref`.
    pub const PING: u64 = 5;
    /// Answers a [`PING`].
    pub const PONG: u64 = 6;
    /// The server takes no calls after the one in `Ref`: they did not run, and are
    /// to be made elsewhere. With 2^64-1 it takes what is under way; the client is
    /// to make no further calls on this connection.
    pub const GO_AWAY: u64 = 7;
    /// A call that the server makes to a service that the client hosts; `Ref` is its
    /// number, among those of the server. Only to peers with
    /// [`caps::REVERSE_CALLS`](super::caps::REVERSE_CALLS).
    pub const REVERSE_CALL: u64 = 9;
    /// The reply to the [`REVERSE_CALL`] in `Ref`.
    pub const REVERSE_REPLY: u64 = 10;
    /// The next bytes of the body of the call, or of the reply, in `Ref`, which has
    /// [`flags::CHUNKED`](super::flags::CHUNKED): a `[]byte` of 64 KiB or less.
    pub const CHUNK: u64 = 11;
}

/// Bits of [`Header::flags`].
pub mod flags {
    /// The caller takes no reply, and gets none; only to peers with
    /// [`caps::ONE_WAY`](super::caps::ONE_WAY).
    pub const ONE_WAY: u64 = 1;
    /// Running it twice does what running it once does.
    pub const IDEMPOTENT: u64 = 2;
    /// The arguments are a stream.
    pub const STREAM_IN: u64 = 4;
    /// The replies are a stream; `Credit` says how much of it may be sent.
    pub const STREAM_OUT: u64 = 8;
    /// The call was refused before it ran: it may be sent again, elsewhere.
    pub const NOT_PROCESSED: u64 = 32;
    /// The body comes in chunks, as a gob stream of its own; here is a `uint`, its
    /// length in bytes. A later reply to the same call replaces it.
    pub const CHUNKED: u64 = 256;
}

/// `Seq` of frames that belong to no call. It is never that of a call, so that
/// a peer that takes such a frame for a reply drops it: with 0, Go would
/// complete its first call by it.
pub const NO_CALL: u64 = u64::MAX;

/// Methods that the connection itself answers. Names under
/// [`RESERVED_PREFIX`](crate::method::RESERVED_PREFIX) are refused to services.
pub mod reserved {
    /// Asks what the peer understands: one of ours answers with its caps, and
    /// Go "can't find service", which is harmless and proves life.
    pub const HELLO: &str = "_goRPC_.Hello";
    /// Cancels the call whose number is the argument's field `Seq`: the way of
    /// github.com/keegancsmith/rpc, a fork of net/rpc (`server.go`, `goRPC`).
    pub const CANCEL: &str = "_goRPC_.Cancel";
}

/// The names and numbers of the fields, in the order in which they travel.
mod field {
    pub(super) const SERVICE_METHOD: (u16, &str) = (0, "ServiceMethod");
    pub(super) const SEQ: (u16, &str) = (1, "Seq");
    pub(super) const ERROR: (u16, &str) = (2, "Error");
    pub(super) const KIND: (u16, &str) = (3, "Kind");
    pub(super) const FLAGS: (u16, &str) = (4, "Flags");
    pub(super) const TIMEOUT: (u16, &str) = (5, "Timeout");
    pub(super) const META: (u16, &str) = (6, "Meta");
    pub(super) const CAPS: (u16, &str) = (7, "Caps");
    pub(super) const REFERENCE: (u16, &str) = (8, "Ref");
    pub(super) const CREDIT: (u16, &str) = (9, "Credit");
    pub(super) const CODE: (u16, &str) = (10, "Code");
    pub(super) const ENCODING: (u16, &str) = (11, "Enc");
}

/// An element of `Meta`, a Go string that need not be UTF-8.
struct MetaItem<'a>(&'a [u8]);

impl Gob for MetaItem<'_> {
    type Static = <str as Gob>::Static;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        str::describe(schema)
    }
}

impl Encode for MetaItem<'_> {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.bytes(self.0);
        Ok(())
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de: 'a, 'a> Decode<'de> for MetaItem<'a> {
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        reader.bytes().map(Self)
    }
    fn zero() -> Result<Self> {
        Ok(Self(&[]))
    }
}

impl Gob for Header<'_> {
    type Static = Header<'static>;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.structure::<Header<'static>>("Header", "rpc", |fields| {
            add_all(fields);
        })
    }
}

fn add_all(fields: &mut gobrpc_codec::StructBuilder<'_>) {
    fields
        .field::<str>(field::SERVICE_METHOD.1)
        .field::<u64>(field::SEQ.1)
        .field::<str>(field::ERROR.1)
        .field::<u64>(field::KIND.1)
        .field::<u64>(field::FLAGS.1)
        .field::<i64>(field::TIMEOUT.1)
        .field::<[String]>(field::META.1)
        .field::<u64>(field::CAPS.1)
        .field::<u64>(field::REFERENCE.1)
        .field::<u64>(field::CREDIT.1)
        .field::<u64>(field::CODE.1)
        .field::<str>(field::ENCODING.1);
}

impl<'de: 'a, 'a> Decode<'de> for Header<'a> {
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        let mut fields = reader.enter_struct(plan)?;
        let mut header = Self::default();
        while let Some((number, node)) = reader.next_field(&mut fields)? {
            match number {
                0 => header.service_method = text(reader)?,
                1 => header.seq = reader.field(node, field::SEQ.1)?,
                2 => header.error = text(reader)?,
                3 => header.kind = reader.field(node, field::KIND.1)?,
                4 => header.flags = reader.field(node, field::FLAGS.1)?,
                5 => header.timeout = reader.field(node, field::TIMEOUT.1)?,
                6 => {
                    let meta: Vec<MetaItem<'a>> = reader.field(node, field::META.1)?;
                    header.meta = meta.into_iter().map(|item| item.0).collect();
                }
                7 => header.caps = reader.field(node, field::CAPS.1)?,
                8 => header.reference = reader.field(node, field::REFERENCE.1)?,
                9 => header.credit = reader.field(node, field::CREDIT.1)?,
                10 => header.code = reader.field(node, field::CODE.1)?,
                11 => header.encoding = text(reader)?,
                _ => reader.skip(node)?,
            }
        }
        Ok(header)
    }
    fn zero() -> Result<Self> {
        Ok(Self::default())
    }
}

/// A text of a header. Go's need not be UTF-8, and one that is not must not cost
/// the connection: it is only shown, or leads to no service.
fn text<'de>(reader: &mut Reader<'de, '_>) -> Result<Cow<'de, str>> {
    reader
        .bytes()
        .map(|bytes| match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        })
}

/// The error of a header that is longer than the peer takes.
#[cold]
pub(crate) fn too_long() -> crate::Error {
    crate::Error::resource_exhausted(format!(
        "the method's name and the metadata take more than {HEADER_BYTES_MAX} bytes together"
    ))
}

/// The forms in which a [`Header`] is sent: which struct, and how much of it.
macro_rules! forms {
    ($($form:ident $name:literal [$($extra:ident),*] $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(crate) struct $form<'h, 'a>(pub(crate) &'h Header<'a>);

        impl Gob for $form<'_, '_> {
            type Static = $form<'static, 'static>;
            fn describe(schema: &mut SchemaBuilder) -> Edge {
                schema.structure::<Self::Static>($name, "rpc", |fields| {
                    $(forms!(@describe fields $extra);)*
                })
            }
            fn schema() -> &'static gobrpc_codec::Schema {
                static SCHEMA: std::sync::OnceLock<gobrpc_codec::Schema> =
                    std::sync::OnceLock::new();
                SCHEMA.get_or_init(gobrpc_codec::Schema::of::<Self>)
            }
        }

        impl Encode for $form<'_, '_> {
            fn encode(&self, writer: &mut Writer) -> Result<()> {
                let header = self.0;
                let mut delta = 1;
                $(forms!(@encode header writer delta $extra);)*
                writer.end_struct();
                Ok(())
            }
            fn is_zero(&self) -> bool {
                false
            }
        }
    )*};
    (@describe $fields:ident go_request) => {
        $fields.field::<str>(field::SERVICE_METHOD.1).field::<u64>(field::SEQ.1);
    };
    (@describe $fields:ident go_response) => {
        forms!(@describe $fields go_request);
        $fields.field::<str>(field::ERROR.1);
    };
    (@describe $fields:ident all) => { add_all($fields); };
    (@encode $header:ident $writer:ident $delta:ident go_request) => {
        $writer.field(&mut $delta, field::SERVICE_METHOD.1, &$header.service_method)?;
        $writer.field(&mut $delta, field::SEQ.1, &$header.seq)?;
    };
    (@encode $header:ident $writer:ident $delta:ident go_response) => {
        forms!(@encode $header $writer $delta go_request);
        $writer.field(&mut $delta, field::ERROR.1, &$header.error)?;
    };
    (@encode $header:ident $writer:ident $delta:ident all) => {
        forms!(@encode $header $writer $delta go_response);
        if !$header.is_extended() {
            // Most headers: what is zero is left out, and all of it is.
            $writer.end_struct();
            return Ok(());
        }
        $writer.field(&mut $delta, field::KIND.1, &$header.kind)?;
        $writer.field(&mut $delta, field::FLAGS.1, &$header.flags)?;
        $writer.field(&mut $delta, field::TIMEOUT.1, &$header.timeout)?;
        if $header.meta.is_empty() {
            $delta += 1;
        } else {
            let meta: Vec<_> = $header.meta.iter().map(|item| MetaItem(item)).collect();
            $writer.field(&mut $delta, field::META.1, &meta)?;
        }
        $writer.field(&mut $delta, field::CAPS.1, &$header.caps)?;
        $writer.field(&mut $delta, field::REFERENCE.1, &$header.reference)?;
        $writer.field(&mut $delta, field::CREDIT.1, &$header.credit)?;
        $writer.field(&mut $delta, field::CODE.1, &$header.code)?;
        $writer.field(&mut $delta, field::ENCODING.1, &$header.encoding)?;
    };
}

forms! {
    GoRequest "Request" [go_request] "Go's own request header.";
    GoResponse "Response" [go_response] "Go's own response header.";
    ExtendedRequest "Request" [all] "The request header of the extension.";
    ExtendedResponse "Response" [all] "The response header of the extension.";
}

/// True if a header of this wire type comes from a peer that may send the fields
/// of the extension: its definition has `Caps`.
pub(crate) fn is_extended(kind: &WireKind) -> bool {
    match kind {
        WireKind::Struct { fields } => fields.iter().any(|field| field.name == field::CAPS.1),
        _ => false,
    }
}

/// Checks that a header's wire type is one: Go closes the connection if none of
/// the fields is known.
pub(crate) fn is_header(kind: &WireKind) -> bool {
    match kind {
        WireKind::Struct { fields } => fields.iter().any(|field| {
            field.name == field::SERVICE_METHOD.1
                || field.name == field::SEQ.1
                || field.name == field::ERROR.1
        }),
        _ => false,
    }
}
