//! JSON as a gob value of a known type: the server's own, or an inferred one.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gobrpc_codec::schema::FieldType;
use gobrpc_codec::{
    Edge, GoString, Interface, Kind, List, Map, OpaqueValue, Schema, Struct, Value,
};
use serde_json::{Number, Value as Json};

use crate::go_type;
use crate::hint::Hint;
use crate::infer;
use crate::shape::Shape;

/// The value that an argument is, as the root type of the schema.
pub(crate) fn argument(json: &Json, schema: Schema) -> Result<Value, String> {
    let root = schema.root();
    let converter = Converter {
        schema: Arc::new(schema),
    };
    match converter.value(json, root)? {
        // Gob sends what an interface holds at the top, as Go does.
        Value::Interface(interface) => interface
            .into_value()
            .ok_or_else(|| "a nil interface cannot be sent alone".to_owned()),
        value => Ok(value),
    }
}

/// Turns JSON into values of the types of one schema.
///
/// It recurses as deep as the JSON nests, which its parser limits to 128.
struct Converter {
    schema: Arc<Schema>,
}

impl Converter {
    fn value(&self, json: &Json, edge: Edge) -> Result<Value, String> {
        let kind = self.schema.get(edge).kind();
        if let Kind::Interface = kind {
            return interface(json);
        }
        let hint = Hint::of(json)?;
        let (json, bytes) = match hint {
            Some(Hint::Nil | Hint::Interface(..)) => {
                return Err(format!("{} is no interface", self.schema.go_string(edge)));
            }
            Some(Hint::As(_, Some(inner))) => return self.value(inner, edge),
            Some(Hint::String(inner @ Json::Object(_))) => return self.value(inner, edge),
            Some(hint) => match hint.value() {
                Some(inner) => (inner, matches!(hint, Hint::Bytes(_))),
                None => (&Json::Null, false),
            },
            None => (json, false),
        };
        if json.is_null() {
            return Value::zero(&self.schema, edge).map_err(|error| error.to_string());
        }
        let wrong = || {
            let wanted = self.schema.go_string(edge);
            Err(format!(
                "the type is {wanted}, and {} does not fit",
                excerpt(json)
            ))
        };
        let value = match (kind, json) {
            (Kind::Bool, Json::Bool(value)) => Some(Value::Bool(*value)),
            (Kind::Int, Json::Number(number)) => number.as_i64().map(Value::Int),
            (Kind::Uint, Json::Number(number)) => number.as_u64().map(Value::Uint),
            (Kind::Float, json) => float(json).map(Value::Float),
            (Kind::Complex, json) => complex(json),
            (Kind::String, Json::String(text)) if bytes => {
                // A string that is not UTF-8.
                Some(Value::String(GoString::from(base64(text)?)))
            }
            (Kind::String, Json::String(text)) => Some(Value::from(text.as_str())),
            (Kind::Bytes, Json::String(text)) => Some(Value::Bytes(base64(text)?)),
            (Kind::Bytes, Json::Array(items)) => items
                .iter()
                .map(|item| item.as_u64().and_then(|byte| u8::try_from(byte).ok()))
                .collect::<Option<Vec<u8>>>()
                .map(Value::Bytes),
            (Kind::Opaque(opaque), Json::String(text)) if bytes => {
                let name = self.schema.get(edge).name();
                Some(OpaqueValue::new(*opaque, name, base64(text)?).into())
            }
            (Kind::Opaque(_), _) => {
                return Err(format!(
                    "{} writes itself as bytes; give them: {{\"$opaque\":\"BASE64\"}}",
                    self.schema.go_string(edge)
                ));
            }
            (Kind::Slice(elem), Json::Array(items)) => {
                let items = self.items(items, *elem)?;
                Some(Value::Slice(List::with_schema(&self.schema, edge, items)))
            }
            (Kind::Array(elem, length), Json::Array(items)) => {
                if items.len() != *length {
                    return Err(format!("{length} elements are needed, not {}", items.len()));
                }
                let items = self.items(items, *elem)?;
                Some(Value::Array(List::with_schema(&self.schema, edge, items)))
            }
            (Kind::Map(key, elem), json) => Some(self.map(json, edge, *key, *elem)?),
            (Kind::Struct(fields), json) => Some(self.structure(json, edge, fields)?),
            _ => None,
        };
        value.map_or_else(wrong, Ok)
    }

