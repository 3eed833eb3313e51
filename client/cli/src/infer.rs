//! The type of an argument, from its JSON and the hints in it: for peers that
//! describe nothing, which is every Go program.

use gobrpc_codec::Kind;
use serde_json::Value as Json;

use crate::go_type;
use crate::hint::Hint;
use crate::shape::Shape;

/// The type of a whole argument; `null` is Go's `struct{}`.
pub(crate) fn argument(json: &Json) -> Result<Shape, String> {
    match json {
        Json::Null => Ok(Shape::Struct(Vec::new())),
        json => shape(json),
    }
}

/// The type that a value has, as far as it tells.
///
/// It recurses as deep as the JSON nests, which its parser limits to 128.
fn shape(json: &Json) -> Result<Shape, String> {
    if let Some(hint) = Hint::of(json)? {
        return hinted(hint);
    }
    Ok(match json {
        Json::Null => {
            return Err(
                "null has no type here; leave it out, or write {\"$as\":\"…\"} with a type of Go's"
                    .to_owned(),
            );
        }
        Json::Bool(_) => Shape::Plain(Kind::Bool),
        Json::Number(number) if number.is_f64() => Shape::Plain(Kind::Float),
        Json::Number(number) if number.as_i64().is_none() => {
            return Err(format!(
                "{number} is too large for an int; write {{\"$uint\":{number}}}"
            ));
        }
        Json::Number(_) => Shape::Plain(Kind::Int),
        Json::String(_) => Shape::Plain(Kind::String),
        Json::Array(items) => Shape::Slice(Box::new(common(items.iter())?)),
        Json::Object(object) => {
            let mut fields: Vec<(String, Shape)> = Vec::with_capacity(object.len());
            for (key, value) in object {
                let name = field_name(key)?;
                if fields.iter().any(|(known, _)| *known == name) {
                    return Err(format!("the field {name} is there twice"));
                }
                // Absent is what Go makes of a nil pointer.
                if !value.is_null() {
                    let shape = shape(value).map_err(|text| format!("{key}: {text}"))?;
                    fields.push((name, shape));
                }
            }
            Shape::Struct(fields)
        }
    })
}

fn hinted(hint: Hint<'_>) -> Result<Shape, String> {
    Ok(match hint {
        Hint::Bool(_) => Shape::Plain(Kind::Bool),
        Hint::Int(_) => Shape::Plain(Kind::Int),
        Hint::Uint(_) => Shape::Plain(Kind::Uint),
        Hint::Float(_) => Shape::Plain(Kind::Float),
        Hint::String(_) => Shape::Plain(Kind::String),
        Hint::Bytes(_) => Shape::Plain(Kind::Bytes),
        Hint::Complex(_) => Shape::Plain(Kind::Complex),
        Hint::Interface(..) | Hint::Nil => Shape::Plain(Kind::Interface),
        Hint::As(text, _) => go_type::parse(text)?,
        // `{"$slice":"byte"}` is as good as `[]byte`.
        Hint::Slice(Json::String(text)) => go_type::parse(&format!("[]{text}"))?,
        Hint::Slice(Json::Array(items)) => Shape::Slice(Box::new(common(items.iter())?)),
        Hint::Array(Json::Array(items)) => {
            Shape::Array(Box::new(common(items.iter())?), items.len())
        }
        Hint::Map(Json::String(text)) => match go_type::parse(text)? {
            map @ Shape::Map(..) => map,
            other => return Err(format!("$map wants the type of a map, and {other} is none")),
        },
        Hint::Map(Json::Object(entries)) => Shape::Map(
            Box::new(Shape::Plain(Kind::String)),
            Box::new(common(entries.values())?),
        ),
        Hint::Map(Json::Array(entries)) => {
            let mut keys = Vec::with_capacity(entries.len());
            let mut elems = Vec::with_capacity(entries.len());
            for entry in entries {
                match entry.as_array().map(Vec::as_slice) {
                    Some([key, elem]) => {
                        keys.push(key);
                        elems.push(elem);
                    }
                    _ => {
                        return Err("$map wants pairs: {\"$map\":[[1,\"a\"],[2,\"b\"]]}".to_owned());
                    }
                }
            }
            Shape::Map(
                Box::new(common(keys.into_iter())?),
                Box::new(common(elems.into_iter())?),
            )
        }
        Hint::Slice(_) => {
            return Err("$slice wants an array, or a type for an empty one".to_owned());
        }
        Hint::Array(_) => return Err("$array wants an array".to_owned()),
        Hint::Map(_) => {
            return Err("$map wants an object, pairs, or a type for an empty one".to_owned());
        }
    })
}

