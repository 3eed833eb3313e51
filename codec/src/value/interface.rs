//! [`Interface`]: what an interface holds.

use super::{Parts, Value};
use crate::GoString;

/// What an interface holds: nothing, or a value and the name of its concrete
/// type.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Interface, Value};
///
/// let shape = Interface::new("main.Square", 4_i64.into());
/// assert_eq!(shape.name().and_then(|name| name.as_str()), Some("main.Square"));
/// assert_eq!(shape.value(), Some(&Value::Int(4)));
/// assert_eq!(Interface::nil().value(), None);
/// ```
#[derive(Clone)]
pub struct Interface(Option<Box<Held>>);

#[derive(Clone)]
struct Held {
    name: GoString,
    /// One value.
    value: Parts,
}

impl Interface {
    /// What an interface that is not nil takes besides its value and its name.
    pub(crate) const BYTES: usize = size_of::<Held>() + size_of::<Value>();

    /// An interface that holds nothing.
    #[must_use]
    pub const fn nil() -> Self {
        Self(None)
    }

    /// An interface that holds a value, whose type was registered under `name`:
    /// `main.Square`, `int`.
    #[must_use]
    pub fn new(name: impl Into<GoString>, value: Value) -> Self {
        Self(Some(Box::new(Held {
            name: name.into(),
            value: Parts(vec![value]),
        })))
    }

    /// The name under which the concrete type was registered; `None` for nil.
    #[must_use]
    pub fn name(&self) -> Option<&GoString> {
        self.0.as_ref().map(|held| &held.name)
    }

    /// The value; `None` for nil.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        self.parts().first()
    }

    /// The value, moved out.
    #[must_use]
    pub fn into_value(mut self) -> Option<Value> {
        self.0.as_mut()?.value.pop()
    }

    pub(crate) fn shell(&self) -> Self {
        Self(self.0.as_ref().map(|held| {
            Box::new(Held {
                name: held.name.clone(),
                value: Parts::default(),
            })
        }))
    }

    pub(crate) fn parts(&self) -> &[Value] {
        self.0.as_ref().map_or(&[], |held| &held.value)
    }

    pub(crate) fn parts_mut(&mut self) -> Option<&mut Parts> {
        self.0.as_mut().map(|held| &mut held.value)
    }
}
