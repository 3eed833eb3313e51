//! The dump beside the other readers.

use crate::readers::agree;

/// The dump, the inspector and the decoder agree on whether a stream is good, on
/// the kind of the fault if it is not, and on all messages, definitions and
/// values; every byte stands in one line of the dump.
///
/// # Panics
///
/// If they do not.
pub fn dump(bytes: &[u8]) {
    agree(bytes);
}
