//! [`Graph`]: the types of a stream, and which of them hold themselves.

use std::collections::HashMap;

use gobrpc_codec::inspect::{Definition, DefinitionKind};

/// All definitions of a stream, in its order.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) definitions: Vec<Definition>,
    /// Places in `definitions` by id.
    places: HashMap<i32, usize>,
}

/// A type by its number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node<'a> {
    /// One that the stream defines, and its place.
    Defined(usize, &'a Definition),
    /// One that every stream has.
    Predefined(&'static str),
    /// Neither.
    Unknown,
}

impl Graph {
    pub(crate) fn new(definitions: Vec<Definition>) -> Self {
        let ids = definitions.iter().map(|definition| definition.id.get());
        let places = ids.enumerate().map(|(place, id)| (id, place)).collect();
        Self {
            definitions,
            places,
        }
    }

    pub(crate) fn place(&self, id: i32) -> Option<usize> {
        self.places.get(&id).copied()
    }

    pub(crate) fn node(&self, id: i32) -> Node<'_> {
        let place = self.place(id);
        match place.and_then(|place| Some((place, self.definitions.get(place)?))) {
            Some((place, definition)) => Node::Defined(place, definition),
            None => match id {
                1 => Node::Predefined("bool"),
                2 => Node::Predefined("int"),
                3 => Node::Predefined("uint"),
                4 => Node::Predefined("float64"),
                5 => Node::Predefined("[]byte"),
                6 => Node::Predefined("string"),
                7 => Node::Predefined("complex128"),
                8 => Node::Predefined("any"),
                _ => Node::Unknown,
            },
        }
    }

    /// The types that a type is made of.
    pub(crate) fn parts(definition: &Definition) -> Vec<i32> {
        match &definition.kind {
            DefinitionKind::Struct { fields } => fields.iter().map(|field| field.id).collect(),
            DefinitionKind::Slice { elem } | DefinitionKind::Array { elem, .. } => vec![*elem],
            DefinitionKind::Map { key, elem } => vec![*key, *elem],
            DefinitionKind::Opaque(_) => Vec::new(),
        }
    }

    /// For each type the number of its circle: types are in the same one if each
    /// leads to the other. None if a type does not lead to itself.
    ///
    /// `edges` says where a type leads to. Tarjan's way, with a stack of its own.
    pub(crate) fn circles(&self, edges: impl Fn(&Definition) -> Vec<i32>) -> Vec<Option<usize>> {
        let edges: Vec<Vec<usize>> = self
            .definitions
            .iter()
            .map(|definition| {
                let ids = edges(definition);
                ids.into_iter().filter_map(|id| self.place(id)).collect()
            })
            .collect();
        let mut search = Search {
            order: vec![None; edges.len()],
            lowest: vec![0; edges.len()],
            on_stack: vec![false; edges.len()],
            stack: Vec::new(),
            circles: vec![None; edges.len()],
            next: 0,
        };
        for root in 0..edges.len() {
            search.from(root, &edges);
        }
        search.circles
    }
}

/// Tarjan's search for strongly connected components.
struct Search {
    order: Vec<Option<usize>>,
    lowest: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    circles: Vec<Option<usize>>,
    next: usize,
}

impl Search {
    fn enter(&mut self, node: usize) {
        set(&mut self.order, node, Some(self.next));
        set(&mut self.lowest, node, self.next);
        set(&mut self.on_stack, node, true);
        self.stack.push(node);
        self.next += 1;
    }

    fn lower(&mut self, node: usize, to: usize) {
        let lowest = get(&self.lowest, node).min(to);
        set(&mut self.lowest, node, lowest);
    }

    fn from(&mut self, root: usize, edges: &[Vec<usize>]) {
        if get(&self.order, root).is_some() {
            return;
        }
        let mut path = vec![(root, 0)];
        self.enter(root);
        while let Some((node, tried)) = path.last_mut() {
            let node = *node;
            let target = edges.get(node).and_then(|list| list.get(*tried)).copied();
            *tried += 1;
            match target.map(|target| (target, get(&self.order, target))) {
                Some((target, None)) => {
                    self.enter(target);
                    path.push((target, 0));
                }
                Some((target, Some(order))) => {
                    if get(&self.on_stack, target) {
                        self.lower(node, order);
                    }
                }
                None => {
                    path.pop();
                    if let Some((parent, _)) = path.last() {
                        let lowest = get(&self.lowest, node);
                        self.lower(*parent, lowest);
                    }
                    self.leave(node, edges);
                }
            }
        }
    }

    /// Takes the circle that began with a node off the stack.
    fn leave(&mut self, node: usize, edges: &[Vec<usize>]) {
        if get(&self.order, node) != Some(get(&self.lowest, node)) {
            return;
        }
        let start = self.stack.iter().rposition(|&member| member == node);
        let members = self.stack.split_off(start.unwrap_or_default());
        let alone = members.len() == 1;
        let to_itself = edges.get(node).is_some_and(|list| list.contains(&node));
        for member in members {
            set(&mut self.on_stack, member, false);
            if !alone || to_itself {
                set(&mut self.circles, member, Some(node));
            }
        }
    }
}

fn get<T: Copy + Default>(list: &[T], index: usize) -> T {
    list.get(index).copied().unwrap_or_default()
}

fn set<T>(list: &mut [T], index: usize, value: T) {
    if let Some(slot) = list.get_mut(index) {
        *slot = value;
    }
}
