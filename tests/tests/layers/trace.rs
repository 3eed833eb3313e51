//! Spans, and the traces that they belong to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gobrpc_client::Client;
use gobrpc_client::layer::Trace as ClientTrace;
use gobrpc_server::layer::Trace;
use gobrpc_server::{Context, Result, Running, Server, TraceContext, service};
use gobrpc_tests::local::eventually;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context as Around, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::service::{Log, start};

/// Asks the next server for its trace.
#[service]
trait Relay {
    /// The traces that this server and those behind it see.
    async fn traces(&self, cx: &Context) -> Result<Vec<String>>;
}

#[derive(Clone)]
struct Relaying(Option<RelayClient<Client>>);

impl Relay for Relaying {
    async fn traces(&self, cx: &Context) -> Result<Vec<String>> {
        let own = cx.trace().map(|it| it.to_string()).unwrap_or_default();
        let mut all = vec![own];
        if let Some(next) = &self.0 {
            all.extend(next.traces().within(cx).await?);
        }
        Ok(all)
    }
}

async fn relay(next: Option<&Running>) -> Running {
    let next = next.map(|running| {
        let builder = Client::builder().layer(ClientTrace::new());
        RelayClient::new(builder.connect(running.address()))
    });
    Server::new()
        .with_layer(Trace::new())
        .register(RelayServer::new(Relaying(next)))
        .unwrap()
        .start("127.0.0.1:0")
        .await
        .unwrap()
}

/// All spans and events of this thread, in their order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Span>>>);

#[derive(Clone, Default, Debug)]
struct Span {
    id: u64,
    parent: Option<u64>,
    fields: BTreeMap<String, String>,
    events: Vec<(Level, BTreeMap<String, String>)>,
}

impl Span {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl Seen {
    /// Looks at spans from now on, on this thread, until the guard is dropped.
    fn watch() -> (Self, DefaultGuard) {
        let seen = Self::default();
        let subscriber = tracing_subscriber::registry().with(seen.clone());
        (seen, tracing::subscriber::set_default(subscriber))
    }

    fn edit(&self, id: &Id, edit: impl FnOnce(&mut Span)) {
        let mut spans = self.0.lock().unwrap();
        // Ids are used again.
        if let Some(span) = spans.iter_mut().rev().find(|it| it.id == id.into_u64()) {
            edit(span);
        }
    }

    /// The spans of a kind, in the order in which they began.
    fn of(&self, kind: &str) -> Vec<Span> {
        let spans = self.0.lock().unwrap();
        let of_kind = spans.iter().filter(|it| it.field("otel.kind") == kind);
        of_kind.cloned().collect()
    }
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, around: Around<'_, S>) {
        let mut span = Span {
            id: id.into_u64(),
            parent: around.current_span().id().map(Id::into_u64),
            ..Span::default()
        };
        attributes.record(&mut Fields(&mut span.fields));
        self.0.lock().unwrap().push(span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Around<'_, S>) {
        self.edit(id, |span| values.record(&mut Fields(&mut span.fields)));
    }

    fn on_event(&self, event: &Event<'_>, around: Around<'_, S>) {
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        if let Some(id) = around.current_span().id() {
            let level = *event.metadata().level();
            self.edit(id, |span| span.events.push((level, fields)));
        }
    }
}

/// From a client A by a server B to a server C.
#[tokio::test]
async fn a_trace_goes_from_a_by_b_to_c() {
    let (seen, _guard) = Seen::watch();
    let c = relay(None).await;
    let b = relay(Some(&c)).await;
    let builder = Client::builder().layer(ClientTrace::new());
    let a = RelayClient::new(builder.connect(b.address()));
    let given = TraceContext::new(0xabcd, 0x1234, true).unwrap();

    let traces = a
        .traces()
        .meta("traceparent", given.to_string())
        .await
        .unwrap();
    let (at_b, at_c): (TraceContext, TraceContext) =
        (traces[0].parse().unwrap(), traces[1].parse().unwrap());
    assert_eq!(at_b.trace_id(), 0xabcd);
    assert_eq!(at_c.trace_id(), 0xabcd);
    assert!(at_c.is_sampled());

    let (clients, servers) = (seen.of("client"), seen.of("server"));
    let [from_a, from_b] = &clients[..] else {
        panic!("{clients:?}")
    };
    let [in_b, in_c] = &servers[..] else {
        panic!("{servers:?}")
    };
    for span in [from_a, in_b, from_b, in_c] {
        assert_eq!(span.field("trace_id"), format!("{:032x}", 0xabcd));
        assert_eq!(span.field("otel.name"), "Relay.Traces");
        assert_eq!(span.field("rpc.service"), "Relay");
        assert_eq!(span.field("rpc.method"), "Traces");
        assert_eq!(span.field("rpc.code"), "Ok");
        assert_eq!(span.events.len(), 1);
    }
    // Each is a child of the one before it, across the sockets.
    assert_eq!(from_a.field("parent_id"), format!("{:016x}", 0x1234));
    assert_eq!(in_b.field("parent_id"), from_a.field("span_id"));
    assert_eq!(from_b.field("parent_id"), in_b.field("span_id"));
    assert_eq!(in_c.field("parent_id"), from_b.field("span_id"));
    // What the handlers see is their own span.
    assert_eq!(in_b.field("span_id"), format!("{:016x}", at_b.span_id()));
    assert_eq!(in_c.field("span_id"), format!("{:016x}", at_c.span_id()));
    // In one process, `tracing` knows it, too.
    assert_eq!(from_b.parent, Some(in_b.id));
}

#[tokio::test]
async fn a_call_without_a_trace_begins_one() {
    let (seen, _guard) = Seen::watch();
    let server = relay(None).await;
    let client = RelayClient::new(Client::connect(server.address()));
    for bad in [None, Some("no traceparent")] {
        let mut call = client.traces();
        if let Some(bad) = bad {
            call = call.meta("traceparent", bad);
        }
        let traces = call.await.unwrap();
        let trace: TraceContext = traces[0].parse().unwrap();
        assert!(trace.is_sampled());
    }
    let spans = seen.of("server");
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[0].field("parent_id"), "");
    assert_ne!(spans[0].field("trace_id"), spans[1].field("trace_id"));
}

