//! The types of type definitions, which every stream has (spec 3.1).

use std::sync::OnceLock;

use super::{WireField, WireKind, WireType};
use crate::schema::Name;

/// The first of them.
const FIRST: i32 = 16;

/// The numbers of all of them.
pub(crate) const DEFINITION_TYPES: std::ops::RangeInclusive<i32> = FIRST..=24;

/// A type that Go's package builds for itself, so that it needs no definition
/// (`type.go`, the variables and `init`): `doc.go` lists 16 to 23, the code also
/// gives 24 away. Values of them are what definitions are made of; nothing keeps
/// a peer from sending one at top level.
pub(super) fn definition_type(id: i32) -> Option<&'static WireType> {
    static TYPES: OnceLock<Vec<WireType>> = OnceLock::new();
    let index = usize::try_from(id.checked_sub(FIRST)?).ok()?;
    TYPES.get_or_init(make).get(index)
}

fn make() -> Vec<WireType> {
    const INT: i32 = 2;
    const STRING: i32 = 6;
    const COMMON: i32 = 18;
    let structure = |name: &str, fields: &[(&str, i32)]| {
        let fields = fields.iter().map(|&(name, id)| WireField {
            name: Name::from(name),
            id,
        });
        let kind = WireKind::Struct {
            fields: fields.collect(),
        };
        (name.to_owned(), kind)
    };
    let common = ("CommonType", COMMON);
    let types = [
        structure(
            "wireType",
            &[
                ("ArrayT", 17),
                ("SliceT", 19),
                ("StructT", 20),
                ("MapT", 23),
                ("GobEncoderT", 24),
                ("BinaryMarshalerT", 24),
                ("TextMarshalerT", 24),
            ],
        ),
        structure("arrayType", &[common, ("Elem", INT), ("Len", INT)]),
        structure("CommonType", &[("Name", STRING), ("Id", INT)]),
        structure("sliceType", &[common, ("Elem", INT)]),
        structure("structType", &[common, ("Field", 22)]),
        structure("fieldType", &[("Name", STRING), ("Id", INT)]),
        ("[]gob.fieldType".to_owned(), WireKind::Slice { elem: 21 }),
        structure("mapType", &[common, ("Key", INT), ("Elem", INT)]),
        structure("gobEncoderType", &[common]),
    ];
    DEFINITION_TYPES
        .zip(types)
        .map(|(id, (name, kind))| WireType {
            name: name.into(),
            common_id: id,
            kind,
        })
        .collect()
}
