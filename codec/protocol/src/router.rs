//! [`Router`]: which service handles a method.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::info::{ServiceInfo, StreamKind};
use crate::method::{self, RESERVED_PREFIX};
use crate::reflection::Listing;
use crate::service::Service;

/// The methods of all registered services, by their full names: for those who drive
/// connections.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::router::Router;
///
/// let router = Router::default();
/// let error = router.find("Arith.Multiply").unwrap_err();
/// assert_eq!(error.message(), "rpc: can't find service Arith.Multiply");
/// ```
#[derive(Default, Clone)]
pub struct Router {
    methods: HashMap<Arc<str>, Route>,
    services: HashMap<String, &'static ServiceInfo>,
}

/// Where a call goes.
#[derive(Clone)]
#[non_exhaustive]
pub struct Route {
    /// The service, with the layers around it.
    pub service: Arc<dyn Service>,
    /// The index of the method, in [`ServiceInfo::methods`].
    pub method: usize,
    /// Which sides of the method are streams.
    pub streams: StreamKind,
    /// `Arith.Multiply`, to share instead of a copy for each call.
    pub name: Arc<str>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Route").field(&self.name).finish()
    }
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.methods.keys()).finish()
    }
}

impl Router {
    /// Adds a service under a name.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` with Go's text if the name is taken; `InvalidArgument` if it is
    /// empty or reserved.
    pub fn register(&mut self, name: &str, service: Arc<dyn Service>) -> Result<()> {
        if name.is_empty() || name.starts_with(RESERVED_PREFIX) {
            return Err(Error::invalid_argument(format!(
                "rpc: {name:?} is no name for a service: empty, or reserved"
            )));
        }
        if self.services.contains_key(name) {
            // Go's text (`server.go`, `register`).
            return Err(Error::with_code(
                Code::AlreadyExists,
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

    /// Puts something around all services, a method each.
    pub fn wrap(&mut self, around: impl Fn(Arc<dyn Service>) -> Arc<dyn Service>) {
        for route in self.methods.values_mut() {
            route.service = around(Arc::clone(&route.service));
        }
    }

    /// Finds where a call goes.
    ///
    /// # Errors
    ///
    /// Go's three texts for names that lead nowhere.
    pub fn find(&self, service_method: &str) -> Result<&Route> {
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

    /// What the services offer.
    #[must_use]
    pub fn listing(&self) -> Listing {
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
    pub fn check_streams(&self, asked: StreamKind) -> Result<()> {
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
