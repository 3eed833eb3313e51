//! [`Value`]: any gob value, without its Go type.

mod debug;
mod decode;
mod encode;
mod interface;
mod list;
mod map;
mod opaque;
mod parts;
mod same;
mod stream_types;
mod structure;
mod types;
mod whole;
mod zero;

pub use interface::Interface;
pub use list::List;
pub use map::{Map, MapIter};
pub use opaque::OpaqueValue;
pub use structure::Struct;

pub(crate) use decode::read_value;
pub(crate) use parts::Parts;
pub(crate) use stream_types::StreamTypes;
pub(crate) use types::TypeRef;

use std::sync::Arc;

use crate::error::Result;
use crate::{DecodeOwned, Encode, GoString, Prepared, RawValue, Schema};

/// Any gob value, for programs that do not know its Go type.
///
/// Nothing is lost: strings that are not UTF-8, the order of a map's entries and
/// its duplicate keys, which fields of a struct were sent, the type of an empty
/// slice, the concrete name of an interface's value. So a value alone encodes to
/// an equal one: see [`Prepared::from_value`].
///
/// Values may nest as deep as [`Limits::dynamic_depth`](crate::Limits) lets
/// them: dropping, cloning, comparing and printing them takes no stack.
///
/// Two values are equal if they would be sent as the same bytes, whatever their
/// types are called: floats are compared by their bits, so that NaN is equal to
/// itself and -0 is not equal to 0.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Decoder, Gob, Value, to_vec};
///
/// #[derive(Gob)]
/// struct Person { name: String, tags: Vec<String> }
///
/// let person = Person { name: "Gopher".into(), tags: vec!["go".into()] };
/// let mut decoder = Decoder::new();
/// decoder.feed(&to_vec(&person)?);
/// let value = decoder.decode_value()?.expect("the stream is whole");
///
/// assert_eq!(value.get("Name").and_then(Value::as_str), Some("Gopher"));
/// assert_eq!(value.get("Tags").and_then(|tags| tags.at(0)), Some(&Value::from("go")));
/// if let Value::Struct(person) = &value {
///     assert_eq!(person.name(), "Person");
///     assert_eq!(person.iter().count(), 2);
/// }
/// assert_eq!(format!("{value:?}"), r#"Person { Name: "Gopher", Tags: ["go"] }"#);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone)]
pub enum Value {
    /// A boolean.
    Bool(bool),
    /// A signed integer of any width.
    Int(i64),
    /// An unsigned integer of any width.
    Uint(u64),
    /// A float of either width.
    Float(f64),
    /// A complex number: its real and its imaginary part.
    Complex(f64, f64),
    /// A byte slice.
    Bytes(Vec<u8>),
    /// A string, which need not be UTF-8.
    String(GoString),
    /// A slice of anything but bytes.
    Slice(List),
    /// An array.
    Array(List),
    /// A map.
    Map(Map),
    /// A struct.
    Struct(Struct),
    /// What an interface holds, perhaps nothing.
    Interface(Interface),
    /// The bytes of a type that encodes itself, as `time.Time` does.
    Opaque(OpaqueValue),
}

impl Value {
    /// Turns a typed value into one without its type.
    ///
    /// # Errors
    ///
    /// `Misuse` if gob cannot express the value, `Limit` if it nests too deep or
    /// is too large for the default limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::Value;
    ///
    /// let value = Value::of(&vec![1_i64, 2])?;
    /// assert_eq!(value.to::<Vec<u8>>().is_err(), true);
    /// assert_eq!(value.to::<Vec<i16>>()?, [1, 2]);
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn of<T: Encode>(value: &T) -> Result<Self> {
        RawValue::from_prepared(&Prepared::new(value)?)?.to_value()
    }

    /// Turns the value into a typed one, as if it came from a stream.
    ///
    /// # Errors
    ///
    /// `Mismatch` if it does not fit `T`, and as for [`Prepared::from_value`].
    pub fn to<T: DecodeOwned>(&self) -> Result<T> {
        RawValue::from_prepared(&Prepared::from_value(self)?)?.decode()
    }

    /// The type of the value, as far as it goes to the wire: the root of a schema
    /// of its own.
    #[must_use]
    pub fn schema(&self) -> Arc<Schema> {
        match self.type_ref() {
            Some(ty) => ty.rooted(),
            None => Arc::new(self.scalar_schema()),
        }
    }

