//! Appending scalars and composites to a buffer.

mod numbers;

use crate::encode::Encode;
use crate::error::{Error, Result};
use crate::interface::{EncodedType, InterfaceMark};
use crate::schema::Kind;
use crate::{Limits, Prepared};

/// The buffer that values are encoded into.
///
/// [`Encode`] implementations get one from the encoder. Its methods write one
/// item each; none of them writes field numbers or type ids except where it says
/// so.
///
/// # Examples
///
/// A type that travels as Go's `type Span struct { From, Length uint64 }`:
///
/// ```
/// use gobrpc_codec::{Edge, Encode, Gob, Result, SchemaBuilder, Writer, to_vec};
///
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
/// impl Encode for Span {
///     fn encode(&self, writer: &mut Writer) -> Result<()> {
///         writer.enter()?;
///         let mut delta = 1;
///         writer.field(&mut delta, "From", &self.0.start)?;
///         writer.field(&mut delta, "Length", &(self.0.end - self.0.start))?;
///         writer.end_struct();
///         writer.leave();
///         Ok(())
///     }
///     fn is_zero(&self) -> bool {
///         false
///     }
/// }
///
/// // Field 1 alone, as the first is 0: its delta is 2.
/// assert!(to_vec(&Span(0..5))?.ends_with(&[0x02, 0x05, 0x00]));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer {
    pub(crate) buf: Vec<u8>,
    /// The interface values in `buf`, which lack the ids of their types.
    pub(crate) marks: Vec<InterfaceMark>,
    /// Maps are written in the order of their keys' bytes.
    pub(crate) sorted_maps: bool,
    depth_left: usize,
    depth: usize,
}

/// Longest name of a concrete type that Go reads (`decode.go`,
/// `decodeInterface`).
const LONGEST_NAME: usize = 1024;

/// Appends an unsigned integer: below 0x80 the byte itself, else the negated
/// count of big-endian bytes and then those (spec 1.1; `encode.go`, `encodeUint`).
#[inline]
pub(crate) fn put_uint(buf: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        buf.push(value as u8);
    } else {
        put_long_uint(buf, value);
    }
}

#[inline]
fn put_long_uint(buf: &mut Vec<u8>, value: u64) {
    let (bytes, count) = long_uint_bytes(value);
    put(buf, bytes, count);
}

/// Appends so many of the bytes.
#[inline]
fn put(buf: &mut Vec<u8>, bytes: [u8; 9], count: usize) {
    // One append of fixed size and a truncation are cheaper than an append
    // whose size depends on the value.
    let end = buf.len() + count;
    buf.extend_from_slice(&bytes);
    buf.truncate(end);
}

/// An unsigned integer as it is written, and how many of the bytes it takes.
#[inline]
pub(crate) fn uint_bytes(value: u64) -> ([u8; 9], usize) {
    if value < 0x80 {
        let mut bytes = [0; 9];
        bytes[0] = value as u8;
        return (bytes, 1);
    }
    long_uint_bytes(value)
}

#[inline]
fn long_uint_bytes(value: u64) -> ([u8; 9], usize) {
    let skip = value.leading_zeros() / 8;
    let count = 8 - skip;
    let mut bytes = [0; 9];
    bytes[0] = (count as u8).wrapping_neg();
    bytes[1..].copy_from_slice(&(value << (skip * 8)).to_be_bytes());
    (bytes, 1 + count as usize)
}

/// A float as it is written, the bytes of its bits in reverse order, and how many of
/// the bytes it takes.
#[inline]
pub(crate) fn float_bytes(value: f64) -> ([u8; 9], usize) {
    let bits = value.to_bits();
    let mut bytes = [0; 9];
    if bits & !(0x7f << 56) == 0 {
        bytes[0] = (bits >> 56) as u8;
        return (bytes, 1);
    }
    // Big-endian and reversed is little-endian.
    let skip = bits.trailing_zeros() / 8;
    let count = 8 - skip;
    bytes[0] = (count as u8).wrapping_neg();
    bytes[1..].copy_from_slice(&(bits >> (skip * 8)).to_le_bytes());
    (bytes, 1 + count as usize)
}

