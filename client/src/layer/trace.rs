//! [`Trace`]: a span for each call, which the server's belongs to.

use std::fmt;

use gobrpc_protocol::trace_context::TRACEPARENT;
use gobrpc_protocol::{Code, Error, Request, Result, TraceContext, method};
use tokio::time::Instant;
use tracing::field::{Empty, display};
use tracing::{Instrument, Span, info, info_span, warn};

use super::{Answer, Layer, Next};

/// Makes a `tracing` span of each call, tells the server of it by the metadata
/// `traceparent` (W3C Trace Context), and makes an event of how the call ended.
///
/// A call that has a `traceparent` already, as one has that is made
/// [`within`](crate::Call::within) another, stays in that trace: the span is a child
/// of it. Others begin a trace. In `tracing` the span is a child of the current one.
///
/// The span `rpc` has the fields `otel.name`, `otel.kind`, `rpc.system`,
/// `rpc.service`, `rpc.method`, `trace_id`, `span_id`, `parent_id`, and at the end
/// `rpc.code` and `otel.status_code`; its event, at `INFO` if the server answered and
/// else at `WARN`, has the code, the time that it took, and for errors whether the call
/// may have run. A reply that is dropped is `Cancelled`. If nobody wants spans, this
/// does nothing.
///
/// # OpenTelemetry
///
/// There is nothing of it in here. To export these spans, add the crate
/// `tracing-opentelemetry`, which reads the `otel.` fields; to have its ids sent, say so
/// in [`on_start`](Self::on_start):
///
/// ```
/// use gobrpc_client::layer::Trace;
///
/// /// By OpenTelemetry's `TraceContextPropagator`: the span's `traceparent`
/// /// (`inject_context` of its `OpenTelemetrySpanExt::context`).
/// fn traceparent(span: &tracing::Span) -> String {
/// #   let _ = span;
/// #   String::new()
/// }
///
/// let trace = Trace::new().on_start(|span, request| {
///     request.head.metadata.set("traceparent", traceparent(span));
/// });
/// ```
///
/// # Examples
///
/// ```
/// use gobrpc_client::Client;
/// use gobrpc_client::layer::Trace;
///
/// let client = Client::builder().layer(Trace::new()).connect("127.0.0.1:1234");
/// ```
#[derive(Default)]
pub struct Trace {
    on_start: Option<OnStart>,
}

type OnStart = Box<dyn Fn(&Span, &mut Request) + Send + Sync>;

impl Trace {
    /// A span for each call.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls a function with each span before it is entered, and with the request, whose
    /// metadata goes out.
    #[must_use]
    pub fn on_start(mut self, start: impl Fn(&Span, &mut Request) + Send + Sync + 'static) -> Self {
        self.on_start = Some(Box::new(start));
        self
    }

    fn span(&self, request: &mut Request) -> Span {
        let name = &*request.head.service_method;
        let (service, method) = method::split(name).unwrap_or(("", name));
        let span = info_span!(
            "rpc",
            otel.name = name,
            otel.kind = "client",
            otel.status_code = Empty,
            rpc.system = "gobrpc",
            rpc.service = service,
            rpc.method = method,
            rpc.code = Empty,
            trace_id = Empty,
            span_id = Empty,
            parent_id = Empty,
        );
        if span.is_disabled() {
            return span;
        }
        let parent = TraceContext::of(&request.head.metadata);
        if let Some(parent) = parent {
            let id = format!("{:016x}", parent.span_id());
            span.record("parent_id", display(id));
        }
        if let Some(start) = &self.on_start {
            start(&span, request);
            // It has given ids of its own.
            let own = TraceContext::of(&request.head.metadata);
            if own != parent {
                record(&span, own);
                return span;
            }
        }
        let own = match parent {
            Some(parent) => Some(parent.child(fastrand::u64(1..))),
            None => TraceContext::new(fastrand::u128(1..), fastrand::u64(1..), true),
        };
        if let Some(own) = own {
            request.head.metadata.set(TRACEPARENT, own.to_string());
        }
        record(&span, own);
        span
    }
}

fn record(span: &Span, own: Option<TraceContext>) {
    if let Some(own) = own {
        span.record("trace_id", display(format_args!("{:032x}", own.trace_id())));
        span.record("span_id", display(format_args!("{:016x}", own.span_id())));
    }
}

impl Layer for Trace {
    async fn call(&self, mut request: Request, next: Next) -> Result<Answer> {
        let span = self.span(&mut request);
        if span.is_disabled() {
            return next.run(request).await;
        }
        let mut ending = Ending {
            span: span.clone(),
            start: Instant::now(),
            over: false,
        };
        let result = next.run(request).instrument(span).await;
        ending.end(result.as_ref().err());
        result
    }
}

/// Says how a call ended, also if it is dropped.
struct Ending {
    span: Span,
    start: Instant,
    over: bool,
}

impl Ending {
    fn end(&mut self, error: Option<&Error>) {
        self.over = true;
        let elapsed = self.start.elapsed();
        let _in = self.span.enter();
        let Some(error) = error else {
            self.span.record("rpc.code", "Ok");
            info!(code = "Ok", ?elapsed, "the call is done");
            return;
        };
        let (code, delivery) = (error.code(), error.delivery());
        self.span
            .record("rpc.code", display(format_args!("{code:?}")));
        self.span.record("otel.status_code", "ERROR");
        if error.is_answer() || code == Code::Cancelled {
            info!(?code, ?delivery, ?elapsed, %error, "the call failed");
        } else {
            warn!(?code, ?delivery, ?elapsed, %error, "the call failed");
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.over {
            self.end(Some(&Error::cancelled("nobody waits for the reply")));
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace")
    }
}
