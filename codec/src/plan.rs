//! Layer 4: how a wire type maps onto a local one (spec 7), compiled once.
//!
//! A [`Plan`] is a graph of [`Node`]s, one for each pair of a wire type and a
//! local type that meet in a value. Compiling it compares the types (`decode.go`,
//! `compatibleType`), so decoding compares nothing any more, and finds local
//! fields by index. What the local type lacks has no nodes: it is skipped by its
//! wire type, so that a plan is never larger than what the program asks for.

use std::collections::{BTreeMap, HashMap};

use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Kind, Opaque, Schema};
use crate::steps::steps;
use crate::types::{TypeId, TypeTable, WireField, WireKind};

/// A node of the plan by which a value is decoded; see
/// [`Decode::decode`](crate::Decode::decode).
///
/// # Examples
///
/// A type hands the plan on to what it decodes by; it stands for the wire type of the
/// value, and none is made by hand:
///
/// ```
/// use gobrpc_codec::{Decode, Edge, Gob, NodeId, Reader, Result, SchemaBuilder};
/// use gobrpc_codec::{from_slice, to_vec};
///
/// /// A list whose order does not matter.
/// #[derive(Debug, PartialEq)]
/// struct Sorted(Vec<i64>);
///
/// impl Gob for Sorted {
///     type Static = Self;
///     fn describe(schema: &mut SchemaBuilder) -> Edge {
///         schema.newtype::<Self, Vec<i64>>("Sorted", "main")
///     }
/// }
///
/// impl<'de> Decode<'de> for Sorted {
///     fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
///         let mut items = Vec::decode(reader, plan)?;
///         items.sort_unstable();
///         Ok(Self(items))
///     }
///     fn zero() -> Result<Self> {
///         Ok(Self(Vec::new()))
///     }
/// }
///
/// assert_eq!(from_slice::<Sorted>(&to_vec(&vec![3_i64, 1, 2])?)?, Sorted(vec![1, 2, 3]));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId(u32);

impl NodeId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    fn new(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// A field that the local type lacks.
pub(crate) const SKIP: u16 = u16::MAX;

/// A field of the wire type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Index of the local field, or [`SKIP`].
    pub(crate) local: u16,
    /// Plan of its value, unless it is skipped.
    pub(crate) node: NodeId,
    pub(crate) wire: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A value without parts: a scalar, bytes, an interface.
    Leaf,
    Struct(Box<[Field]>),
    Slice(NodeId),
    Array(NodeId),
    Map(NodeId, NodeId),
}

/// How values of one wire type become values of one local type.
#[derive(Debug)]
pub(crate) struct Plan {
    nodes: Vec<Node>,
    /// Wire types, by node.
    wires: Vec<i32>,
    /// A value starts with the 0 that stands before one that is no struct.
    singleton: bool,
}

impl Plan {
    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    /// The wire type of a node's values.
    pub(crate) fn wire(&self, id: NodeId) -> Option<i32> {
        self.wires.get(id.index()).copied()
    }

    pub(crate) fn root(&self) -> NodeId {
        NodeId(0)
    }

    pub(crate) fn is_singleton(&self) -> bool {
        self.singleton
    }

    /// Compiles the plan by which values of `wire` become values of `local`, if
    /// it owns no more bytes than there is room. What it owns is taken from `room`,
    /// also if it comes to nothing: a peer could ask for that again and again.
    pub(crate) fn compile(
        types: &TypeTable,
        wire: TypeId,
        local: &Schema,
        room: &mut usize,
    ) -> Result<Self> {
        if local.is_endless() {
            return Err(Error::misuse(format!(
                "{local} contains itself and so has no zero: put an Option around the pointer"
            )));
        }
        let mut compiler = Compiler {
            types,
            local,
            places: Vec::with_capacity(ROOM),
            known: BTreeMap::new(),
        };
        compiler.node_of(wire.get(), local.root(), None);
        let mut nodes = Vec::with_capacity(ROOM);
        let (mut fields, most) = (0, *room);
        while let Some(place) = compiler.places.get(nodes.len()).copied() {
            steps(1);
            let node = compiler
                .node(place, NodeId::new(nodes.len()))
                .map_err(|error| compiler.locate(error, place))?;
            fields += node.fields();
            let Some(left) = most.checked_sub(weight(compiler.places.len(), fields)) else {
                return Err(Error::limit(
                    "size of the plans that map the types of a stream",
                    most,
                    "type_bytes",
                ));
            };
            *room = left;
            nodes.push(node);
        }
        Ok(Self {
            singleton: !matches!(nodes.first(), Some(Node::Struct(_))),
            nodes,
            wires: compiler.places.iter().map(|place| place.wire).collect(),
        })
    }
}

impl Node {
    fn fields(&self) -> usize {
        match self {
            Self::Struct(fields) => fields.len(),
            _ => 0,
        }
    }
}

