//! Building a [`Schema`].

use std::any::TypeId;
use std::collections::HashMap;

use super::{Edge, FieldType, Kind, Opaque, Prelude, Schema, Type};
use crate::Gob;

/// Collects the types of a [`Schema`].
///
/// Methods with a type parameter `K` describe a Rust type, once however often it
/// is met; the others build types at run time:
///
/// ```
/// use gobrpc_codec::SchemaBuilder;
///
/// let mut builder = SchemaBuilder::new();
/// let text = builder.string();
/// let list = builder.slice_of(text);
/// let args = builder.struct_of("Args", "main", [("Words", list)]);
/// assert_eq!(builder.build(args).to_string(), "main.Args");
/// ```
#[derive(Debug, Default)]
pub struct SchemaBuilder {
    nodes: Vec<Type>,
    known: HashMap<TypeId, Edge>,
}

/// Collects the fields of a struct; see [`SchemaBuilder::structure`].
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Edge, Gob, Kind, SchemaBuilder};
///
/// /// Travels as Go's `type Range struct { From, To uint64 }`.
/// struct Range(std::ops::Range<u64>);
///
/// impl Gob for Range {
///     type Static = Self;
///     fn describe(schema: &mut SchemaBuilder) -> Edge {
///         schema.structure::<Self>("Range", "main", |fields| {
///             fields.field::<u64>("From").field::<u64>("To");
///         })
///     }
/// }
///
/// let Kind::Struct(fields) = Range::schema().root_type().kind() else { panic!("no struct") };
/// assert_eq!(fields[1].name(), "To");
/// ```
#[derive(Debug)]
pub struct StructBuilder<'a> {
    schema: &'a mut SchemaBuilder,
    fields: Vec<FieldType>,
}

impl StructBuilder<'_> {
    /// Adds a field of type `T`.
    pub fn field<T: Gob + ?Sized>(&mut self, name: &str) -> &mut Self {
        self.add::<T>(name, false)
    }

    /// Adds a field that the remote type must have.
    pub fn required_field<T: Gob + ?Sized>(&mut self, name: &str) -> &mut Self {
        self.add::<T>(name, true)
    }

    fn add<T: Gob + ?Sized>(&mut self, name: &str, required: bool) -> &mut Self {
        let edge = T::describe(self.schema);
        self.fields.push(FieldType {
            name: name.into(),
            edge,
            required,
        });
        self
    }
}

impl Edge {
    /// A pointer to what this refers to.
    #[must_use]
    pub const fn pointer(self) -> Self {
        Self {
            node: self.node,
            pointers: self.pointers.saturating_add(1),
            nullable: self.nullable,
        }
    }
}

impl Edge {
    /// The same reference, to a value that may be absent.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
}

impl SchemaBuilder {
    /// A builder without types.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The schema of the type that `root` refers to.
    #[must_use]
    pub fn build(self, root: Edge) -> Schema {
        Schema {
            prelude: Prelude::default(),
            nodes: self.nodes.into_iter().collect(),
            root,
        }
    }

