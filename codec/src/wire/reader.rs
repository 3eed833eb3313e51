//! Taking scalars and composites from a value's bytes.

mod held;
mod numbers;

pub use held::HeldValue;

use crate::Limits;
use crate::decode::Decode;
use crate::decoder::PlanCache;
use crate::error::{Error, Result};
use crate::plan::{Field, Node, NodeId, Plan, SKIP};
use crate::steps::steps;
use crate::types::TypeTable;
use crate::walk::skip_value;

/// The bytes of one value that is being decoded, and the plan
/// that says how they map onto the local type.
///
/// [`Decode`] implementations get one from the decoder. Every method checks the
/// bytes and the limits before it allocates.
///
/// # Examples
///
/// A string that is kept as one of a few numbers, and of which no copy is made:
///
/// ```
/// use gobrpc_codec::{Decode, Edge, Error, Gob, NodeId, Reader, Result, SchemaBuilder};
/// use gobrpc_codec::{from_slice, to_vec};
///
/// #[derive(Debug, PartialEq)]
/// enum Level { Info, Error }
///
/// impl Gob for Level {
///     type Static = Self;
///     fn describe(schema: &mut SchemaBuilder) -> Edge {
///         schema.newtype::<Self, String>("Level", "main")
///     }
/// }
///
/// impl<'de> Decode<'de> for Level {
///     fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
///         let at = reader.offset();
///         match reader.str()? {
///             "" | "info" => Ok(Self::Info),
///             "error" => Ok(Self::Error),
///             other => Err(Error::mismatch(format!("{other:?} is no level")).at_offset(at)),
///         }
///     }
///     fn zero() -> Result<Self> {
///         Ok(Self::Info)
///     }
/// }
///
/// assert_eq!(from_slice::<Level>(&to_vec(&"error")?)?, Level::Error);
/// let error = from_slice::<Level>(&to_vec(&"fatal")?).unwrap_err();
/// // Behind the length, the type id and the 0 before a value that is no struct.
/// assert_eq!(error.to_string(), "at byte 3, Level: \"fatal\" is no level");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Reader<'de, 'p> {
    rest: &'de [u8],
    plan: &'p Plan,
    types: &'p TypeTable,
    /// The plans of the stream: those for the values of interfaces.
    plans: &'p PlanCache,
    /// Stream offset of the end of `rest`.
    end: u64,
    depth_left: usize,
    memory_left: usize,
    limits: &'p Limits,
}

/// The fields of a struct that are still to come; see [`Reader::next_field`].
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Decode, Edge, Gob, NodeId, Reader, Result, SchemaBuilder};
/// use gobrpc_codec::{from_slice, to_vec};
///
/// /// Travels as Go's `type Span struct { From, Length uint64 }`.
/// #[derive(Debug, PartialEq)]
/// struct Span(std::ops::Range<u64>);
///
/// impl Gob for Span {
///     type Static = Self;
///     fn describe(schema: &mut SchemaBuilder) -> Edge {
///         schema.structure::<Self>("Span", "main", |fields| {
///             fields.field::<u64>("From").field::<u64>("Length");
///         })
///     }
/// }
///
/// impl<'de> Decode<'de> for Span {
///     fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
///         let (mut from, mut length) = (0_u64, 0_u64);
///         let mut fields = reader.enter_struct(plan)?;
///         // Only what was sent comes: what is zero was not.
///         while let Some((field, plan)) = reader.next_field(&mut fields)? {
///             match field {
///                 0 => from = reader.field(plan, "From")?,
///                 _ => length = reader.field(plan, "Length")?,
///             }
///         }
///         Ok(Self(from..from.saturating_add(length)))
///     }
///     fn zero() -> Result<Self> {
///         Ok(Self(0..0))
///     }
/// }
///
/// #[derive(Gob)]
/// #[gob(name = "Span")]
/// struct Sent { length: u64, from: u64 }
///
/// let stream = to_vec(&Sent { length: 5, from: 3 })?;
/// assert_eq!(from_slice::<Span>(&stream)?, Span(3..8));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug)]
pub struct StructFields<'p> {
    /// Those that may still come, in wire order: a delta of 1 names the first.
    rest: &'p [Field],
    /// How many fields the wire type has.
    count: usize,
}

