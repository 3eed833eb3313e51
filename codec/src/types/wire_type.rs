//! [`WireType`]: a type definition, and its own encoding (spec 4.1).

use super::TypeId;
use crate::Limits;
use crate::error::{Error, Result};
use crate::schema::{Name, Opaque};
use crate::steps::steps;
use crate::wire::{int_to_uint, put_uint, read_uint};

/// A type as a stream defines it (`type.go`, `wireType`).
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Decoder, Gob, to_vec};
///
/// #[derive(Gob)]
/// struct Point { x: i64, y: i64 }
///
/// let mut decoder = Decoder::new();
/// decoder.feed(&to_vec(&Point { x: 22, y: 33 })?);
/// let id = decoder.peek_type()?.expect("the stream is whole");
/// let wire = decoder.types().get(id.get()).expect("it is defined before its value");
/// assert_eq!(wire.name.as_str(), "Point");
/// assert_eq!(wire.common_id, id.get());
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireType {
    /// Go's name; often empty.
    pub name: Name,
    /// The `Id` in the definition's `CommonType`. Values and fields use the id
    /// under which the type was defined; Go lets the two differ for
    /// self-encoding types, and checks nothing.
    pub common_id: i32,
    /// What the type is.
    pub kind: WireKind,
}

/// What a [`WireType`] is. Ids are numbers as they stand in the definition: 0 or
/// undefined ones are an error only where a value needs them, since Go sends
/// definitions in any order.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
///
/// use gobrpc_codec::{Decoder, WireKind, to_vec};
///
/// let mut decoder = Decoder::new();
/// decoder.feed(&to_vec(&BTreeMap::from([("Ada", 36_i64)]))?);
/// let id = decoder.peek_type()?.expect("the stream is whole");
/// // From string, which is type 6 in every stream, to int, which is 2.
/// let map = WireKind::Map { key: 6, elem: 2 };
/// assert_eq!(decoder.types().get(id.get()).map(|wire| &wire.kind), Some(&map));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireKind {
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
        fields: Vec<WireField>,
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

impl WireKind {
    /// A part of the type: a field's type, or a key's and elements' ones.
    pub(crate) fn part(&self, index: usize) -> Option<i32> {
        match self {
            Self::Struct { fields } => fields.get(index).map(|field| field.id),
            Self::Slice { elem } | Self::Array { elem, .. } => [*elem].get(index).copied(),
            Self::Map { key, elem } => [*key, *elem].get(index).copied(),
            Self::Opaque(_) => None,
        }
    }
}

/// A field of a struct definition.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Decoder, Gob, WireKind, to_vec};
///
/// #[derive(Gob)]
/// struct User { user_name: String }
///
/// let mut decoder = Decoder::new();
/// decoder.feed(&to_vec(&User { user_name: "ada".into() })?);
/// let id = decoder.peek_type()?.expect("the stream is whole");
/// if let Some(WireKind::Struct { fields }) = decoder.types().get(id.get()).map(|wire| &wire.kind) {
///     assert_eq!(fields[0].name.as_str(), "UserName");
///     assert_eq!(fields[0].id, 6); // string
/// }
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireField {
    /// Its name, never empty.
    pub name: Name,
    /// Its type.
    pub id: i32,
}

/// A definition's bytes, read field by field.
struct Definition<'a, 'l> {
    rest: &'a [u8],
    limits: &'l Limits,
    /// Bytes of memory that definitions may still take.
    room: &'l mut usize,
}

/// What a definition takes besides its names and fields, and what a field takes
/// besides its name; more than the sizes of the structs, as they live on the heap.
const DEFINITION_BYTES: usize = 64;
const FIELD_BYTES: usize = 32;

impl Definition<'_, '_> {
    fn uint(&mut self) -> Result<u64> {
        read_uint(&mut self.rest)?
            .ok_or_else(|| Error::malformed("the type definition goes on past its message"))
    }

