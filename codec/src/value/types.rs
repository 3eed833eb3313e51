//! [`TypeRef`]: the type of a value, and where values get it from.

use std::collections::HashMap;
use std::sync::Arc;

use super::Value;
use crate::Gob;
use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Kind, Name, Prelude, Schema, Type};
use crate::types::{TypeId, TypeTable, WireKind, builtin_kind};

/// The type of a composite value: shared by all parts of a value.
#[derive(Debug, Clone)]
pub(crate) struct TypeRef {
    pub(crate) schema: Arc<Schema>,
    pub(crate) edge: Edge,
}

impl TypeRef {
    pub(crate) fn new(schema: &Arc<Schema>, edge: Edge) -> Self {
        Self {
            schema: Arc::clone(schema),
            edge,
        }
    }

    pub(crate) fn get(&self) -> &Type {
        self.schema.get(self.edge)
    }

    /// The fields, if this is a struct.
    pub(crate) fn fields(&self) -> &[FieldType] {
        match &self.get().kind {
            Kind::Struct(fields) => fields,
            _ => &[],
        }
    }

    /// A schema that has this type as its root.
    pub(crate) fn rooted(&self) -> Arc<Schema> {
        if self.schema.root.node == self.edge.node {
            return Arc::clone(&self.schema);
        }
        Arc::new(rooted(&self.schema, self.edge))
    }
}

/// The types that `root` reaches, in the order in which they are reached: equal
/// types give equal schemas, so that an encoder defines them once.
pub(crate) fn rooted(schema: &Schema, root: Edge) -> Schema {
    let mut places: HashMap<u32, u32> = HashMap::new();
    let mut order = Vec::new();
    let mut todo = vec![root.node];
    while let Some(node) = todo.pop() {
        if places.contains_key(&node) {
            continue;
        }
        places.insert(node, u32::try_from(order.len()).unwrap_or(u32::MAX));
        order.push(node);
        let Some(ty) = schema.nodes.get(node as usize) else {
            continue;
        };
        todo.extend(ty.beside.iter().rev().map(|edge| edge.node));
        match &ty.kind {
            Kind::Struct(fields) => {
                todo.extend(fields.iter().rev().map(|field| field.edge.node));
            }
            Kind::Slice(elem) | Kind::Array(elem, _) => todo.push(elem.node),
            Kind::Map(key, elem) => todo.extend([elem.node, key.node]),
            _ => {}
        }
    }
    let moved = |edge: &mut Edge| {
        edge.node = places.get(&edge.node).copied().unwrap_or(u32::MAX);
    };
    let nodes = order
        .iter()
        .map(|&node| {
            let mut ty = schema.get(Edge::to(node)).clone();
            ty.beside.iter_mut().for_each(moved);
            match &mut ty.kind {
                Kind::Struct(fields) => fields.iter_mut().for_each(|field| moved(&mut field.edge)),
                Kind::Slice(elem) | Kind::Array(elem, _) => moved(elem),
                Kind::Map(key, elem) => {
                    moved(key);
                    moved(elem);
                }
                _ => {}
            }
            ty
        })
        .collect();
    Schema {
        prelude: Prelude::default(),
        nodes,
        root: Edge { node: 0, ..root },
    }
}

impl Value {
    /// The type of a value that has none of its own.
    pub(crate) fn scalar_schema(&self) -> Schema {
        let kind = match self {
            Self::Bool(_) => return bool::schema().clone(),
            Self::Int(_) => return i64::schema().clone(),
            Self::Uint(_) => return u64::schema().clone(),
            Self::Float(_) => return f64::schema().clone(),
            Self::Bytes(_) => return <Vec<u8>>::schema().clone(),
            Self::String(_) => return str::schema().clone(),
            Self::Complex(..) => Kind::Complex,
            _ => Kind::Interface,
        };
        let root = Edge::to(0);
        let ty = Type {
            key: None,
            kind,
            name: Name::EMPTY,
            package: String::new(),
            beside: Vec::new(),
        };
        Schema {
            prelude: Prelude::default(),
            nodes: vec![ty],
            root,
        }
    }
}