/// Reads one unsigned integer off the front of `input`.
///
/// More bytes than needed are accepted, as Go does (`decode.go`, `decodeUint`);
/// `None` if the input ends early, an error if the byte count is above eight.
#[inline]
pub(crate) fn uint(input: &mut &[u8]) -> Result<Option<u64>> {
    steps(1);
    let Some((&first, rest)) = input.split_first() else {
        return Ok(None);
    };
    if first < 0x80 {
        *input = rest;
        return Ok(Some(u64::from(first)));
    }
    long_uint(first, rest, input)
}

#[inline]
fn long_uint<'a>(first: u8, rest: &'a [u8], input: &mut &'a [u8]) -> Result<Option<u64>> {
    let count = usize::from(first.wrapping_neg());
    if count > 8 {
        return Err(bad_uint(count));
    }
    // `first` is at least 0x80, so that `count` is at least 1.
    if let Some(eight) = rest.first_chunk::<8>() {
        *input = rest.get(count..).unwrap_or_default();
        return Ok(Some(u64::from_be_bytes(*eight) >> (64 - 8 * count)));
    }
    let Some((digits, rest)) = rest.split_at_checked(count) else {
        return Ok(None);
    };
    *input = rest;
    Ok(Some(
        digits
            .iter()
            .fold(0, |value, &digit| value << 8 | u64::from(digit)),
    ))
}

/// Takes the sign out of bit 0 (spec 1.2; `decode.go`, `toInt`).
#[inline]
pub(crate) const fn uint_to_int(folded: u64) -> i64 {
    (folded >> 1) as i64 ^ -((folded & 1) as i64)
}

/// The float whose bits, their bytes reversed, an unsigned integer has (spec 1.4;
/// `decode.go`, `float64FromBits`).
#[inline]
pub(crate) const fn uint_to_float(reversed: u64) -> f64 {
    f64::from_bits(reversed.swap_bytes())
}

#[cold]
fn bad_uint(count: usize) -> Error {
    Error::malformed(format!("an integer of {count} bytes (8 is the most)"))
}

#[cold]
fn not_utf8(error: std::str::Utf8Error) -> Error {
    Error::mismatch(format!(
        "the string is not UTF-8 ({error}); decode it into GoString"
    ))
}

impl<'de, 'p> Reader<'de, 'p> {
    /// `end` is the stream offset just behind `value`.
    pub(crate) fn new(
        value: &'de [u8],
        plan: &'p Plan,
        types: &'p TypeTable,
        plans: &'p PlanCache,
        end: u64,
    ) -> Self {
        let limits = plans.limits();
        Self {
            rest: value,
            plan,
            types,
            plans,
            end,
            depth_left: limits.depth,
            memory_left: limits.memory_bytes,
            limits,
        }
    }

