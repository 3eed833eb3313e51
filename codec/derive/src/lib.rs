//! `#[derive(Gob)]`, the macro of the crate `gobrpc-codec`, which re-exports it.
//!
//! It generates what gob must know of a type before the first value, and how
//! values are written and read: the traits `Gob`, `Encode` and `Decode`. This
//! crate knows no bytes; it only writes Rust.
//!
//! ```
//! use gobrpc_codec::{Gob, from_slice, to_vec};
//!
//! #[derive(Debug, PartialEq, Gob)]
//! #[gob(package = "model", rename_all = "go")]
//! struct Person {
//!     user_id: u64,                     // UserID in Go
//!     name: String,                     // Name
//!     #[gob(rename = "Mail")]
//!     email: Option<String>,            // Mail, a *string
//!     #[gob(default = "one")]
//!     visits: i64,
//!     #[gob(skip)]
//!     cached: bool,
//!     role: Role,
//! }
//!
//! fn one() -> i64 { 1 }
//!
//! #[derive(Debug, PartialEq, Gob)]
//! #[gob(string, rename_all = "lowercase")]
//! enum Role { Admin, #[gob(rename = "")] User }
//!
//! let ann = Person {
//!     user_id: 7,
//!     name: "Ann".into(),
//!     email: None,
//!     visits: 3,
//!     cached: false,
//!     role: Role::User,
//! };
//! assert_eq!(from_slice::<Person>(&to_vec(&ann)?)?, ann);
//! # Ok::<(), gobrpc_codec::Error>(())
//! ```
//!
//! [`Gob`](macro@Gob) has the table of shapes and all attributes.

