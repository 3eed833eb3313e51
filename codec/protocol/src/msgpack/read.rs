//! From msgpack to a [`Value`], by a schema.

use std::sync::Arc;

use gobrpc_codec::go::Time;
use gobrpc_codec::schema::FieldType;
use gobrpc_codec::{
    Edge, GoString, Interface, Kind, Limits, List, Map, Marshal, OpaqueValue, Schema, Struct, Value,
};

use super::DEPTH_MAX;
use super::header::skip_parts;
use super::token::Token;
use super::write::{has_binary, unsupported};
use crate::error::{Code, Error, Result};

/// Reads bytes as a value of the schema's type.
///
/// # Errors
///
/// If they are no value of the type, or it takes more memory than the limits allow.
pub(super) fn value(bytes: &[u8], schema: &Arc<Schema>, limits: &Limits) -> Result<Value> {
    let mut reader = Reader {
        input: bytes,
        schema,
        memory: limits.memory_bytes,
        limit: limits.memory_bytes,
    };
    let edge = schema.root();
    match reader.value(edge, 0)? {
        Some(value) => Ok(value),
        None => reader.zero(edge, 0),
    }
}

struct Reader<'a> {
    input: &'a [u8],
    schema: &'a Arc<Schema>,
    /// What values may still take.
    memory: usize,
    limit: usize,
}

/// What a value costs besides its bytes: itself, and what composites keep.
const VALUE_BYTES: usize = size_of::<Value>() + 64;

impl<'a> Reader<'a> {
    fn charge(&mut self, bytes: usize) -> Result<()> {
        match self.memory.checked_sub(bytes) {
            Some(left) => {
                self.memory = left;
                Ok(())
            }
            None => Err(Error::with_code(
                Code::ResourceExhausted,
                format!(
                    "msgpack: the value takes more than {} bytes of memory (raise memory_bytes)",
                    self.limit
                ),
            )),
        }
    }

