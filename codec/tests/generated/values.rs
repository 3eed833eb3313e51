//! Values of a type, made of random numbers.

use std::sync::Arc;

use gobrpc_codec::schema::Opaque;
use gobrpc_codec::{
    Edge, GoString, Interface, Kind, List, Map, OpaqueValue, Prepared, RawValue, Schema, Struct,
    Value,
};

/// Numbers that a value is made of. Where they end, all that may be empty is.
struct Numbers(Vec<u64>);

impl Numbers {
    fn next(&mut self) -> Option<u64> {
        self.0.pop()
    }

    /// Few at most, and fewer as the numbers run out.
    fn count(&mut self) -> usize {
        match self.next() {
            Some(number) => (number % 4) as usize,
            None => 0,
        }
    }
}

/// A value of the schema's root.
pub(crate) fn value(schema: &Arc<Schema>, numbers: Vec<u64>) -> Value {
    make(schema, schema.root(), &mut Numbers(numbers), 0)
}

fn make(schema: &Arc<Schema>, edge: Edge, numbers: &mut Numbers, depth: usize) -> Value {
    let deep = depth > 12;
    match schema.get(edge).kind() {
        Kind::Bool => Value::Bool(numbers.next().unwrap_or(0) % 2 == 1),
        Kind::Int => Value::Int(scaled(numbers) as i64),
        Kind::Uint => Value::Uint(scaled(numbers)),
        Kind::Float => Value::Float(f64::from_bits(numbers.next().unwrap_or(0))),
        Kind::Complex => Value::Complex(1.5, f64::from_bits(numbers.next().unwrap_or(0))),
        Kind::Bytes => Value::Bytes(text(numbers)),
        Kind::String => Value::String(GoString::from(text(numbers))),
        Kind::Opaque(_) => opaque(schema, edge, numbers),
        Kind::Interface => match numbers.next() {
            Some(number) if !deep && number % 4 > 0 => held(schema, number, numbers, depth),
            _ => Value::default(),
        },
        Kind::Struct(fields) => {
            let mut value = Struct::with_schema(schema, edge).unwrap();
            for field in fields {
                // Absent, or whatever it is, zero as well.
                if !deep && numbers.next().is_some_and(|number| number % 3 > 0) {
                    let part = make(schema, field.edge(), numbers, depth + 1);
                    value.set(field.name(), part).unwrap();
                }
            }
            Value::Struct(value)
        }
        Kind::Slice(elem) => {
            let count = if deep { 0 } else { numbers.count() };
            let items = (0..count).map(|_| make(schema, *elem, numbers, depth + 1));
            Value::Slice(List::with_schema(schema, edge, items.collect()))
        }
        Kind::Array(elem, length) => {
            let items = (0..*length).map(|_| make(schema, *elem, numbers, depth + 1));
            Value::Array(List::with_schema(schema, edge, items.collect()))
        }
        Kind::Map(key, elem) => {
            let mut map = Map::with_schema(schema, edge);
            for _ in 0..if deep { 0 } else { numbers.count() } {
                let key = make(schema, *key, numbers, depth + 1);
                map.push(key, make(schema, *elem, numbers, depth + 1));
            }
            Value::Map(map)
        }
        kind => panic!("no value of {kind:?}"),
    }
}

/// A number of any length.
fn scaled(numbers: &mut Numbers) -> u64 {
    let number = numbers.next().unwrap_or(0);
    number >> (number % 64)
}

fn text(numbers: &mut Numbers) -> Vec<u8> {
    let number = numbers.next().unwrap_or(0);
    number.to_be_bytes()[..(number % 9) as usize].to_vec()
}

/// Of the schema's type, by way of the wire: the constructor makes a type of its
/// own.
fn opaque(schema: &Arc<Schema>, edge: Edge, numbers: &mut Numbers) -> Value {
    let ty = schema.get(edge);
    let kind = match ty.kind() {
        Kind::Opaque(kind) => *kind,
        _ => Opaque::Gob,
    };
    let value = Value::Opaque(OpaqueValue::new(kind, ty.name(), text(numbers)));
    let raw = RawValue::from_prepared(&Prepared::from_value(&value).unwrap()).unwrap();
    raw.to_value().unwrap()
}

/// An interface that holds a value of one of the types.
fn held(schema: &Arc<Schema>, number: u64, numbers: &mut Numbers, depth: usize) -> Value {
    let Kind::Struct(fields) = schema.root_type().kind() else {
        return Value::default();
    };
    let field = &fields[number as usize % fields.len()];
    match make(schema, field.edge(), numbers, depth + 1) {
        Value::Interface(_) => Value::default(),
        value => Value::Interface(Interface::new(format!("main.{}", field.name()), value)),
    }
}
