//! [`Advertise`]: by which address others reach a server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{UdpSocket, lookup_host};
use tracing::info;

use crate::address::Address;
use crate::error::EntryError;

/// By which address others reach a server, host and port each decided by itself:
/// what the program says, then what the environment says, then what is listened on,
/// then, for a server on all interfaces, the address that this machine has on its
/// way to the registry. Never an unspecified one, and never port 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Advertise {
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
}

/// Says how others reach this machine: `host`, `host:port` or `:port`.
pub(crate) const VARIABLE: &str = "GOBRPC_ADVERTISE";

impl Advertise {
    /// With what the environment says, where the program says nothing.
    pub(crate) fn or_environment(self) -> Result<Self, EntryError> {
        match std::env::var(VARIABLE) {
            Ok(text) if !text.is_empty() => Ok(self.or(Self::read(&text)?)),
            _ => Ok(self),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            host: self.host.or(other.host),
            port: self.port.or(other.port),
        }
    }

    fn read(text: &str) -> Result<Self, EntryError> {
        let host_alone = |host: &str| Self {
            host: Some(host.to_owned()),
            port: None,
        };
        if text.parse::<IpAddr>().is_ok() || !text.contains(':') {
            return Ok(host_alone(text));
        }
        let inner = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(inner) = inner {
            return Ok(host_alone(inner));
        }
        let wrong = || EntryError::address("of GOBRPC_ADVERTISE has no port that is one", text);
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(wrong)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            host: (!host.is_empty()).then(|| host.to_owned()),
            port: Some(port),
        })
    }

    /// The address for a listener bound like this, with a registry at `remote`.
    /// `local` says that only this machine reaches the registry, and so servers.
    pub(crate) async fn address(
        self,
        bound: SocketAddr,
        remote: Option<&str>,
        local: bool,
    ) -> Result<Address, EntryError> {
        if self.host.is_none() && bound.ip().to_canonical().is_unspecified() {
            if let Some(remote) = remote {
                if let Some(ip) = towards(remote, bound).await {
                    // A registry's agent on this machine says nothing about how
                    // others reach it.
                    if local || !ip.is_loopback() {
                        info!(%ip, remote, "advertising the address on the way to the registry");
                        let ip = ip.to_string();
                        return Address::advertised(bound, Some(&ip), self.port);
                    }
                }
            }
        }
        Address::advertised(bound, self.host.as_deref(), self.port)
    }
}

/// The address of this machine on its way to another one. Nothing is sent: the
/// kernel looks into its routes when a datagram socket is connected.
async fn towards(remote: &str, bound: SocketAddr) -> Option<IpAddr> {
    for remote in lookup_host(remote).await.ok()? {
        let any: IpAddr = match remote {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            // Nothing listens there.
            SocketAddr::V6(_) if bound.is_ipv4() => continue,
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let Ok(socket) = UdpSocket::bind((any, 0)).await else {
            continue;
        };
        if socket.connect(remote).await.is_ok() {
            let ip = socket.local_addr().ok()?.ip();
            return (!ip.is_unspecified()).then_some(ip);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(host: Option<&str>, port: Option<u16>) -> Advertise {
        Advertise {
            host: host.map(str::to_owned),
            port,
        }
    }

    #[test]
    fn host_and_port_are_said_separately() {
        for (text, host, port) in [
            ("node1", Some("node1"), None),
            ("node1:80", Some("node1"), Some(80)),
            (":80", None, Some(80)),
            ("10.0.0.1", Some("10.0.0.1"), None),
            ("2001:db8::1", Some("2001:db8::1"), None),
            ("[2001:db8::1]", Some("2001:db8::1"), None),
            ("[2001:db8::1]:80", Some("2001:db8::1"), Some(80)),
        ] {
            assert_eq!(Advertise::read(text), Ok(said(host, port)), "{text}");
        }
        for text in ["node1:", "node1:0", "node1:65536", "node1:http"] {
            assert!(Advertise::read(text).is_err(), "{text}");
        }
        let program = said(Some("a"), None).or(said(Some("b"), Some(2)));
        assert_eq!(program, said(Some("a"), Some(2)));
    }

    #[tokio::test]
    async fn all_interfaces_become_the_one_towards_the_registry() {
        let bound = "0.0.0.0:8080".parse().unwrap();
        let registry = Some("127.0.0.1:2379");
        let none = Advertise::default;
        let address = none().address(bound, registry, true).await;
        assert_eq!(address.unwrap().as_str(), "127.0.0.1:8080");
        // But not if others would have to dial it.
        assert!(none().address(bound, registry, false).await.is_err());
        assert!(none().address(bound, None, true).await.is_err());
        assert!(
            none()
                .address(bound, Some("no such host"), true)
                .await
                .is_err()
        );
        let port = said(None, Some(1)).address(bound, registry, true).await;
        assert_eq!(port.unwrap().as_str(), "127.0.0.1:1");
        let host = said(Some("node1"), None)
            .address(bound, registry, true)
            .await;
        assert_eq!(host.unwrap().as_str(), "node1:8080");
        let one = "10.0.0.1:8080".parse().unwrap();
        let address = none().address(one, registry, true).await;
        assert_eq!(address.unwrap().as_str(), "10.0.0.1:8080");
    }
}