    /// Offset of the next byte in the stream.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.end.saturating_sub(self.rest.len() as u64)
    }

    #[cold]
    fn early_end(&self) -> Error {
        // The message itself is whole: its length lies, or the value does.
        Error::malformed("the value goes on past the end of its message").at_offset(self.offset())
    }

    #[cold]
    fn place(&self, error: Error) -> Error {
        error.at_offset(self.offset())
    }

    /// Says that the value of the message ends here. Go drops what follows
    /// (`decoder.go`, `decodeValue`), and so do we as far as the limit goes.
    pub(crate) fn end(&self) -> Result<()> {
        let checked = self.limits.check_trailing(self.rest.len());
        checked.map_err(|error| self.place(error))
    }

    /// Reads an unsigned integer.
    ///
    /// # Errors
    ///
    /// `Malformed` if its byte count is above eight or the value ends.
    #[inline]
    pub fn uint(&mut self) -> Result<u64> {
        let mut rest = self.rest;
        match uint(&mut rest) {
            Ok(Some(value)) => {
                self.rest = rest;
                Ok(value)
            }
            Ok(None) => Err(self.early_end()),
            Err(error) => Err(self.place(error)),
        }
    }

    /// Reads a signed integer.
    ///
    /// # Errors
    ///
    /// As for [`Reader::uint`].
    #[inline]
    pub fn int(&mut self) -> Result<i64> {
        self.uint().map(uint_to_int)
    }

    /// Reads a boolean: any number but 0 is true, as in Go (`decode.go`,
    /// `decBool`).
    ///
    /// # Errors
    ///
    /// As for [`Reader::uint`].
    #[inline]
    pub fn bool(&mut self) -> Result<bool> {
        Ok(self.uint()? != 0)
    }

    /// Reads a float.
    ///
    /// # Errors
    ///
    /// As for [`Reader::uint`].
    #[inline]
    pub fn float(&mut self) -> Result<f64> {
        self.uint().map(uint_to_float)
    }

    /// Reads a byte count and the bytes, without a copy.
    ///
    /// # Errors
    ///
    /// `Malformed` if the count is more than what is left.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'de [u8]> {
        let count = self.uint()?;
        self.take(count)
    }

    #[inline]
    fn take(&mut self, count: u64) -> Result<&'de [u8]> {
        match usize::try_from(count)
            .ok()
            .and_then(|count| self.rest.split_at_checked(count))
        {
            Some((bytes, rest)) => {
                steps(bytes.len());
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.too_long(count)),
        }
    }

    #[cold]
    fn too_long(&self, count: u64) -> Error {
        Error::malformed(format!(
            "a length of {count} where {} bytes are left",
            self.rest.len()
        ))
        .at_offset(self.offset())
    }

    /// Reads a string, without a copy.
    ///
    /// # Errors
    ///
    /// `Malformed` if the count is more than what is left; `Mismatch` if the
    /// bytes are not UTF-8, which Go does not ask of a string: decode those into
    /// bytes.
    #[inline]
    pub fn str(&mut self) -> Result<&'de str> {
        let before = self.offset();
        let bytes = self.bytes()?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(error) => Err(not_utf8(error).at_offset(before)),
        }
    }

    /// Reads a string into memory of its own, which it is charged for.
    ///
    /// # Errors
    ///
    /// As for [`Reader::str`] and [`Reader::charge`].
    #[inline]
    pub(crate) fn string(&mut self) -> Result<String> {
        let before = self.offset();
        let bytes = self.bytes()?;
        self.charge(bytes.len())?;
        // Checked where it will stay: memory from an allocator is aligned, and there
        // the standard library looks at sixteen bytes at once.
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Ok(text),
            Err(error) => Err(not_utf8(error.utf8_error()).at_offset(before)),
        }
    }

    /// Charges memory that the decoded value is about to own.
    ///
    /// # Errors
    ///
    /// `Limit` if the value would own more than
    /// [`Limits::memory_bytes`].
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<()> {
        match self.memory_left.checked_sub(bytes) {
            Some(left) => {
                self.memory_left = left;
                Ok(())
            }
            None => Err(self.over_memory()),
        }
    }

    #[cold]
    fn over_memory(&self) -> Error {
        Error::limit(
            "memory of the decoded value",
            self.limits.memory_bytes,
            "memory_bytes",
        )
        .at_offset(self.offset())
    }

    /// Goes one level deeper.
    ///
    /// # Errors
    ///
    /// `Limit` if that is deeper than [`Limits::depth`].
    #[inline]
    pub fn enter(&mut self) -> Result<()> {
        match self.depth_left.checked_sub(1) {
            Some(left) => {
                self.depth_left = left;
                Ok(())
            }
            None => Err(self.too_deep()),
        }
    }

    #[cold]
    fn too_deep(&self) -> Error {
        Error::limit("nesting of the value", self.limits.depth, "depth").at_offset(self.offset())
    }

    /// Comes one level up.
    #[inline]
    pub fn leave(&mut self) {
        self.depth_left += 1;
    }

    /// Starts a struct; follow with [`Reader::next_field`] until it gives
    /// `None`, which also leaves the struct.
    ///
    /// # Errors
    ///
    /// `Limit` if values nest too deep; `Misuse` if `plan` is not that of a
    /// struct: the type's `describe` and `decode` disagree.
    #[inline]
    pub fn enter_struct(&mut self, plan: NodeId) -> Result<StructFields<'p>> {
        self.enter()?;
        match self.plan.node(plan) {
            Some(Node::Struct(fields)) => Ok(StructFields {
                rest: fields,
                count: fields.len(),
            }),
            _ => Err(self.wrong_plan("struct")),
        }
    }

    /// The number of the next field of the local struct that was sent, and the
    /// plan of its value. Fields that the local type lacks are skipped.
    ///
    /// The number is the place of the field in the local type's description. At
    /// the end of the value the terminator may be missing, as in Go (`decode.go`,
    /// `decodeStruct`).
    ///
    /// # Errors
    ///
    /// `Malformed` if a field number is out of range or a skipped value is
    /// malformed.
    #[inline]
    pub fn next_field(&mut self, fields: &mut StructFields<'p>) -> Result<Option<(u16, NodeId)>> {
        // Nearly every delta is 1, and leads to a field that the local type has.
        match self.rest.split_first() {
            Some((1, rest)) => {
                if let Some((field, later)) = fields.rest.split_first()
                    && field.local != SKIP
                {
                    steps(1);
                    self.rest = rest;
                    fields.rest = later;
                    return Ok(Some((field.local, field.node)));
                }
            }
            Some((0, rest)) => {
                steps(1);
                self.rest = rest;
                self.leave();
                return Ok(None);
            }
            _ => {}
        }
        self.any_field(fields)
    }

    /// The next field, whatever its delta is.
    fn any_field(&mut self, fields: &mut StructFields<'p>) -> Result<Option<(u16, NodeId)>> {
        loop {
            steps(1);
            let delta = match self.rest.split_first() {
                None | Some((0, _)) => {
                    self.rest = self.rest.get(1..).unwrap_or_default();
                    self.leave();
                    return Ok(None);
                }
                Some((&short, rest)) if short < 0x80 => {
                    self.rest = rest;
                    u64::from(short)
                }
                Some(_) => self.uint()?,
            };
            // A delta of 0 that takes more than one byte ends the struct, too.
            let Some(ahead) = delta.checked_sub(1) else {
                self.leave();
                return Ok(None);
            };
            let field = usize::try_from(ahead)
                .ok()
                .and_then(|ahead| fields.rest.get(ahead..)?.split_first());
            let Some((field, rest)) = field else {
                return Err(self.bad_delta(delta, fields));
            };
            fields.rest = rest;
            if field.local != SKIP {
                return Ok(Some((field.local, field.node)));
            }
            self.skip_wire(field.wire)?;
        }
    }

    #[cold]
    fn bad_delta(&self, delta: u64, fields: &StructFields<'_>) -> Error {
        Error::malformed(format!(
            "field delta {delta} after field {} of a struct of {} fields",
            fields.count - fields.rest.len(),
            fields.count
        ))
        .at_offset(self.offset())
    }

    /// Decodes one field of a struct.
    ///
    /// # Errors
    ///
    /// Those of the value, with `name` put before their path.
    #[inline]
    pub fn field<T: Decode<'de>>(&mut self, plan: NodeId, name: &'static str) -> Result<T> {
        match T::decode(self, plan) {
            Ok(value) => Ok(value),
            Err(error) => Err(error.in_field(name)),
        }
    }

    /// Decodes one field of a struct into what it is.
    ///
    /// # Errors
    ///
    /// Those of the value, with `name` put before their path.
    #[doc(hidden)]
    #[inline]
    pub fn merge_field<T: Decode<'de>>(
        &mut self,
        plan: NodeId,
        name: &'static str,
        into: &mut T,
    ) -> Result<()> {
        match into.merge(self, plan) {
            Ok(()) => Ok(()),
            Err(error) => Err(error.in_field(name)),
        }
    }

    /// As [`Reader::field`], into its place: generated code has many fields, and
    /// where a field's result passes through their frame, values nest less deep.
    #[doc(hidden)]
    #[inline]
    pub fn field_into<T: Decode<'de>>(
        &mut self,
        plan: NodeId,
        name: &'static str,
        into: &mut Option<T>,
    ) -> Result<()> {
        match T::decode(self, plan) {
            Ok(value) => {
                *into = Some(value);
                Ok(())
            }
            Err(error) => Err(error.in_field(name)),
        }
    }

    /// Starts a slice: the count of its elements and their plan.
    ///
    /// # Errors
    ///
    /// `Malformed` if the count cannot be true, since every element takes a byte
    /// or more; `Misuse` as for [`Reader::enter_struct`].
    #[inline]
    pub fn enter_slice(&mut self, plan: NodeId) -> Result<(usize, NodeId)> {
        match self.plan.node(plan) {
            Some(Node::Slice(elem)) => Ok((self.count(1)?, *elem)),
            _ => Err(self.wrong_plan("slice")),
        }
    }

    /// Starts an array of `length` elements: their plan.
    ///
    /// # Errors
    ///
    /// `Malformed` if another count was sent; `Misuse` as for
    /// [`Reader::enter_struct`].
    #[inline]
    pub fn enter_array(&mut self, plan: NodeId, length: usize) -> Result<NodeId> {
        match self.plan.node(plan) {
            Some(Node::Array(elem)) => {
                let elem = *elem;
                let count = self.uint()?;
                if count == length as u64 {
                    Ok(elem)
                } else {
                    Err(self.place(Error::malformed(format!(
                        "{count} elements of an array of {length}"
                    ))))
                }
            }
            _ => Err(self.wrong_plan("array")),
        }
    }

    /// Starts a map: the count of its entries and the plans of key and element.
    ///
    /// # Errors
    ///
    /// As for [`Reader::enter_slice`].
    #[inline]
    pub fn enter_map(&mut self, plan: NodeId) -> Result<(usize, NodeId, NodeId)> {
        match self.plan.node(plan) {
            Some(Node::Map(key, elem)) => Ok((self.count(2)?, *key, *elem)),
            _ => Err(self.wrong_plan("map")),
        }
    }

    /// The count that comes next, which stays unread.
    pub(crate) fn count_ahead(&self) -> Option<u64> {
        let mut rest = self.rest;
        uint(&mut rest).ok().flatten()
    }

    /// Reads a count of items that take `least` bytes each or more.
    #[inline]
    fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.uint()?;
        match usize::try_from(count) {
            // The terminator of a last struct may be missing, so that its last
            // byte may be.
            Ok(known) if known <= self.rest.len().div_ceil(least) => Ok(known),
            _ => Err(self.too_many(count)),
        }
    }

    #[cold]
    fn too_many(&self, count: u64) -> Error {
        Error::malformed(format!(
            "a count of {count} where {} bytes are left",
            self.rest.len()
        ))
        .at_offset(self.offset())
    }

    /// Takes the 0 that stands before a value that is no struct.
    #[inline]
    pub(crate) fn singleton(&mut self) -> Result<()> {
        if self.plan.is_singleton() && self.uint()? != 0 {
            return Err(self.no_singleton());
        }
        Ok(())
    }

    #[cold]
    fn no_singleton(&self) -> Error {
        self.place(Error::malformed(
            "a value that is no struct has no 0 before it",
        ))
    }

    /// How many of `count` elements to make room for before they are read.
    ///
    /// Room for all of them, unless that is out of proportion to the bytes that
    /// are left: a lie about a count must not buy memory.
    #[inline]
    #[must_use]
    pub fn room_for<T>(&self, count: usize) -> usize {
        let size = size_of::<T>().max(1);
        count.min((self.rest.len().saturating_mul(8).saturating_add(4096)) / size)
    }

    /// Checks that an element can follow: Go wants at least one byte for each
    /// (`decode.go`, `decodeArrayHelper`), and so an element makes progress.
    ///
    /// # Errors
    ///
    /// `Malformed` if the value ends here.
    #[inline]
    pub fn expect_element(&self) -> Result<()> {
        if self.rest.is_empty() {
            Err(self.early_end())
        } else {
            Ok(())
        }
    }

    /// Skips a value.
    ///
    /// # Errors
    ///
    /// `Malformed` if it is.
    pub fn skip(&mut self, plan: NodeId) -> Result<()> {
        match self.plan.wire(plan) {
            Some(wire) => self.skip_wire(wire),
            None => Err(self.wrong_plan("value")),
        }
    }

    /// Skips a value of this wire type.
    pub(crate) fn skip_wire(&mut self, wire: i32) -> Result<()> {
        let mut rest = self.rest;
        let result = skip_value(self.types, wire, &mut rest, self.limits);
        self.rest = rest;
        result.map_err(|error| self.place(error))
    }

    #[cold]
    fn wrong_plan(&self, want: &str) -> Error {
        Error::misuse(format!(
            "a type reads itself as a {want} but describes itself as something else; \
             make its Gob::describe agree with its Decode::decode"
        ))
        .at_offset(self.offset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<u64>> {
        let mut input = bytes;
        uint(&mut input)
    }

    #[test]
    fn uints() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[0x7f]).unwrap(), Some(127));
        assert_eq!(read(&[0xff, 0x80]).unwrap(), Some(128));
        assert_eq!(read(&[0xff]).unwrap(), None);
        assert_eq!(read(&[0xfe, 1]).unwrap(), None);
        assert_eq!(read(&[0xfe, 1, 0, 9, 9, 9, 9, 9, 9]).unwrap(), Some(256));
        // Not minimal, which Go accepts.
        assert_eq!(read(&[0xf8, 0, 0, 0, 0, 0, 0, 0, 6]).unwrap(), Some(6));
        assert_eq!(
            read(&[0xf8, 255, 255, 255, 255, 255, 255, 255, 255]).unwrap(),
            Some(u64::MAX)
        );
        assert!(read(&[0xf7, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
        assert!(read(&[0x80]).is_err());
    }
}
