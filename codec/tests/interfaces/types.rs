//! Twins of the Go types in tests/peers/go/cmd/mint/interfaces.go.

use gobrpc_codec::go::Time;
use gobrpc_codec::schema::Opaque;
use gobrpc_codec::{Gob, Marshal, Unmarshal, marshaler};

use std::collections::BTreeMap;

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: i64,
    pub(crate) y: i64,
}

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) score: f64,
}

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Dog {
    pub(crate) name: String,
}

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Cat {
    pub(crate) lives: i64,
}

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Base {
    #[gob(rename = "ID")]
    pub(crate) id: i64,
}

#[derive(Gob, Debug, Clone, PartialEq)]
#[gob(name = "ID")]
pub(crate) struct Id(pub(crate) i64);

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Names(pub(crate) Vec<String>);

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Pair<A, B> {
    pub(crate) first: A,
    pub(crate) second: B,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GobVal(pub(crate) String);

impl Marshal for GobVal {
    const KIND: Opaque = Opaque::Gob;
    const NAME: &'static str = "GobVal";

    fn marshal(&self, out: &mut Vec<u8>) -> gobrpc_codec::Result<()> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(())
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl Unmarshal for GobVal {
    fn unmarshal(payload: &[u8]) -> gobrpc_codec::Result<Self> {
        Ok(Self(String::from_utf8_lossy(payload).into_owned()))
    }
    fn zero() -> gobrpc_codec::Result<Self> {
        Ok(Self(String::new()))
    }
}

marshaler!(GobVal);

/// Go's `any`.
#[derive(Gob, Debug, Clone, PartialEq)]
#[gob(interface, name = "")]
pub(crate) enum Held {
    #[gob(name = "int")]
    Int(i64),
    #[gob(name = "int64")]
    Int64(i64),
    #[gob(name = "string")]
    String(String),
    #[gob(name = "bool")]
    Bool(bool),
    #[gob(name = "[]uint8")]
    Bytes(Vec<u8>),
    #[gob(name = "[]string")]
    Strings(Vec<String>),
    Point(Point),
    Inner(Inner),
    Dog(Dog),
    #[gob(name = "short")]
    Base(Base),
    #[gob(name = "main.ID")]
    Id(Id),
    Names(Names),
    #[gob(name = "main.Pair[int64,string]")]
    Pair(Pair<i64, String>),
    #[gob(name = "map[string]main.Inner")]
    Inners(BTreeMap<String, Inner>),
    #[gob(name = "[]interface {}")]
    List(Vec<Option<Held>>),
    #[gob(name = "map[string]interface {}")]
    Dict(BTreeMap<String, Option<Held>>),
    Any(Box<Any>),
    GobVal(GobVal),
    #[gob(name = "time.Time")]
    Time(Time),
}

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Any {
    pub(crate) before: i64,
    pub(crate) value: Option<Held>,
    pub(crate) after: i64,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
pub(crate) struct Anys {
    pub(crate) first: Option<Held>,
    pub(crate) second: Option<Held>,
    pub(crate) list: Vec<Option<Held>>,
    // A map that is nil is left out.
    pub(crate) dict: Option<BTreeMap<String, Option<Held>>>,
}

/// Go's `Speaker`, an interface with a method.
#[derive(Gob, Debug, Clone, PartialEq)]
#[gob(interface)]
pub(crate) enum Speaker {
    Dog(Dog),
    #[gob(name = "*main.Cat")]
    Cat(Cat),
    #[gob(nil)]
    Nobody,
}

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Speakers {
    pub(crate) one: Speaker,
    pub(crate) all: Vec<Speaker>,
}

pub(crate) fn point(x: i64, y: i64) -> Point {
    Point { x, y }
}

pub(crate) fn inner(name: &str, score: f64) -> Inner {
    Inner {
        name: name.to_owned(),
        score,
    }
}

pub(crate) fn any(before: i64, value: impl Into<Option<Held>>, after: i64) -> Any {
    Any {
        before,
        value: value.into(),
        after,
    }
}
