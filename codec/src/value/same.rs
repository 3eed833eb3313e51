//! Equality of values and of their types.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Interface, List, Map, OpaqueValue, Struct, TypeRef, Value};
use crate::schema::{Kind, Schema};

/// Pairs of types that were compared already, by schema and node.
#[derive(Default)]
struct Known(HashSet<(usize, u32, usize, u32)>);

impl Known {
    /// True if values of both types are sent in the same way. What the types are
    /// called does not matter, nor does it to Go.
    fn same_type(&mut self, left: &TypeRef, right: &TypeRef) -> bool {
        if Arc::ptr_eq(&left.schema, &right.schema) && left.edge.node == right.edge.node {
            return true;
        }
        let (a, b) = (&*left.schema, &*right.schema);
        let mut todo = vec![(left.edge, right.edge)];
        while let Some((left, right)) = todo.pop() {
            let pair = (address(a), left.node, address(b), right.node);
            // A pair that is being compared counts as equal: if it is not, all
            // of the comparison fails.
            if !self.0.insert(pair) {
                continue;
            }
            match (&a.get(left).kind, &b.get(right).kind) {
                (Kind::Struct(left), Kind::Struct(right)) => {
                    if left.len() != right.len() {
                        return false;
                    }
                    for (left, right) in left.iter().zip(right) {
                        if left.name != right.name {
                            return false;
                        }
                        todo.push((left.edge, right.edge));
                    }
                }
                (Kind::Slice(left), Kind::Slice(right)) => todo.push((*left, *right)),
                (Kind::Array(left, count), Kind::Array(right, other)) if count == other => {
                    todo.push((*left, *right));
                }
                (Kind::Map(key, elem), Kind::Map(other_key, other_elem)) => {
                    todo.extend([(*key, *other_key), (*elem, *other_elem)]);
                }
                (left, right) => {
                    let composite = matches!(
                        left,
                        Kind::Struct(_) | Kind::Slice(_) | Kind::Array(..) | Kind::Map(..)
                    );
                    if composite || left != right {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// True if the values are the same but for their parts, and have as many.
    fn same_shell(&mut self, left: &Value, right: &Value) -> bool {
        if left.parts().len() != right.parts().len() {
            return false;
        }
        match (left, right) {
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Int(left), Value::Int(right)) => left == right,
            (Value::Uint(left), Value::Uint(right)) => left == right,
            (Value::Float(left), Value::Float(right)) => left.to_bits() == right.to_bits(),
            (Value::Complex(a, b), Value::Complex(c, d)) => {
                a.to_bits() == c.to_bits() && b.to_bits() == d.to_bits()
            }
            (Value::Bytes(left), Value::Bytes(right)) => left == right,
            (Value::String(left), Value::String(right)) => left == right,
            (Value::Slice(left), Value::Slice(right))
            | (Value::Array(left), Value::Array(right)) => self.same_type(left.ty(), right.ty()),
            (Value::Map(left), Value::Map(right)) => self.same_type(left.ty(), right.ty()),
            (Value::Struct(left), Value::Struct(right)) => {
                left.sent() == right.sent() && self.same_type(left.ty(), right.ty())
            }
            (Value::Interface(left), Value::Interface(right)) => left.name() == right.name(),
            (Value::Opaque(left), Value::Opaque(right)) => {
                left.kind() == right.kind() && left.payload() == right.payload()
            }
            _ => false,
        }
    }

    fn same_parts(&mut self, left: &[Value], right: &[Value]) -> bool {
        let mut todo = vec![(left, right)];
        while let Some((left, right)) = todo.pop() {
            for (left, right) in left.iter().zip(right) {
                if !self.same_shell(left, right) {
                    return false;
                }
                if !left.parts().is_empty() {
                    todo.push((left.parts(), right.parts()));
                }
            }
        }
        true
    }
}

fn address(schema: &Schema) -> usize {
    std::ptr::from_ref(schema).addr()
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        Known::default().same_parts(std::slice::from_ref(self), std::slice::from_ref(other))
    }
}

impl Eq for Value {}

macro_rules! same {
    ($($rust:ident),*) => {$(
        impl PartialEq for $rust {
            fn eq(&self, other: &Self) -> bool {
                let mut known = Known::default();
                self.parts().len() == other.parts().len()
                    && known.same_type(self.ty(), other.ty())
                    && known.same_parts(self.parts(), other.parts())
            }
        }

        impl Eq for $rust {}
    )*};
}

same!(List, Map);

impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        let mut known = Known::default();
        self.sent() == other.sent()
            && known.same_type(self.ty(), other.ty())
            && known.same_parts(self.parts(), other.parts())
    }
}

impl Eq for Struct {}

impl PartialEq for Interface {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.value() == other.value()
    }
}

impl Eq for Interface {}

impl PartialEq for OpaqueValue {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.payload() == other.payload()
    }
}

impl Eq for OpaqueValue {}
