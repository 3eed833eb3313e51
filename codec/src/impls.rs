//! [`Gob`](crate::Gob), [`Encode`](crate::Encode) and [`Decode`](crate::Decode)
//! for the standard library's types.

mod map;
mod pointer;
mod scalar;
mod sequence;
mod text;
mod tuple;

pub use text::GoString;
