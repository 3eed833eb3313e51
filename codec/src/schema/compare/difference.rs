//! [`Difference`]: one way in which two types differ.

use std::fmt;

/// One way in which a writer's type and a reader's type differ.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::Gob;
/// use gobrpc_codec::schema::{DifferenceKind, Effect};
///
/// let comparison = <[i64; 3]>::schema().compatible_with(<[i64; 4]>::schema());
/// let difference = comparison.iter().next().expect("the lengths differ");
/// assert_eq!(difference.kind, DifferenceKind::Length { writer: 3, reader: 4 });
/// assert_eq!(difference.effect(), Effect::Breaks);
/// assert_eq!(difference.to_string(), "breaks: [3]int64: an array of 3 does not fit one of 4");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Where: `Person.Address[].Zip`, with `[]` for any element and `[key]` for
    /// any key. Names are the writer's, but for fields that only the reader has.
    pub path: String,
    /// What differs.
    pub kind: DifferenceKind,
}

/// What a [`Difference`] is.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::schema::{DifferenceKind, Effect};
///
/// assert_eq!(DifferenceKind::Unread.effect(), Effect::Loses);
/// assert_eq!(DifferenceKind::Unsent.effect(), Effect::Harmless);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// Values of different kinds, which gob never converts: not even between
    /// signed and unsigned numbers, strings and bytes, slices and arrays, or
    /// `GobEncoder` and `BinaryMarshaler`.
    Kind {
        /// The writer's type.
        writer: String,
        /// The reader's type.
        reader: String,
    },
    /// Arrays of different lengths.
    Length {
        /// The writer's length.
        writer: usize,
        /// The reader's length.
        reader: usize,
    },
    /// Structs that stand alone and have no field in common, though both have
    /// fields. Where they are parts of others, all fields are lost instead.
    NoCommonField,
    /// The writer lacks a field which the reader requires: `#[gob(required)]`.
    Required,
    /// A type that a stream uses and has not defined. A reader fails when it
    /// compiles (Go) or meets a value of it (this crate).
    Undefined {
        /// It is the writer's.
        of_writer: bool,
    },
    /// The reader lacks the field, and skips it.
    Unread,
    /// The reader lacks the field, and has one that the writer lacks, whose name
    /// differs in upper case and underscores only, or which has the same kind and
    /// the same place.
    Renamed {
        /// The reader's name.
        reader: String,
    },
    /// The name of the field begins with a lower-case letter, so that Go skips it
    /// although it has such a field; this crate reads it.
    LowerCase,
    /// Self-encoding types of different names, each with bytes of its own making.
    Payload {
        /// The writer's type.
        writer: String,
        /// The reader's type.
        reader: String,
    },
    /// The reader's numbers have fewer bits: one that does not fit is an error.
    Range {
        /// The writer's type.
        writer: String,
        /// The reader's type.
        reader: String,
    },
    /// The writer lacks the field, which stays zero.
    Unsent,
    /// Only the writer's stream has the type, which no other type refers to.
    Gone,
    /// Only the reader's stream has the type, which no other type refers to.
    New,
}

/// What a [`Difference`] does; the worst is the greatest.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::schema::Effect;
///
/// assert!(Effect::Breaks > Effect::Loses);
/// assert_eq!(Effect::Loses.to_string(), "loses data");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing is lost.
    Harmless,
    /// Some values are errors, and others arrive.
    MayFail,
    /// Data is dropped, and nobody is told.
    Loses,
    /// The reader refuses all values, also those that leave the part at fault out.
    Breaks,
}

impl Difference {
    /// What it does.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.kind.effect()
    }
}

impl DifferenceKind {
    /// What a difference of this kind does.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self {
            Self::Kind { .. }
            | Self::Length { .. }
            | Self::NoCommonField
            | Self::Required
            | Self::Undefined { .. } => Effect::Breaks,
            Self::Unread | Self::Renamed { .. } | Self::LowerCase => Effect::Loses,
            Self::Payload { .. } | Self::Range { .. } | Self::Gone => Effect::MayFail,
            Self::Unsent | Self::New => Effect::Harmless,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Harmless => "harmless",
            Self::MayFail => "may fail",
            Self::Loses => "loses data",
            Self::Breaks => "breaks",
        })
    }
}

/// Effect, place and reason: `breaks: Person.Zip: string does not fit uint32`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.effect())?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.escape_debug())?;
        }
        self.kind.fmt(f)
    }
}

/// The reason alone: `string does not fit uint32`.
impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { writer, reader } => {
                let (writer, reader) = (writer.escape_debug(), reader.escape_debug());
                write!(f, "{writer} does not fit {reader}")
            }
            Self::Length { writer, reader } => {
                write!(f, "an array of {writer} does not fit one of {reader}")
            }
            Self::NoCommonField => f.write_str("the reader has no field of this type"),
            Self::Required => f.write_str("the writer lacks this field, which the reader requires"),
            Self::Undefined { of_writer: true } => f.write_str("the writer's type is not defined"),
            Self::Undefined { of_writer: false } => f.write_str("the reader's type is not defined"),
            Self::Unread => f.write_str("the reader lacks this field"),
            Self::Renamed { reader } => {
                let reader = reader.escape_debug();
                write!(f, "the reader calls this field {reader}, as it seems")
            }
            Self::LowerCase => f.write_str("Go ignores names that begin with a lower-case letter"),
            Self::Payload { writer, reader } => {
                let (writer, reader) = (writer.escape_debug(), reader.escape_debug());
                write!(f, "{reader} must read what {writer} writes")
            }
            Self::Range { writer, reader } => {
                write!(f, "{writer} may be too large for {reader}")
            }
            Self::Unsent => f.write_str("the writer lacks this field, which stays zero"),
            Self::Gone => f.write_str("only the writer has this type"),
            Self::New => f.write_str("only the reader has this type"),
        }
    }
}