fn weight(nodes: usize, fields: usize) -> usize {
    nodes * (size_of::<Node>() + size_of::<i32>()) + fields * size_of::<Field>()
}

/// Where a node stands: its types, and the node and the local field that it was
/// first reached from.
#[derive(Clone, Copy)]
struct Place {
    wire: i32,
    local: Edge,
    from: Option<(NodeId, Option<usize>)>,
}

/// Nodes that there is room for at first: those of most plans.
const ROOM: usize = 16;

/// Finds local fields by their names.
struct Names<'a> {
    fields: &'a [FieldType],
    /// The field that comes next if both ends have the same ones, as they mostly do.
    next: usize,
    /// Of many fields; made once a field is not the next.
    places: Option<HashMap<&'a [u8], usize>>,
}

/// So many are looked through as fast as they are hashed.
const FEW: usize = 16;

impl<'a> Names<'a> {
    fn new(fields: &'a [FieldType]) -> Self {
        Self {
            fields,
            next: 0,
            places: None,
        }
    }

    fn find(&mut self, name: &[u8]) -> Option<usize> {
        let is = |field: &FieldType| field.name.as_bytes() == name;
        let fields = self.fields;
        let found = if fields.get(self.next).is_some_and(is) {
            Some(self.next)
        } else if fields.len() <= FEW {
            fields.iter().position(is)
        } else {
            let all = || fields.iter().enumerate();
            self.places
                .get_or_insert_with(|| {
                    all()
                        .map(|(index, field)| (field.name.as_bytes(), index))
                        .collect()
                })
                .get(name)
                .copied()
        };
        self.next = found.map_or(self.next, |index| index + 1);
        found
    }
}

struct Compiler<'a> {
    types: &'a TypeTable,
    local: &'a Schema,
    /// Nodes in the order in which they were asked for, which is the order in
    /// which they are made: no recursion, since chains of types may be long.
    places: Vec<Place>,
    /// By wire type and local node: a tree, as most plans are small, and as a peer
    /// chooses the numbers of wire types.
    known: BTreeMap<(i32, u32), NodeId>,
}

