//! [`Gob`]: what a Rust type is on the wire.

use crate::schema::{Edge, Schema, SchemaBuilder};

/// A type that has a place in gob's type system.
///
/// `#[derive(Gob)]` implements it, together with [`Encode`](crate::Encode) and
/// [`Decode`](crate::Decode); by hand it is seldom needed.
///
/// A gob stream describes each type in full before the first value of it, also
/// the parts that the value leaves out (an empty vector, a `None`). So the
/// description comes from the type alone.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Gob, Kind};
///
/// #[derive(Gob)]
/// struct Order { customer: String, items: Vec<u32> }
///
/// // What a stream says of it before its first value, even of one without items.
/// let schema = Order::schema();
/// let Kind::Struct(fields) = schema.root_type().kind() else { panic!("no struct") };
/// let field = |index: usize| (fields[index].name(), schema.go_string(fields[index].edge()));
/// assert_eq!(field(0), ("Customer", "string".to_owned()));
/// assert_eq!(field(1), ("Items", "[]uint32".to_owned()));
/// ```
///
/// [`Encode`](crate::Encode) shows it written by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no place in gob's type system",
    label = "not a gob type",
    note = "for a struct or newtype of yours, write `#[derive(Gob)]`",
    note = "there is no gob integer of 128 bits: use i64, u64, or a string",
    note = "the table of Rust shapes stands in the documentation of the crate gobrpc-codec"
)]
pub trait Gob {
    /// Stands for the wire type: two Rust types that share it share one type
    /// definition in a stream, and no others do.
    ///
    /// For a type without lifetimes and generics this is the type itself; where
    /// `Self` borrows, it is any `'static` type that no other type uses.
    type Static: 'static;

    /// True for `Option`: `Option<Option<T>>` cannot travel, since gob has no
    /// way to tell `None` from `Some(None)`.
    #[doc(hidden)]
    const NULLABLE: bool = false;

    /// True for types that live only behind a pointer (`str`, `[T]`), so that
    /// the pointer is no pointer to Go.
    #[doc(hidden)]
    const UNSIZED: bool = false;

    /// True for `u8` and newtypes of it: a slice of them is gob's `bytes`.
    #[doc(hidden)]
    const BYTE: bool = false;

    /// True for Go's interfaces, which may be nil by themselves: an `Option` of one
    /// is no pointer.
    #[doc(hidden)]
    const INTERFACE: bool = false;

    /// Adds the type, and all types that it refers to, to a schema.
    fn describe(schema: &mut SchemaBuilder) -> Edge;

    /// The schema of the type, built once per process.
    fn schema() -> &'static Schema {
        Schema::cached::<Self>()
    }
}
