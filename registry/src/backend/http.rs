//! [`Http`]: requests to whichever of several addresses answers.

mod address;
#[cfg(feature = "etcd")]
mod stream;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::sleep;

pub(crate) use self::address::HttpAddress;
#[cfg(feature = "etcd")]
pub(crate) use self::stream::Stream;
#[cfg(feature = "tls")]
pub use self::tls::TlsOptions;
use crate::error::{Error, Result};

#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;
#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;

/// Requests to whichever of several addresses answers.
///
/// The address that answered last is asked first. If it does not answer soon, the
/// next one is asked as well, without giving the first one up: a paused member of
/// a cluster accepts connections and says nothing, and a slow one is better than
/// none. Requests must therefore be such that twice is as good as once.
pub(crate) struct Http {
    client: Client<Connector, Full<Bytes>>,
    addresses: Vec<HttpAddress>,
    /// Index of the address that answered last.
    preferred: AtomicUsize,
}

/// What is asked.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// With its query, from its first slash on.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What is answered, by one of the addresses.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    #[cfg(feature = "consul")]
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) address: HttpAddress,
}

/// How long the next address waits for those before it.
const NEXT_AFTER: Duration = Duration::from_secs(1);

/// Longest answer that is taken in: 65,536 entries of 1 KiB.
const MAX_ANSWER: usize = 64 << 20;

/// Whoever does not take a connection within this time is not there.
const CONNECT: Duration = Duration::from_secs(3);

/// Connections that nobody used for so long are closed: firewalls forget them,
/// and do not tell.
const IDLE: Duration = Duration::from_secs(30);

impl Http {
    /// # Errors
    ///
    /// `Refused` if there is no address.
    #[cfg(not(feature = "tls"))]
    pub(crate) fn new(addresses: Vec<HttpAddress>) -> Result<Self> {
        if let Some(address) = addresses.iter().find(|address| address.is_tls()) {
            return Err(Error::refused(format_args!(
                "{address} needs TLS: build gobrpc-registry with its feature `tls`"
            )));
        }
        Self::with_connector(addresses, tcp())
    }

