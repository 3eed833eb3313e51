//! [`Definitions`]: the types that the inspector has met.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::{Definition, DefinitionKind, FieldDefinition};
use crate::types::{DEFINITION_TYPES, TypeId, TypeTable, WireKind};

/// The definitions of a stream, and those of the types that definitions are made
/// of, which every stream has.
#[derive(Debug, Default)]
pub(super) struct Definitions(HashMap<i32, Arc<Definition>>);

impl Definitions {
    pub(super) fn get(&self, id: i32) -> Option<&Definition> {
        match self.0.get(&id) {
            Some(definition) => Some(definition),
            None => predefined(id),
        }
    }

    /// How many the stream has defined.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn insert(&mut self, definition: Definition) {
        self.0.insert(definition.id.get(), Arc::new(definition));
    }
}

fn predefined(id: i32) -> Option<&'static Definition> {
    static DEFINITIONS: OnceLock<Vec<Definition>> = OnceLock::new();
    if !DEFINITION_TYPES.contains(&id) {
        return None;
    }
    let all = DEFINITIONS.get_or_init(|| DEFINITION_TYPES.filter_map(make).collect());
    all.iter().find(|definition| definition.id.get() == id)
}

fn make(id: i32) -> Option<Definition> {
    let none = TypeTable::default();
    let wire = none.get(id)?;
    let kind = match &wire.kind {
        WireKind::Struct { fields } => DefinitionKind::Struct {
            fields: fields
                .iter()
                .map(|field| FieldDefinition {
                    name: field.name.as_bytes().into(),
                    id: field.id,
                })
                .collect(),
        },
        WireKind::Slice { elem } => DefinitionKind::Slice { elem: *elem },
        // There are no others.
        _ => return None,
    };
    Some(Definition {
        id: TypeId::new(id)?,
        common_id: wire.common_id,
        name: wire.name.as_bytes().into(),
        kind,
    })
}