/// All types that a stream has defined so far, as one schema: any of them may
/// stand inside of an interface, and one schema serves them all.
#[derive(Debug)]
pub(crate) struct StreamTypes {
    schema: Arc<Schema>,
    places: HashMap<i32, u32>,
    /// By node: an id that it reaches and that is not defined, or 0.
    missing: Vec<i32>,
    /// How many types the stream had defined.
    count: usize,
}

impl StreamTypes {
    pub(crate) fn new(table: &TypeTable) -> Self {
        let mut places = HashMap::with_capacity(table.len() + 8);
        let mut nodes = Vec::with_capacity(table.len() + 8);
        let ids: Vec<i32> = (TypeId::BOOL.get()..=TypeId::INTERFACE.get())
            .chain(table.ids())
            .collect();
        for (place, &id) in ids.iter().enumerate() {
            places.insert(id, u32::try_from(place).unwrap_or(u32::MAX));
        }
        let mut missing = vec![0; ids.len()];
        // Types by the types that refer to them, to find what leads to a gap.
        let mut users: Vec<Vec<u32>> = vec![Vec::new(); ids.len()];
        let mut todo = Vec::new();
        for &id in &ids {
            let place = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
            let mut edge = |part: i32| {
                let node = places.get(&part).copied().unwrap_or(u32::MAX);
                match users.get_mut(node as usize) {
                    Some(users) => users.push(place),
                    None => {
                        if let Some(slot) = missing.get_mut(place as usize) {
                            // 0 is an id that is never defined, too.
                            *slot = if part == 0 { i32::MIN } else { part };
                        }
                        todo.push(place);
                    }
                }
                Edge::to(node)
            };
            let wire = table.get(id);
            let kind = match wire.map(|wire| &wire.kind) {
                None => builtin_kind(id).unwrap_or(Kind::Interface),
                Some(WireKind::Array { elem, length }) => Kind::Array(edge(*elem), *length),
                Some(WireKind::Slice { elem }) => Kind::Slice(edge(*elem)),
                Some(WireKind::Map { key, elem }) => Kind::Map(edge(*key), edge(*elem)),
                Some(WireKind::Struct { fields }) => {
                    let field = |field: &crate::WireField| FieldType {
                        name: field.name.clone(),
                        edge: edge(field.id),
                        required: false,
                    };
                    Kind::Struct(fields.iter().map(field).collect())
                }
                Some(WireKind::Opaque(opaque)) => Kind::Opaque(*opaque),
            };
            nodes.push(Type {
                key: None,
                kind,
                name: wire.map_or(Name::EMPTY, |wire| wire.name.clone()),
                package: String::new(),
                beside: Vec::new(),
            });
        }
        while let Some(node) = todo.pop() {
            let id = missing.get(node as usize).copied().unwrap_or_default();
            for &user in users.get(node as usize).into_iter().flatten() {
                if let Some(slot @ 0) = missing.get_mut(user as usize) {
                    *slot = id;
                    todo.push(user);
                }
            }
        }
        let root = Edge {
            // No type: `TypeRef::rooted` must not take this for a root.
            node: u32::MAX,
            ..Edge::to(0)
        };
        Self {
            schema: Arc::new(Schema {
                prelude: Prelude::default(),
                nodes,
                root,
            }),
            places,
            missing,
            count: table.len(),
        }
    }

    /// True if all types of the table are here: one of the same stream, so that
    /// the larger of two has all that the smaller one has.
    pub(crate) fn covers(&self, table: &TypeTable) -> bool {
        self.count >= table.len()
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The type with this id, whether or not all that it leads to is defined.
    pub(crate) fn place(&self, id: i32) -> Option<Edge> {
        self.places.get(&id).copied().map(Edge::to)
    }

    /// The type with this id, if all that it leads to is defined.
    ///
    /// # Errors
    ///
    /// `Malformed` if it is not.
    pub(crate) fn edge(&self, id: TypeId) -> Result<Edge> {
        let undefined =
            |id: i32| Error::malformed(format!("type {id} is used but was not defined"));
        let node = self
            .places
            .get(&id.get())
            .copied()
            .ok_or_else(|| undefined(id.get()))?;
        match self.missing.get(node as usize) {
            Some(0) => Ok(Edge::to(node)),
            Some(&i32::MIN) => Err(undefined(0)),
            Some(&missing) => Err(undefined(missing)),
            None => Err(undefined(id.get())),
        }
    }
}