    fn int(&mut self) -> Result<i64> {
        let folded = self.uint()?;
        Ok((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }

    fn type_number(&mut self) -> Result<i32> {
        let number = self.int()?;
        i32::try_from(number).map_err(|_| Error::malformed(format!("{number} is no type id")))
    }

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

    fn field_name(&mut self) -> Result<Name> {
        let most = self.limits.name_bytes;
        if self.uint_ahead()? > most as u64 {
            return Err(Error::limit("length of a field's name", most, "name_bytes"));
        }
        self.name()
    }

    fn uint_ahead(&self) -> Result<u64> {
        let mut rest = self.rest;
        Ok(read_uint(&mut rest)?.unwrap_or_default())
    }

    /// A name.
    ///
    /// That of a type has no limit of its own: Go spells out unnamed structs.
    fn name(&mut self) -> Result<Name> {
        let count = self.uint()?;
        let Some((bytes, rest)) = usize::try_from(count)
            .ok()
            .and_then(|count| self.rest.split_at_checked(count))
        else {
            return Err(Error::malformed("a name goes on past its message"));
        };
        self.charge(bytes.len())?;
        steps(bytes.len());
        self.rest = rest;
        Ok(Name::from_bytes(bytes))
    }

    /// Reads a struct, calling `field` with each field's number.
    fn structure(
        &mut self,
        fields: u64,
        mut field: impl FnMut(&mut Self, u64) -> Result<()>,
    ) -> Result<()> {
        let mut number = 0;
        loop {
            let delta = self.uint()?;
            if delta == 0 {
                return Ok(());
            }
            number = match delta.checked_add(number) {
                Some(number) if number <= fields => number,
                _ => return Err(Error::malformed("a type definition has an unknown field")),
            };
            field(self, number)?;
        }
    }

    /// `CommonType{Name string, Id typeId}`.
    fn common(&mut self, into: &mut WireType) -> Result<()> {
        self.structure(2, |this, number| {
            match number {
                1 => into.name = this.name()?,
                _ => into.common_id = this.type_number()?,
            }
            Ok(())
        })
    }

    /// `{CommonType, then numbers}`: gives the numbers.
    fn numbers<const N: usize>(&mut self, into: &mut WireType) -> Result<[i64; N]> {
        let mut numbers = [0; N];
        self.structure(1 + N as u64, |this, number| {
            let slot = usize::try_from(number)
                .ok()
                .and_then(|number| numbers.get_mut(number.checked_sub(2)?));
            match slot {
                Some(slot) => *slot = this.int()?,
                None => this.common(into)?,
            }
            Ok(())
        })?;
        Ok(numbers)
    }

    /// `[]fieldType{Name string, Id typeId}`.
    fn fields(&mut self) -> Result<Vec<WireField>> {
        let count = self.uint()?;
        let count = match usize::try_from(count) {
            Ok(count) if count <= self.limits.fields => count,
            _ => {
                return Err(Error::limit(
                    "number of fields of a struct",
                    self.limits.fields,
                    "fields",
                ));
            }
        };
        // Room for those of most structs; a count alone buys no more.
        let mut fields = Vec::with_capacity(usize::min(count, 16));
        for _ in 0..count {
            self.charge(FIELD_BYTES)?;
            let mut field = WireField {
                name: Name::default(),
                id: 0,
            };
            self.structure(2, |this, number| {
                match number {
                    1 => field.name = this.field_name()?,
                    _ => field.id = this.type_number()?,
                }
                Ok(())
            })?;
            if field.name.is_empty() {
                return Err(Error::malformed(
                    "a struct definition has a field without a name",
                ));
            }
            fields.push(field);
        }
        Ok(fields)
    }
}

fn number_to_id(number: i64) -> Result<i32> {
    i32::try_from(number).map_err(|_| Error::malformed(format!("{number} is no type id")))
}

impl WireType {
    /// Reads a definition and moves behind it, or to its fault. What it takes in
    /// memory is taken from `room`.
    pub(crate) fn decode(input: &mut &[u8], room: &mut usize, limits: &Limits) -> Result<Self> {
        let mut definition = Definition {
            rest: input,
            limits,
            room,
        };
        let wire = Self::read(&mut definition);
        *input = definition.rest;
        wire
    }

    fn read(definition: &mut Definition<'_, '_>) -> Result<Self> {
        definition.charge(DEFINITION_BYTES)?;
        let mut wire = Self {
            name: Name::default(),
            common_id: 0,
            kind: WireKind::Slice { elem: 0 },
        };
        let mut kinds = 0;
        definition.structure(7, |this, number| {
            kinds += 1;
            wire.kind = match number {
                1 => {
                    let [elem, length] = this.numbers(&mut wire)?;
                    WireKind::Array {
                        elem: number_to_id(elem)?,
                        length: usize::try_from(length).map_err(|_| {
                            Error::malformed(format!("an array of length {length}"))
                        })?,
                    }
                }
                2 => {
                    let [elem] = this.numbers(&mut wire)?;
                    WireKind::Slice {
                        elem: number_to_id(elem)?,
                    }
                }
                3 => {
                    let mut fields = Vec::new();
                    this.structure(2, |this, number| {
                        match number {
                            1 => this.common(&mut wire)?,
                            _ => fields = this.fields()?,
                        }
                        Ok(())
                    })?;
                    WireKind::Struct { fields }
                }
                4 => {
                    let [key, elem] = this.numbers(&mut wire)?;
                    WireKind::Map {
                        key: number_to_id(key)?,
                        elem: number_to_id(elem)?,
                    }
                }
                _ => {
                    let [] = this.numbers(&mut wire)?;
                    WireKind::Opaque(match number {
                        5 => Opaque::Gob,
                        6 => Opaque::Binary,
                        _ => Opaque::Text,
                    })
                }
            };
            Ok(())
        })?;
        if kinds != 1 {
            return Err(Error::malformed(format!(
                "a type definition says {kinds} times what it is"
            )));
        }
        Ok(wire)
    }

    /// Writes the definition, as Go does: zero fields left out.
    pub(crate) fn encode(&self, buf: &mut Vec<u8>) {
        put_uint(buf, self.kind.number());
        // CommonType is always sent, as it is a struct.
        put_uint(buf, 1);
        let mut delta = 1;
        put_text(buf, &mut delta, self.name.as_bytes());
        put_number(buf, &mut delta, i64::from(self.common_id));
        buf.push(0);
        let mut delta = 1;
        match &self.kind {
            WireKind::Array { elem, length } => {
                put_number(buf, &mut delta, i64::from(*elem));
                put_number(buf, &mut delta, i64::try_from(*length).unwrap_or(i64::MAX));
            }
            WireKind::Slice { elem } => put_number(buf, &mut delta, i64::from(*elem)),
            WireKind::Map { key, elem } => {
                put_number(buf, &mut delta, i64::from(*key));
                put_number(buf, &mut delta, i64::from(*elem));
            }
            WireKind::Struct { fields } if !fields.is_empty() => {
                put_uint(buf, delta);
                put_uint(buf, fields.len() as u64);
                for field in fields {
                    let mut delta = 1;
                    put_text(buf, &mut delta, field.name.as_bytes());
                    put_number(buf, &mut delta, i64::from(field.id));
                    buf.push(0);
                }
            }
            WireKind::Struct { .. } | WireKind::Opaque(_) => {}
        }
        buf.push(0);
        buf.push(0);
    }
}

impl WireKind {
    /// The number of the field of `wireType` that holds this kind.
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::Array { .. } => 1,
            Self::Slice { .. } => 2,
            Self::Struct { .. } => 3,
            Self::Map { .. } => 4,
            Self::Opaque(Opaque::Gob) => 5,
            Self::Opaque(Opaque::Binary) => 6,
            Self::Opaque(Opaque::Text) => 7,
        }
    }
}