impl Compiler<'_> {
    fn node_of(&mut self, wire: i32, local: Edge, from: Option<(NodeId, Option<usize>)>) -> NodeId {
        let next = NodeId::new(self.places.len());
        let node = *self.known.entry((wire, local.node)).or_insert(next);
        if node == next {
            self.places.push(Place { wire, local, from });
        }
        node
    }

    fn node(&mut self, place: Place, id: NodeId) -> Result<Node> {
        let Place { wire, local, .. } = place;
        let types = self.types;
        let schema = self.local;
        let want = &schema.get(local).kind;
        let from = Some((id, None));
        let Some(definition) = types.get(wire) else {
            let sent = crate::types::builtin_kind(wire)?;
            return if *want == sent {
                Ok(Node::Leaf)
            } else {
                Err(self.mismatch(place))
            };
        };
        Ok(match (&definition.kind, want) {
            (WireKind::Struct { fields }, Kind::Struct(_)) => self.structure(place, id, fields)?,
            (WireKind::Slice { elem }, Kind::Slice(local)) => {
                Node::Slice(self.node_of(*elem, *local, from))
            }
            (WireKind::Array { elem, length }, Kind::Array(local, want)) => {
                if length != want {
                    return Err(Error::mismatch(format!(
                        "an array of {length} does not fit one of {want}"
                    )));
                }
                Node::Array(self.node_of(*elem, *local, from))
            }
            (WireKind::Map { key, elem }, Kind::Map(local_key, local_elem)) => Node::Map(
                self.node_of(*key, *local_key, from),
                self.node_of(*elem, *local_elem, from),
            ),
            (WireKind::Opaque(sent), Kind::Opaque(want)) if sent == want => Node::Leaf,
            _ => return Err(self.mismatch(place)),
        })
    }

    fn structure(&mut self, place: Place, id: NodeId, sent: &[WireField]) -> Result<Node> {
        let local = self.local;
        let Kind::Struct(wanted) = &local.get(place.local).kind else {
            return Err(self.mismatch(place));
        };
        if wanted.len() > usize::from(SKIP) {
            return Err(Error::misuse(format!(
                "a struct of {} fields; 65,535 are the most",
                wanted.len()
            )));
        }
        let mut names = Names::new(wanted);
        let mut found = vec![false; wanted.len()];
        let mut fields = Vec::with_capacity(sent.len());
        for field in sent {
            steps(1);
            let index = names.find(field.name.as_bytes());
            let target = index.and_then(|index| {
                let number = u16::try_from(index).ok()?;
                Some((index, number, wanted.get(index)?, found.get_mut(index)?))
            });
            fields.push(match target {
                Some((index, number, target, found)) => {
                    *found = true;
                    Field {
                        local: number,
                        node: self.node_of(field.id, target.edge, Some((id, Some(index)))),
                        wire: field.id,
                    }
                }
                None => Field {
                    local: SKIP,
                    node: NodeId(u32::MAX),
                    wire: field.id,
                },
            });
        }
        if let Some(missing) = wanted
            .iter()
            .zip(&found)
            .find_map(|(field, found)| (field.required && !found).then_some(field))
        {
            return Err(
                Error::mismatch("the remote type lacks this field, which is required")
                    .in_field(missing.name.to_string()),
            );
        }
        // Go asks this at the top only (`decode.go`, `compileDec`).
        if place.from.is_none() && !wanted.is_empty() && !sent.is_empty() && !found.contains(&true)
        {
            return Err(Error::mismatch(format!(
                "the remote type {} has no field of {}; it has {}",
                self.wire_name(place.wire),
                local,
                sent.iter()
                    .take(8)
                    .map(|field| field.name.escape_debug().to_string())
                    .collect::<Vec<_>>()
                    .join(", "),
            )));
        }
        Ok(Node::Struct(fields.into_boxed_slice()))
    }

    /// Puts the names of the fields that lead to the fault before the error.
    #[cold]
    fn locate(&self, mut error: Error, place: Place) -> Error {
        /// More would not be read by anyone: a chain of types may be long.
        const LONGEST: usize = 32;
        let mut from = place.from;
        for _ in 0..LONGEST {
            let Some((node, field)) = from else {
                break;
            };
            let Some(parent) = self.places.get(node.index()) else {
                break;
            };
            if let (Some(index), Kind::Struct(fields)) = (field, &self.local.get(parent.local).kind)
            {
                if let Some(field) = fields.get(index) {
                    error = error.in_field(field.name.to_string());
                }
            }
            from = parent.from;
        }
        error.in_root(self.local.root_type().name().to_owned())
    }

    fn wire_name(&self, wire: i32) -> String {
        let Some(definition) = self.types.get(wire) else {
            return match crate::types::builtin_kind(wire) {
                Ok(kind) => kind.word().to_owned(),
                Err(_) => format!("type {wire}"),
            };
        };
        let kind = match &definition.kind {
            WireKind::Array { .. } => "array",
            WireKind::Slice { .. } => "slice",
            WireKind::Struct { .. } => "struct",
            WireKind::Map { .. } => "map",
            WireKind::Opaque(Opaque::Gob) => "GobEncoder",
            WireKind::Opaque(Opaque::Binary) => "BinaryMarshaler",
            WireKind::Opaque(Opaque::Text) => "TextMarshaler",
        };
        if definition.name.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind} {}", definition.name.escape_debug())
        }
    }

    #[cold]
    fn mismatch(&self, place: Place) -> Error {
        Error::mismatch(format!(
            "{} does not fit {} ({})",
            self.wire_name(place.wire),
            self.local.go_string(place.local),
            self.local.get(place.local).kind.word()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decoder, Gob, to_vec};

    #[derive(Gob)]
    struct One {
        a: i64,
    }

    #[derive(Gob)]
    struct Four {
        a: i64,
        b: i64,
        c: i64,
        d: i64,
    }

    /// What the plan of a type owns, and that it is not made in less room.
    #[track_caller]
    fn weight_of<T: Gob + crate::Encode>(value: &T) -> usize {
        const ROOM: usize = 1 << 20;
        let mut decoder = Decoder::new();
        decoder.feed(&to_vec(value).unwrap());
        let id = decoder.peek_type().unwrap().unwrap();
        let compile = |room: &mut usize| Plan::compile(decoder.types(), id, T::schema(), room);
        let mut room = ROOM;
        let plan = compile(&mut room).unwrap();
        let weight = ROOM - room;
        assert_eq!(plan.nodes.len(), plan.wires.len());
        let (mut most, mut less) = (weight, weight - 1);
        compile(&mut most).unwrap();
        assert_eq!(most, 0);
        let error = compile(&mut less).unwrap_err();
        assert!(error.to_string().contains("Limits::type_bytes"), "{error}");
        weight
    }

    #[test]
    fn plans_are_charged_for_their_nodes_and_fields() {
        let node = size_of::<Node>() + size_of::<i32>();
        let field = size_of::<Field>();
        assert_eq!(weight_of(&1_i64), node);
        assert_eq!(weight_of(&vec![1_i64]), 2 * node);
        assert_eq!(weight_of(&vec![vec![vec![1_i64]]]), 4 * node);
        // One node for all fields of one type.
        assert_eq!(weight_of(&One { a: 1 }), 2 * node + field);
        let (a, b, c, d) = (1, 2, 3, 4);
        assert_eq!(weight_of(&Four { a, b, c, d }), 2 * node + 4 * field);
    }
}
