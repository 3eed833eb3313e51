//! [`Bearer`]: lets in who shows a token.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use gobrpc_protocol::{Context, Error, Methods, Response, Result};
use subtle::{Choice, ConstantTimeEq};

use super::{Layer, Next, Principal};

/// The key of the metadata that holds the token, after the word `Bearer`, as in HTTP
/// (RFC 6750, 2.1).
pub(super) const AUTHORIZATION: &str = "authorization";

/// Lets in who shows a bearer token: the metadata `authorization` with the value
/// `Bearer …`. Others get `Unauthenticated`, before their argument is decoded.
///
/// Who it is goes to the handler as a [`Principal`], and the token no further: it is
/// taken out of the metadata. Health and reflection are asked for it, too, unless
/// [`open_to_all`](Self::open_to_all) says otherwise.
///
/// A token is as secret as its way: use TLS. Go's clients have no metadata, and so no
/// tokens; for them there are certificates ([`Authorize`](super::Authorize)).
///
/// # Examples
///
/// ```
/// use gobrpc_server::Server;
/// use gobrpc_server::layer::{Bearer, Principal};
///
/// let server = Server::new().with_layer(
///     Bearer::tokens([
///         ("k3J9…", Principal::new("billing").with_role("writer")),
///         ("p0aX…", Principal::new("reports")),
///     ])
///     .open_to_all("gobrpc.Health.*")?,
/// );
/// # Ok::<(), gobrpc_server::Error>(())
/// ```
///
/// Tokens that are not known beforehand are looked at by a function:
///
/// ```
/// use gobrpc_server::Error;
/// use gobrpc_server::layer::{Bearer, Principal};
///
/// # async fn ask_the_issuer(_: &str) -> Option<String> { None }
/// let bearer = Bearer::verified_by(|token: String| async move {
///     match ask_the_issuer(&token).await {
///         Some(name) => Ok(Principal::new(name)),
///         None => Err(Error::unauthenticated("the token is not known")),
///     }
/// });
/// ```
pub struct Bearer {
    verify: Verify,
    open: Methods<()>,
}

enum Verify {
    Table(Vec<(Vec<u8>, Principal)>),
    Function(Box<dyn Fn(String) -> Verifying + Send + Sync>),
}

type Verifying = Pin<Box<dyn Future<Output = Result<Principal>> + Send>>;

impl Bearer {
    /// Takes these tokens. They are compared in constant time: how long it takes
    /// tells the length of a token, and nothing of what it is.
    pub fn tokens<T: Into<Vec<u8>>>(tokens: impl IntoIterator<Item = (T, Principal)>) -> Self {
        let table = tokens
            .into_iter()
            .map(|(token, principal)| (token.into(), principal))
            // Whoever shows nothing must not be who has the empty token.
            .filter(|(token, _)| !token.is_empty())
            .collect();
        Self::new(Verify::Table(table))
    }

    /// Takes the tokens that a function takes, which may ask elsewhere. Its error is
    /// what the caller gets.
    pub fn verified_by<F, Fut>(verify: F) -> Self
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Principal>> + Send + 'static,
    {
        Self::new(Verify::Function(Box::new(move |token| {
            Box::pin(verify(token))
        })))
    }

    fn new(verify: Verify) -> Self {
        Self {
            verify,
            open: Methods::new(),
        }
    }

    /// Asks for no token for these methods: `Arith.Multiply`, `Arith.*`. A caller that
    /// shows one all the same is known if it is good.
    ///
    /// # Errors
    ///
    /// If no method can fit the pattern.
    pub fn open_to_all(mut self, pattern: &str) -> Result<Self> {
        self.open.set(pattern, ())?;
        Ok(self)
    }

    async fn verify(&self, cx: &Context) -> Result<Principal> {
        let Some(token) = cx.metadata().get(AUTHORIZATION).and_then(token) else {
            return Err(Error::unauthenticated(
                "no token: send the metadata \"authorization\" with the value \"Bearer …\"",
            ));
        };
        let unknown = || Error::unauthenticated("the token is not known");
        match &self.verify {
            Verify::Table(table) => {
                let mut found = None;
                // All are looked at, whichever it is.
                for (known, principal) in table {
                    let same: Choice = known.ct_eq(token);
                    if bool::from(same) {
                        found = Some(principal);
                    }
                }
                found.cloned().ok_or_else(unknown)
            }
            Verify::Function(verify) => match String::from_utf8(token.to_vec()) {
                Ok(token) => verify(token).await,
                Err(_) => Err(unknown()),
            },
        }
    }
}

/// The token in `Bearer …`; the word may have any case.
fn token(value: &[u8]) -> Option<&[u8]> {
    let (word, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    (word.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then_some(token)
}

impl Layer for Bearer {
    async fn handle(&self, mut cx: Context, next: Next) -> Result<Response> {
        match self.verify(&cx).await {
            Ok(principal) => cx.extensions_mut().insert(principal),
            Err(_) if self.open.get(cx.service_method()).is_some() => {}
            Err(error) => return Err(error),
        }
        cx.metadata_mut().remove(AUTHORIZATION);
        next.run(cx).await
    }
}

/// Without the tokens.
impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn a_token_stands_after_its_word() {
        assert_eq!(token(b"Bearer abc"), Some(&b"abc"[..]));
        assert_eq!(token(b"bearer  abc "), Some(&b"abc"[..]));
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer   ",
            "Basic abc",
            "abc",
            "Bearerabc",
        ] {
            assert_eq!(token(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
