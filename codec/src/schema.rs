//! [`Schema`]: types as a graph, in Go's terms.

mod builder;
mod cache;
mod compare;
mod endless;
mod name;
mod nodes;
mod prelude;

pub use builder::{SchemaBuilder, StructBuilder};
pub use compare::{Comparison, Difference, DifferenceKind, Effect};
pub use name::Name;
pub(crate) use nodes::Nodes;
pub(crate) use prelude::{Defined, Prelude};

use std::any::TypeId;
use std::fmt;

/// A type and all types that it refers to.
///
/// Types are an indexed graph and never an expanded tree, so that recursive and
/// shared types cost what they measure.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::Gob;
///
/// #[derive(Gob)]
/// struct Point { x: i64, y: i64 }
///
/// assert_eq!(Point::schema().to_string(), "main.Point");
/// assert_eq!(<Vec<Option<Point>>>::schema().to_string(), "[]*main.Point");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Schema {
    pub(crate) nodes: Nodes,
    pub(crate) root: Edge,
    pub(crate) prelude: Prelude,
}

/// A reference to a type of the same [`Schema`], perhaps through pointers.
///
/// Pointers do not exist on the wire, but they show in Go's names of unnamed
/// types.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Gob, Kind};
///
/// // Go's `[]*int64`.
/// let schema = <Vec<Option<i64>>>::schema();
/// let Kind::Slice(elem) = *schema.root_type().kind() else { panic!("no slice") };
/// assert_eq!(elem.pointers(), 1);
/// assert_eq!(schema.get(elem).kind(), &Kind::Int);
/// assert_eq!(schema.go_string(elem), "*int64");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edge {
    pub(crate) node: u32,
    pub(crate) pointers: u8,
    /// The value may be absent, so that a type may refer to itself this way.
    pub(crate) nullable: bool,
}

/// One type of a [`Schema`].
///
/// # Examples
///
/// ```
/// use gobrpc_codec::Gob;
///
/// #[derive(Gob)]
/// #[gob(package = "model")]
/// struct User { name: String }
///
/// let user = User::schema().root_type();
/// assert_eq!((user.package(), user.name()), ("model", "User"));
/// // Unnamed, as Go has it.
/// assert_eq!(<Vec<User>>::schema().root_type().name(), "");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Type {
    /// Identity of the Rust type; none for a type that was built at run time.
    pub(crate) key: Option<TypeId>,
    pub(crate) kind: Kind,
    /// Go's `Type.Name()`: empty for unnamed composites.
    pub(crate) name: Name,
    /// Package in front of the name in Go's `Type.String()`; empty for
    /// predeclared types.
    pub(crate) package: String,
    /// Types that are defined behind this one; see [`Type::beside`].
    pub(crate) beside: Vec<Edge>,
}

/// What a type is on the wire.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Gob, Kind};
///
/// assert_eq!(*u8::schema().root_type().kind(), Kind::Uint);
/// assert!(matches!(<Vec<u16>>::schema().root_type().kind(), Kind::Slice(_)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A boolean (id 1).
    Bool,
    /// A signed integer of any width (id 2).
    Int,
    /// An unsigned integer of any width (id 3).
    Uint,
    /// A float of either width (id 4).
    Float,
    /// A byte slice (id 5).
    Bytes,
    /// A string (id 6).
    String,
    /// A complex number (id 7).
    Complex,
    /// An interface (id 8).
    Interface,
    /// A struct and its fields, in order.
    Struct(Vec<FieldType>),
    /// A slice and its element type.
    Slice(Edge),
    /// An array, its element type and its length.
    Array(Edge, usize),
    /// A map, its key type and its element type.
    Map(Edge, Edge),
    /// A type that writes itself as bytes.
    Opaque(Opaque),
}

/// Which of Go's interfaces a self-encoding type implements.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::go::{BigInt, Time, Url};
/// use gobrpc_codec::schema::Opaque;
/// use gobrpc_codec::{Gob, Kind};
///
/// assert_eq!(*Time::schema().root_type().kind(), Kind::Opaque(Opaque::Gob));
/// assert_eq!(*BigInt::schema().root_type().kind(), Kind::Opaque(Opaque::Gob));
/// assert_eq!(*Url::schema().root_type().kind(), Kind::Opaque(Opaque::Binary));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Opaque {
    /// `gob.GobEncoder`.
    Gob,
    /// `encoding.BinaryMarshaler`.
    Binary,
    /// `encoding.TextMarshaler`, which Go itself never sends.
    Text,
}

/// A field of a struct.
///
/// # Examples
///
/// A list that refers to itself, built at run time:
///
/// ```
/// use gobrpc_codec::schema::FieldType;
/// use gobrpc_codec::{Kind, SchemaBuilder};
///
/// let mut builder = SchemaBuilder::new();
/// let node = builder.declare("Node", "main");
/// let value = builder.int();
/// let next = node.pointer().nullable();
/// let fields = vec![FieldType::new("Value", value), FieldType::new("Next", next)];
/// builder.define(node, Kind::Struct(fields));
///
/// let schema = builder.build(node);
/// let Kind::Struct(fields) = schema.root_type().kind() else { panic!("no struct") };
/// assert_eq!(fields[1].name(), "Next");
/// assert_eq!(schema.go_string(fields[1].edge()), "*main.Node");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldType {
    pub(crate) name: Name,
    pub(crate) edge: Edge,
    /// Decoding fails if the remote type lacks it.
    pub(crate) required: bool,
}

impl FieldType {
    /// The name on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name with its bytes, which may not be UTF-8.
    #[must_use]
    pub fn full_name(&self) -> &Name {
        &self.name
    }