    /// # Errors
    ///
    /// `Refused` if there is no address, or the certificates are none.
    #[cfg(feature = "tls")]
    pub(crate) fn new(addresses: Vec<HttpAddress>, tls: &TlsOptions) -> Result<Self> {
        // Reading the system's certificates takes tens of milliseconds.
        let config = match addresses.iter().any(HttpAddress::is_tls) {
            true => tls.config()?,
            false => TlsOptions::unused()?,
        };
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp());
        Self::with_connector(addresses, connector)
    }

    fn with_connector(addresses: Vec<HttpAddress>, connector: Connector) -> Result<Self> {
        if addresses.is_empty() {
            return Err(Error::refused("no address of the registry is given"));
        }
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(4)
            .build(connector);
        Ok(Self {
            client,
            preferred: AtomicUsize::new(fastrand::usize(..addresses.len())),
            addresses,
        })
    }

    /// Host and port of its first address.
    pub(crate) fn remote(&self) -> Option<String> {
        let first = self.addresses.first()?;
        Some(first.authority().to_owned())
    }

    /// Asks, and takes in the whole answer.
    ///
    /// An answer for which `serves` is false (the address is there, and cannot
    /// serve now) is one only if no other address has a better one.
    ///
    /// # Errors
    ///
    /// `Unavailable`, with what each address did.
    pub(crate) async fn ask(&self, ask: &Ask, serves: fn(&Answer) -> bool) -> Result<Answer> {
        self.first(
            |index| self.whole(index, ask),
            |answer| {
                if serves(answer) {
                    Ok(())
                } else {
                    Err(answer.status.to_string())
                }
            },
        )
        .await
    }

    /// Asks one of the addresses, and no other.
    ///
    /// # Errors
    ///
    /// As for [`Http::ask`].
    pub(crate) async fn ask_one(&self, address: &HttpAddress, ask: &Ask) -> Result<Answer> {
        let index = self.addresses.iter().position(|one| one == address);
        self.whole(index.unwrap_or(0), ask)
            .await
            .map_err(|fault| Error::unavailable(format_args!("{address}: {fault}")))
    }

    /// The first good outcome, of addresses that are asked one after the other.
    async fn first<T, F: Future<Output = Result<T, String>>>(
        &self,
        ask: impl Fn(usize) -> F,
        good: impl Fn(&T) -> Result<(), String>,
    ) -> Result<T> {
        let count = self.addresses.len();
        let preferred = self.preferred.load(Ordering::Relaxed);
        let mut left = (0..count).map(|step| (preferred + step) % count);
        let mut running = FuturesUnordered::new();
        let mut faults: Vec<String> = Vec::new();
        let mut poor = None;
        let start = |index: usize| {
            let outcome = ask(index);
            async move { (index, outcome.await) }
        };
        running.extend(left.next().map(&start));
        loop {
            let wait = async {
                if left.len() == 0 {
                    std::future::pending::<()>().await;
                }
                sleep(NEXT_AFTER).await;
            };
            tokio::select! {
                done = running.next() => {
                    let Some((index, outcome)) = done else {
                        // All have answered.
                        return poor.ok_or_else(|| Error::unavailable(faults.join("; ")));
                    };
                    let address = self.addresses.get(index);
                    let fault = match outcome {
                        Ok(outcome) => match good(&outcome) {
                            Ok(()) => {
                                self.preferred.store(index, Ordering::Relaxed);
                                return Ok(outcome);
                            }
                            Err(fault) => {
                                poor = Some(outcome);
                                fault
                            }
                        },
                        Err(fault) => fault,
                    };
                    if let Some(address) = address {
                        faults.push(format!("{address}: {fault}"));
                    }
                    running.extend(left.next().map(&start));
                }
                () = wait => running.extend(left.next().map(&start)),
            }
        }
    }

    async fn whole(&self, index: usize, ask: &Ask) -> Result<Answer, String> {
        let (address, response) = self.head(index, ask).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(|error| match error.downcast_ref::<LengthLimitError>() {
                Some(_) => format!("its answer is longer than {MAX_ANSWER} bytes"),
                None => format!("its answer broke off: {error}"),
            })?;
        Ok(Answer {
            status: head.status,
            #[cfg(feature = "consul")]
            headers: head.headers,
            body: body.to_bytes(),
            address,
        })
    }

    async fn head(
        &self,
        index: usize,
        ask: &Ask,
    ) -> Result<(HttpAddress, Response<Incoming>), String> {
        let address = self
            .addresses
            .get(index)
            .ok_or("there is no such address")?;
        let mut request = Request::new(Full::new(ask.body.clone()));
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = address.uri(&ask.path)?;
        *request.headers_mut() = ask.headers.clone();
        let response = self.client.request(request).await;
        let response = response.map_err(|error| fault(address, &error))?;
        Ok((address.clone(), response))
    }
}

impl Ask {
    #[cfg(feature = "consul")]
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::empty(Method::GET, path)
    }

    /// Without a body.
    #[cfg(feature = "consul")]
    pub(crate) fn empty(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// With a body of JSON.
    pub(crate) fn json(method: Method, path: impl Into<String>, body: &serde_json::Value) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self {
            method,
            path: path.into(),
            headers,
            body: body.to_string().into(),
        }
    }
}

impl Answer {
    /// The start of the body, for people.
    pub(crate) fn text(&self) -> String {
        let start = self.body.get(..300).unwrap_or(&self.body);
        let text = String::from_utf8_lossy(start);
        text.trim().chars().flat_map(char::escape_debug).collect()
    }
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_keepalive(Some(Duration::from_secs(10)));
    tcp
}

/// What went wrong, to the innermost cause, which is the one that helps.
fn fault(address: &HttpAddress, error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    let text = texts.last().map_or("", String::as_str);
    let hint = match text {
        "invalid HTTP version parsed" if !address.is_tls() => {
            " (it does not speak HTTP; is it https://?)"
        }
        text if address.is_tls() && text.contains("InvalidContentType") => {
            " (it does not speak TLS; is it http://?)"
        }
        _ => "",
    };
    format!("{text}{hint}")
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.addresses).finish()
    }
}
