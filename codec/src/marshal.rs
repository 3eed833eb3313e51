//! [`Marshal`] and [`Unmarshal`]: types that write themselves as bytes.

use crate::error::Result;
use crate::schema::{Edge, Opaque, SchemaBuilder};
use crate::wire::{Reader, Writer};

/// A type that gob sends as bytes of its own making, as Go does with a
/// `gob.GobEncoder` or an `encoding.BinaryMarshaler`.
///
/// With [`Unmarshal`] beside it, [`marshaler!`](crate::marshaler) makes it a gob
/// type. What Go sends is the byte count and the bytes (`encode.go`,
/// `encodeGobEncoder`); what stands in them is between the two ends.
///
/// # Examples
///
/// The twin of a Go type `Version` of a package `release`, which has the methods
/// `MarshalBinary` and `UnmarshalBinary`:
///
/// ```
/// use gobrpc_codec::schema::Opaque;
/// use gobrpc_codec::{Error, Marshal, Result, Unmarshal, from_slice, marshaler, to_vec};
///
/// #[derive(Debug, PartialEq)]
/// struct Version { major: u8, minor: u8 }
///
/// impl Marshal for Version {
///     const KIND: Opaque = Opaque::Binary;
///     const NAME: &'static str = "Version";
///     const PACKAGE: &'static str = "release";
///
///     fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
///         out.extend([self.major, self.minor]);
///         Ok(())
///     }
///     fn is_zero(&self) -> bool {
///         self.major == 0 && self.minor == 0
///     }
/// }
///
/// impl Unmarshal for Version {
///     fn unmarshal(payload: &[u8]) -> Result<Self> {
///         match *payload {
///             [major, minor] => Ok(Self { major, minor }),
///             _ => Err(Error::malformed("a Version of other than 2 bytes")),
///         }
///     }
///     fn zero() -> Result<Self> {
///         Ok(Self { major: 0, minor: 0 })
///     }
/// }
///
/// marshaler!(Version);
///
/// let stream = to_vec(&Version { major: 1, minor: 85 })?;
/// assert!(stream.ends_with(&[0x02, 1, 85]));
/// assert_eq!(from_slice::<Version>(&stream)?, Version { major: 1, minor: 85 });
/// # Ok::<(), Error>(())
/// ```
pub trait Marshal {
    /// Which of Go's interfaces the type on the other side implements: Go takes
    /// no other (`decode.go`, `compatibleType`). It looks for `GobEncoder` first and
    /// never for `TextMarshaler`.
    const KIND: Opaque;
    /// Go's name of the type, without its package.
    const NAME: &'static str;
    /// The package in front of the name in Go's texts.
    const PACKAGE: &'static str = "main";

    /// Appends the bytes to `out`, which is empty.
    ///
    /// # Errors
    ///
    /// [`Error::misuse`](crate::Error::misuse) for a value that the format cannot
    /// express.
    fn marshal(&self, out: &mut Vec<u8>) -> Result<()>;

    /// True if the value is left out as the field of a struct.
    ///
    /// Go leaves out a zero value where the method that encodes it has a value
    /// receiver, and none where it has a pointer receiver (`encode.go`,
    /// `gobEncodeOpFor`): then this is never true, as it is by default. What a
    /// pointer leads to is sent in both cases.
    fn is_zero(&self) -> bool {
        false
    }

    /// Types that Go defines behind this one although no value needs them.
    ///
    /// If the Go type is a struct, these are the types of its exported fields; if
    /// it is a slice, an array or a map, those of its elements (`encoder.go`,
    /// `sendActualType`). A reader skips them; they matter to those who compare
    /// bytes, as they take numbers that later types would have else.
    ///
    /// # Examples
    ///
    /// Go's `type Secret struct { Owner *User }`, with the methods `GobEncode` and
    /// `GobDecode`:
    ///
    /// ```
    /// use gobrpc_codec::schema::Opaque;
    /// use gobrpc_codec::{Edge, Gob, Marshal, Result, SchemaBuilder};
    ///
    /// #[derive(Gob)]
    /// struct User { name: String }
    ///
    /// struct Secret;
    ///
    /// impl Marshal for Secret {
    ///     const KIND: Opaque = Opaque::Gob;
    ///     const NAME: &'static str = "Secret";
    ///
    ///     fn marshal(&self, _out: &mut Vec<u8>) -> Result<()> {
    ///         Ok(())
    ///     }
    ///     fn beside(schema: &mut SchemaBuilder) -> Vec<Edge> {
    ///         vec![User::describe(schema)]
    ///     }
    /// }
    /// ```
    fn beside(_schema: &mut SchemaBuilder) -> Vec<Edge> {
        Vec::new()
    }

