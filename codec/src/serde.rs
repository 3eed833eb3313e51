//! The bridge to serde: types that know serde and not gob, and [`Value`] as one
//! of serde's own data types.
//!
//! All of it goes through [`Value`]: gob sends a whole type before the value,
//! and serde knows types only by their values.

mod access;
mod any;
mod infer;
mod item;
mod serialize;
mod tree;
mod typed;
mod variant;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned};

use crate::error::{Error, Result};
use crate::{Decoder, Limits, Prepared, RawValue, Schema, Value};
use item::Item;
use tree::Tree;

impl RawValue {
    /// Decodes the value into a type that knows serde and not gob.
    ///
    /// * Fields are found by their serde name or by its PascalCase: `user_name`
    ///   is `user_name` or `UserName` on the wire.
    /// * A field that was not sent is zero, or `None`; one that the remote type
    ///   lacks is absent, so that `#[serde(default)]` or `Option` decide.
    /// * An interface is what it holds, or `None`.
    /// * An enum of units is a string or a number; an enum with data is an
    ///   interface, whose concrete name ends in the name of the variant, or a
    ///   struct or map of one field.
    ///
    /// `#[derive(Gob)]` is several times as fast and can tell before the first
    /// value whether types fit.
    ///
    /// # Errors
    ///
    /// `Mismatch` if the value does not fit, `Limit` if it nests deeper than
    /// [`Limits::depth`], and as for [`RawValue::to_value`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::{Decoder, Gob, to_vec};
    ///
    /// #[derive(Gob)]
    /// struct Sent { user_name: String, age: i64, email: String }
    ///
    /// #[derive(serde::Deserialize)]
    /// struct User { user_name: String, age: u8, email: Option<String>, id: Option<u64> }
    ///
    /// let sent = Sent { user_name: "gopher".into(), age: 0, email: "".into() };
    /// let mut decoder = Decoder::new();
    /// decoder.feed(&to_vec(&sent)?);
    /// let user: User = decoder.take()?.expect("the stream is whole").deserialize()?;
    /// assert_eq!((user.user_name.as_str(), user.age), ("gopher", 0));
    /// assert_eq!((user.email, user.id), (None, None));
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T> {
        let value = self.to_value()?;
        T::deserialize(Item::new(&value, self.limits().depth))
            .map_err(|error| error.at_offset(self.offset()))
    }
}

impl Value {
    /// Turns the value into a type that knows serde, which may borrow from it;
    /// see [`RawValue::deserialize`].
    ///
    /// # Errors
    ///
    /// `Mismatch` if it does not fit, `Limit` if it nests deeper than
    /// [`Limits::DEPTH`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::Value;
    ///
    /// let value = Value::from(vec![1_i64, 2]);
    /// assert_eq!(value.deserialize_into::<(u8, u8)>()?, (1, 2));
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn deserialize_into<'de, T: Deserialize<'de>>(&'de self) -> Result<T> {
        T::deserialize(Item::new(self, Limits::DEPTH))
    }
}

