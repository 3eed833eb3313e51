//! [`Definition`]: a type definition as it stands in a stream.

use super::input::Input;
use crate::error::{Error, Result};
use crate::schema::Opaque;
use crate::wire::{int_to_uint, put_uint};
use crate::{GoString, Limits, TypeId};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDefinition {
    /// Its name, never empty.
    pub name: GoString,
    /// Its type.
    pub id: i32,
}

/// What a definition and a field own besides their names, as
/// [`Limits::type_bytes`] counts it.
const DEFINITION_BYTES: usize = 64;
const FIELD_BYTES: usize = 32;

/// The names of a kind's fields in `wireType` by their numbers.
const ARRAY: u64 = 1;
const SLICE: u64 = 2;
const STRUCT: u64 = 3;
const MAP: u64 = 4;
const GOB: u64 = 5;
const BINARY: u64 = 6;
const TEXT: u64 = 7;

/// A definition that is being read.
struct Draft<'a> {
    input: &'a mut Input,
    room: &'a mut usize,
    limits: &'a Limits,
    common_id: i32,
    name: GoString,
}

impl Definition {
    /// Reads what follows the id. What it takes in memory is taken from `room`.
    pub(super) fn read(
        id: TypeId,
        input: &mut Input,
        room: &mut usize,
        limits: &Limits,
    ) -> Result<Self> {
        let mut draft = Draft {
            input,
            room,
            limits,
            common_id: 0,
            name: GoString::default(),
        };
        draft.charge(DEFINITION_BYTES)?;
        let mut kinds = Vec::new();
        draft.structure(TEXT, |draft, number| {
            kinds.push(draft.kind(number)?);
            Ok(())
        })?;
        let count = kinds.len();
        match (kinds.pop(), count) {
            (Some(kind), 1) => Ok(Self {
                id,
                common_id: draft.common_id,
                name: draft.name,
                kind,
            }),
            _ => Err(Error::malformed(format!(
                "a type definition says {count} times what it is"
            ))),
        }
    }

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

impl Draft<'_> {
    fn charge(&mut self, bytes: usize) -> Result<()> {
        match self.room.checked_sub(bytes) {
            Some(left) => {
                *self.room = left;
                Ok(())
            }
            None => Err(Error::limit(
                "size of all type definitions",
                self.limits.type_bytes,
                "type_bytes",
            )),
        }
    }

    /// A name. That of a type has no limit of its own: Go spells out unnamed
    /// structs.
    fn name(&mut self, most: usize) -> Result<GoString> {
        let length = self.input.uint()?;
        if length > most as u64 {
            return Err(Error::limit("length of a field's name", most, "name_bytes"));
        }
        let place = self.input.take(length)?;
        self.charge(place.len())?;
        Ok(GoString::from(self.input.bytes(place)))
    }

    fn id(&mut self) -> Result<i32> {
        let offset = self.input.offset();
        let number = self.input.int()?;
        i32::try_from(number)
            .map_err(|_| Error::malformed(format!("{number} is no type id")).at_offset(offset))
    }

    /// Reads a struct, calling `field` with each field's number.
    fn structure(
        &mut self,
        fields: u64,
        mut field: impl FnMut(&mut Self, u64) -> Result<()>,
    ) -> Result<()> {
        let mut number: u64 = 0;
        loop {
            let delta = self.input.uint()?;
            if delta == 0 {
                return Ok(());
            }
            number = match number.checked_add(delta) {
                Some(number) if number <= fields => number,
                _ => return Err(Error::malformed("a type definition has an unknown field")),
            };
            field(self, number)?;
        }
    }

    /// The value of a field of `wireType`.
    fn kind(&mut self, number: u64) -> Result<DefinitionKind> {
        let (mut one, mut two, mut fields) = (0, 0, Vec::new());
        let count = match number {
            ARRAY | MAP => 3,
            SLICE | STRUCT => 2,
            _ => 1,
        };
        let mut length = 0;
        self.structure(count, |draft, part| {
            match (part, number) {
                (1, _) => draft.common()?,
                (2, STRUCT) => fields = draft.fields()?,
                (2, _) => one = draft.id()?,
                (_, ARRAY) => length = draft.input.int()?,
                _ => two = draft.id()?,
            }
            Ok(())
        })?;
        Ok(match number {
            ARRAY => DefinitionKind::Array {
                elem: one,
                length: usize::try_from(length)
                    .map_err(|_| Error::malformed(format!("an array of length {length}")))?,
            },
            SLICE => DefinitionKind::Slice { elem: one },
            STRUCT => DefinitionKind::Struct { fields },
            MAP => DefinitionKind::Map {
                key: one,
                elem: two,
            },
            GOB => DefinitionKind::Opaque(Opaque::Gob),
            BINARY => DefinitionKind::Opaque(Opaque::Binary),
            _ => DefinitionKind::Opaque(Opaque::Text),
        })
    }

    /// `CommonType{Name string; Id typeId}`.
    fn common(&mut self) -> Result<()> {
        self.structure(2, |draft, part| {
            match part {
                1 => draft.name = draft.name(usize::MAX)?,
                _ => draft.common_id = draft.id()?,
            }
            Ok(())
        })
    }

    /// `[]fieldType{Name string; Id typeId}`.
    fn fields(&mut self) -> Result<Vec<FieldDefinition>> {
        let count = self.input.uint()?;
        let most = self.limits.fields;
        if count > most as u64 {
            let what = "number of fields of a struct";
            return Err(Error::limit(what, most, "fields"));
        }
        let mut fields = Vec::new();
        for _ in 0..count {
            self.charge(FIELD_BYTES)?;
            let (mut name, mut id) = (GoString::default(), 0);
            self.structure(2, |draft, part| {
                match part {
                    1 => name = draft.name(draft.limits.name_bytes)?,
                    _ => id = draft.id()?,
                }
                Ok(())
            })?;
            if name.as_bytes().is_empty() {
                return Err(Error::malformed(
                    "a struct definition has a field without a name",
                ));
            }
            fields.push(FieldDefinition { name, id });
        }
        Ok(fields)
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
