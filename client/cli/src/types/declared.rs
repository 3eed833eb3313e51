//! [`Declared`]: which types get a declaration, and by which names.

use std::collections::HashSet;

use gobrpc_codec::inspect::{Definition, DefinitionKind};

use super::names::{self, Names};
use super::{Graph, Node};

/// The language that types are declared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Go,
    Rust,
}

/// Names of types that generated code uses and so must not declare.
const GO: &[&str] = &["Register"];
const RUST: &[&str] = &[
    "BTreeMap",
    "Box",
    "Clone",
    "Debug",
    "Eq",
    "Gob",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Self",
    "String",
    "Vec",
];

/// The names of the types that are declared, by their places.
#[derive(Debug)]
pub(crate) struct Declared {
    names: Vec<Option<String>>,
    given: Names,
}

/// Longest type without a declaration, in types that it is made of.
const LONGEST: usize = 24;

impl Declared {
    pub(crate) fn new(graph: &Graph, dialect: Dialect) -> Self {
        let mut names = Names::new(match dialect {
            Dialect::Go => GO,
            Dialect::Rust => RUST,
        });
        let wanted = wanted(graph);
        let mut given = vec![None; graph.definitions.len()];
        // Types with names of their own come first: they keep them.
        for (place, definition) in graph.definitions.iter().enumerate() {
            let name = names::of_type(definition.name.as_bytes());
            if wanted.contains(&place) && !name.is_empty() {
                set(&mut given, place, names.unique(&name));
            }
        }
        for (place, definition) in graph.definitions.iter().enumerate() {
            if wanted.contains(&place) && !has(&given, place) {
                // No field leads to it.
                set(&mut given, place, names.unique(&numbered(definition)));
            }
            let DefinitionKind::Struct { fields } = &definition.kind else {
                continue;
            };
            for field in fields {
                for (unnamed, role) in first_wanted(graph, &wanted, field.id) {
                    if has(&given, unnamed) {
                        continue;
                    }
                    let parent = given.get(place).cloned().flatten().unwrap_or_default();
                    let field = names::capital(&String::from_utf8_lossy(field.name.as_bytes()));
                    let short = parent.len() + field.len() < 100 && !field.is_empty();
                    let name = match graph.definitions.get(unnamed) {
                        Some(definition) if !short => numbered(definition),
                        _ => format!("{parent}{field}{role}"),
                    };
                    set(&mut given, unnamed, names.unique(&name));
                }
            }
        }
        Self {
            names: given,
            given: names,
        }
    }

    /// All names that were given, to give others.
    pub(crate) fn names(&self) -> Names {
        self.given.clone()
    }

    /// The name of the type at this place, if it is declared.
    pub(crate) fn name(&self, place: usize) -> Option<&str> {
        self.names.get(place)?.as_deref()
    }
}

fn numbered(definition: &Definition) -> String {
    format!("Type{}", definition.id)
}

fn set(given: &mut [Option<String>], place: usize, name: String) {
    if let Some(slot) = given.get_mut(place) {
        *slot = Some(name);
    }
}

fn has(given: &[Option<String>], place: usize) -> bool {
    given.get(place).is_some_and(Option::is_some)
}

/// The first declared types that a field leads to by undeclared slices, arrays and
/// maps, and what they are there.
fn first_wanted(graph: &Graph, wanted: &HashSet<usize>, field: i32) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut todo = vec![(field, "")];
    // Undeclared types are short, so that this ends soon.
    while let Some((id, role)) = todo.pop() {
        let Node::Defined(place, definition) = graph.node(id) else {
            continue;
        };
        if wanted.contains(&place) {
            found.push((place, role));
        } else if let DefinitionKind::Map { key, elem } = definition.kind {
            todo.extend([(key, "Key"), (elem, role)]);
        } else {
            todo.extend(Graph::parts(definition).into_iter().map(|id| (id, role)));
        }
    }
    found
}

/// The places of types that need a declaration: structs, types that write
/// themselves, types with a name, and what could not be written without one
/// because it holds itself or is long.
fn wanted(graph: &Graph) -> HashSet<usize> {
    let circles = graph.circles(|definition| match definition.kind {
        DefinitionKind::Struct { .. } => Vec::new(),
        _ => Graph::parts(definition),
    });
    let mut wanted: HashSet<usize> = (0..)
        .zip(&graph.definitions)
        .filter(|(place, definition)| {
            matches!(
                definition.kind,
                DefinitionKind::Struct { .. } | DefinitionKind::Opaque(_)
            ) || !names::of_type(definition.name.as_bytes()).is_empty()
                || circles.get(*place).is_some_and(Option::is_some)
        })
        .map(|(place, _)| place)
        .collect();
    // How long each type is, its parts before it. Those without a declaration lead
    // to no circle, so that every path ends.
    let mut lengths: Vec<Option<usize>> = vec![None; graph.definitions.len()];
    for root in 0..lengths.len() {
        let mut path = vec![root];
        while let Some(&place) = path.last() {
            let parts: Vec<usize> = match graph.definitions.get(place) {
                Some(definition) if !wanted.contains(&place) => Graph::parts(definition)
                    .into_iter()
                    .filter_map(|id| graph.place(id))
                    .collect(),
                _ => Vec::new(),
            };
            let known = |place: &usize| lengths.get(*place).copied().flatten();
            if let Some(missing) = parts.iter().find(|part| known(part).is_none()) {
                path.push(*missing);
                continue;
            }
            let length = 1 + parts.iter().filter_map(known).sum::<usize>();
            let long = length > LONGEST;
            if long {
                wanted.insert(place);
            }
            if let Some(slot) = lengths.get_mut(place) {
                *slot = Some(if long { 1 } else { length });
            }
            path.pop();
        }
    }
    wanted
}
