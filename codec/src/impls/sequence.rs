//! Slices and arrays.

use std::collections::{BTreeSet, BinaryHeap, HashSet, LinkedList, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use crate::decode::{btree_bytes, decode_items, hash_table_bytes, merge_items};
use crate::encode::encode_items;
use crate::error::Result;
use crate::plan::NodeId;
use crate::schema::{Edge, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob};

/// Stands for Go's `[]T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Slice<T: ?Sized>(PhantomData<T>);

/// Stands for Go's `[N]T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Array<T: ?Sized, const N: usize>(PhantomData<T>);

impl<T: Gob> Gob for [T] {
    type Static = Slice<T::Static>;
    const UNSIZED: bool = true;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.slice::<Slice<T::Static>, T>()
    }
}

impl<T: Encode> Encode for [T] {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        T::encode_slice(self, writer)
    }
    #[inline]
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Gob> Gob for Vec<T> {
    type Static = Slice<T::Static>;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        <[T]>::describe(schema)
    }
}

impl<T: Encode> Encode for Vec<T> {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        T::encode_slice(self, writer)
    }
    #[inline]
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Vec<T> {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        T::decode_slice(reader, plan)
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(Self::new())
    }
    /// The elements that are there are read into, unless there are too few: then
    /// Go makes a new slice (`decode.go`, `decodeSlice`).
    fn merge(&mut self, reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<()> {
        let fits = match reader.count_ahead() {
            Some(count) => !T::BYTE && count <= self.len() as u64,
            None => false,
        };
        if !fits {
            *self = T::decode_slice(reader, plan)?;
            return Ok(());
        }
        let (count, elem) = reader.enter_slice(plan)?;
        self.truncate(count);
        merge_items(reader, elem, self)
    }
}

macro_rules! collection {
    ($($rust:ident<T $(, $hasher:ident)?>, $bytes:expr $(, $bound:path)*;)*) => {$(
        impl<T: Gob $(, $hasher)?> Gob for $rust<T $(, $hasher)?> {
            type Static = Slice<T::Static>;
            fn describe(schema: &mut SchemaBuilder) -> Edge {
                <[T]>::describe(schema)
            }
        }

        impl<T: Encode $(, $hasher)?> Encode for $rust<T $(, $hasher)?> {
            fn encode(&self, writer: &mut Writer) -> Result<()> {
                writer.uint(self.len() as u64);
                if T::BYTE {
                    for item in self.iter() {
                        writer.raw(&[item.to_byte()]);
                    }
                    return Ok(());
                }
                encode_items(self, writer)
            }
            fn is_zero(&self) -> bool {
                self.is_empty()
            }
        }

        impl<'de, T: Decode<'de> $(+ $bound)* $(, $hasher: BuildHasher + Default)?> Decode<'de>
            for $rust<T $(, $hasher)?>
        {
            fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
                // By way of a vector, which charges for itself: what is left to
                // charge is what the collection needs besides.
                let items = T::decode_slice(reader, plan)?;
                reader.charge($bytes(items.len()))?;
                Ok(items.into_iter().collect())
            }
            fn zero() -> Result<Self> {
                Ok(Self::default())
            }
        }
    )*};
}

collection! {
    VecDeque<T>, |_| 0;
    LinkedList<T>, |count: usize| count.saturating_mul(size_of::<(T, usize, usize)>());
    BinaryHeap<T>, |_| 0, Ord;
    BTreeSet<T>, btree_bytes::<T>, Ord;
    HashSet<T, S>, hash_table_bytes::<T>, Eq, Hash;
}

impl<T: Gob, const N: usize> Gob for [T; N] {
    type Static = Array<T::Static, N>;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.array::<Array<T::Static, N>, T>(N)
    }
}

/// Always sent, also when all zero; of bytes it is an array of uint, not bytes
/// (`type.go`, `newTypeObject`).
impl<T: Encode, const N: usize> Encode for [T; N] {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.uint(N as u64);
        encode_items(self, writer)
    }
    fn is_zero(&self) -> bool {
        false
    }
}

impl<'de, T: Decode<'de>, const N: usize> Decode<'de> for [T; N] {
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        let elem = reader.enter_array(plan, N)?;
        // Not charged: an array lies in its owner, whose size is.
        let mut items = Vec::with_capacity(reader.room_for::<T>(N));
        decode_items(reader, N, elem, |item| items.push(item))?;
        array(items)
    }
    fn zero() -> Result<Self> {
        let items: Result<Vec<T>> = (0..N).map(|_| T::zero()).collect();
        array(items?)
    }
    fn merge(&mut self, reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<()> {
        let elem = reader.enter_array(plan, N)?;
        merge_items(reader, elem, self)
    }
}

/// The vector holds `N` items.
fn array<T, const N: usize>(items: Vec<T>) -> Result<[T; N]> {
    items
        .try_into()
        .map_err(|_| crate::Error::mismatch("an array of another length"))
}
