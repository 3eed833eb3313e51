//! What can go wrong: whose fault, where, and what to do.

use std::borrow::Cow;
use std::fmt;

/// The result of this crate's operations.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Result, from_slice, to_vec};
///
/// fn twice(stream: &[u8]) -> Result<Vec<u8>> {
///     let number: i64 = from_slice(stream)?;
///     to_vec(&(2 * number))
/// }
///
/// assert_eq!(from_slice::<i64>(&twice(&to_vec(&21_i64)?)?)?, 42);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the codec: its [`ErrorKind`], the byte offset in the stream and
/// the path of the field, where they are known.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{ErrorKind, from_slice, to_vec};
///
/// let bytes = to_vec(&300_i64)?;
/// let error = from_slice::<u8>(&bytes).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Mismatch);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    offset: Option<u64>,
    /// The outermost segment is last: segments are added on the way out.
    path: Vec<Segment>,
    root: Option<Cow<'static, str>>,
    message: Cow<'static, str>,
    fatal: bool,
}

/// Whose fault an [`Error`] is.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{ErrorKind, from_slice, to_vec};
///
/// let stream = to_vec(&"text")?;
/// let kind = |error: gobrpc_codec::Error| error.kind();
/// assert_eq!(from_slice::<i64>(&stream).map_err(kind), Err(ErrorKind::Mismatch));
/// assert_eq!(from_slice::<String>(&stream[..4]).map_err(kind), Err(ErrorKind::Truncated));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The peer's bytes are not gob.
    Malformed,
    /// The input ends inside of a message, or of a value that needs another one.
    Truncated,
    /// Valid gob that does not fit the local type.
    Mismatch,
    /// A [`Limits`](crate::Limits) field was exceeded; the message names it.
    Limit,
    /// The caller's value or type cannot travel as gob.
    Misuse,
    /// The underlying reader or writer failed.
    Io,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Field(Cow<'static, str>),
    Index(usize),
    Key,
}

impl Error {
    #[cold]
    fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            offset: None,
            path: Vec::new(),
            root: None,
            message: message.into(),
            fatal: false,
        }))
    }

    /// The bytes are not gob.
    #[cold]
    pub fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Malformed, message)
    }

    /// The value and the local type do not fit.
    #[cold]
    pub fn mismatch(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Mismatch, message)
    }

    /// The value cannot travel as gob.
    #[cold]
    pub fn misuse(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Misuse, message)
    }

    /// The input ended too early.
    #[cold]
    pub fn truncated(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Truncated, message)
    }

    /// `what` went over `max`, which `knob` sets.
    #[cold]
    pub fn limit(what: &str, max: usize, knob: &str) -> Self {
        Self::new(
            ErrorKind::Limit,
            format!("{what} exceeds the limit of {max} (raise Limits::{knob})"),
        )
    }

    #[cold]
    pub(crate) fn io(error: &std::io::Error) -> Self {
        Self::new(ErrorKind::Io, error.to_string()).into_fatal()
    }

    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Offset of the fault in the stream, in bytes from its start.
    ///
    /// Inside of a value that spans several messages it is that of the value.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The path of the field at fault, such as `Person.Address[2].Zip`; empty if
    /// the fault is not inside of a value.
    #[must_use]
    pub fn path(&self) -> String {
        let mut text = self.0.root.as_deref().unwrap_or_default().to_owned();
        for segment in self.0.path.iter().rev() {
            match segment {
                Segment::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Segment::Index(index) => text.push_str(&format!("[{index}]")),
                Segment::Key => text.push_str("[key]"),
            }
        }
        text
    }

    /// The fault alone, without offset and path.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// True if the stream is lost: no later value can be read from it.
    ///
    /// After any other error the next value of the stream still decodes.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.0.fatal
    }

    /// Marks the stream as lost.
    #[must_use]
    #[cold]
    pub(crate) fn into_fatal(mut self) -> Self {
        self.0.fatal = true;
        self
    }

    /// Sets the offset if none is set: the innermost place wins.
    #[must_use]
    #[cold]
    pub fn at_offset(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Puts a field name before the path.
    #[must_use]
    #[cold]
    pub fn in_field(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.path.push(Segment::Field(name.into()));
        self
    }

    /// Puts an element's index before the path.
    #[must_use]
    #[cold]
    pub fn in_index(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Index(index));
        self
    }

    /// Says that the fault is in the key of a map.
    #[must_use]
    #[cold]
    pub fn in_key(mut self) -> Self {
        self.0.path.push(Segment::Key);
        self
    }

    /// Names the type that the path starts from, if it starts nowhere yet.
    #[must_use]
    #[cold]
    pub(crate) fn in_root(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        if !name.is_empty() {
            self.0.root.get_or_insert(name);
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        match (self.0.offset, path.is_empty()) {
            (Some(offset), false) => write!(f, "at byte {offset}, {path}: ")?,
            (Some(offset), true) => write!(f, "at byte {offset}: ")?,
            (None, false) => write!(f, "{path}: ")?,
            (None, true) => {}
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.0.kind)
    }
}

impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Truncated => std::io::ErrorKind::UnexpectedEof,
            ErrorKind::Misuse => std::io::ErrorKind::InvalidInput,
            _ => std::io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_and_fault_read_as_one_sentence() {
        let error = Error::mismatch("uint 300 does not fit u8")
            .at_offset(41)
            .in_field("Zip")
            .in_index(2)
            .in_field("Address")
            .in_root("Person");
        assert_eq!(
            error.to_string(),
            "at byte 41, Person.Address[2].Zip: uint 300 does not fit u8"
        );
    }
}
