//! What the server answers to a plain HTTP request.

use gobrpc_protocol::health::ServingStatus;

use crate::connection::Shared;

/// An HTTP answer.
pub(crate) struct Page {
    pub(crate) status: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn text(status: &'static str, body: impl Into<String>) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            body: body.into(),
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::text("404 Not Found", "404 page not found\n")
    }

    /// The page of a path.
    pub(crate) fn of(method: &str, path: &str, shared: &Shared) -> Self {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let known = matches!(path, "/healthz" | "/readyz" | "/metrics" | "/debug/rpc")
            || path.starts_with("/readyz/");
        if known && method != "GET" && method != "HEAD" {
            return Self::text("405 Method Not Allowed", "405 use GET\n");
        }
        match path {
            "/healthz" => Self::text("200 OK", "ok\n"),
            "/readyz" => Self::ready("", shared),
            "/debug/rpc" if shared.reflects => Self {
                status: "200 OK",
                content_type: "text/html; charset=utf-8",
                body: services(shared),
            },
            "/metrics" => match &shared.metrics {
                Some(metrics) => Self {
                    status: "200 OK",
                    content_type: "text/plain; version=0.0.4; charset=utf-8",
                    body: metrics.to_prometheus(),
                },
                None => Self::not_found(),
            },
            _ => match path.strip_prefix("/readyz/") {
                Some(service) => Self::ready(service, shared),
                None => Self::not_found(),
            },
        }
    }

    fn ready(service: &str, shared: &Shared) -> Self {
        match shared.health.status(service) {
            Some(ServingStatus::Serving) => Self::text("200 OK", "SERVING\n"),
            Some(status) => Self::text("503 Service Unavailable", format!("{status}\n")),
            None => Self::text("404 Not Found", "SERVICE_UNKNOWN\n"),
        }
    }
}

/// The services and their methods, as on Go's page (`net/rpc`, `debug.go`), with
/// their documentation and health.
fn services(shared: &Shared) -> String {
    let listing = shared.router.listing();
    let mut html =
        String::from("<!DOCTYPE html>\n<html>\n<head><title>Services</title></head>\n<body>\n");
    for service in &listing.services {
        let status = shared
            .health
            .status(&service.name)
            .map_or_else(String::new, |status| format!(" ({status})"));
        html.push_str("<hr>\nService <b>");
        escape(&service.name, &mut html);
        html.push_str("</b>");
        html.push_str(&status);
        html.push_str("\n<p>");
        escape(&service.docs, &mut html);
        html.push_str(
            "</p>\n<table>\n<tr><th align=left>Method</th><th align=left>About</th></tr>\n",
        );
        for method in &service.methods {
            html.push_str("<tr><td><code>");
            let stream = match method.streams.as_str() {
                "unary" => String::new(),
                streams => format!(" (stream: {streams})"),
            };
            let signature = format!(
                "{}({}, *{}) error{stream}",
                method.name, method.args.text, method.reply.text
            );
            escape(&signature, &mut html);
            html.push_str("</code></td><td>");
            escape(&method.docs, &mut html);
            html.push_str("</td></tr>\n");
        }
        html.push_str("</table>\n");
    }
    html.push_str("</body>\n</html>\n");
    html
}

fn escape(text: &str, html: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            letter => html.push(letter),
        }
    }
}
