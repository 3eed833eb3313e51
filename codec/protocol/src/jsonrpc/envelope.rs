//! [`Request`] and [`Reply`]: what stands around a body.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Version;
use super::reply::put_error;
use crate::error::{Code, Delivery, Error, Result};

/// The numbers of JSON-RPC 2.0, section 5.1.
pub(super) mod number {
    pub(crate) const PARSE_ERROR: i64 = -32_700;
    pub(crate) const INVALID_REQUEST: i64 = -32_600;
    pub(crate) const METHOD_NOT_FOUND: i64 = -32_601;
    pub(crate) const INVALID_PARAMS: i64 = -32_602;
    pub(crate) const INTERNAL_ERROR: i64 = -32_603;
    /// Numbers from here down to -32,099 are the server's own: ours are this
    /// minus the [`Code`](crate::Code).
    pub(crate) const SERVER_ERROR: i64 = -32_000;
}

/// The number for an error of ours.
pub(super) fn number_of(error: &Error) -> i64 {
    let text = error.message();
    match error.code() {
        Code::Unimplemented if text.starts_with("rpc: can't find ") => number::METHOD_NOT_FOUND,
        Code::InvalidArgument if text.starts_with("rpc: service/method request ill-formed") => {
            number::METHOD_NOT_FOUND
        }
        Code::InvalidArgument
            if ["json: ", "jsonrpc: ", "gob: "]
                .iter()
                .any(|prefix| text.starts_with(prefix)) =>
        {
            number::INVALID_PARAMS
        }
        Code::Internal => number::INTERNAL_ERROR,
        code => number::SERVER_ERROR - i64::from(code.number()),
    }
}

/// The code for a number.
fn code_of(number: i64) -> Code {
    match number {
        number::METHOD_NOT_FOUND => Code::Unimplemented,
        number::INVALID_PARAMS => Code::InvalidArgument,
        number::PARSE_ERROR | number::INVALID_REQUEST | number::INTERNAL_ERROR => Code::Internal,
        _ => number::SERVER_ERROR
            .checked_sub(number)
            .and_then(|code| u64::try_from(code).ok())
            .map_or(Code::Unknown, Code::from_number),
    }
}

/// A member that is there, although it may be `null`.
fn present<'de, D: Deserializer<'de>>(json: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(json).map(Some)
}

#[derive(serde::Deserialize)]
struct RawRequest<'a> {
    #[serde(default, borrow, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    id: Option<&'a RawValue>,
}

/// A request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) version: Version,
    pub(super) method: Cow<'a, str>,
    /// The one argument, as it was written.
    pub(super) argument: Result<&'a str>,
    /// The id as it was written; `None` for a notification.
    pub(super) id: Option<&'a str>,
}

/// What is wrong with a message that is no request.
#[derive(Debug)]
pub(super) struct NoRequest<'a> {
    pub(super) number: i64,
    pub(super) text: String,
    pub(super) version: Version,
    pub(super) id: Option<&'a str>,
}

/// Longest id, as it is kept until the reply.
pub(super) const ID_BYTES_MAX: usize = 1024;

impl NoRequest<'_> {
    /// The fault of a text that serde_json cannot read as what it should be.
    #[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
    pub(super) fn unreadable(error: serde_json::Error) -> Self {
        let (number, what) = match error.classify() {
            serde_json::error::Category::Data => (number::INVALID_REQUEST, "Invalid Request"),
            _ => (number::PARSE_ERROR, "Parse error"),
        };
        Self {
            number,
            text: format!("{what}: {error}"),
            version: Version::V2,
            id: None,
        }
    }

    pub(super) fn invalid(text: &str) -> Self {
        Self {
            number: number::INVALID_REQUEST,
            text: format!("Invalid Request: {text}"),
            version: Version::V2,
            id: None,
        }
    }

    /// The same as a part of a batch, which only 2.0 has.
    pub(super) fn in_batch(mut self) -> Self {
        self.version = Version::V2;
        self
    }

    /// Appends it as a reply.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let id = self.id.unwrap_or("null");
        put_error(out, self.version, id.as_bytes(), self.number, &self.text);
    }
}

