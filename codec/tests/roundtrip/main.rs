//! Values come back: every constructor in every other, in streams of several
//! values, cut anywhere, through types that were changed since.

mod evolution;
mod integers;
mod nesting;
mod sample;
