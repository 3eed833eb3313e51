//! net/rpc with bodies in msgpack, as `hashicorp/net-rpc-msgpackrpc` has it and
//! Consul and Nomad speak it: the feature `msgpack`.
//!
//! It carries the same services as gob does, with the same names: fields are called
//! as gob calls them, and a field that is absent or nil is zero. Headers are net/rpc's
//! own, `{ServiceMethod, Seq}` and `{ServiceMethod, Seq, Error}`, each followed by one
//! body. Values look as `hashicorp/go-msgpack` writes the same types:
//!
//! | gob | msgpack |
//! |---|---|
//! | bool, int, uint, float | the same, the shortest form; a float takes integers, too |
//! | string, bytes | raw, in the forms of before 2013; read as str or bin |
//! | struct | a map of names; an array of fields in their order is read, too |
//! | slice, array | an array; what an array has too much is skipped, what it lacks is zero |
//! | map | a map |
//! | pointer (`Option`) | nil, or what it leads to |
//! | interface | what it holds; on the way in only nil, booleans, numbers, strings and bytes |
//! | `time.Time` | its `MarshalBinary`, as Consul and Nomad have it; msgpack's timestamps are read, too |
//! | other types with `MarshalBinary` | what that gives |
//! | types that encode themselves for gob or as text only, complex | an error |
//!
//! The names of fields are looked up exactly, as go-msgpack does. An empty slice and an
//! empty map are empty, although Go, which tells nil ones apart, has nil for those.
//!
//! # Cost
//!
//! A body is read into a [`Value`](gobrpc_codec::Value) by the schema of the type that
//! is asked for, encoded as gob, and decoded from that; a reply goes the same way back.
//! So services need no second set of derives, and a call costs several times what it
//! costs over gob.

mod client;
mod header;
mod read;
mod scan;
mod server;
mod token;
mod write;

use std::sync::Arc;

use bytes::Bytes;
use gobrpc_codec::{Limits, Prepared, RawValue, Schema};

use crate::error::Result;

pub use client::ClientConnection;
pub use server::ServerConnection;

/// Deepest nesting of a value: as deep as JSON may be, so that no value can exhaust a
/// stack.
pub const DEPTH_MAX: usize = 127;

/// A body that is msgpack, to be read by the schema of the type that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct MsgpackBody {
    bytes: Bytes,
    limits: Limits,
}

impl MsgpackBody {
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The value as gob, of this type.
    ///
    /// # Errors
    ///
    /// If it is no value of the type, or takes more memory than the limits allow.
    pub(crate) fn to_raw(&self, schema: &Schema) -> Result<RawValue> {
        let schema = Arc::new(schema.clone());
        let value = read::value(&self.bytes, &schema, &self.limits)?;
        let prepared = Prepared::from_value_as(&value, &schema)?;
        Ok(RawValue::from_prepared(&prepared)?)
    }
}
