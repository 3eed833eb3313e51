//! [`BearerToken`]: shows a token.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use gobrpc_protocol::{Error, Phase, Request, Result};

use super::{Answer, Layer, Next};

/// Shows a bearer token with each call: the metadata `authorization` with the value
/// `Bearer …`, which [`Bearer`] of a server of ours asks for. A call that has that
/// metadata already keeps its own.
///
/// It is sent to whatever server the client talks to, and is as secret as the way
/// there: use TLS. Go's servers ignore it.
///
/// [`Bearer`]: https://docs.rs/gobrpc-server/latest/gobrpc_server/layer/struct.Bearer.html
///
/// # Examples
///
/// ```
/// use gobrpc_client::Client;
/// use gobrpc_client::layer::BearerToken;
///
/// let client = Client::builder()
///     .layer(BearerToken::new("k3J9…"))
///     .connect("tls://ledger.internal:1234");
/// ```
///
/// One that changes comes from a function, which is asked for each call:
///
/// ```
/// use gobrpc_client::layer::BearerToken;
///
/// # async fn current_token() -> gobrpc_client::Result<String> { Ok(String::new()) }
/// let token = BearerToken::from_fn(|| async { current_token().await });
/// ```
pub struct BearerToken(Source);

enum Source {
    Fixed(String),
    Function(Box<dyn Fn() -> Finding + Send + Sync>),
}

type Finding = Pin<Box<dyn Future<Output = Result<String>> + Send>>;

impl BearerToken {
    /// Always this token.
    pub fn new(token: impl AsRef<str>) -> Self {
        Self(Source::Fixed(value(token.as_ref())))
    }

    /// The token that a function finds; its error is that of the call, which is not
    /// sent then.
    pub fn from_fn<F, Fut>(find: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String>> + Send + 'static,
    {
        Self(Source::Function(Box::new(move || Box::pin(find()))))
    }
}

fn value(token: &str) -> String {
    format!("Bearer {token}")
}

/// The key of the metadata, as in HTTP (RFC 6750, 2.1).
const AUTHORIZATION: &str = "authorization";

impl Layer for BearerToken {
    async fn call(&self, mut request: Request, next: Next) -> Result<Answer> {
        let metadata = &mut request.head.metadata;
        if metadata.get(AUTHORIZATION).is_none() {
            match &self.0 {
                Source::Fixed(value) => metadata.append(AUTHORIZATION, value),
                Source::Function(find) => {
                    let not_sent = |error: Error| error.with_phase(Phase::Queue);
                    metadata.append(AUTHORIZATION, value(&find().await.map_err(not_sent)?));
                }
            }
        }
        next.run(request).await
    }
}

/// Without the token.
impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken")
    }
}
