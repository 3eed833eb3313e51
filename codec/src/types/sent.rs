//! [`SentTypes`]: the ids that an encoder has given out.

use std::any::TypeId as RustType;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash as _, Hasher};
use std::sync::Arc;

use super::{TypeId, WireField, WireKind, WireType};
use crate::schema::{Defined, Edge, Kind, Name, Schema};
use crate::wire::{int_to_uint, put_uint};

/// The types that one encoder has numbered and sent.
///
/// Ids are given (spec 3.3) and definitions are sent (3.4) in two different orders, both Go's: a
/// struct takes its id before its fields, everything else after its elements
/// (`type.go`, `newTypeObject`); definitions go out from the outside in
/// (`encoder.go`, `sendActualType`).
#[derive(Debug, Default)]
pub(crate) struct SentTypes {
    /// Types in the order in which they took their ids, from 64 up.
    ids: Vec<Key>,
    types: HashMap<Key, Numbered, BuildHasherDefault<KeyHasher>>,
    /// Schemas that were built at run time, kept so that equal ones are known
    /// again.
    dynamic: Vec<Arc<Schema>>,
    /// Their places by their hashes.
    places: HashMap<u64, Vec<u32>>,
    /// The type that the stream began with, while there is no other: what is known
    /// of it stands in its schema, and is taken over once there is another.
    first: Option<(&'static Schema, &'static Defined)>,
}

/// Identity of a type in an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Rust(RustType),
    /// Of a schema that was built at run time, and its place in there.
    Dynamic(u32, u32),
    /// Of an id that no value goes by.
    Spare,
}

#[derive(Debug, Default)]
struct Numbered {
    /// 0 while the parts of the type are being numbered.
    id: i32,
    wire: Option<WireType>,
    sent: bool,
}

/// A type whose parts are being numbered.
#[derive(Debug)]
struct Numbering {
    edge: Edge,
    key: Key,
    /// What stands as its name in its definition.
    name: Name,
    /// Ids of the parts that were met.
    parts: Vec<i32>,
}

/// How far an encoder had come; see [`SentTypes::rollback`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    ids: usize,
    dynamic: usize,
}

/// A Rust type's identity is a hash already.
#[derive(Debug, Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = self.0.rotate_left(5) ^ value;
    }
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }
}

/// Where a schema comes from: decides what makes two of its types the same.
#[derive(Debug, Clone, Copy)]
struct Origin<'a> {
    schema: &'a Schema,
    dynamic: u32,
}

impl<'a> Origin<'a> {
    /// Of the schema of a Rust type.
    const fn fixed(schema: &'a Schema) -> Self {
        Self {
            schema,
            dynamic: u32::MAX,
        }
    }

    fn key(self, edge: Edge) -> Key {
        match self.schema.get(edge).key {
            Some(rust) => Key::Rust(rust),
            None => Key::Dynamic(self.dynamic, edge.node),
        }
    }
}

