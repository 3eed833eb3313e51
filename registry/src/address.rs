//! [`Address`]: where an instance can be reached.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use crate::error::EntryError;

/// Where an instance can be reached, by others: `host:port`, `[v6]:port`, or the
/// absolute path of a Unix socket.
///
/// An address that nobody could dial cannot be made: no unspecified host
/// (`0.0.0.0`, `[::]`, Go's `:8080`), no port 0. Servers that listen on all
/// interfaces must say which address to advertise: registering `0.0.0.0` is a
/// classic, and every client then dials itself
/// ([nats#330](https://github.com/nats-io/nats-server/pull/330)).
///
/// # Examples
///
/// ```
/// use gobrpc_registry::Address;
///
/// let address: Address = "10.0.0.1:8080".parse().unwrap();
/// assert_eq!(address.host(), Some("10.0.0.1"));
/// assert_eq!(address.port(), Some(8080));
///
/// assert!("0.0.0.0:8080".parse::<Address>().is_err());
/// assert!("10.0.0.1:0".parse::<Address>().is_err());
/// // What a listener on all interfaces needs:
/// let bound = "0.0.0.0:8080".parse().unwrap();
/// let address = Address::advertised(bound, Some("node1.example"), None).unwrap();
/// assert_eq!(address.to_string(), "node1.example:8080");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Arc<str>);

impl Address {
    /// The longest address, in bytes: a DNS name has 253, a Unix path 108.
    pub const MAX_LEN: usize = 300;

    /// The address of a bound listener as others see it, with host or port
    /// replaced where the machine is known by others (NAT, containers).
    ///
    /// # Errors
    ///
    /// If the listener is bound to all interfaces and no host is given, or a
    /// replacement is no host or port.
    pub fn advertised(
        bound: SocketAddr,
        host: Option<&str>,
        port: Option<u16>,
    ) -> Result<Self, EntryError> {
        let port = port.unwrap_or_else(|| bound.port());
        let Some(host) = host else {
            return Self::try_from(SocketAddr::new(bound.ip(), port));
        };
        match host.parse::<IpAddr>() {
            Ok(ip) => Self::try_from(SocketAddr::new(ip, port)),
            Err(_) => format!("{host}:{port}").parse(),
        }
    }

    /// As it is written in keys and dialled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without brackets; `None` for a Unix socket.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        let (host, _) = self.split()?;
        Some(host.trim_start_matches('[').trim_end_matches(']'))
    }

    /// The port; `None` for a Unix socket.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.split().and_then(|(_, port)| port.parse().ok())
    }

    /// True if only this machine can reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.host() {
            None => true,
            Some("localhost") => true,
            Some(host) => host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        }
    }

    fn split(&self) -> Option<(&str, &str)> {
        if self.0.starts_with('/') {
            return None;
        }
        self.0.rsplit_once(':')
    }
}

impl FromStr for Address {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        let wrong = |problem| Err(EntryError::address(problem, text));
        if text.len() > Self::MAX_LEN {
            return wrong("is too long");
        }
        if text.chars().any(char::is_control) {
            return wrong("has control characters");
        }
        if text.starts_with('/') {
            return Ok(Self(text.into()));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return wrong("has no port");
        };
        // `u16::from_str` takes a plus sign; nobody else does.
        match port.parse::<u16>() {
            Ok(0) => return wrong("has port 0"),
            Ok(_) if !port.starts_with('+') => {}
            _ => return wrong("has no port"),
        }
        if host.is_empty() {
            return wrong("has no host; say which one others shall dial");
        }
        if let Some(inner) = host.strip_prefix('[') {
            // A zone index (`fe80::1%eth0`) means something on this machine only,
            // but is what Go prints.
            let ip = inner
                .strip_suffix(']')
                .map(|inner| inner.split_once('%').map_or(inner, |(ip, _)| ip))
                .and_then(|ip| ip.parse::<Ipv6Addr>().ok());
            return match ip {
                None => wrong("has no IPv6 address in its brackets"),
                Some(ip) if is_unspecified(IpAddr::V6(ip)) => wrong(UNSPECIFIED),
                Some(_) => Ok(Self(text.into())),
            };
        }
        if let Ok(ip) = host.parse::<Ipv4Addr>() {
            if is_unspecified(IpAddr::V4(ip)) {
                return wrong(UNSPECIFIED);
            }
        } else if host.contains(':') {
            return wrong("needs brackets around its IPv6 address");
        } else if host.contains(|c: char| c.is_whitespace() || "/%[]@".contains(c)) {
            return wrong("has no host name");
        }
        Ok(Self(text.into()))
    }
}

const UNSPECIFIED: &str = "is that of all interfaces; say which one others shall dial";

fn is_unspecified(ip: IpAddr) -> bool {
    ip.to_canonical().is_unspecified()
}

impl TryFrom<SocketAddr> for Address {
    type Error = EntryError;

    /// The address of a bound listener, unless it is bound to all interfaces.
    fn try_from(bound: SocketAddr) -> Result<Self, EntryError> {
        bound.to_string().parse()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_dialled_is_accepted() {
        for text in [
            "10.0.0.1:1",
            "node1:65535",
            "node-1.example.com:80",
            "[::1]:80",
            "[fe80::1%eth0]:80",
            "/run/user.sock",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        let v6: Address = "[fe80::1]:80".parse().unwrap();
        assert_eq!((v6.host(), v6.port()), (Some("fe80::1"), Some(80)));
    }

    #[test]
    fn what_cannot_be_dialled_is_refused() {
        for text in [
            "",
            "host",
            ":80",
            "0.0.0.0:80",
            "[::]:80",
            "[::ffff:0.0.0.0]:80",
            "host:0",
            "host:+1",
            "host:65536",
            "::1:80",
            "[1.2.3.4]:80",
            "[::1:80",
            "a b:80",
            "a/b:80",
            "a\n:80",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
        let long = "a".repeat(Address::MAX_LEN - 3);
        assert!(format!("{long}:80").parse::<Address>().is_ok());
        assert!(format!("{long}a:80").parse::<Address>().is_err());
    }

    #[test]
    fn host_and_port_are_replaced_separately() {
        let bound: SocketAddr = "0.0.0.0:8080".parse().unwrap();
        assert!(Address::advertised(bound, None, None).is_err());
        assert!(Address::advertised(bound, Some("::"), None).is_err());
        let v6 = Address::advertised(bound, Some("2001:db8::1"), None).unwrap();
        assert_eq!(v6.as_str(), "[2001:db8::1]:8080");
        let bound: SocketAddr = "10.0.0.1:8080".parse().unwrap();
        let port = Address::advertised(bound, None, Some(30080)).unwrap();
        assert_eq!(port.as_str(), "10.0.0.1:30080");
    }
}