    /// The type of its values.
    #[must_use]
    pub fn edge(&self) -> Edge {
        self.edge
    }
}

impl Kind {
    /// A part of the type: a field's type, or a key's and elements' ones.
    pub(crate) fn part(&self, index: usize) -> Option<Edge> {
        match self {
            Self::Struct(fields) => fields.get(index).map(|field| field.edge),
            Self::Slice(elem) | Self::Array(elem, _) => [*elem].get(index).copied(),
            Self::Map(key, elem) => [*key, *elem].get(index).copied(),
            _ => None,
        }
    }

    /// The word for a kind in error texts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Float => "float",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Complex => "complex",
            Self::Interface => "interface",
            Self::Struct(_) => "struct",
            Self::Slice(_) => "slice",
            Self::Array(..) => "array",
            Self::Map(..) => "map",
            Self::Opaque(_) => "self-encoding type",
        }
    }
}

impl Type {
    /// What stands where a type is not known.
    pub(crate) const UNKNOWN: Self = Self {
        key: None,
        kind: Kind::Interface,
        name: Name::EMPTY,
        package: String::new(),
        beside: Vec::new(),
    };

    /// What the type is on the wire.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Go's name of the type, without a package; empty for unnamed types.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name with its bytes, which may not be UTF-8.
    #[must_use]
    pub fn full_name(&self) -> &Name {
        &self.name
    }

    /// The package that Go puts before the name in texts; often empty.
    #[must_use]
    pub fn package(&self) -> &str {
        &self.package
    }

    /// Types that an encoder defines behind this one although no value needs
    /// them: Go does so for the exported fields of a struct that encodes itself.
    #[must_use]
    pub fn beside(&self) -> &[Edge] {
        &self.beside
    }
}

impl Edge {
    /// A plain reference to the type at this place.
    pub(crate) const fn to(node: u32) -> Self {
        Self {
            node,
            pointers: 0,
            nullable: false,
        }
    }

    /// The place of the type among [`Schema::types`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.node as usize
    }

    /// How many pointers lead to the type.
    #[must_use]
    pub const fn pointers(self) -> usize {
        self.pointers as usize
    }
}

impl FieldType {
    /// A field of this name and type.
    pub fn new(name: impl Into<Name>, edge: Edge) -> Self {
        Self {
            name: name.into(),
            edge,
            required: false,
        }
    }
}

impl Schema {
    /// The type that the schema describes.
    #[must_use]
    pub fn root(&self) -> Edge {
        self.root
    }

    /// The type behind a reference.
    ///
    /// A reference of another schema gives some other type.
    #[must_use]
    pub fn get(&self, edge: Edge) -> &Type {
        const UNKNOWN: &Type = &Type::UNKNOWN;
        self.nodes.get(edge.node as usize).unwrap_or(UNKNOWN)
    }

    /// The type that the schema describes, in full.
    #[must_use]
    pub fn root_type(&self) -> &Type {
        self.get(self.root)
    }

    /// All types, in the order in which they were described.
    pub fn types(&self) -> impl Iterator<Item = &Type> {
        self.nodes.iter()
    }

    /// Go's `Type.String()` of a type: `int64`, `[]*main.Inner`.
    #[must_use]
    pub fn go_string(&self, edge: Edge) -> String {
        let mut text = String::new();
        self.write_go_string(edge, &mut text, 0);
        if text.len() > LONGEST_STRING {
            text.push('…');
        }
        text
    }

    fn write_go_string(&self, edge: Edge, text: &mut String, depth: usize) {
        // Unnamed types cannot recurse without a named one on the way; a schema
        // that says otherwise was not made by Go or by our derive.
        if depth > 64 || text.len() > LONGEST_STRING {
            text.push('…');
            return;
        }
        for _ in 0..edge.pointers {
            text.push('*');
        }
        let node = self.get(edge);
        if !node.name.is_empty() {
            if !node.package.is_empty() {
                text.push_str(&node.package);
                text.push('.');
            }
            text.push_str(&node.name);
            return;
        }
        match &node.kind {
            Kind::Bool => text.push_str("bool"),
            Kind::Int => text.push_str("int"),
            Kind::Uint => text.push_str("uint"),
            Kind::Float => text.push_str("float64"),
            Kind::Bytes => text.push_str("[]uint8"),
            Kind::String => text.push_str("string"),
            Kind::Complex => text.push_str("complex128"),
            Kind::Interface => text.push_str("interface {}"),
            Kind::Opaque(_) => text.push_str("opaque"),
            Kind::Slice(elem) => {
                text.push_str("[]");
                self.write_go_string(*elem, text, depth + 1);
            }
            Kind::Array(elem, length) => {
                text.push_str(&format!("[{length}]"));
                self.write_go_string(*elem, text, depth + 1);
            }
            Kind::Map(key, elem) => {
                text.push_str("map[");
                self.write_go_string(*key, text, depth + 1);
                text.push(']');
                self.write_go_string(*elem, text, depth + 1);
            }
            Kind::Struct(fields) => {
                text.push_str("struct {");
                for (index, field) in fields.iter().enumerate() {
                    if text.len() > LONGEST_STRING {
                        return;
                    }
                    text.push_str(if index == 0 { " " } else { "; " });
                    text.push_str(&field.name);
                    text.push(' ');
                    self.write_go_string(field.edge, text, depth + 1);
                }
                text.push_str(if fields.is_empty() { "}" } else { " }" });
            }
        }
    }
}

/// About where a type's text ends. A few unnamed structs that each refer to the
/// next one twice would spell out more than any memory holds.
const LONGEST_STRING: usize = 16 << 10;

/// Go's `Type.String()` of the root.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.go_string(self.root))
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({self})")
    }
}
