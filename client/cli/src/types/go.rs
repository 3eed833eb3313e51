//! Types in Go's words.

use std::fmt::Write as _;

use gobrpc_codec::inspect::DefinitionKind;
use gobrpc_codec::schema::Opaque;

use super::{Declared, Dialect, Graph, Node, Pointers, names};

/// The types of a stream as people read them: Go declarations, and a comment for
/// each type that needs none.
pub(super) fn listing(graph: &Graph) -> String {
    let writer = GoTypes::new(graph);
    let mut text = String::new();
    for (place, definition) in graph.definitions.iter().enumerate() {
        let id = definition.id;
        // Writing to a string cannot fail.
        let _ = match (&definition.kind, writer.declared.name(place)) {
            (DefinitionKind::Struct { fields }, Some(name)) if fields.is_empty() => {
                writeln!(text, "type {name} struct{{}} // {id}")
            }
            (DefinitionKind::Struct { fields }, Some(name)) => {
                let mut lines = format!("type {name} struct {{ // {id}\n");
                let names = fields
                    .iter()
                    .map(|field| names::shown(field.name.as_bytes()));
                let names: Vec<_> = names.collect();
                let widest = names.iter().map(|name| name.chars().count()).max();
                let widest = widest.unwrap_or_default();
                for (field, name) in fields.iter().zip(names) {
                    let ty = writer.held(place, field.id);
                    let _ = writeln!(lines, "\t{name:widest$} {ty}");
                }
                writeln!(text, "{lines}}}")
            }
            (DefinitionKind::Opaque(kind), Some(name)) => {
                let kind = interface(*kind);
                writeln!(text, "type {name} []byte // {id}: what its {kind} wrote")
            }
            (_, Some(name)) => {
                writeln!(text, "type {name} {} // {id}", writer.structure(place))
            }
            (_, None) => writeln!(text, "// {id}: {}", writer.structure(place)),
        };
    }
    text
}

/// The interface by which a type writes itself.
pub(crate) fn interface(kind: Opaque) -> &'static str {
    match kind {
        Opaque::Gob => "GobEncoder",
        Opaque::Binary => "BinaryMarshaler",
        Opaque::Text => "TextMarshaler",
    }
}

/// Writes types as a reader of Go expects them.
struct GoTypes<'a> {
    graph: &'a Graph,
    declared: Declared,
    pointers: Pointers,
}

impl<'a> GoTypes<'a> {
    fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            declared: Declared::new(graph, Dialect::Go),
            pointers: Pointers::new(graph),
        }
    }

    /// The type of a part of the type at `place`.
    fn held(&self, place: usize, id: i32) -> String {
        let star = match self.pointers.needed(self.graph, place, id) {
            true => "*",
            false => "",
        };
        format!("{star}{}", self.ty(id))
    }

    fn ty(&self, id: i32) -> String {
        match self.graph.node(id) {
            Node::Predefined(name) => name.to_owned(),
            Node::Unknown => format!("any /* type {id} is not defined */"),
            Node::Defined(place, _) => match self.declared.name(place) {
                Some(name) => name.to_owned(),
                None => self.structure(place),
            },
        }
    }

    /// What a slice, an array or a map is made of. It calls itself for parts that
    /// have no name, which are few.
    fn structure(&self, place: usize) -> String {
        match self.graph.definitions.get(place).map(|found| &found.kind) {
            Some(DefinitionKind::Slice { elem }) => format!("[]{}", self.ty(*elem)),
            Some(DefinitionKind::Array { elem, length }) => {
                format!("[{length}]{}", self.held(place, *elem))
            }
            Some(DefinitionKind::Map { key, elem }) => {
                format!("map[{}]{}", self.ty(*key), self.ty(*elem))
            }
            _ => String::new(),
        }
    }
}
