//! [`Stream`]: what a decoder knows of its stream, without the buffer.

use std::sync::Arc;

use super::holding::Holding;
use super::{PlanCache, RawValue};
use crate::Limits;
use crate::decode::Decode;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::short_bytes::ShortBytes;
use crate::types::{TypeId, TypeTable};
use crate::walk::{Assembled, Assembly};
use crate::wire::{Reader, read_uint, uint_to_int};

/// The types, plans and limits of a stream, and the value that is under way.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(super) known: Arc<Known>,
    assembly: Option<(TypeId, Assembly)>,
    /// Which types' values may hold interfaces.
    holding: Holding,
    /// The two that came last: an RPC stream alternates between headers and
    /// bodies.
    last_roots: [Option<(TypeId, bool)>; 2],
}

/// What a stream has told so far: what its values are decoded by, now or later.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) types: TypeTable,
    pub(crate) plans: Arc<PlanCache>,
}

/// What a message is.
#[derive(Debug)]
pub(crate) enum Message {
    /// A type definition, which was taken into the table.
    Definition,
    /// A part of a value that goes on in the next message.
    More,
    /// A value, which starts `skip` bytes into the message.
    Value { id: TypeId, skip: usize },
    /// The last part of a value that spans messages, and the value in one piece.
    Flat { id: TypeId, value: Vec<u8> },
}

impl Known {
    /// Decodes a value that ends at `end` in the stream.
    #[inline]
    pub(crate) fn decode<'de, T: Decode<'de>>(
        &self,
        id: TypeId,
        bytes: &'de [u8],
        end: u64,
    ) -> Result<T> {
        let plan = self
            .plans
            .get::<T>(&self.types, id)
            .map_err(|error| error.at_offset(end.saturating_sub(bytes.len() as u64)))?;
        decode_by(&plan, self, bytes, end)
    }
}

impl Stream {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            known: Arc::new(Known {
                types: TypeTable::default(),
                plans: Arc::new(PlanCache::new(limits)),
            }),
            assembly: None,
            holding: Holding::default(),
            last_roots: [None, None],
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        self.known.plans.limits()
    }

    pub(crate) fn types(&self) -> &TypeTable {
        &self.known.types
    }

    /// The type of a message that is a whole value and nothing else, if it is the same
    /// as that of one before, and where the value starts.
    #[inline]
    pub(crate) fn known_value(&self, message: &[u8]) -> Option<(TypeId, usize)> {
        if self.assembly.is_some() {
            return None;
        }
        let mut rest = message;
        let id = uint_to_int(read_uint(&mut rest).ok()??);
        let of = |root: &&(TypeId, bool)| i64::from(root.0.get()) == id;
        match self.last_roots.iter().flatten().find(of) {
            Some(&(id, false)) => Some((id, message.len() - rest.len())),
            _ => None,
        }
    }

    /// Takes in one message, without its length prefix, which starts at `offset`.
    pub(crate) fn message(&mut self, message: &[u8], offset: u64) -> Result<Message> {
        self.message_inner(message, offset)
            .map_err(|error| error.at_offset(offset))
    }

    fn message_inner(&mut self, message: &[u8], offset: u64) -> Result<Message> {
        if message.is_empty() {
            // Go reports it as io.EOF, as if the peer had closed cleanly.
            return Err(Error::malformed("an empty message"));
        }
        if let Some((id, assembly)) = self.assembly.take() {
            return self.assemble(id, assembly, message, 0, offset);
        }
        let mut rest = message;
        let folded = read_uint(&mut rest)?
            .ok_or_else(|| Error::malformed("a message ends inside of its type id"))?;
        let id = uint_to_int(folded);
        if id < 0 {
            let id = id
                .checked_neg()
                .ok_or_else(|| Error::malformed("type id out of range"))?;
            let limits = *self.limits();
            // What was defined before still decodes; a value of a type that was not
            // taken in is an error of its own.
            let known = Arc::make_mut(&mut self.known);
            known
                .types
                .define(id, &mut rest, &limits)
                .map_err(|error| error.at_offset(offset + (message.len() - rest.len()) as u64))?;
            if !rest.is_empty() {
                return Err(Error::malformed("bytes behind a type definition"));
            }
            return Ok(Message::Definition);
        }
        let id = TypeId::from_wire(id)?;
        let skip = message.len() - rest.len();
        if self.may_hold_interface(id) {
            return self.assemble(id, Assembly::new(), message, skip, offset);
        }
        Ok(Message::Value { id, skip })
    }

    fn assemble(
        &mut self,
        id: TypeId,
        mut assembly: Assembly,
        message: &[u8],
        skip: usize,
        offset: u64,
    ) -> Result<Message> {
        let limits = *self.limits();
        let mut rest = message.get(skip..).unwrap_or_default();
        let assembled = assembly
            .message(id, &mut rest, &mut self.known, &limits)
            .map_err(|error| {
                let offset = offset + (message.len() - rest.len()) as u64;
                // A fault here may hide definitions, so that the stream is lost.
                error.at_offset(offset).into_fatal()
            })?;
        Ok(match assembled {
            Assembled::Whole => Message::Value { id, skip },
            Assembled::Flat(value) => Message::Flat { id, value },
            Assembled::More => {
                self.assembly = Some((id, assembly));
                Message::More
            }
        })
    }

    pub(super) fn may_hold_interface(&mut self, id: TypeId) -> bool {
        let last = self.last_roots.iter().flatten();
        if let Some((_, answer)) = last.clone().find(|(last, _)| *last == id) {
            return *answer;
        }
        let answer = self.holding.may_hold(&self.known.types, id.get());
        self.last_roots.swap(0, 1);
        self.last_roots[0] = Some((id, answer));
        answer
    }

    /// Decodes a value into one that is there.
    pub(crate) fn merge<'de, T: Decode<'de>>(
        &self,
        id: TypeId,
        bytes: &'de [u8],
        end: u64,
        into: &mut T,
    ) -> Result<()> {
        let known = &*self.known;
        let plan = known
            .plans
            .get::<T>(&known.types, id)
            .map_err(|error| error.at_offset(end.saturating_sub(bytes.len() as u64)))?;
        merge_by(&plan, known, bytes, end, into)
    }

    /// Decodes a value that ends at `end` in the stream.
    pub(crate) fn decode<'de, T: Decode<'de>>(
        &self,
        id: TypeId,
        bytes: &'de [u8],
        end: u64,
    ) -> Result<T> {
        self.known.decode(id, bytes, end)
    }

    pub(crate) fn raw(&self, id: TypeId, bytes: ShortBytes, end: u64) -> RawValue {
        RawValue::new(id, bytes, end, Arc::clone(&self.known))
    }
}

