//! [`Sparse`]: types whose ids are far apart.

use std::collections::HashMap;
use std::sync::Arc;

use super::WireType;
use crate::steps::steps;

/// Types by ids that no honest stream uses, so that a lookup may take a while but
/// no stream can make a copy of the table dear.
///
/// Runs of about doubling lengths, largest first, as in a log-structured merge
/// tree: a copy shares them, and each type is moved as often as the number of
/// types has binary digits.
#[derive(Debug, Clone, Default)]
pub(super) struct Sparse {
    runs: Vec<Arc<HashMap<i32, Arc<WireType>>>>,
}

impl Sparse {
    pub(super) fn get(&self, id: i32) -> Option<&WireType> {
        let mut found = self.runs.iter().filter_map(|run| run.get(&id));
        found.next().map(Arc::as_ref)
    }

    pub(super) fn insert(&mut self, id: i32, wire: Arc<WireType>) {
        let mut run = HashMap::from([(id, wire)]);
        while let Some(last) = self.runs.pop() {
            if last.len() > run.len() {
                self.runs.push(last);
                break;
            }
            let smaller = std::mem::replace(
                &mut run,
                Arc::try_unwrap(last).unwrap_or_else(|shared| (*shared).clone()),
            );
            steps(smaller.len());
            run.extend(smaller);
        }
        self.runs.push(Arc::new(run));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Name;
    use crate::types::WireKind;

    #[test]
    fn copies_keep_what_they_have() {
        let mut types = Sparse::default();
        let mut copies = Vec::new();
        for id in 0..300 {
            copies.push(types.clone());
            let wire = WireType {
                name: Name::default(),
                common_id: id,
                kind: WireKind::Slice { elem: 2 },
            };
            types.insert(id, Arc::new(wire));
        }
        assert!(types.runs.len() < 10);
        for (count, copy) in copies.iter().enumerate() {
            for id in 0..300 {
                let found = copy.get(id).map(|wire| wire.common_id);
                assert_eq!(found, (id < count as i32).then_some(id));
            }
        }
    }
}
