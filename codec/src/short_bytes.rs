//! [`ShortBytes`]: bytes of a value, which need no memory of their own if they are few.

use std::ops::Deref;

use bytes::Bytes;

/// Bytes that are shared by their copies, or so few that a copy costs less than
/// sharing: the arguments and replies of most calls.
#[derive(Clone)]
pub(crate) enum ShortBytes {
    Inline { length: u8, bytes: [u8; INLINE] },
    Shared(Bytes),
}

/// As many as make it no larger: a word more than [`Bytes`].
const INLINE: usize = 38;

impl ShortBytes {
    /// A copy of bytes, if they are few enough.
    #[inline]
    pub(crate) fn inline(bytes: &[u8]) -> Option<Self> {
        let mut room = [0; INLINE];
        room.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self::Inline {
            length: bytes.len() as u8,
            bytes: room,
        })
    }

    /// The bytes in memory of their own.
    pub(crate) fn compact(&self) -> Self {
        Self::inline(self).unwrap_or_else(|| Self::Shared(Bytes::copy_from_slice(self)))
    }
}

impl Deref for ShortBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Shared(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for ShortBytes {
    #[inline]
    fn from(bytes: Vec<u8>) -> Self {
        Self::inline(&bytes).unwrap_or_else(|| Self::Shared(Bytes::from(bytes)))
    }
}

impl From<Bytes> for ShortBytes {
    fn from(bytes: Bytes) -> Self {
        Self::Shared(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_inline_and_one_more() {
        assert_eq!(
            size_of::<ShortBytes>(),
            size_of::<Bytes>() + size_of::<usize>()
        );
        for length in [0, 1, INLINE, INLINE + 1, 1000] {
            let bytes = vec![7; length];
            let short = ShortBytes::from(bytes.clone());
            assert_eq!(matches!(short, ShortBytes::Inline { .. }), length <= INLINE);
            assert_eq!(*short, *bytes);
            assert_eq!(*short.compact(), *bytes);
        }
    }
}
