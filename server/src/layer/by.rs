//! Whose a call is: for [`RateLimit`](super::RateLimit).

use gobrpc_protocol::{Context, Peer};

use super::Principal;

/// The host that the call comes from: the peer's address without its port. All that
/// come through one proxy are one.
pub fn host() -> impl Fn(&Context) -> String + Send + Sync {
    |cx| host_of(cx.peer()).to_owned()
}

/// The principal that a layer has found; else the name in the client's certificate;
/// else the host.
pub fn principal() -> impl Fn(&Context) -> String + Send + Sync {
    |cx| {
        // The first letter keeps a name from passing for one of another kind.
        if let Some(principal) = Principal::of(cx) {
            return format!("p{}", principal.name());
        }
        let names = cx.peer().identity().and_then(|identity| {
            let mut names = identity.uris.iter().chain(&identity.dns_names);
            names.next().or(identity.common_name.as_ref())
        });
        match names {
            Some(name) => format!("c{name}"),
            None => format!("h{}", host_of(cx.peer())),
        }
    }
}

/// The method that is called.
pub fn method() -> impl Fn(&Context) -> String + Send + Sync {
    |cx| cx.service_method().to_owned()
}

/// A value of the metadata, which callers may choose as they like: none is the empty
/// one.
pub fn metadata(key: impl Into<String>) -> impl Fn(&Context) -> String + Send + Sync {
    let key = key.into();
    move |cx| {
        let value = cx.metadata().get(&key).unwrap_or_default();
        String::from_utf8_lossy(value).into_owned()
    }
}

fn host_of(peer: &Peer) -> &str {
    match peer.address.rsplit_once(':') {
        // The rest of an IPv6 address without a port is no port.
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => &peer.address,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_host_has_no_port() {
        for (address, host) in [
            ("127.0.0.1:1234", "127.0.0.1"),
            ("[::1]:1234", "[::1]"),
            ("unix", "unix"),
        ] {
            assert_eq!(host_of(&Peer::new(address)), host);
        }
        let cx = Context::new(Arc::new(Peer::new("10.0.0.1:9")), Arc::from("A.B"), 0);
        assert_eq!(principal()(&cx), "h10.0.0.1");
        assert_eq!(method()(&cx), "A.B");
    }
}
