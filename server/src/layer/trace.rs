//! [`Trace`]: a span for each call, in the trace of its caller.

use std::fmt;

use gobrpc_protocol::trace_context::TRACEPARENT;
use gobrpc_protocol::{Cancel, Code, Context, Error, Response, Result, TraceContext};
use tokio::time::Instant;
use tracing::field::{Empty, display};
use tracing::{Instrument, Span, info, info_span, warn};

use super::{Layer, Next};

/// Makes a `tracing` span of each call, and an event of how it ended.
///
/// The span is a child of the one that the caller's `traceparent` names (W3C Trace
/// Context): it has the same `trace_id`, that one's id as `parent_id`, and a `span_id`
/// of its own. A call without begins a trace. The handler's metadata has the span's
/// own context, so that calls which the handler makes by
/// [`Call::within`](gobrpc_protocol::Call::within) are its children, on this server
/// and on the next.
///
/// The span `rpc` has the fields `otel.name`, `otel.kind`, `rpc.system`,
/// `rpc.service`, `rpc.method`, `peer`, `trace_id`, `span_id`, `parent_id`, and at the
/// end `rpc.code` and `otel.status_code`. The event in it, at `INFO`, at `WARN` if the
/// server is at fault, has the code and the time that it took; what was cancelled has
/// one, too. Arguments and metadata are in neither. If nobody wants spans, this does
/// nothing, and what the caller sent goes on as it came.
///
/// # OpenTelemetry
///
/// There is nothing of it in here. To export these spans, add the crate
/// `tracing-opentelemetry`, which reads the `otel.` fields; to have it take over the
/// caller's trace and give out its own ids, say so in [`on_start`](Self::on_start):
///
/// ```
/// use gobrpc_server::layer::Trace;
///
/// /// By OpenTelemetry's `TraceContextPropagator`: makes the caller's trace the parent
/// /// of the span (`OpenTelemetrySpanExt::set_parent`), and gives the span's own
/// /// `traceparent` (`inject_context` of its `context()`).
/// fn adopt(span: &tracing::Span, traceparent: &str) -> String {
/// #   let _ = (span, traceparent);
/// #   String::new()
/// }
///
/// let trace = Trace::new().on_start(|span, cx| {
///     let caller = cx.metadata().get_str("traceparent").unwrap_or_default();
///     let own = adopt(span, caller);
///     cx.metadata_mut().set("traceparent", own);      // for calls `within` this one
/// });
/// ```
///
/// # Examples
///
/// ```
/// use gobrpc_server::Server;
/// use gobrpc_server::layer::Trace;
///
/// let server = Server::new().with_layer(Trace::new());
/// ```
#[derive(Default)]
pub struct Trace {
    on_start: Option<OnStart>,
}

type OnStart = Box<dyn Fn(&Span, &mut Context) + Send + Sync>;

impl Trace {
    /// A span for each call.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls a function with each span before it is entered, and with the call, whose
    /// metadata has what the caller sent.
    #[must_use]
    pub fn on_start(mut self, start: impl Fn(&Span, &mut Context) + Send + Sync + 'static) -> Self {
        self.on_start = Some(Box::new(start));
        self
    }

    fn span(&self, cx: &mut Context) -> Span {
        let span = info_span!(
            "rpc",
            otel.name = cx.service_method(),
            otel.kind = "server",
            otel.status_code = Empty,
            rpc.system = "gobrpc",
            rpc.service = cx.service(),
            rpc.method = cx.method(),
            rpc.code = Empty,
            peer = cx.peer().address,
            trace_id = Empty,
            span_id = Empty,
            parent_id = Empty,
        );
        if span.is_disabled() {
            return span;
        }
        let parent = cx.trace();
        if let Some(parent) = parent {
            let id = format!("{:016x}", parent.span_id());
            span.record("parent_id", display(id));
        }
        if let Some(start) = &self.on_start {
            start(&span, cx);
            // It has given ids of its own.
            if cx.trace() != parent {
                record(&span, cx.trace());
                return span;
            }
        }
        let own = match parent {
            Some(parent) => Some(parent.child(fastrand::u64(1..))),
            None => TraceContext::new(fastrand::u128(1..), fastrand::u64(1..), true),
        };
        if let Some(own) = own {
            cx.metadata_mut().set(TRACEPARENT, own.to_string());
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
    async fn handle(&self, mut cx: Context, next: Next) -> Result<Response> {
        let span = self.span(&mut cx);
        if span.is_disabled() {
            return next.run(cx).await;
        }
        let mut ending = Ending {
            cx: cx.clone(),
            span: span.clone(),
            start: Instant::now(),
            over: false,
        };
        let result = next.run(cx).instrument(span).await;
        ending.end(result.as_ref().err());
        result
    }
}

/// Says how a call ended, also if it is dropped.
struct Ending {
    cx: Context,
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
        let code = error.code();
        self.span
            .record("rpc.code", display(format_args!("{code:?}")));
        if is_servers_fault(code) {
            self.span.record("otel.status_code", "ERROR");
            warn!(?code, ?elapsed, %error, "the call failed");
        } else {
            info!(?code, ?elapsed, %error, "the call failed");
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.over {
            let reason = self.cx.cancellation().unwrap_or(Cancel::ByCaller);
            self.end(Some(&reason.into()));
        }
    }
}

/// As the conventions of OpenTelemetry have it for spans of gRPC servers.
const fn is_servers_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace")
    }
}
