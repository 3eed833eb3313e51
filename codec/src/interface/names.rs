//! [`TypeNames`]: the names under which concrete types travel in interfaces.

use std::any::{Any, TypeId as RustType, type_name};
use std::collections::{BTreeMap, HashMap};

use crate::error::{Error, Result};
use crate::schema::Schema;
use crate::wire::check_name;
use crate::{DecodeOwned, Encode, Interface};

/// The names under which concrete types travel in interfaces: what Go's
/// `gob.Register` keeps for the whole program, as a value.
///
/// It serves where the concrete types are known at run time only, as with
/// plugins. Two of them may give one name to different types, and Go's trap of
/// two packages that share a name (golang/go#61304) is an error.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Gob, TypeNames, from_slice, to_vec};
///
/// #[derive(Gob, Debug, PartialEq)]
/// struct Circle { radius: f64 }
///
/// let mut names = TypeNames::new();
/// names.register::<Circle>()?;
/// names.register_name::<u32>("example.com/shapes.Side")?;
///
/// let shapes = vec![names.interface(&Circle { radius: 1.5 })?, names.interface(&4_u32)?];
/// assert_eq!(*shapes[0].name().unwrap(), "main.Circle");
///
/// for shape in from_slice::<Vec<gobrpc_codec::Interface>>(&to_vec(&shapes)?)? {
///     let any = names.decode(&shape)?.expect("no shape is nil");
///     assert!(any.is::<Circle>() || any.is::<u32>());
/// }
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct TypeNames {
    types: BTreeMap<String, Concrete>,
    names: HashMap<RustType, String>,
}

/// What [`TypeNames::decode`] gives.
type Decoded = Result<Option<Box<dyn Any + Send>>>;

/// A type that has a name.
#[derive(Clone, Copy)]
struct Concrete {
    key: RustType,
    rust: fn() -> &'static str,
    schema: fn() -> &'static Schema,
    decode: fn(&Interface) -> Decoded,
}

fn decode<T: DecodeOwned + Send + 'static>(interface: &Interface) -> Decoded {
    let value = interface.to::<T>()?;
    Ok(value.map(|value| Box::new(value) as Box<dyn Any + Send>))
}

impl TypeNames {
    /// No names, not even those that Go knows by itself.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a type the name that Go would give it: `main.Circle`, `[]string`,
    /// `map[string]int64`.
    ///
    /// Go puts the import path before the name of a type, and our derive knows it
    /// as far as `#[gob(package = "…")]` says.
    ///
    /// # Errors
    ///
    /// As for [`TypeNames::register_name`].
    pub fn register<T: Encode + DecodeOwned + Send + 'static>(&mut self) -> Result<()> {
        self.register_name::<T>(&T::schema().to_string())
    }

    /// Gives a type a name, as Go's `gob.RegisterName`.
    ///
    /// Saying the same again changes nothing.
    ///
    /// # Errors
    ///
    /// `Misuse` if another type has the name, or the type has another name, or the
    /// name is empty or longer than the 1,024 bytes that Go reads.
    pub fn register_name<T: Encode + DecodeOwned + Send + 'static>(
        &mut self,
        name: &str,
    ) -> Result<()> {
        check_name(name.as_bytes())?;
        let key = RustType::of::<T>();
        if let Some(other) = self.types.get(name)
            && other.key != key
        {
            return Err(Error::misuse(format!(
                "{name} names {} already, so that it cannot name {}",
                (other.rust)(),
                type_name::<T>()
            )));
        }
        if let Some(other) = self.names.get(&key)
            && other != name
        {
            return Err(Error::misuse(format!(
                "{} is called {other} already, so that it cannot be called {name}",
                type_name::<T>()
            )));
        }
        self.names.insert(key, name.to_owned());
        self.types.insert(
            name.to_owned(),
            Concrete {
                key,
                rust: type_name::<T>,
                schema: T::schema,
                decode: decode::<T>,
            },
        );
        Ok(())
    }

    /// The name of a type, if it has one.
    #[must_use]
    pub fn name<T: 'static>(&self) -> Option<&str> {
        self.names.get(&RustType::of::<T>()).map(String::as_str)
    }

    /// All names, sorted, and the wire types that they stand for.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'static Schema)> {
        self.types
            .iter()
            .map(|(name, concrete)| (name.as_str(), (concrete.schema)()))
    }

    /// An interface that holds a value, under the name of its type.
    ///
    /// # Errors
    ///
    /// `Misuse` if the type has no name or gob cannot express the value.
    pub fn interface<T: Encode + 'static>(&self, value: &T) -> Result<Interface> {
        let name = self.name::<T>().ok_or_else(|| {
            Error::misuse(format!(
                "{} has no name to travel under; register it",
                type_name::<T>()
            ))
        })?;
        Interface::of(name, value)
    }

    /// The value that an interface holds, as the type that its name stands for;
    /// `None` for nil.
    ///
    /// # Errors
    ///
    /// `Mismatch` if no type has the name, or the value does not fit it.
    pub fn decode(&self, interface: &Interface) -> Result<Option<Box<dyn Any + Send>>> {
        let Some(name) = interface.name() else {
            return Ok(None);
        };
        let concrete = name.as_str().and_then(|name| self.types.get(name));
        match concrete {
            Some(concrete) => (concrete.decode)(interface),
            None => Err(Error::mismatch(format!(
                "the interface holds a {}, which no type is registered as",
                name.as_bytes().escape_ascii()
            ))),
        }
    }
}

impl std::fmt::Debug for TypeNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let types = self.types.iter();
        f.debug_map()
            .entries(types.map(|(name, concrete)| (name, (concrete.rust)())))
            .finish()
    }
}
