//! The messages of etcd's JSON gateway: 64-bit numbers are strings, bytes are
//! base64, and what is zero is left out
//! (`api/etcdserverpb/rpc.proto`, in proto3's JSON mapping).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer};

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
pub(super) struct Header {
    #[serde(deserialize_with = "number")]
    pub(super) revision: i64,
}

#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
pub(super) struct Kv {
    #[serde(deserialize_with = "bytes")]
    pub(super) key: Vec<u8>,
    #[serde(deserialize_with = "bytes")]
    pub(super) value: Vec<u8>,
    #[serde(deserialize_with = "number")]
    pub(super) mod_revision: i64,
}

#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
pub(super) struct RangeAnswer {
    pub(super) header: Header,
    pub(super) kvs: Vec<Kv>,
}

#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
pub(super) struct TxnAnswer {
    pub(super) succeeded: bool,
    responses: Vec<TxnPart>,
}

#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
struct TxnPart {
    response_range: RangeAnswer,
}

impl TxnAnswer {
    /// What its range found, if it had one and there is something.
    pub(super) fn kv(&self) -> Option<&Kv> {
        self.responses.first()?.response_range.kvs.first()
    }
}

/// What granting and keeping alive answer.
#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
pub(super) struct LeaseAnswer {
    #[serde(rename = "ID", deserialize_with = "number")]
    pub(super) id: i64,
    /// Left out for a lease that is gone.
    #[serde(rename = "TTL", deserialize_with = "number")]
    pub(super) ttl: i64,
}

#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
pub(super) struct TokenAnswer {
    pub(super) token: String,
}

#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
pub(super) struct WatchAnswer {
    pub(super) header: Header,
    pub(super) canceled: bool,
    pub(super) cancel_reason: String,
    /// Not zero if what was asked for is no longer kept.
    #[serde(deserialize_with = "number")]
    pub(super) compact_revision: i64,
    pub(super) events: Vec<WatchEvent>,
}

#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
pub(super) struct WatchEvent {
    /// Left out for a put.
    #[serde(rename = "type")]
    kind: String,
    pub(super) kv: Kv,
}

impl WatchEvent {
    pub(super) fn is_delete(&self) -> bool {
        self.kind == "DELETE"
    }
}

/// One piece of a stream of answers.
#[derive(serde::Deserialize, Debug)]
pub(super) struct Piece<T> {
    pub(super) result: Option<T>,
    pub(super) error: Option<Fault>,
}

/// What is answered instead, if it did not work.
#[derive(serde::Deserialize, Debug, Default)]
#[serde(default)]
pub(super) struct Fault {
    error: Text,
    message: Text,
}

impl Fault {
    pub(super) fn text(&self) -> &str {
        match &self.message.0 {
            text if text.is_empty() => &self.error.0,
            text => text,
        }
    }
}

/// A text where there is one: other servers put objects there.
#[derive(Debug, Default)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        }))
    }
}

pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(json)
}

/// A number, or the text of one.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    struct Visitor;
    impl de::Visitor<'_> for Visitor {
        type Value = i64;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a 64-bit number")
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }
        fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
            i64::try_from(number).map_err(E::custom)
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Visitor)
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    STANDARD.decode(text.as_bytes()).map_err(de::Error::custom)
}
