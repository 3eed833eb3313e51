//! [`PeerCaller`]: calls to services that the other end of a connection hosts.

use std::fmt;
use std::sync::Arc;

use crate::caller::{Caller, Exchange, Request};

/// Calls services that the other end of a connection hosts, over that connection.
///
/// A handler gets it from its [`Context`](crate::Context::peer_caller), and may keep it
/// for as long as it likes: a copy is cheap. It is of one connection. When that is
/// gone, all calls by it fail with `Unavailable`; a client that has come back on
/// another connection has to be asked for another one, such as by calling a method
/// that subscribes it again.
///
/// Calls without streams only: others fail with `Unimplemented`, not sent. The
/// exchange of a [one-way](crate::Head::one_way) call is over when the call is in the
/// connection's output; the peer answers nevertheless, and the answer is dropped.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::{Call, Context, Result};
///
/// /// A handler that asks its caller something.
/// async fn confirm(cx: &Context, question: &str) -> Result<bool> {
///     let peer = cx.peer_caller()?;
///     Call::new(peer, "User.Confirm", &question).within(cx).await
/// }
/// ```
#[derive(Clone)]
pub struct PeerCaller(Arc<dyn Caller>);

impl PeerCaller {
    /// A caller that a driver of a connection has made.
    pub fn new(caller: impl Caller + 'static) -> Self {
        Self(Arc::new(caller))
    }
}

impl Caller for PeerCaller {
    fn start(&self, request: Request) -> Exchange {
        self.0.start(request)
    }
}

/// Two are the same if they are copies of one.
impl PartialEq for PeerCaller {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for PeerCaller {}

impl fmt::Debug for PeerCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerCaller")
    }
}
