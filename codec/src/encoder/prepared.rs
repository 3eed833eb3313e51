//! [`Prepared`]: a value that is encoded for any stream.

use std::sync::Arc;

use crate::Limits;
use crate::encode::Encode;
use crate::error::Result;
use crate::interface::{EncodedType, InterfaceMark};
use crate::schema::Schema;
use crate::short_bytes::ShortBytes;
use crate::wire::Writer;

/// A value that is encoded but for the ids of its types: it can be appended to
/// any stream, as often as needed.
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
    ty: EncodedType,
    value: ShortBytes,
    /// The interface values in `value`; none for most types.
    marks: Option<Arc<[InterfaceMark]>>,
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

    /// A struct without fields: the one value that needs no encoding, and so cannot
    /// fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::Prepared;
    ///
    /// assert_eq!(Prepared::empty_struct().len(), Prepared::new(&())?.len());
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    #[must_use]
    pub fn empty_struct() -> Self {
        // The end of a struct.
        Self::from_parts(EncodedType::of::<()>(), vec![0], Vec::new())
    }

    /// Encodes a value within other limits than the default ones.
    ///
    /// # Errors
    ///
    /// As for [`Prepared::new`].
    pub fn with_limits<T: Encode>(value: &T, limits: &Limits) -> Result<Self> {
        Self::write(value, Writer::new(Vec::with_capacity(64), limits))
    }

    /// Encodes a value with its maps in the order of their keys' bytes, so that
    /// equal values give equal bytes.
    ///
    /// # Errors
    ///
    /// As for [`Prepared::new`].
    pub fn sorted_maps<T: Encode>(value: &T, limits: &Limits) -> Result<Self> {
        let writer = Writer::new(Vec::with_capacity(64), limits);
        Self::write(value, writer.sorted_maps(true))
    }

    fn write<T: Encode>(value: &T, mut writer: Writer) -> Result<Self> {
        value
            .encode(&mut writer)
            .map_err(|error| error.in_root(T::schema().root_type().name()))?;
        Ok(Self::from_parts(
            EncodedType::of::<T>(),
            writer.buf,
            writer.marks,
        ))
    }

    /// A value that was encoded by a schema built at run time.
    pub(crate) fn dynamic(schema: Arc<Schema>, value: Vec<u8>, marks: Vec<InterfaceMark>) -> Self {
        Self::from_parts(EncodedType::Dynamic(schema), value, marks)
    }

    fn from_parts(ty: EncodedType, value: Vec<u8>, marks: Vec<InterfaceMark>) -> Self {
        Self {
            ty,
            value: ShortBytes::from(value),
            marks: (!marks.is_empty()).then(|| Arc::from(marks)),
        }
    }

    pub(crate) fn ty(&self) -> &EncodedType {
        &self.ty
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.value
    }

    pub(crate) fn marks(&self) -> &[InterfaceMark] {
        self.marks.as_deref().unwrap_or_default()
    }

    /// The type of the value.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.ty.schema()
    }

    /// Bytes of the value, without the ids of types.
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
