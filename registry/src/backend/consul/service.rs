//! [`Service`]: an entry as Consul keeps it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::entry::{ServiceEntry, State};
use crate::error::{EntryError, Error, Result};

/// An entry as Consul keeps it: a service, some of whose metadata is ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Service {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename(serialize = "Name", deserialize = "Service"))]
    name: String,
    #[serde(deserialize_with = "or_default")]
    tags: Vec<String>,
    address: String,
    /// Any number, as others have registered it.
    port: i64,
    #[serde(deserialize_with = "or_default")]
    meta: BTreeMap<String, String>,
    weights: Weights,
    #[serde(skip_serializing, rename = "CreateIndex")]
    pub(super) created: u64,
}

/// What Consul's DNS shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Weights {
    passing: i64,
    warning: i64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            passing: 1,
            warning: 1,
        }
    }
}

const VERSION: &str = "version";
const PROTOCOL: &str = "protocol";
const ZONE: &str = "zone";
const WEIGHT: &str = "weight";
const STATE: &str = "state";
const INSTANCE: &str = "instance";

/// What the entry's own metadata cannot be called.
const OURS: [&str; 6] = [VERSION, PROTOCOL, ZONE, WEIGHT, STATE, INSTANCE];

/// What Consul takes (`agent/structs`, `ValidateMetadata`).
const MAX_PAIRS: usize = 64;
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 512;

impl Service {
    /// # Errors
    ///
    /// `Refused` if Consul does not take such metadata.
    pub(super) fn of(entry: &ServiceEntry, id: &str) -> Result<Self> {
        let mut meta: BTreeMap<String, String> = [
            (VERSION, entry.version().to_owned()),
            (PROTOCOL, entry.protocol.clone()),
            (WEIGHT, entry.weight.to_string()),
            (INSTANCE, entry.id().to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if !entry.zone.is_empty() {
            meta.insert(ZONE.to_owned(), entry.zone.clone());
        }
        if entry.state != State::Serving {
            meta.insert(STATE.to_owned(), "draining".to_owned());
        }
        for (name, value) in &entry.metadata {
            if OURS.contains(&name.as_str()) {
                return Err(Error::refused(format_args!(
                    "metadata cannot be called \"{name}\" in Consul, where the entry's own {name} is"
                )));
            }
            meta.insert(name.clone(), value.clone());
        }
        check(&meta)?;
        let (address, port) = place(entry.addr());
        Ok(Self {
            id: id.to_owned(),
            name: entry.name().to_owned(),
            tags: entry.tags.clone(),
            address,
            port: port.into(),
            meta,
            weights: Weights {
                passing: entry.weight.clamp(1, 65_535).into(),
                warning: 1,
            },
            created: 0,
        })
    }

    /// True if it says the same, whenever that was said first.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let other = Self {
            created: self.created,
            ..other.clone()
        };
        *self == other
    }

    /// The instance that it is of: Consul's own ID if others registered it.
    pub(super) fn instance(&self) -> &str {
        self.meta.get(INSTANCE).unwrap_or(&self.id)
    }

    /// # Errors
    ///
    /// If it is none: nobody can dial its address, for example.
    pub(super) fn entry(&self, name: &str) -> Result<ServiceEntry, EntryError> {
        let meta = |name| self.meta.get(name).map(String::as_str);
        let version = meta(VERSION).filter(|version| !version.is_empty());
        let address = if self.port == 0 && self.address.starts_with('/') {
            self.address.clone()
        } else if self.address.contains(':') {
            format!("[{}]:{}", self.address, self.port)
        } else {
            format!("{}:{}", self.address, self.port)
        };
        let mut entry = ServiceEntry::new(name, version.unwrap_or("unversioned"), address)?
            .with_id(self.instance())?;
        if let Some(protocol) = meta(PROTOCOL).filter(|protocol| !protocol.is_empty()) {
            entry.protocol = protocol.to_owned();
        }
        entry.weight = match meta(WEIGHT).and_then(|weight| weight.parse().ok()) {
            Some(weight) => weight,
            None if self.meta.contains_key(INSTANCE) => entry.weight,
            // Consul's 1 is what nobody chose, as is our 100.
            None => {
                let weight = self.weights.passing.saturating_mul(entry.weight.into());
                u32::try_from(weight.max(0)).unwrap_or(u32::MAX)
            }
        };
        entry.zone = meta(ZONE).unwrap_or_default().to_owned();
        entry.tags.clone_from(&self.tags);
        entry.state = match meta(STATE) {
            None | Some("" | "serving") => State::Serving,
            // A state from a later version is not one to send new calls to.
            Some(_) => State::Draining,
        };
        let own = self
            .meta
            .iter()
            .filter(|(name, _)| !OURS.contains(&name.as_str()));
        entry.metadata = own
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Ok(entry)
    }

