//! Many numbers one after the other: the buffer makes room for a block of them at once,
//! so that it does not ask for each whether it has to grow.

use super::Writer;
use crate::encode::{Encode, encode_items};
use crate::error::Result;

/// Numbers that room is made for at once.
const BLOCK: usize = 64;

/// Fewer are written one by one.
const FEW: usize = 8;

/// A number is never longer.
const LONGEST: usize = 9;

impl Writer {
    /// Writes a slice of numbers: the count, then each as `bytes` gives it, with how
    /// many of the bytes count.
    ///
    /// # Errors
    ///
    /// As for [`Writer::enter`].
    #[inline]
    pub(crate) fn numbers<T: Encode + Copy>(
        &mut self,
        items: &[T],
        bytes: impl Fn(T) -> ([u8; LONGEST], usize),
    ) -> Result<()> {
        self.uint(items.len() as u64);
        if items.len() < FEW {
            return encode_items(items, self);
        }
        self.enter()?;
        for items in items.chunks(BLOCK) {
            let start = self.buf.len();
            self.buf.resize(start + LONGEST * items.len(), 0);
            let block = self.buf.get_mut(start..).unwrap_or_default();
            let mut length = 0;
            for &item in items {
                let (bytes, count) = bytes(item);
                // All nine: those that do not count are written over.
                let Some(place) = block.get_mut(length..length + LONGEST) else {
                    break;
                };
                place.copy_from_slice(&bytes);
                length += count;
            }
            self.buf.truncate(start + length);
        }
        self.leave();
        Ok(())
    }
}
