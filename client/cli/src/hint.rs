//! [`Hint`]: an object of JSON that says its type, such as `{"$uint": 7}`.

use serde_json::Value as Json;

/// What JSON alone cannot say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Hint<'a> {
    Bool(&'a Json),
    Int(&'a Json),
    Uint(&'a Json),
    Float(&'a Json),
    String(&'a Json),
    Bytes(&'a Json),
    Complex(&'a Json),
    Slice(&'a Json),
    Array(&'a Json),
    Map(&'a Json),
    /// A value inside of an interface, and its concrete name in Go.
    Interface(&'a str, &'a Json),
    /// A nil interface.
    Nil,
    /// A type in Go's syntax, and the value if there is one.
    As(&'a str, Option<&'a Json>),
}

/// All hints, for errors and for `--help`.
pub(crate) const HELP: &str = "\
Without a description of the server (a Go program has none) types are inferred:
  7             int               1.5           float64
  \"text\"        string            true          bool
  [1, 2]        []int             null          struct{}; as a field: left out
  {\"A\": 7}      struct{A int}     {\"a\": 7}      the same: Go sends no field a
What this does not tell, hints do:
  {\"$uint\": 7}  {\"$int\": 7}  {\"$float\": 7}  {\"$float\": \"NaN\"}
  {\"$bytes\": \"aGk=\"}             []byte, in base64
  {\"$complex\": [1, -2]}          complex128
  {\"$slice\": \"int\"}              []int{}: an empty array tells no type
  {\"$array\": [1, 2, 3]}          [3]int
  {\"$map\": {\"a\": 1}}             map[string]int
  {\"$map\": [[1, \"a\"]]}           map[int]string
  {\"$map\": \"map[string]int\"}     an empty map
  {\"$type\": \"main.Circle\", \"value\": {\"R\": 2}}   inside of an interface, by the
                                 name that the server registered; null: nil
  {\"$as\": \"[]uint8\", \"value\": …} any type in Go's syntax; alone: its zero
The forms that `gobrpc` prints ($bytes, $map, $type, {\"re\", \"im\"}, \"NaN\") are read
wherever the type is known.";

impl<'a> Hint<'a> {
    /// The hint that an object is; none if it is a struct or map.
    pub(crate) fn of(json: &'a Json) -> Result<Option<Self>, String> {
        let Json::Object(object) = json else {
            return Ok(None);
        };
        let Some(name) = object.keys().find(|name| name.starts_with('$')) else {
            return Ok(None);
        };
        let (Some(inner), value) = (object.get(name), object.get("value")) else {
            return Ok(None);
        };
        let others: &[&str] = match name.as_str() {
            "$type" | "$as" => &["value"],
            // As `gobrpc decode` prints it.
            "$opaque" => &["type"],
            _ => &[],
        };
        if let Some(extra) = object
            .keys()
            .find(|&key| key != name && !others.contains(&key.as_str()))
        {
            return Err(format!("{name} and {extra:?} cannot be in one object"));
        }
        Ok(Some(match name.as_str() {
            "$bool" => Self::Bool(inner),
            "$int" => Self::Int(inner),
            "$uint" => Self::Uint(inner),
            "$float" => Self::Float(inner),
            "$string" => Self::String(inner),
            "$bytes" | "$opaque" => Self::Bytes(inner),
            "$complex" => Self::Complex(inner),
            "$slice" => Self::Slice(inner),
            "$array" => Self::Array(inner),
            "$map" => Self::Map(inner),
            "$type" => match (inner, value) {
                (Json::Null, None) => Self::Nil,
                (Json::String(name), Some(value)) => Self::Interface(name, value),
                _ => {
                    return Err(
                        "$type wants a name and a value: {\"$type\":\"main.T\",\"value\":…}"
                            .to_owned(),
                    );
                }
            },
            "$as" => match inner {
                Json::String(text) => Self::As(text, value),
                _ => return Err("$as wants a type: {\"$as\":\"[]uint\",\"value\":…}".to_owned()),
            },
            _ => {
                return Err(format!(
                    "{name:?} is no hint; `gobrpc help call` lists them"
                ));
            }
        }))
    }

    /// The value without the hint; none for what says its type alone.
    pub(crate) fn value(self) -> Option<&'a Json> {
        match self {
            Self::Bool(json)
            | Self::Int(json)
            | Self::Uint(json)
            | Self::Float(json)
            | Self::String(json)
            | Self::Bytes(json)
            | Self::Complex(json)
            | Self::Array(json) => Some(json),
            // A text is the type of an empty one.
            Self::Slice(json) | Self::Map(json) => (!json.is_string()).then_some(json),
            Self::As(_, value) => value,
            Self::Interface(..) | Self::Nil => None,
        }
    }
}