    fn push(&mut self, key: Option<TypeId>, kind: Kind, name: &str, package: &str) -> Edge {
        let node = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Type {
            key,
            kind,
            name: name.into(),
            package: package.to_owned(),
            beside: Vec::new(),
        });
        let edge = Edge::to(node);
        if let Some(key) = key {
            self.known.insert(key, edge);
        }
        edge
    }

    fn known<K: 'static>(&self) -> Option<Edge> {
        self.known.get(&TypeId::of::<K>()).copied()
    }

    /// Reserves the place of a type, so that its parts may refer to it.
    fn begin<K: 'static>(&mut self, name: &str, package: &str) -> Edge {
        let edge = self.push(Some(TypeId::of::<K>()), Kind::Interface, name, package);
        // A kind that no wire type has, as lengths are signed: what a newtype of
        // nothing but itself is left with (`struct N(Option<Box<N>>)`).
        self.finish(edge, Kind::Array(edge, usize::MAX))
    }

    fn finish(&mut self, edge: Edge, kind: Kind) -> Edge {
        if let Some(node) = self.nodes.get_mut(edge.node as usize) {
            node.kind = kind;
        }
        edge
    }

    /// A scalar type `K` that Go calls `name`.
    pub fn scalar<K: 'static>(&mut self, kind: Kind, name: &str) -> Edge {
        match self.known::<K>() {
            Some(edge) => edge,
            None => self.push(Some(TypeId::of::<K>()), kind, name, ""),
        }
    }

    /// The slice `K` of `T`; bytes if `T` is a byte.
    pub fn slice<K: 'static, T: Gob + ?Sized>(&mut self) -> Edge {
        if let Some(edge) = self.known::<K>() {
            return edge;
        }
        if T::BYTE {
            return self.scalar::<K>(Kind::Bytes, "");
        }
        let edge = self.begin::<K>("", "");
        let elem = T::describe(self);
        self.finish(edge, Kind::Slice(elem))
    }

    /// The array `K` of `length` times `T`.
    pub fn array<K: 'static, T: Gob + ?Sized>(&mut self, length: usize) -> Edge {
        if let Some(edge) = self.known::<K>() {
            return edge;
        }
        let edge = self.begin::<K>("", "");
        let elem = T::describe(self);
        self.finish(edge, Kind::Array(elem, length))
    }

    /// The map `K` from `M` to `T`.
    pub fn map<K: 'static, M: Gob + ?Sized, T: Gob + ?Sized>(&mut self) -> Edge {
        if let Some(edge) = self.known::<K>() {
            return edge;
        }
        let edge = self.begin::<K>("", "");
        let key = M::describe(self);
        let elem = T::describe(self);
        self.finish(edge, Kind::Map(key, elem))
    }

    /// The struct `K`, with Go's name and package.
    ///
    /// Fields are numbered from 0 in the order in which `fields` adds them;
    /// [`Reader::next_field`](crate::Reader::next_field) gives these numbers.
    pub fn structure<K: 'static>(
        &mut self,
        name: &str,
        package: &str,
        fields: impl FnOnce(&mut StructBuilder<'_>),
    ) -> Edge {
        if let Some(edge) = self.known::<K>() {
            return edge;
        }
        let edge = self.begin::<K>(name, package);
        let mut builder = StructBuilder {
            schema: self,
            fields: Vec::new(),
        };
        fields(&mut builder);
        let fields = builder.fields;
        self.finish(edge, Kind::Struct(fields))
    }

    /// The type `K` that has a name of its own and is else like `T`, as Go's
    /// `type Names []string`.
    pub fn newtype<K: 'static, T: Gob + ?Sized>(&mut self, name: &str, package: &str) -> Edge {
        if let Some(edge) = self.known::<K>() {
            return edge;
        }
        let edge = self.begin::<K>(name, package);
        let inner = T::describe(self);
        if inner.pointers > 0 && inner.node != edge.node {
            // Go sends `type Next *Node` as what it points to, and Node may be
            // in the middle of its description.
            self.known.insert(TypeId::of::<K>(), inner);
            self.redirect(edge.node, inner);
            return inner;
        }
        let kind = match self.nodes.get(inner.node as usize) {
            Some(node) => node.kind.clone(),
            None => Kind::Interface,
        };
        self.finish(edge, kind)
    }

    /// Makes all that refers to a type refer to another one.
    fn redirect(&mut self, from: u32, to: Edge) {
        let redirect = |edge: &mut Edge| {
            if edge.node == from {
                edge.node = to.node;
                edge.pointers = edge.pointers.saturating_add(to.pointers);
                edge.nullable |= to.nullable;
            }
        };
        for node in &mut self.nodes {
            node.beside.iter_mut().for_each(redirect);
            match &mut node.kind {
                Kind::Struct(fields) => {
                    fields
                        .iter_mut()
                        .for_each(|field| redirect(&mut field.edge));
                }
                Kind::Slice(elem) | Kind::Array(elem, _) => redirect(elem),
                Kind::Map(key, elem) => {
                    redirect(key);
                    redirect(elem);
                }
                _ => {}
            }
        }
        self.known.values_mut().for_each(redirect);
    }

    /// The self-encoding type `K`.
    pub fn opaque<K: 'static>(&mut self, kind: Opaque, name: &str, package: &str) -> Edge {
        match self.known::<K>() {
            Some(edge) => edge,
            None => self.push(Some(TypeId::of::<K>()), Kind::Opaque(kind), name, package),
        }
    }

    /// The self-encoding type `K`, behind whose definition others stand that no
    /// value needs: see [`Marshal::beside`](crate::Marshal::beside).
    pub fn opaque_with<K: 'static>(
        &mut self,
        kind: Opaque,
        name: &str,
        package: &str,
        beside: impl FnOnce(&mut Self) -> Vec<Edge>,
    ) -> Edge {
        if let Some(edge) = self.known::<K>() {
            return edge;
        }
        let edge = self.opaque::<K>(kind, name, package);
        let beside = beside(self);
        if let Some(node) = self.nodes.get_mut(edge.node as usize) {
            node.beside = beside;
        }
        edge
    }

    /// The interface `K`, with Go's name and package; both are empty for `any`.
    pub fn interface_type<K: 'static>(&mut self, name: &str, package: &str) -> Edge {
        match self.known::<K>() {
            Some(edge) => edge,
            None => self.push(Some(TypeId::of::<K>()), Kind::Interface, name, package),
        }
    }

    /// The name of a generic struct with these arguments, as Go writes it:
    /// `Pair[int64,main.Point]`.
    #[must_use]
    pub fn generic_name(&self, name: &str, arguments: &[Edge]) -> String {
        // Lends the nodes to a schema for as long as it takes to print them.
        let schema = Schema {
            prelude: Prelude::default(),
            nodes: self.nodes.iter().cloned().collect(),
            root: Edge::to(0),
        };
        let arguments: Vec<_> = arguments
            .iter()
            .map(|&edge| schema.go_string(edge))
            .collect();
        format!("{name}[{}]", arguments.join(","))
    }

    /// A boolean.
    pub fn boolean(&mut self) -> Edge {
        bool::describe(self)
    }

    /// Go's `int64`.
    pub fn int(&mut self) -> Edge {
        i64::describe(self)
    }

    /// Go's `uint64`.
    pub fn uint(&mut self) -> Edge {
        u64::describe(self)
    }

    /// Go's `float64`.
    pub fn float(&mut self) -> Edge {
        f64::describe(self)
    }

    /// A string.
    pub fn string(&mut self) -> Edge {
        String::describe(self)
    }

    /// A byte slice.
    pub fn bytes(&mut self) -> Edge {
        <Vec<u8>>::describe(self)
    }

    /// A complex number.
    pub fn complex(&mut self) -> Edge {
        self.push(None, Kind::Complex, "complex128", "")
    }

    /// An interface.
    pub fn interface(&mut self) -> Edge {
        self.push(None, Kind::Interface, "", "")
    }

    /// A slice, described at run time.
    pub fn slice_of(&mut self, elem: Edge) -> Edge {
        self.push(None, Kind::Slice(elem), "", "")
    }

    /// An array, described at run time.
    pub fn array_of(&mut self, elem: Edge, length: usize) -> Edge {
        self.push(None, Kind::Array(elem, length), "", "")
    }

    /// A map, described at run time.
    pub fn map_of(&mut self, key: Edge, elem: Edge) -> Edge {
        self.push(None, Kind::Map(key, elem), "", "")
    }

    /// A struct, described at run time.
    pub fn struct_of<'a>(
        &mut self,
        name: &str,
        package: &str,
        fields: impl IntoIterator<Item = (&'a str, Edge)>,
    ) -> Edge {
        let fields = fields
            .into_iter()
            .map(|(name, edge)| FieldType {
                name: name.into(),
                edge,
                required: false,
            })
            .collect();
        self.push(None, Kind::Struct(fields), name, package)
    }

    /// Reserves a place for a type that is described later, so that types built
    /// at run time can be recursive: see [`SchemaBuilder::define`].
    pub fn declare(&mut self, name: &str, package: &str) -> Edge {
        self.push(None, Kind::Interface, name, package)
    }

    /// Says what a [declared](SchemaBuilder::declare) type is.
    pub fn define(&mut self, edge: Edge, kind: Kind) {
        self.finish(edge, kind);
    }
}
