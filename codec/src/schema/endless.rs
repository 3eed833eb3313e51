//! Types that contain themselves without an end.

use super::{Edge, Kind, Schema};

impl Schema {
    /// True if a value of one of the types would have to contain itself, as those
    /// of `struct Node { next: Box<Node> }` would: such a type has no zero and no
    /// value at all, and making one would never end.
    ///
    /// A value ends at slices and maps, which may be empty, and at what may be
    /// absent.
    pub(crate) fn is_endless(&self) -> bool {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            No,
            Inside,
            Done,
        }
        let mut seen = vec![Seen::No; self.nodes.len()];
        for root in 0..self.nodes.len() {
            if seen.get(root) != Some(&Seen::No) {
                continue;
            }
            // A stack of its own, since chains of types may be long: a type, and
            // how many of its parts were looked at.
            let mut stack = vec![(root, 0)];
            while let Some((node, next)) = stack.last_mut() {
                let part = self.part(*node, *next);
                *next += 1;
                if let Some(state) = seen.get_mut(*node) {
                    *state = if part.is_some() {
                        Seen::Inside
                    } else {
                        Seen::Done
                    };
                }
                match part {
                    None => {
                        stack.pop();
                    }
                    Some(part) if part.nullable => {}
                    Some(part) => match seen.get(part.index()) {
                        Some(Seen::Inside) => return true,
                        Some(Seen::No) => stack.push((part.index(), 0)),
                        Some(Seen::Done) | None => {}
                    },
                }
            }
        }
        false
    }

    /// The parts that every value of a type has.
    fn part(&self, node: usize, index: usize) -> Option<Edge> {
        match &self.nodes.get(node)?.kind {
            Kind::Struct(fields) => fields.get(index).map(|field| field.edge),
            Kind::Array(elem, length) if *length > 0 && index == 0 => Some(*elem),
            _ => None,
        }
    }
}
