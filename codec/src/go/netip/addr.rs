//! [`Addr`]: Go's `netip.Addr`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

use crate::error::{Error, Result};
use crate::schema::Opaque;
use crate::{Marshal, Unmarshal, marshaler};

/// Go's `netip.Addr`: no address, IPv4, or IPv6 with a zone perhaps.
///
/// IPv4 in IPv6 (`::ffff:192.0.2.1`) stays what it is, as in Go.
///
/// # Examples
///
/// ```
/// use core::net::Ipv6Addr;
///
/// use gobrpc_codec::go::Addr;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let link = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
/// let addr = Addr::from(link).with_zone("eth0")?;
/// assert_eq!(addr.to_string(), "fe80::1%eth0");
/// assert_eq!(from_slice::<Addr>(&to_vec(&addr)?)?, addr);
/// assert_eq!((addr.ip(), addr.zone()), (Some(link.into()), "eth0"));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr {
    ip: Option<IpAddr>,
    /// Empty unless `ip` is IPv6.
    zone: String,
}

impl Addr {
    /// Go's zero `netip.Addr`, which is no address.
    pub const NONE: Self = Self {
        ip: None,
        zone: String::new(),
    };

    /// The address, without its zone.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The zone, which is an interface's name or number; empty for none.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// The same address in a zone; in none for an empty name.
    ///
    /// # Errors
    ///
    /// `Misuse` for a zone of what is not IPv6. Go leaves it out.
    pub fn with_zone(self, zone: impl Into<String>) -> Result<Self> {
        let zone = zone.into();
        if !zone.is_empty() && !matches!(self.ip, Some(IpAddr::V6(_))) {
            return Err(Error::misuse(format!(
                "a zone of {self}, which is not IPv6"
            )));
        }
        Ok(Self { ip: self.ip, zone })
    }

    /// How many bits the address has: none, 32 or 128.
    pub(super) const fn bits(&self) -> u8 {
        match self.ip {
            None => 0,
            Some(IpAddr::V4(_)) => 32,
            Some(IpAddr::V6(_)) => 128,
        }
    }
}

/// No bytes, 4, or 16 and the zone (`net/netip/netip.go`, `AppendBinary`).
impl Marshal for Addr {
    const KIND: Opaque = Opaque::Binary;
    const NAME: &'static str = "Addr";
    const PACKAGE: &'static str = "netip";

    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        match self.ip {
            None => {}
            Some(IpAddr::V4(ip)) => out.extend(ip.octets()),
            Some(IpAddr::V6(ip)) => {
                out.extend(ip.octets());
                out.extend_from_slice(self.zone.as_bytes());
            }
        }
        Ok(())
    }

    fn is_zero(&self) -> bool {
        self.ip.is_none()
    }
}

impl Unmarshal for Addr {
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        if payload.is_empty() {
            return Ok(Self::NONE);
        }
        if let Ok(octets) = <[u8; 4]>::try_from(payload) {
            return Ok(Self::from(Ipv4Addr::from(octets)));
        }
        let Some((octets, zone)) = payload.split_first_chunk::<16>() else {
            return Err(Error::malformed(format!(
                "an address of {} bytes",
                payload.len()
            )));
        };
        let zone = std::str::from_utf8(zone)
            .map_err(|_| Error::mismatch("an address in a zone that is not UTF-8"))?;
        Self::from(Ipv6Addr::from(*octets)).with_zone(zone)
    }

    fn zero() -> Result<Self> {
        Ok(Self::NONE)
    }

    fn memory(payload: &[u8]) -> usize {
        payload.len().saturating_sub(16)
    }
}

marshaler!(Addr);

impl From<IpAddr> for Addr {
    fn from(ip: IpAddr) -> Self {
        Self {
            ip: Some(ip),
            ..Self::NONE
        }
    }
}

impl From<Ipv4Addr> for Addr {
    fn from(ip: Ipv4Addr) -> Self {
        Self::from(IpAddr::V4(ip))
    }
}

impl From<Ipv6Addr> for Addr {
    fn from(ip: Ipv6Addr) -> Self {
        Self::from(IpAddr::V6(ip))
    }
}

/// As Go prints it: `invalid IP` for no address.
impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            None => f.write_str("invalid IP"),
            Some(ip) if self.zone.is_empty() => ip.fmt(f),
            Some(ip) => write!(f, "{ip}%{}", self.zone),
        }
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Addr({self})")
    }
}
