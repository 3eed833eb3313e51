//! [`Gateway`]: etcd's calls, as its JSON gateway takes them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::http::{Answer, Ask, Http, HttpAddress, Stream};
use super::message::{
    Fault, LeaseAnswer, Piece, RangeAnswer, TokenAnswer, TxnAnswer, base64, read,
};
use crate::error::{Error, Result};
use crate::patience::within;

/// etcd's calls, as its JSON gateway takes them.
pub(super) struct Gateway {
    http: Http,
    user: Option<(String, String)>,
    /// What to show instead of the password, until etcd forgets it.
    token: Mutex<Option<Arc<str>>>,
}

/// How long a whole answer to a probe may take.
const PROBE: Duration = Duration::from_secs(3);

impl Gateway {
    pub(super) fn new(http: Http, user: Option<(String, String)>) -> Self {
        Self {
            http,
            user,
            token: Mutex::new(None),
        }
    }

    pub(super) const fn http(&self) -> &Http {
        &self.http
    }

    /// A lease, and the seconds that it was granted for.
    pub(super) async fn grant(&self, seconds: u64) -> Result<(i64, u64)> {
        let ask = json!({ "TTL": seconds.to_string() });
        let answer: LeaseAnswer = self.call("/v3/lease/grant", &ask).await?;
        match u64::try_from(answer.ttl) {
            Ok(ttl) if ttl > 0 && answer.id != 0 => Ok((answer.id, ttl)),
            _ => Err(Error::unavailable("etcd granted no lease")),
        }
    }

    /// Makes a lease last; false if it is gone.
    pub(super) async fn keep_alive(&self, lease: i64) -> Result<bool> {
        let ask = json!({ "ID": lease.to_string() });
        let answer: Piece<LeaseAnswer> = self.call("/v3/lease/keepalive", &ask).await?;
        match (answer.result, answer.error) {
            (Some(answer), _) => Ok(answer.ttl > 0),
            (None, Some(fault)) if fault.text().contains("not found") => Ok(false),
            (None, fault) => Err(Error::unavailable(format_args!(
                "etcd did not renew the lease: {}",
                fault.unwrap_or_default().text()
            ))),
        }
    }

    /// Ends a lease. One that is gone is fine.
    pub(super) async fn revoke(&self, lease: i64) -> Result<()> {
        let ask = json!({ "ID": lease.to_string() });
        let answer = self.send("/v3/lease/revoke", &ask).await?;
        match answer.status {
            StatusCode::NOT_FOUND if fault(&answer).contains("lease not found") => Ok(()),
            status if status.is_success() => Ok(()),
            _ => Err(refusal(&answer)),
        }
    }

    pub(super) async fn range(&self, from: &[u8], to: Option<&[u8]>) -> Result<RangeAnswer> {
        let mut ask = json!({ "key": base64(from) });
        if let (Some(to), Some(ask)) = (to, ask.as_object_mut()) {
            ask.insert("range_end".to_owned(), base64(to).into());
        }
        self.call("/v3/kv/range", &ask).await
    }

    pub(super) async fn txn(
        &self,
        compare: &Value,
        then: &[Value],
        otherwise: &[Value],
    ) -> Result<TxnAnswer> {
        let ask = json!({ "compare": compare, "success": then, "failure": otherwise });
        self.call("/v3/kv/txn", &ask).await
    }

    /// What changes from this revision on, as it comes.
    pub(super) async fn watch(
        &self,
        from: &[u8],
        to: Option<&[u8]>,
        revision: i64,
    ) -> Result<Stream> {
        let mut create = json!({ "key": base64(from), "start_revision": revision.to_string() });
        if let (Some(to), Some(create)) = (to, create.as_object_mut()) {
            create.insert("range_end".to_owned(), base64(to).into());
        }
        let ask = json!({ "create_request": create });
        let ask = self.signed("/v3/watch", &ask).await?;
        let stream = self.http.open(&ask).await?;
        if !stream.status.is_success() {
            // The next try signs in anew.
            self.forget();
            return Err(Error::unavailable(format_args!(
                "{}: etcd does not watch: {}",
                stream.address, stream.status
            )));
        }
        Ok(stream)
    }

