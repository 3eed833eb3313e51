//! Rust declarations.

use std::collections::HashSet;
use std::fmt::Write as _;

use gobrpc_codec::inspect::{Definition, DefinitionKind, FieldDefinition};
use gobrpc_codec::schema::Opaque;

use super::unfit::Unfit;
use super::{field_name, known};
use crate::types::{Declared, Dialect, Graph, Names, Node, Pointers, exported, interface, shown};

/// Longest array that is declared: arrays live on the stack.
const LONGEST_ARRAY: usize = 1 << 16;

/// A module with the types of a stream. Where not all of its strings are UTF-8,
/// strings are `GoString`.
pub(super) fn module(graph: &Graph, utf8: bool) -> String {
    let writer = Writer::new(graph, utf8);
    let mut types = String::new();
    for (place, definition) in graph.definitions.iter().enumerate() {
        writer.declare(&mut types, place, definition);
    }
    let mut text = "// Types of a gob stream, by `gobrpc gen rust`.\n".to_owned();
    if types.contains("BTreeMap<") {
        text.push_str("\nuse std::collections::BTreeMap;\n");
    }
    if types.contains(", Gob)]") {
        text.push_str("\nuse gobrpc_codec::Gob;\n");
    }
    text + &types
}

struct Writer<'a> {
    graph: &'a Graph,
    declared: Declared,
    pointers: Pointers,
    unfit: Unfit,
    /// Types that hold themselves without a struct between: no alias can.
    circles: Vec<Option<usize>>,
    /// Types that are parts of the keys of maps, which are sorted.
    in_keys: HashSet<usize>,
    string: &'static str,
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph, utf8: bool) -> Self {
        let no_keys = Unfit::new(graph, true, |_, node| {
            let orders = match node {
                Node::Predefined(name) => !matches!(name, "float64" | "complex128" | "any"),
                Node::Defined(_, definition) => known::find(definition).is_none(),
                Node::Unknown => false,
            };
            (!orders).then(|| "it has no order".to_owned())
        });
        let is_key = |id: i32| match graph.node(id) {
            Node::Predefined(name) => !matches!(name, "float64" | "complex128" | "any"),
            Node::Defined(place, _) => no_keys.reason(place).is_none(),
            Node::Unknown => false,
        };
        let unfit = Unfit::new(graph, false, |id, node| fault(id, node, &is_key));
        let circles = graph.circles(|definition| match definition.kind {
            DefinitionKind::Struct { .. } => Vec::new(),
            _ => Graph::parts(definition),
        });
        Self {
            graph,
            declared: Declared::new(graph, Dialect::Rust),
            pointers: Pointers::new(graph),
            unfit,
            circles,
            in_keys: in_keys(graph),
            string: if utf8 {
                "String"
            } else {
                "gobrpc_codec::GoString"
            },
        }
    }

    fn declare(&self, text: &mut String, place: usize, definition: &Definition) {
        let Some(name) = self.declared.name(place) else {
            return;
        };
        if known::find(definition).is_some() {
            return;
        }
        let id = definition.id;
        let title = shown(definition.name.as_bytes());
        // Writing to a string cannot fail.
        let _ = match self.unfit.reason(place) {
            Some(reason) => {
                let _ = writeln!(text, "\n// Type {id}, {title:?}, is left out: {reason}.");
                return;
            }
            None if title.is_empty() => writeln!(text, "\n/// Type {id} of the stream."),
            None => writeln!(text, "\n/// Type {id} of the stream: `{title}`."),
        };
        if let DefinitionKind::Opaque(kind) = definition.kind {
            return opaque(
                text,
                name,
                definition.name.as_str().unwrap_or_default(),
                kind,
            );
        }
        let DefinitionKind::Struct { fields } = &definition.kind else {
            let ty = self.structure(place);
            let _ = if self.circles.get(place).is_some_and(Option::is_some) {
                self.derive(text, place);
                writeln!(text, "pub struct {name}(pub {ty});")
            } else {
                writeln!(text, "pub type {name} = {ty};")
            };
            return;
        };
        self.derive(text, place);
        let _ = writeln!(text, "pub struct {name} {{");
        let mut names = Names::new(&[]);
        let mut seen = HashSet::new();
        for field in fields {
            let again = !seen.insert(&field.name);
            self.field(text, place, field, again, &mut names);
        }
        text.push_str("}\n");
    }

    fn derive(&self, text: &mut String, place: usize) {
        let order = if self.in_keys.contains(&place) {
            " Eq, PartialOrd, Ord,"
        } else {
            ""
        };
        let _ = writeln!(text, "#[derive(Debug, Clone, PartialEq,{order} Gob)]");
    }

    fn field(
        &self,
        text: &mut String,
        place: usize,
        field: &FieldDefinition,
        again: bool,
        names: &mut Names,
    ) {
        let wire = exported(field.name.as_bytes());
        let reason = match (wire, again) {
            (None, _) => Some("Go can have no such field".to_owned()),
            (_, true) => Some("there is another field of its name".to_owned()),
            _ => self.reason(field.id),
        };
        let (Some(wire), None) = (wire, &reason) else {
            let name = shown(field.name.as_bytes());
            let reason = reason.unwrap_or_default();
            let _ = writeln!(text, "    // The field {name:?} is left out: {reason}.");
            return;
        };
        let ident = names.unique(&field_name::snake(wire));
        if field_name::pascal(&ident) != wire {
            let _ = writeln!(text, "    #[gob(rename = {wire:?})]");
        }
        let ty = self.ty(field.id);
        let ident = field_name::ident(&ident);
        let _ = if self.pointers.needed(self.graph, place, field.id) {
            writeln!(text, "    pub {ident}: Option<Box<{ty}>>,")
        } else {
            writeln!(text, "    pub {ident}: {ty},")
        };
    }

    /// Why there can be no field of this type.
    fn reason(&self, id: i32) -> Option<String> {
        match self.graph.node(id) {
            Node::Defined(place, _) => self.unfit.reason(place).map(str::to_owned),
            node => fault(id, node, &|_| true),
        }
    }

    fn ty(&self, id: i32) -> String {
        match self.graph.node(id) {
            Node::Predefined(name) => match name {
                "int" => "i64",
                "uint" => "u64",
                "float64" => "f64",
                "[]byte" => "Vec<u8>",
                "string" => self.string,
                "complex128" => "gobrpc_codec::go::Complex128",
                "any" => "gobrpc_codec::Interface",
                name => name,
            }
            .to_owned(),
            Node::Unknown => String::new(),
            Node::Defined(place, definition) => {
                match (known::find(definition), self.declared.name(place)) {
                    (Some(known), _) => known.rust.to_owned(),
                    (None, Some(name)) => name.to_owned(),
                    (None, None) => self.structure(place),
                }
            }
        }
    }

    /// What a slice, an array or a map is made of. It calls itself for parts that
    /// have no name, which are few.
    fn structure(&self, place: usize) -> String {
        match self.graph.definitions.get(place).map(|found| &found.kind) {
            Some(DefinitionKind::Slice { elem }) => format!("Vec<{}>", self.ty(*elem)),
            Some(DefinitionKind::Array { elem, length }) => {
                let ty = self.ty(*elem);
                if self.pointers.needed(self.graph, place, *elem) {
                    format!("[Box<{ty}>; {length}]")
                } else {
                    format!("[{ty}; {length}]")
                }
            }
            Some(DefinitionKind::Map { key, elem }) => {
                format!("BTreeMap<{}, {}>", self.ty(*key), self.ty(*elem))
            }
            _ => String::new(),
        }
    }
}

