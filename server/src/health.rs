//! [`Health`]: which services take calls, and the service that tells.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gobrpc_protocol::codec::Gob;
use gobrpc_protocol::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListResponse, HealthWatchRequest, NamedStatus,
    SERVICE, ServingStatus,
};
use gobrpc_protocol::{
    Body, Context, Error, Handling, MethodInfo, Response, Result, Service, ServiceInfo,
};
use tokio::sync::watch;
use tokio::time::timeout;

/// Which services of a server take calls.
///
/// Every server has one, which [`Running::health`](crate::Running::health) gives:
/// its services are `Serving` from the start, and the server shut down makes all
/// of them `NotServing`. To start with another status, make one and give it to
/// [`Server::with_health`](crate::Server::with_health). A copy is a handle of the
/// same.
///
/// Callers learn of it by the service `gobrpc.Health`
/// ([`health`](gobrpc_protocol::health)), and over HTTP on the same port:
/// `GET /healthz` is 200 while the server lives, `GET /readyz` while it is
/// `Serving` as a whole, `GET /readyz/Arith` while that service is. Else they are
/// 503.
///
/// # Examples
///
/// ```
/// use gobrpc_server::{Health, ServingStatus};
///
/// let health = Health::new();
/// health.set("Arith", ServingStatus::NotServing);
/// assert_eq!(health.status("Arith"), Some(ServingStatus::NotServing));
/// // The server as a whole.
/// assert_eq!(health.status(""), Some(ServingStatus::Serving));
/// assert_eq!(health.status("Nobody"), None);
/// ```
#[derive(Clone)]
pub struct Health(Arc<watch::Sender<State>>);

struct State {
    statuses: BTreeMap<String, ServingStatus>,
    /// All are `NotServing`, for good.
    shut_down: bool,
}

/// Longest wait of a watch.
const WATCH_MAX: Duration = Duration::from_secs(60);

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// A server that serves as a whole, and has no services yet.
    #[must_use]
    pub fn new() -> Self {
        let whole = (String::new(), ServingStatus::Serving);
        Self(Arc::new(watch::Sender::new(State {
            statuses: BTreeMap::from([whole]),
            shut_down: false,
        })))
    }

    /// Sets the status of a service; of the server as a whole for an empty name.
    /// After [`Health::shut_down`] it has no effect.
    pub fn set(&self, service: &str, status: ServingStatus) {
        self.0.send_if_modified(|state| {
            if state.shut_down || state.statuses.get(service) == Some(&status) {
                return false;
            }
            state.statuses.insert(service.to_owned(), status);
            true
        });
    }

    /// A service that has no status yet serves.
    pub(crate) fn add(&self, service: &str) {
        self.0.send_if_modified(|state| {
            if state.statuses.contains_key(service) {
                return false;
            }
            let status = if state.shut_down {
                ServingStatus::NotServing
            } else {
                ServingStatus::Serving
            };
            state.statuses.insert(service.to_owned(), status);
            true
        });
    }

    /// The status of a service, or of the server as a whole; `None` if there is
    /// no such service.
    #[must_use]
    pub fn status(&self, service: &str) -> Option<ServingStatus> {
        self.0.borrow().statuses.get(service).copied()
    }

    /// Makes everything `NotServing`, for good. Calls are still served: this is to
    /// be done some time before [`Running::shutdown`](crate::Running::shutdown),
    /// which does it, too, so that clients and load balancers can go elsewhere.
    pub fn shut_down(&self) {
        self.0.send_modify(|state| {
            state.shut_down = true;
            for status in state.statuses.values_mut() {
                *status = ServingStatus::NotServing;
            }
        });
    }

    async fn watch(self, request: HealthWatchRequest) -> Result<Response> {
        let status = |state: &State| {
            state
                .statuses
                .get(&request.service)
                .copied()
                .unwrap_or(ServingStatus::ServiceUnknown)
        };
        let wait = u64::try_from(request.wait).unwrap_or(0);
        let wait = match wait {
            0 => WATCH_MAX,
            nanos => Duration::from_nanos(nanos).min(WATCH_MAX),
        };
        let mut receiver = self.0.subscribe();
        let changed = receiver.wait_for(|state| status(state) != request.known);
        // Whether it has changed or time is up, the status of now is the answer.
        let _ = timeout(wait, changed).await;
        let status = status(&self.0.borrow());
        Response::unary(&HealthCheckResponse { status })
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0.borrow().statuses).finish()
    }
}

static INFO: ServiceInfo = ServiceInfo::new(
    SERVICE,
    "Tells which services take calls, as grpc.health.v1 does.",
    &METHODS,
);

static METHODS: [MethodInfo; 3] = [
    MethodInfo::unary(
        "Check",
        "The status of a service, or of the server for an empty name.",
        <HealthCheckRequest as Gob>::schema,
        <HealthCheckResponse as Gob>::schema,
    )
    .idempotent(),
    MethodInfo::unary(
        "Watch",
        "Waits until the status is another one than the caller knows, for a minute at most.",
        <HealthWatchRequest as Gob>::schema,
        <HealthCheckResponse as Gob>::schema,
    )
    .idempotent(),
    MethodInfo::unary(
        "List",
        "The statuses of all services.",
        <() as Gob>::schema,
        <HealthListResponse as Gob>::schema,
    )
    .idempotent(),
];

impl Service for Health {
    fn info(&self) -> &'static ServiceInfo {
        &INFO
    }

    fn call(&self, method: usize, _context: Context, body: Body) -> Handling {
        match method {
            0 => Handling::Ready(body.decode::<HealthCheckRequest>().and_then(|request| {
                let status = self.status(&request.service).ok_or_else(|| {
                    Error::not_found(format!("unknown service {:?}", request.service))
                })?;
                Response::unary(&HealthCheckResponse { status })
            })),
            1 => match body.decode() {
                Ok(request) => Handling::future(self.clone().watch(request)),
                Err(error) => Handling::Ready(Err(error)),
            },
            _ => {
                let statuses = self
                    .0
                    .borrow()
                    .statuses
                    .iter()
                    .map(|(service, &status)| NamedStatus {
                        service: service.clone(),
                        status,
                    })
                    .collect();
                Handling::Ready(Response::unary(&HealthListResponse { statuses }))
            }
        }
    }
}
