//! The JSON of an entry.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::Value;

use super::{ServiceEntry, State, checked};
use crate::error::EntryError;
use crate::key::Key;

impl Serialize for ServiceEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_struct("ServiceEntry", 11)?;
        // What etcd's Go resolver reads (`naming/endpoints`, `internal.Update`);
        // operation 0 is "add".
        json.serialize_field("Op", &0)?;
        json.serialize_field("Addr", self.addr.as_str())?;
        json.serialize_field("Metadata", &self.metadata)?;
        json.serialize_field("Name", &self.name)?;
        json.serialize_field("Version", &self.version)?;
        json.serialize_field("Protocol", &self.protocol)?;
        json.serialize_field("ID", &self.id)?;
        json.serialize_field("Weight", &self.weight)?;
        json.serialize_field("Zone", &self.zone)?;
        json.serialize_field("Tags", &self.tags)?;
        let state = match self.state {
            State::Serving => "serving",
            State::Draining => "draining",
        };
        json.serialize_field("State", state)?;
        json.end()
    }
}

impl<'de> Deserialize<'de> for ServiceEntry {
    /// As [`ServiceEntry::from_json`], from any format.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fields::deserialize(deserializer)?
            .entry(None)
            .map_err(de::Error::custom)
    }
}

pub(super) fn write(entry: &ServiceEntry) -> String {
    // Strings, numbers and string-keyed maps only: nothing that JSON lacks.
    serde_json::to_string(entry).unwrap_or_default()
}

pub(super) fn read(key: Option<&Key>, json: &str) -> Result<ServiceEntry, EntryError> {
    if json.len() > ServiceEntry::MAX_JSON {
        return Err(EntryError::TooLong(json.len()));
    }
    serde_json::from_str::<Fields>(json)
        .map_err(|error| EntryError::Json(error.to_string()))?
        .entry(key)
}

/// What was read; `None` is absent or null, which Go does not tell apart.
#[derive(Default)]
struct Fields {
    name: Option<String>,
    version: Option<String>,
    addr: Option<String>,
    protocol: Option<String>,
    id: Option<String>,
    weight: Option<u32>,
    zone: Option<String>,
    tags: Option<Vec<String>>,
    state: Option<String>,
    metadata: Option<Value>,
}

