//! [`TypeTable`]: the types that a stream has defined so far.

use std::collections::HashMap;
use std::sync::Arc;

use super::{TypeId, WireType};
use crate::Limits;
use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Kind, Name, Prelude, Schema, Type};
use crate::types::WireKind;

/// The types that a stream has defined so far, by id.
///
/// A copy is cheap, and is a snapshot: it does not see later definitions.
#[derive(Debug, Clone, Default)]
pub struct TypeTable {
    /// Ids from 64 up that are not much larger than the number of types, which
    /// is all that Go sends.
    dense: Vec<Option<Arc<WireType>>>,
    sparse: HashMap<i32, Arc<WireType>>,
    count: usize,
    bytes: usize,
}

/// Ids below this are indexed, others looked up.
const DENSE_IDS: usize = 8192;

impl TypeTable {
    /// The type with this number, unless it is predefined or unknown.
    #[must_use]
    pub fn get(&self, id: i32) -> Option<&WireType> {
        let index = TypeId::new(id)?.user_index()?;
        if index < DENSE_IDS {
            self.dense.get(index)?.as_deref()
        } else {
            self.sparse.get(&id).map(Arc::as_ref)
        }
    }

    /// The numbers of all types, in no order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = i32> {
        let dense = self.dense.iter().zip(TypeId::FIRST_USER.get()..);
        let dense = dense.filter_map(|(slot, id)| slot.is_some().then_some(id));
        dense.chain(self.sparse.keys().copied())
    }

    /// How many types there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// True if the stream has defined no type yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds the type that `bytes` define and gives what follows the definition.
    ///
    /// `id` is the number before the definition, not negated.
    pub(crate) fn define<'a>(
        &mut self,
        id: i64,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<&'a [u8]> {
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
        if self.count >= limits.types {
            return Err(Error::limit("number of types", limits.types, "types"));
        }
        let mut room = limits.type_bytes.saturating_sub(self.bytes);
        let (wire, rest) = WireType::decode(bytes, &mut room, limits)?;
        self.bytes = limits.type_bytes.saturating_sub(room);
        self.insert(id, index, wire);
        Ok(rest)
    }

    fn insert(&mut self, id: TypeId, index: usize, wire: WireType) {
        let wire = Arc::new(wire);
        if index < DENSE_IDS {
            if self.dense.len() <= index {
                self.dense.resize(index + 1, None);
            }
            if let Some(slot) = self.dense.get_mut(index) {
                *slot = Some(wire);
            }
        } else {
            self.sparse.insert(id.get(), wire);
        }
        self.count += 1;
    }

    /// The types that `root` reaches, as a [`Schema`].
    ///
    /// # Errors
    ///
    /// `Malformed` if a type that is needed was not defined.
    pub fn schema(&self, root: TypeId) -> Result<Schema> {
        let mut nodes: Vec<Type> = Vec::new();
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
