//! [`Interface`]: what an interface holds.

use super::{Parts, Value};
use crate::error::Result;
use crate::plan::NodeId;
use crate::schema::{Edge, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, DecodeOwned, Encode, GoString, Gob, Prepared};

/// What an interface holds: nothing, or a value and the name of its concrete
/// type.
///
/// It stands for Go's `any` in types with `#[derive(Gob)]`, and holds whatever
/// comes. Where the concrete types are known, an enum with `#[gob(interface)]` is
/// more pleasant; where they are known at run time only, [`TypeNames`] are.
///
/// [`TypeNames`]: crate::TypeNames
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Gob, Interface, Value, from_slice, to_vec};
///
/// #[derive(Gob, Debug, PartialEq)]
/// struct Event { payload: Interface }
///
/// let shape = Interface::new("main.Square", 4_i64.into());
/// assert_eq!(shape.name().and_then(|name| name.as_str()), Some("main.Square"));
/// assert_eq!(shape.value(), Some(&Value::Int(4)));
/// assert_eq!(Interface::nil().value(), None);
///
/// let event = Event { payload: shape };
/// assert_eq!(from_slice::<Event>(&to_vec(&event)?)?, event);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone)]
pub struct Interface(Option<Box<Held>>);

#[derive(Clone)]
struct Held {
    name: GoString,
    /// One value.
    value: Parts,
}

/// One that holds nothing.
impl Default for Interface {
    fn default() -> Self {
        Self::nil()
    }
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

    /// An interface that holds a value of a Rust type.
    ///
    /// # Errors
    ///
    /// As for [`Value::of`].
    pub fn of<T: Encode>(name: impl Into<GoString>, value: &T) -> Result<Self> {
        Ok(Self::new(name, Value::of(value)?))
    }

    /// The value as a Rust type; `None` for nil. The name is not looked at.
    ///
    /// # Errors
    ///
    /// As for [`Value::to`].
    pub fn to<T: DecodeOwned>(&self) -> Result<Option<T>> {
        self.value().map(Value::to).transpose()
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

impl Gob for Interface {
    type Static = Self;
    const NULLABLE: bool = true;
    const INTERFACE: bool = true;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.interface_type::<Self>("", "")
    }
}

impl Encode for Interface {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        let (Some(name), Some(value)) = (self.name(), self.value()) else {
            writer.nil_interface();
            return Ok(());
        };
        let value = Prepared::from_value(value)?;
        writer.prepared_interface(name.as_bytes(), &value)
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}

impl<'de> Decode<'de> for Interface {
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        match reader.interface()? {
            Some(held) => reader.held_value(&held),
            None => Ok(Self::nil()),
        }
    }
    fn zero() -> Result<Self> {
        Ok(Self::nil())
    }
}
