//! [`Uuid`] and [`Uuid16`]: UUIDs of Go's packages.

use std::fmt;

use crate::error::{Error, Result};
use crate::plan::NodeId;
use crate::schema::{Edge, Opaque, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob, Marshal, Unmarshal, marshaler};

/// `uuid.UUID` of the Go packages google/uuid and gofrs/uuid, which have
/// `MarshalBinary` (google/uuid, `marshal.go`): 16 bytes, as they are.
///
/// The feature `uuid` makes `uuid::Uuid` travel as the same type. For UUIDs
/// without a marshaler see [`Uuid16`].
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::Uuid;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let id = Uuid(*b"0123456789abcdef");
/// assert_eq!(from_slice::<Uuid>(&to_vec(&id)?)?, id);
/// assert_eq!(id.to_string(), "30313233-3435-3637-3839-616263646566");
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(
    /// The bytes, in the order in which they are printed.
    pub [u8; 16],
);

impl Marshal for Uuid {
    const KIND: Opaque = Opaque::Binary;
    const NAME: &'static str = "UUID";
    const PACKAGE: &'static str = "uuid";

    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend(self.0);
        Ok(())
    }

    fn is_zero(&self) -> bool {
        self.0 == [0; 16]
    }

    fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.bytes(&self.0);
        Ok(())
    }
}

impl Unmarshal for Uuid {
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        match payload.try_into() {
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(Error::malformed(format!(
                "a UUID of {} bytes",
                payload.len()
            ))),
        }
    }

    fn zero() -> Result<Self> {
        Ok(Self::default())
    }

    fn memory(_payload: &[u8]) -> usize {
        0
    }
}

marshaler!(Uuid);

/// `uuid.UUID` of Go's own package `uuid`, and any other Go type `[16]byte` that
/// has no binary marshaler.
///
/// To gob it is an array of 16 uint, which takes 18 to 34 bytes and is never left
/// out (`type.go`, `newTypeObject`). A plain `[u8; 16]` travels alike.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::Uuid16;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let id = Uuid16(*b"0123456789abcdef");
/// assert_eq!(from_slice::<Uuid16>(&to_vec(&id)?)?, id);
/// assert_eq!(from_slice::<[u8; 16]>(&to_vec(&id)?)?, id.0);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid16(
    /// The bytes, in the order in which they are printed.
    pub [u8; 16],
);

impl Gob for Uuid16 {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.newtype::<Self, [u8; 16]>("UUID", "uuid")
    }
}

impl Encode for Uuid16 {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        self.0.encode(writer)
    }
    fn is_zero(&self) -> bool {
        false
    }
}

impl<'de> Decode<'de> for Uuid16 {
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        <[u8; 16]>::decode(reader, plan).map(Self)
    }
    fn zero() -> Result<Self> {
        Ok(Self::default())
    }
}

fn print(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            f.write_str("-")?;
        }
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}

macro_rules! printed {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl From<[u8; 16]> for $name {
            fn from(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
        }

        impl From<$name> for [u8; 16] {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

printed!(Uuid Uuid16);