impl Prepared {
    /// Encodes a value that knows serde, by a schema that is made from it.
    ///
    /// serde tells values and not types, so that the schema may lack what the
    /// value lacks, which a receiver takes for zero:
    ///
    /// * Structs keep their name, fields get the PascalCase of theirs.
    /// * A field that is `None`, or an empty sequence or map, is left out of the
    ///   type; to deserialize it again by serde, it needs `#[serde(default)]` or
    ///   `Option`. An empty sequence elsewhere is an error, unless another one in the
    ///   same place has elements.
    /// * Elements of a sequence and values of a map must be of one type; signed
    ///   integers, unsigned ones and floats together are what holds them all.
    /// * Tuples of one type are arrays (serde has no other word for `[T; N]`),
    ///   other tuples are structs of `F0`, `F1`, ….
    /// * A variant without data is its name, one with data a struct with one
    ///   field.
    ///
    /// A type that changes with its values is sent anew each time; for more than
    /// a few values use [`Prepared::from_serialize_as`] or `#[derive(Gob)]`.
    ///
    /// # Errors
    ///
    /// `Misuse` if no schema can be made, `Limit` if the value nests deeper than
    /// [`Limits::DEPTH`], and what `T` says.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::{Prepared, RawValue};
    ///
    /// #[derive(serde::Serialize)]
    /// struct Args { a: i64, note: Option<String> }
    ///
    /// let prepared = Prepared::from_serialize(&Args { a: 7, note: None })?;
    /// let value = RawValue::from_prepared(&prepared)?.to_value()?;
    /// assert_eq!(format!("{value:?}"), "Args { A: 7 }");
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let tree = Tree::of(value)?;
        let schema = Arc::new(infer::schema(&tree)?);
        Self::from_tree(&tree, &schema)
    }

    /// Encodes a value that knows serde by a given schema.
    ///
    /// Fields are found by their serde name or by its PascalCase; integers and
    /// floats become what the schema says, if nothing is lost.
    ///
    /// # Errors
    ///
    /// `Misuse` if the value does not fit the schema, `Limit` if it nests deeper
    /// than [`Limits::DEPTH`], and what `T` says.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use gobrpc_codec::{Prepared, RawValue, SchemaBuilder};
    /// use serde_json::json;
    ///
    /// let mut builder = SchemaBuilder::new();
    /// let int = builder.int();
    /// let args = builder.struct_of("Args", "main", [("A", int), ("B", int)]);
    /// let schema = Arc::new(builder.build(args));
    ///
    /// let prepared = Prepared::from_serialize_as(&json!({"a": 7, "B": -1}), &schema)?;
    /// let value = RawValue::from_prepared(&prepared)?.to_value()?;
    /// assert_eq!(format!("{value:?}"), "Args { A: 7, B: -1 }");
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn from_serialize_as<T: Serialize + ?Sized>(
        value: &T,
        schema: &Arc<Schema>,
    ) -> Result<Self> {
        Self::from_tree(&Tree::of(value)?, schema)
    }

    fn from_tree(tree: &Tree, schema: &Arc<Schema>) -> Result<Self> {
        let value = typed::value(tree, schema)
            .map_err(|error| error.in_root(schema.root_type().name().to_owned()))?;
        Self::from_value_as(&value, schema)
    }
}

/// Decodes the first value of a stream into a type that knows serde and not gob;
/// see [`RawValue::deserialize`].
///
/// # Errors
///
/// As for [`RawValue::deserialize`]; `Truncated` if the stream ends early.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{from_slice_serde, to_vec};
///
/// let stream = to_vec(&vec![1_i64, 2])?;
/// assert_eq!(from_slice_serde::<serde_json::Value>(&stream)?, serde_json::json!([1, 2]));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
pub fn from_slice_serde<T: DeserializeOwned>(stream: &[u8]) -> Result<T> {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    match decoder.take()? {
        Some(raw) => raw.deserialize(),
        None => {
            decoder.finish()?;
            Err(Error::truncated("the stream ends before its first value")
                .at_offset(stream.len() as u64))
        }
    }
}

/// True if a wire name is that of a serde name: the same, or its PascalCase.
fn same_name(serde: &str, wire: &str) -> bool {
    serde == wire || pascal_chars(serde).eq(wire.chars())
}

/// The PascalCase of a name: `user_name` and `userName` are `UserName`.
fn pascal(name: &str) -> String {
    pascal_chars(name).collect()
}

fn pascal_chars(name: &str) -> impl Iterator<Item = char> {
    let mut upper = true;
    name.chars().filter_map(move |letter| {
        if letter == '_' || letter == '-' {
            upper = true;
            return None;
        }
        // Letters whose capitals are several (ß) stay as they are.
        let mut capitals = letter.to_uppercase();
        let capital = match (capitals.next(), capitals.next()) {
            (Some(capital), None) if upper => capital,
            _ => letter,
        };
        upper = false;
        Some(capital)
    })
}

#[cold]
fn too_deep(limit: usize) -> Error {
    Error::limit("nesting of the value", limit, "depth")
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::mismatch(message.to_string())
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::misuse(message.to_string())
    }
}
