//! [`Tokens`]: what is said about a value, without how it is laid out.

use std::sync::Arc;

use gobrpc_codec::schema::FieldType;
use gobrpc_codec::{Edge, Interface, Kind, Map, Schema, Struct, Value};

use super::known;
use crate::go_type;
use crate::json::{Orders, Zeros, put_float, put_string};

/// A piece of JSON. Commas and colons go without saying.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open(char),
    Close(char),
    /// The name of a member, with its quotes.
    Key(String),
    Scalar(Class, String),
}

/// What a scalar is, which gives it its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// `true`, `false`, `null`.
    Word,
    Number,
    Text,
    /// What a type wrote that writes itself: a date, an address.
    Known,
    /// The name of a type.
    Type,
}

/// The tokens of a value.
pub(super) struct Tokens<'a> {
    orders: &'a Orders<'a>,
    zeros: &'a Zeros,
    /// The value, until it is begun.
    root: Option<&'a Value>,
    frames: Vec<Frame<'a>>,
}

/// A composite that is being told.
enum Frame<'a> {
    List(std::slice::Iter<'a, Value>),
    Map(Entries<'a>),
    /// A map with keys that are no names: pairs.
    Pairs {
        entries: std::vec::IntoIter<(&'a Value, &'a Value)>,
        /// What is left of the pair that is open.
        pair: Option<Half<'a>>,
    },
    Struct(Fields<'a>),
    ZeroArray {
        schema: &'a Arc<Schema>,
        elem: Edge,
        left: usize,
    },
    Interface(InterfaceState<'a>),
    /// The value of an interface that is a struct goes on in the same object.
    Inlined,
}

/// The half of a pair that comes next.
enum Half<'a> {
    Key(&'a Value, &'a Value),
    Value(&'a Value),
    End,
}

/// A map whose keys are names.
struct Entries<'a> {
    entries: std::vec::IntoIter<(&'a Value, &'a Value)>,
    value: Option<&'a Value>,
}

struct Fields<'a> {
    /// None: no field was sent, as this is the zero of a type.
    value: Option<&'a Struct>,
    schema: &'a Arc<Schema>,
    fields: &'a [FieldType],
    place: usize,
    /// The key was told, the value was not.
    named: bool,
}

enum InterfaceState<'a> {
    TypeKey(&'a Interface),
    TypeName(&'a Interface),
    ValueKey(&'a Value),
    Value(&'a Value),
    End,
}

/// What comes next.
enum Next<'a> {
    Token(Token),
    Value(&'a Value),
    /// The fields of a struct, in the object that is open.
    Inline(&'a Struct),
    Zero(&'a Arc<Schema>, Edge),
    End(Option<char>),
}

impl<'a> Tokens<'a> {
    pub(super) fn new(value: &'a Value, orders: &'a Orders<'a>, zeros: &'a Zeros) -> Self {
        Self {
            orders,
            zeros,
            root: Some(value),
            frames: Vec::new(),
        }
    }

    fn open(&mut self, value: &'a Value) -> Token {
        let (frame, token) = match value {
            Value::Slice(list) | Value::Array(list) => match known::list(list) {
                Some(text) => return quoted(Class::Known, text.as_bytes()),
                None => (Frame::List(list.iter()), Token::Open('[')),
            },
            Value::Map(map) => self.open_map(map),
            Value::Struct(value) => (Frame::Struct(Fields::sent(value)), Token::Open('{')),
            Value::Interface(interface) => match interface.value() {
                None => return word("null"),
                Some(value) if is_plain(interface) => return self.open(value),
                Some(_) => (
                    Frame::Interface(InterfaceState::TypeKey(interface)),
                    Token::Open('{'),
                ),
            },
            scalar => return scalar_token(scalar),
        };
        self.frames.push(frame);
        token
    }

    fn open_map(&self, map: &'a Map) -> (Frame<'a>, Token) {
        let mut entries: Vec<_> = match self.orders.get(map) {
            Some(sorted) => sorted.to_vec(),
            None => map.iter().collect(),
        };
        // By text, 10 would come before 9.
        entries.sort_by(|(one, _), (two, _)| match (one, two) {
            (Value::Int(one), Value::Int(two)) => one.cmp(two),
            (Value::Uint(one), Value::Uint(two)) => one.cmp(two),
            (Value::Float(one), Value::Float(two)) => one.total_cmp(two),
            _ => std::cmp::Ordering::Equal,
        });
        let is_name = |(key, _): &(&Value, &Value)| {
            matches!(
                key,
                Value::Bool(_)
                    | Value::Int(_)
                    | Value::Uint(_)
                    | Value::Float(_)
                    | Value::String(_)
            )
        };
        let named = entries.iter().all(is_name);
        let entries = entries.into_iter();
        if named {
            let value = None;
            return (Frame::Map(Entries { entries, value }), Token::Open('{'));
        }
        let pair = None;
        (Frame::Pairs { entries, pair }, Token::Open('['))
    }

    /// The same for a field that was not sent.
    fn open_zero(&mut self, schema: &'a Arc<Schema>, edge: Edge) -> Token {
        let (frame, token) = match schema.get(edge).kind() {
            Kind::Bool => return word("false"),
            Kind::Int | Kind::Uint | Kind::Float | Kind::Complex => return number("0".to_owned()),
            Kind::String | Kind::Bytes => return quoted(Class::Text, b""),
            Kind::Struct(_) | Kind::Array(..) if self.zeros.is_cyclic(schema, edge) => {
                return word("null");
            }
            Kind::Slice(_) => (Frame::List([].iter()), Token::Open('[')),
            Kind::Map(..) => {
                let entries = Vec::new().into_iter();
                let value = None;
                (Frame::Map(Entries { entries, value }), Token::Open('{'))
            }
            Kind::Struct(fields) => (
                Frame::Struct(Fields {
                    value: None,
                    schema,
                    fields,
                    place: 0,
                    named: false,
                }),
                Token::Open('{'),
            ),
            Kind::Array(elem, length) => (
                Frame::ZeroArray {
                    schema,
                    elem: *elem,
                    left: *length,
                },
                Token::Open('['),
            ),
            _ => return word("null"),
        };
        self.frames.push(frame);
        token
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if let Some(root) = self.root.take() {
            return Some(self.open(root));
        }
        loop {
            let frame = self.frames.last_mut()?;
            match frame.next() {
                Next::Token(token) => return Some(token),
                Next::Value(value) => return Some(self.open(value)),
                Next::Zero(schema, edge) => return Some(self.open_zero(schema, edge)),
                Next::Inline(value) => {
                    *frame = Frame::Inlined;
                    self.frames.push(Frame::Struct(Fields::sent(value)));
                }
                Next::End(close) => {
                    self.frames.pop();
                    if let Some(Frame::Inlined) = self.frames.last() {
                        self.frames.pop();
                    }
                    if let Some(close) = close {
                        return Some(Token::Close(close));
                    }
                }
            }
        }
    }
}

impl<'a> Frame<'a> {
    fn next(&mut self) -> Next<'a> {
        match self {
            Self::List(items) => match items.next() {
                Some(item) => Next::Value(item),
                None => Next::End(Some(']')),
            },
            Self::Map(Entries { entries, value }) => {
                if let Some(value) = value.take() {
                    return Next::Value(value);
                }
                match entries.next() {
                    Some((key, elem)) => {
                        *value = Some(elem);
                        Next::Token(Token::Key(key_text(key)))
                    }
                    None => Next::End(Some('}')),
                }
            }
            Self::Pairs { entries, pair } => match pair.take() {
                Some(Half::Key(key, value)) => {
                    *pair = Some(Half::Value(value));
                    Next::Value(key)
                }
                Some(Half::Value(value)) => {
                    *pair = Some(Half::End);
                    Next::Value(value)
                }
                Some(Half::End) => Next::Token(Token::Close(']')),
                None => match entries.next() {
                    Some((key, value)) => {
                        *pair = Some(Half::Key(key, value));
                        Next::Token(Token::Open('['))
                    }
                    None => Next::End(Some(']')),
                },
            },
            Self::Struct(fields) => fields.next(),
            Self::ZeroArray { schema, elem, left } => match left.checked_sub(1) {
                Some(fewer) => {
                    *left = fewer;
                    Next::Zero(schema, *elem)
                }
                None => Next::End(Some(']')),
            },
            Self::Interface(state) => state.next(),
            Self::Inlined => Next::End(None),
        }
    }
}

impl<'a> Fields<'a> {
    fn sent(value: &'a Struct) -> Self {
        Self {
            value: Some(value),
            schema: value.schema(),
            fields: value.fields(),
            place: 0,
            named: false,
        }
    }

    fn next(&mut self) -> Next<'a> {
        let Some(field) = self.fields.get(self.place) else {
            return Next::End(Some('}'));
        };
        if !std::mem::replace(&mut self.named, true) {
            return Next::Token(Token::Key(json_string(field.full_name().as_bytes())));
        }
        self.named = false;
        let sent = self.value.and_then(|value| value.at(self.place));
        self.place += 1;
        match sent {
            Some(sent) => Next::Value(sent),
            None => Next::Zero(self.schema, field.edge()),
        }
    }
}

impl<'a> InterfaceState<'a> {
    fn next(&mut self) -> Next<'a> {
        let (next, token) = match *self {
            Self::TypeKey(interface) => (
                Self::TypeName(interface),
                Next::Token(Token::Key("\"$type\"".to_owned())),
            ),
            Self::TypeName(interface) => {
                let name = interface.name().map_or(&b""[..], |name| name.as_bytes());
                let next = interface.value().map_or(Self::End, Self::ValueKey);
                (next, Next::Token(quoted(Class::Type, name)))
            }
            Self::ValueKey(Value::Struct(value)) => (Self::End, Next::Inline(value)),
            Self::ValueKey(value) => (
                Self::Value(value),
                Next::Token(Token::Key("\"value\"".to_owned())),
            ),
            Self::Value(value) => (Self::End, Next::Value(value)),
            Self::End => (Self::End, Next::End(Some('}'))),
        };
        *self = next;
        token
    }
}

/// Types of Go's own names are those that one sees from the value.
fn is_plain(interface: &Interface) -> bool {
    let name = interface.name().and_then(|name| name.as_str());
    name.is_some_and(go_type::is_basic)
}

fn scalar_token(value: &Value) -> Token {
    let mut text = Vec::new();
    match value {
        Value::Bool(true) => return word("true"),
        Value::Bool(false) => return word("false"),
        Value::Int(value) => return number(value.to_string()),
        Value::Uint(value) => return number(value.to_string()),
        Value::Float(value) => {
            put_float(&mut text, *value);
            return number(String::from_utf8_lossy(&text).into_owned());
        }
        Value::Complex(re, im) => {
            // As Go prints it: (1+2i).
            text.push(b'(');
            put_part(&mut text, *re);
            let mut imaginary = Vec::new();
            put_part(&mut imaginary, *im);
            if !imaginary.starts_with(b"-") && !imaginary.starts_with(b"+") {
                text.push(b'+');
            }
            text.extend_from_slice(&imaginary);
            text.extend_from_slice(b"i)");
            return quoted(Class::Number, &text);
        }
        Value::String(string) => return quoted(Class::Text, string.as_bytes()),
        Value::Bytes(bytes) => return known::bytes(bytes),
        Value::Opaque(opaque) => return known::opaque(opaque),
        _ => {}
    }
    word("null")
}

fn put_part(text: &mut Vec<u8>, part: f64) {
    let mut printed = Vec::new();
    put_float(&mut printed, part);
    text.extend(printed.into_iter().filter(|byte| *byte != b'"'));
}

/// The key of a map as the name of a member.
fn key_text(key: &Value) -> String {
    match key {
        Value::String(string) => json_string(string.as_bytes()),
        key => match scalar_token(key) {
            Token::Scalar(_, text) if text.starts_with('"') => text,
            Token::Scalar(_, text) => format!("\"{text}\""),
            _ => String::new(),
        },
    }
}

pub(super) fn word(text: &str) -> Token {
    Token::Scalar(Class::Word, text.to_owned())
}

pub(super) fn number(text: String) -> Token {
    Token::Scalar(Class::Number, text)
}

pub(super) fn quoted(class: Class, text: &[u8]) -> Token {
    Token::Scalar(class, json_string(text))
}

/// A string of JSON that does nothing to a terminal.
fn json_string(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    put_string(&mut text, bytes);
    let text = String::from_utf8_lossy(&text);
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        // Controls of C1, too, and the marks that turn text around: JSON lets them be.
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            safe.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            safe.push(c);
        }
    }
    safe
}
