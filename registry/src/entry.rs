//! [`ServiceEntry`]: one instance of a service, as the registry knows it.

mod json;

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::address::Address;
use crate::error::EntryError;
use crate::key::{Key, MAX_PART};

/// One instance of a service, as the registry knows it.
///
/// Who it is (name, version, address, ID) is fixed when it is made; the public
/// fields may change while it is registered
/// ([`Registration::update`](crate::Registration::update)).
///
/// Its JSON is that of a Go struct `{Name, Version, Addr, Protocol}` with more
/// fields, and at the same time an `Update` of etcd's Go resolver (`Op`, `Addr`,
/// `Metadata`), so that Go clients read it as it is.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::ServiceEntry;
///
/// let entry = ServiceEntry::new("user", "v1", "10.0.0.1:8080")?
///     .with_id("one")?
///     .with_zone("a")
///     .with_metadata("commit", "1f3c");
/// assert_eq!(
///     entry.to_json(),
///     r#"{"Op":0,"Addr":"10.0.0.1:8080","Metadata":{"commit":"1f3c"},"Name":"user","#.to_owned()
///         + r#""Version":"v1","Protocol":"tcp","ID":"one","Weight":100,"Zone":"a","#
///         + r#""Tags":[],"State":"serving"}"#
/// );
/// // What a Go program with four fields writes:
/// let go = r#"{"Name":"user","Version":"v1","Addr":"10.0.0.2:8080","Protocol":"tcp"}"#;
/// assert_eq!(ServiceEntry::from_json(go)?.addr().as_str(), "10.0.0.2:8080");
/// # Ok::<(), gobrpc_registry::EntryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceEntry {
    name: String,
    version: String,
    addr: Address,
    id: String,
    /// How to talk to it: `tcp`, `unix`, `http` (the scheme of a dial address).
    pub protocol: String,
    /// Its share of calls relative to the others, where a balancer looks at
    /// weights (100).
    pub weight: u32,
    /// Where it runs; empty if nobody said.
    pub zone: String,
    /// What it is good for, in the words of its owner.
    pub tags: Vec<String>,
    /// Whether it takes new calls.
    pub state: State,
    /// Anything else. Nothing that changes often belongs here: every change goes
    /// to every watcher.
    pub metadata: BTreeMap<String, String>,
}

/// Whether an instance takes new calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum State {
    /// It does.
    #[default]
    Serving,
    /// It finishes the calls that it has; it is about to leave.
    Draining,
}

impl ServiceEntry {
    /// The longest JSON of an entry, in bytes (64 KiB; Consul takes 512 KiB,
    /// etcd 1.5 MiB, and every watcher keeps every entry).
    pub const MAX_JSON: usize = 64 << 10;

    /// An instance with a new random ID that speaks `tcp`, or `unix` if the
    /// address is a path.
    ///
    /// # Errors
    ///
    /// If name or version is empty, has control characters or more than 300
    /// bytes, or nobody can dial the address: see [`Address`].
    pub fn new(
        name: impl Into<String>,
        version: impl Into<String>,
        addr: impl Display,
    ) -> Result<Self, EntryError> {
        let addr: Address = addr.to_string().parse()?;
        let protocol = match addr.host() {
            Some(_) => "tcp",
            None => "unix",
        };
        Ok(Self {
            name: checked("the name", name.into())?,
            version: checked("the version", version.into())?,
            addr,
            id: format!("{:032x}", fastrand::u128(..)),
            protocol: protocol.to_owned(),
            weight: 100,
            zone: String::new(),
            tags: Vec::new(),
            state: State::Serving,
            metadata: BTreeMap::new(),
        })
    }

    /// Reads an entry from its JSON.
    ///
    /// Field names are compared without case and the last of two wins, as in Go;
    /// unknown fields are ignored.
    ///
    /// # Errors
    ///
    /// If it is no such JSON, or name, version or address is missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, EntryError> {
        json::read(None, json)
    }

    /// Reads an entry from the JSON under a key, which gives what the JSON
    /// leaves out.
    ///
    /// # Errors
    ///
    /// As for [`ServiceEntry::from_json`]; and if the JSON names another service
    /// or version than the key.
    pub fn from_json_at(key: &Key, json: &str) -> Result<Self, EntryError> {
        json::read(Some(key), json)
    }

    /// The entry as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Sets the ID, which tells this process from others at the same address.
    ///
    /// # Errors
    ///
    /// If it is empty, has control characters or more than 300 bytes.
    pub fn with_id(mut self, id: impl Into<String>) -> Result<Self, EntryError> {
        self.id = checked("the ID", id.into())?;
        Ok(self)
    }

    /// Sets how to talk to it.
    #[must_use]
    pub fn with_protocol(mut self, protocol: impl Into<String>) -> Self {
        self.protocol = protocol.into();
        self
    }

    /// Sets its weight.
    #[must_use]
    pub const fn with_weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Sets where it runs.
    #[must_use]
    pub fn with_zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds or replaces a piece of metadata.
    #[must_use]
    pub fn with_metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// The name of the service.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version: any text.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it can be reached.
    #[must_use]
    pub const fn addr(&self) -> &Address {
        &self.addr
    }

    /// What tells this process from others at the same address; empty if another
    /// writer gave none.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The address to dial: `tcp://10.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.protocol, self.addr)
    }

    /// True if it takes new calls.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.state == State::Serving
    }

    /// That it can be written so that others can read it.
    pub(crate) fn check(&self) -> Result<(), EntryError> {
        checked("the protocol", self.protocol.clone())?;
        match self.to_json().len() {
            len if len > Self::MAX_JSON => Err(EntryError::TooLong(len)),
            _ => Ok(()),
        }
    }
}

fn checked(field: &'static str, text: String) -> Result<String, EntryError> {
    let problem = if text.is_empty() {
        "empty"
    } else if text.len() > MAX_PART {
        "too long"
    } else if text.chars().any(char::is_control) {
        "not free of control characters"
    } else {
        return Ok(text);
    };
    Err(EntryError::text(field, problem, &text))
}
