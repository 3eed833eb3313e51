//! What the reflection service says: services, methods and types, as gob.
//!
//! The service is an ordinary one that Go can call, too:
//! `gobrpc.Reflection.List` with an empty struct gives a [`Listing`]. Fields may
//! be added later; gob peers find them by name.

use gobrpc_codec::schema::{FieldType, Opaque};
use gobrpc_codec::{Edge, Gob, Kind, Schema, SchemaBuilder};

use crate::error::{Error, Result};
use crate::info::{ServiceInfo, StreamKind};

/// The name of the reflection service.
pub const SERVICE: &str = "gobrpc.Reflection";

/// The method that gives the [`Listing`].
pub const LIST: &str = "gobrpc.Reflection.List";

/// All services of a server, and the types that they use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "reflection")]
pub struct Listing {
    /// The services, by name.
    pub services: Vec<ServiceListing>,
    /// Types; services and types refer to them by their place.
    pub types: Vec<TypeListing>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "reflection")]
pub struct ServiceListing {
    /// Its name on the wire.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// Its methods, in the order of the trait.
    pub methods: Vec<MethodListing>,
}

/// A method.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "reflection")]
pub struct MethodListing {
    /// Its name on the wire, without that of the service.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// The type of its argument.
    pub args: TypeReference,
    /// The type of its reply.
    pub reply: TypeReference,
    /// `unary`, `server`, `client` or `both`: which sides are streams.
    pub streams: String,
    /// Running it twice does what running it once does.
    pub idempotent: bool,
    /// Its caller does not wait for the reply, if there is a choice.
    pub one_way: bool,
}

/// A reference to a type.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "reflection")]
pub struct TypeReference {
    /// Its place in [`Listing::types`].
    pub index: u64,
    /// How many pointers lead to it.
    pub pointers: u64,
    /// Go's text for it, such as `[]*main.Inner`.
    pub text: String,
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "reflection")]
pub struct TypeListing {
    /// `bool`, `int`, `uint`, `float`, `bytes`, `string`, `complex`, `interface`,
    /// `struct`, `slice`, `array`, `map`, `gobencoder`, `binarymarshaler`,
    /// `textmarshaler`.
    pub kind: String,
    /// Go's name, without a package; empty for unnamed types.
    pub name: String,
    /// The package that Go puts before the name in texts.
    pub package: String,
    /// Fields of a struct, in order.
    pub fields: Vec<FieldListing>,
    /// The element type of a slice, an array or a map.
    pub elem: TypeReference,
    /// The key type of a map.
    pub key: TypeReference,
    /// The length of an array.
    pub length: u64,
}

/// A field of a struct.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "reflection")]
pub struct FieldListing {
    /// Its name on the wire.
    pub name: String,
    /// Its type.
    pub reference: TypeReference,
}

