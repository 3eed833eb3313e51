//! [`Agent`]: the calls of Consul's HTTP API that are needed.

mod rights;

use std::fmt::Write as _;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::http::{Answer, Ask, Http, HttpAddress};
use super::HEARTBEAT;
use super::service::Service;
use crate::error::{Error, Result};

/// The calls of Consul's HTTP API that are needed.
pub(super) struct Agent {
    http: Http,
    token: Option<HeaderValue>,
    /// Empty, or what follows a query that reads.
    datacenter: String,
}

/// A service on a machine, with its checks.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(default)]
    node: Node,
    pub(super) service: Service,
    #[serde(default)]
    checks: Vec<Check>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Node {
    node: String,
    address: String,
    datacenter: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Check {
    status: String,
}

/// What an agent says of a service of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Passing,
    Critical,
    Unknown,
}

/// Where an answer came from, and as of when.
pub(super) struct Head {
    pub(super) index: u64,
    pub(super) address: HttpAddress,
}

impl Listed {
    /// True if no check says otherwise; a warning is a pass.
    pub(super) fn is_passing(&self) -> bool {
        self.checks
            .iter()
            .all(|check| matches!(check.status.as_str(), "passing" | "warning"))
    }
}

impl Agent {
    pub(super) fn new(http: Http, token: Option<&str>, datacenter: Option<String>) -> Result<Self> {
        let token = token.map(|token| {
            let mut token = HeaderValue::from_str(token)
                .map_err(|_| Error::refused("the ACL token has characters that none has"))?;
            token.set_sensitive(true);
            Ok::<_, Error>(token)
        });
        let mut query = String::new();
        if let Some(datacenter) = datacenter {
            query.push_str("&dc=");
            escape(&mut query, &datacenter);
        }
        Ok(Self {
            http,
            token: token.transpose()?,
            datacenter: query,
        })
    }

    pub(super) const fn http(&self) -> &Http {
        &self.http
    }

    pub(super) async fn register(&self, service: &Service, ttl: Duration) -> Result<()> {
        let mut body = serde_json::to_value(service)
            .map_err(|error| Error::refused(format_args!("the entry is no JSON: {error}")))?;
        if let Some(body) = body.as_object_mut() {
            let check = json!({
                "Name": "lease",
                "TTL": format!("{}ms", ttl.as_millis()),
                "Status": "passing",
                // The least that Consul does.
                "DeregisterCriticalServiceAfter": "1m",
            });
            body.insert("Check".to_owned(), check);
        }
        let answer = self.put("/v1/agent/service/register", &body).await?;
        done(&answer)
    }

    /// Ends a registration with this agent. One that is gone is fine.
    pub(super) async fn deregister(&self, id: &str) -> Result<()> {
        let path = path("/v1/agent/service/deregister/", id);
        let answer = self.put(&path, &Value::Null).await?;
        match is_unknown(&answer) {
            true => Ok(()),
            false => done(&answer),
        }
    }

    /// Ends a registration, with whichever agent.
    pub(super) async fn remove(&self, listed: &Listed) -> Result<()> {
        self.deregister(&listed.service.id).await?;
        // Another agent's, on a machine that is gone: its own would bring it back.
        let body = json!({
            "Datacenter": listed.node.datacenter,
            "Node": listed.node.node,
            "ServiceID": listed.service.id,
        });
        let answer = self.put("/v1/catalog/deregister", &body).await?;
        done(&answer)
    }

    /// Renews a check; false if there is none.
    pub(super) async fn pass(&self, id: &str) -> Result<bool> {
        let path = path("/v1/agent/check/pass/service:", id);
        let answer = self.put(&path, &Value::Null).await?;
        match is_unknown(&answer) {
            true => Ok(false),
            false => done(&answer).map(|()| true),
        }
    }

    /// How a service of this agent is.
    pub(super) async fn health(&self, id: &str) -> Result<Health> {
        let path = path("/v1/agent/health/service/id/", id);
        let ask = self.signed(Ask::get(path));
        // 503 is an answer here, not a failure.
        let answer = self.http.ask(&ask, |_| true).await?;
        Ok(match answer.status {
            StatusCode::OK | StatusCode::TOO_MANY_REQUESTS => Health::Passing,
            StatusCode::SERVICE_UNAVAILABLE => Health::Critical,
            StatusCode::NOT_FOUND => Health::Unknown,
            _ => return Err(refusal(&answer)),
        })
    }

    /// The names of all services.
    pub(super) async fn names(&self) -> Result<(Head, Vec<String>)> {
        let path = format!("/v1/catalog/services?consistent{}", self.datacenter);
        let answer = self.http.ask(&self.signed(Ask::get(path)), serves).await?;
        let names: serde_json::Map<String, Value> = read(&answer)?;
        Ok((
            head(&answer),
            names.into_iter().map(|(name, _)| name).collect(),
        ))
    }