impl<'a> Request<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, NoRequest<'a>> {
        let refuse = |number, text: String, version, id| NoRequest {
            number,
            text,
            version,
            id,
        };
        let invalid = number::INVALID_REQUEST;
        let raw: RawRequest<'a> = serde_json::from_slice(text).map_err(NoRequest::unreadable)?;
        let version = match raw.jsonrpc.map(RawValue::get) {
            None => Version::V1,
            Some(_) => Version::V2,
        };
        let id = raw.id.map(RawValue::get);
        if id.is_some_and(|id| id.len() > ID_BYTES_MAX) {
            let text = format!("Invalid Request: the id is longer than {ID_BYTES_MAX} bytes");
            return Err(refuse(invalid, text, version, None));
        }
        if let Some(named) = raw.jsonrpc
            && text_of(named).as_deref() != Some("2.0")
        {
            let text = "Invalid Request: \"jsonrpc\" is not \"2.0\"".to_owned();
            return Err(refuse(invalid, text, version, id));
        }
        let Some(method) = raw.method.and_then(text_of) else {
            let text = "Invalid Request: there is no \"method\", or it is no string".to_owned();
            return Err(refuse(invalid, text, version, id));
        };
        Ok(Self {
            argument: argument(raw.params, version),
            version,
            method,
            id: match version {
                // Go answers requests without an id by the id null (jsonrpc,
                // server.go, WriteResponse).
                Version::V1 => Some(id.unwrap_or("null")),
                Version::V2 => id,
            },
        })
    }
}

fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    /// A text that is borrowed where it has no escapes, which serde's own `Cow`
    /// never is.
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(raw.get())
        .ok()
        .map(|text| text.0)
}

/// The one argument among the parameters.
fn argument(params: Option<&RawValue>, version: Version) -> Result<&str> {
    let text = params.map_or("null", RawValue::get);
    match (text.as_bytes().first(), version) {
        (Some(b'['), _) => {
            let First { first, more } = serde_json::from_str(text)
                .map_err(|error| Error::invalid_argument(format!("json: {error}")))?;
            // Go looks at the first alone; 2.0 has no such custom.
            if more && version == Version::V2 {
                return Err(Error::invalid_argument(
                    "jsonrpc: a method takes one argument: \"params\" is that object, or an \
                     array of one",
                ));
            }
            Ok(first.map_or("null", RawValue::get))
        }
        (Some(b'{') | Some(b'n'), Version::V2) => Ok(text),
        // Go's own words (jsonrpc, server.go, errMissingParams).
        (Some(b'n'), Version::V1) => Err(Error::invalid_argument(
            "jsonrpc: request body missing params",
        )),
        _ => Err(Error::invalid_argument(
            "jsonrpc: \"params\" must be an array of one argument",
        )),
    }
}

/// The first element of an array, and whether there are more.
struct First<'a> {
    first: Option<&'a RawValue>,
    more: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = First<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<First<'de>, A::Error> {
                let first = json.next_element()?;
                let mut more = false;
                while json.next_element::<IgnoredAny>()?.is_some() {
                    more = true;
                }
                Ok(First { first, more })
            }
        }
        json.deserialize_seq(Elements)
    }
}

#[derive(serde::Deserialize)]
struct RawReply<'a> {
    #[serde(default, borrow)]
    result: Option<&'a RawValue>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
    #[serde(default)]
    id: Option<u64>,
}

#[derive(serde::Deserialize)]
struct RawError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

/// A reply.
#[derive(Debug)]
pub(super) struct Reply<'a> {
    /// `None` if the server could not tell which request it is about.
    pub(super) id: Option<u64>,
    /// The result as it was written.
    pub(super) result: Result<&'a str>,
}

impl<'a> Reply<'a> {
    /// # Errors
    ///
    /// If it is none: then the stream is lost.
    pub(super) fn parse(text: &'a [u8]) -> Result<Self> {
        let raw: RawReply<'a> = serde_json::from_slice(text).map_err(|error| {
            Error::internal(format!("the peer sent no JSON-RPC reply: {error}"))
        })?;
        let result = match raw.error {
            Some(error) => Err(error_of(error)),
            None => Ok(raw.result.map_or("null", RawValue::get)),
        };
        Ok(Self { id: raw.id, result })
    }
}

fn error_of(raw: &RawValue) -> Error {
    if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
        return Error::from_go_text(text);
    }
    match serde_json::from_str::<RawError>(raw.get()) {
        Ok(error) => Error::with_code(code_of(error.code), error.message),
        // Go calls this an invalid error (jsonrpc, client.go).
        Err(_) => Error::new(format!("invalid error {}", raw.get())),
    }
    .with_delivery(Delivery::Answered)
}