impl SentTypes {
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            ids: self
                .first
                .map_or(self.ids.len(), |(_, defined)| defined.ids),
            dynamic: self.dynamic.len(),
        }
    }

    /// Forgets all types since `mark`: what was written since was thrown away.
    pub(crate) fn rollback(&mut self, mark: Mark) {
        if self
            .first
            .is_some_and(|(_, defined)| mark.ids < defined.ids)
        {
            self.first = None;
        }
        let kept = mark.ids.min(self.ids.len());
        for key in self.ids.drain(kept..) {
            self.types.remove(&key);
        }
        if self.dynamic.len() > mark.dynamic {
            self.dynamic.truncate(mark.dynamic);
            for places in self.places.values_mut() {
                places.retain(|&place| (place as usize) < mark.dynamic);
            }
            self.places.retain(|_, places| !places.is_empty());
        }
    }

    /// The id of a Rust type, which `root` refers to; definitions that the peer
    /// lacks are appended to `out`.
    pub(crate) fn define_static(
        &mut self,
        schema: &'static Schema,
        root: Edge,
        out: &mut Vec<u8>,
    ) -> TypeId {
        if root == schema.root() {
            if let Some((first, defined)) = self.first
                && std::ptr::eq(first, schema)
            {
                return defined.id;
            }
            if self.first.is_none() && self.ids.is_empty() && self.dynamic.is_empty() {
                let defined = Self::prelude(schema);
                out.extend_from_slice(&defined.bytes);
                self.first = Some((schema, defined));
                return defined.id;
            }
        }
        self.settle_first();
        self.define(Origin::fixed(schema), root, out)
    }

    /// The definitions of a Rust type at the start of a stream.
    pub(crate) fn prelude(schema: &Schema) -> &Defined {
        schema.prelude.get_or_make(|| {
            let (mut types, mut bytes) = (Self::default(), Vec::new());
            let id = types.define(Origin::fixed(schema), schema.root(), &mut bytes);
            Defined {
                bytes: bytes.into(),
                id,
                ids: types.ids.len(),
            }
        })
    }

    /// Takes over what is known of the first type, which was sent.
    fn settle_first(&mut self) {
        if let Some((schema, _)) = self.first.take() {
            self.define(Origin::fixed(schema), schema.root(), &mut Vec::new());
        }
    }

    /// The same for a schema that was built at run time.
    pub(crate) fn define_dynamic(&mut self, schema: &Arc<Schema>, out: &mut Vec<u8>) -> TypeId {
        self.settle_first();
        let place = self.place(schema);
        let schema = Arc::clone(self.dynamic.get(place).unwrap_or(schema));
        let origin = Origin {
            schema: &schema,
            dynamic: u32::try_from(place).unwrap_or(u32::MAX - 1),
        };
        self.define(origin, schema.root(), out)
    }

    /// The place of a schema among those that were built at run time.
    fn place(&mut self, schema: &Arc<Schema>) -> usize {
        let last = self.dynamic.len().wrapping_sub(1);
        if let Some(known) = self.dynamic.get(last)
            && Arc::ptr_eq(known, schema)
        {
            return last;
        }
        let mut hasher = std::hash::DefaultHasher::new();
        schema.hash(&mut hasher);
        let places = self.places.entry(hasher.finish()).or_default();
        for &place in &*places {
            let place = place as usize;
            if let Some(known) = self.dynamic.get(place)
                && (Arc::ptr_eq(known, schema) || known == schema)
            {
                return place;
            }
        }
        places.push(u32::try_from(self.dynamic.len()).unwrap_or(u32::MAX));
        self.dynamic.push(Arc::clone(schema));
        self.dynamic.len() - 1
    }

    fn define(&mut self, origin: Origin<'_>, root: Edge, out: &mut Vec<u8>) -> TypeId {
        // Go takes the name of the base type here, also behind a pointer.
        let name = origin.schema.get(root).name.clone();
        let id = self.number(origin, root, name);
        self.send(origin, root, out);
        TypeId::new(id).unwrap_or(TypeId::INTERFACE)
    }

    /// Gives ids to a type and its parts (`type.go`, `getBaseType` and
    /// `newTypeObject`), and gives its own. `name` is what Go passes down: it
    /// depends on where a type is met first.
    ///
    /// Has a stack of its own, since chains of types may be long.
    fn number(&mut self, origin: Origin<'_>, root: Edge, name: Name) -> i32 {
        let mut stack = Vec::new();
        let mut done = self.meet(origin, root, || name, &mut stack);
        loop {
            let Some(top) = stack.last_mut() else {
                return done.unwrap_or_default();
            };
            let kind = &origin.schema.get(top.edge).kind;
            if let (Some(id), Some(part)) = (done.take(), kind.part(top.parts.len())) {
                // 0 is that of a slice, array or map which the walk is inside of;
                // as the field of a struct it takes its id here.
                top.parts.push(match kind {
                    Kind::Struct(_) => self.settle(origin, part, id),
                    _ => id,
                });
            }
            match kind.part(top.parts.len()) {
                Some(part) => {
                    let name = || part_name(origin.schema, kind, part);
                    done = self.meet(origin, part, name, &mut stack);
                }
                None => {
                    let complete = stack.pop();
                    done = complete.map(|numbering| self.complete(origin, numbering));
                }
            }
        }
    }

    /// The id of a type that is known, if only as one whose parts are being
    /// numbered (0 then unless it is a struct); else puts it on the stack.
    fn meet(
        &mut self,
        origin: Origin<'_>,
        edge: Edge,
        name: impl FnOnce() -> Name,
        stack: &mut Vec<Numbering>,
    ) -> Option<i32> {
        let builtin = match origin.schema.get(edge).kind {
            Kind::Bool => TypeId::BOOL,
            Kind::Int => TypeId::INT,
            Kind::Uint => TypeId::UINT,
            Kind::Float => TypeId::FLOAT,
            Kind::Bytes => TypeId::BYTES,
            Kind::String => TypeId::STRING,
            Kind::Complex => TypeId::COMPLEX,
            Kind::Interface => TypeId::INTERFACE,
            ref kind => {
                let key = origin.key(edge);
                if let Some(numbered) = self.types.get(&key) {
                    return Some(numbered.id);
                }
                self.types.insert(key, Numbered::default());
                if matches!(kind, Kind::Struct(_)) {
                    self.take_id(key);
                }
                stack.push(Numbering {
                    edge,
                    key,
                    name: name(),
                    parts: Vec::new(),
                });
                return None;
            }
        };
        Some(builtin.get())
    }

    /// Gives an id to a type whose parts all have been met, and makes its
    /// definition.
    ///
    /// A part may still be without an id, being the type itself or one that the
    /// walk is inside of. Go leaves 0 there for arrays and maps (`type.go`,
    /// `arrayType.init`) and so sends what it cannot read; we send the id.
    fn complete(&mut self, origin: Origin<'_>, numbering: Numbering) -> i32 {
        let Numbering {
            edge,
            key,
            name,
            parts,
        } = numbering;
        let id = self.take_id(key);
        let mut parts = parts.into_iter();
        let mut settle = |part: Edge| {
            let id = parts.next().unwrap_or_default();
            self.settle(origin, part, id)
        };
        let kind = match &origin.schema.get(edge).kind {
            Kind::Struct(fields) => WireKind::Struct {
                fields: fields
                    .iter()
                    .map(|field| WireField {
                        name: field.name.clone(),
                        id: settle(field.edge),
                    })
                    .collect(),
            },
            Kind::Array(elem, length) => WireKind::Array {
                elem: settle(*elem),
                length: *length,
            },
            Kind::Map(key, elem) => WireKind::Map {
                key: settle(*key),
                elem: settle(*elem),
            },
            Kind::Opaque(opaque) => WireKind::Opaque(*opaque),
            Kind::Slice(elem) => WireKind::Slice {
                elem: settle(*elem),
            },
            // Only composites come here.
            _ => WireKind::Slice { elem: 0 },
        };
        if let Some(numbered) = self.types.get_mut(&key) {
            numbered.wire = Some(WireType {
                name,
                common_id: id,
                kind,
            });
        }
        id
    }

    /// The id of a part that had this one when it was met.
    fn settle(&mut self, origin: Origin<'_>, part: Edge, id: i32) -> i32 {
        if id == 0 {
            self.take_id(origin.key(part))
        } else {
            id
        }
    }

    /// The id of a type, which it takes now if it has none.
    fn take_id(&mut self, key: Key) -> i32 {
        let next = self.next_id();
        match self.types.get_mut(&key) {
            Some(numbered) if numbered.id == 0 => {
                numbered.id = next;
                self.ids.push(key);
                next
            }
            Some(numbered) => numbered.id,
            None => 0,
        }
    }

    fn next_id(&self) -> i32 {
        i32::try_from(self.ids.len())
            .ok()
            .and_then(|count| TypeId::FIRST_USER.get().checked_add(count))
            .unwrap_or(i32::MAX)
    }

    /// Appends the definitions of a type and its parts that were not sent yet.
    fn send(&mut self, origin: Origin<'_>, edge: Edge, out: &mut Vec<u8>) {
        // A stack of its own: chains of types may be long. Parts go on it in
        // reverse, so that they are sent in order, each with all of its own
        // parts.
        let mut todo = vec![edge];
        let mut orphans = Vec::new();
        while let Some(edge) = todo.pop() {
            let ty = origin.schema.get(edge);
            let kind = &ty.kind;
            if orphans.contains(&edge) {
                // Go numbers it here and not before, as nothing refers to it.
                self.number(origin, edge, ty.name.clone());
            }
            let spare = self.next_id();
            let Some(numbered) = self.types.get_mut(&origin.key(edge)) else {
                continue;
            };
            if numbered.sent {
                continue;
            }
            numbered.sent = true;
            let Some(wire) = &mut numbered.wire else {
                continue;
            };
            if edge.pointers > 0 && matches!(kind, Kind::Opaque(_)) {
                // Go numbers the pointer type as well, here and not before, and
                // the definition shows that type, which has no name (`type.go`,
                // `buildTypeInfo`). Values go by the number of the base type.
                wire.name = Name::EMPTY;
                wire.common_id = spare;
                self.ids.push(Key::Spare);
            }
            let mut message = Vec::with_capacity(64);
            put_uint(&mut message, int_to_uint(-i64::from(numbered.id)));
            wire.encode(&mut message);
            put_uint(out, message.len() as u64);
            out.extend_from_slice(&message);
            let parts = todo.len();
            todo.extend((0..).map_while(|index| kind.part(index)));
            // What encodes itself has no parts: its fields are not its value's.
            todo.extend(&ty.beside);
            orphans.extend(&ty.beside);
            if let Some(parts) = todo.get_mut(parts..) {
                parts.reverse();
            }
        }
    }
}

