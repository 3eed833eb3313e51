//! Many numbers one after the other: they are gathered in a block, so that the buffer
//! asks once for many of them whether it has to grow.

use super::Writer;
use crate::encode::{Encode, encode_items};
use crate::error::Result;

/// Numbers of a block; fewer are not worth one.
const BLOCK: usize = 16;

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
        if items.len() < BLOCK {
            return encode_items(items, self);
        }
        self.enter()?;
        let mut block = [0; LONGEST * BLOCK];
        for items in items.chunks(BLOCK) {
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
            self.raw(block.get(..length).unwrap_or_default());
        }
        self.leave();
        Ok(())
    }
}