    fn take(&mut self) -> Result<Token<'a>> {
        Token::take(&mut self.input)
            .ok_or_else(|| Error::invalid_argument("msgpack: the value is cut off"))
    }

    /// The next value; `None` for nil.
    fn value(&mut self, edge: Edge, depth: usize) -> Result<Option<Value>> {
        // The scanner has seen to that, for what came as one message.
        if depth > DEPTH_MAX {
            return Err(Error::resource_exhausted(format!(
                "msgpack: the value nests deeper than {DEPTH_MAX} levels"
            )));
        }
        let schema = self.schema;
        let ty = schema.get(edge);
        self.charge(VALUE_BYTES)?;
        let token = self.take()?;
        Ok(Some(match (ty.kind(), token) {
            (_, Token::Nil) => return Ok(None),
            (Kind::Bool, Token::Bool(value)) => Value::Bool(value),
            (Kind::Int, Token::Int(number)) => Value::Int(number),
            (Kind::Uint, Token::Uint(number)) => Value::Uint(number),
            (Kind::Uint, Token::Int(number)) => {
                Value::Uint(u64::try_from(number).map_err(|_| self.wrong(edge, "below zero"))?)
            }
            (Kind::Int, Token::Uint(_)) => return Err(self.wrong(edge, "too large")),
            (Kind::Float, Token::Float(number)) => Value::Float(number),
            // As go-msgpack reads them (codec, decFloat).
            (Kind::Float, Token::Int(number)) => Value::Float(number as f64),
            (Kind::Float, Token::Uint(number)) => Value::Float(number as f64),
            (Kind::String, Token::Raw(text) | Token::Bin(text)) => {
                Value::String(GoString::from(self.owned(text)?))
            }
            (Kind::Bytes, Token::Raw(bytes) | Token::Bin(bytes)) => {
                Value::Bytes(self.owned(bytes)?)
            }
            (Kind::Opaque(kind), token) if has_binary(ty) => {
                let payload = match token {
                    Token::Raw(bytes) | Token::Bin(bytes) if ty.name() == "Time" => {
                        match timestamp(bytes) {
                            Some(time) => time?,
                            None => self.owned(bytes)?,
                        }
                    }
                    Token::Raw(bytes) | Token::Bin(bytes) => self.owned(bytes)?,
                    Token::Ext(-1, bytes) if ty.name() == "Time" => timestamp(bytes)
                        .ok_or_else(|| self.wrong(edge, "a timestamp of unknown form"))??,
                    token => return Err(self.wrong(edge, token.words())),
                };
                OpaqueValue::new(*kind, ty.name(), payload).into()
            }
            (Kind::Interface, token) => Value::Interface(self.interface(token, edge)?),
            (Kind::Slice(elem), Token::Array(items)) => {
                let items = self.items(*elem, items, None, depth)?;
                Value::Slice(List::with_schema(schema, edge, items))
            }
            (Kind::Array(elem, length), Token::Array(items)) => {
                let items = self.items(*elem, items, Some(*length), depth)?;
                Value::Array(List::with_schema(schema, edge, items))
            }
            // Arrays of bytes are bytes in go-msgpack (codec, kArray).
            (Kind::Array(elem, length), Token::Raw(bytes) | Token::Bin(bytes))
                if matches!(schema.get(*elem).kind(), Kind::Uint) =>
            {
                self.charge(length.saturating_mul(VALUE_BYTES))?;
                let bytes = bytes.iter().copied().chain(std::iter::repeat(0));
                let items = bytes.take(*length).map(|it| Value::Uint(it.into()));
                Value::Array(List::with_schema(schema, edge, items.collect()))
            }
            (Kind::Map(key, elem), Token::Map(entries)) => {
                let mut map = Map::with_schema(schema, edge);
                for _ in 0..entries {
                    let key = self.present(*key, depth)?;
                    let value = self.present(*elem, depth)?;
                    map.push(key, value);
                }
                map.into()
            }
            (Kind::Struct(fields), token @ (Token::Map(_) | Token::Array(_))) => {
                self.structure(fields, token, edge, depth)?.into()
            }
            (Kind::Opaque(_) | Kind::Complex, _) => return Err(unsupported(schema, edge)),
            (_, token) => return Err(self.wrong(edge, token.words())),
        }))
    }

    fn owned(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        self.charge(bytes.len())?;
        Ok(bytes.to_vec())
    }

    #[cold]
    fn wrong(&self, edge: Edge, found: &str) -> Error {
        Error::invalid_argument(format!(
            "msgpack: {found} where {} is to be",
            self.schema.go_string(edge)
        ))
    }

    /// An element of a list or a map, which cannot be absent.
    fn present(&mut self, edge: Edge, depth: usize) -> Result<Value> {
        match self.value(edge, depth + 1)? {
            Some(value) => Ok(value),
            None if edge.pointers() > 0 => Err(Error::invalid_argument(format!(
                "msgpack: gob cannot express nil among elements of type {}",
                self.schema.go_string(edge)
            ))),
            None => self.zero(edge, depth + 1),
        }
    }

    fn items(
        &mut self,
        elem: Edge,
        count: u32,
        length: Option<usize>,
        depth: usize,
    ) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        for _ in 0..count {
            if length.is_some_and(|length| items.len() >= length) {
                let token = self.take()?;
                skip_parts(token, &mut self.input)?;
            } else {
                items.push(self.present(elem, depth)?);
            }
        }
        while length.is_some_and(|length| items.len() < length) {
            items.push(self.zero(elem, depth + 1)?);
        }
        Ok(items)
    }

    /// A struct: a map of its fields, or all of them in their order.
    fn structure(
        &mut self,
        fields: &[FieldType],
        token: Token<'_>,
        edge: Edge,
        depth: usize,
    ) -> Result<Struct> {
        let mut value = Struct::with_schema(self.schema, edge)?;
        let (count, named) = match token {
            Token::Map(entries) => (entries, true),
            Token::Array(items) => (items, false),
            _ => (0, false),
        };
        for place in 0..count {
            let field = if named {
                let name = match self.take()? {
                    Token::Raw(name) | Token::Bin(name) => name,
                    token => return Err(self.wrong(edge, token.words())),
                };
                fields.iter().find(|field| field.name().as_bytes() == name)
            } else {
                usize::try_from(place).ok().and_then(|it| fields.get(it))
            };
            let Some(field) = field else {
                let token = self.take()?;
                skip_parts(token, &mut self.input)?;
                continue;
            };
            if let Some(part) = self.value(field.edge(), depth + 1)? {
                // Of two, the last counts.
                value.set(field.name(), part)?;
            }
        }
        Ok(value)
    }

    /// What an interface holds, under the names that Go registers by itself.
    fn interface(&mut self, token: Token<'_>, edge: Edge) -> Result<Interface> {
        Ok(match token {
            Token::Nil => Interface::nil(),
            Token::Bool(value) => Interface::new("bool", Value::Bool(value)),
            Token::Int(number) => Interface::new("int64", Value::Int(number)),
            Token::Uint(number) => Interface::new("uint64", Value::Uint(number)),
            Token::Float(number) => Interface::new("float64", Value::Float(number)),
            Token::Raw(text) if std::str::from_utf8(text).is_ok() => {
                Interface::new("string", Value::String(GoString::from(self.owned(text)?)))
            }
            Token::Raw(bytes) | Token::Bin(bytes) => {
                Interface::new("[]uint8", Value::Bytes(self.owned(bytes)?))
            }
            token => return Err(self.wrong(edge, token.words())),
        })
    }

    /// The value for nil where there must be one.
    fn zero(&mut self, edge: Edge, depth: usize) -> Result<Value> {
        self.charge(VALUE_BYTES)?;
        let schema = self.schema;
        Ok(match schema.get(edge).kind() {
            Kind::Bool => Value::Bool(false),
            Kind::Int => Value::Int(0),
            Kind::Uint => Value::Uint(0),
            Kind::Float => Value::Float(0.0),
            Kind::String => Value::from(""),
            Kind::Bytes => Value::Bytes(Vec::new()),
            Kind::Interface => Interface::nil().into(),
            Kind::Struct(_) => Struct::with_schema(schema, edge)?.into(),
            Kind::Slice(_) => Value::Slice(List::with_schema(schema, edge, Vec::new())),
            Kind::Map(..) => Map::with_schema(schema, edge).into(),
            Kind::Array(elem, length) if depth < DEPTH_MAX => {
                let items: Result<Vec<Value>> =
                    (0..*length).map(|_| self.zero(*elem, depth + 1)).collect();
                Value::Array(List::with_schema(schema, edge, items?))
            }
            _ => return Err(self.wrong(edge, "nil")),
        })
    }
}

/// The payload of a time that is one of msgpack's timestamps, of which go-msgpack
/// leaves the type out where extensions are off; `None` if it is none, and so what
/// `MarshalBinary` gives.
fn timestamp(bytes: &[u8]) -> Option<Result<Vec<u8>>> {
    let (seconds, nanosecond) = match *bytes {
        [a, b, c, d] => (i64::from(u32::from_be_bytes([a, b, c, d])), 0),
        [a, b, c, d, e, f, g, h] => {
            let both = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            ((both & 0x3_ffff_ffff) as i64, (both >> 34) as u32)
        }
        [n1, n2, n3, n4, a, b, c, d, e, f, g, h] => (
            i64::from_be_bytes([a, b, c, d, e, f, g, h]),
            u32::from_be_bytes([n1, n2, n3, n4]),
        ),
        _ => return None,
    };
    let payload = || -> gobrpc_codec::Result<Vec<u8>> {
        let mut payload = Vec::new();
        Time::from_unix(seconds, nanosecond)?.marshal(&mut payload)?;
        Ok(payload)
    };
    Some(payload().map_err(|error| Error::invalid_argument(format!("msgpack: {error}"))))
}
