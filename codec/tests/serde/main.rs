//! Types that know serde and not gob, and values as serde's own data.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::use_self,
    reason = "a failed test may panic; types are recursive by their names"
)]

mod enums;
mod limits;
mod maps;
mod schemas;
mod structs;
mod values;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gobrpc_codec::{
    Encoder, ErrorKind, GoString, Gob, Interface, Kind, List, Map, Prepared, RawValue,
    SchemaBuilder, Struct, Value, from_slice_serde, to_vec,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Gob, Default, Clone)]
struct SentAddress {
    street_name: String,
    zip: u32,
}

#[derive(Gob, Default)]
struct SentPerson {
    user_name: String,
    age: i64,
    score: f64,
    tags: Vec<String>,
    key: Vec<u8>,
    home: SentAddress,
    work: Option<SentAddress>,
    point: [i64; 2],
    limits: BTreeMap<String, i64>,
    level: i64,
    color: String,
    unknown: String,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Address {
    street_name: String,
    #[serde(rename = "Zip")]
    zip: u32,
}

#[derive(Deserialize, Debug, PartialEq)]
enum Color {
    Red,
    DarkBlue,
}

#[derive(Deserialize, Debug, PartialEq)]
enum Level {
    Low,
    High,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Meters(f64);

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Person {
    #[serde(rename = "userName", alias = "user_name")]
    name: String,
    age: u8,
    score: Meters,
    tags: Vec<String>,
    #[serde(with = "bytes")]
    key: Vec<u8>,
    home: Address,
    work: Option<Address>,
    point: (i8, i8),
    limits: HashMap<String, u16>,
    level: Level,
    color: Color,
    missing: Option<String>,
    #[serde(default = "seven")]
    defaulted: i64,
}

fn seven() -> i64 {
    7
}

mod bytes {
    use serde::de::{Deserializer, Error, Visitor};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

fn sent() -> SentPerson {
    SentPerson {
        user_name: "gopher".into(),
        age: 13,
        score: 1.5,
        tags: vec!["a".into(), "b".into()],
        key: vec![0, 255],
        home: SentAddress {
            street_name: "Main".into(),
            zip: 7,
        },
        work: None,
        point: [-1, 1],
        limits: BTreeMap::from([("x".into(), 9)]),
        level: 1,
        color: "dark_blue".into(),
        unknown: "ignored".into(),
    }
}

fn through<T: Serialize>(value: &T) -> Value {
    let prepared = Prepared::from_serialize(value).unwrap();
    RawValue::from_prepared(&prepared)
        .unwrap()
        .to_value()
        .unwrap()
}
