//! [`AddrPort`]: Go's `netip.AddrPort`.

use core::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::fmt;

use super::Addr;
use crate::error::{Error, Result};
use crate::schema::Opaque;
use crate::{Marshal, Unmarshal, marshaler};

/// Go's `netip.AddrPort`: an address and a port.
///
/// # Examples
///
/// ```
/// use core::net::SocketAddr;
///
/// use gobrpc_codec::go::AddrPort;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let socket: SocketAddr = "[::1]:8080".parse().unwrap();
/// let addr = AddrPort::from(socket);
/// assert_eq!(from_slice::<AddrPort>(&to_vec(&addr)?)?, addr);
/// assert_eq!(addr.to_string(), "[::1]:8080");
/// assert_eq!(SocketAddr::try_from(addr)?, socket);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddrPort {
    /// The address.
    pub addr: Addr,
    /// The port.
    pub port: u16,
}

impl AddrPort {
    /// The address and the port.
    #[must_use]
    pub fn new(addr: impl Into<Addr>, port: u16) -> Self {
        Self {
            addr: addr.into(),
            port,
        }
    }
}

/// The bytes of the address, and two of the port, the lower first
/// (`net/netip/netip.go`, `AddrPort.AppendBinary`).
impl Marshal for AddrPort {
    const KIND: Opaque = Opaque::Binary;
    const NAME: &'static str = "AddrPort";
    const PACKAGE: &'static str = "netip";

    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        self.addr.marshal(out)?;
        out.extend(self.port.to_le_bytes());
        Ok(())
    }

    fn is_zero(&self) -> bool {
        Marshal::is_zero(&self.addr) && self.port == 0
    }
}

impl Unmarshal for AddrPort {
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        let Some((addr, port)) = payload.split_last_chunk() else {
            return Err(Error::malformed("an address without a port"));
        };
        Ok(Self {
            addr: Addr::unmarshal(addr)?,
            port: u16::from_le_bytes(*port),
        })
    }

    fn zero() -> Result<Self> {
        Ok(Self::default())
    }

    fn memory(payload: &[u8]) -> usize {
        payload.len().saturating_sub(18)
    }
}

marshaler!(AddrPort);

/// A scope becomes a zone of that number.
impl From<SocketAddr> for AddrPort {
    fn from(socket: SocketAddr) -> Self {
        let mut addr = Addr::from(socket.ip());
        if let SocketAddr::V6(v6) = socket {
            if v6.scope_id() != 0 {
                let zone = v6.scope_id().to_string();
                addr = addr.clone().with_zone(zone).unwrap_or(addr);
            }
        }
        Self::new(addr, socket.port())
    }
}

/// Fails for no address, and for a zone that is no number.
impl TryFrom<AddrPort> for SocketAddr {
    type Error = Error;

    fn try_from(socket: AddrPort) -> Result<Self> {
        let AddrPort { addr, port } = socket;
        match (addr.ip(), addr.zone()) {
            (None, _) => Err(Error::mismatch("a netip.AddrPort without an address")),
            (Some(IpAddr::V6(ip)), zone) if !zone.is_empty() => match zone.parse() {
                Ok(scope) => Ok(SocketAddrV6::new(ip, port, 0, scope).into()),
                Err(_) => Err(Error::mismatch(format!(
                    "the zone {} is no number",
                    zone.escape_debug()
                ))),
            },
            (Some(ip), _) => Ok(Self::new(ip, port)),
        }
    }
}

/// As Go prints it: `invalid AddrPort` for no address.
impl fmt::Display for AddrPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addr.ip() {
            None => f.write_str("invalid AddrPort"),
            Some(IpAddr::V4(ip)) => write!(f, "{ip}:{}", self.port),
            Some(IpAddr::V6(_)) => write!(f, "[{}]:{}", self.addr, self.port),
        }
    }
}
