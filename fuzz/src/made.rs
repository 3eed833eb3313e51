//! [`Made`]: types and values that are made from bytes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gobrpc_codec::schema::{FieldType, Opaque};
use gobrpc_codec::{
    Edge, Interface, Kind, List, Map, OpaqueValue, Schema, SchemaBuilder, Struct, Value,
};

/// Deepest nesting of a type without recursion, and of a value.
const TYPE_DEPTH: usize = 4;
const VALUE_DEPTH: usize = 6;

/// Bytes that decide what is made; zeros behind their end.
#[derive(Debug, Clone)]
pub struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    /// Decides by these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end.max(1)
    }

    /// True if no bytes are left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number of up to 64 bits: mostly one of few, or of one next to a power of 2.
    fn number(&mut self) -> u64 {
        let choice = self.byte();
        let shifted = 1_u64 << (self.byte() % 64);
        match choice % 8 {
            0 => 0,
            1..=3 => u64::from(choice / 8),
            4 => shifted,
            5 => shifted.wrapping_sub(1),
            6 => shifted.wrapping_neg(),
            _ => (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte())),
        }
    }

    fn float(&mut self) -> f64 {
        match self.byte() % 8 {
            0 => 0.0,
            1 => -0.0,
            2 => f64::INFINITY,
            3 => f64::NAN,
            4 => f64::from(self.byte()),
            5 => f64::from(self.byte()) / 7.0,
            6 => f64::MIN_POSITIVE,
            _ => f64::from_bits(self.number()),
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = match self.byte() {
            255 => 200,
            length => usize::from(length % 12),
        };
        (0..length).map(|_| self.byte()).collect()
    }
}

/// What kinds of types are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// All that gob has.
    Any,
    /// What Go can build by reflection: no recursion, and keys that it can hash.
    Go,
}

/// A type, and values of it.
#[derive(Debug)]
pub struct Made {
    /// The type.
    pub schema: Arc<Schema>,
    /// Its values.
    pub values: Vec<Value>,
}

impl Made {
    /// Makes up to `most` values of a type.
    pub fn new(source: &mut Source<'_>, style: Style, most: usize) -> Self {
        let mut types = Types {
            builder: SchemaBuilder::new(),
            known: HashMap::new(),
            structs: Vec::new(),
            style,
        };
        let root = types.edge(source, 0);
        let schema = Arc::new(types.builder.build(root));
        let mut values = Vec::new();
        while values.len() < most && (values.is_empty() || !source.is_empty()) {
            values.push(value(source, &schema, root, style, 0));
        }
        Self { schema, values }
    }
}

struct Types {
    builder: SchemaBuilder,
    /// Types without a name that were made before: to Go, types that are made
    /// alike are one.
    known: HashMap<Alike, Edge>,
    /// Structs that were begun, to refer back to.
    structs: Vec<Edge>,
    style: Style,
}

/// What a type without a name is made of: types by their places.
#[derive(PartialEq, Eq, Hash)]
enum Alike {
    Slice(usize),
    Array(usize, usize),
    Map(usize, usize),
    Opaque(&'static str),
    Key,
}

impl Types {
    fn known(&mut self, alike: Alike, make: impl FnOnce(&mut SchemaBuilder) -> Edge) -> Edge {
        let builder = &mut self.builder;
        match self.style {
            Style::Any => make(builder),
            Style::Go => *self.known.entry(alike).or_insert_with(|| make(builder)),
        }
    }

    fn edge(&mut self, source: &mut Source<'_>, depth: usize) -> Edge {
        let choice = source.below(if depth < TYPE_DEPTH { 18 } else { 9 });
        match choice {
            9 | 10 => {
                let elem = self.edge(source, depth + 1);
                self.known(Alike::Slice(elem.index()), |types| types.slice_of(elem))
            }
            11 => {
                let elem = self.edge(source, depth + 1);
                let length = source.below(4);
                let alike = Alike::Array(elem.index(), length);
                self.known(alike, |types| types.array_of(elem, length))
            }
            12 | 13 => {
                let key = match self.style {
                    Style::Any => self.edge(source, depth + 1),
                    Style::Go => self.key(source),
                };
                let elem = self.edge(source, depth + 1);
                let alike = Alike::Map(key.index(), elem.index());
                self.known(alike, |types| types.map_of(key, elem))
            }
            14..=16 => self.structure(source, depth),
            17 => match self.structs.get(source.below(self.structs.len())) {
                // A struct refers to itself by a slice or not at all.
                Some(edge) if self.style == Style::Any => {
                    let edge = *edge;
                    self.builder.slice_of(edge)
                }
                _ => self.structure(source, depth),
            },
            _ => self.scalar(choice, source),
        }
    }

    fn scalar(&mut self, choice: usize, source: &mut Source<'_>) -> Edge {
        match choice {
            0 => self.builder.boolean(),
            1 => self.builder.int(),
            2 => self.builder.uint(),
            3 => self.builder.float(),
            4 => self.builder.string(),
            5 => self.builder.bytes(),
            6 => self.builder.complex(),
            7 => self.builder.interface(),
            _ => {
                let (name, kind) = match (source.below(3), self.style) {
                    (0, _) => ("Gob", Opaque::Gob),
                    // Go never sends it, and takes it for nothing.
                    (1, Style::Any) => ("Text", Opaque::Text),
                    _ => ("Binary", Opaque::Binary),
                };
                self.known(Alike::Opaque(name), |types| {
                    let edge = types.declare(name, "main");
                    types.define(edge, Kind::Opaque(kind));
                    edge
                })
            }
        }
    }

