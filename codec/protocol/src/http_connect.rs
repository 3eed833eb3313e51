//! The HTTP CONNECT preface of `rpc.DialHTTP`.

/// The path that Go's client asks for (`server.go`, `DefaultRPCPath`).
pub const DEFAULT_PATH: &str = "/_goRPC_";

/// What Go's server answers, to the byte (`server.go`, `ServeHTTP`).
pub const CONNECTED: &[u8] = b"HTTP/1.0 200 Connected to Go RPC\n\n";

/// The status text that Go's client compares (`client.go`, `DialHTTPPath`).
pub const CONNECTED_STATUS: &str = "200 Connected to Go RPC";

/// Longest preface that is read (4 KiB).
pub const PREFACE_BYTES_MAX: usize = 4 << 10;

/// The request that a client sends: Go's has bare line feeds and no Host.
#[must_use]
pub fn request(path: &str) -> Vec<u8> {
    format!("CONNECT {path} HTTP/1.0\n\n").into_bytes()
}

/// What the first bytes of a connection are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preface {
    /// Too few bytes to tell.
    Incomplete,
    /// No HTTP: gob, from the first byte on.
    Gob,
    /// `CONNECT path`; gob follows after `consumed` bytes.
    Connect {
        /// The path that was asked for.
        path: String,
        /// Bytes of the preface.
        consumed: usize,
    },
    /// Another HTTP request.
    Http {
        /// Its method.
        method: String,
        /// Its path.
        path: String,
        /// Bytes of its head.
        consumed: usize,
    },
    /// HTTP, but its head is too long or no HTTP at all.
    Malformed(&'static str),
}

/// Tells gob and HTTP apart by the first bytes.
///
/// A gob stream starts with the length of a type definition and a negative type
/// id; no such definition is as long as an ASCII letter's value and continues
/// like a method's name and a space.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::http_connect::{Preface, parse};
///
/// assert_eq!(parse(b"CONN"), Preface::Incomplete);
/// assert_eq!(parse(&[0x35, 0x7f]), Preface::Gob);
/// assert_eq!(
///     parse(b"CONNECT /_goRPC_ HTTP/1.0\n\nrest"),
///     Preface::Connect { path: "/_goRPC_".into(), consumed: 27 }
/// );
/// ```
#[must_use]
pub fn parse(input: &[u8]) -> Preface {
    const METHODS: [&str; 9] = [
        "CONNECT ", "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "TRACE ", "PATCH ",
    ];
    let mut possible = METHODS.iter().filter(|method| {
        let common = method.len().min(input.len());
        input.get(..common) == method.as_bytes().get(..common)
    });
    let Some(method) = possible.next() else {
        return Preface::Gob;
    };
    if input.len() < method.len() {
        return Preface::Incomplete;
    }
    let Some(end) = head_end(input) else {
        return if input.len() > PREFACE_BYTES_MAX {
            Preface::Malformed("the HTTP head is longer than 4 KiB")
        } else {
            Preface::Incomplete
        };
    };
    if end > PREFACE_BYTES_MAX {
        return Preface::Malformed("the HTTP head is longer than 4 KiB");
    }
    let line = input
        .split(|&byte| byte == b'\n')
        .next()
        .and_then(|line| std::str::from_utf8(line).ok());
    let Some(line) = line else {
        return Preface::Malformed("the HTTP request line is not UTF-8");
    };
    let mut words = line.split_ascii_whitespace();
    let (Some(method), Some(path), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Preface::Malformed("the HTTP request line does not have three words");
    };
    if !version.starts_with("HTTP/1.") {
        return Preface::Malformed("the HTTP version is not 1.x");
    }
    let path = path.to_owned();
    if method == "CONNECT" {
        Preface::Connect {
            path,
            consumed: end,
        }
    } else {
        Preface::Http {
            method: method.to_owned(),
            path,
            consumed: end,
        }
    }
}

/// The end of an HTTP head: behind the first empty line, with line feeds or with
/// carriage returns before them.
pub fn head_end(input: &[u8]) -> Option<usize> {
    let mut line = 0;
    for (index, &byte) in input.iter().enumerate() {
        match byte {
            b'\n' if line == 0 => return Some(index + 1),
            b'\n' => line = 0,
            b'\r' => {}
            _ => line += 1,
        }
    }
    None
}
