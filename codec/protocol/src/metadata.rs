//! [`Metadata`]: what travels beside arguments and replies.

use std::fmt;

use bytes::Bytes;

/// The key of how often a call was sent before, in decimal digits, if it was: in what
/// the server gets, and in what the caller gets back. gRPC's name
/// ([A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md)).
pub const PREVIOUS_ATTEMPTS: &str = "grpc-previous-rpc-attempts";

/// Keys and values that travel beside an argument or a reply: ordered, perhaps
/// repeated, and binary-safe on both sides.
///
/// Keys are compared byte for byte: `Id` is not `id`. All of a header together,
/// the method's name included, may take 64 KiB
/// ([`HEADER_BYTES_MAX`](crate::header::HEADER_BYTES_MAX)); what is longer fails
/// before it is sent. A Go peer ignores metadata.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.append("tenant", "acme");
/// metadata.append("token", [0xff, 0x00]);
/// metadata.append("tenant", "globex");
/// assert_eq!(metadata.get("tenant"), Some(&b"acme"[..]));
/// assert_eq!(metadata.get_str("tenant"), Some("acme"));
/// assert_eq!(metadata.get_all("tenant").count(), 2);
/// assert_eq!(metadata.get_str("token"), None); // It is there, but no text.
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `None` if there are none: nearly all calls have none, and it is moved often.
    #[allow(clippy::box_collection, reason = "one word in all that holds metadata")]
    entries: Option<Box<Vec<(Bytes, Bytes)>>>,
}

impl Metadata {
    /// No metadata.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: None }
    }

    /// Adds an entry behind all others, whether or not the key is there already.
    pub fn append(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.entries.get_or_insert_default().push((
            Bytes::copy_from_slice(key.as_ref()),
            Bytes::copy_from_slice(value.as_ref()),
        ));
    }

    /// Adds an entry, and takes out all that had its key.
    pub fn set(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.remove(&key);
        self.append(key, value);
    }

    /// Takes out all entries with a key.
    pub fn remove(&mut self, key: impl AsRef<[u8]>) {
        if let Some(entries) = &mut self.entries {
            entries.retain(|(known, _)| known != key.as_ref());
            if entries.is_empty() {
                self.entries = None;
            }
        }
    }

    /// Adds all entries of another one, behind those that are there.
    pub fn extend(&mut self, other: Self) {
        match (&mut self.entries, other.entries) {
            (Some(entries), Some(others)) => entries.extend(*others),
            (entries @ None, others) => *entries = others,
            (Some(_), None) => {}
        }
    }

    /// The first value with a key.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.iter()
            .find(|(known, _)| *known == key.as_ref())
            .map(|(_, value)| value)
    }

    /// The first value with a key, if it is UTF-8.
    pub fn get_str(&self, key: impl AsRef<[u8]>) -> Option<&str> {
        std::str::from_utf8(self.get(key)?).ok()
    }

    /// All values with a key, in their order.
    pub fn get_all<'a>(
        &'a self,
        key: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(|(known, _)| *known == key.as_ref())
            .map(|(_, value)| value)
    }

    /// All keys and values, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries
            .iter()
            .flat_map(|entries| entries.iter())
            .map(|(key, value)| (key.as_ref(), value.as_ref()))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, |entries| entries.len())
    }

    /// True if there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_none()
    }

    /// As a header holds it: keys and values in turn.
    pub(crate) fn to_wire(&self) -> Vec<&[u8]> {
        self.iter().flat_map(|(key, value)| [key, value]).collect()
    }

    /// From a header. A key without a value, which no peer of ours sends, has
    /// the empty one.
    pub(crate) fn from_wire(items: &[&[u8]]) -> Self {
        if items.is_empty() {
            return Self::new();
        }
        // One allocation for all texts, and one for the places.
        let mut text = Vec::with_capacity(items.iter().map(|item| item.len()).sum());
        for item in items {
            text.extend_from_slice(item);
        }
        let mut text = Bytes::from(text);
        let mut take = |item: Option<&&[u8]>| text.split_to(item.map_or(0, |item| item.len()));
        let entries = items
            .chunks(2)
            .map(|pair| (take(pair.first()), take(pair.get(1))))
            .collect();
        Self {
            entries: Some(Box::new(entries)),
        }
    }
}

/// Keys alone: values may be secret.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|(key, _)| key.escape_ascii().to_string()))
            .finish()
    }
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(K, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut metadata = Self::new();
        for (key, value) in entries {
            metadata.append(key, value);
        }
        metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_keeps_order_and_bytes() {
        let metadata: Metadata = [
            (&b"k"[..], &b"\xff\0"[..]),
            (b"", b"empty key"),
            (b"k", b""),
            (b"\xfe", b"v"),
        ]
        .into_iter()
        .collect();
        assert_eq!(Metadata::from_wire(&metadata.to_wire()), metadata);
        assert!(Metadata::from_wire(&[]).is_empty());
        let odd = Metadata::from_wire(&[b"a", b"1", b"b"]);
        assert_eq!(odd.get("b"), Some(&b""[..]));
        assert_eq!(odd.len(), 2);
    }

    #[test]
    fn entries_are_set_and_removed() {
        let mut metadata: Metadata = [("a", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        metadata.set("a", "4");
        assert_eq!(
            metadata,
            [("b", "2"), ("a", "4")].into_iter().collect::<Metadata>()
        );
        metadata.remove("b");
        assert_eq!(metadata.len(), 1);
        assert_eq!(format!("{metadata:?}"), r#"["a"]"#);
    }
}
