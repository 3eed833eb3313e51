//! [`HeldValue`]: what an interface holds (spec 6).

use super::Reader;
use crate::decode::Decode;
use crate::error::{Error, Result};
use crate::types::TypeId;
use crate::{Interface, Limits};

/// The value of an interface, which is not decoded yet; see [`Reader::interface`].
///
/// # Examples
///
/// What `#[gob(interface)]` makes of an enum, by hand:
///
/// ```
/// use gobrpc_codec::{Decode, Edge, Error, Gob, Interface, NodeId, Reader, Result};
/// use gobrpc_codec::{SchemaBuilder, from_slice, to_vec};
///
/// #[derive(Debug, PartialEq)]
/// enum Setting { Nil, Number(i64), Text(String) }
///
/// impl Gob for Setting {
///     type Static = Self;
///     fn describe(schema: &mut SchemaBuilder) -> Edge {
///         schema.interface_type::<Self>("Setting", "main")
///     }
/// }
///
/// impl<'de> Decode<'de> for Setting {
///     fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
///         let Some(held) = reader.interface()? else { return Ok(Self::Nil) };
///         match held.name() {
///             b"int64" => reader.held(&held).map(Self::Number),
///             b"string" => reader.held(&held).map(Self::Text),
///             _ => Err(reader.unknown_name(&held, &["int64", "string"])),
///         }
///     }
///     fn zero() -> Result<Self> {
///         Ok(Self::Nil)
///     }
/// }
///
/// let sent = vec![Interface::of("int64", &7_i64)?, Interface::of("string", &"on")?];
/// let settings: Vec<Setting> = from_slice(&to_vec(&sent)?)?;
/// assert_eq!(settings, [Setting::Number(7), Setting::Text("on".into())]);
///
/// let error = from_slice::<Vec<Setting>>(&to_vec(&vec![Interface::of("bool", &true)?])?);
/// assert!(error.unwrap_err().message().starts_with("the interface holds a bool"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct HeldValue<'de> {
    name: &'de [u8],
    id: TypeId,
    bytes: &'de [u8],
    /// Stream offset of the end of `bytes`.
    end: u64,
}

impl<'de> HeldValue<'de> {
    /// The name under which its type was registered, which need not be UTF-8.
    #[must_use]
    pub fn name(&self) -> &'de [u8] {
        self.name
    }
}

impl<'de> Reader<'de, '_> {
    /// Takes an interface that holds nothing; false if it holds something, which
    /// is to be read then.
    ///
    /// # Errors
    ///
    /// As for [`Reader::uint`].
    pub fn nil_interface(&mut self) -> Result<bool> {
        let before = self.rest;
        if self.uint()? == 0 {
            return Ok(true);
        }
        self.rest = before;
        Ok(false)
    }

    /// Reads an interface, but for the value in it: [`Reader::held`] decodes that,
    /// and else it is skipped. `None` if it holds nothing.
    ///
    /// # Errors
    ///
    /// `Malformed` if the value ends early, `Limit` if the name is longer than
    /// [`Limits::name_bytes`].
    pub fn interface(&mut self) -> Result<Option<HeldValue<'de>>> {
        let length = self.uint()?;
        if length > self.limits.name_bytes as u64 {
            return Err(self.place(Error::limit(
                "length of a name",
                self.limits.name_bytes,
                "name_bytes",
            )));
        }
        let name = self.take(length)?;
        if name.is_empty() {
            return Ok(None);
        }
        let id = TypeId::from_wire(self.int()?).map_err(|error| self.place(error))?;
        let bytes = self.bytes()?;
        Ok(Some(HeldValue {
            name,
            id,
            bytes,
            end: self.offset(),
        }))
    }

    /// Decodes the value of an interface.
    ///
    /// # Errors
    ///
    /// `Mismatch` if its type does not fit `T`, and those of the value.
    pub fn held<T: Decode<'de>>(&mut self, held: &HeldValue<'de>) -> Result<T> {
        let start = held.end.saturating_sub(held.bytes.len() as u64);
        self.enter()?;
        let plan = self
            .plans
            .get::<T>(self.types, held.id)
            .map_err(|error| error.at_offset(start))?;
        let mut reader = Reader {
            rest: held.bytes,
            plan: &plan,
            types: self.types,
            plans: self.plans,
            end: held.end,
            depth_left: self.depth_left,
            memory_left: self.memory_left,
            limits: self.limits,
        };
        reader.singleton()?;
        let value = T::decode(&mut reader, plan.root())?;
        self.memory_left = reader.memory_left;
        self.leave();
        Ok(value)
    }

    /// Decodes the value of an interface without a type.
    ///
    /// # Errors
    ///
    /// `Malformed` if it is, `Limit` if it is too large or too deep.
    pub fn held_value(&mut self, held: &HeldValue<'de>) -> Result<Interface> {
        let limits = Limits {
            memory_bytes: self.memory_left,
            ..*self.limits
        };
        let types = self.plans.dynamic(self.types);
        let (value, memory_left) =
            crate::value::read_value(&types, held.id, held.bytes, held.end, &limits)?;
        self.memory_left = memory_left;
        self.charge(held.name.len() + Interface::BYTES)?;
        Ok(Interface::new(held.name, value))
    }

    /// The error for the value of an interface whose type is none of `known`.
    #[cold]
    pub fn unknown_name(&self, held: &HeldValue<'de>, known: &[&str]) -> Error {
        const LISTED: usize = 24;
        let name: String = held.name.escape_ascii().take(256).map(char::from).collect();
        let mut list = known
            .iter()
            .take(LISTED)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        if known.len() > LISTED {
            list.push_str(&format!(" and {} more", known.len() - LISTED));
        }
        Error::mismatch(format!(
            "the interface holds a {name}, which is none of {list}; \
             add a variant for it, or one with #[gob(other)]"
        ))
        .at_offset(held.end.saturating_sub(held.bytes.len() as u64))
    }
}