mod check;
mod errors;
mod expand;
mod krate;
mod names;
mod parse;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `Gob`, `Encode` and `Decode`.
///
/// | Rust | Go |
/// |---|---|
/// | `struct S { user_name: T }` | `type S struct { UserName T }` |
/// | `struct S(T, U)` | `type S struct { F0 T; F1 U }` |
/// | `struct S(T)` | `type S T` |
/// | `struct S` | `type S struct{}` |
/// | `struct S<T> { … }` | `type S[T any] struct { … }` |
/// | `enum E { A, B }` | `type E int`, by discriminants |
/// | `enum E { A, B }` with `string` | `type E string`, by names |
/// | `enum E { A(A), B(B) }` with `interface` | an interface that holds an `A` or a `B` |
///
/// Other enums with data and unions cannot travel. A field of the type `PhantomData`
/// is skipped, and does not count above. Lifetimes may be borrowed from the
/// input; type parameters that occur in fields that travel must themselves
/// implement the traits.
///
/// A field that was not sent, or that the remote type lacks, is zero, as in Go.
///
/// # Attributes of a type
///
/// - `#[gob(name = "Person")]`: the name of the Go type; else that of the Rust
///   type.
/// - `#[gob(package = "model")]`: the package of the Go type; else `main`. It
///   shows in Go's names of unnamed types only, such as `[]model.Person`.
/// - `#[gob(rename_all = "…")]`: how identifiers become wire names. For fields:
///   `PascalCase` (`user_id` to `UserId`, the default), `go` (`UserID`: with
///   Go's initialisms), `verbatim`. For variants of an enum with `string`:
///   `verbatim` (the default), `camelCase`, `snake_case`,
///   `SCREAMING_SNAKE_CASE`, `kebab-case`, `lowercase`, `UPPERCASE`.
/// - `#[gob(transparent)]`, on a struct with one field that travels: the type
///   travels as that field, without a name of its own.
/// - `#[gob(string)]`, on an enum: the variants' names travel, and not their
///   numbers.
/// - `#[gob(repr = "u8")]`, on an enum: the integer that travels, if Go's type
///   is not a signed one. Rust's `#[repr]` says nothing about the wire.
/// - `#[gob(interface)]`, on an enum: it travels as a Go interface; see below.
/// - `#[gob(encode_only)]`: no `Decode`, for types that hold references to what
///   cannot be borrowed from bytes, such as `&[Item]`.
/// - `#[gob(bound = "T: Trait")]`: the bounds of type parameters in all impls, in
///   place of the inferred ones. Bounds that mention the lifetime `'de` are for
///   `Decode` only.
/// - `#[gob(crate = "other::codec")]`: where the crate `gobrpc-codec` is, if
///   neither it nor another of our crates is in the user's Cargo.toml.
///
/// # Attributes of a field
///
/// - `#[gob(rename = "Mail")]`: the wire name. Without it `#[serde(rename =
///   "…")]` counts, and then the identifier. Go sees no field whose name does
///   not start with an upper-case letter, so such names do not compile.
/// - `#[gob(skip)]`: never sent; `Default` when the struct is decoded, or the
///   function of `default = "…"`.
/// - `#[gob(default)]`, `#[gob(default = "function")]`: in place of zero when
///   the field was not sent or the remote type lacks it. Go sends no zeros: the
///   default stands for them as well, so `false` cannot arrive where the default
///   is `true`.
/// - `#[gob(required)]`: decoding fails if the remote type lacks the field. That
///   a value of it was sent cannot be required, for zeros are not.
/// - `#[gob(as = "Wire")]`: travels as the type `Wire`, which implements
///   `From<&Field>`; the field's type implements `TryFrom<Wire>`.
/// - `#[gob(with = "module")]`: travels as the type `module::Wire`, by way of
///   `module::to_wire(&Field) -> Wire` and `module::from_wire(Wire) ->
///   Result<Field, impl Display>`:
///
/// ```
/// use std::net::Ipv4Addr;
/// use gobrpc_codec::{Gob, to_vec};
///
/// mod dotted {
///     use std::net::{AddrParseError, Ipv4Addr};
///
///     pub type Wire = String;
///     pub fn to_wire(addr: &Ipv4Addr) -> String { addr.to_string() }
///     pub fn from_wire(text: String) -> Result<Ipv4Addr, AddrParseError> { text.parse() }
/// }
///
/// #[derive(Gob)]
/// struct Host {
///     #[gob(with = "dotted")]
///     addr: Ipv4Addr,
/// }
///
/// let stream = to_vec(&Host { addr: Ipv4Addr::LOCALHOST })?;
/// assert!(stream.ends_with(b"\x01\x09127.0.0.1\0"));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
///
/// # Attributes of a variant
///
/// - `#[gob(rename = "red")]`: the name that travels, if the enum has `string`.
///   Without it `#[serde(rename = "…")]` counts, and then the identifier.
/// - `#[gob(name = "*main.Circle")]`: the name under which Go registered the type
///   that this variant of an `interface` holds; else that of the variant, in the
///   enum's package. `gob.Register` says `main.Circle` of a value in package main,
///   `*main.Circle` of a pointer, `example.com/shapes.Circle` elsewhere, and `int`,
///   `[]string` of what has no name of its own.
/// - `#[gob(nil)]`: this variant of an `interface` is nil. Without one nil is an
///   error: use `Option`.
/// - `#[gob(other)]`: this variant holds, as an `Interface`, whatever has none of
///   the other names. Without one that is an error.
///
/// # Interfaces
///
/// ```
/// use gobrpc_codec::{Gob, Interface, from_slice, to_vec};
///
/// #[derive(Gob, Debug, PartialEq)]
/// struct Circle { radius: f64 }
/// #[derive(Gob, Debug, PartialEq)]
/// struct Square { side: f64 }
///
/// // Go's `type Shape interface{ Area() float64 }`, of whose types Go has registered
/// // `*Circle` and `Square`.
/// #[derive(Gob, Debug, PartialEq)]
/// #[gob(interface)]
/// enum Shape {
///     #[gob(name = "*main.Circle")]
///     Circle(Circle),
///     Square(Square),           // main.Square
///     #[gob(other)]
///     Other(Interface),
/// }
///
/// let shapes = vec![
///     Shape::Circle(Circle { radius: 1.5 }),
///     Shape::Other(Interface::of("int", &4_i64)?),
/// ];
/// assert_eq!(from_slice::<Vec<Shape>>(&to_vec(&shapes)?)?, shapes);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
///
/// # Zero
///
/// An enum's zero is the variant that is number 0 or is called `""`. If there is
/// none, a field of the enum that was not sent is an error: use `Option`, or
/// `#[gob(default)]`.
#[proc_macro_derive(Gob, attributes(gob))]
pub fn derive_gob(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = parse::parse(input).and_then(|input| {
        let krate = match &input.attributes.krate {
            Some(given) => given.value.clone(),
            None => krate::path()?,
        };
        Ok(expand::expand(&input, &krate))
    });
    expanded
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
