//! [`Decode`]: gob values as Rust values.

use crate::Gob;
use crate::error::Result;
use crate::plan::NodeId;
use crate::wire::Reader;

/// A value that can be read from gob, possibly borrowing from its bytes.
///
/// `#[derive(Gob)]` implements it. What `decode` reads must be what
/// [`Gob::describe`] describes: the plan is made from that, and types were
/// compared before the first byte of a value is read.
///
/// # Examples
///
/// By hand, for a type that travels as Go's `type Percent uint8` and takes no more than
/// 100:
///
/// ```
/// use gobrpc_codec::{Decode, Edge, Error, Gob, NodeId, Reader, Result, SchemaBuilder};
/// use gobrpc_codec::{from_slice, to_vec};
///
/// #[derive(Debug, PartialEq)]
/// struct Percent(u8);
///
/// impl Gob for Percent {
///     type Static = Self;
///     fn describe(schema: &mut SchemaBuilder) -> Edge {
///         schema.newtype::<Self, u8>("Percent", "main")
///     }
/// }
///
/// impl<'de> Decode<'de> for Percent {
///     fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
///         match u8::decode(reader, plan)? {
///             number @ 0..=100 => Ok(Self(number)),
///             number => Err(Error::mismatch(format!("{number} is no percentage"))),
///         }
///     }
///     fn zero() -> Result<Self> {
///         Ok(Self(0))
///     }
/// }
///
/// assert_eq!(from_slice::<Percent>(&to_vec(&85_u8)?)?, Percent(85));
/// let error = from_slice::<Vec<Percent>>(&to_vec(&vec![1_u16, 101])?).unwrap_err();
/// assert_eq!(error.path(), "[1]");
/// assert_eq!(error.message(), "101 is no percentage");
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be decoded from gob",
    label = "no gob decoding",
    note = "for a struct or newtype of yours, write `#[derive(Gob)]`",
    note = "only `&str` and `&[u8]` can borrow from the input"
)]
pub trait Decode<'de>: Gob + Sized {
    /// Reads one value.
    ///
    /// # Errors
    ///
    /// `Malformed` if the bytes are not gob, `Mismatch` if the value does not
    /// fit, `Limit` if it is too large or too deep.
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self>;

    /// The value of a field that was not sent.
    ///
    /// # Errors
    ///
    /// `Mismatch` if the type has no zero.
    fn zero() -> Result<Self>;

    /// Reads a value into this one, as Go does: see
    /// [`Decoder::merge`](crate::Decoder::merge). Types that are not made of
    /// others are replaced.
    ///
    /// # Errors
    ///
    /// As for [`Decode::decode`]; what was read before the fault stays.
    #[inline]
    fn merge(&mut self, reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<()> {
        *self = Self::decode(reader, plan)?;
        Ok(())
    }

    /// Reads a slice of such values.
    #[doc(hidden)]
    fn decode_slice(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Vec<Self>> {
        if Self::BYTE {
            let bytes = reader.bytes()?;
            reader.charge(bytes.len().saturating_mul(size_of::<Self>()))?;
            return bytes.iter().map(|&byte| Self::from_byte(byte)).collect();
        }
        let (count, elem) = reader.enter_slice(plan)?;
        reader.charge(count.saturating_mul(size_of::<Self>()))?;
        let room = reader.room_for::<Self>(count);
        let mut items = Vec::with_capacity(room);
        decode_items(reader, count, elem, |item| items.push(item))?;
        Ok(items)
    }

    /// The value of a byte, where [`Gob::BYTE`] is true.
    #[doc(hidden)]
    fn from_byte(_byte: u8) -> Result<Self> {
        Self::zero()
    }
}

/// Reads `count` elements, whose memory was charged; an error gets its index.
pub(crate) fn decode_items<'de, T: Decode<'de>>(
    reader: &mut Reader<'de, '_>,
    count: usize,
    elem: NodeId,
    mut push: impl FnMut(T),
) -> Result<()> {
    reader.enter()?;
    for index in 0..count {
        push(decode_item(reader, elem, index)?);
    }
    reader.leave();
    Ok(())
}

#[inline]
fn decode_item<'de, T: Decode<'de>>(
    reader: &mut Reader<'de, '_>,
    elem: NodeId,
    index: usize,
) -> Result<T> {
    let item = match reader.expect_element() {
        Ok(()) => T::decode(reader, elem),
        Err(error) => Err(error),
    };
    match item {
        Ok(item) => Ok(item),
        Err(error) => Err(error.in_index(index)),
    }
}

/// Reads a slice of numbers; `number` gives the one that an unsigned integer stands
/// for, if it fits.
#[inline]
pub(crate) fn decode_numbers<'de, T: Decode<'de> + Default>(
    reader: &mut Reader<'de, '_>,
    plan: NodeId,
    number: impl Fn(u64) -> Option<T>,
) -> Result<Vec<T>> {
    let (count, elem) = reader.enter_slice(plan)?;
    reader.charge(count.saturating_mul(size_of::<T>()))?;
    let mut items = Vec::with_capacity(reader.room_for::<T>(count));
    reader.enter()?;
    reader.numbers(count, &mut items, number);
    for index in items.len()..count {
        items.push(decode_item(reader, elem, index)?);
    }
    reader.leave();
    Ok(items)
}

/// Reads elements into those that are there.
pub(crate) fn merge_items<'de, 'a, T: Decode<'de> + 'a>(
    reader: &mut Reader<'de, '_>,
    elem: NodeId,
    items: impl IntoIterator<Item = &'a mut T>,
) -> Result<()> {
    reader.enter()?;
    for (index, item) in items.into_iter().enumerate() {
        reader
            .expect_element()
            .and_then(|()| item.merge(reader, elem))
            .map_err(|error| error.in_index(index))?;
    }
    reader.leave();
    Ok(())
}

/// Memory of a hash table of so many entries: hashbrown keeps a power of two of
/// buckets, at most 7 of 8 in use, with a byte of its own for each.
pub(crate) fn hash_table_bytes<T>(count: usize) -> usize {
    if count == 0 {
        return 0;
    }
    let buckets = (count.saturating_mul(8) / 7).max(4).saturating_add(1);
    let buckets = buckets.checked_next_power_of_two().unwrap_or(usize::MAX);
    buckets.saturating_mul(size_of::<T>() + 1)
}

/// Memory of a B-tree of so many entries: the standard library's nodes have room
/// for eleven, and are about half full after insertions in order.
pub(crate) fn btree_bytes<T>(count: usize) -> usize {
    if count == 0 {
        return 0;
    }
    (count / 5 + 1).saturating_mul(11 * size_of::<T>() + 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_hash_table_is_charged_what_it_takes() {
        for count in (1..200).chain([1000, 57_344, 57_345, 100_000]) {
            // By its capacity, which is what of its buckets may be in use.
            let capacity = HashSet::<u64>::with_capacity(count).capacity();
            let buckets = (capacity + 1).max(capacity * 8 / 7).next_power_of_two();
            let least = buckets * (size_of::<u64>() + 1);
            let charged = hash_table_bytes::<u64>(count);
            assert!(
                (least..=2 * least).contains(&charged),
                "{count}: {charged}, and it takes {least}"
            );
        }
        assert_eq!(hash_table_bytes::<u64>(0), 0);
        assert_eq!(hash_table_bytes::<u64>(usize::MAX), usize::MAX);
    }
}