impl From<TypeId> for i32 {
    fn from(id: TypeId) -> Self {
        id.get()
    }
}

/// Writes a string unless it is empty; `delta` is the distance to its field.
fn put_text(buf: &mut Vec<u8>, delta: &mut u64, text: &[u8]) {
    if text.is_empty() {
        *delta += 1;
        return;
    }
    put_uint(buf, *delta);
    *delta = 1;
    put_uint(buf, text.len() as u64);
    buf.extend_from_slice(text);
}

/// Writes a number unless it is 0; `delta` is the distance to its field.
fn put_number(buf: &mut Vec<u8>, delta: &mut u64, number: i64) {
    if number == 0 {
        *delta += 1;
        return;
    }
    put_uint(buf, *delta);
    *delta = 1;
    put_uint(buf, int_to_uint(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<(WireType, &[u8])> {
        let mut rest = bytes;
        let wire = WireType::decode(&mut rest, &mut 4096, &Limits::default())?;
        Ok((wire, rest))
    }

    fn round_trip(wire: WireType) {
        let mut bytes = Vec::new();
        wire.encode(&mut bytes);
        assert_eq!(decode(&bytes).unwrap(), (wire, &[][..]));
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn definitions_come_back() {
        let common = |kind| WireType {
            name: "T".into(),
            common_id: 70,
            kind,
        };
        round_trip(common(WireKind::Array { elem: 2, length: 3 }));
        round_trip(common(WireKind::Array { elem: 2, length: 0 }));
        round_trip(common(WireKind::Slice { elem: 300 }));
        round_trip(common(WireKind::Map { key: 6, elem: 65 }));
        round_trip(common(WireKind::Struct { fields: Vec::new() }));
        round_trip(common(WireKind::Opaque(Opaque::Binary)));
        round_trip(WireType {
            name: Name::default(),
            common_id: 64,
            kind: WireKind::Struct {
                fields: vec![
                    WireField {
                        name: "X".into(),
                        id: 2,
                    },
                    WireField {
                        name: "Y".into(),
                        id: 0,
                    },
                ],
            },
        });
    }

    #[test]
    fn a_definition_of_two_kinds_is_refused() {
        // SliceT and then MapT.
        let bytes = [2, 1, 0, 0, 2, 1, 0, 0, 0];
        assert!(decode(&bytes).is_err());
        assert!(decode(&[0]).is_err());
    }
}
