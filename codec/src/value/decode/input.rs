//! [`Input`]: the bytes of a value, and what it may still own.

use crate::Limits;
use crate::error::{Error, Result};
use crate::steps::steps;
use crate::wire::read_uint;

/// The bytes that are left of a value, and the memory that it may still own.
pub(super) struct Input<'a> {
    rest: &'a [u8],
    limits: &'a Limits,
    memory_left: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8], limits: &'a Limits) -> Self {
        Self {
            rest: bytes,
            limits,
            memory_left: limits.memory_bytes,
        }
    }

    /// How many bytes are left.
    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn memory_left(&self) -> usize {
        self.memory_left
    }

    pub(super) fn charge(&mut self, bytes: usize) -> Result<()> {
        match self.memory_left.checked_sub(bytes) {
            Some(left) => {
                self.memory_left = left;
                Ok(())
            }
            None => Err(Error::limit(
                "memory of the decoded value",
                self.limits.memory_bytes,
                "memory_bytes",
            )),
        }
    }

    pub(super) fn uint(&mut self) -> Result<u64> {
        read_uint(&mut self.rest)?.ok_or_else(early_end)
    }

    pub(super) fn int(&mut self) -> Result<i64> {
        let folded = self.uint()?;
        Ok((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }

    pub(super) fn float(&mut self) -> Result<f64> {
        Ok(f64::from_bits(self.uint()?.swap_bytes()))
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>> {
        let length = self.uint()?;
        let bytes = self.take(length)?;
        self.charge(bytes.len())?;
        Ok(bytes.to_vec())
    }

    pub(super) fn expect_part(&self) -> Result<()> {
        if self.rest.is_empty() {
            return Err(early_end());
        }
        Ok(())
    }

    /// Reads a count of items that take `least` bytes each or more; the last one
    /// may lack its last byte, the terminator of a struct.
    pub(super) fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.uint()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.rest.len().div_ceil(least) => Ok(count),
            _ => Err(Error::malformed(format!(
                "a count of {count} where {} bytes are left",
                self.rest.len()
            ))),
        }
    }

    #[cold]
    pub(super) fn too_long(&self, length: u64) -> Error {
        Error::malformed(format!(
            "a length of {length} where {} bytes are left",
            self.rest.len()
        ))
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8]> {
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
}

#[cold]
fn early_end() -> Error {
    Error::malformed("the value goes on past the end of its message")
}