    fn key(&mut self, source: &mut Source<'_>) -> Edge {
        match source.below(8) {
            choice @ 0..5 => self.scalar(choice, source),
            5 => self.builder.complex(),
            6 => {
                let int = self.builder.int();
                let alike = Alike::Array(int.index(), 2);
                self.known(alike, |types| types.array_of(int, 2))
            }
            _ => {
                let (int, text) = (self.builder.int(), self.builder.string());
                self.known(Alike::Key, |types| {
                    types.struct_of("Key", "main", [("A", int), ("B", text)])
                })
            }
        }
    }

    fn structure(&mut self, source: &mut Source<'_>, depth: usize) -> Edge {
        const NAMES: [&str; 8] = ["A", "B", "Cc", "D_1", "Name", "ID", "Next", "Überall"];
        let edge = self
            .builder
            .declare(if source.below(3) == 0 { "" } else { "T" }, "main");
        self.structs.push(edge);
        let count = source.below(6);
        let first = source.below(NAMES.len());
        let fields = NAMES.iter().cycle().skip(first).take(count);
        let fields = fields
            .map(|name| FieldType::new(*name, self.edge(source, depth + 1)))
            .collect();
        self.builder.define(edge, Kind::Struct(fields));
        edge
    }
}

fn value(
    source: &mut Source<'_>,
    schema: &Arc<Schema>,
    edge: Edge,
    style: Style,
    depth: usize,
) -> Value {
    let count = |source: &mut Source<'_>| match depth < VALUE_DEPTH {
        true => source.below(4),
        false => 0,
    };
    match schema.get(edge).kind() {
        Kind::Bool => Value::Bool(source.byte() % 2 == 1),
        Kind::Int => Value::Int(source.number() as i64),
        Kind::Uint => Value::Uint(source.number()),
        Kind::Float => Value::Float(source.float()),
        Kind::Complex => Value::Complex(source.float(), source.float()),
        Kind::Bytes => Value::Bytes(source.bytes()),
        Kind::String => Value::String(source.bytes().into()),
        Kind::Opaque(kind) => Value::Opaque(OpaqueValue::new(
            *kind,
            schema.get(edge).name(),
            source.bytes(),
        )),
        Kind::Slice(elem) => {
            let items = (0..count(source)).map(|_| value(source, schema, *elem, style, depth + 1));
            let items = items.collect();
            Value::Slice(List::with_schema(schema, edge, items))
        }
        Kind::Array(elem, length) => {
            let items = (0..*length).map(|_| value(source, schema, *elem, style, depth + 1));
            let items = items.collect();
            Value::Array(List::with_schema(schema, edge, items))
        }
        Kind::Map(key, elem) => {
            let mut map = Map::with_schema(schema, edge);
            let mut seen = HashSet::new();
            for _ in 0..count(source) {
                let key = value(source, schema, *key, style, depth + 1);
                let elem = value(source, schema, *elem, style, depth + 1);
                // Of entries with one key Go keeps the last.
                let text = format!("{key:?}")
                    .replace("-0.0", "0.0")
                    .replace("+0.0", "0.0");
                if style == Style::Any || seen.insert(text) {
                    map.push(key, elem);
                }
            }
            Value::Map(map)
        }
        Kind::Struct(fields) => structure(source, schema, edge, fields, style, depth),
        _ => Value::Interface(interface(source, style, depth)),
    }
}

fn structure(
    source: &mut Source<'_>,
    schema: &Arc<Schema>,
    edge: Edge,
    fields: &[FieldType],
    style: Style,
    depth: usize,
) -> Value {
    let Ok(mut made) = Struct::with_schema(schema, edge) else {
        return Value::default();
    };
    let sent = match depth < VALUE_DEPTH {
        true => source.byte(),
        false => 0,
    };
    for (place, field) in fields.iter().enumerate() {
        if sent >> (place % 8) & 1 == 1 {
            let value = value(source, schema, field.edge(), style, depth + 1);
            // Go sends no zeros, takes -0 for one, and keys that are equal for one.
            let zero = match &value {
                Value::Float(0.0) | Value::Complex(0.0, 0.0) => true,
                Value::Int(0) => made.name() == "Key",
                Value::String(text) => made.name() == "Key" && text.as_bytes().is_empty(),
                _ => false,
            };
            if zero && style == Style::Go {
                continue;
            }
            let _ = made.set(field.name(), value);
        }
    }
    Value::Struct(made)
}

/// Under the names that Go's types have, which it knows without registration
/// (`type.go`, `registerBasics`).
fn interface(source: &mut Source<'_>, style: Style, depth: usize) -> Interface {
    let (name, value) = match source.below(10) {
        0 => return Interface::nil(),
        1 => ("bool", Value::Bool(source.byte() % 2 == 1)),
        2 => ("int", Value::Int(source.number() as i64)),
        3 => ("uint", Value::Uint(source.number())),
        4 => ("float64", Value::Float(source.float())),
        5 => ("string", Value::String(source.bytes().into())),
        6 => ("[]uint8", Value::Bytes(source.bytes())),
        7 => ("complex128", Value::Complex(source.float(), source.float())),
        8 => {
            let words = (0..source.below(3)).map(|_| Value::String(source.bytes().into()));
            let words = words.collect();
            ("[]string", Value::Slice(List::typed::<Vec<String>>(words)))
        }
        _ if style == Style::Any && depth < VALUE_DEPTH => {
            let made = Made::new(source, style, 1);
            match made.values.into_iter().next() {
                Some(Value::Interface(_)) | None => return Interface::nil(),
                Some(value) => ("main.T", value),
            }
        }
        _ => ("[]int", Value::from(vec![source.number() as i64])),
    };
    Interface::new(name, value)
}
