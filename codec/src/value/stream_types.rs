//! [`StreamTypes`]: the types of a stream, for values that are decoded without a
//! local type.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::whole::Whole;
use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Kind, Name, Nodes, Prelude, Schema, Type};
use crate::steps::steps;
use crate::types::{DEFINITION_TYPES, TypeId, TypeTable, WireField, WireKind, builtin_kind};

/// All types that a stream has defined so far, as one schema: any of them may
/// stand inside of an interface, and one schema serves them all.
///
/// It grows with the stream. Values keep the schema of their time, which shares
/// its types with later ones.
#[derive(Debug)]
pub(crate) struct StreamTypes {
    schema: Arc<Schema>,
    /// The places of all ids that were met.
    places: HashMap<i32, u32>,
    /// By place.
    ids: Vec<i32>,
    /// By place: the type was defined.
    defined: Vec<bool>,
    /// How many types the stream had defined.
    count: usize,
    whole: Mutex<Whole>,
}

impl Clone for StreamTypes {
    fn clone(&self) -> Self {
        steps(self.ids.len());
        let whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            schema: Arc::clone(&self.schema),
            places: self.places.clone(),
            ids: self.ids.clone(),
            defined: self.defined.clone(),
            count: self.count,
            whole: Mutex::new(whole.clone()),
        }
    }
}

impl Default for StreamTypes {
    /// The types that every stream has.
    fn default() -> Self {
        let root = Edge {
            // No type: `TypeRef::rooted` must not take this for a root.
            node: u32::MAX,
            ..Edge::to(0)
        };
        let nodes = Nodes::default();
        let mut types = Self {
            schema: Arc::new(Schema {
                prelude: Prelude::default(),
                nodes,
                root,
            }),
            places: HashMap::new(),
            ids: Vec::new(),
            defined: Vec::new(),
            count: 0,
            whole: Mutex::default(),
        };
        let none = TypeTable::default();
        let scalars = TypeId::BOOL.get()..=TypeId::INTERFACE.get();
        scalars
            .chain(DEFINITION_TYPES)
            .for_each(|id| types.define(&none, id));
        types
    }
}

impl StreamTypes {
    pub(crate) fn new(table: &TypeTable) -> Self {
        let mut types = Self::default();
        types.extend(table);
        types
    }

    /// Adds what a later table of the stream has besides.
    pub(crate) fn extend(&mut self, table: &TypeTable) {
        for id in table.ids_from(self.count) {
            steps(1);
            self.define(table, id);
        }
        self.count = self.count.max(table.len());
    }

    /// True if all types of the table are here: one of the same stream, so that
    /// the larger of two has all that the smaller one has.
    pub(crate) fn covers(&self, table: &TypeTable) -> bool {
        self.count >= table.len()
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The type with this id, if it is defined, whether or not all that it leads
    /// to is.
    pub(crate) fn place(&self, id: i32) -> Option<Edge> {
        let place = *self.places.get(&id)?;
        self.is_defined(place).then_some(Edge::to(place))
    }

    /// True if the type at this place is defined.
    pub(crate) fn is_defined(&self, place: u32) -> bool {
        self.defined.get(place as usize) == Some(&true)
    }

    /// The places of types that are used and not defined.
    pub(crate) fn undefined(&self) -> HashSet<u32> {
        let places = (0..).zip(&self.defined);
        places
            .filter_map(|(place, defined)| (!defined).then_some(place))
            .collect()
    }

    fn define(&mut self, table: &TypeTable, id: i32) {
        let place = self.meet(id);
        let wire = table.get(id);
        let kind = match wire.map(|wire| &wire.kind) {
            None => builtin_kind(id).unwrap_or(Kind::Interface),
            Some(WireKind::Array { elem, length }) => Kind::Array(self.edge_to(*elem), *length),
            Some(WireKind::Slice { elem }) => Kind::Slice(self.edge_to(*elem)),
            Some(WireKind::Map { key, elem }) => Kind::Map(self.edge_to(*key), self.edge_to(*elem)),
            Some(WireKind::Struct { fields }) => {
                let field = |field: &WireField| FieldType {
                    name: field.name.clone(),
                    edge: self.edge_to(field.id),
                    required: false,
                };
                Kind::Struct(fields.iter().map(field).collect())
            }
            Some(WireKind::Opaque(opaque)) => Kind::Opaque(*opaque),
        };
        let ty = Type {
            kind,
            name: wire.map_or(Name::EMPTY, |wire| wire.name.clone()),
            ..Type::UNKNOWN
        };
        // Copied if a value has it; what it is made of is shared.
        Arc::make_mut(&mut self.schema)
            .nodes
            .set(place as usize, ty);
        if let Some(defined) = self.defined.get_mut(place as usize) {
            *defined = true;
        }
    }

    fn edge_to(&mut self, id: i32) -> Edge {
        Edge::to(self.meet(id))
    }

    /// The place of an id, which it gets now if it has none.
    fn meet(&mut self, id: i32) -> u32 {
        let next = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(id).or_insert(next);
        if place == next {
            self.ids.push(id);
            self.defined.push(false);
            Arc::make_mut(&mut self.schema).nodes.push(Type::UNKNOWN);
        }
        place
    }

    /// The type with this id, if all that it leads to is defined.
    ///
    /// # Errors
    ///
    /// `Malformed` if it is not.
    pub(crate) fn edge(&self, id: TypeId) -> Result<Edge> {
        let undefined =
            |id: i32| Error::malformed(format!("type {id} is used but was not defined"));
        let edge = self.place(id.get()).ok_or_else(|| undefined(id.get()))?;
        if id < TypeId::FIRST_USER {
            return Ok(edge);
        }
        match self.missing(edge.node) {
            None => Ok(edge),
            Some(missing) => {
                let id = self.ids.get(missing as usize).copied();
                Err(undefined(id.unwrap_or_default()))
            }
        }
    }

    /// The place of a type that this one leads to and that is not defined.
    fn missing(&self, root: u32) -> Option<u32> {
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        whole.missing(&self.schema, |place| self.is_defined(place), root)
    }
}
