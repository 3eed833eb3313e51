//! [`ErrorString`]: an error that travels.

use std::fmt;

use crate::error::Result;
use crate::plan::NodeId;
use crate::schema::{Edge, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob};

/// An error as Go programs send one over net/rpc: Go's own `errors.New` makes
/// values of a type that gob cannot send.
///
/// It has the fields of Mattermost's `plugin.ErrorString` (mattermost,
/// `server/public/plugin/client_rpc.go`), which travels in fields of the
/// interface type `error`, registered as `*plugin.ErrorString`. Other programs
/// have the same struct without the code: the two fit, as gob matches fields by
/// their names.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::ErrorString;
/// use gobrpc_codec::{from_slice, to_vec};
///
/// let error = ErrorString::new("disk full");
/// let back: ErrorString = from_slice(&to_vec(&error)?)?;
/// let back: Box<dyn std::error::Error> = Box::new(back);
/// assert_eq!(back.to_string(), "disk full");
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorString {
    /// Which of the errors that both sides know it is, 0 for none of them:
    /// Mattermost has 1 for `io.EOF` and 2 to 7 for those of `database/sql`.
    pub code: i64,
    /// The text.
    pub err: String,
}

impl ErrorString {
    /// An error of this text and no code.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            code: 0,
            err: text.into(),
        }
    }
}

impl fmt::Display for ErrorString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.err.fmt(f)
    }
}

impl std::error::Error for ErrorString {}

impl Gob for ErrorString {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.structure::<Self>("ErrorString", "plugin", |fields| {
            fields.field::<isize>("Code");
            fields.field::<String>("Err");
        })
    }
}

impl Encode for ErrorString {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.enter()?;
        let mut delta = 1;
        writer.field(&mut delta, "Code", &self.code)?;
        writer.field(&mut delta, "Err", &self.err)?;
        writer.end_struct();
        writer.leave();
        Ok(())
    }
    fn is_zero(&self) -> bool {
        false
    }
}

impl<'de> Decode<'de> for ErrorString {
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        let mut fields = reader.enter_struct(plan)?;
        let mut error = Self::default();
        while let Some((number, node)) = reader.next_field(&mut fields)? {
            match number {
                0 => error.code = reader.field(node, "Code")?,
                1 => error.err = reader.field(node, "Err")?,
                _ => reader.skip(node)?,
            }
        }
        Ok(error)
    }
    fn zero() -> Result<Self> {
        Ok(Self::default())
    }
}