/// Folds the sign into bit 0 (spec 1.2; `encode.go`, `encodeInt`).
#[inline]
pub(crate) const fn int_to_uint(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

impl Writer {
    pub(crate) fn new(buf: Vec<u8>, limits: &Limits) -> Self {
        Self {
            buf,
            marks: Vec::new(),
            sorted_maps: false,
            depth_left: limits.depth,
            depth: limits.depth,
        }
    }

    pub(crate) fn sorted_maps(mut self, sorted: bool) -> Self {
        self.sorted_maps = sorted;
        self
    }

    /// What `write` would write here, which stays as it is.
    pub(crate) fn apart(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<Vec<u8>> {
        let (length, marks) = (self.buf.len(), self.marks.len());
        write(self)?;
        self.marks.truncate(marks);
        Ok(self.buf.split_off(length))
    }

    /// Writes an unsigned integer.
    #[inline]
    pub fn uint(&mut self, value: u64) {
        put_uint(&mut self.buf, value);
    }

    /// Writes a signed integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        put_uint(&mut self.buf, int_to_uint(value));
    }

    /// Writes a boolean.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.buf.push(u8::from(value));
    }

    /// Writes a float: the bytes of its bits reversed, so that the exponent
    /// comes last and short fractions are short (spec 1.4; `encode.go`, `floatBits`).
    #[inline]
    pub fn float(&mut self, value: f64) {
        let (bytes, count) = float_bytes(value);
        put(&mut self.buf, bytes, count);
    }

    /// Writes a byte count and the bytes: a string, a `[]byte` or the payload of
    /// a marshaler.
    #[inline]
    pub fn bytes(&mut self, value: &[u8]) {
        self.uint(value.len() as u64);
        self.buf.extend_from_slice(value);
    }

    /// Writes two unsigned integers: a field's delta, and its value or the length of it.
    #[inline]
    pub(crate) fn pair(&mut self, delta: u64, value: u64) {
        // Both short is what nearly all are: one look at the buffer's room for both.
        if (delta | value) < 0x80 {
            self.buf.extend_from_slice(&[delta as u8, value as u8]);
        } else {
            self.uint(delta);
            self.uint(value);
        }
    }

    /// Writes bytes as they are.
    #[inline]
    pub fn raw(&mut self, value: &[u8]) {
        self.buf.extend_from_slice(value);
    }

    /// Begins a struct, slice, array or map, one level deeper.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) if values nest deeper than
    /// [`Limits::depth`]: encoding recurses on the stack.
    #[inline]
    pub fn enter(&mut self) -> Result<()> {
        match self.depth_left.checked_sub(1) {
            Some(left) => {
                self.depth_left = left;
                Ok(())
            }
            None => Err(Error::limit("nesting of the value", self.depth, "depth")),
        }
    }

    /// Ends what [`Writer::enter`] began.
    #[inline]
    pub fn leave(&mut self) {
        self.depth_left += 1;
    }

    /// Writes a field of a struct unless it is zero: the distance from the last
    /// field that was written, then the value.
    ///
    /// `delta` starts as 1 and belongs to the struct.
    ///
    /// # Errors
    ///
    /// Those of the field, with its name put before their path.
    #[inline]
    pub fn field<T: Encode + ?Sized>(
        &mut self,
        delta: &mut u64,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        if value.is_zero() {
            *delta += 1;
            return Ok(());
        }
        let result = value.encode_field(*delta, self);
        *delta = 1;
        match result {
            Ok(()) => Ok(()),
            Err(error) => Err(error.in_field(name)),
        }
    }

    /// Ends a struct: the delta 0.
    #[inline]
    pub fn end_struct(&mut self) {
        self.buf.push(0);
    }

    /// Writes an interface that holds nothing.
    #[inline]
    pub fn nil_interface(&mut self) {
        self.buf.push(0);
    }

    /// Writes an interface that holds a value, whose type Go knows by `name`:
    /// `main.Circle`, `*main.Circle`, `int`.
    ///
    /// # Errors
    ///
    /// `Misuse` if the name is empty or longer than the 1,024 bytes that Go
    /// reads, or if `T` is itself an interface; and those of the value.
    pub fn interface<T: Encode + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        let ty = EncodedType::concrete::<T>(name);
        self.concrete(name.as_bytes(), &ty)?;
        let singleton = ty.is_singleton();
        let (index, start) = (self.marks.len(), self.buf.len());
        self.marks.push(InterfaceMark {
            ty,
            start,
            end: start,
        });
        if singleton {
            self.buf.push(0);
        }
        self.enter()?;
        value.encode(self)?;
        self.leave();
        let end = self.buf.len();
        if let Some(mark) = self.marks.get_mut(index) {
            mark.end = end;
        }
        Ok(())
    }

    /// Writes an interface that holds a value which was encoded before.
    ///
    /// # Errors
    ///
    /// `Misuse` if the name is empty or longer than the 1,024 bytes that Go
    /// reads, or if the value is itself an interface.
    pub fn prepared_interface(&mut self, name: &[u8], value: &Prepared) -> Result<()> {
        self.concrete(name, value.ty())?;
        let start = self.buf.len();
        let singleton = usize::from(value.ty().is_singleton());
        if singleton > 0 {
            self.buf.push(0);
        }
        self.buf.extend_from_slice(value.bytes());
        self.marks.push(InterfaceMark {
            ty: value.ty().clone(),
            start,
            end: self.buf.len(),
        });
        let inner = value.marks().iter();
        self.marks
            .extend(inner.map(|mark| mark.behind(start + singleton)));
        Ok(())
    }

    /// Writes the name of an interface's concrete type.
    fn concrete(&mut self, name: &[u8], ty: &EncodedType) -> Result<()> {
        check_name(name)?;
        if matches!(ty.schema().root_type().kind(), Kind::Interface) {
            return Err(Error::misuse(
                "an interface cannot hold an interface; hold what that one holds",
            ));
        }
        self.bytes(name);
        Ok(())
    }
}

