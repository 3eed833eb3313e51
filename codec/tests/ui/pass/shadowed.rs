//! The generated code means the standard library's names, whatever the user
//! calls theirs.

#![no_implicit_prelude]
#![allow(dead_code, non_camel_case_types, non_upper_case_globals)]

struct Option;
struct Result;
struct Some;
struct None;
struct Ok;
struct Err;
struct String;
struct Vec;
struct Error;
struct Default;
struct From;
struct u8;
struct u16;
struct u64;
struct i64;
struct bool;
struct str;
mod core {}
mod std {}
mod gobrpc_codec {}
static writer: () = ();
static reader: () = ();
static schema: () = ();
static value: () = ();
static delta: () = ();
static fields: () = ();
const number: () = ();
const node: () = ();

trait Tricky {
    fn encode(&self) {}
    fn decode() {}
    fn field(&self) {}
    fn describe() {}
    fn zero() {}
    fn take(&self) {}
    fn at_offset(&self) {}
}
impl<T: ?::core::marker::Sized> Tricky for T {}

#[derive(::gobrpc_codec::Gob)]
struct Struct<'a, T, const N: usize> {
    text: ::std::string::String,
    bytes: &'a [::core::primitive::u8],
    item: ::std::vec::Vec<T>,
    array: [::core::primitive::u16; N],
    #[gob(skip)]
    skipped: ::core::primitive::bool,
    #[gob(default)]
    default: ::core::primitive::i64,
}

#[derive(::gobrpc_codec::Gob)]
struct Newtype(::core::primitive::u64);

#[derive(::gobrpc_codec::Gob)]
enum Number {
    Some,
    None,
    Ok,
}

#[derive(::gobrpc_codec::Gob)]
#[gob(string)]
enum Text {
    Some,
    Err,
}

macro_rules! make {
    ($name:ident, $field:ident, $ty:ty) => {
        #[derive(::gobrpc_codec::Gob)]
        struct $name {
            $field: $ty,
            own: $ty,
        }
    };
}

make!(Made, field, Newtype);

fn main() {}