    /// Fills in the address of the machine, where the service has none.
    pub(super) fn at_node(mut self, address: &str) -> Self {
        if self.address.is_empty() {
            address.clone_into(&mut self.address);
        }
        self
    }
}

/// Where an address is for Consul: that of a Unix socket is a host without a port.
pub(super) fn place(address: &Address) -> (String, u16) {
    match (address.host(), address.port()) {
        (Some(host), Some(port)) => (host.to_owned(), port),
        _ => (address.to_string(), 0),
    }
}

fn check(meta: &BTreeMap<String, String>) -> Result<()> {
    if meta.len() > MAX_PAIRS {
        return Err(Error::refused(format_args!(
            "Consul takes {MAX_PAIRS} pieces of metadata, {} of them the entry's own fields, and not {}",
            OURS.len(),
            meta.len()
        )));
    }
    for (name, value) in meta {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
            return Err(Error::refused(format_args!(
                "\"{}\" cannot be the name of metadata in Consul: it takes at most {MAX_NAME} \
                 letters, digits, - and _",
                name.escape_debug()
            )));
        }
        if value.len() > MAX_VALUE {
            return Err(Error::refused(format_args!(
                "the metadata {name} has {} bytes, and Consul takes {MAX_VALUE}",
                value.len()
            )));
        }
    }
    Ok(())
}

/// Null is what Go writes for nothing.
fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: serde::Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were() {
        let entry = |addr: &str| ServiceEntry::new("a/b", "v 1", addr).unwrap();
        let mut draining = entry("[::1]:80").with_zone("z").with_weight(0);
        draining.state = State::Draining;
        for entry in [
            entry("10.0.0.1:80").with_tag("t").with_metadata("k", "v"),
            draining,
            entry("/run/a b.sock"),
            entry("host.example:1").with_weight(u32::MAX),
        ] {
            let service = Service::of(&entry, "id").unwrap();
            assert_eq!(service.entry("a/b").unwrap(), entry);
        }
    }

    #[test]
    fn what_others_registered_is_found() {
        let json = r#"{"ID":"web-1","Service":"web","Tags":null,"Address":"","Port":80,"Meta":null,
            "Weights":{"Passing":2,"Warning":1},"CreateIndex":7,"Proxy":{}}"#;
        let service: Service = serde_json::from_str(json).unwrap();
        let entry = service.at_node("10.0.0.9").entry("web").unwrap();
        assert_eq!(entry.addr().as_str(), "10.0.0.9:80");
        assert_eq!((entry.id(), entry.version()), ("web-1", "unversioned"));
        assert_eq!(entry.weight, 200);
    }

    #[test]
    fn the_longest_metadata_is_taken_and_no_longer_one() {
        let with = |name: &str, value: &str| {
            let entry = ServiceEntry::new("s", "v1", "h:1").unwrap();
            Service::of(&entry.with_metadata(name, value), "id").is_ok()
        };
        assert!(with(&"a".repeat(MAX_NAME), &"b".repeat(MAX_VALUE)));
        assert!(!with(&"a".repeat(MAX_NAME + 1), ""));
        assert!(!with("a", &"b".repeat(MAX_VALUE + 1)));
        assert!(!with("a b", ""));
        assert!(!with("", ""));
        assert!(!with("zone", "a"));
        let mut entry = ServiceEntry::new("s", "v1", "h:1").unwrap();
        for number in 0..MAX_PAIRS - 4 {
            entry = entry.with_metadata(number.to_string(), "");
        }
        assert!(Service::of(&entry, "id").is_ok());
        assert!(Service::of(&entry.with_metadata("more", ""), "id").is_err());
    }
}
