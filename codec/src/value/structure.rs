//! [`Struct`]: the fields that were sent, and the type that has them all.

use std::sync::Arc;

use super::{Parts, TypeRef, Value};
use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Schema};

/// A struct: the fields that were sent, and the type that knows the others.
///
/// Go leaves out fields that are zero. They are absent here, too; the type says
/// what they are, and [`Struct::get_or_zero`] gives their value.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Gob, Value};
///
/// #[derive(Gob)]
/// struct Point { x: i64, y: i64 }
///
/// let value = Value::of(&Point { x: 0, y: 33 })?;
/// let Value::Struct(point) = value else { unreachable!("a Point is a struct") };
/// assert_eq!(point.get("X"), None);
/// assert_eq!(point.get_or_zero("X")?, Some(Value::Int(0)));
/// assert_eq!(point.get_or_zero("Z")?, None);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone)]
pub struct Struct(Box<Inner>);

#[derive(Clone)]
struct Inner {
    ty: TypeRef,
    /// Places of the fields that were sent, ascending.
    sent: Vec<u32>,
    /// Their values.
    values: Parts,
}

impl Struct {
    /// What a struct takes besides its fields.
    pub(crate) const BYTES: usize = size_of::<Inner>();

    pub(crate) fn new(ty: TypeRef, sent: Vec<u32>, values: Vec<Value>) -> Self {
        Self(Box::new(Inner {
            ty,
            sent,
            values: Parts(values),
        }))
    }

    /// A struct of the type that `edge` refers to, with all fields absent.
    ///
    /// # Errors
    ///
    /// `Misuse` if that is no struct.
    pub fn with_schema(schema: &Arc<Schema>, edge: Edge) -> Result<Self> {
        let ty = TypeRef::new(schema, edge);
        if !matches!(ty.get().kind, crate::Kind::Struct(_)) {
            return Err(Error::misuse(format!(
                "{} is no struct",
                schema.go_string(edge)
            )));
        }
        Ok(Self::new(ty, Vec::new(), Vec::new()))
    }

    /// Go's name of the type, without a package; empty for unnamed types.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.ty.get().name()
    }

    /// All fields of the type, in wire order.
    #[must_use]
    pub fn fields(&self) -> &[FieldType] {
        self.0.ty.fields()
    }

    /// A field that was sent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.at(self.place(name)?)
    }

    /// The field at this place of [`Struct::fields`], if it was sent.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&Value> {
        let place = u32::try_from(place).ok()?;
        self.0.values.get(self.0.sent.binary_search(&place).ok()?)
    }

    /// A field, or the zero of its type if it was not sent; `None` if the type
    /// has no such field.
    ///
    /// # Errors
    ///
    /// As for [`Value::zero`].
    pub fn get_or_zero(&self, name: &str) -> Result<Option<Value>> {
        let Some(place) = self.place(name) else {
            return Ok(None);
        };
        if let Some(value) = self.at(place) {
            return Ok(Some(value.clone()));
        }
        match self.fields().get(place) {
            Some(field) => Value::zero(self.schema(), field.edge()).map(Some),
            None => Ok(None),
        }
    }

    /// Sets a field, which is sent from now on, also if it is zero. Gives its
    /// value of before.
    ///
    /// Whether the value is of the field's type is checked when the struct is
    /// encoded.
    ///
    /// # Errors
    ///
    /// `Misuse` if the type has no such field.
    pub fn set(&mut self, name: &str, value: Value) -> Result<Option<Value>> {
        let place = self
            .place(name)
            .and_then(|place| u32::try_from(place).ok())
            .ok_or_else(|| Error::misuse(format!("{} has no field {name}", self.name())))?;
        let inner = &mut *self.0;
        match inner.sent.binary_search(&place) {
            Ok(index) => Ok(inner
                .values
                .get_mut(index)
                .map(|slot| std::mem::replace(slot, value))),
            Err(index) => {
                inner.sent.insert(index, place);
                inner.values.insert(index, value);
                Ok(None)
            }
        }
    }

    /// The fields that were sent, with their names, in wire order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0
            .sent
            .iter()
            .zip(self.0.values.iter())
            .map(|(&place, value)| {
                let field = self.fields().get(place as usize);
                (field.map_or("", FieldType::name), value)
            })
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

    /// The place of a field; the last of several of one name counts, as in Go.
    fn place(&self, name: &str) -> Option<usize> {
        self.fields().iter().rposition(|field| field.name == name)
    }

    pub(crate) fn ty(&self) -> &TypeRef {
        &self.0.ty
    }

    pub(crate) fn sent(&self) -> &[u32] {
        &self.0.sent
    }

    pub(crate) fn parts(&self) -> &[Value] {
        &self.0.values
    }

    pub(crate) fn parts_mut(&mut self) -> &mut Parts {
        &mut self.0.values
    }
}
