//! The reflection service: what a server offers, as an ordinary service.

use std::sync::OnceLock;

use gobrpc_protocol::codec::Gob;
use gobrpc_protocol::reflection::{Listing, SERVICE};
use gobrpc_protocol::{Body, Context, Error, Handling, MethodInfo, Response, Service, ServiceInfo};

static INFO: ServiceInfo = ServiceInfo::new(
    SERVICE,
    "Tells what the server offers: services, methods and types.",
    &METHODS,
);

static METHODS: [MethodInfo; 1] = [MethodInfo::unary(
    "List",
    "All services of the server, and the types that they use.",
    <() as Gob>::schema,
    <Listing as Gob>::schema,
)
.idempotent()];

/// Answers with the listing, which is known once all services are registered.
#[derive(Debug, Default)]
pub(crate) struct Reflection {
    pub(crate) listing: OnceLock<Listing>,
}

impl Reflection {
    pub(crate) const INFO: &'static ServiceInfo = &INFO;
}

impl Service for Reflection {
    fn info(&self) -> &'static ServiceInfo {
        Self::INFO
    }

    fn call(&self, _method: usize, _context: Context, _body: Body) -> Handling {
        Handling::Ready(match self.listing.get() {
            Some(listing) => Response::unary(listing),
            None => Err(Error::unavailable("the server is still starting")),
        })
    }
}