/// Decodes a value by its plan.
pub(crate) fn decode_by<'de, T: Decode<'de>>(
    plan: &Plan,
    known: &Known,
    bytes: &'de [u8],
    end: u64,
) -> Result<T> {
    let mut reader = Reader::new(bytes, plan, &known.types, &known.plans, end);
    if known.plans.limits().trailing_bytes < usize::MAX {
        return decode_alone(&mut reader, plan).map_err(|error| name_root::<T>(error));
    }
    let result = match reader.singleton() {
        Ok(()) => T::decode(&mut reader, plan.root()),
        Err(error) => Err(error),
    };
    // Go drops bytes behind the value, and so do we (`decoder.go`, `decodeValue`).
    result.map_err(|error| name_root::<T>(error))
}

/// Decodes a value behind which there may be few bytes or none. Apart from the rest,
/// as a look at the reader behind a value moves the value, which plain calls pay for.
#[cold]
fn decode_alone<'de, T: Decode<'de>>(reader: &mut Reader<'de, '_>, plan: &Plan) -> Result<T> {
    reader.singleton()?;
    let value = T::decode(reader, plan.root())?;
    reader.end()?;
    Ok(value)
}

/// Decodes a value by its plan into one that is there.
pub(crate) fn merge_by<'de, T: Decode<'de>>(
    plan: &Plan,
    known: &Known,
    bytes: &'de [u8],
    end: u64,
    into: &mut T,
) -> Result<()> {
    let mut reader = Reader::new(bytes, plan, &known.types, &known.plans, end);
    reader
        .singleton()
        .and_then(|()| into.merge(&mut reader, plan.root()))
        .and_then(|()| reader.end())
        .map_err(|error| name_root::<T>(error))
}

#[cold]
fn name_root<'de, T: Decode<'de>>(error: Error) -> Error {
    error.in_root(T::schema().root_type().name())
}
