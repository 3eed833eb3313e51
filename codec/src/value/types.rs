//! [`TypeRef`]: the type of a value.

use std::collections::HashMap;
use std::sync::Arc;

use super::Value;
use crate::Gob;
use crate::schema::{Edge, FieldType, Kind, Name, Prelude, Schema, Type};

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
            nodes: [ty].into_iter().collect(),
            root,
        }
    }
}