/// The type that all elements of an array have in common.
fn common<'a>(items: impl Iterator<Item = &'a Json>) -> Result<Shape, String> {
    let mut common = Shape::Unknown;
    for (index, item) in items.enumerate() {
        common = shape(item)
            .and_then(|shape| common.unify(shape))
            .map_err(|text| format!("[{index}]: {text}"))?;
    }
    Ok(common)
}

/// The name that Go sends for a key: `a` becomes `A`, as Go ignores lower-case
/// fields.
pub(crate) fn field_name(key: &str) -> Result<String, String> {
    let mut chars = key.chars();
    let Some(first) = chars.next() else {
        return Err("a field has no name".to_owned());
    };
    let name: String = first.to_uppercase().chain(chars).collect();
    if !name.starts_with(char::is_uppercase)
        || !name.chars().all(|c| c.is_alphanumeric() || c == '_')
    {
        return Err(format!(
            "{key:?} is no name of a Go field; for the keys of a map write {{\"$map\":{{…}}}}"
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Result<String, String> {
        argument(&serde_json::from_str(json).unwrap()).map(|shape| shape.to_string())
    }

    #[test]
    fn types_are_inferred() {
        for (json, go) in [
            ("null", "struct{}"),
            ("{}", "struct{}"),
            ("7", "int"),
            ("-7.0", "float64"),
            (
                r#"{"a":7,"B":[1,2.5],"c":null}"#,
                "struct{A int; B []float64}",
            ),
            (r#"[{"A":1},{"B":"x"}]"#, "[]struct{A int; B string}"),
            ("[[],[1]]", "[][]int"),
            (r#"{"A":{"$uint":7}}"#, "struct{A uint}"),
            (r#"{"$bytes":"aGk="}"#, "[]byte"),
            (r#"{"$slice":"int"}"#, "[]int"),
            (r#"{"$slice":"byte"}"#, "[]byte"),
            (r#"{"$array":["a","b"]}"#, "[2]string"),
            (r#"{"$map":{"a b":1}}"#, "map[string]int"),
            (r#"{"$map":[[1,{"$uint":1}]]}"#, "map[int]uint"),
            (r#"{"$map":"map[string]int"}"#, "map[string]int"),
            (r#"{"$type":"main.T","value":1}"#, "any"),
            (r#"{"$as":"map[string][]uint"}"#, "map[string][]uint"),
            (r#"{"$complex":[1,2]}"#, "complex128"),
        ] {
            assert_eq!(text(json).as_deref(), Ok(go), "{json}");
        }
    }

    #[test]
    fn what_has_no_type_is_said() {
        for (json, fault) in [
            ("18446744073709551615", "$uint"),
            (r#"[1,"a"]"#, "[1]: one element is int, another is string"),
            ("[null]", "null has no type"),
            (r#"{"a b":1}"#, "no name"),
            (r#"{"a":1,"A":2}"#, "twice"),
            (r#"{"$what":1}"#, "no hint"),
            (r#"{"$uint":1,"B":2}"#, "one object"),
            (r#"{"$map":[1]}"#, "pairs"),
            (r#"{"A":{"$as":"main.T"}}"#, "A: the type"),
        ] {
            let error = text(json).unwrap_err();
            assert!(error.contains(fault), "{json}: {error}");
        }
        // An empty array has a type only once it must.
        assert!(argument(&serde_json::json!([])).unwrap().schema().is_err());
    }
}
