//! [`Map`]: keys and values in the order in which they were sent.

use std::slice::ChunksExact;
use std::sync::Arc;

use super::{Parts, TypeRef, Value};
use crate::Gob;
use crate::schema::{Edge, Kind, Schema};

/// The entries of a map, and their types.
///
/// They keep their order and none are taken together: a hostile stream may
/// hold a key twice, and an honest one several NaN keys.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
///
/// use gobrpc_codec::{Map, Value};
///
/// let mut map = Map::typed::<BTreeMap<String, i64>>();
/// map.push("one".into(), 1_i64.into());
/// assert_eq!(map.get("one"), Some(&Value::Int(1)));
/// assert_eq!(Value::from(map), Value::of(&BTreeMap::from([("one", 1_i64)]))?);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone)]
pub struct Map(Box<Inner>);

#[derive(Clone)]
struct Inner {
    ty: TypeRef,
    /// Key and value by turns.
    entries: Parts,
}

/// The entries of a [`Map`] in the order in which they were sent.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
///
/// use gobrpc_codec::Value;
///
/// let value = Value::of(&BTreeMap::from([("one", 1_i64), ("two", 2)]))?;
/// let map = value.as_map().expect("it was made of one");
/// let keys: Vec<_> = map.iter().filter_map(|(key, _)| key.as_str()).collect();
/// assert_eq!(keys, ["one", "two"]);
/// assert_eq!(map.iter().len(), 2);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MapIter<'a>(ChunksExact<'a, Value>);

impl<'a> Iterator for MapIter<'a> {
    type Item = (&'a Value, &'a Value);
    fn next(&mut self) -> Option<Self::Item> {
        match self.0.next()? {
            [key, value] => Some((key, value)),
            _ => None,
        }
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for MapIter<'_> {}

impl Map {
    /// What a map takes besides its entries.
    pub(crate) const BYTES: usize = size_of::<Inner>();

    pub(crate) fn new(ty: TypeRef, entries: Vec<Value>) -> Self {
        Self(Box::new(Inner {
            ty,
            entries: Parts(entries),
        }))
    }

    /// An empty map of the type that `edge` refers to.
    ///
    /// Whether the entries are of its types is checked when the map is encoded.
    #[must_use]
    pub fn with_schema(schema: &Arc<Schema>, edge: Edge) -> Self {
        Self::new(TypeRef::new(schema, edge), Vec::new())
    }

    /// An empty map of a Rust type that travels as a map.
    #[must_use]
    pub fn typed<T: Gob + ?Sized>() -> Self {
        let schema = Arc::new(T::schema().clone());
        let root = schema.root();
        Self::with_schema(&schema, root)
    }

    /// The value of the last entry that has this string as its key.
    ///
    /// It looks at all entries: collect [`Map::iter`] to look up many.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.iter()
            .filter(|(name, _)| match name.inner() {
                Some(Value::String(text)) => text.as_bytes() == key.as_bytes(),
                _ => false,
            })
            .last()
            .map(|(_, value)| value)
    }

    /// Adds an entry at the end, also if there is one of this key.
    pub fn push(&mut self, key: Value, value: Value) {
        self.0.entries.push(key);
        self.0.entries.push(value);
    }

    /// The entries in order.
    #[must_use]
    pub fn iter(&self) -> MapIter<'_> {
        MapIter(self.0.entries.chunks_exact(2))
    }

    /// The entries, moved out.
    #[must_use]
    pub fn into_entries(mut self) -> Vec<(Value, Value)> {
        let mut parts = self.0.entries.take().into_iter();
        let mut entries = Vec::with_capacity(parts.len() / 2);
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            entries.push((key, value));
        }
        entries
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.entries.len() / 2
    }

    /// True if there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// The schema that the type belongs to.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.0.ty.schema
    }

    /// The place of the type in the schema.
    #[must_use]
    pub fn edge(&self) -> Edge {
        self.0.ty.edge
    }

    /// The types of the keys and the values, in the same schema.
    #[must_use]
    pub fn types(&self) -> Option<(Edge, Edge)> {
        match &self.0.ty.get().kind {
            Kind::Map(key, elem) => Some((*key, *elem)),
            _ => None,
        }
    }

    pub(crate) fn ty(&self) -> &TypeRef {
        &self.0.ty
    }

    pub(crate) fn parts(&self) -> &[Value] {
        &self.0.entries
    }

    pub(crate) fn parts_mut(&mut self) -> &mut Parts {
        &mut self.0.entries
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Value, &'a Value);
    type IntoIter = MapIter<'a>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
