//! The three readers of the codec beside each other: the decoder, the inspector,
//! and the dump, which share no code but that for errors.

use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::{Event, Inspector, recode};
use gobrpc_codec::{Decoder, Error, ErrorKind, Limits};

/// What a reader found in a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Offsets and lengths of messages.
    messages: Vec<(u64, u64)>,
    /// Offsets and ids of definitions.
    definitions: Vec<(u64, i64)>,
    /// Offsets and types of values at top level.
    values: Vec<(u64, i64)>,
}

/// Asserts that all readers agree on a stream, on what is in it if it is good, and
/// that it can be written again; gives the inspector's error.
pub(crate) fn agree(stream: &[u8]) -> Option<Error> {
    let (inspected, fault) = inspect(stream);
    let (dumped, dump_fault) = dump(stream);
    let kinds = (
        fault.as_ref().map(Error::kind),
        dump_fault.as_ref().map(Error::kind),
    );
    match kinds {
        (None, None) => assert_eq!(inspected, dumped),
        // A message that is not whole is dumped as far as it is there, and may be
        // wrong before it ends.
        (Some(ErrorKind::Truncated), Some(_)) => {}
        (Some(a), Some(b)) => {
            assert_eq!(a, b, "inspector: {fault:?}, dump: {dump_fault:?}");
            assert_eq!(inspected.messages, dumped.messages);
        }
        _ => assert_eq!(kinds.0, kinds.1, "{fault:?}, {dump_fault:?}"),
    }
    let decoded = decoder_fault(stream);
    match (&fault, &decoded) {
        (None, None) | (Some(_), Some(_)) => {}
        // A decoded value has the zeros of fields that were not sent, whose types
        // must be known; and it takes memory.
        (None, Some(error))
            if error.kind() == ErrorKind::Limit || error.message().contains("was not defined") => {}
        _ => assert!(
            fault.is_none() && decoded.is_none(),
            "inspector: {fault:?}, decoder: {decoded:?}"
        ),
    }
    fault
}

/// What the inspector finds, and its error.
fn inspect(stream: &[u8]) -> (Findings, Option<Error>) {
    let mut inspector = Inspector::new();
    inspector.feed(stream);
    let mut found = Findings::default();
    loop {
        match inspector.next_event() {
            Ok(Some(Event::MessageStart { offset, length })) => {
                found.messages.push((offset, length));
            }
            Ok(Some(Event::Definition {
                offset, definition, ..
            })) => {
                found
                    .definitions
                    .push((offset, i64::from(definition.id.get())));
            }
            Ok(Some(Event::ValueStart { offset, id })) => {
                found.values.push((offset, i64::from(id.get())));
            }
            Ok(Some(_)) => {}
            Ok(None) => return (found, inspector.finish().err()),
            Err(error) => return (found, Some(error)),
        }
    }
}

/// What the dump says, in which every byte has its place.
fn dump(stream: &[u8]) -> (Findings, Option<Error>) {
    let mut dumper = Dumper::new();
    dumper.feed(stream);
    let mut text = Vec::new();
    let written = dumper.finish(&mut text);
    assert!(written.is_ok(), "a vector takes all that is written");
    let text = String::from_utf8_lossy(&text);
    let mut found = Findings::default();
    let mut covered = 0;
    for line in text.lines().filter(|line| !line.starts_with("----")) {
        let (offset, rest) = line.split_once("  ").unwrap_or_default();
        assert_eq!(usize::from_str_radix(offset, 16), Ok(covered), "{line}");
        let (hex, words) = rest.split_at_checked(28).unwrap_or_default();
        for digits in hex.split_whitespace() {
            let byte = u8::from_str_radix(digits, 16).ok();
            assert_eq!(byte, stream.get(covered).copied(), "{line}");
            covered += 1;
        }
        found.read(offset, words.trim_start());
    }
    assert_eq!(covered, stream.len());
    (found, dumper.fault().cloned())
}

impl Findings {
    fn read(&mut self, offset: &str, words: &str) {
        let words = match words.strip_prefix("(level ") {
            Some(rest) => rest.split_once(") ").unwrap_or_default().1,
            None => words,
        };
        let offset = u64::from_str_radix(offset, 16).unwrap_or_default();
        let number = |rest: &str| -> i64 {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            let digits = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
            digits.parse().unwrap_or_default()
        };
        if let Some(rest) = words.strip_prefix("message of ") {
            // The inspector does not begin a message that is not whole.
            if !rest.contains("are there") {
                self.messages.push((offset, number(rest).unsigned_abs()));
            }
        } else if let Some(rest) = words.strip_prefix("definition of type ") {
            self.definitions.push((offset, number(rest)));
        } else if let Some(rest) = words.strip_prefix("value of type ") {
            self.values.push((offset, number(rest)));
        }
    }
}

/// The first fault that decoding the stream without types finds.
fn decoder_fault(stream: &[u8]) -> Option<Error> {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    loop {
        match decoder.decode_value() {
            Ok(Some(_)) => {}
            Ok(None) => return decoder.finish().err(),
            Err(error) => return Some(error),
        }
    }
}

/// Asserts that a good stream, written again, is as good and stays what it is;
/// gives it.
pub(crate) fn written_again(stream: &[u8]) -> Option<Vec<u8>> {
    let limits = Limits::default();
    let once = recode(stream, &limits).ok()?;
    let before = decoder_fault(stream).map(|error| error.kind());
    let after = decoder_fault(&once).map(|error| error.kind());
    assert_eq!(before, after);
    let twice = recode(&once, &limits);
    assert_eq!(twice.ok().as_ref(), Some(&once));
    Some(once)
}