    /// Writes the byte count and the bytes.
    #[doc(hidden)]
    fn write(&self, writer: &mut Writer) -> Result<()> {
        let mut payload = Vec::new();
        self.marshal(&mut payload)?;
        writer.bytes(&payload);
        Ok(())
    }
}

/// The way back from the bytes of [`Marshal`].
///
/// It also decodes by itself what a [`Value`](crate::Value) holds:
///
/// ```
/// use gobrpc_codec::go::Time;
/// use gobrpc_codec::{Decoder, Unmarshal, Value, to_vec};
///
/// let mut decoder = Decoder::new();
/// decoder.feed(&to_vec(&Time::from_unix(1_000_000_000, 0)?)?);
/// if let Some(Value::Opaque(value)) = decoder.decode_value()? {
///     assert_eq!(Time::unmarshal(value.payload())?.to_string(), "2001-09-09T01:46:40Z");
/// }
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
pub trait Unmarshal: Sized {
    /// Reads the bytes, which may be anything.
    ///
    /// # Errors
    ///
    /// [`Error::malformed`](crate::Error::malformed) if they are not what
    /// [`Marshal::marshal`] writes. An error without an offset gets that of the
    /// first byte.
    fn unmarshal(payload: &[u8]) -> Result<Self>;

    /// The value of a field that was not sent.
    ///
    /// # Errors
    ///
    /// `Mismatch` if the type has no zero.
    fn zero() -> Result<Self>;

    /// How many bytes of heap the value will own, which are charged to
    /// [`Limits::memory_bytes`](crate::Limits::memory_bytes) before it is made:
    /// by default as many as its payload has.
    #[must_use]
    fn memory(payload: &[u8]) -> usize {
        payload.len()
    }
}

/// Reads the byte count and the bytes.
#[doc(hidden)]
pub fn read<T: Unmarshal>(reader: &mut Reader<'_, '_>) -> Result<T> {
    let payload = reader.bytes()?;
    let start = reader.offset().saturating_sub(payload.len() as u64);
    reader.charge(T::memory(payload))?;
    T::unmarshal(payload).map_err(|error| error.at_offset(start))
}

