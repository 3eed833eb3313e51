//! What a server says about itself: `gobrpc.Reflection.List`.

use gobrpc_client::{Code, Phase};
use gobrpc_protocol::reflection::{LIST, Listing, MethodListing, SERVICE};
use gobrpc_protocol::{Call, Error};

use crate::exit::Failure;
use crate::peer::Peer;
use crate::printable::printable;

/// The server's own description; none if it has no reflection service, as all
/// servers in Go.
pub(crate) async fn fetch(peer: &Peer) -> Result<Option<Listing>, Error> {
    let mut call: Call<Listing> = Call::new(peer.caller.clone(), LIST, &());
    if let Some(left) = peer.time_left() {
        call = call.timeout(left);
    }
    match call.idempotent().await {
        Ok(listing) => Ok(Some(listing)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// True if the peer answered that there is no such service.
fn is_missing(error: &Error) -> bool {
    error.phase() == Phase::Handler
        && error.code() == Code::Unimplemented
        && error.message().starts_with("rpc: can't find ")
}

/// The method that is to be called.
pub(crate) fn method<'a>(listing: &'a Listing, name: &str) -> Result<&'a MethodListing, Failure> {
    if let Some(method) = listing.method(name) {
        return Ok(method);
    }
    let known: Vec<String> = listing
        .services
        .iter()
        .filter(|service| service.name != SERVICE)
        .flat_map(|service| {
            service
                .methods
                .iter()
                .map(move |method| format!("{}.{}", service.name, method.name))
        })
        .collect();
    // What differs in case only is what was meant; else what is of the service.
    let service = name.rsplit_once('.').map_or("", |(service, _)| service);
    let near = known
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .map(|known| format!("did you mean {known}?"))
        .or_else(|| {
            let same: Vec<&str> = known
                .iter()
                .map(String::as_str)
                .filter(|known| known.rsplit_once('.').is_some_and(|(of, _)| of == service))
                .collect();
            (!same.is_empty()).then(|| format!("it has {}", same.join(", ")))
        })
        .unwrap_or_else(|| match known.is_empty() {
            true => "it has no methods at all".to_owned(),
            false => format!("it has {}", known.join(", ")),
        });
    Err(Failure::failed(format!(
        "the server has no method {name}; {}",
        printable(&near)
    )))
}