/// The name that Go passes down to a part of a type of this kind.
fn part_name(schema: &Schema, kind: &Kind, part: Edge) -> Name {
    let node = schema.get(part);
    if node.key.is_none() {
        // Of a type that was built at run time the name is known: perhaps as a
        // peer sent it.
        return node.name.clone();
    }
    match kind {
        Kind::Struct(_) if node.name.is_empty() => {
            let base = Edge {
                pointers: 0,
                ..part
            };
            schema.go_string(base).into()
        }
        Kind::Struct(_) => node.name.clone(),
        // Slices hand the name of their element down, and that of a pointer is
        // empty. Arrays and maps hand nothing down.
        Kind::Slice(_) if part.pointers == 0 => node.name.clone(),
        _ => Name::EMPTY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::schema::SchemaBuilder;
    use crate::types::TypeTable;

    /// A hundred thousand types in a chain, a cycle of slices, and all that on a
    /// small stack.
    #[test]
    fn chains_of_types_do_not_recurse() {
        let work = || {
            let mut builder = SchemaBuilder::new();
            let end = builder.declare("", "");
            let mut chain = end;
            for _ in 0..100_000 {
                chain = builder.slice_of(chain);
            }
            builder.define(end, Kind::Slice(chain));
            let schema = Arc::new(builder.build(chain));
            let mut types = SentTypes::default();
            let mut out = Vec::new();
            let id = types.define_dynamic(&schema, &mut out);
            // The outermost is numbered last but for the end, which is met in the
            // middle of itself.
            (id.get(), types.ids.len())
        };
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        let (id, count) = thread.spawn(work).unwrap().join().unwrap();
        assert_eq!(count, 100_001);
        assert!((64..64 + 100_001).contains(&id));
    }

    /// Unnamed structs that refer to the next one twice: as text they would be
    /// larger than any memory.
    #[test]
    fn towers_of_unnamed_types_stay_small() {
        let mut builder = SchemaBuilder::new();
        let mut top = builder.int();
        for _ in 0..60 {
            let map = builder.map_of(top, top);
            top = builder.struct_of("", "", [("A", map), ("B", top)]);
        }
        let schema = Arc::new(builder.build(top));
        assert!(schema.to_string().len() < 20 << 10);
        let mut out = Vec::new();
        let mut types = SentTypes::default();
        types.define_dynamic(&schema, &mut out);
        // And what was sent is whole: each message is a definition.
        let (mut table, mut rest, limits) = (TypeTable::default(), &out[..], Limits::trusted());
        while let Ok(Some((prefix, length))) = crate::message::find(rest, limits.message_bytes) {
            let mut message = &rest[prefix..prefix + length];
            let id = crate::wire::read_uint(&mut message).unwrap().unwrap();
            let id = -((id >> 1) as i64 ^ -((id & 1) as i64));
            table.define(id, &mut message, &limits).unwrap();
            assert!(message.is_empty());
            rest = &rest[prefix + length..];
        }
        assert_eq!(table.len(), 120);
    }
}
