//! Strings and bytes.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::error::Result;
use crate::plan::NodeId;
use crate::schema::{Edge, Kind, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob};

/// Stands for `str`, which is not sized.
#[doc(hidden)]
#[derive(Debug)]
pub struct Str;

impl Gob for str {
    type Static = Str;
    const UNSIZED: bool = true;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.scalar::<Str>(Kind::String, "string")
    }
}

impl Encode for str {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.bytes(self.as_bytes());
        Ok(())
    }
    #[inline]
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
    #[inline]
    fn encode_field(&self, delta: u64, writer: &mut Writer) -> Result<()> {
        writer.pair(delta, self.len() as u64);
        writer.raw(self.as_bytes());
        Ok(())
    }
}

impl Gob for String {
    type Static = Str;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        str::describe(schema)
    }
}

impl Encode for String {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        self.as_str().encode(writer)
    }
    #[inline]
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
    #[inline]
    fn encode_field(&self, delta: u64, writer: &mut Writer) -> Result<()> {
        self.as_str().encode_field(delta, writer)
    }
}

impl<'de> Decode<'de> for String {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        reader.string()
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(Self::new())
    }
}

impl<'de: 'a, 'a> Decode<'de> for &'a str {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        reader.str()
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok("")
    }
}

impl<'de: 'a, 'a> Decode<'de> for Cow<'a, str> {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        reader.str().map(Cow::Borrowed)
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(Cow::Borrowed(""))
    }
}

macro_rules! boxed_str {
    ($($rust:ty),*) => {$(
        impl<'de> Decode<'de> for $rust {
            fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
                String::decode(reader, plan).map(Self::from)
            }
            fn zero() -> Result<Self> {
                Ok(Self::from(""))
            }
        }
    )*};
}

boxed_str!(Box<str>, std::rc::Rc<str>, std::sync::Arc<str>);

impl<'de: 'a, 'a> Decode<'de> for &'a [u8] {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        reader.bytes()
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(&[])
    }
}

impl<'de: 'a, 'a> Decode<'de> for Cow<'a, [u8]> {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        reader.bytes().map(Cow::Borrowed)
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(Cow::Borrowed(&[]))
    }
}

/// Travels as Go's `[]byte`.
impl Gob for Bytes {
    type Static = <Vec<u8> as Gob>::Static;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        <Vec<u8>>::describe(schema)
    }
}

impl Encode for Bytes {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.bytes(self);
        Ok(())
    }
    #[inline]
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

impl<'de> Decode<'de> for Bytes {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        u8::decode_slice(reader, plan).map(Self::from)
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(Self::new())
    }
}

/// A Go string, which need not be UTF-8.
///
/// Travels as Go's `string`, as `String` does; but where that refuses bytes that
/// are not UTF-8, this keeps them.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{GoString, from_slice, to_vec};
///
/// let stream = to_vec(&GoString::from(&b"\xff\xfe"[..]))?;
/// assert!(from_slice::<String>(&stream).is_err());
/// assert_eq!(from_slice::<GoString>(&stream)?.as_bytes(), b"\xff\xfe");
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoString(Vec<u8>);

impl PartialEq<str> for GoString {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for GoString {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl GoString {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, owned.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The text, if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text, with U+FFFD for what is not UTF-8.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl From<&[u8]> for GoString {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_owned())
    }
}

impl From<Vec<u8>> for GoString {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&str> for GoString {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_owned())
    }
}

impl From<String> for GoString {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl fmt::Display for GoString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl fmt::Debug for GoString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl Gob for GoString {
    type Static = Str;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        str::describe(schema)
    }
}

impl Encode for GoString {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.bytes(&self.0);
        Ok(())
    }
    #[inline]
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Decode<'de> for GoString {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        u8::decode_slice(reader, plan).map(Self)
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(Self::default())
    }
}
