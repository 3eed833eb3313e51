//! Type definitions: values of Go's own `wireType`, by tables of its structs.

use std::io::Write;
use std::sync::Arc;

use super::shape::{Form, PREDEFINED, Shape};
use super::{Dumper, Stop, line};
use crate::error::Error;

/// A struct that definitions are made of (`type.go`).
struct Table {
    name: &'static str,
    fields: &'static [(&'static str, Part)],
}

/// What a field of such a struct is.
enum Part {
    Struct(&'static Table),
    Fields,
    Text,
    TypeId,
    Length,
}

const COMMON: (&str, Part) = (
    "CommonType",
    Part::Struct(&Table {
        name: "CommonType",
        fields: &[("Name", Part::Text), ("Id", Part::TypeId)],
    }),
);

const FIELD: &Table = &Table {
    name: "fieldType",
    fields: &[("Name", Part::Text), ("Id", Part::TypeId)],
};

const ENCODER: &Table = &Table {
    name: "gobEncoderType",
    fields: &[COMMON],
};

const WIRE: &Table = &Table {
    name: "wireType",
    fields: &[
        (
            "ArrayT",
            Part::Struct(&Table {
                name: "arrayType",
                fields: &[COMMON, ("Elem", Part::TypeId), ("Len", Part::Length)],
            }),
        ),
        (
            "SliceT",
            Part::Struct(&Table {
                name: "sliceType",
                fields: &[COMMON, ("Elem", Part::TypeId)],
            }),
        ),
        (
            "StructT",
            Part::Struct(&Table {
                name: "structType",
                fields: &[COMMON, ("Field", Part::Fields)],
            }),
        ),
        (
            "MapT",
            Part::Struct(&Table {
                name: "mapType",
                fields: &[COMMON, ("Key", Part::TypeId), ("Elem", Part::TypeId)],
            }),
        ),
        ("GobEncoderT", Part::Struct(ENCODER)),
        ("BinaryMarshalerT", Part::Struct(ENCODER)),
        ("TextMarshalerT", Part::Struct(ENCODER)),
    ],
};

/// What was read of a definition.
#[derive(Default)]
struct Draft {
    kinds: Vec<&'static str>,
    name: Vec<u8>,
    elem: i64,
    key: i64,
    length: i64,
    fields: Vec<(Vec<u8>, i64)>,
}

/// What `Limits::type_bytes` counts for a definition and a field.
const DEFINITION: usize = 64;
const PER_FIELD: usize = 32;

impl Dumper {
    /// Writes the lines of a definition, whose negated id is next.
    pub(super) fn definition(
        &mut self,
        number: i64,
        bytes: usize,
        level: usize,
        out: &mut impl Write,
    ) -> Result<(), Stop> {
        let id = number.unsigned_abs();
        let id = match i64::try_from(id) {
            Ok(id @ 64..=0x7fff_ffff) => id,
            Ok(id @ 1..64) => {
                let text = format!("a definition of type {id}, which is predefined");
                return Err(Error::malformed(text).into());
            }
            _ => return Err(Error::malformed(format!("{id} is no type id")).into()),
        };
        if self.types.contains_key(&id) {
            let text = format!("a second definition of type {id}");
            return Err(Error::malformed(text).into());
        }
        if self.types.len() - PREDEFINED >= self.limits.types {
            return Err(Error::limit("number of types", self.limits.types, "types").into());
        }
        self.own(DEFINITION)?;
        self.take(bytes, level, &format!("definition of type {id}"), out)?;
        let mut draft = Draft::default();
        self.table(WIRE, "", &mut draft, level + 1, out)?;
        let shape = draft.shape()?;
        self.types.insert(id, Arc::new(shape));
        Ok(())
    }

    fn own(&mut self, bytes: usize) -> Result<(), Stop> {
        let most = self.limits.type_bytes;
        self.room = self
            .room
            .checked_sub(bytes)
            .ok_or_else(|| Error::limit("size of all type definitions", most, "type_bytes"))?;
        Ok(())
    }

