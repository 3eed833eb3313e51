//! [`IpAddr`]: Go's `net.IP`.

use core::net;
use std::fmt;

use crate::error::{Error, Result};
use crate::plan::NodeId;
use crate::schema::{Edge, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob};

/// Go's `net.IP`: nil, or an address of 4 or 16 bytes.
///
/// It is a byte slice to gob, as its text marshaler is not used (`type.go`,
/// `validUserType`). Go's own parser makes 16 bytes of IPv4 addresses too, and
/// its `Equal` takes both forms for the same; so does the conversion into the
/// standard library's address, while `==` here tells them apart. For
/// `netip.Addr` see [`Addr`](super::Addr).
///
/// # Examples
///
/// ```
/// use core::net::Ipv4Addr;
///
/// use gobrpc_codec::go::IpAddr;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let ip = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1));
/// let back: IpAddr = from_slice(&to_vec(&ip)?)?;
/// assert_eq!(back.octets().len(), 16);
/// assert_eq!(back.to_std(), Some(Ipv4Addr::new(192, 0, 2, 1).into()));
/// assert_eq!(IpAddr::from_octets(&[192, 0, 2, 1])?.to_std(), back.to_std());
/// assert_eq!(from_slice::<IpAddr>(&to_vec(&Vec::<u8>::new())?)?, IpAddr::NIL);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpAddr {
    octets: [u8; 16],
    /// How many of the octets there are: 0, 4 or 16.
    length: u8,
}

impl IpAddr {
    /// Go's nil, no address.
    pub const NIL: Self = Self {
        octets: [0; 16],
        length: 0,
    };

    /// The address of these bytes: none, 4 or 16.
    ///
    /// # Errors
    ///
    /// `Mismatch` for another count of bytes.
    pub fn from_octets(octets: &[u8]) -> Result<Self> {
        let mut ip = Self {
            length: octets.len() as u8,
            ..Self::NIL
        };
        match (octets.len(), ip.octets.get_mut(..octets.len())) {
            (0 | 4 | 16, Some(place)) => {
                place.copy_from_slice(octets);
                Ok(ip)
            }
            (count, _) => Err(Error::mismatch(format!(
                "{count} bytes are no net.IP, which has 0, 4 or 16"
            ))),
        }
    }

    /// The bytes: none, 4 or 16.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    /// The address; `None` for nil. IPv4 in 16 bytes becomes IPv4, as by Go's
    /// `To4`.
    #[must_use]
    pub fn to_std(self) -> Option<net::IpAddr> {
        let [a, b, c, d, ..] = self.octets;
        match self.length {
            0 => None,
            4 => Some(net::Ipv4Addr::new(a, b, c, d).into()),
            _ => {
                let v6 = net::Ipv6Addr::from(self.octets);
                let v4 = v6.to_ipv4_mapped();
                Some(v4.map_or(net::IpAddr::V6(v6), net::IpAddr::V4))
            }
        }
    }
}

/// 16 bytes, as Go's `net.ParseIP` and `net.IPv4` make them.
impl From<net::Ipv4Addr> for IpAddr {
    fn from(ip: net::Ipv4Addr) -> Self {
        Self::from(ip.to_ipv6_mapped())
    }
}

impl From<net::Ipv6Addr> for IpAddr {
    fn from(ip: net::Ipv6Addr) -> Self {
        Self {
            octets: ip.octets(),
            length: 16,
        }
    }
}

/// 16 bytes, also for IPv4, as Go's `net.ParseIP` makes them.
impl From<net::IpAddr> for IpAddr {
    fn from(ip: net::IpAddr) -> Self {
        match ip {
            net::IpAddr::V4(ip) => Self::from(ip),
            net::IpAddr::V6(ip) => Self::from(ip),
        }
    }
}

/// Fails for nil.
impl TryFrom<IpAddr> for net::IpAddr {
    type Error = Error;

    fn try_from(ip: IpAddr) -> Result<Self> {
        ip.to_std()
            .ok_or_else(|| Error::mismatch("a net.IP that is nil"))
    }
}

impl Gob for IpAddr {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.newtype::<Self, Vec<u8>>("IP", "net")
    }
}

impl Encode for IpAddr {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.bytes(self.octets());
        Ok(())
    }
    fn is_zero(&self) -> bool {
        self.length == 0
    }
}

impl<'de> Decode<'de> for IpAddr {
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        let start = reader.offset();
        Self::from_octets(reader.bytes()?).map_err(|error| error.at_offset(start))
    }
    fn zero() -> Result<Self> {
        Ok(Self::NIL)
    }
}

/// As Go prints it: `<nil>` for nil.
impl fmt::Display for IpAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_std() {
            Some(ip) => ip.fmt(f),
            None => f.pad("<nil>"),
        }
    }
}

impl fmt::Debug for IpAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IpAddr({self}, {} bytes)", self.length)
    }
}
