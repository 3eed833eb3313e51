//! Reading a [`Definition`].

use super::definition::{ARRAY, BINARY, GOB, MAP, SLICE, STRUCT, TEXT};
use super::input::Input;
use super::{Definition, DefinitionKind, FieldDefinition};
use crate::error::{Error, Result};
use crate::schema::Opaque;
use crate::{GoString, Limits, TypeId};

/// What a definition and a field own besides their names, as
/// [`Limits::type_bytes`] counts it.
const DEFINITION_BYTES: usize = 64;
const FIELD_BYTES: usize = 32;

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