/// What nobody looks at changes nothing.
#[tokio::test]
async fn where_nobody_wants_spans_a_trace_goes_on_as_it_came() {
    // Without any subscriber it is the same, but other tests have theirs.
    let nobody = tracing_subscriber::registry().with(LevelFilter::OFF);
    let _guard = tracing::subscriber::set_default(nobody);
    let c = relay(None).await;
    let b = relay(Some(&c)).await;
    let a = RelayClient::new(Client::connect(b.address()));
    let given = TraceContext::new(7, 8, false).unwrap().to_string();
    let traces = a.traces().meta("traceparent", &given).await.unwrap();
    assert_eq!(traces, [given.clone(), given]);
    assert_eq!(a.traces().await.unwrap(), ["", ""]);
}

#[tokio::test]
async fn spans_say_how_calls_ended() {
    let (seen, _guard) = Seen::watch();
    let log = Log::default();
    let (running, _) = start(Server::new().with_layer(Trace::new()), &log).await;
    let client = Client::builder().layer(ClientTrace::new());
    let work = crate::service::WorkClient::new(client.connect(running.address()));
    work.double(-1).await.unwrap_err();
    work.panic(false).await.unwrap_err();
    let (items, ..) = crate::service::collect(work.count(3).await.unwrap()).await;
    assert_eq!(items.len(), 3);
    let call = work.hang().start();
    eventually("running", || log.has("handler")).await;
    drop(call);
    eventually("dropped", || log.has("handler dropped")).await;
    eventually("said", || {
        seen.of("server")
            .last()
            .is_some_and(|it| it.events.len() == 1)
    })
    .await;
    for (kind, levels) in [
        (
            "server",
            [Level::INFO, Level::WARN, Level::INFO, Level::INFO],
        ),
        ("client", [Level::INFO; 4]),
    ] {
        let spans = seen.of(kind);
        let codes: Vec<_> = spans.iter().map(|it| it.field("rpc.code")).collect();
        let expected = ["OutOfRange", "Internal", "OutOfRange", "Cancelled"];
        assert_eq!(codes, expected, "{kind}");
        for (span, level) in spans.iter().zip(levels) {
            let [(found, fields)] = &span.events[..] else {
                panic!("{kind}: {span:?}");
            };
            assert_eq!(*found, level, "{kind}: {fields:?}");
            assert!(fields.contains_key("elapsed"), "{kind}: {fields:?}");
            assert!(fields.contains_key("error"), "{kind}: {fields:?}");
        }
        let internal = spans[1].field("otel.status_code");
        assert_eq!(internal, "ERROR", "{kind}");
    }
}

/// Where the ids come from can be changed, as OpenTelemetry wants it.
#[tokio::test]
async fn ids_may_come_from_elsewhere() {
    let (seen, _guard) = Seen::watch();
    let id = |span| TraceContext::new(0x77, span, true).unwrap().to_string();
    let (on_client, on_server) = (id(0x88), id(0x99));
    let server = Server::new()
        .with_layer(Trace::new().on_start(move |span, cx| {
            span.record("otel.name", "from elsewhere");
            cx.metadata_mut().set("traceparent", &on_server);
        }))
        .register(RelayServer::new(Relaying(None)))
        .unwrap();
    let running = server.start("127.0.0.1:0").await.unwrap();
    let client = Client::builder().layer(ClientTrace::new().on_start(move |_, request| {
        request.head.metadata.set("traceparent", &on_client);
    }));
    let relay = RelayClient::new(client.connect(running.address()));
    assert_eq!(relay.traces().await.unwrap(), [id(0x99)]);
    let spans = seen.of("server");
    assert_eq!(spans[0].field("otel.name"), "from elsewhere");
    assert_eq!(spans[0].field("parent_id"), format!("{:016x}", 0x88));
    assert_eq!(spans[0].field("span_id"), format!("{:016x}", 0x99));
    assert_eq!(
        seen.of("client")[0].field("span_id"),
        format!("{:016x}", 0x88)
    );
}
