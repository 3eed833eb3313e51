//! [`Url`]: Go's `url.URL`.

use std::fmt;

use crate::error::{Error, Result};
use crate::schema::{Edge, Opaque, SchemaBuilder};
use crate::{Marshal, Unmarshal, marshaler};

/// Go's `url.URL`, as its text: nothing here parses it.
///
/// Go's method has a pointer receiver, so that an empty URL is sent as a field
/// also (`net/url/url.go`, `MarshalBinary`); most Go programs declare `*url.URL`,
/// which is `Option<Url>`.
///
/// As Go does, an encoder also defines the type `url.Userinfo`, which no value
/// uses: `URL` has a field of it.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::Url;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let url = Url::from("https://example.org/a?q=1");
/// assert_eq!(from_slice::<Url>(&to_vec(&url)?)?.as_str(), url.as_str());
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url(String);

impl Url {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, moved out.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl From<String> for Url {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Url {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text, as `URL.String` gives it.
impl Marshal for Url {
    const KIND: Opaque = Opaque::Binary;
    const NAME: &'static str = "URL";
    const PACKAGE: &'static str = "url";

    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(())
    }

    fn beside(schema: &mut SchemaBuilder) -> Vec<Edge> {
        struct Userinfo;
        vec![
            schema
                .structure::<Userinfo>("Userinfo", "url", |_| ())
                .pointer(),
        ]
    }
}

impl Unmarshal for Url {
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        match std::str::from_utf8(payload) {
            Ok(text) => Ok(Self::from(text)),
            Err(_) => Err(Error::mismatch("a URL that is not UTF-8")),
        }
    }

    fn zero() -> Result<Self> {
        Ok(Self::default())
    }
}

marshaler!(Url);
