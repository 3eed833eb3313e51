//! [`Event`]: one item of a stream.

use super::Definition;
use crate::TypeId;

/// One item of a stream, as [`Inspector`](super::Inspector) finds it.
///
/// Each byte belongs to one event. Lengths and counts are those that stand in the
/// stream; they were checked.
///
/// # Examples
///
/// The texts of a stream, wherever they stand in it and whatever its types are called:
///
/// ```
/// use gobrpc_codec::Gob;
/// use gobrpc_codec::inspect::{Event, Inspector};
///
/// #[derive(Gob)]
/// struct Page { title: String, links: Vec<String>, visits: u64 }
///
/// let page = Page { title: "Gob".into(), links: vec!["/rpc".into()], visits: 7 };
/// let mut inspector = Inspector::new();
/// inspector.feed(&gobrpc_codec::to_vec(&page)?);
/// let mut texts = Vec::new();
/// while let Some(event) = inspector.next_event()? {
///     if let Event::String(text) = event {
///         texts.push(text.to_owned());
///     }
/// }
/// inspector.finish()?;
/// assert_eq!(texts, [&b"Gob"[..], b"/rpc"]);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A message begins: its length prefix.
    MessageStart {
        /// Of the prefix in the stream.
        offset: u64,
        /// Of the message behind the prefix.
        length: u64,
    },
    /// The message ends.
    MessageEnd,
    /// A type definition: its negated id and what follows.
    Definition {
        /// Of the id in the stream.
        offset: u64,
        /// The type.
        definition: &'a Definition,
        /// True behind the name of an interface's value. The message ends here
        /// then, or the segment does.
        inline: bool,
    },
    /// A value at top level begins: its type id.
    ValueStart {
        /// Of the id in the stream.
        offset: u64,
        /// Its type.
        id: TypeId,
    },
    /// The 0 before a value that is no struct, at top level and in interfaces.
    Singleton,
    /// The value at top level has ended.
    ValueEnd,
    /// Bytes behind a value in its message. Go ignores them and never writes any.
    Trailing(&'a [u8]),
    /// A boolean; any number but 0 is true.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A float.
    Float(f64),
    /// A complex number.
    Complex {
        /// Its real part.
        re: f64,
        /// Its imaginary part.
        im: f64,
    },
    /// A byte slice.
    Bytes(&'a [u8]),
    /// A string, which need not be UTF-8.
    String(&'a [u8]),
    /// What a type that encodes itself wrote.
    Opaque(&'a [u8]),
    /// A struct begins; nothing stands there for it.
    StructStart {
        /// Its type.
        id: i32,
    },
    /// The number of a field, whose value is next.
    Field {
        /// The place of the field in its struct's definition.
        index: usize,
        /// The distance from the last field that was sent, or 1 more than its
        /// index.
        delta: u64,
    },
    /// A struct ends.
    StructEnd {
        /// False at the end of a message, where Go lets the 0 be missing
        /// (`decode.go`, `decodeStruct`) and never leaves it out itself.
        terminated: bool,
    },
    /// A slice begins.
    SliceStart {
        /// Its type.
        id: i32,
        /// Number of elements.
        count: u64,
    },
    /// An array begins.
    ArrayStart {
        /// Its type.
        id: i32,
        /// Number of elements.
        count: u64,
    },
    /// A map begins; keys and elements take turns.
    MapStart {
        /// Its type.
        id: i32,
        /// Number of entries.
        count: u64,
    },
    /// The innermost slice, array or map has ended.
    ItemsEnd,
    /// An interface that holds nothing: the empty name.
    InterfaceNil,
    /// The name of the concrete type in an interface. Definitions may follow, and
    /// then [`Event::InterfaceValue`].
    InterfaceName(&'a [u8]),
    /// The type of the value in an interface and the length of its first segment,
    /// which is all of it unless a definition stands in it.
    InterfaceValue {
        /// The value's type.
        id: TypeId,
        /// Bytes from here to the end of the value, or behind the first inline
        /// definition of an interface directly in it.
        length: u64,
    },
    /// Behind an inline definition, if the interface is in the value of another
    /// one: the length of the next segment of that one's value.
    Segment {
        /// Bytes from here.
        length: u64,
    },
    /// The value of an interface has ended.
    InterfaceEnd,
}
