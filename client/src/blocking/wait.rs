//! [`Wait`]: what `.await` is, for threads.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use gobrpc_protocol::codec::DecodeOwned;
use gobrpc_protocol::{Call, Caller, Delivery, Error, Phase, Reply, Result, StreamCall};
use tokio::runtime::Handle;

use super::Items;

/// Waits on this thread for what async code would `.await`.
///
/// See the [module](super) for an example.
pub trait Wait {
    /// What is waited for.
    type Output;

    /// Waits for it.
    ///
    /// # Errors
    ///
    /// Those of the call; `FailedPrecondition` on a thread that belongs to a tokio
    /// runtime, and then a call is not sent.
    fn wait(self) -> Result<Self::Output>;
}

impl<T: DecodeOwned, C: Caller> Wait for Call<T, C> {
    type Output = T;

    fn wait(self) -> Result<T> {
        refuse_in_runtime()?;
        self.start().wait()
    }
}

impl<T: DecodeOwned> Wait for Reply<T> {
    type Output = T;

    fn wait(self) -> Result<T> {
        let mut reply = pin!(self.into_future());
        // It was sent already, perhaps.
        until_ready(|cx| reply.as_mut().poll(cx))
            .map_err(|error| error.with_phase(Phase::Wait).with_delivery(Delivery::Sent))?
    }
}

/// It gives the stream at once, before anything came, as `.await` does.
impl<T: DecodeOwned, C: Caller> Wait for StreamCall<T, C> {
    type Output = Items<T>;

    fn wait(self) -> Result<Items<T>> {
        refuse_in_runtime()?;
        Ok(Items::from(self.start()))
    }
}

/// Polls until there is something, and lets this thread sleep in between.
///
/// # Errors
///
/// If this thread belongs to a runtime: nothing was polled then.
pub(super) fn until_ready<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Result<T> {
    refuse_in_runtime()?;
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(ready) = poll(&mut cx) {
            return Ok(ready);
        }
        thread::park();
    }
}

/// Whoever waits inside of a runtime stops it, and what is waited for may never come.
fn refuse_in_runtime() -> Result<()> {
    if Handle::try_current().is_err() {
        return Ok(());
    }
    Err(Error::failed_precondition(
        "this would block a thread of a tokio runtime: use gobrpc_client::Client there, and \
         .await its calls",
    )
    .with_phase(Phase::Queue))
}

/// Wakes a thread that sleeps.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}
