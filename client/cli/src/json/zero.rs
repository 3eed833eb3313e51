//! [`Zeros`]: what fields that were not sent print as.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use gobrpc_codec::schema::{FieldType, Type};
use gobrpc_codec::{Edge, Kind, Schema, Value};

/// Most values that fields which were not sent may add to one value: a few types
/// can make the zero of one of them larger than any memory.
const MOST: u64 = 1 << 20;

/// What is known of the zeros of structs and arrays, by the places of the types
/// in memory: edges to one type may differ in pointers, which do not matter here.
#[derive(Default)]
pub(crate) struct Zeros(HashMap<*const Type, Zero>);

#[derive(Clone, Copy)]
struct Zero {
    /// The type leads back to itself through structs and arrays.
    cyclic: bool,
    /// How many values it prints as.
    size: u64,
}

/// A type whose parts are being looked at (Tarjan's algorithm for strongly
/// connected components).
struct Visit<'a> {
    ty: &'a Type,
    parts: Vec<&'a Type>,
    next: usize,
    index: usize,
    low: usize,
}

impl Zeros {
    /// True if the type leads back to itself, so that its zero is null.
    pub(crate) fn is_cyclic(&self, schema: &Arc<Schema>, edge: Edge) -> bool {
        self.known(schema.get(edge)).is_some_and(|zero| zero.cyclic)
    }

    /// Looks at all zeros that the value prints.
    pub(crate) fn check(&mut self, value: &Value) -> io::Result<()> {
        let mut filled = 0_u64;
        let mut todo = vec![value];
        while let Some(value) = todo.pop() {
            match value {
                Value::Slice(list) | Value::Array(list) => todo.extend(list),
                Value::Map(map) => todo.extend(map.iter().flat_map(<[&Value; 2]>::from)),
                Value::Interface(interface) => todo.extend(interface.value()),
                Value::Struct(value) => {
                    for (place, field) in value.fields().iter().enumerate() {
                        if let Some(part) = value.at(place) {
                            todo.push(part);
                            continue;
                        }
                        filled = filled.saturating_add(self.size(value.schema(), field.edge()));
                        if filled > MOST {
                            return Err(io::Error::new(
                                io::ErrorKind::InvalidData,
                                format!("fields that were not sent add more than {MOST} values"),
                            ));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn known(&self, ty: &Type) -> Option<Zero> {
        self.0.get(&std::ptr::from_ref(ty)).copied()
    }

    /// How many values the zero of a type prints as.
    fn size(&mut self, schema: &Schema, edge: Edge) -> u64 {
        let ty = schema.get(edge);
        if is_filled(ty) && self.known(ty).is_none() {
            self.explore(schema, ty);
        }
        self.known(ty).map_or(1, |zero| zero.size)
    }

    /// Finds out about a type and all that it leads to.
    fn explore(&mut self, schema: &Schema, root: &Type) {
        let visit = |ty, index| Visit {
            ty,
            parts: parts(schema, ty),
            next: 0,
            index,
            low: index,
        };
        // Types that were begun, by the order in which they were.
        let mut indexes = HashMap::from([(std::ptr::from_ref(root), 0)]);
        let mut component = vec![root];
        let mut path = vec![visit(root, 0)];
        while let Some(top) = path.last_mut() {
            if let Some(&part) = top.parts.get(top.next) {
                top.next += 1;
                if self.known(part).is_some() {
                    continue;
                }
                match indexes.get(&std::ptr::from_ref(part)) {
                    Some(&index) => top.low = top.low.min(index),
                    None => {
                        let index = indexes.len();
                        indexes.insert(part, index);
                        component.push(part);
                        path.push(visit(part, index));
                    }
                }
                continue;
            }
            let Some(done) = path.pop() else { break };
            if let Some(above) = path.last_mut() {
                above.low = above.low.min(done.low);
            }
            if done.low < done.index {
                continue;
            }
            // All types from here on lead to each other.
            let start = component
                .iter()
                .rposition(|&ty| std::ptr::eq(ty, done.ty))
                .unwrap_or_default();
            let leads_to_itself = done.parts.iter().any(|&part| std::ptr::eq(part, done.ty));
            let cyclic = component.len() - start > 1 || leads_to_itself;
            for ty in component.drain(start..) {
                let size = if cyclic {
                    1
                } else {
                    self.filled_size(schema, ty)
                };
                self.0.insert(ty, Zero { cyclic, size });
            }
        }
    }

    /// The size of a zero whose parts are known.
    fn filled_size(&self, schema: &Schema, ty: &Type) -> u64 {
        let size = |edge| self.known(schema.get(edge)).map_or(1, |zero| zero.size);
        match ty.kind() {
            Kind::Struct(fields) => fields
                .iter()
                .fold(1, |sum: u64, field| sum.saturating_add(size(field.edge()))),
            Kind::Array(elem, length) => {
                size(*elem).saturating_mul(*length as u64).saturating_add(1)
            }
            _ => 1,
        }
    }
}

/// True for types whose zeros have parts.
fn is_filled(ty: &Type) -> bool {
    matches!(ty.kind(), Kind::Struct(_) | Kind::Array(..))
}

/// The structs and arrays that a zero of the type holds.
fn parts<'a>(schema: &'a Schema, ty: &Type) -> Vec<&'a Type> {
    let edges: Vec<Edge> = match ty.kind() {
        Kind::Struct(fields) => fields.iter().map(FieldType::edge).collect(),
        Kind::Array(elem, length) if *length > 0 => vec![*elem],
        _ => Vec::new(),
    };
    let types = edges.into_iter().map(|edge| schema.get(edge));
    types.filter(|ty| is_filled(ty)).collect()
}
