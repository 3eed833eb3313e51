//! [`Extensions`]: values of any type, one of each.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Values by their types, one of each: how a layer hands the handler what it
/// found out, such as who the caller is.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::Context;
///
/// #[derive(Debug, PartialEq)]
/// struct Tenant(String);
///
/// let mut context = Context::local("Arith.Multiply");
/// context.extensions_mut().insert(Tenant("acme".to_owned()));
/// assert_eq!(context.extensions().get(), Some(&Tenant("acme".to_owned())));
/// assert_eq!(context.extensions().get::<u64>(), None);
/// ```
#[derive(Clone, Default)]
pub struct Extensions(Option<Arc<Map>>);

type Map = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

impl Extensions {
    /// Puts a value in, in place of the one of its type.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        let map = self.0.get_or_insert_with(Arc::default);
        Arc::make_mut(map).insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// The value of a type.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.as_ref()?.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.as_ref().map_or(0, |map| map.len());
        write!(f, "Extensions({count})")
    }
}
