//! Health of a server and of its services: the states and the semantics of
//! `grpc.health.v1`, as an ordinary service.
//!
//! Go calls it by `net/rpc`: `gobrpc.Health.Check` with a struct that has a field
//! `Service` gives one that has a field `Status`.

use std::fmt;
use std::time::Duration;

use gobrpc_codec::Gob;

use crate::call::Call;
use crate::caller::Caller;

/// The name of the health service.
pub const SERVICE: &str = "gobrpc.Health";

/// Whether a service takes calls: `grpc.health.v1.HealthCheckResponse`'s
/// `ServingStatus`, with its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "health")]
pub enum ServingStatus {
    /// Nobody has said; never the status of a service of a server of ours.
    #[default]
    Unknown = 0,
    /// It takes calls.
    Serving = 1,
    /// It is there, and is not to be called.
    NotServing = 2,
    /// There is no such service. Only [`HealthClient::watch`] gives this, as the
    /// service may come.
    ServiceUnknown = 3,
}

/// gRPC's word: `SERVING`.
impl fmt::Display for ServingStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "UNKNOWN",
            Self::Serving => "SERVING",
            Self::NotServing => "NOT_SERVING",
            Self::ServiceUnknown => "SERVICE_UNKNOWN",
        })
    }
}

/// Asks for the status of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "health")]
pub struct HealthCheckRequest {
    /// Its name; empty for the server as a whole.
    pub service: String,
}

/// Asks to be told when a status is another one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "health")]
pub struct HealthWatchRequest {
    /// The service's name; empty for the server as a whole.
    pub service: String,
    /// The status that the caller knows: the answer comes once it is another.
    pub known: ServingStatus,
    /// Longest wait in nanoseconds, after which the answer is the same status
    /// again; 0 for the server's longest, a minute.
    pub wait: i64,
}

/// The status of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "health")]
pub struct HealthCheckResponse {
    /// The status.
    pub status: ServingStatus,
}

/// The statuses of all services.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "health")]
pub struct HealthListResponse {
    /// By name; the empty one is the server as a whole.
    pub statuses: Vec<NamedStatus>,
}

/// The status of a service, with its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "health")]
pub struct NamedStatus {
    /// The service.
    pub service: String,
    /// Its status.
    pub status: ServingStatus,
}

/// Calls the health service of a server.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::health::{HealthClient, ServingStatus};
/// use gobrpc_protocol::{Caller, Result};
///
/// async fn is_ready(caller: impl Caller + Clone) -> Result<bool> {
///     let health = HealthClient::new(caller);
///     Ok(health.check("Arith").await?.status == ServingStatus::Serving)
/// }
/// ```
#[derive(Clone)]
pub struct HealthClient<C> {
    caller: C,
}

impl<C: Caller + Clone> HealthClient<C> {
    /// A client that calls through `caller`.
    pub fn new(caller: C) -> Self {
        Self { caller }
    }

    /// The status of a service; of the server for an empty name.
    ///
    /// `NotFound` if there is no such service.
    pub fn check(&self, service: &str) -> Call<HealthCheckResponse, C> {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        Call::new(self.caller.clone(), "gobrpc.Health.Check", &request).idempotent()
    }

    /// Waits until the status of a service is another one than `known`, but not
    /// longer than `wait`: then it is the same again. To learn the first status,
    /// `known` is [`ServingStatus::Unknown`].
    pub fn watch(
        &self,
        service: &str,
        known: ServingStatus,
        wait: Duration,
    ) -> Call<HealthCheckResponse, C> {
        let request = HealthWatchRequest {
            service: service.to_owned(),
            known,
            // 0 would be the server's longest.
            wait: i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX).max(1),
        };
        Call::new(self.caller.clone(), "gobrpc.Health.Watch", &request).idempotent()
    }

    /// The statuses of all services.
    pub fn list(&self) -> Call<HealthListResponse, C> {
        Call::new(self.caller.clone(), "gobrpc.Health.List", &()).idempotent()
    }
}

impl<C> fmt::Debug for HealthClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HealthClient")
    }
}
