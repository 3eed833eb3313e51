//! [`Name`]: the name of a type or of a field.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// The name of a type or of a field: a text, and the bytes that a peer sent where
/// these are not UTF-8.
///
/// Go's names are UTF-8, but nothing on the wire says so. Names are compared by
/// their bytes.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::schema::Name;
///
/// assert_eq!(Name::from("Zip").as_bytes(), b"Zip");
/// let odd = Name::from_bytes(b"Z\xffp");
/// assert_eq!(odd.as_str(), "Z\u{fffd}p");
/// assert_eq!(odd.as_bytes(), b"Z\xffp");
/// ```
#[derive(Clone, Default)]
pub struct Name {
    text: String,
    bytes: Option<Box<[u8]>>,
}

impl Name {
    /// No name.
    pub(crate) const EMPTY: Self = Self {
        text: String::new(),
        bytes: None,
    };

    /// The name that these bytes are.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self::from(text);
        }
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
        }
        Self {
            text,
            bytes: Some(bytes.into()),
        }
    }

    /// The name, with U+FFFD for each byte that is not UTF-8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name as it travels.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.bytes {
            Some(bytes) => bytes,
            None => self.text.as_bytes(),
        }
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self { text, bytes: None }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Name {}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.bytes {
            Some(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
            None => fmt::Debug::fmt(&self.text, f),
        }
    }
}