impl Fields {
    fn entry(self, key: Option<&Key>) -> Result<ServiceEntry, EntryError> {
        let part = |field, own: Option<String>, of_key: Option<&str>| match (own, of_key) {
            (Some(own), Some(of_key)) if !own.is_empty() && own != of_key => {
                Err(EntryError::Mismatch { field })
            }
            (_, Some(of_key)) => Ok(of_key.to_owned()),
            (own, None) => Ok(own.unwrap_or_default()),
        };
        let name = part("name", self.name, key.map(Key::service))?;
        let version = part("version", self.version, key.map(Key::version))?;
        let addr = match (self.addr, key) {
            (Some(addr), _) if !addr.is_empty() => addr,
            (_, Some(key)) => key.instance().to_owned(),
            (addr, None) => addr.unwrap_or_default(),
        };
        let mut entry = ServiceEntry::new(name, version, addr)?;
        // Made up on every reading, a random ID would be a change each time.
        entry.id = match self.id {
            Some(id) if !id.is_empty() => checked("the ID", id)?,
            _ => String::new(),
        };
        if let Some(protocol) = self.protocol.filter(|protocol| !protocol.is_empty()) {
            entry.protocol = checked("the protocol", protocol)?;
        }
        entry.weight = self.weight.unwrap_or(entry.weight);
        entry.zone = self.zone.unwrap_or_default();
        entry.tags = self.tags.unwrap_or_default();
        entry.state = match self.state.as_deref() {
            None | Some("" | "serving") => State::Serving,
            // A state from a later version is not one to send new calls to.
            Some(_) => State::Draining,
        };
        entry.metadata = match self.metadata {
            Some(Value::Object(map)) => map
                .into_iter()
                .map(|(name, value)| match value {
                    Value::String(text) => (name, text),
                    other => (name, other.to_string()),
                })
                .collect(),
            // etcd's resolver allows any value; only objects have names.
            _ => BTreeMap::new(),
        };
        Ok(entry)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the fields of an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<String>()? {
            // By hand, as Go does it: any case, and the last of two wins.
            match name.to_ascii_lowercase().as_str() {
                "name" => fields.name = map.next_value()?,
                "version" => fields.version = map.next_value()?,
                "addr" => fields.addr = map.next_value()?,
                "protocol" => fields.protocol = map.next_value()?,
                "id" => fields.id = map.next_value()?,
                "weight" => fields.weight = map.next_value()?,
                "zone" => fields.zone = map.next_value()?,
                "tags" => fields.tags = map.next_value()?,
                "state" => fields.state = map.next_value()?,
                "metadata" => fields.metadata = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        "/services/user/v1/10.0.0.1:80".parse().unwrap()
    }

    #[test]
    fn an_entry_comes_back_as_it_was() {
        let mut entry = ServiceEntry::new("user", "v1", "[::1]:80")
            .unwrap()
            .with_weight(0)
            .with_zone("z\"")
            .with_tag("t")
            .with_metadata("a", "b")
            .with_protocol("http");
        entry.state = State::Draining;
        assert_eq!(ServiceEntry::from_json(&entry.to_json()), Ok(entry.clone()));
        let value: ServiceEntry =
            serde_json::from_value(serde_json::to_value(&entry).unwrap()).unwrap();
        assert_eq!(value, entry);
    }

    #[test]
    fn names_of_fields_have_no_case_and_the_last_wins() {
        let entry =
            ServiceEntry::from_json(r#"{"NAME":"x","name":"user","addr":"h:1","vErsion":"v2"}"#)
                .unwrap();
        assert_eq!(
            (entry.name(), entry.version(), entry.url().as_str()),
            ("user", "v2", "tcp://h:1")
        );
    }

    #[test]
    fn the_key_fills_what_is_missing() {
        let entry = ServiceEntry::from_json_at(&key(), "{}").unwrap();
        assert_eq!(
            (
                entry.name(),
                entry.version(),
                entry.addr().as_str(),
                entry.id()
            ),
            ("user", "v1", "10.0.0.1:80", "")
        );
        assert_eq!(entry.weight, 100);
        let other = ServiceEntry::from_json_at(&key(), r#"{"Addr":"10.9.9.9:1"}"#).unwrap();
        assert_eq!(other.addr().as_str(), "10.9.9.9:1");
        assert_eq!(
            ServiceEntry::from_json_at(&key(), r#"{"Name":"admin"}"#),
            Err(EntryError::Mismatch { field: "name" })
        );
    }

    #[test]
    fn foreign_values_are_read_as_far_as_they_go() {
        let json = r#"{"Op":1,"Future":[1,{"a":null}],"Tags":null,"State":"warming","Zone":null,
            "Metadata":{"n":1,"o":{"x":[true]},"s":"t"}}"#;
        let entry = ServiceEntry::from_json_at(&key(), json).unwrap();
        assert!(!entry.is_serving());
        assert_eq!(entry.metadata["n"], "1");
        assert_eq!(entry.metadata["o"], r#"{"x":[true]}"#);
        assert_eq!(entry.metadata["s"], "t");
        let entry = ServiceEntry::from_json_at(&key(), r#"{"Metadata":"text"}"#).unwrap();
        assert!(entry.metadata.is_empty());
    }

    #[test]
    fn what_is_malformed_is_an_error() {
        for json in [
            "",
            "null",
            "[]",
            "{",
            "{}x",
            r#"{"Name":1}"#,
            r#"{"Weight":-1}"#,
            r#"{"Tags":[1]}"#,
            r#"{"Addr":"0.0.0.0:80"}"#,
            r#"{"ID":"\u0000"}"#,
            &"[".repeat(10_000),
            &format!("{{\"x\":{}", "[".repeat(10_000)),
        ] {
            assert!(ServiceEntry::from_json_at(&key(), json).is_err(), "{json}");
        }
        assert!(ServiceEntry::from_json("{}").is_err());
    }

    #[test]
    fn the_longest_json_is_read_and_no_longer_one() {
        let padded = |len: usize| format!("{{{}}}", " ".repeat(len - 2));
        let max = ServiceEntry::MAX_JSON;
        assert!(ServiceEntry::from_json_at(&key(), &padded(max)).is_ok());
        assert_eq!(
            ServiceEntry::from_json_at(&key(), &padded(max + 1)),
            Err(EntryError::TooLong(max + 1))
        );
    }
}
