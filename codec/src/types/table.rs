//! [`TypeTable`]: the types that a stream has defined so far.

use std::collections::HashMap;
use std::sync::Arc;

use super::predefined::definition_type;
use super::sparse::Sparse;
use super::{TypeId, WireType};
use crate::Limits;
use crate::chunks::Chunks;
use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Kind, Name, Nodes, Prelude, Schema, Type};
use crate::types::WireKind;

/// The types that a stream has defined so far, by id.
///
/// A copy is cheap, and is a snapshot: it does not see later definitions.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Decoder, WireKind, to_vec};
///
/// let mut decoder = Decoder::new();
/// decoder.feed(&to_vec(&vec!["a", "b"])?);
/// decoder.skip()?;
/// let id = decoder.types().ids().next().expect("a slice is defined");
/// let wire = decoder.types().get(id.get()).expect("it is this one");
/// assert_eq!(wire.kind, WireKind::Slice { elem: 6 });
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TypeTable {
    /// Ids from 64 up that are not much larger than the number of types, which
    /// is all that Go sends.
    dense: Chunks<Option<Arc<WireType>>>,
    sparse: Sparse,
    /// All ids, in the order in which they were defined.
    order: Chunks<i32>,
    bytes: usize,
}

/// Ids below this are indexed, others looked up.
const DENSE_IDS: usize = 8192;

impl TypeTable {
    /// The type with this number: one that the stream has defined, or one of those
    /// that definitions are made of (16 to 24), which every stream has. The others
    /// below 64 are no [`WireType`]s but scalars or nothing.
    #[must_use]
    #[inline]
    pub fn get(&self, id: i32) -> Option<&WireType> {
        let Some(index) = TypeId::new(id)?.user_index() else {
            return definition_type(id);
        };
        if index < DENSE_IDS {
            self.dense.get(index)?.as_deref()
        } else {
            self.sparse.get(id)
        }
    }

    /// The numbers of all types that the stream has defined, in the order of their
    /// definitions.
    pub fn ids(&self) -> impl Iterator<Item = TypeId> {
        self.order.iter().copied().filter_map(TypeId::new)
    }

    /// The same from this definition on.
    pub(crate) fn ids_from(&self, index: usize) -> impl Iterator<Item = i32> {
        self.order.from(index).copied()
    }

    /// How many types there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// True if the stream has defined no type yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the type whose definition `input` begins with, and moves behind it; of one
    /// that is wrong, to the fault.
    ///
    /// `id` is the number before the definition, not negated.
    pub(crate) fn define(&mut self, id: i64, input: &mut &[u8], limits: &Limits) -> Result<()> {
        let id = TypeId::from_wire(id)?;
        let Some(index) = id.user_index() else {
            return Err(Error::malformed(format!(
                "a definition of type {id}, which is predefined"
            )));
        };
        if self.get(id.get()).is_some() {
            return Err(Error::malformed(format!(
                "a second definition of type {id}"
            )));
        }
        if self.len() >= limits.types {
            return Err(Error::limit("number of types", limits.types, "types"));
        }
        let mut room = limits.type_bytes.saturating_sub(self.bytes);
        let wire = WireType::decode(input, &mut room, limits)?;
        self.bytes = limits.type_bytes.saturating_sub(room);
        self.insert(id, index, wire);
        Ok(())
    }

    fn insert(&mut self, id: TypeId, index: usize, wire: WireType) {
        let wire = Arc::new(wire);
        if index < DENSE_IDS {
            while self.dense.len() <= index {
                self.dense.push(None);
            }
            self.dense.set(index, Some(wire));
        } else {
            self.sparse.insert(id.get(), wire);
        }
        self.order.push(id.get());
    }

    /// The types that `root` reaches, as a [`Schema`].
    ///
    /// # Errors
    ///
    /// `Malformed` if a type that is needed was not defined.
    pub fn schema(&self, root: TypeId) -> Result<Schema> {
        let mut nodes = Nodes::default();
        let mut places: HashMap<i32, u32> = HashMap::new();
        let mut todo = vec![root.get()];
        let mut order = Vec::new();
        // First every type gets its place, then its kind can refer to places.
        while let Some(id) = todo.pop() {
            if places.contains_key(&id) {
                continue;
            }
            places.insert(id, u32::try_from(order.len()).unwrap_or(u32::MAX));
            order.push(id);
            if let Some(wire) = self.get(id) {
                match &wire.kind {
                    WireKind::Array { elem, .. } | WireKind::Slice { elem } => todo.push(*elem),
                    WireKind::Map { key, elem } => todo.extend([*elem, *key]),
                    WireKind::Struct { fields } => {
                        todo.extend(fields.iter().rev().map(|field| field.id));
                    }
                    WireKind::Opaque(_) => {}
                }
            }
        }
        let edge = |id: &i32| Edge::to(places.get(id).copied().unwrap_or(u32::MAX));
        for id in order {
            let (kind, name) = match self.get(id) {
                None => (builtin_kind(id)?, Name::EMPTY),
                Some(wire) => (
                    match &wire.kind {
                        WireKind::Array { elem, length } => Kind::Array(edge(elem), *length),
                        WireKind::Slice { elem } => Kind::Slice(edge(elem)),
                        WireKind::Map { key, elem } => Kind::Map(edge(key), edge(elem)),
                        WireKind::Struct { fields } => Kind::Struct(
                            fields
                                .iter()
                                .map(|field| FieldType {
                                    name: field.name.clone(),
                                    edge: edge(&field.id),
                                    required: false,
                                })
                                .collect(),
                        ),
                        WireKind::Opaque(opaque) => Kind::Opaque(*opaque),
                    },
                    wire.name.clone(),
                ),
            };
            nodes.push(Type {
                key: None,
                kind,
                name,
                package: String::new(),
                beside: Vec::new(),
            });
        }
        Ok(Schema {
            prelude: Prelude::default(),
            nodes,
            root: Edge::to(0),
        })
    }
}

/// What a predefined type is.
pub(crate) fn builtin_kind(id: i32) -> Result<Kind> {
    Ok(match TypeId::new(id) {
        Some(TypeId::BOOL) => Kind::Bool,
        Some(TypeId::INT) => Kind::Int,
        Some(TypeId::UINT) => Kind::Uint,
        Some(TypeId::FLOAT) => Kind::Float,
        Some(TypeId::BYTES) => Kind::Bytes,
        Some(TypeId::STRING) => Kind::String,
        Some(TypeId::COMPLEX) => Kind::Complex,
        Some(TypeId::INTERFACE) => Kind::Interface,
        _ => return Err(undefined(id)),
    })
}

#[cold]
fn undefined(id: i32) -> Error {
    Error::malformed(format!("type {id} is used but was not defined"))
}
