//! [`Whole`]: which types are whole, that is, all that they lead to is defined.

use std::collections::HashMap;

use crate::schema::{Edge, Schema};
use crate::steps::steps;

/// What is known of types being whole, by their places in a schema that grows.
///
/// The search is Tarjan's ("Depth-first search and linear graph algorithms", 1972):
/// each search settles all types that it meets. Those that are whole are so for
/// good. Those that lead to a type which is not defined are looked at again when it
/// is, but not for ever: types that use each other before they are defined, and
/// values of them between the definitions, are what no encoder writes, and could
/// make a stream cost the square of its length.
#[derive(Debug, Default, Clone)]
pub(super) struct Whole {
    known: Vec<State>,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Unknown,
    Yes,
    /// It leads to this type, which was not defined; and so often it was looked at.
    Waits {
        missing: u32,
        looks: u8,
    },
}

/// How often a type is looked at in vain.
const MOST_LOOKS: u8 = 8;

/// A type that the search is inside of.
struct Frame {
    place: u32,
    /// The part that comes next.
    next: usize,
    /// Number among the open types, and the lowest number that it leads to.
    number: usize,
    lowest: usize,
}

impl Whole {
    /// The place of a type that this one leads to and that is not defined. One that
    /// was looked at too often keeps the answer that it had.
    pub(super) fn missing(
        &mut self,
        schema: &Schema,
        is_defined: impl Fn(u32) -> bool,
        root: u32,
    ) -> Option<u32> {
        if let Some(answer) = self.settled(&is_defined, root) {
            return answer;
        }
        // Types that were met and not settled, each of which leads to one that the
        // search is inside of.
        let mut open = vec![root];
        let mut numbers = HashMap::from([(root, 0)]);
        let mut frames = vec![Frame::new(root, 0)];
        while let Some(frame) = frames.last_mut() {
            steps(1);
            let part = schema.get(Edge::to(frame.place)).kind.part(frame.next);
            frame.next += 1;
            let Some(part) = part.map(|edge| edge.node) else {
                let (number, lowest) = (frame.number, frame.lowest);
                frames.pop();
                if lowest == number {
                    // It and all that opened since lead to each other, and to types
                    // that are whole.
                    for place in open.drain(number..) {
                        numbers.remove(&place);
                        self.set(place, State::Yes);
                    }
                } else if let Some(outer) = frames.last_mut() {
                    outer.lowest = outer.lowest.min(lowest);
                }
                continue;
            };
            match self.settled(&is_defined, part) {
                Some(None) => {}
                Some(Some(missing)) => {
                    // All that are open lead to here.
                    for place in open {
                        let looks = self.looks(place) + 1;
                        self.set(place, State::Waits { missing, looks });
                    }
                    return Some(missing);
                }
                None => match numbers.get(&part) {
                    Some(&number) => frame.lowest = frame.lowest.min(number),
                    None => {
                        numbers.insert(part, open.len());
                        frames.push(Frame::new(part, open.len()));
                        open.push(part);
                    }
                },
            }
        }
        None
    }

    /// The answer for a type that is not to be searched.
    fn settled(&self, is_defined: impl Fn(u32) -> bool, place: u32) -> Option<Option<u32>> {
        if !is_defined(place) {
            return Some(Some(place));
        }
        match self.state(place) {
            State::Yes => Some(None),
            State::Waits { missing, looks } if looks >= MOST_LOOKS || !is_defined(missing) => {
                Some(Some(missing))
            }
            State::Waits { .. } | State::Unknown => None,
        }
    }

    fn state(&self, place: u32) -> State {
        let state = self.known.get(place as usize);
        state.copied().unwrap_or_default()
    }

    fn looks(&self, place: u32) -> u8 {
        match self.state(place) {
            State::Waits { looks, .. } => looks,
            State::Unknown | State::Yes => 0,
        }
    }

    fn set(&mut self, place: u32, state: State) {
        let place = place as usize;
        if self.known.len() <= place {
            self.known.resize(place + 1, State::Unknown);
        }
        if let Some(slot) = self.known.get_mut(place) {
            *slot = state;
        }
    }
}

impl Frame {
    fn new(place: u32, number: usize) -> Self {
        Self {
            place,
            next: 0,
            number,
            lowest: number,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::SchemaBuilder;
    use crate::schema::{FieldType, Kind};

    /// Structs by their parts.
    fn schema(parts: &[Vec<usize>]) -> Schema {
        let mut builder = SchemaBuilder::new();
        let places: Vec<Edge> = parts.iter().map(|_| builder.declare("T", "")).collect();
        for (place, parts) in places.iter().zip(parts) {
            let field = |part: &usize| FieldType::new("F", places[*part]);
            builder.define(*place, Kind::Struct(parts.iter().map(field).collect()));
        }
        builder.build(places[0])
    }

    /// Asked in any order while types become defined, the answer is right: by a
    /// search that remembers nothing.
    #[test]
    fn answers_are_those_of_a_plain_search() {
        let mut seed = 7_u64;
        let mut random = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        for _ in 0..500 {
            let count = 1 + random(12);
            let parts: Vec<Vec<usize>> = (0..count)
                .map(|_| (0..random(4)).map(|_| random(count)).collect())
                .collect();
            let schema = schema(&parts);
            let mut defined = HashSet::new();
            let mut whole = Whole::default();
            // No type is asked for as often as makes it stick.
            for _ in 0..usize::from(MOST_LOOKS) - 1 {
                defined.insert(random(count) as u32);
                defined.insert(random(count) as u32);
                let root = random(count) as u32;
                let mut seen = HashSet::from([root]);
                let mut todo = vec![root];
                while let Some(place) = todo.pop() {
                    for part in &parts[place as usize] {
                        let part = *part as u32;
                        if defined.contains(&place) && seen.insert(part) {
                            todo.push(part);
                        }
                    }
                }
                let answer = whole.missing(&schema, |place| defined.contains(&place), root);
                match answer {
                    None => assert!(seen.is_subset(&defined), "{parts:?} {defined:?} {root}"),
                    Some(missing) => assert!(
                        seen.contains(&missing) && !defined.contains(&missing),
                        "{parts:?} {defined:?} {root}: {missing}"
                    ),
                }
            }
        }
    }

    #[test]
    fn a_type_that_was_looked_at_too_often_stays_as_it_is() {
        // One struct of twelve, of which one more is defined each time.
        let parts: Vec<Vec<usize>> = (0..13)
            .map(|place| {
                if place == 0 {
                    (1..13).collect()
                } else {
                    Vec::new()
                }
            })
            .collect();
        let schema = schema(&parts);
        let mut whole = Whole::default();
        let answers: Vec<Option<u32>> = (0..13)
            .map(|last| whole.missing(&schema, |place| place <= last, 0))
            .collect();
        let looks = u32::from(MOST_LOOKS);
        let expected = (1..=looks).chain((looks..13).map(|_| looks));
        assert_eq!(answers, expected.map(Some).collect::<Vec<_>>());
    }
}
