//! [`Holding`]: which types' values may hold interfaces.

use std::collections::BTreeMap;

use crate::schema::Kind;
use crate::steps::steps;
use crate::types::{TypeTable, builtin_kind};

/// Whether values of a type may hold interface values, for each type that was
/// asked for and each that these lead to.
///
/// Each type is looked at once in the life of a stream, however many lead to it:
/// the search is Tarjan's for strongly connected components ("Depth-first search
/// and linear graph algorithms", 1972), which settles all types that it has met.
#[derive(Debug, Default)]
pub(super) struct Holding {
    ///
    /// Trees, as most streams have few types, and as a peer chooses their numbers.
    known: BTreeMap<i32, bool>,
    /// Types that were looked at, for the test that counts them.
    #[cfg(test)]
    looked_at: usize,
}

/// A type that the search is inside of.
struct Frame {
    id: i32,
    /// The part that comes next.
    next: usize,
    /// Place among the open types, and the lowest place that it leads to.
    place: usize,
    lowest: usize,
}

impl Holding {
    /// True also for a type that leads to one which is not defined yet: walking
    /// over its values first is right in any case. So an answer holds for good.
    pub(super) fn may_hold(&mut self, types: &TypeTable, root: i32) -> bool {
        if let Some(answer) = self.settled(types, root) {
            return answer;
        }
        // Types that were met and not settled, each of which leads to one that the
        // search is inside of.
        let mut open: Vec<i32> = Vec::new();
        let mut places: BTreeMap<i32, usize> = BTreeMap::new();
        let mut frames: Vec<Frame> = Vec::new();
        let meet = |frames: &mut Vec<Frame>, open: &mut Vec<i32>, id: i32| {
            let place = open.len();
            open.push(id);
            frames.push(Frame {
                id,
                next: 0,
                place,
                lowest: place,
            });
            place
        };
        places.insert(root, meet(&mut frames, &mut open, root));
        while let Some(frame) = frames.last_mut() {
            let wire = types.get(frame.id);
            let part = wire.and_then(|wire| wire.kind.part(frame.next));
            frame.next += 1;
            steps(1);
            let Some(part) = part else {
                let (id, place, lowest) = (frame.id, frame.place, frame.lowest);
                frames.pop();
                if lowest == place {
                    // It and all that opened since lead to each other, and to
                    // nothing that holds an interface.
                    for id in open.drain(place..) {
                        places.remove(&id);
                        self.known.insert(id, false);
                    }
                } else if let Some(outer) = frames.last_mut() {
                    outer.lowest = outer.lowest.min(lowest);
                }
                self.count(id);
                continue;
            };
            match self.settled(types, part) {
                Some(false) => {}
                Some(true) => {
                    // All that are open lead to here.
                    self.known.extend(open.into_iter().map(|id| (id, true)));
                    return true;
                }
                None => match places.get(&part) {
                    Some(&place) => frame.lowest = frame.lowest.min(place),
                    None => {
                        places.insert(part, meet(&mut frames, &mut open, part));
                    }
                },
            }
        }
        false
    }

    /// The answer for a type that is not to be searched.
    fn settled(&self, types: &TypeTable, id: i32) -> Option<bool> {
        if let Some(answer) = self.known.get(&id) {
            return Some(*answer);
        }
        if types.get(id).is_some() {
            return None;
        }
        Some(!matches!(builtin_kind(id), Ok(kind) if kind != Kind::Interface))
    }

    #[cfg(test)]
    fn count(&mut self, _id: i32) {
        self.looked_at += 1;
    }

    #[cfg(not(test))]
    fn count(&self, _id: i32) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::schema::Name;
    use crate::types::{WireField, WireKind, WireType};

    /// Types by their parts: a slice of one, a struct of any other number.
    fn table(parts: &[&[i32]]) -> TypeTable {
        let mut table = TypeTable::default();
        for (id, parts) in (64..).zip(parts) {
            let kind = match **parts {
                [elem] => WireKind::Slice { elem },
                _ => WireKind::Struct {
                    fields: parts
                        .iter()
                        .map(|&id| WireField {
                            name: "F".into(),
                            id,
                        })
                        .collect(),
                },
            };
            let wire = WireType {
                name: Name::default(),
                common_id: id,
                kind,
            };
            let mut bytes = Vec::new();
            wire.encode(&mut bytes);
            let mut rest = &bytes[..];
            let defined = table.define(i64::from(id), &mut rest, &Limits::trusted());
            assert!(defined.is_ok() && rest.is_empty());
        }
        table
    }

    fn answers(parts: &[&[i32]], order: impl Iterator<Item = i32>) -> Vec<(i32, bool)> {
        let (table, mut holding) = (table(parts), Holding::default());
        let mut answers: Vec<_> = order.map(|id| (id, holding.may_hold(&table, id))).collect();
        answers.sort_unstable();
        answers
    }

    /// In whatever order it is asked, the answers are those of a search from each
    /// type by itself.
    #[test]
    fn answers_do_not_depend_on_the_order() {
        let graphs: [&[&[i32]]; 5] = [
            &[&[2], &[8], &[64, 65], &[64, 2], &[]],
            // Cycles: one of its own, one of three that leads to an interface, and
            // one that only leads there.
            &[&[64], &[66, 2], &[67], &[65, 8], &[69, 2, 65], &[68]],
            &[&[65], &[66], &[64, 3, 67], &[67]],
            // 99 is not defined.
            &[&[65, 2], &[66], &[99]],
            &[&[16], &[18, 22], &[24, 8]],
        ];
        for parts in graphs {
            let count = parts.len() as i32;
            let alone: Vec<_> = (64..64 + count)
                .flat_map(|id| answers(parts, std::iter::once(id)))
                .collect();
            assert_eq!(answers(parts, 64..64 + count), alone, "{parts:?}");
            assert_eq!(answers(parts, (64..64 + count).rev()), alone, "{parts:?}");
            let middle_first = (64..64 + count).map(|id| 64 + (id - 64 + count / 2) % count);
            assert_eq!(answers(parts, middle_first), alone, "{parts:?}");
        }
    }

    /// A thousand types that all lead to the same thousand: each is looked at once.
    #[test]
    fn a_type_is_looked_at_once() {
        let chain: Vec<Vec<i32>> = (0..1000).map(|n| vec![65 + n % 999, 2]).collect();
        let roots = (0..1000).map(|_| vec![64]);
        let parts: Vec<Vec<i32>> = chain.into_iter().chain(roots).collect();
        let parts: Vec<&[i32]> = parts.iter().map(Vec::as_slice).collect();
        let (table, mut holding) = (table(&parts), Holding::default());
        for id in (64..2064).rev() {
            assert!(!holding.may_hold(&table, id));
        }
        assert_eq!(holding.looked_at, 2000);
    }
}
