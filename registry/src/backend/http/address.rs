//! [`HttpAddress`]: where an HTTP server is.

use std::fmt;

use hyper::Uri;

#[cfg(feature = "etcd")]
use crate::address::Address;
use crate::error::{Error, Result};

/// Where an HTTP server is: scheme, host, port, and a path in front of all others.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HttpAddress {
    tls: bool,
    /// Host and port.
    authority: String,
    /// Empty, or from its first slash on, without one at its end.
    path: String,
}

impl HttpAddress {
    /// Reads `host`, `host:port` or `http[s]://host:port[/path]`.
    ///
    /// # Errors
    ///
    /// `Refused` if that is none. What may be a password is not in its text.
    pub(crate) fn parse(text: &str, port: u16) -> Result<Self> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let refused = |problem: &str| {
            let shown = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            Error::refused(format_args!("\"{}\" {problem}", shown.escape_debug()))
        };
        let tls = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(refused("is not an http:// or https:// address")),
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(refused(
                "has a user in it; give user and password by options",
            ));
        }
        let authority: hyper::http::uri::Authority = authority
            .parse()
            .map_err(|_| refused("is not a host and a port"))?;
        if authority.host().is_empty() {
            return Err(refused("has no host"));
        }
        let authority = match authority.port_u16() {
            Some(0) => return Err(refused("has port 0")),
            Some(_) => authority.to_string(),
            // What stands behind the host is a colon, and a number too large or none.
            None if authority.as_str() != authority.host() => {
                return Err(refused("has no port that is one"));
            }
            None => format!("{authority}:{port}"),
        };
        Ok(Self {
            tls,
            authority,
            path: path.trim_end_matches('/').to_owned(),
        })
    }

    /// Host and port.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) const fn is_tls(&self) -> bool {
        self.tls
    }

    /// True if only this machine can reach it.
    #[cfg(feature = "etcd")]
    pub(crate) fn is_local(&self) -> bool {
        let address = self.authority.parse::<Address>();
        address.is_ok_and(|address| address.is_local())
    }

    pub(super) fn uri(&self, path: &str) -> Result<Uri, String> {
        let uri = format!("{self}{path}");
        uri.parse()
            .map_err(|error| format!("{uri} is no address: {error}"))
    }
}

impl fmt::Display for HttpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

impl fmt::Debug for HttpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown() {
        for (text, shown) in [
            ("localhost", "http://localhost:2379"),
            ("10.0.0.1:80", "http://10.0.0.1:80"),
            ("http://[::1]:80/", "http://[::1]:80"),
            (
                "https://etcd.example:443/a/b/",
                "https://etcd.example:443/a/b",
            ),
        ] {
            assert_eq!(HttpAddress::parse(text, 2379).unwrap().to_string(), shown);
        }
        for text in [
            "",
            ":80",
            "h:0",
            "h:",
            "h:99999",
            "ftp://h:1",
            "u:p@h:1",
            "a b:1",
        ] {
            let error = HttpAddress::parse(text, 2379).unwrap_err();
            assert!(!error.to_string().contains("u:p"), "{error}");
        }
    }
}
