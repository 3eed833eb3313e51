//! How bodies travel in fewer bytes.
//!
//! Between peers that both want it, a body of [`COMPRESS_MIN`] bytes or more goes as a
//! gob stream of its own in a block of LZ4, if that saves an eighth at least. A body that
//! goes in chunks ([`crate::chunks`]) is cut first and each of them compressed by itself: so no
//! step takes longer than 64 KiB do, and no chunk can become more than a chunk, whatever
//! a peer sends. LZ4 looks back no farther than 64 KiB anyhow.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use gobrpc_codec::{Limits, RawValue};

use crate::body::Body;
use crate::chunks;
use crate::error::{Error, Result};

/// The shortest body that is compressed (1 KiB): one that fits a packet as it is gains
/// nothing.
pub const COMPRESS_MIN: usize = 1 << 10;

/// The most that a block may hold (1 MiB), which takes a millisecond or two: longer
/// bodies that are not cut, such as items of streams, go as they are.
pub const BLOCK_MAX: usize = 1 << 20;

/// The name of what is used in the field `Enc`: the length of the contents in four
/// bytes, the lowest first, and a block of LZ4.
pub(crate) const LZ4: &str = "lz4";

/// How a body is compressed, as its header says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    #[default]
    None,
    Lz4,
    /// Of this name, which is not known here.
    Unknown(Box<str>),
}

impl Encoding {
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "" => Self::None,
            LZ4 => Self::Lz4,
            other => Self::Unknown(other.chars().take(32).collect()),
        }
    }

    #[inline]
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// What such bytes hold, which is `max` bytes at the most. `agreed` says that the
    /// peer may compress.
    ///
    /// # Errors
    ///
    /// If it may not, or the bytes are wrong, or hold more.
    pub(crate) fn open<'a>(
        &self,
        bytes: &'a [u8],
        agreed: bool,
        max: usize,
    ) -> Result<Cow<'a, [u8]>> {
        match self {
            Self::None => Ok(Cow::Borrowed(bytes)),
            Self::Lz4 if agreed => unpacked(bytes, max).map(Cow::Owned),
            Self::Lz4 => Err(not_agreed(LZ4)),
            Self::Unknown(name) => Err(not_agreed(name)),
        }
    }

    /// The body that such a one holds.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open), or if it holds no single value.
    pub(crate) fn body(&self, raw: RawValue, agreed: bool, limits: Limits) -> Result<Body> {
        let packed = Body::from(raw);
        let max = BLOCK_MAX.min(limits.message_bytes.saturating_add(limits.type_bytes));
        let stream = self.open(packed.borrow()?, agreed, max)?;
        let stream = BytesMut::from(Bytes::from(stream.into_owned()));
        chunks::from_stream(stream, limits)
    }
}

fn not_agreed(name: &str) -> Error {
    Error::invalid_argument(format!(
        "the body is compressed by {name:?}, and that was not agreed on"
    ))
}

/// The bytes as a block, if that saves enough to be worth the work at both ends.
#[cfg(feature = "compression")]
pub(crate) fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(bytes.len()).ok()?;
    if bytes.len() < COMPRESS_MIN || bytes.len() > BLOCK_MAX {
        return None;
    }
    let mut block = vec![0; 4 + lz4_flex::block::get_maximum_output_size(bytes.len())];
    let (head, rest) = block.split_at_mut(4);
    head.copy_from_slice(&length.to_le_bytes());
    let packed = lz4_flex::block::compress_into(bytes, rest).ok()?;
    block.truncate(4 + packed);
    (block.len() <= bytes.len() - bytes.len() / 8).then_some(block)
}

#[cfg(not(feature = "compression"))]
pub(crate) fn packed(_: &[u8]) -> Option<Vec<u8>> {
    None
}

