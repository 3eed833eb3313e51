//! [`Complex64`] and [`Complex128`]: Go's complex numbers.

use crate::error::Result;
use crate::plan::NodeId;
use crate::schema::{Edge, Kind, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob};

macro_rules! complex {
    ($name:ident, $float:ty, $go:literal, $doc:literal) => {
        #[doc = $doc]
        ///
        /// Two floats on the wire (`encode.go`, `encComplex`). A zero field is
        /// left out, also one of negative zeros.
        ///
        /// # Examples
        ///
        /// ```
        #[doc = concat!("use gobrpc_codec::go::", stringify!($name), ";")]
        /// use gobrpc_codec::{from_slice, to_vec};
        ///
        #[doc = concat!("let number = ", stringify!($name), " { re: 1.0, im: -2.5 };")]
        #[doc = concat!("assert_eq!(from_slice::<", stringify!($name), ">(&to_vec(&number)?)?, number);")]
        /// # Ok::<(), gobrpc_codec::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, Default, PartialEq)]
        pub struct $name {
            /// The real part.
            pub re: $float,
            /// The imaginary part.
            pub im: $float,
        }

        impl Gob for $name {
            type Static = Self;
            fn describe(schema: &mut SchemaBuilder) -> Edge {
                schema.scalar::<Self>(Kind::Complex, $go)
            }
        }

        impl Encode for $name {
            fn encode(&self, writer: &mut Writer) -> Result<()> {
                self.re.encode(writer)?;
                self.im.encode(writer)
            }
            fn is_zero(&self) -> bool {
                self.re == 0.0 && self.im == 0.0
            }
        }

        impl<'de> Decode<'de> for $name {
            fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
                Ok(Self {
                    re: <$float>::decode(reader, plan)?,
                    im: <$float>::decode(reader, plan)?,
                })
            }
            fn zero() -> Result<Self> {
                Ok(Self::default())
            }
        }

        impl From<($float, $float)> for $name {
            fn from((re, im): ($float, $float)) -> Self {
                Self { re, im }
            }
        }

        impl From<$name> for ($float, $float) {
            fn from(number: $name) -> Self {
                (number.re, number.im)
            }
        }
    };
}

complex!(
    Complex64,
    f32,
    "complex64",
    "Go's `complex64`: parts beyond `f32`'s range are an error, as in Go."
);
complex!(Complex128, f64, "complex128", "Go's `complex128`.");
