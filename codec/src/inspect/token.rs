//! [`Token`]: an event that does not borrow yet.

use std::ops::Range;

use super::Event;
use super::definitions::Definitions;
use super::input::Input;
use crate::TypeId;

/// An event, with places in the buffer instead of bytes: the loop that finds it
/// goes on changing the inspector.
#[derive(Debug)]
pub(super) enum Token {
    Plain(Event<'static>),
    Definition {
        offset: u64,
        id: TypeId,
        inline: bool,
    },
    Trailing(Range<usize>),
    Bytes(Range<usize>),
    String(Range<usize>),
    Opaque(Range<usize>),
    InterfaceName(Range<usize>),
}

impl From<Event<'static>> for Token {
    fn from(event: Event<'static>) -> Self {
        Self::Plain(event)
    }
}

impl Token {
    pub(super) fn event<'a>(self, input: &'a Input, types: &'a Definitions) -> Event<'a> {
        match self {
            Self::Plain(event) => event,
            Self::Definition { offset, id, inline } => match types.get(id.get()) {
                Some(definition) => Event::Definition {
                    offset,
                    definition,
                    inline,
                },
                // Tokens are made behind the definition's entry.
                None => Event::Trailing(&[]),
            },
            Self::Trailing(place) => Event::Trailing(input.bytes(place)),
            Self::Bytes(place) => Event::Bytes(input.bytes(place)),
            Self::String(place) => Event::String(input.bytes(place)),
            Self::Opaque(place) => Event::Opaque(input.bytes(place)),
            Self::InterfaceName(place) => Event::InterfaceName(input.bytes(place)),
        }
    }
}
