//! [`Pointers`]: where a type that holds itself needs a pointer.

use gobrpc_codec::inspect::{Definition, DefinitionKind};

use super::Graph;

/// The parts of structs and arrays that must be pointers in a declaration, as a
/// type without one would hold itself without an end. Go sends no pointers, so
/// that the stream does not tell; where Go has other ones does not matter.
#[derive(Debug)]
pub(crate) struct Pointers {
    circles: Vec<Option<usize>>,
}

impl Pointers {
    pub(crate) fn new(graph: &Graph) -> Self {
        let held = |definition: &Definition| match definition.kind {
            DefinitionKind::Struct { .. } => Graph::parts(definition),
            DefinitionKind::Array { elem, length } if length > 0 => vec![elem],
            _ => Vec::new(),
        };
        Self {
            circles: graph.circles(held),
        }
    }

    /// Whether the type at `place` must hold the one with this id by a pointer.
    pub(crate) fn needed(&self, graph: &Graph, place: usize, id: i32) -> bool {
        let circle = |place: usize| self.circles.get(place).copied().flatten();
        let own = circle(place);
        own.is_some() && own == graph.place(id).and_then(circle)
    }
}
