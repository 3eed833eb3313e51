//! Whether a request is to be handled: what is looked at before its argument.

use std::sync::Arc;

use gobrpc_protocol::server_connection::IncomingRequest;
use gobrpc_protocol::{Error, Result};
use tokio::time::Instant;

use super::shared::Shared;
use crate::ServerConfig;
use gobrpc_protocol::router::Route;

/// Finds where a request goes, and whether it is to go there: all that can be
/// wrong with it before its argument is decoded.
pub(super) fn admit<'r>(
    last_route: &'r mut Option<(Arc<str>, Route)>,
    shared: &Shared,
    request: &IncomingRequest,
    received: Instant,
) -> Result<(&'r Route, Option<Instant>)> {
    let name = &request.service_method;
    // Calls of one method share their name, so that most need no look-up.
    let known = matches!(last_route, Some((last, _)) if Arc::ptr_eq(last, name));
    if !known {
        let route = shared.router.find(name)?;
        *last_route = Some((Arc::clone(name), route.clone()));
    }
    let Some((_, route)) = last_route else {
        return Err(Error::internal("the route was just set"));
    };
    route.check_streams(request.streams)?;
    let deadline = deadline(request, received, &shared.config)?;
    Ok((route, deadline))
}

/// When the call's time is up, if ever.
///
/// # Errors
///
/// If it is up already: then nothing of the call is looked at.
fn deadline(
    request: &IncomingRequest,
    received: Instant,
    config: &ServerConfig,
) -> Result<Option<Instant>> {
    let timeout = match (request.timeout, config.max_timeout) {
        (Some(asked), Some(max)) => asked.min(max),
        (Some(timeout), None) | (None, Some(timeout)) => timeout,
        (None, None) => return Ok(None),
    };
    // What is beyond the end of time never comes.
    let Some(deadline) = received.checked_add(timeout) else {
        return Ok(None);
    };
    if deadline <= Instant::now() {
        let error = Error::deadline_exceeded("the call's time was up before it was begun");
        return Err(error.not_processed());
    }
    Ok(Some(deadline))
}