    /// The instances of a service that pass.
    ///
    /// With an index and the address that gave it, once something changed since
    /// then, or after a while.
    pub(super) async fn list(
        &self,
        name: &str,
        since: Option<&Head>,
    ) -> Result<(Head, Vec<Listed>)> {
        let mut path = path("/v1/health/service/", name);
        match since {
            None => path.push_str("?consistent"),
            Some(since) => {
                let wait = HEARTBEAT.as_millis();
                let _ = write!(path, "?index={}&wait={wait}ms", since.index);
            }
        }
        path.push_str("&passing=1");
        path.push_str(&self.datacenter);
        let ask = self.signed(Ask::get(path));
        let answer = match since {
            None => self.http.ask(&ask, serves).await?,
            Some(since) => self.http.ask_one(&since.address, &ask).await?,
        };
        Ok((head(&answer), listed(&answer)?))
    }

    /// The instances of a service at an address, whatever their checks say.
    pub(super) async fn at(&self, name: &str, address: &str, port: u16) -> Result<Vec<Listed>> {
        let mut path = path("/v1/health/service/", name);
        path.push_str("?consistent&filter=");
        // A service without an address has that of its machine.
        let filter = format!(
            "Service.Port == {port} and \
             (Service.Address == {address:?} or Service.Address == \"\")"
        );
        escape(&mut path, &filter);
        path.push_str(&self.datacenter);
        let answer = self.http.ask(&self.signed(Ask::get(path)), serves).await?;
        listed(&answer)
    }

    async fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        let ask = match body {
            Value::Null => Ask::empty(Method::PUT, path),
            body => Ask::json(Method::PUT, path, body),
        };
        self.http.ask(&self.signed(ask), |_| true).await
    }

    fn signed(&self, mut ask: Ask) -> Ask {
        if let Some(token) = &self.token {
            ask.headers
                .insert(HeaderName::from_static("x-consul-token"), token.clone());
        }
        ask
    }
}

/// A server without a leader cannot serve, and another one perhaps can.
fn serves(answer: &Answer) -> bool {
    !answer.status.is_server_error()
}

/// True if what is named is not there: Consul 1.8 says so by 500 and a text, and
/// later ones by 404.
fn is_unknown(answer: &Answer) -> bool {
    match answer.status {
        StatusCode::NOT_FOUND => true,
        StatusCode::INTERNAL_SERVER_ERROR => {
            let text = answer.text().to_lowercase();
            text.contains("unknown service")
                || text.contains("unknown check")
                || text.contains("does not have associated ttl")
        }
        _ => false,
    }
}

fn listed(answer: &Answer) -> Result<Vec<Listed>> {
    let listed: Vec<Listed> = read(answer)?;
    // Consul 1.11 and later say that they left out what the token may not see; before,
    // nothing tells that from what is not there.
    let filtered = answer.headers.get("x-consul-results-filtered-by-acls");
    if listed.is_empty() && filtered.is_some_and(|held| held == "true") {
        return Err(Error::refused(format_args!(
            "{}: the ACL token may not see the service (it needs service:read and node:read)",
            answer.address
        )));
    }
    let listed = listed.into_iter().map(|one| Listed {
        service: one.service.at_node(&one.node.address),
        ..one
    });
    Ok(listed.collect())
}

fn head(answer: &Answer) -> Head {
    let index = answer.headers.get("x-consul-index");
    Head {
        index: index
            .and_then(|index| index.to_str().ok()?.parse().ok())
            .unwrap_or_default(),
        address: answer.address.clone(),
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    done(answer)?;
    serde_json::from_slice(&answer.body).map_err(|error| {
        Error::unavailable(format_args!(
            "{}: not an answer of Consul ({error}): {}",
            answer.address,
            answer.text()
        ))
    })
}

fn done(answer: &Answer) -> Result<()> {
    match answer.status.is_success() {
        true => Ok(()),
        false => Err(refusal(answer)),
    }
}

/// What a failure means, and what to do.
fn refusal(answer: &Answer) -> Error {
    let (address, status, text) = (&answer.address, answer.status, answer.text());
    match status {
        _ if text.contains("ACL not found") => {
            Error::refused(format_args!("{address}: the ACL token is not known there"))
        }
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Error::refused(format_args!(
            "{address}: {text} (does the ACL token allow service:write and service:read?)"
        )),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Error::refused(format_args!(
            "{address}: this is no agent of Consul: {status}"
        )),
        StatusCode::BAD_REQUEST => Error::refused(format_args!("{address}: {text}")),
        _ => Error::unavailable(format_args!("{address}: {status}: {text}")),
    }
}

fn path(front: &str, name: &str) -> String {
    let mut path = front.to_owned();
    escape(&mut path, name);
    path
}

/// Writes a part of a path or of a query (RFC 3986 §2.3: what needs no escape).
fn escape(path: &mut String, part: &str) {
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(byte.into());
            }
            _ => {
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
}
