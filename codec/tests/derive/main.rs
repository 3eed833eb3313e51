//! What `#[derive(Gob)]` generates: every shape and attribute, there and back.

#![deny(missing_docs, unreachable_pub, unused)]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test may panic")]
#![allow(
    clippy::use_self,
    reason = "types are recursive by name and by Self, which are different to the macro"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::marker::PhantomData;

use gobrpc_codec::{
    Decode, DecodeOwned, Encode, ErrorKind, Gob, borrow_from_slice, from_slice, to_vec,
};

/// Encodes and decodes; gives the bytes.
#[track_caller]
fn check<T: Encode + DecodeOwned + PartialEq + Debug>(value: &T) -> Vec<u8> {
    let bytes = to_vec(value).unwrap();
    assert_eq!(&from_slice::<T>(&bytes).unwrap(), value);
    bytes
}

/// Encodes one type and decodes the other, as two versions of a program do.
#[track_caller]
fn convert<T: DecodeOwned>(value: &impl Encode) -> T {
    from_slice(&to_vec(value).unwrap()).unwrap()
}

#[track_caller]
fn fail<T: DecodeOwned + Debug>(value: &impl Encode) -> String {
    let error = from_slice::<T>(&to_vec(value).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    error.to_string()
}

fn field_names<T: Gob>() -> Vec<String> {
    match T::schema().root_type().kind() {
        gobrpc_codec::Kind::Struct(fields) => {
            fields.iter().map(|field| field.name().to_owned()).collect()
        }
        other => panic!("{other:?}"),
    }
}

mod structs;

mod attributes;

mod generics;

mod newtypes;

mod enums;