    /// Writes the lines of a struct. It calls itself as deep as the tables go.
    fn table(
        &mut self,
        table: &'static Table,
        inside: &'static str,
        draft: &mut Draft,
        level: usize,
        out: &mut impl Write,
    ) -> Result<(), Stop> {
        let mut next: usize = 0;
        loop {
            let (delta, bytes) = self.uint_ahead()?;
            if delta == 0 {
                return Ok(self.take(bytes, level, &format!("end of {}", table.name), out)?);
            }
            let field = usize::try_from(delta)
                .ok()
                .and_then(|delta| next.checked_add(delta - 1))
                .and_then(|index| Some((index, table.fields.get(index)?)));
            let Some((index, (name, part))) = field else {
                let text = format!("a {} has no field {delta} behind {next}", table.name);
                return Err(Error::malformed(text).into());
            };
            next = index + 1;
            let text = format!("delta {delta}: {}.{name}", table.name);
            self.take(bytes, level, &text, out)?;
            let level = level + 1;
            match part {
                Part::Struct(inner) => {
                    if table.name == WIRE.name {
                        draft.kinds.push(name);
                    }
                    self.table(inner, name, draft, level, out)?;
                }
                Part::Fields => self.fields(draft, level, out)?,
                Part::Text => self.name(inside, draft, level, out)?,
                Part::TypeId => {
                    let id = self.type_id(level, out)?;
                    match (*name, draft.fields.last_mut()) {
                        ("Elem", _) => draft.elem = id,
                        ("Key", _) => draft.key = id,
                        (_, Some(field)) if inside == "Field" => field.1 = id,
                        _ => {}
                    }
                }
                Part::Length => {
                    let (number, bytes) = self.int_ahead()?;
                    if usize::try_from(number).is_err() {
                        let text = format!("an array of length {number}");
                        return Err(Error::malformed(text).into());
                    }
                    self.take(bytes, level, &format!("{number} elements"), out)?;
                    draft.length = number;
                }
            }
        }
    }

    fn type_id(&mut self, level: usize, out: &mut impl Write) -> Result<i64, Stop> {
        let (id, bytes) = self.int_ahead()?;
        if i32::try_from(id).is_err() {
            return Err(Error::malformed(format!("{id} is no type id")).into());
        }
        let text = match self.types.get(&id) {
            Some(shape) => format!("type {id}: {}", shape.title),
            None => format!("type {id}"),
        };
        self.take(bytes, level, &text, out)?;
        Ok(id)
    }

    fn name(
        &mut self,
        inside: &'static str,
        draft: &mut Draft,
        level: usize,
        out: &mut impl Write,
    ) -> Result<(), Stop> {
        let is_field = inside == "Field";
        let (length, bytes) = self.uint_ahead()?;
        let most = self.limits.name_bytes;
        if is_field && length > most as u64 {
            return Err(Error::limit("length of a field's name", most, "name_bytes").into());
        }
        let place = self.bytes_behind(bytes, length)?;
        self.own(place.len())?;
        let text = self.buf.get(place).unwrap_or_default().to_vec();
        let shown = format!("length {}: {}", text.len(), line::name(&text));
        self.take(bytes, level, &shown, out)?;
        self.payload(text.len(), level + 1, out)?;
        match draft.fields.last_mut() {
            Some(field) if is_field => field.0 = text,
            _ => draft.name = text,
        }
        Ok(())
    }

    fn fields(
        &mut self,
        draft: &mut Draft,
        level: usize,
        out: &mut impl Write,
    ) -> Result<(), Stop> {
        let (count, bytes) = self.uint_ahead()?;
        let most = self.limits.fields;
        if count > most as u64 {
            return Err(Error::limit("number of fields of a struct", most, "fields").into());
        }
        self.take(bytes, level, &format!("{count} fields"), out)?;
        for _ in 0..count {
            self.own(PER_FIELD)?;
            draft.fields.push((Vec::new(), 0));
            self.table(FIELD, "Field", draft, level + 1, out)?;
            if draft.fields.last().is_some_and(|(name, _)| name.is_empty()) {
                let text = "a struct definition has a field without a name";
                return Err(Error::malformed(text).into());
            }
        }
        Ok(())
    }
}

impl Draft {
    fn shape(self) -> Result<Shape, Error> {
        let [kind] = self.kinds.as_slice() else {
            let count = self.kinds.len();
            return Err(Error::malformed(format!(
                "a type definition says {count} times what it is"
            )));
        };
        let form = match *kind {
            "ArrayT" => Form::Array {
                elem: self.elem,
                length: self.length.unsigned_abs(),
            },
            "SliceT" => Form::Slice { elem: self.elem },
            "StructT" => Form::Struct {
                fields: self.fields,
            },
            "MapT" => Form::Map {
                key: self.key,
                elem: self.elem,
            },
            "GobEncoderT" => Form::Opaque("GobEncoder"),
            "BinaryMarshalerT" => Form::Opaque("BinaryMarshaler"),
            _ => Form::Opaque("TextMarshaler"),
        };
        Ok(Shape::new(&self.name, form))
    }
}
