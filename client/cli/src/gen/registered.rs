//! [`Registered`]: the names by which values in interfaces travel.

use std::collections::HashSet;

use crate::go_type;

/// The names of concrete types that stand before values in interfaces, and the types
/// of those values, in the order of the stream. Those that Go registers by itself are
/// left out.
#[derive(Debug, Default)]
pub(super) struct Registered {
    /// The name that was read last.
    name: Option<Vec<u8>>,
    known: HashSet<Vec<u8>>,
    pub(super) types: Vec<(Vec<u8>, i32)>,
}

impl Registered {
    /// Most names that are kept: a program registers a few, and a stranger's stream
    /// may hold any number.
    const MOST: usize = 4096;

    pub(super) fn name(&mut self, name: &[u8]) {
        let basic = std::str::from_utf8(name).is_ok_and(go_type::is_basic);
        let wanted = !basic && self.types.len() < Self::MOST && !self.known.contains(name);
        self.name = wanted.then(|| name.to_owned());
    }

    /// The type of the value behind the name.
    pub(super) fn of(&mut self, id: i32) {
        if let Some(name) = self.name.take() {
            self.known.insert(name.clone());
            self.types.push((name, id));
        }
    }
}
