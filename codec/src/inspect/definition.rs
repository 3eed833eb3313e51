//! [`Definition`]: a type definition as it stands in a stream.

use crate::schema::Opaque;
use crate::wire::{int_to_uint, put_uint};
use crate::{GoString, TypeId};

/// A type definition as it stands in a stream (`type.go`, `wireType`).
///
/// [`WireType`](crate::WireType) is what a decoder needs of one; this has all
/// that is needed to write it again, such as names that are not UTF-8.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::inspect::{DefinitionKind, Event, Inspector};
///
/// let mut inspector = Inspector::new();
/// inspector.feed(&gobrpc_codec::to_vec(&vec!["a", "b"])?);
/// while let Some(event) = inspector.next_event()? {
///     if let Event::Definition { definition, .. } = event {
///         assert_eq!(definition.kind, DefinitionKind::Slice { elem: 6 });
///     }
/// }
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The type's id: the negative of the number before the definition.
    pub id: TypeId,
    /// The `Id` in the definition's `CommonType`, 0 if it has none. Go makes the
    /// two differ for types that encode themselves, and checks nothing.
    pub common_id: i32,
    /// The `Name` in the definition's `CommonType`; often empty.
    pub name: GoString,
    /// What the type is.
    pub kind: DefinitionKind,
}

/// What a [`Definition`] defines. Ids are numbers as they stand there: whether
/// they are defined matters where a value needs them.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::inspect::{DefinitionKind, Event, Inspector};
///
/// let mut inspector = Inspector::new();
/// inspector.feed(&gobrpc_codec::to_vec(&["a", "b"])?);
/// while let Some(event) = inspector.next_event()? {
///     if let Event::Definition { definition, .. } = event {
///         assert_eq!(definition.kind, DefinitionKind::Array { elem: 6, length: 2 });
///     }
/// }
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefinitionKind {
    /// An array.
    Array {
        /// Element type.
        elem: i32,
        /// Number of elements.
        length: usize,
    },
    /// A slice.
    Slice {
        /// Element type.
        elem: i32,
    },
    /// A struct.
    Struct {
        /// Fields in wire order.
        fields: Vec<FieldDefinition>,
    },
    /// A map.
    Map {
        /// Key type.
        key: i32,
        /// Element type.
        elem: i32,
    },
    /// A type that encodes itself.
    Opaque(Opaque),
}

/// A field in the [`Definition`] of a struct.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::Gob;
/// use gobrpc_codec::inspect::{DefinitionKind, Event, Inspector};
///
/// #[derive(Gob)]
/// struct User { name: String, age: i64 }
///
/// let mut inspector = Inspector::new();
/// inspector.feed(&gobrpc_codec::to_vec(&User { name: "Ada".into(), age: 36 })?);
/// let mut columns = Vec::new();
/// while let Some(event) = inspector.next_event()? {
///     if let Event::Definition { definition, .. } = event {
///         if let DefinitionKind::Struct { fields } = &definition.kind {
///             columns.extend(fields.iter().map(|field| (field.name.to_string(), field.id)));
///         }
///     }
/// }
/// // Type 6 is string, type 2 int.
/// assert_eq!(columns, [("Name".to_owned(), 6), ("Age".to_owned(), 2)]);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDefinition {
    /// Its name, never empty.
    pub name: GoString,
    /// Its type.
    pub id: i32,
}

/// The numbers of the fields of `wireType`, one for each kind.
pub(super) const ARRAY: u64 = 1;
pub(super) const SLICE: u64 = 2;
pub(super) const STRUCT: u64 = 3;
pub(super) const MAP: u64 = 4;
pub(super) const GOB: u64 = 5;
pub(super) const BINARY: u64 = 6;
pub(super) const TEXT: u64 = 7;

impl Definition {
    /// Writes the negated id and the definition as Go does: zero fields left out.
    pub(super) fn write(&self, buf: &mut Vec<u8>) {
        put_uint(buf, int_to_uint(-i64::from(self.id.get())));
        put_uint(buf, self.kind.number());
        // CommonType is always sent, as it is a struct.
        put_uint(buf, 1);
        put_struct(
            buf,
            &[
                Part::Text(self.name.as_bytes()),
                Part::Number(i64::from(self.common_id)),
            ],
        );
        // CommonType was field 1 of it.
        match &self.kind {
            DefinitionKind::Array { elem, length } => put_struct(
                buf,
                &[
                    Part::Number(i64::from(*elem)),
                    Part::Number(i64::try_from(*length).unwrap_or(i64::MAX)),
                ],
            ),
            DefinitionKind::Slice { elem } => put_struct(buf, &[Part::Number(i64::from(*elem))]),
            DefinitionKind::Map { key, elem } => put_struct(
                buf,
                &[
                    Part::Number(i64::from(*key)),
                    Part::Number(i64::from(*elem)),
                ],
            ),
            DefinitionKind::Struct { fields } => {
                if !fields.is_empty() {
                    put_uint(buf, 1);
                    put_uint(buf, fields.len() as u64);
                    for field in fields {
                        put_struct(
                            buf,
                            &[
                                Part::Text(field.name.as_bytes()),
                                Part::Number(i64::from(field.id)),
                            ],
                        );
                    }
                }
                buf.push(0);
            }
            DefinitionKind::Opaque(_) => buf.push(0),
        }
        buf.push(0);
    }
}

impl DefinitionKind {
    /// The number of the field of `wireType` that holds this kind.
    fn number(&self) -> u64 {
        match self {
            Self::Array { .. } => ARRAY,
            Self::Slice { .. } => SLICE,
            Self::Struct { .. } => STRUCT,
            Self::Map { .. } => MAP,
            Self::Opaque(Opaque::Gob) => GOB,
            Self::Opaque(Opaque::Binary) => BINARY,
            Self::Opaque(Opaque::Text) => TEXT,
        }
    }
}

/// A field of one of the structs that a definition is made of.
enum Part<'a> {
    Text(&'a [u8]),
    Number(i64),
}

/// Writes fields unless they are zero, and the end of the struct.
fn put_struct(buf: &mut Vec<u8>, parts: &[Part<'_>]) {
    let mut delta = 1;
    for part in parts {
        match part {
            Part::Text([]) | Part::Number(0) => {
                delta += 1;
                continue;
            }
            Part::Text(text) => {
                put_uint(buf, delta);
                put_uint(buf, text.len() as u64);
                buf.extend_from_slice(text);
            }
            Part::Number(number) => {
                put_uint(buf, delta);
                put_uint(buf, int_to_uint(*number));
            }
        }
        delta = 1;
    }
    buf.push(0);
}
