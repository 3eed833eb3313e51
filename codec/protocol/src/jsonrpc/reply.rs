//! Replies as they are written, without what stands between them.

use gobrpc_codec::Limits;

use super::Version;
use super::envelope;
use super::write::{append, put_text};
use crate::error::Result;
use crate::service::Response;

/// Appends the reply to a request. A response that JSON cannot express becomes an
/// error.
pub(super) fn put_reply(
    out: &mut Vec<u8>,
    limits: &Limits,
    version: Version,
    id: &[u8],
    result: Result<Response>,
) {
    let before = out.len();
    let failed = match result {
        Ok(response) => {
            out.extend_from_slice(match version {
                Version::V1 => b"{\"id\":",
                Version::V2 => b"{\"jsonrpc\":\"2.0\",\"id\":",
            });
            out.extend_from_slice(id);
            out.extend_from_slice(b",\"result\":");
            match append(response.payload().prepared(), limits, out) {
                Ok(()) => {
                    out.extend_from_slice(match version {
                        Version::V1 => b",\"error\":null}",
                        Version::V2 => b"}",
                    });
                    return;
                }
                Err(error) => error,
            }
        }
        Err(error) => error,
    };
    out.truncate(before);
    let told = failed.for_caller();
    put_error(out, version, id, envelope::number_of(&told), told.message());
}

/// Appends an error as the reply to a request.
pub(super) fn put_error(out: &mut Vec<u8>, version: Version, id: &[u8], number: i64, text: &str) {
    match version {
        Version::V1 => {
            out.extend_from_slice(b"{\"id\":");
            out.extend_from_slice(id);
            out.extend_from_slice(b",\"result\":null,\"error\":");
            put_text(out, text);
            out.extend_from_slice(b"}");
        }
        Version::V2 => {
            out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
            out.extend_from_slice(id);
            out.extend_from_slice(b",\"error\":{\"code\":");
            out.extend_from_slice(number.to_string().as_bytes());
            out.extend_from_slice(b",\"message\":");
            put_text(out, text);
            out.extend_from_slice(b"}}");
        }
    }
}
