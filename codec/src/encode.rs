//! [`Encode`]: Rust values as gob values.

use crate::Gob;
use crate::error::Result;
use crate::wire::Writer;

/// A value that can be written as gob.
///
/// `#[derive(Gob)]` implements it. By hand:
///
/// ```
/// use gobrpc_codec::{Edge, Encode, Gob, Result, SchemaBuilder, Writer, to_vec};
///
/// /// Travels as Go's `type Celsius float64`.
/// struct Celsius(f64);
///
/// impl Gob for Celsius {
///     type Static = Self;
///     fn describe(schema: &mut SchemaBuilder) -> Edge {
///         schema.newtype::<Self, f64>("Celsius", "main")
///     }
/// }
///
/// impl Encode for Celsius {
///     fn encode(&self, writer: &mut Writer) -> Result<()> {
///         self.0.encode(writer)
///     }
///     fn is_zero(&self) -> bool {
///         self.0.is_zero()
///     }
/// }
///
/// assert_eq!(to_vec(&Celsius(17.0))?, to_vec(&17.0)?);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be encoded as gob",
    label = "no gob encoding",
    note = "for a struct or newtype of yours, write `#[derive(Gob)]`"
)]
pub trait Encode: Gob {
    /// Writes the value, without field number and type id.
    ///
    /// # Errors
    ///
    /// `Misuse` for what gob cannot express (a nil element of a slice), `Limit`
    /// if the value nests too deep.
    fn encode(&self, writer: &mut Writer) -> Result<()>;

    /// True if the value is left out as the field of a struct.
    ///
    /// Go leaves out false, 0, "", empty slices and nil pointers, and always
    /// sends structs, arrays and maps that are not nil (`encode.go`, `encOpFor`).
    /// A Rust map is never nil.
    fn is_zero(&self) -> bool;

    /// Writes the value behind `delta`, as a field of a struct.
    #[doc(hidden)]
    #[inline]
    fn encode_field(&self, delta: u64, writer: &mut Writer) -> Result<()> {
        writer.uint(delta);
        self.encode(writer)
    }

    /// As [`Encode::is_zero`], for a value behind a pointer: Go sends a pointer
    /// to a zero `time.Time`.
    #[doc(hidden)]
    fn is_zero_pointee(&self) -> bool {
        self.is_zero()
    }

    /// Writes a slice of such values: the count, then each.
    #[doc(hidden)]
    fn encode_slice(items: &[Self], writer: &mut Writer) -> Result<()>
    where
        Self: Sized,
    {
        writer.uint(items.len() as u64);
        if Self::BYTE {
            for item in items {
                writer.raw(&[item.to_byte()]);
            }
            return Ok(());
        }
        encode_items(items, writer)
    }

    /// The byte, where [`Gob::BYTE`] is true.
    #[doc(hidden)]
    fn to_byte(&self) -> u8 {
        0
    }
}

/// Writes elements one after the other; an error gets its index.
pub(crate) fn encode_items<'a, T: Encode + 'a>(
    items: impl IntoIterator<Item = &'a T>,
    writer: &mut Writer,
) -> Result<()> {
    writer.enter()?;
    for (index, item) in items.into_iter().enumerate() {
        if let Err(error) = item.encode(writer) {
            return Err(error.in_index(index));
        }
    }
    writer.leave();
    Ok(())
}