/// Refuses the name of a concrete type that Go would not read.
pub(crate) fn check_name(name: &[u8]) -> Result<()> {
    if name.is_empty() {
        return Err(Error::misuse(
            "the value of an interface has no name; give it the one that Go registered its type under",
        ));
    }
    if name.len() > LONGEST_NAME {
        return Err(Error::misuse(format!(
            "the name of an interface's type has {} bytes; {LONGEST_NAME} are the most that Go reads",
            name.len()
        )));
    }
    Ok(())
}

/// How many bytes an unsigned integer takes.
pub(crate) fn uint_len(value: u64) -> usize {
    if value < 0x80 {
        1
    } else {
        9 - value.leading_zeros() as usize / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uint(value: u64) -> Vec<u8> {
        let mut buf = Vec::new();
        put_uint(&mut buf, value);
        buf
    }

    #[test]
    fn uints_are_minimal() {
        assert_eq!(uint(0), [0]);
        assert_eq!(uint(7), [7]);
        assert_eq!(uint(127), [127]);
        assert_eq!(uint(128), [0xff, 0x80]);
        assert_eq!(uint(255), [0xff, 0xff]);
        assert_eq!(uint(256), [0xfe, 0x01, 0x00]);
        assert_eq!(
            uint(u64::MAX),
            [0xf8, 255, 255, 255, 255, 255, 255, 255, 255]
        );
        assert_eq!(uint(1 << 56), [0xf8, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(uint(1 << 48), [0xf9, 1, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn pairs_are_two_uints() {
        for delta in [1, 127, 128, 255, 256] {
            for value in [0, 1, 127, 128, 255, 256, u64::MAX] {
                let mut writer = Writer::new(Vec::new(), &Limits::default());
                writer.pair(delta, value);
                assert_eq!(writer.buf, [uint(delta), uint(value)].concat());
            }
        }
    }

    #[test]
    fn lengths_of_uints() {
        for shift in 0..64 {
            for value in [1 << shift, (1_u64 << shift) - 1, u64::MAX >> shift] {
                assert_eq!(uint_len(value), uint(value).len(), "{value}");
            }
        }
    }

    #[test]
    fn ints_fold_their_sign() {
        assert_eq!(int_to_uint(0), 0);
        assert_eq!(int_to_uint(-1), 1);
        assert_eq!(int_to_uint(1), 2);
        assert_eq!(int_to_uint(-129), 257);
        assert_eq!(int_to_uint(i64::MIN), u64::MAX);
        assert_eq!(int_to_uint(i64::MAX), u64::MAX - 1);
    }

    #[test]
    fn floats_are_reversed() {
        let mut writer = Writer::new(Vec::new(), &Limits::default());
        writer.float(17.0);
        assert_eq!(writer.buf, [0xfe, 0x31, 0x40]);
        let mut values = vec![
            0.0,
            -0.0,
            1.0,
            2.0,
            -2.0,
            1e-300,
            f64::MIN_POSITIVE,
            f64::NAN,
        ];
        values.extend(
            (0..64)
                .flat_map(|bit| [1 << bit, u64::MAX << bit, u64::MAX >> bit])
                .map(f64::from_bits),
        );
        for value in values {
            let (bytes, count) = float_bytes(value);
            assert_eq!(
                bytes[..count],
                uint(value.to_bits().swap_bytes()),
                "{value:e}"
            );
        }
    }
}
