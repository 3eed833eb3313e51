//! Maps.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use crate::decode::{btree_bytes, hash_table_bytes};
use crate::error::Result;
use crate::plan::NodeId;
use crate::schema::{Edge, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob};

/// Stands for Go's `map[K]V`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Map<K: ?Sized, V: ?Sized>(PhantomData<K>, PhantomData<V>);

fn encode_entries<'a, K: Encode + 'a, V: Encode + 'a>(
    count: usize,
    entries: impl Iterator<Item = (&'a K, &'a V)>,
    writer: &mut Writer,
) -> Result<()> {
    writer.uint(count as u64);
    writer.enter()?;
    if writer.sorted_maps {
        encode_in_order(sorted(entries, writer)?, writer)?;
    } else {
        encode_in_order(entries, writer)?;
    }
    writer.leave();
    Ok(())
}

fn encode_in_order<'a, K: Encode + 'a, V: Encode + 'a>(
    entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    writer: &mut Writer,
) -> Result<()> {
    for (index, (key, value)) in entries.into_iter().enumerate() {
        key.encode(writer)
            .map_err(|error| error.in_key().in_index(index))?;
        value
            .encode(writer)
            .map_err(|error| error.in_index(index))?;
    }
    Ok(())
}

/// The entries of a map in the order of their keys' bytes.
fn sorted<'a, K: Encode + 'a, V: Encode + 'a>(
    entries: impl Iterator<Item = (&'a K, &'a V)>,
    writer: &mut Writer,
) -> Result<Vec<(&'a K, &'a V)>> {
    let mut keyed = Vec::new();
    for (index, (key, value)) in entries.enumerate() {
        let bytes = writer
            .apart(|writer| key.encode(writer))
            .map_err(|error| error.in_key().in_index(index))?;
        keyed.push((bytes, (key, value)));
    }
    keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(keyed.into_iter().map(|(_, entry)| entry).collect())
}

fn decode_entries<'de, K: Decode<'de>, V: Decode<'de>>(
    reader: &mut Reader<'de, '_>,
    count: usize,
    key: NodeId,
    elem: NodeId,
    mut insert: impl FnMut(K, V),
) -> Result<()> {
    reader.enter()?;
    for index in 0..count {
        let entry = reader
            .expect_element()
            .and_then(|()| K::decode(reader, key).map_err(crate::Error::in_key))
            .and_then(|key| {
                reader.expect_element()?;
                Ok((key, V::decode(reader, elem)?))
            });
        match entry {
            Ok((key, value)) => insert(key, value),
            Err(error) => return Err(error.in_index(index)),
        }
    }
    reader.leave();
    Ok(())
}

macro_rules! map {
    ($($rust:ident<K, V $(, $hasher:ident)?>, $($bound:path),*;)*) => {$(
        impl<K: Gob, V: Gob $(, $hasher)?> Gob for $rust<K, V $(, $hasher)?> {
            type Static = Map<K::Static, V::Static>;
            fn describe(schema: &mut SchemaBuilder) -> Edge {
                schema.map::<Map<K::Static, V::Static>, K, V>()
            }
        }

        /// Also sent when empty, which to Go is an empty map and not a nil one;
        /// use `Option` for a map that may be nil.
        impl<K: Encode, V: Encode $(, $hasher)?> Encode for $rust<K, V $(, $hasher)?> {
            fn encode(&self, writer: &mut Writer) -> Result<()> {
                encode_entries(self.len(), self.iter(), writer)
            }
            fn is_zero(&self) -> bool {
                false
            }
        }
    )*};
}

map! {
    BTreeMap<K, V>, Ord;
    HashMap<K, V, S>, Eq, Hash;
}

impl<'de, K: Decode<'de> + Ord, V: Decode<'de>> Decode<'de> for BTreeMap<K, V> {
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        let (count, key, elem) = reader.enter_map(plan)?;
        reader.charge(btree_bytes::<(K, V)>(count))?;
        let mut map = Self::new();
        decode_entries(reader, count, key, elem, |key, value| {
            map.insert(key, value);
        })?;
        Ok(map)
    }
    fn zero() -> Result<Self> {
        Ok(Self::new())
    }
    /// Entries are added; an element of a key that is there is replaced.
    fn merge(&mut self, reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<()> {
        self.extend(Self::decode(reader, plan)?);
        Ok(())
    }
}

impl<'de, K, V, S> Decode<'de> for HashMap<K, V, S>
where
    K: Decode<'de> + Eq + Hash,
    V: Decode<'de>,
    S: BuildHasher + Default,
{
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        let (count, key, elem) = reader.enter_map(plan)?;
        reader.charge(hash_table_bytes::<(K, V)>(count))?;
        let room = reader.room_for::<(K, V)>(count);
        let mut map = Self::with_capacity_and_hasher(room, S::default());
        decode_entries(reader, count, key, elem, |key, value| {
            map.insert(key, value);
        })?;
        Ok(map)
    }
    fn zero() -> Result<Self> {
        Ok(Self::default())
    }
    /// Entries are added; an element of a key that is there is replaced.
    fn merge(&mut self, reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<()> {
        self.extend(Self::decode(reader, plan)?);
        Ok(())
    }
}