    /// Asks this member, which must have a leader, whether it is there.
    pub(super) async fn probe(&self, member: &HttpAddress, key: &[u8]) -> Result<()> {
        let ask = json!({ "key": base64(key), "count_only": true });
        let ask = self.signed("/v3/kv/range", &ask).await?;
        let answer = within(PROBE, self.http.ask_one(member, &ask)).await?;
        match answer.status.is_success() {
            true => Ok(()),
            false => {
                self.forget();
                Err(refusal(&answer))
            }
        }
    }

    async fn call<T: DeserializeOwned>(&self, path: &str, ask: &Value) -> Result<T> {
        let answer = self.send(path, ask).await?;
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        read(&answer.body).map_err(|error| {
            Error::unavailable(format_args!(
                "{}: not an answer of etcd ({error}): {}",
                answer.address,
                answer.text()
            ))
        })
    }

    async fn send(&self, path: &str, ask: &Value) -> Result<Answer> {
        for last in [false, true] {
            let request = self.signed(path, ask).await?;
            let answer = self.http.ask(&request, serves).await?;
            // Tokens end after 5 minutes without use, and when etcd restarts.
            if !last && self.user.is_some() && is_stale(&answer) {
                self.forget();
                continue;
            }
            return Ok(answer);
        }
        Err(Error::refused("etcd forgets who we are at once"))
    }

    async fn signed(&self, path: &str, ask: &Value) -> Result<Ask> {
        let mut request = Ask::json(Method::POST, path, ask);
        if let Some(token) = self.token().await? {
            let mut token = HeaderValue::from_str(&token)
                .map_err(|_| Error::unavailable("etcd's token is not one"))?;
            token.set_sensitive(true);
            request.headers.insert(AUTHORIZATION, token);
        }
        Ok(request)
    }

    async fn token(&self) -> Result<Option<Arc<str>>> {
        let Some((name, password)) = &self.user else {
            return Ok(None);
        };
        if let Some(token) = &*self.lock() {
            return Ok(Some(Arc::clone(token)));
        }
        let ask = json!({ "name": name, "password": password });
        let ask = Ask::json(Method::POST, "/v3/auth/authenticate", &ask);
        let answer = self.http.ask(&ask, serves).await?;
        if fault(&answer).contains("authentication is not enabled") {
            return Ok(None);
        }
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        let answer: TokenAnswer = read(&answer.body)
            .map_err(|error| Error::unavailable(format_args!("not a token of etcd: {error}")))?;
        let token: Arc<str> = answer.token.into();
        *self.lock() = Some(Arc::clone(&token));
        Ok(Some(token))
    }

    fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<str>>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A member that has no leader cannot serve, and another one perhaps can.
fn serves(answer: &Answer) -> bool {
    !answer.status.is_server_error()
}

fn is_stale(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED || fault(answer).contains("invalid auth token")
}

fn fault(answer: &Answer) -> String {
    match read::<Fault>(&answer.body) {
        Ok(fault) if !fault.text().is_empty() => fault.text().to_owned(),
        _ => answer.text(),
    }
}

/// What a failure means, and what to do.
fn refusal(answer: &Answer) -> Error {
    let (address, status, fault) = (&answer.address, answer.status, fault(answer));
    match status {
        // etcd says in JSON what it does not find.
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
            if read::<Fault>(&answer.body).is_err() =>
        {
            Error::refused(format_args!(
                "{address}: this is no etcd 3.4 or later, as it has no /v3 ({status})"
            ))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::refused(format_args!(
            "{address}: {fault} (is the user allowed to read and write the keys in use?)"
        )),
        StatusCode::BAD_REQUEST if fault.contains("user name is empty") => Error::refused(
            format_args!("{address}: etcd asks who we are; give a user and a password"),
        ),
        StatusCode::BAD_REQUEST if fault.contains("authentication failed") => {
            Error::refused(format_args!("{address}: {fault}"))
        }
        _ => Error::unavailable(format_args!("{address}: {status}: {fault}")),
    }
}