/// What is wrong with a type by itself.
fn fault(id: i32, node: Node<'_>, is_key: &impl Fn(i32) -> bool) -> Option<String> {
    match node {
        Node::Predefined(_) => None,
        Node::Unknown => Some(format!("type {id} is not defined")),
        Node::Defined(_, definition) => match &definition.kind {
            DefinitionKind::Array { length, .. } if *length > LONGEST_ARRAY => {
                Some(format!("an array of {length} is too long for the stack"))
            }
            DefinitionKind::Map { key, .. } if !is_key(*key) => {
                Some("the keys of its map have no order in Rust".to_owned())
            }
            _ => None,
        },
    }
}

/// Declares a type that writes itself: what it wrote, as it is.
fn opaque(text: &mut String, name: &str, wire: &str, kind: Opaque) {
    let interface = interface(kind);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "///\n\
         /// It is a `{interface}`, and `data` what it wrote.\n\
         #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]\n\
         pub struct {name} {{\n    pub data: Vec<u8>,\n}}\n\n\
         impl gobrpc_codec::Marshal for {name} {{\n    \
         const KIND: gobrpc_codec::schema::Opaque = gobrpc_codec::schema::Opaque::{kind:?};\n    \
         const NAME: &'static str = {wire:?};\n\n    \
         fn marshal(&self, out: &mut Vec<u8>) -> gobrpc_codec::Result<()> {{\n        \
         out.extend_from_slice(&self.data);\n        Ok(())\n    }}\n}}\n\n\
         impl gobrpc_codec::Unmarshal for {name} {{\n    \
         fn unmarshal(payload: &[u8]) -> gobrpc_codec::Result<Self> {{\n        \
         Ok(Self {{ data: payload.to_vec() }})\n    }}\n\n    \
         fn zero() -> gobrpc_codec::Result<Self> {{\n        \
         Ok(Self {{ data: Vec::new() }})\n    }}\n}}\n\n\
         gobrpc_codec::marshaler!({name});"
    );
}

/// The types that keys of maps are made of.
fn in_keys(graph: &Graph) -> HashSet<usize> {
    let mut todo: Vec<i32> = Vec::new();
    for definition in &graph.definitions {
        if let DefinitionKind::Map { key, .. } = definition.kind {
            todo.push(key);
        }
    }
    let mut found = HashSet::new();
    while let Some(id) = todo.pop() {
        if let Node::Defined(place, definition) = graph.node(id) {
            if found.insert(place) {
                todo.extend(Graph::parts(definition));
            }
        }
    }
    found
}
