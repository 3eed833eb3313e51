//! [`Prefix`]: Go's `netip.Prefix`.

use core::net::IpAddr;
use std::fmt;

use super::Addr;
use crate::error::{Error, Result};
use crate::schema::Opaque;
use crate::{Marshal, Unmarshal, marshaler};

/// Go's `netip.Prefix`: a network, in CIDR notation.
///
/// # Examples
///
/// ```
/// use core::net::Ipv4Addr;
///
/// use gobrpc_codec::go::Prefix;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let network = Prefix::new(Ipv4Addr::new(10, 0, 0, 0), 8)?;
/// assert_eq!(from_slice::<Prefix>(&to_vec(&network)?)?, network);
/// assert_eq!(network.to_string(), "10.0.0.0/8");
/// assert!(Prefix::new(Ipv4Addr::new(10, 0, 0, 0), 33).is_err());
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// Has no zone.
    ip: Option<IpAddr>,
    /// `None` makes the prefix invalid to Go.
    bits: Option<u8>,
}

/// Stands for no bits, Go's -1.
const INVALID: u8 = 0xff;

impl Prefix {
    /// Go's zero `netip.Prefix`, which is not valid.
    pub const NONE: Self = Self {
        ip: None,
        bits: None,
    };

    /// The first `bits` bits of an address.
    ///
    /// # Errors
    ///
    /// `Misuse` if the address has fewer.
    pub fn new(ip: impl Into<IpAddr>, bits: u8) -> Result<Self> {
        let ip = ip.into();
        if bits > Addr::from(ip).bits() {
            return Err(Error::misuse(format!("a prefix of {bits} bits of {ip}")));
        }
        Ok(Self {
            ip: Some(ip),
            bits: Some(bits),
        })
    }

    /// The address; `None` for Go's zero.
    #[must_use]
    pub const fn ip(self) -> Option<IpAddr> {
        self.ip
    }

    /// How many bits belong to the prefix; `None` if it is not valid to Go.
    #[must_use]
    pub const fn bits(self) -> Option<u8> {
        self.bits
    }
}

/// The bytes of the address, and one of the count of bits, 255 for none
/// (`net/netip/netip.go`, `Prefix.AppendBinary`).
impl Marshal for Prefix {
    const KIND: Opaque = Opaque::Binary;
    const NAME: &'static str = "Prefix";
    const PACKAGE: &'static str = "netip";

    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        self.ip.map(Addr::from).unwrap_or_default().marshal(out)?;
        out.push(self.bits.unwrap_or(INVALID));
        Ok(())
    }

    fn is_zero(&self) -> bool {
        *self == Self::NONE
    }
}

impl Unmarshal for Prefix {
    /// Stricter than Go, which takes any count of bits that is too large for
    /// none, and ignores a zone.
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        let Some((&bits, addr)) = payload.split_last() else {
            return Err(Error::malformed("a prefix of no bytes"));
        };
        let addr = Addr::unmarshal(addr)?;
        if !addr.zone().is_empty() {
            return Err(Error::malformed("a prefix with a zone"));
        }
        match addr.ip() {
            ip if bits == INVALID => Ok(Self { ip, bits: None }),
            Some(ip) if bits <= addr.bits() => Self::new(ip, bits),
            _ => Err(Error::malformed(format!(
                "a prefix of {bits} bits of {addr}"
            ))),
        }
    }

    fn zero() -> Result<Self> {
        Ok(Self::NONE)
    }

    fn memory(_payload: &[u8]) -> usize {
        0
    }
}

marshaler!(Prefix);

/// As Go prints it: `invalid Prefix` where it is.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ip, self.bits) {
            (Some(ip), Some(bits)) => write!(f, "{ip}/{bits}"),
            _ => f.write_str("invalid Prefix"),
        }
    }
}
