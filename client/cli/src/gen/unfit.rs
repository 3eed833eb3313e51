//! [`Unfit`]: types that cannot be declared, and why.

use std::collections::VecDeque;

use gobrpc_codec::inspect::DefinitionKind;

use crate::types::{Graph, Node};

/// Types that have a fault, or are made of one that has.
#[derive(Debug)]
pub(super) struct Unfit {
    reasons: Vec<Option<String>>,
}

impl Unfit {
    /// `fault` says what is wrong with a type by itself. Where `by_fields` is
    /// false, a struct leaves out its fields with faults, and so has none.
    pub(super) fn new(
        graph: &Graph,
        by_fields: bool,
        fault: impl Fn(i32, Node<'_>) -> Option<String>,
    ) -> Self {
        let count = graph.definitions.len();
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut reasons: Vec<Option<String>> = Vec::with_capacity(count);
        for (place, definition) in graph.definitions.iter().enumerate() {
            let id = definition.id.get();
            let mut reason = fault(id, graph.node(id));
            let is_struct = matches!(definition.kind, DefinitionKind::Struct { .. });
            if by_fields || !is_struct {
                for part in Graph::parts(definition) {
                    match graph.place(part) {
                        Some(part) => {
                            if let Some(list) = users.get_mut(part) {
                                list.push(place);
                            }
                        }
                        None => reason = reason.or_else(|| fault(part, graph.node(part))),
                    }
                }
            }
            reasons.push(reason);
        }
        let mut spread: VecDeque<usize> = (0..count)
            .filter(|place| reasons.get(*place).is_some_and(Option::is_some))
            .collect();
        while let Some(place) = spread.pop_front() {
            let reason = reasons.get(place).cloned().flatten();
            for user in users.get(place).into_iter().flatten() {
                if let Some(slot @ None) = reasons.get_mut(*user) {
                    slot.clone_from(&reason);
                    spread.push_back(*user);
                }
            }
        }
        Self { reasons }
    }

    /// Why the type at this place cannot be declared.
    pub(super) fn reason(&self, place: usize) -> Option<&str> {
        self.reasons.get(place)?.as_deref()
    }
}