    fn items(&self, items: &[Json], elem: Edge) -> Result<Vec<Value>, String> {
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                self.value(item, elem)
                    .map_err(|text| format!("[{index}]: {text}"))
            })
            .collect()
    }

    fn structure(&self, json: &Json, edge: Edge, fields: &[FieldType]) -> Result<Value, String> {
        let wanted = self.schema.go_string(edge);
        let Json::Object(object) = json else {
            return Err(format!(
                "the type is {wanted}, which is an object, and {} is none",
                excerpt(json)
            ));
        };
        let mut value =
            Struct::with_schema(&self.schema, edge).map_err(|error| error.to_string())?;
        for (key, json) in object {
            let field = fields
                .iter()
                .find(|field| field.name() == key)
                .or_else(|| {
                    let name = infer::field_name(key).ok()?;
                    fields.iter().find(|field| field.name() == name)
                })
                .ok_or_else(|| no_field(&wanted, fields, key))?;
            // Absent is what Go makes of a nil pointer.
            if json.is_null() {
                continue;
            }
            let part = self
                .value(json, field.edge())
                .map_err(|text| format!("{key}: {text}"))?;
            if value
                .set(field.name(), part)
                .map_err(|error| error.to_string())?
                .is_some()
            {
                return Err(format!("the field {} is there twice", field.name()));
            }
        }
        Ok(value.into())
    }

    fn map(&self, json: &Json, edge: Edge, key: Edge, elem: Edge) -> Result<Value, String> {
        let mut map = Map::with_schema(&self.schema, edge);
        match json {
            Json::Object(object) => {
                for (name, json) in object {
                    let key = self.key(name, key)?;
                    let elem = self
                        .value(json, elem)
                        .map_err(|text| format!("{name:?}: {text}"))?;
                    map.push(key, elem);
                }
            }
            Json::Array(pairs) => {
                for (index, pair) in pairs.iter().enumerate() {
                    let Some([first, second]) = pair.as_array().map(Vec::as_slice) else {
                        return Err(format!(
                            "[{index}]: an entry of a map is a pair: [key, value]"
                        ));
                    };
                    let place = |text| format!("[{index}]: {text}");
                    map.push(
                        self.value(first, key).map_err(place)?,
                        self.value(second, elem).map_err(place)?,
                    );
                }
            }
            _ => {
                return Err(format!(
                    "the type is {}; give an object or pairs, not {}",
                    self.schema.go_string(edge),
                    excerpt(json)
                ));
            }
        }
        Ok(map.into())
    }

    /// A key that stands as the name of a JSON member.
    fn key(&self, name: &str, edge: Edge) -> Result<Value, String> {
        if let Kind::String = self.schema.get(edge).kind() {
            return Ok(Value::from(name));
        }
        serde_json::from_str(name)
            .map_err(|_| "it is no value of JSON".to_owned())
            .and_then(|json| self.value(&json, edge))
            .map_err(|text| format!("the key {name:?}: {text}"))
    }
}

/// What an interface holds. The types that Go itself registers need no name.
fn interface(json: &Json) -> Result<Value, String> {
    let (name, json, shape) = match Hint::of(json)? {
        Some(Hint::Nil) => return Ok(Interface::nil().into()),
        Some(Hint::Interface(name, json)) => {
            // Names of Go's own types say how to take the value.
            let shape = go_type::parse(name)
                .ok()
                .map_or_else(|| infer::argument(json), Ok)?;
            (name.to_owned(), json, shape)
        }
        None if json.is_null() => return Ok(Interface::nil().into()),
        _ => {
            let shape = infer::argument(json)?;
            if let Shape::Plain(Kind::Interface) = shape {
                return Ok(Interface::nil().into());
            }
            let Some(name) = basic_name(&shape) else {
                return Err(format!(
                    "an interface wants the name that the server registered for {shape}: \
                     {{\"$type\":\"main.T\",\"value\":…}}"
                ));
            };
            (name, json, shape)
        }
    };
    let value = argument(json, shape.schema()?)?;
    Ok(Interface::new(name, value).into())
}

/// The name under which Go registers a type by itself (`gob/type.go`,
/// `registerBasics`).
fn basic_name(shape: &Shape) -> Option<String> {
    match shape {
        Shape::Plain(Kind::Bytes) => Some("[]uint8".to_owned()),
        Shape::Plain(kind) if *kind != Kind::Interface => Some(shape.to_string()),
        Shape::Slice(elem) if matches!(**elem, Shape::Plain(_)) => {
            basic_name(elem).map(|name| format!("[]{name}"))
        }
        _ => None,
    }
}

fn float(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "+Inf" | "Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn complex(json: &Json) -> Option<Value> {
    let (re, im) = match json {
        Json::Array(parts) => match parts.as_slice() {
            [re, im] => (re, im),
            _ => return None,
        },
        Json::Object(parts) if parts.len() == 2 => (parts.get("re")?, parts.get("im")?),
        _ => return None,
    };
    Some(Value::Complex(float(re)?, float(im)?))
}

fn base64(text: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode(text)
        .map_err(|error| format!("{text:?} is not base64: {error}"))
}

fn no_field(wanted: &str, fields: &[FieldType], key: &str) -> String {
    let names: Vec<&str> = fields.iter().map(FieldType::name).collect();
    if names.is_empty() {
        return format!("{wanted} has no fields, so no {key:?}");
    }
    format!("{wanted} has no field {key:?}; it has {}", names.join(", "))
}

/// What stands in the JSON, for errors.
fn excerpt(json: &Json) -> String {
    match json {
        Json::Array(_) => "an array".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        Json::Number(number) => number_text(number),
        Json::String(text) if text.chars().count() > 40 => "a long string".to_owned(),
        other => other.to_string(),
    }
}

fn number_text(number: &Number) -> String {
    if number.is_f64() {
        format!("the float {number}")
    } else {
        number.to_string()
    }
}

#[cfg(test)]
mod tests;
