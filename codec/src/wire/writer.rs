//! Appending scalars and composites to a buffer.

use crate::Limits;
use crate::encode::Encode;
use crate::error::{Error, Result};

/// The buffer that values are encoded into.
///
/// [`Encode`] implementations get one from the encoder. Its methods write one
/// item each; none of them writes field numbers or type ids except where it says
/// so.
#[derive(Debug)]
pub struct Writer {
    pub(crate) buf: Vec<u8>,
    depth_left: usize,
    depth: usize,
}

/// Appends an unsigned integer: below 0x80 the byte itself, else the negated
/// count of big-endian bytes and then those (`encode.go`, `encodeUint`).
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
    // One append of fixed size and a truncation are cheaper than an append
    // whose size depends on the value.
    let skip = value.leading_zeros() / 8;
    let count = 8 - skip;
    let mut bytes = [0; 9];
    bytes[0] = (count as u8).wrapping_neg();
    bytes[1..].copy_from_slice(&(value << (skip * 8)).to_be_bytes());
    let end = buf.len() + 1 + count as usize;
    buf.extend_from_slice(&bytes);
    buf.truncate(end);
}

/// Folds the sign into bit 0 (`encode.go`, `encodeInt`).
#[inline]
pub(crate) const fn int_to_uint(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

impl Writer {
    pub(crate) fn new(buf: Vec<u8>, limits: &Limits) -> Self {
        Self {
            buf,
            depth_left: limits.depth,
            depth: limits.depth,
        }
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
    /// comes last and short fractions are short (`encode.go`, `floatBits`).
    #[inline]
    pub fn float(&mut self, value: f64) {
        put_uint(&mut self.buf, value.to_bits().swap_bytes());
    }

    /// Writes a byte count and the bytes: a string, a `[]byte` or the payload of
    /// a marshaler.
    #[inline]
    pub fn bytes(&mut self, value: &[u8]) {
        self.uint(value.len() as u64);
        self.buf.extend_from_slice(value);
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
        self.uint(*delta);
        *delta = 1;
        match value.encode(self) {
            Ok(()) => Ok(()),
            Err(error) => Err(error.in_field(name)),
        }
    }

    /// Ends a struct: the delta 0.
    #[inline]
    pub fn end_struct(&mut self) {
        self.buf.push(0);
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
    }
}
