//! [`Router`]: which service handles a method.

use std::collections::HashMap;
use std::sync::Arc;

use gobrpc_protocol::method::{self, RESERVED_PREFIX};
use gobrpc_protocol::reflection::Listing;
use gobrpc_protocol::{Error, Result, Service, ServiceInfo, StreamKind};

use crate::layer::{Layered, Layers};

/// The methods of all registered services, by their full names.
#[derive(Default, Clone)]
pub(crate) struct Router {
    methods: HashMap<Arc<str>, Route>,
    services: HashMap<String, &'static ServiceInfo>,
}

/// Where a call goes.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) method: usize,
    /// Which sides of the method are streams.
    pub(crate) streams: StreamKind,
    /// `Arith.Multiply`, to share instead of a copy for each call.
    pub(crate) name: Arc<str>,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.methods.keys()).finish()
    }
}

impl Router {
    /// Adds a service under a name.
    pub(crate) fn register(&mut self, name: &str, service: Arc<dyn Service>) -> Result<()> {
        if name.is_empty() || name.starts_with(RESERVED_PREFIX) {
            return Err(Error::invalid_argument(format!(
                "rpc: {name:?} is no name for a service: empty, or reserved"
            )));
        }
        if self.services.contains_key(name) {
            // Go's text (`server.go`, `register`).
            return Err(Error::with_code(
                gobrpc_protocol::Code::AlreadyExists,
                format!("rpc: service already defined: {name}"),
            ));
        }
        let info = service.info();
        for (index, method) in info.methods.iter().enumerate() {
            let full: Arc<str> = Arc::from(format!("{name}.{}", method.name));
            let route = Route {
                service: Arc::clone(&service),
                method: index,
                streams: method.streams,
                name: Arc::clone(&full),
            };
            self.methods.insert(full, route);
        }
        self.services.insert(name.to_owned(), info);
        Ok(())
    }

    /// Puts layers around all services.
    pub(crate) fn wrap(&mut self, layers: &Layers) {
        for route in self.methods.values_mut() {
            let service = Arc::clone(&route.service);
            route.service = Arc::new(Layered::around(service, layers.clone()));
        }
    }

    /// Finds where a call goes.
    ///
    /// # Errors
    ///
    /// Go's three texts for names that lead nowhere.
    pub(crate) fn find(&self, service_method: &str) -> Result<&Route> {
        if let Some(route) = self.methods.get(service_method) {
            return Ok(route);
        }
        let (service, _) = method::split(service_method)?;
        Err(if self.services.contains_key(service) {
            method::no_method(service_method)
        } else {
            method::no_service(service_method)
        })
    }

    pub(crate) fn listing(&self) -> Listing {
        Listing::new(
            self.services
                .iter()
                .map(|(name, info)| (name.as_str(), *info)),
        )
    }
}

impl Route {
    /// Checks that the caller means a method with these streams.
    ///
    /// # Errors
    ///
    /// What is wrong with the call. A Go client reads it, too: all of its calls have
    /// no streams.
    pub(crate) fn check_streams(&self, asked: StreamKind) -> Result<()> {
        if asked == self.streams {
            return Ok(());
        }
        let name = &self.name;
        let text = match (asked, self.streams) {
            (StreamKind::Unary, _) => format!(
                "rpc: {name} is a streaming method, which plain net/rpc has not: call it by a \
                 client of gobrpc"
            ),
            (_, StreamKind::Unary) => format!("rpc: {name} is no streaming method"),
            _ => format!("rpc: {name} has its streams the other way round"),
        };
        Err(Error::unimplemented(text))
    }
}
