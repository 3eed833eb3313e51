//! JSON-RPC 1.0 as Go's `net/rpc/jsonrpc` speaks it, and 2.0: the feature
//! `jsonrpc`.
//!
//! It carries the same services as gob does, with the same names: fields are
//! called as gob calls them, and a field that is absent or `null` is zero. Values
//! look as Go's `encoding/json` writes the same types:
//!
//! | gob | JSON |
//! |---|---|
//! | bool, int, uint, float, string | the same; text that is not UTF-8 gets U+FFFD |
//! | bytes | base64 |
//! | struct | an object; on the way in, the case of names does not matter and unknown ones are skipped, as in Go |
//! | slice, array | an array; what an array has too much is skipped, what it lacks is zero |
//! | map | an object; keys are strings, or integers in quotes |
//! | pointer (`Option`) | `null`, or what it leads to |
//! | interface | what it holds; on the way in only `null`, booleans, numbers and strings |
//! | `time.Time` | RFC 3339 |
//! | `big.Int`, `big.Rat` | a number; a text such as `"1/3"` |
//! | `net.IP`, `netip`, `uuid.UUID` | text |
//! | complex, NaN, infinities | an error, as in Go |
//! | other types that encode themselves | base64 of what gob sends |
//!
//! An empty slice and an empty map are `[]` and `{}`, although Go, which tells
//! nil ones apart, has `null` for those.
//!
//! A server takes batches of 2.0, of up to [`BATCH_MAX`] requests, and notifications.
//!
//! # Cost
//!
//! A body is read into a [`Value`](gobrpc_codec::Value) by the schema of the type
//! that is asked for, encoded as gob, and decoded from that; a reply goes the same
//! way back. So services need no second set of derives, and a call costs several
//! times what it costs over gob.

mod batch;
mod client;
mod envelope;
mod read;
mod reply;
mod scalar;
mod scan;
mod server;
mod write;

use bytes::Bytes;
use gobrpc_codec::{Limits, Prepared, RawValue, Schema};

use crate::error::Result;

pub use batch::BATCH_MAX;
pub use client::ClientConnection;
pub use server::ServerConnection;

/// Deepest nesting of JSON: serde_json's own bound, so that no text can exhaust
/// a stack.
pub const DEPTH_MAX: usize = 127;

/// Which JSON-RPC a client speaks. A server answers each request in its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Version {
    /// 1.0, as Go's `net/rpc/jsonrpc`.
    #[default]
    V1,
    /// 2.0: errors have numbers, too.
    V2,
}

/// A body that is JSON, to be read by the schema of the type that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct JsonBody {
    text: Bytes,
    limits: Limits,
}

impl JsonBody {
    /// A part of a message; or `null`, which stands for what the message lacks.
    fn within(message: &Bytes, text: &str, limits: Limits) -> Self {
        let text = if text == "null" {
            Bytes::from_static(b"null")
        } else {
            message.slice_ref(text.as_bytes())
        };
        Self { text, limits }
    }

    pub(crate) fn text(&self) -> &Bytes {
        &self.text
    }

    /// The value as gob, of this type.
    ///
    /// # Errors
    ///
    /// If the text is no JSON, or no value of the type.
    pub(crate) fn to_raw(&self, schema: &Schema) -> Result<RawValue> {
        let schema = std::sync::Arc::new(schema.clone());
        let value = read::value(&self.text, &schema, &self.limits)?;
        let prepared = Prepared::from_value_as(&value, &schema)?;
        Ok(RawValue::from_prepared(&prepared)?)
    }
}
