//! Go's package `net/netip`.

mod addr;
mod addr_port;
mod prefix;

pub use addr::Addr;
pub use addr_port::AddrPort;
pub use prefix::Prefix;
