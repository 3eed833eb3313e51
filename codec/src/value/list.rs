//! [`List`]: a slice or an array.

use std::sync::Arc;

use super::{Parts, TypeRef, Value};
use crate::Gob;
use crate::schema::{Edge, Kind, Schema};

/// The elements of a slice or an array, and their type.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{List, Value};
///
/// let mut list = List::typed::<Vec<i64>>(vec![]);
/// list.push(Value::Int(7));
/// assert_eq!(list.get(0), Some(&Value::Int(7)));
/// assert_eq!(Value::Slice(list), Value::from(vec![7_i64]));
/// ```
#[derive(Clone)]
pub struct List(Box<Inner>);

#[derive(Clone)]
struct Inner {
    ty: TypeRef,
    items: Parts,
}

impl List {
    /// What a list takes besides its elements.
    pub(crate) const BYTES: usize = size_of::<Inner>();

    pub(crate) fn new(ty: TypeRef, items: Vec<Value>) -> Self {
        Self(Box::new(Inner {
            ty,
            items: Parts(items),
        }))
    }

    /// A list of the type that `edge` refers to.
    ///
    /// Whether the elements are of its element type is checked when the list is
    /// encoded.
    #[must_use]
    pub fn with_schema(schema: &Arc<Schema>, edge: Edge, items: Vec<Value>) -> Self {
        Self::new(TypeRef::new(schema, edge), items)
    }

    /// A list of a Rust type that travels as a slice or an array.
    #[must_use]
    pub fn typed<T: Gob + ?Sized>(items: Vec<Value>) -> Self {
        let schema = Arc::new(T::schema().clone());
        let root = schema.root();
        Self::with_schema(&schema, root, items)
    }

    /// The elements.
    #[must_use]
    pub fn as_slice(&self) -> &[Value] {
        &self.0.items
    }

    /// The elements, moved out.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<Value> {
        self.0.items.take()
    }

    /// An element.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Value> {
        self.0.items.get(index)
    }

    /// An element, to change it.
    #[must_use]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Value> {
        self.0.items.get_mut(index)
    }

    /// Adds an element at the end.
    pub fn push(&mut self, item: Value) {
        self.0.items.push(item);
    }

    /// The elements in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.0.items.iter()
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.items.len()
    }

    /// True if there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.items.is_empty()
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

    /// The type of the elements, in the same schema.
    #[must_use]
    pub fn elem(&self) -> Option<Edge> {
        match &self.0.ty.get().kind {
            Kind::Slice(elem) | Kind::Array(elem, _) => Some(*elem),
            _ => None,
        }
    }

    pub(crate) fn ty(&self) -> &TypeRef {
        &self.0.ty
    }

    pub(crate) fn parts(&self) -> &[Value] {
        &self.0.items
    }

    pub(crate) fn parts_mut(&mut self) -> &mut Parts {
        &mut self.0.items
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
