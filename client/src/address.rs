//! [`Address`]: where a server is, as users write it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use gobrpc_protocol::http_connect::DEFAULT_PATH;
use gobrpc_protocol::{Error, Phase, Result};

/// Where a server is.
///
/// | text | what |
/// |---|---|
/// | `host:port`, `tcp://host:port` | TCP, as Go's `rpc.Dial("tcp", …)` |
/// | `tls://host:port` | TCP and TLS, as Go's `tls.Dial` and `rpc.NewClient` |
/// | `http://host:port[/path]` | TCP and HTTP CONNECT, as `rpc.DialHTTPPath` |
/// | `https://host:port[/path]` | TCP, TLS, and HTTP CONNECT in it |
/// | `jsonrpc://host:port` | TCP and JSON-RPC 1.0, as `jsonrpc.Dial("tcp", …)` |
/// | `msgpack://host:port` | TCP and msgpack, as `msgpackrpc.Dial("tcp", …)` |
/// | `unix:///path` | a Unix socket, as `rpc.Dial("unix", …)` |
///
/// An IPv6 address stands in brackets: `[::1]:1234`. No host means `localhost`,
/// as in Go. `tls` and `https` need the feature `tls`, `jsonrpc` and `msgpack`
/// those of their names;
/// without it, dialling fails.
///
/// # Examples
///
/// ```
/// use gobrpc_client::Address;
///
/// let address: Address = "http://127.0.0.1:1234".parse()?;
/// assert_eq!(address.to_string(), "http://127.0.0.1:1234/_goRPC_");
/// assert!("ftp://127.0.0.1:1234".parse::<Address>().is_err());
/// # Ok::<(), gobrpc_client::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// A TCP port.
    Tcp {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A TCP port of an HTTP server which hands the connection over to net/rpc.
    Http {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
        /// What to CONNECT to; Go's default is `/_goRPC_`.
        path: String,
    },
    /// A TCP port that speaks TLS.
    Tls {
        /// A name or an address, without brackets; the server's certificate must
        /// be for it, unless the client's options say otherwise.
        host: String,
        /// The port.
        port: u16,
    },
    /// A TCP port of an HTTPS server which hands the connection over to net/rpc.
    Https {
        /// As for [`Address::Tls`].
        host: String,
        /// The port.
        port: u16,
        /// As for [`Address::Http`].
        path: String,
    },
    /// A TCP port that speaks JSON-RPC 1.0.
    JsonRpc {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A TCP port that speaks msgpack.
    Msgpack {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A Unix socket.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = Error;

    /// # Errors
    ///
    /// `InvalidArgument`, in [`Phase::Resolve`], with what is wrong.
    fn from_str(text: &str) -> Result<Self> {
        parse(text).map_err(|fault| {
            Error::invalid_argument(format!("the address {text:?} {fault}"))
                .with_phase(Phase::Resolve)
        })
    }
}

fn parse(text: &str) -> Result<Address, &'static str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        let (host, port) = host_and_port(text)?;
        return Ok(Address::Tcp { host, port });
    };
    match scheme {
        "tcp" => {
            let (host, port) = host_and_port(rest)?;
            Ok(Address::Tcp { host, port })
        }
        "tls" => {
            let (host, port) = host_and_port(rest)?;
            Ok(Address::Tls { host, port })
        }
        "jsonrpc" => {
            let (host, port) = host_and_port(rest)?;
            Ok(Address::JsonRpc { host, port })
        }
        "msgpack" => {
            let (host, port) = host_and_port(rest)?;
            Ok(Address::Msgpack { host, port })
        }
        "http" | "https" => {
            let (authority, path) = match rest.find('/') {
                Some(slash) => rest.split_at(slash),
                None => (rest, DEFAULT_PATH),
            };
            // The path goes into a request line: a space or a line end in it
            // would make it another request.
            if path.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err("has a space or a control character in its path");
            }
            let (host, port) = host_and_port(authority)?;
            let path = if path == "/" { DEFAULT_PATH } else { path };
            let path = path.to_owned();
            Ok(if scheme == "https" {
                Address::Https { host, port, path }
            } else {
                Address::Http { host, port, path }
            })
        }
        "unix" if rest.is_empty() => Err("has no path"),
        "unix" => Ok(Address::Unix(PathBuf::from(rest))),
        _ => Err("has a scheme that is none of tcp, tls, http, https, jsonrpc, msgpack and unix"),
    }
}

fn host_and_port(text: &str) -> Result<(String, u16), &'static str> {
    let (host, port) = text.rsplit_once(':').ok_or("has no port")?;
    let port = port
        .parse()
        .map_err(|_| "has a port that is no number from 0 to 65535")?;
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = match inner {
        Some(inner) => inner,
        None if host.contains(':') => {
            return Err("has an IPv6 address outside of brackets: write [::1]:1234");
        }
        None => host,
    };
    if host
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "[]@/".contains(c))
    {
        return Err("has a host that is no name and no IP address");
    }
    let host = if host.is_empty() { "localhost" } else { host };
    Ok((host.to_owned(), port))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = |host: &str, port: u16| {
            if host.contains(':') {
                format!("[{host}]:{port}")
            } else {
                format!("{host}:{port}")
            }
        };
        match self {
            Self::Tcp { host, port } => write!(f, "tcp://{}", authority(host, *port)),
            Self::Http { host, port, path } => {
                write!(f, "http://{}{path}", authority(host, *port))
            }
            Self::Tls { host, port } => write!(f, "tls://{}", authority(host, *port)),
            Self::Https { host, port, path } => {
                write!(f, "https://{}{path}", authority(host, *port))
            }
            Self::JsonRpc { host, port } => write!(f, "jsonrpc://{}", authority(host, *port)),
            Self::Msgpack { host, port } => write!(f, "msgpack://{}", authority(host, *port)),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_and_print() {
        for (text, printed) in [
            ("localhost:1234", "tcp://localhost:1234"),
            (":1234", "tcp://localhost:1234"),
            ("tcp://[::1]:1", "tcp://[::1]:1"),
            ("http://h:80", "http://h:80/_goRPC_"),
            ("http://h:80/", "http://h:80/_goRPC_"),
            ("http://h:80/rpc", "http://h:80/rpc"),
            ("tls://[::1]:1", "tls://[::1]:1"),
            ("jsonrpc://h:1", "jsonrpc://h:1"),
            ("msgpack://h:1", "msgpack://h:1"),
            ("https://h:443", "https://h:443/_goRPC_"),
            ("unix:///run/a b.sock", "unix:///run/a b.sock"),
            ("unix://here.sock", "unix://here.sock"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), printed);
            assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
        }
    }

    #[test]
    fn faults_are_named() {
        for (text, fault) in [
            ("", "no port"),
            ("host", "no port"),
            ("host:", "no number"),
            ("host:65536", "no number"),
            ("::1:1234", "brackets"),
            ("a b:1", "no name"),
            ("tcp://user@host:1", "no name"),
            ("tcp://host:1/path", "no number"),
            ("http://h:1/a b", "space"),
            ("http://h:1/a\r\nGET", "space"),
            ("ftp://h:1", "scheme"),
            ("tls://h", "no port"),
            ("unix://", "no path"),
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.message().contains(fault), "{text:?}: {error}");
            assert_eq!(error.phase(), Phase::Resolve);
        }
    }
}
