//! [`Recoder`]: events as a stream again.

use super::{Event, Inspector};
use crate::Limits;
use crate::error::{Error, Result};
use crate::steps::steps;
use crate::wire::{int_to_uint, put_uint};

/// Writes the events of an [`Inspector`] as a stream again, message by message.
///
/// Type ids, their order, the places of definitions and the order of maps stay;
/// lengths, counts of segments and all numbers are made anew. For a stream that
/// Go's encoder wrote, the result is the same bytes. In other streams numbers
/// become as short as they can be, missing ends of structs are added, zero fields
/// of definitions and bytes behind a value, which Go ignores, are dropped.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::inspect::recode;
/// use gobrpc_codec::Limits;
///
/// // 22, with a length and a number that are longer than they need be.
/// let stream = [0xff, 0x05, 0x04, 0x00, 0xfe, 0x00, 0x2c];
/// assert_eq!(recode(&stream, &Limits::default())?, [0x03, 0x04, 0x00, 0x2c]);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Recoder {
    /// The message so far, without the counts of segments.
    body: Vec<u8>,
    /// Segments of the message, in the order of their starts.
    segments: Vec<Segment>,
    /// Indexes of those that are open, outermost first.
    open: Vec<usize>,
    /// Bytes that the counts of all closed segments take.
    counted: u64,
}

/// Bytes that a count stands before. The count is known at their end; so that
/// bytes are not moved once for each level of nesting, it goes between them when
/// the message is whole.
#[derive(Debug)]
struct Segment {
    /// Where in `body` the count goes.
    place: usize,
    /// `counted` at the start; the difference to that at the end is what the
    /// counts inside of the segment take.
    counted: u64,
    /// The count.
    length: u64,
}

impl Recoder {
    /// A recoder of a new stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event of the stream; with the end of a message appends the
    /// message to `out`.
    ///
    /// # Errors
    ///
    /// `Misuse` if events are missing.
    pub fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<()> {
        steps(1);
        match *event {
            Event::MessageStart { .. } => {
                self.body.clear();
                self.segments.clear();
                self.open.clear();
                self.counted = 0;
            }
            Event::MessageEnd => return self.end_message(out),
            Event::Definition { definition, .. } => definition.write(&mut self.body),
            Event::ValueStart { id, .. } => self.int(i64::from(id.get())),
            Event::Singleton | Event::InterfaceNil | Event::StructEnd { .. } => self.uint(0),
            Event::Bool(value) => self.uint(u64::from(value)),
            Event::Int(value) => self.int(value),
            Event::Uint(value) => self.uint(value),
            Event::Float(value) => self.float(value),
            Event::Complex { re, im } => {
                self.float(re);
                self.float(im);
            }
            Event::Bytes(bytes)
            | Event::String(bytes)
            | Event::Opaque(bytes)
            | Event::InterfaceName(bytes) => {
                self.uint(bytes.len() as u64);
                self.body.extend_from_slice(bytes);
            }
            Event::Field { delta, .. } => self.uint(delta),
            Event::SliceStart { count, .. }
            | Event::ArrayStart { count, .. }
            | Event::MapStart { count, .. } => self.uint(count),
            Event::InterfaceValue { id, .. } => {
                self.int(i64::from(id.get()));
                self.begin_segment();
            }
            Event::Segment { .. } => {
                self.end_segment()?;
                self.begin_segment();
            }
            Event::InterfaceEnd => self.end_segment()?,
            Event::StructStart { .. } | Event::ItemsEnd | Event::ValueEnd | Event::Trailing(_) => {}
        }
        Ok(())
    }

    fn uint(&mut self, value: u64) {
        put_uint(&mut self.body, value);
    }

    fn int(&mut self, value: i64) {
        self.uint(int_to_uint(value));
    }

    fn float(&mut self, value: f64) {
        self.uint(value.to_bits().swap_bytes());
    }

    fn begin_segment(&mut self) {
        self.open.push(self.segments.len());
        self.segments.push(Segment {
            place: self.body.len(),
            counted: self.counted,
            length: 0,
        });
    }

    fn end_segment(&mut self) -> Result<()> {
        let open = self.open.pop();
        let Some(segment) = open.and_then(|index| self.segments.get_mut(index)) else {
            return Err(Error::misuse(
                "an interface's value ends that has not begun in this message",
            ));
        };
        let own = (self.body.len() - segment.place) as u64;
        segment.length = own + (self.counted - segment.counted);
        self.counted += uint_bytes(segment.length);
        Ok(())
    }

    fn end_message(&mut self, out: &mut Vec<u8>) -> Result<()> {
        if !self.open.is_empty() {
            return Err(Error::misuse(
                "a message ends inside of an interface's value",
            ));
        }
        put_uint(out, self.body.len() as u64 + self.counted);
        let mut from = 0;
        steps(self.body.len());
        for segment in &self.segments {
            steps(1);
            out.extend_from_slice(self.body.get(from..segment.place).unwrap_or_default());
            put_uint(out, segment.length);
            from = segment.place;
        }
        out.extend_from_slice(self.body.get(from..).unwrap_or_default());
        self.body.clear();
        self.segments.clear();
        self.counted = 0;
        Ok(())
    }
}

/// How many bytes an integer takes.
fn uint_bytes(value: u64) -> u64 {
    if value < 0x80 {
        1
    } else {
        9 - u64::from(value.leading_zeros() / 8)
    }
}

/// Writes a whole stream again; see [`Recoder`].
///
/// # Errors
///
/// As for [`Inspector::next_event`] and [`Inspector::finish`].
///
/// # Examples
///
/// ```
/// use gobrpc_codec::inspect::recode;
/// use gobrpc_codec::{Encoder, ErrorKind, Limits};
///
/// let mut encoder = Encoder::new();
/// let mut stream = Vec::new();
/// for text in ["one", "two"] {
///     encoder.encode(&text, &mut stream)?;
/// }
/// assert_eq!(recode(&stream, &Limits::default())?, stream);
///
/// // A stream is written again in full or not at all.
/// let cut = &stream[..stream.len() - 1];
/// let error = recode(cut, &Limits::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Truncated);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
pub fn recode(stream: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    let mut inspector = Inspector::with_limits(*limits);
    let mut recoder = Recoder::new();
    let mut out = Vec::with_capacity(stream.len());
    inspector.feed(stream);
    while let Some(event) = inspector.next_event()? {
        recoder.event(&event, &mut out)?;
    }
    inspector.finish()?;
    Ok(out)
}