    /// The value that an interface holds, or the value itself; `None` for a nil
    /// interface.
    ///
    /// The accessors below look through interfaces in this way.
    #[must_use]
    pub fn inner(&self) -> Option<&Self> {
        let mut value = self;
        while let Self::Interface(interface) = value {
            value = interface.value()?;
        }
        Some(value)
    }

    /// True for an interface that holds nothing.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.inner().is_none()
    }

    /// The boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.inner()? {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer of either sign, if it fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self.inner()? {
            Self::Int(value) => Some(*value),
            Self::Uint(value) => i64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// The integer of either sign, if it fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self.inner()? {
            Self::Int(value) => u64::try_from(*value).ok(),
            Self::Uint(value) => Some(*value),
            _ => None,
        }
    }

    /// The float; not an integer.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self.inner()? {
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The string, if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self.inner()? {
            Self::String(text) => text.as_str(),
            _ => None,
        }
    }

    /// The bytes of a byte slice, a string or an opaque value.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self.inner()? {
            Self::Bytes(bytes) => Some(bytes),
            Self::String(text) => Some(text.as_bytes()),
            Self::Opaque(opaque) => Some(opaque.payload()),
            _ => None,
        }
    }

    /// The slice or array.
    #[must_use]
    pub fn as_list(&self) -> Option<&List> {
        match self.inner()? {
            Self::Slice(list) | Self::Array(list) => Some(list),
            _ => None,
        }
    }

    /// The map.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match self.inner()? {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The struct.
    #[must_use]
    pub fn as_struct(&self) -> Option<&Struct> {
        match self.inner()? {
            Self::Struct(value) => Some(value),
            _ => None,
        }
    }

    /// A field of a struct that was sent, or the value of a map's string key.
    ///
    /// A field that was not sent is zero: see [`Struct::get_or_zero`].
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self.inner()? {
            Self::Struct(value) => value.get(name),
            Self::Map(map) => map.get(name),
            _ => None,
        }
    }

    /// An element of a slice or array.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Self> {
        self.as_list()?.get(index)
    }

    /// The word for what the value is, for messages: `int`, `struct`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Float(_) => "float",
            Self::Complex(..) => "complex",
            Self::Bytes(_) => "bytes",
            Self::String(_) => "string",
            Self::Slice(_) => "slice",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Struct(_) => "struct",
            Self::Interface(_) => "interface",
            Self::Opaque(_) => "self-encoding type",
        }
    }
}

/// An interface that holds nothing.
impl Default for Value {
    fn default() -> Self {
        Self::Interface(Interface::nil())
    }
}

macro_rules! from {
    ($($rust:ty => $variant:ident($($map:tt)*);)*) => {$(
        impl From<$rust> for Value {
            fn from(value: $rust) -> Self {
                Self::$variant(($($map)*)(value))
            }
        }
    )*};
}

from! {
    bool => Bool(std::convert::identity);
    i8 => Int(i64::from);
    i16 => Int(i64::from);
    i32 => Int(i64::from);
    i64 => Int(std::convert::identity);
    u8 => Uint(u64::from);
    u16 => Uint(u64::from);
    u32 => Uint(u64::from);
    u64 => Uint(std::convert::identity);
    f32 => Float(f64::from);
    f64 => Float(std::convert::identity);
    &str => String(GoString::from);
    String => String(GoString::from);
    GoString => String(std::convert::identity);
    &[u8] => Bytes(<[u8]>::to_vec);
    Vec<u8> => Bytes(std::convert::identity);
    Map => Map(std::convert::identity);
    Struct => Struct(std::convert::identity);
    Interface => Interface(std::convert::identity);
    OpaqueValue => Opaque(std::convert::identity);
}

macro_rules! from_vec {
    ($($rust:ty),*) => {$(
        /// A slice.
        impl From<Vec<$rust>> for Value {
            fn from(items: Vec<$rust>) -> Self {
                let items = items.into_iter().map(Self::from).collect();
                Self::Slice(List::typed::<Vec<$rust>>(items))
            }
        }
    )*};
}

from_vec!(bool, i32, i64, u64, f64, String);