/// Makes a type with [`Marshal`] and [`Unmarshal`] a gob type: implements
/// [`Gob`](crate::Gob), [`Encode`](crate::Encode) and [`Decode`](crate::Decode).
///
/// The type has no lifetimes or generics.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::schema::Opaque;
/// use gobrpc_codec::{Error, Gob, Marshal, Result, Unmarshal, from_slice, marshaler, to_vec};
///
/// /// A color, as Go's `GobEncode` and `GobDecode` of it have three bytes.
/// #[derive(Debug, Default, PartialEq)]
/// struct Rgb([u8; 3]);
///
/// impl Marshal for Rgb {
///     const KIND: Opaque = Opaque::Gob;
///     const NAME: &'static str = "RGB";
///     fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
///         out.extend(self.0);
///         Ok(())
///     }
/// }
///
/// impl Unmarshal for Rgb {
///     fn unmarshal(payload: &[u8]) -> Result<Self> {
///         let bytes = payload.try_into();
///         bytes.map(Self).map_err(|_| Error::malformed("an RGB of other than 3 bytes"))
///     }
///     fn zero() -> Result<Self> {
///         Ok(Self::default())
///     }
/// }
///
/// marshaler!(Rgb);
///
/// // From now on it may stand wherever a gob type may.
/// #[derive(Debug, Gob, PartialEq)]
/// struct Pen { color: Rgb, width: f32 }
///
/// let pen = Pen { color: Rgb([255, 128, 0]), width: 1.5 };
/// assert_eq!(from_slice::<Pen>(&to_vec(&pen)?)?, pen);
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! marshaler {
    ($rust:ty) => {
        impl $crate::Gob for $rust {
            type Static = Self;
            fn describe(schema: &mut $crate::SchemaBuilder) -> $crate::Edge {
                schema.opaque_with::<Self>(
                    <Self as $crate::Marshal>::KIND,
                    <Self as $crate::Marshal>::NAME,
                    <Self as $crate::Marshal>::PACKAGE,
                    <Self as $crate::Marshal>::beside,
                )
            }
        }

        impl $crate::Encode for $rust {
            fn encode(&self, writer: &mut $crate::Writer) -> $crate::Result<()> {
                $crate::Marshal::write(self, writer)
            }
            fn is_zero(&self) -> bool {
                $crate::Marshal::is_zero(self)
            }
            fn is_zero_pointee(&self) -> bool {
                false
            }
        }

        impl<'de> $crate::Decode<'de> for $rust {
            fn decode(
                reader: &mut $crate::Reader<'de, '_>,
                _plan: $crate::NodeId,
            ) -> $crate::Result<Self> {
                $crate::unmarshal_from(reader)
            }
            fn zero() -> $crate::Result<Self> {
                <Self as $crate::Unmarshal>::zero()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind, Limits, from_slice, from_slice_with, to_vec};

    /// As long as its payload, which must not hold a 9.
    #[derive(Debug, PartialEq)]
    struct Blob(Vec<u8>);

    impl Marshal for Blob {
        const KIND: Opaque = Opaque::Gob;
        const NAME: &'static str = "Blob";
        fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
            if self.0.contains(&9) {
                return Err(Error::misuse("a 9"));
            }
            // Not appended: `out` belongs to the method.
            *out = self.0.clone();
            Ok(())
        }
    }

    impl Unmarshal for Blob {
        fn unmarshal(payload: &[u8]) -> Result<Self> {
            if payload.contains(&9) {
                return Err(Error::malformed("a 9"));
            }
            Ok(Self(payload.to_owned()))
        }
        fn zero() -> Result<Self> {
            Ok(Self(Vec::new()))
        }
    }

    marshaler!(Blob);

    #[test]
    fn payloads_of_all_lengths() {
        for length in [0, 1, 127, 128, 70_000] {
            let blob = Blob(vec![7; length]);
            assert_eq!(from_slice::<Blob>(&to_vec(&blob).unwrap()).unwrap(), blob);
        }
    }

    #[test]
    fn errors_point_at_the_payload_and_at_the_element() {
        let stream = to_vec(&vec![Blob(vec![1]), Blob(vec![8; 200])]).unwrap();
        let at = stream.len() - 200;
        let mut bad = stream.clone();
        bad[at + 5] = 9;
        let error = from_slice::<Vec<Blob>>(&bad).unwrap_err();
        assert_eq!(error.to_string(), format!("at byte {at}, [1]: a 9"));
        let error = to_vec(&vec![Blob(vec![1]), Blob(vec![9])]).unwrap_err();
        assert_eq!(error.to_string(), "[1]: a 9");
    }

    #[test]
    fn payloads_are_charged() {
        let stream = to_vec(&Blob(vec![1; 1000])).unwrap();
        let limits = Limits::default().with_memory_bytes(1000);
        assert!(from_slice_with::<Blob>(&stream, &limits).is_ok());
        let limits = Limits::default().with_memory_bytes(999);
        let error = from_slice_with::<Blob>(&stream, &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
    }

    #[test]
    fn a_length_past_the_end_is_an_error() {
        let mut stream = to_vec(&Blob(vec![1, 2, 3])).unwrap();
        let at = stream.len() - 4;
        assert_eq!(stream[at], 3);
        stream[at] = 4;
        let error = from_slice::<Blob>(&stream).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }
}