impl Listing {
    /// The listing of these services, by the names under which they are
    /// registered.
    pub fn new<'a>(services: impl IntoIterator<Item = (&'a str, &'a ServiceInfo)>) -> Self {
        let mut listing = Self::default();
        for (name, info) in services {
            let methods = info
                .methods
                .iter()
                .map(|method| MethodListing {
                    name: method.name.to_owned(),
                    docs: method.docs.to_owned(),
                    args: listing.add((method.args)()),
                    reply: listing.add((method.reply)()),
                    streams: match method.streams {
                        StreamKind::Unary => "unary",
                        StreamKind::Server => "server",
                        StreamKind::Client => "client",
                        StreamKind::Both => "both",
                    }
                    .to_owned(),
                    idempotent: method.idempotent,
                    one_way: method.one_way,
                })
                .collect();
            listing.services.push(ServiceListing {
                name: name.to_owned(),
                docs: info.docs.to_owned(),
                methods,
            });
        }
        listing.services.sort_by(|a, b| a.name.cmp(&b.name));
        listing
    }

    /// Adds the types of a schema and gives the reference to its root.
    fn add(&mut self, schema: &Schema) -> TypeReference {
        let base = self.types.len();
        let reference = |edge: Edge| TypeReference {
            index: (base + edge.index()) as u64,
            pointers: edge.pointers() as u64,
            text: schema.go_string(edge),
        };
        for ty in schema.types() {
            let mut listing = TypeListing {
                kind: kind_word(ty.kind()).to_owned(),
                name: ty.name().to_owned(),
                package: ty.package().to_owned(),
                ..TypeListing::default()
            };
            match ty.kind() {
                Kind::Struct(fields) => {
                    listing.fields = fields
                        .iter()
                        .map(|field| FieldListing {
                            name: field.name().to_owned(),
                            reference: reference(field.edge()),
                        })
                        .collect();
                }
                Kind::Slice(elem) => listing.elem = reference(*elem),
                Kind::Array(elem, length) => {
                    listing.elem = reference(*elem);
                    listing.length = *length as u64;
                }
                Kind::Map(key, elem) => {
                    listing.key = reference(*key);
                    listing.elem = reference(*elem);
                }
                _ => {}
            }
            self.types.push(listing);
        }
        reference(schema.root())
    }

    /// The method with this full name.
    #[must_use]
    pub fn method(&self, service_method: &str) -> Option<&MethodListing> {
        let (service, method) = service_method.rsplit_once('.')?;
        self.services
            .iter()
            .find(|listed| listed.name == service)?
            .methods
            .iter()
            .find(|listed| listed.name == method)
    }

    /// A listed type as a schema, to encode and decode values by.
    ///
    /// # Errors
    ///
    /// If the listing refers to types that it does not hold: the server's fault.
    pub fn schema(&self, root: &TypeReference) -> Result<Schema> {
        let mut builder = SchemaBuilder::new();
        let places: Vec<Edge> = self
            .types
            .iter()
            .map(|ty| builder.declare(&ty.name, &ty.package))
            .collect();
        let edge = |reference: &TypeReference| {
            let edge = usize::try_from(reference.index)
                .ok()
                .and_then(|index| places.get(index).copied())
                .ok_or_else(|| {
                    Error::internal(format!(
                        "the server's listing refers to type {}, which it lacks",
                        reference.index
                    ))
                })?;
            Ok::<_, Error>((0..reference.pointers.min(8)).fold(edge, |edge, _| edge.pointer()))
        };
        for (place, ty) in places.iter().zip(&self.types) {
            let kind = match ty.kind.as_str() {
                "bool" => Kind::Bool,
                "int" => Kind::Int,
                "uint" => Kind::Uint,
                "float" => Kind::Float,
                "bytes" => Kind::Bytes,
                "string" => Kind::String,
                "complex" => Kind::Complex,
                "interface" => Kind::Interface,
                "slice" => Kind::Slice(edge(&ty.elem)?),
                "array" => Kind::Array(
                    edge(&ty.elem)?,
                    usize::try_from(ty.length).unwrap_or(usize::MAX),
                ),
                "map" => Kind::Map(edge(&ty.key)?, edge(&ty.elem)?),
                "struct" => Kind::Struct(
                    ty.fields
                        .iter()
                        .map(|field| {
                            Ok(FieldType::new(field.name.as_str(), edge(&field.reference)?))
                        })
                        .collect::<Result<_>>()?,
                ),
                "gobencoder" => Kind::Opaque(Opaque::Gob),
                "binarymarshaler" => Kind::Opaque(Opaque::Binary),
                "textmarshaler" => Kind::Opaque(Opaque::Text),
                other => {
                    return Err(Error::internal(format!(
                        "the server's listing has a type of kind {other:?}"
                    )));
                }
            };
            builder.define(*place, kind);
        }
        let root = edge(root)?;
        Ok(builder.build(root))
    }
}

fn kind_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "bool",
        Kind::Int => "int",
        Kind::Uint => "uint",
        Kind::Float => "float",
        Kind::Bytes => "bytes",
        Kind::String => "string",
        Kind::Complex => "complex",
        Kind::Struct(_) => "struct",
        Kind::Slice(_) => "slice",
        Kind::Array(..) => "array",
        Kind::Map(..) => "map",
        Kind::Opaque(Opaque::Gob) => "gobencoder",
        Kind::Opaque(Opaque::Binary) => "binarymarshaler",
        Kind::Opaque(Opaque::Text) => "textmarshaler",
        // Kinds that a later version adds are shown as what holds anything.
        _ => "interface",
    }
}
