//! The generated code keeps quiet where the user's lints are at their loudest.

#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    missing_copy_implementations,
    unused,
    unused_results,
    unused_qualifications,
    unused_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    elided_lifetimes_in_paths,
    unnameable_types,
    let_underscore_drop,
    variant_size_differences,
    non_local_definitions,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    nonstandard_style
)]
#![forbid(unsafe_code)]

use std::borrow::Cow;

use gobrpc_codec::Gob;

/// A struct.
#[derive(Debug, Gob)]
pub struct Public<'a, T, const N: usize> {
    /// A field.
    pub name: Cow<'a, str>,
    /// Of a type parameter.
    pub items: [T; N],
    /// Old.
    #[deprecated]
    #[gob(default)]
    pub old: i64,
    #[gob(skip)]
    hidden: Vec<T>,
}

/// A newtype.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Gob)]
pub struct Id(pub u8);

/// An interface.
#[derive(Gob, Debug)]
#[gob(interface)]
pub enum Shape<T> {
    /// A named type.
    Color(Color),
    /// A generic one.
    #[gob(name = "main.T")]
    Generic(T),
    /// Nothing.
    #[gob(nil)]
    Nil,
    /// Anything.
    #[gob(other)]
    Other(gobrpc_codec::Interface),
}

/// An enum.
#[derive(Debug, Clone, Copy, Gob)]
#[gob(repr = "u8")]
#[non_exhaustive]
pub enum Color {
    /// Red.
    Red,
    /// Green.
    Green = 255,
}

/// A string.
#[derive(Debug, Clone, Copy, Gob)]
#[gob(string)]
pub enum Shade {
    /// Dark.
    Dark,
    /// Old.
    #[deprecated]
    Light,
}

/// Nothing.
#[derive(Debug, Clone, Copy, Gob)]
pub struct Unit;

#[derive(Gob)]
struct Private<'a> {
    wire: &'a [u8],
    #[gob(with = "wire")]
    timeout: std::time::Duration,
}

mod wire {
    use std::convert::Infallible;
    use std::time::Duration;

    pub(crate) type Wire = u64;
    pub(crate) fn to_wire(value: &Duration) -> u64 {
        value.as_secs()
    }
    pub(crate) fn from_wire(value: u64) -> Result<Duration, Infallible> {
        Ok(Duration::from_secs(value))
    }
}

fn main() {
    let private = Private {
        wire: b"x",
        timeout: std::time::Duration::ZERO,
    };
    assert!(gobrpc_codec::to_vec(&private).is_ok());
    let public = Public::<'_, i64, 0> {
        name: Cow::Borrowed(""),
        items: [],
        #[allow(deprecated)]
        old: 0,
        hidden: Vec::new(),
    };
    assert!(public.hidden.is_empty());
    assert!(gobrpc_codec::to_vec(&public).is_ok());
}
