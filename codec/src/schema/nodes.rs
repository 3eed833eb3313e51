//! [`Nodes`]: the types of a schema, in their places.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::Type;
use crate::chunks::Chunks;

/// The types of a schema, in their places. Copies share them: that of a stream
/// grows while values refer to what it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes(Chunks<Arc<Type>>);

impl Nodes {
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&Type> {
        self.0.get(index).map(Arc::as_ref)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Type> {
        self.0.iter().map(Arc::as_ref)
    }

    pub(crate) fn push(&mut self, ty: Type) {
        self.0.push(Arc::new(ty));
    }

    /// Puts a type in the place of another one.
    pub(crate) fn set(&mut self, index: usize, ty: Type) {
        self.0.set(index, Arc::new(ty));
    }
}

impl FromIterator<Type> for Nodes {
    fn from_iter<I: IntoIterator<Item = Type>>(types: I) -> Self {
        Self(types.into_iter().map(Arc::new).collect())
    }
}

impl PartialEq for Nodes {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Nodes {}

impl Hash for Nodes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|ty| ty.hash(state));
    }
}