/// The contents of a block.
#[cfg(feature = "compression")]
fn unpacked(block: &[u8], max: usize) -> Result<Vec<u8>> {
    /// No byte of a block says more than this of its contents (`lz4_Block_format.md`:
    /// lengths go on in bytes of 255).
    const RATIO_MAX: usize = 255;
    let wrong = |why: &str| Error::invalid_argument(format!("lz4: the block {why}"));
    let (length, block) = block
        .split_first_chunk::<4>()
        .ok_or_else(|| wrong("has no length"))?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > max {
        return Err(Error::resource_exhausted(format!(
            "lz4: the block holds {length} bytes, and {max} are the most"
        )));
    }
    if length > block.len().saturating_mul(RATIO_MAX) {
        return Err(wrong("is too short for the length it says"));
    }
    let mut contents = vec![0; length];
    match lz4_flex::block::decompress_into(block, &mut contents) {
        Ok(held) if held == length => Ok(contents),
        Ok(_) => Err(wrong("holds less than it says")),
        Err(error) => Err(wrong("is none").with_source(error)),
    }
}

#[cfg(not(feature = "compression"))]
fn unpacked(_: &[u8], _: usize) -> Result<Vec<u8>> {
    // Nobody agrees to it then.
    Err(not_agreed(LZ4))
}

#[cfg(all(test, feature = "compression"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn open(block: &[u8]) -> Result<Vec<u8>> {
        Encoding::Lz4
            .open(block, true, BLOCK_MAX)
            .map(Cow::into_owned)
    }

    #[test]
    fn sizes_at_their_bounds_and_beside_them() {
        for (length, packs) in [
            (0, false),
            (COMPRESS_MIN - 1, false),
            (COMPRESS_MIN, true),
            (BLOCK_MAX, true),
            (BLOCK_MAX + 1, false),
        ] {
            let bytes = vec![7; length];
            let block = packed(&bytes);
            assert_eq!(block.is_some(), packs, "{length}");
            if let Some(block) = block {
                assert_eq!(open(&block).unwrap(), bytes);
                // The receiver's bound is its own.
                let max = |max| Encoding::Lz4.open(&block, true, max);
                assert!(max(length).is_ok());
                let error = max(length - 1).unwrap_err();
                assert_eq!(error.code(), crate::Code::ResourceExhausted);
            }
        }
    }

    #[test]
    fn what_lies_about_its_length_is_refused() {
        let block = packed(&[7; 4096]).unwrap();
        for length in [0, 1, 4095, 4097, BLOCK_MAX as u32 + 1, u32::MAX] {
            let mut lying = block.clone();
            lying[..4].copy_from_slice(&length.to_le_bytes());
            assert!(open(&lying).is_err(), "{length}");
        }
        for end in 0..block.len() {
            assert!(open(&block[..end]).is_err(), "{end}");
        }
        // A length that the bytes cannot hold costs no memory.
        let error = open(&[0, 0, 16, 0, 1, 2, 3]).unwrap_err();
        assert!(error.message().contains("too short"), "{error}");
    }

    #[test]
    fn what_was_not_agreed_on_is_an_error_that_says_so() {
        let block = packed(&[7; 4096]).unwrap();
        for (encoding, agreed) in [(Encoding::Lz4, false), (Encoding::of("zstd"), true)] {
            let error = encoding.open(&block, agreed, BLOCK_MAX).unwrap_err();
            assert!(error.message().contains("not agreed on"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_is_opened(
            seed in proptest::collection::vec(any::<u8>(), 1..200),
            length in 0..100_000_usize,
        ) {
            let bytes: Vec<u8> = seed.iter().copied().cycle().take(length).collect();
            if let Some(block) = packed(&bytes) {
                prop_assert!(block.len() < bytes.len());
                prop_assert_eq!(open(&block).unwrap(), bytes);
            }
        }

        #[test]
        fn any_bytes_are_opened_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(contents) = open(&bytes) {
                prop_assert!(contents.len() <= BLOCK_MAX);
            }
        }
    }
}
